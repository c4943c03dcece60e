//! Requests the pictures of messages while no query for messages is due, one part at a time.
//!
//! Invariant: a picture that does not come never ends the session; others go first.

use std::{convert::Infallible, time::Duration};

use wire::{DiskLevel, MessagePhotoPart};

use super::{LinkSession, SessionEnd};

#[derive(Default)]
pub(super) struct MessagePhotoReader {
    /// When the part under way was requested.
    asked_at: Option<Duration>,
    /// When the file was last asked which pictures messages name.
    looked_at: Option<Duration>,
}

/// The hub answers within the time that it gives the order service.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
const LOOKS_EVERY: Duration = Duration::from_secs(2);

impl LinkSession<'_> {
    pub(super) async fn ask_for_message_photo_if_due(&mut self) -> Result<(), SessionEnd> {
        let context = &self.link.context;
        if !self.edge.may_ask_for_messages() || context.disk.update_level() >= DiskLevel::Shed {
            return Ok(());
        }
        let photos = &context.message_photos;
        if photos.find_next_part().is_none() {
            self.begin_next_photo().await?;
        }
        let Some(place) = photos.find_next_part() else {
            return Ok(());
        };
        let Some(frame) = self.edge.ask_for_message_photo(place) else {
            return Ok(());
        };
        self.message_photos.asked_at = Some(context.clock.elapsed());
        Ok(self.socket.send(&frame).await?)
    }

    async fn begin_next_photo(&mut self) -> Result<(), SessionEnd> {
        let context = &self.link.context;
        let now = context.clock.elapsed();
        let looked_at = self.message_photos.looked_at;
        if looked_at.is_some_and(|at| now.saturating_sub(at) < LOOKS_EVERY) {
            return Ok(());
        }
        self.message_photos.looked_at = Some(now);
        let reading = context.store.load_message_photos();
        let named = self.wait_for_file(Box::pin(reading)).await?;
        let removing = async {
            context.message_photos.remove_unnamed(&named).await;
            Ok::<_, Infallible>(())
        };
        self.wait_for_file(Box::pin(removing)).await?;
        context.message_photos.begin_next(&named);
        Ok(())
    }

    /// `part` is `None` if the cloud could not read the picture.
    pub(super) async fn handle_message_photo(
        &mut self,
        part: Option<MessagePhotoPart>,
    ) -> Result<(), SessionEnd> {
        let photos = &self.link.context.message_photos;
        if self.message_photos.asked_at.take().is_none() {
            return Ok(());
        }
        let Some(part) = part else {
            photos.pause();
            return Ok(());
        };
        let taking = async {
            photos.take_part(part).await;
            Ok::<_, Infallible>(())
        };
        self.wait_for_file(Box::pin(taking)).await?;
        // The next one may be due at once.
        if photos.find_next_part().is_none() {
            self.message_photos.looked_at = None;
        }
        Ok(())
    }

    /// Runs once a second.
    pub(super) fn forget_unanswered_message_photo(&mut self) {
        let now = self.link.context.clock.elapsed();
        let is_late = |at: &mut Duration| now.saturating_sub(*at) >= ANSWER_WITHIN;
        if self.message_photos.asked_at.take_if(is_late).is_some() {
            self.edge.forget_message_question();
            self.link.context.message_photos.pause();
        }
    }
}
