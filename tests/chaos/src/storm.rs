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

/// A kiosk's commands in flight at once.
const AT_ONCE: usize = 16;
/// Long enough for a killed process to come back on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

/// A customer at a kiosk who publishes orders through one edge.
pub struct Storm {
    api: Api,
    customer: Person,
    kiosk: Arc<Tablet>,
    region: Region,
    receipts: Arc<AtomicUsize>,
}

/// A command with the edge's signed receipt, and the order it creates.
#[derive(Debug, Clone)]
pub struct Receipted {
    pub command: CommandId,
    pub order: OrderId,
    pub reply: Reply,
}

impl Storm {
    /// A storm at the region's first edge.
    ///
    /// # Panics
    /// If the cloud does not register a new customer.
    pub async fn in_region(stack: &Stack, api: &Api, region: Region) -> Self {
        Self::at(api, here(stack.layout().edge(region))).await
    }

    /// # Panics
    /// If the cloud does not register a new customer.
    pub async fn at(api: &Api, place: Place) -> Self {
        let customer = api.newcomer(Role::Customer).await.expect("a new customer");
        let region = place.region;
        let device = format!("kiosk-{}", &customer.user_id.to_string()[24..]);
        let visitor = api
            .at_edges(&customer, region)
            .await
            .expect("a token for the edges");
        let kiosk = Arc::new(Tablet::new(place, &device, &visitor, Mqtt::V5));
        Self {
            api: api.clone(),
            customer,
            kiosk,
            region,
            receipts: Arc::default(),
        }
    }

    /// Publishes `count` orders through the edge and retries each until it has a receipt.
    ///
    /// # Panics
    /// If a command gets no receipt in time, or is not taken: a live edge takes them all.
    pub async fn publish(&self, count: usize) -> Vec<Receipted> {
        let permits = Arc::new(Semaphore::new(AT_ONCE));
        let mut sent = JoinSet::new();
        for n in 0..count {
            let kiosk = self.kiosk.clone();
            let permits = permits.clone();
            let receipts = self.receipts.clone();
            let body = order(self.region, n);
            sent.spawn(async move {
                let _permit = permits.acquire_owned().await;
                let made = body.order_id();
                let command = kiosk.prepare(body);
                let reply = kiosk.until_stored(command, LIMIT).await.expect("a receipt");
                assert_ne!(reply.verdict, Verdict::NotTaken, "{reply:?}");
                receipts.fetch_add(1, Ordering::Relaxed);
                Receipted {
                    command,
                    order: made,
                    reply,
                }
            });
        }
        sent.join_all().await
    }

    /// Waits until `count` receipts have come since the storm began.
    pub async fn receipts(&self, count: usize) {
        eventually("enough receipts", LIMIT, async || {
            (self.receipts.load(Ordering::Relaxed) >= count).then_some(())
        })
        .await;
    }

    /// The commands with receipts are exactly those applied, each once. Each made one event, and
    /// each event one line in the customer's inbox.
    ///
    /// # Panics
    /// If a command was lost, doubled or cannot be explained.
    pub async fn check(&self, receipted: &[Receipted]) {
        for one in receipted {
            let reply = self
                .kiosk
                .until_decided(one.command, LIMIT)
                .await
                .expect("an outcome");
            let outcome = reply.outcome.expect("a decided reply carries its outcome");
            assert_ne!(outcome.kind, OutcomeKind::Rejected, "{one:?} {outcome:?}");
            let timeline = self
                .api
                .timeline(&self.customer, one.order)
                .await
                .expect("a timeline");
            let lines: Vec<_> = timeline.iter().map(|entry| entry.command_id).collect();
            assert_eq!(lines, [one.command], "applied exactly once");
        }
        self.check_inbox(receipted).await;
    }

    /// Each command was applied exactly once, according to the cloud alone: its edge may be gone.
    ///
    /// # Panics
    /// If a command was lost or doubled.
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
        assert_eq!(
            lines, expected,
            "one inbox line for each order, and no other"
        );
    }

    /// The number of inbox lines about the creation of each order of this customer.
    async fn lines(&self) -> Option<BTreeMap<OrderId, usize>> {
        let inbox = self.api.inbox(&self.customer).await.ok()?;
        let mut lines = BTreeMap::new();
        for line in inbox.iter().filter(|line| line.kind == "order.created") {
            *lines.entry(line.order_id?).or_default() += 1;
        }
        Some(lines)
    }
}

/// A command to publish one more order in the region. The n-th costs n cents more than the first.
///
/// # Panics
/// Never: the price is valid.
pub fn order(region: Region, n: usize) -> CommandBody {
    let price = 12_050 + i64::try_from(n).expect("few orders");
    let price = Amount::from_minor(price).expect("a price");
    let title = format!("Job {n}");
    let draft = Draft::new(&title, ServiceType::Other, price, region, "1 Harbour Road");
    let order_id = OrderId(Clock::system().new_id());
    CommandBody::PublishOrder {
        order_id,
        order: draft,
    }
}
