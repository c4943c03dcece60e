//! The permissions that a route requires of its caller.

use wire::{Permission, Role};

/// The permissions that a caller's role must include. Only admins can hold a reduced set; customers
/// and providers always hold all of their role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PermissionRule {
    /// No permission required: the route acts on the caller's own data.
    Nothing,
    /// All of these that the caller's role can hold.
    All(&'static [Permission]),
    /// Any one of these, for admins. Other callers read only their own data here.
    AnyOf(&'static [Permission]),
    /// The part receives the admin's permissions and filters its response by them.
    Narrowed,
}

impl PermissionRule {
    pub fn missing_permission(self, role: Role, held: &[Permission]) -> Option<Permission> {
        let can_be_held = Permission::allowed_for_role(role);
        match self {
            Self::Nothing | Self::Narrowed => None,
            Self::All(all) => all
                .iter()
                .find(|one| can_be_held.contains(one) && !held.contains(one))
                .copied(),
            Self::AnyOf(_) if role != Role::Admin => None,
            Self::AnyOf(any) if any.iter().any(|one| held.contains(one)) => None,
            Self::AnyOf(any) => any.first().copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_one_of_the_named_permissions_is_enough_and_none_is_refused() {
        use Permission::{ApproveOrders, CancelOrders, ReadDesks, VerifyProviders};
        let any = PermissionRule::AnyOf(&[ReadDesks, ApproveOrders, CancelOrders]);
        assert_eq!(any.missing_permission(Role::Admin, &[ApproveOrders]), None);
        assert_eq!(
            any.missing_permission(Role::Admin, &[VerifyProviders]),
            Some(ReadDesks)
        );
        assert_eq!(
            any.missing_permission(Role::Customer, &[]),
            None,
            "it is the customer's own"
        );
        let all = PermissionRule::All(&[ReadDesks, ApproveOrders]);
        assert_eq!(
            all.missing_permission(Role::Admin, &[ReadDesks]),
            Some(ApproveOrders)
        );
    }
}
