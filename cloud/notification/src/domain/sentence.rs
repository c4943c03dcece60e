//! Owns the writing of a line's title and content in the reader's language. The words stand in `texts`.

use texts::{Arg, Sentence};
use wire::{Amount, Currency, EventType, Language, LossReason, Lost, NearbyJob, Role, UnixMillis};

use super::{
    InboxLine, Params,
    audience::makes_a_case,
    inbox::{MoneyParams, OrderParams, ReviewParams},
};
use crate::say;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineText {
    pub title: String,
    pub content: String,
}

/// An event that this version has no words for is shown by its name, so that a line written by a newer
/// version is not hidden.
pub fn write(language: Language, line: &InboxLine) -> LineText {
    let said = match &line.params {
        Params::Order(params) => order(language, line, params),
        Params::Review(params) => review(language, line, params),
        Params::Money(params) => money_news(language, line, params),
        Params::Person(_) => person(language, line.event_type),
    };
    let Some((title, content)) = said else {
        let content = line.params.order().map(|order| order.title.clone()).unwrap_or_default();
        return LineText { title: line.event_type.to_string(), content };
    };
    let mut sentences = vec![content];
    match line.event_type {
        EventType::OrderAcceptanceLost if line.role == Role::Provider => {
            sentences.extend(line.params.order().map(|order| explanation(language, order)));
        }
        EventType::OrderApproved if line.role == Role::Provider => {
            sentences.extend(line.params.order().and_then(|order| proposed(language, order)));
        }
        EventType::OrderRejected
        | EventType::OrderCancelled
        | EventType::OrderAcceptanceWithdrawn
        | EventType::ProfileVerificationRejected => {
            let given =
                line.params.reason().map(|reason| say::reason_given { reason: reason.into() });
            sentences.extend(given.map(|given| given.to(language)));
        }
        _ if matches!(line.params, Params::Review(_)) => {
            let given =
                line.params.reason().map(|reason| say::reason_given { reason: reason.into() });
            sentences.extend(given.map(|given| given.to(language)));
        }
        _ => {}
    }
    LineText { title, content: sentences.join(say::between.plain(language)) }
}

macro_rules! words {
    ($language:ident, $message:ident { $($placeholder:ident),* }) => {
        (
            say::$message::title.to($language),
            say::$message::content { $($placeholder: $placeholder.into()),* }.to($language),
        )
    };
    ($language:ident, $message:ident) => {
        (say::$message::title.to($language), say::$message::content.to($language))
    };
}

/// The title, and the sentence that every such line begins with.
fn order(language: Language, line: &InboxLine, params: &OrderParams) -> Option<(String, String)> {
    let OrderParams { title, code, price, currency, region, .. } = params;
    let price = money(*price, *currency);
    macro_rules! say {
        ($message:ident { $($placeholder:ident),* }) => {
            words!(language, $message { $($placeholder),* })
        };
    }
    Some(match (line.event_type, line.role) {
        (EventType::OrderCreated, Role::Customer) => say!(order_created_customer { title, code }),
        (EventType::OrderCreated, Role::Admin) => say!(order_created_admin { code, region }),
        (EventType::OrderApproved, Role::Customer) => {
            say!(order_approved_customer { title, code, region })
        }
        (EventType::OrderApproved, Role::Provider) => {
            say!(order_approved_provider { title, code, region, price })
        }
        (EventType::OrderRejected, Role::Customer) => say!(order_rejected_customer { title, code }),
        (EventType::OrderAccepted, Role::Customer) => {
            say!(order_accepted_customer { title, code, price })
        }
        (EventType::OrderAccepted, Role::Provider) => {
            say!(order_accepted_provider { title, code, region, price })
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
            say!(order_acceptance_withdrawn_provider { title, code, region })
        }
        (EventType::OrderCancelled, Role::Customer) => {
            say!(order_cancelled_customer { title, code })
        }
        (EventType::OrderCancelled, Role::Provider) => {
            say!(order_cancelled_provider { title, code, region })
        }
        (EventType::OrderCompleted, Role::Customer) => {
            say!(order_completed_customer { title, code })
        }
        (EventType::OrderCompleted, Role::Provider) => {
            say!(order_completed_provider { title, code, price })
        }
        (EventType::OrderStatusChanged, Role::Provider) => {
            say!(order_held_provider { title, code, region })
        }
        _ => return None,
    })
}

/// The events of money do not carry the order's title; the line leads to the order.
fn money_news(
    language: Language,
    line: &InboxLine,
    params: &MoneyParams,
) -> Option<(String, String)> {
    let amount = money(params.amount, params.currency);
    Some(match (line.event_type, line.role) {
        (EventType::PaymentCompleted, Role::Customer) => {
            words!(language, payment_completed_customer { amount })
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
        _ => return None,
    })
}

fn review(language: Language, line: &InboxLine, params: &ReviewParams) -> Option<(String, String)> {
    let ReviewParams { title, order_code: code, rating, .. } = params;
    let rating = u64::from(*rating);
    Some(match (line.event_type.as_str(), line.role) {
        ("review.created", Role::Provider) => {
            words!(language, review_created_provider { title, code, rating })
        }
        ("review.replied", Role::Customer) => {
            words!(language, review_replied_customer { title, code })
        }
        ("review.hidden", _) => words!(language, review_hidden { title, code }),
        ("review.restored", _) => words!(language, review_restored { title, code }),
        _ => return None,
    })
}

fn person(language: Language, event_type: EventType) -> Option<(String, String)> {
    Some(match event_type {
        EventType::UserReadmitted => words!(language, user_readmitted),
        EventType::ProfileVerified => words!(language, profile_verified),
        EventType::ProfileVerificationRejected => words!(language, profile_verification_rejected),
        _ => return None,
    })
}

/// What speaks for the provider. A reason of a newer matching has no words here and is left out.
fn proposed(language: Language, params: &OrderParams) -> Option<String> {
    let reasons: Vec<_> =
        params.match_reasons.iter().filter_map(|reason| match_reason(language, reason)).collect();
    let listed = reasons.join(say::match_separator.plain(language));
    (!listed.is_empty()).then(|| say::match_reasons { reasons: listed.into() }.to(language))
}

/// The words of a reason of the user service's matching.
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
    Some(phrase.plain(language).to_owned())
}

/// Why an acceptance was lost, when what happened, and where there is other work.
fn explanation(language: Language, params: &OrderParams) -> String {
    let mut sentences = Vec::new();
    let lost = params.lost.as_ref();
    sentences.extend(params.why.map(|why| LossReason::told(why, lost).to(language)));
    sentences.extend(lost.map(|lost| times(language, lost)).unwrap_or_default());
    sentences.push(say::no_penalty.to(language));
    let jobs = lost.map(|lost| lost.nearby.as_slice()).unwrap_or_default();
    if !jobs.is_empty() {
        let listed: Vec<_> = jobs.iter().map(|job| nearby(language, job)).collect();
        let jobs = listed.join(say::nearby_separator.plain(language)).into();
        sentences.push(say::nearby_jobs { jobs }.to(language));
    }
    sentences.join(say::between.plain(language))
}

fn times(language: Language, lost: &Lost) -> Vec<String> {
    let tapped = lost.tapped_at.map(|at| say::lost_tapped { tapped_at: moment(at) }.to(language));
    let stored = lost.edge_at.map(|at| say::lost_stored { edge_at: moment(at) }.to(language));
    let won = lost.winner_decided_at;
    let won = won.map(|at| say::lost_won { winner_at: moment(at) }.to(language));
    [tapped, stored, won].into_iter().flatten().collect()
}

fn nearby(language: Language, job: &NearbyJob) -> String {
    let NearbyJob { title, code, price, currency, .. } = job;
    let price = money(*price, *currency).into();
    say::nearby_job { title: title.into(), code: code.into(), price }.to(language)
}

fn money(price: Amount, currency: Currency) -> String {
    format!("{price} {}", currency.as_str())
}

/// To the millisecond: races are lost by less than a second.
fn moment(at: UnixMillis) -> Arg {
    at.to_string().replacen('T', " ", 1).replacen('Z', " UTC", 1).into()
}

#[cfg(test)]
mod tests {
    use wire::EventType;

    use super::*;
    use crate::{
        domain::{Hearing, hearing},
        tests::samples,
    };

    fn said(event_type: EventType, place: usize, language: Language) -> LineText {
        write(language, &samples::lines(event_type)[place])
    }

    #[test]
    fn every_line_that_is_ever_written_has_words_in_both_languages() {
        for event_type in EventType::ALL {
            let listeners = match hearing(event_type) {
                Some(Hearing::Told(listeners)) => listeners,
                _ => &[],
            };
            let lines = samples::every_line(event_type);
            assert!(lines.len() >= listeners.len(), "{event_type} reaches too few in the samples");
            for line in lines {
                for language in [Language::English, Language::Chinese] {
                    let sentence = write(language, &line);
                    assert_ne!(sentence.title, event_type.as_str());
                    for text in [&sentence.title, &sentence.content] {
                        assert!(!text.is_empty() && !text.contains(['{', '}']), "{text}");
                        assert!(!text.contains("  "), "{text}");
                    }
                    let stop = if language == Language::English { '.' } else { '。' };
                    assert!(sentence.content.ends_with(stop), "{}", sentence.content);
                    for joint in [": ", "：。", "..", ". .", "。。"] {
                        let broken = format!("{joint}{stop}");
                        assert!(!sentence.content.contains(&broken), "{}", sentence.content);
                    }
                }
            }
        }
    }

    #[test]
    fn a_lost_acceptance_is_explained_with_rule_times_and_jobs() {
        let english = said(EventType::OrderAcceptanceLost, 0, Language::English).content;
        for part in [
            "Another provider has the order: that acceptance was the first to reach the cloud.",
            "The time of the tap does not decide.",
            "You tapped at 2025-11-24 16:00:00.000 UTC.",
            "no penalty",
            "Open nearby: “Paint a wall”",
            "150.00 CNY",
        ] {
            assert!(english.contains(part), "`{part}` is missing from: {english}");
        }
        let chinese = said(EventType::OrderAcceptanceLost, 0, Language::Chinese).content;
        for part in ["另一位服务商已接到此订单", "其接单最先到达云端", "附近的待接订单"]
        {
            assert!(chinese.contains(part), "`{part}` is missing from: {chinese}");
        }
    }

    #[test]
    fn a_rejection_gives_its_reason() {
        let sentence = said(EventType::OrderRejected, 0, Language::English);
        assert_eq!(
            sentence.content,
            format!(
                "Your order “Mend the tap” ({}) was rejected. Reason: “the price is missing a digit”.",
                samples::event_body().order.code
            )
        );
    }

    #[test]
    fn money_and_title_are_the_orders() {
        let sentence = said(EventType::OrderAccepted, 1, Language::Chinese);
        assert!(sentence.content.contains("“Mend the tap”"), "{}", sentence.content);
        assert!(sentence.content.contains("200.00 CNY"), "{}", sentence.content);
    }

    #[test]
    fn a_proposed_job_says_what_speaks_for_the_provider() {
        let line = samples::every_line(EventType::OrderApproved).pop().unwrap();
        let english = write(Language::English, &line).content;
        assert!(english.contains("you work in this region; you do this kind of work"), "{english}");
        assert!(!english.contains("from_the_future"), "{english}");
        let chinese = write(Language::Chinese, &line).content;
        assert!(chinese.contains("您服务于该区域"), "{chinese}");
    }
}
