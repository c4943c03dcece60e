//! The order's own people read the evidence of its work.

use rstest::rstest;
use serde_json::json;
use wire::{
    ChecklistAnswer, CommandBody, EventType, PaymentEvent, PaymentStatus, StrokePoint, WorkEvidence,
};

use super::service::*;
use crate::{stage::*, store::word};

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn customer_provider_and_admins_read_the_evidence_of_the_work(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let stage = &service.stage;
    let order_id = stage.pending().await;
    stage.decide(provider(1), accept(order_id)).await;
    let kind = EventType::PaymentCompleted;
    let held = word(stage, order_id, kind, 1, PaymentStatus::Held);
    let body: PaymentEvent = serde_json::from_value(held.body.clone()).unwrap();
    stage.store.apply_payment_event(&held, &body).await.unwrap();
    service.act(provider(1), order_id, "start").await;
    let evidence = WorkEvidence {
        checklist: vec![ChecklistAnswer {
            key: "place_clean".into(),
            done: true,
        }],
        signed_by: Some("陈".into()),
        strokes: vec![vec![StrokePoint(30, 140)]],
        photos: Vec::new(),
    };
    let complete = CommandBody::CompleteOrder {
        order_id,
        note: None,
        evidence: Some(evidence),
    };
    let outcome = stage.decide(provider(1), complete).await;
    assert!(outcome.has_succeeded(), "{outcome:?}");

    let path = format!("/api/v1/orders/{order_id}/timeline");
    let shown = json!({
        "checklist": [{ "key": "place_clean", "done": true }],
        "signed_by": "陈",
        "strokes": [[[30, 140]]],
    });
    for reader in [customer(1), provider(1), admin()] {
        let timeline = service.get(reader, &path).await.body;
        let entries = timeline["items"].as_array().unwrap();
        let found: Vec<_> = entries
            .iter()
            .filter_map(|entry| entry.get("evidence"))
            .collect();
        assert_eq!(found, [&shown], "{timeline}");
    }
    for stranger in [customer(2), provider(2)] {
        let refused = service.get(stranger, &path).await;
        refused.refused(404, "order_not_found");
    }
}
