//! Idempotency keys with their stored answers on MongoDB: the counterpart of the table `answers`.

use mongodb::{
    IndexModel,
    bson::{Binary, Bson, DateTime, Document, doc, spec::BinarySubtype},
    options::IndexOptions,
};
use uuid::Uuid;
use wire::{UnixMillis, UserId};

use super::{DocumentsError, Mongo, error::unless_unique, mongo::uuid_to_bson};
use crate::answers::{ClaimOutcome, IdempotencyKey, KEYS_OF_ONE_MAX, KeyClaim};

pub(super) const ANSWERS: &str = "_answers";
pub(super) const NEWEST: &str = "newest";

impl Mongo {
    pub(super) async fn index_answers(&self) -> Result<(), DocumentsError> {
        let options = IndexOptions::builder().name(NEWEST.to_owned()).build();
        let index = IndexModel::builder()
            .keys(doc! {"_id.person": 1, "at": -1})
            .options(options);
        self.collection(ANSWERS).create_index(index.build()).await?;
        Ok(())
    }

    pub(crate) async fn claim_key(
        &self,
        idempotency_key: IdempotencyKey,
        KeyClaim { holder, until }: KeyClaim,
        now: UnixMillis,
    ) -> Result<ClaimOutcome, DocumentsError> {
        let answers = self.collection(ANSWERS);
        let new = doc! {
            "_id": id(idempotency_key), "holder": uuid_to_bson(holder), "until_ms": until.0, "at": DateTime::from_millis(now.0),
        };
        let inserted = answers.insert_one(new).await;
        if unless_unique(inserted.map(|_| true).map_err(Into::into))? {
            self.remove_beyond(idempotency_key.person).await?;
            return Ok(ClaimOutcome::Claimed);
        }
        match answers.find_one(doc! {"_id": id(idempotency_key)}).await? {
            Some(found) if found.contains_key("answer") => {
                // A binary of another subtype reads as empty, which cannot be opened.
                let sealed = found.get_binary_generic("answer").cloned();
                return Ok(ClaimOutcome::Answered(sealed.unwrap_or_default()));
            }
            Some(_) => {}
            // Released in the meantime; the next attempt claims it.
            None => return Ok(ClaimOutcome::Working),
        }
        let lapsed = doc! {
            "_id": id(idempotency_key), "answer": {"$exists": false}, "until_ms": {"$lt": now.0},
        };
        let taken = doc! {"$set": {"holder": uuid_to_bson(holder), "until_ms": until.0}};
        let is_taken = answers.update_one(lapsed, taken).await?.matched_count == 1;
        Ok(if is_taken {
            ClaimOutcome::Claimed
        } else {
            ClaimOutcome::Working
        })
    }

    pub(crate) async fn renew_key(
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

    pub(crate) async fn answer_key(
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

    pub(crate) async fn release_key(
        &self,
        idempotency_key: IdempotencyKey,
        holder: Uuid,
    ) -> Result<(), DocumentsError> {
        self.collection(ANSWERS)
            .delete_one(filter_by_holder(idempotency_key, holder))
            .await?;
        Ok(())
    }

    pub(crate) async fn forget_key(
        &self,
        idempotency_key: IdempotencyKey,
        sealed: Vec<u8>,
    ) -> Result<(), DocumentsError> {
        let unread = doc! {"_id": id(idempotency_key), "answer": bytes_to_bson(sealed)};
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

fn id(IdempotencyKey { person, key }: IdempotencyKey) -> Document {
    doc! {"person": uuid_to_bson(person.0), "key": uuid_to_bson(key.0)}
}

/// This holder's claim, while it has no answer.
fn filter_by_holder(idempotency_key: IdempotencyKey, holder: Uuid) -> Document {
    doc! {"_id": id(idempotency_key), "holder": uuid_to_bson(holder), "answer": {"$exists": false}}
}

fn bytes_to_bson(bytes: Vec<u8>) -> Bson {
    Bson::Binary(Binary {
        subtype: BinarySubtype::Generic,
        bytes,
    })
}
