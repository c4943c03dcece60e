//! The public routes of all parts with their callers, one per line in `golden/routes.txt`, so a
//! review sees each change of who may call what. Tests of the gateway run over the same list.
//!
//! `HOLDFAST_GOLDEN=write` rewrites the file.

use process::{
    openapi::ApiDocument,
    parts::CloudPart,
    routes::{Audience, PermissionRule, PublicRoute, RouteBody},
};
use wire::{Permission, Role};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/routes.txt");

#[test]
fn the_routes_and_their_callers_are_as_listed() {
    let mut routes: Vec<(CloudPart, PublicRoute)> = Vec::new();
    for part in CloudPart::ALL.iter().copied() {
        let of_part = document_of_part(part).public_routes.into_iter();
        routes.extend(of_part.map(|route| (part, route)));
    }
    // A path keeps its methods in the order of the table, which is the order in `Allow`.
    routes.sort_by_key(|(_, route)| route.path);
    let lines: Vec<String> = routes.iter().map(describe_route).collect();
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

/// A part's own routes.
pub(crate) fn document_of_part(part: CloudPart) -> ApiDocument {
    match part {
        CloudPart::Auth => auth::api_document(),
        CloudPart::User => user::api_document(),
        CloudPart::Order => order::api_document(),
        CloudPart::Payment => payment::api_document(),
        CloudPart::Review => review::api_document(),
        CloudPart::Notification => notification::api_document(),
        CloudPart::Hub => hub::api_document(),
        CloudPart::Gateway => gateway::api_document(),
    }
}

/// Path, method, part, audience, permissions and body.
fn describe_route((part, route): &(CloudPart, PublicRoute)) -> String {
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
