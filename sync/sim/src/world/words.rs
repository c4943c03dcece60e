//! Names and descriptions in a trace.

use wire::{Frame, Outcome, Reply};

/// The kind under which a frame is counted.
pub(super) fn kind(frame: &Frame) -> &'static str {
    match frame {
        Frame::Up(up) if up.packed.is_some() => "Up, packed",
        other => other.kind(),
    }
}

/// A frame as text, with its main numbers.
pub(super) fn frame(frame: &Frame) -> String {
    match frame {
        Frame::Hello(hello) => format!(
            "Hello (log to {}, outcomes to {}, feed to {})",
            hello.last_seq, hello.outcome_cursor, hello.feed_cursor
        ),
        Frame::Welcome(welcome) => {
            format!(
                "Welcome (term {}, has {})",
                welcome.link_session.term, welcome.cursor
            )
        }
        Frame::Up(up) => {
            let last = up.first_seq + up.op_count() - 1;
            let packed = if up.packed.is_some() { ", packed" } else { "" };
            format!("Up {}..={last}{packed}", up.first_seq)
        }
        Frame::Outcomes(outcomes) => format!("Outcomes ({}, {}]", outcomes.from, outcomes.to),
        Frame::Down(down) => format!("Down ({}, {}]", down.from, down.to),
        Frame::Ack(ack) => {
            format!(
                "Ack (outcomes to {}, feed to {})",
                ack.outcome_cursor, ack.feed_cursor
            )
        }
        Frame::Credit(credit) => format!("Credit ({} ops after {})", credit.ops, credit.cursor),
        Frame::Resend(resend) => format!("Resend from {}", resend.from),
        Frame::Refused(refused) => format!("Refused ({}: {})", refused.code, refused.detail),
        Frame::Ask(ask) => format!("Ask {}", ask.command.body.name()),
        Frame::Held(held) => format!("Held {} ({:?})", held.seq, held.reason),
        other => other.kind().to_owned(),
    }
}

pub(super) fn outcome(outcome: &Outcome) -> String {
    let kind = outcome.kind.as_str();
    let first = outcome.first.as_ref();
    match (outcome.code, first) {
        (Some(code), _) => format!("{kind} {code}"),
        (None, Some(first)) => match first.code {
            Some(code) => format!("{kind} (first: {code})"),
            None => format!("{kind} (first: applied)"),
        },
        (None, None) => kind.to_owned(),
    }
}

pub(super) fn reply(reply: &Reply) -> String {
    let seq = reply
        .receipt
        .as_ref()
        .map(|receipt| format!(" as op {}", receipt.seq));
    let code = reply.code.map(|code| format!(" {code}"));
    let decided = reply
        .outcome
        .as_ref()
        .map(|decided| format!(", {}", outcome(decided)));
    let [seq, code, decided] = [seq, code, decided].map(Option::unwrap_or_default);
    format!("{}{code}{seq}{decided}", reply.verdict.as_str())
}
