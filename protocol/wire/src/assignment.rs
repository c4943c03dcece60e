//! The right to assign a region's orders, which is a lease: which edge holds it, under which fence
//! and rules, and how each granted right ended.
//!
//! Invariant: every change here raises the region's `policy_version`, so the highest version is the
//! current one.

use minicbor::{Decode, Decoder, Encode, decode};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use utoipa::ToSchema;

use crate::{
    code::Code,
    ids::{EdgeId, Hash, OrderId, Region, UserId, encode_canonical},
    money::{Amount, Currency},
    order::{Order, OrderStatus, PaymentStatus, ServiceType},
    time::UnixMillis,
};

/// Exceptions that an operator allows in a region: at its edges during an outage, and everywhere
/// for work paid afterwards. The default allows nothing.
///
/// Invariant: a rule only ever allows more. A reader skips unknown rules and so allows less than
/// its peer, never more. A narrower rule is therefore a separate field next to the wider one.
#[derive(
    Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, Encode, Decode, ToSchema,
)]
#[cbor(map)]
pub struct OfflineRules {
    /// Work that started at an edge while it was cut off requires no held funds.
    #[n(0)]
    #[serde(default)]
    #[schema(required)]
    pub unpaid_start: bool,
    /// The orders that the holding edge may approve; without this rule it approves none.
    #[n(1)]
    #[schema(required)]
    pub approval: Option<ApprovalRule>,
    /// A provider who starts work at an edge sees the address, although the cloud has not yet
    /// decided their acceptance.
    #[n(2)]
    #[cbor(skip_if = "is_off")]
    #[serde(default, skip_serializing_if = "is_off")]
    pub address_at_start: bool,
    /// The orders that the holding edge may also approve for customers in good standing.
    #[n(3)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_in_good_standing: Option<ApprovalRule>,
    /// Work up to this price that started at a cut-off edge requires no held funds, even if
    /// `unpaid_start` is off.
    #[n(4)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpaid_start_max: Option<PriceCap>,
    /// Kinds of work that are paid for afterwards: they start without held funds, at an edge or at
    /// the portal.
    #[n(5)]
    #[cbor(skip_if = "Vec::is_empty")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paid_afterwards: Vec<ServiceType>,
}

impl OfflineRules {
    /// Returns true if this order may start at an edge without held funds. `cut_off` comes from the
    /// op; an op without it counts as cut off.
    pub fn starts_unpaid_at_edge(&self, order: &Order, cut_off: Option<bool>) -> bool {
        let is_small = self
            .unpaid_start_max
            .as_ref()
            .is_some_and(|cap| cap.covers_order(order));
        let is_waived = (self.unpaid_start || is_small) && cut_off.unwrap_or(true);
        (is_waived && can_be_paid(order)) || self.is_paid_afterwards(order)
    }

    pub fn is_paid_afterwards(&self, order: &Order) -> bool {
        can_be_paid(order) && self.paid_afterwards.contains(&order.service_type)
    }

    /// Returns true if work on this order continues unpaid under a rule for edges only. The
    /// customer was not informed of such work, so they may still cancel.
    pub fn is_unpaid_work(&self, order: &Order) -> bool {
        order.status == OrderStatus::InProgress
            && can_be_paid(order)
            && !self.is_paid_afterwards(order)
    }

    /// The rules under which the holding edge may approve a customer's orders.
    pub fn list_approval_rules(
        &self,
        in_good_standing: bool,
    ) -> impl Iterator<Item = &ApprovalRule> {
        let wider = self
            .approval_in_good_standing
            .as_ref()
            .filter(|_| in_good_standing);
        self.approval.iter().chain(wider)
    }
}

/// An order whose money was returned can never be paid again, so its work waits for a person.
fn can_be_paid(order: &Order) -> bool {
    order.payment_status == PaymentStatus::Unpaid
}

/// Rules that are off are not encoded, so that older peers can read the rest and compute the same
/// digests.
fn is_off(rule: &bool) -> bool {
    !rule
}

/// An inclusive price limit in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, ToSchema)]
#[cbor(map)]
pub struct PriceCap {
    /// The highest price allowed.
    #[n(0)]
    pub price_max: Amount,
    #[n(1)]
    #[serde(default)]
    #[schema(required)]
    pub currency: Currency,
}

impl PriceCap {
    pub fn covers_order(&self, order: &Order) -> bool {
        order.currency == self.currency && order.price <= self.price_max
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, ToSchema)]
#[cbor(map)]
pub struct ApprovalRule {
    /// The highest price allowed.
    #[n(0)]
    pub price_max: Amount,
    #[n(1)]
    #[serde(default)]
    #[schema(required)]
    pub currency: Currency,
    #[n(2)]
    pub service_types: Vec<ServiceType>,
}

impl ApprovalRule {
    pub fn allows_order(&self, order: &Order) -> bool {
        order.currency == self.currency
            && order.price <= self.price_max
            && self.service_types.contains(&order.service_type)
    }
}

words! {
    #[derive(Default, Encode, Decode)]
    #[cbor(index_only)]
    Policy {
        /// An accept made at an edge is provisional; the first to reach the cloud wins.
        #[default]
        Optimistic = 0 "optimistic",
        /// One edge holds the right to assign, and its accept is firm at once.
        Exclusive = 1 "exclusive",
    }
}

words_from_text!(Policy);

/// How a region assigns its orders. The feed delivers it, and the hub may request it at any time.
#[derive(
    Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, Encode, Decode, ToSchema,
)]
#[cbor(map)]
pub struct RegionAssignment {
    /// Rises with every change to these fields.
    #[n(0)]
    pub policy_version: u64,
    #[n(1)]
    pub policy: Policy,
    /// The edge that holds the right to assign. If absent, the cloud decides.
    #[n(2)]
    #[schema(required)]
    pub holder: Option<EdgeId>,
    /// The epoch that holds the right; another epoch of the same edge does not.
    #[n(3)]
    pub epoch: u64,
    /// The last fence issued in this region; the holder's, if there is a holder.
    #[n(4)]
    pub fence: u64,
    /// The holder should give the right back.
    #[n(5)]
    #[serde(default)]
    #[schema(required)]
    pub release_asked: bool,
    /// `open_digest` of the region as the granting transaction read it. Present while held.
    #[n(6)]
    #[schema(required)]
    pub digest: Option<Hash>,
    /// Rises when the rules change.
    #[n(7)]
    pub rules_version: u64,
    #[n(8)]
    #[serde(default)]
    #[schema(required)]
    pub rules: OfflineRules,
}

impl RegionAssignment {
    /// For comparison between the hub and an edge.
    pub fn compute_digest(&self) -> Hash {
        Hash::digest_bytes(&encode_canonical(self))
    }
}

/// The body of `order.region_assigned`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AssignmentEvent {
    pub region: Region,
    pub assignment: RegionAssignment,
}

/// The current assignment of every region, as the hub requests it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Assignments {
    pub items: Vec<AssignmentEvent>,
}

/// A granted right to assign, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FenceRecord {
    pub region: Region,
    pub fence: u64,
    pub holder: EdgeId,
    pub epoch: u64,
    pub granted_at: UnixMillis,
    pub granted_by: UserId,
    /// Absent while the right is in force.
    #[schema(required)]
    pub end: Option<FenceEnd>,
}

#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, ToSchema)]
#[cbor(map)]
pub struct FenceEnd {
    #[n(0)]
    pub at: UnixMillis,
    #[n(1)]
    pub how: FenceEnding,
    /// The operator who took the right back, or whose change made the holder return it. Absent if
    /// no operator ended it.
    #[n(2)]
    pub by: Option<UserId>,
    /// The operator's reason.
    #[n(3)]
    pub why: Option<String>,
}

words! {
    #[derive(Encode)]
    #[cbor(index_only)]
    FenceEnding {
        /// The holder returned it after its last op under it, without a request.
        Released = 0 "released",
        TakenBack = 1 "taken_back",
        EdgeRestored = 2 "edge_restored",
        EdgeCloned = 3 "edge_cloned",
        /// The holder's view did not match the grant, so the same holder received a new grant.
        Renewed = 4 "renewed",
        /// The holder returned it because an operator changed the region's policy.
        PolicyChanged = 5 "policy_changed",
        /// The holder returned it because an operator named another holder.
        Reassigned = 6 "reassigned",
        /// An operator disabled the holding edge.
        EdgeDisabled = 7 "edge_disabled",
    }
    or
    /// An ending that only a newer peer defines. The right still ends and the message is
    /// still read: an unreadable outcome would be resent forever.
    Unrecognised = 65535 "unrecognised"
}

words_from_text!(FenceEnding);

impl FenceEnding {
    /// Returns true if the holder did not end it, so that it may have answered under it afterwards.
    pub fn is_take_back(self) -> bool {
        self.broken_promise().is_some()
    }

    /// The code for an acceptance that lost because the holder's right ended this way. `None` if
    /// the holder ended it itself, with its last op under it.
    pub fn broken_promise(self) -> Option<Code> {
        match self {
            Self::Released | Self::PolicyChanged | Self::Reassigned => None,
            Self::TakenBack => Some(Code::RegionTakenBack),
            Self::EdgeRestored => Some(Code::HolderRestored),
            Self::EdgeCloned => Some(Code::HolderCloned),
            Self::EdgeDisabled => Some(Code::HolderDisabled),
            Self::Renewed => Some(Code::RightRenewed),
            Self::Unrecognised => Some(Code::RightEnded),
        }
    }
}

impl<'b, C> Decode<'b, C> for FenceEnding {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let index = usize::try_from(d.u32()?).unwrap_or(usize::MAX);
        Ok(Self::ALL.get(index).copied().unwrap_or(Self::Unrecognised))
    }
}

impl Code {
    /// Returns true for an acceptance that an edge had promised and that lost because the edge's
    /// right had ended.
    pub fn is_broken_promise(self) -> bool {
        let endings = FenceEnding::ALL
            .into_iter()
            .chain([FenceEnding::Unrecognised]);
        endings
            .filter_map(FenceEnding::broken_promise)
            .any(|code| code == self)
    }
}

words! {
    #[derive(Encode, Decode)]
    #[cbor(index_only)]
    QuarantineWhy {
        EdgeRestored = 0 "edge_restored",
        EdgeCloned = 1 "edge_cloned",
    }
}
words_from_text!(QuarantineWhy);

impl From<QuarantineWhy> for FenceEnding {
    fn from(why: QuarantineWhy) -> Self {
        match why {
            QuarantineWhy::EdgeRestored => Self::EdgeRestored,
            QuarantineWhy::EdgeCloned => Self::EdgeCloned,
        }
    }
}

/// Returns true until the order's work is done; such orders count towards `open_digest`.
pub fn is_open(status: OrderStatus) -> bool {
    match status {
        OrderStatus::PendingReview
        | OrderStatus::Pending
        | OrderStatus::Accepted
        | OrderStatus::InProgress => true,
        OrderStatus::Completed
        | OrderStatus::Reviewed
        | OrderStatus::Cancelled
        | OrderStatus::Rejected => false,
    }
}

/// The digest of a region's open orders by id and version, in any sequence. A new holder's view
/// must match it before the holder answers firm.
pub fn open_digest(open: impl IntoIterator<Item = (OrderId, u64)>) -> Hash {
    let mut digest = Hash::ZERO;
    for (id, version) in open {
        digest.toggle_member(Hash::digest_bytes(&encode_canonical((id, version))));
    }
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_tells_versions_apart_and_forgets_the_order() {
        let id = |n| OrderId(uuid::Uuid::from_u128(n));
        let digest = open_digest([(id(1), 1), (id(2), 4)]);
        assert_eq!(digest, open_digest([(id(2), 4), (id(1), 1)]));
        assert_ne!(digest, open_digest([(id(1), 2), (id(2), 4)]));
        assert_ne!(digest, open_digest([(id(1), 1)]));
        assert_eq!(open_digest([]), Hash::ZERO);
    }

    #[test]
    fn an_ending_keeps_its_word() {
        for ending in FenceEnding::ALL {
            assert_eq!(ending.as_str().parse(), Ok(ending));
            let json = serde_json::to_value(ending).unwrap();
            assert_eq!(json, ending.as_str());
            let bytes = encode_canonical(ending);
            assert_eq!(minicbor::decode::<FenceEnding>(&bytes).unwrap(), ending);
        }
    }
}
