//! Full-text search: the index finds reviews with all terms, then a check of each text drops false
//! matches.

use platform::{
    StoreError,
    documents::{Document, IndexQuery},
};
use process::problem::TimeCursor;
use wire::UserId;

use super::{ReviewStore, shapes};
use crate::domain::{Review, SearchQuery};

/// Reviews read at a time.
const BATCH: usize = 100;
/// After this many batches of mostly false matches, a page ends early; its cursor continues the
/// search.
const BATCHES_MAX: usize = 10;

pub struct ReviewSearch {
    pub query: SearchQuery,
    pub provider: Option<UserId>,
    pub after: Option<TimeCursor>,
    pub limit: usize,
}

#[derive(Debug)]
pub struct FoundReviews {
    pub documents: Vec<Document<Review>>,
    /// The position after the last review checked, if there are more.
    pub next: Option<TimeCursor>,
}

impl ReviewStore {
    /// The query for one batch of candidates.
    pub fn candidates_query(
        &self,
        asked: &[String],
        provider: Option<UserId>,
        after: Option<TimeCursor>,
    ) -> IndexQuery {
        let words = asked.iter().map(|word| self.word_hash(word)).collect();
        shapes::search_query(words, provider, after, BATCH)
    }

    /// Finds the shown reviews that match, newest first.
    pub async fn search_reviews(&self, search: ReviewSearch) -> Result<FoundReviews, StoreError> {
        let ReviewSearch {
            query,
            provider,
            mut after,
            limit,
        } = search;
        let asked = query.pick_index_terms();
        let mut documents = Vec::with_capacity(limit);
        for _ in 0..BATCHES_MAX {
            let page = self
                .reviews
                .find_page(self.candidates_query(&asked, provider, after))
                .await?;
            let is_last = page.next.is_none();
            let read = page.documents.len();
            for (place, found) in page.documents.into_iter().enumerate() {
                after = Some(TimeCursor {
                    at: found.body.created_at,
                    id: found.id,
                });
                if query.matches_text(&found.body.comment) {
                    documents.push(found);
                }
                if documents.len() == limit {
                    let next = after.filter(|_| !is_last || place + 1 < read);
                    return Ok(FoundReviews { documents, next });
                }
            }
            if is_last {
                return Ok(FoundReviews {
                    documents,
                    next: None,
                });
            }
        }
        Ok(FoundReviews {
            documents,
            next: after,
        })
    }
}
