//! Admins read what edges answered firm, and what became of each answer.

use order::store::AssignmentRequest;
use platform::vals;
use rstest::rstest;
use rules::HolderEpoch;
use serde_json::{Value, json};
use wire::{CommandBody, CommandId, Draft, EdgeId, OpsBatch, OrderId, Policy, Region, UnixMillis};

use super::service::*;
use crate::stage::*;

const LIST: &str = "/api/v1/admin/firm-answers";
const LATER_MS: i64 = 2 * 3_600_000;

/// An answer by the edge and seq of its op, its code, and the kinds of its cases.
type ListedAnswer = (String, u64, Value, Vec<String>);

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn every_firm_answer_is_listed_with_what_became_of_it(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    let commands = make_firm_answers(&service.stage).await;
    let page = read_page(&service, "").await;
    assert_eq!(page["next"], Value::Null, "the whole history was scanned");
    let items = page["items"].as_array().unwrap();
    let listed: Vec<ListedAnswer> = items.iter().map(name_answer).collect();
    let answer = |edge: &str, seq, code: Value, cases: &[&str]| {
        let cases = cases.iter().map(ToString::to_string).collect();
        (edge.to_owned(), seq, code, cases)
    };
    let expected = [
        answer("north-1", 4, json!("region_taken_back"), &["taken_back"]),
        answer("south-1", 1, Value::Null, &[]),
        answer(
            "north-1",
            3,
            json!("order_cancelled_meanwhile"),
            &["met_closed"],
        ),
        answer("north-1", 1, Value::Null, &[]),
    ];
    assert_eq!(listed, expected);
    let kept = &items[3];
    assert_eq!(kept["command_id"], json!(commands[0]));
    assert_eq!(kept["actor"]["user_id"], json!(provider(1).user_id));
    assert_eq!(
        (&kept["action"], &kept["region"], &kept["order_status"]),
        (&json!("accept"), &json!("NORTH"), &json!("accepted"))
    );
    assert_eq!(
        (&kept["hops"]["tapped_at"], &kept["hops"]["cloud_at"]),
        (&json!(UnixMillis(NOW.0 - 20_000)), &json!(NOW))
    );
    // The right ended after the cloud had kept the promise.
    assert_eq!(kept["promise"]["end"]["how"], json!("taken_back"));
    assert_eq!(items[2]["order_status"], json!("cancelled"));
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn firm_answers_are_filtered_and_paged_also_among_equal_times(#[case] engine: Engine) {
    let service = Service::new(engine).await;
    make_firm_answers(&service.stage).await;
    let later = UnixMillis(NOW.0 + LATER_MS);
    let all = [
        ("north-1", 4),
        ("south-1", 1),
        ("north-1", 3),
        ("north-1", 1),
    ];
    for (filter, expected) in [
        ("region=SOUTH".to_owned(), &all[1..2]),
        ("region=EAST".to_owned(), &[]),
        ("edge=south-1".to_owned(), &all[1..2]),
        ("edge=south-1&region=NORTH".to_owned(), &[]),
        ("edge=north-9".to_owned(), &[]),
        (format!("from={later}"), &all[..1]),
        (format!("until={later}"), &all[1..]),
        (format!("from={NOW}&until={later}"), &all[1..]),
    ] {
        assert_eq!(
            list_places(&service, &filter).await,
            to_places(expected),
            "{filter}"
        );
    }
    for limit in 1..=4 {
        let mut places = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = read_page(&service, &format!("limit={limit}{cursor}")).await;
            let items = page["items"].as_array().unwrap();
            places.extend(items.iter().map(name_place));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(places, to_places(&all), "by {limit}");
    }
}

/// Each page scans a part of the history. A list from a moment on ends there.
#[tokio::test]
async fn a_list_ends_where_the_history_is_older_than_its_period() {
    const PART: &str = "UPDATE order_timeline SET id = id + 25000 + \
        CASE WHEN cloud_at > ? THEN 10000 ELSE 0 END";
    let service = Service::new(Engine::Sqlite).await;
    make_firm_answers(&service.stage).await;
    service.stage.sql.exec(PART, vals![NOW]).await.unwrap();
    let newest = read_page(&service, "").await;
    assert_eq!(newest["items"].as_array().unwrap().len(), 4);
    let next = newest["next"].as_str().unwrap();
    let rest = read_page(&service, &format!("cursor={next}")).await;
    assert_eq!(rest, json!({ "items": [], "next": null }));
    let later = UnixMillis(NOW.0 + LATER_MS);
    let places = list_places(&service, &format!("from={later}")).await;
    assert_eq!(places, to_places(&[("north-1", 4)]));
}

#[tokio::test]
async fn only_admins_list_firm_answers_and_a_period_ends_after_its_beginning() {
    let service = Service::new(Engine::Sqlite).await;
    for actor in [customer(1), provider(1)] {
        let answer = service.get(actor, LIST).await;
        answer.refused(403, "role_forbidden");
    }
    let path = format!("{LIST}?from={NOW}&until={NOW}");
    let answer = service.get(admin(), &path).await;
    answer.refused(422, "invalid_input");
    assert_eq!(answer.fields(), ["until"]);
}

/// Two edges answer firm at one moment of the cloud, and one of them under a right that is taken
/// back later. Returns the commands of `north-1`.
async fn make_firm_answers(stage: &Stage) -> Vec<CommandId> {
    let kept = stage.pending().await;
    let closed = stage.pending().await;
    let lost = stage.pending().await;
    let far = publish_in_south(stage).await;
    stage.grant("north-1").await;
    grant_south(stage).await;
    let cancel = CommandBody::CancelOrder {
        order_id: closed,
        reason: None,
        fee: None,
    };
    stage.decide(customer(1), cancel).await;
    let commands: Vec<CommandId> = (0..4).map(|_| stage.command_id()).collect();
    let log = Log::of("north-1")
        .firm(1, commands[0], provider(1), accept(kept))
        .then(commands[1], Some(provider(2)), accept(kept))
        .firm(1, commands[2], provider(2), accept(closed));
    stage.batch(log.batch()).await;
    let south = Log::of("south-1").firm(1, stage.command_id(), provider(3), accept(far));
    let south = OpsBatch {
        region: Region::South,
        ..south.batch()
    };
    let outcomes = stage.batch(south).await;
    assert!(outcomes[0].has_succeeded(), "{outcomes:?}");
    stage.clock.advance(LATER_MS);
    stage.take_back().await;
    stage.decide(provider(4), accept(lost)).await;
    let log = log.firm(1, commands[3], provider(1), accept(lost));
    // The first three ops arrive again.
    stage.batch(log.batch()).await;
    commands
}

async fn publish_in_south(stage: &Stage) -> OrderId {
    let draft = Draft {
        location: Region::South,
        ..draft()
    };
    let published = stage.publish(stage.command_id(), customer(1), draft).await;
    let order_id = published.order.unwrap().id;
    let approve = CommandBody::ApproveOrder { order_id };
    stage.decide(admin(), approve).await;
    order_id
}

async fn grant_south(stage: &Stage) {
    let seat = HolderEpoch {
        edge: EdgeId::new("south-1").unwrap(),
        epoch: 1,
    };
    let request = AssignmentRequest {
        by: admin().user_id,
        trace: stage.command_id().0.simple().to_string(),
        take_back: None,
        right: Some((Policy::Exclusive, Some(seat))),
        rules: None,
    };
    let granted = stage.store.change_assignment(Region::South, &request).await;
    granted.unwrap();
}

async fn read_page(service: &Service, query: &str) -> Value {
    let answer = service.get(admin(), &format!("{LIST}?{query}")).await;
    assert_eq!(answer.status.as_u16(), 200, "{query}: {}", answer.body);
    answer.body
}

async fn list_places(service: &Service, query: &str) -> Vec<(String, u64)> {
    let page = read_page(service, query).await;
    assert_eq!(page["next"], Value::Null, "{query}");
    let items = page["items"].as_array().unwrap();
    items.iter().map(name_place).collect()
}

fn name_place(item: &Value) -> (String, u64) {
    let edge = item["promise"]["edge"].as_str().unwrap().to_owned();
    (edge, item["seq"].as_u64().unwrap())
}

fn to_places(places: &[(&str, u64)]) -> Vec<(String, u64)> {
    let places = places.iter();
    places
        .map(|(edge, seq)| ((*edge).to_owned(), *seq))
        .collect()
}

fn name_answer(item: &Value) -> ListedAnswer {
    let (edge, seq) = name_place(item);
    let cases = item["cases"].as_array().unwrap().iter();
    let kinds = cases.map(|case| case["kind"].as_str().unwrap().to_owned());
    (edge, seq, item["code"].clone(), kinds.collect())
}
