//! The shared context of an edge's components.

use std::sync::Arc;

use process::{clock::Clock, tokens::Signer};
use wire::BootNonce;

use crate::{
    clock_check::ClockCheck,
    config::Config,
    disk::LogDisk,
    former_keys::FormerKeys,
    gate::Gate,
    people::KnownPeople,
    store::{EdgeIdentity, Store},
};

#[derive(Clone)]
pub struct EdgeGround {
    pub config: Arc<Config>,
    pub identity: EdgeIdentity,
    pub nonce: BootNonce,
    pub clock: Clock,
    pub clock_check: ClockCheck,
    pub signer: Signer,
    pub former_keys: FormerKeys,
    pub store: Store,
    pub gate: Gate,
    pub people: KnownPeople,
    pub disk: LogDisk,
}
