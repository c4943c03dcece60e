//! What people were told, kept for the whole run: the checks hold it against what stands stored.

use wire::{CommandBody, CommandId, OrderId, Outcome, Region, Reply, UserId, Verdict};

/// A command of a tablet, with the edge's first answer and the cloud's last.
#[derive(Debug, Clone)]
pub struct Told {
    pub region: Region,
    pub user: UserId,
    pub command: CommandId,
    pub order: OrderId,
    pub is_accept: bool,
    pub stored: Reply,
    pub decided: Reply,
}

/// An acceptance in the portal that was answered with a yes.
#[derive(Debug, Clone, Copy)]
pub struct Won {
    pub user: UserId,
    pub order: OrderId,
}

#[derive(Debug, Default)]
pub struct Ledger {
    pub told: Vec<Told>,
    pub won: Vec<Won>,
    /// Accepts in the portal that the region's holder was to decide.
    pub asked: usize,
}

impl Told {
    pub fn new(
        region: Region,
        user: UserId,
        body: &CommandBody,
        command: CommandId,
        (stored, decided): (Reply, Reply),
    ) -> Self {
        let is_accept = matches!(body, CommandBody::AcceptOrder { .. });
        Self { region, user, command, order: body.order_id(), is_accept, stored, decided }
    }

    /// The outcome, if the last answer carries one.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.decided.outcome.as_ref()
    }

    /// Whether the edge's signed word was that the order is this provider's.
    pub fn is_firm_acceptance(&self) -> bool {
        let firm = |reply: &Reply| {
            reply.receipt.as_ref().is_some_and(|receipt| receipt.verdict == Verdict::Firm)
        };
        self.is_accept && (firm(&self.stored) || self.stored.verdict == Verdict::Firm)
    }
}

impl Ledger {
    pub fn firm(&self) -> impl Iterator<Item = &Told> {
        self.told.iter().filter(|told| told.is_firm_acceptance())
    }

    /// Everyone who was told that an order is theirs, and stays so.
    pub fn winners(&self) -> impl Iterator<Item = (OrderId, UserId)> {
        let at_tablets = self.told.iter().filter(|told| {
            let is_theirs = |outcome: &Outcome| outcome.succeeded() && outcome.code.is_none();
            let first =
                |outcome: &Outcome| outcome.first.as_ref().is_none_or(|first| first.code.is_none());
            told.is_accept && told.outcome().is_some_and(|o| is_theirs(o) && first(o))
        });
        let at_tablets = at_tablets.map(|told| (told.order, told.user));
        at_tablets.chain(self.won.iter().map(|won| (won.order, won.user)))
    }
}
