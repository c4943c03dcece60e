//! The bus topology in one place: every exchange with the part that publishes to it, and every
//! queue with the part that consumes it. Repeating the declaration is safe.
//!
//! Invariants: an event without a bound queue goes to its exchange's unrouted queue and blocks no
//! other event. Every consumed queue is listed here.

use std::time::Duration;

use process::{metrics, parts::CloudPart, tasks::Tasks};
use wire::Exchange;

use super::{Bus, BusError, QueueSpec};

/// Increment with every change below. A broker keeps the declarations of older versions.
pub const VERSION: u32 = 6;

/// Updates which accounts belong to verified providers.
pub const AUTH_MARKS: QueueSpec = QueueSpec::new("auth_marks", &[(Exchange::User, "profile.*")]);

pub const USER_PROFILES: QueueSpec = QueueSpec::new(
    "user_profiles",
    &[
        (Exchange::Auth, "user.registered"),
        (Exchange::Auth, "user.revoked"),
        (Exchange::Auth, "user.readmitted"),
        (Exchange::Order, "order.completed"),
        // Completed work can be paid later.
        (Exchange::Order, "order.status_changed"),
        (Exchange::Review, "rating.updated"),
    ],
);

pub const ORDER_PEOPLE: QueueSpec = QueueSpec::new(
    "order_people",
    &[
        (Exchange::Auth, "user.revoked"),
        (Exchange::User, "profile.*"),
    ],
);

pub const ORDER_MONEY: QueueSpec = QueueSpec::new(
    "order_money",
    &[
        (Exchange::Payment, "payment.*"),
        (Exchange::Payment, "refund.*"),
    ],
);

pub const ORDER_REVIEWS: QueueSpec =
    QueueSpec::new("order_reviews", &[(Exchange::Review, "review.created")]);

/// Starts with the first acceptance: an order owes no money before.
pub const PAYMENT_ORDERS: QueueSpec = QueueSpec::new(
    "payment_orders",
    &[
        (Exchange::Order, "order.accepted"),
        (Exchange::Order, "order.acceptance_lost"),
        (Exchange::Order, "order.acceptance_withdrawn"),
        (Exchange::Order, "order.cancelled"),
        (Exchange::Order, "order.completed"),
        (Exchange::Order, "order.status_changed"),
    ],
);

/// A revoked person's payment methods are removed.
pub const PAYMENT_PEOPLE: QueueSpec =
    QueueSpec::new("payment_people", &[(Exchange::Auth, "user.revoked")]);

pub const REVIEW_RATINGS: QueueSpec =
    QueueSpec::new("review_ratings", &[(Exchange::Review, "review.*")]);

/// These queues fill the inboxes.
pub const ORDER_QUEUE: QueueSpec = QueueSpec::new("order_queue", &[(Exchange::Order, "order.*")]);
pub const PAYMENT_QUEUE: QueueSpec = QueueSpec::new(
    "payment_queue",
    &[
        (Exchange::Payment, "payment.*"),
        (Exchange::Payment, "refund.*"),
        (Exchange::Payment, "payout.*"),
    ],
);
pub const REVIEW_QUEUE: QueueSpec = QueueSpec::new(
    "review_queue",
    &[
        (Exchange::Review, "review.*"),
        (Exchange::Review, "rating.*"),
    ],
);
pub const NOTIFICATION_PEOPLE: QueueSpec = QueueSpec::new(
    "notification_people",
    &[
        (Exchange::User, "profile.verification_submitted"),
        (Exchange::User, "profile.verified"),
        (Exchange::User, "profile.verification_rejected"),
        (Exchange::Auth, "user.readmitted"),
        (Exchange::Auth, "user.registered"),
        (Exchange::Auth, "user.confirmation_asked"),
        (Exchange::Auth, "user.address_change_asked"),
    ],
);
/// A separate queue, so that an outage of the user part does not delay an approval's other inbox
/// lines.
pub const NOTIFICATION_MATCHES: QueueSpec = QueueSpec::new(
    "notification_matches",
    &[(Exchange::Order, "order.approved")],
);
/// For providers notified before the approval. A separate queue, so that the previous version
/// cannot mistake these events for approvals.
pub const NOTIFICATION_CREATED: QueueSpec = QueueSpec::new(
    "notification_created",
    &[(Exchange::Order, "order.created")],
);

/// The hub's feed. From profile events it uses only a provider's verification status.
pub const HUB_FEED: QueueSpec = QueueSpec::new(
    "hub_feed",
    &[
        (Exchange::Order, "order.*"),
        (Exchange::Auth, "user.*"),
        (Exchange::User, "profile.*"),
    ],
);

/// Every queue with the part that consumes it.
pub const QUEUES: &[(CloudPart, QueueSpec)] = &[
    (CloudPart::Auth, AUTH_MARKS),
    (CloudPart::User, USER_PROFILES),
    (CloudPart::Order, ORDER_PEOPLE),
    (CloudPart::Order, ORDER_MONEY),
    (CloudPart::Order, ORDER_REVIEWS),
    (CloudPart::Payment, PAYMENT_ORDERS),
    (CloudPart::Payment, PAYMENT_PEOPLE),
    (CloudPart::Review, REVIEW_RATINGS),
    (CloudPart::Notification, ORDER_QUEUE),
    (CloudPart::Notification, PAYMENT_QUEUE),
    (CloudPart::Notification, REVIEW_QUEUE),
    (CloudPart::Notification, NOTIFICATION_PEOPLE),
    (CloudPart::Notification, NOTIFICATION_MATCHES),
    (CloudPart::Notification, NOTIFICATION_CREATED),
    (CloudPart::Hub, HUB_FEED),
];

pub fn publishing_part(exchange: Exchange) -> CloudPart {
    match exchange {
        Exchange::Auth => CloudPart::Auth,
        Exchange::User => CloudPart::User,
        Exchange::Order => CloudPart::Order,
        Exchange::Payment => CloudPart::Payment,
        Exchange::Review => CloudPart::Review,
    }
}

pub fn find_queue(name: &str) -> Option<QueueSpec> {
    QUEUES
        .iter()
        .find(|(_, queue)| queue.name == name)
        .map(|(_, queue)| *queue)
}

pub fn queues_of(part: CloudPart) -> impl Iterator<Item = &'static QueueSpec> {
    QUEUES
        .iter()
        .filter(move |(of, _)| *of == part)
        .map(|(_, queue)| queue)
}

/// Declares the whole topology, before the first part opens.
pub async fn declare_topology(bus: &Bus) -> Result<(), BusError> {
    for (_, queue) in QUEUES {
        bus.bind_queue(queue).await?;
    }
    tracing::info!(version = VERSION, "Declared every exchange and queue");
    Ok(())
}

/// Interval for counting dead letters, which serves metrics only.
const COUNT_EVERY: Duration = Duration::from_secs(15);

/// Counts a part's dead letters until the tasks stop.
pub(crate) fn watch_dead_letters(tasks: &Tasks, bus: Bus, part: CloudPart) {
    let stop = tasks.stop_token();
    tasks.spawn("letters", async move {
        while !stop.is_cancelled() {
            for box_name in super::letters::boxes_of(part) {
                // The other users of an unreachable broker report it.
                if let Ok(waiting) = bus.count_waiting(&box_name.queue_name()).await {
                    match &box_name {
                        super::DeadLetterBox::Dead(queue) => {
                            metrics::BUS_DEAD_LETTERS.set([queue], waiting);
                        }
                        super::DeadLetterBox::Unrouted(exchange) => {
                            metrics::BUS_UNROUTED.set([exchange.as_str()], waiting);
                        }
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(COUNT_EVERY) => {}
                () = stop.cancelled() => {}
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use wire::EventType;

    use super::*;
    use crate::bus::{Binding, topic};

    #[test]
    fn every_event_of_a_part_has_a_queue() {
        for kind in EventType::ALL {
            let is_bound =
                QUEUES
                    .iter()
                    .flat_map(|(_, queue)| queue.bindings)
                    .any(|(exchange, pattern)| {
                        *exchange == kind.exchange()
                            && topic::matches_pattern(pattern, kind.as_str())
                    });
            assert!(is_bound, "nothing takes `{kind}`");
        }
    }

    #[test]
    fn payment_hears_of_every_order_that_may_have_been_accepted() {
        let early = [
            EventType::OrderCreated,
            EventType::OrderApproved,
            EventType::OrderRejected,
        ];
        for kind in EventType::ALL
            .iter()
            .filter(|kind| kind.exchange() == Exchange::Order)
        {
            // `RegionAssigned` concerns a region, not an order.
            let owes_nothing = early.contains(kind) || *kind == EventType::RegionAssigned;
            let fits = |(_, pattern): &Binding| topic::matches_pattern(pattern, kind.as_str());
            assert_eq!(
                PAYMENT_ORDERS.bindings.iter().any(fits),
                !owes_nothing,
                "{kind}"
            );
        }
    }

    #[test]
    fn no_two_queues_share_a_name() {
        for (index, (_, queue)) in QUEUES.iter().enumerate() {
            assert!(
                QUEUES[..index]
                    .iter()
                    .all(|(_, other)| other.name != queue.name),
                "{queue:?}"
            );
        }
    }
}
