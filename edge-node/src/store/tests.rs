//! The store on a real file: what survives, what is answered twice alike, and what is found out.

mod quarantine;
mod right;

use engine::{
    edge::Wanted,
    verdict::{Answer, Footing, Request, judge},
};
use tempfile::TempDir;
use wire::{
    Action, Actor, Chain, Code, Command, CommandBody, CommandId, Hash, NumberedOutcome, Op, Order,
    OrderId, OrderStatus, Outcome, Policy, Role, UserId, Verdict,
};

use super::*;
use crate::testing::{draft, id, identity, order};

const NOW: UnixMillis = UnixMillis(1_764_000_000_000);

async fn open(data: &TempDir, nonce: u8) -> (Store, Suspicion) {
    Store::open(data.path(), identity(), BootNonce([nonce; 16]), NOW).await.unwrap()
}

const ADMIN: Actor = Actor { user_id: UserId(uuid::Uuid::nil()), role: Role::Admin };

fn by(user: u128) -> Actor {
    Actor { user_id: UserId(id(user)), role: Role::Provider }
}

fn entry(command: u128, actor: Actor, body: CommandBody) -> Entry {
    Entry {
        command: Command {
            id: CommandId(id(command)),
            body,
            device: None,
            device_seq: None,
            tapped_at: None,
            trace: None,
        },
        actor,
        token: format!("token of {}", actor.user_id),
        token_expires_at: UnixMillis(NOW.0 + 3_600_000),
        received_at: NOW,
        refusal: None,
        seen: None,
    }
}

fn accept(n: u128) -> CommandBody {
    CommandBody::AcceptOrder { order_id: OrderId(id(n)) }
}

async fn enter(store: &Store, entry: Entry) -> Entered {
    let (actor, body) = (entry.actor, entry.command.body.clone());
    let judging = move |sight: &Sight, book: &Book| {
        let request = Request { actor, body: &body, repeat: false, receipted: false };
        judge(&request, sight, &Footing { suspect: book.suspect, ..Footing::OPTIMISTIC })
    };
    store.enter(entry, judging).await.unwrap()
}

async fn entered(store: &Store, entry: Entry) -> (Box<Stored>, Sight, bool) {
    match enter(store, entry).await {
        Entered::Stored { stored, sight, new } => (stored, *sight, new),
        Entered::NotTaken(code) => panic!("not taken: {code}"),
    }
}

async fn with_orders(store: &Store, orders: impl IntoIterator<Item = u128>) {
    let changes: Vec<_> = orders.into_iter().map(|n| Change::Order(order(n, 1))).collect();
    store.apply(changes.len() as u64, changes, NOW).await.unwrap();
}

fn outcome(number: u64, seq: u64, outcome: Outcome) -> NumberedOutcome {
    NumberedOutcome { number, seq, command_id: None, outcome }
}

fn after(n: u128, version: u64, action: Action, provider: u128) -> Order {
    let before = order(n, version);
    let status = before.status.after(action).unwrap();
    Order { status, provider_id: Some(UserId(id(provider))), ..before }
}

#[tokio::test]
async fn the_log_is_a_chain_that_begins_with_the_boot() {
    let data = tempfile::tempdir().unwrap();
    let (store, suspicion) = open(&data, 1).await;
    assert_eq!(suspicion, Suspicion::None);
    with_orders(&store, [1, 2]).await;
    let (first, ..) = entered(&store, entry(101, by(20), accept(1))).await;
    let (second, ..) = entered(&store, entry(102, by(20), accept(2))).await;
    assert_eq!((first.at.seq, second.at.seq), (3, 4), "boot, token, and the token is logged once");

    let wanted = Wanted { from: 1, ops_max: 100, bytes_max: 1 << 20, first_whatever_size: true };
    let run = store.run(wanted).await.unwrap();
    assert_eq!(run.before, Chain::start(&identity().name));
    let end = run.before.through(run.ops.iter().map(Vec::as_slice));
    assert_eq!(end, store.position().await.unwrap().head);
    let ops: Vec<Op> = run.ops.iter().map(|bytes| Op::from_bytes(bytes).unwrap()).collect();
    assert!(matches!(ops[0], Op::Boot { nonce: BootNonce([1, ..]), .. }));
    assert!(matches!(&ops[1], Op::Token { .. }));
    assert!(matches!(&ops[3], Op::Command(op) if op.token_seq == 2));
}

#[tokio::test]
async fn runs_are_cut_by_number_and_size() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, 1..=5).await;
    for n in 1..=5 {
        entered(&store, entry(100 + n, by(20), accept(n))).await;
    }
    let all = Wanted { from: 3, ops_max: 9, bytes_max: 1 << 20, first_whatever_size: true };
    assert_eq!(store.run(all).await.unwrap().ops.len(), 5);
    assert_eq!(store.run(Wanted { ops_max: 2, ..all }).await.unwrap().ops.len(), 2);
    let tight = Wanted { bytes_max: 1, ..all };
    assert_eq!(store.run(tight).await.unwrap().ops.len(), 1);
    let none = Wanted { first_whatever_size: false, ..tight };
    assert!(store.run(none).await.unwrap().ops.is_empty());
    let beyond = store.run(Wanted { from: 50, ..all }).await.unwrap();
    assert_ne!(beyond.before.seq, 49, "there is nothing that 50 would continue");
}

#[tokio::test]
async fn a_known_command_is_answered_alike_and_logged_once() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, [1]).await;
    let (first, sight, new) = entered(&store, entry(101, by(20), accept(1))).await;
    assert!(new && first.verdict == Verdict::Provisional);
    assert_eq!(sight.order.unwrap().status, OrderStatus::Accepted);
    let head = store.position().await.unwrap().head;

    let mut again = entry(101, by(20), accept(1));
    again.refusal = Some(Code::TokenExpired);
    let (second, _, new) = entered(&store, again).await;
    assert!(!new);
    assert_eq!((second.at, second.verdict), (first.at, first.verdict));
    for other in [entry(101, by(21), accept(1)), entry(101, by(20), accept(2))] {
        assert!(matches!(enter(&store, other).await, Entered::NotTaken(Code::CommandIdReused)));
    }
    assert_eq!(store.position().await.unwrap().head, head);
}

#[tokio::test]
async fn what_is_not_taken_leaves_no_trace() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    let before = store.position().await.unwrap();
    let unknown = enter(&store, entry(101, by(20), accept(9))).await;
    assert!(matches!(unknown, Entered::NotTaken(Code::OrderNotFound)));
    let mut expired = entry(102, by(20), accept(9));
    expired.refusal = Some(Code::TokenExpired);
    assert!(matches!(enter(&store, expired).await, Entered::NotTaken(Code::TokenExpired)));
    assert_eq!(store.position().await.unwrap(), before);
}

#[tokio::test]
async fn everything_survives_the_end_of_the_process() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, [1]).await;
    let (first, ..) = entered(&store, entry(101, by(20), accept(1))).await;
    let publish = CommandBody::PublishOrder { order_id: OrderId(id(7)), order: draft() };
    entered(&store, entry(102, by(10), publish)).await;
    store.close();

    let (store, suspicion) = open(&data, 2).await;
    assert_eq!(suspicion, Suspicion::None);
    let (again, _, new) = entered(&store, entry(101, by(20), accept(1))).await;
    assert!(!new && again.at == first.at);
    let position = store.position().await.unwrap();
    assert_eq!((position.pending, position.tally.orders), (2, 1));
    let (_, shown) = store.board(&identity(), ADMIN).await.unwrap();
    let mut statuses: Vec<_> = shown.iter().map(|(order, _)| order.status).collect();
    statuses.sort();
    assert_eq!(statuses, [OrderStatus::PendingReview, OrderStatus::Accepted]);
}

#[tokio::test]
async fn an_outcome_is_merged_and_retires_its_op_in_one_step() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, [1]).await;
    let (stored, ..) = entered(&store, entry(101, by(20), accept(1))).await;
    let lost = after(1, 2, Action::Accept, 21);
    let rejected = Outcome::rejected(Code::OrderAlreadyAccepted, Some(lost), NOW);
    let settled = store.settle(3, vec![outcome(3, stored.at.seq, rejected.clone())]).await.unwrap();
    assert_eq!(settled.len(), 1);
    assert_eq!(settled[0].sight.order.as_ref().unwrap().provider_id, Some(UserId(id(21))));
    let position = store.position().await.unwrap();
    assert_eq!((position.pending, position.outcome_cursor), (0, 3));
    assert_eq!(
        (position.tally.orders, position.tally.ahead),
        (1, 1),
        "the feed has yet to bring it"
    );

    let (again, sight, new) = entered(&store, entry(101, by(20), accept(1))).await;
    assert!(!new && sight.pending.is_empty());
    assert_eq!(again.outcome, Some(Outcome { order: None, ..rejected }));
    store.apply(2, vec![Change::Order(after(1, 2, Action::Accept, 21))], NOW).await.unwrap();
    let position = store.position().await.unwrap();
    assert_eq!(position.tally.ahead, 0);
    assert_eq!(position.tally.digest, after(1, 2, Action::Accept, 21).digest());
}

/// The named test for the planted defect `op_retired_before_outcome`.
#[tokio::test]
async fn an_op_is_never_seen_retired_without_its_outcome() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, [1]).await;
    let (stored, ..) = entered(&store, entry(101, by(20), accept(1))).await;
    let applied = Outcome::applied(after(1, 2, Action::Accept, 20), NOW);
    let settling = store.settle(3, vec![outcome(3, stored.at.seq, applied)]);
    let mut settling = std::pin::pin!(settling);
    loop {
        tokio::select! {
            biased;
            settled = &mut settling => {
                settled.unwrap();
                return;
            }
            position = store.position() => {
                let position = position.unwrap();
                let between = position.pending == 0 && position.outcome_cursor == 0;
                assert!(!between, "the op is gone and its outcome is not there");
            }
        }
    }
}

/// The named test for the planted defect `answer_before_commit`.
#[tokio::test]
async fn what_is_answered_stands_in_the_file() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, 1..=20).await;
    for n in 1..=20 {
        let (stored, ..) = entered(&store, entry(100 + n, by(20), accept(n))).await;
        let report = report(&path_in(data.path())).unwrap();
        assert_eq!(report.last_seq, stored.at.seq, "command {n} was answered and is not there");
        let found = high_water::find(&high_water::path_for(&path_in(data.path()))).unwrap();
        let mark = high_water::Mark { epoch: 1, head: stored.at };
        assert_eq!(found, high_water::Found::Mark(mark));
    }
}

#[tokio::test]
async fn a_change_never_lowers_a_version_and_gone_orders_leave() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    store.apply(1, vec![Change::Order(order(1, 5))], NOW).await.unwrap();
    let old_gone = Change::OrderGone { order_id: OrderId(id(1)), version: 4 };
    let applied = store.apply(3, vec![Change::Order(order(1, 4)), old_gone], NOW).await.unwrap();
    assert_eq!(applied.sights[0].order.as_ref().unwrap().version, 5);
    assert!(applied.gone.is_empty());
    let gone = Change::OrderGone { order_id: OrderId(id(1)), version: 6 };
    assert_eq!(store.apply(4, vec![gone], NOW).await.unwrap().gone, [OrderId(id(1))]);
    let position = store.position().await.unwrap();
    assert_eq!((position.tally.orders, position.tally.digest), (0, Hash::ZERO));
}

#[tokio::test]
async fn keys_policy_and_revocations_outlive_the_process() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    let revoked = Change::Revoked {
        version: 4,
        sessions: vec![wire::SessionId(id(1))],
        users: vec![UserId(id(2))],
    };
    let policy = Change::Policy { version: 2, policy: Policy::Exclusive };
    let keys = Change::Keys { version: 3, jwks: "new".into() };
    let applied = store.apply(3, vec![revoked, policy, keys], NOW).await.unwrap();
    assert_eq!(applied.jwks.as_deref(), Some("new"));
    let older = Change::Keys { version: 2, jwks: "old".into() };
    assert_eq!(store.apply(4, vec![older], NOW).await.unwrap().jwks, None);
    store.close();
    let (store, _) = open(&data, 2).await;
    let trust = store.trust().await.unwrap();
    assert_eq!(trust.jwks, "new");
    assert_eq!((trust.revoked_sessions.len(), trust.revoked_users.len()), (1, 1));
}

#[tokio::test]
async fn another_generation_counts_from_zero_and_keeps_the_orders() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, [1, 2]).await;
    store.adopt_generation(9).await.unwrap();
    let position = store.position().await.unwrap();
    assert_eq!((position.feed_generation, position.feed_cursor), (9, 0));
    assert_eq!(position.tally.orders, 2);
}

#[tokio::test]
async fn a_restored_database_makes_the_edge_suspect_for_good() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, 1..=3).await;
    entered(&store, entry(101, by(20), accept(1))).await;
    store.close();
    let backup = tempfile::tempdir().unwrap();
    copy(&data.path().join("db"), &backup.path().join("db"));

    let (store, _) = open(&data, 2).await;
    entered(&store, entry(102, by(20), accept(2))).await;
    store.close();
    std::fs::remove_dir_all(data.path().join("db")).unwrap();
    copy(&backup.path().join("db"), &data.path().join("db"));

    let (store, suspicion) = open(&data, 3).await;
    assert_eq!(suspicion, Suspicion::Older);
    assert!(store.position().await.unwrap().suspect);
    store.close();
    let (store, suspicion) = open(&data, 4).await;
    assert_eq!(suspicion, Suspicion::None, "the mark is this log's own by now");
    assert!(store.position().await.unwrap().suspect, "and yet it stays suspect");
}

#[tokio::test]
async fn an_outcome_that_names_another_regions_order_is_told_and_leaves_the_view_alone() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, [1]).await;
    let customer = Actor { user_id: UserId(id(11)), role: Role::Customer };
    let publish = CommandBody::PublishOrder { order_id: OrderId(id(7)), order: draft() };
    let (stored, ..) = entered(&store, entry(101, customer, publish)).await;
    let (moved, ..) = entered(&store, entry(102, by(20), accept(1))).await;
    let before = store.position().await.unwrap().tally;

    let elsewhere = |n| Order { location: wire::Region::South, ..order(n, 4) };
    let exists = Outcome::rejected(Code::OrderExists, Some(elsewhere(7)), NOW);
    let gone = Outcome::rejected(Code::WrongState, Some(elsewhere(1)), NOW);
    let outcomes = vec![outcome(1, stored.at.seq, exists), outcome(2, moved.at.seq, gone)];
    let settled = store.settle(2, outcomes).await.unwrap();
    assert_eq!(settled[0].outcome.code, Some(Code::OrderExists));
    assert_eq!(settled[0].sight.order, None);
    let known = settled[1].sight.order.as_ref().map(|order| order.version);
    assert_eq!(known, Some(1), "the feed says when it leaves");
    let position = store.position().await.unwrap();
    assert_eq!((position.tally, position.pending), (before, 0));
}

#[tokio::test]
async fn another_log_under_the_same_mark_is_found_out() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    store.close();
    let (store, _) = open(&data, 2).await;
    store.close();
    let path = high_water::path_for(&path_in(data.path()));
    let mark = high_water::Mark { epoch: 1, head: Chain { seq: 1, hash: Hash::of(b"other") } };
    high_water::HighWater::open(&path).unwrap().write(mark).unwrap();
    assert_eq!(open(&data, 3).await.1, Suspicion::Different);
}

#[tokio::test]
async fn a_missing_or_torn_mark_beside_a_log_makes_suspect() {
    for torn in [false, true] {
        let data = tempfile::tempdir().unwrap();
        let (store, _) = open(&data, 1).await;
        store.close();
        let path = high_water::path_for(&path_in(data.path()));
        if torn {
            std::fs::write(&path, b"torn").unwrap();
        } else {
            std::fs::remove_file(&path).unwrap();
        }
        assert_eq!(open(&data, 2).await.1, Suspicion::NoMark, "torn: {torn}");
    }
}

#[tokio::test]
async fn a_crash_between_commit_and_mark_is_no_restore() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, [1]).await;
    let path = high_water::path_for(&path_in(data.path()));
    let before = std::fs::read(&path).unwrap();
    entered(&store, entry(101, by(20), accept(1))).await;
    store.close();
    std::fs::write(&path, before).unwrap();
    assert_eq!(open(&data, 2).await.1, Suspicion::None);
}

#[tokio::test]
async fn a_full_disk_refuses_and_stores_nothing() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, 1..=200).await;
    limit_pages(&store, 0).await;
    let mut refused = None;
    for n in 1..=200 {
        let entering = store.enter(entry(1_000 + n, by(20), accept(n)), |_, _| TAKEN).await;
        match entering {
            Ok(_) => {}
            Err(WriteError::Full) => {
                refused = Some(n);
                break;
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    let n = refused.expect("the file never filled up");
    let position = store.position().await.unwrap();
    assert_eq!(u128::from(position.pending), n - 1);
    limit_pages(&store, 1 << 30).await;
    entered(&store, entry(1_000 + n, by(20), accept(n))).await;
    assert_eq!(u128::from(store.position().await.unwrap().pending), n);
}

const TAKEN: Answer = Answer::Taken(engine::verdict::Taken {
    verdict: Verdict::Provisional,
    fence: None,
    doubt: None,
});

/// The file may not grow beyond so many pages, or beyond what it has.
async fn limit_pages(store: &Store, pages: u32) {
    let limit = move |conn: &rusqlite::Connection, _: &mut Book| {
        conn.pragma_update_and_check(None, "max_page_count", pages.max(1), |_| Ok(()))
    };
    store.journal.write(limit).await.unwrap();
}

#[tokio::test]
async fn a_data_folder_belongs_to_one_edge() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    store.close();
    let other = Identity { name: wire::EdgeId::new("south-1").unwrap(), ..identity() };
    let refused = Store::open(data.path(), other, BootNonce([2; 16]), NOW).await;
    let error = process::problem::chain(&refused.err().unwrap());
    assert!(error.contains("north-1"), "{error}");
    let elsewhere = Identity { region: wire::Region::South, ..identity() };
    assert!(Store::open(data.path(), elsewhere, BootNonce([2; 16]), NOW).await.is_err());
}

#[tokio::test]
async fn old_and_settled_rows_are_forgotten_and_pending_ones_never() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, 1..=3).await;
    let mut seqs = Vec::new();
    for n in 1..=3 {
        seqs.push(entered(&store, entry(100 + n, by(20), accept(n))).await.0.at.seq);
    }
    let applied = Outcome::applied(after(1, 2, Action::Accept, 20), NOW);
    let second = Outcome::applied(after(3, 2, Action::Accept, 20), NOW);
    let outcomes = vec![outcome(1, seqs[0], applied), outcome(2, seqs[2], second)];
    store.settle(2, outcomes).await.unwrap();
    assert_eq!(store.tidy(NOW).await.unwrap(), 0);

    let year = UnixMillis(NOW.0 + 366 * 24 * 3_600_000);
    // Boot, token and the first command leave the log; the second is pending, the last is the head
    // the chain goes on from; the token's row leaves with its expiry.
    assert_eq!(store.tidy(year).await.unwrap(), 4);
    let later = UnixMillis(NOW.0 + 401 * 24 * 3_600_000);
    assert_eq!(store.tidy(later).await.unwrap(), 2);
    let report = report(&path_in(data.path())).unwrap();
    assert_eq!((report.pending, report.last_seq), (1, seqs[2]));
    let (_, shown) = store.board(&identity(), ADMIN).await.unwrap();
    assert_eq!(shown.len(), 3);
}

#[tokio::test]
async fn the_report_tells_what_waits() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, [1]).await;
    let (stored, ..) = entered(&store, entry(101, by(20), accept(1))).await;
    entered(&store, entry(102, by(21), accept(1))).await;
    store.hold(stored.at.seq, HeldReason::Region).await.unwrap();
    let report = report(&path_in(data.path())).unwrap();
    assert_eq!((report.pending, report.orders, report.suspect), (2, 1, false));
    assert_eq!(report.oldest_pending_at, Some(NOW));
    assert_eq!(report.verdicts.get("provisional"), Some(&2));
    assert_eq!(report.items[0].held.as_deref(), Some("region"));
    assert_eq!(report.items[1].doubt.as_deref(), Some("looks_taken"));
    assert!(report.to_string().contains("looks_taken"));
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}
