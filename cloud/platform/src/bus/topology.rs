//! The bus topology in one place: every exchange with the part that publishes to it, and every
//! queue with the part that consumes it. Repeating the declaration is safe.
//!
//! Invariants: an event without a bound queue goes to its exchange's unrouted queue and blocks no
//! other event. Every consumed queue is listed here.

use std::time::Duration;

use process::parts::CloudPart;
use wire::{Event, EventType, Exchange};

use super::{Bus, BusError};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueSpec {
    pub name: &'static str,
    pub bindings: &'static [Binding],
    /// A message that waits longer moves to the dead letters.
    pub ttl: Duration,
    /// The consumer records each event about an order in its part's inbox, under the queue's name.
    pub keeps_receipts: bool,
}

/// How long an unrouted event waits for an operator: as long as its outbox keeps it.
pub(super) const UNROUTED_TTL: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Exchange and pattern: words separated by dots, `*` for one word, `#` for any number.
pub type Binding = (Exchange, &'static str);

impl QueueSpec {
    pub const TTL: Duration = Duration::from_secs(24 * 60 * 60);

    pub const fn new(name: &'static str, bindings: &'static [Binding]) -> Self {
        Self {
            name,
            bindings,
            ttl: Self::TTL,
            keeps_receipts: false,
        }
    }

    const fn with_receipts(self) -> Self {
        Self {
            keeps_receipts: true,
            ..self
        }
    }

    pub(crate) fn is_bound_for(&self, event: &Event) -> bool {
        self.takes(event.kind)
    }

    fn takes(&self, kind: EventType) -> bool {
        let of = kind.exchange();
        let key = kind.as_str();
        self.bindings
            .iter()
            .any(|(exchange, pattern)| *exchange == of && matches_pattern(pattern, key))
    }

    pub(super) fn dead_letter_name(&self) -> String {
        dead_letter_queue(self.name)
    }

    pub(super) fn ttl_ms(&self) -> i64 {
        i64::try_from(self.ttl.as_millis()).unwrap_or(i64::MAX)
    }
}

/// The queue that holds the dead letters of `queue`. It accepts subscribers like any other.
pub fn dead_letter_queue(queue: &str) -> String {
    format!("{queue}.dead")
}

pub(super) fn unrouted_queue(exchange: Exchange) -> String {
    format!("{}.unrouted", exchange.as_str())
}

/// Increment with every change below. A broker keeps the declarations of older versions.
pub const VERSION: u32 = 10;

/// Updates which accounts belong to verified providers.
pub const AUTH_MARKS: QueueSpec = QueueSpec::new("auth_marks", &[(Exchange::User, "profile.*")]);

pub const USER_PROFILES: QueueSpec = QueueSpec::new(
    "user_profiles",
    &[
        (Exchange::Auth, "user.registered"),
        (Exchange::Auth, "user.revoked"),
        (Exchange::Auth, "user.readmitted"),
        (Exchange::Auth, "user.deleted"),
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
        (Exchange::Auth, "user.deleted"),
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
        // Each raises the order's version, and the order's money must follow: the two are compared.
        (Exchange::Order, "order.incident_reported"),
        (Exchange::Order, "order.incident_answered"),
        (Exchange::Order, "order.rescheduled"),
        (Exchange::Order, "order.erased"),
    ],
)
.with_receipts();

/// A revoked person's payment methods are removed, and a deleted person's texts too.
pub const PAYMENT_PEOPLE: QueueSpec = QueueSpec::new(
    "payment_people",
    &[
        (Exchange::Auth, "user.revoked"),
        (Exchange::Auth, "user.deleted"),
    ],
);

pub const REVIEW_RATINGS: QueueSpec =
    QueueSpec::new("review_ratings", &[(Exchange::Review, "review.*")]);

/// The texts of deleted people are erased.
pub const REVIEW_PEOPLE: QueueSpec = QueueSpec::new(
    "review_people",
    &[
        (Exchange::Auth, "user.deleted"),
        (Exchange::Order, "order.erased"),
    ],
);

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
/// Alarms for admins.
pub const PLATFORM_QUEUE: QueueSpec =
    QueueSpec::new("platform_queue", &[(Exchange::Platform, "platform.*")]);
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
        (Exchange::Auth, "user.password_code_asked"),
        (Exchange::Auth, "user.password_changed"),
        (Exchange::Auth, "user.second_factor_removed"),
        (Exchange::Auth, "user.new_device_seen"),
        (Exchange::Auth, "user.deletion_asked"),
        (Exchange::Auth, "user.deletion_undone"),
        (Exchange::Auth, "user.deleted"),
        // Ends the devices that take pushes.
        (Exchange::Auth, "user.revoked"),
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
)
.with_receipts();

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
    (CloudPart::Review, REVIEW_PEOPLE),
    (CloudPart::Notification, ORDER_QUEUE),
    (CloudPart::Notification, PAYMENT_QUEUE),
    (CloudPart::Notification, REVIEW_QUEUE),
    (CloudPart::Notification, PLATFORM_QUEUE),
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
        Exchange::Platform => CloudPart::Hub,
    }
}

pub fn find_queue(name: &str) -> Option<QueueSpec> {
    QUEUES
        .iter()
        .find(|(_, queue)| queue.name == name)
        .map(|(_, queue)| *queue)
}

/// The queues that get events of this kind, each with the part that consumes it.
pub fn queues_for(kind: EventType) -> impl Iterator<Item = &'static (CloudPart, QueueSpec)> {
    QUEUES.iter().filter(move |(_, queue)| queue.takes(kind))
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

/// Matches a routing key against a pattern: `*` is one word, `#` is any number, including zero.
pub(super) fn matches_pattern(pattern: &str, key: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('.').collect();
    let key: Vec<&str> = key.split('.').collect();
    words_fit(&pattern, &key)
}

fn words_fit(pattern: &[&str], key: &[&str]) -> bool {
    match (pattern.split_first(), key.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((&"#", rest)), _) => (0..=key.len()).any(|skipped| words_fit(rest, &key[skipped..])),
        (Some(_), None) => false,
        (Some((&word, pattern)), Some((&found, key))) => {
            (word == "*" || word == found) && words_fit(pattern, key)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_of_a_part_has_a_queue() {
        for kind in EventType::ALL {
            let is_bound =
                QUEUES
                    .iter()
                    .flat_map(|(_, queue)| queue.bindings)
                    .any(|(exchange, pattern)| {
                        *exchange == kind.exchange() && matches_pattern(pattern, kind.as_str())
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
        // They change no order, or an open one, and `RegionAssigned` concerns none.
        let unchanged = [
            EventType::OrderMessageSent,
            EventType::OrderMessageUnread,
            EventType::OrderMessageReported,
            EventType::OrderTimeProposed,
            EventType::OrderTimeDeclined,
            EventType::OrderOffered,
            EventType::OrderOfferWithdrawn,
            EventType::RegionAssigned,
        ];
        for kind in EventType::ALL
            .iter()
            .filter(|kind| kind.exchange() == Exchange::Order)
        {
            let owes_nothing = early.contains(kind) || unchanged.contains(kind);
            let fits = |(_, pattern): &Binding| matches_pattern(pattern, kind.as_str());
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

    #[test]
    fn patterns_fit_as_on_rabbitmq() {
        for (pattern, key, expected) in [
            ("order.*", "order.accepted", true),
            ("order.*", "order", false),
            ("order.*", "order.a.b", false),
            ("order.#", "order", true),
            ("order.#", "order.a.b", true),
            ("#", "anything.at.all", true),
            ("*.created", "review.created", true),
            ("*.created", "review.updated", false),
            ("#.created", "created", true),
            ("a.#.z", "a.b.c.z", true),
            ("a.#.z", "a.b.c", false),
            ("order.accepted", "order.accepted", true),
        ] {
            assert_eq!(matches_pattern(pattern, key), expected, "{pattern} {key}");
        }
    }
}
