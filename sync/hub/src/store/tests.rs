//! What sync_db keeps, on both engines.

use engine::cloud::{NewOp, NewOps, Stored};
use platform::sql::{Sql, create_database};
use process::random;
use rstest::rstest;
use tempfile::TempDir;
use uuid::Uuid;
use wire::{
    Ack, BootNonce, Chain, Change, Code, Event, EventId, EventType, GateState, Hash, HeldReason,
    Hello, Op, Order, OrderCode, OrderId, OrderStatus, Outcome, PaymentStatus, Region, ServiceType,
    SessionId, Source, Standing, UnixMillis, UserId,
};

use super::*;
use crate::domain::{
    batch::{Decided, Progress},
    enrolment,
};

const NOW: UnixMillis = UnixMillis(1_764_000_000_000);
const UNTIL: UnixMillis = UnixMillis(NOW.0 + 3_000);
const LATER: UnixMillis = UnixMillis(NOW.0 + 60_000);
const KEY: [u8; 32] = [4; 32];

struct Database {
    store: Store,
    _folder: TempDir,
}

impl std::ops::Deref for Database {
    type Target = Store;
    fn deref(&self) -> &Store {
        &self.store
    }
}

async fn database(mysql: bool) -> Database {
    let folder = tempfile::tempdir().unwrap();
    let name: String = random::bytes::<8>().map(|b| format!("{b:02x}")).concat();
    let url = if mysql {
        format!("{}/sync_{name}", support::servers().mysql)
    } else {
        format!("sqlite:{}", folder.path().join("sync.db").display())
    };
    create_database(&url).await.unwrap();
    let sql = Sql::open(&url).await.unwrap();
    sql.migrate(&MIGRATIONS).await.unwrap();
    let store = Store::new(sql);
    store.ensure_regions(77).await.unwrap();
    Database { store, _folder: folder }
}

fn north() -> EdgeId {
    EdgeId::new("north-1").unwrap()
}

fn admin() -> UserId {
    UserId(Uuid::from_u128(1))
}

fn replica(n: u128) -> Uuid {
    Uuid::from_u128(1000 + n)
}

async fn enrolled(store: &Store) {
    let code = Hash::of(b"code");
    store.invite(&north(), Region::North, code, admin(), NOW).await.unwrap();
    store.enrol(code, KEY, NOW).await.unwrap();
}

fn hello() -> Hello {
    Hello {
        protocol_min: 1,
        protocol_max: 1,
        edge: north(),
        region: Region::North,
        epoch: 1,
        nonce: BootNonce([3; 16]),
        last_seq: 0,
        last_hash: Hash::ZERO,
        suspect: false,
        feed_generation: 0,
        feed_cursor: 0,
        outcome_cursor: 0,
        codec: 0,
        version: "0.1.0".into(),
    }
}

async fn session(store: &Store) -> (u64, Stored) {
    store.take_over(&north(), &hello(), NOW).await.unwrap().unwrap()
}

/// `count` boots that continue the chain.
fn boots(term: u64, after: Chain, count: u64) -> NewOps {
    let mut at = after;
    let op = |n| Op::Boot { nonce: BootNonce([1; 16]), at: UnixMillis(NOW.0 + n) }.to_bytes();
    let ops = (0..count.cast_signed()).map(|n| {
        let bytes = op(n);
        at = at.then(&bytes);
        NewOp { at, bytes }
    });
    NewOps { term, epoch: 1, after, ops: ops.collect() }
}

async fn received(store: &Store, count: u64) -> NewOps {
    let (term, stored) = session(store).await;
    let ops = boots(term, stored.cursor, count);
    assert!(store.store_ops(&north(), &ops, NOW).await.unwrap());
    ops
}

async fn claimed(store: &Store) -> Claim {
    store.claim(&north(), replica(1), NOW, UNTIL).await.unwrap().unwrap()
}

fn decided(seqs: impl IntoIterator<Item = u64>) -> Progress {
    let outcome = Outcome::rejected(Code::OrderNotFound, None, NOW);
    let one = |seq| Decided { seq, command_id: None, outcome: outcome.clone() };
    Progress { decided: seqs.into_iter().map(one).collect(), ..Progress::default() }
}

fn due_seqs(due: &[crate::domain::batch::Due]) -> Vec<u64> {
    due.iter().map(|due| due.seq).collect()
}

fn order(n: u128, version: u64) -> Order {
    let id = OrderId(Uuid::from_u128(n));
    Order {
        id,
        code: OrderCode::of(Region::North, id),
        customer_id: UserId(Uuid::from_u128(7)),
        provider_id: None,
        title: "Fix the tap".into(),
        description: String::new(),
        service_type: ServiceType::CleaningRepair,
        price: "200.00".parse().unwrap(),
        currency: wire::Currency::default(),
        location: Region::North,
        address: "1 North Road".into(),
        service_start_time: None,
        service_end_time: None,
        status: OrderStatus::Pending,
        payment_status: PaymentStatus::Unpaid,
        version,
        created_at: NOW,
        updated_at: NOW.plus_ms(version.cast_signed()),
        source: Source::Portal,
    }
}

fn event(n: u128) -> Event {
    Event {
        id: EventId(Uuid::from_u128(n)),
        kind: EventType::OrderStatusChanged,
        version: 1,
        at: NOW,
        trace: "4bf92f3577b34da6a3ce929d0e0e4736".into(),
        body: serde_json::Value::Null,
    }
}

async fn region(store: &Store) -> crate::domain::status::RegionRecord {
    store.regions().await.unwrap().swap_remove(usize::from(Region::North.index()))
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn a_code_registers_one_key_and_answers_it_again(#[case] mysql: bool) {
    let store = database(mysql).await;
    let (old, new) = (Hash::of(b"old"), Hash::of(b"new"));
    let invite = |code| store.invite(&NORTH, Region::North, code, admin(), NOW);
    assert_eq!(store.link_key(&north()).await.unwrap(), None);
    let until = enrolment::expires_at(NOW);
    assert_eq!(invite(old).await.unwrap(), Invited::Until(until));
    assert_eq!(invite(new).await.unwrap(), Invited::Until(until));
    assert_eq!(store.enrol(old, KEY, NOW).await.unwrap(), Enrolled::CodeInvalid, "replaced");
    assert_eq!(store.enrol(new, KEY, until).await.unwrap(), Enrolled::CodeInvalid, "expired");

    let edge = Enrolled::Edge { edge: north(), region: Region::North };
    assert_eq!(store.enrol(new, KEY, NOW).await.unwrap(), edge);
    assert_eq!(store.enrol(new, KEY, NOW).await.unwrap(), edge, "its answer was lost");
    assert_eq!(store.enrol(new, [5; 32], NOW).await.unwrap(), Enrolled::CodeInvalid);
    assert_eq!(invite(old).await.unwrap(), Invited::Exists);
    let key = store.link_key(&north()).await.unwrap().unwrap();
    assert_eq!((key.region, key.public_key), (Region::North, KEY));
    assert_eq!(store.drop_expired_codes(until).await.unwrap(), 1);
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn what_an_older_session_writes_counts_for_nothing(#[case] mysql: bool) {
    let store = database(mysql).await;
    enrolled(&store).await;
    let (old, stored) = session(&store).await;
    assert_eq!(stored.cursor, Chain::start(&north()));
    let (new, _) = session(&store).await;
    assert_eq!(new, old + 1);

    let ops = boots(old, stored.cursor, 2);
    assert!(!store.store_ops(&north(), &ops, NOW).await.unwrap());
    assert!(!store.contact(&north(), old, NOW).await.unwrap());
    let nonce = BootNonce([3; 16]);
    let ack = Ack {
        standing: Standing { term: old, nonce },
        outcome_cursor: 0,
        feed_cursor: 0,
        digest: Hash::ZERO,
        ahead: 0,
        pending: 0,
        oldest_pending_at: None,
        edge_now: LATER,
        disk_free_bytes: Some(5),
        last_seq: 9,
    };
    assert!(!store.save_ack(&north(), &ack, NOW).await.unwrap());
    store.link_down(&north(), old, NOW).await.unwrap();

    let current = Ack { standing: Standing { term: new, nonce }, ..ack };
    assert!(store.save_ack(&north(), &current, NOW).await.unwrap());
    let edges = store.edges("", 10).await.unwrap();
    assert!(edges[0].link_up, "the old session has no say in it");
    assert_eq!((edges[0].last_seq, edges[0].clock_error_ms), (9, Some(60_000)));
    assert!(store.edges("north-1", 10).await.unwrap().is_empty());
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn ops_and_cursor_are_stored_together_and_once(#[case] mysql: bool) {
    let store = database(mysql).await;
    enrolled(&store).await;
    let ops = received(&store, 1_203).await;
    assert!(!store.store_ops(&north(), &ops, NOW).await.unwrap(), "the cursor has moved on");
    let stored = store.standing(&north()).await.unwrap().unwrap();
    assert_eq!(stored.cursor, ops.cursor());
    let claim = claimed(&store).await;
    let due = store.due(&claim, 5_000).await.unwrap();
    assert_eq!(due_seqs(&due), (1..=1_203).collect::<Vec<_>>());
    assert_eq!(due[1_202].hash, ops.cursor().hash);
    assert_eq!(store.edges_with_work().await.unwrap(), [north()]);
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn one_worker_has_a_log_until_its_claim_runs_out(#[case] mysql: bool) {
    let store = database(mysql).await;
    enrolled(&store).await;
    let claim = |n, now: UnixMillis| store.claim(&NORTH, replica(n), now, now.plus_ms(3_000));
    assert_eq!(claim(1, NOW).await.unwrap(), None, "there is nothing to do");
    received(&store, 3).await;
    let first = claim(1, NOW).await.unwrap().unwrap();
    assert_eq!(claim(2, NOW).await.unwrap(), None);
    let second = claim(2, LATER).await.unwrap().unwrap();

    assert!(!store.commit(&first, &decided([1]), LATER, LATER).await.unwrap());
    assert!(store.commit(&second, &decided([1, 2]), LATER, UNTIL).await.unwrap());
    store.release(&second).await.unwrap();
    let third = claim(1, LATER).await.unwrap().unwrap();
    assert_eq!(due_seqs(&store.due(&third, 9).await.unwrap()), [3]);
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn outcomes_are_numbered_in_the_order_they_are_stored(#[case] mysql: bool) {
    let store = database(mysql).await;
    enrolled(&store).await;
    received(&store, 700).await;
    let claim = claimed(&store).await;
    assert!(store.commit(&claim, &decided([2]), NOW, UNTIL).await.unwrap());
    let rest = (1..=700).filter(|seq| *seq != 2);
    assert!(store.commit(&claim, &decided(rest), NOW, UNTIL).await.unwrap());

    let outcomes = store.outcomes(&north(), 1, 0, 900).await.unwrap();
    assert!(outcomes.iter().map(|outcome| outcome.number).eq(1..=700));
    let seqs: Vec<_> = outcomes.iter().take(3).map(|outcome| outcome.seq).collect();
    assert_eq!(seqs, [2, 1, 3]);
    assert_eq!(outcomes[0].outcome.code, Some(Code::OrderNotFound));
    assert_eq!(store.outcomes(&north(), 1, 699, 9).await.unwrap().len(), 1);
    assert_eq!(store.pulse(&north()).await.unwrap().unwrap().outcome_count, 700);
    assert!(store.edges_with_work().await.unwrap().is_empty());
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn an_op_is_decided_once_and_a_second_decision_undoes_its_pass(#[case] mysql: bool) {
    let store = database(mysql).await;
    enrolled(&store).await;
    received(&store, 3).await;
    let claim = claimed(&store).await;
    assert!(store.commit(&claim, &decided([1]), NOW, UNTIL).await.unwrap());
    let twice = store.commit(&claim, &decided([2, 1]), NOW, UNTIL).await;
    assert!(matches!(twice, Err(StoreError::Contradiction(_))), "{twice:?}");
    assert_eq!(due_seqs(&store.due(&claim, 9).await.unwrap()), [2, 3]);
    assert_eq!(store.pulse(&north()).await.unwrap().unwrap().outcome_count, 1);
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn what_waits_is_counted_and_stops_only_what_is_behind_it(#[case] mysql: bool) {
    let store = database(mysql).await;
    enrolled(&store).await;
    let (term, stored) = session(&store).await;
    let ops = accepts_and_release(term, stored.cursor);
    assert!(store.store_ops(&north(), &ops, NOW).await.unwrap());
    let claim = claimed(&store).await;
    let stuck = Progress {
        held: vec![(1, HeldReason::NeedsOperator), (2, HeldReason::Region)],
        parked: vec![3],
        failed: Some(1),
        ..Progress::default()
    };
    assert!(store.commit(&claim, &stuck, NOW, UNTIL).await.unwrap());
    // 1 is held for good, 3 is about the same order, 5 releases a lease; 2 and 4 go on.
    let due = store.due(&claim, 9).await.unwrap();
    assert_eq!(due_seqs(&due), [2, 4]);
    let edges = store.edges("", 10).await.unwrap();
    assert_eq!((edges[0].undecided, edges[0].held, edges[0].parked), (5, 2, 1));
}

/// Accepts of orders 1, 2, 1, 3 and the release of a lease.
fn accepts_and_release(term: u64, after: Chain) -> NewOps {
    let mut at = after;
    let mut ops: Vec<Op> = [1, 2, 1, 3].map(|n| Op::Command(accept(n))).into();
    ops.push(Op::LeaseReleased { fence: 1 });
    let ops = ops.iter().map(|op| {
        let bytes = op.to_bytes();
        at = at.then(&bytes);
        NewOp { at, bytes }
    });
    NewOps { term, epoch: 1, after, ops: ops.collect() }
}

fn accept(n: u128) -> wire::CommandOp {
    let order_id = OrderId(Uuid::from_u128(n));
    wire::CommandOp {
        command: wire::Command {
            id: wire::CommandId(Uuid::from_u128(n)),
            body: wire::CommandBody::AcceptOrder { order_id },
            device: None,
            device_seq: None,
            tapped_at: None,
            trace: None,
        },
        token_seq: 1,
        actor: wire::Actor { user_id: admin(), role: wire::Role::Provider },
        verdict: wire::Verdict::Provisional,
        fence: None,
        received_at: NOW,
        policy_version: None,
        rules_version: None,
        revocations_version: None,
    }
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn tokens_are_found_by_their_place_in_the_log(#[case] mysql: bool) {
    let store = database(mysql).await;
    enrolled(&store).await;
    let (term, stored) = session(&store).await;
    let mut ops = boots(term, stored.cursor, 1);
    let bytes = Op::Token { token: "a token".into() }.to_bytes();
    ops.ops.push(NewOp { at: ops.cursor().then(&bytes), bytes });
    assert!(store.store_ops(&north(), &ops, NOW).await.unwrap());
    let claim = claimed(&store).await;
    let tokens = store.tokens(&claim, &[1, 2, 9]).await.unwrap();
    assert_eq!(tokens, [(2, "a token".to_owned())].into());
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn a_feed_takes_each_event_once_and_the_highest_version_wins(#[case] mysql: bool) {
    let store = database(mysql).await;
    let feed = |n, order| {
        let event = event(n);
        let store = &store;
        async move { store.feed_order(&event, &order, NOW).await.unwrap() }
    };
    assert_eq!(feed(1, order(1, 2)).await, Fed::Added);
    assert_eq!(feed(1, order(1, 2)).await, Fed::Known, "the same event");
    assert_eq!(feed(2, order(1, 1)).await, Fed::Known, "an older version, late");
    assert_eq!(feed(3, order(1, 2)).await, Fed::Known, "the same content by another event");
    let other = Order { title: "Another".into(), ..order(1, 2) };
    assert_eq!(feed(4, other).await, Fed::Contradicted);
    assert_eq!(feed(5, order(2, 1)).await, Fed::Added);
    assert_eq!(feed(6, order(1, 3)).await, Fed::Added);

    let (to, changes) = store.feed(Region::North, 0, 10).await.unwrap();
    let expected = [order(1, 2), order(2, 1), order(1, 3)].map(Change::Order);
    assert_eq!((to, changes), (3, expected.into()));
    let (to, changes) = store.feed(Region::North, 1, 1).await.unwrap();
    assert_eq!((to, changes.len()), (2, 1));

    let mut digest = order(1, 3).digest();
    digest.toggle(order(2, 1).digest());
    let north = region(&store).await;
    assert_eq!((north.feed_seq, north.orders, north.feed_digest), (3, 2, digest));
    assert_eq!(store.feed(Region::South, 0, 10).await.unwrap(), (0, vec![]));
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn writers_at_once_leave_no_gap_and_no_reader_passes_over_one(#[case] mysql: bool) {
    let store = database(mysql).await;
    let write = |n: u128| {
        let store = &store;
        async move { store.feed_order(&event(n), &order(n, 1), NOW).await.unwrap() }
    };
    let writing = futures::future::join_all((1..=40).map(write));
    let reading = async {
        let (mut cursor, mut seen) = (0, 0);
        while cursor < 40 {
            let (to, changes) = store.feed(Region::North, cursor, 7).await.unwrap();
            assert_eq!(to - cursor, changes.len() as u64, "a gap behind {cursor}");
            (cursor, seen) = (to, seen + changes.len());
            tokio::task::yield_now().await;
        }
        seen
    };
    let (written, seen) = futures::future::join(writing, reading).await;
    assert!(written.iter().all(|fed| *fed == Fed::Added));
    assert_eq!(seen, 40);
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn revocations_and_keys_go_to_every_region_and_into_no_digest(#[case] mysql: bool) {
    let store = database(mysql).await;
    let session = SessionId(Uuid::from_u128(5));
    assert_eq!(store.feed_revoked(&event(1), session, NOW).await.unwrap(), Fed::Added);
    assert_eq!(store.feed_revoked(&event(1), session, NOW).await.unwrap(), Fed::Known);
    assert_eq!(store.feed_keys("{\"keys\":[]}", NOW).await.unwrap(), Fed::Added);
    assert_eq!(store.feed_keys("{\"keys\":[]}", NOW).await.unwrap(), Fed::Known);
    for region in Region::ALL {
        let (to, changes) = store.feed(region, 0, 10).await.unwrap();
        let revoked = Change::Revoked { version: 1, sessions: vec![session], users: vec![] };
        let keys = Change::Keys { version: 2, jwks: "{\"keys\":[]}".into() };
        assert_eq!((to, changes), (2, vec![revoked, keys]));
    }
    assert_eq!(region(&store).await.feed_digest, Hash::ZERO);
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn a_compacted_feed_still_tells_a_new_edge_everything(#[case] mysql: bool) {
    let store = database(mysql).await;
    for (n, (id, version)) in [(1, 1), (2, 1), (1, 2), (1, 3), (2, 2)].into_iter().enumerate() {
        store.feed_order(&event(n as u128), &order(id, version), NOW).await.unwrap();
    }
    let session = SessionId(Uuid::from_u128(5));
    store.feed_revoked(&event(90), session, NOW).await.unwrap();
    let day_before = NOW.plus_ms(-1);
    assert_eq!(store.passed_by_all(Region::North, 6, day_before).await.unwrap(), 6, "no edge");
    enrolled(&store).await;
    assert_eq!(store.passed_by_all(Region::North, 6, day_before).await.unwrap(), 0, "a new edge");
    assert_eq!(store.passed_by_all(Region::North, 6, LATER).await.unwrap(), 6, "long gone");

    // At 4, version 3 of order 1 stands for both before it; order 2's newer version is beyond.
    assert_eq!(store.compact(Region::North, 4).await.unwrap(), 2);
    assert_eq!(
        store.drop_revocations(Region::North, 6, LATER).await.unwrap(),
        0,
        "the newest stays"
    );
    let (to, changes) = store.feed(Region::North, 0, 10).await.unwrap();
    let revoked = Change::Revoked { version: 6, sessions: vec![session], users: vec![] };
    let expected = vec![
        Change::Order(order(2, 1)),
        Change::Order(order(1, 3)),
        Change::Order(order(2, 2)),
        revoked,
    ];
    assert_eq!((to, changes), (6, expected));
    assert_eq!(region(&store).await.compacted_to, 4);

    store.feed_order(&event(91), &order(3, 1), NOW).await.unwrap();
    assert_eq!(store.drop_revocations(Region::North, 7, LATER).await.unwrap(), 1);
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn old_ops_and_acknowledged_outcomes_are_forgotten(#[case] mysql: bool) {
    let store = database(mysql).await;
    enrolled(&store).await;
    received(&store, 3).await;
    let claim = claimed(&store).await;
    assert!(store.commit(&claim, &decided([1, 2]), NOW, UNTIL).await.unwrap());
    assert_eq!(store.drop_old_ops(&north(), NOW).await.unwrap(), 0, "not old yet");
    assert_eq!(store.drop_old_ops(&north(), LATER).await.unwrap(), 2);
    assert_eq!(due_seqs(&store.due(&claim, 9).await.unwrap()), [3], "undecided ops stay");
    assert_eq!(store.drop_old_outcomes(&north(), LATER).await.unwrap(), 0, "not acknowledged");
    let (term, _) = session(&store).await;
    let ack = Ack {
        standing: Standing { term, nonce: BootNonce([3; 16]) },
        outcome_cursor: 1,
        feed_cursor: 0,
        digest: Hash::ZERO,
        ahead: 0,
        pending: 1,
        oldest_pending_at: Some(NOW),
        edge_now: NOW,
        disk_free_bytes: None,
        last_seq: 3,
    };
    assert!(store.save_ack(&north(), &ack, NOW).await.unwrap());
    assert_eq!(store.drop_old_outcomes(&north(), LATER).await.unwrap(), 1);
    assert_eq!(store.enrolled_edges().await.unwrap(), [north()]);
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn a_closed_gate_stands_in_its_region_alone(#[case] mysql: bool) {
    let store = database(mysql).await;
    store.ensure_regions(78).await.unwrap();
    enrolled(&store).await;
    store.set_gate(Region::North, GateState::Closed, admin(), NOW).await.unwrap();
    assert!(!store.standing(&north()).await.unwrap().unwrap().gate_open);
    let closed: Vec<_> = store.regions().await.unwrap().into_iter().map(|r| r.gate).collect();
    assert_eq!(closed.iter().filter(|gate| **gate == GateState::Closed).count(), 1);
    assert_eq!(region(&store).await.feed_generation, 77, "a feed keeps its generation");
}

static NORTH: std::sync::LazyLock<EdgeId> = std::sync::LazyLock::new(north);
