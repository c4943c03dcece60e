//! The documents of all parts, merged. They are stored in
//! `cloud/gateway/openapi.json`, and the edge's part in `edge-node/openapi.json`, so a review sees
//! each change of a route.
//!
//! `HOLDFAST_GOLDEN=write` rewrites the files.

use std::collections::{BTreeMap, BTreeSet};

use process::{
    openapi::{ApiDocument, RouteDescription},
    parts::CloudPart,
    problem::ProblemBody,
    routes::{Audience, PermissionRule},
};
use serde_json::{Map, Value, json};
use wire::{Code, Role};

use crate::routes::document_of_part;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const REF: &str = "#/components/schemas/";
const ABOUT: &str = "Times are RFC 3339 texts in UTC, money is a decimal text. A refusal is \
    `application/problem+json` in the language of `Accept-Language`; its `code` is stable. A field that \
    is not required may be absent, and is never null.";

#[test]
fn the_documents_say_what_the_routers_and_the_gateways_table_say() {
    let mut merged = Merged::default();
    for part in CloudPart::ALL {
        merged.add_part(*part);
    }
    merged.add_edge(holdfast_edge::api_document());
    let whole = merged.document("Holdfast");
    let edge = whole_of_edge(&whole);
    keep("cloud/gateway/openapi.json", &whole);
    keep("edge-node/openapi.json", &edge);
    for document in [&whole, &edge] {
        let known: BTreeSet<&String> = schemas(document).keys().collect();
        let missing: Vec<_> = refs(document)
            .into_iter()
            .filter(|name| !known.contains(name))
            .collect();
        assert!(missing.is_empty(), "no schema is called {missing:?}");
    }
}

#[derive(Default)]
struct Merged {
    paths: BTreeMap<String, Map<String, Value>>,
    schemas: BTreeMap<String, Value>,
    names: BTreeSet<String>,
}

impl Merged {
    fn add_part(&mut self, part: CloudPart) {
        let mut document = document_of_part(part);
        for route in std::mem::take(&mut document.public_routes) {
            let method = route.method.as_str().to_lowercase();
            let described = document.routes.remove(&(route.path, method.clone()));
            let mut described = described
                .unwrap_or_else(|| panic!("{method} {} is not described by {part:?}", route.path));
            let changes = method != "get";
            described.add_refusal_codes(refusals(route.audience, changes));
            let permissions = match route.permission {
                PermissionRule::Nothing | PermissionRule::Narrowed => None,
                PermissionRule::All(all) => Some(("x-permissions", all)),
                PermissionRule::AnyOf(any) => Some(("x-permissions-any", any)),
            };
            let is_for_admins = described_roles(route.audience).contains(&Role::Admin);
            if permissions.is_some() && is_for_admins {
                described.add_refusal_codes(&[Code::PermissionMissing]);
            }
            let mut operation = described.into_operation(part.name());
            operation.extend(callers(route.audience, changes));
            if let Some((name, permissions)) = permissions {
                operation.insert(name.into(), json!(permissions));
            }
            if route.audience == Audience::Edge {
                let upgrade = operation["responses"].as_object_mut().unwrap();
                let answer = upgrade.remove("200").unwrap();
                upgrade.insert("101".into(), answer);
            }
            self.put(route.path, &method, operation);
        }
        let left: Vec<_> = document.routes.keys().collect();
        assert!(
            left.is_empty(),
            "{part:?} describes {left:?}, which are not public"
        );
        self.take_schemas(document.schemas);
    }

    /// Tablets call an edge directly. An edge route that may reject a token takes one.
    fn add_edge(&mut self, document: ApiDocument) {
        let servers = json!([{
            "url": "http://{edge}", "description": "An edge node, where its region's network reaches it",
            "variables": { "edge": { "default": "127.0.0.1:8090" } },
        }]);
        for ((path, method), described) in document.routes {
            let takes_token = described.codes.contains(&Code::InvalidToken);
            let mut operation = described.into_operation("edge");
            let security = if takes_token {
                json!([{ "bearer": [] }])
            } else {
                json!([])
            };
            let roles: &[Role] = if takes_token { &Role::ALL } else { &[] };
            operation.insert("security".into(), security);
            operation.insert("x-roles".into(), json!(roles));
            operation.insert("servers".into(), servers.clone());
            self.put(path, &method, operation);
        }
        self.take_schemas(document.schemas);
    }

    fn put(&mut self, path: &str, method: &str, operation: Map<String, Value>) {
        let name = operation["operationId"].as_str().unwrap().to_owned();
        assert!(
            self.names.insert(name.clone()),
            "two operations are called {name}"
        );
        self.paths
            .entry(path.into())
            .or_default()
            .insert(method.into(), operation.into());
    }

    fn take_schemas(&mut self, schemas: BTreeMap<String, Value>) {
        for (name, schema) in schemas {
            let before = self.schemas.insert(name.clone(), schema.clone());
            assert!(
                before.is_none_or(|before| before == schema),
                "two types are called {name}"
            );
        }
    }

    fn document(mut self, title: &str) -> Value {
        let mut problem = RouteDescription::default();
        problem.schema::<ProblemBody>();
        self.take_schemas(problem.into_schemas());
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": title, "version": "1", "description": ABOUT,
                "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            },
            "servers": [{ "url": "/" }],
            "tags": [
                { "name": "auth", "description": "Accounts and sessions" },
                { "name": "user", "description": "Profiles of people, their addresses, and what providers offer" },
                { "name": "order", "description": "Orders, how regions assign them, and collisions" },
                { "name": "notification", "description": "A person's inbox" },
                { "name": "hub", "description": "Regions, edges and their logs" },
                { "name": "gateway", "description": "Sessions of pages, and news" },
                { "name": "edge", "description": "An edge node, asked by tablets" },
            ],
            "paths": self.paths,
            "components": {
                "schemas": self.schemas,
                "securitySchemes": {
                    "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
                    "cookie": {
                        "type": "apiKey", "in": "cookie", "name": "holdfast",
                        "description": "A page's sign-in, by `POST /api/v1/session`.",
                    },
                    "csrf": {
                        "type": "apiKey", "in": "header", "name": "X-CSRF-Token",
                        "description": "The session's `csrf_token`, beside the cookie.",
                    },
                },
            },
        })
    }
}

/// The refusals of the gateway.
fn refusals(audience: Audience, changes: bool) -> &'static [Code] {
    match (audience, changes) {
        (Audience::Open | Audience::Entrant | Audience::Edge, _) => {
            &[Code::RateLimited, Code::Unavailable]
        }
        (Audience::Any, false) => &[Code::InvalidToken, Code::RateLimited, Code::Unavailable],
        (Audience::Any, true) => &[
            Code::InvalidToken,
            Code::CsrfTokenWrong,
            Code::ForeignPage,
            Code::RateLimited,
            Code::Unavailable,
        ],
        (Audience::Roles(_, Code::ProvidersOnly), _) => &[
            Code::InvalidToken,
            Code::ProvidersOnly,
            Code::CsrfTokenWrong,
            Code::ForeignPage,
            Code::RateLimited,
            Code::Unavailable,
        ],
        (Audience::Roles(..), false) => &[
            Code::InvalidToken,
            Code::RoleForbidden,
            Code::RateLimited,
            Code::Unavailable,
        ],
        (Audience::Roles(..), true) => &[
            Code::InvalidToken,
            Code::RoleForbidden,
            Code::CsrfTokenWrong,
            Code::ForeignPage,
            Code::RateLimited,
            Code::Unavailable,
        ],
    }
}

fn described_roles(audience: Audience) -> &'static [Role] {
    match audience {
        Audience::Open | Audience::Entrant | Audience::Edge => &[],
        Audience::Any => &Role::ALL,
        Audience::Roles(roles, _) => roles,
    }
}

/// The credentials of a route, and its roles.
fn callers(audience: Audience, changes: bool) -> Map<String, Value> {
    let cookie = if changes {
        json!({ "cookie": [], "csrf": [] })
    } else {
        json!({ "cookie": [] })
    };
    let security = match audience {
        Audience::Open | Audience::Entrant => json!([]),
        Audience::Edge => json!([{ "bearer": [] }]),
        Audience::Any | Audience::Roles(..) => json!([{ "bearer": [] }, cookie]),
    };
    let roles = described_roles(audience);
    Map::from_iter([
        ("security".to_owned(), security),
        ("x-roles".to_owned(), json!(roles)),
    ])
}

/// The edge's routes alone, with their schemas.
fn whole_of_edge(whole: &Value) -> Value {
    let mut edge = whole.clone();
    let is_edges = |path: &Value| path.to_string().contains(r#""tags":["edge"]"#);
    edge["paths"]
        .as_object_mut()
        .unwrap()
        .retain(|_, path| is_edges(path));
    edge["tags"]
        .as_array_mut()
        .unwrap()
        .retain(|tag| tag["name"] == "edge");
    edge["info"]["title"] = "Holdfast edge node".into();
    let schemes = edge["components"]["securitySchemes"]
        .as_object_mut()
        .unwrap();
    schemes.retain(|name, _| name == "bearer");
    let mut needed = refs(&edge["paths"]);
    needed.insert("BoardChanges".into());
    loop {
        let more: BTreeSet<String> = needed
            .iter()
            .filter_map(|name| schemas(whole).get(name))
            .flat_map(refs)
            .collect();
        let before = needed.len();
        needed.extend(more);
        if needed.len() == before {
            break;
        }
    }
    let kept = edge["components"]["schemas"].as_object_mut().unwrap();
    kept.retain(|name, _| needed.contains(name));
    for path in edge["paths"].as_object_mut().unwrap().values_mut() {
        for operation in path.as_object_mut().unwrap().values_mut() {
            operation.as_object_mut().unwrap().remove("servers");
        }
    }
    edge
}

fn schemas(document: &Value) -> &Map<String, Value> {
    document["components"]["schemas"].as_object().unwrap()
}

fn refs(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(members) => {
            let own = members.get("$ref").and_then(Value::as_str);
            let own = own.and_then(|own| own.strip_prefix(REF)).map(str::to_owned);
            members.values().flat_map(refs).chain(own).collect()
        }
        Value::Array(items) => items.iter().flat_map(refs).collect(),
        _ => BTreeSet::new(),
    }
}

/// The levels of the document that begin a line: an operation and a schema have one each.
const LEVELS_WRITTEN_OUT: usize = 3;

fn written(value: &Value, levels: usize) -> String {
    let Value::Object(members) = value else {
        return value.to_string();
    };
    if levels == 0 || members.is_empty() {
        return value.to_string();
    }
    let members: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("{}: {}", json!(name), written(value, levels - 1)))
        .collect();
    format!("{{\n{}\n}}", members.join(",\n"))
}

fn keep(file: &str, document: &Value) {
    let path = format!("{ROOT}/{file}");
    let text = format!("{}\n", written(document, LEVELS_WRITTEN_OUT));
    if std::env::var("HOLDFAST_GOLDEN").is_ok_and(|mode| mode == "write") {
        std::fs::write(&path, &text).unwrap();
    }
    let stands = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stands == text, "{file} is old: run `cargo xtask golden`");
}
