//! An entry of an edge's log with the hash chain over the log, and an op as an operator sees it:
//! its state at the hub and the times of its hops. The hub and the command line share that shape.
//!
//! Invariant: the stored bytes are also hashed and sent. An op is encoded once, when it is
//! appended, and never re-encoded.

use minicbor::{Decode, Decoder, Encode};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use utoipa::ToSchema;

use crate::{
    assignment::QuarantineWhy,
    command::{Command, Verdict},
    ids::{
        BootNonce, CommandId, DeviceId, EdgeId, Hash, OpPlace, OrderId, Region, UserId,
        encode_canonical,
    },
    order::{OrderCode, Source},
    outcome::Outcome,
    person::Actor,
    time::UnixMillis,
};

#[expect(
    clippy::large_enum_variant,
    reason = "nearly every value is the large one"
)]
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Op {
    /// A process start; precedes any command or Hello of that run.
    #[n(0)]
    Boot {
        #[n(0)]
        nonce: BootNonce,
        #[n(1)]
        at: UnixMillis,
    },
    /// A token that later commands refer to by this op's seq.
    #[n(1)]
    Token {
        #[n(0)]
        token: String,
    },
    #[n(2)]
    Command(#[n(0)] CommandOp),
    /// The holder's last op under a fence.
    #[n(3)]
    LeaseReleased {
        #[n(0)]
        fence: u64,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CommandOp {
    #[n(0)]
    pub command: Command,
    #[n(1)]
    pub token_seq: u64,
    #[n(2)]
    pub actor: Actor,
    #[n(3)]
    pub verdict: Verdict,
    /// The fence under which a firm answer was given.
    #[n(4)]
    pub fence: Option<u64>,
    #[n(5)]
    pub received_at: UnixMillis,
    /// The versions that the edge had when it answered; firm answers are judged by them.
    #[n(6)]
    pub policy_version: Option<u64>,
    #[n(7)]
    pub rules_version: Option<u64>,
    #[n(8)]
    pub revocations_version: Option<u64>,
    /// The command's receipt from an ended epoch, if it was logged there before.
    #[n(9)]
    pub relogged: Option<EarlierReceipt>,
    /// True if the edge was cut off when it took the command. Absent if the command was made
    /// elsewhere or came back with its receipt, and in older ops.
    #[n(10)]
    pub cut_off: Option<bool>,
}

/// The receipt from where a command was first logged, kept for the record.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EarlierReceipt {
    #[n(0)]
    pub edge: EdgeId,
    #[n(1)]
    pub epoch: u64,
    #[n(2)]
    pub at: ChainHead,
    #[n(3)]
    pub verdict: Verdict,
    #[n(4)]
    pub fence: Option<u64>,
    #[n(5)]
    pub why: QuarantineWhy,
}

#[derive(Debug, thiserror::Error)]
#[error("the bytes are not an op: {0}")]
pub struct OpError(#[from] minicbor::decode::Error);

impl Op {
    pub fn to_bytes(&self) -> Vec<u8> {
        encode_canonical(self)
    }

    pub fn from_bytes(bytes: &[u8]) -> Result<Self, OpError> {
        Ok(minicbor::decode(bytes)?)
    }

    /// Reads when the edge took the command and if the op logs it again, without decoding the rest.
    /// `None` for every other kind.
    pub fn read_taken_at(bytes: &[u8]) -> Option<(UnixMillis, bool)> {
        const COMMAND: u32 = 2;
        const RECEIVED_AT: u32 = 5;
        const RELOGGED: u32 = 9;
        let mut d = Decoder::new(bytes);
        d.array().ok()?;
        (d.u32().ok()? == COMMAND).then_some(())?;
        d.array().ok()?;
        let mut at = None;
        let mut relogged = false;
        for _ in 0..d.map().ok()?? {
            match d.u32().ok()? {
                RECEIVED_AT => {
                    at = Some(d.decode().ok()?);
                    continue;
                }
                RELOGGED => relogged = true,
                _ => {}
            }
            d.skip().ok()?;
        }
        Some((at?, relogged))
    }
}

/// The end of a chain: the seq and hash of its last op.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ChainHead {
    #[n(0)]
    pub seq: u64,
    #[n(1)]
    pub hash: Hash,
}

impl ChainHead {
    /// The start of an edge's first epoch. Later epochs start from
    /// [`ChainHead::start_renewed_epoch`].
    pub fn start(edge: &EdgeId) -> Self {
        Self {
            seq: 0,
            hash: Hash::digest_bytes(edge.as_str().as_bytes()),
        }
    }

    /// The start of a new epoch after a quarantine.
    pub fn start_renewed_epoch(edge: &EdgeId, epoch: u64, grant: u64, last_accepted: Hash) -> Self {
        Self {
            seq: 0,
            hash: Hash::digest_bytes(&encode_canonical((edge, epoch, grant, last_accepted))),
        }
    }

    /// The end of the chain after appending `op`, as stored.
    #[must_use]
    pub fn append_op(self, op: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.hash.0);
        hasher.update(op);
        Self {
            seq: self.seq + 1,
            hash: Hash(*hasher.finalize().as_bytes()),
        }
    }

    #[must_use]
    pub fn append_ops<'a>(self, ops: impl IntoIterator<Item = &'a [u8]>) -> Self {
        ops.into_iter().fold(self, Self::append_op)
    }
}

words! {
    /// The state of an op at the hub.
    OpState {
        /// It is queued and will be decided without help.
        Received "received",
        /// It waits for the holder of its region.
        HeldRegion "held_region",
        /// Its owner failed on it even when it came alone, so it waits for a person.
        NeedsOperator "needs_operator",
        /// Its owner is unavailable.
        Parked "parked",
        Decided "decided",
        /// Its epoch ended before it was decided, and this op never will be.
        LeftBehind "left_behind",
    }
    or Unrecognised "unrecognised"
}

impl OpState {
    /// The states that wait for a decision; those that need a person come first.
    pub const WAITING: [Self; 4] = [
        Self::NeedsOperator,
        Self::HeldRegion,
        Self::Parked,
        Self::Received,
    ];
}

words! {
    OpKind {
        Boot "boot",
        Token "token",
        Command "command",
        LeaseReleased "lease_released",
    }
    or
    /// The hub cannot read it, or a newer hub wrote it.
    Unknown "unknown"
}

#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpRecord {
    #[serde(flatten)]
    pub place: OpPlace,
    pub region: Region,
    pub hash: Hash,
    pub kind: OpKind,
    pub state: OpState,
    /// How often its owner failed on it alone.
    pub failures: u64,
    /// When the hub had the op on disk, by the hub's clock.
    pub received_at: UnixMillis,
    /// Present for a command.
    pub command: Option<OpCommand>,
    /// The fence that a released right gives back.
    pub fence: Option<u64>,
    pub outcome: Option<OpOutcome>,
    /// The later op with the same command, if this op was left behind and there is one.
    pub again: Option<OpPlace>,
}

/// The logged command, without people's texts.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpCommand {
    pub id: CommandId,
    #[serde(rename = "type")]
    pub name: String,
    pub order_id: OrderId,
    pub order_code: OrderCode,
    pub actor: Actor,
    pub verdict: Verdict,
    /// The fence under which a firm answer was given.
    pub fence: Option<u64>,
    pub device: Option<DeviceId>,
    /// The device's clock.
    pub tapped_at: Option<UnixMillis>,
    /// The edge's clock.
    pub edge_at: UnixMillis,
    /// Where it was first logged, if that epoch has ended, with the answer given there.
    pub logged_before: Option<LoggedBefore>,
    /// Where it was made, if it was put to this edge as the region's holder.
    pub made_at: Option<Source>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LoggedBefore {
    #[serde(flatten)]
    pub place: OpPlace,
    pub verdict: Verdict,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpOutcome {
    /// Its number among the outcomes of its edge and epoch.
    pub number: u64,
    /// When the hub had the outcome on disk, by the hub's clock.
    pub stored_at: UnixMillis,
    /// True if the edge has acknowledged it; unknown for an ended epoch.
    #[schema(required)]
    pub told: Option<bool>,
    /// When the edge acknowledged it, by the hub's clock, while the hub remembers that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<UnixMillis>,
    pub outcome: Outcome,
}

/// A portal accept that is put to its region's holder until it is decided.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = WaitingAsk)]
pub struct WaitingAcceptEntry {
    pub command_id: CommandId,
    pub user_id: UserId,
    pub region: Region,
    /// Absent if the hub cannot read the command.
    pub order_id: Option<OrderId>,
    pub order_code: Option<OrderCode>,
    /// It waits for its region's holder or for an operator.
    #[serde(default = "held_region")]
    #[schema(required)]
    pub state: OpState,
    /// How often it failed alone.
    #[serde(default)]
    #[schema(required)]
    pub failures: u64,
    pub taken_at: UnixMillis,
}

/// Hubs that omit the state have no other one.
fn held_region() -> OpState {
    OpState::HeldRegion
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CommandBody, Role};

    #[test]
    fn a_changed_or_missing_op_changes_the_chain() {
        let start = ChainHead::start(&EdgeId::new("north-1").unwrap());
        let whole = start.append_ops([b"a".as_slice(), b"b", b"c"]);
        assert_eq!(whole.seq, 3);
        assert_ne!(
            whole.hash,
            start.append_ops([b"a".as_slice(), b"x", b"c"]).hash
        );
        assert_ne!(whole.hash, start.append_ops([b"a".as_slice(), b"c"]).hash);
        assert_eq!(
            whole,
            start.append_op(b"a").append_ops([b"b".as_slice(), b"c"])
        );
    }

    #[test]
    fn the_time_of_a_command_is_read_alone_and_other_ops_have_none() {
        let op = Op::Command(CommandOp {
            command: Command {
                id: CommandId(uuid::Uuid::from_u128(1)),
                body: CommandBody::AcceptOrder {
                    order_id: OrderId(uuid::Uuid::from_u128(2)),
                },
                device: None,
                device_seq: Some(3),
                tapped_at: Some(UnixMillis(4)),
                trace: Some("t".into()),
            },
            token_seq: 1,
            actor: Actor {
                user_id: UserId(uuid::Uuid::from_u128(5)),
                role: Role::Provider,
            },
            verdict: Verdict::Firm,
            fence: Some(6),
            received_at: UnixMillis(7),
            policy_version: Some(8),
            rules_version: None,
            revocations_version: Some(9),
            relogged: None,
            cut_off: None,
        });
        let bytes = op.to_bytes();
        assert_eq!(Op::read_taken_at(&bytes), Some((UnixMillis(7), false)));
        let Op::Command(mut anew) = op else {
            unreachable!()
        };
        anew.relogged = Some(EarlierReceipt {
            edge: EdgeId::new("north-1").unwrap(),
            epoch: 1,
            at: ChainHead {
                seq: 3,
                hash: Hash::digest_bytes(b"3"),
            },
            verdict: Verdict::Firm,
            fence: None,
            why: QuarantineWhy::EdgeRestored,
        });
        assert_eq!(
            Op::read_taken_at(&Op::Command(anew).to_bytes()),
            Some((UnixMillis(7), true))
        );
        let boot = Op::Boot {
            nonce: BootNonce([7; 16]),
            at: UnixMillis(5),
        }
        .to_bytes();
        for none in [&boot[..], b"", b"rubbish", &bytes[..10]] {
            assert_eq!(Op::read_taken_at(none), None);
        }
    }

    #[test]
    fn an_op_reads_back_and_broken_bytes_do_not() {
        let op = Op::Boot {
            nonce: BootNonce([7; 16]),
            at: UnixMillis(5),
        };
        assert_eq!(Op::from_bytes(&op.to_bytes()).unwrap(), op);
        assert!(Op::from_bytes(b"").is_err());
        assert!(
            Op::from_bytes(&[0x82, 0x18, 99, 0x80]).is_err(),
            "an unknown kind is not an op"
        );
    }

    #[test]
    fn states_and_kinds_of_a_newer_hub_are_read_as_such() {
        assert_eq!(
            serde_json::from_str(r#""frozen""#).ok(),
            Some(OpState::Unrecognised)
        );
        assert_eq!(
            serde_json::from_str(r#""merge""#).ok(),
            Some(OpKind::Unknown)
        );
        for state in OpState::WAITING {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }
}
