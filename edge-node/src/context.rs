//! The context that an edge's components share, and the link's status that they watch and show.

use std::sync::Arc;

use process::{clock::Clock, tokens::Signer};
use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;
use wire::{BootNonce, EdgeId, NameError, UnixMillis};

use crate::{
    authentication::TokenAuthenticator,
    callers::CallerCheck,
    clock_check::ClockCheck,
    config::Config,
    disk::LogDisk,
    listeners::ListenerSecurity,
    message_photos::MessagePhotos,
    people::PeopleRegistry,
    photos::PhotoStore,
    receipts::FormerKeys,
    store::{EdgeIdentity, Store},
};

#[derive(Clone)]
pub(crate) struct EdgeContext {
    pub config: Arc<Config>,
    pub identity: EdgeIdentity,
    pub nonce: BootNonce,
    pub clock: Clock,
    pub clock_check: ClockCheck,
    pub signer: Signer,
    pub former_keys: FormerKeys,
    pub store: Store,
    pub authenticator: TokenAuthenticator,
    pub people: PeopleRegistry,
    pub disk: LogDisk,
    pub photos: PhotoStore,
    pub message_photos: MessagePhotos,
    pub callers: CallerCheck,
    pub security: ListenerSecurity,
    pub damage: DamageAlarm,
}

impl EdgeIdentity {
    pub(crate) fn from_config(config: &Config) -> Result<Self, NameError> {
        Ok(Self {
            edge_id: EdgeId::new(config.name.clone())?,
            region: config.region,
        })
    }
}

/// A running edge has found its database damaged and must stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the database is damaged: {0}. The next start makes a new one from what it still has")]
pub struct DamageFound(pub String);

/// Signals the process to stop.
pub(crate) type DamageAlarm = watch::Sender<Option<DamageFound>>;

/// Up or down, since when, and when the cloud is called next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EdgeLink)]
pub(crate) struct LinkStatus {
    pub up: bool,
    /// An outage keeps its start across restarts of the edge.
    pub since: UnixMillis,
    /// Failed calls since then.
    pub attempts: u32,
    #[schema(required)]
    pub next_call_at: Option<UnixMillis>,
}

impl LinkStatus {
    pub(crate) fn down_since(since: UnixMillis) -> Self {
        Self {
            up: false,
            since,
            attempts: 0,
            next_call_at: None,
        }
    }

    pub(crate) fn with_up(self, up: bool, now: UnixMillis) -> Self {
        if self.up == up {
            self
        } else {
            Self {
                up,
                ..Self::down_since(now)
            }
        }
    }

    /// Records a failed call; the next one is due at `at`.
    pub(crate) fn calling_again(self, at: UnixMillis) -> Self {
        Self {
            attempts: self.attempts.saturating_add(1),
            next_call_at: Some(at),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_as_old_as_its_first_failed_call() {
        let at = UnixMillis;
        let down = LinkStatus::down_since(at(1))
            .calling_again(at(2))
            .with_up(false, at(3));
        assert_eq!(
            (down.since, down.attempts, down.next_call_at),
            (at(1), 1, Some(at(2)))
        );
        let up = down.with_up(true, at(4));
        assert_eq!(
            up,
            LinkStatus {
                up: true,
                ..LinkStatus::down_since(at(4))
            }
        );
        assert_eq!(up.with_up(true, at(5)), up);
    }
}
