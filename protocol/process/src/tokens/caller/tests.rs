//! Access to handlers, by caller and token.

use axum::{Router, body::Body, routing::get};
use http::Request;
use tower::ServiceExt;
use wire::{Region, SessionId, UnixMillis, UserId};

use super::{
    super::{Signer, TokenKind},
    *,
};

const NOW: UnixMillis = UnixMillis(1_764_000_000_000);

fn verifier() -> TokenVerifier {
    TokenVerifier {
        service: "order",
        keys: TokenKeys::empty(),
        clock: Clock::fixed_at(NOW),
        service_key: ServiceKey::from_pkcs8(&Signer::generate_pkcs8()).unwrap(),
    }
}

fn signed(signer: &Signer, kind: TokenKind) -> String {
    signer.sign_claims(&Claims {
        iss: "holdfast".into(),
        sub: UserId(uuid::Uuid::from_u128(7)),
        role: Role::Customer,
        jti: SessionId(uuid::Uuid::from_u128(8)),
        iat: 0,
        exp: NOW.0 / 1000 + 60,
        kind,
        device: None,
        region: (kind != TokenKind::Access).then_some(Region::North),
        command: None,
        verified: false,
        mark_version: 0,
        binding: None,
    })
}

async fn ask(app: &TokenVerifier, path: &str, authorization: &str) -> u16 {
    let router = Router::new()
        .route(
            "/me",
            get(async |caller: Caller| assert_eq!(caller.actor.role, Role::Customer)),
        )
        .route("/admin", get(async |_: AdminCaller| ()))
        .route(
            "/internal",
            get(async |ServiceCaller(from): ServiceCaller| assert_eq!(from, "hub")),
        )
        .route("/both", get(async |_: ServiceCaller, _: Caller| ()))
        .with_state(app.clone());
    let request = Request::get(path).header(header::AUTHORIZATION, authorization);
    router
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap()
        .status()
        .as_u16()
}

#[tokio::test]
async fn only_a_valid_access_token_reaches_a_handler() {
    let signer = Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
    let app = verifier();
    let access = signed(&signer, TokenKind::Access);
    // No caller can be judged without keys.
    assert_eq!(ask(&app, "/me", &format!("Bearer {access}")).await, 503);
    app.keys.replace_key_set(&signer.jwks()).unwrap();
    assert_eq!(ask(&app, "/me", &format!("Bearer {access}")).await, 200);
    assert_eq!(ask(&app, "/me", &format!("bearer {access}")).await, 200);
    assert_eq!(ask(&app, "/admin", &format!("Bearer {access}")).await, 403);
    let [grant, edge] = [TokenKind::DeviceGrant, TokenKind::Edge]
        .map(|kind| format!("Bearer {}", signed(&signer, kind)));
    for bad in [
        "",
        "Bearer",
        "Bearer ",
        "Basic eA==",
        &access,
        &grant,
        &edge,
    ] {
        assert_eq!(ask(&app, "/me", bad).await, 401, "{bad}");
    }
    app.clock.advance(60_000);
    assert_eq!(ask(&app, "/me", &format!("Bearer {access}")).await, 401);
}

#[tokio::test]
async fn only_a_service_that_asks_for_us_reaches_an_internal_handler() {
    let app = verifier();
    for (to, expected) in [("order", 200), ("auth", 401)] {
        let token = app.service_key.issue_token("hub", to, &app.clock);
        assert_eq!(
            ask(&app, "/internal", &format!("Bearer {token}")).await,
            expected
        );
    }
}

#[tokio::test]
async fn a_service_is_not_a_person() {
    let app = verifier();
    let signer = Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
    app.keys.replace_key_set(&signer.jwks()).unwrap();
    let token = app.service_key.issue_token("hub", "order", &app.clock);
    assert_eq!(
        ask(&app, "/internal", &format!("Bearer {token}")).await,
        200
    );
    for of_people in ["/me", "/both"] {
        assert_eq!(ask(&app, of_people, &format!("Bearer {token}")).await, 401);
    }
}

#[test]
fn there_is_one_bearer_token_or_none() {
    for (values, expected) in [
        (vec!["Bearer abc"], Some("abc")),
        (vec!["bearer abc"], Some("abc")),
        (vec!["Bearer "], None),
        (vec!["Bearer a b"], None),
        (vec!["Basic abc"], None),
        (vec!["abc"], None),
        (vec!["Bearer a", "Bearer b"], None),
        (vec![], None),
    ] {
        let mut headers = HeaderMap::new();
        for value in &values {
            headers.append(header::AUTHORIZATION, http::HeaderValue::from_static(value));
        }
        assert_eq!(bearer_token(&headers), expected, "{values:?}");
    }
}

#[test]
fn the_gateways_header_narrows_an_admin_and_nobody_else() {
    let held = |role: Role, values: &[&'static str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(USER_PERMISSIONS, HeaderValue::from_static(value));
        }
        HeldPermissions::from_headers(role, &headers)
    };
    let all = |role| HeldPermissions(Permission::allowed_for_role(role).to_vec());
    assert_eq!(
        held(Role::Admin, &[]),
        all(Role::Admin),
        "past the gateway, as the token says"
    );
    let read = Permission::ReadDesks;
    let verify = Permission::VerifyProviders;
    let narrowed = held(
        Role::Admin,
        &["read_desks of_a_newer_gateway accept_orders"],
    );
    assert_eq!(
        narrowed,
        HeldPermissions(vec![read]),
        "no more than the role of the token"
    );
    assert!(narrowed.include_any(&[verify, read]) && !narrowed.include_any(&[verify]));
    for nothing in [&[""][..], &["read_desks", "read_desks"]] {
        assert_eq!(
            held(Role::Admin, nothing),
            HeldPermissions(Vec::new()),
            "{nothing:?}"
        );
    }
    assert_eq!(held(Role::Customer, &["read_desks"]), all(Role::Customer));
    let header = HeldPermissions::to_header(&[read, verify]);
    assert_eq!(header, "read_desks verify_providers");
}
