//! What must be true: of the cut-off region, and of the cloud after healing.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};
use support::{InboxLine, Person, eventually};
use wire::{
    Action, Order, OrderId, OrderStatus, Outcome, OutcomeKind, PaymentStatus, Sentence, Source,
    TimelineEntry, UnixMillis, Verdict,
};

use crate::{
    LIMIT, REGION,
    order::{HistoryLine, KioskOrder, SentCommand},
    plan::{Path, Ruling},
    scene::Scene,
};

/// The inbox lines of the customer that are counted; all are about one order each.
const COUNTED: [&str; 7] = [
    "order.created",
    "order.approved",
    "order.accepted",
    "order.completed",
    "order.cancelled",
    "payment.completed",
    "refund.processed",
];

/// The position in the history while it is compared.
struct HistoryPosition {
    status: Option<OrderStatus>,
    seq: u64,
    edge_at: UnixMillis,
    cloud_at: UnixMillis,
}

impl Scene {
    /// The edge shows to the customer that each order has ended. The cloud knows only those from
    /// before the contact, and their payments.
    pub(crate) async fn check_region_alone(&self, orders: &[KioskOrder], known: &[KioskOrder]) {
        for order in orders.iter().chain(known) {
            let found = eventually("the receipt opens its order", LIMIT, async || {
                self.follow_at_edge(order).await
            })
            .await;
            let shown = (&found["id"], &found["status"], &found["pending"]);
            let status = order.plan.path.status_at_edge();
            assert!(has_ended(status), "{}", order.describe());
            assert_eq!(
                shown,
                (&json!(order.id), &json!(status), &json!(true)),
                "{}: {found}",
                order.describe()
            );
        }
        self.check_cloud_knows_only(known).await;
        for order in known {
            let payment_status = order.plan.path.payment_status();
            self.until_in_cloud(order, |seen| seen.payment_status == payment_status)
                .await;
        }
    }

    pub(crate) async fn check_cloud_knows_only(&self, known: &[KioskOrder]) {
        let mut in_cloud = self.list_region().await;
        in_cloud.sort();
        let mut expected: Vec<OrderId> = known.iter().map(|order| order.id).collect();
        expected.sort();
        assert_eq!(in_cloud, expected, "the cloud has heard of no other order");
    }

    /// No provider finds an order without approval on the board of the edge.
    pub(crate) async fn check_hidden_from_providers(&self, order: &KioskOrder) {
        let provider = self.seat_of(order, Some(Action::Accept)).tablet.person();
        let board = eventually("the edge shows its board", LIMIT, async || {
            let board = self
                .edge
                .call::<Value>(Method::GET, "/board", Some(provider), None);
            board.await.ok()
        })
        .await;
        let is_it = |item: &Value| item["id"] == json!(order.id);
        let is_shown = board["items"].as_array().unwrap().iter().any(is_it);
        assert!(!is_shown, "{} waits for the cloud", order.describe());
    }

    /// All orders of the region in the cloud.
    async fn list_region(&self) -> Vec<OrderId> {
        let path = format!("/api/v1/admin/orders?region={REGION}&limit=100");
        let page: Value = self
            .api
            .call(Method::GET, &path, Some(&self.admin), None)
            .await
            .unwrap();
        assert_eq!(page["next"], Value::Null, "all are on one page");
        let items = page["items"].as_array().unwrap().iter();
        items
            .map(|item| serde_json::from_value(item["id"].clone()).unwrap())
            .collect()
    }

    /// Each sender hears the decision, and the reason if the cloud decided otherwise.
    pub(crate) async fn check_decisions(&self, orders: &[KioskOrder]) {
        for order in orders {
            for (number, sent) in order.sent.iter().enumerate() {
                let reply = self.until_decided(order, number).await;
                let what = format!("{}, {:?}: {reply:?}", order.describe(), sent.step);
                let Outcome { kind, code, .. } = reply.outcome.as_ref().unwrap();
                let ruling = match (kind, code) {
                    (OutcomeKind::Applied, None) => Ruling::Applied,
                    (OutcomeKind::Applied, Some(code)) => Ruling::AppliedWith(*code),
                    (OutcomeKind::Rejected, Some(code)) => Ruling::Rejected(*code),
                    _ => panic!("{what}"),
                };
                assert_eq!(ruling, sent.step.ruling, "{what}");
                assert_eq!(reply.receipt, sent.reply.receipt, "{what}");
                if let Ruling::AppliedWith(code) | Ruling::Rejected(code) = ruling {
                    assert_eq!(reply.message, Some(code.to_text()), "{what}");
                }
            }
        }
    }

    /// The cloud has each order once, as its customer made it and as it ended.
    pub(crate) async fn check_orders(&self, orders: &[KioskOrder]) {
        let mut in_cloud = self.list_region().await;
        in_cloud.sort();
        let mut expected: Vec<OrderId> = orders.iter().map(|order| order.id).collect();
        expected.sort();
        assert_eq!(in_cloud, expected, "each order is there once");
        for order in orders {
            let path = order.plan.path;
            // The review reaches the order by an event.
            self.until_in_cloud(order, |seen| seen.status == path.status_in_cloud())
                .await;
            let seen = self.api.order(&self.admin, order.id).await.unwrap();
            let what = format!("{}: {seen:?}", order.describe());
            let worker = order
                .has_provider()
                .then(|| self.provider_of(order).user_id);
            let Order {
                code,
                customer_id,
                provider_id,
                title,
                address,
                price,
                service_type,
                payment_status,
                source,
                ..
            } = &seen;
            let number = order.plan.number;
            assert_eq!(
                (code, customer_id, provider_id),
                (&order.code, &self.customer().user_id, &worker),
                "{what}"
            );
            assert_eq!(
                (title, address),
                (&format!("Job {number}"), &format!("{number} Harbour Road")),
                "{what}"
            );
            assert_eq!(
                (*price, *service_type, *payment_status),
                (order.plan.price, path.service_type(), path.payment_status()),
                "{what}"
            );
            assert_eq!(*source, Source::Edge(self.edge_id.clone()), "{what}");
            self.check_receipt(order, seen.status).await;
        }
    }

    /// The receipt from the kiosk opens the order in the cloud, and no other secret does.
    async fn check_receipt(&self, order: &KioskOrder, status: OrderStatus) {
        let track = async |secret: &str| {
            let path = format!("/api/v1/track/{}?s={secret}", order.code);
            self.api.call::<Value>(Method::GET, &path, None, None).await
        };
        let secret = &order.plan.secret;
        let tracked = track(secret).await.unwrap();
        assert_eq!(tracked["status"], json!(status), "{}", order.describe());
        let backwards: String = secret.chars().rev().collect();
        let refused = track(&backwards).await.unwrap_err();
        assert_eq!(refused.status, Some(404), "{}", order.describe());
    }

    /// Each step is in the history once, in order, and with the time at each hop.
    pub(crate) async fn check_histories(&self, orders: &[KioskOrder], healed_at: UnixMillis) {
        for order in orders {
            let entries = self.api.timeline(&self.admin, order.id).await.unwrap();
            let what = format!("{}: {entries:#?}", order.describe());
            assert_eq!(entries.len(), order.history.len(), "{what}");
            let mut position = HistoryPosition {
                status: None,
                seq: 0,
                edge_at: UnixMillis(0),
                cloud_at: UnixMillis(0),
            };
            let before_contact = order.plan.path.steps_before_contact().len();
            for (line, entry) in order.history.iter().zip(&entries) {
                assert_eq!(entry.from, position.status, "{what}");
                let cloud_at = entry.hops.cloud_at.unwrap();
                assert!(cloud_at >= position.cloud_at, "{what}");
                match line {
                    HistoryLine::AtEdge(number) => {
                        let sent = &order.sent[*number];
                        self.check_edge_entry(&mut position, sent, entry, &what);
                        let is_after_contact = *number >= before_contact;
                        assert_eq!(cloud_at >= healed_at, is_after_contact, "{what}");
                    }
                    HistoryLine::InCloud(action) => {
                        assert_eq!(entry.action, Some(*action), "{what}");
                        assert_eq!((&entry.source, &entry.edge), (&Source::Portal, &None));
                        position.status = Some(status_after(*action));
                    }
                    HistoryLine::Payment(status) => {
                        let shown = (entry.action, entry.payment_status);
                        assert_eq!(shown, (None, Some(*status)), "{what}");
                    }
                }
                assert_eq!(Some(entry.to), position.status, "{what}");
                position.cloud_at = cloud_at;
            }
        }
    }

    /// The entry of a command is the one that the edge gave its receipt for.
    fn check_edge_entry(
        &self,
        position: &mut HistoryPosition,
        sent: &SentCommand,
        entry: &TimelineEntry,
        what: &str,
    ) {
        let step = &sent.step;
        let code = match step.ruling {
            Ruling::Applied => None,
            Ruling::AppliedWith(code) | Ruling::Rejected(code) => Some(code),
        };
        if step.ruling == Ruling::Applied {
            position.status = Some(step.action.map_or(OrderStatus::PendingReview, status_after));
        }
        assert_eq!((entry.action, entry.code), (step.action, code), "{what}");
        assert_eq!(
            (entry.command_id, entry.actor.user_id),
            (sent.command, sent.user_id),
            "{what}"
        );
        assert_eq!(entry.source, Source::Edge(self.edge_id.clone()), "{what}");
        assert_eq!(entry.edge.as_ref(), Some(&self.edge_id), "{what}");
        if step.action == Some(Action::Review) {
            // The review service decides it, and its event names no op.
            return;
        }
        let receipt = sent.reply.receipt.as_ref().unwrap();
        assert_eq!(
            (entry.epoch, entry.seq, entry.verdict),
            (Some(receipt.epoch), Some(receipt.seq), Some(step.verdict)),
            "{what}"
        );
        let tapped_at = entry.hops.tapped_at.unwrap();
        let edge_at = entry.hops.edge_at.unwrap();
        assert!(sent.tapped_after <= tapped_at, "{what}");
        assert!(tapped_at <= edge_at, "{what}");
        assert!(edge_at <= sent.answered_before, "{what}");
        assert!(receipt.seq > position.seq, "{what}");
        assert!(edge_at >= position.edge_at, "{what}");
        position.seq = receipt.seq;
        position.edge_at = edge_at;
        assert_eq!(
            entry.promise.is_some(),
            step.verdict == Verdict::Firm,
            "{what}"
        );
    }

    /// The kiosk's account is notified once of each step, and the provider of an order that was
    /// cancelled in the cloud once.
    pub(crate) async fn check_inboxes(&self, orders: &[KioskOrder]) {
        let mut expected = BTreeMap::new();
        for order in orders {
            for kind in order.list_customer_news() {
                expected.insert((order.id, kind.to_owned()), 1);
            }
        }
        let lines = eventually("the customer's news have come", LIMIT, async || {
            let lines = self.count_lines(self.customer(), &COUNTED).await;
            (lines.len() >= expected.len()).then_some(lines)
        })
        .await;
        assert_eq!(lines, expected, "the kiosk's account");
        let collisions = orders
            .iter()
            .filter(|order| order.plan.path.is_cancelled_in_cloud());
        for order in collisions {
            let kind = if order.plan.path == Path::CancelledMeanwhile {
                "order.acceptance_lost"
            } else {
                "order.cancelled"
            };
            let line = self.find_line(order, kind).await;
            assert!(line.content.contains(order.code.as_str()), "{line:?}");
            if kind == "order.acceptance_lost" {
                assert!(line.content.contains("its promise counts"), "{line:?}");
            }
        }
    }

    /// The one line of this kind about the order in its provider's inbox.
    async fn find_line(&self, order: &KioskOrder, kind: &str) -> InboxLine {
        let provider = self.provider_of(order);
        let mut lines = eventually("the provider is told", LIMIT, async || {
            let mut lines = self.api.inbox(provider).await.ok()?;
            lines.retain(|line| line.order_id == Some(order.id) && line.kind == kind);
            (!lines.is_empty()).then_some(lines)
        })
        .await;
        assert_eq!(lines.len(), 1, "{}: {lines:?}", order.describe());
        lines.remove(0)
    }

    async fn count_lines(
        &self,
        person: &Person,
        kinds: &[&str],
    ) -> BTreeMap<(OrderId, String), usize> {
        let mut counts = BTreeMap::new();
        for line in self.api.inbox(person).await.unwrap() {
            if let Some(order) = line.order_id
                && kinds.contains(&line.kind.as_str())
            {
                *counts.entry((order, line.kind)).or_default() += 1;
            }
        }
        counts
    }
}

impl KioskOrder {
    /// The cloud decided that a provider has the order, or had it when it was cancelled.
    fn has_provider(&self) -> bool {
        let accept = self.sent_command(Action::Accept);
        accept.is_some_and(|sent| sent.step.ruling == Ruling::Applied)
    }

    /// The kinds of the customer's inbox lines about it.
    fn list_customer_news(&self) -> Vec<&'static str> {
        let news = self.history.iter().filter_map(|line| {
            let action = match line {
                HistoryLine::AtEdge(number) => {
                    let step = &self.sent[*number].step;
                    if step.ruling != Ruling::Applied {
                        return None;
                    }
                    step.action
                }
                HistoryLine::InCloud(action) => Some(*action),
                HistoryLine::Payment(PaymentStatus::Held) => return Some("payment.completed"),
                HistoryLine::Payment(_) => return Some("refund.processed"),
            };
            match action {
                None => Some("order.created"),
                Some(Action::Approve) => Some("order.approved"),
                Some(Action::Accept) => Some("order.accepted"),
                Some(Action::Complete) => Some("order.completed"),
                Some(Action::Cancel) => Some("order.cancelled"),
                Some(_) => None,
            }
        });
        news.collect()
    }
}

fn has_ended(status: OrderStatus) -> bool {
    matches!(
        status,
        OrderStatus::Completed | OrderStatus::Reviewed | OrderStatus::Cancelled
    )
}

/// The order's status after an action that took effect.
fn status_after(action: Action) -> OrderStatus {
    match action {
        Action::Approve => OrderStatus::Pending,
        Action::Accept => OrderStatus::Accepted,
        Action::Start => OrderStatus::InProgress,
        Action::Complete => OrderStatus::Completed,
        Action::Cancel => OrderStatus::Cancelled,
        Action::Review => OrderStatus::Reviewed,
        other => panic!("no path has a step {other}"),
    }
}
