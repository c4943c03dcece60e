//! Records of an order: the entries of its history, why an acceptance failed, in sentences, and the
//! records of collisions for operators: lost acceptances, open cases, stored answers.
//!
//! Invariant: tablet, inbox, command line and portal all explain a failed acceptance with
//! [`LossReason`], so that their explanations agree.

use serde::{Deserialize, Serialize};
use texts::{Language, Phrase, Sentence};
use utoipa::ToSchema;

use crate::{
    assignment::{FenceEnd, FenceEnding},
    code::Code,
    command::Verdict,
    evidence::WorkEvidence,
    ids::{CommandId, EdgeId, OpPlace, OrderId, Region, UserId},
    incident::{IncidentAnswer, IncidentReport},
    job_offer::OfferAct,
    order::{Action, OrderCode, OrderStatus, PaymentStatus, Source},
    outcome::{Lost, Outcome, RaceRule},
    person::Actor,
    say,
    service_hours::PlannedTime,
    time::UnixMillis,
};

/// When a command passed each hop. Device and edge clocks are shown, never used for ordering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Hops {
    #[schema(required)]
    pub tapped_at: Option<UnixMillis>,
    #[schema(required)]
    pub edge_at: Option<UnixMillis>,
    #[schema(required)]
    pub cloud_at: Option<UnixMillis>,
}

words! {
    /// Why an order's provider could read its address from a given history entry on.
    AddressShown {
        /// The cloud decided their acceptance.
        Decided "decided",
        /// An edge promised them the order before the cloud received it.
        Firm "firm",
        /// They started the work at an edge on an undecided acceptance, and the region's rule shows
        /// the address at that point.
        Started "started",
    }
}
words_from_text!(AddressShown);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimelineEntry {
    pub version: u64,
    /// Absent for the order's creation, for payment changes and for offers.
    #[schema(required)]
    pub action: Option<Action>,
    pub actor: Actor,
    #[schema(required)]
    pub from: Option<OrderStatus>,
    /// Equals `from` if the attempt changed nothing, as a lost acceptance does, and for a report
    /// and its answer.
    pub to: OrderStatus,
    /// Why nothing changed, or a note on the effect.
    #[schema(required)]
    pub code: Option<Code>,
    #[schema(required)]
    pub reason: Option<String>,
    pub hops: Hops,
    pub command_id: CommandId,
    pub source: Source,
    /// The edge whose log has the op, with its place there and the immediate verdict. If it differs
    /// from `source`, it held the region and the accept was put to it.
    #[schema(required)]
    pub edge: Option<EdgeId>,
    #[schema(required)]
    pub epoch: Option<u64>,
    #[schema(required)]
    pub seq: Option<u64>,
    #[schema(required)]
    pub verdict: Option<Verdict>,
    /// This entry showed the address to the actor, even if the attempt failed in the end.
    #[serde(default)]
    #[schema(required)]
    pub address_shown: Option<AddressShown>,
    /// The rule by which others lose to this winning acceptance. Absent if it predates that record.
    #[serde(default)]
    #[schema(required)]
    pub race_rule: Option<RaceRule>,
    /// The firm answer that the person had received, even from an ended epoch.
    #[serde(default)]
    #[schema(required)]
    pub promise: Option<EdgePromise>,
    /// The order's new payment status.
    #[serde(default)]
    #[schema(required)]
    pub payment_status: Option<PaymentStatus>,
    /// The provider's evidence of the work that this entry completed, or photos from its start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<WorkEvidence>,
    /// The provider's report that this entry brought; its text is the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<IncidentReport>,
    /// The customer's answer to an earlier report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident_answer: Option<IncidentAnswer>,
    /// The time before this entry moved the order to another one, if it had a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<PlannedTime>,
    /// The time to which this entry moved the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<PlannedTime>,
    /// An admin's act on the offer of the open job to a few providers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<OfferAct>,
    /// The end of the offer that this entry made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered_until: Option<UnixMillis>,
}

impl TimelineEntry {
    /// Returns true for an acceptance that found the order with another provider.
    pub fn was_beaten(&self) -> bool {
        let is_beaten = self
            .code
            .is_some_and(|code| code == Code::OrderAlreadyAccepted || code.is_broken_promise());
        is_beaten && self.to.has_provider()
    }
}

impl EdgePromise {
    /// Why the promise does not hold, if it does not.
    pub fn broken_by(&self) -> Option<FenceEnding> {
        let ended = self
            .end
            .as_ref()
            .map(|end| end.how)
            .filter(|how| how.is_take_back());
        ended.or(self.why)
    }
}

/// An edge's firm answer, and the end of the right behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EdgePromise {
    pub edge: EdgeId,
    pub epoch: u64,
    pub fence: u64,
    /// Why it grants no right, according to the edge that logged it again.
    #[schema(required)]
    pub why: Option<FenceEnding>,
    /// Absent while the right is in force.
    #[schema(required)]
    pub end: Option<FenceEnd>,
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

/// An acceptance that an edge had answered and that lost in the cloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LostAcceptance {
    /// Its place among all history entries; newer ones are higher.
    pub id: u64,
    pub order_id: OrderId,
    pub order_code: OrderCode,
    pub region: Region,
    /// Its entry in the order's history: person, time at each hop, and the rule as its code.
    #[serde(flatten)]
    pub entry: TimelineEntry,
    /// The order's provider at that time; absent if there was none.
    #[schema(required)]
    pub winner: Option<Winner>,
}

/// A command that an edge answered firm, and what became of that promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FirmAnswer {
    /// Its place among all history entries; newer ones are higher.
    pub id: u64,
    pub order_id: OrderId,
    pub order_code: OrderCode,
    pub region: Region,
    /// The order's status now.
    pub order_status: OrderStatus,
    /// Its entry in the order's history. The cloud decided as promised if it has no code.
    #[serde(flatten)]
    pub entry: TimelineEntry,
    /// The cases that it opened, closed ones too.
    pub cases: Vec<CaseItem>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Winner {
    pub user_id: UserId,
    pub source: Source,
    #[schema(required)]
    pub decided_at: Option<UnixMillis>,
    #[schema(required)]
    pub verdict: Option<Verdict>,
    #[serde(default)]
    #[schema(required)]
    pub race_rule: Option<RaceRule>,
}

/// A command that a person should look at. Those of one order, person and kind are one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CaseItem {
    /// Its place in the list; newer ones are higher.
    pub id: u64,
    pub order_id: OrderId,
    /// Absent if the order is gone.
    #[schema(required)]
    pub order_code: Option<OrderCode>,
    #[schema(required)]
    pub region: Option<Region>,
    pub user_id: UserId,
    /// `met_closed`, `revoked_meanwhile`, `unverified_holder`, `offline_rule`, `taken_back`,
    /// `revoked_holder`, `worked_in_vain`, `withdrew_before_fee`, `edge_distrusted`,
    /// `message_reported`, `double_booked`, or a kind of a newer service.
    pub kind: String,
    /// The id of the revocation's event if the kind is `revoked_holder`.
    pub command_id: CommandId,
    #[schema(required)]
    pub code: Option<Code>,
    pub at: UnixMillis,
    /// The admin who works on the case, or last did.
    #[serde(default)]
    #[schema(required)]
    pub taken_by: Option<UserId>,
    #[serde(default)]
    #[schema(required)]
    pub taken_at: Option<UnixMillis>,
    #[serde(default)]
    #[schema(required)]
    pub closed_by: Option<UserId>,
    /// Absent while the case is open.
    #[serde(default)]
    #[schema(required)]
    pub closed_at: Option<UnixMillis>,
    #[serde(default)]
    #[schema(required)]
    pub closed_why: Option<String>,
}

words! {
    /// The state of a case: an open one waits for a person.
    CaseState {
        Open "open",
        Closed "closed",
    }
}

/// The jobs that an admin withdrew from one provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WithdrawnJobs {
    pub items: Vec<WithdrawnJob>,
    /// The provider had more jobs than one request withdraws: repeat the request.
    pub more: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WithdrawnJob {
    pub order_id: OrderId,
    /// Absent if the order has gone meanwhile.
    #[schema(required)]
    pub order_code: Option<OrderCode>,
    /// Absent if it was withdrawn.
    #[schema(required)]
    pub code: Option<Code>,
}

/// The answer to a command, which is kept forever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommandAnswer {
    pub command_id: CommandId,
    /// Absent if no valid token named a person.
    #[schema(required)]
    pub user_id: Option<UserId>,
    pub applied: bool,
    #[schema(required)]
    pub code: Option<Code>,
    pub order_id: OrderId,
    /// The order's version at that time.
    #[schema(required)]
    pub order_version: Option<u64>,
    /// The op that it was decided for; absent for a request over HTTP.
    #[schema(required)]
    pub op: Option<OpPlace>,
    pub decided_at: UnixMillis,
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
