//! The routes of auth. All require a live session, except register, login, refresh, verify-token,
//! edge-logout, sign-ins through another service or with a code, and the public keys. [`LiveCaller`]
//! checks the session in auth_db, so auth refuses revoked tokens even without the gateway.

mod account;
mod address;
mod codes;
mod contact;
mod edge_tokens;
mod identities;
mod keys;
mod password;
mod people;
mod renew;
mod roles;
mod session;

use axum::{
    Router,
    extract::FromRequestParts,
    http::{Method, request::Parts},
    routing::post,
};
use process::{
    openapi::{RouteInput, RouteTable},
    problem::{Problem, log_fault},
    tokens::{Caller, Claims},
};
use wire::{Code, Permission, Role};

use crate::{
    errors::{AttemptError, ServiceError},
    passwords::PasswordError,
    service::Service,
};

/// A full password queue drains within seconds.
const BUSY_RETRY_S: u32 = 5;

pub fn router(service: Service) -> Router {
    add_public_routes(Router::new())
        .route("/verify-token", post(session::verify))
        .route("/internal/sessions/renew", post(renew::renew_session))
        .route(
            "/internal/permissions",
            post(roles::list_person_permissions),
        )
        .route("/internal/contact", post(contact::show_contact))
        .route("/internal/address-codes", post(address::issue_address_code))
        .route(
            "/internal/command-tokens",
            post(edge_tokens::issue_command_token),
        )
        .with_state(service)
}

/// The public routes.
#[rustfmt::skip]
pub fn add_public_routes<T: RouteTable<Service>>(to: T) -> T {
    use Code::{
        AccountLocked, InvalidCredentials, InvalidToken, NotFound, PermissionMissing, ProvidersOnly, RegistrationQuota, RoleForbidden,
        TooManyRequests, UserExists,
    };
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const DELETE: Method = Method::DELETE;
    add_address_routes(add_phone_code_routes(add_identity_routes(add_admin_routes(to))))
        .add_unkeyed_route("a repeat fails because the user name is taken; there is no signed-in person to own the key",
            POST, "/api/v1/auth/register", "Register as a customer or provider",
            &[RoleForbidden, UserExists, RegistrationQuota, TooManyRequests], account::register)
        .add_unkeyed_route("a repeat signs in again; tokens are not stored for replay",
            POST, "/api/v1/auth/login", "Get a one-hour access token for a user name and password",
            &[InvalidCredentials, AccountLocked, TooManyRequests], session::login)
        .add_unkeyed_route("a repeat counts as reuse of a stolen token; tokens are not stored for replay",
            POST, "/api/v1/auth/refresh", "Exchange a refresh token for a one-hour access token and a new refresh token; the old one is spent",
            &[InvalidToken], renew::refresh)
        .add_unkeyed_route("a repeat cannot be authenticated, because its session has ended",
            POST, "/api/v1/auth/logout", "End the session of the token", &[], session::logout)
        .add_unkeyed_route("a repeat issues another token for the same session; tokens are not stored for replay",
            POST, "/api/v1/auth/edge-token", "Get a token for your session at the edges of one region",
            &[], edge_tokens::edge_token)
        .add_unkeyed_route("a repeat cannot be authenticated, because its session has ended",
            POST, "/api/v1/auth/edge-logout", "End the session of an edge token", &[InvalidToken],
            edge_tokens::edge_logout)
        .add_unkeyed_route("a repeat replaces the previous grant; tokens are not stored for replay",
            POST, "/api/v1/auth/device-grants", "Get a token that lets one tablet work offline for days at the edges of one region",
            &[ProvidersOnly], edge_tokens::device_grant)
        .add_route(GET, "/api/v1/auth/sessions", "List your live sessions, newest first", &[], session::list)
        .add_route(DELETE, "/api/v1/auth/sessions/others", "End all your sessions except the current one", &[],
            session::end_others)
        .add_route(DELETE, "/api/v1/auth/sessions/{id}", "End one of your sessions", &[NotFound], session::end)
        .add_unkeyed_route("a repeat only reads",
            POST, "/api/v1/auth/verify-token", "Verify a token and return its person", &[InvalidToken],
            session::verify)
        .add_route(POST, "/api/v1/auth/password", "Change your password; your other sessions end",
            &[InvalidCredentials, AccountLocked, TooManyRequests], password::change_password)
        .add_unkeyed_route("a repeat fails because its code is spent; there is no signed-in person to own the key",
            POST, "/api/v1/auth/password-reset", "Set a new password with a code from an admin; all sessions end",
            &[InvalidCredentials, AccountLocked, TooManyRequests], password::redeem_reset)
        .add_route(GET, "/api/v1/auth/permissions", "Show your role and its permissions", &[], roles::permissions)
        .add_route(GET, "/api/v1/users/{id}/account", "Show your own account by its id, or any account as an admin",
            &[NotFound, PermissionMissing], people::show_account)
        .add_route(GET, "/.well-known/jwks.json", "The public keys that verify access tokens, as a JWK Set",
            &[], session::jwks)
}

/// Sign-in through other services.
#[rustfmt::skip]
fn add_identity_routes<T: RouteTable<Service>>(to: T) -> T {
    use Code::{
        AccountLocked, IdentityRefused, IdentityTaken, InvalidCredentials, IssuerAway, LastWayIn, NotFound, RegistrationQuota, Revoked,
        TooManyRequests, UserExists, VisitOver,
    };
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const DELETE: Method = Method::DELETE;
    to
        .add_route(GET, "/api/v1/auth/oidc", "List the identity providers that people may sign in with", &[], identities::offered_issuers)
        .add_unkeyed_route("a repeat starts another sign-in flow; tickets are not stored for replay",
            POST, "/api/v1/auth/oidc/{name}/begin", "Begin a sign-in with an identity provider",
            &[NotFound, IssuerAway], identities::begin_visit)
        .add_unkeyed_route("a repeat fails because its ticket is spent; tokens are not stored for replay",
            POST, "/api/v1/auth/oidc/sign-in", "Get a one-hour access token for an identity provider's answer; new people are registered as customers",
            &[VisitOver, NotFound, IssuerAway, IdentityRefused, UserExists, Revoked, RegistrationQuota, TooManyRequests], identities::sign_in_elsewhere)
        .add_unkeyed_route("a repeat starts another sign-in flow; tickets are not stored for replay",
            POST, "/api/v1/auth/oidc/{name}/link", "Begin to link an identity provider to your account, with your password",
            &[NotFound, IssuerAway, InvalidCredentials, AccountLocked, TooManyRequests], identities::begin_link)
        .add_route(GET, "/api/v1/auth/identities", "List the identity providers linked to your account", &[], identities::list_identities)
        .add_unkeyed_route("a repeat fails because its ticket is spent",
            POST, "/api/v1/auth/identities", "Link an identity provider's answer to your account",
            &[VisitOver, NotFound, IssuerAway, IdentityRefused, IdentityTaken, TooManyRequests], identities::link_identity)
        .add_route(DELETE, "/api/v1/auth/identities/{id}", "Remove an identity provider from your account", &[NotFound, LastWayIn], identities::unlink_identity)
}

#[rustfmt::skip]
fn add_phone_code_routes<T: RouteTable<Service>>(to: T) -> T {
    use Code::{
        AccountLocked, CodeNotSent, CodeOver, CodeWrong, CodesOff, IdentityTaken, InvalidCredentials, PasswordOnly, PhoneUnknown,
        RegistrationQuota, Revoked, RoleForbidden, TooManyRequests,
    };
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    to
        .add_route(GET, "/api/v1/auth/codes", "Show whether people may sign in with a code sent to their phone", &[], codes::code_offer)
        .add_unkeyed_route("a repeat replaces the previous code; codes are not stored for replay",
            POST, "/api/v1/auth/codes", "Send a code to a phone number, whether or not it has an account",
            &[CodesOff, CodeNotSent, TooManyRequests], codes::send_code)
        .add_unkeyed_route("a repeat fails because its code is spent; tokens are not stored for replay",
            POST, "/api/v1/auth/codes/sign-in", "Get a one-hour access token for the code sent to a customer's phone; new people are registered as customers",
            &[CodesOff, CodeWrong, CodeOver, AccountLocked, PhoneUnknown, PasswordOnly, Revoked, RegistrationQuota, TooManyRequests],
            codes::sign_in_by_code)
        .add_unkeyed_route("a repeat fails because its code is spent",
            POST, "/api/v1/auth/identities/phone", "Link your phone number to your account, with its code and your password",
            &[CodesOff, CodeWrong, CodeOver, IdentityTaken, InvalidCredentials, RoleForbidden, AccountLocked, TooManyRequests],
            codes::link_phone)
}

#[rustfmt::skip]
fn add_address_routes<T: RouteTable<Service>>(to: T) -> T {
    use Code::{AccountLocked, CodeOver, CodeWrong, InvalidCredentials, TooManyRequests, UserExists};
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const PUT: Method = Method::PUT;
    to
        .add_route(GET, "/api/v1/auth/address", "Show your e-mail address and whether it is confirmed", &[], address::show_address)
        .add_route(PUT, "/api/v1/auth/address", "Change your e-mail address, with your password; it takes effect once confirmed by a code",
            &[InvalidCredentials, AccountLocked, TooManyRequests], address::change_address)
        .add_route(POST, "/api/v1/auth/address/code", "Send the code to your unconfirmed e-mail address again",
            &[TooManyRequests], address::send_address_code)
        .add_unkeyed_route("a repeat fails because its code is spent",
            POST, "/api/v1/auth/address/confirm", "Confirm your e-mail address with the code sent to it",
            &[CodeWrong, CodeOver, UserExists, TooManyRequests], address::confirm_address)
}

#[rustfmt::skip]
fn add_admin_routes<T: RouteTable<Service>>(to: T) -> T {
    use Code::{
        KeyTooNew, NotFound, PermissionMissing, RoleBuiltIn, RoleExists, RoleFixed, RoleForbidden, RoleInUse, TooManyRoles,
    };
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const PUT: Method = Method::PUT;
    const DELETE: Method = Method::DELETE;
    to
        .add_route(POST, "/api/v1/admin/users/{id}/revoke", "Revoke a person: close the account and end its sessions (audited)",
            &[NotFound, RoleForbidden, PermissionMissing], account::revoke)
        .add_route(POST, "/api/v1/admin/users/{id}/readmit",
            "Readmit a revoked person (audited); their old tokens stay invalid",
            &[NotFound, RoleForbidden, PermissionMissing], account::readmit)
        .add_route(GET, "/api/v1/admin/users/{id}/sessions", "List a person's live sessions and device grants, newest first",
            &[NotFound, RoleForbidden, PermissionMissing], session::list_of_person)
        .add_route(DELETE, "/api/v1/admin/users/{id}/sessions/{session}", "End a person's session or device grant (audited)",
            &[NotFound, RoleForbidden, PermissionMissing], session::end_of_person)
        .add_unkeyed_route("a repeat replaces the previous code; a code is shown once and not stored for replay",
            POST, "/api/v1/admin/users/{id}/password-reset",
            "Issue a single-use code that lets a person set a new password (audited)",
            &[NotFound, RoleForbidden, PermissionMissing], password::issue_reset)
        .add_route(GET, "/api/v1/admin/keys", "List the token-signing keys, with their states and times",
            &[RoleForbidden, PermissionMissing], keys::list_keys)
        .add_route(POST, "/api/v1/admin/keys/rotate", "Rotate to the next signing key (audited)",
            &[RoleForbidden, PermissionMissing, KeyTooNew], keys::rotate_key)
        .add_route(POST, "/api/v1/admin/keys/kill", "Revoke a stolen signing key and all its tokens (audited)",
            &[NotFound, RoleForbidden, PermissionMissing], keys::kill_key)
        .add_route(GET, "/api/v1/admin/roles", "List all roles with their permissions", &[RoleForbidden, PermissionMissing],
            roles::list_roles)
        .add_route(POST, "/api/v1/admin/roles", "Create a custom role with a subset of an admin's permissions (audited)",
            &[RoleForbidden, PermissionMissing, RoleExists, TooManyRoles], roles::make_role)
        .add_route(PUT, "/api/v1/admin/roles/{id}", "Change a custom role (audited)",
            &[NotFound, RoleForbidden, PermissionMissing, RoleExists, RoleBuiltIn], roles::change_role)
        .add_route(DELETE, "/api/v1/admin/roles/{id}", "Remove a custom role that no person has (audited)",
            &[NotFound, RoleForbidden, PermissionMissing, RoleBuiltIn, RoleInUse], roles::remove_role)
        .add_route(GET, "/api/v1/admin/users", "List people by user name, with their roles and states",
            &[RoleForbidden, PermissionMissing], people::list_people)
        .add_route(GET, "/api/v1/admin/users/{id}", "Show a person with the history of their roles",
            &[NotFound, RoleForbidden, PermissionMissing], people::show_person)
        .add_route(PUT, "/api/v1/admin/users/{id}/role", "Give a person a role (audited); their sessions end",
            &[NotFound, RoleForbidden, PermissionMissing, RoleFixed], people::give_role)
}

pub struct LiveCaller(pub Caller);

impl RouteInput for LiveCaller {}

impl FromRequestParts<Service> for LiveCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, service).await?;
        require_live_session(service.clone(), caller.claims.clone())
            .await
            .map(|()| Self(caller))
    }
}

/// Requires an admin whose current role in auth_db has the permission.
async fn require_permission(
    service: &Service,
    caller: &Caller,
    permission: Permission,
) -> Result<(), Problem> {
    caller.require_role(Role::Admin)?;
    let role = service
        .store
        .load_person_role(caller.actor.user_id)
        .await
        .map_err(ServiceError::from)?;
    let is_held = role.is_some_and(|role| role.permissions.contains(&permission));
    is_held
        .then_some(())
        .ok_or_else(|| to_missing_permission(permission))
}

fn to_missing_permission(permission: Permission) -> Problem {
    Problem::new(Code::PermissionMissing).with_member("permission", permission)
}

pub async fn require_live_session(service: Service, claims: Claims) -> Result<(), Problem> {
    let live = service.is_live(&claims).await?;
    live.then_some(())
        .ok_or_else(|| Problem::new(Code::InvalidToken))
}

/// Turns a refusal into the answer to the caller.
trait IntoProblem {
    fn into_problem(self, service: &Service) -> Problem;
}

impl<R: IntoProblem, E> IntoProblem for AttemptError<R, E>
where
    Problem: From<E>,
{
    fn into_problem(self, service: &Service) -> Problem {
        match self {
            Self::Refused(refusal) => refusal.into_problem(service),
            Self::Failed(fault) => fault.into(),
        }
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Store(error) => error.into(),
            ServiceError::Password(PasswordError::Busy) => {
                Problem::new(Code::TooManyRequests).retry_after(BUSY_RETRY_S)
            }
            ServiceError::Password(error @ PasswordError::Hash(_)) => {
                log_fault("Could not check a password", error)
            }
        }
    }
}
