//! The text of each event: a line's title and content in the reader's language and by the reader's
//! clock, and short texts for channels that are brief, billed by length, or readable in transit:
//! the order's code and a pointer to the inbox, without amounts or titles that people wrote. The
//! texts come from `texts/`. A text for a new event goes into `render_event_text`, or for an order
//! into `order.rs`.

mod order;

use texts::{Phrase, Sentence};
use wire::{EventType, Language, Role};

use super::{
    InboxLine, LineParams, ReaderLocale,
    inbox::{MoneyParams, NoticeParams, ReviewParams},
};
use crate::say;

pub use order::render_match_reason;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineText {
    pub title: String,
    pub content: String,
}

/// An event without a text appears under its name, so lines from a newer version stay visible.
pub fn render_line_text(locale: ReaderLocale, line: &InboxLine) -> LineText {
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
    let Some((title, content)) = render_event_text(locale, event_type, line) else {
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
fn render_event_text(
    locale: ReaderLocale,
    event_type: EventType,
    line: &InboxLine,
) -> Option<(String, String)> {
    let language = locale.language;
    let event = (event_type, line.role);
    match &line.params {
        LineParams::Order(params) => order::render_order_text(locale, event, params),
        LineParams::Review(params) => render_review_text(language, event, params),
        LineParams::Money(params) => render_money_text(language, event, params),
        LineParams::Person(_) => render_person_text(language, event_type),
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

/// Payment events lack the order's title; the line links to the order.
fn render_money_text(
    language: Language,
    event: (EventType, Role),
    params: &MoneyParams,
) -> Option<(String, String)> {
    let amount = params.amount.with_currency(params.currency);
    let returning = params
        .returning
        .map(|returning| returning.with_currency(params.currency));
    Some(match event {
        (EventType::PaymentCompleted, Role::Customer) => match returning {
            Some(returning) => words!(language, payment_returning_customer { amount, returning }),
            None => words!(language, payment_completed_customer { amount }),
        },
        (EventType::PaymentStatusChanged, Role::Customer) => {
            words!(language, payment_charged_back_customer { amount })
        }
        (EventType::PaymentStatusChanged, Role::Provider) => {
            words!(language, payment_charged_back_provider { amount })
        }
        (EventType::PaymentStatusChanged, Role::Admin) if params.case.is_some() => {
            let why = money_case(params.case.as_deref()).text_in(language);
            words!(language, payment_case_admin { why, amount })
        }
        (EventType::PaymentStatusChanged, Role::Admin) => {
            words!(language, payment_charged_back_admin { amount })
        }
        (EventType::PaymentFailed, Role::Customer) => {
            words!(language, payment_failed_customer { amount })
        }
        (EventType::RefundProcessed, Role::Customer) => {
            words!(language, refund_processed_customer { amount })
        }
        (EventType::PaymentReleased, Role::Provider) => {
            words!(language, payment_released_provider { amount })
        }
        (EventType::PayoutSent, Role::Provider) => {
            words!(language, payout_sent_provider { amount })
        }
        (EventType::PayoutFailed, Role::Provider) => {
            words!(language, payout_failed_provider { amount })
        }
        (EventType::RefundRequested, Role::Admin) => {
            words!(language, refund_requested_admin { amount })
        }
        (EventType::RefundRequested, Role::Provider) => {
            words!(language, refund_requested_provider { amount })
        }
        (EventType::RefundGranted, Role::Provider) => {
            words!(language, refund_granted_provider { amount })
        }
        (EventType::RefundRefused, Role::Customer) => {
            words!(language, refund_refused_customer { amount })
        }
        (EventType::RefundRefused, Role::Provider) => {
            words!(language, refund_refused_provider { amount })
        }
        _ => return None,
    })
}

/// A kind from a newer payment service gets the generic text.
fn money_case(kind: Option<&str>) -> Phrase {
    match kind {
        Some("extra_payment") => say::money_case_extra_payment,
        Some("wrong_amount") => say::money_case_wrong_amount,
        Some("refund_failed") => say::money_case_refund_failed,
        Some("chargeback_reversed") => say::money_case_chargeback_reversed,
        Some("unanswered") => say::money_case_unanswered,
        Some("completed_unpaid") => say::money_case_completed_unpaid,
        Some("adapter_differs") => say::money_case_adapter_differs,
        _ => say::money_case_other,
    }
}

fn render_review_text(
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

fn render_person_text(language: Language, event_type: EventType) -> Option<(String, String)> {
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
        LineParams::Money(_) | LineParams::Notice(_) | LineParams::Person(_) => None,
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
