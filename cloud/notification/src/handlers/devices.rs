//! A person's own browsers that take pushes.

use axum::{extract::State, http::StatusCode};
use platform::{
    documents::Document,
    web_push::{DeviceKeys, PushServices},
};
use process::{
    problem::{CreatedJson, ItemList, Json, Path, Problem, no_content_or_not_found},
    tokens::Caller,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, FieldError, TextRule, UnixMillis, check_text};

use super::Service;
use crate::{
    domain::Channel,
    say,
    store::{PushDevice, PushDeviceId, StoredSubscription},
};

const NAME: TextRule = TextRule {
    chars_min: 1,
    chars_max: 60,
    lines: false,
};

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PushState {
    /// False if the platform sends no pushes to browsers.
    is_on: bool,
    /// The `applicationServerKey` of a subscription; `null` while pushes are off.
    #[schema(required)]
    public_key: Option<String>,
}

/// A browser that takes pushes.
#[derive(Serialize, ToSchema)]
pub(crate) struct PushDeviceItem {
    id: PushDeviceId,
    /// SHA-256 of the endpoint in base64url, by which a browser finds itself in the list.
    endpoint_hash: String,
    name: String,
    created_at: UnixMillis,
    #[schema(required)]
    last_delivered_at: Option<UnixMillis>,
    #[schema(required)]
    last_failed_at: Option<UnixMillis>,
}

/// The browser's subscription; keys are in base64url without padding.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PushDeviceForm {
    /// The browser and its system.
    #[schema(min_length = 1, max_length = 60)]
    name: String,
    #[schema(max_length = 1000)]
    endpoint: String,
    #[schema(min_length = 87, max_length = 87)]
    p256dh: String,
    #[schema(min_length = 22, max_length = 22)]
    auth: String,
}

pub(crate) async fn show_push(
    State(service): State<Service>,
    caller: Caller,
) -> Result<Json<PushState>, Problem> {
    let web_push = service.web_push.as_ref();
    let web_push = web_push.filter(|_| Channel::Push.can_reach(caller.actor.role));
    Ok(Json(PushState {
        is_on: web_push.is_some(),
        public_key: web_push.map(|web_push| web_push.public_key().to_owned()),
    }))
}

/// Not paged: a person has few devices.
pub(crate) async fn list_push_devices(
    State(service): State<Service>,
    caller: Caller,
) -> Result<ItemList<PushDeviceItem>, Problem> {
    let own = service
        .devices
        .find_devices_of(caller.actor.user_id)
        .await?;
    let items = own.into_iter().map(PushDeviceItem::from);
    Ok(ItemList::from_all_items(items.collect()))
}

pub(crate) async fn register_push_device(
    State(service): State<Service>,
    caller: Caller,
    Json(form): Json<PushDeviceForm>,
) -> Result<CreatedJson<PushDeviceItem>, Problem> {
    let web_push = service.web_push.as_ref();
    let web_push = web_push
        .filter(|_| Channel::Push.can_reach(caller.actor.role))
        .ok_or(Code::PushOff)?;
    let (name, subscription) = check_form(form, web_push.services())?;
    let clock = &service.verifier.clock;
    let device = service
        .devices
        .register(
            clock.new_id(),
            caller.actor.user_id,
            &name,
            &subscription,
            clock.now(),
        )
        .await?;
    Ok(CreatedJson(device.into()))
}

pub(crate) async fn end_push_device(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<PushDeviceId>,
) -> Result<StatusCode, Problem> {
    let is_ended = service
        .devices
        .end_own_device(caller.actor.user_id, id.0)
        .await?;
    no_content_or_not_found(is_ended)
}

fn check_form(
    form: PushDeviceForm,
    services: &PushServices,
) -> Result<(String, StoredSubscription), Problem> {
    let PushDeviceForm {
        name,
        endpoint,
        p256dh,
        auth,
    } = form;
    let mut errors = Vec::new();
    if services.check_endpoint(&endpoint).is_none() {
        errors.push(FieldError::new("endpoint", say::push_service_unknown));
    }
    if DeviceKeys::parse_point(&p256dh).is_none() {
        errors.push(FieldError::new("p256dh", say::push_key_invalid));
    }
    if DeviceKeys::parse_auth(&auth).is_none() {
        errors.push(FieldError::new("auth", say::push_key_invalid));
    }
    let name = check_text("name", &name, NAME).unwrap_or_else(|error| {
        errors.push(error);
        String::new()
    });
    if !errors.is_empty() {
        return Err(errors.into());
    }
    let subscription = StoredSubscription {
        endpoint,
        p256dh,
        auth,
    };
    Ok((name, subscription))
}

impl From<Document<PushDevice>> for PushDeviceItem {
    fn from(device: Document<PushDevice>) -> Self {
        Self {
            id: PushDeviceId(device.id),
            endpoint_hash: device.body.public_endpoint_hash(),
            name: device.body.name,
            created_at: device.body.created_at,
            last_delivered_at: device.body.delivered_at,
            last_failed_at: device.body.failed_at,
        }
    }
}
