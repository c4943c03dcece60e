//! A customer pays at the gateway, work starts on held money, and a cancelled order refunds it.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use stack::{Layout, Stack, Stores, Wishes};
use support::{Api, Person, eventually, is_deep_run, samples::order_form, test_servers};
use wire::{Code, OrderId, OrderStatus, PaymentStatus, Region, Role};

/// Two relays and two consumers separate a payment from the order that shows it.
const SHOWN_WITHIN: Duration = Duration::from_secs(30);

struct Scene {
    stack: Stack,
    api: Api,
    admin: Person,
    customer: Person,
    provider: Person,
}

#[tokio::test(flavor = "multi_thread")]
async fn money_moves_with_the_work_on_every_store() {
    for stores in Stores::for_test_run(is_deep_run()) {
        money_moves_with_the_work(stores).await;
    }
}

async fn money_moves_with_the_work(stores: Stores) {
    let scene = Scene::new(stores).await;
    let Scene {
        api,
        customer,
        provider,
        ..
    } = &scene;
    let order = scene.accepted().await;
    let early = api.act(provider, order, "start").await.unwrap_err();
    assert_eq!(early.problem.unwrap().code, Code::FundsNotHeld);
    let price = api.order(customer, order).await.unwrap().price;
    let form = json!({ "order_id": order, "amount": price, "payment_method": "simulated" });
    // The predecessor systems' spelling.
    let paid = scene
        .post(customer, "/api/payments/", form.clone())
        .await
        .unwrap();
    assert_eq!(paid["status"], "completed", "{paid}");
    let again = scene
        .post(customer, "/api/v1/payments", form)
        .await
        .unwrap_err();
    assert_eq!(again, Code::AlreadyPaid);
    scene.shows(order, PaymentStatus::Held).await;
    api.act(provider, order, "start").await.unwrap();
    let ask = json!({ "order_id": order, "amount": "50.00", "reason": "It took too long." });
    let asked = scene.post(customer, "/api/v1/refunds", ask).await.unwrap();
    let grant = format!(
        "/api/v1/admin/refunds/{}/grant",
        asked["id"].as_str().unwrap()
    );
    let granted: Value = api
        .post_keyed(&grant, &scene.admin, json!({}))
        .await
        .unwrap();
    assert_eq!(granted["status"], "granted");
    let done = api.act(provider, order, "complete").await.unwrap();
    assert_eq!(done.status, OrderStatus::Completed);
    let statement = format!("/api/v1/orders/{order}/statement");
    let lines = eventually("the refund is booked", SHOWN_WITHIN, async || {
        let lines: Value = api
            .call(Method::GET, &statement, Some(customer), None)
            .await
            .ok()?;
        (lines["items"].as_array()?.len() == 2).then_some(lines)
    })
    .await;
    let amounts = [&lines["items"][0]["amount"], &lines["items"][1]["amount"]];
    assert_eq!(amounts, [&json!(price), &json!("-50.00")]);

    let other = scene.accepted().await;
    let form = json!({ "order_id": other, "amount": price });
    scene
        .post(customer, "/api/v1/payments", form)
        .await
        .unwrap();
    scene.shows(other, PaymentStatus::Held).await;
    api.act(customer, other, "cancel").await.unwrap();
    scene.shows(other, PaymentStatus::Refunded).await;
    let history = api.timeline(customer, other).await.unwrap();
    let shown: Vec<PaymentStatus> = history
        .iter()
        .filter_map(|line| line.payment_status)
        .collect();
    assert_eq!(shown, [PaymentStatus::Held, PaymentStatus::Refunded]);

    scene.cancels_late().await;
    scene.reconciled().await;
    scene.stack.stop().await.unwrap();
}

impl Scene {
    async fn new(stores: Stores) -> Self {
        let layout = Layout::temporary(stores).unwrap().with_one_edge();
        let wishes = Wishes::default().on(test_servers());
        let stack = Stack::start(layout, &wishes).await.unwrap();
        let api = Api::new(stack.layout().gateway_url());
        let admin = stack.admin_sign_in();
        let admin = api.sign_in(&admin.username, &admin.password).await.unwrap();
        let customer = api.newcomer(Role::Customer).await.unwrap();
        let provider = api.provider(&admin).await.unwrap();
        Self {
            stack,
            api,
            admin,
            customer,
            provider,
        }
    }

    async fn accepted(&self) -> OrderId {
        let Self { api, customer, .. } = self;
        let order = api
            .publish(customer, Region::North, "Fix the tap")
            .await
            .unwrap()
            .order_id;
        self.taken(order).await
    }

    async fn taken(&self, order: OrderId) -> OrderId {
        let Self {
            api,
            admin,
            provider,
            ..
        } = self;
        api.act(admin, order, "approve").await.unwrap();
        api.act(provider, order, "accept").await.unwrap();
        order
    }

    /// A cancellation shortly before the work costs the previewed fee: the provider gets the fee,
    /// the customer the rest.
    async fn cancels_late(&self) {
        let Self {
            api,
            customer,
            provider,
            ..
        } = self;
        let mut form = order_form(Region::North, "Fix the tap");
        form["price"] = json!("200.01");
        form["service_start_time"] = json!("2026-01-01T08:00:00Z");
        let published = self.post(customer, "/api/v1/orders", form).await.unwrap();
        let order = self
            .taken(published["order_id"].as_str().unwrap().parse().unwrap())
            .await;
        let form = json!({ "order_id": order, "amount": "200.01" });
        self.post(customer, "/api/v1/payments", form).await.unwrap();
        self.shows(order, PaymentStatus::Held).await;
        let preview = format!("/api/v1/orders/{order}/cancellation");
        let shown: Value = api
            .call(Method::GET, &preview, Some(customer), None)
            .await
            .unwrap();
        assert_eq!(
            (&shown["fee"], &shown["refund"]),
            (&json!("20.00"), &json!("180.01"))
        );
        let cancel = format!("/api/v1/orders/{order}/cancel");
        let blind = self.post(customer, &cancel, json!({})).await.unwrap_err();
        assert_eq!(blind, Code::TermsChanged);
        self.post(customer, &cancel, json!({ "fee": shown["fee"] }))
            .await
            .unwrap();
        self.shows(order, PaymentStatus::PartiallyRefunded).await;
        let statement = format!("/api/v1/orders/{order}/statement");
        let amounts = async |who: &Person| {
            let lines: Value = api
                .call(Method::GET, &statement, Some(who), None)
                .await
                .unwrap();
            let lines = lines["items"].as_array().unwrap().clone();
            lines
                .into_iter()
                .map(|line| line["amount"].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(amounts(customer).await, ["200.01", "20.00", "-180.01"]);
        // The provider gets the fee, and sees the refund of the money held for them.
        assert_eq!(amounts(provider).await, ["-20.00", "180.01"]);
        for (who, payments, lines) in [(customer, Some(1), 3), (provider, None, 2)] {
            let page = format!("/api/v1/orders/{order}/page");
            let page: Value = api.call(Method::GET, &page, Some(who), None).await.unwrap();
            let count = |list: &Value| list.as_array().map(Vec::len);
            assert_eq!(page["missing"], json!([]));
            assert_eq!(count(&page["payment"]["payments"]), payments, "{page}");
            assert_eq!(count(&page["payment"]["statement"]), Some(lines), "{page}");
        }
    }

    /// Asserts that orders, payments, ledger and adapter agree.
    async fn reconciled(&self) {
        let path = "/api/v1/payments/reconciliation";
        eventually("the report is empty", SHOWN_WITHIN, async || {
            let report: Value = self
                .api
                .call(Method::GET, path, Some(&self.admin), None)
                .await
                .ok()?;
            (report["differences"] == json!([]) && report["waiting"] == json!([])).then_some(())
        })
        .await;
    }

    async fn post(&self, person: &Person, path: &str, body: Value) -> Result<Value, Code> {
        let answer = self
            .api
            .call(Method::POST, path, Some(person), Some(body))
            .await;
        answer.map_err(|error| error.problem.expect("a refusal says why").code)
    }

    async fn shows(&self, order: OrderId, status: PaymentStatus) {
        eventually("the order shows its payment", SHOWN_WITHIN, async || {
            let order = self.api.order(&self.customer, order).await.ok()?;
            (order.payment_status == status).then_some(())
        })
        .await;
    }
}
