//! Inbox lines: the recipients of each event's lines, and their text in either language. Pure: no
//! IO, and time comes in with the event.

mod event_lines;
mod event_table;
mod inbox;
mod inbox_reader;
mod line_rendering;
mod line_template;
mod order_details;
mod preferences;
mod reader_clock;

pub use event_lines::{SourceEvent, build_event_lines, build_match_line};
pub use event_table::{EventLines, find_event_lines};
pub use inbox::{
    AlarmParams, InboxKind, InboxLine, InboxOwner, InboxPage, KEPT_MS, KeptFrom, LineId,
    LineParams, MoneyParams, MoneyTerms, NoticeParams, OrderParams, PageRequest, PersonParams,
    ReviewParams, StoredLine,
};
pub use inbox_reader::{InboxReader, ShownLines};
pub use line_rendering::{
    INBOX_PATH, find_portal_path, render_brief_text, render_inbox_hint, render_line_text,
    render_text_message,
};
pub use line_template::LineText;
pub use preferences::{Channel, DeliveryPreferences, NoticeKind, QuietHours};
pub use reader_clock::{ReaderClock, ReaderLocale, TimeZone};
