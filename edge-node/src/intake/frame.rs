//! Reads the frames of tablets.

use serde::Deserialize;
use wire::{CmdFrame, Code, CommandId};

/// A command frame with its token is far smaller; a larger body is refused unread.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// A body that is no command frame, and its id where it can be made out: the tablet shall know which is meant.
#[derive(Debug, PartialEq, Eq)]
pub struct Unreadable {
    pub id: Option<CommandId>,
    pub code: Code,
}

pub fn read(body: &[u8]) -> Result<CmdFrame, Unreadable> {
    if body.len() > BODY_BYTES_MAX {
        return Err(Unreadable { id: None, code: Code::BodyTooLarge });
    }
    match serde_json::from_slice::<CmdFrame>(body) {
        Ok(frame) if frame.v == CmdFrame::VERSION => Ok(frame),
        Ok(frame) => Err(Unreadable { id: Some(frame.id), code: Code::UnknownOp }),
        Err(_) => Err(made_out(body)),
    }
}

fn made_out(body: &[u8]) -> Unreadable {
    #[derive(Deserialize)]
    struct Outline {
        id: Option<CommandId>,
        v: Option<u64>,
        body: Option<Kind>,
    }
    #[derive(Deserialize)]
    struct Kind {
        #[serde(rename = "type")]
        name: Option<String>,
    }
    let Ok(outline) = serde_json::from_slice::<Outline>(body) else {
        return Unreadable { id: None, code: Code::MalformedBody };
    };
    let newer = outline.v.is_some_and(|v| v != u64::from(CmdFrame::VERSION));
    let kind = outline.body.and_then(|body| body.name);
    let unknown = kind.is_some_and(|name| !KINDS.contains(&name.as_str()));
    let code = if newer || unknown { Code::UnknownOp } else { Code::MalformedBody };
    Unreadable { id: outline.id, code }
}

/// The commands this version knows, by the name they have in a frame.
const KINDS: [&str; 9] = [
    "publish_order",
    "approve_order",
    "reject_order",
    "accept_order",
    "withdraw_acceptance",
    "start_order",
    "complete_order",
    "cancel_order",
    "submit_review",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::id;

    #[track_caller]
    fn check(body: &str, id: Option<CommandId>, code: Code) {
        assert_eq!(read(body.as_bytes()), Err(Unreadable { id, code }));
    }

    #[test]
    fn what_cannot_be_read_is_refused_by_name() {
        let known = Some(CommandId(id(5)));
        let uuid = id(5);
        check("", None, Code::MalformedBody);
        check("[]", None, Code::MalformedBody);
        check(&format!(r#"{{"id":"{uuid}"}}"#), known, Code::MalformedBody);
        check(&format!(r#"{{"id":"{uuid}","v":2}}"#), known, Code::UnknownOp);
        let unknown = format!(r#"{{"id":"{uuid}","v":1,"body":{{"type":"teleport_order"}}}}"#);
        check(&unknown, known, Code::UnknownOp);
        let bad = format!(r#"{{"id":"{uuid}","v":1,"body":{{"type":"accept_order"}}}}"#);
        check(&bad, known, Code::MalformedBody);
        check(&" ".repeat(BODY_BYTES_MAX + 1), None, Code::BodyTooLarge);
    }
}
