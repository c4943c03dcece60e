//! The two people of a job write to each other at an edge, also while it is cut off.

use super::*;

fn message(n: u128, text: &str) -> CommandBody {
    CommandBody::SendMessage {
        order_id: OrderId(id(n)),
        text: text.to_owned(),
        photo: None,
    }
}

impl Edge {
    async fn writes(&self, command: u128, writer: (Role, u128), body: &CommandBody) -> Reply {
        let (role, user) = writer;
        self.send(&self.frame(command, role, user, body)).await
    }

    /// Order 1 as the cloud last told it, in this status, with provider 20.
    async fn confirm(&self, version: u64, status: OrderStatus) {
        let confirmed = Order {
            status,
            provider_id: Some(UserId(id(20))),
            ..order(1, version)
        };
        let changes = vec![FeedChange::Order(confirmed)];
        let now = self.people.clock.now();
        let seq = version + 1;
        self.store.apply_changes(seq, changes, now).await.unwrap();
    }
}

const CUSTOMER: (Role, u128) = (Role::Customer, 10);
const PROVIDER: (Role, u128) = (Role::Provider, 20);

#[tokio::test]
async fn a_message_is_stored_for_the_cloud_and_leaves_the_job_as_it_is() {
    let edge = Edge::new().await;
    edge.confirm(2, OrderStatus::Accepted).await;
    let body = message(1, "I come at 2.");
    for (command, writer) in [(101, PROVIDER), (102, CUSTOMER)] {
        let reply = edge.writes(command, writer, &body).await;
        assert_eq!((reply.verdict, reply.code), (Verdict::Provisional, None));
        assert!(reply.receipt.is_some());
        assert_eq!(reply.order.unwrap().status, OrderStatus::Accepted);
        let logged = edge.last_command().await.command;
        assert_eq!((&logged.body, logged.id.0), (&body, id(command)));
        assert!(logged.tapped_at.is_some());
    }
    let (_, board) = edge.store.load_board(&identity()).await.unwrap();
    let job = board.iter().find(|(item, _)| item.order.id.0 == id(1));
    assert!(!job.unwrap().0.pending, "a job rests on no message");
}

#[tokio::test]
async fn a_message_after_a_waiting_accept_raises_no_doubt() {
    let edge = Edge::new().await;
    edge.writes(101, PROVIDER, &accept(1)).await;
    let reply = edge.writes(102, PROVIDER, &message(1, "On my way")).await;
    assert_eq!((reply.verdict, reply.code), (Verdict::Provisional, None));
}

#[tokio::test]
async fn a_message_is_never_firm_and_an_accept_after_one_still_is() {
    let edge = Edge::new().await;
    let now = edge.people.clock.now();
    edge.store
        .apply_changes(3, vec![grant()], now)
        .await
        .unwrap();
    let strangers = edge.writes(101, PROVIDER, &message(1, "Hello")).await;
    let not_yours = Some(Code::LooksNotYours);
    assert_eq!(
        (strangers.verdict, strangers.code),
        (Verdict::Provisional, not_yours)
    );
    let accepted = edge.writes(102, PROVIDER, &accept(1)).await;
    assert_eq!(accepted.verdict, Verdict::Firm);
    let reply = edge.writes(103, PROVIDER, &message(1, "Hello")).await;
    assert_eq!((reply.verdict, reply.code), (Verdict::Provisional, None));
}

#[tokio::test]
async fn what_this_edge_knows_of_the_order_is_a_doubt_and_no_refusal() {
    let edge = Edge::new().await;
    let early = edge.writes(101, CUSTOMER, &message(1, "Hello?")).await;
    assert_eq!(
        (early.verdict, early.code),
        (Verdict::Provisional, Some(Code::LooksWrongState))
    );
    // The cloud closes the messages of a finished order after a time that no edge measures.
    use OrderStatus::{Cancelled, Completed, InProgress, Reviewed};
    for (version, status) in (2..).zip([InProgress, Completed, Reviewed, Cancelled]) {
        edge.confirm(version, status).await;
        for (n, writer) in [(0, CUSTOMER), (1, PROVIDER)] {
            let command = 200 + 10 * u128::from(version) + n;
            let reply = edge.writes(command, writer, &message(1, "My key?")).await;
            assert_eq!((reply.verdict, reply.code), (Verdict::Provisional, None));
        }
        for (n, stranger) in [(2, (Role::Provider, 21)), (3, (Role::Customer, 11))] {
            let command = 200 + 10 * u128::from(version) + n;
            let reply = edge.writes(command, stranger, &message(1, "Hello")).await;
            assert_eq!(reply.code, Some(Code::LooksNotYours), "{status}");
        }
    }
    let unknown = edge.writes(301, PROVIDER, &message(77, "Hello")).await;
    assert_eq!(
        (unknown.verdict, unknown.code),
        (Verdict::NotTaken, Some(Code::OrderNotFound))
    );
}

#[tokio::test]
async fn a_message_that_no_one_could_read_is_not_taken() {
    let edge = Edge::new().await;
    edge.confirm(2, OrderStatus::Accepted).await;
    let before = edge.store.load_position().await.unwrap();
    for text in ["", " \n ", "a\u{202e}b", &"水".repeat(1_001)] {
        let reply = edge.writes(101, PROVIDER, &message(1, text)).await;
        assert_eq!(reply.code, Some(Code::InvalidInput), "{text:?}");
        assert_eq!(reply.errors[0].field, "text");
    }
    let admin = edge
        .writes(102, (Role::Admin, 1), &message(1, "Hello"))
        .await;
    assert_eq!(admin.code, Some(Code::RoleForbidden));
    let token = edge.people.token(Role::Provider, 20);
    let frame = json!({
        "v": 1, "id": id(103), "device_seq": 1, "tapped_at": "2025-11-24T16:00:00Z",
        "token": token, "body": {"type": "send_message", "order_id": id(1)},
    });
    let textless = edge.send(frame.to_string().as_bytes()).await;
    assert_eq!(textless.code, Some(Code::InvalidInput));
    assert_eq!(textless.errors[0].field, "text");
    assert_eq!(edge.store.load_position().await.unwrap(), before);
    let longest = message(1, &"水".repeat(1_000));
    let reply = edge.writes(104, PROVIDER, &longest).await;
    assert_eq!((reply.verdict, reply.code), (Verdict::Provisional, None));
}
