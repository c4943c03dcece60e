//! What the hub knows without asking anyone: what an op is, how a run of them is handed to its owner,
//! what an operator is shown. Pure: no clock, no IO.

pub mod backoff;
pub mod batch;
pub mod checksum;
pub mod compare;
pub mod enrolment;
pub mod intake;
pub mod oplog;
pub mod portion;
pub mod queue;
pub mod settling;
pub mod status;
