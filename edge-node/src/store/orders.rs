//! Confirmed orders, from the feed and from outcomes, and the view: a confirmed order overlaid with
//! its pending ops.
//!
//! Invariants: no write lowers a version, and the state's tally counts exactly these rows.
//! `feed_version` records the version that the feed itself brought.

use engine::{
    edge::is_asked_about,
    verdict::FinishedWorkPayment,
    view::{
        self, ConfirmedOrder, EdgeOrderView, MergeResult, OrderSource, PendingOp, PendingOpStatus,
        overlay_pending_ops,
    },
};
use journal::JournalError;
use rusqlite::{Connection, Row, params};
use serde::Serialize;
use utoipa::ToSchema;
use wire::{
    AcceptanceCertainty, ERASED_TITLE, EdgeId, FeedChange, OfflineRules, Op, Order, OrderId,
    OrderStatus, Policy, RevocationStatus, UnixMillis, is_open,
};

use super::{
    EdgeIdentity, Store, StoreWriteResult,
    closed_orders::{StoredOrder, find_stored_order},
    log::LogState,
    message_rows::{delete_all_messages, delete_messages_of, forget_time_told},
    sql::{column_error, encode_cbor, execute_cached, id, read_cbor, read_u64, to_sql_int},
    standing::{apply_assignment, load_offline_rules},
    trust::{TrustUpdate, merge_person_revocation, merge_verification_mark, revoke_session},
};

/// An order on a board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BoardItem {
    #[serde(flatten)]
    pub order: Order,
    /// True if the order rests on something that the cloud has not decided.
    pub pending: bool,
}

#[derive(Default)]
pub struct FeedEffects {
    pub views: Vec<EdgeOrderView>,
    pub gone: Vec<OrderId>,
    pub trust: TrustUpdate,
}

const BOARD_MAX: u32 = 4_000;
/// Only a faulty client sends more for one order.
const OVERLAID_MAX: usize = 256;

impl Store {
    /// Applies the feed's changes up to `to`, and logs the release if they request the lease back.
    pub async fn apply_changes(
        &self,
        to: u64,
        changes: Vec<FeedChange>,
        now: UnixMillis,
    ) -> StoreWriteResult<FeedEffects> {
        self.write_and_wake_link(move |conn, state| apply_changes(conn, state, to, changes, now))
            .await
    }

    pub async fn adopt_generation(&self, generation: u64) -> StoreWriteResult<()> {
        self.journal
            .write(move |conn, state| adopt_generation(conn, state, generation))
            .await
    }

    pub async fn load_view(
        &self,
        identity: &EdgeIdentity,
        id: OrderId,
    ) -> Result<EdgeOrderView, JournalError> {
        let name = identity.edge_id.clone();
        self.journal
            .read(move |conn| load_order_view(conn, id, &name))
            .await
    }

    /// The orders from which every reader's board is built.
    pub async fn load_board(
        &self,
        identity: &EdgeIdentity,
    ) -> Result<(u64, Vec<(BoardItem, AcceptanceCertainty)>), JournalError> {
        let name = identity.edge_id.clone();
        self.journal
            .read_long(move |conn| load_board(conn, &name))
            .await
    }
}

fn apply_changes(
    conn: &Connection,
    state: &mut LogState,
    to: u64,
    changes: Vec<FeedChange>,
    now: UnixMillis,
) -> rusqlite::Result<FeedEffects> {
    let mut applied = FeedEffects::default();
    for change in changes {
        apply_change(conn, state, change, now, &mut applied)?;
    }
    state.feed_cursor = to;
    state.save(conn)?;
    Ok(applied)
}

/// Restarts the feed's count. Orders stay; repeats are merged by version.
fn adopt_generation(
    conn: &Connection,
    state: &mut LogState,
    generation: u64,
) -> rusqlite::Result<()> {
    enter_generation(conn, state, generation)?;
    state.feed_cursor = 0;
    state.save(conn)
}

/// Versions of keys and revocations only compare within one generation, and a cloud that restored
/// its databases may number other messages.
pub(super) fn enter_generation(
    conn: &Connection,
    state: &mut LogState,
    generation: u64,
) -> rusqlite::Result<()> {
    if state.feed_generation != generation {
        state.feed_generation = generation;
        state.revocations_version = 0;
        state.keys_version = 0;
        delete_all_messages(conn)?;
    }
    Ok(())
}

pub(super) fn merge_order(
    conn: &Connection,
    state: &mut LogState,
    order: Order,
    via: OrderSource,
) -> rusqlite::Result<MergeResult> {
    const PUT: &str = "INSERT INTO orders
        (id, version, feed_version, final, updated_at, bytes, feed_open, worker, customer, owed)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET version = excluded.version,
        feed_version = excluded.feed_version, final = excluded.final,
        updated_at = excluded.updated_at, bytes = excluded.bytes,
        worker = excluded.worker, customer = excluded.customer, owed = excluded.owed,
        feed_open = coalesce(excluded.feed_open, feed_open), dropped_digest = NULL";
    let stored = find_stored_order(conn, order.id)?;
    let brought = stored.as_ref().map_or(0, StoredOrder::feed_version);
    let newest_of_feed = via == OrderSource::Feed && order.version >= brought;
    let feed_open = newest_of_feed.then_some(is_open(order.status));
    let old = match stored {
        Some(StoredOrder::Dropped(dropped)) => {
            if let Some(result) = dropped.merge_repeat(conn, &order, via)? {
                return Ok(result);
            }
            dropped.leave_tally(&mut state.tally);
            None
        }
        Some(StoredOrder::Whole(row)) => Some(*row),
        None => None,
    };
    let (mut row, what) = view::merge_order(old.as_ref(), order, via);
    row.feed_version = row.feed_version.max(brought);
    if what == MergeResult::Conflict {
        tracing::error!(
            order.id = %row.order.id, order.version = row.order.version,
            "Order `{}` arrived with the stored version but different content", row.order.id
        );
    }
    if old.as_ref() != Some(&row) {
        state.tally.replace_row(old.as_ref(), Some(&row));
        let (customer, owed) = finished_work_columns(&row.order);
        conn.prepare_cached(PUT)?.execute(params![
            &row.order.id.as_bytes()[..],
            to_sql_int(row.order.version),
            to_sql_int(row.feed_version),
            row.order.status.is_final(),
            row.order.updated_at.0,
            encode_cbor(&row.order),
            feed_open,
            row.order
                .provider_at_work()
                .as_ref()
                .map(|worker| &worker.as_bytes()[..]),
            customer,
            owed,
        ])?;
        update_messages(conn, old.as_ref(), &row)?;
    }
    Ok(what)
}

/// Deletes the messages of an erased order. A change after the end, or one that the feed may have
/// left out, may be the deletion of the order's provider: deletes the messages and requests them
/// again. Also requests those of an order that the edge did not query before.
fn update_messages(
    conn: &Connection,
    old: Option<&ConfirmedOrder>,
    new: &ConfirmedOrder,
) -> rusqlite::Result<()> {
    let old = old.map(|row| &row.order);
    let new = &new.order;
    let is_after_end = !is_open(new.status)
        && old.is_some_and(|old| {
            let is_same_end = old.status == new.status && old.version < new.version;
            is_same_end || old.version + 1 < new.version
        });
    if new.title == ERASED_TITLE || is_after_end {
        delete_messages_of(conn, new.id)?;
    }
    let was_asked = old.is_some_and(is_asked_about) && !is_after_end;
    if is_asked_about(new) && !was_asked {
        forget_time_told(conn)?;
    }
    Ok(())
}

pub(super) fn apply_change(
    conn: &Connection,
    state: &mut LogState,
    change: FeedChange,
    now: UnixMillis,
    applied: &mut FeedEffects,
) -> rusqlite::Result<()> {
    match change {
        FeedChange::Order(order) => {
            let order_id = order.id;
            merge_order(conn, state, order, OrderSource::Feed)?;
            applied
                .views
                .push(load_order_view(conn, order_id, &state.edge_id)?);
        }
        FeedChange::OrderGone { order_id, version } => {
            if let Some(stored) = find_stored_order(conn, order_id)?
                && stored.leaves_view(version)
            {
                stored.leave_tally(&mut state.tally);
                delete_order(conn, order_id)?;
                applied.gone.push(order_id);
            }
        }
        FeedChange::Keys { version, jwks } => store_keys(conn, state, version, jwks, applied)?,
        // A change type from a newer cloud; ignore it.
        FeedChange::Unknown => {}
        FeedChange::Policy { version, policy } => adopt_policy(state, version, policy),
        FeedChange::Assignment(word) => {
            adopt_policy(state, word.policy_version, word.policy);
            apply_assignment(conn, state, word, now)?;
        }
        FeedChange::Revoked {
            version,
            sessions,
            users,
            person,
            verification: mark,
        } => {
            for session in &sessions {
                revoke_session(conn, *session, now)?;
            }
            // An older hub sends no time.
            let unnamed = users
                .into_iter()
                .filter(|user| person.is_none_or(|word| word.user != *user))
                .map(|user| RevocationStatus::from_revocation(user, UnixMillis(0)));
            for word in unnamed.chain(person) {
                merge_person_revocation(conn, word, now)?;
                applied.trust.people.push(word);
            }
            if let Some(mark) = mark {
                merge_verification_mark(conn, mark)?;
                applied.trust.marks.push(mark);
            }
            state.revocations_version = state.revocations_version.max(version);
            applied.trust.revoked_sessions.extend(sessions);
        }
    }
    Ok(())
}

fn delete_order(conn: &Connection, order_id: OrderId) -> rusqlite::Result<()> {
    const REMOVE: &str = "DELETE FROM orders WHERE id = ?";
    execute_cached(conn, REMOVE, [&order_id.as_bytes()[..]])?;
    delete_messages_of(conn, order_id)
}

fn store_keys(
    conn: &Connection,
    state: &mut LogState,
    version: u64,
    jwks: String,
    applied: &mut FeedEffects,
) -> rusqlite::Result<()> {
    const PUT: &str = "UPDATE edge SET jwks = ? WHERE one = 1";
    if version < state.keys_version {
        return Ok(());
    }
    state.keys_version = version;
    conn.execute(PUT, [&jwks])?;
    applied.trust.jwks = Some(jwks);
    Ok(())
}

fn adopt_policy(state: &mut LogState, version: u64, policy: Policy) {
    if version >= state.policy_version {
        state.policy_version = version;
        state.policy = policy;
    }
}

/// Column values: the customer of a finished order, and the debt flag.
pub(super) fn finished_work_columns(order: &Order) -> (Option<&[u8]>, Option<bool>) {
    match FinishedWorkPayment::from_order(order) {
        None => (None, None),
        Some(work) => (
            Some(&order.customer_id.as_bytes()[..]),
            Some(work == FinishedWorkPayment::Owed),
        ),
    }
}

/// `None` also if this edge has dropped its copy.
pub(super) fn find_confirmed_order(
    conn: &Connection,
    order_id: OrderId,
) -> rusqlite::Result<Option<ConfirmedOrder>> {
    Ok(match find_stored_order(conn, order_id)? {
        Some(StoredOrder::Whole(row)) => Some(*row),
        Some(StoredOrder::Dropped(_)) | None => None,
    })
}

pub(super) fn load_order_view(
    conn: &Connection,
    order_id: OrderId,
    edge: &EdgeId,
) -> rusqlite::Result<EdgeOrderView> {
    let row = find_confirmed_order(conn, order_id)?;
    let mut ops = load_pending_ops(conn, order_id)?;
    let beyond = (ops.len() > OVERLAID_MAX).then(|| ops.pop()).flatten();
    let confirmed = row.map(|row| row.order);
    let rules = load_rules_for_view(conn, confirmed.as_ref(), &ops)?;
    let mut view = overlay_pending_ops(confirmed, ops, edge, &rules);
    // An op past the limit may do anything, so no firm answer rests on it [FIRM_BASE].
    if let Some(PendingOp {
        seq, command_id, ..
    }) = beyond
    {
        view.pending.push(PendingOpStatus {
            seq,
            command_id,
            fence: None,
            doubt: None,
            is_idle: false,
            keeps_order: false,
        });
    }
    if view.certainty == AcceptanceCertainty::UnsureStarted
        && load_offline_rules(conn)?.address_at_start
    {
        view.certainty = AcceptanceCertainty::Sure;
    }
    Ok(view)
}

/// The rules matter only to work in progress, and a board has many other orders.
fn load_rules_for_view(
    conn: &Connection,
    confirmed: Option<&Order>,
    ops: &[PendingOp],
) -> rusqlite::Result<OfflineRules> {
    let works = confirmed.is_some_and(|order| order.status == OrderStatus::InProgress);
    if works || !ops.is_empty() {
        load_offline_rules(conn)
    } else {
        Ok(OfflineRules::default())
    }
}

/// Returns the feed cursor and the orders: pending ones first, then those in work, then the rest,
/// newest change first.
fn load_board(
    conn: &Connection,
    edge: &EdgeId,
) -> rusqlite::Result<(u64, Vec<(BoardItem, AcceptanceCertainty)>)> {
    const CURSOR: &str = "SELECT feed_cursor FROM edge WHERE one = 1";
    const IDS: &str = "
        SELECT order_id FROM (
            SELECT DISTINCT order_id, 0 AS final, 9223372036854775807 AS updated_at FROM pending
            UNION ALL
            SELECT id, final, updated_at FROM orders
            WHERE dropped_digest IS NULL AND id NOT IN (SELECT order_id FROM pending)
        ) ORDER BY final, updated_at DESC LIMIT ?";
    let cursor = conn.query_row(CURSOR, [], |row| read_u64(row, 0))?;
    let mut statement = conn.prepare_cached(IDS)?;
    let ids: Vec<OrderId> = statement
        .query_map([BOARD_MAX], |row| id(row, 0))?
        .collect::<Result<_, _>>()?;
    let mut shown = Vec::new();
    for order_id in ids {
        let view = load_order_view(conn, order_id, edge)?;
        let pending = view.pending.iter().any(|op| !op.keeps_order);
        if let Some(order) = view.order {
            shown.push((BoardItem { order, pending }, view.certainty));
        }
    }
    Ok((cursor, shown))
}

/// Reads one op past `OVERLAID_MAX`, to detect more. The limit is in the text because SQLite
/// replans the statement for each value bound to LIMIT.
fn load_pending_ops(conn: &Connection, order_id: OrderId) -> rusqlite::Result<Vec<PendingOp>> {
    const OPS: &str = "SELECT pending.seq, log.bytes FROM pending
        JOIN log ON log.epoch = pending.epoch AND log.seq = pending.seq
        WHERE pending.order_id = ? ORDER BY pending.epoch, pending.seq LIMIT 257";
    let mut statement = conn.prepare_cached(OPS)?;
    let ops = statement.query_map([&order_id.as_bytes()[..]], read_pending_op)?;
    ops.collect()
}

fn read_pending_op(row: &Row<'_>) -> rusqlite::Result<PendingOp> {
    let Op::Command(op) = read_cbor::<Op>(row, 1)? else {
        return Err(column_error(1, "a pending op must be a command"));
    };
    Ok(PendingOp {
        seq: read_u64(row, 0)?,
        command_id: op.command.id,
        actor: op.actor,
        body: op.command.body,
        verdict: op.verdict,
        fence: op.fence,
        received_at: op.received_at,
        cut_off: op.cut_off,
    })
}
