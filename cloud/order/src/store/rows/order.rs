//! Orders and the lines of their history.

use platform::{columns, sql::bigint};
use rules::{Acceptance, Line, OrderState};
use sqlx::FromRow;
use uuid::Uuid;
use wire::{
    Action, Actor, Amount, CommandId, Hops, Order, OrderCode, OrderId, Region, Role, TimelineEntry,
    UnixMillis, UserId, Verdict,
};

use super::{code, count, edge_id, read, source};
use crate::store::StoreError;

columns! {
    #[derive(FromRow)]
    pub struct OrderRow in orders {
        id: Uuid,
        code: String,
        customer_id: Uuid,
        provider_id: Option<Uuid>,
        title: String,
        description: String,
        service_type: String,
        price_minor: i64,
        currency: String,
        location: String,
        address: String,
        service_start_time: Option<i64>,
        service_end_time: Option<i64>,
        status: String,
        payment_status: String,
        version: i64,
        created_at: i64,
        updated_at: i64,
        source: String,
        accepted_at: Option<i64>,
        accepted_source: Option<String>,
        accepted_firm: i64,
    }
}

columns! {
    /// All that a change of an order may change.
    pub struct OrderChange<'a> in orders {
        status: &'a str,
        provider_id: Option<UserId>,
        version: u64,
        updated_at: UnixMillis,
        accepted_at: Option<UnixMillis>,
        accepted_source: Option<String>,
        accepted_firm: bool,
    }
}

impl From<&OrderState> for OrderRow {
    fn from(state: &OrderState) -> Self {
        let OrderState { order, acceptance } = state;
        Self {
            id: order.id.0,
            code: order.code.as_str().to_owned(),
            customer_id: order.customer_id.0,
            provider_id: order.provider_id.map(|id| id.0),
            title: order.title.clone(),
            description: order.description.clone(),
            service_type: order.service_type.as_str().to_owned(),
            price_minor: order.price.minor(),
            currency: order.currency.as_str().to_owned(),
            location: order.location.as_str().to_owned(),
            address: order.address.clone(),
            service_start_time: order.service_start_time.map(|time| time.0),
            service_end_time: order.service_end_time.map(|time| time.0),
            status: order.status.as_str().to_owned(),
            payment_status: order.payment_status.as_str().to_owned(),
            version: bigint(order.version),
            created_at: order.created_at.0,
            updated_at: order.updated_at.0,
            source: order.source.to_string(),
            accepted_at: acceptance.as_ref().map(|acceptance| acceptance.decided_at.0),
            accepted_source: acceptance.as_ref().map(|acceptance| acceptance.source.to_string()),
            accepted_firm: acceptance.as_ref().is_some_and(|acceptance| acceptance.firm).into(),
        }
    }
}

impl<'a> From<&'a OrderState> for OrderChange<'a> {
    fn from(state: &'a OrderState) -> Self {
        let OrderState { order, acceptance } = state;
        Self {
            status: order.status.as_str(),
            provider_id: order.provider_id,
            version: order.version,
            updated_at: order.updated_at,
            accepted_at: acceptance.as_ref().map(|acceptance| acceptance.decided_at),
            accepted_source: acceptance.as_ref().map(|acceptance| acceptance.source.to_string()),
            accepted_firm: acceptance.as_ref().is_some_and(|acceptance| acceptance.firm),
        }
    }
}

impl OrderRow {
    pub fn state(self) -> Result<OrderState, StoreError> {
        let acceptance = match (self.accepted_at, &self.accepted_source) {
            (Some(at), Some(text)) => {
                let (decided_at, source) = (UnixMillis(at), source(text.clone())?);
                Some(Acceptance { decided_at, source, firm: self.accepted_firm != 0 })
            }
            _ => None,
        };
        Ok(OrderState { order: self.order()?, acceptance })
    }

    pub fn order(self) -> Result<Order, StoreError> {
        let id = OrderId(self.id);
        let location: Region = read(&self.location, "orders.location")?;
        Ok(Order {
            id,
            // The code follows from the id; the column is there to be searched.
            code: OrderCode::of(location, id),
            customer_id: UserId(self.customer_id),
            provider_id: self.provider_id.map(UserId),
            title: self.title,
            description: self.description,
            service_type: read(&self.service_type, "orders.service_type")?,
            price: Amount::from_minor(self.price_minor)
                .map_err(|_| StoreError::Unreadable("orders.price_minor"))?,
            currency: read(&self.currency, "orders.currency")?,
            location,
            address: self.address,
            service_start_time: self.service_start_time.map(UnixMillis),
            service_end_time: self.service_end_time.map(UnixMillis),
            status: read(&self.status, "orders.status")?,
            payment_status: read(&self.payment_status, "orders.payment_status")?,
            version: count(self.version, "orders.version")?,
            created_at: UnixMillis(self.created_at),
            updated_at: UnixMillis(self.updated_at),
            source: source(self.source)?,
        })
    }
}

columns! {
    #[derive(FromRow)]
    pub struct LineRow in order_timeline {
        pub order_id: Uuid,
        version: i64,
        action: Option<String>,
        actor_id: Uuid,
        actor_role: i64,
        from_status: Option<String>,
        to_status: String,
        code: Option<String>,
        reason: Option<String>,
        tapped_at: Option<i64>,
        edge_at: Option<i64>,
        cloud_at: Option<i64>,
        command_id: Uuid,
        source: String,
        edge: Option<String>,
        epoch: Option<i64>,
        seq: Option<i64>,
        verdict: Option<String>,
    }
}

impl From<&Line> for LineRow {
    fn from(Line { order_id, entry }: &Line) -> Self {
        Self {
            order_id: order_id.0,
            version: bigint(entry.version),
            action: entry.action.map(|action| action.as_str().to_owned()),
            actor_id: entry.actor.user_id.0,
            actor_role: entry.actor.role.number(),
            from_status: entry.from.map(|status| status.as_str().to_owned()),
            to_status: entry.to.as_str().to_owned(),
            code: entry.code.map(|code| code.as_str().to_owned()),
            reason: entry.reason.clone(),
            tapped_at: entry.hops.tapped_at.map(|at| at.0),
            edge_at: entry.hops.edge_at.map(|at| at.0),
            cloud_at: entry.hops.cloud_at.map(|at| at.0),
            command_id: entry.command_id.0,
            source: entry.source.to_string(),
            edge: entry.edge.as_ref().map(|edge| edge.as_str().to_owned()),
            epoch: entry.epoch.map(bigint),
            seq: entry.seq.map(bigint),
            verdict: entry.verdict.map(|verdict| verdict.as_str().to_owned()),
        }
    }
}

impl LineRow {
    pub fn entry(self) -> Result<TimelineEntry, StoreError> {
        let action =
            self.action.as_deref().map(|text| read::<Action>(text, "order_timeline.action"));
        let from = self.from_status.as_deref().map(|text| read(text, "order_timeline.from_status"));
        let role = Role::from_number(self.actor_role)
            .ok_or(StoreError::Unreadable("order_timeline.actor_role"))?;
        let number = |n: Option<i64>, what| n.map(|n| count(n, what)).transpose();
        Ok(TimelineEntry {
            version: count(self.version, "order_timeline.version")?,
            action: action.transpose()?,
            actor: Actor { user_id: UserId(self.actor_id), role },
            from: from.transpose()?,
            to: read(&self.to_status, "order_timeline.to_status")?,
            code: self.code.as_deref().map(code),
            reason: self.reason,
            hops: Hops {
                tapped_at: self.tapped_at.map(UnixMillis),
                edge_at: self.edge_at.map(UnixMillis),
                cloud_at: self.cloud_at.map(UnixMillis),
            },
            command_id: CommandId(self.command_id),
            source: source(self.source)?,
            edge: self.edge.map(edge_id).transpose()?,
            epoch: number(self.epoch, "order_timeline.epoch")?,
            seq: number(self.seq, "order_timeline.seq")?,
            verdict: self.verdict.as_deref().map(verdict).transpose()?,
        })
    }
}

fn verdict(text: &str) -> Result<Verdict, StoreError> {
    [Verdict::NotTaken, Verdict::Provisional, Verdict::Firm]
        .into_iter()
        .find(|verdict| verdict.as_str() == text)
        .ok_or(StoreError::Unreadable("order_timeline.verdict"))
}
