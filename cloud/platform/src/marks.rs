//! Owns the copy that a service keeps of providers' marks: whom an admin has verified, by the user
//! service's word. The table `provider_marks` comes with the migrations of each service that keeps
//! one.
//!
//! Invariant: the newest version of a profile counts, so an event that comes again, or late,
//! changes nothing.

pub mod store;

use serde::Deserialize;
use wire::{Event, Exchange, ProfileEvent, ProviderMark};

use crate::{
    consume::{Handle, HandleError},
    sql::Sql,
    transact,
};

/// A consumer that does nothing else with the events of profiles.
pub struct MarkKeeper {
    pub sql: Sql,
}

impl Handle for MarkKeeper {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        if let Some(mark) = told_by(event)? {
            let taken: Result<_, HandleError> =
                transact!(self.sql, tx => { Ok(store::take(tx, mark).await?) });
            taken?;
        }
        Ok(())
    }
}

/// The mark that an event tells of; `None` where it is about something else than a provider's
/// profile.
pub fn told_by(event: &Event) -> Result<Option<ProviderMark>, HandleError> {
    if event.kind.exchange() != Exchange::User {
        return Ok(None);
    }
    Ok(ProviderMark::told_by(&ProfileEvent::deserialize(&event.body)?))
}
