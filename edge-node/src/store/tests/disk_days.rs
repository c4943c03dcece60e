//! How full the disk was: a row a day, and only the last thirty.

use super::*;
use crate::disk_ladder::DiskDay;

#[tokio::test]
async fn a_day_has_one_row_and_old_days_go() {
    let data = tempfile::tempdir().unwrap();
    let (store, _) = open(&data, 1).await;
    let day = |day, filled_bytes| DiskDay { day, filled_bytes };
    for (number, filled) in (1_000..1_100).zip(0..) {
        store.save_disk_day(day(number, filled)).await.unwrap();
    }
    store.save_disk_day(day(1_099, 7)).await.unwrap();
    let days = store.load_disk_days().await.unwrap();
    assert_eq!((days.len(), days[0]), (30, day(1_070, 70)));
    assert_eq!(days[29], day(1_099, 7));
    store.save_disk_day(day(1_080, 5)).await.unwrap();
    let last = store.load_disk_days().await.unwrap().pop();
    assert_eq!(last, Some(day(1_080, 5)), "the clock had been ahead");
    assert_eq!(
        read_report(&path_in(data.path())).unwrap().disk_days.len(),
        11
    );
}
