//! The right to assign: how a region assigns its orders, which edge holds the right, under which
//! fence and rules, and how each right that was ever granted ended.
//!
//! Invariant: a region's `policy_version` rises with every change of anything here, so that the
//! highest one seen is how things stand.

use minicbor::{Decode, Decoder, Encode, decode};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use utoipa::ToSchema;

use crate::{
    Actor, Amount, Code, Command, CommandId, Currency, EdgeId, Hash, OpDecision, Order, OrderId,
    OrderStatus, PaymentStatus, Policy, QuarantineWhy, Region, ServiceType, UnixMillis, UserId,
};

/// What an operator allows in a region: at its edges while they are cut off, and, of work that is
/// paid for afterwards, everywhere. The default allows nothing.
///
/// Invariant: a rule only ever allows more. A reader passes over a rule that it does not know, and
/// so allows less than its peer, never more; a narrower rule is a field of its own beside the wider
/// one.
#[derive(
    Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, Encode, Decode, ToSchema,
)]
#[cbor(map)]
pub struct OfflineRules {
    /// Work that was started at an edge while it was cut off needs no held funds.
    #[n(0)]
    #[serde(default)]
    #[schema(required)]
    pub unpaid_start: bool,
    /// Which orders the holding edge may approve; none where this is absent.
    #[n(1)]
    #[schema(required)]
    pub approval: Option<ApprovalRule>,
    /// A provider who starts work at an edge reads its address, though the cloud has yet to decide
    /// his acceptance.
    #[n(2)]
    #[cbor(skip_if = "is_off")]
    #[serde(default, skip_serializing_if = "is_off")]
    pub address_at_start: bool,
    /// Which orders the holding edge may approve of a customer in good standing, beside those of
    /// anybody.
    #[n(3)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_in_good_standing: Option<ApprovalRule>,
    /// Work up to this price that was started at an edge while it was cut off needs no held funds,
    /// also where `unpaid_start` is off.
    #[n(4)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpaid_start_max: Option<PriceCap>,
    /// The kinds of work that are paid for afterwards: their start needs no held funds, at an edge
    /// or at the portal.
    #[n(5)]
    #[cbor(skip_if = "Vec::is_empty")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paid_afterwards: Vec<ServiceType>,
}

impl OfflineRules {
    /// Returns whether a start of this order that an edge has logged needs no held funds. `cut_off`
    /// comes from the op. One that does not say it is judged as if its edge was cut off.
    pub fn starts_unpaid_at_edge(&self, order: &Order, cut_off: Option<bool>) -> bool {
        let is_small = self.unpaid_start_max.as_ref().is_some_and(|cap| cap.covers(order));
        let is_waived = (self.unpaid_start || is_small) && cut_off.unwrap_or(true);
        (is_waived && can_be_paid(order)) || self.is_paid_afterwards(order)
    }

    /// Returns whether this order is paid for after the work.
    pub fn is_paid_afterwards(&self, order: &Order) -> bool {
        can_be_paid(order) && self.paid_afterwards.contains(&order.service_type)
    }

    /// Returns whether the work on this order goes on unpaid, by a rule for edges alone. Its
    /// customer was told of no such work, so they may still cancel it.
    pub fn is_unpaid_work(&self, order: &Order) -> bool {
        order.status == OrderStatus::InProgress
            && can_be_paid(order)
            && !self.is_paid_afterwards(order)
    }

    /// The rules by which the holding edge may approve orders of such a customer.
    pub fn approvals(&self, in_good_standing: bool) -> impl Iterator<Item = &ApprovalRule> {
        let wider = self.approval_in_good_standing.as_ref().filter(|_| in_good_standing);
        self.approval.iter().chain(wider)
    }
}

/// An order whose money went back can never be paid again, so its work waits for a person.
fn can_be_paid(order: &Order) -> bool {
    order.payment_status == PaymentStatus::Unpaid
}

/// A rule that is off is left out, so that older peers read the others and compute the same
/// digests.
fn is_off(rule: &bool) -> bool {
    !rule
}

/// A price and all below it, in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, ToSchema)]
#[cbor(map)]
pub struct PriceCap {
    /// The highest price, itself included.
    #[n(0)]
    pub price_max: Amount,
    #[n(1)]
    #[serde(default)]
    #[schema(required)]
    pub currency: Currency,
}

impl PriceCap {
    pub fn covers(&self, order: &Order) -> bool {
        order.currency == self.currency && order.price <= self.price_max
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, ToSchema)]
#[cbor(map)]
pub struct ApprovalRule {
    /// The highest price, itself included.
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
    pub fn allows(&self, order: &Order) -> bool {
        order.currency == self.currency
            && order.price <= self.price_max
            && self.service_types.contains(&order.service_type)
    }
}

/// How a region assigns its orders: what its feed brings, and what the hub may ask for at any time.
#[derive(
    Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, Encode, Decode, ToSchema,
)]
#[cbor(map)]
pub struct RegionAssignment {
    /// Rises with every change of any of these fields.
    #[n(0)]
    pub policy_version: u64,
    #[n(1)]
    pub policy: Policy,
    /// The edge that holds the right to assign; where there is none, the cloud decides.
    #[n(2)]
    #[schema(required)]
    pub holder: Option<EdgeId>,
    /// The epoch to which the right was granted; another epoch of the same edge does not hold it.
    #[n(3)]
    pub epoch: u64,
    /// The last fence that was given out in this region; the holder's own, where there is a holder.
    #[n(4)]
    pub fence: u64,
    /// The holder is asked to give the right back.
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
    /// The digest that two ends compare.
    pub fn digest(&self) -> Hash {
        Hash::of(&crate::op::encoded(self))
    }
}

/// The body of `order.region_assigned`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AssignmentEvent {
    pub region: Region,
    pub assignment: RegionAssignment,
}

/// The answer to the hub's question how every region assigns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Assignments {
    pub items: Vec<AssignmentEvent>,
}

/// The hub's word that an epoch of an edge is over: every right it held is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeBack {
    pub edge: EdgeId,
    pub epoch: u64,
    /// The way in which its rights end.
    pub why: FenceEnding,
    /// The operator who has disabled the edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// In the operator's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The rights that a take-back has ended, now or when it was first asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenBack {
    pub fences: Vec<FenceRecord>,
}

/// Commands of an edge that were decided, though an operator trusts nothing that it sent since a
/// moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DistrustedCommands {
    pub edge: EdgeId,
    pub commands: Vec<CommandId>,
}

/// The number of cases that were not listed before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedCases {
    pub listed: u64,
}

/// The epoch of an edge that the hub takes ops from now: only it can be granted a right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeSeat {
    pub edge: EdgeId,
    pub region: Region,
    pub epoch: u64,
}

/// An accept that the holder of its region is to log: a person's at the portal, which the order
/// service sends to the hub, or one that waits in another edge's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortalAccept {
    pub region: Region,
    pub command: Command,
    pub actor: Actor,
    pub token: String,
}

/// An accept that waits at the hub, handed in again: the cloud decides it once the right has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingAccept {
    pub command: Command,
    pub actor: Actor,
    /// The region's feed tells that this person is revoked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub revoked: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingAccepts {
    pub items: Vec<WaitingAccept>,
}

/// One answer for each, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingAnswers {
    pub answers: Vec<OpDecision>,
}

/// A right to assign that was granted, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FenceRecord {
    pub region: Region,
    pub fence: u64,
    pub holder: EdgeId,
    pub epoch: u64,
    pub granted_at: UnixMillis,
    /// The operator who granted it.
    pub granted_by: UserId,
    /// Absent while it stands.
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
    /// The operator who took it back, or for whose change the holder gave it back; absent where no
    /// operator ended it.
    #[n(2)]
    pub by: Option<UserId>,
    /// In the operator's words.
    #[n(3)]
    pub why: Option<String>,
}

words! {
    #[derive(Encode)]
    #[cbor(index_only)]
    FenceEnding {
        /// The holder gave it back after its last op under it, and nobody had asked for it.
        Released = 0 "released",
        TakenBack = 1 "taken_back",
        EdgeRestored = 2 "edge_restored",
        EdgeCloned = 3 "edge_cloned",
        /// The holder's view did not agree with the grant: the same holder was granted it anew.
        Renewed = 4 "renewed",
        /// The holder gave it back because an operator changed the region's policy.
        PolicyChanged = 5 "policy_changed",
        /// The holder gave it back because an operator named another holder.
        Reassigned = 6 "reassigned",
        /// An operator disabled the edge that held it.
        EdgeDisabled = 7 "edge_disabled",
    }
    or
    /// In a way that only a newer peer knows. What ended stays ended, and the rest of what tells of
    /// it is read: an outcome that could not be would be sent again for ever.
    Unrecognised = 65535 "unrecognised"
}

words_from_text!(FenceEnding);

impl FenceEnding {
    /// True if someone else ended it, so that the holder may have answered under it afterwards.
    pub fn is_take_back(self) -> bool {
        self.broken_promise().is_some()
    }

    /// The code of an acceptance that the holder had promised and that lost since its right had
    /// ended so. `None` where the holder itself ended it, with its last op under it.
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

impl From<QuarantineWhy> for FenceEnding {
    fn from(why: QuarantineWhy) -> Self {
        match why {
            QuarantineWhy::EdgeRestored => Self::EdgeRestored,
            QuarantineWhy::EdgeCloned => Self::EdgeCloned,
        }
    }
}

/// True if an order in this state counts towards `open_digest`: until its work is done.
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

/// The digest of a region's open orders by id and version: what a new holder's view must agree with
/// before it answers firm. The order of the orders does not matter.
pub fn open_digest(open: impl IntoIterator<Item = (OrderId, u64)>) -> Hash {
    let mut digest = Hash::ZERO;
    for (id, version) in open {
        digest.toggle(Hash::of(&crate::op::encoded((id, version))));
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
            let bytes = crate::op::encoded(ending);
            assert_eq!(minicbor::decode::<FenceEnding>(&bytes).unwrap(), ending);
        }
    }
}
