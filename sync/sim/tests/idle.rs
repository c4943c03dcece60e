//! Checks the edge's claim that an op is idle against the cloud's decisions: all logs of up to
//! three ops on one order, and between any two of them all acts that people can do in the cloud
//! meanwhile.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use engine::view::{PendingOp, overlay_pending_ops};
use rules::{
    Acceptance, Assignment, Attempt, EdgeOp, OpIdentity, OrderState, Origin, Snapshot, Submission,
    decide_submissions,
};
use uuid::Uuid;
use wire::{
    Action, Actor, Amount, Command, CommandBody, CommandEvidence, CommandId, Draft, EdgeId, Hash,
    IncidentKind, OfflineRules, Order, OrderId, OrderStatus, PaymentStatus, Policy, ProposalId,
    RaceRule, Region, Role, ServiceType, Source, UnixMillis, UserId, Verdict,
};

const CUSTOMER: u128 = 1;
const PROVIDER: u128 = 2;
const STRANGER: u128 = 3;
const ADMIN: u128 = 4;
/// A person for each role, and the attacker with each role open to anyone.
const PEOPLE: [(u128, Role); 5] = [
    (CUSTOMER, Role::Customer),
    (PROVIDER, Role::Provider),
    (STRANGER, Role::Provider),
    (STRANGER, Role::Customer),
    (ADMIN, Role::Admin),
];

/// The part of an order that decisions change here, and its payment, which they only read.
type State = (OrderStatus, Option<u128>, PaymentStatus);
type Act = (u128, Role, Action);

fn acts() -> Vec<Act> {
    let people = PEOPLE.into_iter();
    people
        .flat_map(|(n, role)| Action::ALL.map(|action| (n, role, action)))
        .collect()
}

fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

fn order_id() -> OrderId {
    OrderId(Uuid::from_u128(100))
}

fn edge() -> EdgeId {
    EdgeId::new("north-1").unwrap()
}

fn order((status, provider, payment_status): State) -> Order {
    let price = Amount::from_minor(20_000).unwrap();
    let work = ServiceType::CleaningRepair;
    let draft = Draft::new("Fix the tap", work, price, Region::North, "1 Lake Road");
    Order {
        status,
        provider_id: provider.map(user),
        payment_status,
        ..Order::new_published(
            order_id(),
            draft,
            user(CUSTOMER),
            UnixMillis(0),
            Source::Portal,
        )
    }
}

fn body(action: Action) -> CommandBody {
    let order_id = order_id();
    let reason = "because".to_owned();
    match action {
        Action::Approve => CommandBody::ApproveOrder { order_id },
        Action::Reject => CommandBody::RejectOrder { order_id, reason },
        Action::Accept => CommandBody::AcceptOrder { order_id },
        Action::Withdraw => CommandBody::WithdrawAcceptance {
            order_id,
            reason: Some(reason),
        },
        Action::Start => CommandBody::StartOrder {
            order_id,
            start_code: None,
            photos: Vec::new(),
        },
        Action::Complete => CommandBody::CompleteOrder {
            order_id,
            note: None,
            evidence: None,
        },
        Action::Cancel => CommandBody::CancelOrder {
            order_id,
            reason: Some(reason),
            fee: None,
        },
        Action::Review => CommandBody::SubmitReview {
            order_id,
            rating: 5,
            comment: reason,
        },
        Action::Report => CommandBody::ReportIncident {
            order_id,
            kind: IncidentKind::NobodyHome,
            note: Some(reason),
            extra_price: None,
        },
        Action::Answer => CommandBody::AnswerIncident {
            order_id,
            incident: CommandId(Uuid::from_u128(8)),
            agreed: true,
        },
        Action::Reschedule => CommandBody::RescheduleOrder {
            order_id,
            proposal: ProposalId(Uuid::from_u128(8)),
        },
        Action::Message => CommandBody::SendMessage {
            order_id,
            text: reason,
            photo: None,
        },
    }
}

/// A provisional op of the holder's log.
fn op_of_the_holder() -> Origin {
    let name = OpIdentity {
        edge: edge(),
        epoch: 1,
        seq: 1,
        hash: Hash::ZERO,
    };
    let evidence = CommandEvidence {
        verdict: Verdict::Provisional,
        fence: None,
        received_at: UnixMillis(0),
        policy_version: None,
        rules_version: None,
        revocations_version: None,
        revoked_version: None,
        relogged: None,
        made_at: None,
        distrusted: false,
        mark: None,
        cut_off: None,
    };
    Origin::Edge(Box::new(EdgeOp {
        identity: name,
        region: Region::North,
        evidence,
    }))
}

/// The order after this act, while the edge holds the region.
fn after(state: State, (n, role, action): Act, origin: Origin) -> State {
    let held = Assignment {
        policy: Policy::Exclusive,
        holder: Some(edge()),
        epoch: 1,
        fence: 1,
        ..Assignment::default()
    };
    let at = UnixMillis(0);
    let acceptance = state.1.map(|_| Acceptance {
        decided_at: at,
        source: Source::Portal,
        rule: Some(RaceRule::Promised),
    });
    let known = OrderState::new_unpaid(order(state), acceptance);
    let snapshot = Snapshot {
        regions: BTreeMap::from([(Region::North, held)]),
        orders: BTreeMap::from([(order_id(), known)]),
        ..Snapshot::default()
    };
    let command = Command {
        id: CommandId(Uuid::from_u128(7)),
        body: body(action),
        device: None,
        device_seq: None,
        tapped_at: None,
        trace: None,
    };
    let actor = Some(Actor {
        user_id: user(n),
        role,
    });
    let attempt = Attempt {
        command,
        actor,
        verification: None,
        origin,
    };
    let writes = decide_submissions(&snapshot, &[Submission::Command(Box::new(attempt))]);
    let written = writes.orders.first().map(|write| &write.after.order);
    written.map_or(state, |order| {
        let provider = order.provider_id.map(|id| id.0.as_u128());
        (order.status, provider, order.payment_status)
    })
}

/// The decisions of every act in every state.
struct Cloud {
    by_log: BTreeMap<(State, Act), State>,
    by_people: BTreeMap<State, BTreeSet<State>>,
}

impl Cloud {
    fn new() -> Self {
        let mut by_log = BTreeMap::new();
        let mut by_people = BTreeMap::new();
        for state in states() {
            let next: &mut BTreeSet<State> = by_people.entry(state).or_default();
            for act in acts() {
                by_log.insert((state, act), after(state, act, op_of_the_holder()));
                next.insert(after(state, act, Origin::Portal));
            }
        }
        Self { by_log, by_people }
    }

    /// All states that the cloud can reach from these by people's acts.
    fn meanwhile(&self, from: BTreeSet<State>) -> BTreeSet<State> {
        let mut reached = from.clone();
        let mut open = Vec::from_iter(from);
        while let Some(state) = open.pop() {
            open.extend(
                self.by_people[&state]
                    .iter()
                    .filter(|next| reached.insert(**next)),
            );
        }
        reached
    }

    fn decides(&self, act: Act, states: &BTreeSet<State>) -> BTreeSet<State> {
        states
            .iter()
            .map(|state| self.by_log[&(*state, act)])
            .collect()
    }
}

fn states() -> impl Iterator<Item = State> {
    let providers = [None, Some(PROVIDER), Some(STRANGER)];
    let payments = [PaymentStatus::Held, PaymentStatus::Unpaid];
    OrderStatus::ALL
        .into_iter()
        .flat_map(move |status| providers.map(|of| (status, of)))
        .flat_map(move |(status, of)| payments.map(|payment| (status, of, payment)))
}

/// States that an order can have.
fn likely(state: &State) -> bool {
    use OrderStatus::{Cancelled, Pending, PendingReview, Rejected};
    match state.0 {
        PendingReview | Pending | Rejected => state.1.is_none(),
        Cancelled => true,
        _ => state.1.is_some(),
    }
}

fn pending_op(seq: u64, (n, role, action): Act) -> PendingOp {
    PendingOp {
        seq,
        command_id: CommandId(Uuid::from_u128(u128::from(seq))),
        actor: Actor {
            user_id: user(n),
            role,
        },
        body: body(action),
        verdict: Verdict::Provisional,
        fence: None,
        received_at: UnixMillis(0),
        cut_off: None,
    }
}

/// Returns true if the edge considers the last of these ops idle, behind the others.
fn is_idle(confirmed: State, log: &[Act]) -> bool {
    let ops = log.iter().zip(1..);
    let ops = ops.map(|(act, seq)| pending_op(seq, *act));
    let rules = OfflineRules::default();
    let sight = overlay_pending_ops(Some(order(confirmed)), ops.collect(), &edge(), &rules);
    sight.pending.last().is_some_and(|op| op.is_idle)
}

#[test]
fn an_idle_op_changes_no_order_in_any_state_that_the_cloud_can_come_to() {
    let cloud = Cloud::new();
    let mut idle = 0;
    let mut claims = 0;
    let mut needless = 0;
    let mut walk = |confirmed: State, log: &[Act], states: &BTreeSet<State>| {
        let Some(last) = log.last() else { return };
        let changes = states
            .iter()
            .any(|state| cloud.by_log[&(*state, *last)] != *state);
        match (is_idle(confirmed, log), changes) {
            (true, false) => idle += 1,
            (false, true) => claims += 1,
            (false, false) => needless += 1,
            (true, true) => panic!("{confirmed:?}: {log:?} changes one of {states:?}"),
        }
    };
    for confirmed in states().filter(likely) {
        let first = cloud.meanwhile(BTreeSet::from([confirmed]));
        for a in acts() {
            walk(confirmed, &[a], &first);
            let second = cloud.meanwhile(cloud.decides(a, &first));
            for b in acts() {
                walk(confirmed, &[a, b], &second);
                let third = cloud.meanwhile(cloud.decides(b, &second));
                for c in acts().into_iter().filter(|(n, ..)| *n == STRANGER) {
                    walk(confirmed, &[a, b, c], &third);
                }
            }
        }
    }
    assert!(
        idle > 100_000 && claims > 10_000,
        "{idle} idle, {claims} claims, {needless} needless"
    );
}

/// The edge's word on a customer's cancel is the cloud's decision on the same order.
#[test]
fn an_edge_doubts_a_cancel_in_the_states_in_which_the_cloud_refuses_it() {
    let act = (CUSTOMER, Role::Customer, Action::Cancel);
    for state in states().filter(likely) {
        let cancelled = (OrderStatus::Cancelled, state.1, state.2);
        let is_decided = after(state, act, op_of_the_holder()) == cancelled;
        let rules = OfflineRules::default();
        let op = pending_op(1, act);
        let view = overlay_pending_ops(Some(order(state)), vec![op], &edge(), &rules);
        assert_eq!(view.pending[0].doubt.is_none(), is_decided, "{state:?}");
    }
}
