//! Gates, epochs that end, and session writes guarded by the term.

use engine::cloud::{EndingEpoch, LogPosition, QuarantineRequest};
use platform::vals;
use wire::{DiskLevel, DiskUse, GateState, QuarantineWhy};

use super::*;

#[rstest]
#[tokio::test]
async fn what_an_older_session_writes_counts_for_nothing(#[values(false, true)] mysql: bool) {
    let store = with_edge(mysql).await;
    let (old, stored) = session(&store).await;
    assert_eq!(stored.cursor, ChainHead::start(&north()));
    let (new, _) = session(&store).await;
    assert_eq!(new, old + 1);

    let ops = boots(old, stored.cursor, 2);
    assert!(!store.store_ops(&north(), &ops, NOW).await.unwrap());
    let nonce = BootNonce([3; 16]);
    let ack = Ack {
        last_seq: 9,
        edge_now: LATER,
        disk_free_bytes: Some(5),
        ..ack(old, 0)
    };
    let disk = Some(DiskUse {
        level: DiskLevel::Shed,
        used_percent: 91,
    });
    let ack = Ack {
        newcomers_waiting: Some(3),
        disk,
        photos_waiting: Some(7),
        ..ack
    };
    assert!(
        !store
            .save_ack(&north(), &ack, &LogHeadReports::default(), NOW)
            .await
            .unwrap()
    );
    store.record_link_down(&north(), old, NOW).await.unwrap();

    let current = Ack {
        link_session: LinkSessionId { term: new, nonce },
        ..ack
    };
    assert!(
        store
            .save_ack(&north(), &current, &LogHeadReports::default(), NOW)
            .await
            .unwrap()
    );
    let edges = store.list_edges("", 10).await.unwrap();
    assert!(edges[0].link_up, "the old session has no say in it");
    assert_eq!(
        (edges[0].last_seq, edges[0].stored.clock_error_ms),
        (9, Some(60_000))
    );
    assert_eq!(edges[0].stored.newcomers_waiting, 3);
    assert_eq!(edges[0].stored.disk, disk);
    assert_eq!(edges[0].stored.photos_waiting, Some(7));
    assert!(store.list_edges("north-1", 10).await.unwrap().is_empty());
}

#[rstest]
#[tokio::test]
async fn a_session_that_begins_further_back_is_waited_for_and_what_was_said_before_is_forgotten(
    #[values(false, true)] mysql: bool,
) {
    let store = with_edge(mysql).await;
    for version in 1..=4 {
        let event = feed::event(version.into());
        store
            .feed_order(&event, &feed::order(1, version), NOW)
            .await
            .unwrap();
    }
    let (term, _) = session(&store).await;
    let said = Hash::digest_bytes(b"what it has");
    let said = Ack {
        digest: said,
        ahead: 1,
        assignment: Some(said),
        ..ack(term, 0)
    };
    let said = Ack {
        feed_cursor: 4,
        unproven: Some(1),
        ..said
    };
    assert!(
        store
            .save_ack(&north(), &said, &LogHeadReports::default(), NOW)
            .await
            .unwrap()
    );

    let begins = async |feed_generation, feed_cursor| {
        let over = store
            .load_edge_state(&north(), NOW)
            .await
            .unwrap()
            .unwrap()
            .term;
        let hello = Hello {
            feed_generation,
            feed_cursor,
            ..hello()
        };
        store
            .take_over(&north(), &hello, over, NOW)
            .await
            .unwrap()
            .unwrap();
        let edge = store.list_edges("", 1).await.unwrap().swap_remove(0);
        let passed = store
            .find_compaction_limit(Region::North, 4, NOW.plus_ms(-1))
            .await
            .unwrap();
        assert_eq!(passed, edge.feed_cursor);
        (
            passed,
            (
                edge.digest,
                edge.ahead,
                edge.stored.unproven,
                edge.assignment,
            ),
        )
    };
    let stands = (Some(said.digest), 1, Some(1), said.assignment);
    assert_eq!(begins(77, 4).await, (4, stands));
    assert_eq!(begins(77, 2).await, (2, (None, 0, None, None)));
    assert_eq!(
        begins(77, 3).await,
        (2, (None, 0, None, None)),
        "its word comes with its Ack"
    );
    assert_eq!(
        begins(76, 3).await,
        (0, (None, 0, None, None)),
        "it counts in another feed"
    );
}

#[rstest]
#[tokio::test]
async fn no_session_has_an_edge_whose_epoch_is_to_end(#[values(false, true)] mysql: bool) {
    let store = with_edge(mysql).await;
    let (term, stored) = session(&store).await;
    let why = QuarantineWhy::EdgeRestored;
    let confined = QuarantineRequest {
        hello: hello(),
        over: term,
        epoch: 1,
        again: false,
        why,
    };
    let begun = store
        .start_ending_epoch(&north(), &confined, LATER)
        .await
        .unwrap();
    assert_eq!(begun, Some(term + 1));
    assert_eq!(
        store
            .start_ending_epoch(&north(), &confined, LATER)
            .await
            .unwrap(),
        None,
        "once a term"
    );

    let ops = boots(term, stored.cursor, 2);
    assert!(!store.store_ops(&north(), &ops, LATER).await.unwrap());
    assert_eq!(
        store
            .take_over(&north(), &hello(), term, LATER)
            .await
            .unwrap(),
        None
    );
    let stands = store
        .load_edge_state(&north(), LATER)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (stands.ending, stands.running),
        (Some(EndingEpoch { epoch: 1, why }), None)
    );

    let again = QuarantineRequest {
        over: term + 1,
        ..confined
    };
    let over = store
        .start_ending_epoch(&north(), &again, LATER)
        .await
        .unwrap()
        .unwrap();
    let raised = store
        .raise_epoch(&north(), &QuarantineRequest { over, ..again }, 5, LATER)
        .await
        .unwrap();
    assert_eq!(raised.unwrap().epoch, 2);
}

#[rstest]
#[tokio::test]
async fn a_part_of_a_tail_ends_with_its_bytes_and_the_next_goes_on_behind_it(
    #[values(false, true)] mysql: bool,
) {
    let store = with_edge(mysql).await;
    let (term, stored) = session(&store).await;
    // The second alone exceeds a frame, and so would any two of the others.
    let sizes = [20_000, 50_000, 20_000, 10];
    let mut head = stored.cursor;
    let ops = sizes.map(|size| {
        let bytes = Op::Token {
            token: "x".repeat(size),
        }
        .to_bytes();
        head = head.append_op(&bytes);
        NewOp {
            head,
            bytes,
            bounds: OpBounds::default(),
        }
    });
    let received = NewOps {
        term,
        epoch: 1,
        after: stored.cursor,
        ops: ops.clone().into(),
        heads: LogHeadReports::default(),
    };
    assert!(store.store_ops(&north(), &received, NOW).await.unwrap());
    store
        .sql()
        .exec("UPDATE edges SET epoch = 2", vals![])
        .await
        .unwrap();

    let mut parts = Vec::new();
    let mut returned = Vec::new();
    let mut after = 0;
    loop {
        let tail = store
            .read_ended_epoch_ops(
                &NORTH,
                LogPosition {
                    epoch: 1,
                    seq: after,
                },
            )
            .await
            .unwrap();
        parts.push((tail.first_seq, tail.ops.len(), tail.more));
        after += tail.ops.len() as u64;
        returned.extend(tail.ops);
        if !tail.more {
            break;
        }
    }
    assert_eq!(parts, [(1, 1, true), (2, 1, true), (3, 2, false)]);
    assert_eq!(returned, ops.map(|op| op.bytes));
}

#[rstest]
#[tokio::test]
async fn who_has_a_session_is_asked_for_a_sign_of_life_whatever_the_replicas_clocks_say(
    #[values(false, true)] mysql: bool,
) {
    let store = with_edge(mysql).await;
    let (term, _) = session(&store).await;
    let running = async |now| {
        store
            .load_edge_state(&north(), now)
            .await
            .unwrap()
            .unwrap()
            .running
    };
    for day in [-1, 0, 1] {
        assert_eq!(
            running(NOW.plus_ms(day * 86_400_000)).await,
            Some(hello().nonce),
            "{day}"
        );
    }
    store.record_link_down(&north(), term, NOW).await.unwrap();
    assert_eq!(running(NOW).await, None);
}

#[rstest]
#[tokio::test]
async fn ops_and_cursor_are_stored_together_and_once(#[values(false, true)] mysql: bool) {
    let store = with_edge(mysql).await;
    let ops = received(&store, 1_203).await;
    assert!(
        !store.store_ops(&north(), &ops, NOW).await.unwrap(),
        "the cursor has moved on"
    );
    let stored = store.load_edge_state(&north(), NOW).await.unwrap().unwrap();
    assert_eq!(stored.cursor, ops.cursor());
    let claim = claimed(&store).await;
    let due = due(&store, &claim, 5_000).await;
    assert_eq!(due_seqs(&due), (1..=1_203).collect::<Vec<_>>());
    assert_eq!(due[1_202].hash, ops.cursor().hash);
    assert_eq!(
        store.list_edges_with_work("", 9).await.unwrap().0,
        [north()]
    );
}

#[rstest]
#[tokio::test]
async fn a_closed_gate_stands_in_its_region_alone(#[values(false, true)] mysql: bool) {
    let store = database(mysql).await;
    store.ensure_regions(78).await.unwrap();
    enrolled(&store).await;
    store
        .set_gate(Region::North, GateState::Closed, admin(), NOW)
        .await
        .unwrap();
    assert!(
        !store
            .load_edge_state(&north(), NOW)
            .await
            .unwrap()
            .unwrap()
            .gate_open
    );
    let closed: Vec<_> = store
        .list_regions()
        .await
        .unwrap()
        .into_iter()
        .map(|r| r.gate)
        .collect();
    assert_eq!(
        closed
            .iter()
            .filter(|gate| **gate == GateState::Closed)
            .count(),
        1
    );
    assert_eq!(
        region(&store).await.feed_generation,
        77,
        "a feed keeps its generation"
    );
}

#[rstest]
#[tokio::test]
async fn an_operator_has_looked_at_every_epoch_whatever_the_replicas_clocks_say(
    #[values(false, true)] mysql: bool,
) {
    let store = with_edge(mysql).await;
    let epoch = "INSERT INTO epochs \
        (edge, epoch, at, why, granted_to, after_run, grant_id, last_accepted) \
        VALUES (?, ?, ?, 'edge_restored', ?, NULL, 1, ?)";
    for (n, at) in [(1_u64, NOW), (2, LATER)] {
        let values = vals![&north(), n, at, replica(1), Hash::ZERO];
        store.sql().exec(epoch, values).await.unwrap();
    }
    let today = async || {
        store
            .load_edge_state(&north(), LATER)
            .await
            .unwrap()
            .unwrap()
            .epochs_today
    };
    assert_eq!(today().await, 2);
    assert!(
        store
            .readmit_edge(&north(), UnixMillis(NOW.0 + 1))
            .await
            .unwrap()
    );
    assert_eq!(today().await, 0, "also the one of a clock that is ahead");
}
