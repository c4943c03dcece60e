//! Custom roles, and the roles of people. `GET /api/v1/auth/permissions` shows the caller's
//! permissions. `/api/v1/admin/roles` lists, creates, changes and removes roles, and `PUT
//! /api/v1/admin/users/{id}/role` assigns one, on record. `POST /internal/permissions` serves the
//! gateways, which check permissions before forwarding a call.
//!
//! Invariants: auth_db has a change before the answer leaves, and the cache is updated next; after
//! a role change, a person has no earlier sessions.

use axum::{extract::State, http::StatusCode};
use process::{
    problem::{CreatedJson, ItemList, Json, Path, Problem, Query, format_error_chain},
    tokens::ServiceCaller,
    trace::{RequestTrace, TraceId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{Code, Permission, Role, UserId, check_reason};

use super::people::{PersonDetail, load_person_detail};
use crate::{
    domain::{BUILT_IN_MAX, RoleDraft, RoleRefusal},
    errors::{AttemptError, ServiceError},
    service::{IntoProblem, LiveCaller, Service},
    store::{BATCH, RoleChangeAudit, RoleDetails, SessionEnding},
};

#[derive(Deserialize, ToSchema)]
pub(crate) struct PermissionsQuestion {
    user_id: UserId,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PermissionsAnswer {
    permissions: Vec<Permission>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OwnPermissions {
    role: Role,
    /// The display name; a custom role if `role` is `admin`.
    role_name: String,
    permissions: Vec<Permission>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct RoleForm {
    name: String,
    #[serde(default)]
    description: String,
    /// A subset of the admin permissions.
    permissions: Vec<Permission>,
    reason: String,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct RemovalQuery {
    reason: String,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct RoleItem {
    role_id: i64,
    name: String,
    description: String,
    /// The role in tokens; all services authorise by it.
    base: Role,
    built_in: bool,
    permissions: Vec<Permission>,
    /// The number of people with a custom role.
    #[serde(skip_serializing_if = "Option::is_none")]
    people: Option<u64>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct RoleGift {
    role_id: i64,
    reason: String,
}

pub(crate) async fn list_person_permissions(
    State(service): State<Service>,
    _: ServiceCaller,
    Json(PermissionsQuestion { user_id }): Json<PermissionsQuestion>,
) -> Result<Json<PermissionsAnswer>, Problem> {
    Ok(Json(PermissionsAnswer {
        permissions: service.load_permissions(user_id).await?,
    }))
}

impl Service {
    /// Loads a person's permissions from auth_db and caches them for the gateways. Revoked people
    /// have no permissions.
    async fn load_permissions(&self, user: UserId) -> Result<Vec<Permission>, ServiceError> {
        let role = self
            .store
            .load_person_role(user)
            .await?
            .filter(|role| role.is_active);
        let held = role.map(|role| role.permissions).unwrap_or_default();
        if let Err(error) = platform::sessions::store_permissions(&self.cache, user, &held).await {
            tracing::warn!(
                error = format_error_chain(&error),
                "Could not store a person's permissions in the cache"
            );
        }
        Ok(held)
    }
}

pub(crate) async fn permissions(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
) -> Result<Json<OwnPermissions>, Problem> {
    let role = service.store.load_person_role(caller.actor.user_id).await?;
    let role = role.ok_or(Code::InvalidToken)?;
    let base = role.role.base_id;
    let role_name = role.role.name;
    let permissions = role.permissions;
    Ok(Json(OwnPermissions {
        role: base,
        role_name,
        permissions,
    }))
}

/// Not paged: there are few roles.
pub(crate) async fn list_roles(
    State(service): State<Service>,
) -> Result<ItemList<RoleItem>, Problem> {
    let roles = service.store.list_roles().await?;
    Ok(ItemList::from_all_items(
        roles.into_iter().map(RoleItem::from).collect(),
    ))
}

pub(crate) async fn make_role(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    Json(form): Json<RoleForm>,
) -> Result<CreatedJson<RoleItem>, Problem> {
    let (draft, why) = parse_role_form(form)?;
    let audit = service.new_role_audit(caller.actor.user_id, why);
    let id = service
        .make_role(&draft, &audit)
        .await
        .map_err(|error| error.into_problem(&service))?;
    Ok(CreatedJson(load_role_item(&service, id).await?))
}

pub(crate) async fn change_role(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    Path(id): Path<i64>,
    Json(form): Json<RoleForm>,
) -> Result<Json<RoleItem>, Problem> {
    let (draft, why) = parse_role_form(form)?;
    let audit = service.new_role_audit(caller.actor.user_id, why);
    service
        .change_role(id, &draft, &audit)
        .await
        .map_err(|error| error.into_problem(&service))?;
    Ok(Json(load_role_item(&service, id).await?))
}

pub(crate) async fn remove_role(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    Path(id): Path<i64>,
    Query(RemovalQuery { reason }): Query<RemovalQuery>,
) -> Result<StatusCode, Problem> {
    let audit = service.new_role_audit(caller.actor.user_id, check_reason(&reason)?);
    service
        .remove_role(id, &audit)
        .await
        .map_err(|error| error.into_problem(&service))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Repeats change nothing and get the same answer.
pub(crate) async fn give_role(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
    Path(user): Path<UserId>,
    Json(RoleGift { role_id, reason }): Json<RoleGift>,
) -> Result<Json<PersonDetail>, Problem> {
    let why = check_reason(&reason)?;
    if caller.actor.user_id == user {
        // If the last admin gave up their role, no admin could restore it.
        return Err(Problem::new(Code::RoleForbidden));
    }
    let audit = service.new_role_audit(caller.actor.user_id, why);
    service
        .give_role(user, role_id, &audit, &trace)
        .await
        .map_err(|error| error.into_problem(&service))?;
    load_person_detail(&service, user).await
}

impl Service {
    async fn make_role(
        &self,
        draft: &RoleDraft,
        audit: &RoleChangeAudit,
    ) -> Result<i64, AttemptError<RoleRefusal>> {
        let id = self.store.make_role(draft, audit).await?;
        tracing::info!(role.id = id, by = %audit.by, "Created a role");
        Ok(id)
    }

    async fn change_role(
        &self,
        id: i64,
        draft: &RoleDraft,
        audit: &RoleChangeAudit,
    ) -> Result<(), AttemptError<RoleRefusal>> {
        self.store.change_role(id, draft, audit).await?;
        tracing::info!(role.id = id, by = %audit.by, "Changed a role");
        self.evict_holders(id).await?;
        Ok(())
    }

    async fn remove_role(
        &self,
        id: i64,
        audit: &RoleChangeAudit,
    ) -> Result<(), AttemptError<RoleRefusal>> {
        self.store.remove_role(id, audit).await?;
        tracing::info!(role.id = id, by = %audit.by, "Removed a role");
        Ok(())
    }

    /// Assigns a role and ends all the person's sessions. Their sessions stay if they already have
    /// the role.
    async fn give_role(
        &self,
        user: UserId,
        id: i64,
        audit: &RoleChangeAudit,
        trace: &TraceId,
    ) -> Result<(), AttemptError<RoleRefusal>> {
        let Some(role) = self.store.load_role(user).await? else {
            return Err(RoleRefusal::Unknown.into());
        };
        let change = self.begin_account_change(user, role, None, SessionEnding::RoleChanged, trace);
        let given = self
            .store
            .give_role(id, change.revocation, audit, |session| {
                change.build_event(session)
            })
            .await;
        let ended = match given {
            Ok(ended) => ended,
            Err(error) => {
                // After a fault, sessions may have ended.
                if let AttemptError::Refused(_) = error {
                    change.cancel();
                }
                return Err(error.into());
            }
        };
        self.evict_permissions(user).await;
        let ended = change.finish(&ended).await;
        tracing::info!(user.id = %user, role.id = id, by = %audit.by, ended, "Gave a person a role");
        Ok(())
    }

    fn new_role_audit(&self, by: UserId, why: String) -> RoleChangeAudit {
        RoleChangeAudit {
            id: self.clock.new_id(),
            at: self.clock.now(),
            by,
            why,
        }
    }

    async fn evict_holders(&self, id: i64) -> Result<(), ServiceError> {
        let mut after = UserId(Uuid::nil());
        loop {
            let part = self.store.list_role_holders(id, after).await?;
            for user in &part {
                self.evict_permissions(*user).await;
            }
            match part.last() {
                Some(last) if part.len() == BATCH => after = *last,
                _ => return Ok(()),
            }
        }
    }
}

fn parse_role_form(form: RoleForm) -> Result<(RoleDraft, String), Problem> {
    let RoleForm {
        name,
        description,
        permissions,
        reason,
    } = form;
    match (
        RoleDraft::new(&name, &description, permissions),
        check_reason(&reason),
    ) {
        (Ok(draft), Ok(why)) => Ok((draft, why)),
        (draft, why) => {
            let errors = draft.err().unwrap_or_default();
            Err(errors
                .into_iter()
                .chain(why.err())
                .collect::<Vec<_>>()
                .into())
        }
    }
}

async fn load_role_item(service: &Service, id: i64) -> Result<RoleItem, Problem> {
    let roles = service.store.list_roles().await?;
    let found = roles.into_iter().find(|role| role.row.id == id);
    found
        .map(RoleItem::from)
        .ok_or_else(|| Code::NotFound.into())
}

impl From<RoleDetails> for RoleItem {
    fn from(
        RoleDetails {
            row,
            permissions,
            people,
        }: RoleDetails,
    ) -> Self {
        Self {
            role_id: row.id,
            name: row.name,
            description: row.description,
            base: row.base_id,
            built_in: row.id <= BUILT_IN_MAX,
            permissions,
            people,
        }
    }
}
