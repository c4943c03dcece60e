//! The public routes of all parts with their callers, one per line in `golden/routes.txt`, so a
//! review sees each change of who may call what. Tests of the gateway run over the same list.
//!
//! `HOLDFAST_GOLDEN=write` rewrites the file.

use gateway::{Audience, PermissionRule, ROUTES, Route, RouteBody};
use wire::{Permission, Role};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/routes.txt");

#[test]
fn the_routes_and_their_callers_are_as_listed() {
    let mut routes: Vec<&Route> = ROUTES.iter().collect();
    // A path keeps its methods in the order of the table, which is the order in `Allow`.
    routes.sort_by_key(|route| route.path);
    let lines: Vec<String> = routes.into_iter().map(describe_route).collect();
    let text = format!("{}\n", lines.join("\n"));
    if std::env::var("HOLDFAST_GOLDEN").is_ok_and(|mode| mode == "write") {
        std::fs::write(GOLDEN, &text).unwrap();
    }
    let stored = std::fs::read_to_string(GOLDEN).unwrap_or_default();
    assert!(
        stored == text,
        "golden/routes.txt is old: run `cargo xtask golden`"
    );
}

/// Path, method, part, audience, permissions and body.
fn describe_route(route: &Route) -> String {
    let audience = match route.audience {
        Audience::Open => "open".to_owned(),
        Audience::Entrant => "entrant".to_owned(),
        Audience::Any => "any".to_owned(),
        Audience::Edge => "edge".to_owned(),
        Audience::Roles(roles, refusal) => format!("{}:{refusal}", list_roles(roles)),
    };
    let permission = match route.permission {
        PermissionRule::Nothing => "-".to_owned(),
        PermissionRule::Narrowed => "narrowed".to_owned(),
        PermissionRule::All(all) => format!("all:{}", list_permissions(all)),
        PermissionRule::AnyOf(any) => format!("any:{}", list_permissions(any)),
    };
    let body = match route.body {
        RouteBody::Held => "held".to_owned(),
        RouteBody::Streamed { bytes_max } => format!("streamed:{bytes_max}"),
    };
    let part = route.part.name();
    let method = &route.method;
    let path = route.path;
    format!("{path} {method} {part} {audience} {permission} {body}")
}

fn list_roles(roles: &[Role]) -> String {
    let words: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    words.join(",")
}

fn list_permissions(permissions: &[Permission]) -> String {
    let words: Vec<&str> = permissions.iter().map(|one| one.as_str()).collect();
    words.join(",")
}
