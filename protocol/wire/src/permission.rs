//! What the work of a role consists of. A role of one's own is based on the admin's and holds a
//! part of its permissions.
//!
//! Invariant: what a role's own permissions do not name, nobody of that role may be given. What is
//! one's own, such as a profile or an order that one may read, needs no permission.

use crate::Role;

words! {
    Permission {
        PublishOrders "publish_orders",
        AcceptOrders "accept_orders",
        /// Start them and complete them.
        DoOrders "do_orders",
        CancelOrders "cancel_orders",
        WithdrawOrders "withdraw_orders",
        ApproveOrders "approve_orders",
        /// Grant and refuse what customers ask back.
        RefundMoney "refund_money",
        /// Set what the platform's work and a late cancel cost.
        SetFees "set_fees",
        /// Hide reviews and show them again.
        ModerateReviews "moderate_reviews",
        /// The desks of all orders, of cases and of lost acceptances.
        ReadDesks "read_desks",
        VerifyProviders "verify_providers",
        ReadPeople "read_people",
        /// And let them in again.
        RevokePeople "revoke_people",
        EndSessions "end_sessions",
        ResetPasswords "reset_passwords",
        /// Make, change and remove roles, and give them to people.
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
    /// Any of these lets an admin read an order by its id: each names work that begins with reading
    /// one.
    pub const READ_ORDERS: &'static [Self] = &[
        Self::ReadDesks,
        Self::ApproveOrders,
        Self::CancelOrders,
        Self::WithdrawOrders,
        Self::RefundMoney,
    ];

    /// Any of these lets an admin read a hidden review, and whose order a review is about.
    pub const READ_REVIEWS: &'static [Self] = &[Self::ModerateReviews, Self::ReadDesks];

    /// All that a person of this role can hold.
    pub fn of(role: Role) -> &'static [Self] {
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
