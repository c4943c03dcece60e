//! The feeds that people's calendars read without a sign-in.
//!
//! Invariants: the secret of a feed is not stored, only its hash; a person has one feed, and a new
//! secret ends the one before.

use platform::{
    row,
    sql::{Columns, Tx},
    transact, vals,
};
use process::random;
use wire::{Actor, Hash, Order, OrderStatus, Role, UnixMillis, UserId};

use super::{Store, StoreError, rows::OrderRow};

const SECRET: &str = "calendar_feeds.secret";

const SECRET_BYTES: usize = 32;

/// Of the jobs of a feed, those that start last.
pub const CALENDAR_JOBS_MAX: usize = 500;

/// Jobs that started earlier are not listed.
const LISTED_SINCE_MS: i64 = 30 * 24 * 60 * 60 * 1_000;

const REPLACE: &str =
    "UPDATE calendar_feeds SET role = ?, secret_hash = ?, created_at = ? WHERE user_id = ?";

const END: &str = "DELETE FROM calendar_feeds WHERE user_id = ?";

const CREATED_AT: &str = "SELECT created_at FROM calendar_feeds WHERE user_id = ?";

/// The states of a job that someone has accepted. A cancelled one is listed so that calendars
/// remove it.
const LISTED: [OrderStatus; 5] = [
    OrderStatus::Accepted,
    OrderStatus::InProgress,
    OrderStatus::Completed,
    OrderStatus::Reviewed,
    OrderStatus::Cancelled,
];

const OF_CUSTOMER: &str = "WHERE customer_id = ? AND provider_id IS NOT NULL";

const OF_PROVIDER: &str = "WHERE provider_id = ?";

const JOBS: &str = " AND status IN (?, ?, ?, ?, ?) AND service_start_time >= ? \
    ORDER BY service_start_time DESC, id DESC LIMIT ?";

row! {
    struct FeedRow in calendar_feeds {
        user_id: UserId,
        role: Role,
        secret_hash: Hash,
        created_at: UnixMillis,
    }
}

/// A feed with its secret, which cannot be read again.
pub struct NewCalendarFeed {
    pub secret: String,
    pub created_at: UnixMillis,
}

impl Store {
    /// Makes the feed of a person, or another secret for it.
    pub async fn make_calendar_feed(&self, owner: Actor) -> Result<NewCalendarFeed, StoreError> {
        let secret = random::secret_text(SECRET_BYTES);
        let created_at = self.clock.now();
        let hash = self.hash_calendar_secret(&secret);
        self.store_calendar_feed(owner, hash, created_at).await?;
        Ok(NewCalendarFeed { secret, created_at })
    }

    async fn store_calendar_feed(
        &self,
        Actor { user_id, role }: Actor,
        secret_hash: Hash,
        created_at: UnixMillis,
    ) -> Result<(), StoreError> {
        transact!(self.sql, tx => {
            let feed = FeedRow { user_id, role, secret_hash, created_at };
            if !tx.insert_new(feed).await? {
                tx.exec(REPLACE, vals![role, secret_hash, created_at, user_id]).await?;
            }
            Ok(())
        })
    }

    pub async fn end_calendar_feed(&self, owner: UserId) -> Result<(), StoreError> {
        self.sql.exec(END, vals![owner]).await?;
        Ok(())
    }

    /// Since when the person has a feed.
    pub async fn find_calendar_feed(
        &self,
        owner: UserId,
    ) -> Result<Option<UnixMillis>, StoreError> {
        Ok(self.sql.fetch_optional(CREATED_AT, vals![owner]).await?)
    }

    /// The owner of the feed with this secret.
    pub async fn find_calendar_owner(&self, secret: &str) -> Result<Option<Actor>, StoreError> {
        let values = vals![self.hash_calendar_secret(secret)];
        let row: Option<FeedRow> = self
            .sql
            .fetch_optional(FeedRow::select("WHERE secret_hash = ?"), values)
            .await?;
        Ok(row.map(|FeedRow { user_id, role, .. }| Actor { user_id, role }))
    }

    /// The jobs of a feed, the last first: those that its owner holds, or published and someone has
    /// accepted. May lag a few seconds.
    pub async fn list_calendar_jobs(&self, owner: Actor) -> Result<Vec<Order>, StoreError> {
        let theirs = match owner.role {
            Role::Customer => OF_CUSTOMER,
            Role::Provider => OF_PROVIDER,
            Role::Admin => return Ok(Vec::new()),
        };
        let since = self.clock.now().plus_ms(-LISTED_SINCE_MS);
        let mut values = vals![owner.user_id];
        values.extend(LISTED.map(Into::into));
        values.extend(vals![since, CALENDAR_JOBS_MAX]);
        let text = OrderRow::select(theirs).append_text(JOBS);
        let rows: Vec<OrderRow> = self.reads.fetch_all(text, values).await?;
        Ok(rows.into_iter().map(Order::from).collect())
    }

    fn hash_calendar_secret(&self, secret: &str) -> Hash {
        Hash(self.data_keys().hash(SECRET, secret))
    }
}

/// Ends the feed of a person whose access was revoked.
pub(super) async fn end_feed(tx: &mut Tx, owner: UserId) -> Result<(), StoreError> {
    tx.exec(END, vals![owner]).await?;
    Ok(())
}
