//! A submission to decide: a command, its author, the channel it came through, and the answer
//! stored once it is decided.
//!
//! Invariant: a stored answer never changes, and alone determines the reply to every repeat.

use wire::{
    Actor, BatchBody, Code, Command, CommandEvidence, CommandId, EdgeId, EdgePromise, FenceEnding,
    FirstAnswer, FirstResult, Hash, Hops, Lost, OpsBatch, Order, OrderId, Outcome, OutcomeKind,
    ProviderVerification, Region, Source, UnixMillis, UserId, Verdict,
};

/// One item to decide. A batch is decided in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submission {
    Command(Box<Attempt>),
    /// An edge gives its assignment right back: its last op under that fence.
    LeaseReleased {
        identity: OpIdentity,
        region: Region,
        fence: u64,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub command: Command,
    /// The author, from the verified token; absent if an edge's token could not be verified.
    pub actor: Option<Actor>,
    /// The provider's verification status according to that token.
    pub verification: Option<ProviderVerification>,
    pub origin: Origin,
}

/// The channel a command came through. An edge's op must get an outcome; a portal user can read a
/// refusal and retry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Portal,
    /// From a portal user who has left after being told to wait: it must get an outcome too.
    Waited {
        /// Their access was revoked in the meantime.
        revoked: bool,
    },
    Edge(Box<EdgeOp>),
}

/// The op that carried the command, with evidence from the moment of logging.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeOp {
    pub identity: OpIdentity,
    pub region: Region,
    pub evidence: CommandEvidence,
}

/// Identifies exactly one op, even if a restored edge reuses a seq.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpIdentity {
    pub edge: EdgeId,
    pub epoch: u64,
    pub seq: u64,
    pub hash: Hash,
}

impl Attempt {
    pub fn op(&self) -> Option<&EdgeOp> {
        match &self.origin {
            Origin::Portal | Origin::Waited { .. } => None,
            Origin::Edge(op) => Some(op),
        }
    }

    /// True if the command arrived after an operator had declared the edge untrusted.
    pub fn is_distrusted(&self) -> bool {
        self.op().is_some_and(|op| op.evidence.distrusted)
    }

    /// Where the command was made. An accept forwarded to the holder keeps its origin.
    pub fn source(&self) -> Source {
        match &self.origin {
            Origin::Portal | Origin::Waited { .. } => Source::Portal,
            Origin::Edge(op) => {
                let made_at = op.evidence.made_at.clone();
                made_at.unwrap_or_else(|| Source::Edge(op.identity.edge.clone()))
            }
        }
    }

    /// The edge's clock when it received the command; absent if it was made at the portal.
    pub fn edge_at(&self) -> Option<UnixMillis> {
        let op = self.op()?;
        let at_portal = op.evidence.made_at == Some(Source::Portal);
        (!at_portal).then_some(op.evidence.received_at)
    }

    /// The firm answer an edge gave to the author, possibly in an earlier epoch. `end` stays empty
    /// for callers that can look up the fence.
    pub fn edge_promise(&self) -> Option<EdgePromise> {
        let op = self.op()?;
        let CommandEvidence {
            verdict,
            fence,
            relogged,
            ..
        } = &op.evidence;
        match relogged {
            Some(FirstAnswer {
                edge,
                epoch,
                verdict: Verdict::Firm,
                fence,
                why,
            }) => Some(EdgePromise {
                edge: edge.clone(),
                epoch: *epoch,
                fence: (*fence)?,
                why: why.map(FenceEnding::from),
                end: None,
            }),
            _ if *verdict == Verdict::Firm => Some(EdgePromise {
                edge: op.identity.edge.clone(),
                epoch: op.identity.epoch,
                fence: (*fence)?,
                why: None,
                end: None,
            }),
            _ => None,
        }
    }

    /// Why a firm answer from an ended epoch carries no right.
    pub fn promise_ended(&self) -> Option<FenceEnding> {
        self.edge_promise()?.why
    }

    pub fn hops_until(&self, cloud_at: UnixMillis) -> Hops {
        Hops {
            tapped_at: self.command.tapped_at,
            edge_at: self.edge_at(),
            cloud_at: Some(cloud_at),
        }
    }

    /// The trace id sent with the command, else the command id. Devices may send any text, so only
    /// a valid trace id is used.
    pub fn trace_id(&self) -> String {
        match &self.command.trace {
            Some(trace) if is_trace_id(trace) => trace.clone(),
            _ => self.command.id.0.simple().to_string(),
        }
    }
}

fn is_trace_id(text: &str) -> bool {
    text.len() == 32
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Turns a batch from an edge's log into submissions, in log order.
pub fn submissions_from_batch(batch: OpsBatch) -> Vec<Submission> {
    let OpsBatch {
        edge,
        region,
        epoch,
        ops,
    } = batch;
    ops.into_iter()
        .map(|op| {
            let name = OpIdentity {
                edge: edge.clone(),
                epoch,
                seq: op.seq,
                hash: op.hash,
            };
            submission_from_op(name, region, op.body)
        })
        .collect()
}

fn submission_from_op(identity: OpIdentity, region: Region, body: BatchBody) -> Submission {
    match body {
        BatchBody::LeaseReleased { fence } => Submission::LeaseReleased {
            identity,
            region,
            fence,
        },
        BatchBody::Command {
            command,
            actor,
            evidence,
        } => {
            let mark = evidence.mark;
            let origin = Origin::Edge(Box::new(EdgeOp {
                identity,
                region,
                evidence,
            }));
            Submission::Command(Box::new(Attempt {
                command,
                actor,
                verification: mark,
                origin,
            }))
        }
    }
}

/// The idempotency key: command id and owner. Devices choose the ids, so the same id from another
/// person is another command, and one person cannot use up another's ids. The owner is absent if
/// the op's token could not be verified.
pub type CommandKey = (CommandId, Option<UserId>);

/// The permanent record of a decided command. Id, user and hash identify exactly one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    pub command_id: CommandId,
    pub user_id: Option<UserId>,
    pub hash: Hash,
    pub applied: bool,
    pub code: Option<Code>,
    pub order_id: OrderId,
    /// The order's version at the decision, if there was an order.
    pub order_version: Option<u64>,
    /// The op that carried the command; absent for HTTP requests.
    pub op: Option<OpIdentity>,
    pub decided_at: UnixMillis,
}

impl StoredAnswer {
    pub fn command_key(&self) -> CommandKey {
        (self.command_id, self.user_id)
    }

    /// `order` is the current order; `lost` is the explanation as far as it is still available.
    pub(crate) fn repeat_outcome(
        &self,
        attempt: &Attempt,
        order: Option<Order>,
        lost: Option<Lost>,
        now: UnixMillis,
    ) -> Outcome {
        let decided_at = self.decided_at;
        if self.op.is_some() && self.op.as_ref() == attempt.op().map(|op| &op.identity) {
            // The same op that was decided: repeat its own result.
            let kind = if self.applied {
                OutcomeKind::Applied
            } else {
                OutcomeKind::Rejected
            };
            return Outcome {
                code: self.code,
                order,
                lost,
                ..Outcome::new_plain(kind, decided_at)
            };
        }
        if attempt.actor.is_none() {
            // Unauthenticated, so it must not receive the owner's answer.
            return Outcome::new_rejected(Code::InvalidToken, None, now);
        }
        if self.hash != attempt.command.body.hash() {
            return Outcome::new_rejected(Code::CommandIdReused, None, now);
        }
        let first = Some(FirstResult {
            applied: self.applied,
            code: self.code,
        });
        Outcome {
            first,
            order,
            lost,
            ..Outcome::new_plain(OutcomeKind::Duplicate, decided_at)
        }
    }
}
