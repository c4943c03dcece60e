//! Confirmed orders, from the feed and from outcomes.
//!
//! Invariants: no write lowers a version, and the book's tally counts exactly these rows.
//! `feed_version` records the version that the feed itself brought.

use engine::view::{self, ConfirmedOrder, EdgeOrderView, MergeResult, OrderSource};
use rusqlite::{Connection, params};
use wire::{FeedChange, Order, OrderId, Policy, RevocationStatus, UnixMillis, is_open};

use super::{
    book::LogBook,
    customers::finished_work_columns,
    enrolment::{TrustUpdate, note_mark, note_person, revoke_session},
    right,
    shares::active_worker,
    sight::{find_confirmed_order, load_order_view},
    sql::{encode_cbor, execute_cached, to_sql_int},
};

#[derive(Default)]
pub struct FeedEffects {
    pub sights: Vec<EdgeOrderView>,
    pub gone: Vec<OrderId>,
    pub trust: TrustUpdate,
}

pub fn apply_changes(
    conn: &Connection,
    book: &mut LogBook,
    to: u64,
    changes: Vec<FeedChange>,
    now: UnixMillis,
) -> rusqlite::Result<FeedEffects> {
    let mut applied = FeedEffects::default();
    for change in changes {
        apply_change(conn, book, change, now, &mut applied)?;
    }
    book.feed_cursor = to;
    book.save(conn)?;
    Ok(applied)
}

/// Restarts the feed's count. Orders stay; repeats are merged by version.
pub fn adopt_generation(
    conn: &Connection,
    book: &mut LogBook,
    generation: u64,
) -> rusqlite::Result<()> {
    count_anew(book, generation);
    book.feed_cursor = 0;
    book.save(conn)
}

/// Versions of keys and revocations only compare within one generation.
pub fn count_anew(book: &mut LogBook, generation: u64) {
    if book.feed_generation != generation {
        book.feed_generation = generation;
        book.revocations_version = 0;
        book.keys_version = 0;
    }
}

pub fn merge_order(
    conn: &Connection,
    book: &mut LogBook,
    order: Order,
    via: OrderSource,
) -> rusqlite::Result<MergeResult> {
    const PUT: &str = "INSERT INTO orders
        (id, version, feed_version, final, updated_at, bytes, feed_open, worker, customer, owed)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET version = excluded.version,
        feed_version = excluded.feed_version, final = excluded.final,
        updated_at = excluded.updated_at, bytes = excluded.bytes,
        worker = excluded.worker, customer = excluded.customer, owed = excluded.owed,
        feed_open = coalesce(excluded.feed_open, feed_open)";
    let old = find_confirmed_order(conn, order.id)?;
    let brought = old.as_ref().map_or(0, |row| row.feed_version);
    let newest_of_feed = via == OrderSource::Feed && order.version >= brought;
    let feed_open = newest_of_feed.then_some(is_open(order.status));
    let (row, what) = view::merge_order(old.as_ref(), order, via);
    if what == MergeResult::Conflict {
        tracing::error!(
            order.id = %row.order.id, order.version = row.order.version,
            "Order `{}` arrived with the stored version but different content", row.order.id
        );
    }
    if old.as_ref() != Some(&row) {
        book.tally.replace_row(old.as_ref(), Some(&row));
        let (customer, owed) = finished_work_columns(&row.order);
        conn.prepare_cached(PUT)?.execute(params![
            &row.order.id.as_bytes()[..],
            to_sql_int(row.order.version),
            to_sql_int(row.feed_version),
            row.order.status.is_final(),
            row.order.updated_at.0,
            encode_cbor(&row.order),
            feed_open,
            active_worker(&row.order)
                .as_ref()
                .map(|worker| &worker.as_bytes()[..]),
            customer,
            owed,
        ])?;
    }
    Ok(what)
}

pub fn apply_change(
    conn: &Connection,
    book: &mut LogBook,
    change: FeedChange,
    now: UnixMillis,
    applied: &mut FeedEffects,
) -> rusqlite::Result<()> {
    match change {
        FeedChange::Order(order) => {
            let order_id = order.id;
            merge_order(conn, book, order, OrderSource::Feed)?;
            applied
                .sights
                .push(load_order_view(conn, order_id, &book.edge_id)?);
        }
        FeedChange::OrderGone { order_id, version } => {
            if let Some(row) = find_confirmed_order(conn, order_id)?
                && view::leaves_view(&row, version)
            {
                remove(conn, book, &row)?;
                applied.gone.push(order_id);
            }
        }
        FeedChange::Keys { version, jwks } => store_keys(conn, book, version, jwks, applied)?,
        // A change type from a newer cloud; ignore it.
        FeedChange::Unknown => {}
        FeedChange::Policy { version, policy } => adopt_policy(book, version, policy),
        FeedChange::Assignment(word) => {
            adopt_policy(book, word.policy_version, word.policy);
            right::apply_assignment(conn, book, word, now)?;
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
                note_person(conn, word, now)?;
                applied.trust.people.push(word);
            }
            if let Some(mark) = mark {
                note_mark(conn, mark)?;
                applied.trust.marks.push(mark);
            }
            book.revocations_version = book.revocations_version.max(version);
            applied.trust.revoked_sessions.extend(sessions);
        }
    }
    Ok(())
}

fn remove(conn: &Connection, book: &mut LogBook, row: &ConfirmedOrder) -> rusqlite::Result<()> {
    const REMOVE: &str = "DELETE FROM orders WHERE id = ?";
    book.tally.replace_row(Some(row), None);
    execute_cached(conn, REMOVE, [&row.order.id.as_bytes()[..]])
}

fn store_keys(
    conn: &Connection,
    book: &mut LogBook,
    version: u64,
    jwks: String,
    applied: &mut FeedEffects,
) -> rusqlite::Result<()> {
    const PUT: &str = "UPDATE edge SET jwks = ? WHERE one = 1";
    if version < book.keys_version {
        return Ok(());
    }
    book.keys_version = version;
    conn.execute(PUT, [&jwks])?;
    applied.trust.jwks = Some(jwks);
    Ok(())
}

fn adopt_policy(book: &mut LogBook, version: u64, policy: Policy) {
    if version >= book.policy_version {
        book.policy_version = version;
        book.policy = policy;
    }
}
