//! Erases the texts of deleted people: the comments and pictures of their reviews, their replies,
//! and the reasons of their reports. Stars, ids and times stay.
//!
//! Invariant: erasing again changes nothing, so that a repeated event is harmless.

use platform::{
    StoreError,
    documents::{Document, IndexQuery},
};
use uuid::Uuid;
use wire::{OrderId, UserId};

use super::{ReviewStore, feedback, queries};
use crate::domain::Review;

const PAGE: usize = 200;

impl ReviewStore {
    /// Returns the number of changed reviews and reports.
    pub async fn erase_person(&self, user: UserId) -> Result<usize, StoreError> {
        let written = queries::customer_reviews_query(user, None, PAGE);
        let mut erased = self.erase_in(written, Review::erase_words).await?;
        let received = queries::all_provider_reviews_query(user, PAGE);
        erased += self.erase_in(received, Review::erase_reply).await?;
        Ok(erased + self.erase_reports_by(user).await?)
    }

    /// Takes over the title of an erased order. Returns true if its review had another.
    pub async fn erase_order_title(&self, order: OrderId, title: &str) -> Result<bool, StoreError> {
        match self.find_by_order(order).await? {
            Some((id, _)) => {
                self.erase_review(id.0, |review| review.erase_title(title))
                    .await
            }
            None => Ok(false),
        }
    }

    async fn erase_in(
        &self,
        query: IndexQuery,
        erase: fn(&mut Review) -> bool,
    ) -> Result<usize, StoreError> {
        let mut erased = 0;
        let mut after = None;
        loop {
            let page = self
                .reviews
                .find_page(query.clone().start_after(after))
                .await?;
            for Document { id, .. } in page.documents {
                erased += usize::from(self.erase_review(id, erase).await?);
            }
            after = page.next;
            if after.is_none() {
                return Ok(erased);
            }
        }
    }

    /// Publishes no event: other services never had the texts, and no rating changes.
    async fn erase_review(
        &self,
        id: Uuid,
        mut erase: impl FnMut(&mut Review) -> bool,
    ) -> Result<bool, StoreError> {
        let changed = self.reviews.change_with_retry(id, |mut review| {
            if !erase(&mut review) {
                return None;
            }
            review.revision += 1;
            review.updated_at = self.clock.now();
            self.refresh_search_terms(&mut review);
            Some((review, Vec::new()))
        });
        Ok(changed.await?.is_some())
    }

    async fn erase_reports_by(&self, user: UserId) -> Result<usize, StoreError> {
        let query = feedback::reports_by_query(user, PAGE);
        let mut erased = 0;
        let mut after = None;
        loop {
            let page = self
                .reports
                .find_page(query.clone().start_after(after))
                .await?;
            for Document { id, .. } in page.documents {
                let changed = self.reports.change_with_retry(id, |mut report| {
                    let has_reason = !report.reason.is_empty();
                    report.reason.clear();
                    has_reason.then(|| (report, Vec::new()))
                });
                erased += usize::from(changed.await?.is_some());
            }
            after = page.next;
            if after.is_none() {
                return Ok(erased);
            }
        }
    }
}
