//! Inbox lines: their audience, and their text in either language. Pure: no IO, and time comes in
//! with the event.

mod audience;
mod brief;
mod facts;
mod inbox;
mod moments;
mod preferences;
mod reader;
mod sentence;

pub use audience::{
    Cause, Hearing, Listener, hearing, line_of_match, line_of_payout, lines_of, lines_of_money,
    lines_of_person, lines_of_profile, lines_of_readmission, lines_of_review,
};
pub use brief::{brief, elsewhere, text_message};
pub use inbox::{
    InboxKind, InboxLine, InboxOwner, InboxPage, KEPT_MS, KeptFrom, LineId, MoneyParams,
    MoneyTerms, NoticeParams, OrderParams, PageRequest, Params, PersonParams, ReviewFacts,
    ReviewParams, StoredLine,
};
pub use moments::{ReaderClock, ReaderLocale};
pub use preferences::{Channel, InboxWishes, NoticeKind, QuietHours, TimeZone};
pub use reader::{InboxReader, ShownLines};
pub use sentence::{LineText, match_reason, write};
