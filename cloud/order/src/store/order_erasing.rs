//! Erases a deleted person's texts in an order. If they were its customer, erases everyone's texts
//! in it, and its photos.
//!
//! Invariants: an open order keeps its texts while the person takes part in it; an order that lost
//! texts has a new version, a line in its history and an event; a repeat changes no row.

use platform::{
    columns, outbox, row,
    sql::{Columns, Tx},
    transact, vals,
};
use process::trace::TraceId;
use rules::{NewTimelineEntry, OrderState};
use uuid::Uuid;
use wire::{
    Actor, Code, CommandId, ERASED_TITLE, Event, EventId, EventType, Order, OrderEvent, OrderId,
    Role, TimelineEntry, UnixMillis, UserId, WorkEvidence, is_open,
};

use super::{
    Store, StoreError,
    background::{build_background_entry, lock_order},
    erasures::DueErasure,
    messages::keep_newest_number,
    photos::{NamedPhoto, PhotosToErase, erase_photos, list_named_by_messages},
    rows::ORDERS,
    series::leave_series,
    timeline_rows::{LineRow, TIMELINE},
};

const ERASE_REASONS: &str =
    "UPDATE order_timeline SET reason = NULL WHERE order_id = ? AND reason IS NOT NULL";

const ERASE_OWN_REASONS: &str = "UPDATE order_timeline SET reason = NULL WHERE order_id = ? \
    AND actor_id = ? AND reason IS NOT NULL";

const DELETE_REPORTS: &str = "DELETE FROM message_reports WHERE order_id = ?";

/// The provider wrote these reports, or they are about the provider's messages, which are deleted.
const DELETE_REPORTS_WITH_PROVIDER: &str = "DELETE FROM message_reports WHERE order_id = ? \
    AND number IN (SELECT number FROM order_messages WHERE order_id = ? AND provider_id = ?)";

const DELETE_MESSAGES: &str = "DELETE FROM order_messages WHERE order_id = ?";

const DELETE_OWN_MESSAGES: &str =
    "DELETE FROM order_messages WHERE order_id = ? AND provider_id = ? AND from_provider = ?";

const DELETE_PROPOSAL: &str = "DELETE FROM time_proposals WHERE order_id = ?";

const DELETE_OWN_PROPOSAL: &str =
    "DELETE FROM time_proposals WHERE order_id = ? AND provider_id = ?";

const ERASE_CASE_REASONS: &str =
    "UPDATE case_items SET closed_why = NULL WHERE order_id = ? AND closed_why IS NOT NULL";

const ERASE_OWN_CASE_REASONS: &str = "UPDATE case_items SET closed_why = NULL WHERE order_id = ? \
    AND user_id = ? AND closed_why IS NOT NULL";

const WAS_ERASED: &str =
    "SELECT order_id FROM order_timeline WHERE order_id = ? AND code = ? LIMIT 1";

columns! {
    /// An order's texts, under a new version.
    struct OrderTexts in orders sealed by ORDERS {
        id: OrderId,
        title: String,
        description: String,
        address: String,
        version: u64,
        updated_at: UnixMillis,
    }
}

row! {
    struct EvidenceLine in order_timeline sealed by TIMELINE {
        order_id: OrderId,
        command_id: CommandId,
        actor_id: UserId,
        evidence: Option<String>,
    }
}

/// The result of erasing a person's texts in an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderErasure {
    Erased,
    /// There was nothing, or it was erased before.
    Unchanged,
    /// The order is open and needs its texts.
    Open,
}

impl Store {
    /// Erases a deleted person's texts in an order, once it is closed. If they were erased before
    /// and the deletion was published again, the order is too: other parts may have been restored.
    pub async fn erase_order_texts(
        &self,
        order_id: OrderId,
        erasure: &DueErasure,
    ) -> Result<OrderErasure, StoreError> {
        let person = erasure.person;
        let now = self.clock.now();
        let command_id = CommandId(self.clock.new_id());
        let event_id = EventId(self.clock.new_id());
        transact!(self.sql, tx => {
            let Some(state) = lock_order(tx, order_id).await? else {
                return Ok(OrderErasure::Unchanged);
            };
            if is_open(state.order.status) && is_party_of(&state.order, person) {
                return Ok(OrderErasure::Open);
            }
            let is_customer = state.order.customer_id == person;
            let changed = match is_customer {
                true => self.erase_all_texts(tx, &state.order, now).await?,
                false => self.erase_own_texts(tx, &state.order, person, now).await?,
            };
            if !changed {
                if erasure.is_repeat && was_erased(tx, order_id).await? {
                    let event = build_event(event_id, state, command_id, now)?;
                    outbox::add(tx, &event).await?;
                }
                return Ok(OrderErasure::Unchanged);
            }
            let order = build_erased_order(&state.order, is_customer, now);
            write_texts(tx, &order, state.order.version).await?;
            let line = NewTimelineEntry {
                order_id,
                entry: TimelineEntry {
                    code: Some(Code::AuthorDeleted),
                    ..build_background_entry(&order, platform_actor(), command_id, now)
                },
            };
            tx.insert(LineRow::from(&line)).await?;
            let event = build_event(event_id, OrderState { order, ..state }, command_id, now)?;
            outbox::add(tx, &event).await?;
            Ok::<_, StoreError>(OrderErasure::Erased)
        })
    }

    /// Returns true if there was anything to erase.
    async fn erase_all_texts(
        &self,
        tx: &mut Tx,
        order: &Order,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let id = order.id;
        let mut erased = 0;
        let mut photos = list_named_by_messages(tx, id, order.customer_id, None).await?;
        for text in [
            ERASE_REASONS,
            DELETE_REPORTS,
            DELETE_MESSAGES,
            DELETE_PROPOSAL,
            ERASE_CASE_REASONS,
        ] {
            erased += tx.exec(text, vals![id]).await?;
        }
        let text = EvidenceLine::select("WHERE order_id = ? AND evidence IS NOT NULL");
        let lines: Vec<EvidenceLine> = tx.fetch_all(text, vals![id]).await?;
        for line in lines {
            let evidence = line.read_evidence();
            let named = evidence.iter().flat_map(|evidence| &evidence.photos);
            photos.extend(named.map(|photo| NamedPhoto {
                command_id: line.command_id,
                photo: *photo,
                owner: line.actor_id,
                in_message: false,
            }));
            erased += u64::from(erase_evidence(tx, line, evidence).await?);
        }
        let all = PhotosToErase::All;
        erased += erase_photos(tx, id, all, &photos, &self.clock, now).await?;
        erased += leave_series(tx, order).await?;
        let has_texts = order.title != ERASED_TITLE
            || !order.description.is_empty()
            || !order.address.is_empty();
        Ok(erased > 0 || has_texts)
    }

    /// Erases the texts of a person other than the order's customer, and the photos of their
    /// messages. Returns true if there were any.
    async fn erase_own_texts(
        &self,
        tx: &mut Tx,
        order: &Order,
        person: UserId,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        let id = order.id;
        let photos = list_named_by_messages(tx, id, order.customer_id, Some(person)).await?;
        let own = PhotosToErase::OfMessages(person);
        let mut erased = erase_photos(tx, id, own, &photos, &self.clock, now).await?;
        let reports = vals![id, id, person];
        // Before the messages, by which it finds them.
        erased += tx.exec(DELETE_REPORTS_WITH_PROVIDER, reports).await?;
        keep_newest_number(tx, id).await?;
        let messages = vals![id, person, true];
        erased += tx.exec(DELETE_OWN_MESSAGES, messages).await?;
        for text in [
            ERASE_OWN_REASONS,
            DELETE_OWN_PROPOSAL,
            ERASE_OWN_CASE_REASONS,
        ] {
            erased += tx.exec(text, vals![id, person]).await?;
        }
        Ok(erased > 0)
    }
}

async fn was_erased(tx: &mut Tx, order_id: OrderId) -> Result<bool, StoreError> {
    let values = vals![order_id, Code::AuthorDeleted];
    let line: Option<OrderId> = tx.fetch_optional(WAS_ERASED, values).await?;
    Ok(line.is_some())
}

fn is_party_of(order: &Order, person: UserId) -> bool {
    order.customer_id == person || order.provider_id == Some(person)
}

impl EvidenceLine {
    /// `None` if a newer version wrote evidence that this one cannot read.
    fn read_evidence(&self) -> Option<WorkEvidence> {
        let text = self.evidence.as_deref()?;
        serde_json::from_str(text).ok()
    }
}

/// Leaves the checklist and the names of photos. Returns true if there was more, and for evidence
/// that cannot be read, which goes whole.
async fn erase_evidence(
    tx: &mut Tx,
    line: EvidenceLine,
    evidence: Option<WorkEvidence>,
) -> Result<bool, StoreError> {
    let left = evidence.as_ref().map(|evidence| WorkEvidence {
        checklist: evidence.checklist.clone(),
        signed_by: None,
        strokes: Vec::new(),
        photos: evidence.photos.clone(),
    });
    if evidence.is_some() && evidence == left {
        return Ok(false);
    }
    let evidence = left.as_ref().map(serde_json::to_string).transpose()?;
    let key = vals![line.order_id, line.command_id, line.actor_id];
    let line = EvidenceLine { evidence, ..line };
    let mut values = line.sealed_values(tx.data_keys());
    values.extend(key);
    let text = EvidenceLine::update("WHERE order_id = ? AND command_id = ? AND actor_id = ?");
    tx.exec(text, values).await?;
    Ok(true)
}

fn build_erased_order(before: &Order, is_customer: bool, now: UnixMillis) -> Order {
    let mut order = Order {
        version: before.version + 1,
        updated_at: now,
        ..before.clone()
    };
    if is_customer {
        order.title = ERASED_TITLE.to_owned();
        order.description = String::new();
        order.address = String::new();
    }
    order
}

async fn write_texts(tx: &mut Tx, order: &Order, version_before: u64) -> Result<(), StoreError> {
    let row = OrderTexts {
        id: order.id,
        title: order.title.clone(),
        description: order.description.clone(),
        address: order.address.clone(),
        version: order.version,
        updated_at: order.updated_at,
    };
    let mut values = row.sealed_values(tx.data_keys());
    values.extend(vals![order.id, version_before]);
    let text = OrderTexts::update("WHERE id = ? AND version = ?");
    if tx.exec(text, values).await? != 1 {
        return Err(StoreError::Contradiction(
            "a locked order was changed by another transaction",
        ));
    }
    Ok(())
}

/// No person does it, so the platform is the actor.
fn platform_actor() -> Actor {
    Actor {
        user_id: UserId(Uuid::nil()),
        role: Role::Admin,
    }
}

fn build_event(
    id: EventId,
    state: OrderState,
    command_id: CommandId,
    now: UnixMillis,
) -> Result<Event, StoreError> {
    let body = OrderEvent {
        terms: state.terms,
        ..OrderEvent::from_order(state.order, platform_actor(), command_id)
    };
    let trace = TraceId::from_command(command_id).to_string();
    Ok(Event::new(id, EventType::OrderErased, now, &trace, &body)?)
}
