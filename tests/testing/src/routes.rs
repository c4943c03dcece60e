//! The public routes of all parts, for tests of the gateway, which does not depend on the parts.

use process::{
    parts::CloudPart,
    routes::{Audience, PermissionRule, PublicRoute, RouteBody},
};
use wire::{Permission, Role};

/// A test of `contract` compares this list with the parts' tables.
const ROUTES: &str = include_str!("../../contract/golden/routes.txt");

/// The public routes of all parts. Methods of a path stand in the order of their table.
pub fn public_routes() -> Vec<(CloudPart, PublicRoute)> {
    ROUTES.lines().map(parse_route).collect()
}

fn parse_route(line: &'static str) -> (CloudPart, PublicRoute) {
    let words: Vec<&str> = line.split(' ').collect();
    let [path, method, part, audience, permission, body] = words[..] else {
        panic!("six words: {line}");
    };
    let route = PublicRoute {
        method: method.parse().expect("a method"),
        path,
        audience: parse_audience(audience),
        permission: parse_permission(permission),
        body: parse_body(body),
        // The list does not name the reasons, which the gateway ignores.
        unkeyed_because: None,
    };
    (CloudPart::from_name(part).expect("a part"), route)
}

fn parse_audience(word: &str) -> Audience {
    match word.split_once(':') {
        Some((roles, refusal)) => {
            let Ok(refusal) = refusal.parse();
            Audience::Roles(parse_roles(roles), refusal)
        }
        None => match word {
            "open" => Audience::Open,
            "entrant" => Audience::Entrant,
            "any" => Audience::Any,
            "edge" => Audience::Edge,
            _ => panic!("an audience: {word}"),
        },
    }
}

fn parse_permission(word: &str) -> PermissionRule {
    match word.split_once(':') {
        Some(("all", all)) => PermissionRule::All(parse_permissions(all)),
        Some(("any", any)) => PermissionRule::AnyOf(parse_permissions(any)),
        _ if word == "-" => PermissionRule::Nothing,
        _ if word == "narrowed" => PermissionRule::Narrowed,
        _ => panic!("a permission rule: {word}"),
    }
}

fn parse_body(word: &str) -> RouteBody {
    match word.strip_prefix("streamed:") {
        Some(bytes) => RouteBody::Streamed {
            bytes_max: bytes.parse().expect("a number of bytes"),
        },
        None => RouteBody::Held,
    }
}

fn parse_roles(words: &str) -> &'static [Role] {
    parse_list(words, |word| {
        Role::ALL.into_iter().find(|role| role.as_str() == word)
    })
}

fn parse_permissions(words: &str) -> &'static [Permission] {
    parse_list(words, |word| word.parse().ok())
}

/// Leaks the list, because tables hold static ones.
fn parse_list<T>(words: &str, parse: impl Fn(&str) -> Option<T>) -> &'static [T] {
    let list: Vec<T> = words
        .split(',')
        .map(|word| parse(word).expect("a known word"))
        .collect();
    list.leak()
}
