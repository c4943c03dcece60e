//! The two people of an order: each sees the other's name, photo, verified mark and masked phone
//! number, and may request the number itself.
//!
//! Invariants: the order service decides who the two are; each showing of a number is recorded
//! before it is answered; an order of others gets the same answer as a missing one.

use axum::extract::State;
use platform::files::LinkQuery;
use process::{
    problem::{Json, Path, Problem},
    tokens::Caller,
};
use serde::Serialize;
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use wire::{Actor, Code, FileId, OrderId, Role, UnixMillis, is_party};

use super::Service;
use crate::{
    domain::{CustomerProfile, ProfileBody, ProviderProfile, find_contact, mask_phone_number},
    store::{NUMBER_SHOWINGS_MAX, NumberShowing},
};

/// The other person of an order.
#[skip_serializing_none]
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OrderContact {
    /// Their part in the order.
    role: Role,
    /// Absent until they enter one, such as for the account of a kiosk.
    full_name: Option<String>,
    /// The path of a link that shows their photo for five minutes.
    photo_url: Option<String>,
    /// An admin verified this provider.
    verified: bool,
    /// `138****1000`; absent if they entered none.
    masked_phone: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContactNumber {
    phone_number: String,
}

/// A phone number was shown to this person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NumberShowingView {
    shown_at: UnixMillis,
    shown_to: Actor,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NumberShowings {
    /// Newest first.
    items: Vec<NumberShowingView>,
}

/// The stored fields that a contact consists of.
#[derive(Default)]
struct ContactFields {
    full_name: String,
    phone_number: String,
    photo: Option<FileId>,
    verified: bool,
}

pub(crate) async fn show_contact(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<OrderContact>, Problem> {
    let order = service.fetch_order(id).await?;
    let other = find_contact(&order, caller.actor)?;
    let fields = load_contact_fields(&service, other).await?;
    let phone = Some(&fields.phone_number).filter(|number| !number.is_empty());
    Ok(Json(OrderContact {
        role: other.role,
        photo_url: fields.photo.map(|photo| link_to_photo(&service, photo)),
        verified: fields.verified,
        masked_phone: phone.map(|number| mask_phone_number(number)),
        full_name: Some(fields.full_name).filter(|name| !name.is_empty()),
    }))
}

pub(crate) async fn show_number(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<ContactNumber>, Problem> {
    let order = service.fetch_order(id).await?;
    let other = find_contact(&order, caller.actor)?;
    let fields = load_contact_fields(&service, other).await?;
    if fields.phone_number.is_empty() {
        return Err(Code::NoPhoneNumber.into());
    }
    let reader = caller.actor;
    let shown = service
        .store
        .count_number_showings(id, reader.user_id)
        .await?;
    // Concurrent requests may add a few more; the gateway's rate limit bounds them.
    if shown >= NUMBER_SHOWINGS_MAX {
        return Err(Code::TooManyNumberReads.into());
    }
    let showing = NumberShowing {
        order_id: id,
        reader_id: reader.user_id,
        reader_role: reader.role,
        owner_id: other.user_id,
        shown_at: service.store.clock().now(),
    };
    service.store.record_number_showing(&showing).await?;
    tracing::info!(
        order.id = %id, user.id = %reader.user_id,
        "A phone number was shown to the other person of an order"
    );
    Ok(Json(ContactNumber {
        phone_number: fields.phone_number,
    }))
}

pub(crate) async fn list_showings(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<NumberShowings>, Problem> {
    let order = service.fetch_order(id).await?;
    let actor = caller.actor;
    if actor.role != Role::Admin && !is_party(&order, actor) {
        return Err(Code::OrderNotFound.into());
    }
    let shown = service.store.list_number_showings(id).await?;
    let items = shown.into_iter().map(NumberShowingView::from).collect();
    Ok(Json(NumberShowings { items }))
}

impl From<NumberShowing> for NumberShowingView {
    fn from(showing: NumberShowing) -> Self {
        Self {
            shown_at: showing.shown_at,
            shown_to: Actor {
                user_id: showing.reader_id,
                role: showing.reader_role,
            },
        }
    }
}

/// Empty for a person without a profile, and for a closed account.
async fn load_contact_fields(service: &Service, person: Actor) -> Result<ContactFields, Problem> {
    let store = &service.store;
    let found = match person.role {
        Role::Provider => store
            .get::<ProviderProfile>(person.user_id)
            .await?
            .map(|profile| ContactFields {
                verified: profile.is_verified() && !profile.person.is_closed,
                ..ContactFields::from_profile(&profile)
            }),
        Role::Customer | Role::Admin => store
            .get::<CustomerProfile>(person.user_id)
            .await?
            .map(|profile| ContactFields::from_profile(&profile)),
    };
    Ok(found.unwrap_or_default())
}

impl ContactFields {
    fn from_profile(profile: &impl ProfileBody) -> Self {
        let person = profile.person();
        if person.is_closed {
            return Self::default();
        }
        Self {
            full_name: person.full_name.clone(),
            phone_number: person.phone_number.clone(),
            photo: person.photo,
            verified: false,
        }
    }
}

/// A signed link: a customer's photo has no other readers than themselves and admins.
fn link_to_photo(service: &Service, photo: FileId) -> String {
    let LinkQuery { expires, signature } = service.links.sign_link(photo);
    format!("/api/v1/files/{photo}/signed?expires={expires}&signature={signature}")
}
