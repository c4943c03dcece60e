//! The platform, its people, and what they do: at the edge while its wire passes and while it is
//! cut, and in the cloud.

use chaos::operator;
use futures::{StreamExt, future::join_all, stream};
use http::Method;
use process::{client::Client, clock::Clock};
use serde_json::{Value, json};
use stack::{Layout, Stack, Stores, Wishes};
use support::{Api, Mqtt, Operator, Person, Place, Proxy, Tablet, Wire, eventually, test_servers};
use wire::{
    Action, Amount, Code, EdgeGrant, EdgeId, Order, PaymentStatus, Reply, Role, UnixMillis,
};

use crate::{
    LIMIT, PROVIDERS, REGION,
    order::{HistoryLine, KioskOrder, SentCommand},
    plan::{
        APPROVED_MINOR_MAX, OrderPlan, PAID_AFTERWARDS, PAID_BEFORE, Path, Step, UNPAID_MINOR_MAX,
    },
};

const KIOSK: &str = "kiosk-south";
const PASSWORD: &str = "correct-horse-battery";
/// Orders on which people act at once.
const AT_ONCE: usize = 8;

/// A person with a device at the edge.
pub(crate) struct Seat {
    /// As the cloud knows them.
    pub person: Person,
    pub tablet: Tablet,
}

pub(crate) struct Scene {
    pub stack: Stack,
    pub api: Api,
    /// The HTTP API of the region's edge.
    pub edge: Api,
    pub edge_id: EdgeId,
    pub operator: Operator,
    pub admin: Person,
    pub client: Client,
    clock: Clock,
    wire: Proxy,
    at_kiosk: Seat,
    at_desk: Seat,
    providers: Vec<Seat>,
}

impl Scene {
    pub(crate) async fn open(stores: Stores) -> Self {
        let mut layout = Layout::temporary(stores).unwrap();
        let gateway = format!("127.0.0.1:{}", layout.gateway);
        let wire = Proxy::to(gateway).await.unwrap();
        let places = layout.edges.iter_mut();
        for place in places.filter(|place| place.region == REGION) {
            place.gateway_url = format!("http://{}", wire.address());
        }
        let mut wishes = Wishes::of_few_people().on(test_servers());
        let kiosks = json!([KIOSK]).to_string();
        wishes
            .environment
            .insert("HOLDFAST__AUTH__KIOSKS".into(), kiosks);
        let stack = Stack::start(layout, &wishes).await.unwrap();
        let api = Api::new(stack.layout().gateway_url());
        let place = stack.layout().edge(REGION);
        let edge = Api::new(format!("http://127.0.0.1:{}", place.http));
        let edge_id = EdgeId::new(&place.edge).unwrap();
        let admin = stack.admin_sign_in();
        let admin = api.sign_in(&admin.username, &admin.password).await.unwrap();
        let desk = api.at_edges(&admin, REGION).await.unwrap();
        let mut providers = Vec::new();
        for number in 0..PROVIDERS {
            let person = api.newcomer(Role::Provider).await.unwrap();
            let visitor = api.at_edges(&person, REGION).await.unwrap();
            let device = format!("tablet-{number}");
            providers.push(Seat {
                tablet: connect_tablet(&stack, &device, &visitor),
                person,
            });
        }
        let scene = Self {
            at_kiosk: sign_kiosk_in(&stack, &api, &edge).await,
            at_desk: Seat {
                tablet: connect_tablet(&stack, "desk", &desk),
                person: admin.clone(),
            },
            operator: operator(&stack).await,
            client: Client::new(),
            clock: Clock::system(),
            stack,
            api,
            edge,
            edge_id,
            admin,
            wire,
            providers,
        };
        scene.set_rules().await;
        scene
    }

    /// The edge holds the region, may approve orders up to a price, and lets work up to a lower
    /// price start unpaid.
    async fn set_rules(&self) {
        let approval = json!({
            "price_max": format_price(APPROVED_MINOR_MAX),
            "service_types": [PAID_BEFORE, PAID_AFTERWARDS],
        });
        let asked = json!({
            "policy": "exclusive", "holder": self.edge_id, "epoch": 1,
            "rules": {
                "approval": approval,
                "unpaid_start_max": { "price_max": format_price(UNPAID_MINOR_MAX) },
                "paid_afterwards": [PAID_AFTERWARDS],
            },
        });
        let path = format!("/api/v1/admin/assignments/{REGION}");
        self.api
            .call::<Value>(Method::PUT, &path, Some(&self.admin), Some(asked))
            .await
            .unwrap();
        let limit = json!(format_price(UNPAID_MINOR_MAX));
        self.until_standing("the edge holds the region", |standing| {
            standing["firm"] == true && standing["unpaid_start_max"]["price_max"] == limit
        })
        .await;
    }

    pub(crate) async fn cut_wire(&self) {
        self.wire.set(Wire::Cut);
        self.until_standing("the edge is cut off", |standing| {
            standing["link"]["up"] == false
        })
        .await;
    }

    /// Returns the time from which on the cloud decides again.
    pub(crate) fn heal_wire(&self) -> UnixMillis {
        let at = self.clock.now();
        self.wire.set(Wire::Passes);
        at
    }

    /// Breaks the wire again once the first order's first command is decided. At that moment the
    /// last order must still have a command without a decision.
    pub(crate) async fn break_wire_among_commands(&self, first: &KioskOrder, last: &KioskOrder) {
        self.until_decided(first, 0).await;
        self.cut_wire().await;
        let found = eventually("the receipt opens its order", LIMIT, async || {
            self.follow_at_edge(last).await
        })
        .await;
        let what = last.describe();
        assert_eq!(found["pending"], json!(true), "{what}: {found}");
        self.heal_wire();
    }

    /// Breaks the wire again once a photo has reached the cloud. Other photos must still wait.
    pub(crate) async fn break_wire_among_photos(&self) {
        let before = self.count_waiting_photos().await;
        assert!(before > 0, "no photo is left to send");
        self.until_standing("a photo reaches the cloud", |standing| {
            let waiting = standing["photos"]["waiting"].as_u64();
            waiting.is_some_and(|waiting| waiting < before)
        })
        .await;
        self.cut_wire().await;
        let left = self.count_waiting_photos().await;
        assert!(
            left > 0,
            "all {before} photos went up before the wire broke"
        );
        self.heal_wire();
    }

    pub(crate) async fn until_standing(&self, what: &str, holds: impl Fn(&Value) -> bool) {
        eventually(what, LIMIT, async || {
            let standing = self.edge.call(Method::GET, "/standing", None, None).await;
            holds(&standing.ok()?).then_some(())
        })
        .await;
    }

    /// The kiosk's account, which is the customer of every order.
    pub(crate) fn customer(&self) -> &Person {
        &self.at_kiosk.person
    }

    pub(crate) fn provider_of(&self, order: &KioskOrder) -> &Person {
        &self.providers[order.plan.provider].person
    }

    /// The person who does this to the order, with their device.
    pub(crate) fn seat_of(&self, order: &KioskOrder, action: Option<Action>) -> &Seat {
        match action {
            None | Some(Action::Cancel | Action::Review) => &self.at_kiosk,
            Some(Action::Approve) => &self.at_desk,
            Some(_) => &self.providers[order.plan.provider],
        }
    }

    /// The orders that the cloud is to know from the contact on.
    pub(crate) async fn publish_before_contact(&self, plans: Vec<OrderPlan>) -> Vec<KioskOrder> {
        let orders = self.in_parallel(plans, async |plan| {
            let mut order = KioskOrder::new(plan, self.clock.now());
            for step in order.plan.path.steps_before_contact() {
                self.send_step(&mut order, step).await;
            }
            order
        });
        orders.await
    }

    /// The cloud decides what the edge did on these orders, and some are paid.
    pub(crate) async fn settle_during_contact(&self, known: Vec<KioskOrder>) -> Vec<KioskOrder> {
        let orders = self.in_parallel(known, async |mut order| {
            for number in 0..order.sent.len() {
                self.until_decided(&order, number).await;
            }
            if order.plan.path.is_paid() {
                self.pay_for(&order).await;
                order
                    .history
                    .push(HistoryLine::Payment(PaymentStatus::Held));
                self.until_at_edge(&order, |seen| seen.payment_status == PaymentStatus::Held)
                    .await;
            }
            order
        });
        orders.await
    }

    pub(crate) async fn pay_for(&self, order: &KioskOrder) {
        let form = json!({ "order_id": order.id, "amount": order.plan.price });
        let paid: Value = self
            .api
            .post_keyed("/api/v1/payments", self.customer(), form)
            .await
            .unwrap();
        assert_eq!(paid["status"], "completed", "{}: {paid}", order.describe());
        self.until_in_cloud(order, |seen| seen.payment_status == PaymentStatus::Held)
            .await;
    }

    pub(crate) async fn until_in_cloud(&self, order: &KioskOrder, holds: impl Fn(&Order) -> bool) {
        eventually(&order.describe(), LIMIT, async || {
            let seen = self.api.order(self.customer(), order.id).await.ok()?;
            holds(&seen).then_some(())
        })
        .await;
    }

    async fn until_at_edge(&self, order: &KioskOrder, holds: impl Fn(&Order) -> bool) {
        eventually(&order.describe(), LIMIT, async || {
            let seen: Order = serde_json::from_value(self.follow_at_edge(order).await?).unwrap();
            holds(&seen).then_some(())
        })
        .await;
    }

    /// The order as its receipt shows it at the edge, which takes only so many questions at once.
    pub(crate) async fn follow_at_edge(&self, order: &KioskOrder) -> Option<Value> {
        let receipt = json!({ "code": order.code, "secret": order.plan.secret });
        let kiosk = Some(self.at_kiosk.tablet.person());
        let found = self
            .edge
            .call(Method::POST, "/receipts", kiosk, Some(receipt));
        found.await.ok()
    }

    /// The people of the region live through these orders after the contact.
    pub(crate) async fn publish_after_contact(&self, plans: Vec<OrderPlan>) -> Vec<KioskOrder> {
        let orders = self.in_parallel(plans, async |plan| {
            let mut order = KioskOrder::new(plan, self.clock.now());
            self.work_after_contact(&mut order).await;
            order
        });
        orders.await
    }

    /// The region's providers work on orders that the cloud knows.
    pub(crate) async fn work_on_known(&self, known: Vec<KioskOrder>) -> Vec<KioskOrder> {
        let orders = self.in_parallel(known, async |mut order| {
            if order.plan.path.is_cancelled_in_cloud() {
                order.history.push(HistoryLine::InCloud(Action::Cancel));
            }
            if order.plan.path.payment_status() == PaymentStatus::Refunded {
                order
                    .history
                    .push(HistoryLine::Payment(PaymentStatus::Refunded));
            }
            self.work_after_contact(&mut order).await;
            order
        });
        orders.await
    }

    async fn work_after_contact(&self, order: &mut KioskOrder) {
        for step in order.plan.path.steps_after_contact() {
            self.send_step(order, step).await;
            let waits_for_approval =
                step.action.is_none() && order.plan.path == Path::OverApprovalCancelled;
            if waits_for_approval {
                self.check_hidden_from_providers(order).await;
            }
        }
    }

    /// Sends the step's command, checks the edge's answer, and uploads the photos that it names.
    async fn send_step(&self, order: &mut KioskOrder, step: Step) {
        let seat = self.seat_of(order, step.action);
        let tapped_after = self.clock.now();
        let body = order.command_body(step.action);
        let reply = seat.tablet.tap(body, LIMIT).await.unwrap();
        assert_eq!(
            (reply.verdict, reply.code),
            (step.verdict, step.doubt),
            "{}, {step:?}: {reply:?}",
            order.describe()
        );
        let command = reply.command_id.unwrap();
        for picture in order.plan.pictures(step.action) {
            self.upload_photo(seat.tablet.person(), command, picture)
                .await;
        }
        order.history.push(HistoryLine::AtEdge(order.sent.len()));
        order.sent.push(SentCommand {
            step,
            command,
            user_id: seat.person.user_id,
            reply,
            tapped_after,
            answered_before: self.clock.now(),
        });
    }

    /// The cloud's decision on the order's command of this number, as its sender hears it.
    pub(crate) async fn until_decided(&self, order: &KioskOrder, number: usize) -> Reply {
        let sent = &order.sent[number];
        let tablet = &self.seat_of(order, sent.step.action).tablet;
        tablet.until_decided(sent.command, LIMIT).await.unwrap()
    }

    /// The refusal of a request of this person at the gateway.
    pub(crate) async fn refused(&self, person: &Person, path: &str, body: Value) -> Option<Code> {
        let refused = self
            .api
            .post_keyed::<Value>(path, person, body)
            .await
            .unwrap_err();
        refused.problem.map(|problem| problem.code)
    }

    /// Acts on each, several at once, and returns the results in order.
    pub(crate) async fn in_parallel<T, R>(
        &self,
        each: Vec<T>,
        act: impl AsyncFn(T) -> R,
    ) -> Vec<R> {
        let act = &act;
        stream::iter(each)
            .map(move |one| act(one))
            .buffered(AT_ONCE)
            .collect()
            .await
    }

    pub(crate) async fn stop(self) {
        let seats = [self.at_kiosk, self.at_desk].into_iter();
        let seats = seats.chain(self.providers);
        join_all(seats.map(|seat| seat.tablet.stop())).await;
        self.stack.stop().await.unwrap();
        self.wire.stop().await;
    }
}

/// Signs the kiosk's account in at the edge, which gives it a grant of days.
async fn sign_kiosk_in(stack: &Stack, api: &Api, edge: &Api) -> Seat {
    let form = json!({
        "username": KIOSK, "email": "kiosk@example.org", "password": PASSWORD, "role": "customer",
    });
    api.call::<Value>(Method::POST, "/api/v1/auth/register", None, Some(form))
        .await
        .unwrap();
    let person = api.sign_in(KIOSK, PASSWORD).await.unwrap();
    let form = json!({ "username": KIOSK, "password": PASSWORD, "device": "", "tablet": KIOSK });
    let grant: EdgeGrant = edge
        .call(Method::POST, "/session", None, Some(form))
        .await
        .unwrap();
    assert!(grant.expires_in > 24 * 3_600, "a grant of days");
    let visitor = Person {
        token: grant.edge_token,
        ..person.clone()
    };
    Seat {
        tablet: connect_tablet(stack, KIOSK, &visitor),
        person,
    }
}

fn connect_tablet(stack: &Stack, device: &str, visitor: &Person) -> Tablet {
    let place = stack.layout().edge(REGION);
    let place = Place {
        region: REGION,
        edge: EdgeId::new(&place.edge).unwrap(),
        host: "127.0.0.1".into(),
        port: place.mqtt,
    };
    Tablet::new(place, device, visitor, Mqtt::V5)
}

fn format_price(minor: i64) -> String {
    Amount::from_minor(minor).unwrap().to_string()
}
