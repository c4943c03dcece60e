//! One region with its people, and its edges' own HTTP API, which answers like a tablet.

use std::{path::PathBuf, time::Duration};

use chaos::{copy, put_back};
use http::Method;
use process::clock::Clock;
use serde_json::{Value, json};
use stack::{Part, Stack};
use support::{Api, Person, eventually};
use wire::{CmdFrame, CommandBody, CommandId, Hop, OrderId, Region, Reply, Role, Verdict};

pub(super) const LIMIT: Duration = Duration::from_secs(60);

pub(super) struct Ground<'a> {
    pub stack: &'a Stack,
    pub api: &'a Api,
    pub region: Region,
    pub admin: Person,
    pub customer: Person,
}

/// A provider as a user of the portal and of the region's edges.
pub(super) struct Provider {
    pub person: Person,
    pub visitor: Person,
}

/// A command with an edge's answer.
pub(super) struct Tap {
    pub order: OrderId,
    pub frame: CmdFrame,
    pub stored: Reply,
}

impl<'a> Ground<'a> {
    pub(super) async fn of(stack: &'a Stack, api: &'a Api, region: Region) -> Self {
        let admin = stack.admin_sign_in();
        Self {
            stack,
            api,
            region,
            admin: api.sign_in(&admin.username, &admin.password).await.unwrap(),
            customer: api.newcomer(Role::Customer).await.unwrap(),
        }
    }

    pub(super) async fn provider(&self) -> Provider {
        let person = self.api.newcomer(Role::Provider).await.unwrap();
        let visitor = self.api.at_edges(&person, self.region).await.unwrap();
        Provider { person, visitor }
    }

    /// The HTTP port of the region's first edge.
    pub(super) fn edge(&self) -> u16 {
        self.stack.layout().edge(self.region).http
    }

    pub(super) async fn assign(&self, asked: Value) {
        let path = format!("/api/v1/admin/assignments/{}", self.region);
        self.api
            .call::<Value>(Method::PUT, &path, Some(&self.admin), Some(asked))
            .await
            .unwrap();
    }

    /// Grants the right to assign to the region's first edge, and waits until it applies.
    pub(super) async fn held(&self) {
        let edge = &self.stack.layout().edge(self.region).edge;
        self.assign(json!({"policy": "exclusive", "holder": edge, "epoch": 1}))
            .await;
        self.until_firm(self.edge()).await;
    }

    pub(super) async fn until_firm(&self, port: u16) {
        eventually("the edge answers firm", LIMIT, async || {
            let standing: Value = at(port)
                .call(Method::GET, "/standing", None, None)
                .await
                .ok()?;
            (standing["firm"] == true).then_some(())
        })
        .await;
    }

    /// Waits until a right of the region has ended this way.
    pub(super) async fn until_ended(&self, how: &str) {
        let path = format!("/api/v1/admin/assignments/{}", self.region);
        eventually(&format!("the right has ended: {how}"), LIMIT, async || {
            let record = self
                .api
                .call::<Value>(Method::GET, &path, Some(&self.admin), None)
                .await;
            let record = record.ok()?;
            let mut fences = record["fences"].as_array()?.iter();
            fences.any(|fence| fence["end"]["how"] == how).then_some(())
        })
        .await;
    }

    /// Publishes approved orders and waits until those edges show them.
    pub(super) async fn orders<const N: usize>(&self, ports: &[u16]) -> [OrderId; N] {
        let mut orders = [OrderId(uuid::Uuid::nil()); N];
        for (n, order) in orders.iter_mut().enumerate() {
            let title = format!("Job {n}");
            *order = self
                .api
                .publish_approved(&self.customer, &self.admin, self.region, &title)
                .await
                .unwrap();
        }
        let admin = self.api.at_edges(&self.admin, self.region).await.unwrap();
        for port in ports {
            eventually("the orders are on the edge's board", LIMIT, async || {
                let board: Value = at(*port)
                    .call(Method::GET, "/board", Some(&admin), None)
                    .await
                    .ok()?;
                let items = board["items"].as_array()?;
                let open = |order: &OrderId| {
                    let is = |item: &&Value| item["id"] == json!(order);
                    items
                        .iter()
                        .find(is)
                        .is_some_and(|item| item["status"] == "pending")
                };
                orders.iter().all(open).then_some(())
            })
            .await;
        }
        orders
    }

    pub(super) async fn accepts(&self, provider: &Provider, port: u16, order: OrderId) -> Tap {
        let clock = Clock::system();
        let frame = CmdFrame {
            v: CmdFrame::VERSION,
            id: CommandId(clock.new_id()),
            device_seq: 1,
            tapped_at: clock.now(),
            seen: None,
            receipt: None,
            repeat: false,
            token: provider.visitor.token.clone(),
            body: CommandBody::AcceptOrder { order_id: order },
        };
        let stored = self.answer(port, &frame).await;
        assert_ne!(stored.verdict, Verdict::NotTaken, "{stored:?}");
        Tap {
            order,
            frame,
            stored,
        }
    }

    pub(super) async fn is_promised(&self, provider: &Provider, port: u16, order: OrderId) -> Tap {
        let tap = self.accepts(provider, port, order).await;
        assert_eq!(tap.stored.verdict, Verdict::Firm, "{:?}", tap.stored);
        tap
    }

    /// Repeats the command at that edge until the cloud has decided it. Only the region's first
    /// edge is sent its receipt.
    pub(super) async fn decided(&self, tap: &Tap, port: u16) -> Reply {
        let receipt = tap.stored.receipt.clone().filter(|_| port == self.edge());
        let frame = CmdFrame {
            seen: receipt.clone(),
            receipt,
            ..tap.frame.clone()
        };
        eventually("the cloud has decided", LIMIT, async || {
            let reply = self.asks(port, &frame).await?;
            (reply.hop == Hop::Decided).then_some(reply)
        })
        .await
    }

    pub(super) async fn accepts_at_portal(&self, provider: &Provider, order: OrderId) {
        self.api
            .act(&provider.person, order, "accept")
            .await
            .unwrap();
    }

    /// A portal accept that waits for the holder's log.
    pub(super) async fn asks_at_portal(&self, provider: &Provider, order: OrderId) {
        let path = format!("/api/v1/orders/{order}/accept");
        let person = Some(&provider.person);
        let told: Value = self
            .api
            .call(Method::POST, &path, person, None)
            .await
            .unwrap();
        assert_eq!(told["state"], "pending", "{told}");
    }

    pub(super) async fn cancels(&self, order: OrderId) {
        self.api.act(&self.customer, order, "cancel").await.unwrap();
    }

    /// Waits until the inbox reports that this acceptance lost.
    pub(super) async fn until_told(&self, provider: &Provider, order: OrderId) {
        eventually("the loser hears of it", LIMIT, async || {
            let inbox = self.api.inbox(&provider.person).await.ok()?;
            let mut lines = inbox
                .iter()
                .filter(|line| line.kind == "order.acceptance_lost");
            lines.any(|line| line.order_id == Some(order)).then_some(())
        })
        .await;
    }

    /// Closes the account and waits for the region's feed.
    pub(super) async fn revokes(&self, provider: &Provider) {
        let before = self.feed_seq().await.unwrap();
        let path = format!("/api/v1/admin/users/{}/revoke", provider.person.user_id);
        let why = Some(json!({"reason": "the licence was withdrawn"}));
        self.api
            .call::<Value>(Method::POST, &path, Some(&self.admin), why)
            .await
            .unwrap();
        eventually("the feed tells of the revocation", LIMIT, async || {
            (self.feed_seq().await? > before).then_some(())
        })
        .await;
    }

    async fn feed_seq(&self) -> Option<u64> {
        let report = self.stack.status().await.ok()?;
        let region = report
            .regions
            .into_iter()
            .find(|region| region.region == self.region)?;
        Some(region.feed_seq)
    }

    pub(super) async fn withdraws(&self, order: OrderId) {
        let path = format!("/api/v1/orders/{order}/withdraw");
        let why = Some(json!({"reason": "the licence was withdrawn"}));
        self.api
            .call::<Value>(Method::POST, &path, Some(&self.admin), why)
            .await
            .unwrap();
    }

    /// Stops the edge, copies part of its machine's data, and restarts it.
    pub(super) async fn copied(&self, part: &str) -> PathBuf {
        let edge = Part::Edge(self.region);
        self.stack.terminate(edge).await.unwrap();
        let to = self
            .stack
            .layout()
            .folder
            .join(format!("{}-copy", self.region));
        copy(&self.machine().join(part), &to).unwrap();
        self.stack.restart(edge).await.unwrap();
        to
    }

    pub(super) async fn restored(&self, copied: &std::path::Path, part: &str) {
        let edge = Part::Edge(self.region);
        self.stack.kill9(edge).await.unwrap();
        put_back(copied, &self.machine().join(part)).unwrap();
        self.stack.restart(edge).await.unwrap();
    }

    fn machine(&self) -> PathBuf {
        self.stack
            .layout()
            .edge_folder(self.stack.layout().edge(self.region))
    }

    async fn answer(&self, port: u16, frame: &CmdFrame) -> Reply {
        eventually("the edge answers", LIMIT, async || {
            self.asks(port, frame).await
        })
        .await
    }

    async fn asks(&self, port: u16, frame: &CmdFrame) -> Option<Reply> {
        let frame = Some(serde_json::to_value(frame).unwrap());
        at(port)
            .call(Method::POST, "/commands", None, frame)
            .await
            .ok()
    }
}

pub(super) fn at(port: u16) -> Api {
    Api::new(format!("http://127.0.0.1:{port}"))
}
