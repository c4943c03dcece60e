//! The hub's request handlers, and the parts of the hub that they use.

pub(crate) mod cut_offs;
pub(crate) mod edges;
pub(crate) mod internal;
pub(crate) mod link;
pub(crate) mod operators;

use axum::extract::FromRef;
use platform::{key_source::KeySource, recent_days::RecentCounts};
use process::{routes::RouteGuard, tokens::TokenVerifier};

use cut_offs::CutOffDays;

use crate::{
    domain::{parts::PartStates, status::SettlingEdges},
    feed::compare::FeedComparison,
    live_updates::LiveUpdates,
    session::connection::SessionContext,
};

/// Clones share all of these parts.
#[derive(Clone)]
pub(crate) struct HubState {
    pub keys: KeySource,
    pub verifier: TokenVerifier,
    pub sessions: SessionContext,
    pub comparison: FeedComparison,
    pub settling: SettlingEdges,
    pub parts: PartStates,
    pub live_updates: LiveUpdates,
    pub cut_off_days: RecentCounts<CutOffDays>,
}

impl RouteGuard for HubState {
    fn verifier(&self) -> &TokenVerifier {
        &self.verifier
    }
}

impl FromRef<HubState> for TokenVerifier {
    fn from_ref(hub: &HubState) -> Self {
        hub.verifier.clone()
    }
}
