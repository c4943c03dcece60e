//! Inbox lines: their audience, and their text in either language. Pure: no IO, and time comes in
//! with the event.

mod audience;
mod brief;
mod event_lines;
mod facts;
mod inbox;
mod moments;
mod preferences;
mod reader;
mod sentence;

pub use audience::{EventAudience, EventRecipient, event_audience};
pub use brief::{render_brief, render_inbox_hint, text_message};
pub use event_lines::{
    SourceEvent, line_of_match, line_of_payout, lines_of_money, lines_of_order, lines_of_person,
    lines_of_profile, lines_of_readmission, lines_of_review,
};
pub use inbox::{
    InboxKind, InboxLine, InboxOwner, InboxPage, InboxPageRequest, KEPT_MS, KeptFrom, LineId,
    LineParams, MoneyParams, MoneyTerms, NoticeParams, OrderParams, PageRequest, PersonParams,
    ReviewFacts, ReviewParams,
};
pub use moments::{ReaderClock, ReaderLocale};
pub use preferences::{Channel, DeliveryPreferences, NoticeKind, QuietHours, TimeZone};
pub use reader::{InboxReader, ShownLines};
pub use sentence::{LineText, match_reason, render_line};
