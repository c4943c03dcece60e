//! Rows as they stand in order_db, and the one place where they become words.

use rules::{Acceptance, Assignment, OfflineRules, OpName, Seat, Standing, StoredAnswer, Wanted};
use sqlx::FromRow;
use uuid::Uuid;
use wire::{
    Action, Actor, Amount, Code, CommandId, EdgeId, FenceEnd, FenceEnding, FenceRecord, Hash, Hops,
    Order, OrderCode, OrderId, Region, Role, Source, TimelineEntry, UnixMillis, UserId, Verdict,
};

use super::StoreError;

/// Reads `OrderRow`s; every SELECT of orders has the same columns.
macro_rules! select_orders {
    ($tail:literal) => {
        concat!(
            "SELECT id, customer_id, provider_id, title, description, service_type, price_minor, ",
            "currency, location, address, service_start_time, service_end_time, status, ",
            "payment_status, version, created_at, updated_at, source, accepted_at, ",
            "accepted_source, accepted_firm FROM orders ",
            $tail
        )
    };
}
pub(super) use select_orders;

#[derive(FromRow)]
pub struct OrderRow {
    id: Uuid,
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

impl OrderRow {
    pub fn standing(self) -> Result<Standing, StoreError> {
        let acceptance = match (self.accepted_at, &self.accepted_source) {
            (Some(at), Some(text)) => {
                let (decided_at, source) = (UnixMillis(at), source(text.clone())?);
                Some(Acceptance { decided_at, source, firm: self.accepted_firm != 0 })
            }
            _ => None,
        };
        Ok(Standing { order: self.order()?, acceptance })
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

/// Stands for the user of a command that nobody vouches for: a part of a key must not be empty.
pub const NOBODY: Uuid = Uuid::nil();

#[derive(FromRow)]
pub struct AnswerRow {
    command_id: Uuid,
    user_id: Uuid,
    hash: Vec<u8>,
    applied: i64,
    code: Option<String>,
    order_id: Uuid,
    order_version: Option<i64>,
    edge: Option<String>,
    epoch: Option<i64>,
    seq: Option<i64>,
    op_hash: Option<Vec<u8>>,
    decided_at: i64,
}

impl AnswerRow {
    pub fn answer(self) -> Result<StoredAnswer, StoreError> {
        let op = match (self.edge, self.epoch, self.seq, self.op_hash) {
            (Some(edge), Some(epoch), Some(seq), Some(op_hash)) => Some(OpName {
                edge: edge_id(edge)?,
                epoch: count(epoch, "commands.epoch")?,
                seq: count(seq, "commands.seq")?,
                hash: hash(&op_hash, "commands.op_hash")?,
            }),
            _ => None,
        };
        let order_version = self.order_version.map(|n| count(n, "commands.order_version"));
        Ok(StoredAnswer {
            command_id: CommandId(self.command_id),
            user_id: (self.user_id != NOBODY).then_some(UserId(self.user_id)),
            hash: hash(&self.hash, "commands.hash")?,
            applied: self.applied != 0,
            code: self.code.as_deref().map(code),
            order_id: OrderId(self.order_id),
            order_version: order_version.transpose()?,
            op,
            decided_at: UnixMillis(self.decided_at),
        })
    }
}

/// Reads `AssignmentRow`s; every SELECT of them has the same columns.
macro_rules! select_assignments {
    ($tail:literal) => {
        concat!(
            "SELECT region, policy_version, policy, holder, epoch, fence, wanted_policy, ",
            "wanted_holder, wanted_epoch, wanted_by, rules_version, rules FROM region_assignment ",
            $tail
        )
    };
}
pub(super) use select_assignments;

#[derive(FromRow)]
pub struct AssignmentRow {
    region: String,
    policy_version: i64,
    policy: String,
    holder: Option<String>,
    epoch: i64,
    fence: i64,
    wanted_policy: Option<String>,
    wanted_holder: Option<String>,
    wanted_epoch: Option<i64>,
    wanted_by: Option<Uuid>,
    rules_version: i64,
    rules: String,
}

impl AssignmentRow {
    pub fn assignment(self) -> Result<(Region, Assignment), StoreError> {
        let region = region(&self.region)?;
        let wanted = self.wanted()?;
        let assignment = Assignment {
            policy_version: count(self.policy_version, "region_assignment.policy_version")?,
            policy: read(&self.policy, "region_assignment.policy")?,
            holder: self.holder.map(edge_id).transpose()?,
            epoch: count(self.epoch, "region_assignment.epoch")?,
            fence: count(self.fence, "region_assignment.fence")?,
            wanted,
            rules_version: count(self.rules_version, "region_assignment.rules_version")?,
            rules: offline_rules(&self.rules)?,
            ..Assignment::default()
        };
        Ok((region, assignment))
    }

    fn wanted(&self) -> Result<Option<Wanted>, StoreError> {
        let (Some(policy), Some(by)) = (&self.wanted_policy, self.wanted_by) else {
            return Ok(None);
        };
        let holder = match (&self.wanted_holder, self.wanted_epoch) {
            (Some(edge), Some(epoch)) => Some(Seat {
                edge: edge_id(edge.clone())?,
                epoch: count(epoch, "region_assignment.wanted_epoch")?,
            }),
            _ => None,
        };
        let policy = read(policy, "region_assignment.wanted_policy")?;
        Ok(Some(Wanted { policy, holder, by: UserId(by) }))
    }
}

/// Reads `FenceRow`s; every SELECT of them has the same columns.
macro_rules! select_fences {
    ($tail:literal) => {
        concat!(
            "SELECT region, fence, holder, epoch, granted_at, granted_by, ended_at, ended_how, ",
            "ended_by, ended_why FROM fences ",
            $tail
        )
    };
}
pub(super) use select_fences;

#[derive(FromRow)]
pub struct FenceRow {
    region: String,
    fence: i64,
    holder: String,
    epoch: i64,
    granted_at: i64,
    granted_by: Uuid,
    ended_at: Option<i64>,
    ended_how: Option<String>,
    ended_by: Option<Uuid>,
    ended_why: Option<String>,
}

impl FenceRow {
    pub fn record(self) -> Result<FenceRecord, StoreError> {
        let end = match (self.ended_at, &self.ended_how) {
            (Some(at), Some(how)) => Some(FenceEnd {
                at: UnixMillis(at),
                // As with codes: a right that a newer version has ended has ended.
                how: how.parse().unwrap_or(FenceEnding::Unrecognised),
                by: self.ended_by.map(UserId),
                why: self.ended_why,
            }),
            _ => None,
        };
        Ok(FenceRecord {
            region: region(&self.region)?,
            fence: count(self.fence, "fences.fence")?,
            holder: edge_id(self.holder)?,
            epoch: count(self.epoch, "fences.epoch")?,
            granted_at: UnixMillis(self.granted_at),
            granted_by: UserId(self.granted_by),
            end,
        })
    }
}

pub fn offline_rules(text: &str) -> Result<OfflineRules, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable("offline rules"))
}

#[derive(FromRow)]
pub struct LineRow {
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

pub fn region(text: &str) -> Result<Region, StoreError> {
    read(text, "a region")
}

pub fn read<T: std::str::FromStr>(text: &str, what: &'static str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Unreadable(what))
}

pub fn count(number: i64, what: &'static str) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Unreadable(what))
}

pub fn hash(bytes: &[u8], what: &'static str) -> Result<Hash, StoreError> {
    Hash::try_from(bytes).map_err(|_| StoreError::Unreadable(what))
}

fn source(text: String) -> Result<Source, StoreError> {
    Source::try_from(text).map_err(|_| StoreError::Unreadable("source"))
}

pub fn edge_id(text: String) -> Result<EdgeId, StoreError> {
    EdgeId::new(text).map_err(|_| StoreError::Unreadable("edge"))
}

/// A newer version may have stored a code that this one does not know; its answer still stands.
pub fn code(text: &str) -> Code {
    text.parse().unwrap_or(Code::Unrecognised)
}

fn verdict(text: &str) -> Result<Verdict, StoreError> {
    [Verdict::NotTaken, Verdict::Provisional, Verdict::Firm]
        .into_iter()
        .find(|verdict| verdict.as_str() == text)
        .ok_or(StoreError::Unreadable("order_timeline.verdict"))
}
