//! Gives every cloud service its storage, messages, cache, jobs and calls to other services. Each
//! port is a closed enum with one arm per backend, and the configured address selects the arm.
//! Development and production run the same code.

mod account_age;
pub mod answers;
pub mod bus;
pub mod cache;
mod client_address;
pub mod config;
pub mod consume;
mod database;
pub mod documents;
mod error;
pub mod files;
pub mod folder;
pub mod gateway;
mod ground;
pub mod health;
pub mod inbox;
pub mod jobs;
pub mod keys;
pub mod letters;
pub mod marks;
pub mod outbox;
pub mod permissions;
pub mod push;
pub mod sealing;
pub mod service;
pub mod sessions;
pub mod sms;
pub mod sql;
pub mod stamped;
pub mod upstream;

pub use account_age::AccountAge;
pub use client_address::ClientAddress;
pub use database::Database;
pub use error::{OpenError, StoreError};
pub use ground::ServiceContext;
