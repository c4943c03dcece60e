//! The rows of an order's timeline, their conversion to and from its entries, and the reports among
//! them on which the decision on another report or an answer depends.

use std::collections::{BTreeMap, BTreeSet};

use platform::{
    row,
    sql::{KeyColumn, SealedColumn, SealedTable, Tx},
    vals,
};
use rules::{KnownIncident, NewTimelineEntry, Submission};
use wire::{
    Action, Actor, AddressShown, Amount, Code, CommandId, EdgeId, EdgePromise, FenceEnding, Hops,
    IncidentAnswer, IncidentKind, IncidentReport, OfferAct, OrderId, OrderStatus, PaymentStatus,
    PlannedTime, RaceRule, Role, Source, TimelineEntry, UnixMillis, UserId, Verdict,
};

use super::StoreError;

/// A reason is free text and evidence has the customer's name, so both are sealed.
pub(super) const TIMELINE: SealedTable = SealedTable {
    label: "order.order_timeline",
    name: "order_timeline",
    key: &[KeyColumn::Number("id")],
    part: None,
    columns: &[
        SealedColumn::text(
            "reason",
            "order_timeline.reason",
            &[
                KeyColumn::Id("order_id"),
                KeyColumn::Id("command_id"),
                KeyColumn::Id("actor_id"),
            ],
        ),
        SealedColumn::text(
            "evidence",
            "order_timeline.evidence",
            &[
                KeyColumn::Id("order_id"),
                KeyColumn::Id("command_id"),
                KeyColumn::Id("actor_id"),
            ],
        ),
    ],
};

row! {
    pub struct LineRow in order_timeline sealed by TIMELINE {
        pub order_id: OrderId,
        version: u64,
        action: Option<Action>,
        actor_id: UserId,
        actor_role: Role,
        from_status: Option<OrderStatus>,
        to_status: OrderStatus,
        code: Option<Code>,
        reason: Option<String>,
        tapped_at: Option<UnixMillis>,
        edge_at: Option<UnixMillis>,
        cloud_at: Option<UnixMillis>,
        command_id: CommandId,
        source: Source,
        edge: Option<EdgeId>,
        epoch: Option<u64>,
        seq: Option<u64>,
        verdict: Option<Verdict>,
        address_shown: Option<AddressShown>,
        race_rule: Option<RaceRule>,
        promise_edge: Option<EdgeId>,
        promise_epoch: Option<u64>,
        promise_fence: Option<u64>,
        promise_why: Option<FenceEnding>,
        payment_status: Option<PaymentStatus>,
        evidence: Option<String>,
        incident: Option<IncidentKind>,
        extra_minor: Option<Amount>,
        answer_to: Option<CommandId>,
        agreed: Option<bool>,
        moved_from_start: Option<UnixMillis>,
        moved_from_end: Option<UnixMillis>,
        moved_to_start: Option<UnixMillis>,
        moved_to_end: Option<UnixMillis>,
        offer: Option<OfferAct>,
        offered_until: Option<UnixMillis>,
    }
}

impl From<&NewTimelineEntry> for LineRow {
    fn from(NewTimelineEntry { order_id, entry }: &NewTimelineEntry) -> Self {
        let entry = entry.clone();
        let promise = entry.promise.as_ref();
        let Hops {
            tapped_at,
            edge_at,
            cloud_at,
        } = entry.hops;
        Self {
            order_id: *order_id,
            version: entry.version,
            action: entry.action,
            actor_id: entry.actor.user_id,
            actor_role: entry.actor.role,
            from_status: entry.from,
            to_status: entry.to,
            code: entry.code,
            reason: entry.reason,
            tapped_at,
            edge_at,
            cloud_at,
            command_id: entry.command_id,
            source: entry.source,
            edge: entry.edge,
            epoch: entry.epoch,
            seq: entry.seq,
            verdict: entry.verdict,
            address_shown: entry.address_shown,
            race_rule: entry.race_rule,
            promise_epoch: promise.map(|promise| promise.epoch),
            promise_fence: promise.map(|promise| promise.fence),
            promise_why: promise.and_then(|promise| promise.why),
            promise_edge: entry.promise.map(|promise| promise.edge),
            payment_status: entry.payment_status,
            // Writing JSON into memory cannot fail.
            evidence: entry
                .evidence
                .and_then(|evidence| serde_json::to_string(&evidence).ok()),
            incident: entry.incident.map(|report| report.kind),
            extra_minor: entry.incident.and_then(|report| report.extra_price),
            answer_to: entry.incident_answer.map(|answer| answer.incident),
            agreed: entry.incident_answer.map(|answer| answer.agreed),
            moved_from_start: entry.moved_from.map(|time| time.service_start_time),
            moved_from_end: entry.moved_from.and_then(|time| time.service_end_time),
            moved_to_start: entry.moved_to.map(|time| time.service_start_time),
            moved_to_end: entry.moved_to.and_then(|time| time.service_end_time),
            offer: entry.offer,
            offered_until: entry.offered_until,
        }
    }
}

impl From<LineRow> for TimelineEntry {
    fn from(row: LineRow) -> Self {
        let LineRow {
            tapped_at,
            edge_at,
            cloud_at,
            ..
        } = row;
        let promise = match (row.promise_edge, row.promise_epoch, row.promise_fence) {
            (Some(edge), Some(epoch), Some(fence)) => Some(EdgePromise {
                edge,
                epoch,
                fence,
                why: row.promise_why,
                end: None,
            }),
            _ => None,
        };
        let incident = row.incident.map(|kind| IncidentReport {
            kind,
            extra_price: row.extra_minor,
        });
        let answered = row.answer_to.zip(row.agreed);
        let incident_answer =
            answered.map(|(incident, agreed)| IncidentAnswer { incident, agreed });
        Self {
            version: row.version,
            action: row.action,
            actor: Actor {
                user_id: row.actor_id,
                role: row.actor_role,
            },
            from: row.from_status,
            to: row.to_status,
            code: row.code,
            reason: row.reason,
            hops: Hops {
                tapped_at,
                edge_at,
                cloud_at,
            },
            command_id: row.command_id,
            source: row.source,
            edge: row.edge,
            epoch: row.epoch,
            seq: row.seq,
            verdict: row.verdict,
            address_shown: row.address_shown,
            race_rule: row.race_rule,
            promise,
            payment_status: row.payment_status,
            // Evidence of a newer version may not be readable here; the rest of the history is.
            evidence: row
                .evidence
                .and_then(|text| serde_json::from_str(&text).ok()),
            incident,
            incident_answer,
            moved_from: to_planned_time(row.moved_from_start, row.moved_from_end),
            moved_to: to_planned_time(row.moved_to_start, row.moved_to_end),
            offer: row.offer,
            offered_until: row.offered_until,
        }
    }
}

fn to_planned_time(start: Option<UnixMillis>, end: Option<UnixMillis>) -> Option<PlannedTime> {
    Some(PlannedTime {
        service_start_time: start?,
        service_end_time: end,
    })
}

row! {
    struct IncidentRow {
        order_id: OrderId,
        command_id: CommandId,
        actor_id: UserId,
        incident: Option<IncidentKind>,
        extra_minor: Option<Amount>,
        answer_to: Option<CommandId>,
    }
}

const INCIDENTS: &str = "SELECT order_id, command_id, actor_id, incident, extra_minor, answer_to \
    FROM order_timeline WHERE code IS NULL AND action IN (?, ?) AND order_id IN (";

/// The reports on the orders of these reports and answers, which the rules count. The caller reads
/// the orders first: every report changes its order's version, so a later one voids the decision.
pub(super) async fn read_incidents(
    tx: &mut Tx,
    submissions: &[Submission],
) -> Result<BTreeMap<OrderId, Vec<KnownIncident>>, StoreError> {
    let orders: BTreeSet<OrderId> = submissions.iter().filter_map(find_incident_order).collect();
    let mut known: BTreeMap<OrderId, Vec<KnownIncident>> = BTreeMap::new();
    if orders.is_empty() {
        return Ok(known);
    }
    let actions = vals![Action::Report, Action::Answer];
    let rows: Vec<IncidentRow> = tx
        .all_named(INCIDENTS, &actions, &orders, ") ORDER BY id")
        .await?;
    for row in rows {
        let reports = known.entry(row.order_id).or_default();
        if let Some(kind) = row.incident {
            reports.push(KnownIncident {
                command_id: row.command_id,
                user_id: row.actor_id,
                report: IncidentReport {
                    kind,
                    extra_price: row.extra_minor,
                },
                is_answered: false,
            });
        }
        for report in reports.iter_mut() {
            report.is_answered |= row.answer_to == Some(report.command_id);
        }
    }
    Ok(known)
}

fn find_incident_order(request: &Submission) -> Option<OrderId> {
    match request {
        Submission::Command(attempt) => {
            let body = &attempt.command.body;
            let action = body.order_action();
            let counts = matches!(action, Some(Action::Report | Action::Answer));
            counts.then(|| body.order_id())
        }
        Submission::LeaseReleased { .. } => None,
    }
}
