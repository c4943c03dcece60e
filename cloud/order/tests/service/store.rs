//! order_db on both engines: one decision is one transaction, a command takes effect once, and the
//! second of two sees the first.

mod bookings;
mod cancelling;
mod conflicts;
mod erasures;
mod gathering;
mod grants;
mod lists;
mod marks;
mod messages;
mod money;
mod photos;
mod races;
mod replay;
mod reviews;
mod rights;
mod sealing;
mod series;
mod shares;
mod stale;
mod writing;

pub(crate) use money::word;
pub(crate) use photos::{chunk, reference, started};
