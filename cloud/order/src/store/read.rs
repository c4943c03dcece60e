//! Reads what a decision stands on: the regions' assignment first, then answers, then orders in id
//! order, so that transactions meet each other's locks in one order.

use std::collections::{BTreeMap, BTreeSet};

use platform::{
    sql::{Statement, Tx, Val, in_list},
    vals,
};
use process::defect::{Defect, planted};
use rules::{Assignment, Request, Snapshot, Standing, StoredAnswer, regions_to_explain};
use wire::{CommandBody, CommandId, Order, OrderId, OrderStatus, Region, UnixMillis};

use super::{
    PART, StoreError,
    rows::{self, AnswerRow, AssignmentRow, OrderRow, select_orders},
};

/// How orders are read: a single command reads plainly and guards its write, a batch locks first.
/// SQLite holds its one write lock from the start and needs neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    Plain,
    Locked,
}

/// Orders of a region that a loser may be offered; the nearest of the newest.
const OPEN_JOBS_MAX: usize = 50;

pub async fn snapshot(
    tx: &mut Tx,
    requests: &[Request],
    reading: Reading,
    now: UnixMillis,
) -> Result<Snapshot, StoreError> {
    let named = Named::by(requests);
    let regions = regions(tx, &named).await?;
    let answers = answers(tx, &named.commands).await?;
    let orders = orders(tx, &named.orders, reading).await?;
    let mut snapshot = Snapshot { now, regions, answers, orders, open_jobs: Vec::new() };
    for region in regions_to_explain(&snapshot, requests) {
        snapshot.open_jobs.extend(open_jobs(tx, region).await?);
    }
    Ok(snapshot)
}

/// What the requests name.
struct Named {
    commands: BTreeSet<CommandId>,
    orders: BTreeSet<OrderId>,
    regions: BTreeSet<Region>,
}

impl Named {
    fn by(requests: &[Request]) -> Self {
        let (commands, orders, regions) = Default::default();
        let mut named = Self { commands, orders, regions };
        for request in requests {
            let Request::Command(attempt) = request else { continue };
            named.commands.insert(attempt.command.id);
            named.orders.insert(attempt.command.body.order_id());
            named.regions.extend(attempt.op().map(|op| op.region));
            if let CommandBody::PublishOrder { order, .. } = &attempt.command.body {
                named.regions.insert(order.location);
            }
        }
        named
    }
}

async fn regions(tx: &mut Tx, named: &Named) -> Result<BTreeMap<Region, Assignment>, StoreError> {
    let mut regions = named.regions.clone();
    for part in parts(&named.orders) {
        let text = in_list("SELECT DISTINCT location FROM orders WHERE id IN (", part.len(), ")");
        for (location,) in tx.all::<(String,)>(text, vals_of(&part)).await? {
            regions.insert(rows::region(&location)?);
        }
    }
    share_lock(tx, &regions).await
}

/// How these regions assign, locked against a change until the transaction ends.
pub async fn share_lock(
    tx: &mut Tx,
    regions: &BTreeSet<Region>,
) -> Result<BTreeMap<Region, Assignment>, StoreError> {
    if regions.is_empty() {
        return Ok(BTreeMap::new());
    }
    let text = in_list(
        "SELECT region, policy, holder, epoch, fence FROM region_assignment WHERE region IN (",
        regions.len(),
        ") ORDER BY region",
    );
    // MariaDB does not know MySQL's newer FOR SHARE; both know this.
    let text = if tx.is_mysql() { text.then(" LOCK IN SHARE MODE") } else { text };
    let values = regions.iter().map(Val::from).collect();
    let rows = tx.all::<AssignmentRow>(text, values).await?;
    rows.into_iter().map(AssignmentRow::assignment).collect()
}

async fn answers(
    tx: &mut Tx,
    commands: &BTreeSet<CommandId>,
) -> Result<BTreeMap<CommandId, StoredAnswer>, StoreError> {
    let mut answers = BTreeMap::new();
    if planted(Defect::NoCommandDedupe) {
        return Ok(answers);
    }
    for part in parts(commands) {
        let text = in_list(
            "SELECT command_id, user_id, hash, applied, code, order_id, order_version, edge, \
             epoch, seq, op_hash, decided_at FROM commands WHERE command_id IN (",
            part.len(),
            ")",
        );
        for row in tx.all::<AnswerRow>(text, vals_of(&part)).await? {
            let answer = row.answer()?;
            answers.insert(answer.command_id, answer);
        }
    }
    Ok(answers)
}

async fn orders(
    tx: &mut Tx,
    ids: &BTreeSet<OrderId>,
    reading: Reading,
) -> Result<BTreeMap<OrderId, Standing>, StoreError> {
    let lock = reading == Reading::Locked && tx.is_mysql();
    let mut orders = BTreeMap::new();
    for part in parts(ids) {
        let text = in_list(select_orders!("WHERE id IN ("), part.len(), ") ORDER BY id");
        let text = if lock { text.then(" FOR UPDATE") } else { text };
        for row in tx.all::<OrderRow>(text, vals_of(&part)).await? {
            let standing = row.standing()?;
            orders.insert(standing.order.id, standing);
        }
    }
    Ok(orders)
}

async fn open_jobs(tx: &mut Tx, region: Region) -> Result<Vec<Order>, StoreError> {
    const OPEN: &str = select_orders!(
        "WHERE location = ? AND status = ? ORDER BY created_at DESC, id DESC LIMIT ?"
    );
    let values = vals![region, OrderStatus::Pending, OPEN_JOBS_MAX];
    let rows = tx.all::<OrderRow>(Statement::new(OPEN), values).await?;
    rows.into_iter().map(OrderRow::order).collect()
}

/// The ids in their order, in parts that one statement takes.
fn parts<T: Copy>(ids: &BTreeSet<T>) -> Vec<Vec<T>> {
    let ids: Vec<T> = ids.iter().copied().collect();
    ids.chunks(PART).map(<[T]>::to_vec).collect()
}

fn vals_of<T: Copy + Into<Val>>(ids: &[T]) -> Vec<Val> {
    ids.iter().map(|id| (*id).into()).collect()
}
