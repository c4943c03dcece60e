//! Browser sign-in: the gateway keeps a page's access token sealed in an HttpOnly cookie, out of
//! reach of scripts.
//!
//! Invariant: the token leaves the gateway only towards the parts.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{Method, StatusCode, Uri, header};
use process::{
    openapi::{ApiDocument, RouteDescription},
    parts::CloudPart,
    problem::{Json, Problem, log_fault},
    random,
    routes::{ANY, DELETE, ENTRANT, GET, POST, route},
    tokens::{Claims, TokenAudience},
    trace::{RequestTrace, TraceId},
    web::BODY_BYTES_MAX,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, GuessReport, Region, Role, UnixMillis, UserId};

use crate::{
    call::{RoutedRequest, body_problem, request_as_caller},
    caller::{BrowserSession, RequestCaller, part_unavailable},
    matcher::RouteLookup,
    routes::{SESSION, SESSION_BY_CODE, SESSION_BY_FACTOR, SESSION_BY_OIDC},
    state::Gateway,
};

#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(super) struct SessionAnswer<'a> {
    user_id: UserId,
    #[schema(required)]
    username: Option<&'a str>,
    role: Role,
    /// Always null: sessions carry no region yet.
    #[schema(required)]
    region: Option<Region>,
    expires_at: UnixMillis,
    #[schema(required)]
    csrf_token: Option<&'a str>,
    /// Failed password guesses since the previous sign-in. Present only in the response to a
    /// sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    wrong_passwords: Option<GuessReport>,
    /// Set if the password changed since the previous sign-in. Present only in the response to a
    /// sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    password_changed_at: Option<UnixMillis>,
    /// Shown only this once, if the sign-in set up a second factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_codes: Option<Vec<String>>,
}

/// Security notices for the person who signs in.
#[derive(Default)]
struct SignInNotices {
    wrong_passwords: Option<GuessReport>,
    password_changed_at: Option<UnixMillis>,
    recovery_codes: Option<Vec<String>>,
}

/// The fields used from auth's answer.
#[derive(Deserialize)]
struct TokenGrant {
    access_token: Option<String>,
    /// Set for a sign-in without a typed username.
    username: Option<String>,
    device: Option<String>,
    wrong_passwords: Option<GuessReport>,
    password_changed_at: Option<UnixMillis>,
    recovery_codes: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct UsernameForm {
    #[serde(default)]
    username: String,
}

const LOGIN_PATH: &str = "/api/v1/auth/login";
const LOGIN_BY_FACTOR_PATH: &str = "/api/v1/auth/login/second-factor";
const LOGIN_BY_CODE_PATH: &str = "/api/v1/auth/codes/sign-in";
const LOGIN_BY_OIDC_PATH: &str = "/api/v1/auth/oidc/sign-in";
const LOGOUT_PATH: &str = "/api/v1/auth/logout";
/// A grant is a few hundred bytes.
const GRANT_BYTES_MAX: usize = 64 * 1024;
const CSRF_BYTES: usize = 32;

/// `POST /api/v1/session`.
pub(super) async fn sign_in_by_password(
    State(gateway): State<Arc<Gateway>>,
    RequestTrace(trace): RequestTrace,
    request: Request,
) -> Result<Response, Problem> {
    sign_in(&gateway, request, LOGIN_PATH, trace).await
}

/// `POST /api/v1/session/second-factor`.
pub(super) async fn sign_in_by_factor(
    State(gateway): State<Arc<Gateway>>,
    RequestTrace(trace): RequestTrace,
    request: Request,
) -> Result<Response, Problem> {
    sign_in(&gateway, request, LOGIN_BY_FACTOR_PATH, trace).await
}

/// `POST /api/v1/session/code`.
pub(super) async fn sign_in_by_code(
    State(gateway): State<Arc<Gateway>>,
    RequestTrace(trace): RequestTrace,
    request: Request,
) -> Result<Response, Problem> {
    sign_in(&gateway, request, LOGIN_BY_CODE_PATH, trace).await
}

/// `POST /api/v1/session/oidc`.
pub(super) async fn sign_in_by_oidc(
    State(gateway): State<Arc<Gateway>>,
    RequestTrace(trace): RequestTrace,
    request: Request,
) -> Result<Response, Problem> {
    sign_in(&gateway, request, LOGIN_BY_OIDC_PATH, trace).await
}

/// Auth verifies the credentials on its own route at `auth_path`. Forwards a refusal by auth
/// unchanged.
async fn sign_in(
    gateway: &Gateway,
    request: Request,
    auth_path: &str,
    trace: TraceId,
) -> Result<Response, Problem> {
    gateway.identity.cookies.check_page(request.headers())?;
    let (parts, body) = request.into_parts();
    let form = to_bytes(body, BODY_BYTES_MAX).await.map_err(body_problem)?;
    let typed_name = typed_username(&form);
    let form = with_device(form, gateway.identity.cookies.device_secret(&parts.headers));
    let RouteLookup::Found { route, path } = gateway.matcher.find_route(&Method::POST, auth_path)
    else {
        return Err(Code::NotFound.into());
    };
    let request = Request::from_parts(parts, Body::from(form));
    let call = RoutedRequest {
        request,
        route,
        path,
        trace,
    };
    let request = gateway.parts.prepare_request(call, None).await?;
    let answer = gateway.parts.send(CloudPart::Auth, request).await;
    if !answer.status().is_success() {
        return Ok(answer);
    }
    let TokenGrant {
        access_token,
        username,
        device,
        wrong_passwords,
        password_changed_at,
        recovery_codes,
    } = read_grant(answer).await?;
    let username = username.unwrap_or(typed_name);
    // An edge-only token does not open a browser session.
    let token = access_token.ok_or(Code::InvalidInput)?;
    let claims =
        gateway
            .identity
            .keys
            .verify(&token, TokenAudience::Cloud, gateway.identity.clock.now());
    // Auth signed with a key that this gateway has not fetched yet.
    let claims = claims.map_err(|_| part_unavailable(CloudPart::Auth))?;
    let csrf = random::secret_text(CSRF_BYTES);
    let session = BrowserSession {
        token,
        csrf,
        username,
        ends_at: None,
    };
    let cookie = gateway.identity.cookies.write(&session);
    let notices = SignInNotices {
        wrong_passwords,
        password_changed_at,
        recovery_codes,
    };
    let mut response = session_response(&claims, Some(&session), notices);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    let device = device.and_then(|secret| gateway.identity.cookies.write_device(&secret));
    if let Some(device) = device {
        response.headers_mut().append(header::SET_COOKIE, device);
    }
    Ok(response)
}

/// `DELETE /api/v1/session`. The cookie is cleared even if auth is unreachable: this browser held
/// the only copy of the token.
pub(super) async fn sign_out(
    State(gateway): State<Arc<Gateway>>,
    RequestTrace(trace): RequestTrace,
    RequestCaller(caller): RequestCaller,
) -> Response {
    let request = request_as_caller(
        Method::POST,
        Uri::from_static(LOGOUT_PATH),
        &caller.token,
        &trace,
    );
    let answer = gateway.parts.send(CloudPart::Auth, request).await;
    let is_over = answer.status().is_success() || answer.status() == StatusCode::UNAUTHORIZED;
    let mut response = if is_over {
        StatusCode::NO_CONTENT.into_response()
    } else {
        answer
    };
    let cookie = gateway.identity.cookies.clear_session();
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

/// `GET /api/v1/session`.
pub(super) async fn show_session(RequestCaller(caller): RequestCaller) -> Response {
    session_response(
        &caller.claims,
        caller.browser.as_ref(),
        SignInNotices::default(),
    )
}

fn session_response(
    claims: &Claims,
    session: Option<&BrowserSession>,
    notices: SignInNotices,
) -> Response {
    let answer = SessionAnswer {
        user_id: claims.sub,
        username: session.map(|session| session.username.as_str()),
        role: claims.role,
        region: None,
        expires_at: UnixMillis(claims.exp.saturating_mul(1_000)),
        csrf_token: session.map(|session| session.csrf.as_str()),
        wrong_passwords: notices.wrong_passwords,
        password_changed_at: notices.password_changed_at,
        recovery_codes: notices.recovery_codes,
    };
    Json(answer).into_response()
}

/// The username as typed. Auth refuses an empty one.
fn typed_username(form: &Bytes) -> String {
    let form: Option<UsernameForm> = serde_json::from_slice(form).ok();
    form.map(|form| form.username.trim().to_owned())
        .unwrap_or_default()
}

/// Adds the browser's device secret to the form; scripts cannot read it. An empty value requests a
/// new secret.
fn with_device(form: Bytes, device: Option<String>) -> Bytes {
    let Ok(mut fields) = serde_json::from_slice::<serde_json::Map<_, _>>(&form) else {
        return form;
    };
    fields.insert("device".to_owned(), device.unwrap_or_default().into());
    serde_json::to_vec(&fields).map_or(form, Bytes::from)
}

async fn read_grant(answer: Response) -> Result<TokenGrant, Problem> {
    let bytes = to_bytes(answer.into_body(), GRANT_BYTES_MAX).await;
    let bytes = bytes
        .map_err(|error| log_fault("Could not read auth's whole answer to a sign-in", error))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| log_fault("Could not parse auth's answer to a sign-in", error))
}

pub(super) fn add_routes(document: ApiDocument) -> ApiDocument {
    add_sign_in_routes(document)
        .with_public_route(
            "session",
            route(GET, SESSION, ANY),
            "Show the caller's session",
            |route| {
                route.answers_json::<SessionAnswer<'_>>(StatusCode::OK);
            },
        )
        .with_public_route(
            "signOut",
            route(DELETE, SESSION, ANY)
                .without_key("a repeat cannot be authenticated, because its session has ended"),
            "End the caller's session",
            |route| {
                route.answers_nothing(StatusCode::NO_CONTENT, "The session has ended everywhere.");
            },
        )
}

/// The browser sign-ins; auth verifies the credentials.
fn add_sign_in_routes(document: ApiDocument) -> ApiDocument {
    document
        .with_public_route(
            "signIn",
            route(POST, SESSION, ENTRANT)
                .without_key("a repeat signs in again; sessions are not stored for replay"),
            "Sign a browser in; the token stays in a cookie",
            |route| {
                route.takes_json(RouteDescription::schema_reference("LoginForm"), true);
                route.answers_json::<SessionAnswer<'_>>(StatusCode::OK);
                route.add_refusal_codes(&[
                    Code::InvalidCredentials,
                    Code::AccountLocked,
                    Code::SecondFactorRequired,
                    Code::SecondFactorSetupRequired,
                    Code::ForeignPage,
                ]);
            },
        )
        .with_public_route(
            "signInBack",
            route(POST, SESSION_BY_OIDC, ENTRANT)
                .without_key("a repeat fails because its ticket is spent"),
            "Sign a browser in with an identity provider's answer; the token stays in a cookie",
            |route| {
                route.takes_json(RouteDescription::schema_reference("VisitForm"), true);
                route.answers_json::<SessionAnswer<'_>>(StatusCode::OK);
                route.add_refusal_codes(&[
                    Code::VisitOver,
                    Code::NotFound,
                    Code::IssuerAway,
                    Code::IdentityRefused,
                    Code::UserExists,
                    Code::Revoked,
                    Code::RegistrationQuota,
                    Code::SecondFactorRequired,
                    Code::SecondFactorSetupRequired,
                    Code::ForeignPage,
                ]);
            },
        )
        .with_public_route(
            "signInByFactor",
            route(POST, SESSION_BY_FACTOR, ENTRANT)
                .without_key("a repeat fails because its ticket is spent"),
            "Sign a browser in with the ticket of a sign-in and a proof of the second factor: a code, \
             or a passkey's answer; the token stays in a cookie",
            |route| {
                route.takes_json(RouteDescription::schema_reference("SecondFactorForm"), true);
                route.answers_json::<SessionAnswer<'_>>(StatusCode::OK);
                route.add_refusal_codes(&[
                    Code::VisitOver,
                    Code::CodeWrong,
                    Code::PasskeyWrong,
                    Code::SecondFactorExists,
                    Code::AccountLocked,
                    Code::ForeignPage,
                ]);
            },
        )
        .with_public_route(
            "signInByCode",
            route(POST, SESSION_BY_CODE, ENTRANT)
                .without_key("a repeat fails because its code is spent"),
            "Sign a browser in with a code sent to a phone; the token stays in a cookie",
            |route| {
                route.takes_json(RouteDescription::schema_reference("CodeForm"), true);
                route.answers_json::<SessionAnswer<'_>>(StatusCode::OK);
                route.add_refusal_codes(&[
                    Code::CodesOff,
                    Code::CodeWrong,
                    Code::CodeOver,
                    Code::AccountLocked,
                    Code::PhoneUnknown,
                    Code::PasswordOnly,
                    Code::Revoked,
                    Code::RegistrationQuota,
                    Code::ForeignPage,
                ]);
            },
        )
}
