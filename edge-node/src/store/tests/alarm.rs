//! Detects a log that is not the one this edge had.

use super::*;

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
    assert_eq!(suspicion, Some(Alarm::Older));
    assert!(store.load_position().await.unwrap().suspect);
    store.close();
    let (store, suspicion) = open(&data, 4).await;
    assert_eq!(suspicion, None, "the mark is this log's own by now");
    assert!(
        store.load_position().await.unwrap().suspect,
        "and yet it stays suspect"
    );
}

#[tokio::test]
async fn another_log_under_the_same_mark_is_found_out() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    store.close();
    let (store, _) = open(&data, 2).await;
    store.close();
    let path = high_water::path_for(&path_in(data.path()));
    let mark = high_water::HighWaterMark {
        epoch: 1,
        head: ChainHead {
            seq: 1,
            hash: Hash::digest_bytes(b"other"),
        },
    };
    high_water::HighWaterFile::open(&path)
        .unwrap()
        .write(mark)
        .unwrap();
    assert_eq!(open(&data, 3).await.1, Some(Alarm::Different));
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
        assert_eq!(open(&data, 2).await.1, Some(Alarm::NoMark), "torn: {torn}");
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
    assert_eq!(open(&data, 2).await.1, None);
}
