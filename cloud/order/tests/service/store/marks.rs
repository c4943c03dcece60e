//! Only a verified provider may accept, by profile events and the token's claim.

use order::{events::UserEventConsumer, store::AcceptanceRules};
use platform::consume::EventHandler;
use rstest::rstest;
use serde_json::json;
use wire::{BatchBody, Code, Event, EventId, EventType, ProviderVerification};

use crate::stage::*;

const VERIFIED_ONLY: AcceptanceRules = AcceptanceRules {
    verified_only: true,
    ..AcceptanceRules::OFF
};

async fn tell(stage: &Stage, version: i64, verified: bool) {
    let body = json!({
        "user_id": provider(1).user_id, "role": "provider", "version": version,
        "provider": {
            "is_active": true, "verified": verified, "service_areas": [], "service_categories": [],
        },
    });
    let id = EventId(stage.clock.new_id());
    let event = Event::new(id, EventType::ProfileUpdated, NOW, "t", &body).unwrap();
    UserEventConsumer {
        store: stage.store.clone(),
    }
    .handle(&event)
    .await
    .unwrap();
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_provider_accepts_while_the_newest_word_verifies_him(#[case] engine: Engine) {
    let stage = Stage::under(engine, VERIFIED_ONLY).await;
    let code = async |n: u128| {
        let order = stage.pending().await;
        let outcome = stage.decide(provider(n), accept(order)).await;
        assert_eq!(outcome.has_succeeded(), outcome.code.is_none());
        outcome.code
    };
    let refused = Some(Code::NotVerified);
    assert_eq!(code(1).await, refused);
    tell(&stage, 4, true).await;
    assert_eq!((code(1).await, code(2).await), (None, refused));
    tell(&stage, 6, false).await;
    assert_eq!(code(1).await, refused);
    tell(&stage, 5, true).await;
    assert_eq!(code(1).await, refused, "an older word comes late");
    tell(&stage, 7, true).await;
    assert_eq!(code(1).await, None);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_word_of_an_edges_token_counts_where_it_is_the_newest(#[case] engine: Engine) {
    let stage = Stage::under(engine, VERIFIED_ONLY).await;
    let user = provider(1).user_id;
    let told = |version, verified| {
        Some(ProviderVerification {
            user,
            version,
            verified,
        })
    };
    let code = async |mark| {
        let order_id = stage.pending().await;
        let log = Log::of("north-1");
        let log = log.then(stage.command_id(), Some(provider(1)), accept(order_id));
        let mut batch = log.batch();
        let BatchBody::Command { evidence, .. } = &mut batch.ops[0].body else {
            panic!()
        };
        evidence.mark = mark;
        stage.batch(batch).await.remove(0).code
    };
    let refused = Some(Code::NotVerified);
    assert_eq!(
        (code(None).await, code(told(4, true)).await),
        (refused, None)
    );
    tell(&stage, 5, false).await;
    assert_eq!(
        (code(told(4, true)).await, code(told(6, true)).await),
        (refused, None)
    );
}
