//! Messages between the two people of an order.
//!
//! Invariants: a message is stored once per sender and key, by the deciding transaction under a lock
//! on its order, so every reader sees the same order. The numbers have no gap until one of the two
//! people is deleted. A provider reads only the messages from their own time on the job. At most one
//! unread message in each direction waits for an inbox line.

use std::collections::{BTreeMap, BTreeSet};

use platform::{
    outbox, row,
    sql::{
        Columns, KeyColumn, ROWS_MAX, SealedColumn, SealedTable, Statement, Tx, Val, split_batches,
    },
    transact, vals,
};
use process::trace::TraceId;
use rules::{
    KnownMessage, KnownMessages, MessageDirection, MessageThread, NewMessage, OrderState,
    Submission, find_message_close, find_message_recipient,
};
use uuid::Uuid;
use wire::{
    Action, Actor, Code, CommandId, Event, EventId, EventType, Hash, MessagesQuery, Order,
    OrderEvent, OrderId, OrderStatus, PhotoRef, Role, UnixMillis, UserId, find_other_party,
};

use super::{Store, StoreError, background::lock_order, message_blocks::read_blocks};

/// The recipient has this long to read a message on an open page before their inbox gets a line.
const NOTICE_AFTER_MS: i64 = 60_000;

pub(super) const KEY: &[KeyColumn] = &[KeyColumn::Id("order_id"), KeyColumn::Number("number")];

pub(super) const MESSAGES: SealedTable = SealedTable {
    label: "order.order_messages",
    name: "order_messages",
    key: KEY,
    part: None,
    columns: &[SealedColumn::text("text", "order_messages.text", KEY)],
};

row! {
    struct CountRow in message_counts {
        order_id: OrderId,
        newest: u64,
    }
}

row! {
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct MessageRow in order_messages sealed by MESSAGES {
        pub order_id: OrderId,
        pub number: u64,
        pub id: Uuid,
        pub provider_id: UserId,
        pub from_provider: bool,
        pub text: String,
        pub sent_at: UnixMillis,
        pub read_at: Option<UnixMillis>,
        notice_at: Option<UnixMillis>,
        photo_hash: Option<Hash>,
        photo_bytes: Option<u32>,
    }
}

const ENDED_AT: &str = "SELECT cloud_at FROM order_timeline WHERE order_id = ? \
    AND to_status IN (?, ?) ORDER BY id LIMIT 1";

const ENDS: &str = "SELECT order_id, cloud_at FROM order_timeline \
    WHERE to_status IN (?, ?) AND order_id IN (";

const THREADS: &str = "SELECT order_id, provider_id, from_provider, COUNT(*) AS sent, \
    COUNT(read_at) AS seen, MAX(number) AS newest FROM order_messages WHERE order_id IN (";

const COUNTS: &str = "SELECT order_id, newest FROM message_counts WHERE order_id IN (";

const COUNT: &str = "SELECT newest FROM message_counts WHERE order_id = ?";

const NEWEST: &str =
    "SELECT number FROM order_messages WHERE order_id = ? ORDER BY number DESC LIMIT 1";

const BY_KEY: &str = "(order_id = ? AND from_provider = ? AND id = ?)";

const READ: &str = "UPDATE order_messages SET read_at = ?, notice_at = NULL WHERE order_id = ? \
    AND number <= ? AND from_provider = ? AND read_at IS NULL";

const NEXT_UNREAD: &str = "SELECT number FROM order_messages WHERE order_id = ? \
    AND from_provider = ? AND read_at IS NULL";

const NOTICE: &str = "UPDATE order_messages SET notice_at = ? WHERE order_id = ? AND number = ?";

const DUE: &str = "SELECT order_id, number, id, provider_id, from_provider FROM order_messages \
    WHERE notice_at <= ? ORDER BY notice_at LIMIT ?";

const NOTICED: &str = "UPDATE order_messages SET notice_at = NULL WHERE order_id = ? \
    AND number = ? AND notice_at IS NOT NULL";

row! {
    /// An unread message that is due for an inbox line.
    struct DueNotice {
        order_id: OrderId,
        number: u64,
        id: Uuid,
        provider_id: UserId,
        from_provider: bool,
    }
}

row! {
    /// The messages of an order in one direction, of one provider.
    struct DirectionCount {
        order_id: OrderId,
        provider_id: UserId,
        from_provider: bool,
        sent: u64,
        seen: u64,
        newest: u64,
    }
}

/// A person's rights in the messages of their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageStanding {
    /// The reason that they cannot write now.
    pub refusal: Option<Code>,
    /// When the messages close; `None` until the order ends.
    pub closes_at: Option<UnixMillis>,
    /// They have blocked the other person.
    pub has_blocked: bool,
}

impl MessageRow {
    pub(super) fn from_new(new: &NewMessage, sent_at: UnixMillis) -> Self {
        let KnownMessage {
            id,
            direction,
            ref text,
            photo,
        } = new.message;
        Self {
            order_id: new.order_id,
            number: new.number,
            id: id.0,
            provider_id: direction.provider_id,
            from_provider: direction.from_provider,
            text: text.clone(),
            sent_at,
            read_at: None,
            notice_at: new.needs_notice.then(|| sent_at.plus_ms(NOTICE_AFTER_MS)),
            photo_hash: photo.map(|photo| photo.hash),
            photo_bytes: photo.map(|photo| photo.bytes),
        }
    }

    /// The photo that it names.
    pub fn photo(&self) -> Option<PhotoRef> {
        Some(PhotoRef {
            hash: self.photo_hash?,
            bytes: self.photo_bytes?,
        })
    }

    fn into_known(self) -> KnownMessage {
        KnownMessage {
            photo: self.photo(),
            id: CommandId(self.id),
            direction: MessageDirection {
                provider_id: self.provider_id,
                from_provider: self.from_provider,
            },
            text: self.text,
        }
    }

    pub fn writer_role(&self) -> Role {
        match self.from_provider {
            true => Role::Provider,
            false => Role::Customer,
        }
    }

    pub fn writer(&self, order: &Order) -> Actor {
        writer_of(order, self.provider_id, self.from_provider)
    }
}

impl Store {
    /// The message that this side of the order sent under the id.
    pub async fn find_sent_message(
        &self,
        order_id: OrderId,
        from: Role,
        id: CommandId,
    ) -> Result<Option<MessageRow>, StoreError> {
        let text = MessageRow::select("WHERE order_id = ? AND from_provider = ? AND id = ?");
        let values = vals![order_id, from == Role::Provider, id];
        Ok(self.sql.fetch_optional(text, values).await?)
    }

    /// Up to `limit` messages before the number `before`, newest first. A provider reads only the
    /// messages written to or by them.
    pub async fn list_messages(
        &self,
        order_id: OrderId,
        reader: Actor,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let mut values = vals![order_id, before.unwrap_or(u64::MAX)];
        let text = MessageRow::select("WHERE order_id = ? AND number < ?");
        let text = restrict_to_reader(text, &mut values, reader);
        values.push(limit.into());
        let text = text.append_text(" ORDER BY number DESC LIMIT ?");
        Ok(self.sql.fetch_all(text, values).await?)
    }

    /// Up to `limit` messages after the marks of orders of the region, by order and number.
    /// `query` has at least one mark.
    pub async fn list_messages_after_marks(
        &self,
        query: &MessagesQuery,
        limit: usize,
    ) -> Result<Vec<MessageRow>, StoreError> {
        const AFTER_MARK: &str = "(order_id = ? AND number > ?)";
        const OF_REGION: &str = ") AND EXISTS (SELECT 1 FROM orders \
            WHERE orders.location = ? AND orders.id = order_messages.order_id) \
            ORDER BY order_id, number LIMIT ?";
        let text = MessageRow::select("WHERE (")
            .append_repeated(AFTER_MARK, " OR ", query.marks.len())
            .append_text(OF_REGION);
        let marks = query.marks.iter();
        let mut values: Vec<Val> = marks
            .flat_map(|mark| vals![mark.order_id, mark.number])
            .collect();
        values.extend(vals![query.region, limit]);
        Ok(self.sql.fetch_all(text, values).await?)
    }

    /// `reader` must be the customer or the provider of the order.
    pub async fn find_message_standing(
        &self,
        order: &Order,
        reader: Actor,
    ) -> Result<MessageStanding, StoreError> {
        let now = self.clock.now();
        let ended_at = self.find_order_end(order.id).await?;
        let mut refusal = find_message_recipient(order, reader, ended_at, now).err();
        let mut has_blocked = false;
        if let Some(other) = find_other_party(order, reader) {
            has_blocked = self.has_blocked(reader.user_id, other.user_id).await?;
            if has_blocked || self.has_blocked(other.user_id, reader.user_id).await? {
                refusal = refusal.or(Some(Code::MessagesBlocked));
            }
        }
        Ok(MessageStanding {
            refusal,
            closes_at: find_message_close(order, ended_at),
            has_blocked,
        })
    }

    /// When the order was first completed or cancelled.
    async fn find_order_end(&self, id: OrderId) -> Result<Option<UnixMillis>, StoreError> {
        let values = vals![id, OrderStatus::Completed, OrderStatus::Cancelled];
        let found: Option<Option<UnixMillis>> = self.sql.fetch_optional(ENDED_AT, values).await?;
        Ok(found.flatten())
    }

    /// Marks the messages to the reader up to this number as read. The next unread one gets a new
    /// notice, because the notice of the earlier ones covered it.
    pub async fn mark_messages_read(
        &self,
        order_id: OrderId,
        reader: Actor,
        up_to: u64,
    ) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let from_provider = reader.role == Role::Customer;
        transact!(self.sql, tx => {
            // Messages are sent under this lock.
            lock_order(tx, order_id).await?;
            let mut values = vals![now, order_id, up_to, from_provider];
            let text = restrict_to_reader(Statement::new(READ), &mut values, reader);
            let read = tx.exec(text, values).await?;
            if read > 0 {
                let mut values = vals![order_id, from_provider];
                let text = restrict_to_reader(Statement::new(NEXT_UNREAD), &mut values, reader);
                let text = text.append_text(" ORDER BY number LIMIT 1");
                if let Some(next) = tx.fetch_optional::<u64>(text, values).await? {
                    let notice_at = now.plus_ms(NOTICE_AFTER_MS);
                    tx.exec(NOTICE, vals![notice_at, order_id, next]).await?;
                }
            }
            Ok::<_, StoreError>(read)
        })
    }

    /// Announces up to `limit` messages that their recipient has not read in time. Returns the
    /// number of those that were due.
    pub async fn announce_unread_messages(&self, limit: usize) -> Result<usize, StoreError> {
        let values = vals![self.clock.now(), limit];
        let due: Vec<DueNotice> = self.sql.fetch_all(DUE, values).await?;
        for notice in &due {
            self.announce_unread_message(notice).await?;
        }
        Ok(due.len())
    }

    async fn announce_unread_message(&self, notice: &DueNotice) -> Result<(), StoreError> {
        let now = self.clock.now();
        let event_id = EventId(self.clock.new_id());
        let command_id = CommandId(notice.id);
        let trace = TraceId::from_command(command_id).to_string();
        transact!(self.sql, tx => {
            let Some(state) = lock_order(tx, notice.order_id).await? else { return Ok(()) };
            let order = state.order;
            // Another replica may have announced it, or its recipient may have read it.
            if tx.exec(NOTICED, vals![notice.order_id, notice.number]).await? != 1 {
                return Ok(());
            }
            // The line would go to the present provider, but the message is for an earlier one.
            if order.provider_id != Some(notice.provider_id) {
                return Ok(());
            }
            let writer = writer_of(&order, notice.provider_id, notice.from_provider);
            let body = OrderEvent::from_order(order, writer, command_id);
            let kind = EventType::OrderMessageUnread;
            outbox::add(tx, &Event::new(event_id, kind, now, &trace, &body)?).await?;
            Ok::<_, StoreError>(())
        })
    }
}

fn writer_of(order: &Order, provider: UserId, from_provider: bool) -> Actor {
    let (user_id, role) = match from_provider {
        true => (provider, Role::Provider),
        false => (order.customer_id, Role::Customer),
    };
    Actor { user_id, role }
}

pub(super) fn restrict_to_reader(
    text: Statement,
    values: &mut Vec<Val>,
    reader: Actor,
) -> Statement {
    match reader.role {
        Role::Provider => {
            values.push(reader.user_id.into());
            text.append_text(" AND provider_id = ?")
        }
        Role::Customer | Role::Admin => text,
    }
}

/// The orders to which some request sends a message.
pub(super) fn list_messaged(submissions: &[Submission]) -> BTreeSet<OrderId> {
    let sent = list_message_keys(submissions).into_iter();
    sent.map(|key| key.order_id).collect()
}

/// A message is stored once under this key.
struct MessageKey {
    order_id: OrderId,
    from_provider: bool,
    id: CommandId,
}

fn list_message_keys(submissions: &[Submission]) -> Vec<MessageKey> {
    let keys = submissions.iter().filter_map(|request| match request {
        Submission::Command(attempt) => {
            let body = &attempt.command.body;
            let sends = body.order_action() == Some(Action::Message);
            attempt.actor.filter(|_| sends).map(|actor| MessageKey {
                order_id: body.order_id(),
                from_provider: actor.role == Role::Provider,
                id: attempt.command.id,
            })
        }
        Submission::LeaseReleased { .. } => None,
    });
    keys.collect()
}

/// Reads the stored messages that new ones in these requests depend on. The caller locks the orders
/// first: messages are stored under these locks.
pub(super) async fn read_messages(
    tx: &mut Tx,
    submissions: &[Submission],
    orders: &BTreeMap<OrderId, OrderState>,
) -> Result<KnownMessages, StoreError> {
    let messaged = list_messaged(submissions);
    if messaged.is_empty() {
        return Ok(KnownMessages::default());
    }
    let mut threads: BTreeMap<OrderId, MessageThread> = BTreeMap::new();
    let text = ") GROUP BY order_id, provider_id, from_provider";
    let counts = tx.all_named::<DirectionCount>(THREADS, &[], &messaged, text);
    for count in counts.await? {
        let thread = threads.entry(count.order_id).or_default();
        thread.newest = thread.newest.max(count.newest);
        match count.from_provider {
            true => thread.sent_by_provider += count.sent,
            false => thread.sent_by_customer += count.sent,
        }
        if count.seen < count.sent {
            thread.unread.insert(MessageDirection {
                provider_id: count.provider_id,
                from_provider: count.from_provider,
            });
        }
    }
    let counts = tx.all_named::<(OrderId, u64)>(COUNTS, &[], &messaged, ")");
    for (order_id, newest) in counts.await? {
        let thread = threads.entry(order_id).or_default();
        thread.newest = thread.newest.max(newest);
    }
    let ended = vals![OrderStatus::Completed, OrderStatus::Cancelled];
    let ends =
        tx.all_named::<(OrderId, Option<UnixMillis>)>(ENDS, &ended, &messaged, ") ORDER BY id");
    for (order_id, at) in ends.await? {
        let thread = threads.entry(order_id).or_default();
        thread.ended_at = thread.ended_at.or(at);
    }
    for part in split_batches(&list_message_keys(submissions), ROWS_MAX) {
        let text = MessageRow::select("WHERE ").append_repeated(BY_KEY, " OR ", part.len());
        let keys = part.iter();
        let values = keys.flat_map(|key| vals![key.order_id, key.from_provider, key.id]);
        for row in tx.fetch_all::<MessageRow>(text, values.collect()).await? {
            let thread = threads.entry(row.order_id).or_default();
            thread.known.push(row.into_known());
        }
    }
    let people = list_people(submissions, &messaged, orders);
    let blocks = read_blocks(tx, &people).await?;
    Ok(KnownMessages { threads, blocks })
}

/// The people of these orders, and the authors of the requests, who may become their people.
fn list_people(
    submissions: &[Submission],
    messaged: &BTreeSet<OrderId>,
    orders: &BTreeMap<OrderId, OrderState>,
) -> BTreeSet<UserId> {
    let mut people = BTreeSet::new();
    for state in messaged.iter().filter_map(|id| orders.get(id)) {
        people.insert(state.order.customer_id);
        people.extend(state.order.provider_id);
    }
    for request in submissions {
        if let Submission::Command(attempt) = request
            && messaged.contains(&attempt.command.body.order_id())
        {
            people.extend(attempt.actor.map(|actor| actor.user_id));
        }
    }
    people
}

/// Call it before removing messages, so that their numbers are not used again.
pub(super) async fn keep_newest_number(tx: &mut Tx, order_id: OrderId) -> Result<(), StoreError> {
    const FORGET: &str = "DELETE FROM message_counts WHERE order_id = ?";
    let newest: Option<u64> = tx.fetch_optional(NEWEST, vals![order_id]).await?;
    let kept: Option<u64> = tx.fetch_optional(COUNT, vals![order_id]).await?;
    let Some(newest) = newest.max(kept) else {
        return Ok(());
    };
    tx.exec(FORGET, vals![order_id]).await?;
    Ok(tx.insert(CountRow { order_id, newest }).await?)
}

pub(super) async fn find_message(
    tx: &mut Tx,
    order_id: OrderId,
    number: u64,
) -> Result<Option<MessageRow>, StoreError> {
    let text = MessageRow::select("WHERE order_id = ? AND number = ?");
    Ok(tx.fetch_optional(text, vals![order_id, number]).await?)
}
