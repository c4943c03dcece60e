//! Records admins' changes at auth: the admin, route and object before a change is passed on, and
//! afterwards the status of the answer.
//!
//! Invariant: a change that takes an admin's permission reaches no part before it is on record; if
//! auth does not answer, the change is refused.

use std::time::Duration;

use http::{Method, StatusCode};
use platform::upstream::{Upstream, UpstreamError};
use process::{
    clock::Clock,
    idempotency::key_of,
    parts::CloudPart,
    problem::{Problem, format_error_chain},
    routes::PermissionRule,
    tasks::Tasks,
    tokens::ServiceKey,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use wire::{CommandId, Role, UserId};

use crate::{
    call::RoutedRequest,
    caller::{VerifiedCaller, part_unavailable},
    routes::Route,
};

const PATH: &str = "/internal/acts";
const LIMIT: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub(crate) struct ActRecorder {
    pub auth: Upstream,
    pub service_key: ServiceKey,
    pub clock: Clock,
    pub tasks: Tasks,
}

#[derive(Deserialize)]
pub(crate) struct ActId {
    id: String,
}

#[derive(Serialize)]
pub(crate) struct NewAct {
    by: UserId,
    method: String,
    route: &'static str,
    path: String,
    key: Option<CommandId>,
    trace: String,
}

#[derive(Serialize)]
struct ActEnd {
    status: u16,
}

impl NewAct {
    /// `None` if the request changes nothing by a permission of an admin.
    pub(crate) fn from_call(call: &RoutedRequest, caller: Option<&VerifiedCaller>) -> Option<Self> {
        let caller = caller.filter(|caller| is_recorded(&call.route, caller))?;
        Some(Self {
            by: caller.claims.sub,
            method: call.route.method.to_string(),
            route: call.route.path,
            path: call.path.clone(),
            // The part refuses a key of the wrong form.
            key: key_of(call.request.headers(), caller.claims.sub).ok(),
            trace: call.trace.to_string(),
        })
    }
}

impl ActRecorder {
    pub(crate) async fn record_change(
        &self,
        act: Option<NewAct>,
    ) -> Result<Option<ActId>, Problem> {
        let Some(act) = act else { return Ok(None) };
        match self.call_auth(PATH, &act).await {
            Ok(id) => Ok(Some(id)),
            Err(error) => {
                let error = format_error_chain(&error);
                tracing::warn!(error, "Could not put a change on record; it is refused");
                Err(part_unavailable(CloudPart::Auth))
            }
        }
    }

    /// Does not hold up the answer. Without the status the act counts as one of unknown outcome.
    pub(crate) fn record_answer(&self, act: Option<ActId>, status: StatusCode) {
        let Some(ActId { id }) = act else { return };
        let recorder = self.clone();
        self.tasks.spawn_once("act-answer", async move {
            let end = ActEnd {
                status: status.as_u16(),
            };
            if let Err(error) = recorder
                .call_auth::<()>(&format!("{PATH}/{id}"), &end)
                .await
            {
                let error = format_error_chain(&error);
                tracing::warn!(
                    act.id = id,
                    error,
                    "Could not put the answer to a change on record"
                );
            }
        });
    }

    async fn call_auth<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, UpstreamError> {
        let to = CloudPart::Auth.name();
        let own = self.service_key.issue_token(crate::NAME, to, &self.clock);
        let called = self
            .auth
            .call_json(Method::POST, path, Some(&own), Some(body));
        tokio::time::timeout(LIMIT, called)
            .await
            .unwrap_or(Err(UpstreamError::TimedOut))
    }
}

fn is_recorded(route: &Route, caller: &VerifiedCaller) -> bool {
    let needs_permission = matches!(
        route.permission,
        PermissionRule::All(_) | PermissionRule::AnyOf(_)
    );
    let is_change = !matches!(route.method, Method::GET | Method::HEAD);
    needs_permission && is_change && caller.claims.role == Role::Admin
}
