//! Free text in order_db is sealed; a job reseals text that an older version left plain or an old
//! key sealed.

use order::store::{AcceptanceRules, Store};
use platform::{
    sealing::{self, DataKeys},
    vals,
};
use rstest::rstest;
use wire::{CommandBody, OrderId};

use crate::stage::*;

const WORDS: &str = "SELECT title, description, address FROM orders";
const REASONS: &str = "SELECT reason FROM order_timeline WHERE reason IS NOT NULL";
const WHY: &str = "my aunt fell ill";

/// All free text as stored.
async fn kept(stage: &Stage) -> String {
    let words: Vec<(String, String, String)> = stage.sql.fetch_all(WORDS, vals![]).await.unwrap();
    let reasons: Vec<String> = stage.sql.fetch_all(REASONS, vals![]).await.unwrap();
    assert!(!words.is_empty() && !reasons.is_empty());
    format!("{words:?} {reasons:?}")
}

async fn cancelled(stage: &Stage) -> OrderId {
    let order_id = stage.pending().await;
    let reason = Some(WHY.to_owned());
    let outcome = stage
        .decide(
            customer(1),
            CommandBody::CancelOrder {
                order_id,
                reason,
                fee: None,
            },
        )
        .await;
    assert!(outcome.has_succeeded(), "{outcome:?}");
    order_id
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn words_of_before_and_of_a_former_key_are_sealed_by_the_job(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let path = stage.folder.path().join("data.keys");
    let keys = DataKeys::load_or_create(&path, true).unwrap();
    let sql = stage.sql.clone();
    let clock = stage.clock.clone();
    let under = |keys: &DataKeys| {
        Store::new(
            sql.clone().sealed_by(keys),
            clock.clone(),
            AcceptanceRules::OFF,
        )
    };
    let stage = Stage {
        store: under(&DataKeys::without_keys()),
        ..stage
    };
    let old = cancelled(&stage).await;
    let words = draft();
    assert!(kept(&stage).await.contains(&words.address) && kept(&stage).await.contains(WHY));
    let before = under(&keys).find_order(old).await.unwrap().unwrap();
    assert_eq!(before.address, words.address, "a plain order is read");

    let store = under(&keys);
    store.resealer().run().await.unwrap();
    for word in [&words.title, &words.address, WHY] {
        assert!(!kept(&stage).await.contains(word), "{word}");
    }
    assert_eq!(store.find_order(old).await.unwrap().unwrap(), before);

    let first = kept(&stage).await;
    sealing::add(&path).unwrap();
    sealing::use_newest(&path).unwrap();
    let store = under(&DataKeys::load(&path, true).unwrap());
    store.resealer().run().await.unwrap();
    assert_ne!(kept(&stage).await, first);
    assert_eq!(store.find_order(old).await.unwrap().unwrap(), before);
    let reasons = store.read_timeline(old).await.unwrap();
    assert!(
        reasons
            .iter()
            .any(|line| line.reason.as_deref() == Some(WHY))
    );
    assert!(
        under(&keys).find_order(old).await.is_err(),
        "the former key alone opens it no more"
    );

    let done = kept(&stage).await;
    store.resealer().run().await.unwrap();
    assert_eq!(
        kept(&stage).await,
        done,
        "what is sealed by the present key stays"
    );
}
