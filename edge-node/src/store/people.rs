//! Device owners, and people past newcomer status.

use rusqlite::{Connection, params};
use wire::{DeviceId, UnixMillis, UserId};

use super::{
    sql::{execute_cached, id, read_parsed},
    tidy::COMMANDS_KEPT_MS,
};

/// People beyond this limit stay newcomers.
const KNOWN_MAX: u32 = 100_000;

/// Owners who stay away longer lose the claim.
pub const DEVICE_UNUSED_MS_MAX: i64 = 30 * 24 * 60 * 60 * 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceOwner {
    pub user_id: UserId,
    pub used_at: UnixMillis,
}

pub fn load_device_owners(conn: &Connection) -> rusqlite::Result<Vec<(DeviceId, DeviceOwner)>> {
    const ALL: &str = "SELECT device, user_id, used_at FROM devices";
    let mut statement = conn.prepare(ALL)?;
    let rows = statement.query_map([], |row| {
        let owner = DeviceOwner {
            user_id: id(row, 1)?,
            used_at: UnixMillis(row.get(2)?),
        };
        Ok((read_parsed(row, 0)?, owner))
    })?;
    rows.collect()
}

pub fn device_used(
    conn: &Connection,
    device: &DeviceId,
    owner: DeviceOwner,
) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT OR REPLACE INTO devices (device, user_id, used_at) VALUES (?, ?, ?)";
    let DeviceOwner { user_id, used_at } = owner;
    execute_cached(
        conn,
        PUT,
        params![device.as_str(), &user_id.as_bytes()[..], used_at.0],
    )
}

pub fn device_handed_over(conn: &Connection, device: &DeviceId) -> rusqlite::Result<()> {
    const REMOVE: &str = "DELETE FROM devices WHERE device = ?";
    execute_cached(conn, REMOVE, [device.as_str()])
}

pub fn load_known_people(conn: &Connection) -> rusqlite::Result<Vec<(UserId, UnixMillis)>> {
    const ALL: &str = "SELECT user_id, since FROM known_people LIMIT ?";
    let mut statement = conn.prepare(ALL)?;
    let rows = statement.query_map([KNOWN_MAX], |row| {
        Ok((id(row, 0)?, UnixMillis(row.get(1)?)))
    })?;
    rows.collect()
}

/// Records that the cloud applied the person's command.
pub fn record_known_person(
    conn: &Connection,
    user: UserId,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    const KNOWN: &str = "UPDATE known_people SET last = ? WHERE user_id = ?";
    const PUT: &str = "INSERT INTO known_people (user_id, since, last)
        SELECT ?1, ?2, ?2 WHERE (SELECT count(*) FROM known_people) < ?3";
    let user = &user.as_bytes()[..];
    if conn.prepare_cached(KNOWN)?.execute(params![now.0, user])? == 0 {
        conn.prepare_cached(PUT)?
            .execute(params![user, now.0, KNOWN_MAX])?;
    }
    Ok(())
}

pub fn forget_stale_people(conn: &Connection, now: UnixMillis) -> rusqlite::Result<()> {
    const DEVICES: &str = "DELETE FROM devices WHERE used_at < ?";
    const PEOPLE: &str = "DELETE FROM known_people WHERE last < ?";
    execute_cached(conn, DEVICES, [now.0 - DEVICE_UNUSED_MS_MAX])?;
    execute_cached(conn, PEOPLE, [now.0 - COMMANDS_KEPT_MS])
}
