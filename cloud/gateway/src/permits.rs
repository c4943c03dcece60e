//! Whether a caller's role includes the work of a route: by the copy of their permissions in the
//! cache, and by auth where there is none.
//!
//! Invariant: no admin passes whose permissions could not be looked up. Customers and providers
//! have built-in roles alone, so nobody is asked about them.

use std::time::Duration;

use http::Method;
use platform::{cache::Cache, permissions};
use process::{
    parts::CloudPart,
    problem::{Problem, chain},
    tokens::Claims,
};
use serde::{Deserialize, Serialize};
use wire::{Code, Permission, Role, UserId};

use crate::{
    identity::{Identity, unavailable},
    permission_rule::PermissionRule,
};

const PATH: &str = "/internal/permissions";
const ASK_LIMIT: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct PermissionsQuestion {
    user_id: UserId,
}

#[derive(Deserialize)]
struct PermissionsAnswer {
    /// As words: a newer auth may know more of them.
    permissions: Vec<String>,
}

impl Identity {
    /// Refuses a caller whose role does not include what a route asks for. Returns an admin's
    /// permissions where the route depends on them.
    pub async fn permit(
        &self,
        claims: &Claims,
        needs: PermissionRule,
    ) -> Result<Option<Vec<Permission>>, Problem> {
        if needs == PermissionRule::Nothing || claims.role != Role::Admin {
            return Ok(None);
        }
        let held = self.permissions_of(claims.sub).await?;
        match needs.missing(claims.role, &held) {
            Some(missing) => Err(Problem::new(Code::PermissionMissing).with("permission", missing)),
            None => Ok(Some(held)),
        }
    }

    pub async fn permissions_of(&self, user: UserId) -> Result<Vec<Permission>, Problem> {
        match Cache::in_time(permissions::look_up(&self.cache, user)).await {
            Ok(Some(held)) => return Ok(held),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(
                    error = chain(&error),
                    "The cache does not answer; asking auth about a role"
                );
            }
        }
        self.ask_permissions(user).await
    }

    async fn ask_permissions(&self, user_id: UserId) -> Result<Vec<Permission>, Problem> {
        let own = self.service_key.token(crate::NAME, CloudPart::Auth.name(), &self.clock);
        let question = PermissionsQuestion { user_id };
        let asked =
            self.auth.json::<PermissionsAnswer>(Method::POST, PATH, Some(&own), Some(&question));
        match tokio::time::timeout(ASK_LIMIT, asked).await {
            Ok(Ok(PermissionsAnswer { permissions })) => {
                Ok(permissions.iter().filter_map(|word| word.parse().ok()).collect())
            }
            Ok(Err(error)) => {
                tracing::warn!(error = chain(&error), "Auth cannot tell what a role includes");
                Err(unavailable(CloudPart::Auth))
            }
            Err(_) => Err(unavailable(CloudPart::Auth)),
        }
    }
}
