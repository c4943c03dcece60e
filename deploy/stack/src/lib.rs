//! Starts, watches and stops a whole platform: our own processes, and private servers when asked.
//! `cargo xtask up`, the demo and the tests stand on it.
//!
//! Must stay true: whatever becomes of us, nothing that was started here is left behind.

pub mod binaries;
pub mod logs;
pub mod ports;
pub mod probe;
pub mod ready;
pub mod servers;
pub mod supervisor;
pub mod temporary;

pub use ports::Ports;
pub use servers::Servers;
pub use supervisor::{Child, Exit, Signal, Spec, Supervisor};
