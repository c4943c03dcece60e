//! What came from people stands sealed, and what stood before is read and sealed by a job.

use platform::{sealing::DataKeys, vals};
use wire::Change;

use super::{
    feed::{event, order},
    *,
};

const KEPT: &str = "SELECT bytes FROM feed ORDER BY feed_seq";

#[rstest]
#[tokio::test]
async fn a_change_of_before_is_read_and_sealed_by_the_job(#[values(false, true)] mysql: bool) {
    let sealed = database(mysql).await;
    let plain = Store::new(sealed.sql().clone().sealed_by(&DataKeys::none()));
    plain.feed_order(&event(1), &order(1, 1), NOW).await.unwrap();
    sealed.feed_order(&event(2), &order(2, 1), NOW).await.unwrap();
    let kept = async || sealed.sql().all::<Vec<u8>>(KEPT, vals![]).await.unwrap();
    let title = order(1, 1).title;
    let tells = |bytes: &Vec<u8>| bytes.windows(title.len()).any(|part| part == title.as_bytes());
    assert_eq!(kept().await.iter().map(tells).collect::<Vec<_>>(), [true, false]);
    let expected = [order(1, 1), order(2, 1)].map(Change::Order).to_vec();
    assert_eq!(sealed.feed(Region::North, 0, 9).await.unwrap(), (2, expected.clone()));

    assert_eq!(sealed.reseal_feed(Region::North, 0).await.unwrap(), None);
    let once = kept().await;
    assert!(!once.iter().any(tells));
    assert_eq!(sealed.feed(Region::North, 0, 9).await.unwrap(), (2, expected));
    sealed.reseal_feed(Region::North, 0).await.unwrap();
    assert_eq!(kept().await, once, "what is sealed stays");

    let stranger = Store::new(sealed.sql().clone().sealed_by(&DataKeys::random()));
    let refused = stranger.feed(Region::North, 0, 9).await;
    assert!(matches!(refused, Err(StoreError::Sealed(_))), "{refused:?}");
    const MOVED: &str = "UPDATE feed SET bytes = ? WHERE feed_seq = 2";
    sealed.sql().exec(MOVED, vals![once[0].clone()]).await.unwrap();
    assert!(sealed.feed(Region::North, 1, 9).await.is_err(), "it was moved from another row");
}
