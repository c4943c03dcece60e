//! The copies of the fees: the newest answer, also after a restart.

use wire::{CancelFeeVersion, CancelFees, PlatformFeeVersion, PlatformFees};

use super::*;

fn fees(complete_until: i64, versions: &[(i64, u16)]) -> PlatformFees {
    let version = |&(from, basis_points): &(i64, u16)| PlatformFeeVersion {
        from: UnixMillis(from),
        basis_points,
    };
    PlatformFees {
        complete_until: UnixMillis(complete_until),
        versions: versions.iter().map(version).collect(),
    }
}

#[tokio::test]
async fn the_newest_answer_replaces_the_one_before_and_survives_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    let known = async |store: &Store| store.load_standing().await.unwrap().platform_fees;
    assert_eq!(known(&store).await, None);
    store
        .save_platform_fees(fees(5, &[(2, 900), (0, 1_000)]))
        .await
        .unwrap();
    let newest = fees(9, &[(0, 1_000)]);
    store.save_platform_fees(newest.clone()).await.unwrap();
    assert_eq!(known(&store).await, Some(newest.clone()));
    store.close();
    let (again, _) = open(&data, 2).await;
    assert_eq!(known(&again).await, Some(newest));
}

#[tokio::test]
async fn the_fee_of_a_late_cancel_is_kept_beside_the_platforms() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    let known = async |store: &Store| store.load_standing().await.unwrap().cancel_fees;
    assert_eq!(known(&store).await, None);
    let listed = |basis_points| CancelFees {
        complete_until: UnixMillis(5),
        versions: vec![CancelFeeVersion {
            from: UnixMillis(0),
            basis_points,
            notice_hours: 24,
        }],
    };
    for basis_points in [1_000, 500] {
        store.save_cancel_fees(listed(basis_points)).await.unwrap();
    }
    assert_eq!(store.load_standing().await.unwrap().platform_fees, None);
    store.close();
    let (again, _) = open(&data, 2).await;
    assert_eq!(known(&again).await, Some(listed(500)));
}
