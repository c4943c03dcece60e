//! Rules on an admin's offer of an open job to a few providers. `rule_on_accept` keeps it.

use wire::{Action, Code, JobOffer, Order, OrderStatus, UnixMillis, UserId};

use crate::ruling::wrong_status_code;

/// Returns the order with this offer, which replaces an earlier one, or without one. `None` if
/// that changes nothing.
pub fn rule_on_offer(
    order: &Order,
    offer: Option<JobOffer>,
    now: UnixMillis,
) -> Result<Option<Order>, Code> {
    if order.status != OrderStatus::Pending {
        return Err(wrong_status_code(order.status, Action::Accept));
    }
    if order.offer == offer {
        return Ok(None);
    }
    Ok(Some(Order {
        offer,
        version: order.version + 1,
        updated_at: now,
        ..order.clone()
    }))
}

/// Lists the providers who have not been told of this offer yet: an earlier one with the same end
/// named the others.
pub fn list_newly_offered(before: Option<&JobOffer>, offer: &JobOffer) -> Vec<UserId> {
    let same_end = before.filter(|before| before.until == offer.until);
    let told = same_end.map_or(&[][..], |before| &before.provider_ids);
    let new = offer.provider_ids.iter().filter(|id| !told.contains(id));
    new.copied().collect()
}
