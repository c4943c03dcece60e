//! A service's copy of providers' verification status, which admins set in the user service. The
//! table `provider_marks` comes with the service's migrations.
//!
//! Invariant: the newest profile version wins, so a redelivered or late event changes nothing.

pub mod store;

use serde::Deserialize;
use wire::{Event, Exchange, ProfileEvent, ProviderVerification};

use crate::{
    consume::{EventHandler, HandleError},
    sql::Sql,
    transact,
};

/// A consumer of profile events that only updates this copy.
pub struct ProviderVerificationConsumer {
    pub sql: Sql,
}

impl EventHandler for ProviderVerificationConsumer {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        if let Some(mark) = told_by(event)? {
            let taken: Result<_, HandleError> =
                transact!(self.sql, tx => { Ok(store::apply_mark(tx, mark).await?) });
            taken?;
        }
        Ok(())
    }
}

/// `None` if the event is not about a provider's profile.
pub fn told_by(event: &Event) -> Result<Option<ProviderVerification>, HandleError> {
    if event.kind.exchange() != Exchange::User {
        return Ok(None);
    }
    Ok(ProviderVerification::from_profile_event(
        &ProfileEvent::deserialize(&event.body)?,
    ))
}
