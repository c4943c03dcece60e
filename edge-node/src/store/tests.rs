//! The store on a real file: durability, repeated answers, and detected faults.

mod alarm;
mod closed_orders;
mod customers;
mod damage;
mod disk_days;
mod feed;
mod fees;
mod identity;
mod messages;
mod outcomes;
mod quarantine;
mod right;
mod shares;
mod snapshot;
mod tidy;

use engine::{
    edge::OpRange,
    verdict::{CommandVerdict, EdgeState, EnteredStartCode, VerdictRequest, judge_command},
    view::EdgeOrderView,
};
use tempfile::TempDir;
use wire::{
    Action, Actor, ChainHead, Code, Command, CommandBody, CommandId, FeedChange, Hash, HeldReason,
    HubKey, NumberedOutcome, Op, Order, OrderId, OrderStatus, Outcome, Policy,
    ProviderVerification, RevocationStatus, Role, ShareLimits, UserId, Verdict,
};

use super::*;
use crate::tests::{draft, id, identity, order};

const NOW: UnixMillis = UnixMillis(1_764_000_000_000);

async fn open(data: &TempDir, nonce: u8) -> (Store, Option<Alarm>) {
    Store::open(data.path(), identity(), BootNonce([nonce; 16]), NOW)
        .await
        .unwrap()
}

fn by(user: u128) -> Actor {
    Actor {
        user_id: UserId(id(user)),
        role: Role::Provider,
    }
}

fn entry(command: u128, actor: Actor, body: CommandBody) -> CheckedCommand {
    CheckedCommand {
        limits: ShareLimits::OFF,
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
        admission: None,
        seen: None,
        receipt: None,
        was_taken: false,
        cut_off: Some(true),
    }
}

fn accept(n: u128) -> CommandBody {
    CommandBody::AcceptOrder {
        order_id: OrderId(id(n)),
    }
}

async fn enter(store: &Store, checked: CheckedCommand) -> CommandLogResult {
    let actor = checked.actor;
    let body = checked.command.body.clone();
    let judging = move |view: &EdgeOrderView, edge_state: &EdgeState| {
        let request = VerdictRequest {
            actor,
            body: &body,
            repeat: false,
            receipted: false,
            start_code: EnteredStartCode::None,
        };
        judge_command(
            &request,
            view,
            &EdgeState {
                suspect: edge_state.suspect,
                ..EdgeState::OPTIMISTIC
            },
        )
    };
    store.judge_and_log_command(checked, judging).await.unwrap()
}

async fn entered(
    store: &Store,
    checked: CheckedCommand,
) -> (Box<StoredCommand>, EdgeOrderView, bool) {
    match enter(store, checked).await {
        CommandLogResult::Stored { stored, view, new } => (stored, *view, new),
        CommandLogResult::NotTaken(code) => panic!("not taken: {code}"),
        CommandLogResult::OverLimit(reached) => panic!("over a limit: {reached:?}"),
    }
}

async fn with_orders(store: &Store, orders: impl IntoIterator<Item = u128>) {
    let changes: Vec<_> = orders
        .into_iter()
        .map(|n| FeedChange::Order(order(n, 1)))
        .collect();
    store
        .apply_changes(changes.len() as u64, changes, NOW)
        .await
        .unwrap();
}

fn outcome(number: u64, seq: u64, outcome: Outcome) -> NumberedOutcome {
    NumberedOutcome {
        number,
        seq,
        command_id: None,
        outcome,
    }
}

fn after(n: u128, version: u64, action: Action, provider: u128) -> Order {
    let before = order(n, version);
    let status = before.status.next_status(action).unwrap();
    Order {
        status,
        provider_id: Some(UserId(id(provider))),
        ..before
    }
}

#[tokio::test]
async fn the_log_is_a_chain_that_begins_with_the_boot() {
    let data = tempfile::tempdir().unwrap();
    let (store, suspicion) = open(&data, 1).await;
    assert_eq!(suspicion, None);
    with_orders(&store, [1, 2]).await;
    let (first, ..) = entered(&store, entry(101, by(20), accept(1))).await;
    let (second, ..) = entered(&store, entry(102, by(20), accept(2))).await;
    assert_eq!(
        (first.head.seq, second.head.seq),
        (3, 4),
        "boot, token, and the token is logged once"
    );

    let wanted = OpRange {
        from: 1,
        ops_max: 100,
        bytes_max: 1 << 20,
        first_whatever_size: true,
    };
    let run = store.load_ops(wanted).await.unwrap();
    assert_eq!(run.before, ChainHead::start(&identity().edge_id));
    let end = run.before.append_ops(run.ops.iter().map(Vec::as_slice));
    assert_eq!(end, store.load_position().await.unwrap().head);
    let ops: Vec<Op> = run
        .ops
        .iter()
        .map(|bytes| Op::from_bytes(bytes).unwrap())
        .collect();
    assert!(matches!(
        ops[0],
        Op::Boot {
            nonce: BootNonce([1, ..]),
            ..
        }
    ));
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
    let all = OpRange {
        from: 3,
        ops_max: 9,
        bytes_max: 1 << 20,
        first_whatever_size: true,
    };
    assert_eq!(store.load_ops(all).await.unwrap().ops.len(), 5);
    assert_eq!(
        store
            .load_ops(OpRange { ops_max: 2, ..all })
            .await
            .unwrap()
            .ops
            .len(),
        2
    );
    let tight = OpRange {
        bytes_max: 1,
        ..all
    };
    assert_eq!(store.load_ops(tight).await.unwrap().ops.len(), 1);
    let none = OpRange {
        first_whatever_size: false,
        ..tight
    };
    assert!(store.load_ops(none).await.unwrap().ops.is_empty());
    let beyond = store.load_ops(OpRange { from: 50, ..all }).await.unwrap();
    assert_ne!(
        beyond.before.seq, 49,
        "there is nothing that 50 would continue"
    );
}

#[tokio::test]
async fn a_known_command_is_answered_alike_and_logged_once() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, [1]).await;
    let (first, view, new) = entered(&store, entry(101, by(20), accept(1))).await;
    assert!(new && first.verdict == Verdict::Provisional);
    assert_eq!(view.order.unwrap().status, OrderStatus::Accepted);
    let head = store.load_position().await.unwrap().head;

    let mut again = entry(101, by(20), accept(1));
    again.refusal = Some(Code::TokenExpired);
    let (second, _, new) = entered(&store, again).await;
    assert!(!new);
    assert_eq!((second.head, second.verdict), (first.head, first.verdict));
    let other = entry(101, by(20), accept(2));
    assert!(matches!(
        enter(&store, other).await,
        CommandLogResult::NotTaken(Code::CommandIdReused)
    ));
    assert_eq!(store.load_position().await.unwrap().head, head);
}

#[tokio::test]
async fn the_same_id_of_another_person_is_another_command() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, [1, 2]).await;
    let (first, ..) = entered(&store, entry(101, by(20), accept(1))).await;
    // One tapped here and one sent by the cloud: neither blocks the other.
    let (second, _, new) = entered(&store, entry(101, by(21), accept(1))).await;
    assert!(new && second.head.seq > first.head.seq && second.user_id == by(21).user_id);
    let asked = store
        .log_forwarded_accept(ask(101, by(22), accept(2)), NOW)
        .await
        .unwrap();
    assert!(
        asked.is_some(),
        "it is logged, so that the cloud can decide it"
    );

    let applied = Outcome::new_applied(after(1, 2, Action::Accept, 20), NOW);
    store
        .store_outcomes(1, vec![outcome(1, first.head.seq, applied)], NOW)
        .await
        .unwrap();
    let (first, _, new) = entered(&store, entry(101, by(20), accept(1))).await;
    assert!(!new && first.outcome.is_some());
    let (second, _, new) = entered(&store, entry(101, by(21), accept(1))).await;
    assert!(
        !new && second.outcome.is_none(),
        "an outcome is its own command's"
    );
    assert_eq!(store.load_position().await.unwrap().pending, 2);
}

fn ask(command: u128, actor: Actor, body: CommandBody) -> wire::ForwardedAcceptFrame {
    let CheckedCommand { command, token, .. } = entry(command, actor, body);
    let link_session = wire::LinkSessionId {
        term: 1,
        nonce: BootNonce([1; 16]),
    };
    wire::ForwardedAcceptFrame {
        link_session,
        command,
        token,
        actor,
        taken_at: NOW,
    }
}

#[tokio::test]
async fn what_is_not_taken_leaves_no_trace() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    let before = store.load_position().await.unwrap();
    let unknown = enter(&store, entry(101, by(20), accept(9))).await;
    assert!(matches!(
        unknown,
        CommandLogResult::NotTaken(Code::OrderNotFound)
    ));
    let mut expired = entry(102, by(20), accept(9));
    expired.refusal = Some(Code::TokenExpired);
    assert!(matches!(
        enter(&store, expired).await,
        CommandLogResult::NotTaken(Code::TokenExpired)
    ));
    assert_eq!(store.load_position().await.unwrap(), before);
}

#[tokio::test]
async fn everything_survives_the_end_of_the_process() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, [1]).await;
    let (first, ..) = entered(&store, entry(101, by(20), accept(1))).await;
    let publish = CommandBody::PublishOrder {
        order_id: OrderId(id(7)),
        order: draft(),
    };
    entered(&store, entry(102, by(10), publish)).await;
    store.close();

    let (store, suspicion) = open(&data, 2).await;
    assert_eq!(suspicion, None);
    let (again, _, new) = entered(&store, entry(101, by(20), accept(1))).await;
    assert!(!new && again.head == first.head);
    let position = store.load_position().await.unwrap();
    assert_eq!((position.pending, position.tally.orders), (2, 1));
    let (_, shown) = store.load_board(&identity()).await.unwrap();
    let mut statuses: Vec<_> = shown.iter().map(|(item, _)| item.order.status).collect();
    statuses.sort();
    assert_eq!(
        statuses,
        [OrderStatus::PendingReview, OrderStatus::Accepted]
    );
}

/// The test for the planted defect `answer_before_commit`.
#[tokio::test]
async fn what_is_answered_stands_in_the_file() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, 1..=20).await;
    for n in 1..=20 {
        let (stored, ..) = entered(&store, entry(100 + n, by(20), accept(n))).await;
        let report = read_report(&path_in(data.path())).unwrap();
        assert_eq!(
            report.last_seq, stored.head.seq,
            "command {n} was answered and is not there"
        );
        let found =
            high_water::read_mark_file(&high_water::path_for(&path_in(data.path()))).unwrap();
        let mark = high_water::HighWaterMark {
            epoch: 1,
            head: stored.head,
        };
        assert_eq!(found, high_water::MarkFile::Whole(mark));
    }
}

#[tokio::test]
async fn a_full_disk_refuses_and_stores_nothing() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, 1..=200).await;
    limit_pages(&store, 0).await;
    let mut refused = None;
    for n in 1..=200 {
        let entering = store
            .judge_and_log_command(entry(1_000 + n, by(20), accept(n)), |_, _| TAKEN)
            .await;
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
    let position = store.load_position().await.unwrap();
    assert_eq!(u128::from(position.pending), n - 1);
    limit_pages(&store, 1 << 30).await;
    entered(&store, entry(1_000 + n, by(20), accept(n))).await;
    assert_eq!(u128::from(store.load_position().await.unwrap().pending), n);
}

const TAKEN: CommandVerdict = CommandVerdict::Taken(engine::verdict::TakenVerdict {
    verdict: Verdict::Provisional,
    fence: None,
    doubt: None,
});

/// Groups all writes until the returned sender is dropped.
pub async fn hold(store: &Store) -> std::sync::mpsc::Sender<()> {
    let (release, held) = std::sync::mpsc::channel();
    let (started, has_started) = tokio::sync::oneshot::channel();
    let journal = store.journal.clone();
    let wait = move |_: &rusqlite::Connection, _: &mut LogState| {
        let _ = started.send(());
        let _ = held.recv();
        Ok::<_, rusqlite::Error>(())
    };
    process::tasks::Tasks::new().spawn_once("held", async move {
        let _ = journal.write(wait).await;
    });
    has_started.await.unwrap();
    release
}

/// Caps the file at this many pages, or at its present size.
pub async fn limit_pages(store: &Store, pages: u32) {
    let limit = move |conn: &rusqlite::Connection, _: &mut LogState| {
        conn.pragma_update_and_check(None, "max_page_count", pages.max(1), |_| Ok(()))
    };
    store.journal.write(limit).await.unwrap();
}

#[tokio::test]
async fn the_report_tells_what_waits() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, [1]).await;
    let (stored, ..) = entered(&store, entry(101, by(20), accept(1))).await;
    entered(&store, entry(102, by(21), accept(1))).await;
    store
        .mark_op_held(stored.head.seq, HeldReason::Region)
        .await
        .unwrap();
    let report = read_report(&path_in(data.path())).unwrap();
    assert_eq!(
        (report.pending, report.orders, report.suspect),
        (2, 1, false)
    );
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

#[tokio::test]
async fn a_revoked_session_leaves_the_disk_once_no_token_of_it_lives() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    let session = wire::SessionId(id(0x5e55_1040_f00d_5e55_1040_f00d));
    let user = UserId(id(20));
    let on_disk = || {
        let files = std::fs::read_dir(path_in(data.path()).parent().unwrap()).unwrap();
        let bytes: Vec<u8> = files
            .flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
            .collect();
        bytes.windows(16).any(|found| found == session.as_bytes())
    };
    let revoked = FeedChange::Revoked {
        version: 1,
        sessions: vec![session],
        users: vec![user],
        person: None,
        verification: None,
    };
    store.apply_changes(1, vec![revoked], NOW).await.unwrap();
    let after = |days: i64| UnixMillis(NOW.0 + days * 24 * 3_600_000);
    assert!(store.forget_people(after(30)).await.unwrap().is_empty());
    store.scrub_deleted_data().unwrap();
    assert!(on_disk());
    assert_eq!(store.forget_people(after(32)).await.unwrap(), [session]);
    store.scrub_deleted_data().unwrap();
    assert!(!on_disk());
    let trust = store.load_trust().await.unwrap().known;
    let people: Vec<_> = trust.people.into_iter().map(|person| person.user).collect();
    assert_eq!((trust.revoked_sessions, people), (vec![], vec![user]));
}
