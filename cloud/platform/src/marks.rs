//! A service's copy of providers' verification status, which admins set in the user service. The
//! table `provider_marks` comes with the service's migrations.
//!
//! Invariant: the newest profile version wins, so a redelivered or late event changes nothing.

pub mod store;

use serde::Deserialize;
use wire::{Event, Exchange, ProfileEvent, ProviderMark};

use crate::{
    consume::{Handle, HandleError},
    sql::Sql,
    transact,
};

/// A consumer of profile events that only updates this copy.
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

/// `None` if the event is not about a provider's profile.
pub fn told_by(event: &Event) -> Result<Option<ProviderMark>, HandleError> {
    if event.kind.exchange() != Exchange::User {
        return Ok(None);
    }
    Ok(ProviderMark::told_by(&ProfileEvent::deserialize(&event.body)?))
}
