//! The sentences that follow the first one of an order's line: the terms, reasons and times that
//! belong to it.

use texts::Sentence;
use wire::{Amount, Currency, Language, LossReason, Lost, MatchReason, NearbyJob};

use super::{ReaderLocale, inbox::OrderParams, line_template::LineValues};
use crate::say;

type OrderValues<'a> = LineValues<'a, OrderParams>;

pub(super) fn list_held_share(order: &OrderValues<'_>) -> Vec<String> {
    let Some(share) = order.params.terms.share else {
        return Vec::new();
    };
    let share = share.with_currency(order.params.currency).into();
    vec![say::held_share { share }.render_in(order.language())]
}

/// Fee and refund of a cancellation.
pub(super) fn list_cancel_terms(order: &OrderValues<'_>) -> Vec<String> {
    let language = order.language();
    let OrderParams {
        terms, currency, ..
    } = order.params;
    let fee = format_positive_amount(terms.fee, *currency);
    let refund = format_positive_amount(terms.refund, *currency);
    let free = terms.fee == Some(Amount::ZERO);
    let costs = match fee {
        Some(fee) => Some(say::cancel_fee { fee: fee.into() }.render_in(language)),
        None => free.then(|| say::cancel_free.render_in(language)),
    };
    let refund = refund.map(|refund| {
        let refund = refund.into();
        say::cancel_refund { refund }.render_in(language)
    });
    costs.into_iter().chain(refund).collect()
}

fn format_positive_amount(amount: Option<Amount>, currency: Currency) -> Option<String> {
    let amount = amount.filter(|amount| amount.is_positive())?;
    Some(amount.with_currency(currency))
}

/// The text of a report, if the provider wrote one.
pub(super) fn list_report_text(order: &OrderValues<'_>) -> Vec<String> {
    let Some(text) = &order.params.reason else {
        return Vec::new();
    };
    let text = text.into();
    vec![say::provider_writes { text }.render_in(order.language())]
}

/// The reasons of the matching in favour of the provider. Skips reasons from a newer matching.
pub(super) fn list_match_reasons(order: &OrderValues<'_>) -> Vec<String> {
    let language = order.language();
    let reasons: Vec<_> = order
        .params
        .match_reasons
        .iter()
        .filter_map(|reason| reason.parse().ok())
        .map(|reason| match_reason_text(language, reason))
        .collect();
    if reasons.is_empty() {
        return Vec::new();
    }
    let reasons = reasons.join(say::match_separator.text_in(language)).into();
    vec![say::match_reasons { reasons }.render_in(language)]
}

fn match_reason_text(language: Language, reason: MatchReason) -> &'static str {
    let phrase = match reason {
        MatchReason::ServesTheArea => say::match_serves_the_area,
        MatchReason::DoesThisWork => say::match_does_this_work,
        MatchReason::Verified => say::match_verified,
        MatchReason::WorksThatDay => say::match_works_that_day,
        MatchReason::NamesTheSkill => say::match_names_the_skill,
        MatchReason::WellRated => say::match_well_rated,
        MatchReason::HasCompletedJobs => say::match_has_completed_jobs,
    };
    phrase.text_in(language)
}

/// Explains a lost acceptance: reason, times, and other jobs nearby.
pub(super) fn explain_loss(order: &OrderValues<'_>) -> Vec<String> {
    let language = order.language();
    let lost = order.params.lost.as_ref();
    let mut sentences = Vec::new();
    if let Some(why) = order.params.why {
        sentences.push(LossReason::from_code(why, lost).render_in(language));
    }
    if let Some(lost) = lost {
        sentences.extend(list_loss_times(order.locale, lost));
    }
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
    sentences
}

fn list_loss_times(locale: ReaderLocale, lost: &Lost) -> Vec<String> {
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
