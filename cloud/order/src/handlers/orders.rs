//! One order: a customer publishes it, and its people read it and its timeline. An order that the
//! caller may not see does not exist for them: 404, never 403.
//!
//! Invariant: the form becomes a complete draft. The systems Holdfast replaces accepted orders
//! without title and address; the form fills them in, so every order has both.

use axum::{
    extract::State,
    http::{HeaderName, header},
};
use process::{
    idempotency::Idempotency,
    problem::{CreatedJson, Json, Path, Problem},
    tokens::Caller,
};
use serde::{Deserialize, Serialize};
use texts::Phrase;
use utoipa::ToSchema;
use wire::{
    Actor, Amount, AssignmentEvent, Code, Currency, Draft, Language, Order, OrderCode, OrderId,
    OrderStatus, PhotoRef, Region, Role, ServiceType, StartCode, TimelineEntry, UnixMillis,
    order_visible_to,
};

use super::{
    CommandSender, OrderView, WholeList,
    receipts::TrackingReceipt,
    require_success,
    series::{OrderInSeries, RepeatForm, SeriesView, load_series},
};
use crate::{actions::Service, say, store::Publication};

/// A customer's form for publishing an order.
#[derive(Deserialize, ToSchema)]
pub(crate) struct OrderForm {
    /// Defaults to the name of the service type.
    title: Option<String>,
    #[serde(default)]
    description: String,
    service_type: ServiceType,
    /// Also accepted as `amount`.
    #[serde(alias = "amount")]
    price: Amount,
    #[serde(default)]
    currency: Currency,
    location: Region,
    /// Defaults to a note that customer and provider arrange it.
    address: Option<String>,
    service_start_time: Option<UnixMillis>,
    service_end_time: Option<UnixMillis>,
    /// The work may start only with a code that the customer reads out:
    /// `GET orders/{id}/start-code`.
    #[serde(default)]
    start_code: bool,
    /// Photos of the job, by the hash of their bytes. At most 4, each once. The bytes follow with
    /// `PUT orders/{id}/photos/{hash}`.
    #[serde(default)]
    photos: Vec<PhotoRef>,
    /// Publishes the job once for each time of a rule, all of them or none. It needs hours of a day.
    repeat: Option<RepeatForm>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PublishReply {
    order_id: OrderId,
    code: OrderCode,
    status: OrderStatus,
    message: &'static str,
    /// For the receipt.
    tracking: TrackingReceipt,
    order: OrderView,
    /// If the job repeats. The other fields are about its first order.
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<SeriesView>,
}

pub(crate) async fn publish(
    State(service): State<Service>,
    CommandSender {
        caller,
        idempotency,
        language,
        ..
    }: CommandSender,
    Json(mut form): Json<OrderForm>,
) -> Result<([(HeaderName, String); 1], CreatedJson<PublishReply>), Problem> {
    let wants_start_code = form.start_code;
    let repeat = form.repeat.take();
    let draft = form.into_draft(language);
    // The rules repeat this check; only here can the response name each field.
    wire::check_draft(&draft)?;
    let Idempotency { command_id, trace } = idempotency;
    let publication = Publication {
        command_id,
        actor: caller.actor,
        draft,
        wants_start_code,
        trace,
    };
    let decision = match repeat {
        Some(repeat) => {
            service
                .publish_series(repeat.into_series(publication)?)
                .await?
        }
        None => service.publish_order(publication).await?,
    };
    let order = require_success(decision, caller.actor)?;
    let series = load_series(&service, caller.actor, order.id).await?;
    let place = [(header::LOCATION, format!("/api/v1/orders/{}", order.id))];
    let reply = PublishReply {
        order_id: order.id,
        code: order.code.clone(),
        status: order.status,
        message: say::order_published.text_in(language),
        tracking: TrackingReceipt::for_order(&service, &order),
        order: OrderView::for_reader(order, caller.actor),
        series,
    };
    Ok((place, CreatedJson(reply)))
}

impl OrderForm {
    /// Fills missing fields with text in the customer's language.
    pub(crate) fn into_draft(self, language: Language) -> Draft {
        let Self {
            title,
            description,
            service_type,
            price,
            currency,
            location,
            address,
            photos,
            ..
        } = self;
        Draft {
            title: title
                .unwrap_or_else(|| service_type_name(service_type).text_in(language).to_owned()),
            description,
            service_type,
            price,
            currency,
            location,
            address: address.unwrap_or_else(|| say::address_arranged.text_in(language).to_owned()),
            service_start_time: self.service_start_time,
            service_end_time: self.service_end_time,
            // Follows from the order's id.
            start_code: None,
            photos,
        }
    }
}

fn service_type_name(service_type: ServiceType) -> Phrase {
    match service_type {
        ServiceType::CleaningRepair => say::service_cleaning_repair,
        ServiceType::ItTechnology => say::service_it_technology,
        ServiceType::EducationTraining => say::service_education_training,
        ServiceType::LifeHealth => say::service_life_health,
        ServiceType::DesignConsulting => say::service_design_consulting,
        ServiceType::Other => say::service_other,
    }
}

pub(crate) async fn order(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<OrderInSeries>, Problem> {
    let order = service.store.find_order(id).await?;
    let seen = order.and_then(|order| order_visible_to(&order, caller.actor));
    let order = seen.ok_or(Code::OrderNotFound)?;
    Ok(Json(OrderInSeries::load(&service, order).await?))
}

/// Returns the order if the person may read its history. It is for the order's own people and
/// admins: other providers see the work in an open order, but not its history.
pub(crate) async fn find_order_with_history(
    service: &Service,
    actor: Actor,
    id: OrderId,
) -> Result<Order, Problem> {
    let order = service
        .store
        .find_order(id)
        .await?
        .ok_or(Code::OrderNotFound)?;
    if !is_reader_of_history(&order, actor) || order_visible_to(&order, actor).is_none() {
        return Err(Code::OrderNotFound.into());
    }
    Ok(order)
}

/// True if a person who sees the order may also read its history.
pub(super) fn is_reader_of_history(order: &Order, actor: Actor) -> bool {
    actor.role != Role::Provider || order.provider_id == Some(actor.user_id)
}

pub(crate) async fn timeline(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<WholeList<TimelineEntry>>, Problem> {
    let actor = caller.actor;
    let order = find_order_with_history(&service, actor, id).await?;
    let mut items = service.store.read_timeline(id).await?;
    if actor.role == Role::Admin {
        // Includes the operator's name and reason, which only operators may see.
        service
            .store
            .fill_in_promise_ends(order.location, items.iter_mut())
            .await?;
    }
    Ok(Json(WholeList { items }))
}

/// The service types of a region that are paid for after the work.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaidAfterwards {
    region: Region,
    service_types: Vec<ServiceType>,
}

/// Both sides of an order have to see this before the work. Omits regions without such work.
pub(crate) async fn paid_afterwards(
    State(service): State<Service>,
    _: Caller,
) -> Result<Json<WholeList<PaidAfterwards>>, Problem> {
    let regions = service.store.list_assignments().await?.into_iter();
    let items = regions.map(|AssignmentEvent { region, assignment }| PaidAfterwards {
        region,
        service_types: assignment.rules.paid_afterwards,
    });
    Ok(Json(WholeList {
        items: items.filter(|one| !one.service_types.is_empty()).collect(),
    }))
}

/// What the customer reads out to the provider who stands at the door.
#[derive(Serialize, ToSchema)]
pub(crate) struct StartCodeView {
    start_code: StartCode,
}

/// For the order's customer alone: with it, anyone can start the work in the customer's name.
pub(crate) async fn start_code(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<StartCodeView>, Problem> {
    let order = service.store.find_order(id).await?;
    let customer = caller.actor.user_id;
    let order = order.filter(|order| order.customer_id == customer && order.start_code.is_some());
    let order = order.ok_or(Code::OrderNotFound)?;
    Ok(Json(StartCodeView {
        start_code: service.store.start_code(order.id),
    }))
}
