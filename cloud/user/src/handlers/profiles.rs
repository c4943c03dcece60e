//! People's own profiles and addresses, which share one version, and the public view of a profile.

use axum::extract::State;
use process::{
    problem::{CreatedJson, Json, Path, Problem, Query},
    tokens::Caller,
    trace::RequestTrace,
};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use wire::{Actor, Code, EventType, FileId, Permission, Role, UnixMillis, UserId};

use super::{Service, require_found};
use crate::{
    domain::{
        self, Address, AddressForm, AddressId, CalendarDay, Certification, CustomerProfile,
        DayException, PersonRecord, Preferences, ProfileForm, ProviderOffer, ProviderProfile,
        PublicProfile, Verification, VerificationState, VerificationStep,
    },
    store::{ProfileEventDraft, ProfileRefusal, StoredProfile},
};

/// A complete profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum OwnProfile {
    Customer(OwnCustomer),
    Provider(Box<OwnProvider>),
}

/// The complete profile of a customer or an admin.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct OwnCustomer {
    #[serde(flatten)]
    person: OwnPerson,
    date_of_birth: Option<CalendarDay>,
    preferences: Preferences,
}

/// A provider's complete profile, for themselves and for admins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct OwnProvider {
    #[serde(flatten)]
    person: OwnPerson,
    #[serde(flatten)]
    offer: ProviderOffer,
    exceptions: Vec<DayException>,
    certifications: Vec<Certification>,
    verification: VerificationRecord,
}

#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct OwnPerson {
    user_id: UserId,
    role: Role,
    /// Send this with a change; it protects against overwriting a newer profile.
    version: i64,
    /// The name and the phone number are set.
    is_complete: bool,
    full_name: String,
    phone_number: String,
    bio: Option<String>,
    profile_picture_url: Option<String>,
    /// A file id, as in `pictures` and certification documents.
    photo: Option<FileId>,
    created_at: UnixMillis,
    updated_at: UnixMillis,
}

#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct VerificationRecord {
    state: VerificationState,
    /// With `rejected`: an admin asks for more. Add what the last reason names, and submit again.
    asks_more: bool,
    submitted_at: Option<UnixMillis>,
    /// Oldest first.
    steps: Vec<VerificationStep>,
}

impl From<&PersonRecord> for OwnPerson {
    fn from(person: &PersonRecord) -> Self {
        Self {
            user_id: person.user_id,
            role: person.role,
            version: person.revision,
            is_complete: person.is_complete(),
            full_name: person.full_name.clone(),
            phone_number: person.phone_number.clone(),
            bio: person.bio.clone(),
            profile_picture_url: person.profile_picture_url.clone(),
            photo: person.photo,
            created_at: person.created_at,
            updated_at: person.updated_at,
        }
    }
}

impl From<&CustomerProfile> for OwnProfile {
    fn from(profile: &CustomerProfile) -> Self {
        Self::Customer(OwnCustomer {
            person: (&profile.person).into(),
            date_of_birth: profile.date_of_birth,
            preferences: profile.preferences.clone(),
        })
    }
}

impl From<&ProviderProfile> for OwnProfile {
    fn from(profile: &ProviderProfile) -> Self {
        Self::Provider(Box::new(profile.into()))
    }
}

impl From<&ProviderProfile> for OwnProvider {
    fn from(profile: &ProviderProfile) -> Self {
        let Verification {
            state,
            asks_more,
            submitted_at,
            steps,
        } = profile.verification.clone();
        Self {
            person: (&profile.person).into(),
            offer: profile.into(),
            exceptions: profile.exceptions.clone(),
            certifications: profile.certifications.clone(),
            verification: VerificationRecord {
                state,
                asks_more,
                submitted_at,
                steps,
            },
        }
    }
}

impl OwnProvider {
    /// Masks the numbers for a list. Admins see them only on the profile opened for a decision.
    #[must_use]
    pub(crate) fn with_masked_numbers(mut self) -> Self {
        mask_number(&mut self.person.phone_number);
        self.certifications
            .iter_mut()
            .for_each(|one| mask_number(&mut one.number));
        self
    }
}

/// Keeps the last two characters, enough to recognise a number. Masks a short one whole, since two
/// would reveal it.
fn mask_number(number: &mut String) {
    let chars = number.chars().count();
    let shown = if chars < 6 { 0 } else { 2 };
    if chars > 0 {
        *number = number.chars().skip(chars - shown).collect();
        number.insert_str(0, "***");
    }
}

pub(crate) async fn show(
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

pub(crate) async fn write(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    Caller { actor, .. }: Caller,
    Json(form): Json<ProfileForm>,
) -> Result<Json<OwnProfile>, Problem> {
    write_profile(&service, actor, trace.as_str(), form).await
}

/// Other customers' profiles need the permission to read people. Without it, the answer is the same
/// as for a missing profile.
pub(crate) async fn show_customer(
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

pub(crate) async fn write_customer(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    Caller { actor, .. }: Caller,
    Path(id): Path<UserId>,
    Json(form): Json<ProfileForm>,
) -> Result<Json<OwnProfile>, Problem> {
    require_own_profile(actor, id, Role::Customer)?;
    write_profile(&service, actor, trace.as_str(), form).await
}

pub(crate) async fn show_provider(
    State(service): State<Service>,
    _: Caller,
    Path(id): Path<UserId>,
) -> Result<Json<PublicProfile>, Problem> {
    match service.store.load_public_profile(id).await? {
        Some(profile) => Ok(Json(profile)),
        None => Err(explain_missing_provider(&service, id).await?),
    }
}

/// Lets pages show that the provider has deleted their account.
async fn explain_missing_provider(service: &Service, id: UserId) -> Result<Problem, Problem> {
    let missing = Problem::new(Code::NotFound);
    let found = service.store.get::<ProviderProfile>(id).await?;
    Ok(match found {
        Some(profile) if profile.person.is_deleted => missing.with_member("deleted", true),
        _ => missing,
    })
}

pub(crate) async fn write_provider(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    Caller { actor, .. }: Caller,
    Path(id): Path<UserId>,
    Json(form): Json<ProfileForm>,
) -> Result<Json<OwnProfile>, Problem> {
    require_own_profile(actor, id, Role::Provider)?;
    write_profile(&service, actor, trace.as_str(), form).await
}

/// Serves every role. Only the owner may write a profile; admins may not.
pub(crate) async fn write_person(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    Caller { actor, .. }: Caller,
    Path(id): Path<UserId>,
    Json(form): Json<ProfileForm>,
) -> Result<Json<OwnProfile>, Problem> {
    require_own_profile(actor, id, actor.role)?;
    write_profile(&service, actor, trace.as_str(), form).await
}

fn require_own_profile(actor: Actor, id: UserId, role: Role) -> Result<(), Problem> {
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

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AddressBook {
    /// The profile version, to send with the next change.
    version: i64,
    items: Vec<Address>,
}

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct VersionQuery {
    /// The version that the client read.
    version: i64,
}

pub(crate) async fn list(
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

pub(crate) async fn add(
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

pub(crate) async fn edit(
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

pub(crate) async fn remove(
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
