//! `GET /api/v1/auth/permissions` shows the caller's permissions. `/api/v1/admin/roles` lists,
//! creates, changes and removes roles. `POST /internal/permissions` serves the gateways, which
//! check permissions before forwarding a call.

use axum::{extract::State, http::StatusCode};
use process::{
    problem::{CreatedJson, ItemList, Json, Path, Problem, Query},
    tokens::ServiceCaller,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, Permission, Role, UserId, check_reason};

use super::{IntoProblem, LiveCaller, require_permission, to_missing_permission};
use crate::{
    domain::{BUILT_IN_MAX, RoleDraft, RoleRefusal},
    service::Service,
    store::RoleDetails,
};

#[derive(Deserialize, ToSchema)]
pub struct PermissionsQuestion {
    user_id: UserId,
}

#[derive(Serialize, ToSchema)]
pub struct PermissionsAnswer {
    permissions: Vec<Permission>,
}

#[derive(Serialize, ToSchema)]
pub struct OwnPermissions {
    role: Role,
    /// The display name; a custom role if `role` is `admin`.
    role_name: String,
    permissions: Vec<Permission>,
}

#[derive(Deserialize, ToSchema)]
pub struct RoleForm {
    name: String,
    #[serde(default)]
    description: String,
    /// A subset of the admin permissions.
    permissions: Vec<Permission>,
    reason: String,
}

#[derive(Deserialize, ToSchema)]
pub struct RemovalQuery {
    reason: String,
}

#[derive(Serialize, ToSchema)]
pub struct RoleItem {
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

pub async fn list_person_permissions(
    State(service): State<Service>,
    _: ServiceCaller,
    Json(PermissionsQuestion { user_id }): Json<PermissionsQuestion>,
) -> Result<Json<PermissionsAnswer>, Problem> {
    Ok(Json(PermissionsAnswer {
        permissions: service.load_permissions(user_id).await?,
    }))
}

pub async fn permissions(
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
pub async fn list_roles(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
) -> Result<ItemList<RoleItem>, Problem> {
    require_permission(&service, &caller, Permission::ReadPeople).await?;
    let roles = service.store.list_roles().await?;
    Ok(ItemList::from_all_items(
        roles.into_iter().map(RoleItem::from).collect(),
    ))
}

pub async fn make_role(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    Json(form): Json<RoleForm>,
) -> Result<CreatedJson<RoleItem>, Problem> {
    require_permission(&service, &caller, Permission::ManageRoles).await?;
    let (draft, why) = parse_role_form(form)?;
    let order = service.new_role_audit(caller.actor.user_id, why);
    let id = service
        .make_role(&draft, &order)
        .await
        .map_err(|error| error.into_problem(&service))?;
    Ok(CreatedJson(load_role_item(&service, id).await?))
}

pub async fn change_role(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    Path(id): Path<i64>,
    Json(form): Json<RoleForm>,
) -> Result<Json<RoleItem>, Problem> {
    require_permission(&service, &caller, Permission::ManageRoles).await?;
    let (draft, why) = parse_role_form(form)?;
    let order = service.new_role_audit(caller.actor.user_id, why);
    service
        .change_role(id, &draft, &order)
        .await
        .map_err(|error| error.into_problem(&service))?;
    Ok(Json(load_role_item(&service, id).await?))
}

pub async fn remove_role(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    Path(id): Path<i64>,
    Query(RemovalQuery { reason }): Query<RemovalQuery>,
) -> Result<StatusCode, Problem> {
    require_permission(&service, &caller, Permission::ManageRoles).await?;
    let order = service.new_role_audit(caller.actor.user_id, check_reason(&reason)?);
    service
        .remove_role(id, &order)
        .await
        .map_err(|error| error.into_problem(&service))?;
    Ok(StatusCode::NO_CONTENT)
}

impl IntoProblem for RoleRefusal {
    fn into_problem(self, _: &Service) -> Problem {
        match self {
            Self::Beyond(permission) => to_missing_permission(permission),
            Self::Unknown => Code::NotFound.into(),
            Self::BuiltIn => Code::RoleBuiltIn.into(),
            Self::NameTaken => Code::RoleExists.into(),
            Self::InUse => Code::RoleInUse.into(),
            Self::TooMany => Code::TooManyRoles.into(),
            Self::Fixed => Code::RoleFixed.into(),
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
