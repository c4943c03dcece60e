//! Work continues while RabbitMQ is away: orders are taken, paid and reviewed at once. When the
//! broker is back, every event arrives, and everyone concerned gets each notification once.

use std::{collections::BTreeMap, time::Duration};

use futures::{StreamExt, stream};
use http::Method;
use serde_json::{Value, json};
use stack::{Layout, Part, Server, Stack, Stores, Wishes};
use support::{Api, Person, eventually, is_deep_run};
use wire::{OrderId, OrderStatus, PaymentStatus, Region, Role};

/// Concurrent actors.
const AT_ONCE: usize = 4;
const TOLD_WITHIN: Duration = Duration::from_secs(120);

/// How many orders are published, approved and accepted while the broker is away; paid; reviewed.
struct Work {
    taken: usize,
    paid: usize,
    reviewed: usize,
}

impl Work {
    fn of_this_run() -> Self {
        let unit = if is_deep_run() { 50 } else { 10 };
        Self {
            taken: 2 * unit,
            paid: unit,
            reviewed: unit,
        }
    }
}

/// The number of a person's inbox lines by order and kind.
type Lines = BTreeMap<(OrderId, String), usize>;

/// One line of each kind for each order.
fn of(orders: &[OrderId], kinds: &[&str]) -> Lines {
    let pairs = orders
        .iter()
        .flat_map(|order| kinds.iter().map(move |kind| (order, kind)));
    pairs
        .map(|(order, kind)| ((*order, (*kind).to_owned()), 1))
        .collect()
}

struct Scene {
    stack: Stack,
    api: Api,
    admin: Person,
    customer: Person,
    provider: Person,
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_payments_and_reviews_go_on_without_the_broker_and_are_told_once_when_it_is_back() {
    let scene = Scene::new().await;
    let work = Work::of_this_run();
    let before: Vec<OrderId> = scene
        .many(work.paid + work.reviewed, async |n| scene.taken(n).await)
        .await;
    let (to_pay, to_review) = before.split_at(work.paid);
    scene
        .each(to_review, async |order| scene.paid(order).await)
        .await;
    scene
        .each(to_review, async |order| scene.completed(order).await)
        .await;

    scene
        .stack
        .kill9(Part::Server(Server::RabbitMq))
        .await
        .unwrap();
    let (taken, (), ()) = futures::join!(
        scene.many(work.taken, async |n| scene.taken(n).await),
        scene.each(to_pay, async |order| scene.paid(order).await),
        scene.each(to_review, async |order| scene.reviewed(order).await),
    );
    let told = scene.told(&scene.customer).await;
    assert!(
        taken
            .iter()
            .all(|order| !told.keys().any(|(of, _)| of == order)),
        "none is told yet"
    );

    scene
        .stack
        .restart(Part::Server(Server::RabbitMq))
        .await
        .unwrap();
    scene
        .each(to_pay, async |order| scene.is_held(order).await)
        .await;
    scene
        .each(to_review, async |order| scene.is_reviewed(order).await)
        .await;
    scene.is_rated(work.reviewed).await;
    let all = [&taken, &before[..]].concat();
    let published = ["order.created", "order.approved", "order.accepted"];
    let mut customers = of(&all, &published);
    customers.extend(of(&before, &["payment.completed"]));
    customers.extend(of(to_review, &["order.completed", "order.status_changed"]));
    let mut providers = of(&all, &["order.accepted"]);
    // The notification that the money is held.
    providers.extend(of(&before, &["order.status_changed"]));
    providers.extend(of(to_review, &["order.completed", "review.created"]));
    let admins = of(&all, &["order.created"]);
    for (person, expected) in [
        (&scene.customer, customers),
        (&scene.provider, providers),
        (&scene.admin, admins),
    ] {
        scene.has_exactly(person, &expected).await;
    }
    scene.stack.healthy(TOLD_WITHIN).await.unwrap();
    scene.is_reconciled().await;
    scene.stack.stop().await.unwrap();
}

impl Scene {
    async fn new() -> Self {
        let layout = Layout::temporary(Stores::Real).unwrap();
        let stack = Stack::start(layout, &Wishes::of_few_people())
            .await
            .unwrap();
        let api = Api::new(stack.layout().gateway_url());
        let admin = stack.admin_sign_in();
        let admin = api.sign_in(&admin.username, &admin.password).await.unwrap();
        let customer = api.newcomer(Role::Customer).await.unwrap();
        let provider = api.newcomer(Role::Provider).await.unwrap();
        Self {
            stack,
            api,
            admin,
            customer,
            provider,
        }
    }

    async fn many<T>(&self, count: usize, act: impl AsyncFn(usize) -> T) -> Vec<T> {
        let act = &act;
        stream::iter(0..count)
            .map(move |n| act(n))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await
    }

    async fn each(&self, orders: &[OrderId], act: impl AsyncFn(OrderId)) {
        self.many(orders.len(), async |n| act(orders[n]).await)
            .await;
    }

    async fn taken(&self, n: usize) -> OrderId {
        let Self {
            api,
            admin,
            customer,
            provider,
            ..
        } = self;
        let title = format!("Job {n}");
        let order = api
            .publish_approved(customer, admin, Region::South, &title)
            .await
            .unwrap();
        let accepted = api.act(provider, order, "accept").await.unwrap();
        assert_eq!(accepted.status, OrderStatus::Accepted);
        order
    }

    async fn paid(&self, order: OrderId) {
        let form = json!({ "order_id": order, "amount": "200.00" });
        let paid = self.post(&self.customer, "/api/v1/payments", form).await;
        assert_eq!(paid["status"], "completed", "{paid}");
    }

    async fn completed(&self, order: OrderId) {
        self.is_held(order).await;
        for act in ["start", "complete"] {
            self.api.act(&self.provider, order, act).await.unwrap();
        }
    }

    async fn reviewed(&self, order: OrderId) {
        let form = json!({ "order_id": order, "stars": 4, "content": "很准时, and tidy" });
        self.post(&self.customer, "/api/v1/reviews", form).await;
    }

    async fn is_held(&self, order: OrderId) {
        eventually("the order shows its payment", TOLD_WITHIN, async || {
            let order = self.api.order(&self.customer, order).await.ok()?;
            (order.payment_status == PaymentStatus::Held).then_some(())
        })
        .await;
    }

    async fn is_reviewed(&self, order: OrderId) {
        eventually("the order is reviewed", TOLD_WITHIN, async || {
            let order = self.api.order(&self.customer, order).await.ok()?;
            (order.status == OrderStatus::Reviewed).then_some(())
        })
        .await;
    }

    async fn is_rated(&self, reviews: usize) {
        eventually(
            "the profile tells all reviews and jobs",
            TOLD_WITHIN,
            async || {
                let profile = self.get(&self.provider, "/api/v1/users/me/profile").await;
                let told = (&profile["rating_hundredths"], &profile["total_reviews"]);
                (told == (&json!(400), &json!(reviews))).then_some(())
            },
        )
        .await;
    }

    /// The inbox has exactly these lines, and the right count.
    async fn has_exactly(&self, person: &Person, expected: &Lines) {
        let lines = eventually("everything is told", TOLD_WITHIN, async || {
            let lines = self.told(person).await;
            (lines.len() >= expected.len()).then_some(lines)
        })
        .await;
        assert_eq!(&lines, expected, "{:?}", person.role);
        let count = json!(expected.values().sum::<usize>());
        eventually("the counter follows its lines", TOLD_WITHIN, async || {
            let page = self.get(person, "/api/v1/notifications?limit=1").await;
            (page["unread"] == count).then_some(())
        })
        .await;
    }

    async fn is_reconciled(&self) {
        eventually(
            "orders, payments, books and adapter agree",
            TOLD_WITHIN,
            async || {
                let report = self
                    .get(&self.admin, "/api/v1/payments/reconciliation")
                    .await;
                (report["differences"] == json!([]) && report["waiting"] == json!([])).then_some(())
            },
        )
        .await;
    }

    async fn told(&self, person: &Person) -> Lines {
        let mut lines = Lines::new();
        for line in self.api.inbox(person).await.unwrap() {
            *lines
                .entry((line.order_id.unwrap(), line.kind))
                .or_default() += 1;
        }
        lines
    }

    async fn get(&self, person: &Person, path: &str) -> Value {
        self.api
            .call(Method::GET, path, Some(person), None)
            .await
            .unwrap()
    }

    async fn post(&self, person: &Person, path: &str, body: Value) -> Value {
        self.api
            .call(Method::POST, path, Some(person), Some(body))
            .await
            .unwrap()
    }
}
