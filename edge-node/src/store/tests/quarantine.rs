//! A new epoch: the commands logged again, and their order.

use engine::{
    edge::{NewEpoch, TailWrite},
    verdict::TakenVerdict,
};
use wire::{BootNonce, CommandOp, EarlierReceipt, QuarantineWhy, Receipt};

use super::*;
use crate::tests::id;

pub(super) const FIRM: CommandVerdict = CommandVerdict::Taken(TakenVerdict {
    verdict: Verdict::Firm,
    fence: Some(6),
    doubt: None,
});

const EVERYTHING: OpRange = OpRange {
    from: 1,
    ops_max: 100,
    bytes_max: 1 << 20,
    first_whatever_size: true,
};

pub(super) fn new_epoch() -> NewEpoch {
    let last_accepted = Hash::digest_bytes(b"the cursor");
    let why = QuarantineWhy::EdgeRestored;
    NewEpoch {
        epoch: 2,
        grant: 9,
        last_accepted,
        why,
    }
}

pub(super) async fn ops(store: &Store) -> Vec<Op> {
    let run = store.load_ops(EVERYTHING).await.unwrap();
    run.ops
        .iter()
        .map(|bytes| Op::from_bytes(bytes).unwrap())
        .collect()
}

pub(super) fn commands(ops: &[Op]) -> Vec<&CommandOp> {
    let command = |op: &'_ Op| matches!(op, Op::Command(_));
    let ops = ops.iter().filter(|op| command(op));
    ops.map(|op| {
        if let Op::Command(op) = op {
            op
        } else {
            unreachable!()
        }
    })
    .collect()
}

pub(super) fn ids(ops: &[Op]) -> Vec<u128> {
    commands(ops)
        .iter()
        .map(|op| op.command.id.0.as_u128() - id(0).as_u128())
        .collect()
}

/// Another log of this edge: a boot op, tokens, and accepts with these numbers.
async fn another_log(numbers: impl IntoIterator<Item = u128>) -> Vec<Vec<u8>> {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 8).await;
    with_orders(&store, 1..=9).await;
    for n in numbers {
        entered(&store, entry(100 + n, by(20 + n), accept(n))).await;
    }
    store.load_ops(EVERYTHING).await.unwrap().ops
}

/// An edge whose file was replaced by a backup. It has taken command 105 since.
struct RestoredEdge {
    store: Store,
    /// Where command 102 stands, which was answered firm before the backup.
    firm_at: ChainHead,
    /// The end of the log in the backup.
    common: ChainHead,
    /// The ops after the backup: commands 103 and 104.
    lost: Vec<Vec<u8>>,
}

async fn restore_from_backup(data: &TempDir) -> RestoredEdge {
    let (store, _) = open(data, 1).await;
    with_orders(&store, 1..=9).await;
    let (decided, ..) = entered(&store, entry(101, by(21), accept(1))).await;
    let firm = store
        .judge_and_log_command(entry(102, by(21), accept(2)), |_, _| FIRM)
        .await
        .unwrap();
    let CommandLogResult::Stored { stored: firm, .. } = firm else {
        panic!()
    };
    let applied = Outcome::new_applied(after(1, 2, Action::Accept, 21), NOW);
    store
        .store_outcomes(1, vec![outcome(1, decided.head.seq, applied)], NOW)
        .await
        .unwrap();
    let common = store.load_position().await.unwrap().head;
    store.close();
    let backup = tempfile::tempdir().unwrap();
    copy(&data.path().join("db"), &backup.path().join("db"));

    let (store, _) = open(data, 2).await;
    for n in [3, 4] {
        entered(&store, entry(100 + n, by(20 + n), accept(n))).await;
    }
    let rest = OpRange {
        from: common.seq + 1,
        ..EVERYTHING
    };
    let lost = store.load_ops(rest).await.unwrap().ops;
    store.close();
    std::fs::remove_dir_all(data.path().join("db")).unwrap();
    copy(&backup.path().join("db"), &data.path().join("db"));
    let (store, suspicion) = open(data, 3).await;
    assert_eq!(suspicion, Some(Alarm::Older));
    entered(&store, entry(105, by(21), accept(5))).await;
    RestoredEdge {
        store,
        firm_at: firm.head,
        common,
        lost,
    }
}

/// Gives the lost ops back in two parts, after a tail that broke off and must be discarded.
async fn give_back_tail(store: &Store, common: ChainHead, lost: &[Vec<u8>]) {
    let elsewhere = ChainHead {
        seq: 40,
        hash: Hash::ZERO,
    };
    let cut_off = another_log([7]).await;
    let (first, second) = lost.split_at(3);
    let middle = common.append_ops(first.iter().map(Vec::as_slice));
    for run in [
        tail_write(true, elsewhere, &cut_off),
        tail_write(true, common, first),
        tail_write(false, middle, second),
    ] {
        store.stage_tail(run).await.unwrap();
    }
}

fn tail_write(begins: bool, before: ChainHead, ops: &[Vec<u8>]) -> TailWrite {
    let at = before.append_op(&ops[0]);
    TailWrite {
        begins,
        epoch: 1,
        first_seq: at.seq,
        first_hash: at.hash,
        ops: ops.to_vec(),
    }
}

#[tokio::test]
async fn a_new_epoch_logs_anew_what_has_no_outcome_the_lost_between_the_old_and_the_newer() {
    let data = tempfile::tempdir().unwrap();
    let RestoredEdge {
        store,
        firm_at,
        common,
        lost,
    } = restore_from_backup(&data).await;
    give_back_tail(&store, common, &lost).await;
    let begun = store.begin_epoch(new_epoch(), NOW).await.unwrap();

    assert_eq!((begun.epoch, begun.relogged), (2, 4));
    let ops = ops(&store).await;
    assert!(matches!(
        ops[0],
        Op::Boot {
            nonce: BootNonce([3, ..]),
            ..
        }
    ));
    assert_eq!(
        ids(&ops),
        [102, 103, 104, 105],
        "in this order, and nothing that has an outcome"
    );
    assert_provisional_with_token(&ops);
    let first = commands(&ops)[0].relogged.clone().unwrap();
    let receipt = EarlierReceipt {
        edge: identity().edge_id,
        epoch: 1,
        at: firm_at,
        verdict: Verdict::Firm,
        fence: Some(6),
        why: QuarantineWhy::EdgeRestored,
    };
    assert_eq!(first, receipt);
    let lost_at = commands(&ops)[1].relogged.clone().unwrap().at;
    let expected = common.append_ops(lost.iter().take(3).map(Vec::as_slice));
    assert_eq!(lost_at, expected, "the receipt its tablet holds");

    let position = store.load_position().await.unwrap();
    let start = ChainHead::start_renewed_epoch(
        &identity().edge_id,
        2,
        9,
        Hash::digest_bytes(b"the cursor"),
    );
    let bytes: Vec<_> = ops.iter().map(Op::to_bytes).collect();
    assert_eq!(
        position.head,
        start.append_ops(bytes.iter().map(Vec::as_slice))
    );
    assert_eq!(
        (position.epoch, position.outcome_cursor, position.pending),
        (2, 0, 4)
    );
    assert!(!position.suspect && store.find_alarm().await.unwrap().is_none());
    let (again, _, new) = entered(&store, entry(104, by(24), accept(4))).await;
    assert_eq!(
        (again.epoch, again.verdict, new),
        (2, Verdict::Provisional, false)
    );

    goes_on(&data, store, again.head.seq).await;
}

#[track_caller]
fn assert_provisional_with_token(ops: &[Op]) {
    for op in commands(ops) {
        assert_eq!(
            (op.verdict, op.fence, op.cut_off),
            (Verdict::Provisional, None, Some(true))
        );
        let seq = usize::try_from(op.token_seq).unwrap();
        let token = Op::Token {
            token: format!("token of {}", op.actor.user_id),
        };
        assert_eq!(ops[seq - 1], token, "its token stands in the new epoch");
    }
}

/// Reopens without suspicion; an outcome finds its command in the new epoch.
async fn goes_on(data: &TempDir, store: Store, seq: u64) {
    store.close();
    let (store, suspicion) = open(data, 4).await;
    assert_eq!(suspicion, None);
    let applied = Outcome::new_applied(after(4, 2, Action::Accept, 24), NOW);
    let settled = store
        .store_outcomes(1, vec![outcome(1, seq, applied)], NOW)
        .await
        .unwrap();
    assert_eq!(settled[0].stored.command_id, CommandId(id(104)));
}

#[tokio::test]
async fn the_right_of_an_epoch_ends_with_it() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    let grant = wire::RegionAssignment {
        policy_version: 1,
        policy: Policy::Exclusive,
        holder: Some(identity().edge_id),
        epoch: 1,
        fence: 6,
        digest: Some(wire::open_digest([])),
        ..wire::RegionAssignment::default()
    };
    store
        .apply_changes(1, vec![FeedChange::Assignment(grant)], NOW)
        .await
        .unwrap();
    let held = async || {
        let held = |_: &_, state: &mut LogState| Ok::<_, rusqlite::Error>(state.lease.held);
        store.journal.write(held).await.unwrap()
    };
    assert_eq!(held().await, Some(6));
    store.begin_epoch(new_epoch(), NOW).await.unwrap();
    assert_eq!(held().await, None);
}

#[tokio::test]
async fn a_lost_command_whose_token_is_nowhere_is_logged_all_the_same() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    let lost = another_log([3]).await;
    let first_hash = Hash::digest_bytes(b"3");
    let run = TailWrite {
        begins: true,
        epoch: 1,
        first_seq: 3,
        first_hash,
        ops: lost[2..].to_vec(),
    };
    store.stage_tail(run).await.unwrap();
    store.begin_epoch(new_epoch(), NOW).await.unwrap();
    let ops = ops(&store).await;
    assert_eq!((ids(&ops), commands(&ops)[0].token_seq), (vec![103], 0));
}

fn receipt(epoch: u64, head: ChainHead) -> Receipt {
    Receipt {
        edge: identity().edge_id,
        epoch,
        seq: head.seq,
        hash: head.hash,
        command_id: CommandId(id(1)),
        verdict: Verdict::Firm,
        fence: None,
        sig: String::new(),
        user_id: None,
        body: None,
    }
}

#[tokio::test]
async fn a_receipt_for_what_the_log_does_not_have_makes_suspect_and_every_other_does_not() {
    let boot = |store: Store| async move { store.load_position().await.unwrap().head };
    for (what, epoch, at, suspect) in [
        ("what it has", 1, None, false),
        (
            "beyond the log",
            1,
            Some(ChainHead {
                seq: 2,
                hash: Hash::digest_bytes(b"2"),
            }),
            true,
        ),
        (
            "another op",
            1,
            Some(ChainHead {
                seq: 1,
                hash: Hash::digest_bytes(b"1"),
            }),
            true,
        ),
        (
            "a later epoch",
            2,
            Some(ChainHead {
                seq: 1,
                hash: Hash::digest_bytes(b"1"),
            }),
            true,
        ),
        (
            "an epoch that is over",
            0,
            Some(ChainHead {
                seq: 9,
                hash: Hash::digest_bytes(b"1"),
            }),
            false,
        ),
    ] {
        let data = tempfile::tempdir().unwrap();
        let (store, _) = open(&data, 1).await;
        with_orders(&store, [1]).await;
        let at = at.unwrap_or(boot(store.clone()).await);
        let seen = Some(receipt(epoch, at));
        let entry = CheckedCommand {
            seen,
            ..entry(101, by(20), accept(1))
        };
        entered(&store, entry).await;
        assert_eq!(
            store.load_position().await.unwrap().suspect,
            suspect,
            "{what}"
        );
        let alarm = store.find_alarm().await.unwrap().map(|(alarm, _)| alarm);
        assert_eq!(alarm, suspect.then_some(Alarm::Receipt), "{what}");
    }
}
