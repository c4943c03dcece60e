//! The right to assign on real processes: while its holder is cut off its promises stand, and no
//! other edge assigns. The right ends by the holder's own release or by a take-back on record.

#![allow(clippy::unwrap_used)]

mod scene;

use std::time::Duration;

use chaos::operator;
use http::Method;
use process::clock::Clock;
use scene::{LIMIT, Scene, open_gate, place_of, signal};
use serde_json::{Value, json};
use stack::{EdgePlace, Layout, Part, Stack, Stores, Wishes};
use support::{Api, Mqtt, Operator, Tablet, eventually};
use wire::{
    Code, CommandBody, CommandId, FenceEnding, OrderStatus, OutcomeKind, Policy, Region, Role,
    Verdict,
};

/// A firm answer given behind a closed gate survives a `kill -9`, and stands.
async fn what_the_holder_promises_cut_off_is_kept(stack: &Stack, api: &Api) {
    let scene = Scene::held(stack, api, Region::West).await;
    let [first, second] = scene.open_orders().await;
    stack.cut(scene.region).await.unwrap();
    let one = scene.firmly_accept(first).await;
    scene.portal_waits(first).await;
    scene.portal_waits(second).await;

    stack.kill9(Part::Edge(scene.region)).await.unwrap();
    stack.restart(Part::Edge(scene.region)).await.unwrap();
    let two = scene.firmly_accept(second).await;
    stack.heal(scene.region).await.unwrap();
    scene.applied(&one, first).await;
    scene.applied(&two, second).await;
    scene.portal_asks(first).await;
    scene.at_tablet.stop().await;
}

/// With the gate open, accepts from the portal and the region's other edge are settled through the
/// holder. While it is away, the portal reports pending, and the other edge's op waits.
async fn everyone_else_is_settled_through_the_holder(stack: &Stack, api: &Api, second: &EdgePlace) {
    let scene = Scene::held(stack, api, Region::North).await;
    let provider = api.newcomer(Role::Provider).await.unwrap();
    let visitor = scene.api.at_edges(&provider, scene.region).await.unwrap();
    let at_second = Tablet::new(place_of(second), "tablet-at-second", &visitor, Mqtt::V5);
    let [portal, taken, waits, first, again, third] = scene.open_orders().await;
    scene.portal_asks(portal).await;
    scene
        .until_accepted_by(portal, scene.in_portal.user_id)
        .await;

    let one = scene.firmly_accept(taken).await;
    scene.applied(&one, taken).await;
    scene.portal_asks(taken).await;
    eventually("the loser hears of it", LIMIT, async || {
        let inbox = api.inbox(&scene.in_portal).await.ok()?;
        let is_it = |line: &support::InboxLine| {
            line.order_id == Some(taken) && line.kind == "order.acceptance_lost"
        };
        inbox.iter().any(is_it).then_some(())
    })
    .await;

    let clock = Clock::system();
    let mut took = Vec::new();
    for order_id in [first, again, third] {
        let begun = clock.elapsed();
        let reply = at_second
            .tap(CommandBody::AcceptOrder { order_id }, LIMIT)
            .await
            .unwrap();
        assert_eq!(reply.verdict, Verdict::Provisional, "{reply:?}");
        let decided = at_second
            .until_decided(reply.command_id.unwrap(), LIMIT)
            .await
            .unwrap();
        took.push(clock.elapsed().saturating_sub(begun));
        assert!(
            decided.outcome.as_ref().unwrap().has_succeeded(),
            "{decided:?}"
        );
        scene.until_accepted_by(order_id, provider.user_id).await;
    }
    took.sort();
    assert!(
        took[1] < Duration::from_secs(1),
        "the second of three took so long: {took:?}"
    );

    stack.kill9(Part::Edge(scene.region)).await.unwrap();
    let accept = CommandBody::AcceptOrder { order_id: waits };
    let reply = at_second.tap(accept, LIMIT).await.unwrap();
    assert_eq!(reply.verdict, Verdict::Provisional, "{reply:?}");
    scene.until_held(&second.edge, 1).await;
    the_operator_sees_it_wait(
        &operator(stack).await,
        &second.edge,
        reply.command_id.unwrap(),
    );
    scene.portal_waits(waits).await;
    stack.restart(Part::Edge(scene.region)).await.unwrap();
    let decided = at_second
        .until_decided(reply.command_id.unwrap(), LIMIT)
        .await
        .unwrap();
    assert!(
        decided.outcome.as_ref().unwrap().has_succeeded(),
        "{decided:?}"
    );
    scene.until_held(&second.edge, 0).await;
    scene.until_accepted_by(waits, provider.user_id).await;
    at_second.stop().await;
    scene.at_tablet.stop().await;
}

/// Both the queue and the command's explanation show the wait.
#[track_caller]
fn the_operator_sees_it_wait(operator: &Operator, edge: &str, command: CommandId) {
    let (_, queue) = operator.gets("queue").unwrap();
    let waiting = queue["waiting"].as_array().unwrap().iter();
    let held: Vec<&Value> = waiting.filter(|op| op["state"] == "held_region").collect();
    let [op] = held[..] else { panic!("{queue}") };
    assert_eq!(
        (&op["edge"], &op["command"]["id"]),
        (&json!(edge), &json!(command))
    );
    let (_, told) = operator.gets(&format!("explain {command}")).unwrap();
    assert_eq!(told["ops"][0]["state"], "held_region", "{told}");
    assert_eq!(
        told["ops"][0]["command"]["verdict"],
        json!(Verdict::Provisional),
        "{told}"
    );
}

/// The policy changes only after the holder has released its fence.
async fn a_change_of_policy_waits_for_the_holders_word(stack: &Stack, api: &Api) {
    let scene = Scene::held(stack, api, Region::South).await;
    let [before, after, portal] = scene.open_orders().await;
    stack.cut(scene.region).await.unwrap();
    scene.set(json!({"policy": "optimistic"})).await;
    let promised = scene.firmly_accept(before).await;
    scene.portal_waits(after).await;
    let record = scene.record().await;
    assert_eq!(
        record["assignment"]["policy"],
        json!(Policy::Exclusive),
        "{record}"
    );
    assert_eq!(
        record["assignment"]["release_asked"],
        json!(true),
        "{record}"
    );

    stack.heal(scene.region).await.unwrap();
    scene.applied(&promised, before).await;
    scene.until_caught_up(None).await;
    let record = scene.record().await;
    assert_eq!(
        record["assignment"]["policy"],
        json!(Policy::Optimistic),
        "{record}"
    );
    assert_eq!(
        record["fences"][0]["end"]["how"],
        json!(FenceEnding::PolicyChanged),
        "{record}"
    );
    let reply = scene.accept(after).await;
    assert_eq!(reply.verdict, Verdict::Provisional, "{reply:?}");
    scene.applied(&reply, after).await;
    api.act(&scene.in_portal, portal, "accept").await.unwrap();
    scene.at_tablet.stop().await;
}

/// A promise under a revoked fence counts if the order is still open. Otherwise it loses, and the
/// loser sees the take-back record.
async fn a_take_back_is_on_record_and_says_so_to_who_loses(stack: &Stack, api: &Api) {
    let scene = Scene::held(stack, api, Region::East).await;
    let [kept, lost, later] = scene.open_orders().await;
    stack.cut(scene.region).await.unwrap();
    let honoured = scene.firmly_accept(kept).await;
    let overturned = scene.firmly_accept(lost).await;
    scene.portal_waits(lost).await;
    scene
        .set(json!({"take_back": {"why": "the node was flooded"}}))
        .await;
    api.act(&scene.in_portal, lost, "accept").await.unwrap();

    stack.heal(scene.region).await.unwrap();
    scene.applied(&honoured, kept).await;
    let decided = scene.decided(&overturned).await;
    assert_eq!(decided.code, Some(Code::RegionTakenBack), "{decided:?}");
    let record = decided.outcome.unwrap().lost.unwrap().taken_back.unwrap();
    assert_eq!(record.how, FenceEnding::TakenBack);
    assert_eq!(record.by, Some(scene.admin.user_id));
    assert_eq!(record.why.as_deref(), Some("the node was flooded"));
    scene.until_caught_up(None).await;
    let reply = scene.accept(later).await;
    assert_eq!(
        reply.verdict,
        Verdict::Provisional,
        "nobody holds the region: {reply:?}"
    );
    scene.at_tablet.stop().await;
}

/// A promise under a revoked fence waits while the next edge holds the region, and is settled in
/// that edge's log. A loser there is notified of the take-back and listed.
async fn a_late_promise_is_settled_through_the_next_holder(
    stack: &Stack,
    api: &Api,
    second: &EdgePlace,
) {
    let scene = Scene::held(stack, api, Region::North).await;
    let first = stack.layout().edge(scene.region).edge.clone();
    let [kept, lost] = scene.open_orders().await;
    stack.cut(scene.region).await.unwrap();
    let honoured = scene.firmly_accept(kept).await;
    let overturned = scene.firmly_accept(lost).await;
    stack.kill9(Part::Edge(scene.region)).await.unwrap();
    let granted = json!({
        "take_back": {"why": "the node was flooded"},
        "policy": "exclusive", "holder": second.edge, "epoch": 1,
    });
    scene.set(granted).await;
    open_gate(scene.api, &scene.admin, scene.region).await;
    let provider = api.newcomer(Role::Provider).await.unwrap();
    let visitor = scene.api.at_edges(&provider, scene.region).await.unwrap();
    let at_second = Tablet::new(place_of(second), "tablet-at-next", &visitor, Mqtt::V5);
    eventually("the next holder promises", LIMIT, async || {
        let accept = CommandBody::AcceptOrder { order_id: lost };
        let reply = at_second.tap(accept, LIMIT).await.ok()?;
        // Until the grant arrives the answer is provisional; each attempt is a new command.
        (reply.verdict == Verdict::Firm).then_some(())
    })
    .await;
    scene.until_accepted_by(lost, provider.user_id).await;

    signal(stack, &second.edge, "-STOP");
    stack.restart(Part::Edge(scene.region)).await.unwrap();
    scene.until_held(&first, 2).await;
    signal(stack, &second.edge, "-CONT");
    let outcome = scene.decided(&honoured).await.outcome.unwrap();
    assert_eq!(
        (outcome.kind, outcome.has_succeeded()),
        (OutcomeKind::Duplicate, true),
        "{outcome:?}"
    );
    scene
        .until_accepted_by(kept, scene.at_tablet.user_id())
        .await;
    let outcome = scene.decided(&overturned).await.outcome.unwrap();
    assert_eq!(
        (outcome.kind, outcome.has_succeeded()),
        (OutcomeKind::Duplicate, false),
        "{outcome:?}"
    );
    let record = outcome.lost.unwrap().taken_back.unwrap();
    assert_eq!(record.why.as_deref(), Some("the node was flooded"));
    scene.until_held(&first, 0).await;
    assert_eq!(scene.cases("taken_back", &overturned).await, 1);
    at_second.stop().await;
    scene.at_tablet.stop().await;
}

/// A promise to a revoked provider, made before the edge learned of it, is honoured, listed, and
/// withdrawn by an admin on record. Afterwards the edge refuses their commands.
async fn a_promise_to_a_revoked_provider_is_withdrawn_on_record(stack: &Stack, api: &Api) {
    let scene = Scene::held(stack, api, Region::Mid).await;
    let [promised] = scene.open_orders().await;
    let provider = scene.provider.user_id;
    stack.cut(scene.region).await.unwrap();
    let why = json!({"reason": "the licence was withdrawn"});
    let revoke = format!("/api/v1/admin/users/{provider}/revoke");
    api.call::<Value>(Method::POST, &revoke, Some(&scene.admin), Some(why.clone()))
        .await
        .unwrap();
    let firm = scene.firmly_accept(promised).await;

    stack.heal(scene.region).await.unwrap();
    scene.until_accepted_by(promised, provider).await;
    assert_eq!(scene.cases("revoked_meanwhile", &firm).await, 1);
    eventually("the edge lets him in no more", LIMIT, async || {
        let edge = scene.at_edge();
        let answer = edge.call::<Value>(Method::GET, "/board", Some(&scene.visitor), None);
        answer
            .await
            .err()?
            .problem
            .filter(|problem| problem.code == Code::Revoked)
    })
    .await;

    let path = format!("/api/v1/orders/{promised}/withdraw");
    api.call::<Value>(Method::POST, &path, Some(&scene.admin), Some(why))
        .await
        .unwrap();
    let order = api.order(&scene.admin, promised).await.unwrap();
    assert_eq!(
        (order.status, order.provider_id),
        (OrderStatus::Pending, None)
    );
    scene.until_on_board(&[promised]).await;
    scene.at_tablet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_to_assign_is_kept_given_back_and_taken_back() {
    let layout = Layout::temporary(Stores::Embedded).unwrap();
    let mut stack = Stack::start(layout, &Wishes::of_few_people())
        .await
        .unwrap();
    let gateway = stack.layout().gateway_url();
    let second = stack
        .second_edge(gateway.clone(), Region::North)
        .await
        .unwrap();
    let api = Api::new(gateway);
    everyone_else_is_settled_through_the_holder(&stack, &api, &second).await;
    a_late_promise_is_settled_through_the_next_holder(&stack, &api, &second).await;
    what_the_holder_promises_cut_off_is_kept(&stack, &api).await;
    a_change_of_policy_waits_for_the_holders_word(&stack, &api).await;
    a_take_back_is_on_record_and_says_so_to_who_loses(&stack, &api).await;
    a_promise_to_a_revoked_provider_is_withdrawn_on_record(&stack, &api).await;
    stack.healthy(LIMIT).await.unwrap();
    stack.stop().await.unwrap();
}
