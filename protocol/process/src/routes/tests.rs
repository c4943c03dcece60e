use axum::{
    Router,
    body::Body,
    extract::{FromRequestParts, State},
    response::{IntoResponse, Response},
};
use http::{Request, StatusCode, header, request::Parts};
use tower::ServiceExt;
use wire::{SessionId, UnixMillis, UserId};

use super::*;
use crate::{
    clock::Clock,
    openapi::{ApiDocument, RouteInput, RouteTable},
    tokens::{
        Caller, Claims, GuardDecision, ServiceKey, Signer, TokenKeys, TokenKind, TokenVerifier,
        USER_PERMISSIONS,
    },
};

const NOW: UnixMillis = UnixMillis(1_764_000_000_000);

#[test]
fn any_one_of_the_named_permissions_is_enough_and_none_is_refused() {
    use Permission::{ApproveOrders, CancelOrders, ReadDesks, VerifyProviders};
    let any = PermissionRule::AnyOf(&[ReadDesks, ApproveOrders, CancelOrders]);
    assert_eq!(any.missing_permission(Role::Admin, &[ApproveOrders]), None);
    assert_eq!(
        any.missing_permission(Role::Admin, &[VerifyProviders]),
        Some(ReadDesks)
    );
    assert_eq!(
        any.missing_permission(Role::Customer, &[]),
        None,
        "it is the customer's own"
    );
    let all = PermissionRule::All(&[ReadDesks, ApproveOrders]);
    assert_eq!(
        all.missing_permission(Role::Admin, &[ReadDesks]),
        Some(ApproveOrders)
    );
}

impl RouteGuard for TokenVerifier {
    fn verifier(&self) -> &TokenVerifier {
        self
    }
}

async fn answer_nothing(State(_): State<TokenVerifier>) -> StatusCode {
    StatusCode::NO_CONTENT
}

/// Replaces the keys when a handler is called, so that no token can be verified after its guard.
struct KeysReplaced;

impl RouteInput for KeysReplaced {}

impl FromRequestParts<TokenVerifier> for KeysReplaced {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, state: &TokenVerifier) -> Result<Self, Problem> {
        let other = Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
        state.keys.replace_key_set(&other.jwks()).unwrap();
        Ok(Self)
    }
}

async fn show_role_with_other_keys(_: KeysReplaced, caller: Caller) -> Response {
    caller.actor.role.as_str().into_response()
}

async fn show_visitor(caller: Result<Caller, Problem>) -> Response {
    let role = caller.map(|caller| caller.actor.role.as_str());
    role.unwrap_or("nobody").into_response()
}

#[rustfmt::skip]
fn add_routes<T: RouteTable<TokenVerifier>>(to: T) -> T {
    to
        .add_public_route(route(GET, "/open", OPEN), "Open", &[], answer_nothing)
        .add_public_route(route(GET, "/link", EDGE), "Link", &[], answer_nothing)
        .add_public_route(route(GET, "/any", ANY), "Any", &[], answer_nothing)
        .add_public_route(route(GET, "/accept", PROVIDERS_ONLY), "Accept", &[], answer_nothing)
        .add_public_route(admin(GET, "/desk", &[Permission::ReadDesks]), "See", &[], answer_nothing)
        .add_public_route(narrowed(GET, "/files"), "Files", &[], answer_nothing)
        .add_public_route(route(GET, "/role", ANY), "Role", &[], show_role_with_other_keys)
        .add_public_route(route(GET, "/visitor", OPEN), "Visitor", &[], show_visitor)
        .add_direct_route(direct(GET, "/internal"), "Internal", &[], answer_nothing)
}

struct GuardedService {
    verifier: TokenVerifier,
    router: Router,
    signer: Signer,
}

impl GuardedService {
    fn new() -> Self {
        let signer = Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
        let keys = TokenKeys::empty();
        keys.replace_key_set(&signer.jwks()).unwrap();
        let verifier = TokenVerifier {
            service: "order",
            keys,
            service_key: ServiceKey::from_pkcs8(&Signer::generate_pkcs8()).unwrap(),
            clock: Clock::fixed_at(NOW),
        };
        let router = add_routes(Router::new()).with_state(verifier.clone());
        Self {
            verifier,
            router,
            signer,
        }
    }

    fn token(&self, role: Role) -> String {
        self.signer.sign_claims(&Claims {
            iss: "holdfast".into(),
            sub: UserId(uuid::Uuid::from_u128(7)),
            role,
            jti: SessionId(uuid::Uuid::from_u128(8)),
            iat: 0,
            exp: NOW.0 / 1000 + 60,
            kind: TokenKind::Access,
            device: None,
            region: None,
            command: None,
            verified: false,
            mark_version: 0,
            binding: None,
        })
    }

    async fn ask(&self, path: &str, role: Option<Role>, held: Option<&str>) -> (u16, String) {
        self.send(self.request(path, role, held)).await
    }

    fn request(&self, path: &str, role: Option<Role>, held: Option<&str>) -> Request<Body> {
        let mut request = Request::get(path);
        if let Some(role) = role {
            let token = self.token(role);
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(held) = held {
            request = request.header(USER_PERMISSIONS, held);
        }
        request.body(Body::empty()).unwrap()
    }

    async fn send(&self, request: Request<Body>) -> (u16, String) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 1 << 16).await;
        (status, String::from_utf8(body.unwrap().to_vec()).unwrap())
    }
}

#[tokio::test]
async fn a_service_refuses_the_callers_that_its_table_refuses() {
    use Role::{Admin, Customer, Provider};
    let service = GuardedService::new();
    for (path, role, held, expected) in [
        ("/open", None, None, (204, "")),
        ("/link", None, None, (204, "")),
        ("/internal", None, None, (204, "")),
        ("/any", None, None, (401, "invalid_token")),
        ("/any", Some(Customer), None, (204, "")),
        ("/accept", None, None, (401, "invalid_token")),
        ("/accept", Some(Customer), None, (403, "providers_only")),
        ("/accept", Some(Admin), None, (403, "providers_only")),
        ("/accept", Some(Provider), None, (204, "")),
        ("/desk", None, Some("read_desks"), (401, "invalid_token")),
        (
            "/desk",
            Some(Provider),
            Some("read_desks"),
            (403, "role_forbidden"),
        ),
        (
            "/desk",
            Some(Admin),
            Some("set_fees"),
            (403, "permission_missing"),
        ),
        ("/desk", Some(Admin), Some("set_fees read_desks"), (204, "")),
        ("/desk", Some(Admin), None, (204, "")),
        ("/files", Some(Admin), Some(""), (204, "")),
        ("/files", None, None, (401, "invalid_token")),
    ] {
        let (status, body) = service.ask(path, role, held).await;
        assert_eq!(status, expected.0, "{path} {role:?} {held:?}: {body}");
        assert!(
            body.contains(expected.1),
            "{path} {role:?} {held:?}: {body}"
        );
    }
}

#[tokio::test]
async fn a_handler_gets_the_caller_that_its_guard_verified() {
    let service = GuardedService::new();
    let answer = service.ask("/role", Some(Role::Provider), None).await;
    assert_eq!(answer, (200, "provider".to_owned()));
    let answer = service.ask("/role", Some(Role::Provider), None).await;
    assert_eq!(answer.0, 401, "the guard verifies with the present keys");
}

#[tokio::test]
async fn a_guard_ignores_a_decision_that_it_did_not_make() {
    let service = GuardedService::new();
    let verifier = &service.verifier;
    let of_admin = service.request("/any", Some(Role::Admin), None);
    let admin = verifier.verify_caller(of_admin.headers()).unwrap();
    for (path, expected) in [
        ("/any", (401, "invalid_token")),
        ("/visitor", (200, "nobody")),
    ] {
        let mut request = service.request(path, None, None);
        let decision = GuardDecision(Some(admin.clone()));
        request.extensions_mut().insert(decision);
        let (status, body) = service.send(request).await;
        assert_eq!(status, expected.0, "{path}: {body}");
        assert!(body.contains(expected.1), "{path}: {body}");
    }
    let answer = service.ask("/visitor", Some(Role::Customer), None).await;
    assert_eq!(answer, (200, "customer".to_owned()));
}

#[test]
fn a_document_lists_the_public_routes_and_no_internal_one() {
    let document = add_routes(ApiDocument::for_part("order"));
    let paths: Vec<&str> = document.public_routes.iter().map(|one| one.path).collect();
    assert_eq!(
        paths,
        [
            "/open", "/link", "/any", "/accept", "/desk", "/files", "/role", "/visitor"
        ]
    );
}
