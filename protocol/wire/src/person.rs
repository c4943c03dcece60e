//! A person: their role, their permissions, the tokens issued to them and the validity of those
//! tokens, and the admins' verification of a provider.
//!
//! Invariants: the acting person comes from a verified token and never from a body or header that a
//! client sets. A person never gets a permission that their role does not list here; access to
//! one's own things, such as a profile or a readable order, requires no permission. Updates on
//! revocation and verification may arrive in any order, and a repeated older one changes nothing.

use std::cmp::Ordering;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    ids::{CommandId, Region, UserId},
    time::UnixMillis,
};

words! {
    /// Stores keep the variant's number.
    #[derive(Encode, Decode)]
    #[cbor(index_only)]
    Role {
        Customer = 1 "customer",
        Provider = 2 "provider",
        Admin = 3 "admin",
    }
}

impl Role {
    pub fn as_number(self) -> i64 {
        self as i64
    }

    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_number() == number)
    }
}

/// Auth asks the order and payment services before it deletes a person's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenMattersQuery {
    pub user_id: UserId,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenMattersCount {
    /// The person's orders or payments that have not come to their end.
    pub open: u64,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Encode, Decode, ToSchema,
)]
#[cbor(array)]
pub struct Actor {
    #[n(0)]
    pub user_id: UserId,
    #[n(1)]
    pub role: Role,
}

words! {
    Permission {
        PublishOrders "publish_orders",
        AcceptOrders "accept_orders",
        /// Start and complete orders.
        DoOrders "do_orders",
        CancelOrders "cancel_orders",
        WithdrawOrders "withdraw_orders",
        ApproveOrders "approve_orders",
        /// Grant and refuse refund requests.
        RefundMoney "refund_money",
        /// Set the platform's fee and the late-cancellation fee.
        SetFees "set_fees",
        /// Hide and restore reviews.
        ModerateReviews "moderate_reviews",
        /// The desks of all orders, of cases and of lost acceptances.
        ReadDesks "read_desks",
        VerifyProviders "verify_providers",
        ReadPeople "read_people",
        /// Revoke people and readmit them.
        RevokePeople "revoke_people",
        EndSessions "end_sessions",
        ResetPasswords "reset_passwords",
        /// Create, change and remove roles, and assign them to people.
        ManageRoles "manage_roles",
        /// Regions, edges and their logs.
        ReadPlatform "read_platform",
        ManageRegions "manage_regions",
        ManageEdges "manage_edges",
        ManageKeys "manage_keys",
        /// What admins have changed.
        ReadActs "read_acts",
    }
}
words_from_text!(Permission);

impl Permission {
    /// Any of these lets an admin read an order by id, because each covers work that starts with
    /// reading one.
    pub const READ_ORDERS: &'static [Self] = &[
        Self::ReadDesks,
        Self::ApproveOrders,
        Self::CancelOrders,
        Self::WithdrawOrders,
        Self::RefundMoney,
    ];

    /// Any of these lets an admin read a hidden review and see whose order a review is about.
    pub const READ_REVIEWS: &'static [Self] = &[Self::ModerateReviews, Self::ReadDesks];

    /// Every permission that a person of this role can hold.
    pub fn allowed_for_role(role: Role) -> &'static [Self] {
        match role {
            Role::Customer => &[Self::PublishOrders, Self::CancelOrders],
            Role::Provider => &[Self::AcceptOrders, Self::DoOrders, Self::WithdrawOrders],
            Role::Admin => &[
                Self::CancelOrders,
                Self::WithdrawOrders,
                Self::ApproveOrders,
                Self::RefundMoney,
                Self::SetFees,
                Self::ModerateReviews,
                Self::ReadDesks,
                Self::VerifyProviders,
                Self::ReadPeople,
                Self::RevokePeople,
                Self::EndSessions,
                Self::ResetPasswords,
                Self::ManageRoles,
                Self::ReadPlatform,
                Self::ManageRegions,
                Self::ManageEdges,
                Self::ManageKeys,
                Self::ReadActs,
            ],
        }
    }
}

/// An update on a provider's verification. Providers without one are not verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct ProviderVerification {
    #[n(0)]
    pub user: UserId,
    /// The profile's version; the newest update counts.
    #[n(1)]
    pub version: u64,
    #[n(2)]
    pub verified: bool,
}

impl ProviderVerification {
    /// The newer of two updates about one person. If equal versions contradict each other, the
    /// provider is not verified.
    pub fn merge_with(self, other: Self) -> Self {
        match self.version.cmp(&other.version) {
            Ordering::Greater => self,
            Ordering::Less => other,
            Ordering::Equal => Self {
                verified: self.verified && other.verified,
                ..self
            },
        }
    }
}

words! {
    /// A reason to propose a provider for a job, apart from rank.
    MatchReason {
        ServesTheArea "serves_the_area",
        DoesThisWork "does_this_work",
        Verified "verified",
        WorksThatDay "works_that_day",
        NamesTheSkill "names_the_skill",
        WellRated "well_rated",
        HasCompletedJobs "has_completed_jobs",
    }
}

words_from_text!(MatchReason);

/// An update about a person's revocation, or several merged. Both times are by auth's clock; 0
/// means none, or a revocation without a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RevocationStatus {
    #[n(0)]
    pub user: UserId,
    #[n(1)]
    pub revoked_at: UnixMillis,
    #[n(2)]
    pub tokens_since: UnixMillis,
}

impl RevocationStatus {
    pub fn from_revocation(user: UserId, revoked_at: UnixMillis) -> Self {
        Self {
            user,
            revoked_at,
            tokens_since: UnixMillis(0),
        }
    }

    pub fn from_readmission(user: UserId, tokens_since: UnixMillis) -> Self {
        Self {
            user,
            revoked_at: UnixMillis(0),
            tokens_since,
        }
    }

    /// Merges two updates about the same person.
    pub fn merge_with(self, other: Self) -> Self {
        Self {
            user: self.user,
            revoked_at: self.revoked_at.max(other.revoked_at),
            tokens_since: self.tokens_since.max(other.tokens_since),
        }
    }

    /// Returns true if a token issued at that time is refused.
    pub fn refuses_token(self, issued: UnixMillis) -> bool {
        self.revoked_at >= self.tokens_since || issued < self.tokens_since
    }
}

/// A sign-in for the edges of one region.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct EdgeGrant {
    pub edge_token: String,
    pub region: Region,
    /// In seconds.
    pub expires_in: i64,
    pub user_id: UserId,
    pub role: Role,
    /// Keep it secret and send it with the next sign-in on this device. Present if `device` was
    /// sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
pub struct CodeOffer {
    /// False if the operator has configured no SMS gateway.
    pub offered: bool,
}

/// The same for every number, with or without an account.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
pub struct SentCode {
    /// In seconds.
    pub expires_in: u32,
}

/// Exchanges a person's token for one that authorises a single command at the region's edges.
#[derive(Clone, Serialize, Deserialize)]
pub struct CommandTokenForm {
    pub token: String,
    pub region: Region,
    pub command: CommandId,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct CommandToken {
    pub token: String,
}

/// Wrong passwords under a person's name since the previous sign-in, at other places than this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GuessReport {
    pub count: u32,
    /// The addresses and devices that they came from.
    pub places: u32,
    /// The earliest one within the last day.
    pub since: UnixMillis,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_word_counts_in_whatever_order_they_come() {
        let user = UserId(uuid::Uuid::from_u128(1));
        let revoked = |at| RevocationStatus::from_revocation(user, UnixMillis(at));
        let readmitted = |since| RevocationStatus::from_readmission(user, UnixMillis(since));
        for (one, other, refused) in [
            (revoked(10), readmitted(20), [true, false, false]),
            (revoked(0), readmitted(20), [true, false, false]),
            (revoked(20), readmitted(20), [true; 3]),
            (revoked(30), readmitted(20), [true; 3]),
            (revoked(0), revoked(0), [true; 3]),
            (readmitted(10), readmitted(20), [true, false, false]),
        ] {
            for joined in [one.merge_with(other), other.merge_with(one).merge_with(one)] {
                let refuses = [19, 20, 90].map(|issued| joined.refuses_token(UnixMillis(issued)));
                assert_eq!(refuses, refused, "{joined:?}");
            }
        }
    }

    #[test]
    fn the_newest_word_about_a_mark_counts_in_whatever_order_they_come() {
        let user = UserId(uuid::Uuid::from_u128(1));
        let word = |version, verified| ProviderVerification {
            user,
            version,
            verified,
        };
        for (one, other, verified) in [
            (word(1, false), word(2, true), true),
            (word(3, false), word(2, true), false),
            (word(2, true), word(2, true), true),
            (word(2, true), word(2, false), false),
        ] {
            for joined in [one.merge_with(other), other.merge_with(one).merge_with(one)] {
                assert_eq!(joined.verified, verified, "{one:?} {other:?}");
            }
        }
    }
}
