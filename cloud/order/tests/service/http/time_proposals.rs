//! Another time for an accepted order: who proposes and who answers, what an agreement changes, and
//! how a proposal ends.

use order::store::PROPOSALS_MAX;
use rstest::rstest;
use serde_json::{Value, json};
use uuid::Uuid;
use wire::{Actor, CommandBody, Draft, EventType, Order, OrderId, UnixMillis};

use super::service::*;
use crate::stage::*;

const HOUR_MS: i64 = 60 * 60 * 1_000;
const NOTE: &str = "My train comes later.";

fn proposal_of(order_id: OrderId) -> String {
    format!("/api/v1/orders/{order_id}/time-proposal")
}

/// A full hour, counted from now.
pub(super) fn at(hours: i64) -> UnixMillis {
    NOW.plus_ms(hours * HOUR_MS)
}

fn time((from, to): (i64, i64)) -> Value {
    json!({ "service_start_time": at(from), "service_end_time": at(to) })
}

impl Service {
    /// An open order of customer 1 between these hours.
    pub(super) async fn open_job(&self, (from, to): (i64, i64)) -> OrderId {
        let draft = Draft {
            service_start_time: Some(at(from)),
            service_end_time: Some(at(to)),
            ..draft()
        };
        self.stage.approved(draft).await
    }

    /// The same, accepted by this provider.
    pub(super) async fn booked_job(&self, owner: Actor, hours: (i64, i64)) -> OrderId {
        let order_id = self.open_job(hours).await;
        let accepted = self.stage.decide(owner, accept(order_id)).await;
        assert!(accepted.has_succeeded(), "{accepted:?}");
        order_id
    }

    async fn propose(&self, person: Actor, order_id: OrderId, form: Value) -> Answer {
        self.post(person, &proposal_of(order_id), form).await
    }

    /// Returns the id of the proposal.
    pub(super) async fn proposed(
        &self,
        person: Actor,
        order_id: OrderId,
        hours: (i64, i64),
    ) -> Uuid {
        let proposed = self.propose(person, order_id, time(hours)).await;
        assert_eq!(proposed.status.as_u16(), 201, "{}", proposed.body);
        proposed.body["id"].as_str().unwrap().parse().unwrap()
    }

    async fn answer(&self, person: Actor, order_id: OrderId, proposal: Uuid, act: &str) -> Answer {
        let path = format!("{}/{proposal}/{act}", proposal_of(order_id));
        self.post(person, &path, Value::Null).await
    }

    pub(super) async fn agree(&self, person: Actor, order_id: OrderId, proposal: Uuid) -> Answer {
        self.answer(person, order_id, proposal, "agree").await
    }

    pub(super) async fn standing(&self, person: Actor, order_id: OrderId) -> Value {
        let shown = self.get(person, &proposal_of(order_id)).await;
        assert_eq!(shown.status.as_u16(), 200, "{}", shown.body);
        shown.body
    }

    pub(super) async fn order(&self, order_id: OrderId) -> Order {
        let found = self.stage.store.find_order(order_id).await.unwrap();
        found.unwrap()
    }

    pub(super) async fn hours_of(
        &self,
        order_id: OrderId,
    ) -> (Option<UnixMillis>, Option<UnixMillis>) {
        let order = self.order(order_id).await;
        (order.service_start_time, order.service_end_time)
    }
}

pub(super) fn hours((from, to): (i64, i64)) -> (Option<UnixMillis>, Option<UnixMillis>) {
    (Some(at(from)), Some(at(to)))
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn one_proposes_and_the_other_agrees(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    for (proposer, other, word) in [
        (customer(1), provider(1), "customer"),
        (provider(2), customer(1), "provider"),
    ] {
        let owner = if word == "customer" { other } else { proposer };
        let order_id = service.booked_job(owner, (10, 12)).await;
        let before = service.order(order_id).await;
        let mut form = time((30, 32));
        form["note"] = json!(format!(" {NOTE} "));
        let proposed = service.propose(proposer, order_id, form).await;
        assert_eq!(proposed.status.as_u16(), 201, "{}", proposed.body);
        assert_eq!(service.order(order_id).await, before, "until both agree");
        for (reader, may_answer) in [(proposer, false), (other, true)] {
            let shown = service.standing(reader, order_id).await;
            assert_eq!(shown["proposal"], proposed.body);
            assert_eq!(
                (&shown["proposal"]["by"], &shown["proposal"]["note"]),
                (&json!(word), &json!(NOTE))
            );
            assert_eq!(
                (&shown["may_propose"], &shown["may_answer"]),
                (&json!(true), &json!(may_answer))
            );
        }
        let id = proposed.body["id"].as_str().unwrap().parse().unwrap();
        service
            .agree(proposer, order_id, id)
            .await
            .refused(403, "own_proposal");
        let agreed = service.agree(other, order_id, id).await;
        assert_eq!(agreed.status.as_u16(), 200, "{}", agreed.body);
        assert_eq!(agreed.body["order"]["service_start_time"], json!(at(30)));
        let after = service.order(order_id).await;
        assert_eq!(after.version, before.version + 1);
        assert_eq!(service.hours_of(order_id).await, hours((30, 32)));
        assert_eq!(
            service.standing(other, order_id).await["proposal"],
            Value::Null
        );

        let path = format!("/api/v1/orders/{order_id}/timeline");
        let timeline = service.get(other, &path).await.body;
        let entry = timeline["items"].as_array().unwrap().last().unwrap();
        assert_eq!(entry["action"], "reschedule");
        assert_eq!(entry["moved_from"], time((10, 12)));
        assert_eq!(entry["moved_to"], time((30, 32)));
    }
    for kind in [EventType::OrderTimeProposed, EventType::OrderRescheduled] {
        let events = service.events_of(kind).await;
        assert_eq!(events.len(), 2, "{kind}");
        assert!(
            events
                .iter()
                .all(|event| event.body["other_time"] == time((30, 32)))
        );
    }
    let told = serde_json::to_string(&service.stage.events().await).unwrap();
    assert!(!told.contains("train"), "no event has the note");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn strangers_and_admins_learn_and_change_nothing(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let order_id = service.booked_job(provider(1), (10, 12)).await;
    let id = service.proposed(provider(1), order_id, (30, 32)).await;
    let path = proposal_of(order_id);
    let missing = OrderId(Uuid::from_u128(9));
    for (person, status, code) in [
        (customer(2), 404, "order_not_found"),
        (provider(2), 404, "order_not_found"),
        (admin(), 403, "role_forbidden"),
    ] {
        for order in [order_id, missing] {
            let path = proposal_of(order);
            service.get(person, &path).await.refused(status, code);
            service.delete(person, &path).await.refused(status, code);
            let proposed = service.propose(person, order, time((40, 41))).await;
            proposed.refused(status, code);
            for act in ["agree", "decline"] {
                let answered = service.answer(person, order, id, act).await;
                answered.refused(status, code);
            }
        }
    }
    for act in ["agree", "decline"] {
        let wrong = Uuid::from_u128(9);
        let answered = service.answer(customer(1), order_id, wrong, act).await;
        answered.refused(409, "time_proposal_over");
        let garbled = format!("{path}/x/{act}");
        let refused = service.post(customer(1), &garbled, Value::Null).await;
        assert!(refused.status.is_client_error(), "{}", refused.body);
    }
    assert_eq!(service.hours_of(order_id).await, hours((10, 12)));
    let shown = service.standing(customer(1), order_id).await;
    assert_eq!(shown["proposal"]["id"], json!(id));
}

#[tokio::test]
async fn a_wrong_proposal_names_its_field() {
    let service = Service::new(Engine::Sqlite).await;
    let order_id = service.booked_job(provider(1), (10, 12)).await;
    let noted = |note: String| {
        let mut form = time((30, 32));
        form["note"] = json!(note);
        form
    };
    for (form, field) in [
        (time((10, 12)), "service_start_time"),
        (time((0, 2)), "service_start_time"),
        (time((-600_000, -599_999)), "service_start_time"),
        (time((30, 30)), "service_end_time"),
        (noted("x".repeat(301)), "note"),
        (noted("a\u{202e}b".into()), "note"),
    ] {
        let refused = service.propose(customer(1), order_id, form).await;
        refused.refused(422, "invalid_input");
        assert_eq!(refused.fields(), [field]);
    }
    let longest = service.propose(customer(1), order_id, noted("水".repeat(300)));
    assert_eq!(longest.await.status.as_u16(), 201);
    let open = json!({ "service_start_time": at(10) });
    let without_end = service.propose(customer(1), order_id, open).await;
    assert_eq!(without_end.status.as_u16(), 201, "{}", without_end.body);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_proposal_is_replaced_declined_or_taken_back(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let order_id = service.booked_job(provider(1), (10, 12)).await;
    let first = service.proposed(provider(1), order_id, (30, 32)).await;
    let second = service.proposed(customer(1), order_id, (40, 42)).await;
    let late = service.agree(customer(1), order_id, first).await;
    late.refused(409, "time_proposal_over");
    let other = service.delete(provider(1), &proposal_of(order_id)).await;
    assert_eq!(other.body["ended"], false, "it is the customer's");
    let own = service
        .answer(customer(1), order_id, second, "decline")
        .await;
    own.refused(403, "own_proposal");

    let declined = service
        .answer(provider(1), order_id, second, "decline")
        .await;
    assert_eq!(declined.status.as_u16(), 200, "{}", declined.body);
    for act in ["agree", "decline"] {
        let late = service.answer(provider(1), order_id, second, act).await;
        late.refused(409, "time_proposal_over");
    }
    let told = service.events_of(EventType::OrderTimeDeclined).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].body["actor"]["role"], "provider");

    let third = service.proposed(provider(1), order_id, (50, 52)).await;
    let taken_back = service.delete(provider(1), &proposal_of(order_id)).await;
    assert_eq!(taken_back.body["ended"], true);
    let late = service.agree(customer(1), order_id, third).await;
    late.refused(409, "time_proposal_over");
    assert_eq!(service.hours_of(order_id).await, hours((10, 12)));
    assert_eq!(
        service
            .stage
            .count("SELECT COUNT(*) FROM time_proposals WHERE ended_at IS NULL")
            .await,
        0
    );
}

/// Each proposal tells the other person.
#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_person_proposes_a_limited_number_of_times(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let order_id = service.booked_job(provider(1), (10, 12)).await;
    let pest = customer(1);
    let ways_out = [
        Some((pest, None)),
        Some((provider(1), Some("decline"))),
        None,
    ];
    for nth in 0..usize::try_from(PROPOSALS_MAX).unwrap() {
        let id = service.proposed(pest, order_id, (30, 32)).await;
        match ways_out[nth % ways_out.len()] {
            Some((person, Some(act))) => {
                let declined = service.answer(person, order_id, id, act).await;
                assert_eq!(declined.status.as_u16(), 200, "{}", declined.body);
            }
            Some((person, None)) => {
                let ended = service.delete(person, &proposal_of(order_id)).await;
                assert_eq!(ended.body["ended"], true);
            }
            None => {}
        }
    }
    let refused = service.propose(pest, order_id, time((30, 32))).await;
    refused.refused(429, "too_many_proposals");
    let told = service.events_of(EventType::OrderTimeProposed).await;
    assert_eq!(told.len(), usize::try_from(PROPOSALS_MAX).unwrap());

    let other = service.proposed(provider(1), order_id, (50, 52)).await;
    let agreed = service.agree(pest, order_id, other).await;
    assert_eq!(agreed.status.as_u16(), 200, "{}", agreed.body);
    service.proposed(pest, order_id, (60, 62)).await;
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_proposal_ends_with_its_start_its_provider_and_the_orders_status(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let late = service.booked_job(provider(1), (10, 12)).await;
    let expired = service.proposed(provider(1), late, (1, 2)).await;
    service.stage.clock.advance(HOUR_MS);
    assert_eq!(
        service.standing(customer(1), late).await["proposal"],
        Value::Null
    );
    for act in ["agree", "decline"] {
        let answered = service.answer(customer(1), late, expired, act).await;
        answered.refused(409, "time_proposal_over");
    }

    let order_id = service.booked_job(provider(2), (10, 12)).await;
    let by_former = service.proposed(provider(2), order_id, (30, 32)).await;
    let by_customer = async || service.proposed(customer(1), order_id, (30, 32)).await;
    let withdraw = CommandBody::WithdrawAcceptance {
        order_id,
        reason: None,
    };
    service.stage.decide(provider(2), withdraw.clone()).await;
    service
        .agree(customer(1), order_id, by_former)
        .await
        .refused(400, "wrong_state");
    let proposed = service.propose(customer(1), order_id, time((30, 32))).await;
    proposed.refused(400, "wrong_state");
    service.stage.decide(provider(3), accept(order_id)).await;
    assert_eq!(
        service.standing(provider(3), order_id).await["proposal"],
        Value::Null
    );
    service
        .agree(customer(1), order_id, by_former)
        .await
        .refused(409, "time_proposal_over");
    let id = by_customer().await;
    service
        .agree(provider(2), order_id, id)
        .await
        .refused(404, "order_not_found");

    let cancelled = service.act(customer(1), order_id, "cancel").await;
    assert_eq!(cancelled.status.as_u16(), 200, "{}", cancelled.body);
    let shown = service.standing(provider(3), order_id).await;
    assert_eq!(
        (&shown["proposal"], &shown["may_propose"]),
        (&Value::Null, &json!(false))
    );
    service
        .agree(provider(3), order_id, id)
        .await
        .refused(400, "order_cancelled");
    let stored = "SELECT COUNT(*) FROM time_proposals";
    assert_eq!(service.stage.count(stored).await, 1, "only the expired one");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_moved_order_takes_its_new_hours_and_frees_the_old_ones(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let me = provider(1);
    let order_id = service.booked_job(me, (10, 12)).await;
    let at_old_hours = service.open_job((11, 13)).await;
    let at_new_hours = service.open_job((31, 33)).await;
    let refused = service.act(me, at_old_hours, "accept").await;
    refused.refused(409, "double_booked");
    let feed = service.make_feed(me).await;
    let id = service.proposed(customer(1), order_id, (30, 32)).await;
    let agreed = service.agree(me, order_id, id).await;
    assert_eq!(agreed.status.as_u16(), 200, "{}", agreed.body);

    let refused = service.act(me, at_new_hours, "accept").await;
    refused.refused(409, "double_booked");
    let accepted = service.act(me, at_old_hours, "accept").await;
    assert_eq!(accepted.status.as_u16(), 200, "{}", accepted.body);
    let calendar = service.read_calendar(&feed).await;
    let starts: Vec<&str> = calendar
        .lines()
        .filter(|line| line.starts_with("DTSTART"))
        .collect();
    assert_eq!(starts.len(), 2, "{calendar}");
    let in_calendar = |at: UnixMillis| at.to_string()[..16].replace(['-', ':'], "");
    for start in [at(30), at(11)] {
        let start = in_calendar(start);
        assert!(
            starts.iter().any(|line| line.contains(&start)),
            "{start}: {starts:?}"
        );
    }

    let back = service.proposed(customer(1), order_id, (12, 14)).await;
    let refused = service.agree(me, order_id, back).await;
    refused.refused(409, "double_booked");
    let other = service.proposed(me, order_id, (12, 14)).await;
    let refused = service.agree(customer(1), order_id, other).await;
    refused.refused(409, "double_booked");
    let why = refused.body["detail"].as_str().unwrap();
    assert!(why.contains("The provider"), "{why}");
    let shown = service.standing(customer(1), order_id).await;
    assert_eq!(shown["proposal"]["id"], json!(other), "a refused one stays");
    let given_back = service.act(me, at_old_hours, "withdraw").await;
    assert_eq!(given_back.status.as_u16(), 200, "{}", given_back.body);
    let agreed = service.agree(customer(1), order_id, other).await;
    assert_eq!(agreed.status.as_u16(), 200, "{}", agreed.body);
    assert_eq!(service.hours_of(order_id).await, hours((12, 14)));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_repeat_under_its_key_changes_nothing(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let order_id = service.booked_job(provider(1), (10, 12)).await;
    let path = proposal_of(order_id);
    let key = Some(Uuid::from_u128(70));
    let first = service.keyed(provider(1), &path, key, time((30, 32))).await;
    let again = service.keyed(provider(1), &path, key, time((30, 32))).await;
    assert_eq!((again.status.as_u16(), &again.body), (201, &first.body));
    assert_eq!(
        service.events_of(EventType::OrderTimeProposed).await.len(),
        1
    );

    let path = format!("{path}/{}/agree", first.body["id"].as_str().unwrap());
    let key = Some(Uuid::from_u128(71));
    for _ in 0..2 {
        let agreed = service.keyed(customer(1), &path, key, Value::Null).await;
        assert_eq!(agreed.status.as_u16(), 200, "{}", agreed.body);
    }
    let other_key = service.post(customer(1), &path, Value::Null).await;
    other_key.refused(409, "time_proposal_over");
    assert_eq!(
        service.events_of(EventType::OrderRescheduled).await.len(),
        1
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_person_who_is_blocked_writes_no_note(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let order_id = service.booked_job(provider(1), (10, 12)).await;
    let store = &service.stage.store;
    let blocked = store.set_message_block(customer(1).user_id, provider(1).user_id, true);
    blocked.await.unwrap();
    let mut form = time((30, 32));
    form["note"] = json!(NOTE);
    for person in [customer(1), provider(1)] {
        let refused = service.propose(person, order_id, form.clone()).await;
        refused.refused(409, "messages_blocked");
    }
    service.proposed(provider(1), order_id, (30, 32)).await;
}
