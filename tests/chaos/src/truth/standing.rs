//! Compares every edge's orders with the cloud's: the edge's file, the hub's feed and the order
//! service's rows.

use std::collections::BTreeMap;

use http::Method;
use platform::{sql::Sql, vals};
use serde::Deserialize;
use support::{Api, Person};
use uuid::Uuid;
use wire::{Hash, Order, OrderId, Region};

use super::{Findings, Truth};

/// An order's state in one of the three stores.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stands {
    version: u64,
    status: String,
    provider: Option<Uuid>,
}

/// The version and the digest share of each order.
type Shares = BTreeMap<OrderId, (u64, Hash)>;

#[derive(Deserialize)]
struct Page {
    items: Vec<Order>,
    next: Option<String>,
}

impl Truth {
    /// Compares counts, versions, states and checksums of each edge with the hub's feed and with
    /// the order service's rows.
    ///
    /// # Panics
    /// If a store cannot be read.
    pub async fn edges_unlike_the_cloud(&self) -> Findings {
        let mut found = Findings::new();
        for (seat, file) in &self.edges {
            let edge = orders_of(file).await;
            let shares: Shares = edge
                .iter()
                .map(|order| (order.id, (order.version, order.compute_digest())))
                .collect();
            let feed = self.fed(seat.region).await;
            differences(&mut found, &format!("{seat} and the hub"), &shares, &feed);
            let stands: BTreeMap<_, _> = edge
                .into_iter()
                .map(|order| (order.id, of(&order)))
                .collect();
            let stored = self.stored(seat.region).await;
            differences(
                &mut found,
                &format!("{seat} and the order service"),
                &stands,
                &stored,
            );
            found.extend(self.sums_that_are_wrong(seat.region, &shares).await);
        }
        found
    }

    /// Compares the whole orders with those that the order service returns to an admin.
    ///
    /// # Panics
    /// If the order service does not answer.
    pub async fn edges_unlike_the_order_service(&self, api: &Api, admin: &Person) -> Findings {
        let mut found = Findings::new();
        for region in Region::ALL {
            let orders = listed(api, admin, region).await;
            let shares = |orders: Vec<Order>| -> Shares {
                orders
                    .iter()
                    .map(|order| (order.id, (order.version, order.compute_digest())))
                    .collect()
            };
            let answered = shares(orders);
            for (seat, file) in self.edges.iter().filter(|(seat, _)| seat.region == region) {
                let edge = shares(orders_of(file).await);
                differences(
                    &mut found,
                    &format!("{seat} and what is answered"),
                    &edge,
                    &answered,
                );
            }
        }
        found
    }

    async fn fed(&self, region: Region) -> Shares {
        const FED: &str = "SELECT entity, version, digest FROM feed \
            WHERE region = ? AND kind = 'order' ORDER BY version";
        let rows: Vec<(Uuid, i64, Vec<u8>)> = self
            .sync_db
            .fetch_all(FED, vals![region])
            .await
            .expect("the feed");
        rows.into_iter()
            .map(|(id, version, digest)| {
                let digest = Hash::try_from(&digest[..]).expect("a digest");
                (
                    OrderId(id),
                    (u64::try_from(version).unwrap_or_default(), digest),
                )
            })
            .collect()
    }

    async fn stored(&self, region: Region) -> BTreeMap<OrderId, Stands> {
        const STORED: &str =
            "SELECT id, version, status, provider_id FROM orders WHERE location = ?";
        let rows: Vec<(Uuid, i64, String, Option<Uuid>)> = self
            .order_db
            .fetch_all(STORED, vals![region])
            .await
            .expect("the orders");
        rows.into_iter()
            .map(|(id, version, status, provider)| {
                let version = u64::try_from(version).unwrap_or_default();
                (
                    OrderId(id),
                    Stands {
                        version,
                        status,
                        provider,
                    },
                )
            })
            .collect()
    }

    /// Checks the hub's stored count and digest of the region.
    async fn sums_that_are_wrong(&self, region: Region, shares: &Shares) -> Findings {
        const SUMS: &str = "SELECT orders, feed_digest FROM regions WHERE region = ?";
        let (count, digest): (i64, Vec<u8>) = self
            .sync_db
            .fetch_optional(SUMS, vals![region])
            .await
            .expect("a region")
            .expect("a row");
        let mut sum = Hash::ZERO;
        shares
            .values()
            .for_each(|(_, share)| sum.toggle_member(*share));
        let mut found = Findings::new();
        if usize::try_from(count).ok() != Some(shares.len()) {
            found.push(format!(
                "{region}: the hub counts {count} orders, an edge {}",
                shares.len()
            ));
        }
        if digest != sum.0 {
            found.push(format!("{region}: the hub's digest is not the edge's"));
        }
        found
    }

    /// Returns true if all these orders are open on all of the region's edges.
    pub async fn on_every_board(&self, region: Region, orders: &[OrderId]) -> bool {
        const ROW: &str = "SELECT bytes FROM orders WHERE id = ?";
        for (_, file) in self.edges.iter().filter(|(seat, _)| seat.region == region) {
            for id in orders {
                let row: Result<Option<Vec<u8>>, _> = file.fetch_optional(ROW, vals![*id]).await;
                let Ok(Some(bytes)) = row else { return false };
                if order(&bytes).status != wire::OrderStatus::Pending {
                    return false;
                }
            }
        }
        true
    }
}

async fn orders_of(file: &Sql) -> Vec<Order> {
    let rows: Vec<Vec<u8>> = file
        .fetch_all("SELECT bytes FROM orders", vals![])
        .await
        .expect("an edge's orders");
    rows.iter().map(|bytes| order(bytes)).collect()
}

fn order(bytes: &[u8]) -> Order {
    minicbor::decode(bytes).expect("an edge's order")
}

async fn listed(api: &Api, admin: &Person, region: Region) -> Vec<Order> {
    let mut orders = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("/api/v1/admin/orders?region={region}&limit=100{after}");
        let page: Page = api
            .call(Method::GET, &path, Some(admin), None)
            .await
            .expect("orders");
        orders.extend(page.items);
        match page.next {
            Some(next) => after = format!("&cursor={next}"),
            None => return orders,
        }
    }
}

fn of(order: &Order) -> Stands {
    Stands {
        version: order.version,
        status: order.status.as_str().to_owned(),
        provider: order.provider_id.map(|provider| provider.0),
    }
}

/// Reports only a few: one differing order is as clear as a hundred.
fn differences<T: PartialEq + std::fmt::Debug>(
    found: &mut Findings,
    between: &str,
    one: &BTreeMap<OrderId, T>,
    other: &BTreeMap<OrderId, T>,
) {
    const SHOWN_MAX: usize = 5;
    let ids = one
        .keys()
        .chain(other.keys().filter(|id| !one.contains_key(id)));
    let differing = ids
        .filter(|id| one.get(id) != other.get(id))
        .collect::<Vec<_>>();
    for id in differing.iter().take(SHOWN_MAX) {
        found.push(format!(
            "{between}: {id} is {:?} and {:?}",
            one.get(id),
            other.get(id)
        ));
    }
    if differing.len() > SHOWN_MAX {
        found.push(format!("{between}: {} orders differ", differing.len()));
    }
}
