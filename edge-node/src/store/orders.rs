//! Confirmed orders, from the feed and from outcomes.
//!
//! Invariants: no write lowers a version, and the book's tally counts exactly these rows.
//! `feed_version` records the version that the feed itself brought.

use engine::view::{self, ConfirmedOrder, Merge, Sight, Via};
use rusqlite::{Connection, params};
use wire::{Change, Order, OrderId, PersonStanding, Policy, UnixMillis, UserId, is_open};

use super::{
    book::LogBook,
    customers::finished,
    enrolment::{TrustNews, note_mark, note_person, revoke_session},
    right,
    shares::worker,
    sight::{confirmed, sight},
    sql::{encoded, execute, int},
};

#[derive(Default)]
pub struct FeedEffects {
    pub sights: Vec<Sight>,
    pub gone: Vec<OrderId>,
    pub trust: TrustNews,
}

pub fn apply(
    conn: &Connection,
    book: &mut LogBook,
    to: u64,
    changes: Vec<Change>,
    now: UnixMillis,
) -> rusqlite::Result<FeedEffects> {
    let mut applied = FeedEffects::default();
    for change in changes {
        take(conn, book, change, now, &mut applied)?;
    }
    book.feed_cursor = to;
    book.save(conn)?;
    Ok(applied)
}

/// Restarts the feed's count. Orders stay; repeats are merged by version.
pub fn adopt(conn: &Connection, book: &mut LogBook, generation: u64) -> rusqlite::Result<()> {
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

pub fn merge(
    conn: &Connection,
    book: &mut LogBook,
    order: Order,
    via: Via,
) -> rusqlite::Result<Merge> {
    const PUT: &str = "INSERT INTO orders
        (id, version, feed_version, final, updated_at, bytes, feed_open, worker, customer, owed)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET version = excluded.version,
        feed_version = excluded.feed_version, final = excluded.final,
        updated_at = excluded.updated_at, bytes = excluded.bytes,
        worker = excluded.worker, customer = excluded.customer, owed = excluded.owed,
        feed_open = coalesce(excluded.feed_open, feed_open)";
    let old = confirmed(conn, order.id)?;
    let brought = old.as_ref().map_or(0, |row| row.feed_version);
    let newest_of_feed = via == Via::Feed && order.version >= brought;
    let feed_open = newest_of_feed.then_some(is_open(order.status));
    let (row, what) = view::merge(old.as_ref(), order, via);
    if what == Merge::Conflict {
        tracing::error!(
            order.id = %row.order.id, order.version = row.order.version,
            "Order `{}` came with equal version and other content", row.order.id
        );
    }
    if old.as_ref() != Some(&row) {
        book.tally.replace(old.as_ref(), Some(&row));
        let (customer, owed) = finished(&row.order);
        conn.prepare_cached(PUT)?.execute(params![
            &row.order.id.as_bytes()[..],
            int(row.order.version),
            int(row.feed_version),
            row.order.status.is_final(),
            row.order.updated_at.0,
            encoded(&row.order),
            feed_open,
            worker(&row.order).as_ref().map(|worker| &worker.as_bytes()[..]),
            customer,
            owed,
        ])?;
    }
    Ok(what)
}

pub fn take(
    conn: &Connection,
    book: &mut LogBook,
    change: Change,
    now: UnixMillis,
    applied: &mut FeedEffects,
) -> rusqlite::Result<()> {
    match change {
        Change::Order(order) => {
            let order_id = order.id;
            merge(conn, book, order, Via::Feed)?;
            applied.sights.push(sight(conn, order_id, &book.name)?);
        }
        Change::OrderGone { order_id, version } => {
            if let Some(row) = confirmed(conn, order_id)?
                && view::leaves(&row, version)
            {
                remove(conn, book, &row)?;
                applied.gone.push(order_id);
            }
        }
        Change::Keys { version, jwks } => keys(conn, book, version, jwks, applied)?,
        // A change type from a newer cloud; ignore it.
        Change::Unknown => {}
        Change::Policy { version, policy } => adopt_policy(book, version, policy),
        Change::Assignment(word) => {
            adopt_policy(book, word.policy_version, word.policy);
            right::hear(conn, book, word, now)?;
        }
        Change::Revoked { version, sessions, users, person, mark } => {
            for session in &sessions {
                revoke_session(conn, *session, now)?;
            }
            let named = |user: &UserId| person.is_some_and(|word| word.user == *user);
            // An older hub sends no time.
            let unnamed = users.into_iter().filter(|user| !named(user));
            let unnamed = unnamed.map(|user| PersonStanding::revoked(user, UnixMillis(0)));
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
    book.tally.replace(Some(row), None);
    execute(conn, REMOVE, [&row.order.id.as_bytes()[..]])
}

fn keys(
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
