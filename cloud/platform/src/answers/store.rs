//! Queries for stored responses and key claims, on SQL and MongoDB.

use uuid::Uuid;
use wire::{CommandId, UnixMillis, UserId};

use super::{KEPT_MS, KEYS_OF_ONE_MAX};
use crate::{
    Database, columns,
    documents::DocumentsError,
    row,
    sql::{Columns, Sql, SqlError},
    vals,
};

/// An idempotency key of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdempotencyKey {
    pub person: UserId,
    pub key: CommandId,
}

/// The right to do the work under a key until `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyClaim {
    pub(crate) holder: Uuid,
    pub(crate) until: UnixMillis,
}

/// The state in which a claim found the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ClaimOutcome {
    /// This request now holds the claim.
    Claimed,
    /// Another request does the work.
    Working,
    /// The sealed response.
    Answered(Vec<u8>),
}

columns! {
    struct NewClaim in answers {
        person_id: UserId,
        key_id: CommandId,
        holder: Uuid,
        until_ms: UnixMillis,
        at: UnixMillis,
    }
}

row! {
    struct KeyRow in answers {
        holder: Uuid,
        until_ms: UnixMillis,
        answer: Option<Vec<u8>>,
    }
}

/// Rows that a new claim removes: more than it adds, so the limit holds under concurrent claims.
const OLDEST: usize = 8;

const BY_KEY: &str = "WHERE person_id = ? AND key_id = ?";
const TAKE_OVER: &str = "UPDATE answers SET holder = ?, until_ms = ? \
    WHERE person_id = ? AND key_id = ? AND answer IS NULL AND holder = ? AND until_ms < ?";
const RENEW: &str = "UPDATE answers SET until_ms = ? \
    WHERE person_id = ? AND key_id = ? AND answer IS NULL AND holder = ?";
const ANSWER: &str = "UPDATE answers SET answer = ? \
    WHERE person_id = ? AND key_id = ? AND answer IS NULL AND holder = ?";
const RELEASE: &str =
    "DELETE FROM answers WHERE person_id = ? AND key_id = ? AND answer IS NULL AND holder = ?";
const FORGET: &str = "DELETE FROM answers WHERE person_id = ? AND key_id = ? AND answer = ?";
const BEYOND: &str =
    "SELECT key_id FROM answers WHERE person_id = ? ORDER BY at DESC, key_id LIMIT ? OFFSET ?";
const REMOVE: &str = "DELETE FROM answers WHERE person_id = ? AND key_id = ?";
const PURGE: &str = "DELETE FROM answers WHERE at < ?";

#[derive(Clone)]
pub(crate) struct ResponseStore(pub(crate) Database);

impl ResponseStore {
    /// Claims the key if it is new or its claim has expired.
    pub(crate) async fn claim_key(
        &self,
        idempotency_key: IdempotencyKey,
        claim: KeyClaim,
        now: UnixMillis,
    ) -> Result<ClaimOutcome, DocumentsError> {
        match &self.0 {
            Database::Sql(sql) => Ok(claim_row(sql, idempotency_key, claim, now).await?),
            Database::Mongo(mongo) => mongo.claim_key(idempotency_key, claim, now).await,
        }
    }

    /// Extends the claim; `false` if another request has taken it.
    pub(crate) async fn renew_claim(
        &self,
        idempotency_key: IdempotencyKey,
        claim: KeyClaim,
    ) -> Result<bool, DocumentsError> {
        let IdempotencyKey { person, key } = idempotency_key;
        let sql = match &self.0 {
            Database::Sql(sql) => sql,
            Database::Mongo(mongo) => return mongo.renew_key(idempotency_key, claim).await,
        };
        Ok(sql
            .exec(RENEW, vals![claim.until, person, key, claim.holder])
            .await?
            == 1)
    }

    /// Stores the response; `false` if another request has taken the claim.
    pub(crate) async fn store_response(
        &self,
        idempotency_key: IdempotencyKey,
        holder: Uuid,
        sealed: Vec<u8>,
    ) -> Result<bool, DocumentsError> {
        let IdempotencyKey { person, key } = idempotency_key;
        let sql = match &self.0 {
            Database::Sql(sql) => sql,
            Database::Mongo(mongo) => {
                return mongo.answer_key(idempotency_key, holder, sealed).await;
            }
        };
        Ok(sql.exec(ANSWER, vals![sealed, person, key, holder]).await? == 1)
    }

    /// Releases the claim of a request that changed nothing.
    pub(crate) async fn release_claim(
        &self,
        idempotency_key: IdempotencyKey,
        holder: Uuid,
    ) -> Result<(), DocumentsError> {
        let IdempotencyKey { person, key } = idempotency_key;
        match &self.0 {
            Database::Sql(sql) => sql.exec(RELEASE, vals![person, key, holder]).await?,
            Database::Mongo(mongo) => return mongo.release_key(idempotency_key, holder).await,
        };
        Ok(())
    }

    /// Removes an unreadable response.
    pub(crate) async fn delete_response(
        &self,
        idempotency_key: IdempotencyKey,
        sealed: Vec<u8>,
    ) -> Result<(), DocumentsError> {
        let IdempotencyKey { person, key } = idempotency_key;
        match &self.0 {
            Database::Sql(sql) => sql.exec(FORGET, vals![person, key, sealed]).await?,
            Database::Mongo(mongo) => return mongo.forget_key(idempotency_key, sealed).await,
        };
        Ok(())
    }
}

async fn claim_row(
    sql: &Sql,
    IdempotencyKey { person, key }: IdempotencyKey,
    KeyClaim { holder, until }: KeyClaim,
    now: UnixMillis,
) -> Result<ClaimOutcome, SqlError> {
    let new = NewClaim {
        person_id: person,
        key_id: key,
        holder,
        until_ms: until,
        at: now,
    };
    if sql.insert_new(new).await? {
        remove_beyond(sql, person).await?;
        return Ok(ClaimOutcome::Claimed);
    }
    let found: Option<KeyRow> = sql
        .fetch_optional(KeyRow::select(BY_KEY), vals![person, key])
        .await?;
    let (before, until_ms) = match found {
        Some(KeyRow {
            answer: Some(answer),
            ..
        }) => return Ok(ClaimOutcome::Answered(answer)),
        Some(KeyRow {
            holder,
            until_ms,
            answer: None,
        }) => (holder, until_ms),
        // Released meanwhile: the next attempt claims it.
        None => return Ok(ClaimOutcome::Working),
    };
    if until_ms >= now {
        return Ok(ClaimOutcome::Working);
    }
    let values = vals![holder, until, person, key, before, now];
    let is_taken = sql.exec(TAKE_OVER, values).await? == 1;
    Ok(if is_taken {
        ClaimOutcome::Claimed
    } else {
        ClaimOutcome::Working
    })
}

async fn remove_beyond(sql: &Sql, person: UserId) -> Result<(), SqlError> {
    let beyond: Vec<CommandId> = sql
        .fetch_all(BEYOND, vals![person, OLDEST, KEYS_OF_ONE_MAX])
        .await?;
    for key in beyond {
        sql.exec(REMOVE, vals![person, key]).await?;
    }
    Ok(())
}

pub(crate) async fn purge_expired(sql: &Sql, now: UnixMillis) -> Result<u64, SqlError> {
    sql.exec(PURGE, vals![now.plus_ms(-KEPT_MS)]).await
}
