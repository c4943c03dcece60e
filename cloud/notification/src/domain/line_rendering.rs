//! Renders a line's title and content in the reader's language and by the reader's clock, and short
//! texts for channels that are brief, billed by length, or readable in transit: the order's code
//! and a pointer to the inbox, without amounts or titles that people wrote. Each event's text is in
//! the event table.

use texts::Sentence;
use wire::{Alarm, AlarmKind, EventType, Language, Role};

use super::{
    InboxLine, LineParams, LineText, ReaderLocale,
    event_table::{EventLines, find_event_lines},
    inbox::{AlarmParams, NoticeParams},
    line_template::{LineTemplate, LineValues},
};
use crate::say;

/// An event without a text appears under its name, so lines from a newer version stay visible.
pub fn render_line_text(locale: ReaderLocale, line: &InboxLine) -> LineText {
    let event_type = match (&line.params, line.event_type) {
        (LineParams::Notice(NoticeParams { title, content, .. }), _) => {
            return LineText {
                title: title.clone(),
                content: content.clone(),
            };
        }
        (_, Some(event_type)) => event_type,
        // Such lines are never written.
        (_, None) => return LineText::default(),
    };
    let params = &line.params;
    let text = match find_event_lines(event_type) {
        EventLines::Order(templates) => render_template(locale, line, templates, params.as_order()),
        EventLines::Payment(templates) => {
            render_template(locale, line, templates, params.as_money())
        }
        EventLines::Payout(templates) => {
            render_template(locale, line, templates, params.as_money())
        }
        EventLines::Review(templates) => {
            render_template(locale, line, templates, params.as_review())
        }
        EventLines::Profile(templates) => {
            render_template(locale, line, templates, params.as_person())
        }
        EventLines::Readmission(templates) => {
            render_template(locale, line, templates, params.as_person())
        }
        EventLines::Account(templates) => {
            render_template(locale, line, templates, params.as_person())
        }
        EventLines::Alarm(templates) => render_template(locale, line, templates, params.as_alarm()),
        EventLines::Silent(_) => None,
    };
    text.unwrap_or_else(|| render_unknown_event(event_type, line))
}

/// Uses the template for the reader's role. `None` for a line that only another version writes.
fn render_template<Body, Params>(
    locale: ReaderLocale,
    line: &InboxLine,
    templates: &[LineTemplate<Body, Params>],
    params: Option<&Params>,
) -> Option<LineText> {
    let template = templates
        .iter()
        .find(|template| template.recipient.has_role(line.role))?;
    let params = params?;
    template.render(&LineValues { params, locale }, line.params.reason())
}

fn render_unknown_event(event_type: EventType, line: &InboxLine) -> LineText {
    let order = line.params.as_order();
    LineText {
        title: event_type.to_string(),
        content: order.map(|order| order.title.clone()).unwrap_or_default(),
    }
}

/// Title and short content. For a notice, neither contains the author's text.
pub fn render_brief_text(language: Language, line: &InboxLine, title: &str) -> LineText {
    let title = match line.params {
        LineParams::Notice(_) => say::brief_notice_title.render_in(language),
        _ => title.to_owned(),
    };
    LineText {
        title,
        content: render_brief_content(language, line),
    }
}

fn render_brief_content(language: Language, line: &InboxLine) -> String {
    let code = match &line.params {
        LineParams::Order(order) => Some(&order.code),
        LineParams::Review(review) => Some(&review.order_code),
        LineParams::Money(_)
        | LineParams::Notice(_)
        | LineParams::Alarm(_)
        | LineParams::Person(_) => None,
    };
    match code {
        Some(code) => say::brief_of_order { code: code.into() }.render_in(language),
        None => render_inbox_hint(language),
    }
}

/// Points to the inbox without an order.
pub fn render_inbox_hint(language: Language) -> String {
    say::brief_elsewhere.render_in(language)
}

pub const INBOX_PATH: &str = "/inbox";

/// The page of the portal that the line leads to, as its inbox links it.
pub fn find_portal_path(line: &InboxLine) -> String {
    if let Some(alarm) = line.params.as_alarm() {
        return find_alarm_path(alarm);
    }
    match (line.event_type, line.order_id) {
        (
            Some(
                EventType::UserAddressChangeAsked
                | EventType::UserPasswordChanged
                | EventType::UserNewDeviceSeen
                | EventType::UserSecondFactorRemoved
                | EventType::UserDeletionAsked
                | EventType::UserDeletionUndone,
            ),
            _,
        ) => "/account".to_owned(),
        (_, Some(order)) if line.role == Role::Provider => format!("/jobs/{order}"),
        (_, Some(order)) => format!("/orders/{order}"),
        (Some(_), None) => "/profile".to_owned(),
        (None, None) => INBOX_PATH.to_owned(),
    }
}

/// The page of the alarm's subject.
fn find_alarm_path(params: &AlarmParams) -> String {
    if let Some(alarm) = &params.part_alarm {
        return match alarm.kind.parse() {
            Ok(AlarmKind::DeadLetters) => "/dead-letters".to_owned(),
            _ => "/regions".to_owned(),
        };
    }
    match &params.alarm {
        Some(Alarm {
            edge: Some(edge), ..
        }) => format!("/edges?edge={edge}"),
        Some(Alarm { region, .. }) => format!("/regions?region={region}"),
        None => "/edges".to_owned(),
    }
}

pub fn render_text_message(language: Language, brief: &LineText) -> String {
    let LineText { title, content } = brief;
    say::text_message {
        title: title.into(),
        brief: content.into(),
    }
    .render_in(language)
}

#[cfg(test)]
mod tests;
