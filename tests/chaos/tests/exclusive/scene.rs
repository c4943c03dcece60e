//! A region with an edge that holds the right to assign, and its people.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use stack::{EdgePlace, Stack};
use support::{Api, Mqtt, Person, Place, Tablet, eventually};
use wire::{Code, CommandBody, EdgeId, OrderId, OutcomeKind, Region, Reply, Role, UserId, Verdict};

pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// One region with a provider at a tablet and another in the portal.
pub(crate) struct Scene<'a> {
    pub stack: &'a Stack,
    pub api: &'a Api,
    pub region: Region,
    pub admin: Person,
    pub customer: Person,
    pub provider: Person,
    /// The provider as a user of the region's edges.
    pub visitor: Person,
    pub at_tablet: Tablet,
    pub in_portal: Person,
}

impl<'a> Scene<'a> {
    /// Grants the region's edge the right to assign.
    pub(crate) async fn held(stack: &'a Stack, api: &'a Api, region: Region) -> Self {
        let place = stack.layout().edge(region);
        let edge = EdgeId::new(&place.edge).unwrap();
        let place = Place {
            region,
            edge,
            host: "127.0.0.1".into(),
            port: place.mqtt,
        };
        let provider = api.newcomer(Role::Provider).await.unwrap();
        let visitor = api.at_edges(&provider, region).await.unwrap();
        let admin = stack.admin_sign_in();
        let device = format!("tablet-{region}").to_lowercase();
        let scene = Self {
            stack,
            api,
            region,
            admin: api.sign_in(&admin.username, &admin.password).await.unwrap(),
            customer: api.newcomer(Role::Customer).await.unwrap(),
            at_tablet: Tablet::new(place, &device, &visitor, Mqtt::V5),
            provider,
            visitor,
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

    pub(crate) async fn set(&self, asked: Value) {
        let path = format!("/api/v1/admin/assignments/{}", self.region);
        self.api
            .call::<Value>(Method::PUT, &path, Some(&self.admin), Some(asked))
            .await
            .unwrap();
    }

    pub(crate) async fn record(&self) -> Value {
        let path = format!("/api/v1/admin/assignments/{}", self.region);
        self.api
            .call(Method::GET, &path, Some(&self.admin), None)
            .await
            .unwrap()
    }

    /// Waits until the edge has everything the cloud has, including this holder.
    pub(crate) async fn until_caught_up(&self, holder: Option<&str>) {
        eventually("the edge has caught up", LIMIT, async || {
            let report = self.stack.status().await.ok()?;
            let region = report
                .regions
                .into_iter()
                .find(|r| r.region == self.region)?;
            let edge = region.edges.first()?;
            let even = edge.lag_down_changes == 0 && edge.undecided == 0;
            (even && region.holder.as_ref().map(EdgeId::as_str) == holder).then_some(())
        })
        .await;
    }

    /// Publishes approved orders and waits until they are on the edge's board.
    pub(crate) async fn open_orders<const N: usize>(&self) -> [OrderId; N] {
        let mut orders = [OrderId(uuid::Uuid::nil()); N];
        for (n, order) in orders.iter_mut().enumerate() {
            let title = format!("Job {n}");
            *order = self
                .api
                .publish_approved(&self.customer, &self.admin, self.region, &title)
                .await
                .unwrap();
        }
        self.until_on_board(&orders).await;
        orders
    }

    /// The edge's own HTTP API.
    pub(crate) fn at_edge(&self) -> Api {
        let port = self.stack.layout().edge(self.region).http;
        Api::new(format!("http://127.0.0.1:{port}"))
    }

    /// Waits until the edge shows them as open.
    pub(crate) async fn until_on_board(&self, orders: &[OrderId]) {
        let edge = self.at_edge();
        let admin = self.api.at_edges(&self.admin, self.region).await.unwrap();
        eventually("the orders are on the edge's board", LIMIT, async || {
            let board: Value = edge
                .call(Method::GET, "/board", Some(&admin), None)
                .await
                .ok()?;
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
    }

    /// The number of listed cases of this kind about a command.
    pub(crate) async fn cases(&self, kind: &str, about: &Reply) -> usize {
        let path = "/api/v1/admin/cases";
        let cases: Value = self
            .api
            .call(Method::GET, path, Some(&self.admin), None)
            .await
            .unwrap();
        let is_it = |case: &&Value| {
            case["kind"] == json!(kind) && case["command_id"] == json!(about.command_id.unwrap())
        };
        cases["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(is_it)
            .count()
    }

    pub(crate) async fn accept(&self, order_id: OrderId) -> Reply {
        self.at_tablet
            .tap(CommandBody::AcceptOrder { order_id }, LIMIT)
            .await
            .unwrap()
    }

    pub(crate) async fn firmly_accept(&self, order: OrderId) -> Reply {
        let reply = self.accept(order).await;
        let receipt = reply.receipt.as_ref().unwrap();
        assert_eq!(
            (reply.verdict, receipt.verdict),
            (Verdict::Firm, Verdict::Firm),
            "{reply:?}"
        );
        assert!(receipt.fence.is_some(), "{receipt:?}");
        reply
    }

    pub(crate) async fn decided(&self, stored: &Reply) -> Reply {
        self.at_tablet
            .until_decided(stored.command_id.unwrap(), LIMIT)
            .await
            .unwrap()
    }

    pub(crate) async fn applied(&self, stored: &Reply, order: OrderId) {
        let outcome = self.decided(stored).await.outcome.unwrap();
        assert_eq!(outcome.kind, OutcomeKind::Applied, "{outcome:?}");
        let order = self.api.order(&self.admin, order).await.unwrap();
        assert_eq!(order.provider_id, Some(self.at_tablet.user_id()));
    }

    /// A portal accept that waits for the holder's decision.
    pub(crate) async fn portal_asks(&self, order: OrderId) {
        let path = format!("/api/v1/orders/{order}/accept");
        let told: Value = self
            .api
            .call(Method::POST, &path, Some(&self.in_portal), None)
            .await
            .unwrap();
        assert_eq!(told["state"], json!("pending"), "{told}");
    }

    pub(crate) async fn until_accepted_by(&self, order: OrderId, provider: UserId) {
        eventually("the order is accepted", LIMIT, async || {
            let order = self.api.order(&self.admin, order).await.ok()?;
            (order.provider_id == Some(provider)).then_some(())
        })
        .await;
    }

    /// Waits until this many ops of the edge wait for another holder.
    pub(crate) async fn until_held(&self, edge: &str, held: u64) {
        eventually("so many ops are shown as held", LIMIT, async || {
            let report = self.stack.status().await.ok()?;
            let region = report
                .regions
                .into_iter()
                .find(|r| r.region == self.region)?;
            let edge = region
                .edges
                .into_iter()
                .find(|known| known.edge.as_str() == edge)?;
            (edge.held == held).then_some(())
        })
        .await;
    }

    pub(crate) async fn portal_waits(&self, order: OrderId) {
        let refused = self
            .api
            .act(&self.in_portal, order, "accept")
            .await
            .unwrap_err();
        let code = refused.problem.as_ref().map(|problem| problem.code);
        assert_eq!(
            (refused.status, code),
            (Some(409), Some(Code::RegionAssigningOffline)),
            "{refused:?}"
        );
    }
}

pub(crate) fn place_of(edge: &EdgePlace) -> Place {
    let name = EdgeId::new(&edge.edge).unwrap();
    Place {
        region: edge.region,
        edge: name,
        host: "127.0.0.1".into(),
        port: edge.mqtt,
    }
}

/// Opens the gate without waiting for every link: one of the region's edges is dead.
pub(crate) async fn open_gate(api: &Api, admin: &Person, region: Region) {
    let path = format!("/api/v1/admin/regions/{region}");
    let open = Some(json!({"gate": "open"}));
    api.call::<Value>(Method::PUT, &path, Some(admin), open)
        .await
        .unwrap();
}

pub(crate) fn signal(stack: &Stack, child: &str, signal: &str) {
    let pid = stack.ready_file().pids[child].to_string();
    let done = std::process::Command::new("kill")
        .args([signal, &pid])
        .status()
        .unwrap();
    assert!(done.success(), "{signal} {child}");
}
