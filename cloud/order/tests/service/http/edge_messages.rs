//! The messages of a region's orders, as the hub asks for them in the name of an edge.

use axum::http::{Method, StatusCode, header};
use rstest::rstest;
use serde_json::json;
use uuid::Uuid;
use wire::{
    CommandId, MESSAGE_MARKS_MAX, MESSAGES_IN_ANSWER_MAX, MessageMark, MessagesAnswer,
    MessagesQuery, OrderId, OrderMessage, Region, Role,
};

use super::{
    messages::{accepted, messages_of},
    service::*,
};
use crate::stage::*;

fn mark(order_id: OrderId, number: u64) -> MessageMark {
    MessageMark { order_id, number }
}

impl Service {
    async fn ask_from(&self, part: &'static str, query: &MessagesQuery) -> Answer {
        let clock = &self.stage.clock;
        let token = self.service_key.issue_token(part, "order", clock);
        let request = axum::extract::Request::builder()
            .method(Method::POST)
            .uri("/internal/messages")
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        self.send(request, Some(serde_json::to_value(query).unwrap()))
            .await
    }

    async fn ask(&self, region: Region, marks: Vec<MessageMark>) -> MessagesAnswer {
        let query = MessagesQuery {
            region,
            marks,
            photo: None,
        };
        let answer = self.ask_from("hub", &query).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        serde_json::from_value(answer.body).unwrap()
    }
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_edge_hears_all_after_its_marks_in_order_and_some_at_a_time(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let mut orders = [accepted(&service).await, accepted(&service).await];
    orders.sort_unstable();
    let [first, second] = orders;
    let mut sent = Vec::new();
    for n in 1..=40_u128 {
        let (writer, from) = match n % 3 {
            0 => (provider(1), Role::Provider),
            _ => (customer(1), Role::Customer),
        };
        let order_id = if n % 2 == 0 { first } else { second };
        let key = Uuid::from_u128(n);
        let text = format!("{n}: 水阀在水槽下面。");
        let form = json!({ "text": text });
        let path = messages_of(order_id);
        let answer = service.keyed(writer, &path, Some(key), form).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        sent.push(OrderMessage {
            order_id,
            number: answer.body["number"].as_u64().unwrap(),
            id: CommandId(key),
            from,
            provider_id: provider(1).user_id,
            text,
            sent_at: service.stage.clock.now(),
            photo: None,
        });
    }
    sent.retain(|message| message.order_id == first || message.number > 5);
    sent.sort_by_key(|message| (message.order_id, message.number));

    let unknown = mark(OrderId(Uuid::from_u128(7)), 0);
    let mut marks = vec![mark(second, 5), unknown, mark(first, 0)];
    let mut told = Vec::new();
    loop {
        let answer = service.ask(Region::North, marks.clone()).await;
        assert!(answer.messages.len() <= MESSAGES_IN_ANSWER_MAX);
        for message in answer.messages {
            let place = marks.iter_mut().find(|m| m.order_id == message.order_id);
            place.unwrap().number = message.number;
            told.push(message);
        }
        if !answer.is_more {
            break;
        }
        assert!(told.len() < sent.len(), "more than all are promised");
    }
    assert_eq!(told, sent);
    let nothing = MessagesAnswer {
        messages: Vec::new(),
        is_more: false,
        photo: None,
    };
    assert_eq!(service.ask(Region::North, marks).await, nothing);
    assert_eq!(service.ask(Region::North, Vec::new()).await, nothing);
    let elsewhere = vec![mark(first, 0), mark(second, 0)];
    assert_eq!(service.ask(Region::South, elsewhere).await, nothing);
}

#[tokio::test]
async fn only_the_hub_asks_and_no_longer_list_than_an_edge_may() {
    let service = Service::new(Engine::Sqlite).await;
    let order_id = accepted(&service).await;
    let query = |count| MessagesQuery {
        region: Region::North,
        marks: vec![mark(order_id, 0); count],
        photo: None,
    };
    let foreign = service.ask_from("payment", &query(1)).await;
    foreign.refused(403, "role_forbidden");
    let most = service.ask_from("hub", &query(MESSAGE_MARKS_MAX)).await;
    assert_eq!(most.status, StatusCode::OK, "{}", most.body);
    let long = service.ask_from("hub", &query(MESSAGE_MARKS_MAX + 1)).await;
    long.refused(413, "body_too_large");
}
