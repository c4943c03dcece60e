//! The input of a decision: the submissions to decide, and the snapshot that the store read under
//! its locks. A submission is a command with its author and the channel it came through; the answer
//! to it is stored once it is decided.
//!
//! Invariant: a stored answer never changes, and alone determines the reply to every repeat.

use std::collections::{BTreeMap, BTreeSet};

use custody::FeePolicy;
use wire::{
    Actor, Amount, BatchBody, CancelCharge, Code, Command, CommandEvidence, CommandId, EdgePromise,
    FenceEnding, FirstAnswer, FirstResult, Hash, Hops, IncidentReport, Lost, OpsBatch, Order,
    OrderId, OrderStatus, Outcome, OutcomeKind, PlannedTime, ProposalId, ProviderVerification,
    ProviderWorkload, RaceRule, Region, Role, ServiceHours, ShareLimits, Source, StartCode,
    UnixMillis, UserId, Verdict,
};

use crate::{Assignment, KnownMessages, OpIdentity};

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
    /// From a portal user who left while it waited: it must get an outcome too.
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

/// An order or answer missing here does not exist for `decide_submissions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub now: UnixMillis,
    /// The assignments of the affected regions; of every region if an order is unknown.
    pub regions: BTreeMap<Region, Assignment>,
    pub answers: BTreeMap<CommandKey, StoredAnswer>,
    pub orders: BTreeMap<OrderId, OrderState>,
    /// Some pending orders of the regions from `regions_to_explain`, to offer to losers.
    pub open_jobs: Vec<Order>,
    /// Providers with a firm accept that found one of these orders cancelled or rejected.
    pub met_closed: BTreeSet<(OrderId, UserId)>,
    /// Firm accepts with a case because their right was taken back, at least for the requested
    /// commands.
    pub taken_back: BTreeSet<(CommandId, UserId)>,
    pub limits: ShareLimits,
    /// Current shares of the providers accepting or withdrawing here; empty if no limit is set.
    pub workloads: BTreeMap<UserId, ProviderWorkload>,
    /// The bookings of providers who accept here or have a job that moves; absent if the orders
    /// have no agreed hours.
    pub bookings: BTreeMap<UserId, Vec<Booking>>,
    /// Maximum open orders per customer; 0 means no limit.
    pub open_orders_max: u32,
    /// Open orders of the customers publishing here; empty without a limit.
    pub open_orders: BTreeMap<UserId, u32>,
    /// Only providers verified by an admin may accept.
    pub verified_only: bool,
    /// Verification status of the accepting providers; empty if verification is not required.
    pub marks: BTreeMap<UserId, ProviderVerification>,
    /// Versions of the cancellation fee; empty if no request cancels or cancelling is free.
    pub cancel_policies: Vec<FeePolicy>,
    /// The reports on the orders of reports and answers, oldest first. Refused ones do not count.
    pub incidents: BTreeMap<OrderId, Vec<KnownIncident>>,
    /// The proposals of another time, at least for the orders that a request moves.
    pub proposals: BTreeMap<OrderId, TimeProposal>,
    pub messages: KnownMessages,
    /// The start codes of the orders that have one.
    pub start_codes: BTreeMap<OrderId, StartCode>,
    /// The orders for which too many wrong start codes were entered of late.
    pub locked_starts: BTreeSet<OrderId>,
}

/// The hours that one open job of a provider takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Booking {
    pub order_id: OrderId,
    pub hours: ServiceHours,
}

impl Booking {
    /// `None` if no hour is agreed.
    pub fn from_order(order: &Order) -> Option<Self> {
        let hours = order.service_hours()?;
        Some(Self {
            order_id: order.id,
            hours,
        })
    }
}

/// Another time that one of the two people of an order proposes to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeProposal {
    pub id: ProposalId,
    /// By the provider, not by the customer.
    pub by_provider: bool,
    /// The order's provider at that time.
    pub provider_id: UserId,
    pub planned: PlannedTime,
}

impl TimeProposal {
    pub fn proposer_role(&self) -> Role {
        match self.by_provider {
            true => Role::Provider,
            false => Role::Customer,
        }
    }

    /// Returns true if it can still be agreed to.
    pub fn stands(&self, order: &Order, now: UnixMillis) -> bool {
        order.status == OrderStatus::Accepted
            && order.provider_id == Some(self.provider_id)
            && PlannedTime::from_order(order) != Some(self.planned)
            && self.planned.service_start_time > now
    }
}

/// A report that an order's history has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownIncident {
    pub command_id: CommandId,
    /// The provider at that time.
    pub user_id: UserId,
    pub report: IncidentReport,
    pub is_answered: bool,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self {
            now: UnixMillis::default(),
            regions: BTreeMap::new(),
            answers: BTreeMap::new(),
            orders: BTreeMap::new(),
            open_jobs: Vec::new(),
            met_closed: BTreeSet::new(),
            taken_back: BTreeSet::new(),
            limits: ShareLimits::OFF,
            workloads: BTreeMap::new(),
            bookings: BTreeMap::new(),
            open_orders_max: 0,
            open_orders: BTreeMap::new(),
            verified_only: false,
            marks: BTreeMap::new(),
            cancel_policies: Vec::new(),
            incidents: BTreeMap::new(),
            proposals: BTreeMap::new(),
            messages: KnownMessages::default(),
            start_codes: BTreeMap::new(),
            locked_starts: BTreeSet::new(),
        }
    }
}

impl Snapshot {
    /// True if the person passes the check that only verified providers accept. The newer of the
    /// token's and the stored status counts.
    pub(crate) fn passes_verification(&self, attempt: &Attempt, actor: Actor) -> bool {
        let kept = self.marks.get(&actor.user_id).copied();
        let told = attempt
            .verification
            .filter(|mark| mark.user == actor.user_id);
        let newest = kept
            .into_iter()
            .chain(told)
            .reduce(ProviderVerification::merge_with);
        !self.verified_only || newest.is_some_and(|mark| mark.verified)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderState {
    pub order: Order,
    /// Present while the order has a provider.
    pub acceptance: Option<Acceptance>,
    /// In custody according to the latest payment event.
    pub held: Amount,
    /// The price of the cancel, for a cancelled order.
    pub terms: Option<CancelCharge>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    pub decided_at: UnixMillis,
    pub source: Source,
    /// Absent for acceptances older than this field.
    pub rule: Option<RaceRule>,
}

impl OrderState {
    pub fn new_unpaid(order: Order, acceptance: Option<Acceptance>) -> Self {
        Self {
            order,
            acceptance,
            held: Amount::ZERO,
            terms: None,
        }
    }

    /// The order in this status, changed now. An offer to a few providers ends with it.
    pub(crate) fn with_status(&self, status: OrderStatus, now: UnixMillis) -> Self {
        let mut after = self.clone();
        after.order.status = status;
        after.order.offer = None;
        after.order.version += 1;
        after.order.updated_at = now;
        after
    }
}

impl Acceptance {
    /// True if an edge promised it immediately under the assignment right.
    pub fn is_firm(&self) -> bool {
        self.rule == Some(RaceRule::Promised)
    }
}
