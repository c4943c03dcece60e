//! The answers that people got during the run. The checks compare them with the stores.

use wire::{Code, CommandBody, CommandId, OrderId, Outcome, Region, Reply, UserId, Verdict};

/// A tablet command, with the edge's first answer and the cloud's last.
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

/// A portal command with its definite answer.
#[derive(Debug, Clone)]
pub struct Asked {
    pub user: UserId,
    pub command: CommandId,
    pub order: OrderId,
    pub is_accept: bool,
    pub said: Said,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    Done,
    /// Waits for the decision of the region's holder.
    Pending,
    No(Code),
}

#[derive(Debug, Default)]
pub struct Ledger {
    pub told: Vec<Told>,
    pub asked: Vec<Asked>,
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
        Self {
            region,
            user,
            command,
            order: body.order_id(),
            is_accept,
            stored,
            decided,
        }
    }

    /// The outcome in the last answer, if any.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.decided.outcome.as_ref()
    }

    /// Returns true if the edge promised this provider the order with a signed receipt.
    pub fn is_firm_acceptance(&self) -> bool {
        let firm = |reply: &Reply| {
            reply
                .receipt
                .as_ref()
                .is_some_and(|receipt| receipt.verdict == Verdict::Firm)
        };
        self.is_accept && (firm(&self.stored) || self.stored.verdict == Verdict::Firm)
    }
}

impl Ledger {
    pub fn firm(&self) -> impl Iterator<Item = &Told> {
        self.told.iter().filter(|told| told.is_firm_acceptance())
    }

    /// Every provider with a final answer that gives them the order.
    pub fn winners(&self) -> impl Iterator<Item = (OrderId, UserId)> {
        let at_tablets = self.told.iter().filter(|told| {
            let is_theirs = |outcome: &Outcome| outcome.has_succeeded() && outcome.code.is_none();
            let first = |outcome: &Outcome| {
                outcome
                    .first
                    .as_ref()
                    .is_none_or(|first| first.code.is_none())
            };
            told.is_accept && told.outcome().is_some_and(|o| is_theirs(o) && first(o))
        });
        let at_tablets = at_tablets.map(|told| (told.order, told.user));
        at_tablets.chain(self.won().map(|asked| (asked.order, asked.user)))
    }

    pub fn won(&self) -> impl Iterator<Item = &Asked> {
        self.asked
            .iter()
            .filter(|asked| asked.is_accept && asked.said == Said::Done)
    }
}
