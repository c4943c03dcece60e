//! Why an acceptance failed, in sentences: the broken promise, if there was one, and the order's
//! fate.
//!
//! Invariant: tablet, inbox, command line and portal all use this type, so that their explanations
//! agree.

use minicbor::{Decode, Decoder, Encode, decode};
use texts::{Language, Phrase, Sentence};

use crate::{Code, EdgePromise, FenceEnding, Lost, OrderStatus, Outcome, TimelineEntry, say};

words! {
    /// The rule by which an acceptance came before all others.
    #[derive(Encode)]
    #[cbor(index_only)]
    RaceRule {
        /// It reached the cloud first.
        FirstInCloud = 0 "first_in_cloud",
        /// It came first in the log of the edge that held the region.
        FirstInLog = 1 "first_in_log",
        /// The edge that held the region had promised it.
        Promised = 2 "promised",
    }
    or
    /// A rule of a newer peer.
    Unrecognised = 65535 "unrecognised"
}

words_from_text!(RaceRule);

impl<'b, C> Decode<'b, C> for RaceRule {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let index = usize::try_from(d.u32()?).unwrap_or(usize::MAX);
        Ok(Self::ALL.get(index).copied().unwrap_or(Self::Unrecognised))
    }
}

/// Why an acceptance failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LossReason {
    pub code: Code,
    /// Why an edge's promise does not hold, if there was one.
    pub promise_ended: Option<FenceEnding>,
    /// The rule by which the winner came first, if there is a winner.
    pub rule: Option<RaceRule>,
    /// The order's status when the decision was made.
    pub status: Option<OrderStatus>,
}

impl LossReason {
    /// `None` if the outcome is a success or carries no reason.
    pub fn from_outcome(outcome: &Outcome) -> Option<Self> {
        if outcome.has_succeeded() {
            return None;
        }
        let code = outcome
            .code
            .or(outcome.first.as_ref().and_then(|first| first.code))?;
        Some(Self::from_code(code, outcome.lost.as_ref()))
    }

    pub fn from_code(code: Code, lost: Option<&Lost>) -> Self {
        Self {
            code,
            promise_ended: lost.and_then(|lost| lost.promise_ended),
            rule: lost.and_then(|lost| lost.race_rule),
            status: lost.and_then(|lost| lost.status),
        }
    }

    /// The reason recorded in the order's history; `rule` is the winner's.
    pub fn from_timeline_entry(lost: &TimelineEntry, rule: Option<RaceRule>) -> Self {
        Self {
            code: lost.code.unwrap_or(Code::Unrecognised),
            promise_ended: lost.promise.as_ref().and_then(EdgePromise::broken_by),
            rule,
            status: Some(lost.to),
        }
    }

    fn broken_promise(self) -> Option<Code> {
        let ended = self.promise_ended.and_then(FenceEnding::broken_promise);
        Some(self.code)
            .filter(|code| code.is_broken_promise())
            .or(ended)
    }

    fn describe_fate(self) -> Option<Phrase> {
        if self.code.is_broken_promise() {
            return match self.status? {
                OrderStatus::Cancelled => Some(Code::OrderCancelled.phrase()),
                OrderStatus::Rejected => Some(Code::OrderRejected.phrase()),
                status => status.has_provider().then(|| self.describe_winner()),
            };
        }
        match self.code {
            Code::OrderAlreadyAccepted => Some(self.describe_winner()),
            code => Some(code.phrase()),
        }
    }

    fn describe_winner(self) -> Phrase {
        match self.rule {
            Some(RaceRule::FirstInCloud) => say::lost_first_in_cloud,
            Some(RaceRule::FirstInLog) => say::lost_first_in_log,
            Some(RaceRule::Promised) => say::lost_promised,
            Some(RaceRule::Unrecognised) | None => say::lost_to_another,
        }
    }
}

impl Sentence for LossReason {
    fn render_in(&self, language: Language) -> String {
        let promise = self.broken_promise().map(Code::phrase);
        let sentences = [promise, self.describe_fate()].into_iter().flatten();
        let sentences: Vec<_> = sentences
            .map(|sentence| sentence.text_in(language))
            .collect();
        sentences.join(say::sentence_gap.text_in(language))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_reasons_share_a_sentence() {
        let plain = |code| LossReason {
            code,
            promise_ended: None,
            rule: None,
            status: None,
        };
        let mut reasons: Vec<LossReason> = Vec::new();
        for rule in RaceRule::ALL {
            let rule = Some(rule);
            reasons.push(LossReason {
                rule,
                ..plain(Code::OrderAlreadyAccepted)
            });
            for ended in FenceEnding::ALL {
                let Some(code) = ended.broken_promise() else {
                    continue;
                };
                let status = Some(OrderStatus::Accepted);
                reasons.push(LossReason {
                    rule,
                    status,
                    ..plain(code)
                });
            }
        }
        for ended in FenceEnding::ALL
            .into_iter()
            .chain([FenceEnding::Unrecognised])
        {
            let Some(code) = ended.broken_promise() else {
                continue;
            };
            for status in [
                OrderStatus::Cancelled,
                OrderStatus::Rejected,
                OrderStatus::Pending,
            ] {
                reasons.push(LossReason {
                    status: Some(status),
                    ..plain(code)
                });
            }
        }
        reasons.extend([Code::OrderCancelled, Code::OrderRejected, Code::Revoked].map(plain));
        for language in [Language::English, Language::Chinese] {
            let mut said: Vec<String> = reasons
                .iter()
                .map(|reason| reason.render_in(language))
                .collect();
            let end = if language == Language::English {
                '.'
            } else {
                '。'
            };
            assert!(said.iter().all(|said| said.ends_with(end)), "{said:#?}");
            said.sort();
            let all = said.len();
            said.dedup();
            assert_eq!(said.len(), all, "{said:#?}");
        }
    }

    #[test]
    fn a_promise_that_lost_in_another_log_is_told_of_beside_the_winner() {
        let reason = LossReason {
            code: Code::OrderAlreadyAccepted,
            promise_ended: Some(FenceEnding::TakenBack),
            rule: Some(RaceRule::Promised),
            status: Some(OrderStatus::Accepted),
        };
        assert_eq!(
            reason.render_in(Language::English),
            "The node's promise does not hold: an operator took back its right to assign. Another \
             provider has the order: the node that assigns the region's orders had promised it."
        );
    }
}
