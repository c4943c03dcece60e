//! The working state of a batch, and its result: the snapshot, the changes so far, the shares of
//! the work used up by them, and their writes.
//!
//! The writes are stored in full in the transaction that read the snapshot, or not at all.

pub(crate) mod record;

use std::collections::{BTreeMap, BTreeSet};

use wire::{
    Action, Code, CommandId, EdgeId, EdgePromise, EventType, FenceEnd, HeldReason, IncidentReport,
    LimitReached, OpDecision, Order, OrderEvent, OrderId, OrderStatus, ProviderWorkload, Region,
    ShareAct, ShareKind, ShareLimits, TimelineEntry, UnixMillis, UserId, is_open, words,
    words_from_text,
};

use crate::{
    Assignment, AssignmentTransition, Attempt, CommandKey, KnownIncident, KnownMessages,
    NewMessage, OrderRule, OrderState, Snapshot, StoredAnswer, TimeProposal,
    bookings::BookingTracker, is_disabled, reschedule_rules::ProposalTracker,
    ruling::PromiseBacking,
};

pub(crate) struct BatchDecision<'a> {
    pub snapshot: &'a Snapshot,
    changed: BTreeMap<OrderId, OrderState>,
    /// Index of each new answer in `writes.commands`.
    answered: BTreeMap<CommandKey, usize>,
    turned: BTreeMap<Region, Assignment>,
    /// Orders on which an op of this edge waits.
    waiting: BTreeSet<(EdgeId, OrderId)>,
    shares: ShareTracker,
    bookings: BookingTracker,
    met_closed: BTreeSet<(OrderId, UserId)>,
    incidents: BTreeMap<OrderId, Vec<KnownIncident>>,
    proposals: ProposalTracker,
    pub messages: KnownMessages,
    writes: Writes,
}

impl<'a> BatchDecision<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot) -> Self {
        Self {
            snapshot,
            changed: BTreeMap::new(),
            answered: BTreeMap::new(),
            turned: BTreeMap::new(),
            waiting: BTreeSet::new(),
            shares: ShareTracker::from_snapshot(snapshot),
            bookings: BookingTracker::from_snapshot(snapshot),
            met_closed: BTreeSet::new(),
            incidents: snapshot.incidents.clone(),
            proposals: ProposalTracker::from_snapshot(snapshot),
            messages: snapshot.messages.clone(),
            writes: Writes::default(),
        }
    }

    pub(crate) fn current_assignment(&self, region: Region) -> Option<&Assignment> {
        self.turned
            .get(&region)
            .or_else(|| self.snapshot.regions.get(&region))
    }

    pub(crate) fn apply_transition(&mut self, region: Region, transition: AssignmentTransition) {
        self.turned.insert(region, transition.after.clone());
        self.writes.turns.push((region, transition));
    }

    /// Marks the order so that the same edge's later ops on it wait too.
    pub(crate) fn mark_waiting(&mut self, attempt: &Attempt) {
        if let Some(op) = attempt.op() {
            let order_id = attempt.command.body.order_id();
            self.waiting.insert((op.identity.edge.clone(), order_id));
        }
    }

    pub(crate) fn waits_behind(&self, attempt: &Attempt) -> Option<HeldReason> {
        let edge = attempt.op()?.identity.edge.clone();
        let behind = self
            .waiting
            .contains(&(edge, attempt.command.body.order_id()));
        (behind && !is_disabled(OrderRule::HeldKeepsOrder)).then_some(HeldReason::Region)
    }

    /// The limit this attempt would break; without an order, the attempt publishes one.
    pub(crate) fn limit_reached(
        &self,
        attempt: &Attempt,
        order: Option<&Order>,
    ) -> Option<LimitReached> {
        match order {
            Some(order) => self
                .shares
                .limit_broken_by(attempt, order, self.snapshot.now),
            None => self.shares.open_orders_limit(attempt.actor?.user_id),
        }
    }

    /// True if this person has another job at the order's hours. For an order that moves: if its
    /// provider has one at the proposed hours.
    pub(crate) fn is_double_booked(
        &self,
        user: UserId,
        order: &Order,
        proposal: Option<&TimeProposal>,
    ) -> bool {
        match proposal {
            Some(moves) => self
                .bookings
                .is_double_booked(moves.provider_id, &moves.planned.apply_to(order)),
            None => self.bookings.is_double_booked(user, order),
        }
    }

    /// The proposal of the order that this command moves.
    pub(crate) fn find_proposal(&self, attempt: &Attempt) -> Option<&TimeProposal> {
        let body = &attempt.command.body;
        let moves = body.order_action() == Some(Action::Reschedule);
        self.proposals.find(body.order_id()).filter(|_| moves)
    }

    /// True if a firm accept by this person found the order cancelled or rejected.
    pub(crate) fn met_closed(&self, order: OrderId, user: UserId) -> bool {
        let key = (order, user);
        self.met_closed.contains(&key) || self.snapshot.met_closed.contains(&key)
    }

    /// The reports on the order so far.
    pub(crate) fn known_incidents(&self, order: OrderId) -> &[KnownIncident] {
        self.incidents.get(&order).map_or(&[], Vec::as_slice)
    }

    /// The report that this command makes or answers.
    pub(crate) fn find_report(&self, attempt: &Attempt) -> Option<IncidentReport> {
        let body = &attempt.command.body;
        let Some(answer) = body.incident_answer() else {
            return body.incident_report();
        };
        let known = self.known_incidents(body.order_id()).iter();
        let mut answered = known.filter(|known| known.command_id == answer.incident);
        answered.next().map(|known| known.report)
    }

    /// Adds a report, or marks the answered one, for the rest of the batch.
    pub(crate) fn record_incident(&mut self, attempt: &Attempt) {
        let body = &attempt.command.body;
        let Some(actor) = attempt.actor else { return };
        if let Some(report) = body.incident_report() {
            let known = self.incidents.entry(body.order_id()).or_default();
            known.push(KnownIncident {
                command_id: attempt.command.id,
                user_id: actor.user_id,
                report,
                is_answered: false,
            });
        }
        if let Some(answer) = body.incident_answer()
            && let Some(known) = self.incidents.get_mut(&body.order_id())
        {
            let answered = known
                .iter_mut()
                .filter(|known| known.command_id == answer.incident);
            answered.for_each(|known| known.is_answered = true);
        }
    }

    /// The order after this batch so far.
    pub(crate) fn order_state(&self, order: OrderId) -> Option<&OrderState> {
        self.changed
            .get(&order)
            .or_else(|| self.snapshot.orders.get(&order))
    }

    /// The stored answer to this command. A refusal without an authenticated author also answers
    /// the real author's repeat of the same command; it is stored only if no other answer exists
    /// under the id, so none becomes false.
    pub(crate) fn stored_answer(&self, attempt: &Attempt) -> Option<&StoredAnswer> {
        let id = attempt.command.id;
        let anonymous = self.find_answer((id, None));
        let Some(actor) = attempt.actor else {
            return anonymous.or_else(|| self.any_answer(id));
        };
        let hash = attempt.command.body.hash();
        let own = self.find_answer((id, Some(actor.user_id)));
        [own, anonymous]
            .into_iter()
            .flatten()
            .find(|answer| answer.hash == hash)
            .or(own)
    }

    fn any_answer(&self, id: CommandId) -> Option<&StoredAnswer> {
        let new = self
            .answered
            .range((id, None)..)
            .next()
            .map(|(key, _)| *key);
        let read = self
            .snapshot
            .answers
            .range((id, None)..)
            .next()
            .map(|(key, _)| *key);
        let key = [new, read]
            .into_iter()
            .flatten()
            .find(|(of, _)| *of == id)?;
        self.find_answer(key)
    }

    fn find_answer(&self, key: CommandKey) -> Option<&StoredAnswer> {
        let new = self
            .answered
            .get(&key)
            .and_then(|&at| self.writes.commands.get(at));
        new.or_else(|| self.snapshot.answers.get(&key))
    }

    /// True if a case already records that this accept lost to a take-back.
    pub(crate) fn has_take_back_case(&self, attempt: &Attempt) -> bool {
        let Some(actor) = attempt.actor else {
            return true;
        };
        let key = (attempt.command.id, actor.user_id);
        let now = self
            .writes
            .cases
            .iter()
            .filter(|item| item.kind == CaseKind::TakenBack);
        self.snapshot.taken_back.contains(&key)
            || now
                .into_iter()
                .any(|item| (item.command_id, item.user_id) == key)
    }

    /// The end of the right behind an edge's promise, if it was taken back.
    pub(crate) fn taken_back(&self, attempt: &Attempt, order: &Order) -> Option<FenceEnd> {
        match PromiseBacking::from_evidence(attempt, self.current_assignment(order.location)?) {
            PromiseBacking::TakenBack(end) => Some(end),
            PromiseBacking::None | PromiseBacking::Stands => None,
        }
    }
}

/// Tracks provider shares and customers' open orders within a batch, starting from the snapshot.
pub(crate) struct ShareTracker {
    limits: ShareLimits,
    loads: BTreeMap<UserId, ProviderWorkload>,
    open_orders_max: u32,
    open_orders: BTreeMap<UserId, u32>,
}

impl ShareTracker {
    pub(crate) fn from_snapshot(snapshot: &Snapshot) -> Self {
        Self {
            limits: snapshot.limits,
            loads: snapshot.workloads.clone(),
            open_orders_max: snapshot.open_orders_max,
            open_orders: snapshot.open_orders.clone(),
        }
    }

    pub(crate) fn limit_broken_by(
        &self,
        attempt: &Attempt,
        order: &Order,
        now: UnixMillis,
    ) -> Option<LimitReached> {
        let ProviderAct {
            provider_id,
            act,
            at,
        } = share_act_from(attempt, Some(order), now)?;
        self.limits
            .find_reached_limit(self.loads.get(&provider_id)?, act, at)
    }

    /// The limit that one more open order of this customer would break.
    pub(crate) fn open_orders_limit(&self, customer: UserId) -> Option<LimitReached> {
        let most = self.open_orders_max;
        let open = *self.open_orders.get(&customer)?;
        let reached = LimitReached {
            limit: ShareKind::OpenOrders,
            most,
            frees_at: None,
        };
        (most > 0 && open >= most).then_some(reached)
    }

    fn count_order(&mut self, before: Option<&Order>, after: &Order) {
        let Some(open) = self.open_orders.get_mut(&after.customer_id) else {
            return;
        };
        let was_open = before.is_some_and(|before| is_open(before.status));
        match (was_open, is_open(after.status)) {
            (false, true) => *open += 1,
            (true, false) => *open = open.saturating_sub(1),
            (true, true) | (false, false) => {}
        }
    }

    /// Counts the order's change to `after`. Returns the share it used up.
    pub(crate) fn count_change(
        &mut self,
        attempt: &Attempt,
        before: Option<&Order>,
        after: &Order,
        now: UnixMillis,
    ) -> Option<ProviderAct> {
        self.count_order(before, after);
        if self.limits == ShareLimits::OFF {
            return None;
        }
        let had = before.and_then(Order::provider_at_work);
        let has = after.provider_at_work();
        if had != has {
            if let Some(load) = had.and_then(|had| self.loads.get_mut(&had)) {
                load.open_jobs = load.open_jobs.saturating_sub(1);
            }
            if let Some(load) = has.and_then(|has| self.loads.get_mut(&has)) {
                load.open_jobs += 1;
            }
        }
        let used = share_act_from(attempt, before, now)?;
        if let Some(load) = self.loads.get_mut(&used.provider_id) {
            load.add(used.act, used.at);
        }
        Some(used)
    }
}

/// Timed by the edge's receipt of the command, capped at now.
fn share_act_from(
    attempt: &Attempt,
    order: Option<&Order>,
    now: UnixMillis,
) -> Option<ProviderAct> {
    let actor = attempt.actor?;
    let act = ShareAct::from_command(actor, &attempt.command.body, order)?;
    let at = attempt
        .op()
        .map_or(now, |op| op.evidence.received_at.min(now));
    Some(ProviderAct {
        provider_id: actor.user_id,
        act,
        at,
    })
}

/// The result of a decision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Writes {
    /// One answer per request, in request order.
    pub answers: Vec<OpDecision>,
    /// New answers to store; a command that left its id unused has no entry.
    pub commands: Vec<StoredAnswer>,
    /// Changed orders by id, each once in its final state.
    pub orders: Vec<OrderWrite>,
    pub timeline: Vec<NewTimelineEntry>,
    /// Firm answers that lost, to add to an existing timeline entry.
    pub promises: Vec<LatePromise>,
    pub events: Vec<EventDraft>,
    /// For an admin to review.
    pub cases: Vec<NewCase>,
    pub acts: Vec<ProviderAct>,
    /// Orders with no proposal of another time from now on.
    pub ended_proposals: Vec<OrderId>,
    /// In the order in which they were sent.
    pub messages: Vec<NewMessage>,
    /// Assignment changes, in order.
    pub turns: Vec<(Region, AssignmentTransition)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderWrite {
    /// `None` for a new order.
    pub guard: Option<OrderVersionGuard>,
    pub after: OrderState,
}

/// The version and status as read: if the write finds others, the decision is void.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderVersionGuard {
    pub version: u64,
    pub status: OrderStatus,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTimelineEntry {
    pub order_id: OrderId,
    pub entry: TimelineEntry,
}

/// A firm answer to a command that another log already brought, with an existing timeline entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatePromise {
    pub order_id: OrderId,
    pub command_id: CommandId,
    pub user_id: UserId,
    pub promise: EdgePromise,
}

/// An event to publish. The store assigns its id, since ids are not drawn here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDraft {
    pub kind: EventType,
    pub trace: String,
    pub body: OrderEvent,
}

/// A provider's acceptance or withdrawal, at the time it was first received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderAct {
    pub provider_id: UserId,
    pub act: ShareAct,
    pub at: UnixMillis,
}

/// A new item for an admin. Items with the same order, person and kind form one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCase {
    pub order_id: OrderId,
    pub user_id: UserId,
    pub kind: CaseKind,
    pub command_id: CommandId,
    /// The code of the command's answer, unless it was a plain success.
    pub code: Option<Code>,
}

words! {
    CaseKind {
        /// A firm accept found the order cancelled or rejected. Also covers its provider's later
        /// acts on that order.
        MetClosed "met_closed",
        /// A firm answer to a revoked person whose edge could not have seen the revocation.
        RevokedMeanwhile "revoked_meanwhile",
        /// A firm accept by a provider without verification, or whose verification ended.
        UnverifiedHolder "unverified_holder",
        /// A decision an edge made under the region's offline rules.
        OfflineRule "offline_rule",
        /// A firm accept that lost because its right was taken back.
        TakenBack "taken_back",
        /// A job of a revoked provider.
        RevokedHolder "revoked_holder",
        /// Work completed at an edge that does not count. If a firm accept met the closed order,
        /// the work joins that case.
        WorkedInVain "worked_in_vain",
        /// An edge withdrawal that arrived after the order was cancelled at a fee the provider
        /// shares.
        WithdrewBeforeFee "withdrew_before_fee",
        /// A decided command that an edge sent after an operator stopped trusting it.
        EdgeDistrusted "edge_distrusted",
        /// A message that its reader reported.
        MessageReported "message_reported",
        /// A firm accept by a provider who has another job at that time.
        DoubleBooked "double_booked",
    }
}

words_from_text!(CaseKind);
