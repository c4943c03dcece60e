//! Starts, watches and stops a whole platform: our processes, and private servers on request.
//! `cargo xtask up`, the demo and the tests use it.
//!
//! Invariant: however we end, nothing that was started here survives.

pub mod admin;
pub mod binaries;
pub mod layout;
pub mod logs;
mod part_users;
mod parts;
mod platform;
pub mod ports;
pub mod probe;
pub mod ready;
pub mod servers;
pub mod sign_ins;
pub mod supervisor;
pub mod temporary;

pub use layout::{Data, EdgePlace, Layout, PORT_BASE, PortChoice, Stores};
pub use part_users::PartUsers;
pub use parts::Part;
pub use platform::{HEALTHY_MAX, ReplicaPlace, Stack, Wishes, supervisor_for};
pub use ports::Ports;
pub use ready::ReadyFile;
pub use servers::{Server, Servers};
pub use supervisor::{Child, Exit, Signal, Spec, Supervisor};
