//! Reviews from an edge's log, as the hub delivers them.

use axum::{body::Body, extract::Request, http::header};
use serde_json::{Value, json};
use uuid::Uuid;
use wire::{
    Actor, BatchBody, BatchOp, Code, Command, CommandBody, CommandEvidence, CommandId, EdgeId,
    Hash, OpDecision, OpsBatch, OpsDecisions, OrderStatus, Outcome, OutcomeKind, Region, Role,
    Verdict,
};

use crate::stage::*;

impl World {
    async fn hand_in(&self, ops: Vec<BatchOp>, from: &'static str) -> Answer {
        let edge = EdgeId::new("north-1").unwrap();
        let region = Region::North;
        let epoch = 1;
        let batch = OpsBatch {
            edge,
            region,
            epoch,
            ops,
        };
        let token = self
            .service_key
            .issue_token(from, review::NAME, &self.clock);
        let request = Request::post("/internal/ops")
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json");
        self.send(
            request
                .body(Body::from(serde_json::to_string(&batch).unwrap()))
                .unwrap(),
        )
        .await
    }

    async fn outcome(&self, op: BatchOp) -> Outcome {
        let answer = self.hand_in(vec![op], "hub").await;
        let decisions: OpsDecisions = serde_json::from_value(answer.body).unwrap();
        match decisions.answers.into_iter().next().unwrap().decision {
            OpDecision::Decided(outcome) => outcome,
            OpDecision::Held(reason) => panic!("{reason:?}"),
        }
    }
}

fn op(seq: u64, command: u128, actor: Option<Actor>, rating: u8) -> BatchOp {
    let comment = "Quick and tidy".to_owned();
    let command = Command {
        id: CommandId(Uuid::from_u128(command)),
        body: CommandBody::SubmitReview {
            order_id: ORDER,
            rating,
            comment,
        },
        device: None,
        device_seq: None,
        tapped_at: None,
        trace: None,
    };
    let evidence = CommandEvidence {
        verdict: Verdict::Provisional,
        fence: None,
        received_at: AT,
        policy_version: None,
        rules_version: None,
        revocations_version: None,
        revoked_version: None,
        relogged: None,
        made_at: None,
        distrusted: false,
        mark: None,
        cut_off: None,
    };
    BatchOp {
        seq,
        hash: Hash::ZERO,
        body: BatchBody::Command {
            command,
            actor,
            evidence,
        },
    }
}

#[tokio::test]
async fn an_edges_review_is_kept_once_and_its_answer_stays() {
    let world = World::new().await;
    let first = world.outcome(op(7, 1, Some(customer()), 5)).await;
    assert_eq!((first.kind, first.code), (OutcomeKind::Applied, None));
    assert_eq!(first.order.as_ref().map(|order| order.id), Some(ORDER));
    assert_eq!(
        world.outcome(op(7, 1, Some(customer()), 5)).await,
        first,
        "the same op again"
    );
    let elsewhere = world.outcome(op(9, 1, Some(customer()), 5)).await;
    assert_eq!(elsewhere.kind, OutcomeKind::Duplicate);
    assert!(elsewhere.has_succeeded());
    let second = world.outcome(op(10, 2, Some(customer()), 1)).await;
    assert_eq!(second.code, Some(Code::AlreadyReviewed));
    // The same id with another body or another person.
    for stolen in [
        op(11, 1, Some(customer()), 2),
        op(12, 1, Some(stranger(Role::Customer)), 5),
    ] {
        assert_eq!(
            world.outcome(stolen).await.code,
            Some(Code::CommandIdReused)
        );
    }
    let path = format!("/api/v1/orders/{ORDER}/review");
    let seen = world.done(customer(), "GET", &path, Value::Null).await;
    assert_eq!(
        (&seen["rating"], &seen["comment"]),
        (&json!(5), &json!("Quick and tidy"))
    );
    assert_eq!(world.events().await.len(), 1);
}

#[tokio::test]
async fn a_refused_review_of_an_edge_keeps_its_answer_when_the_order_goes_on() {
    let world = World::new().await;
    world.order(|order| order.as_mut().unwrap().status = OrderStatus::InProgress);
    let early = world.outcome(op(1, 1, Some(customer()), 5)).await;
    assert_eq!(early.code, Some(Code::OrderNotCompleted));
    world.order(|order| order.as_mut().unwrap().status = OrderStatus::Completed);
    assert_eq!(
        world.outcome(op(1, 1, Some(customer()), 5)).await,
        early,
        "once told, it stands"
    );
    for (op, code) in [
        (op(2, 2, None, 5), Code::InvalidToken),
        (op(3, 3, Some(provider()), 5), Code::RoleForbidden),
        (
            op(4, 4, Some(stranger(Role::Customer)), 5),
            Code::OrderNotFound,
        ),
        (op(5, 5, Some(customer()), 6), Code::InvalidInput),
    ] {
        assert_eq!(world.outcome(op).await.code, Some(code));
    }
    let mut revoked = op(6, 6, Some(customer()), 5);
    let BatchBody::Command { evidence, .. } = &mut revoked.body else {
        unreachable!()
    };
    evidence.revoked_version = Some(3);
    assert_eq!(world.outcome(revoked).await.code, Some(Code::Revoked));
    assert!(world.events().await.is_empty());
}

#[tokio::test]
async fn only_the_hub_hands_in_ops_and_an_empty_run_is_a_question() {
    let world = World::new().await;
    world
        .hand_in(vec![op(1, 1, Some(customer()), 5)], "order")
        .await
        .refused(403, "role_forbidden");
    assert_eq!(world.hand_in(Vec::new(), "hub").await.status, 200);
}
