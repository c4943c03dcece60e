//! Stores reviews with their votes, reports and ratings, and the answers to edge commands.
//!
//! Invariants: a unique index keeps out a second review of an order; a change applies only to the
//! version that was read, and the changed document holds its event; votes and ratings can be
//! recounted at any time. Answers to edge commands are
//! kept permanently: a repeated command gets its first answer, by any path.

mod erasure;
mod feedback;
mod queries;

use platform::{
    StoreError,
    documents::{
        Collection, CollectionSchema, Document, DocumentBody, DocumentPage, Documents,
        DocumentsError, IndexQuery, Scalar, ScalarType, millis,
    },
    sealing::{DataKeys, TableResealer},
};
use process::{clock::Clock, problem::TimeCursor};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::{
    Code, CommandId, Event, EventType, FileId, Hash, OrderId, ReviewId, UnixMillis, UserId,
};

use crate::domain::{ProviderRating, Review, extract_terms};

pub use feedback::{HelpfulVote, ReviewReport, ToldReport};
pub use queries::{
    FoundReviews, ReviewCursor, ReviewSearch, ReviewSort, customer_reviews_query,
    moderation_queue_query, order_review_query, provider_reviews_query,
    sorted_provider_reviews_query,
};

/// The key context for hashing search terms. Independent of the collection's name.
const WORDS: &str = "review.words";

#[derive(Clone)]
pub struct ReviewStore {
    documents: Documents,
    reviews: Collection<Review>,
    ratings: Collection<ProviderRating>,
    votes: Collection<HelpfulVote>,
    reports: Collection<ReviewReport>,
    answers: Collection<CommandRecord>,
    keys: DataKeys,
    clock: Clock,
}

#[derive(Debug)]
pub enum ReviewRefusal {
    /// The review's current revision.
    Stale(i64),
    Refused(Code),
    Failed(StoreError),
}

/// The event to write with a change. Without one, the change is dropped.
pub struct ReviewEventDraft {
    pub kind: EventType,
    pub reason: Option<String>,
}

impl ReviewEventDraft {
    pub fn from_kind(kind: EventType) -> Self {
        Self { kind, reason: None }
    }
}

impl ReviewStore {
    pub fn new(documents: &Documents, keys: &DataKeys, clock: Clock) -> Self {
        Self {
            documents: documents.clone(),
            reviews: Collection::new(documents, "reviews"),
            ratings: Collection::new(documents, "ratings"),
            votes: Collection::new(documents, "votes"),
            reports: Collection::new(documents, "reports"),
            answers: Collection::new(documents, "command_answers"),
            keys: keys.clone(),
            clock,
        }
    }

    /// Creates collections and indexes; safe to repeat.
    pub async fn migrate(&self) -> Result<(), DocumentsError> {
        self.documents.migrate().await?;
        self.reviews.migrate().await?;
        self.ratings.migrate().await?;
        self.votes.migrate().await?;
        self.reports.migrate().await?;
        self.answers.migrate().await
    }

    /// Fails if `migrate` has not run for this schema.
    pub async fn check_schema(&self) -> Result<(), DocumentsError> {
        self.documents.check_schema().await?;
        self.reviews.check_schema().await?;
        self.ratings.check_schema().await?;
        self.votes.check_schema().await?;
        self.reports.check_schema().await?;
        self.answers.check_schema().await
    }

    /// Runs one batch of sealing fields which are plain or use a former data key.
    pub async fn reseal_reviews(
        &self,
        walks: &[TableResealer<Uuid>; 2],
    ) -> Result<(), DocumentsError> {
        self.reviews.seal_stale(&walks[0]).await?;
        self.reports.seal_stale(&walks[1]).await
    }

    pub async fn ping(&self) -> Result<(), StoreError> {
        Ok(self.documents.ping().await?)
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub fn reviews(&self) -> &Collection<Review> {
        &self.reviews
    }

    /// Stores a review with its event. Returns `None` if the order already has one.
    pub async fn add(
        &self,
        mut review: Review,
        trace: &str,
    ) -> Result<Option<(ReviewId, Review)>, StoreError> {
        let id = ReviewId(self.clock.new_id());
        self.refresh_search_terms(&mut review);
        let event = self.build_event(
            &ReviewEventDraft::from_kind(EventType::ReviewCreated),
            id,
            trace,
            &review,
        )?;
        let is_new = self.reviews.insert(id.0, &review, &[event]).await?;
        Ok(is_new.then_some((id, review)))
    }

    /// Stores many reviews without events, for load tests.
    pub async fn insert_without_events(&self, reviews: Vec<Review>) -> Result<(), StoreError> {
        let with_words = reviews.into_iter().map(|mut review| {
            self.refresh_search_terms(&mut review);
            (self.clock.new_id(), review)
        });
        self.reviews
            .insert_new(&with_words.collect::<Vec<_>>())
            .await?;
        Ok(())
    }

    pub async fn get(&self, id: ReviewId) -> Result<Option<Review>, StoreError> {
        Ok(self.reviews.get(id.0).await?.map(|found| found.body))
    }

    pub async fn find_by_order(
        &self,
        order: OrderId,
    ) -> Result<Option<(ReviewId, Review)>, StoreError> {
        let found = self
            .reviews
            .find_documents(&order_review_query(order))
            .await?;
        Ok(found
            .into_iter()
            .next()
            .map(|found| (ReviewId(found.id), found.body)))
    }

    pub async fn page_reviews(
        &self,
        query: IndexQuery,
    ) -> Result<DocumentPage<Review>, StoreError> {
        Ok(self.reviews.find_page(query).await?)
    }

    /// Changes a review unless its revision differs from `read`.
    pub async fn change_review(
        &self,
        id: ReviewId,
        read: Option<i64>,
        trace: &str,
        mut change: impl FnMut(&mut Review) -> Result<Option<ReviewEventDraft>, Code>,
    ) -> Result<Review, ReviewRefusal> {
        let mut instead = Err(ReviewRefusal::Refused(Code::NotFound));
        let changed = self.reviews.change_with_retry(id.0, |mut review| {
            let stale = read.filter(|read| *read != review.revision);
            if stale.is_some() {
                instead = Err(ReviewRefusal::Stale(review.revision));
                return None;
            }
            let news = match change(&mut review) {
                Ok(Some(news)) => news,
                Ok(None) => {
                    instead = Ok(review);
                    return None;
                }
                Err(code) => {
                    instead = Err(ReviewRefusal::Refused(code));
                    return None;
                }
            };
            review.revision += 1;
            review.updated_at = self.clock.now();
            self.refresh_search_terms(&mut review);
            match self.build_event(&news, id, trace, &review) {
                Ok(event) => Some((review, vec![event])),
                Err(error) => {
                    instead = Err(error.into());
                    None
                }
            }
        });
        match changed.await? {
            Some(Document { body, .. }) => Ok(body),
            None => instead,
        }
    }

    /// Returns true if a review uses the picture.
    pub async fn references_picture(&self, image: FileId) -> Result<bool, StoreError> {
        Ok(self
            .reviews
            .count_documents(&queries::image_query(image))
            .await?
            > 0)
    }

    fn refresh_search_terms(&self, review: &mut Review) {
        let words = extract_terms(&review.comment);
        review.words = words.iter().map(|word| self.word_hash(word)).collect();
    }

    /// Hashes a search term: the index reveals only equality, not the text.
    fn word_hash(&self, word: &str) -> String {
        let mut first = [0; 8];
        first.copy_from_slice(&self.keys.hash(WORDS, word)[..8]);
        format!("{:016x}", u64::from_be_bytes(first))
    }

    fn build_event(
        &self,
        ReviewEventDraft { kind, reason }: &ReviewEventDraft,
        id: ReviewId,
        trace: &str,
        review: &Review,
    ) -> Result<Event, StoreError> {
        let told = review.to_review_event(id, reason.clone());
        Ok(Event::new(
            self.clock.new_id().into(),
            *kind,
            self.clock.now(),
            trace,
            &told,
        )?)
    }
}

/// The answer to an edge command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandRecord {
    pub user_id: UserId,
    pub order_id: OrderId,
    /// The hash of the command's body.
    pub hash: Hash,
    /// The position in the edge's log from which it was decided.
    pub op: String,
    /// The reason for refusing; `None` if a review was stored.
    #[serde(default)]
    pub code: Option<Code>,
    #[serde(with = "millis")]
    pub decided_at: UnixMillis,
}

impl DocumentBody for CommandRecord {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[],
        indexes: &[],
    };
}

impl ReviewStore {
    pub async fn find_answer(
        &self,
        command: CommandId,
    ) -> Result<Option<CommandRecord>, StoreError> {
        Ok(self.answers.get(command.0).await?.map(|kept| kept.body))
    }

    /// Stores an answer and returns the stored one, which may come from a faster replica.
    pub async fn store_answer(
        &self,
        command: CommandId,
        answer: CommandRecord,
    ) -> Result<CommandRecord, StoreError> {
        if self.answers.insert(command.0, &answer, &[]).await? {
            return Ok(answer);
        }
        let kept = self.find_answer(command).await?;
        kept.ok_or(StoreError::Contradiction(
            "the stored answer of a command is missing",
        ))
    }
}

/// The document id of a person's single vote or report on a review, equal for each repeat.
fn derive_per_person_id(review: ReviewId, user: UserId) -> Uuid {
    let hash = Hash::digest_bytes(&[*review.as_bytes(), *user.as_bytes()].concat());
    let mut id = [0; 16];
    id.copy_from_slice(&hash.0[..16]);
    Uuid::from_bytes(id)
}

/// The position after a review in a list ordered by time.
fn cursor_scalars(after: Option<TimeCursor>) -> Option<Vec<Scalar>> {
    after.map(|after| vec![after.at.scalar(), after.id.scalar()])
}

impl From<StoreError> for ReviewRefusal {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl From<DocumentsError> for ReviewRefusal {
    fn from(error: DocumentsError) -> Self {
        Self::Failed(error.into())
    }
}
