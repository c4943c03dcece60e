//! Owns what an inbox line is, who hears of which event, and what it says in either language. Pure:
//! no IO, and time comes in with the event.

mod audience;
mod inbox;
mod sentence;

pub use audience::lines_of;
pub use inbox::{InboxLine, InboxPage, LineId, PageRequest, Params, READ_KEPT_MS, StoredLine};
pub use sentence::{LineText, write};
