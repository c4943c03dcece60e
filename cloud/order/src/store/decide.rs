//! The deciding transactions: read under locks, let `rules` decide, write the result. People's and
//! edges' commands change orders only through these.

use std::collections::BTreeSet;

use platform::{
    sql::{SqlError, Tx},
    transact, vals,
};
use process::{
    clock::Clock,
    defect::{Defect, is_planted},
};
use rules::{Attempt, Origin, Submission, Writes, decide};
use wire::{Actor, Code, Command, CommandBody, CommandId, Draft, OpDecision, OrderId, Region};

use super::{
    AcceptanceRules, Store, StoreError,
    read::{self, OrderReadMode},
    write,
};

/// Retries of a decision whose insert lost to a concurrent one. The retry sees the other row, so
/// two suffice; the rest is margin.
const COLLISIONS_MAX: u32 = 4;

/// The decisions on an edge log batch, or the orders to check for payment first.
#[derive(Debug, PartialEq, Eq)]
pub enum FundedBatchResult {
    Decided(Vec<OpDecision>),
    Unfunded(Vec<OrderId>),
}

enum CheckedWrites {
    Written(Writes),
    Unfunded(Vec<OrderId>),
}

/// Returns the orders to check for payment before these writes.
type FundsCheck = fn(&Writes) -> Vec<OrderId>;

/// A customer's order to publish, under a command id the customer chose.
pub struct Publication {
    pub command_id: CommandId,
    pub actor: Actor,
    pub draft: Draft,
    pub trace: Option<String>,
}

impl Store {
    /// Decides one command for a person waiting on the answer.
    pub async fn decide_one(&self, attempt: Attempt) -> Result<OpDecision, StoreError> {
        // A server has many writers; a SQLite file has one.
        if self.sql.is_mysql() {
            self.decide_alone(attempt).await
        } else {
            self.decide_gathered(attempt).await
        }
    }

    pub(super) async fn decide_alone(&self, attempt: Attempt) -> Result<OpDecision, StoreError> {
        let requests = [Submission::Command(Box::new(attempt))];
        let mut writes = Box::pin(self.decide_anew(&requests, OrderReadMode::Plain)).await?;
        writes
            .answers
            .pop()
            .ok_or(StoreError::Unreadable("no answer"))
    }

    /// Decides requests in order, all in one transaction.
    pub async fn decide_all(
        &self,
        submissions: &[Submission],
    ) -> Result<Vec<OpDecision>, StoreError> {
        Ok(self
            .decide_anew(submissions, OrderReadMode::Locked)
            .await?
            .answers)
    }

    /// The same, but decides nothing if an edge's start would be refused for funds.
    pub async fn decide_funded(
        &self,
        submissions: &[Submission],
    ) -> Result<FundedBatchResult, StoreError> {
        let tried = self
            .decide_again(submissions, OrderReadMode::Locked, unfunded_starts)
            .await?;
        Ok(match tried {
            CheckedWrites::Written(writes) => FundedBatchResult::Decided(writes.answers),
            CheckedWrites::Unfunded(orders) => FundedBatchResult::Unfunded(orders),
        })
    }

    /// Runs a trial decision in this region: reads under its lock, writes an answer, deletes it and
    /// commits. Fails if every batch would, so no single op gets the blame.
    pub async fn try_out(&self, region: Region) -> Result<(), StoreError> {
        transact!(self.sql, tx => {
            read::lock_assignments(tx, &BTreeSet::from([region]), read::AssignmentLock::ToDecide).await?;
            write::try_out(tx, CommandId(self.clock.new_id()), self.clock.now()).await
        })
    }

    /// The customer sends the command id and draft; we create the order id. A repeat must get the
    /// first one's order id, or it would be a different command.
    pub async fn publish_order(&self, publication: Publication) -> Result<OpDecision, StoreError> {
        let mut collisions = 0;
        loop {
            let known = self.order_of(&publication).await?;
            let order_id = known.unwrap_or_else(|| OrderId(self.clock.new_id()));
            let decision = self.decide_one(publication.to_attempt(order_id)).await?;
            // The first publication may have been decided in between: look again. This refusal
            // stored nothing.
            let overtaken = known.is_none() && is_reused(&decision);
            if !overtaken || collisions == COLLISIONS_MAX {
                return Ok(decision);
            }
            collisions += 1;
        }
    }

    pub(super) async fn decide_anew(
        &self,
        submissions: &[Submission],
        mode: OrderReadMode,
    ) -> Result<Writes, StoreError> {
        self.decide_again(submissions, mode, skip_funds_check)
            .await?
            .into_writes()
    }

    async fn decide_again(
        &self,
        submissions: &[Submission],
        mode: OrderReadMode,
        check: FundsCheck,
    ) -> Result<CheckedWrites, StoreError> {
        let mut collisions = 0;
        loop {
            let decided = transact!(self.sql, tx => {
                try_in(tx, &self.clock, &self.rules, submissions, mode, check).await
            });
            match decided {
                Err(error) if is_collision(&error) && collisions < COLLISIONS_MAX => {
                    collisions += 1
                }
                done => return done,
            }
        }
    }

    /// The order that an earlier decision on this publication created.
    async fn order_of(&self, publication: &Publication) -> Result<Option<OrderId>, StoreError> {
        const ORDER_OF: &str = "SELECT order_id FROM commands WHERE command_id = ? AND user_id = ?";
        if is_planted(Defect::NoCommandDedupe) {
            return Ok(None);
        }
        let values = vals![publication.command_id, publication.actor.user_id];
        Ok(self.sql.fetch_optional(ORDER_OF, values).await?)
    }
}

impl Publication {
    fn to_attempt(&self, order_id: OrderId) -> Attempt {
        let body = CommandBody::PublishOrder {
            order_id,
            order: self.draft.clone(),
        };
        let command = Command {
            id: self.command_id,
            body,
            device: None,
            device_seq: None,
            tapped_at: None,
            trace: self.trace.clone(),
        };
        Attempt {
            command,
            actor: Some(self.actor),
            verification: None,
            origin: Origin::Portal,
        }
    }
}

pub(super) async fn decide_in(
    tx: &mut Tx,
    clock: &Clock,
    rules: &AcceptanceRules,
    submissions: &[Submission],
    mode: OrderReadMode,
) -> Result<Writes, StoreError> {
    try_in(tx, clock, rules, submissions, mode, skip_funds_check)
        .await?
        .into_writes()
}

/// Writes nothing if the check returns an order.
async fn try_in(
    tx: &mut Tx,
    clock: &Clock,
    rules: &AcceptanceRules,
    submissions: &[Submission],
    mut mode: OrderReadMode,
    check: FundsCheck,
) -> Result<CheckedWrites, StoreError> {
    loop {
        let now = clock.now();
        let snapshot = read::read_snapshot(tx, rules, submissions, mode, now).await?;
        let writes = decide(&snapshot, submissions);
        let orders = check(&writes);
        if !orders.is_empty() {
            return Ok(CheckedWrites::Unfunded(orders));
        }
        if write::write_orders(tx, &writes.orders).await? {
            write::write_results(tx, clock, &writes, now).await?;
            return Ok(CheckedWrites::Written(writes));
        }
        // A concurrent transaction changed the order and committed. Decide again on its result,
        // this time under lock, so that one retry is enough.
        if mode == OrderReadMode::Locked {
            return Err(StoreError::Contradiction(
                "a locked order was changed by another transaction",
            ));
        }
        mode = OrderReadMode::Locked;
    }
}

impl CheckedWrites {
    fn into_writes(self) -> Result<Writes, StoreError> {
        match self {
            Self::Written(writes) => Ok(writes),
            Self::Unfunded(_) => Err(StoreError::Contradiction(
                "a batch that does not check funds was reported as unfunded",
            )),
        }
    }
}

fn skip_funds_check(_: &Writes) -> Vec<OrderId> {
    Vec::new()
}

/// The orders of edge starts that this decision refuses for funds. Repeats of earlier refusals keep
/// their answer.
fn unfunded_starts(writes: &Writes) -> Vec<OrderId> {
    let orders: BTreeSet<OrderId> = writes
        .commands
        .iter()
        .filter(|answer| answer.op.is_some() && answer.code == Some(Code::FundsNotHeld))
        .map(|answer| answer.order_id)
        .collect();
    orders.into_iter().collect()
}

/// A concurrent transaction stored an answer for this command, or an order with this id.
fn is_collision(error: &StoreError) -> bool {
    matches!(error, StoreError::Sql(SqlError::Unique { .. }))
}

fn is_reused(decision: &OpDecision) -> bool {
    matches!(decision, OpDecision::Decided(outcome) if outcome.code == Some(Code::CommandIdReused))
}
