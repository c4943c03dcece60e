//! Renders a line's title and content in the reader's language and by the reader's clock. The texts
//! come from `texts`.

mod money;
mod order;

use texts::Sentence;
use wire::{EventType, Language, Role};

use super::{
    InboxLine, LineParams, ReaderLocale,
    inbox::{NoticeParams, ReviewParams},
};
use crate::say;

pub use order::match_reason;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineText {
    pub title: String,
    pub content: String,
}

/// An event without a text appears under its name, so lines from a newer version stay visible.
pub fn render_line(locale: ReaderLocale, line: &InboxLine) -> LineText {
    let language = locale.language;
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
    let Some((title, content)) = render_news(locale, event_type, line) else {
        return render_unknown_event(event_type, line);
    };
    let mut sentences = vec![content];
    if let Some(order) = line.params.as_order() {
        sentences.extend(order::render_details(locale, event_type, line.role, order));
    }
    if gives_its_reason(event_type, &line.params) {
        let given = line.params.reason().map(|reason| say::reason_given {
            reason: reason.into(),
        });
        sentences.extend(given.map(|given| given.render_in(language)));
    }
    LineText {
        title,
        content: sentences.join(say::between.text_in(language)),
    }
}

/// Title and first sentence.
fn render_news(
    locale: ReaderLocale,
    event_type: EventType,
    line: &InboxLine,
) -> Option<(String, String)> {
    let language = locale.language;
    let event = (event_type, line.role);
    match &line.params {
        LineParams::Order(params) => order::render_order_news(locale, event, params),
        LineParams::Review(params) => render_review_news(language, event, params),
        LineParams::Money(params) => money::render_money_news(language, event, params),
        LineParams::Person(_) => render_person_news(language, event_type),
        LineParams::Notice(_) => None,
    }
}

fn render_unknown_event(event_type: EventType, line: &InboxLine) -> LineText {
    let order = line.params.as_order();
    LineText {
        title: event_type.to_string(),
        content: order.map(|order| order.title.clone()).unwrap_or_default(),
    }
}

fn gives_its_reason(event_type: EventType, params: &LineParams) -> bool {
    let decided = matches!(
        event_type,
        EventType::OrderRejected
            | EventType::OrderCancelled
            | EventType::OrderAcceptanceWithdrawn
            | EventType::OrderStatusChanged
            | EventType::ProfileVerificationRejected
    );
    decided || matches!(params, LineParams::Review(_))
}

macro_rules! words {
    ($language:ident, $message:ident { $($placeholder:ident),* }) => {
        (
            say::$message::title.render_in($language),
            say::$message::content { $($placeholder: $placeholder.into()),* }.render_in($language),
        )
    };
    ($language:ident, $message:ident) => {
        (say::$message::title.render_in($language), say::$message::content.render_in($language))
    };
}
use words;

fn render_review_news(
    language: Language,
    event: (EventType, Role),
    params: &ReviewParams,
) -> Option<(String, String)> {
    let (event_type, role) = event;
    let ReviewParams {
        title,
        order_code: code,
        rating,
        ..
    } = params;
    let rating = u64::from(*rating);
    Some(match (event_type.as_str(), role) {
        ("review.created", Role::Provider) => {
            words!(
                language,
                review_created_provider {
                    title,
                    code,
                    rating
                }
            )
        }
        ("review.replied", Role::Customer) => {
            words!(language, review_replied_customer { title, code })
        }
        ("review.reported", Role::Admin) => words!(language, review_reported_admin { code }),
        ("review.hidden", _) => words!(language, review_hidden { title, code }),
        ("review.restored", _) => words!(language, review_restored { title, code }),
        _ => return None,
    })
}

fn render_person_news(language: Language, event_type: EventType) -> Option<(String, String)> {
    Some(match event_type {
        EventType::UserReadmitted => words!(language, user_readmitted),
        EventType::UserAddressChangeAsked => words!(language, user_address_change_asked),
        EventType::ProfileVerificationSubmitted => {
            words!(language, profile_verification_submitted_admin)
        }
        EventType::ProfileVerified => words!(language, profile_verified),
        EventType::ProfileVerificationRejected => words!(language, profile_verification_rejected),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
