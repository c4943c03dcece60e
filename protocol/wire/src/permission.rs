//! The permissions that make up the work of each role. A custom role is based on the admin role and
//! holds a subset of its permissions.
//!
//! Invariant: a person never gets a permission that their role does not list here. Access to one's
//! own things, such as a profile or a readable order, requires no permission.

use crate::Role;

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
            ],
        }
    }
}
