//! Authentication and roles over the whole route table.

use axum::http::{Method, StatusCode};
use gateway::Route;
use process::{
    parts::CloudPart,
    routes::Audience,
    tokens::{Claims, TokenKind},
};
use support::Issuer;
use wire::{CommandId, Region, Role};

use crate::common::{Gate, platform_routes};

/// The route's path with plain values as its parameters.
fn filled(route: &Route) -> String {
    let words = route
        .path
        .split('/')
        .map(|word| if word.starts_with('{') { "0193" } else { word });
    words.collect::<Vec<_>>().join("/")
}

fn is_own(route: &Route) -> bool {
    route.part == CloudPart::Gateway
}

fn is_open(route: &Route) -> bool {
    matches!(route.audience, Audience::Open | Audience::Entrant)
}

fn guarded() -> impl Iterator<Item = Route> {
    let routes = platform_routes().into_iter();
    routes.filter(|route| !is_open(route))
}

#[tokio::test]
async fn no_route_but_the_open_ones_answers_without_a_token() {
    let gate = Gate::new().await;
    for route in guarded() {
        let answer = gate.ask(&route.method, &filled(&route), None).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{route:?}");
        assert_eq!(answer.body["title"], "Invalid token", "{route:?}");
        assert_eq!(answer.headers["www-authenticate"], "Bearer", "{route:?}");
    }
}

#[tokio::test]
async fn every_token_that_is_not_ours_and_live_is_answered_alike() {
    let gate = Gate::new().await;
    let mut expired = gate.claims(Role::Admin);
    expired.exp = expired.iat - 1;
    let for_edges = |kind, command| Claims {
        kind,
        region: Some(Region::North),
        command,
        ..gate.claims(Role::Admin)
    };
    let odd = Claims {
        region: Some(Region::North),
        ..gate.claims(Role::Admin)
    };
    let command = CommandId(gate.clock.new_id());
    let stranger = Issuer::new().signer;
    let sound = gate.token(Role::Admin);
    let unsigned = sound.rsplit_once('.').unwrap().0;
    let tokens = [
        "x".to_owned(),
        "a.b.c".to_owned(),
        String::new(),
        "x".repeat(10_000),
        format!("{unsigned}."),
        // {"alg":"none"} and {"alg":"HS256"}
        format!(
            "eyJhbGciOiJub25lIn0.{}.",
            unsigned.split_once('.').unwrap().1
        ),
        format!("eyJhbGciOiJIUzI1NiJ9.{}", sound.split_once('.').unwrap().1),
        gate.signer.sign_claims(&expired),
        gate.signer
            .sign_claims(&for_edges(TokenKind::DeviceGrant, None)),
        gate.signer.sign_claims(&for_edges(TokenKind::Edge, None)),
        gate.signer
            .sign_claims(&for_edges(TokenKind::Edge, Some(command))),
        gate.signer.sign_claims(&odd),
        stranger.sign_claims(&gate.claims(Role::Admin)),
    ];
    for token in tokens {
        for route in guarded().filter(|route| route.audience != Audience::Edge) {
            let answer = gate.ask(&route.method, &filled(&route), Some(&token)).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{token} {route:?}");
            assert_eq!(answer.body["title"], "Invalid token", "{token} {route:?}");
            assert_eq!(answer.code(), "invalid_token", "{token} {route:?}");
        }
    }
}

#[tokio::test]
async fn a_role_gets_what_the_table_gives_it_and_nothing_else() {
    let gate = Gate::new().await;
    for route in guarded().filter(|route| route.audience != Audience::Edge && !is_own(route)) {
        for role in Role::ALL {
            let path = filled(&route);
            let answer = gate
                .ask(&route.method, &path, Some(&gate.token(role)))
                .await;
            let (allowed, refusal) = match route.audience {
                Audience::Roles(roles, refusal) => (roles.contains(&role), refusal.as_str()),
                _ => (true, ""),
            };
            if allowed {
                assert_eq!(answer.status, StatusCode::OK, "{role:?} {route:?}");
                assert_eq!(answer.body["part"], route.part.name(), "{route:?}");
                assert_eq!(answer.body["uri"], path, "{route:?}");
                assert_eq!(
                    answer.body["headers"]["x-user-role"],
                    role.as_str(),
                    "{route:?}"
                );
            } else {
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{role:?} {route:?}");
                assert_eq!(answer.code(), refusal, "{route:?}");
            }
        }
    }
}

#[tokio::test]
async fn only_providers_can_accept_orders() {
    let gate = Gate::new().await;
    for (method, path) in [
        (Method::POST, "/api/v1/orders/1/accept"),
        (Method::PUT, "/api/provider/orders/1/accept"),
        (Method::PUT, "/api/orders/1/accept/"),
    ] {
        let answer = gate
            .ask(&method, path, Some(&gate.token(Role::Customer)))
            .await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_eq!(answer.code(), "providers_only");
        assert_eq!(answer.body["title"], "Only providers can accept orders");
        let answer = gate
            .ask(&method, path, Some(&gate.token(Role::Provider)))
            .await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.body["method"], "POST");
        assert_eq!(answer.body["uri"], "/api/v1/orders/1/accept");
    }
}

#[tokio::test]
async fn open_routes_are_open_also_to_a_bad_token() {
    let gate = Gate::new().await;
    let open = |route: &Route| is_open(route) && !is_own(route);
    for route in platform_routes().into_iter().filter(open) {
        for token in [None, Some("garbage")] {
            let answer = gate.ask(&route.method, &filled(&route), token).await;
            assert_eq!(answer.status, StatusCode::OK, "{route:?}");
        }
    }
}
