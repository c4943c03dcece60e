//! An admin's offer of an open job to a few providers.
//!
//! Invariant: an offer changes the order's version, so every edge of its region learns of it.

use platform::{ChangeError, outbox, provider_verification, sql::Tx, transact, vals};
use rules::{NewTimelineEntry, list_newly_offered, rule_on_offer};
use wire::{
    Actor, Code, CommandId, Event, EventId, EventType, JobOffer, OfferAct, Order, OrderEvent,
    OrderId, TimelineEntry, UserId,
};

use super::{
    Store, StoreError,
    background::{build_background_entry, lock_order},
    rows::write_providers,
    timeline_rows::LineRow,
};

const SET_OFFER: &str = "UPDATE orders SET offer_until = ?, offered_to = ?, version = ?, \
    updated_at = ? WHERE id = ? AND version = ?";

/// An admin's change of an offer.
pub struct OfferChange {
    pub order_id: OrderId,
    /// Replaces an earlier one. `None` withdraws it.
    pub offer: Option<JobOffer>,
    pub admin: Actor,
    pub trace: String,
}

impl Store {
    /// Returns the order as it is afterwards. The same offer again changes nothing.
    pub async fn change_offer(&self, change: &OfferChange) -> Result<Order, ChangeError> {
        transact!(self.sql, tx => { self.change_offer_in(tx, change).await })
    }

    async fn change_offer_in(
        &self,
        tx: &mut Tx,
        change: &OfferChange,
    ) -> Result<Order, ChangeError> {
        let now = self.clock.now();
        let OfferChange { offer, admin, .. } = change;
        let Some(state) = lock_order(tx, change.order_id).await? else {
            return Err(Code::OrderNotFound.into());
        };
        let before = state.order;
        let Some(order) = rule_on_offer(&before, offer.clone(), now)? else {
            return Ok(before);
        };
        let until = offer.as_ref().map(|offer| offer.until);
        let providers = write_providers(offer.as_ref());
        let values = vals![
            until,
            providers,
            order.version,
            now,
            order.id,
            before.version
        ];
        if tx.exec(SET_OFFER, values).await? != 1 {
            return Err(StoreError::Contradiction(
                "a locked order was changed by another transaction",
            )
            .into());
        }
        let event_id = EventId(self.clock.new_id());
        let command_id = CommandId(event_id.0);
        let act = match offer {
            Some(_) => OfferAct::Made,
            None => OfferAct::Withdrawn,
        };
        let line = NewTimelineEntry {
            order_id: order.id,
            entry: TimelineEntry {
                offer: Some(act),
                offered_until: until,
                ..build_background_entry(&order, *admin, command_id, now)
            },
        };
        tx.insert(LineRow::from(&line)).await?;
        let (kind, offered_to) = match offer {
            Some(offer) => {
                let new = list_newly_offered(before.offer.as_ref(), offer);
                (EventType::OrderOffered, new)
            }
            None => (EventType::OrderOfferWithdrawn, Vec::new()),
        };
        let body = OrderEvent {
            offered_to,
            ..OrderEvent::from_order(order.clone(), *admin, command_id)
        };
        outbox::add(tx, &Event::new(event_id, kind, now, &change.trace, &body)?).await?;
        Ok(order)
    }

    /// Lists those of these providers who may not accept orders until an admin has verified them.
    pub async fn list_unverified(&self, providers: &[UserId]) -> Result<Vec<UserId>, StoreError> {
        if !self.rules.verified_only {
            return Ok(Vec::new());
        }
        let ids = providers.iter().copied();
        let known = transact!(self.sql, tx => {
            Ok::<_, StoreError>(provider_verification::find_verifications(tx, ids.clone()).await?)
        })?;
        let is_verified = |id: &UserId| known.iter().any(|one| one.user == *id && one.verified);
        let unverified = providers.iter().copied().filter(|id| !is_verified(id));
        Ok(unverified.collect())
    }
}
