//! Routes for a person's own addresses, which share the version of the profile.

use axum::extract::State;
use process::{
    problem::{CreatedJson, Json, Path, Problem, Query},
    tokens::Caller,
    trace::RequestTrace,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Actor, EventType, Role};

use super::Service;
use crate::{
    domain::{
        self, Address, AddressForm, AddressId, CustomerProfile, PersonRecord, ProviderProfile,
    },
    store::{ProfileEventDraft, ProfileRefusal, StoredProfile},
};

#[derive(Debug, Serialize, ToSchema)]
pub struct AddressBook {
    /// The profile version, to send with the next change.
    version: i64,
    items: Vec<Address>,
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct VersionQuery {
    /// The version that the client read.
    version: i64,
}

pub async fn list(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    Caller { actor, .. }: Caller,
) -> Result<Json<AddressBook>, Problem> {
    let Actor { user_id, role } = actor;
    let store = &service.store;
    let trace = trace.as_str();
    Ok(Json(match role {
        Role::Provider => (&store
            .load_or_create_profile::<ProviderProfile>(user_id, role, trace)
            .await?
            .person)
            .into(),
        Role::Customer | Role::Admin => (&store
            .load_or_create_profile::<CustomerProfile>(user_id, role, trace)
            .await?
            .person)
            .into(),
    }))
}

pub async fn add(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    Caller { actor, .. }: Caller,
    Json(form): Json<AddressForm>,
) -> Result<CreatedJson<AddressBook>, Problem> {
    let version = form.version;
    let address = form.into_address(AddressId(service.store.clock().new_id()))?;
    let changed = change_addresses(&service, actor, version, trace.as_str(), |all| {
        Ok(domain::add_address(all, address.clone())?)
    });
    Ok(CreatedJson(changed.await?))
}

pub async fn edit(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    Caller { actor, .. }: Caller,
    Path(id): Path<AddressId>,
    Json(form): Json<AddressForm>,
) -> Result<Json<AddressBook>, Problem> {
    let version = form.version;
    let address = form.into_address(id)?;
    let changed = change_addresses(&service, actor, version, trace.as_str(), |all| {
        require_found(domain::edit_address(all, &address))
    });
    Ok(Json(changed.await?))
}

pub async fn remove(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    Caller { actor, .. }: Caller,
    Path(id): Path<AddressId>,
    Query(VersionQuery { version }): Query<VersionQuery>,
) -> Result<Json<AddressBook>, Problem> {
    let changed = change_addresses(&service, actor, version, trace.as_str(), |all| {
        require_found(domain::remove_address(all, id))
    });
    Ok(Json(changed.await?))
}

fn require_found(is_there: bool) -> Result<(), ProfileRefusal> {
    if is_there {
        Ok(())
    } else {
        Err(ProfileRefusal::Missing)
    }
}

async fn change_addresses(
    service: &Service,
    actor: Actor,
    version: i64,
    trace: &str,
    change: impl FnMut(&mut Vec<Address>) -> Result<(), ProfileRefusal>,
) -> Result<AddressBook, Problem> {
    match actor.role {
        Role::Provider => {
            change_addresses_in::<ProviderProfile>(service, actor, version, trace, change).await
        }
        Role::Customer | Role::Admin => {
            change_addresses_in::<CustomerProfile>(service, actor, version, trace, change).await
        }
    }
}

async fn change_addresses_in<D: StoredProfile>(
    service: &Service,
    Actor { user_id, role }: Actor,
    version: i64,
    trace: &str,
    mut change: impl FnMut(&mut Vec<Address>) -> Result<(), ProfileRefusal>,
) -> Result<AddressBook, Problem> {
    let store = &service.store;
    store
        .load_or_create_profile::<D>(user_id, role, trace)
        .await?;
    let changed = store.change_profile::<D>(user_id, Some(version), trace, |profile| {
        change(&mut profile.person_mut().addresses)?;
        Ok(Some(ProfileEventDraft::from_kind(
            EventType::ProfileUpdated,
        )))
    });
    Ok(changed.await?.person().into())
}

impl From<&PersonRecord> for AddressBook {
    fn from(person: &PersonRecord) -> Self {
        Self {
            version: person.revision,
            items: person.addresses.clone(),
        }
    }
}
