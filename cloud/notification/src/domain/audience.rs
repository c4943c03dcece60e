//! The audience of each event: one table of the catalogue, so a new event or recipient is one line.
//! And the lines that a reader sees: people read their own; admins read shared lines about the work
//! of their role.

use wire::{Actor, Code, EventType, Permission};

use super::InboxOwner;

/// A recipient, by their part in the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventRecipient {
    Customer,
    /// Has or had the order, or is paid for it.
    Provider,
    /// Lost the acceptance: the event's actor, not the order's provider.
    Loser,
    /// Lost the order because an admin withdrew it.
    FormerProvider,
    /// Proposed by the user service's matching; a separate consumer notifies them.
    Matched,
    /// The person the event is about.
    Themselves,
    /// All admins, through their shared inbox.
    Admins,
}

/// The effect of an event on inboxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventAudience {
    Told(&'static [EventRecipient]),
    /// No inbox gets it, for this reason.
    Silent(&'static str),
}

/// `None` for an event without an entry here: it reaches no inbox, and a test fails.
pub fn event_audience(event: EventType) -> Option<EventAudience> {
    use EventAudience::{Silent, Told};
    use EventRecipient::{Admins, Customer, FormerProvider, Loser, Matched, Provider, Themselves};
    Some(match event {
        EventType::OrderCreated => Told(&[Customer, Admins]),
        EventType::OrderApproved => Told(&[Customer, Matched]),
        EventType::OrderRejected => Told(&[Customer]),
        EventType::OrderAccepted | EventType::OrderCancelled | EventType::OrderCompleted => {
            Told(&[Customer, Provider])
        }
        // Admins get it only if the promise counts, which opens a case.
        EventType::OrderAcceptanceLost => Told(&[Loser, Admins]),
        EventType::OrderAcceptanceWithdrawn => Told(&[Customer, FormerProvider]),
        // The provider gets it once the money is held, the customer only for the work, because
        // payments have their own events.
        EventType::OrderStatusChanged => Told(&[Customer, Provider]),
        EventType::RegionAssigned => {
            Silent("it is about a region, and the region's edges receive it")
        }
        EventType::PaymentInitiated => Silent("the customer has just started the payment"),
        EventType::PaymentCompleted | EventType::PaymentFailed | EventType::RefundProcessed => {
            Told(&[Customer])
        }
        EventType::PaymentReleased | EventType::PayoutSent | EventType::PayoutFailed => {
            Told(&[Provider])
        }
        // Until it is answered, nothing is released to the provider.
        EventType::RefundRequested => Told(&[Provider, Admins]),
        // After a grant, the customer gets `refund.processed` once the money has left.
        EventType::RefundGranted => Told(&[Provider]),
        EventType::RefundRefused => Told(&[Customer, Provider]),
        // Covers chargebacks and, for admins, cases. Other money changes have their own events.
        EventType::PaymentStatusChanged => Told(&[Customer, Provider, Admins]),
        EventType::UserRegistered => {
            Silent("the person has just registered, and receives an e-mail with a code")
        }
        EventType::SessionRevoked => Silent("the session that ended receives it"),
        EventType::UserRevoked => Silent("a revoked person can no longer read an inbox"),
        EventType::UserReadmitted => Told(&[Themselves]),
        EventType::UserConfirmationAsked => Silent("an e-mail with the code answers it"),
        // An attacker with the password may have made the request.
        EventType::UserAddressChangeAsked => Told(&[Themselves]),
        EventType::ProfileCreated | EventType::ProfileUpdated => {
            Silent("the person made the change themselves, or the platform republished known facts")
        }
        EventType::ProfileVerificationSubmitted => Told(&[Admins]),
        EventType::ProfileVerified | EventType::ProfileVerificationRejected => Told(&[Themselves]),
        EventType::RatingUpdated => Silent("the review that changed the rating has its own event"),
        _ => return review_audience(event.as_str()),
    })
}

/// Permissions for the work behind an admins' line. An admin who holds one of them sees the line;
/// without an entry here, it stays hidden from all.
pub fn line_permissions(event: EventType) -> &'static [Permission] {
    match event {
        EventType::OrderCreated => &[Permission::ApproveOrders, Permission::ReadDesks],
        EventType::OrderAcceptanceLost => &[Permission::WithdrawOrders, Permission::ReadDesks],
        EventType::RefundRequested | EventType::PaymentStatusChanged => {
            &[Permission::RefundMoney, Permission::ReadDesks]
        }
        EventType::ProfileVerificationSubmitted => &[Permission::VerifyProviders],
        EventType::ReviewReported => &[Permission::ModerateReviews],
        _ => &[],
    }
}

/// Events with lines in the admins' inbox.
pub fn events_for_admins() -> impl Iterator<Item = EventType> {
    EventType::ALL
        .into_iter()
        .filter(|event| event_recipients(*event).contains(&EventRecipient::Admins))
}

fn review_audience(event: &str) -> Option<EventAudience> {
    use EventAudience::{Silent, Told};
    use EventRecipient::{Admins, Customer, Provider};
    Some(match event {
        "review.reported" => Told(&[Admins]),
        "review.created" => Told(&[Provider]),
        "review.replied" => Told(&[Customer]),
        "review.hidden" | "review.restored" => Told(&[Customer, Provider]),
        "review.updated" => {
            Silent("the provider was notified of the first version, and the page shows the newest")
        }
        _ => return None,
    })
}

pub fn event_recipients(event: EventType) -> &'static [EventRecipient] {
    match event_audience(event) {
        Some(EventAudience::Told(listeners)) => listeners,
        Some(EventAudience::Silent(_)) | None => &[],
    }
}

/// A promise that counts although its order was closed.
pub fn makes_a_case(why: Option<Code>) -> bool {
    matches!(
        why,
        Some(Code::OrderCancelledMeanwhile | Code::OrderRejectedMeanwhile)
    )
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxReader {
    pub owner: InboxOwner,
    pub shown: ShownLines,
}

/// The lines visible to a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShownLines {
    All,
    /// For an admin with a restricted role.
    Of(Vec<EventType>),
}

impl InboxReader {
    /// `holds_any` is true if the reader's role includes one of the permissions.
    pub fn new(reader: Actor, holds_any: impl Fn(&[Permission]) -> bool) -> Self {
        let owner = InboxOwner::for_actor(reader);
        let shown = if owner == InboxOwner::ADMINS {
            ShownLines::for_admin(holds_any)
        } else {
            ShownLines::All
        };
        Self { owner, shown }
    }
}

impl ShownLines {
    fn for_admin(holds_any: impl Fn(&[Permission]) -> bool) -> Self {
        let shown: Vec<EventType> = events_for_admins()
            .filter(|event| holds_any(line_permissions(*event)))
            .collect();
        if shown.len() == events_for_admins().count() {
            Self::All
        } else {
            Self::Of(shown)
        }
    }

    pub fn includes_event(&self, event: Option<EventType>) -> bool {
        match self {
            Self::All => true,
            Self::Of(events) => event.is_some_and(|event| events.contains(&event)),
        }
    }
}

#[cfg(test)]
mod tests {
    use wire::Role;

    use super::*;

    #[test]
    fn every_event_of_the_catalogue_is_told_or_silent_for_a_reason() {
        for event_type in EventType::ALL {
            match event_audience(event_type) {
                Some(EventAudience::Told(listeners)) => {
                    assert!(!listeners.is_empty(), "{event_type}")
                }
                Some(EventAudience::Silent(reason)) => assert!(reason.len() > 10, "{event_type}"),
                None => panic!("{event_type} has neither listeners nor a reason to be silent"),
            }
        }
    }

    #[test]
    fn every_line_of_the_admins_is_about_the_work_of_a_permission_of_theirs() {
        for event in events_for_admins() {
            let permissions = line_permissions(event);
            assert!(!permissions.is_empty(), "nobody would be shown {event}");
            let of_admins = Permission::allowed_for_role(Role::Admin);
            assert!(
                permissions.iter().all(|one| of_admins.contains(one)),
                "{event}"
            );
        }
    }
}
