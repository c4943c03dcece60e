//! The hub's rules that need no clock and no IO: what an op is, how a run of ops goes to its owner,
//! and what an operator is shown.

pub mod compare;
pub mod enrolment;
pub mod op;
pub mod origins;
pub mod pace;
pub mod run;
pub mod settling;
pub mod status;
