//! Stores reviews with their votes, reports and ratings, and the answers to edge commands.
//!
//! Invariants: a unique index keeps out a second review of an order; a change applies only to the
//! version that was read, and the changed document holds its event; votes and ratings can be
//! recounted at any time.

mod answers;
mod ratings;
mod reports;
mod search;
mod shapes;
mod sorts;
mod votes;

use platform::{
    StoreError,
    documents::{
        Collection, Document, DocumentPage, Documents, DocumentsError, Find, Scalar, ScalarType,
    },
    sealing::{DataKeys, SealWalk},
};
use process::{clock::Clock, problem::TimeCursor};
use uuid::Uuid;
use wire::{Code, Event, EventType, FileId, Hash, OrderId, ReviewId, UserId};

use crate::domain::{ProviderRating, Review, words_of};

pub use answers::CommandRecord;
pub use reports::{ReviewReport, ToldReport};
pub use search::{FoundReviews, WordSearch};
pub use shapes::{about_provider, at_desk, by_customer, of_order, sorted_about_provider};
pub use sorts::{ReviewPlace, ReviewSort};
pub use votes::HelpfulVote;

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
pub struct ReviewNews {
    pub kind: EventType,
    pub reason: Option<String>,
}

impl ReviewNews {
    pub fn of(kind: EventType) -> Self {
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
    pub async fn check(&self) -> Result<(), DocumentsError> {
        self.documents.check().await?;
        self.reviews.check().await?;
        self.ratings.check().await?;
        self.votes.check().await?;
        self.reports.check().await?;
        self.answers.check().await
    }

    /// Runs one batch of sealing fields which are plain or use a former data key.
    pub async fn seal(&self, walks: &[SealWalk<Uuid>; 2]) -> Result<(), DocumentsError> {
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
        self.derive(&mut review);
        let event = self.event(&ReviewNews::of(EventType::ReviewCreated), id, trace, &review)?;
        let is_new = self.reviews.insert(id.0, &review, &[event]).await?;
        Ok(is_new.then_some((id, review)))
    }

    /// Stores many reviews without events, for load tests.
    pub async fn fill(&self, reviews: Vec<Review>) -> Result<(), StoreError> {
        let with_words = reviews.into_iter().map(|mut review| {
            self.derive(&mut review);
            (self.clock.new_id(), review)
        });
        self.reviews.insert_new(&with_words.collect::<Vec<_>>()).await?;
        Ok(())
    }

    pub async fn get(&self, id: ReviewId) -> Result<Option<Review>, StoreError> {
        Ok(self.reviews.get(id.0).await?.map(|found| found.body))
    }

    pub async fn of_order(&self, order: OrderId) -> Result<Option<(ReviewId, Review)>, StoreError> {
        let found = self.reviews.find(&of_order(order)).await?;
        Ok(found.into_iter().next().map(|found| (ReviewId(found.id), found.body)))
    }

    pub async fn page(&self, find: Find) -> Result<DocumentPage<Review>, StoreError> {
        Ok(self.reviews.page(find).await?)
    }

    /// Changes a review unless its revision differs from `read`.
    pub async fn change(
        &self,
        id: ReviewId,
        read: Option<i64>,
        trace: &str,
        mut change: impl FnMut(&mut Review) -> Result<Option<ReviewNews>, Code>,
    ) -> Result<Review, ReviewRefusal> {
        let mut instead = Err(ReviewRefusal::Refused(Code::NotFound));
        let changed = self.reviews.change(id.0, |mut review| {
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
            self.derive(&mut review);
            match self.event(&news, id, trace, &review) {
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
    pub async fn names(&self, image: FileId) -> Result<bool, StoreError> {
        Ok(self.reviews.count(&shapes::with_image(image)).await? > 0)
    }

    fn derive(&self, review: &mut Review) {
        let words = words_of(&review.comment);
        review.words = words.iter().map(|word| self.word_hash(word)).collect();
    }

    /// Hashes a search term: the index reveals only equality, not the text.
    fn word_hash(&self, word: &str) -> String {
        let mut first = [0; 8];
        first.copy_from_slice(&self.keys.hash(WORDS, word)[..8]);
        format!("{:016x}", u64::from_be_bytes(first))
    }

    fn event(
        &self,
        ReviewNews { kind, reason }: &ReviewNews,
        id: ReviewId,
        trace: &str,
        review: &Review,
    ) -> Result<Event, StoreError> {
        let told = review.told(id, reason.clone());
        Ok(Event::new(self.clock.new_id().into(), *kind, self.clock.now(), trace, &told)?)
    }
}

/// The document id of a person's single vote or report on a review, equal for each repeat.
fn once(review: ReviewId, user: UserId) -> Uuid {
    let hash = Hash::of(&[*review.as_bytes(), *user.as_bytes()].concat());
    let mut id = [0; 16];
    id.copy_from_slice(&hash.0[..16]);
    Uuid::from_bytes(id)
}

/// The position after a review in a list ordered by time.
fn behind(after: Option<TimeCursor>) -> Option<Vec<Scalar>> {
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
