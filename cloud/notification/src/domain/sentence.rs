//! Renders a line's title and content in the reader's language and by the reader's clock. The texts
//! come from `texts`.

use texts::{Phrase, Sentence};
use wire::{
    Amount, EventType, Language, LossReason, Lost, NearbyJob, OrderStatus, PaymentStatus, Role,
};

use super::{
    InboxLine, LineParams, ReaderLocale,
    audience::makes_a_case,
    inbox::{MoneyParams, NoticeParams, OrderParams, ReviewParams},
};
use crate::say;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineText {
    pub title: String,
    pub content: String,
}

/// An event without a text appears under its name, so lines from a newer version stay visible.
pub fn render_line(locale: ReaderLocale, line: &InboxLine) -> LineText {
    let language = locale.language;
    let event = match (&line.params, line.event_type) {
        (LineParams::Notice(NoticeParams { title, content, .. }), _) => {
            return LineText {
                title: title.clone(),
                content: content.clone(),
            };
        }
        (_, Some(event_type)) => (event_type, line.role),
        // Such lines are never written.
        (_, None) => return LineText::default(),
    };
    let said = match &line.params {
        LineParams::Order(params) => render_order(locale, event, params),
        LineParams::Review(params) => render_review(language, event, params),
        LineParams::Money(params) => render_money_news(language, event, params),
        LineParams::Person(_) => render_person_news(language, event.0),
        LineParams::Notice(_) => None,
    };
    let Some((title, content)) = said else {
        let content = line
            .params
            .as_order()
            .map(|order| order.title.clone())
            .unwrap_or_default();
        return LineText {
            title: event.0.to_string(),
            content,
        };
    };
    let mut sentences = vec![content];
    match (event.0, line.params.as_order()) {
        (EventType::OrderAcceptanceLost, Some(order)) if line.role == Role::Provider => {
            sentences.push(render_loss_explanation(locale, order));
        }
        (EventType::OrderCreated | EventType::OrderApproved, Some(order))
            if line.role == Role::Provider =>
        {
            sentences.extend(render_match_reasons(language, order));
        }
        (EventType::OrderCancelled, Some(order)) => {
            sentences.extend(render_cancel_terms(language, line.role, order));
        }
        (EventType::OrderStatusChanged, Some(order)) => {
            let share = order
                .terms
                .share
                .map(|share| share.with_currency(order.currency));
            sentences.extend(share.map(|share| {
                say::held_share {
                    share: share.into(),
                }
                .render_in(language)
            }));
        }
        _ => {}
    }
    if gives_its_reason(event.0, &line.params) {
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

/// Title and first sentence.
fn render_order(
    locale: ReaderLocale,
    event: (EventType, Role),
    params: &OrderParams,
) -> Option<(String, String)> {
    let OrderParams {
        title,
        code,
        price,
        currency,
        region,
        reminds,
        ..
    } = params;
    let language = locale.language;
    let price = price.with_currency(*currency);
    let region = region.name();
    macro_rules! say {
        ($message:ident { $($placeholder:ident),* }) => {
            words!(language, $message { $($placeholder),* })
        };
    }
    Some(match event {
        (EventType::OrderCreated, Role::Customer) => say!(order_created_customer { title, code }),
        (EventType::OrderCreated, Role::Admin) => say!(order_created_admin { code, region }),
        (EventType::OrderCreated, Role::Provider) => {
            say!(order_created_provider {
                title,
                code,
                region,
                price
            })
        }
        (EventType::OrderApproved, Role::Customer) => {
            say!(order_approved_customer {
                title,
                code,
                region
            })
        }
        (EventType::OrderApproved, Role::Provider) => {
            say!(order_approved_provider {
                title,
                code,
                region,
                price
            })
        }
        (EventType::OrderRejected, Role::Customer) => say!(order_rejected_customer { title, code }),
        (EventType::OrderAccepted, Role::Customer) if params.paid_afterwards => {
            say!(order_accepted_later_customer { title, code, price })
        }
        (EventType::OrderAccepted, Role::Provider) if params.paid_afterwards => {
            say!(order_accepted_later_provider {
                title,
                code,
                region,
                price
            })
        }
        (EventType::OrderAccepted, Role::Customer) => {
            say!(order_accepted_customer { title, code, price })
        }
        (EventType::OrderAccepted, Role::Provider) => {
            say!(order_accepted_provider {
                title,
                code,
                region,
                price
            })
        }
        (EventType::OrderAcceptanceLost, Role::Admin) => {
            say!(order_acceptance_lost_admin { code, region })
        }
        (EventType::OrderAcceptanceLost, Role::Provider) if makes_a_case(params.why) => {
            say!(order_acceptance_closed_provider { title, code })
        }
        (EventType::OrderAcceptanceLost, Role::Provider) => {
            say!(order_acceptance_lost_provider { title, code })
        }
        (EventType::OrderAcceptanceWithdrawn, Role::Customer) => {
            say!(order_acceptance_withdrawn_customer { title, code })
        }
        (EventType::OrderAcceptanceWithdrawn, Role::Provider) => {
            say!(order_acceptance_withdrawn_provider {
                title,
                code,
                region
            })
        }
        (EventType::OrderCancelled, Role::Customer) => {
            say!(order_cancelled_customer { title, code })
        }
        (EventType::OrderCancelled, Role::Provider) => {
            say!(order_cancelled_provider {
                title,
                code,
                region
            })
        }
        (EventType::OrderCompleted, Role::Customer) if *reminds => {
            say!(order_unpaid_customer { title, code, price })
        }
        (EventType::OrderCompleted, role) => return render_completion(locale, role, params),
        (EventType::OrderStatusChanged, Role::Provider) => {
            say!(order_held_provider {
                title,
                code,
                region
            })
        }
        (EventType::OrderStatusChanged, Role::Customer) => match params.status? {
            OrderStatus::InProgress => say!(order_started_customer { title, code }),
            OrderStatus::Pending => say!(order_given_back_customer { title, code }),
            _ => return None,
        },
        _ => return None,
    })
}

/// The price is unpaid, or held until the objection period ends.
fn render_completion(
    locale: ReaderLocale,
    role: Role,
    params: &OrderParams,
) -> Option<(String, String)> {
    let OrderParams {
        title,
        code,
        price,
        currency,
        terms,
        ..
    } = params;
    let language = locale.language;
    let price = price.with_currency(*currency);
    let unpaid = terms.payment_status == Some(PaymentStatus::Unpaid);
    let objections_until = terms
        .objections_until
        .map(|until| locale.write_minute(until));
    Some(match (role, objections_until) {
        (Role::Customer, Some(until)) => {
            words!(
                language,
                order_completed_held_customer { title, code, until }
            )
        }
        (Role::Customer, None) if unpaid => {
            words!(
                language,
                order_completed_unpaid_customer { title, code, price }
            )
        }
        (Role::Customer, None) => words!(language, order_completed_customer { title, code }),
        (Role::Provider, Some(until)) => {
            words!(
                language,
                order_completed_held_provider {
                    title,
                    code,
                    price,
                    until
                }
            )
        }
        (Role::Provider, None) if unpaid => {
            words!(
                language,
                order_completed_unpaid_provider { title, code, price }
            )
        }
        (Role::Provider, None) => words!(language, order_completed_provider { title, code }),
        (Role::Admin, _) => return None,
    })
}

/// Fee and refund of a cancellation. Providers see only the fee.
fn render_cancel_terms(language: Language, role: Role, params: &OrderParams) -> Vec<String> {
    let some = |amount: Option<Amount>| {
        let amount = amount.filter(|amount| amount.is_positive())?;
        Some(amount.with_currency(params.currency).into())
    };
    let fee = some(params.terms.fee);
    let refund = some(params.terms.refund);
    if role == Role::Provider {
        return fee
            .map(|fee| say::cancel_fee_due { fee }.render_in(language))
            .into_iter()
            .collect();
    }
    let free = params.terms.fee == Some(Amount::ZERO);
    let costs = match fee {
        Some(fee) => Some(say::cancel_fee { fee }.render_in(language)),
        None => free.then(|| say::cancel_free.render_in(language)),
    };
    let refund = refund.map(|refund| say::cancel_refund { refund }.render_in(language));
    costs.into_iter().chain(refund).collect()
}

/// Payment events lack the order's title; the line links to the order.
fn render_money_news(
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

fn render_review(
    language: Language,
    (event_type, role): (EventType, Role),
    params: &ReviewParams,
) -> Option<(String, String)> {
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

/// Skips reasons from a newer matching.
fn render_match_reasons(language: Language, params: &OrderParams) -> Option<String> {
    let reasons: Vec<_> = params
        .match_reasons
        .iter()
        .filter_map(|reason| match_reason(language, reason))
        .collect();
    let listed = reasons.join(say::match_separator.text_in(language));
    (!listed.is_empty()).then(|| {
        say::match_reasons {
            reasons: listed.into(),
        }
        .render_in(language)
    })
}

/// The text for one of the matching's reason codes.
pub fn match_reason(language: Language, reason: &str) -> Option<String> {
    let phrase = match reason {
        "serves_the_area" => say::match_serves_the_area,
        "does_this_work" => say::match_does_this_work,
        "verified" => say::match_verified,
        "works_that_day" => say::match_works_that_day,
        "names_the_skill" => say::match_names_the_skill,
        "well_rated" => say::match_well_rated,
        "has_completed_jobs" => say::match_has_completed_jobs,
        _ => return None,
    };
    Some(phrase.text_in(language).to_owned())
}

/// Explains a lost acceptance: reason, times, and other jobs nearby.
fn render_loss_explanation(locale: ReaderLocale, params: &OrderParams) -> String {
    let language = locale.language;
    let mut sentences = Vec::new();
    let lost = params.lost.as_ref();
    sentences.extend(
        params
            .why
            .map(|why| LossReason::from_code(why, lost).render_in(language)),
    );
    sentences.extend(
        lost.map(|lost| render_loss_times(locale, lost))
            .unwrap_or_default(),
    );
    sentences.push(say::no_penalty.render_in(language));
    let jobs = lost.map(|lost| lost.nearby.as_slice()).unwrap_or_default();
    if !jobs.is_empty() {
        let listed: Vec<_> = jobs
            .iter()
            .map(|job| render_nearby_job(language, job))
            .collect();
        let jobs = listed.join(say::nearby_separator.text_in(language)).into();
        sentences.push(say::nearby_jobs { jobs }.render_in(language));
    }
    sentences.join(say::between.text_in(language))
}

fn render_loss_times(locale: ReaderLocale, lost: &Lost) -> Vec<String> {
    let tapped = lost.tapped_at.map(|at| {
        let tapped_at = locale.write_exact(at).into();
        say::lost_tapped { tapped_at }.render_in(locale.language)
    });
    let stored = lost.edge_at.map(|at| {
        let edge_at = locale.write_exact(at).into();
        say::lost_stored { edge_at }.render_in(locale.language)
    });
    let won = lost.winner_decided_at.map(|at| {
        let winner_at = locale.write_exact(at).into();
        say::lost_won { winner_at }.render_in(locale.language)
    });
    [tapped, stored, won].into_iter().flatten().collect()
}

fn render_nearby_job(language: Language, job: &NearbyJob) -> String {
    let NearbyJob {
        title,
        code,
        price,
        currency,
        ..
    } = job;
    let price = price.with_currency(*currency).into();
    say::nearby_job {
        title: title.into(),
        code: code.into(),
        price,
    }
    .render_in(language)
}

#[cfg(test)]
mod tests;
