//! Gives every cloud service its storage, messages, cache, jobs and calls to other services. Each
//! port is a closed enum with one arm per backend, and the configured address selects the arm.
//! Development and production run the same code.
//!
//! Four parts, which can be read apart:
//! - storage: `sql`; `documents` over it; `ledger`, a part's records of its own work, over both;
//! - messaging: `bus`, `consume`, `outbox` with its relay and replays, `dead_letters`,
//!   `order_events`, and for both the `operator_routes`;
//! - calls to other services: `upstream`;
//! - the skeleton of a service: `service`, `jobs`, `idempotency`, `caller`, `sealing`, `files`,
//!   `cache` with `sessions`, `messages` with `sms`, `provider_verification`, `recent_days`.

pub mod bus;
pub mod cache;
mod caller;
pub mod consume;
pub mod dead_letters;
pub mod documents;
pub mod files;
pub mod idempotency;
pub mod inbox {
    //! Remembers the events that a consumer has processed.

    pub use crate::{
        ledger::store::order_events::find_receipts,
        sql::events::{find_recorded, first_time, record_events},
    };
}
pub mod jobs;
pub mod key_source;
mod ledger;
pub mod messages;
pub mod operator_routes;
pub mod order_events;
pub mod outbox;
pub mod provider_verification;
pub mod recent_days;
pub mod sealing;
pub mod service;
pub mod sessions;
pub mod sms;
pub mod sql;
pub mod upstream;
pub mod web_push;

pub use caller::{AccountTrust, ClientAddress};
pub use ledger::Database;
pub use service::{ChangeError, OpenError, ServiceContext, StoreError};
