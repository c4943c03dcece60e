//! The parts of the hub that its routes use.

use axum::extract::FromRef;
use platform::keys::KeySource;
use process::tokens::Verifier;

use crate::{
    domain::settling::SettlingEdges, feed::compare::Comparison, news::News, session::link::Sessions,
};

/// Cloning shares all of it.
#[derive(Clone)]
pub(crate) struct Routes {
    pub keys: KeySource,
    pub verifier: Verifier,
    pub sessions: Sessions,
    pub comparison: Comparison,
    pub settling: SettlingEdges,
    pub news: News,
}

impl FromRef<Routes> for Verifier {
    fn from_ref(hub: &Routes) -> Self {
        hub.verifier.clone()
    }
}
