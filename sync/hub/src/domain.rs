//! The hub's rules without clock or IO: what an op is, how a run of ops reaches its owner, and how
//! status is derived for operators.

pub mod compare;
pub mod op;
pub mod pace;
pub mod run;
pub mod status;
