//! Customers' saved payment methods: one default, a bounded number, private to their owner.

use std::time::Duration;

use payment::{events::AccountEndConsumer, store::KEPT_METHODS_MAX};
use platform::{bus::topology, consume::EventHandler};
use wire::{Event, EventId, EventType, UserEvent};

use super::*;

const METHODS: &str = "/api/v1/payments/methods";

impl Service {
    async fn scripted(engine: Engine) -> Self {
        let stage = Stage::new(engine).await;
        let config = Config {
            simulated_scripts: true,
            ..stage.config.clone()
        };
        Self::on(stage, config).await
    }

    async fn keep(&self, by: Actor, method: &str, is_default: bool) -> Answer {
        let path = format!("{METHODS}/{method}");
        self.send(
            by,
            (Method::PUT, &path),
            "",
            json!({ "is_default": is_default }),
        )
        .await
    }

    async fn remove(&self, by: Actor, method: &str) -> Answer {
        let path = format!("{METHODS}/{method}");
        self.send(by, (Method::DELETE, &path), "", Value::Null)
            .await
    }

    /// Returns the saved methods, oldest first, with a star after the default, and the proposed
    /// method.
    async fn kept(&self, by: Actor) -> (Vec<String>, String) {
        let Answer { body, .. } = self.get(by, METHODS).await;
        let star = |one: &Value| {
            if one["is_default"] == json!(true) {
                "*"
            } else {
                ""
            }
        };
        let told = |one: &Value| format!("{}{}", one["method"].as_str().unwrap(), star(one));
        let kept = body["kept"].as_array().unwrap().iter().map(told).collect();
        (kept, body["proposed"].as_str().unwrap().to_owned())
    }
}

impl Answer {
    #[track_caller]
    fn done(&self) {
        assert_eq!(self.status, StatusCode::NO_CONTENT, "{}", self.body);
    }
}

fn kept(methods: &[&str], proposed: &str) -> (Vec<String>, String) {
    (
        methods.iter().map(|method| (*method).to_owned()).collect(),
        proposed.to_owned(),
    )
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_customer_keeps_methods_and_one_is_the_default(#[case] engine: Engine) {
    let service = Service::scripted(engine).await;
    let me = customer(CUSTOMER);
    assert_eq!(service.kept(me).await, kept(&[], "simulated"));
    service.keep(me, "simulated.slow", true).await.done();
    service.stage.clock.advance(1);
    for _ in 0..2 {
        service.keep(me, "simulated.declined", true).await.done();
    }
    let both = ["simulated.slow", "simulated.declined*"];
    assert_eq!(service.kept(me).await, kept(&both, "simulated.declined"));
    service.keep(me, "simulated.declined", false).await.done();
    assert_eq!(
        service.kept(me).await,
        kept(&["simulated.slow", "simulated.declined"], "simulated")
    );
    service.remove(me, "simulated.slow").await.done();
    service
        .remove(me, "simulated.slow")
        .await
        .refused(404, "not_found");
    assert_eq!(
        service.kept(me).await,
        kept(&["simulated.declined"], "simulated")
    );

    let unknown = service.keep(me, "4111111111111111", true).await;
    unknown.refused(422, "invalid_input");
    assert_eq!(unknown.body["errors"][0]["field"], "method");
    for by in [provider(PROVIDER), admin()] {
        service
            .keep(by, "simulated", true)
            .await
            .refused(403, "role_forbidden");
        service
            .remove(by, "simulated.declined")
            .await
            .refused(403, "role_forbidden");
    }
    assert_eq!(
        service
            .stage
            .count("SELECT COUNT(*) FROM kept_methods")
            .await,
        1
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn nobody_sees_or_changes_what_another_keeps(#[case] engine: Engine) {
    let service = Service::scripted(engine).await;
    let me = customer(CUSTOMER);
    let other = customer(2);
    service.keep(me, "simulated.slow", true).await.done();
    service
        .remove(other, "simulated.slow")
        .await
        .refused(404, "not_found");
    for by in [other, admin()] {
        assert_eq!(service.kept(by).await, kept(&[], "simulated"), "{by:?}");
    }
    service.keep(other, "simulated.waiting", true).await.done();
    service.keep(other, "simulated.slow", false).await.done();
    service.remove(other, "simulated.slow").await.done();
    assert_eq!(
        service.kept(me).await,
        kept(&["simulated.slow*"], "simulated.slow")
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_payment_that_names_no_method_uses_the_default(#[case] engine: Engine) {
    let service = Service::scripted(engine).await;
    let me = customer(CUSTOMER);
    service.keep(me, "simulated.waiting", true).await.done();
    service
        .keep(customer(2), "simulated.declined", true)
        .await
        .done();
    let begun = service.pay(me).await;
    assert_eq!(
        begun.body["payment_method"], "simulated.waiting",
        "{}",
        begun.body
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn the_last_that_came_through_is_proposed_where_none_is_the_default(#[case] engine: Engine) {
    let service = Service::scripted(engine).await;
    let stage = &service.stage;
    let me = customer(CUSTOMER);
    for (n, method) in ["simulated", "simulated.no_refund", "simulated.declined"]
        .iter()
        .enumerate()
    {
        let n = u128::try_from(n).unwrap();
        stage.becomes(n, 3, OrderStatus::Accepted).await;
        stage.pays(n, method).await;
        stage.clock.advance(1_000);
    }
    assert_eq!(service.kept(me).await, kept(&[], "simulated.no_refund"));
    assert_eq!(service.kept(customer(2)).await, kept(&[], "simulated"));
    service.keep(me, "simulated.slow", true).await.done();
    assert_eq!(
        service.kept(me).await,
        kept(&["simulated.slow*"], "simulated.slow")
    );
}

/// Without scripts the adapter offers a single method, like another adapter would.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_method_that_is_no_longer_offered_is_shown_and_never_paid_with(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let me = customer(CUSTOMER);
    assert!(
        service
            .stage
            .store
            .keep_method(me.user_id, "tok_of_before", true)
            .await
            .unwrap()
    );
    let listed = service.get(me, METHODS).await;
    assert_eq!(listed.body["kept"][0]["is_offered"], false);
    assert_eq!(listed.body["proposed"], "simulated");
    assert_eq!(
        listed.items(),
        [json!({ "method": "simulated", "simulated": true })]
    );
    assert_eq!(service.pay(me).await.body["payment_method"], "simulated");
    service
        .keep(me, "tok_of_before", false)
        .await
        .refused(422, "invalid_input");
    service.remove(me, "tok_of_before").await.done();
    assert_eq!(service.kept(me).await, kept(&[], "simulated"));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn however_many_are_kept_at_once_they_are_bounded_with_one_default(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let store = &service.stage.store;
    let me = customer(CUSTOMER);
    let tokens: Vec<_> = (0..KEPT_METHODS_MAX + 2)
        .map(|n| format!("tok_{n}"))
        .collect();
    let (first, last) = tokens.split_at(KEPT_METHODS_MAX - 2);
    for token in first {
        assert!(store.keep_method(me.user_id, token, true).await.unwrap());
    }
    let answers = join_all(last.iter().map(async |token| {
        // Retry while the database is busy, as a caller would.
        loop {
            match store.keep_method(me.user_id, token, true).await {
                Err(error) if error.is_unavailable() => {}
                answer => break answer.unwrap(),
            }
        }
    }))
    .await;
    assert_eq!(answers.iter().filter(|is_kept| **is_kept).count(), 2);
    let rows = store.kept_methods(me.user_id).await.unwrap();
    assert_eq!(rows.len(), KEPT_METHODS_MAX);
    assert_eq!(rows.iter().filter(|row| row.is_default).count(), 1);

    let full = service.keep(me, "simulated", true).await;
    full.refused(422, "invalid_input");
    assert_eq!(full.body["errors"][0]["field"], "method");
    service.keep(customer(2), "simulated", true).await.done();
    service.remove(me, &rows[0].method).await.done();
    service.keep(me, "simulated", true).await.done();
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_closed_account_keeps_nothing(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let stage = &service.stage;
    let me = customer(CUSTOMER);
    service.keep(me, "simulated", true).await.done();
    service.keep(customer(2), "simulated", true).await.done();
    let told = UserEvent {
        user_id: me.user_id,
        role: Role::Customer,
        session_id: None,
    };
    let id = EventId(stage.clock.new_id());
    let event = |kind| Event::new(id, kind, stage.clock.now(), "t", &told).unwrap();
    let readmitted = event(EventType::UserReadmitted);
    let people = AccountEndConsumer {
        store: stage.store.clone(),
    };
    people.handle(&readmitted).await.unwrap();
    assert_eq!(service.kept(me).await.0, ["simulated*"]);

    let revoked = event(EventType::UserRevoked);
    service
        .bus
        .bind_queue(&topology::PAYMENT_PEOPLE)
        .await
        .unwrap();
    service.bus.publish(&revoked).await.unwrap();
    support::eventually("nothing is kept", Duration::from_secs(30), async || {
        service.kept(me).await.0.is_empty().then_some(())
    })
    .await;
    assert_eq!(service.kept(customer(2)).await.0, ["simulated*"]);

    // After readmission, the replayed event removes no method saved since.
    stage.clock.advance(1);
    service.keep(me, "simulated", false).await.done();
    people.handle(&revoked).await.unwrap();
    assert_eq!(service.kept(me).await.0, ["simulated"]);
}

/// The reasons of all refund requests, as an admin reads them.
async fn reasons(service: &Service) -> Vec<(String, String)> {
    let open = service.get(admin(), "/api/v1/admin/refunds").await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows = open.items().iter();
    let mut told: Vec<_> = rows
        .map(|row| (text(&row["reason"]), text(&row["amount"])))
        .collect();
    told.sort();
    told
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_deleted_person_leaves_amounts_but_no_words_and_no_methods(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let stage = &service.stage;
    let me = customer(CUSTOMER);
    service.keep(me, "simulated", true).await.done();
    service.pay(me).await;
    service.order(|order| order.status = OrderStatus::InProgress);
    let ask =
        json!({ "order_id": order_id(0), "amount": 50, "reason": "Call me at 12 Lake Road." });
    let asked = service.post(me, "/api/v1/refunds", ask).await;
    assert_eq!(asked.status, StatusCode::CREATED, "{}", asked.body);
    let people = AccountEndConsumer {
        store: stage.store.clone(),
    };
    let deleted = |user_id| {
        let told = UserEvent {
            user_id,
            role: Role::Customer,
            session_id: None,
        };
        let id = EventId(stage.clock.new_id());
        Event::new(id, EventType::UserDeleted, stage.clock.now(), "t", &told).unwrap()
    };

    people.handle(&deleted(customer(2).user_id)).await.unwrap();
    let written = [("Call me at 12 Lake Road.".to_owned(), "50.00".to_owned())];
    assert_eq!(reasons(&service).await, written, "another person left");

    for _ in 0..2 {
        people.handle(&deleted(me.user_id)).await.unwrap();
        assert_eq!(
            reasons(&service).await,
            [(String::new(), "50.00".to_owned())]
        );
        assert!(service.kept(me).await.0.is_empty());
    }
}
