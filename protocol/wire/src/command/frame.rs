//! The frame of a tablet's command, and how an edge reads it from untrusted bytes.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use utoipa::ToSchema;

use super::CommandBody;
use crate::{Code, CommandId, Receipt, UnixMillis};

/// The frame that a tablet publishes on its `cmd` topic, or posts over HTTP if MQTT is blocked.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CmdFrame {
    pub v: u8,
    pub id: CommandId,
    pub device_seq: u64,
    pub tapped_at: UnixMillis,
    /// The tablet's newest receipt from this edge. It exposes an edge that was restored from a
    /// backup.
    pub seen: Option<Receipt>,
    /// The receipt that this command received earlier.
    pub receipt: Option<Receipt>,
    /// Set once the command was sent to another edge, before or after this one. The cloud may have
    /// decided it there without this edge's knowledge, so a repeat never gets a firm answer.
    #[serde(default)]
    pub repeat: bool,
    pub token: String,
    pub body: CommandBody,
}

impl CmdFrame {
    pub const VERSION: u8 = 1;
    /// A command frame with its token is far smaller; larger bodies are refused unread.
    pub const BYTES_MAX: usize = 64 * 1024;

    /// A refusal carries its reason, and the command's id if that is readable.
    pub fn read(body: &[u8]) -> Result<Self, UnreadableFrame> {
        if body.len() > Self::BYTES_MAX {
            return Err(UnreadableFrame {
                id: None,
                code: Code::BodyTooLarge,
            });
        }
        match serde_json::from_slice::<Self>(body) {
            Ok(frame) if frame.v == Self::VERSION => Ok(frame),
            Ok(frame) => Err(UnreadableFrame {
                id: Some(frame.id),
                code: Code::UnknownOp,
            }),
            Err(_) => Err(describe_unreadable(body)),
        }
    }

    /// Extracts the token, even if the rest is not a valid frame.
    pub fn extract_token(body: &[u8]) -> Option<String> {
        #[derive(Deserialize)]
        struct TokenOnly {
            token: Option<String>,
        }
        serde_json::from_slice::<TokenOnly>(body).ok()?.token
    }
}

/// A body that is not a command frame, with its id if that is readable, so that the tablet can
/// match the refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnreadableFrame {
    pub id: Option<CommandId>,
    pub code: Code,
}

fn describe_unreadable(body: &[u8]) -> UnreadableFrame {
    #[derive(Deserialize)]
    struct FrameOutline {
        id: Option<CommandId>,
        v: Option<u64>,
        body: Option<BodyKind>,
    }
    #[derive(Deserialize)]
    struct BodyKind {
        #[serde(rename = "type")]
        name: Option<String>,
    }
    let Ok(outline) = serde_json::from_slice::<FrameOutline>(body) else {
        return UnreadableFrame {
            id: None,
            code: Code::MalformedBody,
        };
    };
    let newer = outline.v.is_some_and(|v| v != u64::from(CmdFrame::VERSION));
    let kind = outline.body.and_then(|body| body.name);
    let unknown = kind.is_some_and(|name| !KINDS.contains(&name.as_str()));
    let code = if newer || unknown {
        Code::UnknownOp
    } else {
        Code::MalformedBody
    };
    UnreadableFrame {
        id: outline.id,
        code,
    }
}

/// The commands of this version, by their name in a frame.
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
    use uuid::Uuid;

    use super::*;

    const ID: Uuid = Uuid::from_u128(0x0192_f5d4_0000_7000_8000_0000_0000_0005);

    #[track_caller]
    fn check(body: &str, id: Option<CommandId>, code: Code) {
        assert_eq!(
            CmdFrame::read(body.as_bytes()),
            Err(UnreadableFrame { id, code })
        );
    }

    #[test]
    fn what_cannot_be_read_is_refused_by_name() {
        let known = Some(CommandId(ID));
        check("", None, Code::MalformedBody);
        check("[]", None, Code::MalformedBody);
        check(&format!(r#"{{"id":"{ID}"}}"#), known, Code::MalformedBody);
        check(&format!(r#"{{"id":"{ID}","v":2}}"#), known, Code::UnknownOp);
        let unknown = format!(r#"{{"id":"{ID}","v":1,"body":{{"type":"teleport_order"}}}}"#);
        check(&unknown, known, Code::UnknownOp);
        let bad = format!(r#"{{"id":"{ID}","v":1,"body":{{"type":"accept_order"}}}}"#);
        check(&bad, known, Code::MalformedBody);
        check(
            &" ".repeat(CmdFrame::BYTES_MAX + 1),
            None,
            Code::BodyTooLarge,
        );
    }

    #[test]
    fn a_token_is_found_in_a_body_that_is_no_frame() {
        let token = |body: &str| CmdFrame::extract_token(body.as_bytes());
        assert_eq!(token(r#"{"id":7,"v":2,"token":"t"}"#).as_deref(), Some("t"));
        for without in ["", "[]", "{}", r#"{"token":7}"#, r#"{"token":"t""#] {
            assert_eq!(token(without), None, "{without}");
        }
    }
}
