//! Comparison of a region's feed at the hub with its owner's data: digests over ranges of ids, and
//! the contents of ranges that differ.

use serde::{Deserialize, Serialize};

use crate::{EdgeId, Hash, Order, OrderId, Region, UnixMillis};

/// A range of a region's orders: ids after `after`, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRangeQuery {
    pub region: Region,
    pub after: Option<OrderId>,
    /// The last id of the range; absent for an open end.
    pub until: Option<OrderId>,
    pub orders_max: u32,
    /// True if the answer must list every order.
    pub marks: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRangeDigest {
    /// The end of the range: earlier than requested if `orders_max` was reached.
    pub until: Option<OrderId>,
    pub digest: Hash,
    #[serde(default)]
    pub marks: Vec<OrderFingerprint>,
}

/// The part of an order that two ends compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderFingerprint {
    pub id: OrderId,
    pub version: u64,
    pub digest: Hash,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrdersByIdQuery {
    pub ids: Vec<OrderId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrdersByIdReply {
    /// The orders that exist, in any region.
    pub orders: Vec<Order>,
    /// Since when an event has waited in the outbox; an order missing at the hub may still be under
    /// way.
    pub unsent_since: Option<UnixMillis>,
}

/// Requests a new fence for the same holder, whose view did not match its grant. The region is
/// repaired, and the new grant carries its current digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseRenewalRequest {
    pub region: Region,
    pub edge: EdgeId,
    pub epoch: u64,
    pub fence: u64,
}

impl OrderFingerprint {
    pub fn from_order(order: &Order) -> Self {
        Self {
            id: order.id,
            version: order.version,
            digest: order.compute_digest(),
        }
    }
}

pub fn range_digest<'a>(marks: impl IntoIterator<Item = &'a OrderFingerprint>) -> Hash {
    let mut digest = Hash::ZERO;
    for mark in marks {
        digest.toggle_member(mark.digest);
    }
    digest
}
