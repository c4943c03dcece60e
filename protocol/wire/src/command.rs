//! A command is one act of a person, under an id made on the device. Its identity is (id, user,
//! hash). The hash covers the canonical encoding of the decoded body, so MQTT, HTTP and all their
//! versions agree on it.
//!
//! Also the frame in which a tablet sends it, read from untrusted bytes, and the edge's immediate
//! verdict with the signed receipt that makes it binding.

#[cfg(test)]
mod tests;

use minicbor::{Decode, Decoder, Encode};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use utoipa::ToSchema;

use crate::{
    code::Code,
    evidence::WorkEvidence,
    ids::{CommandId, DeviceId, EdgeId, Hash, OrderId, ProposalId, UserId, encode_canonical},
    incident::{IncidentAnswer, IncidentKind, IncidentReport},
    money::Amount,
    order::{Action, Draft},
    photo::PhotoRef,
    start_code::StartCode,
    time::UnixMillis,
};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CommandBody {
    #[n(0)]
    PublishOrder {
        #[n(0)]
        order_id: OrderId,
        #[n(1)]
        order: Draft,
    },
    #[n(1)]
    ApproveOrder {
        #[n(0)]
        order_id: OrderId,
    },
    #[n(2)]
    RejectOrder {
        #[n(0)]
        order_id: OrderId,
        #[n(1)]
        reason: String,
    },
    #[n(3)]
    AcceptOrder {
        #[n(0)]
        order_id: OrderId,
    },
    #[n(4)]
    WithdrawAcceptance {
        #[n(0)]
        order_id: OrderId,
        #[n(1)]
        reason: Option<String>,
    },
    #[n(5)]
    StartOrder {
        #[n(0)]
        order_id: OrderId,
        /// As the customer read it out; absent for an order without a start code.
        #[n(1)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        start_code: Option<StartCode>,
        /// Photos of the place or thing before the work. At most 8, each once.
        #[n(2)]
        #[cbor(skip_if = "Vec::is_empty", decode_with = "decode_photos")]
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        photos: Vec<PhotoRef>,
    },
    #[n(6)]
    CompleteOrder {
        #[n(0)]
        order_id: OrderId,
        /// The provider's note on the work, for the order's history.
        #[n(1)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        #[n(2)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        evidence: Option<WorkEvidence>,
    },
    #[n(7)]
    CancelOrder {
        #[n(0)]
        order_id: OrderId,
        #[n(1)]
        reason: Option<String>,
        /// The fee shown to the person; absent if none was shown.
        #[n(2)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fee: Option<Amount>,
    },
    #[n(8)]
    SubmitReview {
        #[n(0)]
        order_id: OrderId,
        #[n(1)]
        rating: u8,
        #[n(2)]
        #[serde(default)]
        comment: String,
    },
    /// Something happened at a job, which goes on.
    #[n(9)]
    ReportIncident {
        #[n(0)]
        order_id: OrderId,
        #[n(1)]
        kind: IncidentKind,
        /// For the order's history, as long as the note of a completion.
        #[n(2)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// The price of more work. Other kinds have none.
        #[n(3)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        extra_price: Option<Amount>,
    },
    /// The customer's one answer to a report of more work. An edge takes none.
    #[n(10)]
    AnswerIncident {
        #[n(0)]
        order_id: OrderId,
        /// The command of the report.
        #[n(1)]
        incident: CommandId,
        #[n(2)]
        agreed: bool,
    },
    /// One of the two people agrees to the other time that the other one proposes. An edge takes
    /// none.
    #[n(11)]
    RescheduleOrder {
        #[n(0)]
        order_id: OrderId,
        #[n(1)]
        proposal: ProposalId,
    },
    /// A text or a photo, or both, from one of the two people to the other. The order stays as it
    /// is.
    #[n(12)]
    SendMessage {
        #[n(0)]
        order_id: OrderId,
        /// Empty only with a photo.
        #[n(1)]
        #[serde(default)]
        text: String,
        #[n(2)]
        #[serde(default, skip_serializing_if = "Option::is_none")]
        photo: Option<PhotoRef>,
    },
}

/// No photos are null if a later field follows.
fn decode_photos<C>(
    d: &mut Decoder<'_>,
    ctx: &mut C,
) -> Result<Vec<PhotoRef>, minicbor::decode::Error> {
    let photos: Option<Vec<PhotoRef>> = d.decode_with(ctx)?;
    Ok(photos.unwrap_or_default())
}

impl CommandBody {
    pub fn order_id(&self) -> OrderId {
        match self {
            Self::PublishOrder { order_id, .. }
            | Self::ApproveOrder { order_id }
            | Self::RejectOrder { order_id, .. }
            | Self::AcceptOrder { order_id }
            | Self::WithdrawAcceptance { order_id, .. }
            | Self::StartOrder { order_id, .. }
            | Self::CompleteOrder { order_id, .. }
            | Self::CancelOrder { order_id, .. }
            | Self::SubmitReview { order_id, .. }
            | Self::ReportIncident { order_id, .. }
            | Self::AnswerIncident { order_id, .. }
            | Self::RescheduleOrder { order_id, .. }
            | Self::SendMessage { order_id, .. } => *order_id,
        }
    }

    /// The action on an existing order; `None` for publishing, which creates one.
    pub fn order_action(&self) -> Option<Action> {
        match self {
            Self::PublishOrder { .. } => None,
            Self::ApproveOrder { .. } => Some(Action::Approve),
            Self::RejectOrder { .. } => Some(Action::Reject),
            Self::AcceptOrder { .. } => Some(Action::Accept),
            Self::WithdrawAcceptance { .. } => Some(Action::Withdraw),
            Self::StartOrder { .. } => Some(Action::Start),
            Self::CompleteOrder { .. } => Some(Action::Complete),
            Self::CancelOrder { .. } => Some(Action::Cancel),
            Self::SubmitReview { .. } => Some(Action::Review),
            Self::ReportIncident { .. } => Some(Action::Report),
            Self::AnswerIncident { .. } => Some(Action::Answer),
            Self::RescheduleOrder { .. } => Some(Action::Reschedule),
            Self::SendMessage { .. } => Some(Action::Message),
        }
    }

    /// The photos that it names. Their bytes follow apart.
    pub fn photos(&self) -> &[PhotoRef] {
        match self {
            Self::PublishOrder { order, .. } => &order.photos,
            Self::StartOrder { photos, .. } => photos,
            Self::SendMessage { photo, .. } => photo.as_slice(),
            Self::CompleteOrder {
                evidence: Some(evidence),
                ..
            } => &evidence.photos,
            _ => &[],
        }
    }

    /// The evidence of completed work, or the photos from its start or of the published job. The
    /// photo of a message is none.
    pub fn work_evidence(&self) -> Option<WorkEvidence> {
        let photos = match self {
            Self::CompleteOrder { evidence, .. } => return evidence.clone(),
            Self::SendMessage { .. } => return None,
            body => body.photos(),
        };
        (!photos.is_empty()).then(|| WorkEvidence {
            photos: photos.to_vec(),
            ..WorkEvidence::default()
        })
    }

    /// The report that it makes, without its text.
    pub fn incident_report(&self) -> Option<IncidentReport> {
        match self {
            Self::ReportIncident {
                kind, extra_price, ..
            } => Some(IncidentReport {
                kind: *kind,
                extra_price: *extra_price,
            }),
            _ => None,
        }
    }

    /// The answer that it gives to a report.
    pub fn incident_answer(&self) -> Option<IncidentAnswer> {
        match self {
            Self::AnswerIncident {
                incident, agreed, ..
            } => Some(IncidentAnswer {
                incident: *incident,
                agreed: *agreed,
            }),
            _ => None,
        }
    }

    /// The name in JSON, logs and metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::PublishOrder { .. } => "publish_order",
            Self::ApproveOrder { .. } => "approve_order",
            Self::RejectOrder { .. } => "reject_order",
            Self::AcceptOrder { .. } => "accept_order",
            Self::WithdrawAcceptance { .. } => "withdraw_acceptance",
            Self::StartOrder { .. } => "start_order",
            Self::CompleteOrder { .. } => "complete_order",
            Self::CancelOrder { .. } => "cancel_order",
            Self::SubmitReview { .. } => "submit_review",
            Self::ReportIncident { .. } => "report_incident",
            Self::AnswerIncident { .. } => "answer_incident",
            Self::RescheduleOrder { .. } => "reschedule_order",
            Self::SendMessage { .. } => "send_message",
        }
    }

    /// The hash that identifies a command together with its id and user.
    pub fn hash(&self) -> Hash {
        Hash::digest_bytes(&encode_canonical(self))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct Command {
    #[n(0)]
    pub id: CommandId,
    #[n(1)]
    pub body: CommandBody,
    #[n(2)]
    pub device: Option<DeviceId>,
    #[n(3)]
    pub device_seq: Option<u64>,
    /// The device's clock when the person tapped: for display and audit, never for ordering.
    #[n(4)]
    pub tapped_at: Option<UnixMillis>,
    /// The W3C trace id (32 hex digits) that came with the command; otherwise its id is the trace
    /// id.
    #[n(5)]
    pub trace: Option<String>,
}

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
const KINDS: [&str; 13] = [
    "publish_order",
    "approve_order",
    "reject_order",
    "accept_order",
    "withdraw_acceptance",
    "start_order",
    "complete_order",
    "cancel_order",
    "submit_review",
    "report_incident",
    "answer_incident",
    "reschedule_order",
    "send_message",
];

words! {
    #[derive(Encode, Decode)]
    #[cbor(index_only)]
    Verdict {
        /// The edge stored nothing and nothing happened.
        NotTaken = 0 "not_taken",
        /// Stored durably; the cloud decides.
        Provisional = 1 "provisional",
        /// Stored durably, and the answer is already final.
        Firm = 2 "firm",
    }
}

words_from_text!(Verdict);

/// The edge's signed acknowledgement of a command, issued only after the commit is on disk.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, ToSchema)]
#[cbor(array)]
pub struct Receipt {
    #[n(0)]
    pub edge: EdgeId,
    #[n(1)]
    pub epoch: u64,
    #[n(2)]
    pub seq: u64,
    #[n(3)]
    pub hash: Hash,
    #[n(4)]
    pub command_id: CommandId,
    #[n(5)]
    pub verdict: Verdict,
    #[n(6)]
    pub fence: Option<u64>,
    /// Ed25519 by the edge's key over `signed_bytes`, base64url without padding.
    #[n(7)]
    #[serde(default)]
    pub sig: String,
    /// The command's person. Ids are unique per person only, so a receipt covers no other person's.
    #[n(8)]
    pub user_id: Option<UserId>,
    /// The hash of the command's body; the receipt covers no other. Older edges omit it.
    #[n(9)]
    pub body: Option<Hash>,
}

impl Receipt {
    /// Every field except the signature.
    pub fn signed_bytes(&self) -> Vec<u8> {
        encode_canonical(&Self {
            sig: String::new(),
            ..self.clone()
        })
    }
}
