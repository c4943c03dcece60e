//! Republishes verification status for consumers that may have missed an event.

use platform::StoreError;
use wire::EventType;

use super::{ProfileStore, verification_queue_query};
use crate::domain::{ProfileBody, VerificationState};

const PAGE: usize = 200;

impl ProfileStore {
    /// Writes an event into the profile of each verified provider. Returns the number of events
    /// written. Skips a profile that changes meanwhile, since that change writes its own event.
    pub async fn republish_verifications(&self) -> Result<u64, StoreError> {
        let trace = self.clock.new_id().simple().to_string();
        let mut told = 0;
        let mut after = None;
        loop {
            let find = verification_queue_query(VerificationState::Verified, None, PAGE)
                .start_after(after);
            let page = self.providers.find_page(find).await?;
            for found in &page.documents {
                let event = self.build_event(
                    EventType::ProfileUpdated,
                    &trace,
                    &found.body.to_profile_event(),
                )?;
                told += u64::from(self.providers.replace_document(found, &[event]).await?);
            }
            after = page.next;
            if after.is_none() {
                return Ok(told);
            }
        }
    }
}
