//! An entry of an edge's log, and the hash chain over the log.
//!
//! Invariant: the stored bytes are also hashed and sent. An op is encoded once, when it is
//! appended, and never re-encoded.

use minicbor::{Decode, Decoder, Encode};

use crate::{
    Actor, BootNonce, Command, EdgeId, FirstAnswer, Hash, QuarantineWhy, UnixMillis, Verdict,
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

impl EarlierReceipt {
    pub fn to_first_answer(&self) -> FirstAnswer {
        let Self {
            edge,
            epoch,
            verdict,
            fence,
            why,
            ..
        } = self.clone();
        FirstAnswer {
            edge,
            epoch,
            verdict,
            fence,
            why: Some(why),
        }
    }
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
    /// The start of an edge's first epoch. Later epochs start from [`ChainHead::start_renewed_epoch`].
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

/// The canonical bytes of a value. Writing to memory cannot fail.
pub(crate) fn encode_canonical(word: impl Encode<()>) -> Vec<u8> {
    minicbor::to_vec(word).unwrap_or_else(|_| unreachable!("writing to memory cannot fail"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CommandBody, CommandId, OrderId, Role, UserId};

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
}
