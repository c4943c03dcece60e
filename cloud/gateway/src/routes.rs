//! The table of all routes: method, canonical path, audience, permissions and part. Paths outside
//! the table are unreachable, including `/internal`.
//!
//! A new route is one line here, and its unversioned path (`/api/orders` for `/api/v1/orders`)
//! follows automatically. Other paths go into `ALIASES`.

mod aliases;

use http::Method;
use process::parts::CloudPart as Part;
use wire::{Code, Permission, Role};

use crate::{letters, permission_rule::PermissionRule};

pub use aliases::{ALIASES, Alias};

/// The callers that a route serves, identified by bearer token or session cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Anyone, signed in or not.
    Open,
    /// Anyone signing in or registering. Auth applies the rate limit, because it can count by name
    /// as well as address.
    Entrant,
    /// Any signed-in caller.
    Any,
    /// Only these roles; others get the code.
    Roles(&'static [Role], Code),
    /// An edge with a token signed by its own key. Only the hub can verify it, so the gateway just
    /// requires one.
    Edge,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub audience: Audience,
    pub needs: PermissionRule,
    pub part: Part,
    pub body: RouteBody,
}

/// How a request body reaches the part. Responses always stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteBody {
    /// Buffered whole first, so the part never gets a partial form.
    Held,
    /// Streamed through. Past the limit the caller gets `body_too_large` and the part gets no more.
    /// Body and response share the time limit of one call.
    Streamed { bytes_max: usize },
}

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const DELETE: Method = Method::DELETE;

const OPEN: Audience = Audience::Open;
const ENTRANT: Audience = Audience::Entrant;
const ANY: Audience = Audience::Any;
const EDGE: Audience = Audience::Edge;
const CUSTOMER: Audience = Audience::Roles(&[Role::Customer], Code::RoleForbidden);
const PROVIDER: Audience = Audience::Roles(&[Role::Provider], Code::RoleForbidden);
const ACCEPTS: Audience = Audience::Roles(&[Role::Provider], Code::ProvidersOnly);
const WITHDRAWS: Audience = Audience::Roles(&[Role::Provider, Role::Admin], Code::RoleForbidden);
const CANCELS: Audience = Audience::Roles(&[Role::Customer, Role::Admin], Code::RoleForbidden);
const PAYERS: Audience = CANCELS;

const PUBLISH: &[Permission] = &[Permission::PublishOrders];
const ACCEPT: &[Permission] = &[Permission::AcceptOrders];
const DO: &[Permission] = &[Permission::DoOrders];
const CANCEL: &[Permission] = &[Permission::CancelOrders];
const WITHDRAW: &[Permission] = &[Permission::WithdrawOrders];
const APPROVE: &[Permission] = &[Permission::ApproveOrders];
/// A status change may perform any of these actions, and only the part can distinguish them, so the
/// route requires all.
const ANY_ACTION: &[Permission] = &[
    Permission::AcceptOrders,
    Permission::DoOrders,
    Permission::CancelOrders,
    Permission::WithdrawOrders,
    Permission::ApproveOrders,
];
const REFUND: &[Permission] = &[Permission::RefundMoney];
const FEES: &[Permission] = &[Permission::SetFees];
const MODERATE: &[Permission] = &[Permission::ModerateReviews];
const DESKS: &[Permission] = &[Permission::ReadDesks];
/// A customer's own data, or all data for an admin with desk access.
const OWN_OR_DESK: &[Permission] = &[Permission::PublishOrders, Permission::ReadDesks];
const VERIFY: &[Permission] = &[Permission::VerifyProviders];
const PEOPLE: &[Permission] = &[Permission::ReadPeople];
const REVOKE: &[Permission] = &[Permission::RevokePeople];
const SESSIONS: &[Permission] = &[Permission::EndSessions];
const PASSWORDS: &[Permission] = &[Permission::ResetPasswords];
const ROLES: &[Permission] = &[Permission::ManageRoles];
const PLATFORM: &[Permission] = &[Permission::ReadPlatform];
const REGIONS: &[Permission] = &[Permission::ManageRegions];
const EDGES: &[Permission] = &[Permission::ManageEdges];
const KEYS: &[Permission] = &[Permission::ManageKeys];

/// The live update stream, merged by the gateway.
pub const STREAM: &str = "/api/v1/stream";

/// Browser sign-in after a redirect back from an OIDC provider.
pub const BACK: &str = "/api/v1/session/oidc";

/// Browser sign-in with a code sent to the person's phone.
pub const BY_CODE: &str = "/api/v1/session/code";

/// The OpenAPI document of these routes.
pub const DOCUMENT: &str = "/openapi.json";

const PICTURE_BYTES_MAX: usize = 10 * 1024 * 1024;
const DOCUMENT_BYTES_MAX: usize = 20 * 1024 * 1024;

/// The first match wins, so fixed segments come before an `{id}` that would match them.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    route(POST, "/api/v1/auth/register",          ENTRANT,  Part::Auth),
    route(POST, "/api/v1/auth/login",             ENTRANT,  Part::Auth),
    route(POST, "/api/v1/auth/verify-token",      OPEN,     Part::Auth),
    route(POST, "/api/v1/auth/refresh",           OPEN,     Part::Auth),
    route(POST, "/api/v1/auth/logout",            ANY,      Part::Auth),
    route(POST, "/api/v1/auth/edge-token",        ANY,      Part::Auth),
    route(POST, "/api/v1/auth/device-grants",    PROVIDER, Part::Auth),
    route(POST, "/api/v1/auth/edge-logout",       OPEN,     Part::Auth),
    route(GET,  "/api/v1/auth/sessions",          ANY,      Part::Auth),
    route(POST, "/api/v1/auth/password",          ANY,      Part::Auth),
    route(POST, "/api/v1/auth/password-reset",    ENTRANT,  Part::Auth),
    route(GET,  "/api/v1/auth/address",           ANY,      Part::Auth),
    route(PUT,  "/api/v1/auth/address",           ANY,      Part::Auth),
    route(POST, "/api/v1/auth/address/code",      ANY,      Part::Auth),
    route(POST, "/api/v1/auth/address/confirm",   ANY,      Part::Auth),
    route(DELETE, "/api/v1/auth/sessions/others", ANY,      Part::Auth),
    route(DELETE, "/api/v1/auth/sessions/{id}",   ANY,      Part::Auth),
    route(GET,  "/api/v1/auth/permissions",       ANY,      Part::Auth),
    ruled(GET,  "/api/v1/users/{id}/account",     ANY,      PEOPLE,    Part::Auth),
    route(GET,  "/.well-known/jwks.json",         OPEN,     Part::Auth),
    route(GET,  "/api/v1/auth/codes",             OPEN,     Part::Auth),
    route(POST, "/api/v1/auth/codes",             ENTRANT,  Part::Auth),
    route(POST, "/api/v1/auth/codes/sign-in",     ENTRANT,  Part::Auth),
    route(GET,  "/api/v1/auth/oidc",              OPEN,     Part::Auth),
    route(POST, "/api/v1/auth/oidc/sign-in",      ENTRANT,  Part::Auth),
    route(POST, "/api/v1/auth/oidc/{name}/begin", OPEN,     Part::Auth),
    route(POST, "/api/v1/auth/oidc/{name}/link",  ANY,      Part::Auth),
    route(GET,  "/api/v1/auth/identities",        ANY,      Part::Auth),
    route(POST, "/api/v1/auth/identities",        ANY,      Part::Auth),
    route(POST, "/api/v1/auth/identities/phone",  CUSTOMER, Part::Auth),
    route(DELETE, "/api/v1/auth/identities/{id}", ANY,      Part::Auth),

    route(POST, "/api/v1/session",                ENTRANT,  Part::Gateway),
    route(POST, BY_CODE,                          ENTRANT,  Part::Gateway),
    route(POST, BACK,                             ENTRANT,  Part::Gateway),
    route(GET,  "/api/v1/session",                ANY,      Part::Gateway),
    route(DELETE, "/api/v1/session",              ANY,      Part::Gateway),
    narrowed(GET, STREAM,                                Part::Gateway),
    route(GET,  DOCUMENT,                         OPEN,     Part::Gateway),

    admin(GET,    letters::BOXES,                                 PLATFORM,  Part::Gateway),
    admin(GET,    letters::LETTERS,                               PLATFORM,  Part::Gateway),
    admin(POST,   letters::REDRIVE,                               EDGES,     Part::Gateway),
    admin(POST,   letters::DROP,                                  EDGES,     Part::Gateway),
    admin(GET,    letters::REPLAYS,                               PLATFORM,  Part::Gateway),
    admin(POST,   letters::REPLAYS,                               EDGES,     Part::Gateway),

    admin(GET,    "/api/v1/admin/roles",                          PEOPLE,    Part::Auth),
    admin(POST,   "/api/v1/admin/roles",                          ROLES,     Part::Auth),
    admin(PUT,    "/api/v1/admin/roles/{id}",                     ROLES,     Part::Auth),
    admin(DELETE, "/api/v1/admin/roles/{id}",                     ROLES,     Part::Auth),
    admin(GET,    "/api/v1/admin/users",                          PEOPLE,    Part::Auth),
    admin(GET,    "/api/v1/admin/users/{id}",                     PEOPLE,    Part::Auth),
    admin(PUT,    "/api/v1/admin/users/{id}/role",                ROLES,     Part::Auth),
    admin(POST,   "/api/v1/admin/users/{id}/revoke",              REVOKE,    Part::Auth),
    admin(POST,   "/api/v1/admin/users/{id}/readmit",             REVOKE,    Part::Auth),
    admin(POST,   "/api/v1/admin/users/{id}/password-reset",      PASSWORDS, Part::Auth),

    admin(GET,    "/api/v1/admin/users/{id}/sessions",            PEOPLE,    Part::Auth),
    admin(DELETE, "/api/v1/admin/users/{id}/sessions/{session}",  SESSIONS,  Part::Auth),

    admin(GET,    "/api/v1/admin/keys",                           KEYS,      Part::Auth),
    admin(POST,   "/api/v1/admin/keys/rotate",                    KEYS,      Part::Auth),
    admin(POST,   "/api/v1/admin/keys/kill",                      KEYS,      Part::Auth),

    route(GET,  "/api/v1/users/me/profile",       ANY,      Part::User),
    route(PUT,  "/api/v1/users/me/profile",       ANY,      Part::User),
    route(PUT,  "/api/v1/users/{id}/profile",     ANY,      Part::User),
    narrowed(GET, "/api/v1/customers/{id}/profile",      Part::User),
    route(PUT,  "/api/v1/customers/{id}/profile", CUSTOMER, Part::User),
    route(GET,  "/api/v1/providers/{id}/profile", ANY,      Part::User),
    route(PUT,  "/api/v1/providers/{id}/profile", PROVIDER, Part::User),
    route(GET,  "/api/v1/users/me/addresses",     ANY,      Part::User),
    route(POST, "/api/v1/users/me/addresses",     ANY,      Part::User),
    route(PUT,  "/api/v1/users/me/addresses/{id}", ANY,     Part::User),
    route(DELETE, "/api/v1/users/me/addresses/{id}", ANY,   Part::User),
    file(PUT,   "/api/v1/users/me/photo",         ANY,      Part::User, PICTURE_BYTES_MAX),
    route(DELETE, "/api/v1/users/me/photo",       ANY,      Part::User),
    file(POST,  "/api/v1/users/me/pictures",      PROVIDER, Part::User, PICTURE_BYTES_MAX),
    route(PUT,  "/api/v1/users/me/pictures/{id}", PROVIDER, Part::User),
    route(DELETE, "/api/v1/users/me/pictures/{id}", PROVIDER, Part::User),
    file(POST,  "/api/v1/users/me/documents",     PROVIDER, Part::User, DOCUMENT_BYTES_MAX),
    narrowed(GET, "/api/v1/files/{id}",                  Part::User),
    narrowed(POST, "/api/v1/files/{id}/link",             Part::User),
    route(GET,  "/api/v1/files/{id}/signed",      OPEN,     Part::User),
    route(PUT,  "/api/v1/users/me/certifications", PROVIDER, Part::User),
    route(POST, "/api/v1/users/me/verification",  PROVIDER, Part::User),
    admin(GET,    "/api/v1/admin/verifications",                  VERIFY,    Part::User),
    admin(GET,    "/api/v1/admin/matches",                        VERIFY,    Part::User),
    admin(GET,    "/api/v1/admin/providers/{id}",                 VERIFY,    Part::User),
    admin(POST,   "/api/v1/admin/providers/{id}/verify",          VERIFY,    Part::User),
    admin(POST,   "/api/v1/admin/providers/{id}/reject",          VERIFY,    Part::User),

    ruled(POST, "/api/v1/orders",                  CUSTOMER,  PUBLISH,    Part::Order),
    route(GET,  "/api/v1/orders",                 ANY,      Part::Order),
    route(GET,  "/api/v1/orders/available",       PROVIDER, Part::Order),
    route(GET,  "/api/v1/orders/paid-afterwards", ANY,      Part::Order),
    route(GET,  "/api/v1/orders/export.csv",      ANY,      Part::Order),
    route(GET,  "/api/v1/orders/export.json",     ANY,      Part::Order),
    reads_order("/api/v1/orders/{id}",                   Part::Order),
    reads_order("/api/v1/orders/{id}/timeline",          Part::Order),
    ruled(GET,  "/api/v1/orders/{id}/tracking",    CANCELS,   OWN_OR_DESK, Part::Order),
    route(GET,  "/api/v1/track/{code}",           OPEN,     Part::Order),
    reads_order(crate::order_page::PATH,                 Part::Gateway),
    admin(POST,   "/api/v1/orders/{id}/approve",                  APPROVE,   Part::Order),
    admin(POST,   "/api/v1/orders/{id}/reject",                   APPROVE,   Part::Order),
    ruled(POST, "/api/v1/orders/{id}/accept",      ACCEPTS,   ACCEPT,     Part::Order),
    ruled(POST, "/api/v1/orders/{id}/withdraw",    WITHDRAWS, WITHDRAW,   Part::Order),
    ruled(POST, "/api/v1/orders/{id}/start",       PROVIDER,  DO,         Part::Order),
    ruled(POST, "/api/v1/orders/{id}/complete",    PROVIDER,  DO,         Part::Order),
    ruled(GET,  "/api/v1/orders/{id}/cancellation", CANCELS,  CANCEL,    Part::Order),
    ruled(POST, "/api/v1/orders/{id}/cancel",      CANCELS,   CANCEL,     Part::Order),
    ruled(PUT,  "/api/v1/orders/{id}/status",      ANY,       ANY_ACTION, Part::Order),
    admin(GET,    "/api/v1/admin/orders",                         DESKS,     Part::Order),
    admin(GET,    "/api/v1/admin/orders/export.csv",              DESKS,     Part::Order),
    admin(GET,    "/api/v1/admin/orders/export.json",             DESKS,     Part::Order),
    admin(GET,    "/api/v1/admin/assignments",                    PLATFORM,  Part::Order),
    admin(GET,    "/api/v1/admin/assignments/{region}",           PLATFORM,  Part::Order),
    admin(PUT,    "/api/v1/admin/assignments/{region}",           REGIONS,   Part::Order),
    admin(GET,    "/api/v1/admin/cases",                          DESKS,     Part::Order),
    admin(GET,    "/api/v1/admin/cases/{id}",                     DESKS,     Part::Order),
    admin(POST,   "/api/v1/admin/cases/{id}/take",                WITHDRAW,  Part::Order),
    admin(POST,   "/api/v1/admin/cases/{id}/close",               WITHDRAW,  Part::Order),
    admin(GET,    "/api/v1/admin/cancel-fees",                    DESKS,     Part::Order),
    admin(POST,   "/api/v1/admin/cancel-fees",                    FEES,      Part::Order),
    admin(DELETE, "/api/v1/admin/cancel-fees/{in_force_from}",    FEES,      Part::Order),
    admin(POST,   "/api/v1/admin/providers/{id}/withdrawals",     WITHDRAW,  Part::Order),
    admin(GET,    "/api/v1/admin/lost-acceptances",               DESKS,     Part::Order),
    admin(GET,    "/api/v1/admin/commands/{id}",                  DESKS,     Part::Order),

    route(POST, "/api/v1/payments",               CUSTOMER, Part::Payment),
    ruled(GET,  "/api/v1/payments",               PAYERS,   OWN_OR_DESK, Part::Payment),
    admin(GET,    "/api/v1/payments/reconciliation",              DESKS,     Part::Payment),
    admin(POST,   "/api/v1/payments/reconciliation",              DESKS,     Part::Payment),
    ruled(GET,  "/api/v1/payments/{id}",          PAYERS,   OWN_OR_DESK, Part::Payment),
    ruled(GET,  "/api/v1/payments/methods",       PAYERS,   OWN_OR_DESK, Part::Payment),
    route(PUT,  "/api/v1/payments/methods/{method}", CUSTOMER, Part::Payment),
    route(DELETE, "/api/v1/payments/methods/{method}", CUSTOMER, Part::Payment),
    route(POST, "/api/v1/payments/callbacks/{adapter}", OPEN, Part::Payment),
    route(POST, "/api/v1/payments/callback",      OPEN,     Part::Payment),
    admin(GET,    "/api/v1/admin/payment-callbacks",              DESKS,     Part::Payment),
    route(POST, "/api/v1/refunds",                CUSTOMER, Part::Payment),
    ruled(GET,  "/api/v1/refunds",                PAYERS,   OWN_OR_DESK, Part::Payment),
    reads_order("/api/v1/orders/{id}/statement",         Part::Payment),
    route(GET,  "/api/v1/statements",             PROVIDER, Part::Payment),
    route(GET,  "/api/v1/earnings",               PROVIDER, Part::Payment),
    admin(GET,    "/api/v1/admin/refunds",                        DESKS,     Part::Payment),
    admin(POST,   "/api/v1/admin/refunds/{id}/grant",             REFUND,    Part::Payment),
    admin(POST,   "/api/v1/admin/refunds/{id}/refuse",            REFUND,    Part::Payment),
    admin(POST,   "/api/v1/admin/orders/{id}/refund-anew",        REFUND,    Part::Payment),
    admin(GET,    "/api/v1/admin/orders/{id}/money",              DESKS,     Part::Payment),
    admin(POST,   "/api/v1/admin/orders/{id}/paid-otherwise",     REFUND,    Part::Payment),
    admin(POST,   "/api/v1/admin/orders/{id}/goodwill",           REFUND,    Part::Payment),
    admin(POST,   "/api/v1/admin/orders/{id}/compensation",       REFUND,    Part::Payment),
    admin(GET,    "/api/v1/admin/money-cases",                    DESKS,     Part::Payment),
    admin(POST,   "/api/v1/admin/money-cases/{id}/close",         REFUND,    Part::Payment),
    admin(GET,    "/api/v1/admin/platform-fees",                  DESKS,     Part::Payment),
    admin(POST,   "/api/v1/admin/platform-fees",                  FEES,      Part::Payment),
    admin(DELETE, "/api/v1/admin/platform-fees/{in_force_from}",  FEES,      Part::Payment),

    route(POST, "/api/v1/reviews",                CUSTOMER, Part::Review),
    file(POST,  "/api/v1/reviews/images",         CUSTOMER, Part::Review, PICTURE_BYTES_MAX),
    narrowed(GET, "/api/v1/reviews/search",              Part::Review),
    narrowed(GET, "/api/v1/reviews/{id}",                Part::Review),
    route(PUT,  "/api/v1/reviews/{id}",           CUSTOMER, Part::Review),
    narrowed(GET, "/api/v1/reviews/{id}/images/{image}", Part::Review),
    route(PUT,  "/api/v1/reviews/{id}/reply",     PROVIDER, Part::Review),
    route(PUT,  "/api/v1/reviews/{id}/helpful",   ANY,      Part::Review),
    route(DELETE, "/api/v1/reviews/{id}/helpful", ANY,      Part::Review),
    route(POST, "/api/v1/reviews/{id}/report",    ANY,      Part::Review),
    route(GET,  "/api/v1/users/me/reviews",       ANY,      Part::Review),
    narrowed(GET, "/api/v1/providers/{id}/reviews",      Part::Review),
    route(GET,  "/api/v1/providers/{id}/rating",  ANY,      Part::Review),
    narrowed(GET, "/api/v1/orders/{id}/review",          Part::Review),
    admin(POST,   "/api/v1/reviews/{id}/hide",                    MODERATE,  Part::Review),
    admin(POST,   "/api/v1/reviews/{id}/restore",                 MODERATE,  Part::Review),
    admin(GET,    "/api/v1/admin/reviews",                        MODERATE,  Part::Review),
    admin(GET,    "/api/v1/admin/reviews/{id}",                   MODERATE,  Part::Review),

    narrowed(GET, "/api/v1/notifications",               Part::Notification),
    route(GET,  "/api/v1/notifications/preferences", ANY,   Part::Notification),
    route(PUT,  "/api/v1/notifications/preferences", ANY,   Part::Notification),
    narrowed(PUT, "/api/v1/notifications/{id}/read",     Part::Notification),
    admin(GET,    "/api/v1/admin/deliveries",                     PLATFORM,  Part::Notification),
    admin(GET,    "/api/v1/admin/notices",                        PEOPLE,    Part::Notification),
    admin(POST,   "/api/v1/admin/notices/email",                  REVOKE,    Part::Notification),
    admin(POST,   "/api/v1/admin/notices/sms",                    REVOKE,    Part::Notification),

    route(GET,  "/link",                          EDGE,     Part::Hub),
    route(POST, "/api/v1/edges/enrol",            OPEN,     Part::Hub),
    route(GET,  "/api/v1/edges/{id}/key",         OPEN,     Part::Hub),
    route(GET,  "/api/v1/regions",                ANY,      Part::Hub),
    admin(GET,    "/api/v1/admin/status",                         PLATFORM,  Part::Hub),
    admin(GET,    "/api/v1/admin/edges",                          PLATFORM,  Part::Hub),
    admin(POST,   "/api/v1/admin/edges",                          EDGES,     Part::Hub),
    admin(DELETE, "/api/v1/admin/edges/{id}/code",                EDGES,     Part::Hub),
    admin(POST,   "/api/v1/admin/edges/{id}/readmit",             EDGES,     Part::Hub),
    admin(POST,   "/api/v1/admin/edges/{id}/disabling",           EDGES,     Part::Hub),
    admin(POST,   "/api/v1/admin/edges/{id}/retirement",          EDGES,     Part::Hub),
    admin(POST,   "/api/v1/admin/edges/{id}/key",                 EDGES,     Part::Hub),
    admin(GET,    "/api/v1/admin/edges/{id}/acts",                PLATFORM,  Part::Hub),
    admin(GET,    "/api/v1/admin/edges/{id}/left-behind",         PLATFORM,  Part::Hub),
    admin(GET,    "/api/v1/admin/queue",                          PLATFORM,  Part::Hub),
    admin(GET,    "/api/v1/admin/asks",                           PLATFORM,  Part::Hub),
    admin(POST,   "/api/v1/admin/asks/{id}/retry",                EDGES,     Part::Hub),
    admin(GET,    "/api/v1/admin/ops/{edge}/{epoch}/{seq}",       PLATFORM,  Part::Hub),
    admin(POST,   "/api/v1/admin/edges/{edge}/queue/{epoch}/{seq}/retry", EDGES,     Part::Hub),
    admin(GET,    "/api/v1/admin/regions",                        PLATFORM,  Part::Hub),
    admin(PUT,    "/api/v1/admin/regions/{region}",               REGIONS,   Part::Hub),
    admin(POST,   "/api/v1/admin/regions/{region}/comparison",    REGIONS,   Part::Hub),
];

const fn route(method: Method, path: &'static str, audience: Audience, part: Part) -> Route {
    Route {
        method,
        path,
        audience,
        needs: PermissionRule::Nothing,
        part,
        body: RouteBody::Held,
    }
}

/// A route whose part filters its response by an admin's permissions.
const fn narrowed(method: Method, path: &'static str, part: Part) -> Route {
    let audience = Audience::Any;
    let needs = PermissionRule::Narrowed;
    Route {
        method,
        path,
        audience,
        needs,
        part,
        body: RouteBody::Held,
    }
}

/// A route that reads one order: for its parties, and for admins with duties that start there.
const fn reads_order(path: &'static str, part: Part) -> Route {
    let audience = Audience::Any;
    let needs = PermissionRule::AnyOf(Permission::READ_ORDERS);
    Route {
        method: GET,
        path,
        audience,
        needs,
        part,
        body: RouteBody::Held,
    }
}

/// A route that requires permissions.
const fn ruled(
    method: Method,
    path: &'static str,
    audience: Audience,
    needs: &'static [Permission],
    part: Part,
) -> Route {
    let needs = PermissionRule::All(needs);
    Route {
        method,
        path,
        audience,
        needs,
        part,
        body: RouteBody::Held,
    }
}

/// An admin-only route that requires permissions.
const fn admin(
    method: Method,
    path: &'static str,
    needs: &'static [Permission],
    part: Part,
) -> Route {
    let audience = Audience::Roles(&[Role::Admin], Code::RoleForbidden);
    ruled(method, path, audience, needs, part)
}

/// A route with a file upload as its body.
const fn file(
    method: Method,
    path: &'static str,
    audience: Audience,
    part: Part,
    bytes_max: usize,
) -> Route {
    let needs = PermissionRule::Nothing;
    let body = RouteBody::Streamed { bytes_max };
    Route {
        method,
        path,
        audience,
        needs,
        part,
        body,
    }
}

#[cfg(test)]
mod tests;
