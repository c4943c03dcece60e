//! Whose the data folder is, and the renaming of a twin.

use wire::{BootNonce, EdgeId, QuarantineWhy};

use super::{
    quarantine::{FIRM, commands, ids, new_epoch, ops},
    *,
};

#[tokio::test]
async fn a_data_folder_belongs_to_one_edge() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    store.close();
    let other = EdgeIdentity {
        edge_id: wire::EdgeId::new("south-1").unwrap(),
        ..identity()
    };
    let refused = Store::open(data.path(), other, BootNonce([2; 16]), NOW).await;
    let error = process::problem::format_error_chain(&refused.err().unwrap());
    assert!(error.contains("north-1"), "{error}");
    let elsewhere = EdgeIdentity {
        region: wire::Region::South,
        ..identity()
    };
    assert!(
        Store::open(data.path(), elsewhere, BootNonce([2; 16]), NOW)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_twin_stays_one_over_restarts_and_goes_on_under_a_name_of_its_own() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    with_orders(&store, 1..=9).await;
    let (decided, ..) = entered(&store, entry(101, by(21), accept(1))).await;
    let applied = Outcome::new_applied(after(1, 2, Action::Accept, 21), NOW);
    store
        .store_outcomes(1, vec![outcome(1, decided.head.seq, applied)], NOW)
        .await
        .unwrap();
    store
        .judge_and_log_command(entry(102, by(21), accept(2)), |_, _| FIRM)
        .await
        .unwrap();
    let own = EdgeIdentity {
        edge_id: EdgeId::new("north-2").unwrap(),
        ..identity()
    };
    let nonce = BootNonce([7; 16]);
    store.raise_alarm(Alarm::Older, NOW).await.unwrap();
    store.clone().close();
    drop(store);
    assert_eq!(
        rename_twin_file(data.path(), &own, nonce, NOW)
            .await
            .unwrap(),
        None,
        "no twin"
    );

    let (store, _) = open(&data, 2).await;
    store.raise_alarm(Alarm::Twin, NOW).await.unwrap();
    store.close();
    let (store, _) = open(&data, 3).await;
    let position = store.load_position().await.unwrap();
    assert!(position.twin && position.suspect);
    let told = read_report(&path_in(data.path())).unwrap();
    assert_eq!(told.alarm.as_ref().map(|alarm| alarm.why), Some("twin"));
    assert!(
        told.to_string().contains("`holdfast enrol REGION NAME`"),
        "{told}"
    );
    store.close();

    let renamed = rename_twin_file(data.path(), &own, nonce, NOW)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((renamed.from, renamed.relogged), (identity().edge_id, 1));
    assert_eq!(
        rename_twin_file(data.path(), &own, nonce, NOW)
            .await
            .unwrap(),
        None,
        "once"
    );
    let (store, suspicion) = Store::open(data.path(), own.clone(), nonce, NOW)
        .await
        .unwrap();
    assert_eq!(suspicion, None);
    let position = store.load_position().await.unwrap();
    assert!(!position.twin && !position.suspect && !store.load_trust().await.unwrap().enrolled);
    let ops = ops(&store).await;
    assert_eq!(ids(&ops), [102]);
    let relogged = commands(&ops)[0].relogged.clone().unwrap();
    assert_eq!(
        (relogged.edge, relogged.why),
        (identity().edge_id, QuarantineWhy::EdgeCloned)
    );
    let start = ChainHead::start(&own.edge_id);
    let bytes: Vec<_> = ops.iter().map(Op::to_bytes).collect();
    assert_eq!(
        position.head,
        start.append_ops(bytes.iter().map(Vec::as_slice))
    );
    let (known, _, new) = entered(&store, entry(101, by(21), accept(1))).await;
    assert!(
        !new && known.outcome.is_some(),
        "what was decided is still known"
    );
}

#[tokio::test]
async fn an_edge_of_its_own_counts_its_epochs_anew() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    store.raise_alarm(Alarm::Older, NOW).await.unwrap();
    assert_eq!(store.begin_epoch(new_epoch(), NOW).await.unwrap().epoch, 2);
    store.raise_alarm(Alarm::Twin, NOW).await.unwrap();
    store.close();
    let own = EdgeIdentity {
        edge_id: EdgeId::new("north-2").unwrap(),
        ..identity()
    };
    let nonce = BootNonce([7; 16]);
    rename_twin_file(data.path(), &own, nonce, NOW)
        .await
        .unwrap()
        .unwrap();
    let (store, _) = Store::open(data.path(), own, nonce, NOW).await.unwrap();
    store.raise_alarm(Alarm::Older, NOW).await.unwrap();
    assert_eq!(store.begin_epoch(new_epoch(), NOW).await.unwrap().epoch, 2);
}

#[tokio::test]
async fn a_copy_of_a_copy_goes_on_under_a_name_of_its_own_as_well() {
    let data = tempfile::tempdir().unwrap();
    let mut name = identity();
    let mut decided = 0;
    for (generation, next) in [(1, "north-2"), (2, "north-3"), (3, "north-4")] {
        let nonce = BootNonce([generation; 16]);
        let (store, _) = Store::open(data.path(), name.clone(), nonce, NOW)
            .await
            .unwrap();
        let n = u128::from(generation);
        with_orders(&store, [n]).await;
        // Three commands share a place in their logs; all are kept.
        let (stored, ..) = entered(&store, entry(100 + n, by(21), accept(n))).await;
        let applied = Outcome::new_applied(after(n, 2, Action::Accept, 21), NOW);
        store
            .store_outcomes(1, vec![outcome(1, stored.head.seq, applied)], NOW)
            .await
            .unwrap();
        decided = n;
        store.raise_alarm(Alarm::Twin, NOW).await.unwrap();
        store.close();
        name = EdgeIdentity {
            edge_id: EdgeId::new(next).unwrap(),
            ..name
        };
        let renamed = rename_twin_file(data.path(), &name, BootNonce([9; 16]), NOW)
            .await
            .unwrap();
        assert_eq!(renamed.map(|renamed| renamed.relogged), Some(0), "{next}");
    }
    let (store, _) = Store::open(data.path(), name, BootNonce([8; 16]), NOW)
        .await
        .unwrap();
    for n in 1..=decided {
        let (known, _, new) = entered(&store, entry(100 + n, by(21), accept(n))).await;
        assert!(
            !new && known.outcome.is_some(),
            "command {n} is still known"
        );
    }
}
