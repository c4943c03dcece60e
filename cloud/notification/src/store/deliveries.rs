//! The delivery log, which is also the queue.
//!
//! Invariants: one delivery per person, event and channel, however often the event arrives. A
//! sender leases a delivery exclusively for a while. Addresses are stored only masked.

use platform::documents::{
    Collection, CollectionSchema, Document, DocumentBody, Documents, DocumentsError, Field, Filter,
    Index, IndexCondition, IndexQuery, ScalarType, Update, millis,
};
use process::problem::TimeCursor;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wire::{Actor, EventId, EventType, Role, UnixMillis, UserId, words};

use crate::domain::{Channel, InboxOwner, NoticeKind};

/// Longer than redelivery of an event.
const KEPT_MS: i64 = 90 * 24 * 60 * 60 * 1000;
/// The lease for one try, including its upstream calls.
const HELD_MS: i64 = 2 * 60 * 1000;

const ONCE: Field<String> = Field::new("once");
const CHANNEL: Field<String> = Field::new("channel");
const STATE: Field<String> = Field::new("state");
const IS_WAITING: Field<bool> = Field::new("is_waiting");
const DUE_AT: Field<UnixMillis> = Field::new("due_at");
const CREATED: Field<UnixMillis> = Field::new("created_at");
const ATTEMPTS: Field<i64> = Field::new("attempts");

const BY_ONCE: Index = Index::new("once", &[ONCE.ascending_key()]).unique();
const DUE: Index = Index::new(
    "due_by_channel",
    &[CHANNEL.ascending_key(), DUE_AT.ascending_key()],
)
.with_conditions(&[IndexCondition::Is(IS_WAITING.path(), true)]);
const NEWEST: Index = Index::new("newest", &[CREATED.descending_key()]);
const IN_STATE: Index = Index::new(
    "in_state",
    &[STATE.ascending_key(), CREATED.descending_key()],
);
const OLD: Index = Index::new("old", &[CREATED.ascending_key()]).with_expiry(KEPT_MS);

words! {
    DeliveryState {
        Waiting "waiting",
        Sent "sent",
        /// The channel cannot reach the person, or they have already read the news.
        Dropped "dropped",
        GivenUp "given_up",
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationDelivery {
    once: String,
    pub user_id: UserId,
    pub role: Role,
    pub channel: Channel,
    /// `None` for a digest.
    #[serde(default)]
    pub kind: Option<NoticeKind>,
    /// `None` for a digest, a code, and a notice.
    #[serde(default)]
    pub event_type: Option<EventType>,
    #[serde(default)]
    pub event_id: Option<EventId>,
    /// Carries a confirmation code instead of a line.
    #[serde(default)]
    pub confirms: bool,
    /// Carries a code for a new password instead of a line.
    #[serde(default)]
    pub sets_password: bool,
    pub state: DeliveryState,
    is_waiting: bool,
    #[serde(with = "millis")]
    pub due_at: UnixMillis,
    #[serde(with = "millis")]
    pub created_at: UnixMillis,
    pub attempts: i64,
    /// The masked address.
    #[serde(default)]
    pub to: Option<String>,
    /// The reason of the last failure or of dropping it.
    #[serde(default)]
    pub why: Option<String>,
    /// The browsers that a retry leaves out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settled_devices: Vec<SettledDevice>,
}

/// A browser that took the push, or refused it for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettledDevice {
    pub device: Uuid,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
}

impl SettledDevice {
    pub fn new_told(device: Uuid) -> Self {
        Self {
            device,
            refusal: None,
        }
    }

    pub fn new_refused(device: Uuid, refusal: String) -> Self {
        Self {
            device,
            refusal: Some(refusal),
        }
    }

    pub fn is_told(&self) -> bool {
        self.refusal.is_none()
    }
}

impl DocumentBody for NotificationDelivery {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[
            ONCE.path(),
            CHANNEL.path(),
            STATE.path(),
            IS_WAITING.path(),
            DUE_AT.path(),
            CREATED.path(),
            ATTEMPTS.path(),
        ],
        indexes: &[BY_ONCE, DUE, NEWEST, IN_STATE, OLD],
    };
}

/// The result of a try.
#[derive(Debug, Clone)]
pub struct DeliveryResult {
    pub state: DeliveryState,
    /// The next try, if it keeps waiting.
    pub due_at: Option<UnixMillis>,
    /// False if quiet hours postponed it.
    pub was_tried: bool,
    pub to: Option<String>,
    pub why: Option<String>,
}

impl NotificationDelivery {
    pub fn for_line(
        owner: InboxOwner,
        kind: NoticeKind,
        event_type: Option<EventType>,
        event_id: EventId,
        channel: Channel,
        now: UnixMillis,
    ) -> Self {
        Self {
            once: line_delivery_key(owner.user_id, event_id, channel),
            kind: Some(kind),
            event_type,
            event_id: Some(event_id),
            ..Self::new_waiting(owner, channel, now)
        }
    }

    /// The mail with the requested code.
    pub fn for_confirmation(owner: InboxOwner, event_id: EventId, now: UnixMillis) -> Self {
        Self {
            // Not the line's key: the event may also mail its line.
            once: format!("{}:{event_id}:confirmation", owner.user_id),
            confirms: true,
            ..Self::for_code(owner, event_id, now)
        }
    }

    pub fn for_password_code(owner: InboxOwner, event_id: EventId, now: UnixMillis) -> Self {
        Self {
            once: format!("{}:{event_id}:password", owner.user_id),
            sets_password: true,
            ..Self::for_code(owner, event_id, now)
        }
    }

    fn for_code(owner: InboxOwner, event_id: EventId, now: UnixMillis) -> Self {
        Self {
            kind: Some(NoticeKind::Account),
            // An older service cannot parse the type and would fail to read any delivery. Without
            // it, the line seems deleted.
            event_type: None,
            event_id: Some(event_id),
            ..Self::new_waiting(owner, Channel::Email, now)
        }
    }

    /// One per channel and digest hour, however many lines it covers.
    pub fn for_digest(
        owner: InboxOwner,
        channel: Channel,
        due_at: UnixMillis,
        now: UnixMillis,
    ) -> Self {
        let of_hour = format!("{}:digest:{}", owner.user_id, due_at.0);
        let once = match channel {
            // The key from before other channels existed, so that a planned digest stays unique.
            Channel::Email => of_hour,
            Channel::Sms | Channel::Push => format!("{of_hour}:{channel}"),
        };
        Self {
            once,
            due_at,
            ..Self::new_waiting(owner, channel, now)
        }
    }

    fn new_waiting(owner: InboxOwner, channel: Channel, now: UnixMillis) -> Self {
        Self {
            once: String::new(),
            user_id: owner.user_id,
            role: owner.role,
            channel,
            kind: None,
            event_type: None,
            event_id: None,
            confirms: false,
            sets_password: false,
            state: DeliveryState::Waiting,
            is_waiting: true,
            due_at: now,
            created_at: now,
            attempts: 0,
            to: None,
            why: None,
            settled_devices: Vec::new(),
        }
    }

    /// The inbox that has the line: admins share one.
    pub fn inbox(&self) -> InboxOwner {
        InboxOwner::for_actor(Actor {
            user_id: self.user_id,
            role: self.role,
        })
    }

    pub fn owner(&self) -> InboxOwner {
        InboxOwner {
            user_id: self.user_id,
            role: self.role,
        }
    }
}

#[derive(Clone)]
pub struct DeliveryStore(Collection<NotificationDelivery>);

pub struct DeliveryPage {
    pub items: Vec<(Uuid, NotificationDelivery)>,
    pub next: Option<TimeCursor>,
}

impl DeliveryStore {
    pub fn new(documents: &Documents) -> Self {
        Self(Collection::new(documents, "deliveries"))
    }

    pub fn collection(&self) -> &Collection<NotificationDelivery> {
        &self.0
    }

    pub async fn migrate(&self) -> Result<(), DocumentsError> {
        self.0.migrate().await
    }

    pub async fn check_schema(&self) -> Result<(), DocumentsError> {
        self.0.check_schema().await
    }

    /// Inserts only the new ones.
    pub async fn add_new_deliveries(
        &self,
        deliveries: &[(Uuid, NotificationDelivery)],
    ) -> Result<(), DocumentsError> {
        self.0.insert_new(deliveries).await.map(|_| ())
    }

    /// The deliveries due on the channel, longest due first.
    pub async fn find_due_deliveries(
        &self,
        channel: Channel,
        now: UnixMillis,
        limit: usize,
    ) -> Result<Vec<Document<NotificationDelivery>>, DocumentsError> {
        self.0.find_documents(&due_query(channel, now, limit)).await
    }

    /// Leases a due delivery for one try; false if another replica has it. If the holder dies, it
    /// is due again when the lease ends.
    pub async fn claim_delivery(
        &self,
        due: &Document<NotificationDelivery>,
        now: UnixMillis,
    ) -> Result<bool, DocumentsError> {
        let is_due = IS_WAITING
            .is_equal_to(true)
            .and(DUE_AT.is_equal_to(due.body.due_at));
        let held = Update::default().set(&DUE_AT, now.plus_ms(HELD_MS));
        self.0.update(due.id, is_due, held, &[]).await
    }

    /// The line's mail was planned and no longer waits, regardless of its result.
    pub async fn has_mail_ended(
        &self,
        user_id: UserId,
        event_id: EventId,
    ) -> Result<bool, DocumentsError> {
        let mail = self
            .find_line_delivery(user_id, event_id, Channel::Email)
            .await?;
        Ok(mail.is_some_and(|mail| !mail.is_waiting))
    }

    pub async fn find_line_delivery(
        &self,
        user_id: UserId,
        event_id: EventId,
        channel: Channel,
    ) -> Result<Option<NotificationDelivery>, DocumentsError> {
        let found = self
            .0
            .find_documents(&line_delivery_query(user_id, event_id, channel))
            .await?;
        Ok(found.into_iter().next().map(|found| found.body))
    }

    pub async fn record_result(
        &self,
        id: Uuid,
        settled: &DeliveryResult,
    ) -> Result<(), DocumentsError> {
        let is_waiting = settled.state == DeliveryState::Waiting;
        let mut update = Update::default()
            .set(&STATE, settled.state.as_str().to_owned())
            .set(&IS_WAITING, is_waiting)
            .set_part("to", &settled.to)
            .set_part("why", &settled.why);
        if let Some(due_at) = settled.due_at {
            update = update.set(&DUE_AT, due_at);
        }
        if settled.was_tried {
            update = update.add(&ATTEMPTS, 1);
        }
        self.0
            .update(id, IS_WAITING.is_equal_to(true), update, &[])
            .await
            .map(|_| ())
    }

    pub async fn record_settled_devices(
        &self,
        id: Uuid,
        settled: &[SettledDevice],
    ) -> Result<(), DocumentsError> {
        let update = Update::default().set_part("settled_devices", &settled);
        self.0
            .update(id, IS_WAITING.is_equal_to(true), update, &[])
            .await
            .map(|_| ())
    }

    /// The log, newest first.
    pub async fn read_page(
        &self,
        state: Option<DeliveryState>,
        after: Option<TimeCursor>,
        limit: usize,
    ) -> Result<DeliveryPage, DocumentsError> {
        let page = self.0.find_page(log_query(state, after, limit)).await?;
        let items: Vec<_> = page
            .documents
            .into_iter()
            .map(|stored| (stored.id, stored.body))
            .collect();
        let last = items.last().filter(|_| page.next.is_some());
        let next = last.map(|(id, last)| TimeCursor {
            at: last.created_at,
            id: *id,
        });
        Ok(DeliveryPage { items, next })
    }

    /// Removes a person's deliveries from the log; returns their number.
    pub async fn remove_deliveries_of(&self, user: UserId) -> Result<usize, DocumentsError> {
        let mut removed = 0;
        loop {
            let found = self.0.find_documents(&person_query(user)).await?;
            if found.is_empty() {
                return Ok(removed);
            }
            for Document { id, version, .. } in found {
                removed += usize::from(self.0.delete(id, version).await?);
            }
        }
    }

    pub async fn purge(&self, now: UnixMillis) -> Result<u64, DocumentsError> {
        self.0.purge_expired(now).await
    }
}

pub fn due_query(channel: Channel, now: UnixMillis, limit: usize) -> IndexQuery {
    let is_due = DUE_AT.below(now.plus_ms(1));
    let of_channel = CHANNEL.is_equal_to(channel.as_str().to_owned());
    IndexQuery::from_index(
        DUE,
        IS_WAITING.is_equal_to(true).and(of_channel).and(is_due),
    )
    .with_limit(limit)
}

pub fn line_delivery_query(user_id: UserId, event_id: EventId, channel: Channel) -> IndexQuery {
    IndexQuery::from_index(
        BY_ONCE,
        ONCE.is_equal_to(line_delivery_key(user_id, event_id, channel)),
    )
    .with_limit(1)
}

/// Every key begins with the person.
fn person_query(user: UserId) -> IndexQuery {
    let own = ONCE.at_least(format!("{user}:"));
    IndexQuery::from_index(BY_ONCE, own.and(ONCE.below(format!("{user};"))))
}

pub fn log_query(
    state: Option<DeliveryState>,
    after: Option<TimeCursor>,
    limit: usize,
) -> IndexQuery {
    let find = match state {
        Some(state) => {
            IndexQuery::from_index(IN_STATE, STATE.is_equal_to(state.as_str().to_owned()))
        }
        None => IndexQuery::from_index(NEWEST, Filter::match_all()),
    };
    let after = after.map(|after| vec![after.at.scalar(), after.id.scalar()]);
    find.start_after(after).with_limit(limit)
}

fn line_delivery_key(user_id: UserId, event_id: EventId, channel: Channel) -> String {
    format!("{user_id}:{event_id}:{channel}")
}
