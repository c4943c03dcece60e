//! Authorizes callers on a route. Each route declares a `PermissionRule`. An admin's
//! permissions come from the cached copy, or from auth if there is no copy.
//!
//! Invariant: an admin passes only after their permissions load. Customers and providers have fixed
//! roles, so their calls skip the check.

use std::time::Duration;

use http::Method;
use platform::{cache::Cache, sessions, upstream::Upstream};
use process::{
    clock::Clock,
    parts::CloudPart,
    problem::{Problem, format_error_chain},
    routes::PermissionRule,
    tokens::{Claims, ServiceKey},
};
use serde::{Deserialize, Serialize};
use wire::{Permission, Role, UserId};

use crate::caller::part_unavailable;

/// Loads the permissions of admins and checks them against a route's rule.
#[derive(Clone)]
pub struct AdminPermissions {
    pub cache: Cache,
    pub auth: Upstream,
    pub service_key: ServiceKey,
    pub clock: Clock,
}

const PATH: &str = "/internal/permissions";
const ASK_LIMIT: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct PermissionsQuestion {
    user_id: UserId,
}

#[derive(Deserialize)]
struct PermissionsAnswer {
    /// Strings, because a newer auth may define more permissions.
    permissions: Vec<String>,
}

impl AdminPermissions {
    /// Refuses a caller without the required permissions. Returns an admin's permissions if the
    /// route uses them.
    pub async fn check_permissions(
        &self,
        claims: &Claims,
        rule: PermissionRule,
    ) -> Result<Option<Vec<Permission>>, Problem> {
        if rule == PermissionRule::Nothing || claims.role != Role::Admin {
            return Ok(None);
        }
        let held = self.load_permissions(claims.sub).await?;
        rule.check_permissions(claims.role, &held)?;
        Ok(Some(held))
    }

    pub async fn load_permissions(&self, user: UserId) -> Result<Vec<Permission>, Problem> {
        match Cache::in_time(sessions::read_permissions(&self.cache, user)).await {
            Ok(Some(held)) => return Ok(held),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(
                    error = format_error_chain(&error),
                    "Could not look up a person's permissions in the cache; asking auth instead"
                );
            }
        }
        self.ask_permissions(user).await
    }

    async fn ask_permissions(&self, user_id: UserId) -> Result<Vec<Permission>, Problem> {
        let own = self
            .service_key
            .issue_token(crate::NAME, CloudPart::Auth.name(), &self.clock);
        let question = PermissionsQuestion { user_id };
        let asked = self.auth.call_json::<PermissionsAnswer>(
            Method::POST,
            PATH,
            Some(&own),
            Some(&question),
        );
        match tokio::time::timeout(ASK_LIMIT, asked).await {
            Ok(Ok(PermissionsAnswer { permissions })) => Ok(permissions
                .iter()
                .filter_map(|word| word.parse().ok())
                .collect()),
            Ok(Err(error)) => {
                tracing::warn!(
                    error = format_error_chain(&error),
                    "Could not ask auth for a person's permissions; the request is refused"
                );
                Err(part_unavailable(CloudPart::Auth))
            }
            Err(_) => Err(part_unavailable(CloudPart::Auth)),
        }
    }
}
