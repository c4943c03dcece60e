//! The table of all routes: method, canonical path, audience, permissions and part. Paths outside
//! the table are unreachable, including `/internal`.
//!
//! A new route is one line here, and its unversioned path (`/api/orders` for `/api/v1/orders`)
//! follows automatically. Other paths go into `ALIASES` of the matcher.

use http::Method;
use process::parts::CloudPart as Part;
use wire::{Code, Permission, Role};

use crate::permissions::PermissionRule;

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
    pub permission: PermissionRule,
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

pub const GET: Method = Method::GET;
pub const POST: Method = Method::POST;
pub const PUT: Method = Method::PUT;
pub const DELETE: Method = Method::DELETE;

const OPEN: Audience = Audience::Open;
const ENTRANT: Audience = Audience::Entrant;
const ANY: Audience = Audience::Any;
const EDGE: Audience = Audience::Edge;
const CUSTOMER: Audience = Audience::Roles(&[Role::Customer], Code::RoleForbidden);
const PROVIDER: Audience = Audience::Roles(&[Role::Provider], Code::RoleForbidden);
const PROVIDERS_ONLY: Audience = Audience::Roles(&[Role::Provider], Code::ProvidersOnly);
const PROVIDER_OR_ADMIN: Audience =
    Audience::Roles(&[Role::Provider, Role::Admin], Code::RoleForbidden);
const CUSTOMER_OR_ADMIN: Audience =
    Audience::Roles(&[Role::Customer, Role::Admin], Code::RoleForbidden);

const PUBLISH_ORDERS: &[Permission] = &[Permission::PublishOrders];
const ACCEPT_ORDERS: &[Permission] = &[Permission::AcceptOrders];
const DO_ORDERS: &[Permission] = &[Permission::DoOrders];
const CANCEL_ORDERS: &[Permission] = &[Permission::CancelOrders];
const WITHDRAW_ORDERS: &[Permission] = &[Permission::WithdrawOrders];
const APPROVE_ORDERS: &[Permission] = &[Permission::ApproveOrders];
/// A status change may perform any of these actions, and only the part can distinguish them, so the
/// route requires all.
const ANY_ORDER_ACTION: &[Permission] = &[
    Permission::AcceptOrders,
    Permission::DoOrders,
    Permission::CancelOrders,
    Permission::WithdrawOrders,
    Permission::ApproveOrders,
];
const REFUND_MONEY: &[Permission] = &[Permission::RefundMoney];
const SET_FEES: &[Permission] = &[Permission::SetFees];
const MODERATE_REVIEWS: &[Permission] = &[Permission::ModerateReviews];
const READ_DESKS: &[Permission] = &[Permission::ReadDesks];
/// A customer's own data, or all data for an admin with desk access.
const OWN_OR_DESK: &[Permission] = &[Permission::PublishOrders, Permission::ReadDesks];
const VERIFY_PROVIDERS: &[Permission] = &[Permission::VerifyProviders];
const READ_PEOPLE: &[Permission] = &[Permission::ReadPeople];
const REVOKE_PEOPLE: &[Permission] = &[Permission::RevokePeople];
const END_SESSIONS: &[Permission] = &[Permission::EndSessions];
const RESET_PASSWORDS: &[Permission] = &[Permission::ResetPasswords];
const MANAGE_ROLES: &[Permission] = &[Permission::ManageRoles];
const READ_PLATFORM: &[Permission] = &[Permission::ReadPlatform];
const MANAGE_REGIONS: &[Permission] = &[Permission::ManageRegions];
const MANAGE_EDGES: &[Permission] = &[Permission::ManageEdges];
const MANAGE_KEYS: &[Permission] = &[Permission::ManageKeys];

/// The live update stream, merged by the gateway.
pub const STREAM: &str = "/api/v1/stream";

/// A browser's session.
pub const SESSION: &str = "/api/v1/session";

/// Browser sign-in after a redirect back from an OIDC provider.
pub const SESSION_BY_OIDC: &str = "/api/v1/session/oidc";

/// Browser sign-in with a code sent to the person's phone.
pub const SESSION_BY_CODE: &str = "/api/v1/session/code";

/// The OpenAPI document of these routes.
pub const DOCUMENT: &str = "/openapi.json";

/// An order with its parties, payment and review.
pub const ORDER_PAGE: &str = "/api/v1/orders/{id}/page";

pub const LETTER_BOXES: &str = "/api/v1/admin/letters";
pub const LETTERS: &str = "/api/v1/admin/letters/{name}";
pub const REDRIVE_LETTERS: &str = "/api/v1/admin/letters/{name}/redrive";
pub const DROP_LETTERS: &str = "/api/v1/admin/letters/{name}/drop";
pub const REPLAYS: &str = "/api/v1/admin/replays";

const PICTURE_BYTES_MAX: usize = 10 * 1024 * 1024;
const DOCUMENT_BYTES_MAX: usize = 20 * 1024 * 1024;

/// The first match wins, so fixed segments come before an `{id}` that would match them.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    route(POST,   "/api/v1/auth/register",            ENTRANT,  Part::Auth),
    route(POST,   "/api/v1/auth/login",               ENTRANT,  Part::Auth),
    route(POST,   "/api/v1/auth/verify-token",        OPEN,     Part::Auth),
    route(POST,   "/api/v1/auth/refresh",             OPEN,     Part::Auth),
    route(POST,   "/api/v1/auth/logout",              ANY,      Part::Auth),
    route(POST,   "/api/v1/auth/edge-token",          ANY,      Part::Auth),
    route(POST,   "/api/v1/auth/device-grants",       PROVIDER, Part::Auth),
    route(POST,   "/api/v1/auth/edge-logout",         OPEN,     Part::Auth),
    route(GET,    "/api/v1/auth/sessions",            ANY,      Part::Auth),
    route(POST,   "/api/v1/auth/password",            ANY,      Part::Auth),
    route(POST,   "/api/v1/auth/password-reset",      ENTRANT,  Part::Auth),
    route(GET,    "/api/v1/auth/address",             ANY,      Part::Auth),
    route(PUT,    "/api/v1/auth/address",             ANY,      Part::Auth),
    route(POST,   "/api/v1/auth/address/code",        ANY,      Part::Auth),
    route(POST,   "/api/v1/auth/address/confirm",     ANY,      Part::Auth),
    route(DELETE, "/api/v1/auth/sessions/others",     ANY,      Part::Auth),
    route(DELETE, "/api/v1/auth/sessions/{id}",       ANY,      Part::Auth),
    route(GET,    "/api/v1/auth/permissions",         ANY,      Part::Auth),
    permitted(GET,  "/api/v1/users/{id}/account",    ANY,               READ_PEOPLE,    Part::Auth),
    route(GET,    "/.well-known/jwks.json",           OPEN,     Part::Auth),
    route(GET,    "/api/v1/auth/codes",               OPEN,     Part::Auth),
    route(POST,   "/api/v1/auth/codes",               ENTRANT,  Part::Auth),
    route(POST,   "/api/v1/auth/codes/sign-in",       ENTRANT,  Part::Auth),
    route(GET,    "/api/v1/auth/oidc",                OPEN,     Part::Auth),
    route(POST,   "/api/v1/auth/oidc/sign-in",        ENTRANT,  Part::Auth),
    route(POST,   "/api/v1/auth/oidc/{name}/begin",   OPEN,     Part::Auth),
    route(POST,   "/api/v1/auth/oidc/{name}/link",    ANY,      Part::Auth),
    route(GET,    "/api/v1/auth/identities",          ANY,      Part::Auth),
    route(POST,   "/api/v1/auth/identities",          ANY,      Part::Auth),
    route(POST,   "/api/v1/auth/identities/phone",    CUSTOMER, Part::Auth),
    route(DELETE, "/api/v1/auth/identities/{id}",     ANY,      Part::Auth),

    route(POST,   SESSION,                            ENTRANT,  Part::Gateway),
    route(POST,   SESSION_BY_CODE,                    ENTRANT,  Part::Gateway),
    route(POST,   SESSION_BY_OIDC,                    ENTRANT,  Part::Gateway),
    route(GET,    SESSION,                            ANY,      Part::Gateway),
    route(DELETE, SESSION,                            ANY,      Part::Gateway),
    narrowed(GET,  STREAM,                             Part::Gateway),
    route(GET,    DOCUMENT,                           OPEN,     Part::Gateway),

    admin(GET,    LETTER_BOXES,                                   READ_PLATFORM,    Part::Gateway),
    admin(GET,    LETTERS,                                        READ_PLATFORM,    Part::Gateway),
    admin(POST,   REDRIVE_LETTERS,                                MANAGE_EDGES,     Part::Gateway),
    admin(POST,   DROP_LETTERS,                                   MANAGE_EDGES,     Part::Gateway),
    admin(GET,    REPLAYS,                                        READ_PLATFORM,    Part::Gateway),
    admin(POST,   REPLAYS,                                        MANAGE_EDGES,     Part::Gateway),

    admin(GET,    "/api/v1/admin/roles",                          READ_PEOPLE,      Part::Auth),
    admin(POST,   "/api/v1/admin/roles",                          MANAGE_ROLES,     Part::Auth),
    admin(PUT,    "/api/v1/admin/roles/{id}",                     MANAGE_ROLES,     Part::Auth),
    admin(DELETE, "/api/v1/admin/roles/{id}",                     MANAGE_ROLES,     Part::Auth),
    admin(GET,    "/api/v1/admin/users",                          READ_PEOPLE,      Part::Auth),
    admin(GET,    "/api/v1/admin/users/{id}",                     READ_PEOPLE,      Part::Auth),
    admin(PUT,    "/api/v1/admin/users/{id}/role",                MANAGE_ROLES,     Part::Auth),
    admin(POST,   "/api/v1/admin/users/{id}/revoke",              REVOKE_PEOPLE,    Part::Auth),
    admin(POST,   "/api/v1/admin/users/{id}/readmit",             REVOKE_PEOPLE,    Part::Auth),
    admin(POST,   "/api/v1/admin/users/{id}/password-reset",      RESET_PASSWORDS,  Part::Auth),

    admin(GET,    "/api/v1/admin/users/{id}/sessions",            READ_PEOPLE,      Part::Auth),
    admin(DELETE, "/api/v1/admin/users/{id}/sessions/{session}",  END_SESSIONS,     Part::Auth),

    admin(GET,    "/api/v1/admin/keys",                           MANAGE_KEYS,      Part::Auth),
    admin(POST,   "/api/v1/admin/keys/rotate",                    MANAGE_KEYS,      Part::Auth),
    admin(POST,   "/api/v1/admin/keys/kill",                      MANAGE_KEYS,      Part::Auth),

    route(GET,    "/api/v1/users/me/profile",         ANY,      Part::User),
    route(PUT,    "/api/v1/users/me/profile",         ANY,      Part::User),
    route(PUT,    "/api/v1/users/{id}/profile",       ANY,      Part::User),
    narrowed(GET,  "/api/v1/customers/{id}/profile",   Part::User),
    route(PUT,    "/api/v1/customers/{id}/profile",   CUSTOMER, Part::User),
    route(GET,    "/api/v1/providers/{id}/profile",   ANY,      Part::User),
    route(PUT,    "/api/v1/providers/{id}/profile",   PROVIDER, Part::User),
    route(GET,    "/api/v1/users/me/addresses",       ANY,      Part::User),
    route(POST,   "/api/v1/users/me/addresses",       ANY,      Part::User),
    route(PUT,    "/api/v1/users/me/addresses/{id}",  ANY,      Part::User),
    route(DELETE, "/api/v1/users/me/addresses/{id}",  ANY,      Part::User),
    upload(PUT,    "/api/v1/users/me/photo",           ANY,      Part::User, PICTURE_BYTES_MAX),
    route(DELETE, "/api/v1/users/me/photo",           ANY,      Part::User),
    upload(POST,   "/api/v1/users/me/pictures",        PROVIDER, Part::User, PICTURE_BYTES_MAX),
    route(PUT,    "/api/v1/users/me/pictures/{id}",   PROVIDER, Part::User),
    route(DELETE, "/api/v1/users/me/pictures/{id}",   PROVIDER, Part::User),
    upload(POST,   "/api/v1/users/me/documents",       PROVIDER, Part::User, DOCUMENT_BYTES_MAX),
    narrowed(GET,  "/api/v1/files/{id}",               Part::User),
    narrowed(POST, "/api/v1/files/{id}/link",          Part::User),
    route(GET,    "/api/v1/files/{id}/signed",        OPEN,     Part::User),
    route(PUT,    "/api/v1/users/me/certifications",  PROVIDER, Part::User),
    route(POST,   "/api/v1/users/me/verification",    PROVIDER, Part::User),
    admin(GET,    "/api/v1/admin/verifications",                  VERIFY_PROVIDERS, Part::User),
    admin(GET,    "/api/v1/admin/matches",                        VERIFY_PROVIDERS, Part::User),
    admin(GET,    "/api/v1/admin/providers/{id}",                 VERIFY_PROVIDERS, Part::User),
    admin(POST,   "/api/v1/admin/providers/{id}/verify",          VERIFY_PROVIDERS, Part::User),
    admin(POST,   "/api/v1/admin/providers/{id}/reject",          VERIFY_PROVIDERS, Part::User),

    permitted(POST, "/api/v1/orders",                CUSTOMER,         PUBLISH_ORDERS, Part::Order),
    route(GET,    "/api/v1/orders",                   ANY,      Part::Order),
    route(GET,    "/api/v1/orders/available",         PROVIDER, Part::Order),
    route(GET,    "/api/v1/orders/paid-afterwards",   ANY,      Part::Order),
    route(GET,    "/api/v1/orders/export.csv",        ANY,      Part::Order),
    route(GET,    "/api/v1/orders/export.json",       ANY,      Part::Order),
    reads_order("/api/v1/orders/{id}",              Part::Order),
    reads_order("/api/v1/orders/{id}/timeline",     Part::Order),
    permitted(GET,  "/api/v1/orders/{id}/tracking",  CUSTOMER_OR_ADMIN, OWN_OR_DESK,   Part::Order),
    route(GET,    "/api/v1/track/{code}",             OPEN,     Part::Order),
    reads_order(ORDER_PAGE,                         Part::Gateway),
    admin(POST,   "/api/v1/orders/{id}/approve",                  APPROVE_ORDERS,   Part::Order),
    admin(POST,   "/api/v1/orders/{id}/reject",                   APPROVE_ORDERS,   Part::Order),
    permitted(POST, "/api/v1/orders/{id}/accept",    PROVIDERS_ONLY,    ACCEPT_ORDERS, Part::Order),
    permitted(POST, "/api/v1/orders/{id}/withdraw", PROVIDER_OR_ADMIN, WITHDRAW_ORDERS, Part::Order),
    permitted(POST, "/api/v1/orders/{id}/start",     PROVIDER,          DO_ORDERS,     Part::Order),
    permitted(POST, "/api/v1/orders/{id}/complete",  PROVIDER,          DO_ORDERS,     Part::Order),
    permitted(GET, "/api/v1/orders/{id}/cancellation", CUSTOMER_OR_ADMIN, CANCEL_ORDERS, Part::Order),
    permitted(POST, "/api/v1/orders/{id}/cancel",    CUSTOMER_OR_ADMIN, CANCEL_ORDERS, Part::Order),
    permitted(PUT,  "/api/v1/orders/{id}/status",    ANY,            ANY_ORDER_ACTION, Part::Order),
    admin(GET,    "/api/v1/admin/orders",                         READ_DESKS,       Part::Order),
    admin(GET,    "/api/v1/admin/orders/export.csv",              READ_DESKS,       Part::Order),
    admin(GET,    "/api/v1/admin/orders/export.json",             READ_DESKS,       Part::Order),
    admin(GET,    "/api/v1/admin/assignments",                    READ_PLATFORM,    Part::Order),
    admin(GET,    "/api/v1/admin/assignments/{region}",           READ_PLATFORM,    Part::Order),
    admin(PUT,    "/api/v1/admin/assignments/{region}",           MANAGE_REGIONS,   Part::Order),
    admin(GET,    "/api/v1/admin/cases",                          READ_DESKS,       Part::Order),
    admin(GET,    "/api/v1/admin/cases/{id}",                     READ_DESKS,       Part::Order),
    admin(POST,   "/api/v1/admin/cases/{id}/take",                WITHDRAW_ORDERS,  Part::Order),
    admin(POST,   "/api/v1/admin/cases/{id}/close",               WITHDRAW_ORDERS,  Part::Order),
    admin(GET,    "/api/v1/admin/cancel-fees",                    READ_DESKS,       Part::Order),
    admin(POST,   "/api/v1/admin/cancel-fees",                    SET_FEES,         Part::Order),
    admin(DELETE, "/api/v1/admin/cancel-fees/{in_force_from}",    SET_FEES,         Part::Order),
    admin(POST,   "/api/v1/admin/providers/{id}/withdrawals",     WITHDRAW_ORDERS,  Part::Order),
    admin(GET,    "/api/v1/admin/lost-acceptances",               READ_DESKS,       Part::Order),
    admin(GET,    "/api/v1/admin/commands/{id}",                  READ_DESKS,       Part::Order),

    route(POST,   "/api/v1/payments",                 CUSTOMER, Part::Payment),
    permitted(GET,  "/api/v1/payments",              CUSTOMER_OR_ADMIN, OWN_OR_DESK, Part::Payment),
    admin(GET,    "/api/v1/payments/reconciliation",              READ_DESKS,       Part::Payment),
    admin(POST,   "/api/v1/payments/reconciliation",              READ_DESKS,       Part::Payment),
    permitted(GET,  "/api/v1/payments/{id}",         CUSTOMER_OR_ADMIN, OWN_OR_DESK, Part::Payment),
    permitted(GET,  "/api/v1/payments/methods",      CUSTOMER_OR_ADMIN, OWN_OR_DESK, Part::Payment),
    route(PUT,    "/api/v1/payments/methods/{method}", CUSTOMER, Part::Payment),
    route(DELETE, "/api/v1/payments/methods/{method}", CUSTOMER, Part::Payment),
    route(POST,   "/api/v1/payments/callbacks/{adapter}", OPEN,     Part::Payment),
    route(POST,   "/api/v1/payments/callback",        OPEN,     Part::Payment),
    admin(GET,    "/api/v1/admin/payment-callbacks",              READ_DESKS,       Part::Payment),
    route(POST,   "/api/v1/refunds",                  CUSTOMER, Part::Payment),
    permitted(GET,  "/api/v1/refunds",               CUSTOMER_OR_ADMIN, OWN_OR_DESK, Part::Payment),
    reads_order("/api/v1/orders/{id}/statement",    Part::Payment),
    route(GET,    "/api/v1/statements",               PROVIDER, Part::Payment),
    route(GET,    "/api/v1/earnings",                 PROVIDER, Part::Payment),
    admin(GET,    "/api/v1/admin/refunds",                        READ_DESKS,       Part::Payment),
    admin(POST,   "/api/v1/admin/refunds/{id}/grant",             REFUND_MONEY,     Part::Payment),
    admin(POST,   "/api/v1/admin/refunds/{id}/refuse",            REFUND_MONEY,     Part::Payment),
    admin(POST,   "/api/v1/admin/orders/{id}/refund-anew",        REFUND_MONEY,     Part::Payment),
    admin(GET,    "/api/v1/admin/orders/{id}/money",              READ_DESKS,       Part::Payment),
    admin(POST,   "/api/v1/admin/orders/{id}/paid-otherwise",     REFUND_MONEY,     Part::Payment),
    admin(POST,   "/api/v1/admin/orders/{id}/goodwill",           REFUND_MONEY,     Part::Payment),
    admin(POST,   "/api/v1/admin/orders/{id}/compensation",       REFUND_MONEY,     Part::Payment),
    admin(GET,    "/api/v1/admin/money-cases",                    READ_DESKS,       Part::Payment),
    admin(POST,   "/api/v1/admin/money-cases/{id}/close",         REFUND_MONEY,     Part::Payment),
    admin(GET,    "/api/v1/admin/platform-fees",                  READ_DESKS,       Part::Payment),
    admin(POST,   "/api/v1/admin/platform-fees",                  SET_FEES,         Part::Payment),
    admin(DELETE, "/api/v1/admin/platform-fees/{in_force_from}",  SET_FEES,         Part::Payment),

    route(POST,   "/api/v1/reviews",                  CUSTOMER, Part::Review),
    upload(POST,   "/api/v1/reviews/images",           CUSTOMER, Part::Review, PICTURE_BYTES_MAX),
    narrowed(GET,  "/api/v1/reviews/search",           Part::Review),
    narrowed(GET,  "/api/v1/reviews/{id}",             Part::Review),
    route(PUT,    "/api/v1/reviews/{id}",             CUSTOMER, Part::Review),
    narrowed(GET,  "/api/v1/reviews/{id}/images/{image}", Part::Review),
    route(PUT,    "/api/v1/reviews/{id}/reply",       PROVIDER, Part::Review),
    route(PUT,    "/api/v1/reviews/{id}/helpful",     ANY,      Part::Review),
    route(DELETE, "/api/v1/reviews/{id}/helpful",     ANY,      Part::Review),
    route(POST,   "/api/v1/reviews/{id}/report",      ANY,      Part::Review),
    route(GET,    "/api/v1/users/me/reviews",         ANY,      Part::Review),
    narrowed(GET,  "/api/v1/providers/{id}/reviews",   Part::Review),
    route(GET,    "/api/v1/providers/{id}/rating",    ANY,      Part::Review),
    narrowed(GET,  "/api/v1/orders/{id}/review",       Part::Review),
    admin(POST,   "/api/v1/reviews/{id}/hide",                    MODERATE_REVIEWS, Part::Review),
    admin(POST,   "/api/v1/reviews/{id}/restore",                 MODERATE_REVIEWS, Part::Review),
    admin(GET,    "/api/v1/admin/reviews",                        MODERATE_REVIEWS, Part::Review),
    admin(GET,    "/api/v1/admin/reviews/{id}",                   MODERATE_REVIEWS, Part::Review),

    narrowed(GET,  "/api/v1/notifications",            Part::Notification),
    route(GET,    "/api/v1/notifications/preferences", ANY,      Part::Notification),
    route(PUT,    "/api/v1/notifications/preferences", ANY,      Part::Notification),
    narrowed(PUT,  "/api/v1/notifications/{id}/read",  Part::Notification),
    admin(GET,    "/api/v1/admin/deliveries",                    READ_PLATFORM, Part::Notification),
    admin(GET,    "/api/v1/admin/notices",                        READ_PEOPLE,  Part::Notification),
    admin(POST,   "/api/v1/admin/notices/email",                 REVOKE_PEOPLE, Part::Notification),
    admin(POST,   "/api/v1/admin/notices/sms",                   REVOKE_PEOPLE, Part::Notification),

    route(GET,    "/link",                            EDGE,     Part::Hub),
    route(POST,   "/api/v1/edges/enrol",              OPEN,     Part::Hub),
    route(GET,    "/api/v1/edges/{id}/key",           OPEN,     Part::Hub),
    route(GET,    "/api/v1/regions",                  ANY,      Part::Hub),
    admin(GET,    "/api/v1/admin/status",                         READ_PLATFORM,    Part::Hub),
    admin(GET,    "/api/v1/admin/edges",                          READ_PLATFORM,    Part::Hub),
    admin(POST,   "/api/v1/admin/edges",                          MANAGE_EDGES,     Part::Hub),
    admin(DELETE, "/api/v1/admin/edges/{id}/code",                MANAGE_EDGES,     Part::Hub),
    admin(POST,   "/api/v1/admin/edges/{id}/readmit",             MANAGE_EDGES,     Part::Hub),
    admin(POST,   "/api/v1/admin/edges/{id}/disabling",           MANAGE_EDGES,     Part::Hub),
    admin(POST,   "/api/v1/admin/edges/{id}/retirement",          MANAGE_EDGES,     Part::Hub),
    admin(POST,   "/api/v1/admin/edges/{id}/key",                 MANAGE_EDGES,     Part::Hub),
    admin(GET,    "/api/v1/admin/edges/{id}/acts",                READ_PLATFORM,    Part::Hub),
    admin(GET,    "/api/v1/admin/edges/{id}/left-behind",         READ_PLATFORM,    Part::Hub),
    admin(GET,    "/api/v1/admin/queue",                          READ_PLATFORM,    Part::Hub),
    admin(GET,    "/api/v1/admin/asks",                           READ_PLATFORM,    Part::Hub),
    admin(POST,   "/api/v1/admin/asks/{id}/retry",                MANAGE_EDGES,     Part::Hub),
    admin(GET,    "/api/v1/admin/ops/{edge}/{epoch}/{seq}",       READ_PLATFORM,    Part::Hub),
    admin(POST,   "/api/v1/admin/edges/{edge}/queue/{epoch}/{seq}/retry", MANAGE_EDGES,  Part::Hub),
    admin(GET,    "/api/v1/admin/regions",                        READ_PLATFORM,    Part::Hub),
    admin(PUT,    "/api/v1/admin/regions/{region}",               MANAGE_REGIONS,   Part::Hub),
    admin(POST,   "/api/v1/admin/regions/{region}/comparison",    MANAGE_REGIONS,   Part::Hub),
];

const fn route(method: Method, path: &'static str, audience: Audience, part: Part) -> Route {
    Route {
        method,
        path,
        audience,
        permission: PermissionRule::Nothing,
        part,
        body: RouteBody::Held,
    }
}

/// A route whose part filters its response by an admin's permissions.
const fn narrowed(method: Method, path: &'static str, part: Part) -> Route {
    let audience = Audience::Any;
    let permission = PermissionRule::Narrowed;
    Route {
        method,
        path,
        audience,
        permission,
        part,
        body: RouteBody::Held,
    }
}

/// A route that reads one order: for its parties, and for admins with duties that start there.
const fn reads_order(path: &'static str, part: Part) -> Route {
    let audience = Audience::Any;
    let permission = PermissionRule::AnyOf(Permission::READ_ORDERS);
    Route {
        method: GET,
        path,
        audience,
        permission,
        part,
        body: RouteBody::Held,
    }
}

/// A route that requires permissions.
const fn permitted(
    method: Method,
    path: &'static str,
    audience: Audience,
    permissions: &'static [Permission],
    part: Part,
) -> Route {
    let permission = PermissionRule::All(permissions);
    Route {
        method,
        path,
        audience,
        permission,
        part,
        body: RouteBody::Held,
    }
}

/// An admin-only route that requires permissions.
const fn admin(
    method: Method,
    path: &'static str,
    permissions: &'static [Permission],
    part: Part,
) -> Route {
    let audience = Audience::Roles(&[Role::Admin], Code::RoleForbidden);
    permitted(method, path, audience, permissions, part)
}

/// A route with a file upload as its body.
const fn upload(
    method: Method,
    path: &'static str,
    audience: Audience,
    part: Part,
    bytes_max: usize,
) -> Route {
    let permission = PermissionRule::Nothing;
    let body = RouteBody::Streamed { bytes_max };
    Route {
        method,
        path,
        audience,
        permission,
        part,
        body,
    }
}

#[cfg(test)]
mod tests;
