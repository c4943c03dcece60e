//! The shared context of an edge's components.

use std::sync::Arc;

use process::{clock::Clock, tokens::Signer};
use wire::BootNonce;

use crate::{
    clock_check::ClockCheck,
    config::Config,
    disk::LogDisk,
    former_keys::FormerKeys,
    gate::TokenAuthenticator,
    people::PeopleRegistry,
    store::{EdgeIdentity, Store},
};

#[derive(Clone)]
pub struct EdgeContext {
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
}
