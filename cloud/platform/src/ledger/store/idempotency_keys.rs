//! Idempotency keys with their claims and stored responses: the table `answers` on SQL, a
//! collection on MongoDB.

use mongodb::{
    IndexModel,
    bson::{Binary, Bson, DateTime, Document, doc, spec::BinarySubtype},
    options::IndexOptions,
};
use uuid::Uuid;
use wire::{CommandId, UnixMillis, UserId};

use crate::{
    columns,
    documents::{DocumentsError, Mongo, false_if_duplicate, mongo::uuid_to_bson},
    ledger::Database,
    row,
    sql::{Columns, Sql, SqlError},
    vals,
};

/// Responses are kept for two days; a later repeat runs again.
pub(crate) const KEPT_MS: i64 = 2 * 24 * 60 * 60 * 1000;
/// Beyond this many keys per person, the oldest go first; their repeats run again.
const KEYS_OF_ONE_MAX: usize = 2_000;

/// An idempotency key of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IdempotencyKey {
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
const GIVE_UP: &str =
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

    /// Gives up the claim of a request that changed nothing.
    pub(crate) async fn give_up_claim(
        &self,
        idempotency_key: IdempotencyKey,
        holder: Uuid,
    ) -> Result<(), DocumentsError> {
        let IdempotencyKey { person, key } = idempotency_key;
        match &self.0 {
            Database::Sql(sql) => sql.exec(GIVE_UP, vals![person, key, holder]).await?,
            Database::Mongo(mongo) => return mongo.give_up_key(idempotency_key, holder).await,
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
        // Given up meanwhile: the next attempt claims it.
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

pub(in crate::ledger) const ANSWERS: &str = "_answers";
pub(in crate::ledger) const NEWEST: &str = "newest";

impl Mongo {
    pub(in crate::ledger) async fn index_answers(&self) -> Result<(), DocumentsError> {
        let options = IndexOptions::builder().name(NEWEST.to_owned()).build();
        let index = IndexModel::builder()
            .keys(doc! {"_id.person": 1, "at": -1})
            .options(options);
        self.collection(ANSWERS).create_index(index.build()).await?;
        Ok(())
    }

    async fn claim_key(
        &self,
        idempotency_key: IdempotencyKey,
        KeyClaim { holder, until }: KeyClaim,
        now: UnixMillis,
    ) -> Result<ClaimOutcome, DocumentsError> {
        let answers = self.collection(ANSWERS);
        let new = doc! {
            "_id": key_id(idempotency_key), "holder": uuid_to_bson(holder), "until_ms": until.0, "at": DateTime::from_millis(now.0),
        };
        let inserted = answers.insert_one(new).await;
        if false_if_duplicate(inserted.map(|_| true).map_err(Into::into))? {
            self.remove_beyond(idempotency_key.person).await?;
            return Ok(ClaimOutcome::Claimed);
        }
        match answers
            .find_one(doc! {"_id": key_id(idempotency_key)})
            .await?
        {
            Some(found) if found.contains_key("answer") => {
                // A binary of another subtype reads as empty, which cannot be opened.
                let sealed = found.get_binary_generic("answer").cloned();
                return Ok(ClaimOutcome::Answered(sealed.unwrap_or_default()));
            }
            Some(_) => {}
            // Given up meanwhile: the next attempt claims it.
            None => return Ok(ClaimOutcome::Working),
        }
        let lapsed = doc! {
            "_id": key_id(idempotency_key), "answer": {"$exists": false}, "until_ms": {"$lt": now.0},
        };
        let taken = doc! {"$set": {"holder": uuid_to_bson(holder), "until_ms": until.0}};
        let is_taken = answers.update_one(lapsed, taken).await?.matched_count == 1;
        Ok(if is_taken {
            ClaimOutcome::Claimed
        } else {
            ClaimOutcome::Working
        })
    }

    async fn renew_key(
        &self,
        idempotency_key: IdempotencyKey,
        KeyClaim { holder, until }: KeyClaim,
    ) -> Result<bool, DocumentsError> {
        let later = doc! {"$set": {"until_ms": until.0}};
        let done = self
            .collection(ANSWERS)
            .update_one(filter_by_holder(idempotency_key, holder), later)
            .await?;
        Ok(done.matched_count == 1)
    }

    async fn answer_key(
        &self,
        idempotency_key: IdempotencyKey,
        holder: Uuid,
        sealed: Vec<u8>,
    ) -> Result<bool, DocumentsError> {
        let answered = doc! {"$set": {"answer": bytes_to_bson(sealed)}};
        let done = self
            .collection(ANSWERS)
            .update_one(filter_by_holder(idempotency_key, holder), answered)
            .await?;
        Ok(done.matched_count == 1)
    }

    async fn give_up_key(
        &self,
        idempotency_key: IdempotencyKey,
        holder: Uuid,
    ) -> Result<(), DocumentsError> {
        self.collection(ANSWERS)
            .delete_one(filter_by_holder(idempotency_key, holder))
            .await?;
        Ok(())
    }

    async fn forget_key(
        &self,
        idempotency_key: IdempotencyKey,
        sealed: Vec<u8>,
    ) -> Result<(), DocumentsError> {
        let unread = doc! {"_id": key_id(idempotency_key), "answer": bytes_to_bson(sealed)};
        self.collection(ANSWERS).delete_one(unread).await?;
        Ok(())
    }

    async fn remove_beyond(&self, person: UserId) -> Result<(), DocumentsError> {
        let answers = self.collection(ANSWERS);
        let of_person = doc! {"_id.person": uuid_to_bson(person.0)};
        let found = answers
            .find(of_person)
            .sort(doc! {"at": -1})
            .skip(KEYS_OF_ONE_MAX as u64);
        let mut beyond = found.limit(1).projection(doc! {"at": 1}).await?;
        if beyond.advance().await? {
            let oldest: Document = beyond.deserialize_current()?;
            let at = oldest.get("at").cloned().unwrap_or(Bson::Null);
            let older = doc! {"_id.person": uuid_to_bson(person.0), "at": {"$lte": at}};
            answers.delete_many(older).await?;
        }
        Ok(())
    }
}

fn key_id(IdempotencyKey { person, key }: IdempotencyKey) -> Document {
    doc! {"person": uuid_to_bson(person.0), "key": uuid_to_bson(key.0)}
}

/// This holder's claim, while it has no answer.
fn filter_by_holder(idempotency_key: IdempotencyKey, holder: Uuid) -> Document {
    doc! {"_id": key_id(idempotency_key), "holder": uuid_to_bson(holder), "answer": {"$exists": false}}
}

fn bytes_to_bson(bytes: Vec<u8>) -> Bson {
    Bson::Binary(Binary {
        subtype: BinarySubtype::Generic,
        bytes,
    })
}
