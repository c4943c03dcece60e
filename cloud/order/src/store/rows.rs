//! The rows of orders, commands with their answers, cases, and providers' acts, and their conversion
//! to and from domain types.

use platform::{
    columns, row,
    sql::{KeyColumn, SealedColumn, SealedTable},
};
use rules::{Acceptance, OpIdentity, OrderState, ProviderAct, StoredAnswer};
use uuid::Uuid;
use wire::{
    Amount, CancelCharge, Code, CommandId, Currency, EdgeId, Hash, JobOffer, Order, OrderCode,
    OrderId, OrderStatus, PaymentStatus, RaceRule, Region, ServiceType, ShareAct, Source,
    StartCodeCheck, UnixMillis, UserId,
};

const ORDER_ID: &[KeyColumn] = &[KeyColumn::Id("id")];

/// Free text is sealed.
pub(super) const ORDERS: SealedTable = SealedTable {
    label: "order.orders",
    name: "orders",
    key: ORDER_ID,
    part: None,
    columns: &[
        SealedColumn::text("title", "orders.title", ORDER_ID),
        SealedColumn::text("description", "orders.description", ORDER_ID),
        SealedColumn::text("address", "orders.address", ORDER_ID),
    ],
};

row! {
    pub struct OrderRow in orders sealed by ORDERS {
        pub id: OrderId,
        code: String,
        customer_id: UserId,
        provider_id: Option<UserId>,
        title: String,
        description: String,
        service_type: ServiceType,
        price_minor: Amount,
        currency: Currency,
        location: Region,
        address: String,
        service_start_time: Option<UnixMillis>,
        service_end_time: Option<UnixMillis>,
        status: OrderStatus,
        payment_status: PaymentStatus,
        version: u64,
        created_at: UnixMillis,
        updated_at: UnixMillis,
        source: Source,
        accepted_at: Option<UnixMillis>,
        accepted_source: Option<Source>,
        accepted_firm: bool,
        accepted_rule: Option<RaceRule>,
        pub money_version: u64,
        held_minor: Amount,
        cancel_fee_minor: Option<Amount>,
        cancel_fee_to: Option<UserId>,
        start_code_hash: Option<Hash>,
        offer_until: Option<UnixMillis>,
        offered_to: String,
    }
}

columns! {
    /// The columns that a decision may change.
    pub struct OrderChange in orders {
        status: OrderStatus,
        provider_id: Option<UserId>,
        service_start_time: Option<UnixMillis>,
        service_end_time: Option<UnixMillis>,
        version: u64,
        updated_at: UnixMillis,
        accepted_at: Option<UnixMillis>,
        accepted_source: Option<Source>,
        accepted_firm: bool,
        accepted_rule: Option<RaceRule>,
        cancel_fee_minor: Option<Amount>,
        cancel_fee_to: Option<UserId>,
        offer_until: Option<UnixMillis>,
        offered_to: String,
    }
}

impl From<OrderState> for OrderRow {
    fn from(state: OrderState) -> Self {
        let OrderState {
            order,
            acceptance,
            held,
            terms,
        } = state;
        Self {
            id: order.id,
            code: order.code.as_str().to_owned(),
            customer_id: order.customer_id,
            provider_id: order.provider_id,
            title: order.title,
            description: order.description,
            service_type: order.service_type,
            price_minor: order.price,
            currency: order.currency,
            location: order.location,
            address: order.address,
            service_start_time: order.service_start_time,
            service_end_time: order.service_end_time,
            status: order.status,
            payment_status: order.payment_status,
            version: order.version,
            created_at: order.created_at,
            updated_at: order.updated_at,
            source: order.source,
            accepted_at: acceptance.as_ref().map(|acceptance| acceptance.decided_at),
            accepted_firm: acceptance.as_ref().is_some_and(Acceptance::is_firm),
            accepted_rule: acceptance.as_ref().and_then(|acceptance| acceptance.rule),
            accepted_source: acceptance.map(|acceptance| acceptance.source),
            // A new order has no payment events.
            money_version: 0,
            held_minor: held,
            cancel_fee_minor: terms.map(|terms| terms.fee),
            cancel_fee_to: terms.and_then(|terms| terms.provider_id),
            start_code_hash: order.start_code.and_then(|check| check.hash),
            offer_until: order.offer.as_ref().map(|offer| offer.until),
            offered_to: write_providers(order.offer.as_ref()),
        }
    }
}

/// The providers of an offer as their column has them: ids with spaces between, empty without one.
pub(super) fn write_providers(offer: Option<&JobOffer>) -> String {
    let ids = offer.into_iter().flat_map(|offer| &offer.provider_ids);
    let ids: Vec<String> = ids.map(UserId::to_string).collect();
    ids.join(" ")
}

/// An unreadable list reads as no offer: an offer to nobody would keep every provider out.
fn read_offer(until: UnixMillis, providers: &str) -> Option<JobOffer> {
    let ids: Result<Vec<UserId>, _> = providers.split_whitespace().map(str::parse).collect();
    let ids = ids.ok().filter(|ids| !ids.is_empty())?;
    Some(JobOffer::new(ids, until))
}

impl OrderRow {
    pub fn cancel_terms(&self) -> Option<CancelCharge> {
        let provider_id = self.cancel_fee_to;
        self.cancel_fee_minor
            .map(|fee| CancelCharge { fee, provider_id })
    }
}

impl From<&OrderState> for OrderChange {
    fn from(
        OrderState {
            order,
            acceptance,
            terms,
            ..
        }: &OrderState,
    ) -> Self {
        let acceptance = acceptance.as_ref();
        Self {
            status: order.status,
            provider_id: order.provider_id,
            service_start_time: order.service_start_time,
            service_end_time: order.service_end_time,
            version: order.version,
            updated_at: order.updated_at,
            accepted_at: acceptance.map(|acceptance| acceptance.decided_at),
            accepted_source: acceptance.map(|acceptance| acceptance.source.clone()),
            accepted_firm: acceptance.is_some_and(Acceptance::is_firm),
            accepted_rule: acceptance.and_then(|acceptance| acceptance.rule),
            cancel_fee_minor: terms.map(|terms| terms.fee),
            cancel_fee_to: terms.and_then(|terms| terms.provider_id),
            offer_until: order.offer.as_ref().map(|offer| offer.until),
            offered_to: write_providers(order.offer.as_ref()),
        }
    }
}

impl From<OrderRow> for OrderState {
    fn from(mut row: OrderRow) -> Self {
        let accepted = row.accepted_at.zip(row.accepted_source.take());
        // Older rows store only this much of the rule.
        let firm = row.accepted_firm.then_some(RaceRule::Promised);
        let rule = row.accepted_rule.or(firm);
        let acceptance = accepted.map(|(decided_at, source)| Acceptance {
            decided_at,
            source,
            rule,
        });
        let held = row.held_minor;
        let terms = row.cancel_terms();
        Self {
            order: row.into(),
            acceptance,
            held,
            terms,
        }
    }
}

impl From<OrderRow> for Order {
    fn from(row: OrderRow) -> Self {
        Self {
            id: row.id,
            // The code follows from the id; the column exists for searching.
            code: OrderCode::from_order_id(row.location, row.id),
            customer_id: row.customer_id,
            provider_id: row.provider_id,
            title: row.title,
            description: row.description,
            service_type: row.service_type,
            price: row.price_minor,
            currency: row.currency,
            location: row.location,
            address: row.address,
            service_start_time: row.service_start_time,
            service_end_time: row.service_end_time,
            status: row.status,
            payment_status: row.payment_status,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
            source: row.source,
            start_code: row.start_code_hash.map(StartCodeCheck::new),
            offer: row
                .offer_until
                .and_then(|until| read_offer(until, &row.offered_to)),
        }
    }
}

/// The user of an unauthenticated command, since a key column must not be null.
const NOBODY: UserId = UserId(Uuid::nil());

row! {
    pub struct AnswerRow in commands {
        command_id: CommandId,
        user_id: UserId,
        hash: Hash,
        applied: bool,
        code: Option<Code>,
        order_id: OrderId,
        order_version: Option<u64>,
        edge: Option<EdgeId>,
        epoch: Option<u64>,
        seq: Option<u64>,
        op_hash: Option<Hash>,
        decided_at: UnixMillis,
    }
}

impl From<&StoredAnswer> for AnswerRow {
    fn from(answer: &StoredAnswer) -> Self {
        let op = answer.op.as_ref();
        Self {
            command_id: answer.command_id,
            user_id: answer.user_id.unwrap_or(NOBODY),
            hash: answer.hash,
            applied: answer.applied,
            code: answer.code,
            order_id: answer.order_id,
            order_version: answer.order_version,
            edge: op.map(|op| op.edge.clone()),
            epoch: op.map(|op| op.epoch),
            seq: op.map(|op| op.seq),
            op_hash: op.map(|op| op.hash),
            decided_at: answer.decided_at,
        }
    }
}

impl From<AnswerRow> for StoredAnswer {
    fn from(row: AnswerRow) -> Self {
        let op = match (row.edge, row.epoch, row.seq, row.op_hash) {
            (Some(edge), Some(epoch), Some(seq), Some(hash)) => Some(OpIdentity {
                edge,
                epoch,
                seq,
                hash,
            }),
            _ => None,
        };
        Self {
            command_id: row.command_id,
            user_id: Some(row.user_id).filter(|user| *user != NOBODY),
            hash: row.hash,
            applied: row.applied,
            code: row.code,
            order_id: row.order_id,
            order_version: row.order_version,
            op,
            decided_at: row.decided_at,
        }
    }
}

columns! {
    pub struct CaseRow in case_items {
        pub order_id: OrderId,
        pub user_id: UserId,
        pub kind: &'static str,
        pub command_id: CommandId,
        pub code: Option<Code>,
        pub at: UnixMillis,
    }
}

columns! {
    /// A provider's acceptance or withdrawal, which uses up a share of the work.
    pub struct ActRow in provider_acts {
        provider_id: UserId,
        act: ShareAct,
        at: UnixMillis,
    }
}

impl ActRow {
    pub(super) fn from_act(act: &ProviderAct) -> Self {
        let ProviderAct {
            provider_id,
            act,
            at,
        } = *act;
        Self {
            provider_id,
            act,
            at,
        }
    }
}
