//! Routes that read and write profiles.

use axum::extract::State;
use process::{
    problem::{Json, Path, Problem},
    tokens::Caller,
    trace::RequestTrace,
};
use wire::{Actor, Code, EventType, Permission, Role, UserId};

use super::Service;
use crate::{
    domain::{
        AddressId, CalendarDay, CustomerProfile, OwnProfile, ProfileForm, ProviderProfile,
        PublicProfile,
    },
    store::ProfileEventDraft,
};

pub async fn show(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    Caller { actor, .. }: Caller,
) -> Result<Json<OwnProfile>, Problem> {
    let Actor { user_id, role } = actor;
    let store = &service.store;
    let trace = trace.as_str();
    Ok(Json(match role {
        Role::Provider => (&store
            .load_or_create_profile::<ProviderProfile>(user_id, role, trace)
            .await?)
            .into(),
        Role::Customer | Role::Admin => (&store
            .load_or_create_profile::<CustomerProfile>(user_id, role, trace)
            .await?)
            .into(),
    }))
}

pub async fn write(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    Caller { actor, .. }: Caller,
    Json(form): Json<ProfileForm>,
) -> Result<Json<OwnProfile>, Problem> {
    write_profile(&service, actor, trace.as_str(), form).await
}

/// Other customers' profiles need the permission to read people. Without it, the answer is the same
/// as for a missing profile.
pub async fn show_customer(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<UserId>,
) -> Result<Json<OwnProfile>, Problem> {
    let actor = caller.as_reader(&[Permission::ReadPeople]);
    if actor.user_id != id && actor.role != Role::Admin {
        return Err(Code::NotFound.into());
    }
    let found = service
        .store
        .get::<CustomerProfile>(id)
        .await?
        .ok_or(Code::NotFound)?;
    Ok(Json((&found).into()))
}

pub async fn write_customer(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    Caller { actor, .. }: Caller,
    Path(id): Path<UserId>,
    Json(form): Json<ProfileForm>,
) -> Result<Json<OwnProfile>, Problem> {
    check_own(actor, id, Role::Customer)?;
    write_profile(&service, actor, trace.as_str(), form).await
}

pub async fn show_provider(
    State(service): State<Service>,
    _: Caller,
    Path(id): Path<UserId>,
) -> Result<Json<PublicProfile>, Problem> {
    Ok(Json(
        service
            .store
            .load_public_profile(id)
            .await?
            .ok_or(Code::NotFound)?,
    ))
}

pub async fn write_provider(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    Caller { actor, .. }: Caller,
    Path(id): Path<UserId>,
    Json(form): Json<ProfileForm>,
) -> Result<Json<OwnProfile>, Problem> {
    check_own(actor, id, Role::Provider)?;
    write_profile(&service, actor, trace.as_str(), form).await
}

/// Serves every role. Only the owner may write a profile; admins may not.
pub async fn write_person(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    Caller { actor, .. }: Caller,
    Path(id): Path<UserId>,
    Json(form): Json<ProfileForm>,
) -> Result<Json<OwnProfile>, Problem> {
    check_own(actor, id, actor.role)?;
    write_profile(&service, actor, trace.as_str(), form).await
}

fn check_own(actor: Actor, id: UserId, role: Role) -> Result<(), Problem> {
    if actor.role != role {
        return Err(Code::RoleForbidden.into());
    }
    if actor.user_id == id {
        Ok(())
    } else {
        Err(Code::NotFound.into())
    }
}

async fn write_profile(
    service: &Service,
    Actor { user_id, role }: Actor,
    trace: &str,
    form: ProfileForm,
) -> Result<Json<OwnProfile>, Problem> {
    let store = &service.store;
    let now = store.clock().now();
    let form = form.validate_for_role(role, CalendarDay::from_unix_millis(now))?;
    let read = Some(form.version);
    Ok(Json(match role {
        Role::Provider => {
            store
                .load_or_create_profile::<ProviderProfile>(user_id, role, trace)
                .await?;
            let changed =
                store.change_profile(user_id, read, trace, |profile: &mut ProviderProfile| {
                    form.apply_to_provider(profile, now);
                    Ok(Some(ProfileEventDraft::from_kind(
                        EventType::ProfileUpdated,
                    )))
                });
            OwnProfile::from(&changed.await?)
        }
        Role::Customer | Role::Admin => {
            store
                .load_or_create_profile::<CustomerProfile>(user_id, role, trace)
                .await?;
            let first_address = AddressId(store.clock().new_id());
            let changed =
                store.change_profile(user_id, read, trace, |profile: &mut CustomerProfile| {
                    form.apply_to_customer(profile, first_address);
                    Ok(Some(ProfileEventDraft::from_kind(
                        EventType::ProfileUpdated,
                    )))
                });
            OwnProfile::from(&changed.await?)
        }
    }))
}
