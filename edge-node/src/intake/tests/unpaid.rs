//! Work that is not paid for.

use wire::{Currency, OfflineRules, PriceCap, ServiceType};

use super::*;

const PRICE: &str = "200.00";

fn start(n: u128) -> CommandBody {
    CommandBody::StartOrder {
        order_id: OrderId(id(n)),
        start_code: None,
        photos: Vec::new(),
    }
}

fn complete(n: u128) -> CommandBody {
    CommandBody::CompleteOrder {
        order_id: OrderId(id(n)),
        note: None,
        evidence: None,
    }
}

fn any_price() -> OfflineRules {
    OfflineRules {
        unpaid_start: true,
        ..OfflineRules::default()
    }
}

fn up_to(price_max: &str) -> OfflineRules {
    let cap = PriceCap {
        price_max: price_max.parse().unwrap(),
        currency: Currency::Cny,
    };
    OfflineRules {
        unpaid_start_max: Some(cap),
        ..OfflineRules::default()
    }
}

fn afterwards(kind: ServiceType) -> OfflineRules {
    OfflineRules {
        paid_afterwards: vec![kind],
        ..OfflineRules::default()
    }
}

fn ruled(rules: OfflineRules) -> FeedChange {
    let word = RegionAssignment {
        policy_version: 1,
        rules,
        ..RegionAssignment::default()
    };
    FeedChange::Assignment(word)
}

impl Edge {
    fn turn_link(&self, up: bool) {
        let now = self.people.clock.now();
        self.link.send_modify(|link| *link = link.with_up(up, now));
    }
}

/// The cloud refuses a start without held funds, so the provider gets a warning before the work.
#[tokio::test]
async fn work_without_held_funds_is_not_taken_without_a_word() {
    let held = Order {
        payment_status: PaymentStatus::Held,
        version: 2,
        ..order(1, 1)
    };
    let unpaid = Some(Code::LooksUnpaid);
    for (news, doubt) in [
        (None, unpaid),
        (Some(FeedChange::Order(held)), None),
        (Some(ruled(any_price())), None),
        (Some(ruled(up_to("199.99"))), unpaid),
        (Some(ruled(up_to(PRICE))), None),
        (Some(ruled(afterwards(ServiceType::CleaningRepair))), None),
        (Some(ruled(afterwards(ServiceType::Other))), unpaid),
    ] {
        let edge = Edge::new().await;
        let now = edge.people.clock.now();
        edge.store
            .apply_changes(3, news.clone().into_iter().collect(), now)
            .await
            .unwrap();
        assert_eq!(edge.provider_sends(101, 20, &accept(1)).await.code, None);
        for (command, body) in [(102, start(1)), (103, complete(1))] {
            let first = edge.provider_sends(command, 20, &body).await;
            let again = edge.provider_sends(command, 20, &body).await;
            for reply in [first, again] {
                assert_eq!(
                    (reply.verdict, reply.code),
                    (Verdict::Provisional, doubt),
                    "{news:?}"
                );
                assert!(reply.receipt.is_some(), "it is stored all the same");
                let words = reply.message.unwrap();
                assert_eq!(words == Code::LooksUnpaid.to_text(), doubt.is_some());
            }
        }
    }
}

#[tokio::test]
async fn a_linked_edge_lets_no_unpaid_work_start_by_a_rule_for_edges_that_are_cut_off() {
    for (rules, linked) in [
        (any_price(), Some(Code::LooksUnpaid)),
        (up_to(PRICE), Some(Code::LooksUnpaid)),
        (afterwards(ServiceType::CleaningRepair), None),
    ] {
        let edge = Edge::new().await;
        let now = edge.people.clock.now();
        edge.store
            .apply_changes(3, vec![ruled(rules.clone())], now)
            .await
            .unwrap();
        for (n, up, doubt) in [(1, true, linked), (2, false, None)] {
            edge.turn_link(up);
            edge.provider_sends(100 + n, 20, &accept(n)).await;
            let started = edge.provider_sends(200 + n, 20, &start(n)).await;
            assert_eq!(started.code, doubt, "up {up}: {rules:?}");
            assert_eq!(edge.last_command().await.cut_off, Some(!up));
        }
        // The link's state at the start of the work counts, not at its completion.
        for (n, up, doubt) in [(1, false, linked), (2, true, None)] {
            edge.turn_link(up);
            let done = edge.provider_sends(300 + n, 20, &complete(n)).await;
            assert_eq!(done.code, doubt, "up {up}: {rules:?}");
        }
    }
}

#[tokio::test]
async fn an_edge_that_has_not_reached_its_hub_since_its_start_is_cut_off() {
    let edge = Edge::new().await;
    edge.store
        .apply_changes(3, vec![ruled(any_price())], edge.people.clock.now())
        .await
        .unwrap();
    edge.provider_sends(101, 20, &accept(1)).await;
    assert_eq!(edge.provider_sends(102, 20, &start(1)).await.code, None);
    assert_eq!(edge.last_command().await.cut_off, Some(true));
}

/// As the cloud decides it: a customer whose work an edge let start unpaid may still cancel.
#[tokio::test]
async fn a_customers_cancel_of_unpaid_work_is_doubted_only_where_its_kind_is_paid_afterwards() {
    for (rules, doubt) in [
        (any_price(), None),
        (
            afterwards(ServiceType::CleaningRepair),
            Some(Code::LooksWrongState),
        ),
    ] {
        let edge = Edge::new().await;
        let now = edge.people.clock.now();
        edge.store
            .apply_changes(3, vec![ruled(rules.clone())], now)
            .await
            .unwrap();
        edge.provider_sends(101, 20, &accept(1)).await;
        edge.provider_sends(102, 20, &start(1)).await;
        let cancel = CommandBody::CancelOrder {
            order_id: OrderId(id(1)),
            reason: None,
            fee: None,
        };
        let frame = edge.frame(103, Role::Customer, 10, &cancel);
        let reply = edge.send(&frame).await;
        assert_eq!(
            (reply.verdict, reply.code),
            (Verdict::Provisional, doubt),
            "{rules:?}"
        );
    }
}
