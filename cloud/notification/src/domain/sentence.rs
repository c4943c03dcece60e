//! Owns the writing of a line's title and content in the reader's language. The words stand in
//! `texts/*/order.ftl`.

use texts::{Arg, Sentence};
use wire::{
    Amount, Code, Currency, EventType, Language, LossReason, Lost, NearbyJob, Role, UnixMillis,
};

use super::{InboxLine, Params};
use crate::say;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineText {
    pub title: String,
    pub content: String,
}

/// An event that this version has no words for is shown by its name, so that a line written by a newer
/// version is not hidden.
pub fn write(language: Language, line: &InboxLine) -> LineText {
    let Some((title, content)) = event(language, line) else {
        return LineText { title: line.event_type.to_string(), content: line.params.title.clone() };
    };
    let mut sentences = vec![content];
    match line.event_type {
        EventType::OrderAcceptanceLost => sentences.extend(explanation(language, &line.params)),
        EventType::OrderRejected
        | EventType::OrderCancelled
        | EventType::OrderAcceptanceWithdrawn => {
            let reason = line.params.reason.as_ref();
            let given = reason.map(|reason| say::reason_given { reason: reason.into() });
            sentences.extend(given.map(|given| given.to(language)));
        }
        _ => {}
    }
    LineText { title, content: sentences.join(say::between.plain(language)) }
}

/// The title, and the sentence that every such line begins with.
fn event(language: Language, line: &InboxLine) -> Option<(String, String)> {
    let Params { title, code, price, currency, region, .. } = &line.params;
    let price = money(*price, *currency);
    macro_rules! words {
        ($message:ident { $($placeholder:ident),* }) => {
            (
                say::$message::title.to(language),
                say::$message::content { $($placeholder: $placeholder.into()),* }.to(language),
            )
        };
    }
    Some(match (line.event_type, line.role) {
        (EventType::OrderCreated, Role::Customer) => words!(order_created_customer { title, code }),
        (EventType::OrderApproved, Role::Customer) => {
            words!(order_approved_customer { title, code, region })
        }
        (EventType::OrderRejected, Role::Customer) => {
            words!(order_rejected_customer { title, code })
        }
        (EventType::OrderAccepted, Role::Customer) => {
            words!(order_accepted_customer { title, code, price })
        }
        (EventType::OrderAccepted, Role::Provider) => {
            words!(order_accepted_provider { title, code, region, price })
        }
        (EventType::OrderAcceptanceLost, Role::Provider) if was_closed(&line.params) => {
            words!(order_acceptance_closed_provider { title, code })
        }
        (EventType::OrderAcceptanceLost, Role::Provider) => {
            words!(order_acceptance_lost_provider { title, code })
        }
        (EventType::OrderAcceptanceWithdrawn, Role::Customer) => {
            words!(order_acceptance_withdrawn_customer { title, code })
        }
        (EventType::OrderAcceptanceWithdrawn, Role::Provider) => {
            words!(order_acceptance_withdrawn_provider { title, code, region })
        }
        (EventType::OrderCancelled, Role::Customer) => {
            words!(order_cancelled_customer { title, code })
        }
        (EventType::OrderCancelled, Role::Provider) => {
            words!(order_cancelled_provider { title, code, region })
        }
        (EventType::OrderCompleted, Role::Customer) => {
            words!(order_completed_customer { title, code })
        }
        (EventType::OrderCompleted, Role::Provider) => {
            words!(order_completed_provider { title, code, price })
        }
        _ => return None,
    })
}

/// A promise that counts, though its order was closed.
fn was_closed(params: &Params) -> bool {
    matches!(params.why, Some(Code::OrderCancelledMeanwhile | Code::OrderRejectedMeanwhile))
}

/// Why an acceptance was lost, when what happened, and where there is other work.
fn explanation(language: Language, params: &Params) -> Vec<String> {
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
    sentences
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
    use crate::tests::samples;

    fn said(event_type: EventType, place: usize, language: Language) -> LineText {
        write(language, &samples::lines(event_type)[place])
    }

    #[test]
    fn every_line_that_is_ever_written_has_words_in_both_languages() {
        for event_type in EventType::ALL {
            for line in samples::lines(event_type) {
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
}
