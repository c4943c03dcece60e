//! A cut-off edge checks the start code with the hash that came with the order.

use process::start_code::hash_start_code;
use wire::{Draft, StartCode, StartCodeCheck};

use super::*;

const CODE: u64 = 407_193;

fn start_with(code: Option<u64>) -> CommandBody {
    CommandBody::StartOrder {
        order_id: OrderId(id(1)),
        start_code: code.map(StartCode::from_number),
        photos: Vec::new(),
    }
}

/// An edge that has lost its link. Provider 20 has accepted order 1, which has a start code.
async fn cut_off_edge() -> Edge {
    let edge = Edge::new().await;
    let hash = hash_start_code(OrderId(id(1)), &StartCode::from_number(CODE));
    let coded = Order {
        payment_status: PaymentStatus::Held,
        start_code: Some(StartCodeCheck::new(hash)),
        version: 2,
        ..order(1, 1)
    };
    let now = edge.people.clock.now();
    let change = vec![FeedChange::Order(coded)];
    edge.store.apply_changes(3, change, now).await.unwrap();
    assert_eq!(edge.provider_sends(101, 20, &accept(1)).await.code, None);
    edge
}

#[tokio::test]
async fn a_start_is_taken_only_with_the_code_that_the_customer_reads_out() {
    let edge = cut_off_edge().await;
    for (command, code, refusal) in [
        (102, None, Code::StartCodeRequired),
        (103, Some(CODE + 1), Code::StartCodeWrong),
    ] {
        let reply = edge.provider_sends(command, 20, &start_with(code)).await;
        assert_eq!(reply.code, Some(refusal));
        assert_eq!(reply.verdict, Verdict::NotTaken);
        assert!(reply.receipt.is_none());
    }
    let reply = edge.provider_sends(104, 20, &start_with(Some(CODE))).await;
    assert_eq!((reply.code, reply.verdict), (None, Verdict::Provisional));
    let order = reply.order.unwrap();
    assert_eq!(order.status, OrderStatus::InProgress);
    let shown = order.start_code.expect("the app must ask for the code");
    assert_eq!(shown.hash, None, "nothing to guess the code from");
    // A repeat gets the stored answer, whatever the order has become.
    let again = edge.provider_sends(104, 20, &start_with(Some(CODE))).await;
    assert_eq!((again.code, again.verdict), (None, Verdict::Provisional));
}

#[tokio::test]
async fn five_wrong_codes_lock_the_person_out_for_a_quarter_of_an_hour() {
    let edge = cut_off_edge().await;
    for n in 0..5 {
        let wrong = start_with(Some(CODE + 1 + n));
        let reply = edge.provider_sends(102 + u128::from(n), 20, &wrong).await;
        assert_eq!(reply.code, Some(Code::StartCodeWrong));
    }
    let right = start_with(Some(CODE));
    let locked = edge.provider_sends(110, 20, &right).await;
    assert_eq!(locked.code, Some(Code::StartCodeLocked));
    edge.people.clock.advance(15 * 60 * 1_000);
    let reply = edge.provider_sends(111, 20, &right).await;
    assert_eq!((reply.code, reply.verdict), (None, Verdict::Provisional));
}

#[tokio::test]
async fn an_order_published_here_cannot_have_a_code() {
    let edge = Edge::new().await;
    let body = CommandBody::PublishOrder {
        order_id: OrderId(id(9)),
        order: Draft {
            start_code: Some(StartCodeCheck { hash: None }),
            ..draft()
        },
    };
    let frame = edge.frame(120, Role::Customer, 30, &body);
    let reply = edge.send(&frame).await;
    assert_eq!(reply.code, Some(Code::InvalidInput));
    assert_eq!(reply.errors[0].field, "start_code");
}
