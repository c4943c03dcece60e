//! Edges that are disabled, get another key, or are retired.

use engine::cloud::LogPosition;

use super::{work_queue::accepts_and_release, *};
use crate::store::edges::{EdgeActKind, RekeyRequest, disabling::DisableRequest};

const OTHER_KEY: [u8; 32] = [5; 32];

fn order(since: Option<UnixMillis>) -> DisableRequest {
    let why = "stolen".to_owned();
    let retires = since.is_none();
    let by = admin();
    DisableRequest {
        since,
        why,
        retires,
        by,
    }
}

async fn rekey(store: &Store, kind: EdgeActKind, code: &[u8]) -> Option<UnixMillis> {
    let request = RekeyRequest {
        kind,
        code_hash: Hash::digest_bytes(code),
        by: admin(),
        why: None,
    };
    store
        .issue_rekey_code(&north(), &request, NOW)
        .await
        .unwrap()
}

#[rstest]
#[tokio::test]
async fn a_disabled_edge_loses_its_session_and_its_worker(#[values(false, true)] mysql: bool) {
    let store = with_edge(mysql).await;
    let (term, stored) = session(&store).await;
    assert!(!stored.disabled);
    let ops = accepts_and_release(term, stored.cursor);
    assert!(store.store_ops(&north(), &ops, NOW).await.unwrap());
    let claim = claimed(&store).await;
    assert!(
        store
            .disable_edge(&north(), &order(Some(NOW)), LATER)
            .await
            .unwrap()
    );

    let pulse = store.read_session_pulse(&north()).await.unwrap().unwrap();
    assert!(pulse.disabled && pulse.term > term);
    store.record_contact(contact(term, LATER)).await.unwrap();
    let shown = store.list_edges("", 10).await.unwrap().swap_remove(0);
    assert_eq!(
        shown.stored.last_contact_at,
        Some(NOW),
        "its session counts no more"
    );
    assert!(
        store
            .load_edge_state(&north(), LATER)
            .await
            .unwrap()
            .unwrap()
            .disabled
    );
    assert!(
        store
            .find_link_key(&north())
            .await
            .unwrap()
            .unwrap()
            .disabled
    );
    let nothing = crate::domain::run_plan::PassResults::default();
    assert!(
        !store
            .commit_progress(&claim, &nothing, LATER, UNTIL)
            .await
            .unwrap(),
        "nor does its worker"
    );

    let claim = store
        .claim_log(&north(), replica(2), LATER, UNTIL)
        .await
        .unwrap()
        .unwrap();
    assert!(
        due(&store, &claim, 9)
            .await
            .iter()
            .all(|due| due.distrusted)
    );
    assert!(
        store
            .disable_edge(&north(), &order(Some(LATER)), LATER)
            .await
            .unwrap(),
        "another moment"
    );
    let claim = store
        .claim_log(&north(), replica(2), LATER, UNTIL)
        .await
        .unwrap()
        .unwrap();
    assert!(
        due(&store, &claim, 9)
            .await
            .iter()
            .all(|due| !due.distrusted)
    );
    assert_eq!(store.list_open_disablings().await.unwrap(), [north()]);
    store.close_disabling(&north()).await.unwrap();
    assert!(store.list_open_disablings().await.unwrap().is_empty());
    assert_eq!(store.list_edge_acts(&north()).await.unwrap().len(), 2);
}

#[rstest]
#[tokio::test]
async fn a_new_key_replaces_the_old_one_and_lets_the_edge_in(#[values(false, true)] mysql: bool) {
    let store = with_edge(mysql).await;
    store
        .disable_edge(&north(), &order(None), NOW)
        .await
        .unwrap();
    assert!(rekey(&store, EdgeActKind::Rekeyed, b"new").await.is_some());
    assert_eq!(
        store.find_link_key(&north()).await.unwrap(),
        None,
        "the old key is gone at once"
    );
    let again = store
        .invite_edge(
            &north(),
            Region::North,
            Hash::digest_bytes(b"x"),
            admin(),
            NOW,
        )
        .await
        .unwrap();
    assert_eq!(
        again,
        InvitationResult::Exists,
        "its name stands for its log"
    );
    let known = EnrolmentResult::Edge {
        edge: north(),
        region: Region::North,
    };
    for _ in 0..2 {
        assert_eq!(
            store
                .enrol_edge(Hash::digest_bytes(b"new"), OTHER_KEY, NOW)
                .await
                .unwrap(),
            known
        );
    }
    assert_eq!(store.list_former_keys(&north()).await.unwrap(), [KEY]);
    let third = store
        .enrol_edge(Hash::digest_bytes(b"new"), [6; 32], NOW)
        .await
        .unwrap();
    assert_eq!(third, EnrolmentResult::CodeInvalid);
    let key = store.find_link_key(&north()).await.unwrap().unwrap();
    assert_eq!((key.public_key, key.disabled), (OTHER_KEY, false));

    assert!(
        rekey(&store, EdgeActKind::Rotated, b"newer")
            .await
            .is_some()
    );
    assert!(
        store.find_link_key(&north()).await.unwrap().is_some(),
        "it counts until the code is used"
    );
    assert_eq!(
        store
            .enrol_edge(Hash::digest_bytes(b"newer"), KEY, NOW)
            .await
            .unwrap(),
        known
    );
    assert_eq!(
        store
            .find_link_key(&north())
            .await
            .unwrap()
            .unwrap()
            .public_key,
        KEY
    );
    assert_eq!(
        store.list_former_keys(&north()).await.unwrap(),
        [OTHER_KEY],
        "not the present one"
    );
    let unknown = EdgeId::new("north-7").unwrap();
    assert!(
        !store
            .disable_edge(&unknown, &order(None), NOW)
            .await
            .unwrap()
    );
}

#[rstest]
#[tokio::test]
async fn an_op_keeps_what_the_hub_knew_when_it_came(#[values(false, true)] mysql: bool) {
    let store = with_edge(mysql).await;
    let (term, stored) = session(&store).await;
    let mut ops = accepts_and_release(term, stored.cursor);
    ops.heads = LogHeadReports {
        told_seq: 9,
        told_at: NOW,
        newest: LATER,
        ..LogHeadReports::default()
    };
    for op in &mut ops.ops {
        op.bounds = OpBounds {
            not_before: NOW,
            knows_to: 7,
        };
    }
    assert!(store.store_ops(&north(), &ops, LATER).await.unwrap());
    let claim = claimed(&store).await;
    let first = due(&store, &claim, 1).await.remove(0);
    assert_eq!(
        (first.arrival.received_at, first.arrival.bounds),
        (LATER, ops.ops[0].bounds)
    );
    let stands = store.load_edge_state(&north(), NOW).await.unwrap().unwrap();
    assert_eq!(stands.heads, ops.heads);
    let heads = LogHeadReports {
        told_seq: 5,
        told_feed: 3,
        ..ops.heads
    };
    assert!(
        store
            .save_ack(&north(), &ack(term, 0), &heads, LATER)
            .await
            .unwrap()
    );
    assert_eq!(
        store
            .load_edge_state(&north(), NOW)
            .await
            .unwrap()
            .unwrap()
            .heads,
        heads
    );
    let tail = store
        .read_ended_epoch_ops(&north(), LogPosition { epoch: 1, seq: 0 })
        .await
        .unwrap();
    assert!(tail.ops.is_empty(), "its epoch goes on");
}
