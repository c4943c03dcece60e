//! The declaration of a public route: its method and path, the callers it serves, the permissions
//! they need (`permitted`, `admin`, `reads_order` in each service's `routes.rs`), and its body. A
//! service declares its routes in a table (`openapi::RouteTable`); its router enforces them
//! (`guard`), and the gateway serves the same declarations.
//!
//! Invariant: a route without a declaration is internal, and the gateway never serves it.

mod guard;

use http::Method;
use wire::{Code, Permission, Role};

use crate::problem::Problem;

pub use guard::{ErasedHandler, GuardedHandler, RouteGuard};

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

/// The permissions that a caller's role must include. Only admins can hold a reduced set; customers
/// and providers always hold all of their role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PermissionRule {
    /// No permission required: the route acts on the caller's own data.
    Nothing,
    /// All of these that the caller's role can hold.
    All(&'static [Permission]),
    /// Any one of these, for admins. Other callers read only their own data here.
    AnyOf(&'static [Permission]),
    /// The part receives the admin's permissions and filters its response by them.
    Narrowed,
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

/// A route that clients reach through the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicRoute {
    pub method: Method,
    pub path: &'static str,
    pub audience: Audience,
    pub permission: PermissionRule,
    pub body: RouteBody,
    /// See `without_key`.
    pub unkeyed_because: Option<&'static str>,
}

/// A route that clients call directly, not through the gateway, such as a tablet at its edge.
/// Its handler checks the callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectRoute {
    pub method: Method,
    pub path: &'static str,
    /// See `without_key`.
    pub unkeyed_because: Option<&'static str>,
}

pub const GET: Method = Method::GET;
pub const POST: Method = Method::POST;
pub const PUT: Method = Method::PUT;
pub const DELETE: Method = Method::DELETE;

pub const OPEN: Audience = Audience::Open;
pub const ENTRANT: Audience = Audience::Entrant;
pub const ANY: Audience = Audience::Any;
pub const EDGE: Audience = Audience::Edge;
pub const CUSTOMER: Audience = Audience::Roles(&[Role::Customer], Code::RoleForbidden);
pub const PROVIDER: Audience = Audience::Roles(&[Role::Provider], Code::RoleForbidden);
pub const PROVIDERS_ONLY: Audience = Audience::Roles(&[Role::Provider], Code::ProvidersOnly);
pub const PROVIDER_OR_ADMIN: Audience =
    Audience::Roles(&[Role::Provider, Role::Admin], Code::RoleForbidden);
pub const CUSTOMER_OR_ADMIN: Audience =
    Audience::Roles(&[Role::Customer, Role::Admin], Code::RoleForbidden);

/// The two people of an order, and no admin.
pub const CUSTOMER_OR_PROVIDER: Audience =
    Audience::Roles(&[Role::Customer, Role::Provider], Code::RoleForbidden);

/// A customer's own data, or all data for an admin with desk access.
pub const OWN_OR_DESK: &[Permission] = &[Permission::PublishOrders, Permission::ReadDesks];

/// A photo that a command names.
pub const PHOTO_BYTES_MAX: usize = 5 * 1024 * 1024;
pub const PICTURE_BYTES_MAX: usize = 10 * 1024 * 1024;
pub const DOCUMENT_BYTES_MAX: usize = 20 * 1024 * 1024;

pub const fn route(method: Method, path: &'static str, audience: Audience) -> PublicRoute {
    PublicRoute {
        method,
        path,
        audience,
        permission: PermissionRule::Nothing,
        body: RouteBody::Held,
        unkeyed_because: None,
    }
}

pub const fn direct(method: Method, path: &'static str) -> DirectRoute {
    DirectRoute {
        method,
        path,
        unkeyed_because: None,
    }
}

/// A route whose part filters its response by an admin's permissions.
pub const fn narrowed(method: Method, path: &'static str) -> PublicRoute {
    PublicRoute {
        method,
        path,
        audience: ANY,
        permission: PermissionRule::Narrowed,
        body: RouteBody::Held,
        unkeyed_because: None,
    }
}

/// A route that reads one order: for its parties, and for admins with duties that start there.
pub const fn reads_order(path: &'static str) -> PublicRoute {
    PublicRoute {
        method: GET,
        path,
        audience: ANY,
        permission: PermissionRule::AnyOf(Permission::READ_ORDERS),
        body: RouteBody::Held,
        unkeyed_because: None,
    }
}

/// A route that requires permissions.
pub const fn permitted(
    method: Method,
    path: &'static str,
    audience: Audience,
    permissions: &'static [Permission],
) -> PublicRoute {
    PublicRoute {
        method,
        path,
        audience,
        permission: PermissionRule::All(permissions),
        body: RouteBody::Held,
        unkeyed_because: None,
    }
}

/// An admin-only route that requires permissions.
pub const fn admin(
    method: Method,
    path: &'static str,
    permissions: &'static [Permission],
) -> PublicRoute {
    let audience = Audience::Roles(&[Role::Admin], Code::RoleForbidden);
    permitted(method, path, audience, permissions)
}

/// A route for admins with any duty that starts at an order.
pub const fn admin_of_orders(method: Method, path: &'static str) -> PublicRoute {
    let mut route = admin(method, path, &[]);
    route.permission = PermissionRule::AnyOf(Permission::READ_ORDERS);
    route
}

/// A route with a file upload as its body.
pub const fn upload(
    method: Method,
    path: &'static str,
    audience: Audience,
    bytes_max: usize,
) -> PublicRoute {
    PublicRoute {
        method,
        path,
        audience,
        permission: PermissionRule::Nothing,
        body: RouteBody::Streamed { bytes_max },
        unkeyed_because: None,
    }
}

impl PublicRoute {
    /// Takes no `Idempotency-Key` although it changes something; the reason completes the sentence
    /// "A repeat".
    #[must_use]
    pub const fn without_key(mut self, because: &'static str) -> Self {
        self.unkeyed_because = Some(because);
        self
    }
}

impl DirectRoute {
    /// Takes no `Idempotency-Key` although it changes something; the reason completes the sentence
    /// "A repeat".
    #[must_use]
    pub const fn without_key(mut self, because: &'static str) -> Self {
        self.unkeyed_because = Some(because);
        self
    }
}

impl Audience {
    /// True if callers must be people with an access token.
    pub const fn requires_person(self) -> bool {
        matches!(self, Self::Any | Self::Roles(..))
    }

    /// Refuses a role that the route does not serve.
    pub fn check_role(self, role: Role) -> Result<(), Problem> {
        match self {
            Self::Roles(roles, refusal) if !roles.contains(&role) => Err(Problem::new(refusal)),
            Self::Open | Self::Entrant | Self::Any | Self::Edge | Self::Roles(..) => Ok(()),
        }
    }
}

impl PermissionRule {
    pub fn missing_permission(self, role: Role, held: &[Permission]) -> Option<Permission> {
        let can_be_held = Permission::allowed_for_role(role);
        match self {
            Self::Nothing | Self::Narrowed => None,
            Self::All(all) => all
                .iter()
                .find(|one| can_be_held.contains(one) && !held.contains(one))
                .copied(),
            Self::AnyOf(_) if role != Role::Admin => None,
            Self::AnyOf(any) if any.iter().any(|one| held.contains(one)) => None,
            Self::AnyOf(any) => any.first().copied(),
        }
    }

    /// Refuses a caller without the required permissions.
    pub fn check_permissions(self, role: Role, held: &[Permission]) -> Result<(), Problem> {
        match self.missing_permission(role, held) {
            Some(missing) => {
                Err(Problem::new(Code::PermissionMissing).with_member("permission", missing))
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
