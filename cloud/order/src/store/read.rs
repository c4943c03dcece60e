//! Reads the input of a decision. The fixed order (region assignments, provider shares, answers,
//! then orders by id) prevents deadlocks between transactions.

use std::collections::{BTreeMap, BTreeSet};

use custody::FeePolicy;
use platform::{
    sql::{Columns, Tx},
    vals,
};
use process::defect::{Defect, planted};
use rules::{
    Assignment, Attempt, CaseKind, CommandKey, OrderState, Snapshot, StoredAnswer, Submission,
    regions_to_explain,
};
use wire::{
    Action, CommandBody, CommandId, FenceRecord, Order, OrderId, OrderStatus, ProviderMark, Region,
    UnixMillis, UserId,
};

use super::{
    AcceptanceRules, StoreError,
    rows::{AnswerRow, AssignmentRow, FenceRow, OrderRow, offline_rules},
    shares,
};

/// How to read orders: a single command reads without a lock and guards its write; a batch locks
/// first. SQLite takes its one write lock at the start, so both are equal there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    Plain,
    Locked,
}

/// A region's newest open orders, from which to offer the nearest to a loser.
const OPEN_JOBS_MAX: usize = 50;

pub async fn snapshot(
    tx: &mut Tx,
    rules: &AcceptanceRules,
    requests: &[Submission],
    reading: Reading,
    now: UnixMillis,
) -> Result<Snapshot, StoreError> {
    let named = Named::by(requests);
    let regions = regions(tx, &named).await?;
    let AcceptanceRules { limits, open_orders: open_orders_max, verified_only } = *rules;
    let workloads = shares::workloads(tx, &limits, requests, now).await?;
    let open_orders = shares::open_orders(tx, open_orders_max, requests).await?;
    let marks = if verified_only { marks(tx, requests).await? } else { BTreeMap::new() };
    let answers = answers(tx, &named.commands).await?;
    let orders = orders(tx, &named.orders, reading).await?;
    let met_closed = met_closed(tx, &orders).await?;
    let taken_back = taken_back(tx, &named, &answers).await?;
    let cancel_policies = match requests.iter().any(cancels) {
        true => policies(tx.all(POLICIES, vals![]).await?)?,
        false => Vec::new(),
    };
    let mut snapshot = Snapshot {
        now,
        regions,
        answers,
        orders,
        met_closed,
        taken_back,
        limits,
        workloads,
        open_orders_max,
        open_orders,
        verified_only,
        marks,
        cancel_policies,
        ..Snapshot::default()
    };
    for region in regions_to_explain(&snapshot, requests) {
        snapshot.open_jobs.extend(open_jobs(tx, region).await?);
    }
    Ok(snapshot)
}

fn cancels(request: &Submission) -> bool {
    match request {
        Submission::Command(attempt) => attempt.command.body.action() == Some(Action::Cancel),
        Submission::LeaseReleased { .. } => false,
    }
}

/// The versions of the cancellation fee. There are few, and none changes once in force.
pub const POLICIES: &str =
    "SELECT in_force_from, fee_bp, notice_ms FROM cancel_policies ORDER BY in_force_from";

pub type PolicyRow = (UnixMillis, u32, i64);

pub fn policies(rows: Vec<PolicyRow>) -> Result<Vec<FeePolicy>, StoreError> {
    let policy = |(from, fee_bp, cancel_notice_ms)| {
        let fee_bp = u16::try_from(fee_bp);
        let cancel_fee_bp = fee_bp.map_err(|_| StoreError::Unreadable("cancel_policies.fee_bp"))?;
        Ok(FeePolicy { from, cancel_fee_bp, cancel_notice_ms, ..FeePolicy::FREE })
    };
    rows.into_iter().map(policy).collect()
}

/// Verification status of the accepting providers. Not locked: a concurrent change applies from the
/// next decision on.
async fn marks(
    tx: &mut Tx,
    requests: &[Submission],
) -> Result<BTreeMap<UserId, ProviderMark>, StoreError> {
    let accepts = requests.iter().filter_map(|request| match request {
        Submission::Command(attempt) => {
            attempt.actor.filter(|_| attempt.command.body.action() == Some(Action::Accept))
        }
        Submission::LeaseReleased { .. } => None,
    });
    let people: BTreeSet<UserId> = accepts.map(|actor| actor.user_id).collect();
    let marks = platform::marks::store::of(tx, people).await?;
    Ok(marks.into_iter().map(|mark| (mark.user, mark)).collect())
}

#[derive(Default)]
struct Named {
    commands: BTreeSet<CommandId>,
    orders: BTreeSet<OrderId>,
    published: BTreeSet<OrderId>,
    regions: BTreeSet<Region>,
    fences: BTreeSet<u64>,
    rules_versions: BTreeSet<u64>,
    /// Some request may end a right.
    releases: bool,
}

impl Named {
    fn by(requests: &[Submission]) -> Self {
        let mut named = Self::default();
        for request in requests {
            match request {
                Submission::Command(attempt) => named.add(attempt),
                Submission::LeaseReleased { region, .. } => {
                    named.regions.insert(*region);
                    named.releases = true;
                }
            }
        }
        named
    }

    fn add(&mut self, attempt: &Attempt) {
        let body = &attempt.command.body;
        self.commands.insert(attempt.command.id);
        self.orders.insert(body.order_id());
        if let CommandBody::PublishOrder { order, order_id } = body {
            self.regions.insert(order.location);
            self.published.insert(*order_id);
        }
        if let Some(op) = attempt.op() {
            self.regions.insert(op.region);
            self.fences.extend(op.evidence.fence);
            self.fences.extend(op.evidence.relogged.as_ref().and_then(|first| first.fence));
            self.rules_versions.extend(op.evidence.rules_version);
        }
    }
}

/// The assignment of every region the requests may affect: all regions if an order is unknown.
async fn regions(tx: &mut Tx, named: &Named) -> Result<BTreeMap<Region, Assignment>, StoreError> {
    let mut regions = named.regions.clone();
    let mut unknown: BTreeSet<OrderId> =
        named.orders.difference(&named.published).copied().collect();
    const REGIONS: &str = "SELECT id, location FROM orders WHERE id IN (";
    let places = tx.all_named::<(OrderId, Region)>(REGIONS, &[], &named.orders, ")").await?;
    for (id, location) in places {
        regions.insert(location);
        unknown.remove(&id);
    }
    if !unknown.is_empty() {
        regions.extend(Region::ALL);
    }
    let lock = if named.releases { Lock::ToChange } else { Lock::ToDecide };
    let mut assignments = assignments(tx, &regions, lock).await?;
    fences(tx, &named.fences, &mut assignments).await?;
    past_rules(tx, &named.rules_versions, &mut assignments).await?;
    if planted(Defect::HolderIgnored) {
        assignments.values_mut().for_each(|assignment| assignment.holder = None);
    }
    Ok(assignments)
}

/// How a region's assignment is locked until the transaction ends. SQLite has one writer at a time
/// and requires neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Shared with other decisions; blocks changes.
    ToDecide,
    ToChange,
}

pub async fn assignments(
    tx: &mut Tx,
    regions: &BTreeSet<Region>,
    lock: Lock,
) -> Result<BTreeMap<Region, Assignment>, StoreError> {
    if regions.is_empty() {
        return Ok(BTreeMap::new());
    }
    let text = AssignmentRow::select("WHERE region IN (").marks(regions.len());
    let text = text.then(") ORDER BY region");
    let text = match lock {
        _ if !tx.is_mysql() => text,
        Lock::ToDecide if planted(Defect::AssignmentNotLocked) => text,
        // MariaDB lacks MySQL's newer FOR SHARE; both support this.
        Lock::ToDecide => text.then(" LOCK IN SHARE MODE"),
        Lock::ToChange => text.then(" FOR UPDATE"),
    };
    let values = regions.iter().map(Into::into).collect();
    let rows = tx.all::<AssignmentRow>(text, values).await?;
    rows.into_iter().map(AssignmentRow::assignment).collect()
}

/// Adds the fences that ops name to the assignments of their regions.
async fn fences(
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

async fn past_rules(
    tx: &mut Tx,
    named: &BTreeSet<u64>,
    assignments: &mut BTreeMap<Region, Assignment>,
) -> Result<(), StoreError> {
    const RULES: &str = "SELECT region, version, rules FROM region_rules WHERE version IN (";
    type PastRules = (Region, u64, String);
    for (region, version, rules) in tx.all_named::<PastRules>(RULES, &[], named, ")").await? {
        if let Some(assignment) = assignments.get_mut(&region) {
            assignment.past_rules.insert(version, offline_rules(&rules)?);
        }
    }
    Ok(())
}

/// Providers whose firm accepts met these orders closed.
async fn met_closed(
    tx: &mut Tx,
    orders: &BTreeMap<OrderId, OrderState>,
) -> Result<BTreeSet<(OrderId, UserId)>, StoreError> {
    let closed = orders
        .values()
        .map(|state| &state.order)
        .filter(|order| matches!(order.status, OrderStatus::Cancelled | OrderStatus::Rejected));
    let closed: BTreeSet<OrderId> = closed.map(|order| order.id).collect();
    listed(tx, CaseKind::MetClosed, &closed).await
}

async fn listed(
    tx: &mut Tx,
    kind: CaseKind,
    orders: &BTreeSet<OrderId>,
) -> Result<BTreeSet<(OrderId, UserId)>, StoreError> {
    let rows = cases(tx, kind, orders).await?;
    Ok(rows.into_iter().map(|(order, user, _)| (order, user)).collect())
}

/// The take-back cases on the orders of previously refused commands. Reads nothing if no request
/// names a fence.
async fn taken_back(
    tx: &mut Tx,
    named: &Named,
    answers: &BTreeMap<CommandKey, StoredAnswer>,
) -> Result<BTreeSet<(CommandId, UserId)>, StoreError> {
    if named.fences.is_empty() {
        return Ok(BTreeSet::new());
    }
    let refused = answers.values().filter(|answer| !answer.applied);
    let refused = refused.map(|answer| answer.order_id).collect();
    let rows = cases(tx, CaseKind::TakenBack, &refused).await?;
    Ok(rows.into_iter().map(|(_, user, command)| (command, user)).collect())
}

async fn cases(
    tx: &mut Tx,
    kind: CaseKind,
    orders: &BTreeSet<OrderId>,
) -> Result<Vec<(OrderId, UserId, CommandId)>, StoreError> {
    const CASES: &str =
        "SELECT order_id, user_id, command_id FROM case_items WHERE kind = ? AND order_id IN (";
    Ok(tx.all_named(CASES, &vals![kind.as_str()], orders, ")").await?)
}

/// All users' answers under these ids; the rules match them to owners.
async fn answers(
    tx: &mut Tx,
    commands: &BTreeSet<CommandId>,
) -> Result<BTreeMap<CommandKey, StoredAnswer>, StoreError> {
    let mut answers = BTreeMap::new();
    if planted(Defect::NoCommandDedupe) {
        return Ok(answers);
    }
    let text = AnswerRow::select("WHERE command_id IN (");
    for row in tx.all_named::<AnswerRow>(text, &[], commands, ")").await? {
        let answer = StoredAnswer::from(row);
        answers.insert(answer.key(), answer);
    }
    Ok(answers)
}

async fn orders(
    tx: &mut Tx,
    ids: &BTreeSet<OrderId>,
    reading: Reading,
) -> Result<BTreeMap<OrderId, OrderState>, StoreError> {
    let lock = reading == Reading::Locked && tx.is_mysql();
    let after = if lock { ") ORDER BY id FOR UPDATE" } else { ") ORDER BY id" };
    let rows = tx.all_named::<OrderRow>(OrderRow::select("WHERE id IN ("), &[], ids, after).await?;
    let states = rows.into_iter().map(OrderState::from);
    Ok(states.map(|state| (state.order.id, state)).collect())
}

async fn open_jobs(tx: &mut Tx, region: Region) -> Result<Vec<Order>, StoreError> {
    const OPEN: &str =
        "WHERE location = ? AND status = ? ORDER BY created_at DESC, id DESC LIMIT ?";
    let values = vals![region, OrderStatus::Pending, OPEN_JOBS_MAX];
    let rows = tx.all::<OrderRow>(OrderRow::select(OPEN), values).await?;
    Ok(rows.into_iter().map(Order::from).collect())
}
