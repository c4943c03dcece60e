//! Where one order's changes have got to, for operators: the events about it with their receipts,
//! and its changes in the feed with the edges that have them.
//!
//! Invariant: ids, kinds, states and times only. No text that a person wrote, and no address.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use utoipa::ToSchema;

use crate::{
    ids::{CommandId, EdgeId, EventId, Region, UserId},
    op::OpRecord,
    person::Role,
    status::LinkState,
    time::UnixMillis,
};

/// The events about an order, oldest first, and the parts that did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderEventTrace {
    pub items: Vec<TracedEvent>,
    /// Parts that were unavailable.
    pub missing: Vec<String>,
    /// There are older events than the listed ones.
    pub more: bool,
}

#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TracedEvent {
    pub id: EventId,
    #[serde(rename = "type")]
    pub kind: String,
    /// The part that published it.
    pub part: String,
    /// The command that caused it.
    pub command_id: Option<CommandId>,
    /// The version of the order that it carries.
    pub order_version: Option<u64>,
    /// When it was written to the outbox, together with the change.
    pub made_at: UnixMillis,
    /// When the bus had it; absent while it waits in the outbox.
    pub sent_at: Option<UnixMillis>,
    /// The queues that get it.
    pub consumers: Vec<EventReceipt>,
    /// The inboxes that it reached.
    pub arrivals: Vec<InboxArrival>,
}

words! {
    ReceiptState {
        Handled "handled",
        /// The consumer has not recorded it.
        Waiting "waiting",
        /// The consumer records no receipts: it recognises repeats by its own data.
        Unrecorded "unrecorded",
        /// The consumer's part did not answer.
        Unknown "unknown",
    }
    or Unrecognised "unrecognised"
}

#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventReceipt {
    pub queue: String,
    /// The part that consumes it.
    pub part: String,
    pub state: ReceiptState,
    /// When it was handled.
    pub at: Option<UnixMillis>,
}

/// One line in one person's inbox.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InboxArrival {
    pub role: Role,
    /// The nil id for the inbox that all admins share.
    pub user_id: UserId,
    pub at: UnixMillis,
    pub read_at: Option<UnixMillis>,
    /// What was sent outside the inbox.
    pub deliveries: Vec<ChannelDelivery>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelDelivery {
    pub channel: String,
    /// `waiting`, `sent`, `dropped`, `given_up`, or a state of a newer service.
    pub state: String,
    pub attempts: i64,
    pub created_at: UnixMillis,
}

/// A person whom an event names, and so whose inbox may have a line of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPerson {
    pub user_id: UserId,
    pub role: Role,
}

/// What the hub knows of one order: ops that wait for a decision, and the feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrderFeedTrace {
    /// The order's ops that the hub has received but not decided, in log order.
    pub waiting: Vec<OpRecord>,
    /// The order's newest changes in the feed, oldest first. Older versions are removed once every
    /// edge has a newer one.
    pub changes: Vec<TracedChange>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TracedChange {
    pub region: Region,
    pub feed_seq: u64,
    /// The version of the order.
    pub version: u64,
    /// The order left the region.
    pub gone: bool,
    /// When the hub added it.
    pub at: UnixMillis,
    /// The region's edges.
    pub edges: Vec<FeedArrival>,
}

#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FeedArrival {
    pub edge: EdgeId,
    /// The edge has acknowledged the change.
    pub reached: bool,
    /// When it did, by the hub's clock, while the hub remembers that.
    pub at: Option<UnixMillis>,
    pub link: LinkState,
}
