//! A small test world: people, orders in any state, and a snapshot to which each decision's writes
//! are applied, as a store would.

use std::collections::BTreeMap;

use rules::{
    Acceptance, Assignment, Attempt, CaseKind, EdgeOp, OfflineRules, OpIdentity, OrderRule,
    OrderState, Origin, Snapshot, Submission, Writes, decide_submissions, regions_to_explain,
};
use uuid::Uuid;
use wire::{
    Actor, Amount, Code, Command, CommandBody, CommandEvidence, CommandId, Draft, EdgeId, FenceEnd,
    FenceEnding, FenceRecord, FirstAnswer, Hash, OpDecision, Order, OrderId, OrderStatus, Outcome,
    Policy, RaceRule, Region, Role, ServiceType, Source, UnixMillis, UserId, Verdict,
};

pub(crate) const NOW: UnixMillis = UnixMillis(1_764_000_000_000);

pub(crate) fn customer(n: u128) -> Actor {
    Actor {
        user_id: UserId(Uuid::from_u128(0xC000 + n)),
        role: Role::Customer,
    }
}

pub(crate) fn provider(n: u128) -> Actor {
    Actor {
        user_id: UserId(Uuid::from_u128(0xD000 + n)),
        role: Role::Provider,
    }
}

pub(crate) fn admin() -> Actor {
    Actor {
        user_id: UserId(Uuid::from_u128(0xA000)),
        role: Role::Admin,
    }
}

pub(crate) fn order_id(n: u128) -> OrderId {
    OrderId(Uuid::from_u128(0x1000 + n))
}

pub(crate) fn command_id(n: u128) -> CommandId {
    CommandId(Uuid::from_u128(0x9000 + n))
}

pub(crate) fn edge(name: &str) -> EdgeId {
    EdgeId::new(name).unwrap()
}

pub(crate) fn draft() -> Draft {
    let price = Amount::from_minor(20_000).unwrap();
    let work = ServiceType::CleaningRepair;
    Draft {
        description: "It drips.".into(),
        ..Draft::new("Fix a tap", work, price, Region::North, "1 Lake Road")
    }
}

/// An order of customer 1 in this state, with provider 1 if the state has a provider.
pub(crate) fn order(n: u128, status: OrderStatus) -> OrderState {
    let taken = matches!(
        status,
        OrderStatus::Accepted
            | OrderStatus::InProgress
            | OrderStatus::Completed
            | OrderStatus::Reviewed
    );
    let customer = customer(1).user_id;
    let at = UnixMillis(NOW.0 - 60_000);
    let order = Order {
        provider_id: taken.then(|| provider(1).user_id),
        status,
        version: 3,
        updated_at: UnixMillis(NOW.0 - 30_000),
        ..Order::new_published(order_id(n), draft(), customer, at, Source::Portal)
    };
    let decided_at = order.updated_at;
    let source = Source::Portal;
    let rule = Some(RaceRule::FirstInCloud);
    let acceptance = taken.then_some(Acceptance {
        decided_at,
        source,
        rule,
    });
    OrderState::new_unpaid(order, acceptance)
}

pub(crate) struct Stage {
    pub snapshot: Snapshot,
    /// The rule that its decisions leave out.
    pub disabled: Option<OrderRule>,
}

impl Stage {
    pub(crate) fn with(orders: impl IntoIterator<Item = OrderState>) -> Self {
        let orders: BTreeMap<_, _> = orders
            .into_iter()
            .map(|standing| (standing.order.id, standing))
            .collect();
        Self {
            snapshot: Snapshot {
                now: NOW,
                orders,
                ..Snapshot::default()
            },
            disabled: None,
        }
    }

    pub(crate) fn allow(mut self, rules: OfflineRules) -> Self {
        let assignment = Assignment {
            rules,
            ..Assignment::default()
        };
        self.snapshot.regions.insert(Region::North, assignment);
        self
    }

    pub(crate) fn assign(mut self, assignment: Assignment) -> Self {
        self.snapshot.regions.insert(Region::North, assignment);
        self
    }

    pub(crate) fn without(mut self, disabled: OrderRule) -> Self {
        self.disabled = Some(disabled);
        self
    }

    /// Decides, and applies the writes to the snapshot.
    pub(crate) fn decide(&mut self, submissions: &[Submission]) -> Writes {
        let regions = regions_to_explain(&self.snapshot, submissions);
        let open = self
            .snapshot
            .orders
            .values()
            .map(|standing| standing.order.clone());
        self.snapshot.open_jobs = open
            .filter(|order| order.status == OrderStatus::Pending)
            .filter(|order| regions.contains(&order.location))
            .collect();
        let writes = match self.disabled {
            Some(rule) => {
                planted::run_with(rule, || decide_submissions(&self.snapshot, submissions))
            }
            None => decide_submissions(&self.snapshot, submissions),
        };
        assert_eq!(
            writes.answers.len(),
            submissions.len(),
            "one answer per request"
        );
        self.carry(&writes);
        writes
    }

    pub(crate) fn decide_one(&mut self, request: Submission) -> (Outcome, Writes) {
        let writes = self.decide(&[request]);
        (outcome(&writes, 0).clone(), writes)
    }

    pub(crate) fn order(&self, n: u128) -> &Order {
        &self.snapshot.orders[&order_id(n)].order
    }

    fn carry(&mut self, writes: &Writes) {
        for answer in &writes.commands {
            let old = self
                .snapshot
                .answers
                .insert(answer.command_key(), answer.clone());
            assert_eq!(old, None, "an answer is never written twice");
        }
        for write in &writes.orders {
            let id = write.after.order.id;
            let old = self.snapshot.orders.insert(id, write.after.clone());
            assert_eq!(
                old.map(|old| old.order.version),
                write.guard.map(|guard| guard.version)
            );
        }
        for line in &writes.timeline {
            self.carry_incident(line);
        }
        for order in &writes.ended_proposals {
            self.snapshot.proposals.remove(order);
        }
        for message in &writes.messages {
            self.snapshot.messages.record_message(message);
        }
        for (region, turned) in &writes.turns {
            self.snapshot.regions.insert(*region, turned.after.clone());
        }
        let met_closed = writes
            .cases
            .iter()
            .filter(|item| item.kind == CaseKind::MetClosed);
        let taken_back = writes
            .cases
            .iter()
            .filter(|item| item.kind == CaseKind::TakenBack);
        let taken_back = taken_back.map(|item| (item.command_id, item.user_id));
        self.snapshot.taken_back.extend(taken_back);
        self.snapshot
            .met_closed
            .extend(met_closed.map(|item| (item.order_id, item.user_id)));
    }
}

/// Decides one batch and returns the code of each answer.
pub(crate) fn codes(stage: &mut Stage, submissions: &[Submission]) -> Vec<Option<Code>> {
    let writes = stage.decide(submissions);
    (0..submissions.len())
        .map(|n| outcome(&writes, n).code)
        .collect()
}

pub(crate) fn case_kinds(writes: &Writes) -> Vec<CaseKind> {
    writes.cases.iter().map(|item| item.kind).collect()
}

pub(crate) fn outcome(writes: &Writes, at: usize) -> &Outcome {
    match &writes.answers[at] {
        OpDecision::Decided(outcome) => outcome,
        OpDecision::Held(reason) => panic!("held: {reason:?}"),
    }
}

pub(crate) fn command(id: u128, body: CommandBody) -> Command {
    let id = command_id(id);
    Command {
        id,
        body,
        device: None,
        device_seq: None,
        tapped_at: None,
        trace: None,
    }
}

pub(crate) fn portal(id: u128, actor: Actor, body: CommandBody) -> Submission {
    let command = command(id, body);
    Submission::Command(Box::new(Attempt {
        command,
        actor: Some(actor),
        verification: None,
        origin: Origin::Portal,
    }))
}

/// An op of north-1's log, tapped 20 s and logged 10 s before the decision.
pub(crate) fn logged(seq: u64, id: u128, actor: Option<Actor>, body: CommandBody) -> Submission {
    let tapped_at = Some(UnixMillis(NOW.0 - 20_000));
    let hash = Hash::digest_bytes(&seq.to_be_bytes());
    let origin = Origin::Edge(Box::new(EdgeOp {
        identity: OpIdentity {
            edge: edge("north-1"),
            epoch: 1,
            seq,
            hash,
        },
        region: Region::North,
        evidence: CommandEvidence {
            verdict: Verdict::Provisional,
            fence: None,
            received_at: UnixMillis(NOW.0 - 10_000),
            policy_version: None,
            rules_version: None,
            revocations_version: None,
            revoked_version: None,
            relogged: None,
            made_at: None,
            distrusted: false,
            mark: None,
            cut_off: None,
        },
    }));
    let command = Command {
        tapped_at,
        ..command(id, body)
    };
    Submission::Command(Box::new(Attempt {
        command,
        actor,
        verification: None,
        origin,
    }))
}

pub(crate) fn with_op(request: Submission, change: impl FnOnce(&mut EdgeOp)) -> Submission {
    let Submission::Command(mut attempt) = request else {
        panic!("no command: {request:?}")
    };
    let Origin::Edge(op) = &mut attempt.origin else {
        panic!("not from an edge")
    };
    change(op);
    Submission::Command(attempt)
}

pub(crate) fn logged_at(
    name: &str,
    seq: u64,
    id: u128,
    actor: Actor,
    body: CommandBody,
) -> Submission {
    with_op(logged(seq, id, Some(actor), body), |op| {
        op.identity.edge = edge(name)
    })
}

/// An op that north-1 answered firm under this fence.
pub(crate) fn firm(fence: u64, seq: u64, id: u128, actor: Actor, body: CommandBody) -> Submission {
    with_op(logged(seq, id, Some(actor), body), |op| {
        op.evidence.verdict = Verdict::Firm;
        op.evidence.fence = Some(fence);
    })
}

/// An op of north-1's epoch 2 that relogs a firm answer of epoch 1 under this fence.
pub(crate) fn relogged(
    fence: u64,
    seq: u64,
    id: u128,
    actor: Actor,
    body: CommandBody,
) -> Submission {
    with_op(logged(seq, id, Some(actor), body), |op| {
        op.identity.epoch = 2;
        let edge = op.identity.edge.clone();
        let verdict = Verdict::Firm;
        let fence = Some(fence);
        op.evidence.relogged = Some(FirstAnswer {
            edge,
            epoch: 1,
            verdict,
            fence,
            why: None,
        });
    })
}

/// north-1 holds the region in its epoch 1 under fence 4.
pub(crate) fn held() -> Assignment {
    Assignment {
        policy: Policy::Exclusive,
        holder: Some(edge("north-1")),
        epoch: 1,
        fence: 4,
        ..Assignment::default()
    }
}

/// The region has no holder; north-1's fence 4 ended like this.
pub(crate) fn ended(how: FenceEnding) -> Assignment {
    let by = how.is_take_back().then(|| admin().user_id);
    let why = by.map(|_| "The node is lost.".to_owned());
    let record = FenceRecord {
        region: Region::North,
        fence: 4,
        holder: edge("north-1"),
        epoch: 1,
        granted_at: UnixMillis(NOW.0 - 90_000),
        granted_by: admin().user_id,
        end: Some(FenceEnd {
            at: UnixMillis(NOW.0 - 5_000),
            how,
            by,
            why,
        }),
    };
    Assignment {
        holder: None,
        fences: BTreeMap::from([(4, record)]),
        ..held()
    }
}

pub(crate) fn publish(n: u128) -> CommandBody {
    CommandBody::PublishOrder {
        order_id: order_id(n),
        order: draft(),
    }
}

pub(crate) fn approve(n: u128) -> CommandBody {
    CommandBody::ApproveOrder {
        order_id: order_id(n),
    }
}

pub(crate) fn reject(n: u128) -> CommandBody {
    CommandBody::RejectOrder {
        order_id: order_id(n),
        reason: "No address there.".into(),
    }
}

pub(crate) fn accept(n: u128) -> CommandBody {
    CommandBody::AcceptOrder {
        order_id: order_id(n),
    }
}

pub(crate) fn withdraw(n: u128) -> CommandBody {
    withdraw_because(n, None)
}

pub(crate) fn withdraw_because(n: u128, reason: Option<&str>) -> CommandBody {
    CommandBody::WithdrawAcceptance {
        order_id: order_id(n),
        reason: reason.map(str::to_owned),
    }
}

pub(crate) fn start(n: u128) -> CommandBody {
    CommandBody::StartOrder {
        order_id: order_id(n),
        start_code: None,
        photos: Vec::new(),
    }
}

pub(crate) fn complete(n: u128) -> CommandBody {
    CommandBody::CompleteOrder {
        order_id: order_id(n),
        note: None,
        evidence: None,
    }
}

pub(crate) fn cancel(n: u128) -> CommandBody {
    CommandBody::CancelOrder {
        order_id: order_id(n),
        reason: None,
        fee: None,
    }
}

pub(crate) fn review(n: u128) -> CommandBody {
    CommandBody::SubmitReview {
        order_id: order_id(n),
        rating: 5,
        comment: String::new(),
    }
}

/// Draws numbers from a seed: the same ones in every run.
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % end
    }

    pub(crate) fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        let at = self.below(all.len() as u64);
        all[usize::try_from(at).unwrap()]
    }
}
