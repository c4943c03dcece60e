//! The routes of auth, with their callers. All routes require a live session, except register,
//! login, refresh, verify-token, edge-logout, sign-ins through another service or with a code, and
//! the public keys. `Service::admit_caller` checks the session in auth_db, so auth refuses
//! revoked tokens even without the gateway.

use axum::{Router, routing::post};
use process::{
    openapi::RouteTable,
    routes::{
        ANY, Audience, CUSTOMER, CUSTOMER_OR_PROVIDER, DELETE, ENTRANT, GET, OPEN, POST, PROVIDER,
        PUT, admin, permitted, route,
    },
};
use wire::{
    Code,
    Permission::{
        EndSessions, ManageKeys, ManageRoles, ReadActs, ReadPeople, ResetPasswords, RevokePeople,
    },
    Role,
};

use crate::{
    handlers::{
        account_deletions, admin_acts, contacts, devices, email_addresses, factor_sign_ins,
        identities, keys, oidc, passkeys, password_codes, passwords, people, phone_codes,
        phone_links, roles, second_factors, sessions, tokens,
    },
    service::Service,
};

pub(crate) fn router(service: Service) -> Router {
    add_public_routes(Router::new())
        .route("/verify-token", post(sessions::verify))
        .route("/internal/sessions/renew", post(tokens::renew_session))
        .route(
            "/internal/permissions",
            post(roles::list_person_permissions),
        )
        .route("/internal/acts", post(admin_acts::record_act))
        .route("/internal/acts/{id}", post(admin_acts::end_act))
        .route("/internal/contact", post(contacts::show_contact))
        .route(
            "/internal/address-codes",
            post(email_addresses::issue_address_code),
        )
        .route(
            "/internal/password-codes",
            post(password_codes::issue_password_code),
        )
        .route(
            "/internal/command-tokens",
            post(tokens::issue_command_token),
        )
        .with_state(service)
}

/// The public routes.
#[rustfmt::skip]
pub(crate) fn add_public_routes<T: RouteTable<Service>>(to: T) -> T {
    use Code::{
        AccountLocked, InvalidCredentials, InvalidToken, NotFound, PermissionMissing,
        RegistrationQuota, RoleForbidden, SecondFactorRequired, SecondFactorSetupRequired,
        TooManyRequests, UserExists,
    };
    let to = add_second_factor_routes(add_identity_routes(add_admin_routes(to)));
    add_deletion_routes(add_password_routes(add_address_routes(add_phone_code_routes(to))))
        .add_public_route(
            route(POST, "/api/v1/auth/register", ENTRANT).without_key(
                "a repeat fails because the user name is taken; there is no signed-in person to \
                 own the key",
            ),
            "Register as a customer or provider",
            &[RoleForbidden, UserExists, RegistrationQuota, TooManyRequests], passwords::register)
        .add_public_route(
            route(POST, "/api/v1/auth/login", ENTRANT)
                .without_key("a repeat signs in again; tokens are not stored for replay"),
            "Get a one-hour access token for a user name and password",
            &[InvalidCredentials, AccountLocked, TooManyRequests, SecondFactorRequired,
                SecondFactorSetupRequired],
            sessions::login)
        .add_public_route(
            route(POST, "/api/v1/auth/refresh", OPEN).without_key(
                "a repeat counts as reuse of a stolen token; tokens are not stored for replay",
            ),
            "Exchange a refresh token for a one-hour access token and a new refresh token; the \
             old one is spent",
            &[InvalidToken], tokens::refresh)
        .add_public_route(
            route(POST, "/api/v1/auth/logout", ANY)
                .without_key("a repeat cannot be authenticated, because its session has ended"),
            "End the session of the token", &[], sessions::logout)
        .add_public_route(
            route(POST, "/api/v1/auth/edge-token", ANY).without_key(
                "a repeat issues another token for the same session; tokens are not stored for \
                 replay",
            ),
            "Get a token for your session at the edges of one region", &[], tokens::edge_token)
        .add_public_route(
            route(POST, "/api/v1/auth/edge-logout", OPEN)
                .without_key("a repeat cannot be authenticated, because its session has ended"),
            "End the session of an edge token", &[InvalidToken], tokens::edge_logout)
        .add_public_route(
            route(POST, "/api/v1/auth/device-grants", PROVIDER).without_key(
                "a repeat replaces the previous grant; tokens are not stored for replay",
            ),
            "Get a token that lets one tablet work offline for days at the edges of one region",
            &[], tokens::device_grant)
        .add_public_route(route(GET, "/api/v1/auth/devices", ANY),
            "List your devices, the last used first", &[], devices::list_devices)
        .add_public_route(route(PUT, "/api/v1/auth/devices/{id}", ANY),
            "Name one of your devices", &[NotFound], devices::label_device)
        .add_public_route(route(DELETE, "/api/v1/auth/devices/{id}", ANY),
            "End one of your devices with its tokens", &[NotFound], devices::end_device)
        .add_public_route(route(GET, "/api/v1/auth/sessions", ANY),
            "List your live sessions, newest first", &[], sessions::list)
        .add_public_route(route(DELETE, "/api/v1/auth/sessions/others", ANY),
            "End all your sessions except the current one", &[], sessions::end_others)
        .add_public_route(route(DELETE, "/api/v1/auth/sessions/{id}", ANY),
            "End one of your sessions", &[NotFound], sessions::end)
        .add_public_route(
            route(POST, "/api/v1/auth/verify-token", OPEN).without_key("a repeat only reads"),
            "Verify a token and return its person", &[InvalidToken], sessions::verify)
        .add_public_route(route(GET, "/api/v1/auth/permissions", ANY),
            "Show your role and its permissions", &[], roles::permissions)
        .add_public_route(permitted(GET, "/api/v1/users/{id}/account", ANY, &[ReadPeople]),
            "Show your own account by its id, or any account as an admin",
            &[NotFound, PermissionMissing], people::show_account)
        .add_public_route(route(GET, "/.well-known/jwks.json", OPEN),
            "The public keys that verify access tokens, as a JWK Set", &[], keys::jwks)
}

/// Sign-in through other services.
#[rustfmt::skip]
fn add_identity_routes<T: RouteTable<Service>>(to: T) -> T {
    use Code::{
        AccountLocked, IdentityRefused, IdentityTaken, InvalidCredentials, IssuerAway, LastWayIn,
        NotFound, RegistrationQuota, Revoked, SecondFactorRequired, SecondFactorSetupRequired,
        TooManyRequests, UserExists, VisitOver,
    };
    to
        .add_public_route(route(GET, "/api/v1/auth/oidc", OPEN),
            "List the identity providers that people may sign in with", &[], oidc::offered_issuers)
        .add_public_route(
            route(POST, "/api/v1/auth/oidc/{name}/begin", OPEN).without_key(
                "a repeat starts another sign-in flow; tickets are not stored for replay",
            ),
            "Begin a sign-in with an identity provider", &[NotFound, IssuerAway], oidc::begin_visit)
        .add_public_route(
            route(POST, "/api/v1/auth/oidc/sign-in", ENTRANT).without_key(
                "a repeat fails because its ticket is spent; tokens are not stored for replay",
            ),
            "Get a one-hour access token for an identity provider's answer; new people are \
             registered as customers",
            &[VisitOver, NotFound, IssuerAway, IdentityRefused, UserExists, Revoked,
                RegistrationQuota, TooManyRequests, SecondFactorRequired,
                SecondFactorSetupRequired],
            oidc::sign_in_elsewhere)
        .add_public_route(
            route(POST, "/api/v1/auth/oidc/{name}/link", ANY).without_key(
                "a repeat starts another sign-in flow; tickets are not stored for replay",
            ),
            "Begin to link an identity provider to your account, with your password",
            &[NotFound, IssuerAway, InvalidCredentials, AccountLocked, TooManyRequests],
            oidc::begin_link)
        .add_public_route(route(GET, "/api/v1/auth/identities", ANY),
            "List the identity providers linked to your account", &[], identities::list_identities)
        .add_public_route(
            route(POST, "/api/v1/auth/identities", ANY)
                .without_key("a repeat fails because its ticket is spent"),
            "Link an identity provider's answer to your account",
            &[VisitOver, NotFound, IssuerAway, IdentityRefused, IdentityTaken, TooManyRequests],
            oidc::link_identity)
        .add_public_route(route(DELETE, "/api/v1/auth/identities/{id}", ANY),
            "Remove an identity provider from your account",
            &[NotFound, LastWayIn], identities::unlink_identity)
}

/// They set up their own second factor, which takes no permission.
const STAFF: Audience = Audience::Roles(&[Role::Admin], Code::RoleForbidden);

/// The second factor of staff.
#[rustfmt::skip]
fn add_second_factor_routes<T: RouteTable<Service>>(to: T) -> T {
    use Code::{
        AccountLocked, CodeWrong, InvalidCredentials, LastSecondFactor, NotFound, PasskeyWrong,
        PermissionMissing, RoleForbidden, SecondFactorExists, TooManyRequests, VisitOver,
    };
    add_passkey_routes(to)
        .add_public_route(
            route(POST, "/api/v1/auth/login/second-factor", ENTRANT).without_key(
                "a repeat fails because its ticket is spent; tokens are not stored for replay",
            ),
            "Get a one-hour access token for the ticket of a sign-in and a proof of the second \
             factor: a code, or a passkey's answer",
            &[VisitOver, CodeWrong, PasskeyWrong, SecondFactorExists, AccountLocked,
                TooManyRequests],
            factor_sign_ins::sign_in_by_factor)
        .add_public_route(
            route(POST, "/api/v1/auth/login/second-factor/set-up", ENTRANT).without_key(
                "a repeat draws another secret; secrets are not stored for replay",
            ),
            "Draw the secret of a required second factor, with the ticket of a sign-in",
            &[VisitOver, SecondFactorExists], factor_sign_ins::set_up_at_sign_in)
        .add_public_route(route(GET, "/api/v1/auth/second-factor", STAFF),
            "Show your second factors", &[RoleForbidden], second_factors::show_factor)
        .add_public_route(
            route(POST, "/api/v1/auth/second-factor", STAFF).without_key(
                "a repeat draws another secret; secrets are not stored for replay",
            ),
            "Draw the secret of an authenticator app, with your password, or with a passkey or a \
             recovery code if you have one; it counts once confirmed",
            &[RoleForbidden, InvalidCredentials, CodeWrong, PasskeyWrong, AccountLocked,
                TooManyRequests, SecondFactorExists],
            second_factors::begin_set_up)
        .add_public_route(
            route(POST, "/api/v1/auth/second-factor/confirm", STAFF).without_key(
                "a repeat fails because the secret is confirmed; codes are not stored for replay",
            ),
            "Confirm your authenticator app with its first code; your other sessions end",
            &[RoleForbidden, NotFound, CodeWrong, AccountLocked, TooManyRequests,
                SecondFactorExists],
            second_factors::confirm_set_up)
        .add_public_route(
            route(POST, "/api/v1/auth/second-factor/recovery-codes", STAFF).without_key(
                "a repeat fails because its code is spent; codes are not stored for replay",
            ),
            "Replace your recovery codes, with a proof of your second factor",
            &[RoleForbidden, NotFound, CodeWrong, PasskeyWrong, AccountLocked, TooManyRequests],
            second_factors::renew_codes)
        .add_public_route(
            route(POST, "/api/v1/auth/second-factor/turn-off", STAFF)
                .without_key("a repeat fails because its code is spent"),
            "Turn your authenticator app off, with a proof of your second factor; your other \
             sessions end",
            &[RoleForbidden, NotFound, CodeWrong, PasskeyWrong, LastSecondFactor, AccountLocked,
                TooManyRequests],
            second_factors::turn_off)
        .add_public_route(
            admin(POST, "/api/v1/admin/users/{id}/second-factor/remove", &[ResetPasswords]),
            "Remove another person's lost second factors; all their sessions end (audited)",
            &[NotFound, RoleForbidden, PermissionMissing], second_factors::remove_factor)
}

/// Passkeys of staff.
#[rustfmt::skip]
fn add_passkey_routes<T: RouteTable<Service>>(to: T) -> T {
    use Code::{
        AccountLocked, CodeWrong, InvalidCredentials, LastSecondFactor, NotFound, PasskeyWrong,
        RoleForbidden, SecondFactorExists, TooManyPasskeys, TooManyRequests, VisitOver,
    };
    to
        .add_public_route(
            route(POST, "/api/v1/auth/login/second-factor/passkey", ENTRANT).without_key(
                "a repeat draws another challenge; challenges are not stored for replay",
            ),
            "Draw a challenge for your passkey, with the ticket of a sign-in",
            &[VisitOver], factor_sign_ins::ask_passkey)
        .add_public_route(
            route(POST, "/api/v1/auth/login/second-factor/passkey/set-up", ENTRANT).without_key(
                "a repeat draws another challenge; challenges are not stored for replay",
            ),
            "Draw a challenge for a new passkey where one is required, with the ticket of a sign-in",
            &[VisitOver, SecondFactorExists], factor_sign_ins::set_up_passkey_at_sign_in)
        .add_public_route(
            route(POST, "/api/v1/auth/second-factor/passkey", STAFF).without_key(
                "a repeat draws another challenge; challenges are not stored for replay",
            ),
            "Draw a challenge for a proof by one of your passkeys",
            &[RoleForbidden], passkeys::ask_proof)
        .add_public_route(
            route(POST, "/api/v1/auth/second-factor/passkeys/begin", STAFF).without_key(
                "a repeat draws another challenge; challenges are not stored for replay",
            ),
            "Draw a challenge for a new passkey, with your password, or with a proof of your \
             second factor if you have one",
            &[RoleForbidden, InvalidCredentials, CodeWrong, PasskeyWrong, AccountLocked,
                TooManyRequests],
            passkeys::begin_passkey)
        .add_public_route(
            route(POST, "/api/v1/auth/second-factor/passkeys", STAFF).without_key(
                "a repeat fails because its challenge is spent; recovery codes are not stored for \
                 replay",
            ),
            "Add a passkey; with your first second factor your other sessions end",
            &[RoleForbidden, PasskeyWrong, SecondFactorExists, TooManyPasskeys, NotFound],
            passkeys::add_passkey)
        .add_public_route(
            route(POST, "/api/v1/auth/second-factor/passkeys/{id}/remove", STAFF)
                .without_key("a repeat fails because its proof is spent"),
            "Remove one of your passkeys, with a proof of your second factor; your other sessions \
             end",
            &[RoleForbidden, NotFound, CodeWrong, PasskeyWrong, LastSecondFactor, AccountLocked,
                TooManyRequests],
            passkeys::remove_passkey)
}

#[rustfmt::skip]
fn add_phone_code_routes<T: RouteTable<Service>>(to: T) -> T {
    use Code::{
        AccountLocked, CodeNotSent, CodeOver, CodeWrong, CodesOff, IdentityTaken,
        InvalidCredentials, PasswordOnly, PhoneUnknown, RegistrationQuota, Revoked, RoleForbidden,
        TooManyRequests,
    };
    to
        .add_public_route(route(GET, "/api/v1/auth/codes", OPEN),
            "Show whether people may sign in with a code sent to their phone",
            &[], phone_codes::code_offer)
        .add_public_route(
            route(POST, "/api/v1/auth/codes", ENTRANT).without_key(
                "a repeat replaces the previous code; codes are not stored for replay",
            ),
            "Send a code to a phone number, whether or not it has an account",
            &[CodesOff, CodeNotSent, TooManyRequests], phone_codes::send_code)
        .add_public_route(
            route(POST, "/api/v1/auth/codes/sign-in", ENTRANT).without_key(
                "a repeat fails because its code is spent; tokens are not stored for replay",
            ),
            "Get a one-hour access token for the code sent to a customer's phone; new people are \
             registered as customers",
            &[CodesOff, CodeWrong, CodeOver, AccountLocked, PhoneUnknown, PasswordOnly, Revoked,
                RegistrationQuota, TooManyRequests],
            phone_codes::sign_in_by_code)
        .add_public_route(
            route(POST, "/api/v1/auth/identities/phone", CUSTOMER)
                .without_key("a repeat fails because its code is spent"),
            "Link your phone number to your account, with its code and your password",
            &[CodesOff, CodeWrong, CodeOver, IdentityTaken, InvalidCredentials, RoleForbidden,
                AccountLocked, TooManyRequests],
            phone_links::link_phone)
}

#[rustfmt::skip]
fn add_address_routes<T: RouteTable<Service>>(to: T) -> T {
    use Code::{AccountLocked, CodeOver, CodeWrong, InvalidCredentials, TooManyRequests, UserExists};
    to
        .add_public_route(route(GET, "/api/v1/auth/address", ANY),
            "Show your e-mail address and whether it is confirmed", &[], email_addresses::show_address)
        .add_public_route(route(PUT, "/api/v1/auth/address", ANY),
            "Change your e-mail address, with your password; it takes effect once confirmed by a \
             code",
            &[InvalidCredentials, AccountLocked, TooManyRequests], email_addresses::change_address)
        .add_public_route(route(POST, "/api/v1/auth/address/code", ANY),
            "Send the code to your unconfirmed e-mail address again",
            &[TooManyRequests], email_addresses::send_address_code)
        .add_public_route(
            route(POST, "/api/v1/auth/address/confirm", ANY)
                .without_key("a repeat fails because its code is spent"),
            "Confirm your e-mail address with the code sent to it",
            &[CodeWrong, CodeOver, UserExists, TooManyRequests], email_addresses::confirm_address)
}

#[rustfmt::skip]
fn add_password_routes<T: RouteTable<Service>>(to: T) -> T {
    use Code::{AccountLocked, InvalidCredentials, TooManyRequests};
    to
        .add_public_route(route(POST, "/api/v1/auth/password", ANY),
            "Change your password; your other sessions end",
            &[InvalidCredentials, AccountLocked, TooManyRequests], passwords::change_password)
        .add_public_route(
            route(POST, "/api/v1/auth/password-codes", ENTRANT).without_key(
                "a repeat mails another code, which voids the previous one; there is no signed-in \
                 person to own the key",
            ),
            "Mail a code for a new password, if the account has a confirmed address",
            &[], password_codes::request_password_code)
        .add_public_route(
            route(POST, "/api/v1/auth/password-reset", ENTRANT).without_key(
                "a repeat fails because its code is spent; there is no signed-in person to own the \
                 key",
            ),
            "Set a new password with a code from a mail or an admin; all sessions end",
            &[InvalidCredentials, AccountLocked, TooManyRequests], passwords::redeem_reset)
}

#[rustfmt::skip]
fn add_deletion_routes<T: RouteTable<Service>>(to: T) -> T {
    use Code::{
        AccountLocked, InvalidCredentials, NotFound, RoleForbidden, SignInAgain, TooManyRequests,
    };
    to
        .add_public_route(route(GET, "/api/v1/auth/deletion", CUSTOMER_OR_PROVIDER),
            "Show whether you asked to delete your account, and the open orders and payments that \
             a deletion waits for",
            &[RoleForbidden], account_deletions::show_deletion)
        .add_public_route(route(POST, "/api/v1/auth/deletion", CUSTOMER_OR_PROVIDER),
            "Ask to delete your account, with your password; it works on until then",
            &[RoleForbidden, InvalidCredentials, AccountLocked, TooManyRequests, SignInAgain],
            account_deletions::ask_deletion)
        .add_public_route(route(DELETE, "/api/v1/auth/deletion", CUSTOMER_OR_PROVIDER),
            "Undo the deletion of your account", &[NotFound, RoleForbidden],
            account_deletions::undo_deletion)
}

#[rustfmt::skip]
fn add_admin_routes<T: RouteTable<Service>>(to: T) -> T {
    use Code::{
        KeyTooNew, NotFound, PermissionMissing, RoleBuiltIn, RoleExists, RoleFixed, RoleForbidden,
        RoleInUse, TooManyRoles,
    };
    to
        .add_public_route(admin(POST, "/api/v1/admin/users/{id}/revoke", &[RevokePeople]),
            "Revoke a person: close the account and end its sessions (audited)",
            &[NotFound, RoleForbidden, PermissionMissing], people::revoke)
        .add_public_route(admin(POST, "/api/v1/admin/users/{id}/readmit", &[RevokePeople]),
            "Readmit a revoked person (audited); their old tokens stay invalid",
            &[NotFound, RoleForbidden, PermissionMissing], people::readmit)
        .add_public_route(admin(GET, "/api/v1/admin/users/{id}/sessions", &[ReadPeople]),
            "List a person's live sessions and device grants, newest first",
            &[NotFound, RoleForbidden, PermissionMissing], sessions::list_of_person)
        .add_public_route(
            admin(DELETE, "/api/v1/admin/users/{id}/sessions/{session}", &[EndSessions]),
            "End a person's session or device grant (audited)",
            &[NotFound, RoleForbidden, PermissionMissing], sessions::end_of_person)
        .add_public_route(admin(GET, "/api/v1/admin/users/{id}/devices", &[ReadPeople]),
            "List a person's devices, the last used first",
            &[NotFound, RoleForbidden, PermissionMissing], devices::list_devices_of_person)
        .add_public_route(
            admin(DELETE, "/api/v1/admin/users/{id}/devices/{device}", &[EndSessions]),
            "End a person's device with its tokens (audited)",
            &[NotFound, RoleForbidden, PermissionMissing], devices::end_device_of_person)
        .add_public_route(
            admin(POST, "/api/v1/admin/users/{id}/password-reset", &[ResetPasswords]).without_key(
                "a repeat replaces the previous code; a code is shown once and not stored for \
                 replay",
            ),
            "Issue a single-use code that lets a person set a new password (audited)",
            &[NotFound, RoleForbidden, PermissionMissing], passwords::issue_reset)
        .add_public_route(admin(GET, "/api/v1/admin/acts", &[ReadActs]),
            "List what admins have changed or tried to change, newest first",
            &[RoleForbidden, PermissionMissing], admin_acts::list_acts)
        .add_public_route(admin(GET, "/api/v1/admin/keys", &[ManageKeys]),
            "List the token-signing keys, with their states and times",
            &[RoleForbidden, PermissionMissing], keys::list_keys)
        .add_public_route(admin(POST, "/api/v1/admin/keys/rotate", &[ManageKeys]),
            "Rotate to the next signing key (audited)",
            &[RoleForbidden, PermissionMissing, KeyTooNew], keys::rotate_key)
        .add_public_route(admin(POST, "/api/v1/admin/keys/kill", &[ManageKeys]),
            "Revoke a stolen signing key and all its tokens (audited)",
            &[NotFound, RoleForbidden, PermissionMissing], keys::kill_key)
        .add_public_route(admin(GET, "/api/v1/admin/roles", &[ReadPeople]),
            "List all roles with their permissions",
            &[RoleForbidden, PermissionMissing], roles::list_roles)
        .add_public_route(admin(POST, "/api/v1/admin/roles", &[ManageRoles]),
            "Create a custom role with a subset of an admin's permissions (audited)",
            &[RoleForbidden, PermissionMissing, RoleExists, TooManyRoles], roles::make_role)
        .add_public_route(admin(PUT, "/api/v1/admin/roles/{id}", &[ManageRoles]),
            "Change a custom role (audited)",
            &[NotFound, RoleForbidden, PermissionMissing, RoleExists, RoleBuiltIn],
            roles::change_role)
        .add_public_route(admin(DELETE, "/api/v1/admin/roles/{id}", &[ManageRoles]),
            "Remove a custom role that no person has (audited)",
            &[NotFound, RoleForbidden, PermissionMissing, RoleBuiltIn, RoleInUse],
            roles::remove_role)
        .add_public_route(admin(GET, "/api/v1/admin/users", &[ReadPeople]),
            "List people by user name, with their roles and states",
            &[RoleForbidden, PermissionMissing], people::list_people)
        .add_public_route(admin(GET, "/api/v1/admin/users/{id}", &[ReadPeople]),
            "Show a person with the history of their roles",
            &[NotFound, RoleForbidden, PermissionMissing], people::show_person)
        .add_public_route(admin(PUT, "/api/v1/admin/users/{id}/role", &[ManageRoles]),
            "Give a person a role (audited); their sessions end",
            &[NotFound, RoleForbidden, PermissionMissing, RoleFixed], roles::give_role)
}
