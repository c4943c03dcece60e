//! Reads the input of a decision. The fixed order (region assignments, provider shares, answers,
//! then orders by id) prevents deadlocks between transactions.
//!
//! Invariant: a person's share of the work, hours, or number of open orders, is read and used up
//! under a per-person lock, so that concurrent requests take no more than sequential ones. A batch
//! locks its providers before its customers.

use std::collections::{BTreeMap, BTreeSet};

use planted::{Defect, is_planted};
use platform::{
    sql::{Columns, Tx, Val},
    vals,
};
use rules::{
    Assignment, Booking, CaseKind, CommandKey, OrderState, Snapshot, StoredAnswer, Submission,
    regions_to_explain,
};
use wire::{
    Action, CommandBody, CommandId, FenceRecord, Order, OrderId, OrderStatus, ProviderVerification,
    ProviderWorkload, Region, Role, ServiceHours, ShareAct, ShareLimits, UnixMillis, UserId,
    is_open,
};

use super::{
    AcceptanceRules, StoreError,
    assignment_rows::{AssignmentLock, FenceRow, lock_assignments, offline_rules},
    cancel_fees::{POLICIES, policies_from_rows},
    messages::read_messages,
    requested_keys::RequestedKeys,
    rows::{AnswerRow, OrderRow},
    start_codes::{derive_start_code, find_locked_starts, list_coded_starts},
    time_proposals::read_proposals,
    timeline_rows::read_incidents,
};

/// How to read orders: a single command reads without a lock and guards its write; a batch locks
/// first. SQLite takes its one write lock at the start, so both are equal there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OrderReadMode {
    Plain,
    Locked,
}

/// A region's newest open orders, from which to offer the nearest to a loser.
const OPEN_JOBS_MAX: usize = 50;

pub(super) async fn read_snapshot(
    tx: &mut Tx,
    rules: &AcceptanceRules,
    submissions: &[Submission],
    mode: OrderReadMode,
    now: UnixMillis,
) -> Result<Snapshot, StoreError> {
    let mut named = RequestedKeys::from_requests(submissions);
    let regions = read_regions(tx, &mut named).await?;
    let AcceptanceRules {
        limits,
        open_orders: open_orders_max,
        verified_only,
    } = *rules;
    let mut booking_providers =
        list_accepting(submissions, |order_id| named.timed.contains(&order_id));
    booking_providers.extend(&named.moving_providers);
    let (sharing_providers, first_act) = match limits {
        ShareLimits::OFF => (BTreeSet::new(), now),
        _ => list_share_takers(submissions, now),
    };
    lock_people(tx, &(&booking_providers | &sharing_providers)).await?;
    let workloads = read_workloads(tx, &sharing_providers, first_act).await?;
    let bookings = read_bookings(tx, &booking_providers).await?;
    let open_orders = count_open_orders(tx, open_orders_max, submissions).await?;
    let marks = if verified_only {
        read_marks(tx, submissions).await?
    } else {
        BTreeMap::new()
    };
    let answers = read_answers(tx, &named.commands).await?;
    let orders = read_orders(tx, &named.orders, mode).await?;
    let met_closed = read_met_closed(tx, &orders).await?;
    let taken_back = read_take_back_cases(tx, &named, &answers).await?;
    let incidents = read_incidents(tx, submissions).await?;
    let proposals = read_proposals(tx, &named.rescheduled).await?;
    let messages = read_messages(tx, submissions, &orders).await?;
    let cancel_policies = match submissions.iter().any(is_cancel) {
        true => policies_from_rows(tx.fetch_all(POLICIES, vals![]).await?)?,
        false => Vec::new(),
    };
    let started = list_coded_starts(submissions, &orders);
    let keys = tx.data_keys();
    let start_codes = started.iter().map(|id| (*id, derive_start_code(keys, *id)));
    let start_codes = start_codes.collect();
    let locked_starts = find_locked_starts(tx, &started, now).await?;
    let mut snapshot = Snapshot {
        now,
        regions,
        answers,
        orders,
        met_closed,
        taken_back,
        limits,
        workloads,
        bookings,
        open_orders_max,
        open_orders,
        verified_only,
        marks,
        cancel_policies,
        incidents,
        proposals,
        messages,
        start_codes,
        locked_starts,
        ..Snapshot::default()
    };
    for region in regions_to_explain(&snapshot, submissions) {
        snapshot.open_jobs.extend(read_open_jobs(tx, region).await?);
    }
    Ok(snapshot)
}

fn is_cancel(request: &Submission) -> bool {
    match request {
        Submission::Command(attempt) => attempt.command.body.order_action() == Some(Action::Cancel),
        Submission::LeaseReleased { .. } => false,
    }
}

/// Verification status of the accepting providers. Not locked: a concurrent change applies from the
/// next decision on.
async fn read_marks(
    tx: &mut Tx,
    submissions: &[Submission],
) -> Result<BTreeMap<UserId, ProviderVerification>, StoreError> {
    let people = list_accepting(submissions, |_| true);
    let marks = platform::provider_verification::find_verifications(tx, people).await?;
    Ok(marks.into_iter().map(|mark| (mark.user, mark)).collect())
}

/// The assignment of every region the requests may affect: all regions if an order is unknown.
/// Also finds out which of the orders have agreed hours, and the providers of those that move.
async fn read_regions(
    tx: &mut Tx,
    named: &mut RequestedKeys,
) -> Result<BTreeMap<Region, Assignment>, StoreError> {
    let mut regions = named.regions.clone();
    let mut unknown: BTreeSet<OrderId> =
        named.orders.difference(&named.published).copied().collect();
    const REGIONS: &str = "SELECT id, location, provider_id, service_start_time, service_end_time \
        FROM orders WHERE id IN (";
    type Place = (
        OrderId,
        Region,
        Option<UserId>,
        Option<UnixMillis>,
        Option<UnixMillis>,
    );
    let places = tx
        .all_named::<Place>(REGIONS, &[], &named.orders, ")")
        .await?;
    for (id, location, provider, start, end) in places {
        regions.insert(location);
        unknown.remove(&id);
        let hours = ServiceHours::from_times(start, end);
        named.timed.extend(hours.map(|_| id));
        if named.rescheduled.contains(&id) {
            named.moving_providers.extend(provider);
        }
    }
    if !unknown.is_empty() {
        regions.extend(Region::ALL);
    }
    let lock = if named.releases {
        AssignmentLock::ToChange
    } else {
        AssignmentLock::ToDecide
    };
    let mut assignments = lock_assignments(tx, &regions, lock).await?;
    read_fences(tx, &named.fences, &mut assignments).await?;
    read_past_rules(tx, &named.rules_versions, &mut assignments).await?;
    if is_planted(Defect::HolderIgnored) {
        assignments
            .values_mut()
            .for_each(|assignment| assignment.holder = None);
    }
    Ok(assignments)
}

/// Adds the fences that ops name to the assignments of their regions.
async fn read_fences(
    tx: &mut Tx,
    named: &BTreeSet<u64>,
    assignments: &mut BTreeMap<Region, Assignment>,
) -> Result<(), StoreError> {
    let text = FenceRow::select("WHERE fence IN (");
    for row in tx.all_named::<FenceRow>(text, &[], named, ")").await? {
        let record = FenceRecord::from(row);
        if let Some(assignment) = assignments.get_mut(&record.region) {
            assignment.fences.insert(record.fence, record);
        }
    }
    Ok(())
}

async fn read_past_rules(
    tx: &mut Tx,
    named: &BTreeSet<u64>,
    assignments: &mut BTreeMap<Region, Assignment>,
) -> Result<(), StoreError> {
    const RULES: &str = "SELECT region, version, rules FROM region_rules WHERE version IN (";
    type PastRules = (Region, u64, String);
    for (region, version, rules) in tx.all_named::<PastRules>(RULES, &[], named, ")").await? {
        if let Some(assignment) = assignments.get_mut(&region) {
            assignment
                .past_rules
                .insert(version, offline_rules(&rules)?);
        }
    }
    Ok(())
}

/// Providers with a firm accept that found one of these orders closed.
async fn read_met_closed(
    tx: &mut Tx,
    orders: &BTreeMap<OrderId, OrderState>,
) -> Result<BTreeSet<(OrderId, UserId)>, StoreError> {
    let closed = orders
        .values()
        .map(|state| &state.order)
        .filter(|order| matches!(order.status, OrderStatus::Cancelled | OrderStatus::Rejected));
    let closed: BTreeSet<OrderId> = closed.map(|order| order.id).collect();
    people_with_case(tx, CaseKind::MetClosed, &closed).await
}

async fn people_with_case(
    tx: &mut Tx,
    kind: CaseKind,
    orders: &BTreeSet<OrderId>,
) -> Result<BTreeSet<(OrderId, UserId)>, StoreError> {
    let rows = read_cases(tx, kind, orders).await?;
    Ok(rows
        .into_iter()
        .map(|(order, user, _)| (order, user))
        .collect())
}

/// The take-back cases on the orders of previously refused commands. Reads nothing if no request
/// names a fence.
async fn read_take_back_cases(
    tx: &mut Tx,
    named: &RequestedKeys,
    answers: &BTreeMap<CommandKey, StoredAnswer>,
) -> Result<BTreeSet<(CommandId, UserId)>, StoreError> {
    if named.fences.is_empty() {
        return Ok(BTreeSet::new());
    }
    let refused = answers.values().filter(|answer| !answer.applied);
    let refused = refused.map(|answer| answer.order_id).collect();
    let rows = read_cases(tx, CaseKind::TakenBack, &refused).await?;
    Ok(rows
        .into_iter()
        .map(|(_, user, command)| (command, user))
        .collect())
}

async fn read_cases(
    tx: &mut Tx,
    kind: CaseKind,
    orders: &BTreeSet<OrderId>,
) -> Result<Vec<(OrderId, UserId, CommandId)>, StoreError> {
    const CASES: &str =
        "SELECT order_id, user_id, command_id FROM case_items WHERE kind = ? AND order_id IN (";
    Ok(tx
        .all_named(CASES, &vals![kind.as_str()], orders, ")")
        .await?)
}

/// All users' answers under these ids; the rules match them to owners.
async fn read_answers(
    tx: &mut Tx,
    commands: &BTreeSet<CommandId>,
) -> Result<BTreeMap<CommandKey, StoredAnswer>, StoreError> {
    let mut answers = BTreeMap::new();
    if is_planted(Defect::NoCommandDedupe) {
        return Ok(answers);
    }
    let text = AnswerRow::select("WHERE command_id IN (");
    for row in tx.all_named::<AnswerRow>(text, &[], commands, ")").await? {
        let answer = StoredAnswer::from(row);
        answers.insert(answer.command_key(), answer);
    }
    Ok(answers)
}

async fn read_orders(
    tx: &mut Tx,
    ids: &BTreeSet<OrderId>,
    mode: OrderReadMode,
) -> Result<BTreeMap<OrderId, OrderState>, StoreError> {
    let lock = mode == OrderReadMode::Locked && tx.is_mysql();
    let after = if lock {
        ") ORDER BY id FOR UPDATE"
    } else {
        ") ORDER BY id"
    };
    let rows = tx
        .all_named::<OrderRow>(OrderRow::select("WHERE id IN ("), &[], ids, after)
        .await?;
    let states = rows.into_iter().map(OrderState::from);
    Ok(states.map(|state| (state.order.id, state)).collect())
}

async fn read_open_jobs(tx: &mut Tx, region: Region) -> Result<Vec<Order>, StoreError> {
    const OPEN: &str =
        "WHERE location = ? AND status = ? ORDER BY created_at DESC, id DESC LIMIT ?";
    let values = vals![region, OrderStatus::Pending, OPEN_JOBS_MAX];
    let rows = tx
        .fetch_all::<OrderRow>(OrderRow::select(OPEN), values)
        .await?;
    Ok(rows.into_iter().map(Order::from).collect())
}

/// The shares that these providers have used up since the day before `first_act`.
async fn read_workloads(
    tx: &mut Tx,
    providers: &BTreeSet<UserId>,
    first_act: UnixMillis,
) -> Result<BTreeMap<UserId, ProviderWorkload>, StoreError> {
    if providers.is_empty() {
        return Ok(BTreeMap::new());
    }
    const OPEN: &str = "SELECT provider_id, COUNT(*) FROM orders \
        WHERE status IN (?, ?) AND provider_id IN (";
    const ACTS: &str = "SELECT provider_id, act, at FROM provider_acts \
        WHERE at > ? AND provider_id IN (";
    let mut loads: BTreeMap<UserId, ProviderWorkload> = providers
        .iter()
        .map(|provider| (*provider, ProviderWorkload::default()))
        .collect();
    let at_work = vals![OrderStatus::Accepted, OrderStatus::InProgress];
    let open = tx.all_named::<(UserId, u64)>(OPEN, &at_work, providers, ") GROUP BY provider_id");
    for (provider, jobs) in open.await? {
        loads.entry(provider).or_default().open_jobs = u32::try_from(jobs).unwrap_or(u32::MAX);
    }
    let since = vals![ProviderWorkload::window_start(first_act)];
    let acts = tx.all_named::<(UserId, ShareAct, UnixMillis)>(ACTS, &since, providers, ")");
    for (provider, act, at) in acts.await? {
        loads.entry(provider).or_default().add(act, at);
    }
    Ok(loads)
}

/// The open jobs of these providers that have agreed hours.
pub(super) async fn read_bookings(
    tx: &mut Tx,
    providers: &BTreeSet<UserId>,
) -> Result<BTreeMap<UserId, Vec<Booking>>, StoreError> {
    const BOOKED: &str = "SELECT provider_id, id, service_start_time, service_end_time FROM orders \
        WHERE status IN (?, ?) AND service_start_time IS NOT NULL AND provider_id IN (";
    type Booked = (UserId, OrderId, Option<UnixMillis>, Option<UnixMillis>);
    let at_work = vals![OrderStatus::Accepted, OrderStatus::InProgress];
    let rows = tx.all_named::<Booked>(BOOKED, &at_work, providers, ")");
    let mut bookings: BTreeMap<UserId, Vec<Booking>> = BTreeMap::new();
    for (provider, order_id, start, end) in rows.await? {
        let hours = ServiceHours::from_times(start, end);
        let booking = hours.map(|hours| Booking { order_id, hours });
        bookings.entry(provider).or_default().extend(booking);
    }
    Ok(bookings)
}

/// The providers accepting orders that pass the filter.
fn list_accepting(
    submissions: &[Submission],
    counts: impl Fn(OrderId) -> bool,
) -> BTreeSet<UserId> {
    let accepts = submissions.iter().filter_map(|request| match request {
        Submission::Command(attempt) => {
            let body = &attempt.command.body;
            let accepts = body.order_action() == Some(Action::Accept);
            attempt
                .actor
                .filter(|actor| accepts && actor.role == Role::Provider && counts(body.order_id()))
        }
        Submission::LeaseReleased { .. } => None,
    });
    accepts.map(|actor| actor.user_id).collect()
}

/// The open-order counts of the customers publishing in these requests.
async fn count_open_orders(
    tx: &mut Tx,
    most: u32,
    submissions: &[Submission],
) -> Result<BTreeMap<UserId, u32>, StoreError> {
    let customers = publishing_customers(submissions);
    if most == 0 || customers.is_empty() {
        return Ok(BTreeMap::new());
    }
    lock_people(tx, &customers).await?;
    const OPEN: &str = "SELECT customer_id, COUNT(*) FROM orders \
        WHERE status IN (?, ?, ?, ?) AND customer_id IN (";
    let open = OrderStatus::ALL
        .into_iter()
        .filter(|status| is_open(*status));
    let open: Vec<Val> = open.map(Val::from).collect();
    let mut counts: BTreeMap<UserId, u32> =
        customers.iter().map(|customer| (*customer, 0)).collect();
    let rows = tx.all_named::<(UserId, u64)>(OPEN, &open, &customers, ") GROUP BY customer_id");
    for (customer, orders) in rows.await? {
        counts.insert(customer, u32::try_from(orders).unwrap_or(u32::MAX));
    }
    Ok(counts)
}

fn publishing_customers(submissions: &[Submission]) -> BTreeSet<UserId> {
    let publishes = submissions.iter().filter_map(|request| match request {
        Submission::Command(attempt) => {
            let publishes = matches!(attempt.command.body, CommandBody::PublishOrder { .. });
            attempt
                .actor
                .filter(|actor| publishes && actor.role == Role::Customer)
        }
        Submission::LeaseReleased { .. } => None,
    });
    publishes.map(|actor| actor.user_id).collect()
}

/// The providers using up a share, and the earliest time of use.
fn list_share_takers(
    submissions: &[Submission],
    now: UnixMillis,
) -> (BTreeSet<UserId>, UnixMillis) {
    let mut takers = BTreeSet::new();
    let mut first = now;
    for request in submissions {
        let Submission::Command(attempt) = request else {
            continue;
        };
        let action = attempt.command.body.order_action();
        let Some(actor) = attempt.actor.filter(|actor| actor.role == Role::Provider) else {
            continue;
        };
        if matches!(action, Some(Action::Accept | Action::Withdraw)) {
            takers.insert(actor.user_id);
            first = attempt
                .op()
                .map_or(first, |op| op.evidence.received_at.min(first));
        }
    }
    (takers, first)
}

/// Locks people in id order, like every transaction. SQLite has one writer and requires no lock.
async fn lock_people(tx: &mut Tx, people: &BTreeSet<UserId>) -> Result<(), StoreError> {
    const LOCK: &str = "INSERT INTO provider_locks (provider_id) VALUES (?) \
        ON DUPLICATE KEY UPDATE provider_id = provider_id";
    if tx.is_mysql() {
        for person in people {
            tx.exec(LOCK, vals![*person]).await?;
        }
    }
    Ok(())
}
