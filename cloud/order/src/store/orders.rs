//! Single orders: read for people, for anyone with the tracking receipt, and for the price of a
//! cancel; and read for other services to compare with their records [PULL].
//!
//! Invariant: the secret of a tracking receipt is not stored. It is derived from the order id with
//! the service's hash key, which never changes, and compared in constant time. A kiosk's receipt
//! has a secret of its page, to which the order's id commits.

use std::collections::{BTreeMap, BTreeSet};

use custody::{ComparedOrder, ComparedOrders, FeePolicy, OrderVersionsQuery};
use platform::{
    outbox, row,
    sql::{Columns, Val, in_list},
    transact, vals,
};
use rules::{OfflineRules, OrderState};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{
    Hash, Order, OrderAndTerms, OrderCode, OrderFingerprint, OrderId, OrderRangeDigest,
    OrderRangeQuery, OrderStatus, OrdersByIdReply, ReceiptSecret, ServiceHours, TimelineEntry,
    UnixMillis, UserId, is_open, range_digest,
};

use super::{
    Store, StoreError,
    cancel_fees::{POLICIES, policies_from_rows},
    rows::OrderRow,
    snapshot::read_bookings,
    timeline_rows::LineRow,
};

/// The newest timeline entries shown.
const LINES_MAX: usize = 500;

const SECRET: &str = "orders.tracking";

const STEPS: &str = "SELECT to_status, cloud_at FROM order_timeline WHERE order_id = ? \
    AND (from_status IS NULL OR from_status <> to_status) ORDER BY id DESC LIMIT ?";

/// Orders tried per code. A region has a billion codes, so more matches mean abuse.
const NAMESAKES_MAX: usize = 100;

/// The newest steps of an order shown.
const STEPS_MAX: usize = 50;

/// Maximum orders per digest.
const ORDERS_MAX: usize = 1_000;

/// Maximum orders per answer.
pub const KNOWN_MAX: usize = 200;

/// Both kinds mark a provider whose work does not count: after a firm accept on a closed order,
/// later work joins that `met_closed` case.
const WORKED_IN_VAIN: &str = "SELECT DISTINCT order_id, user_id FROM case_items \
    WHERE kind IN ('worked_in_vain', 'met_closed') AND order_id IN (";

/// Each half has an index that begins with the person and the status.
const OPEN_ORDERS: &str = "SELECT COUNT(*) \
    + (SELECT COUNT(*) FROM orders WHERE provider_id = ? AND status IN (?, ?, ?, ?)) \
    FROM orders WHERE customer_id = ? AND status IN (?, ?, ?, ?)";

const CHANGED: &str =
    "WHERE updated_at >= ? AND (updated_at > ? OR id > ?) ORDER BY updated_at, id LIMIT ?";

/// The secret of a tracking receipt, by its form.
#[derive(Debug)]
pub enum TrackingSecret {
    /// Derived by this service, for the order's customer.
    Derived(Hash),
    /// Made by a kiosk's page.
    Kiosk(ReceiptSecret),
}

impl TrackingSecret {
    pub fn parse(text: &str) -> Option<Self> {
        let derived = text.parse().ok().map(Self::Derived);
        derived.or_else(|| ReceiptSecret::parse(text).map(Self::Kiosk))
    }
}

/// A state the order reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct TrackedStep {
    pub status: OrderStatus,
    #[schema(required)]
    pub at: Option<UnixMillis>,
}

row! {
    struct StepRow {
        to_status: OrderStatus,
        cloud_at: Option<UnixMillis>,
    }
}

/// The input of a cancellation preview.
pub struct CancelBasis {
    pub state: OrderState,
    pub policies: Vec<FeePolicy>,
    /// The rules of the order's region.
    pub rules: OfflineRules,
    pub at: UnixMillis,
}

impl Store {
    pub async fn find_order(&self, id: OrderId) -> Result<Option<Order>, StoreError> {
        let row = self
            .sql
            .fetch_optional::<OrderRow>(OrderRow::select("WHERE id = ?"), vals![id])
            .await?;
        Ok(row.map(Order::from))
    }

    /// Counts the open orders of a person, as their customer or provider.
    pub async fn count_open_orders(&self, user: UserId) -> Result<u64, StoreError> {
        let open = OrderStatus::ALL
            .into_iter()
            .filter(|status| is_open(*status))
            .map(Val::from);
        let of_person: Vec<Val> = vals![user].into_iter().chain(open).collect();
        let of_both = [of_person.clone(), of_person].concat();
        let count: Option<u64> = self.sql.fetch_optional(OPEN_ORDERS, of_both).await?;
        Ok(count.unwrap_or_default())
    }

    /// Those of the providers who have a job at some of these hours.
    pub async fn list_booked(
        &self,
        providers: &BTreeSet<UserId>,
        hours: ServiceHours,
    ) -> Result<Vec<UserId>, StoreError> {
        let bookings = transact!(self.sql, tx => { read_bookings(tx, providers).await })?;
        let booked = bookings
            .into_iter()
            .filter(|(_, jobs)| jobs.iter().any(|job| job.hours.overlaps(hours)))
            .map(|(provider, _)| provider);
        Ok(booked.collect())
    }

    /// The timeline of an order, oldest first.
    pub async fn read_timeline(&self, id: OrderId) -> Result<Vec<TimelineEntry>, StoreError> {
        let text = LineRow::select("WHERE order_id = ? ORDER BY id DESC LIMIT ?");
        let rows = self
            .sql
            .fetch_all::<LineRow>(text, vals![id, LINES_MAX])
            .await?;
        Ok(rows.into_iter().rev().map(TimelineEntry::from).collect())
    }

    pub fn tracking_secret(&self, id: OrderId) -> Hash {
        Hash(self.data_keys().hash(SECRET, &id.to_string()))
    }

    pub async fn find_tracked(
        &self,
        code: &OrderCode,
        secret: &TrackingSecret,
    ) -> Result<Option<Order>, StoreError> {
        let text = OrderRow::select("WHERE code = ? LIMIT ?");
        let rows: Vec<OrderRow> = self
            .sql
            .fetch_all(text, vals![code.as_str(), NAMESAKES_MAX])
            .await?;
        let keys = self.data_keys();
        Ok(rows
            .into_iter()
            .find(|row| match secret {
                TrackingSecret::Derived(secret) => {
                    keys.is_hash(&secret.0, SECRET, &row.id.to_string())
                }
                TrackingSecret::Kiosk(secret) => secret.opens(row.id),
            })
            .map(Order::from))
    }

    /// The states the order reached, oldest first.
    pub async fn tracked_steps(&self, id: OrderId) -> Result<Vec<TrackedStep>, StoreError> {
        let rows: Vec<StepRow> = self.sql.fetch_all(STEPS, vals![id, STEPS_MAX]).await?;
        let oldest_first = rows.into_iter().rev();
        Ok(oldest_first
            .map(|row| TrackedStep {
                status: row.to_status,
                at: row.cloud_at,
            })
            .collect())
    }
}

impl Store {
    pub async fn load_cancel_basis(&self, id: OrderId) -> Result<Option<CancelBasis>, StoreError> {
        let row = self
            .sql
            .fetch_optional::<OrderRow>(OrderRow::select("WHERE id = ?"), vals![id])
            .await?;
        let Some(row) = row else { return Ok(None) };
        let state = OrderState::from(row);
        let policies = policies_from_rows(self.sql.fetch_all(POLICIES, vals![]).await?)?;
        let rules = self.find_offline_rules(state.order.location).await?;
        Ok(Some(CancelBasis {
            state,
            policies,
            rules,
            at: self.clock.now(),
        }))
    }

    /// An order with its cancellation price and payment mode, for the payment and review services.
    pub async fn order_and_terms(&self, id: OrderId) -> Result<Option<OrderAndTerms>, StoreError> {
        let row = self
            .sql
            .fetch_optional::<OrderRow>(OrderRow::select("WHERE id = ?"), vals![id])
            .await?;
        let Some(row) = row else { return Ok(None) };
        let terms = row.cancel_terms();
        let order = Order::from(row);
        let paid_afterwards = self
            .find_offline_rules(order.location)
            .await?
            .is_paid_afterwards(&order);
        Ok(Some(OrderAndTerms {
            order,
            terms,
            paid_afterwards,
        }))
    }
}

/// For the hub and the payment service.
impl Store {
    pub async fn digest_range(
        &self,
        asked: &OrderRangeQuery,
    ) -> Result<OrderRangeDigest, StoreError> {
        const RANGE: &str = "WHERE location = ? AND id > ? AND id <= ? ORDER BY id LIMIT ?";
        let limit = usize::try_from(asked.orders_max)
            .unwrap_or(ORDERS_MAX)
            .min(ORDERS_MAX);
        let after = asked.after.map_or(Uuid::nil(), |id| id.0);
        let until = asked.until.map_or(Uuid::max(), |id| id.0);
        let values = vals![asked.region, after, until, limit];
        let rows = self
            .sql
            .fetch_all::<OrderRow>(OrderRow::select(RANGE), values)
            .await?;
        let whole = rows.len() < limit;
        let marks: Vec<OrderFingerprint> = rows
            .into_iter()
            .map(|row| OrderFingerprint::from_order(&row.into()))
            .collect();
        let until = if whole {
            asked.until
        } else {
            marks.last().map(|mark| mark.id)
        };
        let digest = range_digest(&marks);
        Ok(OrderRangeDigest {
            until,
            digest,
            marks: if asked.marks { marks } else { Vec::new() },
        })
    }

    /// The orders that exist, and how long outbox events have been unsent.
    pub async fn orders_by_id(&self, ids: &[OrderId]) -> Result<OrdersByIdReply, StoreError> {
        let mut orders: Vec<Order> = Vec::with_capacity(ids.len());
        if !ids.is_empty() {
            let text = OrderRow::select("WHERE id IN (")
                .append_marks(ids.len())
                .append_text(")");
            let rows: Vec<OrderRow> = self
                .sql
                .fetch_all(text, ids.iter().map(Into::into).collect())
                .await?;
            orders = rows.into_iter().map(Order::from).collect();
        }
        let unsent_since = outbox::unsent_since(&self.sql).await?;
        Ok(OrdersByIdReply {
            orders,
            unsent_since,
        })
    }

    pub async fn known_orders(
        &self,
        asked: &OrderVersionsQuery,
    ) -> Result<ComparedOrders, StoreError> {
        let rows: Vec<OrderRow> = match asked {
            OrderVersionsQuery::Named(ids) if ids.is_empty() => Vec::new(),
            OrderVersionsQuery::Named(ids) => {
                let text = OrderRow::select("WHERE id IN (")
                    .append_marks(ids.len())
                    .append_text(")");
                self.sql
                    .fetch_all(text, ids.iter().map(Into::into).collect())
                    .await?
            }
            OrderVersionsQuery::Changed { since, after } => {
                let id = after.map_or(Uuid::nil(), |id| id.0);
                let values = vals![*since, *since, id, KNOWN_MAX];
                self.sql
                    .fetch_all(OrderRow::select(CHANGED), values)
                    .await?
            }
        };
        let ids: Vec<OrderId> = rows.iter().map(|row| row.id).collect();
        let mut worked_in_vain = self.load_providers_in_vain(&ids).await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            items.push(ComparedOrder {
                terms: row.cancel_terms(),
                money_version: row.money_version,
                worked_in_vain: worked_in_vain.remove(&row.id).unwrap_or_default(),
                order: row.into(),
            });
        }
        Ok(ComparedOrders { items })
    }

    async fn load_providers_in_vain(
        &self,
        orders: &[OrderId],
    ) -> Result<BTreeMap<OrderId, Vec<UserId>>, StoreError> {
        let mut providers: BTreeMap<OrderId, Vec<UserId>> = BTreeMap::new();
        if orders.is_empty() {
            return Ok(providers);
        }
        let text = in_list(WORKED_IN_VAIN, orders.len(), ") ORDER BY order_id, user_id");
        let values = orders.iter().map(Into::into).collect();
        for (order, provider) in self
            .sql
            .fetch_all::<(OrderId, UserId)>(text, values)
            .await?
        {
            providers.entry(order).or_default().push(provider);
        }
        Ok(providers)
    }
}
