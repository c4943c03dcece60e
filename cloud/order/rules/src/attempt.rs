//! A submission to decide: a command, the person behind it, and the way it came.

use wire::{
    Actor, BatchBody, Command, EdgeId, EdgePromise, Evidence, FenceEnding, FirstAnswer, Hash, Hops,
    OpsBatch, ProviderMark, Region, Source, UnixMillis, Verdict,
};

/// One thing to decide. Those of a batch are decided in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submission {
    Command(Box<Attempt>),
    /// A holder's last word under a fence.
    LeaseReleased {
        name: OpName,
        region: Region,
        fence: u64,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub command: Command,
    /// The person of the verified token; absent where an edge's token could not be verified.
    pub actor: Option<Actor>,
    /// The word of that person's token about their verification.
    pub mark: Option<ProviderMark>,
    pub origin: Origin,
}

/// The way a command came. An op of an edge's log must get an outcome; a person at the portal is
/// still there to read a refusal and to try again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    Portal,
    /// From the portal, by a person who was told to wait and has left: it must get an outcome too.
    Waited {
        /// They were revoked since.
        revoked: bool,
    },
    Edge(Box<EdgeOp>),
}

/// The op that carried the command, with the edge's evidence of the moment when it logged it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeOp {
    pub name: OpName,
    pub region: Region,
    pub evidence: Evidence,
}

/// Names one op and no other, even where a restored edge uses a seq twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpName {
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

    /// An operator no longer trusts the edge that sent it, since a moment before it came.
    pub fn is_distrusted(&self) -> bool {
        self.op().is_some_and(|op| op.evidence.distrusted)
    }

    /// Where it was made. An acceptance that was put to the holder keeps its origin.
    pub fn source(&self) -> Source {
        match &self.origin {
            Origin::Portal | Origin::Waited { .. } => Source::Portal,
            Origin::Edge(op) => {
                let own = || Source::Edge(op.name.edge.clone());
                op.evidence.made_at.clone().unwrap_or_else(own)
            }
        }
    }

    /// The clock of the edge where it was made.
    pub fn edge_at(&self) -> Option<UnixMillis> {
        let op = self.op()?;
        let at_portal = op.evidence.made_at == Some(Source::Portal);
        (!at_portal).then_some(op.evidence.received_at)
    }

    /// The firm answer that its person had from an edge, also in an epoch that is over. The end of
    /// the right is left to those who know it.
    pub fn promise(&self) -> Option<EdgePromise> {
        let op = self.op()?;
        let Evidence { verdict, fence, relogged, .. } = &op.evidence;
        let promise = |edge: &EdgeId, epoch, fence: u64, why| {
            let (edge, end) = (edge.clone(), None);
            EdgePromise { edge, epoch, fence, why, end }
        };
        match relogged {
            Some(FirstAnswer { edge, epoch, verdict: Verdict::Firm, fence, why }) => {
                Some(promise(edge, *epoch, (*fence)?, why.map(FenceEnding::from)))
            }
            _ if *verdict == Verdict::Firm => {
                Some(promise(&op.name.edge, op.name.epoch, (*fence)?, None))
            }
            _ => None,
        }
    }

    /// Why a firm answer of an epoch that is over gives no right.
    pub fn promise_ended(&self) -> Option<FenceEnding> {
        self.promise()?.why
    }

    pub fn hops(&self, cloud_at: UnixMillis) -> Hops {
        Hops {
            tapped_at: self.command.tapped_at,
            edge_at: self.edge_at(),
            cloud_at: Some(cloud_at),
        }
    }

    /// The trace the command came with; else its id is the trace. A device may send any text as a
    /// trace; only a trace id is carried on.
    pub fn trace(&self) -> String {
        let is_trace = |text: &&String| {
            text.len() == 32
                && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        };
        let own = || self.command.id.0.simple().to_string();
        self.command.trace.as_ref().filter(is_trace).cloned().unwrap_or_else(own)
    }
}

/// A run of an edge's log as requests, in log order.
pub fn requests(batch: OpsBatch) -> Vec<Submission> {
    let OpsBatch { edge, region, epoch, ops } = batch;
    ops.into_iter()
        .map(|op| {
            let name = OpName { edge: edge.clone(), epoch, seq: op.seq, hash: op.hash };
            request(name, region, op.body)
        })
        .collect()
}

fn request(name: OpName, region: Region, body: BatchBody) -> Submission {
    match body {
        BatchBody::LeaseReleased { fence } => Submission::LeaseReleased { name, region, fence },
        BatchBody::Command { command, actor, evidence } => {
            let mark = evidence.mark;
            let origin = Origin::Edge(Box::new(EdgeOp { name, region, evidence }));
            Submission::Command(Box::new(Attempt { command, actor, mark, origin }))
        }
    }
}
