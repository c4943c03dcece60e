//! Inbox lines: their audience, and their text in either language. Pure: no IO, and time comes in
//! with the event.

mod audience;
mod event_lines;
mod event_texts;
mod inbox;
mod preferences;
mod reader_clock;

pub use audience::{EventAudience, EventRecipient, InboxReader, ShownLines, event_audience};
pub use event_lines::{
    SourceEvent, build_account_lines, build_match_line, build_order_lines, build_payment_lines,
    build_payout_line, build_profile_lines, build_readmission_lines, build_review_lines,
};
pub use event_texts::{
    LineText, render_brief_text, render_inbox_hint, render_line_text, render_match_reason,
    render_text_message,
};
pub use inbox::{
    InboxKind, InboxLine, InboxOwner, InboxPage, KEPT_MS, KeptFrom, LineId, LineParams,
    MoneyParams, MoneyTerms, NoticeParams, OrderParams, PageRequest, PersonParams, ReviewFacts,
    ReviewParams, StoredLine,
};
pub use preferences::{Channel, DeliveryPreferences, NoticeKind, QuietHours};
pub use reader_clock::{ReaderClock, ReaderLocale, TimeZone};
