//! Owns the writing of a line's title and content in the reader's language.

use wire::{Code, Language, Lost, NearbyJob, UnixMillis};

use super::{
    Line, Params, Texts,
    texts::{Parts, fill},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    pub title: String,
    pub content: String,
}

/// What the line says. An event that this version has no words for is shown by its name, so that a
/// line written by a newer version is not hidden.
pub fn write(texts: &Texts, language: Language, line: &Line) -> Sentence {
    let Some(template) = texts.template(language, line.event_type, line.role) else {
        return Sentence { title: line.event_type.to_string(), content: line.params.title.clone() };
    };
    let words = Words::of(texts.parts(language), language, &line.params);
    Sentence {
        title: fill(&template.title, &words.values()),
        content: fill(&template.content, &words.values()),
    }
}

/// Every word a template may ask for, as text.
struct Words<'a> {
    title: &'a str,
    code: &'a str,
    region: &'a str,
    price: String,
    reason: String,
    why: &'static str,
    rule: &'a str,
    times: String,
    nearby: String,
}

impl<'a> Words<'a> {
    fn of(parts: &'a Parts, language: Language, params: &'a Params) -> Self {
        let lost = params.lost.as_ref();
        let beaten = params.why == Some(Code::OrderAlreadyAccepted);
        Self {
            title: &params.title,
            code: params.code.as_str(),
            region: params.region.as_str(),
            price: money(params.price, params.currency),
            reason: params
                .reason
                .as_deref()
                .map_or_else(String::new, |reason| fill(&parts.reason, &[("reason", reason)])),
            why: params.why.map_or("", |code| code.sentence(language)),
            rule: if beaten { &parts.rule_first_wins } else { "" },
            times: lost.map_or_else(String::new, |lost| times(parts, lost)),
            nearby: lost.map_or_else(String::new, |lost| nearby(parts, &lost.nearby)),
        }
    }

    fn values(&self) -> [(&'static str, &str); 9] {
        [
            ("title", self.title),
            ("code", self.code),
            ("region", self.region),
            ("price", &self.price),
            ("reason", &self.reason),
            ("why", self.why),
            ("rule", self.rule),
            ("times", &self.times),
            ("nearby", &self.nearby),
        ]
    }
}

fn money(price: wire::Amount, currency: wire::Currency) -> String {
    format!("{price} {}", currency.as_str())
}

fn times(parts: &Parts, lost: &Lost) -> String {
    let said = [
        (lost.tapped_at, &parts.times_tapped, "tapped_at"),
        (lost.edge_at, &parts.times_edge, "edge_at"),
        (lost.winner_decided_at, &parts.times_winner, "winner_at"),
    ];
    let known = said
        .into_iter()
        .filter_map(|(at, text, word)| at.map(|at| fill(text, &[(word, moment(at).as_str())])));
    known.collect::<Vec<_>>().join(&parts.between)
}

fn moment(at: UnixMillis) -> String {
    let text = at.to_string();
    // To the millisecond: races are lost by less than a second.
    text.replacen('T', " ", 1).replacen('Z', " UTC", 1)
}

fn nearby(parts: &Parts, jobs: &[NearbyJob]) -> String {
    if jobs.is_empty() {
        return String::new();
    }
    let listed: Vec<String> = jobs
        .iter()
        .map(|job| {
            let price = money(job.price, job.currency);
            let values =
                [("title", job.title.as_str()), ("code", job.code.as_str()), ("price", &price)];
            fill(&parts.nearby_job, &values)
        })
        .collect();
    fill(&parts.nearby, &[("jobs", listed.join(&parts.nearby_separator).as_str())])
}

#[cfg(test)]
mod tests {
    use wire::EventType;

    use super::*;
    use crate::samples;

    fn said(event_type: EventType, place: usize, language: Language) -> Sentence {
        write(&Texts::load().unwrap(), language, &samples::lines(event_type)[place])
    }

    #[test]
    fn every_line_that_is_ever_written_has_words_in_both_languages() {
        let texts = Texts::load().unwrap();
        for &event_type in EventType::ALL {
            for line in samples::lines(event_type) {
                for language in [Language::English, Language::Chinese] {
                    let sentence = write(&texts, language, &line);
                    assert_ne!(sentence.title, event_type.as_str());
                    for text in [&sentence.title, &sentence.content] {
                        assert!(!text.is_empty() && !text.contains(['{', '}']), "{text}");
                        assert!(!text.contains("  "), "{text}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_lost_acceptance_is_explained_with_rule_times_and_jobs() {
        let english = said(EventType::OrderAcceptanceLost, 0, Language::English).content;
        for part in [
            "Order has been accepted by another provider",
            "The first acceptance to reach the cloud gets the job",
            "You tapped at 2025-11-24 16:00:00.000 UTC.",
            "no penalty",
            "Open nearby: “Paint a wall”",
            "150.00 CNY",
        ] {
            assert!(english.contains(part), "`{part}` is missing from: {english}");
        }
        let chinese = said(EventType::OrderAcceptanceLost, 0, Language::Chinese).content;
        for part in ["订单已被其他服务商接走", "以最先到达云端的接单为准", "附近的待接订单"]
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
                "Your order “Mend the tap” ({}) was rejected. Reason: the price is missing a digit",
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
