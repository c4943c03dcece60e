//! The texts of orders: what happened, and the terms, reasons and times that belong to it.

use texts::Sentence;
use wire::{
    Amount, Currency, EventType, Language, LossReason, Lost, NearbyJob, OrderStatus, PaymentStatus,
    Role,
};

use super::words;
use crate::{
    domain::{ReaderLocale, audience::makes_a_case, inbox::OrderParams},
    say,
};

/// Title and first sentence.
pub fn render_order_text(
    locale: ReaderLocale,
    event: (EventType, Role),
    params: &OrderParams,
) -> Option<(String, String)> {
    let language = locale.language;
    let (event_type, role) = event;
    match event_type {
        EventType::OrderCreated | EventType::OrderApproved | EventType::OrderRejected => {
            render_publication_text(language, event, params)
        }
        EventType::OrderAccepted
        | EventType::OrderAcceptanceLost
        | EventType::OrderAcceptanceWithdrawn => render_acceptance_text(language, event, params),
        EventType::OrderCancelled | EventType::OrderStatusChanged => {
            render_status_text(language, event, params)
        }
        EventType::OrderCompleted => render_completion_text(locale, role, params),
        _ => None,
    }
}

fn render_publication_text(
    language: Language,
    event: (EventType, Role),
    params: &OrderParams,
) -> Option<(String, String)> {
    let OrderParams { title, code, .. } = params;
    let price = params.price.with_currency(params.currency);
    let region = params.region.name();
    Some(match event {
        (EventType::OrderCreated, Role::Customer) => {
            words!(language, order_created_customer { title, code })
        }
        (EventType::OrderCreated, Role::Admin) => {
            words!(language, order_created_admin { code, region })
        }
        (EventType::OrderCreated, Role::Provider) => {
            words!(
                language,
                order_created_provider {
                    title,
                    code,
                    region,
                    price
                }
            )
        }
        (EventType::OrderApproved, Role::Customer) => {
            words!(
                language,
                order_approved_customer {
                    title,
                    code,
                    region
                }
            )
        }
        (EventType::OrderApproved, Role::Provider) => {
            words!(
                language,
                order_approved_provider {
                    title,
                    code,
                    region,
                    price
                }
            )
        }
        (EventType::OrderRejected, Role::Customer) => {
            words!(language, order_rejected_customer { title, code })
        }
        _ => return None,
    })
}

fn render_acceptance_text(
    language: Language,
    event: (EventType, Role),
    params: &OrderParams,
) -> Option<(String, String)> {
    let OrderParams { title, code, .. } = params;
    let price = params.price.with_currency(params.currency);
    let region = params.region.name();
    Some(match event {
        (EventType::OrderAccepted, Role::Customer) if params.paid_afterwards => {
            words!(
                language,
                order_accepted_later_customer { title, code, price }
            )
        }
        (EventType::OrderAccepted, Role::Provider) if params.paid_afterwards => {
            words!(
                language,
                order_accepted_later_provider {
                    title,
                    code,
                    region,
                    price
                }
            )
        }
        (EventType::OrderAccepted, Role::Customer) => {
            words!(language, order_accepted_customer { title, code, price })
        }
        (EventType::OrderAccepted, Role::Provider) => {
            words!(
                language,
                order_accepted_provider {
                    title,
                    code,
                    region,
                    price
                }
            )
        }
        (EventType::OrderAcceptanceLost, Role::Admin) => {
            words!(language, order_acceptance_lost_admin { code, region })
        }
        (EventType::OrderAcceptanceLost, Role::Provider) if makes_a_case(params.why) => {
            words!(language, order_acceptance_closed_provider { title, code })
        }
        (EventType::OrderAcceptanceLost, Role::Provider) => {
            words!(language, order_acceptance_lost_provider { title, code })
        }
        (EventType::OrderAcceptanceWithdrawn, Role::Customer) => {
            words!(
                language,
                order_acceptance_withdrawn_customer { title, code }
            )
        }
        (EventType::OrderAcceptanceWithdrawn, Role::Provider) => {
            words!(
                language,
                order_acceptance_withdrawn_provider {
                    title,
                    code,
                    region
                }
            )
        }
        _ => return None,
    })
}

fn render_status_text(
    language: Language,
    event: (EventType, Role),
    params: &OrderParams,
) -> Option<(String, String)> {
    let OrderParams { title, code, .. } = params;
    let region = params.region.name();
    Some(match event {
        (EventType::OrderCancelled, Role::Customer) => {
            words!(language, order_cancelled_customer { title, code })
        }
        (EventType::OrderCancelled, Role::Provider) => {
            words!(
                language,
                order_cancelled_provider {
                    title,
                    code,
                    region
                }
            )
        }
        (EventType::OrderStatusChanged, Role::Provider) => {
            words!(
                language,
                order_held_provider {
                    title,
                    code,
                    region
                }
            )
        }
        (EventType::OrderStatusChanged, Role::Customer) => match params.status? {
            OrderStatus::InProgress => words!(language, order_started_customer { title, code }),
            OrderStatus::Pending => words!(language, order_given_back_customer { title, code }),
            _ => return None,
        },
        _ => return None,
    })
}

/// The price is unpaid, or held until the objection period ends.
fn render_completion_text(
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
        .map(|until| locale.format_minute(until));
    Some(match (role, objections_until) {
        (Role::Customer, _) if params.reminds => {
            words!(language, order_unpaid_customer { title, code, price })
        }
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

/// The sentences after the first.
pub fn render_details(
    locale: ReaderLocale,
    event_type: EventType,
    role: Role,
    order: &OrderParams,
) -> Vec<String> {
    let language = locale.language;
    match (event_type, role) {
        (EventType::OrderAcceptanceLost, Role::Provider) => {
            vec![render_loss_explanation(locale, order)]
        }
        (EventType::OrderCreated | EventType::OrderApproved, Role::Provider) => {
            Vec::from_iter(render_match_reasons(language, order))
        }
        (EventType::OrderCancelled, _) => render_cancel_terms(language, role, order),
        (EventType::OrderStatusChanged, _) => Vec::from_iter(render_held_share(language, order)),
        _ => Vec::new(),
    }
}

fn render_held_share(language: Language, order: &OrderParams) -> Option<String> {
    let share = order.terms.share?.with_currency(order.currency).into();
    Some(say::held_share { share }.render_in(language))
}

/// Fee and refund of a cancellation. Providers see only the fee.
fn render_cancel_terms(language: Language, role: Role, params: &OrderParams) -> Vec<String> {
    let fee = format_positive_amount(params.terms.fee, params.currency);
    let refund = format_positive_amount(params.terms.refund, params.currency);
    if role == Role::Provider {
        return fee
            .map(|fee| say::cancel_fee_due { fee: fee.into() }.render_in(language))
            .into_iter()
            .collect();
    }
    let free = params.terms.fee == Some(Amount::ZERO);
    let costs = match fee {
        Some(fee) => Some(say::cancel_fee { fee: fee.into() }.render_in(language)),
        None => free.then(|| say::cancel_free.render_in(language)),
    };
    let refund = refund.map(|refund| {
        say::cancel_refund {
            refund: refund.into(),
        }
        .render_in(language)
    });
    costs.into_iter().chain(refund).collect()
}

fn format_positive_amount(amount: Option<Amount>, currency: Currency) -> Option<String> {
    let amount = amount.filter(|amount| amount.is_positive())?;
    Some(amount.with_currency(currency))
}

/// Skips reasons from a newer matching.
fn render_match_reasons(language: Language, params: &OrderParams) -> Option<String> {
    let reasons: Vec<_> = params
        .match_reasons
        .iter()
        .filter_map(|reason| render_match_reason(language, reason))
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
pub fn render_match_reason(language: Language, reason: &str) -> Option<String> {
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
        let tapped_at = locale.format_millisecond(at).into();
        say::lost_tapped { tapped_at }.render_in(locale.language)
    });
    let stored = lost.edge_at.map(|at| {
        let edge_at = locale.format_millisecond(at).into();
        say::lost_stored { edge_at }.render_in(locale.language)
    });
    let won = lost.winner_decided_at.map(|at| {
        let winner_at = locale.format_millisecond(at).into();
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
