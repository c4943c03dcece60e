//! Consistency checks on the route table.

use wire::{Permission, Role};

use super::*;
use crate::matcher::ALIASES;

#[test]
fn nothing_internal_is_in_the_table() {
    for path in platform_routes()
        .iter()
        .map(|r| r.path)
        .chain(ALIASES.iter().map(|a| a.path))
    {
        assert!(!path.contains("internal"), "{path}");
    }
}

#[test]
fn no_route_takes_more_than_the_process_does() {
    for route in platform_routes() {
        if let RouteBody::Streamed { bytes_max } = route.body {
            assert!(bytes_max <= process::web::ANY_BODY_BYTES_MAX, "{route:?}");
        }
    }
}

const SECOND_FACTOR: &str = "/api/v1/auth/second-factor";

#[test]
fn every_route_of_admins_names_a_permission_and_every_permission_a_route() {
    let mut used: Vec<Permission> = Vec::new();
    for route in platform_routes() {
        let permissions = match route.permission {
            PermissionRule::All(all) => {
                used.extend(all);
                all
            }
            PermissionRule::AnyOf(any) => any,
            PermissionRule::Nothing | PermissionRule::Narrowed => &[],
        };
        let is_held = |role: &Role| {
            permissions
                .iter()
                .any(|one| Permission::allowed_for_role(*role).contains(one))
        };
        match route.audience {
            // Staff set up their own.
            Audience::Roles(&[Role::Admin], _) if route.path.starts_with(SECOND_FACTOR) => {
                assert_eq!(route.permission, PermissionRule::Nothing, "{route:?}");
            }
            Audience::Roles(&[Role::Admin], _) => assert!(is_held(&Role::Admin), "{route:?}"),
            Audience::Roles(roles, _) if !permissions.is_empty() => {
                assert!(roles.iter().all(is_held), "{route:?}");
            }
            _ => {}
        }
        if route.path.starts_with("/api/v1/admin/") {
            assert!(!permissions.is_empty(), "{route:?}");
        }
    }
    let unused = Permission::ALL.into_iter().find(|one| !used.contains(one));
    assert_eq!(
        unused, None,
        "a permission that nothing asks for says nothing"
    );
}

#[test]
fn every_alias_leads_to_a_route() {
    let routes = platform_routes();
    for alias in ALIASES {
        let target = |r: &&Route| r.method == alias.to_method && r.path == alias.to_path;
        assert!(routes.iter().any(|r| target(&r)), "{alias:?}");
    }
}
