//! How the hub compares what a region's feed has brought with what its owner has: digests over
//! ranges of ids, and what stands in a range where they differ.

use serde::{Deserialize, Serialize};

use crate::{EdgeId, Hash, Order, OrderId, Region, UnixMillis};

/// Which orders of a region: those with an id beyond `after`, in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeQuestion {
    pub region: Region,
    pub after: Option<OrderId>,
    /// The last one; to the end where it is absent.
    pub until: Option<OrderId>,
    pub orders_max: u32,
    /// True if each of them is to be told.
    pub marks: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeAnswer {
    /// Where the range ends, because there were as many as asked for; else where it was to end.
    pub until: Option<OrderId>,
    pub digest: Hash,
    #[serde(default)]
    pub marks: Vec<OrderMark>,
}

/// The part of an order that two ends compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderMark {
    pub id: OrderId,
    pub version: u64,
    pub digest: Hash,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrdersQuestion {
    pub ids: Vec<OrderId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrdersAnswer {
    /// The orders that exist, in any region.
    pub orders: Vec<Order>,
    /// The time since an event waits to leave; an order missing at the hub may still be on its way.
    pub unsent_since: Option<UnixMillis>,
}

/// The holder's view did not agree with its grant. The region has been put right: the same holder
/// is to have a new fence, and with it a digest of how things stand now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewRequest {
    pub region: Region,
    pub edge: EdgeId,
    pub epoch: u64,
    pub fence: u64,
}

impl OrderMark {
    pub fn of(order: &Order) -> Self {
        Self { id: order.id, version: order.version, digest: order.digest() }
    }
}

pub fn range_digest<'a>(marks: impl IntoIterator<Item = &'a OrderMark>) -> Hash {
    let mut digest = Hash::ZERO;
    for mark in marks {
        digest.toggle(mark.digest);
    }
    digest
}
