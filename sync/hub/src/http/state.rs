//! The parts of the hub that its routes use.

use axum::extract::FromRef;
use platform::keys::KeySource;
use process::tokens::TokenVerifier;

use crate::{
    domain::settling::SettlingEdges, feed::compare::FeedComparison, news::LiveUpdates,
    session::link::SessionContext,
};

/// Cloning shares all of it.
#[derive(Clone)]
pub(crate) struct HubState {
    pub keys: KeySource,
    pub verifier: TokenVerifier,
    pub sessions: SessionContext,
    pub comparison: FeedComparison,
    pub settling: SettlingEdges,
    pub news: LiveUpdates,
}

impl FromRef<HubState> for TokenVerifier {
    fn from_ref(hub: &HubState) -> Self {
        hub.verifier.clone()
    }
}
