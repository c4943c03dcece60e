//! The fields of an order that each reader gets.

use super::*;

#[tokio::test]
async fn a_start_on_an_undecided_acceptance_shows_the_address_where_the_region_says_so() {
    for (address_at_start, shown) in [(false, ""), (true, "1 Lake Road")] {
        let edge = Edge::new().await;
        let rules = wire::OfflineRules {
            address_at_start,
            ..wire::OfflineRules::default()
        };
        let ruled = RegionAssignment {
            policy_version: 1,
            rules,
            ..RegionAssignment::default()
        };
        let now = edge.people.clock.now();
        edge.store
            .apply_changes(3, vec![FeedChange::Assignment(ruled)], now)
            .await
            .unwrap();
        let accepted = edge.provider_sends(101, 20, &accept(1)).await;
        assert_eq!(accepted.order.unwrap().address, "");
        let start = CommandBody::StartOrder {
            order_id: OrderId(id(1)),
            start_code: None,
            photos: Vec::new(),
        };
        let started = edge.provider_sends(102, 20, &start).await;
        assert_eq!(started.order.unwrap().address, shown);
        let reader = Actor {
            user_id: UserId(id(20)),
            role: Role::Provider,
        };
        let boards = BoardCache::new(&identity(), &edge.store, &edge.people.clock);
        let board: Value =
            serde_json::from_slice(&boards.board_for_reader(reader).await.unwrap().body).unwrap();
        let items = board["items"].as_array().unwrap();
        let mine = items
            .iter()
            .find(|item| item["provider_id"] == json!(UserId(id(20))))
            .unwrap();
        assert_eq!(mine["address"], shown);
    }
}

#[tokio::test]
async fn a_second_provider_hears_that_the_order_looks_taken_and_not_by_whom() {
    let edge = Edge::new().await;
    edge.provider_sends(101, 20, &accept(1)).await;
    let reply = edge.provider_sends(102, 21, &accept(1)).await;
    assert_eq!(
        (reply.verdict, reply.code),
        (Verdict::Provisional, Some(Code::LooksTaken))
    );
    assert_eq!(reply.order, None);
    let receipt = reply
        .receipt
        .expect("and yet it is stored: the cloud decides");

    let taken = Order {
        status: OrderStatus::Accepted,
        provider_id: Some(UserId(id(20))),
        ..order(1, 2)
    };
    let now = edge.people.clock.now();
    let outcome = Outcome::new_rejected(Code::OrderAlreadyAccepted, Some(taken), now);
    let number = NumberedOutcome {
        number: 1,
        seq: receipt.seq,
        command_id: None,
        outcome,
    };
    let settled = edge
        .store
        .store_outcomes(1, vec![number], edge.people.clock.now())
        .await
        .unwrap();
    let told = edge.intake.build_decision_reply(&settled[0]);
    assert_eq!(
        (told.code, told.order),
        (Some(Code::OrderAlreadyAccepted), None)
    );
}

#[tokio::test]
async fn a_reply_shows_no_order_that_its_reader_may_not_read() {
    let edge = Edge::new().await;
    let unapproved = Order {
        status: OrderStatus::PendingReview,
        ..order(3, 1)
    };
    edge.store
        .apply_changes(
            3,
            vec![FeedChange::Order(unapproved)],
            edge.people.clock.now(),
        )
        .await
        .unwrap();
    let order_id = OrderId(id(3));
    let cancel = CommandBody::CancelOrder {
        order_id,
        reason: None,
        fee: None,
    };
    for (command, role, user, body, shown) in [
        (101, Role::Provider, 20, accept(3), false),
        (102, Role::Customer, 11, cancel.clone(), false),
        (103, Role::Customer, 10, cancel, true),
        (
            104,
            Role::Admin,
            30,
            CommandBody::ApproveOrder { order_id },
            true,
        ),
    ] {
        let frame = edge.frame(command, role, user, &body);
        for reply in [edge.send(&frame).await, edge.send(&frame).await] {
            assert_eq!(reply.order.is_some(), shown, "{role:?} {user}");
        }
    }
}

#[tokio::test]
async fn a_customer_sees_her_own_order_in_what_was_decided() {
    let edge = Edge::new().await;
    let order_id = OrderId(id(1));
    let reason = None;
    let cancel = edge.frame(
        101,
        Role::Customer,
        10,
        &CommandBody::CancelOrder {
            order_id,
            reason,
            fee: None,
        },
    );
    let seq = edge.send(&cancel).await.receipt.unwrap().seq;
    let cancelled = Order {
        status: OrderStatus::Cancelled,
        ..order(1, 2)
    };
    let outcome = Outcome::new_applied(cancelled, edge.people.clock.now());
    let number = NumberedOutcome {
        number: 1,
        seq,
        command_id: None,
        outcome,
    };
    let settled = edge
        .store
        .store_outcomes(1, vec![number], edge.people.clock.now())
        .await
        .unwrap();
    let told = edge.intake.build_decision_reply(&settled[0]);
    assert_eq!(told.order.unwrap().address, "1 Lake Road");
}

#[tokio::test]
async fn whoever_sends_anothers_command_sees_only_what_is_his_to_see() {
    let edge = Edge::new().await;
    let frame = edge.frame(101, Role::Provider, 20, &accept(1));
    for (user, own) in [(20, true), (21, false)] {
        let taken = edge
            .intake
            .answer_command(&frame, Some(&sender("t-1", user)))
            .await
            .unwrap();
        assert!(taken.reply.receipt.is_some());
        assert_eq!(taken.reply.order.is_some(), own);
    }
}

#[tokio::test]
async fn a_receipt_opens_its_order_for_the_account_that_published_it_and_no_other() {
    let edge = Edge::new().await;
    let order_id: OrderId = "0192f5d4-0000-7880-b8f5-5fe549caab3b".parse().unwrap();
    let publish = CommandBody::PublishOrder {
        order_id,
        order: draft(),
    };
    let frame = edge.frame(101, Role::Customer, 10, &publish);
    let taken = edge.intake.answer_command(&frame, None).await.unwrap();
    let code = taken.reply.order.unwrap().code;
    let other_code = wire::OrderCode::from_order_id(wire::Region::North, OrderId(id(1)));
    let boards = BoardCache::new(&identity(), &edge.store, &edge.people.clock);
    let secret = "K7QM2XVD9RTA4HNP";
    for (user, code, secret, opens) in [
        (10, &code, secret, true),
        (11, &code, secret, false),
        (10, &code, "K7QM2XVD9RTA4HNQ", false),
        (10, &other_code, secret, false),
    ] {
        let reader = Actor {
            user_id: UserId(id(user)),
            role: Role::Customer,
        };
        let secret = wire::ReceiptSecret::parse(secret).unwrap();
        let found = boards.find_order(reader, code, &secret).await.unwrap();
        assert_eq!(found.map(|item| item.order.id), opens.then_some(order_id));
    }
}

#[tokio::test]
async fn a_published_order_is_on_its_customers_board_at_once() {
    let edge = Edge::new().await;
    let order_id = OrderId(id(9));
    let publish = CommandBody::PublishOrder {
        order_id,
        order: draft(),
    };
    let frame = edge.frame(101, Role::Customer, 10, &publish);
    let taken = edge.intake.answer_command(&frame, None).await.unwrap();
    assert_eq!(
        taken.reply.order.unwrap().status,
        OrderStatus::PendingReview
    );
    assert_eq!(taken.changed.unwrap().order.unwrap().id, order_id);
    for (role, user, orders) in [
        (Role::Customer, 10, 3),
        (Role::Customer, 11, 0),
        (Role::Provider, 20, 2),
        (Role::Admin, 30, 3),
    ] {
        let reader = Actor {
            user_id: UserId(id(user)),
            role,
        };
        let boards = BoardCache::new(&identity(), &edge.store, &edge.people.clock);
        let board: Value =
            serde_json::from_slice(&boards.board_for_reader(reader).await.unwrap().body).unwrap();
        let shown = board["items"].as_array().unwrap();
        assert_eq!(shown.len(), orders, "{role:?} {user}");
        let own = shown.iter().find(|item| item["id"] == json!(order_id));
        assert!(own.is_none_or(|item| item["pending"] == json!(true)));
    }
}
