use engine::trusted_time::OpArrival;
use wire::{Command, CommandBody, CommandOp, Hash, OrderId, Role, UserId, Verdict};

use super::*;

const NOW: UnixMillis = UnixMillis(1_764_000_000_000);

fn person() -> TokenUser {
    let mark = ProviderVerification {
        user: actor().user_id,
        version: 0,
        verified: false,
    };
    TokenUser {
        actor: actor(),
        revoked_version: None,
        taken_at: NOW,
        distrusted: false,
        verification: mark,
    }
}

fn actor() -> Actor {
    Actor {
        user_id: UserId(uuid::Uuid::from_u128(1)),
        role: Role::Provider,
    }
}

/// An accept of order `n` with the command id `n`.
pub(crate) fn accept_op(n: u128) -> CommandOp {
    CommandOp {
        command: Command {
            id: CommandId(uuid::Uuid::from_u128(n)),
            body: CommandBody::AcceptOrder {
                order_id: OrderId(uuid::Uuid::from_u128(n)),
            },
            device: None,
            device_seq: None,
            tapped_at: None,
            trace: None,
        },
        token_seq: 1,
        actor: actor(),
        verdict: Verdict::Provisional,
        fence: None,
        received_at: NOW,
        policy_version: None,
        rules_version: None,
        revocations_version: None,
        relogged: None,
        cut_off: None,
    }
}

fn accept(n: u128) -> ReceivedOp {
    ReceivedOp::Command(Box::new(accept_op(n)))
}

fn run(reads: Vec<ReceivedOp>) -> Vec<UndecidedOp> {
    let due = |(read, seq)| UndecidedOp {
        seq,
        hash: Hash::ZERO,
        failures: 0,
        read,
        arrival: OpArrival {
            received_at: NOW,
            ..OpArrival::default()
        },
        distrusted: false,
    };
    reads.into_iter().zip(1..).map(due).collect()
}

fn seqs(batch_ops: &[BatchOp]) -> Vec<u64> {
    batch_ops.iter().map(|op| op.seq).collect()
}

#[test]
fn the_hub_answers_what_needs_no_owner_and_what_nobody_can_read() {
    let run = run(vec![
        ReceivedOp::Boot,
        ReceivedOp::Token { token: "t".into() },
        ReceivedOp::Unknown,
        accept(4),
        ReceivedOp::LeaseReleased { fence: 9 },
    ]);
    let plan = plan_run(&run, NOW, 10_000, None, |_, _| {
        TokenVerdict::Known(Some(person()))
    });
    let codes: Vec<_> = plan
        .answered
        .iter()
        .map(|d| (d.seq, d.outcome.code))
        .collect();
    assert_eq!(codes, [(1, None), (2, None), (3, Some(Code::UnknownOp))]);
    assert_eq!(seqs(&plan.batch_ops), [4, 5]);
}

#[test]
fn a_run_ends_before_it_is_too_large_but_holds_one_op() {
    let run = run((1..=9).map(accept).collect());
    let one = plan_run(&run, NOW, 1, None, |_, _| TokenVerdict::Known(None));
    assert_eq!(seqs(&one.batch_ops), [1]);
    let size = size_of(&one.batch_ops[0]);
    let three = plan_run(&run, NOW, size * 3 + size / 2, None, |_, _| {
        TokenVerdict::Known(None)
    });
    assert_eq!(seqs(&three.batch_ops), [1, 2, 3]);
}

#[test]
fn a_command_whose_token_cannot_be_judged_waits_with_what_must_not_overtake_it() {
    let release = ReceivedOp::LeaseReleased { fence: 1 };
    let run = run(vec![
        ReceivedOp::Boot,
        accept(2),
        accept(3),
        accept(2),
        release,
    ]);
    let mut first = true;
    let plan = plan_run(&run, NOW, 10_000, None, |_, _| {
        if std::mem::take(&mut first) {
            TokenVerdict::KeysMissing
        } else {
            TokenVerdict::Known(Some(person()))
        }
    });
    assert_eq!(
        (plan.answered.len(), seqs(&plan.batch_ops), plan.parked),
        (1, vec![3], vec![2, 4, 5])
    );
}

#[test]
fn what_an_op_that_logs_anew_was_first_answered_goes_with_it() {
    let edge = wire::EdgeId::new("north-1").unwrap();
    let verdict = Verdict::Firm;
    let fence = Some(4);
    let why = Some(wire::QuarantineWhy::EdgeRestored);
    let first = wire::FirstAnswer {
        edge: edge.clone(),
        epoch: 1,
        verdict,
        fence,
        why,
    };
    let ReceivedOp::Command(mut op) = accept(1) else {
        unreachable!()
    };
    let at = wire::ChainHead::start(&edge);
    let why = wire::QuarantineWhy::EdgeRestored;
    op.relogged = Some(wire::EarlierReceipt {
        edge,
        epoch: 1,
        at,
        verdict,
        fence,
        why,
    });
    let plan = plan_run(
        &run(vec![ReceivedOp::Command(op)]),
        NOW,
        10_000,
        None,
        |_, _| TokenVerdict::Known(Some(person())),
    );
    let BatchBody::Command { evidence, .. } = &plan.batch_ops[0].body else {
        unreachable!()
    };
    assert_eq!(evidence.relogged.as_ref(), Some(&first));
}

/// A review of order `n`.
fn review(n: u128) -> ReceivedOp {
    let mut op = accept_op(n);
    let order_id = op.command.body.order_id();
    op.command.body = CommandBody::SubmitReview {
        order_id,
        rating: 5,
        comment: String::new(),
    };
    ReceivedOp::Command(Box::new(op))
}

#[test]
fn the_owner_hears_whether_the_edge_was_cut_off() {
    let op = |cut_off| {
        ReceivedOp::Command(Box::new(CommandOp {
            cut_off,
            ..accept_op(1)
        }))
    };
    for cut_off in [Some(true), Some(false), None] {
        let run = run(vec![op(cut_off)]);
        let plan = plan_run(&run, NOW, 10_000, None, |_, _| {
            TokenVerdict::Known(Some(person()))
        });
        let BatchBody::Command { evidence, .. } = &plan.batch_ops[0].body else {
            panic!()
        };
        assert_eq!(evidence.cut_off, cut_off);
    }
}

#[test]
fn a_run_is_for_one_owner_and_goes_on_for_the_other_behind_it() {
    let known = |_: &UndecidedOp, _: &CommandOp| TokenVerdict::Known(Some(person()));
    let all = run(vec![accept(1), accept(2), review(1), review(2), accept(3)]);
    assert_eq!(
        seqs(&plan_run(&all, NOW, 10_000, None, known).batch_ops),
        [1, 2]
    );
    assert_eq!(
        seqs(&plan_run(&all[2..], NOW, 10_000, None, known).batch_ops),
        [3, 4]
    );
    assert_eq!(
        seqs(&plan_run(&all[4..], NOW, 10_000, None, known).batch_ops),
        [5]
    );
}

#[test]
fn an_owner_that_is_away_holds_up_its_own_ops_and_what_stands_behind_them() {
    let known = |_: &UndecidedOp, _: &CommandOp| TokenVerdict::Known(Some(person()));
    let release = ReceivedOp::LeaseReleased { fence: 1 };
    let all = run(vec![accept(1), review(2), accept(2), accept(3), release]);
    let plan = plan_run(&all, NOW, 10_000, Some(DecidingService::Review), known);
    assert_eq!(
        (seqs(&plan.batch_ops), plan.parked),
        (vec![1, 4], vec![2, 3, 5])
    );
}

#[test]
fn answers_that_are_not_one_per_op_say_nothing() {
    let run = run(vec![accept(1), accept(2)]);
    let handed = plan_run(&run, NOW, 10_000, None, |_, _| TokenVerdict::Known(None)).batch_ops;
    let answer = |seq| OpAnswer {
        seq,
        decision: OpDecision::Decided(Outcome::new_rejected(Code::OrderNotFound, None, NOW)),
    };
    assert_eq!(match_answers(&handed, vec![answer(1)]), None);
    assert_eq!(match_answers(&handed, vec![answer(2), answer(1)]), None);
    let held = OpAnswer {
        seq: 2,
        decision: OpDecision::Held(HeldReason::Region),
    };
    let progress = match_answers(&handed, vec![answer(1), held]).unwrap();
    assert_eq!(progress.held, [(2, HeldReason::Region)]);
    assert_eq!(
        progress.decided[0].command_id,
        Some(CommandId(uuid::Uuid::from_u128(1)))
    );
}
