//! The right to assign on real processes: while its edge is cut off what it promises stands, nobody else
//! assigns, and the right ends by the holder's own word or by a take-back on record.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use http::Method;
use process::clock::Clock;
use serde_json::{Value, json};
use stack::{Data, EdgePlace, Layout, Part, PortChoice, Stack, Stores, Wishes};
use support::{Api, Mqtt, Person, Place, Tablet, eventually};
use wire::{
    Code, CommandBody, EdgeId, FenceEnding, OrderId, OutcomeKind, Policy, Region, Reply, Role,
    UserId, Verdict,
};

const LIMIT: Duration = Duration::from_secs(60);

/// One region with its people: a provider at a tablet, another in the portal.
struct Scene<'a> {
    stack: &'a Stack,
    api: &'a Api,
    region: Region,
    admin: Person,
    customer: Person,
    at_tablet: Tablet,
    in_portal: Person,
}

impl<'a> Scene<'a> {
    /// With the region's edge holding the right to assign.
    async fn held(stack: &'a Stack, api: &'a Api, region: Region) -> Self {
        let place = stack.layout().edge(region);
        let edge = EdgeId::new(&place.edge).unwrap();
        let place = Place { region, edge, host: "127.0.0.1".into(), port: place.mqtt };
        let provider = api.newcomer(Role::Provider).await.unwrap();
        let admin = stack.sign_ins().into_iter().find(|person| person.role == Role::Admin);
        let admin = admin.unwrap();
        let device = format!("tablet-{region}").to_lowercase();
        let scene = Self {
            stack,
            api,
            region,
            admin: api.sign_in(&admin.username, &admin.password).await.unwrap(),
            customer: api.newcomer(Role::Customer).await.unwrap(),
            at_tablet: Tablet::new(place, &device, &provider, Mqtt::V5),
            in_portal: api.newcomer(Role::Provider).await.unwrap(),
        };
        scene.grant().await;
        scene
    }

    async fn grant(&self) {
        let edge = self.stack.layout().edge(self.region).edge.clone();
        let asked = json!({"policy": "exclusive", "holder": edge, "epoch": 1});
        self.set(asked).await;
        self.until_caught_up(Some(&edge)).await;
    }

    async fn set(&self, asked: Value) {
        let path = format!("/api/v1/admin/assignments/{}", self.region);
        self.api.call::<Value>(Method::PUT, &path, Some(&self.admin), Some(asked)).await.unwrap();
    }

    async fn record(&self) -> Value {
        let path = format!("/api/v1/admin/assignments/{}", self.region);
        self.api.call(Method::GET, &path, Some(&self.admin), None).await.unwrap()
    }

    /// Until the edge has all that the cloud knows, with that holder among it.
    async fn until_caught_up(&self, holder: Option<&str>) {
        eventually("the edge has caught up", LIMIT, async || {
            let report = self.stack.status().await.ok()?;
            let region = report.regions.into_iter().find(|r| r.region == self.region)?;
            let edge = region.edges.first()?;
            let even = edge.lag_down_changes == 0 && edge.undecided == 0;
            (even && region.holder.as_ref().map(EdgeId::as_str) == holder).then_some(())
        })
        .await;
    }

    /// Approved orders that stand on the edge's board.
    async fn open_orders<const N: usize>(&self) -> [OrderId; N] {
        let mut orders = [OrderId(uuid::Uuid::nil()); N];
        for (n, order) in orders.iter_mut().enumerate() {
            let title = format!("Job {n}");
            let published = self.api.publish(&self.customer, self.region, &title).await.unwrap();
            self.api.act(&self.admin, published.order_id, "approve").await.unwrap();
            *order = published.order_id;
        }
        let port = self.stack.layout().edge(self.region).http;
        let edge = Api::new(format!("http://127.0.0.1:{port}"));
        eventually("the orders are on the edge's board", LIMIT, async || {
            let board: Value =
                edge.call(Method::GET, "/board", Some(&self.admin), None).await.ok()?;
            let open = |order: &OrderId| {
                let items = board["items"].as_array();
                items.is_some_and(|items| {
                    let is =
                        |item: &Value| item["id"] == json!(order) && item["status"] == "pending";
                    items.iter().any(is)
                })
            };
            orders.iter().all(open).then_some(())
        })
        .await;
        orders
    }

    async fn accept(&self, order_id: OrderId) -> Reply {
        self.at_tablet.tap(CommandBody::AcceptOrder { order_id }, LIMIT).await.unwrap()
    }

    async fn firmly_accept(&self, order: OrderId) -> Reply {
        let reply = self.accept(order).await;
        let receipt = reply.receipt.as_ref().unwrap();
        assert_eq!((reply.verdict, receipt.verdict), (Verdict::Firm, Verdict::Firm), "{reply:?}");
        assert!(receipt.fence.is_some(), "{receipt:?}");
        reply
    }

    async fn decided(&self, stored: &Reply) -> Reply {
        self.at_tablet.until_decided(stored.command_id.unwrap(), LIMIT).await.unwrap()
    }

    async fn applied(&self, stored: &Reply, order: OrderId) {
        let outcome = self.decided(stored).await.outcome.unwrap();
        assert_eq!(outcome.kind, OutcomeKind::Applied, "{outcome:?}");
        let order = self.api.order(&self.admin, order).await.unwrap();
        assert_eq!(order.provider_id, Some(self.at_tablet.user_id()));
    }

    /// An accept at the portal that the holder has to decide.
    async fn portal_asks(&self, order: OrderId) {
        let path = format!("/api/v1/orders/{order}/accept");
        let told: Value =
            self.api.call(Method::POST, &path, Some(&self.in_portal), None).await.unwrap();
        assert_eq!(told["state"], json!("pending"), "{told}");
    }

    async fn until_accepted_by(&self, order: OrderId, provider: UserId) {
        eventually("the order is accepted", LIMIT, async || {
            let order = self.api.order(&self.admin, order).await.ok()?;
            (order.provider_id == Some(provider)).then_some(())
        })
        .await;
    }

    /// How many ops of this edge wait because another holds the region.
    async fn until_held(&self, edge: &str, held: u64) {
        eventually("so many ops are shown as held", LIMIT, async || {
            let report = self.stack.status().await.ok()?;
            let region = report.regions.into_iter().find(|r| r.region == self.region)?;
            let edge = region.edges.into_iter().find(|known| known.edge.as_str() == edge)?;
            (edge.held == held).then_some(())
        })
        .await;
    }

    async fn portal_waits(&self, order: OrderId) {
        let refused = self.api.act(&self.in_portal, order, "accept").await.unwrap_err();
        let code = refused.problem.as_ref().map(|problem| problem.code);
        assert_eq!(
            (refused.status, code),
            (Some(409), Some(Code::RegionAssigningOffline)),
            "{refused:?}"
        );
    }
}

/// A firm answer is given behind a shut gate, also after a `kill -9`, and stands.
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

/// With the gate open the portal and the region's other edge are settled through the holder; while it
/// is away the one is told so and the other waits.
async fn everyone_else_is_settled_through_the_holder(stack: &Stack, api: &Api, second: &EdgePlace) {
    let scene = Scene::held(stack, api, Region::North).await;
    let provider = api.newcomer(Role::Provider).await.unwrap();
    let at_second = Tablet::new(place_of(second), "tablet-at-second", &provider, Mqtt::V5);
    let [portal, taken, waits, first, again, third] = scene.open_orders().await;
    scene.portal_asks(portal).await;
    scene.until_accepted_by(portal, scene.in_portal.user_id).await;

    let one = scene.firmly_accept(taken).await;
    scene.applied(&one, taken).await;
    scene.portal_asks(taken).await;
    eventually("the loser hears of it", LIMIT, async || {
        let inbox = api.inbox(&scene.in_portal).await.ok()?;
        let is_it = |line: &support::InboxLine| {
            line.order_id == taken && line.kind == "order.acceptance_lost"
        };
        inbox.iter().any(is_it).then_some(())
    })
    .await;

    let clock = Clock::system();
    let mut quickest = LIMIT;
    for order_id in [first, again, third] {
        let begun = clock.elapsed();
        let reply = at_second.tap(CommandBody::AcceptOrder { order_id }, LIMIT).await.unwrap();
        assert_eq!(reply.verdict, Verdict::Provisional, "{reply:?}");
        let decided = at_second.until_decided(reply.command_id.unwrap(), LIMIT).await.unwrap();
        quickest = quickest.min(clock.elapsed().saturating_sub(begun));
        assert!(decided.outcome.as_ref().unwrap().succeeded(), "{decided:?}");
        scene.until_accepted_by(order_id, provider.user_id).await;
    }
    assert!(quickest < Duration::from_secs(1), "the quickest of three took {quickest:?}");

    stack.kill9(Part::Edge(scene.region)).await.unwrap();
    let accept = CommandBody::AcceptOrder { order_id: waits };
    let reply = at_second.tap(accept, LIMIT).await.unwrap();
    assert_eq!(reply.verdict, Verdict::Provisional, "{reply:?}");
    scene.until_held(&second.edge, 1).await;
    scene.portal_waits(waits).await;
    stack.restart(Part::Edge(scene.region)).await.unwrap();
    let decided = at_second.until_decided(reply.command_id.unwrap(), LIMIT).await.unwrap();
    assert!(decided.outcome.as_ref().unwrap().succeeded(), "{decided:?}");
    scene.until_held(&second.edge, 0).await;
    scene.until_accepted_by(waits, provider.user_id).await;
    at_second.stop().await;
    scene.at_tablet.stop().await;
}

/// The policy changes only when the holder has said its last word under its fence.
async fn a_change_of_policy_waits_for_the_holders_word(stack: &Stack, api: &Api) {
    let scene = Scene::held(stack, api, Region::South).await;
    let [before, after, portal] = scene.open_orders().await;
    stack.cut(scene.region).await.unwrap();
    scene.set(json!({"policy": "optimistic"})).await;
    let promised = scene.firmly_accept(before).await;
    scene.portal_waits(after).await;
    let record = scene.record().await;
    assert_eq!(record["assignment"]["policy"], json!(Policy::Exclusive), "{record}");
    assert_eq!(record["assignment"]["release_asked"], json!(true), "{record}");

    stack.heal(scene.region).await.unwrap();
    scene.applied(&promised, before).await;
    scene.until_caught_up(None).await;
    let record = scene.record().await;
    assert_eq!(record["assignment"]["policy"], json!(Policy::Optimistic), "{record}");
    assert_eq!(record["fences"][0]["end"]["how"], json!(FenceEnding::Released), "{record}");
    let reply = scene.accept(after).await;
    assert_eq!(reply.verdict, Verdict::Provisional, "{reply:?}");
    scene.applied(&reply, after).await;
    api.act(&scene.in_portal, portal, "accept").await.unwrap();
    scene.at_tablet.stop().await;
}

/// What was promised under a fence that was taken back counts where the order is still to be had, and
/// else loses with the record.
async fn a_take_back_is_on_record_and_says_so_to_who_loses(stack: &Stack, api: &Api) {
    let scene = Scene::held(stack, api, Region::East).await;
    let [kept, lost, later] = scene.open_orders().await;
    stack.cut(scene.region).await.unwrap();
    let honoured = scene.firmly_accept(kept).await;
    let overturned = scene.firmly_accept(lost).await;
    scene.portal_waits(lost).await;
    scene.set(json!({"take_back": {"why": "the node was flooded"}})).await;
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
    assert_eq!(reply.verdict, Verdict::Provisional, "nobody holds the region: {reply:?}");
    scene.at_tablet.stop().await;
}

/// What was promised under a fence that was taken back waits while the next edge holds the region, and is
/// settled in that one's log; what lost there is told of the take-back and listed.
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
    let at_second = Tablet::new(place_of(second), "tablet-at-next", &provider, Mqtt::V5);
    eventually("the next holder promises", LIMIT, async || {
        let accept = CommandBody::AcceptOrder { order_id: lost };
        let reply = at_second.tap(accept, LIMIT).await.ok()?;
        // Before the grant has come its word is provisional, and a repeat is another command.
        (reply.verdict == Verdict::Firm).then_some(())
    })
    .await;
    scene.until_accepted_by(lost, provider.user_id).await;

    signal(stack, &second.edge, "-STOP");
    stack.restart(Part::Edge(scene.region)).await.unwrap();
    scene.until_held(&first, 2).await;
    signal(stack, &second.edge, "-CONT");
    let outcome = scene.decided(&honoured).await.outcome.unwrap();
    assert_eq!((outcome.kind, outcome.succeeded()), (OutcomeKind::Duplicate, true), "{outcome:?}");
    scene.until_accepted_by(kept, scene.at_tablet.user_id()).await;
    let outcome = scene.decided(&overturned).await.outcome.unwrap();
    assert_eq!((outcome.kind, outcome.succeeded()), (OutcomeKind::Duplicate, false), "{outcome:?}");
    let record = outcome.lost.unwrap().taken_back.unwrap();
    assert_eq!(record.why.as_deref(), Some("the node was flooded"));
    scene.until_held(&first, 0).await;
    let cases: Value =
        api.call(Method::GET, "/api/v1/admin/cases", Some(&scene.admin), None).await.unwrap();
    let taken_back = |case: &&Value| {
        case["kind"] == json!("taken_back")
            && case["command_id"] == json!(overturned.command_id.unwrap())
    };
    let listed = cases["items"].as_array().unwrap().iter().filter(taken_back).count();
    assert_eq!(listed, 1, "{cases}");
    at_second.stop().await;
    scene.at_tablet.stop().await;
}

fn place_of(edge: &EdgePlace) -> Place {
    let name = EdgeId::new(&edge.edge).unwrap();
    Place { region: edge.region, edge: name, host: "127.0.0.1".into(), port: edge.mqtt }
}

/// Without waiting for every link: one of the region's edges is dead.
async fn open_gate(api: &Api, admin: &Person, region: Region) {
    let path = format!("/api/v1/admin/regions/{region}");
    let open = Some(json!({"gate": "open"}));
    api.call::<Value>(Method::PUT, &path, Some(admin), open).await.unwrap();
}

fn signal(stack: &Stack, child: &str, signal: &str) {
    let pid = stack.ready_file().pids[child].to_string();
    let done = std::process::Command::new("kill").args([signal, &pid]).status().unwrap();
    assert!(done.success(), "{signal} {child}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_to_assign_is_kept_given_back_and_taken_back() {
    let layout = Layout::decide(Stores::Embedded, &Data::ThrownAway, PortChoice::Free).unwrap();
    let wishes = Wishes::default();
    let mut stack = Stack::start(layout, &wishes).await.unwrap();
    let second = stack.second_edge(Region::North, &wishes).await.unwrap();
    let api = Api::new(stack.layout().gateway_url());
    everyone_else_is_settled_through_the_holder(&stack, &api, &second).await;
    a_late_promise_is_settled_through_the_next_holder(&stack, &api, &second).await;
    what_the_holder_promises_cut_off_is_kept(&stack, &api).await;
    a_change_of_policy_waits_for_the_holders_word(&stack, &api).await;
    a_take_back_is_on_record_and_says_so_to_who_loses(&stack, &api).await;
    stack.healthy(LIMIT).await.unwrap();
    stack.stop().await.unwrap();
}
