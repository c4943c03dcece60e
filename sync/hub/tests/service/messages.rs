//! Questions for messages pass from an edge to the order service, and never in the way of ops.

use std::time::Duration;

use uuid::Uuid;
use wire::{
    CommandId, MESSAGE_MARKS_MAX, MessageMark, MessagesAnswer, MessagesAnswerFrame, MessagesQuery,
    OrderId, OrderMessage, Region, Role, UnixMillis, UserId,
};

use crate::stage::{Edge, Stage, boot};

/// Well before the hub gives up a call.
const SOON: Duration = Duration::from_secs(5);

fn mark(n: u128, number: u64) -> MessageMark {
    MessageMark {
        order_id: OrderId(Uuid::from_u128(n)),
        number,
    }
}

fn told() -> MessagesAnswer {
    MessagesAnswer {
        messages: vec![OrderMessage {
            order_id: OrderId(Uuid::from_u128(1)),
            number: 4,
            id: CommandId(Uuid::from_u128(2)),
            from: Role::Customer,
            provider_id: UserId(Uuid::from_u128(3)),
            text: "钥匙在垫子下面。".into(),
            sent_at: UnixMillis(5),
            photo: None,
        }],
        is_more: true,
        photo: None,
    }
}

fn missing(edge: &Edge) -> MessagesAnswerFrame {
    MessagesAnswerFrame {
        link_session: edge.link_session(),
        messages: Vec::new(),
        is_more: false,
        is_missing: true,
        photo: None,
    }
}

#[tokio::test]
async fn questions_reach_the_order_service_with_the_edges_region_and_its_answers_the_edge() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    edge.open(&hub).await;
    stage.owner.script().messages = Some(told());
    let marks = [mark(1, 3), mark(2, 0)];
    let answered = MessagesAnswerFrame {
        link_session: edge.link_session(),
        messages: told().messages,
        is_more: true,
        is_missing: false,
        photo: None,
    };
    assert_eq!(edge.hear_messages(&marks).await, answered);
    let query = MessagesQuery {
        region: Region::North,
        marks: marks.to_vec(),
        photo: None,
    };
    assert_eq!(stage.owner.script().message_queries, [query]);

    stage.owner.script().away = true;
    assert_eq!(edge.hear_messages(&marks).await, missing(&edge));
    stage.owner.script().away = false;
    assert_eq!(edge.hear_messages(&marks).await, answered);

    let long: Vec<_> = (0..=MESSAGE_MARKS_MAX as u128)
        .map(|n| mark(n, 0))
        .collect();
    edge.ask_for_messages(&long).await;
    assert_eq!(edge.hear_messages(&marks).await, answered);
    assert_eq!(stage.owner.script().message_queries.len(), 4);
    hub.stop().await;
}

#[tokio::test]
async fn ops_pass_a_question_without_an_answer_and_the_edge_hears_that_it_is_missing() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    edge.log = vec![boot(), boot()];
    edge.open(&hub).await;
    edge.ask_for_messages(&[mark(1, 0)]).await;
    edge.up(1, 2).await;
    let decided = tokio::time::timeout(SOON, edge.until_outcomes(2));
    decided.await.expect("the ops wait for the messages");
    assert!(edge.message_answers.is_empty());

    edge.until(|edge| !edge.message_answers.is_empty()).await;
    assert_eq!(edge.message_answers[0], missing(&edge));
    stage.owner.script().messages = Some(told());
    assert!(!edge.hear_messages(&[mark(1, 3)]).await.is_missing);
    hub.stop().await;
}
