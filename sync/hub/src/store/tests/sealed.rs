//! Personal data is stored sealed, and a job reads and seals older plain rows.

use platform::{
    sealing::{self, DataKeys, ResealedBatch},
    vals,
};
use wire::FeedChange;

use super::{
    feed::{event, order},
    waiting_accepts::{FIRST, accept},
    work_queue::decided,
    *,
};
use crate::store::{ACCEPTS, FEED, OPS, OUTCOMES, SEALED_TABLES};

const KEPT: &str = "SELECT bytes FROM feed ORDER BY feed_seq";

#[rstest]
#[tokio::test]
async fn a_change_of_before_is_read_and_sealed_by_the_job(#[values(false, true)] mysql: bool) {
    let sealed = database(mysql).await;
    let plain = Store::new(sealed.sql().clone().sealed_by(&DataKeys::without_keys()));
    plain
        .feed_order(&event(1), &order(1, 1), NOW)
        .await
        .unwrap();
    sealed
        .feed_order(&event(2), &order(2, 1), NOW)
        .await
        .unwrap();
    let kept = async || {
        sealed
            .sql()
            .fetch_all::<Vec<u8>>(KEPT, vals![])
            .await
            .unwrap()
    };
    let title = order(1, 1).title;
    let tells = |bytes: &Vec<u8>| {
        bytes
            .windows(title.len())
            .any(|part| part == title.as_bytes())
    };
    assert_eq!(
        kept().await.iter().map(tells).collect::<Vec<_>>(),
        [true, false]
    );
    let expected = [order(1, 1), order(2, 1)].map(FeedChange::Order).to_vec();
    assert_eq!(
        sealed.read_feed(Region::North, 0, 9).await.unwrap(),
        (2, expected.clone())
    );

    let batch = sealed.sql().reseal_batch(&FEED, &[]).await.unwrap();
    assert_eq!(
        batch,
        ResealedBatch {
            sealed: 1,
            last: None
        }
    );
    let once = kept().await;
    assert!(!once.iter().any(tells));
    assert_eq!(
        sealed.read_feed(Region::North, 0, 9).await.unwrap(),
        (2, expected)
    );
    sealed.resealer().run().await.unwrap();
    assert_eq!(kept().await, once, "what is sealed stays");

    let stranger = Store::new(sealed.sql().clone().sealed_by(&DataKeys::random()));
    let refused = stranger.read_feed(Region::North, 0, 9).await;
    assert!(matches!(refused, Err(StoreError::Sealed(_))), "{refused:?}");
    const MOVED: &str = "UPDATE feed SET bytes = ? WHERE feed_seq = 2";
    sealed
        .sql()
        .exec(MOVED, vals![once[0].clone()])
        .await
        .unwrap();
    assert!(
        sealed.read_feed(Region::North, 1, 9).await.is_err(),
        "it was moved from another row"
    );
}

const SEALED: [&str; 4] = [
    "SELECT bytes FROM ops",
    "SELECT bytes FROM outcomes",
    "SELECT bytes FROM feed",
    "SELECT command FROM asks",
];
const TOKENS: &str = "SELECT token FROM asks";
/// More than one batch.
const OPS_COUNT: u64 = 250;

#[rstest]
#[tokio::test]
async fn an_old_key_is_taken_away_once_the_job_has_passed_every_table(
    #[values(false, true)] mysql: bool,
) {
    const HOLDER: &str = "UPDATE regions SET holder = ?, holder_epoch = 1 WHERE region = 'NORTH'";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.keys");
    let database = with_edge(mysql).await;
    let by = |keys: &DataKeys| Store::new(database.sql().clone().sealed_by(keys));
    let former = by(&DataKeys::load_or_create(&path, true).unwrap());
    received(&former, OPS_COUNT).await;
    let claim = claimed(&former).await;
    assert!(
        former
            .commit_progress(&claim, &decided(1..=3), NOW, UNTIL)
            .await
            .unwrap()
    );
    former
        .feed_order(&event(1), &order(1, 1), NOW)
        .await
        .unwrap();
    former.sql().exec(HOLDER, vals![&north()]).await.unwrap();
    former.admit_portal_accept(&accept(1), NOW).await.unwrap();

    let [old] = &*sealing::list_keys(&path).unwrap() else {
        panic!("one key")
    };
    sealing::add(&path).unwrap();
    sealing::use_newest(&path).unwrap();
    let both = by(&DataKeys::load(&path, true).unwrap());
    assert_eq!(seal_all(&both).await, [250, 3, 1, 2]);
    assert_eq!(seal_all(&both).await, [0; 4], "what is sealed stays");
    let keys = both.sql().data_keys();
    for table in SEALED {
        let kept: Vec<Vec<u8>> = both.sql().fetch_all(table, vals![]).await.unwrap();
        assert!(
            !kept.is_empty() && !kept.iter().any(|bytes| keys.is_stale(bytes)),
            "{table}"
        );
    }
    let tokens: Vec<String> = both.sql().fetch_all(TOKENS, vals![]).await.unwrap();
    assert!(!tokens.iter().any(|token| keys.is_stale_text(token)));

    sealing::remove(&path, old).unwrap();
    let left = by(&DataKeys::load(&path, true).unwrap());
    let outcomes = left.read_outcomes(&north(), 1, 0, 9).await.unwrap();
    assert_eq!(outcomes.len(), 3);
    assert_eq!(
        due(&left, &claim, 9).await.first().map(|due| due.seq),
        Some(4)
    );
    let feed = left.read_feed(Region::North, 0, 9).await.unwrap();
    assert_eq!(feed, (1, vec![FeedChange::Order(order(1, 1))]));
    let asks = left.read_accepts_to_retry(FIRST, 9).await.unwrap();
    assert_eq!((asks.accepts.len(), asks.unreadable.len()), (1, 0));
}

/// Returns the number of resealed values of ops, outcomes, changes and waiting accepts.
async fn seal_all(store: &Store) -> [usize; 4] {
    let mut sealed = [0; 4];
    for (count, table) in sealed.iter_mut().zip([&OPS, &OUTCOMES, &FEED, &ACCEPTS]) {
        let mut after = Some(Vec::new());
        while let Some(key) = after {
            let batch = store.sql().reseal_batch(table, &key).await.unwrap();
            *count += batch.sealed;
            after = batch.last;
        }
    }
    sealed
}

#[test]
fn the_job_reseals_the_feed_of_every_region() {
    for region in Region::ALL {
        let condition = format!("region = '{region}'");
        let label = format!("sync.feed of {region}");
        let is_there = SEALED_TABLES
            .iter()
            .any(|table| table.part == Some(&*condition) && table.label == label);
        assert!(is_there, "{region}");
    }
}
