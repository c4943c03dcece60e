//! Proposals of another time for an accepted order.
//!
//! Invariants: an order has one proposal, stored under a lock on the order; a new one replaces it.
//! The deciding transaction deletes it once it is agreed to or the order changes so that it cannot
//! be. Until then each of the two proposes a limited number of times, since each proposal
//! notifies the other person.

use std::collections::{BTreeMap, BTreeSet};

use platform::{
    ChangeError, outbox, row,
    sql::{Columns, KeyColumn, SealedColumn, SealedTable, Statement, Tx, Val},
    transact, vals,
};
use rules::{ProposalRefusal, Submission, TimeProposal, check_may_answer, check_proposal};
use wire::{
    Action, Actor, Code, CommandId, Event, EventId, EventType, Order, OrderEvent, OrderId,
    PlannedTime, ProposalId, Role, UnixMillis, UserId, find_other_party, is_party,
};

use super::{Store, StoreError, background::lock_order, message_blocks::is_blocked};

const KEY: &[KeyColumn] = &[KeyColumn::Id("order_id")];

pub(super) const PROPOSALS: SealedTable = SealedTable {
    label: "order.time_proposals",
    name: "time_proposals",
    key: KEY,
    part: None,
    columns: &[SealedColumn::text(
        "note",
        "time_proposals.note",
        &[KeyColumn::Id("order_id"), KeyColumn::Id("id")],
    )],
};

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct TimeProposalRow in time_proposals sealed by PROPOSALS {
        order_id: OrderId,
        pub id: ProposalId,
        by_provider: bool,
        provider_id: UserId,
        pub service_start_time: UnixMillis,
        pub service_end_time: Option<UnixMillis>,
        pub note: Option<String>,
        pub proposed_at: UnixMillis,
        ended_at: Option<UnixMillis>,
        made_by_customer: u64,
        made_by_provider: u64,
    }
}

/// By one person, while the order keeps its time and provider.
pub const PROPOSALS_MAX: u64 = 20;

const DELETE: &str = "DELETE FROM time_proposals WHERE order_id = ?";

const END: &str = "UPDATE time_proposals SET ended_at = ?, note = NULL WHERE order_id = ?";

const DELETE_ALL: &str = "DELETE FROM time_proposals WHERE order_id IN (";

/// Another time that a person proposes, with a note for the other one.
pub struct NewTimeProposal {
    pub order_id: OrderId,
    pub proposer: Actor,
    pub time: PlannedTime,
    pub note: Option<String>,
    pub trace: String,
}

impl TimeProposalRow {
    pub fn proposer_role(&self) -> Role {
        self.to_proposal().proposer_role()
    }

    fn to_proposal(&self) -> TimeProposal {
        TimeProposal {
            id: self.id,
            by_provider: self.by_provider,
            provider_id: self.provider_id,
            planned: PlannedTime {
                service_start_time: self.service_start_time,
                service_end_time: self.service_end_time,
            },
        }
    }
}

impl Store {
    /// The open proposal of this order.
    pub async fn find_time_proposal(
        &self,
        order: &Order,
    ) -> Result<Option<TimeProposalRow>, StoreError> {
        let text = TimeProposalRow::select("WHERE order_id = ?");
        let found: Option<TimeProposalRow> = self.sql.fetch_optional(text, vals![order.id]).await?;
        let now = self.clock.now();
        Ok(found.filter(|row| row.ended_at.is_none() && row.to_proposal().stands(order, now)))
    }

    /// Stores a proposal in place of an earlier one, and notifies the other person.
    pub async fn propose_time(
        &self,
        new: &NewTimeProposal,
    ) -> Result<Result<TimeProposalRow, ProposalRefusal>, StoreError> {
        let now = self.clock.now();
        let id = ProposalId(self.clock.new_id());
        let event_id = EventId(self.clock.new_id());
        let proposer = new.proposer;
        transact!(self.sql, tx => {
            let Some(state) = lock_order(tx, new.order_id).await? else {
                return Ok(Err(ProposalRefusal::Code(Code::OrderNotFound)));
            };
            let order = state.order;
            if let Err(refusal) = check_proposal(&order, proposer, new.time, now) {
                return Ok(Err(refusal));
            }
            let other = find_other_party(&order, proposer);
            let (Some(other), Some(provider_id)) = (other, order.provider_id) else {
                return Err(StoreError::Contradiction("an accepted order without provider"));
            };
            if new.note.is_some() && is_any_blocked(tx, proposer.user_id, other.user_id).await? {
                return Ok(Err(ProposalRefusal::Code(Code::MessagesBlocked)));
            }
            let by_provider = proposer.role == Role::Provider;
            let before = find_row(tx, order.id).await?;
            let Some((made_by_customer, made_by_provider)) = count_proposal(before, by_provider)
            else {
                return Ok(Err(ProposalRefusal::Code(Code::TooManyProposals)));
            };
            let row = TimeProposalRow {
                order_id: order.id,
                id,
                by_provider,
                provider_id,
                service_start_time: new.time.service_start_time,
                service_end_time: new.time.service_end_time,
                note: new.note.clone(),
                proposed_at: now,
                ended_at: None,
                made_by_customer,
                made_by_provider,
            };
            tx.exec(DELETE, vals![order.id]).await?;
            tx.insert(row.clone()).await?;
            let news = ProposalNews {
                kind: EventType::OrderTimeProposed,
                actor: proposer,
                proposal: row.to_proposal(),
                trace: &new.trace,
            };
            outbox::add(tx, &news.into_event(order, event_id, now)?).await?;
            Ok::<_, StoreError>(Ok(row))
        })
    }

    /// Declines a standing proposal for the other person, and notifies the proposer.
    pub async fn decline_time(
        &self,
        order_id: OrderId,
        proposal: ProposalId,
        person: Actor,
        trace: &str,
    ) -> Result<(), ChangeError> {
        let now = self.clock.now();
        let event_id = EventId(self.clock.new_id());
        transact!(self.sql, tx => {
            let Some(state) = lock_order(tx, order_id).await? else {
                return Err(Code::OrderNotFound.into());
            };
            let order = state.order;
            let standing = find_proposal(tx, order_id).await?;
            let declined =
                check_may_answer(standing.as_ref(), proposal, &order, person, now)?;
            tx.exec(END, vals![now, order_id]).await?;
            let news = ProposalNews {
                kind: EventType::OrderTimeDeclined,
                actor: person,
                proposal: declined,
                trace,
            };
            outbox::add(tx, &news.into_event(order, event_id, now)?).await?;
            Ok::<_, ChangeError>(())
        })
    }

    /// Ends the person's own proposal, if one stands. Returns true if it did.
    pub async fn take_back_time(
        &self,
        order_id: OrderId,
        person: Actor,
    ) -> Result<bool, ChangeError> {
        let now = self.clock.now();
        transact!(self.sql, tx => {
            let state = lock_order(tx, order_id).await?;
            let order = state.map(|state| state.order).filter(|order| is_party(order, person));
            let Some(order) = order else {
                return Err(Code::OrderNotFound.into());
            };
            let standing = find_proposal(tx, order_id).await?;
            let own = standing.filter(|one| {
                one.stands(&order, now) && one.proposer_role() == person.role
            });
            if own.is_some() {
                tx.exec(END, vals![now, order_id]).await?;
            }
            Ok::<_, ChangeError>(own.is_some())
        })
    }
}

/// A person's act on a proposal, which changes no order.
struct ProposalNews<'a> {
    kind: EventType,
    actor: Actor,
    proposal: TimeProposal,
    trace: &'a str,
}

impl ProposalNews<'_> {
    /// The event lacks the note: only the two people of the order read that.
    fn into_event(
        self,
        order: Order,
        event_id: EventId,
        now: UnixMillis,
    ) -> Result<Event, StoreError> {
        let command_id = CommandId(self.proposal.id.0);
        let body = OrderEvent {
            other_time: Some(self.proposal.planned),
            ..OrderEvent::from_order(order, self.actor, command_id)
        };
        Ok(Event::new(event_id, self.kind, now, self.trace, &body)?)
    }
}

async fn is_any_blocked(tx: &mut Tx, one: UserId, other: UserId) -> Result<bool, StoreError> {
    Ok(is_blocked(tx, one, other).await? || is_blocked(tx, other, one).await?)
}

async fn find_proposal(tx: &mut Tx, order_id: OrderId) -> Result<Option<TimeProposal>, StoreError> {
    let row = find_row(tx, order_id).await?;
    let standing = row.filter(|row| row.ended_at.is_none());
    Ok(standing.map(|row| row.to_proposal()))
}

async fn find_row(tx: &mut Tx, order_id: OrderId) -> Result<Option<TimeProposalRow>, StoreError> {
    let text = TimeProposalRow::select("WHERE order_id = ?");
    Ok(tx.fetch_optional(text, vals![order_id]).await?)
}

/// Counts one more proposal of the customer or the provider; `None` if they have made as many as
/// they may.
fn count_proposal(before: Option<TimeProposalRow>, by_provider: bool) -> Option<(u64, u64)> {
    let mut made = before.map_or((0, 0), |row| (row.made_by_customer, row.made_by_provider));
    let own = match by_provider {
        true => &mut made.1,
        false => &mut made.0,
    };
    *own += 1;
    (*own <= PROPOSALS_MAX).then_some(made)
}

/// The caller locks the orders first: proposals change under these locks.
pub(super) async fn read_proposals(
    tx: &mut Tx,
    orders: &BTreeSet<OrderId>,
) -> Result<BTreeMap<OrderId, TimeProposal>, StoreError> {
    let text = TimeProposalRow::select("WHERE order_id IN (");
    let rows = tx
        .all_named::<TimeProposalRow>(text, &[], orders, ")")
        .await?;
    let standing = rows.iter().filter(|row| row.ended_at.is_none());
    let proposals = standing.map(|row| (row.order_id, row.to_proposal()));
    Ok(proposals.collect())
}

pub(super) async fn delete_proposals(tx: &mut Tx, orders: &[OrderId]) -> Result<(), StoreError> {
    if orders.is_empty() {
        return Ok(());
    }
    let text = Statement::new(DELETE_ALL)
        .append_marks(orders.len())
        .append_text(")");
    let values = orders.iter().map(Val::from).collect();
    tx.exec(text, values).await?;
    Ok(())
}

/// The orders that some request moves to another time.
pub(super) fn list_rescheduled(submissions: &[Submission]) -> BTreeSet<OrderId> {
    let moved = submissions.iter().filter_map(|request| match request {
        Submission::Command(attempt) => {
            let body = &attempt.command.body;
            let moves = body.order_action() == Some(Action::Reschedule);
            moves.then(|| body.order_id())
        }
        Submission::LeaseReleased { .. } => None,
    });
    moved.collect()
}
