//! Region assignments over HTTP: operators set them, the hub reads them and ends an epoch's rights,
//! and others may do neither.

use axum::{
    extract::Request,
    http::{Method, StatusCode, header},
};
use rstest::rstest;
use serde_json::{Value, json};

use super::service::*;
use crate::stage::*;

const NORTH: &str = "/api/v1/admin/assignments/NORTH";

async fn put(service: &Service, actor: wire::Actor, body: Value) -> Answer {
    let token = format!("Bearer {}", service.token(actor));
    let request = Request::builder()
        .method(Method::PUT)
        .uri(NORTH)
        .header(header::AUTHORIZATION, token);
    service.send(request, Some(body)).await
}

async fn as_hub(service: &Service, method: Method, path: &str, body: Option<Value>) -> Answer {
    let token = service
        .service_key
        .issue_token("hub", "order", &service.stage.clock);
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"));
    service.send(request, body).await
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_operator_grants_and_takes_back_on_record(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    service.hub.script().seat.epoch = 3;
    let id = service.stage.pending().await;
    let holder = json!({ "policy": "exclusive", "holder": "north-1", "epoch": 3 });
    let granted = put(&service, admin(), holder).await;
    assert_eq!(granted.status, StatusCode::OK, "{}", granted.body);
    assert_eq!(granted.body["assignment"]["holder"], "north-1");
    assert_eq!(
        granted.body["fences"][0]["granted_by"],
        admin().user_id.to_string()
    );

    for _ in 0..2 {
        let key = Some(uuid::Uuid::from_u128(90));
        let path = format!("/api/v1/orders/{id}/accept");
        let offline = service.keyed(provider(1), &path, key, Value::Null).await;
        offline.refused(409, "region_assigning_offline");
    }
    service
        .act(provider(1), id, "start")
        .await
        .refused(409, "acceptance_not_arrived");

    let taken = put(&service, admin(), json!({ "take_back": { "why": "  " } })).await;
    taken.refused(422, "invalid_input");
    assert_eq!(taken.fields(), ["take_back.why"]);
    let taken = put(
        &service,
        admin(),
        json!({ "take_back": { "why": "It burnt down." } }),
    )
    .await;
    assert_eq!(
        taken.body["assignment"]["holder"],
        Value::Null,
        "{}",
        taken.body
    );
    let end = &taken.body["fences"][0]["end"];
    assert_eq!(
        (&end["how"], &end["why"]),
        (&json!("taken_back"), &json!("It burnt down."))
    );
    assert_eq!(taken.body["changes"][0]["by"], admin().user_id.to_string());
    let key = Some(uuid::Uuid::from_u128(90));
    let path = format!("/api/v1/orders/{id}/accept");
    let accepted = service.keyed(provider(1), &path, key, Value::Null).await;
    assert_eq!(
        accepted.status,
        StatusCode::OK,
        "the refusals have consumed nothing"
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_kind_of_work_that_is_named_often_is_kept_once(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let kinds = ["other", "cleaning_repair", "other"].repeat(200);
    let approval = json!({ "price_max": "200.00", "service_types": kinds });
    for rule in ["approval", "approval_in_good_standing"] {
        let set = put(&service, admin(), json!({ "rules": { rule: approval } })).await;
        assert_eq!(set.status, StatusCode::OK, "{}", set.body);
        let kept = &set.body["assignment"]["rules"][rule]["service_types"];
        assert_eq!(kept, &json!(["other", "cleaning_repair"]));
    }
}

/// The operator sends back the whole response with one field changed.
#[tokio::test]
async fn a_region_without_a_rule_for_good_standing_does_not_name_it() {
    let service = Service::new(Engine::Sqlite).await;
    let plain = put(
        &service,
        admin(),
        json!({ "rules": { "unpaid_start": true } }),
    )
    .await;
    let told = &plain.body["assignment"]["rules"];
    assert_eq!(
        told,
        &json!({ "unpaid_start": true, "approval": null }),
        "older readers know both"
    );
    let mut wider = told.clone();
    let approval = json!({ "price_max": "500.00", "currency": "CNY", "service_types": ["other"] });
    wider["approval_in_good_standing"] = approval.clone();
    let set = put(&service, admin(), json!({ "rules": wider })).await;
    assert_eq!(
        set.body["assignment"]["rules"]["approval_in_good_standing"],
        approval
    );
    assert_eq!(set.body["assignment"]["rules_version"], json!(3));
}

/// An operator must not get a success for a rule that no reader understands.
#[tokio::test]
async fn a_rule_that_nobody_knows_is_refused_at_the_operators_door() {
    let service = Service::new(Engine::Sqlite).await;
    let approval = json!({ "price_max": "200.00", "service_types": ["other"], "on_sundays": true });
    let cap = json!({ "price_max": "80.00", "service_types": ["other"] });
    for rules in [
        json!({ "unpayed_start": true }),
        json!({ "approval": approval }),
        json!({ "unpaid_start_max": cap }),
        json!({ "paid_afterwards": ["gardening"] }),
    ] {
        let refused = put(&service, admin(), json!({ "rules": rules })).await;
        refused.refused(422, "invalid_input");
    }
    assert!(service.stage.told().await.is_empty());
}

#[tokio::test]
async fn what_makes_no_sense_names_its_field() {
    let service = Service::new(Engine::Sqlite).await;
    for (body, field) in [
        (
            json!({ "policy": "exclusive", "holder": "north-1" }),
            "epoch",
        ),
        (json!({ "policy": "exclusive", "epoch": 1 }), "holder"),
        (
            json!({ "policy": "optimistic", "holder": "north-1", "epoch": 1 }),
            "policy",
        ),
        (json!({ "holder": "north-1", "epoch": 1 }), "policy"),
        (json!({ "policy": "first_come" }), "policy"),
        (
            json!({ "policy": "exclusive", "holder": "north-9", "epoch": 1 }),
            "holder",
        ),
        (
            json!({ "policy": "exclusive", "holder": "north-1", "epoch": 2 }),
            "epoch",
        ),
        (
            json!({ "holder": "North 1", "policy": "exclusive", "epoch": 1 }),
            "holder",
        ),
        (
            json!({ "rules": { "unpaid_start_max": { "price_max": "0.00" } } }),
            "rules.unpaid_start_max.price_max",
        ),
    ] {
        let refused = put(&service, admin(), body.clone()).await;
        refused.refused(422, "invalid_input");
        assert_eq!(refused.fields(), [field], "{body}: {}", refused.body);
    }
    service.hub.script().seat.region = wire::Region::South;
    let granted = json!({ "policy": "exclusive", "holder": "north-1", "epoch": 1 });
    assert_eq!(
        put(&service, admin(), granted).await.fields(),
        ["holder"],
        "it is SOUTH's"
    );
    assert!(service.stage.told().await.is_empty());
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_accept_that_the_holder_decides_waits_and_gets_an_outcome(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let id = service.stage.pending().await;
    let other = service.stage.pending().await;
    service.stage.grant("north-1").await;
    service.hub.script().reaches_holder = true;
    let key = Some(uuid::Uuid::from_u128(90));
    let path = format!("/api/v1/orders/{id}/accept");
    let waits = service.keyed(provider(1), &path, key, Value::Null).await;
    assert_eq!(
        (waits.status, &waits.body["state"]),
        (StatusCode::ACCEPTED, &json!("pending"))
    );
    assert_eq!(waits.body["command_id"], json!(key));
    let asked = service.hub.script().asked.pop().unwrap();
    assert_eq!(
        (asked.region, asked.actor),
        (wire::Region::North, provider(1))
    );
    assert_eq!(asked.token, service.token(provider(1)));
    let missing = service
        .act(
            provider(1),
            wire::OrderId(uuid::Uuid::from_u128(9)),
            "accept",
        )
        .await;
    missing.refused(404, "order_not_found");
    service
        .act(customer(1), id, "accept")
        .await
        .refused(403, "providers_only");
    assert!(
        service.hub.script().asked.is_empty(),
        "nobody is asked for what nobody could be given"
    );

    let late = service.act(provider(2), id, "accept").await;
    assert_eq!(late.status, StatusCode::ACCEPTED);
    let late = service.hub.script().asked.pop().unwrap();
    let again = json!({ "items": [
        { "command": asked.command, "actor": provider(1) },
        { "command": late.command, "actor": provider(2) },
    ]});
    let handed = "/internal/waiting-accepts";
    service
        .post(admin(), handed, again.clone())
        .await
        .refused(401, "invalid_token");
    let held = as_hub(&service, Method::POST, handed, Some(again.clone())).await;
    assert_eq!(
        held.body["answers"],
        json!([{"held": "region"}, {"held": "region"}])
    );

    service.stage.take_back().await;
    let decided = as_hub(&service, Method::POST, handed, Some(again)).await;
    let answers = &decided.body["answers"];
    assert_eq!(answers[0]["decided"]["kind"], "applied", "{answers}");
    assert_eq!(
        answers[1]["decided"]["code"], "order_already_accepted",
        "{answers}"
    );
    let events = service.stage.events().await;
    let lost: Vec<_> = events
        .iter()
        .filter(|e| e.kind == wire::EventType::OrderAcceptanceLost)
        .collect();
    assert_eq!(
        lost.len(),
        1,
        "who waited is not there any more to read the answer"
    );
    assert_eq!(lost[0].body["actor"]["user_id"], json!(provider(2).user_id));
    let repeated = service.keyed(provider(1), &path, key, Value::Null).await;
    assert_eq!(
        (repeated.status, &repeated.body["order_id"]),
        (StatusCode::OK, &json!(id))
    );
    assert_eq!(
        service.act(provider(1), other, "accept").await.status,
        StatusCode::OK
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn what_is_decided_while_the_hub_is_asked_is_not_said_to_be_not_taken(
    #[case] engine: Engine,
) {
    let service = Service::new(engine).await;
    let id = service.stage.pending().await;
    service.stage.grant("north-1").await;
    let (is_asked, asked) = tokio::sync::oneshot::channel();
    let (decided, may_answer) = tokio::sync::oneshot::channel();
    service.hub.script().lingers = Some((is_asked, may_answer));
    let key = uuid::Uuid::from_u128(90);
    let path = format!("/api/v1/orders/{id}/accept");
    let again = service.keyed(provider(1), &path, Some(key), Value::Null);
    // An earlier attempt was forwarded to the holder, whose log brings it now.
    let holder = async {
        asked.await.unwrap();
        let log = Log::of("north-1").then(wire::CommandId(key), Some(provider(1)), accept(id));
        assert!(service.stage.batch(log.batch()).await[0].has_succeeded());
        decided.send(()).unwrap();
    };
    let (answer, ()) = tokio::join!(again, holder);
    assert_eq!(
        (answer.status, &answer.body["order_id"]),
        (StatusCode::OK, &json!(id))
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_waiting_accept_that_cannot_be_decided_keeps_no_other_waiting(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let bad = service.stage.pending().await;
    let good = service.stage.pending().await;
    let spoilt = "UPDATE orders SET status = 'of another version' WHERE id = ?";
    service
        .stage
        .sql
        .exec(spoilt, platform::vals![bad])
        .await
        .unwrap();
    let accept = |n: u128, order_id: wire::OrderId| {
        let body = json!({ "type": "accept_order", "order_id": order_id });
        let command = json!({ "id": uuid::Uuid::from_u128(n), "body": body });
        json!({ "command": command, "actor": provider(1) })
    };
    let items = json!({ "items": [accept(90, bad), accept(91, good)] });
    let handed = "/internal/waiting-accepts";
    let decided = as_hub(&service, Method::POST, handed, Some(items)).await;
    assert_eq!(decided.status, StatusCode::OK, "{}", decided.body);
    assert_eq!(
        decided.body["answers"][0],
        json!({ "held": "needs_operator" })
    );
    assert_eq!(decided.body["answers"][1]["decided"]["kind"], "applied");
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn an_empty_list_of_waiting_accepts_tells_whether_any_can_be_decided(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let empty = || {
        as_hub(
            &service,
            Method::POST,
            "/internal/waiting-accepts",
            Some(json!({ "items": [] })),
        )
    };
    let answered = empty().await;
    assert_eq!(
        (answered.status, answered.body),
        (StatusCode::OK, json!({ "answers": [] }))
    );
    service
        .stage
        .sql
        .exec("DROP TABLE commands", Vec::new())
        .await
        .unwrap();
    assert!(empty().await.status.is_server_error());
}

#[tokio::test]
async fn only_admins_see_and_set_it_and_only_the_hub_ends_an_epoch() {
    let service = Service::new(Engine::Sqlite).await;
    for actor in [customer(1), provider(1)] {
        put(&service, actor, json!({ "policy": "exclusive" }))
            .await
            .refused(403, "role_forbidden");
        for path in ["/api/v1/admin/assignments", NORTH, "/api/v1/admin/cases"] {
            service
                .get(actor, path)
                .await
                .refused(403, "role_forbidden");
        }
    }
    for path in ["/api/v1/admin/assignments", "/api/v1/admin/cases"] {
        assert_eq!(service.get(admin(), path).await.status, StatusCode::OK);
    }
    let over = json!({ "edge": "north-1", "epoch": 1, "why": "edge_cloned" });
    service
        .post(admin(), "/internal/takebacks", over.clone())
        .await
        .refused(401, "invalid_token");
    service
        .get(admin(), "/internal/assignments")
        .await
        .refused(401, "invalid_token");

    put(
        &service,
        admin(),
        json!({ "policy": "exclusive", "holder": "north-1", "epoch": 1 }),
    )
    .await;
    for _ in 0..2 {
        let path = "/internal/takebacks";
        let ended = as_hub(&service, Method::POST, path, Some(over.clone())).await;
        assert_eq!(ended.status, StatusCode::OK, "{}", ended.body);
        assert_eq!(ended.body["fences"][0]["end"]["how"], "edge_cloned");
    }
    let all = as_hub(&service, Method::GET, "/internal/assignments", None).await;
    let all: wire::Assignments = serde_json::from_value(all.body).unwrap();
    assert_eq!(all.items.len(), 5);
    assert!(
        all.items
            .iter()
            .all(|item| item.assignment.holder.is_none())
    );
    let again = put(
        &service,
        admin(),
        json!({ "policy": "exclusive", "holder": "north-1", "epoch": 1 }),
    );
    again.await.refused(409, "edge_epoch_ended");
}
