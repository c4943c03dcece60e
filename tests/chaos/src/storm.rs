//! Many commands at once through one edge, and the count afterwards.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use process::clock::Clock;
use stack::Stack;
use support::{Api, Mqtt, Person, Place, Tablet, eventually};
use tokio::{sync::Semaphore, task::JoinSet};
use wire::{
    Amount, CommandBody, CommandId, Draft, OrderId, OutcomeKind, Region, Reply, Role, ServiceType,
    Verdict,
};

use crate::scene::here;

/// How many of a kiosk's commands are on their way at once.
const AT_ONCE: usize = 16;
/// Long enough for a killed process to come back on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

/// A customer at a kiosk of one region, publishing order after order through its edge.
pub struct Storm {
    api: Api,
    customer: Person,
    kiosk: Arc<Tablet>,
    region: Region,
    receipts: Arc<AtomicUsize>,
}

/// The edge's signed word that it holds the command, and the order that the command makes.
#[derive(Debug, Clone)]
pub struct Receipted {
    pub command: CommandId,
    pub order: OrderId,
    pub reply: Reply,
}

impl Storm {
    /// At the region's first edge.
    ///
    /// # Panics
    /// When the cloud does not take a new customer.
    pub async fn in_region(stack: &Stack, api: &Api, region: Region) -> Self {
        Self::at(api, here(stack.layout().edge(region))).await
    }

    /// # Panics
    /// When the cloud does not take a new customer.
    pub async fn at(api: &Api, place: Place) -> Self {
        let customer = api.newcomer(Role::Customer).await.expect("a new customer");
        let region = place.region;
        let device = format!("kiosk-{}", &customer.user_id.to_string()[24..]);
        let visitor = api.at_edges(&customer, region).await.expect("a token for the edges");
        let kiosk = Arc::new(Tablet::new(place, &device, &visitor, Mqtt::V5));
        Self { api: api.clone(), customer, kiosk, region, receipts: Arc::default() }
    }

    /// Publishes `count` orders through the edge, each sent until it is receipted.
    ///
    /// # Panics
    /// When a command is not receipted in time, or not taken: an edge that is alive takes them all.
    pub async fn publish(&self, count: usize) -> Vec<Receipted> {
        let permits = Arc::new(Semaphore::new(AT_ONCE));
        let mut sent = JoinSet::new();
        for n in 0..count {
            let (kiosk, permits) = (self.kiosk.clone(), permits.clone());
            let (receipts, body) = (self.receipts.clone(), order(self.region, n));
            sent.spawn(async move {
                let _permit = permits.acquire_owned().await;
                let made = body.order_id();
                let command = kiosk.prepare(body);
                let reply = kiosk.until_stored(command, LIMIT).await.expect("a receipt");
                assert_ne!(reply.verdict, Verdict::NotTaken, "{reply:?}");
                receipts.fetch_add(1, Ordering::Relaxed);
                Receipted { command, order: made, reply }
            });
        }
        sent.join_all().await
    }

    /// Waits until that many receipts have come since the storm began.
    pub async fn receipts(&self, count: usize) {
        eventually("enough receipts", LIMIT, async || {
            (self.receipts.load(Ordering::Relaxed) >= count).then_some(())
        })
        .await;
    }

    /// The set with receipts is the set applied, each once; each made one event, and each event one
    /// line in the customer's inbox.
    ///
    /// # Panics
    /// When something was lost, doubled or is not explained.
    pub async fn check(&self, receipted: &[Receipted]) {
        for one in receipted {
            let reply = self.kiosk.until_decided(one.command, LIMIT).await.expect("an outcome");
            let outcome = reply.outcome.expect("a decided reply carries its outcome");
            assert_ne!(outcome.kind, OutcomeKind::Rejected, "{one:?} {outcome:?}");
            let timeline = self.api.timeline(&self.customer, one.order).await.expect("a timeline");
            let lines: Vec<_> = timeline.iter().map(|entry| entry.command_id).collect();
            assert_eq!(lines, [one.command], "applied exactly once");
        }
        self.check_inbox(receipted).await;
    }

    /// Each was applied exactly once, told by the cloud alone: the edge they were sent to may not
    /// speak any more.
    ///
    /// # Panics
    /// When one was lost or doubled.
    pub async fn check_applied(&self, receipted: &[Receipted]) {
        for one in receipted {
            let timeline = eventually("a timeline", LIMIT, async || {
                self.api.timeline(&self.customer, one.order).await.ok()
            })
            .await;
            let lines: Vec<_> = timeline.iter().map(|entry| entry.command_id).collect();
            assert_eq!(lines, [one.command], "applied exactly once");
        }
    }

    async fn check_inbox(&self, receipted: &[Receipted]) {
        let expected: BTreeMap<OrderId, usize> =
            receipted.iter().map(|one| (one.order, 1)).collect();
        let lines = eventually("a line for every order", LIMIT, async || {
            let lines = self.lines().await?;
            (lines.len() >= expected.len()).then_some(lines)
        })
        .await;
        assert_eq!(lines, expected, "one inbox line for each order, and no other");
    }

    /// How many lines about its creation each order of this customer has.
    async fn lines(&self) -> Option<BTreeMap<OrderId, usize>> {
        let inbox = self.api.inbox(&self.customer).await.ok()?;
        let mut lines = BTreeMap::new();
        for line in inbox.iter().filter(|line| line.kind == "order.created") {
            *lines.entry(line.order_id?).or_default() += 1;
        }
        Some(lines)
    }
}

/// The publishing of one more order in that region. The n-th costs n cents more than the first.
///
/// # Panics
/// Never: the price is one.
pub fn order(region: Region, n: usize) -> CommandBody {
    let price = 12_050 + i64::try_from(n).expect("few orders");
    let price = Amount::from_minor(price).expect("a price");
    let title = format!("Job {n}");
    let draft = Draft::new(&title, ServiceType::Other, price, region, "1 Harbour Road");
    let order_id = OrderId(Clock::system().new_id());
    CommandBody::PublishOrder { order_id, order: draft }
}
