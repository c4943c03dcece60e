//! Jobs that an admin offers to one provider, accepted at an edge that knows of the offer and at one
//! that is cut off.

use std::time::Duration;

use http::Method;
use process::clock::Clock;
use serde_json::{Value, json};
use stack::{Layout, Stack, Stores, Wishes};
use support::{Api, Mqtt, Person, Tablet, eventually};
use wire::{
    Code, CommandBody, CommandId, EventType, OrderId, OrderStatus, OutcomeKind, Region, Reply,
    Role, UserId, Verdict,
};

use crate::operator::{north, shows_on_the_board};

const REGION: Region = Region::North;
const HOUR_MS: i64 = 60 * 60 * 1_000;
/// Long enough for a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

struct Scene {
    stack: Stack,
    api: Api,
    admin: Person,
    customer: Person,
    named: Person,
    other: Person,
    tablet_of_named: Tablet,
    tablet_of_other: Tablet,
}

impl Scene {
    async fn begin() -> Self {
        let layout = Layout::temporary(Stores::Embedded).unwrap().with_one_edge();
        let stack = Stack::start(layout, &Wishes::of_few_people()).await;
        let stack = stack.unwrap();
        let api = Api::new(stack.layout().gateway_url());
        let admin = stack.admin_sign_in();
        let admin = api.sign_in(&admin.username, &admin.password).await.unwrap();
        let customer = api.newcomer(Role::Customer).await.unwrap();
        let named = api.provider(&admin).await.unwrap();
        let other = api.provider(&admin).await.unwrap();
        let tablet = async |device: &str, provider: &Person| {
            let at_edge = api.at_edges(provider, REGION).await.unwrap();
            Tablet::new(north(&stack), device, &at_edge, Mqtt::V5)
        };
        let tablet_of_named = tablet("tablet-of-named", &named).await;
        let tablet_of_other = tablet("tablet-of-other", &other).await;
        Self {
            stack,
            api,
            admin,
            customer,
            named,
            other,
            tablet_of_named,
            tablet_of_other,
        }
    }

    /// An open job on the edge's board.
    async fn open_job(&self, title: &str) -> OrderId {
        let published = self
            .api
            .publish_approved(&self.customer, &self.admin, REGION, title);
        let order = published.await.unwrap();
        shows_on_the_board(&self.stack, self.tablet_of_other.person(), order).await;
        order
    }

    async fn offer_to_named(&self, order: OrderId) {
        let path = format!("/api/v1/orders/{order}/offer");
        let until = Clock::system().now().plus_ms(HOUR_MS);
        let form = json!({ "provider_ids": [self.named.user_id], "until": until });
        let admin = Some(&self.admin);
        let offered = self
            .api
            .call::<Value>(Method::PUT, &path, admin, Some(form))
            .await;
        assert_eq!(offered.unwrap()["offer"]["until"], json!(until));
    }

    async fn edge_knows_of_offer(&self, order: OrderId) {
        let port = self.stack.layout().edge(REGION).http;
        let edge = Api::new(format!("http://127.0.0.1:{port}"));
        let reader = Some(self.tablet_of_other.person());
        eventually("the edge knows of the offer", LIMIT, async || {
            let board = edge.call::<Value>(Method::GET, "/board", reader, None);
            let board = board.await.ok()?;
            let mut items = board["items"].as_array()?.iter();
            let job = items.find(|item| item["id"] == json!(order))?;
            job["offer"].is_object().then_some(())
        })
        .await;
    }

    async fn status_and_provider(&self, order: OrderId) -> (OrderStatus, Option<UserId>) {
        let now = self.api.order(&self.admin, order).await.unwrap();
        (now.status, now.provider_id)
    }
}

async fn accept(tablet: &Tablet, order: OrderId) -> (CommandId, Reply) {
    let body = CommandBody::AcceptOrder { order_id: order };
    let command = tablet.prepare(body);
    let reply = tablet.until_stored(command, LIMIT).await.unwrap();
    (command, reply)
}

async fn outcome_of(tablet: &Tablet, command: CommandId) -> (OutcomeKind, Option<Code>, Reply) {
    let decided = tablet.until_decided(command, LIMIT).await.unwrap();
    let outcome = decided.outcome.clone().unwrap();
    (outcome.kind, outcome.code, decided)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offered_job_is_its_providers_also_against_an_acceptance_made_while_cut_off() {
    let scene = Scene::begin().await;
    let known = scene.open_job("Mend the tap").await;
    let unknown = scene.open_job("Mend the lamp").await;
    scene.offer_to_named(known).await;
    scene.edge_knows_of_offer(known).await;
    let (_, told) = accept(&scene.tablet_of_other, known).await;
    assert_eq!(
        (told.verdict, told.code),
        (Verdict::Provisional, Some(Code::LooksOffered)),
        "the edge promises nothing"
    );

    scene.stack.cut(REGION).await.unwrap();
    scene.offer_to_named(unknown).await;
    let (late, told) = accept(&scene.tablet_of_other, unknown).await;
    assert_eq!(
        (told.verdict, told.code),
        (Verdict::Provisional, None),
        "the edge knows of no offer"
    );
    scene.stack.heal(REGION).await.unwrap();
    let (kind, code, decided) = outcome_of(&scene.tablet_of_other, late).await;
    assert_ne!(kind, OutcomeKind::Applied);
    assert_eq!(code, Some(Code::OfferedToOthers));
    let said = decided.message.unwrap();
    assert!(!said.en.is_empty() && !said.zh.is_empty(), "{said:?}");
    for order in [known, unknown] {
        assert_eq!(
            scene.status_and_provider(order).await,
            (OrderStatus::Pending, None)
        );
        let (command, _) = accept(&scene.tablet_of_named, order).await;
        let (kind, ..) = outcome_of(&scene.tablet_of_named, command).await;
        assert_eq!(kind, OutcomeKind::Applied);
        assert_eq!(
            scene.status_and_provider(order).await,
            (OrderStatus::Accepted, Some(scene.named.user_id))
        );
    }
    eventually("the other provider reads why", LIMIT, async || {
        let lines = scene.api.inbox(&scene.other).await.ok()?;
        let lost = EventType::OrderAcceptanceLost.as_str();
        let mut lost = lines.iter().filter(|line| line.kind == lost);
        lost.any(|line| line.order_id == Some(unknown))
            .then_some(())
    })
    .await;
    scene.tablet_of_named.stop().await;
    scene.tablet_of_other.stop().await;
    scene.stack.stop().await.unwrap();
}
