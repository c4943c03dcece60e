//! A person's devices: the tablets that registered a key. Their owner lists, names and ends them,
//! and an admin lists and ends them.

use axum::{extract::State, http::StatusCode};
use process::{
    problem::{ItemList, Json, Path, Problem, no_content_or_not_found},
    trace::RequestTrace,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, DeviceId, RegisteredDeviceId, UnixMillis, UserId};

use crate::{
    domain::DeviceLabel,
    service::{LiveCaller, Service},
    store::{DeviceEnding, RegisteredDevice},
};

#[derive(Serialize, ToSchema)]
pub(crate) struct DeviceItem {
    device_id: RegisteredDeviceId,
    /// What its person calls it.
    label: String,
    /// Its name at edges.
    tablet: DeviceId,
    first_seen_at: UnixMillis,
    /// Its latest sign-in.
    renewed_at: UnixMillis,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct DeviceLabelForm {
    label: String,
}

/// A person's device.
#[derive(Deserialize, ToSchema)]
pub(crate) struct DevicePath {
    id: UserId,
    device: RegisteredDeviceId,
}

pub(crate) async fn list_devices(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
) -> Result<ItemList<DeviceItem>, Problem> {
    load_device_list(&service, caller.claims.sub).await
}

pub(crate) async fn list_devices_of_person(
    State(service): State<Service>,
    Path(user): Path<UserId>,
) -> Result<ItemList<DeviceItem>, Problem> {
    service.store.load_role(user).await?.ok_or(Code::NotFound)?;
    load_device_list(&service, user).await
}

/// Not paged: a person has few devices.
async fn load_device_list(
    service: &Service,
    user: UserId,
) -> Result<ItemList<DeviceItem>, Problem> {
    let devices = service.store.list_devices(user).await?;
    let items = devices.into_iter().map(DeviceItem::from);
    Ok(ItemList::from_all_items(items.collect()))
}

impl From<RegisteredDevice> for DeviceItem {
    fn from(device: RegisteredDevice) -> Self {
        Self {
            device_id: device.id,
            label: device.label,
            tablet: device.tablet,
            first_seen_at: device.first_seen_at,
            renewed_at: device.renewed_at,
        }
    }
}

pub(crate) async fn label_device(
    State(service): State<Service>,
    LiveCaller(caller): LiveCaller,
    Path(device): Path<RegisteredDeviceId>,
    Json(form): Json<DeviceLabelForm>,
) -> Result<StatusCode, Problem> {
    let label = DeviceLabel::new("label", &form.label)?;
    let is_own = service
        .store
        .label_device(caller.claims.sub, device, &label)
        .await?;
    no_content_or_not_found(is_own)
}

pub(crate) async fn end_device(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
    Path(device): Path<RegisteredDeviceId>,
) -> Result<StatusCode, Problem> {
    let ending = DeviceEnding {
        user: caller.claims.sub,
        device,
        by: None,
        at: service.clock.now(),
    };
    let has_ended = service
        .end_device(ending, caller.claims.role, &trace)
        .await?;
    no_content_or_not_found(has_ended)
}

pub(crate) async fn end_device_of_person(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    LiveCaller(caller): LiveCaller,
    Path(DevicePath { id: user, device }): Path<DevicePath>,
) -> Result<StatusCode, Problem> {
    let role = service.store.load_role(user).await?.ok_or(Code::NotFound)?;
    let ending = DeviceEnding {
        user,
        device,
        by: Some(caller.actor.user_id),
        at: service.clock.now(),
    };
    let has_ended = service.end_device(ending, role, &trace).await?;
    no_content_or_not_found(has_ended)
}
