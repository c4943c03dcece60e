//! Builds replies, and limits orders to what each reader may see.

use engine::view::EdgeOrderView;
use process::problem::{BodyFault, explain_body_fault};
use texts::{Phrase, Sentence};
use wire::{
    Actor, CmdFrame, Code, CommandId, FieldError, Hop, LossReason, Order, Outcome, OutcomeKind,
    Reply, Role, UnreadableFrame, UserId, Verdict, hide_customer_and_address,
    order_visible_given_certainty,
};

use crate::{context::EdgeContext, receipts::sign_receipt, say, store::StoredCommand};

pub(crate) fn not_taken_reply(command_id: Option<CommandId>, code: Code) -> Reply {
    Reply {
        command_id,
        hop: Hop::Stored,
        verdict: Verdict::NotTaken,
        code: Some(code),
        message: Some(code.to_text()),
        errors: Vec::new(),
        order: None,
        receipt: None,
        outcome: None,
        limit: None,
    }
}

/// Replies to an invalid command frame, naming the offending field.
pub(super) fn unreadable_reply(
    body: &[u8],
    UnreadableFrame { id, code }: UnreadableFrame,
) -> Reply {
    let reply = not_taken_reply(id, code);
    if code != Code::MalformedBody {
        return reply;
    }
    match explain_body_fault::<CmdFrame>(body) {
        BodyFault::Whole(why) => Reply {
            message: Some(why),
            ..reply
        },
        BodyFault::Field(error) => Reply {
            errors: vec![error],
            ..reply
        },
    }
}

/// Adds the invalid fields if they are the reason for the refusal.
pub(super) fn with_field_errors(reply: Reply, wrong: Vec<FieldError>) -> Reply {
    let named = reply.verdict == Verdict::NotTaken && reply.code == Some(Code::InvalidInput);
    if named {
        Reply {
            errors: wrong,
            ..reply
        }
    } else {
        reply
    }
}

/// Replies with the outcome or else the verdict, the order as it is now, and the receipt.
pub(super) fn build_stored_reply(
    context: &EdgeContext,
    stored: &StoredCommand,
    outcome: Option<&Outcome>,
    view: EdgeOrderView,
    actor: Actor,
) -> Reply {
    let (hop, code) = match outcome {
        Some(outcome) => (
            Hop::Decided,
            outcome
                .code
                .or(outcome.first.as_ref().and_then(|first| first.code)),
        ),
        None => (Hop::Stored, stored.doubt),
    };
    let is_twin = context.store.is_twin();
    let message = match outcome.map(|outcome| (outcome, LossReason::from_outcome(outcome))) {
        Some((_, Some(reason))) => reason.to_text(),
        Some((outcome, None)) => code
            .map_or_else(|| outcome_phrase(outcome), Code::phrase)
            .to_text(),
        None => code
            .map_or_else(|| verdict_phrase(stored.verdict, is_twin), Code::phrase)
            .to_text(),
    };
    let certainty = view.certainty;
    let order = view.order.and_then(|order| {
        order_visible_given_certainty(&order, actor, certainty).or_else(|| {
            is_lost_to_reader(stored, outcome, code, actor)
                .then(|| hide_customer_and_address(&order))
        })
    });
    let outcome = outcome.map(|outcome| Outcome {
        order: order.clone(),
        ..outcome.clone()
    });
    Reply {
        command_id: Some(stored.command_id),
        hop,
        verdict: stored.verdict,
        code,
        message: Some(message),
        errors: Vec::new(),
        order,
        receipt: Some(sign_receipt(&context.identity, &context.signer, stored)),
        outcome,
        limit: None,
    }
}

/// True if the reader accepted the open order here and lost it. They have seen it before, so they
/// may see its fate.
fn is_lost_to_reader(
    stored: &StoredCommand,
    outcome: Option<&Outcome>,
    code: Option<Code>,
    reader: Actor,
) -> bool {
    outcome.is_some()
        && code.is_some_and(|code| code == Code::OrderAlreadyAccepted || code.is_broken_promise())
        && stored
            .doubt
            .is_none_or(|doubt| doubt == Code::RegionHeldElsewhere)
        && reader.user_id == stored.user_id
}

/// The reader, from the id alone. Never an admin, who sees more: the role is not stored.
pub(super) fn infer_reader(user_id: UserId, order: Option<&Order>) -> Actor {
    let customer = order.is_some_and(|order| order.customer_id == user_id);
    Actor {
        user_id,
        role: if customer {
            Role::Customer
        } else {
            Role::Provider
        },
    }
}

/// The cloud never gets a twin's commands, so the text must not promise a decision.
fn verdict_phrase(verdict: Verdict, is_twin: bool) -> Phrase {
    match verdict {
        Verdict::Firm => say::taken_firm,
        Verdict::Provisional | Verdict::NotTaken if is_twin => say::taken_by_twin,
        Verdict::Provisional | Verdict::NotTaken => say::taken_provisional,
    }
}

fn outcome_phrase(outcome: &Outcome) -> Phrase {
    match outcome.kind {
        OutcomeKind::Applied => say::outcome_applied,
        OutcomeKind::Duplicate => say::outcome_duplicate,
        OutcomeKind::Rejected => say::outcome_rejected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::id;

    /// `fields` are the ones named in the answer.
    #[track_caller]
    fn check(body: &str, code: Code, fields: &[&str]) {
        let unread = CmdFrame::read(body.as_bytes()).unwrap_err();
        let reply = unreadable_reply(body.as_bytes(), unread);
        assert_eq!(reply.code, Some(code), "{body}");
        let named: Vec<_> = reply
            .errors
            .iter()
            .map(|error| error.field.as_str())
            .collect();
        assert_eq!(named, fields, "{body}");
        let words = [reply.message]
            .into_iter()
            .flatten()
            .chain(reply.errors.into_iter().map(|e| e.why));
        assert!(
            words
                .into_iter()
                .all(|text| !text.en.is_empty() && !text.zh.is_empty())
        );
    }

    #[test]
    fn a_body_that_cannot_be_read_is_told_its_wrong_field() {
        let uuid = id(5);
        let whole = |body: &str| {
            format!(
                r#"{{"id":"{uuid}","v":1,"device_seq":1,"tapped_at":"2025-11-24T16:00:00Z","token":"t","body":{body}}}"#
            )
        };
        check("", Code::MalformedBody, &[]);
        check("[]", Code::MalformedBody, &[]);
        check("{}", Code::MalformedBody, &["v"]);
        check(r#"{"id":"five","v":1}"#, Code::MalformedBody, &["id"]);
        check(
            &format!(r#"{{"id":"{uuid}"}}"#),
            Code::MalformedBody,
            &["v"],
        );
        check(&format!(r#"{{"id":"{uuid}","v":2}}"#), Code::UnknownOp, &[]);
        check(&whole(r#"{"type":"teleport_order"}"#), Code::UnknownOp, &[]);
        check(
            &whole(r#"{"type":"accept_order"}"#),
            Code::MalformedBody,
            &["body.order_id"],
        );
        let right = whole(&format!(r#"{{"type":"accept_order","order_id":"{uuid}"}}"#));
        let number_in_words = right.replace(r#":1,"tapped"#, r#":"one","tapped"#);
        check(&number_in_words, Code::MalformedBody, &["device_seq"]);
    }
}
