//! Browser sign-in: the gateway keeps a page's access token sealed in an HttpOnly cookie, out of
//! reach of scripts.
//!
//! Invariants: the token leaves the gateway only towards the parts; a cookie request changes data
//! only if it comes from our own page with the session's CSRF token.

mod cookie;
mod page;
mod renewal;
mod seal;

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{Method, StatusCode, Uri, header};
use process::{
    parts::CloudPart,
    problem::{Json, Problem, log_fault},
    random,
    tokens::{Claims, TokenAudience},
    trace::TraceId,
    web::BODY_BYTES_MAX,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, GuessReport, Region, Role, UnixMillis, UserId};

pub use cookie::SessionCookies;
pub use renewal::stream_deadline;

use crate::{
    Gateway,
    forward::{body_problem, request_as_caller},
    identity::{VerifiedCaller, part_unavailable},
    permission_rule::PermissionRule,
    routes::{Audience, BACK, BY_CODE, Route, RouteBody},
};

/// The contents of a session cookie.
#[derive(Clone, Serialize, Deserialize)]
pub struct BrowserSession {
    pub token: String,
    pub csrf: String,
    pub username: String,
    /// The time after which the token cannot be renewed; absent before the first renewal.
    pub ends_at: Option<UnixMillis>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionAnswer<'a> {
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
}

/// Security notices for the person who signs in.
#[derive(Default)]
struct SignInNotices {
    wrong_passwords: Option<GuessReport>,
    password_changed_at: Option<UnixMillis>,
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
}

#[derive(Deserialize)]
struct UsernameForm {
    #[serde(default)]
    username: String,
}

static LOGIN: Route = define_auth_route("/api/v1/auth/login");
static LOGIN_BY_CODE: Route = define_auth_route("/api/v1/auth/codes/sign-in");
static LOGIN_ELSEWHERE: Route = define_auth_route("/api/v1/auth/oidc/sign-in");
const LOGOUT_PATH: &str = "/api/v1/auth/logout";
/// A grant is a few hundred bytes.
const GRANT_BYTES_MAX: usize = 64 * 1024;
const CSRF_BYTES: usize = 32;

impl Gateway {
    /// `POST /api/v1/session`, and sign-in by OIDC or phone code. Forwards a refusal by auth
    /// unchanged.
    pub(crate) async fn sign_in(
        &self,
        request: Request,
        way_in: &'static Route,
        trace: &TraceId,
    ) -> Response {
        match self.try_sign_in(request, way_in, trace).await {
            Ok(response) => response,
            Err(problem) => problem.into_response(),
        }
    }

    async fn try_sign_in(
        &self,
        request: Request,
        way_in: &'static Route,
        trace: &TraceId,
    ) -> Result<Response, Problem> {
        self.identity.cookies.check_page(request.headers())?;
        let (parts, body) = request.into_parts();
        let form = to_bytes(body, BODY_BYTES_MAX).await.map_err(body_problem)?;
        let typed_name = typed_username(&form);
        let form = with_device(form, self.identity.cookies.device_secret(&parts.headers));
        let request = Request::from_parts(parts, Body::from(form));
        let request = self
            .prepare_for_part(request, way_in, way_in.path, None, trace)
            .await?;
        let answer = self.send(CloudPart::Auth, request).await;
        if !answer.status().is_success() {
            return Ok(answer);
        }
        let TokenGrant {
            access_token,
            username,
            device,
            wrong_passwords,
            password_changed_at,
        } = read_grant(answer).await?;
        let username = username.unwrap_or(typed_name);
        // An edge-only token does not open a browser session.
        let token = access_token.ok_or(Code::InvalidInput)?;
        let claims =
            self.identity
                .keys
                .verify(&token, TokenAudience::Cloud, self.identity.clock.now());
        // Auth signed with a key that this gateway has not fetched yet.
        let claims = claims.map_err(|_| part_unavailable(CloudPart::Auth))?;
        let csrf = random::secret_text(CSRF_BYTES);
        let session = BrowserSession {
            token,
            csrf,
            username,
            ends_at: None,
        };
        let cookie = self.identity.cookies.write(&session);
        let news = SignInNotices {
            wrong_passwords,
            password_changed_at,
        };
        let mut response = session_response(&claims, Some(&session), news);
        response.headers_mut().append(header::SET_COOKIE, cookie);
        let device = device.and_then(|secret| self.identity.cookies.write_device(&secret));
        if let Some(device) = device {
            response.headers_mut().append(header::SET_COOKIE, device);
        }
        Ok(response)
    }

    /// `DELETE /api/v1/session`. The cookie is cleared even if auth is unreachable: this browser
    /// held the only copy of the token.
    pub(crate) async fn sign_out(&self, caller: &VerifiedCaller, trace: &TraceId) -> Response {
        let request = request_as_caller(
            Method::POST,
            Uri::from_static(LOGOUT_PATH),
            &caller.token,
            trace,
        );
        let answer = self.send(CloudPart::Auth, request).await;
        let is_over = answer.status().is_success() || answer.status() == StatusCode::UNAUTHORIZED;
        let mut response = if is_over {
            StatusCode::NO_CONTENT.into_response()
        } else {
            answer
        };
        let cookie = self.identity.cookies.clear_session();
        response.headers_mut().append(header::SET_COOKIE, cookie);
        response
    }
}

/// The auth route that verifies this kind of sign-in.
pub fn auth_login_route(route: &Route) -> &'static Route {
    match route.path {
        BACK => &LOGIN_ELSEWHERE,
        BY_CODE => &LOGIN_BY_CODE,
        _ => &LOGIN,
    }
}

const fn define_auth_route(path: &'static str) -> Route {
    Route {
        method: Method::POST,
        path,
        audience: Audience::Entrant,
        needs: PermissionRule::Nothing,
        part: CloudPart::Auth,
        body: RouteBody::Held,
    }
}

/// `GET /api/v1/session`.
pub fn show_session(caller: &VerifiedCaller) -> Response {
    session_response(
        &caller.claims,
        caller.browser.as_ref(),
        SignInNotices::default(),
    )
}

fn session_response(
    claims: &Claims,
    session: Option<&BrowserSession>,
    news: SignInNotices,
) -> Response {
    let answer = SessionAnswer {
        user_id: claims.sub,
        username: session.map(|session| session.username.as_str()),
        role: claims.role,
        region: None,
        expires_at: UnixMillis(claims.exp.saturating_mul(1_000)),
        csrf_token: session.map(|session| session.csrf.as_str()),
        wrong_passwords: news.wrong_passwords,
        password_changed_at: news.password_changed_at,
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
