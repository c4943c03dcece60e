//! Owns where reviews are kept, with their votes, their reports, the ratings that they add up to,
//! and the answers to edges' commands.
//!
//! Invariants: one index keeps a second review of an order out; a change is made on the version
//! that was read, with its event in the changed document; votes and ratings can be counted anew at
//! any time.

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

/// For the hashes of words, whatever the collection is called.
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

/// Why a change is not made.
#[derive(Debug)]
pub enum ReviewRefusal {
    /// The review has this revision by now.
    Stale(i64),
    Refused(Code),
    Failed(StoreError),
}

/// What a change tells; without it nothing is changed.
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

    /// Makes collections and indexes; safe to repeat.
    pub async fn migrate(&self) -> Result<(), DocumentsError> {
        self.documents.migrate().await?;
        self.reviews.migrate().await?;
        self.ratings.migrate().await?;
        self.votes.migrate().await?;
        self.reports.migrate().await?;
        self.answers.migrate().await
    }

    /// Refuses a store that `migrate` has not brought up to date.
    pub async fn check(&self) -> Result<(), DocumentsError> {
        self.documents.check().await?;
        self.reviews.check().await?;
        self.ratings.check().await?;
        self.votes.check().await?;
        self.reports.check().await?;
        self.answers.check().await
    }

    /// One turn of the job that seals what is plain, or of a former data key.
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

    /// Keeps a review with its event. `None`: the order has one.
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

    /// Keeps many without a word to anybody: for tests of size.
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

    /// Changes a review if it still has the revision that `read` names.
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

    /// Returns whether a review names the picture.
    pub async fn names(&self, image: FileId) -> Result<bool, StoreError> {
        Ok(self.reviews.count(&shapes::with_image(image)).await? > 0)
    }

    fn derive(&self, review: &mut Review) {
        let words = words_of(&review.comment);
        review.words = words.iter().map(|word| self.word_hash(word)).collect();
    }

    /// Nobody reads the words of a review in its index: equal words are equal there, and no more.
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

/// The id of what one person may do once to a review: the same however often they do it.
fn once(review: ReviewId, user: UserId) -> Uuid {
    let hash = Hash::of(&[*review.as_bytes(), *user.as_bytes()].concat());
    let mut id = [0; 16];
    id.copy_from_slice(&hash.0[..16]);
    Uuid::from_bytes(id)
}

/// The place behind a review in a list by time.
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
