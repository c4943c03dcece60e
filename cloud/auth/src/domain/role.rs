//! Roles: the three that the whole system knows, and roles of one's own, which narrow the admin's.

use wire::{FieldError, Permission, Role, TextRule, check_text};

use crate::say;

const NAME: TextRule = TextRule { chars_min: 2, chars_max: 20, lines: false };
const DESCRIPTION: TextRule = TextRule { chars_min: 0, chars_max: 200, lines: false };

/// Beyond it a new role is refused. All of them stand on one page.
pub const OWN_ROLES_MAX: i64 = 50;
/// The built-in roles have the numbers of `Role`; those of one's own stand above.
pub const BUILT_IN_MAX: i64 = 100;

/// A role of one's own as somebody wants it, checked. Its permissions are sorted, each of them
/// once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDraft {
    pub name: String,
    pub description: String,
    pub permissions: Vec<Permission>,
}

/// The reason why a role stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleRefusal {
    /// There is no such role, or no such person.
    Unknown,
    BuiltIn,
    NameTaken,
    InUse,
    TooMany,
    /// A provider's role, given or taken.
    Fixed,
    /// The one who asks lacks it, so nobody may get or lose it by their hand.
    Beyond(Permission),
}

impl RoleDraft {
    pub fn new(
        name: &str,
        description: &str,
        mut permissions: Vec<Permission>,
    ) -> Result<Self, Vec<FieldError>> {
        permissions.sort_unstable();
        permissions.dedup();
        let of_admins = Permission::of(Role::Admin);
        let fits = !permissions.is_empty() && permissions.iter().all(|one| of_admins.contains(one));
        let permissions = fits
            .then_some(permissions)
            .ok_or_else(|| FieldError::new("permissions", say::permissions_needs));
        match (
            check_text("name", name, NAME),
            check_text("description", description, DESCRIPTION),
            permissions,
        ) {
            (Ok(name), Ok(description), Ok(permissions)) => {
                Ok(Self { name, description, permissions })
            }
            (name, description, permissions) => {
                Err([name.err(), description.err(), permissions.err()]
                    .into_iter()
                    .flatten()
                    .collect())
            }
        }
    }
}

/// Lets somebody who holds `held` give or take `others`; nobody hands out what they do not hold.
pub fn within(held: &[Permission], others: &[Permission]) -> Result<(), RoleRefusal> {
    let beyond = others.iter().find(|one| !held.contains(one));
    beyond.map_or(Ok(()), |one| Err(RoleRefusal::Beyond(*one)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_of_ones_own_has_a_name_and_work_of_an_admin() {
        let drafted =
            |name, permissions: &[Permission]| RoleDraft::new(name, "", permissions.to_vec());
        let twice = [Permission::ReadPeople, Permission::ApproveOrders, Permission::ReadPeople];
        let draft = drafted(" Desk ", &twice).unwrap();
        assert_eq!(draft.name, "Desk");
        assert_eq!(draft.permissions, [Permission::ApproveOrders, Permission::ReadPeople]);
        for (name, permissions, wrong) in [
            ("D", &[Permission::ReadPeople][..], "name"),
            ("Desk", &[], "permissions"),
            ("Desk", &[Permission::ReadPeople, Permission::PublishOrders], "permissions"),
        ] {
            let errors = drafted(name, permissions).unwrap_err();
            assert_eq!(errors.iter().map(|e| e.field.as_str()).collect::<Vec<_>>(), [wrong]);
        }
    }

    #[test]
    fn nobody_hands_out_what_they_do_not_hold() {
        let held = [Permission::ManageRoles, Permission::ReadPeople];
        assert_eq!(within(&held, &held[1..]), Ok(()));
        let refused = within(&held, &[Permission::ReadPeople, Permission::ManageKeys]);
        assert_eq!(refused, Err(RoleRefusal::Beyond(Permission::ManageKeys)));
    }
}
