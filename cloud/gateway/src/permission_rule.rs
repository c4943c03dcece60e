//! What a route asks of the permissions of its caller.

use wire::{Permission, Role};

/// What a caller's role has to include. An admin's may be a narrowed one; customers and providers
/// hold what their role can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PermissionRule {
    /// Nothing: what the route does is the caller's own.
    Nothing,
    /// Each of these that the caller's role can hold.
    All(&'static [Permission]),
    /// One of these, of an admin. It is the caller's own for everybody else.
    AnyOf(&'static [Permission]),
    /// The part gets the permissions of an admin's role, and shows no more than they include.
    Narrowed,
}

impl PermissionRule {
    /// The permission that a caller of this role lacks, of whom these are held.
    pub fn missing(self, role: Role, held: &[Permission]) -> Option<Permission> {
        let can_be_held = Permission::of(role);
        match self {
            Self::Nothing | Self::Narrowed => None,
            Self::All(all) => {
                let lacks = |one: &&Permission| can_be_held.contains(one) && !held.contains(one);
                all.iter().find(lacks).copied()
            }
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
        assert_eq!(any.missing(Role::Admin, &[ApproveOrders]), None);
        assert_eq!(any.missing(Role::Admin, &[VerifyProviders]), Some(ReadDesks));
        assert_eq!(any.missing(Role::Customer, &[]), None, "it is the customer's own");
        let all = PermissionRule::All(&[ReadDesks, ApproveOrders]);
        assert_eq!(all.missing(Role::Admin, &[ReadDesks]), Some(ApproveOrders));
    }
}
