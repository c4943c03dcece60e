//! The three built-in roles, and custom roles, which narrow the admin's.

use wire::{FieldError, Permission, Role, TextRule, check_text};

use crate::say;

const NAME: TextRule = TextRule {
    chars_min: 2,
    chars_max: 20,
    lines: false,
};
const DESCRIPTION: TextRule = TextRule {
    chars_min: 0,
    chars_max: 200,
    lines: false,
};

/// Further custom roles are refused: one page lists them all.
pub const OWN_ROLES_MAX: i64 = 50;
/// Built-in roles have the numbers of `Role`, custom roles higher ones.
pub const BUILT_IN_MAX: i64 = 100;

/// A validated custom role, with sorted and unique permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDraft {
    pub name: String,
    pub description: String,
    pub permissions: Vec<Permission>,
}

/// The reason for refusing a role change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleRefusal {
    /// The role or the person does not exist.
    Unknown,
    BuiltIn,
    NameTaken,
    InUse,
    TooMany,
    /// A provider's role can be neither given nor taken.
    Fixed,
    /// The admin lacks this permission, so they can neither give nor take it.
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
        let of_admins = Permission::allowed_for_role(Role::Admin);
        let fits = !permissions.is_empty() && permissions.iter().all(|one| of_admins.contains(one));
        let permissions = fits
            .then_some(permissions)
            .ok_or_else(|| FieldError::new("permissions", say::permissions_needs));
        match (
            check_text("name", name, NAME),
            check_text("description", description, DESCRIPTION),
            permissions,
        ) {
            (Ok(name), Ok(description), Ok(permissions)) => Ok(Self {
                name,
                description,
                permissions,
            }),
            (name, description, permissions) => {
                Err([name.err(), description.err(), permissions.err()]
                    .into_iter()
                    .flatten()
                    .collect())
            }
        }
    }
}

/// Checks that a person may give or take `others`: they must hold these permissions themselves.
pub fn check_permissions_held(
    held: &[Permission],
    others: &[Permission],
) -> Result<(), RoleRefusal> {
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
        let twice = [
            Permission::ReadPeople,
            Permission::ApproveOrders,
            Permission::ReadPeople,
        ];
        let draft = drafted(" Desk ", &twice).unwrap();
        assert_eq!(draft.name, "Desk");
        assert_eq!(
            draft.permissions,
            [Permission::ApproveOrders, Permission::ReadPeople]
        );
        for (name, permissions, wrong) in [
            ("D", &[Permission::ReadPeople][..], "name"),
            ("Desk", &[], "permissions"),
            (
                "Desk",
                &[Permission::ReadPeople, Permission::PublishOrders],
                "permissions",
            ),
        ] {
            let errors = drafted(name, permissions).unwrap_err();
            assert_eq!(
                errors.iter().map(|e| e.field.as_str()).collect::<Vec<_>>(),
                [wrong]
            );
        }
    }

    #[test]
    fn nobody_hands_out_what_they_do_not_hold() {
        let held = [Permission::ManageRoles, Permission::ReadPeople];
        assert_eq!(check_permissions_held(&held, &held[1..]), Ok(()));
        let refused =
            check_permissions_held(&held, &[Permission::ReadPeople, Permission::ManageKeys]);
        assert_eq!(refused, Err(RoleRefusal::Beyond(Permission::ManageKeys)));
    }
}
