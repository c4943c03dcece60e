//! Routes that read and write profiles.

use axum::extract::State;
use process::{
    problem::{Json, Path, Problem},
    tokens::Caller,
    trace::Trace,
};
use wire::{Actor, Code, EventType, Permission, Role, UserId};

use super::Service;
use crate::{
    domain::{
        AddressId, CalendarDay, CustomerProfile, OwnProfile, ProfileForm, ProviderProfile,
        PublicProfile,
    },
    store::ChangeNews,
};

pub async fn show(
    State(service): State<Service>,
    Trace(trace): Trace,
    Caller { actor, .. }: Caller,
) -> Result<Json<OwnProfile>, Problem> {
    let Actor { user_id, role } = actor;
    let (store, trace) = (&service.store, trace.as_str());
    Ok(Json(match role {
        Role::Provider => (&store.own::<ProviderProfile>(user_id, role, trace).await?).into(),
        Role::Customer | Role::Admin => {
            (&store.own::<CustomerProfile>(user_id, role, trace).await?).into()
        }
    }))
}

pub async fn write(
    State(service): State<Service>,
    Trace(trace): Trace,
    Caller { actor, .. }: Caller,
    Json(form): Json<ProfileForm>,
) -> Result<Json<OwnProfile>, Problem> {
    written(&service, actor, trace.as_str(), form).await
}

/// Other customers' profiles need the permission to read people. Without it, the answer is the same
/// as for a missing profile.
pub async fn show_customer(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<UserId>,
) -> Result<Json<OwnProfile>, Problem> {
    let actor = caller.reader(&[Permission::ReadPeople]);
    if actor.user_id != id && actor.role != Role::Admin {
        return Err(Code::NotFound.into());
    }
    let found = service.store.get::<CustomerProfile>(id).await?.ok_or(Code::NotFound)?;
    Ok(Json((&found).into()))
}

pub async fn write_customer(
    State(service): State<Service>,
    Trace(trace): Trace,
    Caller { actor, .. }: Caller,
    Path(id): Path<UserId>,
    Json(form): Json<ProfileForm>,
) -> Result<Json<OwnProfile>, Problem> {
    check_own(actor, id, Role::Customer)?;
    written(&service, actor, trace.as_str(), form).await
}

pub async fn show_provider(
    State(service): State<Service>,
    _: Caller,
    Path(id): Path<UserId>,
) -> Result<Json<PublicProfile>, Problem> {
    Ok(Json(service.store.card(id).await?.ok_or(Code::NotFound)?))
}

pub async fn write_provider(
    State(service): State<Service>,
    Trace(trace): Trace,
    Caller { actor, .. }: Caller,
    Path(id): Path<UserId>,
    Json(form): Json<ProfileForm>,
) -> Result<Json<OwnProfile>, Problem> {
    check_own(actor, id, Role::Provider)?;
    written(&service, actor, trace.as_str(), form).await
}

/// Serves every role. Only the owner may write a profile; admins may not.
pub async fn write_person(
    State(service): State<Service>,
    Trace(trace): Trace,
    Caller { actor, .. }: Caller,
    Path(id): Path<UserId>,
    Json(form): Json<ProfileForm>,
) -> Result<Json<OwnProfile>, Problem> {
    check_own(actor, id, actor.role)?;
    written(&service, actor, trace.as_str(), form).await
}

fn check_own(actor: Actor, id: UserId, role: Role) -> Result<(), Problem> {
    if actor.role != role {
        return Err(Code::RoleForbidden.into());
    }
    if actor.user_id == id { Ok(()) } else { Err(Code::NotFound.into()) }
}

async fn written(
    service: &Service,
    Actor { user_id, role }: Actor,
    trace: &str,
    form: ProfileForm,
) -> Result<Json<OwnProfile>, Problem> {
    let store = &service.store;
    let now = store.clock().now();
    let form = form.checked(role, CalendarDay::of(now))?;
    let read = Some(form.version);
    let news = || Ok(Some(ChangeNews::of(EventType::ProfileUpdated)));
    Ok(Json(match role {
        Role::Provider => {
            store.own::<ProviderProfile>(user_id, role, trace).await?;
            let change = |profile: &mut ProviderProfile| {
                form.apply_to_provider(profile, now);
                news()
            };
            (&store.change(user_id, read, trace, change).await?).into()
        }
        Role::Customer | Role::Admin => {
            store.own::<CustomerProfile>(user_id, role, trace).await?;
            let first_address = AddressId(store.clock().new_id());
            let change = |profile: &mut CustomerProfile| {
                form.apply_to_customer(profile, first_address);
                news()
            };
            (&store.change(user_id, read, trace, change).await?).into()
        }
    }))
}
