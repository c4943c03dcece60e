//! Stores the sources of this edge's trust: the keys that verify access tokens without the cloud,
//! the hub's public key, revocations, verification marks, the owners of devices, and the people
//! past newcomer status.

use journal::JournalError;
use rusqlite::{Connection, OptionalExtension, Row, params};
use wire::{
    DeviceId, Hash, HubKey, ProviderVerification, RevocationStatus, SessionId, UnixMillis, UserId,
};

use super::{
    Store, StoreWriteResult,
    log::COMMANDS_KEPT_MS,
    sql::{execute_cached, id, read_parsed, read_u64, to_sql_int},
};

type DevicesAndPeople = (Vec<(DeviceId, DeviceOwner)>, Vec<(UserId, UnixMillis)>);

#[derive(Debug, Default)]
pub struct Trust {
    pub enrolled: bool,
    pub known: TrustUpdate,
    /// When the feed last confirmed that there are no further revocations, by this machine's clock.
    pub feed_confirmed_at: Option<UnixMillis>,
    /// The used enrolment code.
    pub code: Option<Hash>,
}

#[derive(Debug, Default)]
pub struct TrustUpdate {
    pub jwks: Option<String>,
    pub revoked_sessions: Vec<SessionId>,
    /// People with a revocation, current or past.
    pub people: Vec<RevocationStatus>,
    /// Providers with a verification, current or past.
    pub marks: Vec<ProviderVerification>,
}

/// The sign-in that the authenticator accepted.
#[derive(Debug, Clone, Copy)]
pub struct AdmittedSession {
    pub session: SessionId,
    pub issued_at: UnixMillis,
    /// The token's verification mark, if the action requires a verified provider.
    pub verification: Option<ProviderVerification>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceOwner {
    pub user_id: UserId,
    pub used_at: UnixMillis,
}

/// Longer than the lifetime of any token, including a device's grant.
const TOKEN_LIVES_MS_MAX: i64 = 31 * 24 * 60 * 60 * 1_000;
/// People beyond this limit stay newcomers.
const KNOWN_MAX: u32 = 100_000;
/// Owners who stay away longer lose the claim.
pub const DEVICE_UNUSED_MS_MAX: i64 = 30 * 24 * 60 * 60 * 1_000;

impl Store {
    pub async fn confirm_feed(&self, now: UnixMillis) -> StoreWriteResult<()> {
        self.journal
            .write(move |conn, _| confirm_feed(conn, now))
            .await
    }

    pub async fn save_enrolment(
        &self,
        jwks: String,
        hub: Option<HubKey>,
        now: UnixMillis,
    ) -> StoreWriteResult<()> {
        self.journal
            .write(move |conn, _| save_enrolment(conn, &jwks, hub, now))
            .await
    }

    /// Marks the enrolment code as used, even if it brought no key.
    pub async fn save_used_code(&self, code: Hash) -> StoreWriteResult<()> {
        self.journal
            .write(move |conn, _| save_used_code(conn, code))
            .await
    }

    /// From now on this edge trusts only this hub key.
    pub async fn pin_hub(&self, key: HubKey) -> StoreWriteResult<()> {
        self.journal.write(move |conn, _| pin_hub(conn, key)).await
    }

    /// Forgets people who stayed away long; returns the revoked sessions that it dropped.
    pub async fn forget_people(&self, now: UnixMillis) -> StoreWriteResult<Vec<SessionId>> {
        self.journal
            .write(move |conn, _| {
                forget_stale_people(conn, now)?;
                forget_sessions(conn, now)
            })
            .await
    }

    pub async fn save_device_use(
        &self,
        device: DeviceId,
        owner: DeviceOwner,
    ) -> StoreWriteResult<()> {
        self.journal
            .write(move |conn, _| save_device_use(conn, &device, owner))
            .await
    }

    pub async fn delete_device_owner(&self, device: DeviceId) -> StoreWriteResult<()> {
        self.journal
            .write(move |conn, _| delete_device_owner(conn, &device))
            .await
    }

    pub async fn load_trust(&self) -> Result<Trust, JournalError> {
        self.journal.read(load_trust).await
    }

    pub async fn load_hub_key(&self) -> Result<Option<HubKey>, JournalError> {
        self.journal.read(load_hub_key).await
    }

    /// Device owners, and when people passed newcomer status.
    pub async fn load_people(&self) -> Result<DevicesAndPeople, JournalError> {
        self.journal
            .read(|conn| Ok((load_device_owners(conn)?, load_known_people(conn)?)))
            .await
    }
}

fn load_trust(conn: &Connection) -> rusqlite::Result<Trust> {
    const ROW: &str = "SELECT enrolled_at IS NOT NULL, nullif(jwks, ''), code_hash
        FROM edge WHERE one = 1";
    conn.query_row(ROW, [], |row| {
        let known = TrustUpdate {
            jwks: row.get(1)?,
            revoked_sessions: load_revoked_sessions(conn)?,
            people: load_people(conn)?,
            marks: load_marks(conn)?,
        };
        let enrolled = row.get(0)?;
        let code = row.get::<_, Option<[u8; 32]>>(2)?.map(Hash);
        Ok(Trust {
            enrolled,
            known,
            feed_confirmed_at: load_feed_confirmed_at(conn)?,
            code,
        })
    })
}

pub(super) fn load_feed_confirmed_at(conn: &Connection) -> rusqlite::Result<Option<UnixMillis>> {
    const AT: &str = "SELECT at FROM feed_confirmed WHERE one = 1";
    conn.prepare_cached(AT)?
        .query_row([], |row| row.get(0).map(UnixMillis))
        .optional()
}

fn confirm_feed(conn: &Connection, now: UnixMillis) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT OR REPLACE INTO feed_confirmed (one, at) VALUES (1, ?)";
    execute_cached(conn, PUT, [now.0])
}

fn save_enrolment(
    conn: &Connection,
    jwks: &str,
    hub: Option<HubKey>,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    const PUT: &str = "UPDATE edge SET jwks = ?, enrolled_at = ? WHERE one = 1";
    conn.execute(PUT, params![jwks, now.0])?;
    hub.map_or(Ok(()), |key| pin_hub(conn, key))
}

/// A used code cannot enrol another key.
fn save_used_code(conn: &Connection, code: Hash) -> rusqlite::Result<()> {
    const PUT: &str = "UPDATE edge SET code_hash = ? WHERE one = 1";
    execute_cached(conn, PUT, [&code.0[..]])
}

fn pin_hub(conn: &Connection, key: HubKey) -> rusqlite::Result<()> {
    const PUT: &str = "UPDATE edge SET hub_key = ? WHERE one = 1";
    execute_cached(conn, PUT, [&key.0[..]])
}

fn load_hub_key(conn: &Connection) -> rusqlite::Result<Option<HubKey>> {
    const KEY: &str = "SELECT hub_key FROM edge WHERE one = 1";
    let key: Option<[u8; 32]> = conn.query_row(KEY, [], |row| row.get(0))?;
    Ok(key.map(HubKey))
}

/// Drops and returns sessions whose tokens have all expired.
fn forget_sessions(conn: &Connection, now: UnixMillis) -> rusqlite::Result<Vec<SessionId>> {
    const FORGET: &str = "DELETE FROM revoked WHERE kind = 'session' AND heard_at < ? RETURNING id";
    let mut statement = conn.prepare(FORGET)?;
    statement
        .query_map([now.0 - TOKEN_LIVES_MS_MAX], |row| id(row, 0))?
        .collect()
}

pub(super) fn revoke_session(
    conn: &Connection,
    session: SessionId,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT OR IGNORE INTO revoked (kind, id, heard_at) VALUES ('session', ?, ?)";
    execute_cached(conn, PUT, params![&session.as_bytes()[..], now.0])
}

pub(super) fn merge_person_revocation(
    conn: &Connection,
    revocation: RevocationStatus,
    now: UnixMillis,
) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT INTO revoked (kind, id, heard_at, at, tokens_since)
        VALUES ('user', ?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET
        at = max(at, excluded.at), tokens_since = max(tokens_since, excluded.tokens_since)";
    let RevocationStatus {
        user,
        revoked_at,
        tokens_since,
    } = revocation;
    execute_cached(
        conn,
        PUT,
        params![&user.as_bytes()[..], now.0, revoked_at.0, tokens_since.0],
    )
}

/// The newer version wins; at equal versions the unverified mark wins.
pub(super) fn merge_verification_mark(
    conn: &Connection,
    verification: ProviderVerification,
) -> rusqlite::Result<()> {
    const PUT: &str = "INSERT INTO provider_marks (user_id, version, verified) VALUES (?, ?, ?)
        ON CONFLICT (user_id) DO UPDATE SET version = excluded.version, verified = excluded.verified
        WHERE version < excluded.version
        OR version = excluded.version AND verified > excluded.verified";
    let ProviderVerification {
        user,
        version,
        verified,
    } = verification;
    execute_cached(
        conn,
        PUT,
        params![&user.as_bytes()[..], to_sql_int(version), verified],
    )
}

/// True if the file's revocations and marks also let the person in.
pub(super) fn is_admitted(
    conn: &Connection,
    user: UserId,
    by: &AdmittedSession,
) -> rusqlite::Result<bool> {
    const SESSION: &str = "SELECT EXISTS (SELECT 1 FROM revoked WHERE kind = 'session' AND id = ?)";
    let ended: bool = conn
        .prepare_cached(SESSION)?
        .query_row([&by.session.as_bytes()[..]], |row| row.get(0))?;
    const PERSON: &str = "SELECT id, at, tokens_since FROM revoked WHERE kind = 'user' AND id = ?";
    const MARK: &str = "SELECT user_id, version, verified FROM provider_marks WHERE user_id = ?";
    let user = [&user.as_bytes()[..]];
    let known = conn
        .prepare_cached(PERSON)?
        .query_row(user, read_person)
        .optional()?;
    if ended || known.is_some_and(|known| known.refuses_token(by.issued_at)) {
        return Ok(false);
    }
    let Some(claimed) = by.verification else {
        return Ok(true);
    };
    let known = conn
        .prepare_cached(MARK)?
        .query_row(user, read_mark)
        .optional()?;
    Ok(known
        .map_or(claimed, |known| known.merge_with(claimed))
        .verified)
}

fn load_marks(conn: &Connection) -> rusqlite::Result<Vec<ProviderVerification>> {
    const ROWS: &str = "SELECT user_id, version, verified FROM provider_marks";
    let mut statement = conn.prepare(ROWS)?;
    statement.query_map([], read_mark)?.collect()
}

fn read_mark(row: &Row<'_>) -> rusqlite::Result<ProviderVerification> {
    Ok(ProviderVerification {
        user: id(row, 0)?,
        version: read_u64(row, 1)?,
        verified: row.get(2)?,
    })
}

fn load_revoked_sessions(conn: &Connection) -> rusqlite::Result<Vec<SessionId>> {
    const IDS: &str = "SELECT id FROM revoked WHERE kind = 'session'";
    let mut statement = conn.prepare(IDS)?;
    statement.query_map([], |row| id(row, 0))?.collect()
}

fn load_people(conn: &Connection) -> rusqlite::Result<Vec<RevocationStatus>> {
    const ROWS: &str = "SELECT id, at, tokens_since FROM revoked WHERE kind = 'user'";
    let mut statement = conn.prepare(ROWS)?;
    statement.query_map([], read_person)?.collect()
}

fn read_person(row: &Row<'_>) -> rusqlite::Result<RevocationStatus> {
    let revoked_at = UnixMillis(row.get(1)?);
    let tokens_since = UnixMillis(row.get(2)?);
    Ok(RevocationStatus {
        user: id(row, 0)?,
        revoked_at,
        tokens_since,
    })
}

fn load_device_owners(conn: &Connection) -> rusqlite::Result<Vec<(DeviceId, DeviceOwner)>> {
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

fn save_device_use(
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

fn delete_device_owner(conn: &Connection, device: &DeviceId) -> rusqlite::Result<()> {
    const REMOVE: &str = "DELETE FROM devices WHERE device = ?";
    execute_cached(conn, REMOVE, [device.as_str()])
}

fn load_known_people(conn: &Connection) -> rusqlite::Result<Vec<(UserId, UnixMillis)>> {
    const ALL: &str = "SELECT user_id, since FROM known_people LIMIT ?";
    let mut statement = conn.prepare(ALL)?;
    let rows = statement.query_map([KNOWN_MAX], |row| {
        Ok((id(row, 0)?, UnixMillis(row.get(1)?)))
    })?;
    rows.collect()
}

/// Records that the cloud applied the person's command.
pub(super) fn record_known_person(
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

fn forget_stale_people(conn: &Connection, now: UnixMillis) -> rusqlite::Result<()> {
    const DEVICES: &str = "DELETE FROM devices WHERE used_at < ?";
    const PEOPLE: &str = "DELETE FROM known_people WHERE last < ?";
    execute_cached(conn, DEVICES, [now.0 - DEVICE_UNUSED_MS_MAX])?;
    execute_cached(conn, PEOPLE, [now.0 - COMMANDS_KEPT_MS])
}
