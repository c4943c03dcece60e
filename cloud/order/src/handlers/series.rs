//! Jobs that repeat: the times of a rule, the orders of a series, and the end of the rest of it.

use axum::extract::State;
use process::{
    idempotency::Idempotency,
    problem::{Json, MaybeJson, Path, Problem},
    tokens::Caller,
};
use rules::{Attempt, OCCURRENCES_MAX, Origin, Recurrence, RecurrenceRefusal};
use serde::{Deserialize, Serialize};
use texts::Phrase;
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{
    Actor, Code, Command, CommandBody, Order, OrderCode, OrderId, OrderStatus, PlannedTime, Role,
    UnixMillis, check_times, order_visible_to,
};

use super::{
    CommandSender, WholeList,
    commands::{ReasonForm, check_optional_reason},
    require_success,
};
use crate::{
    actions::Service,
    say,
    store::{Publication, SeriesOrder, SeriesPlace, SeriesPublication, derive_command_id},
};

/// How a job repeats.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RepeatForm {
    /// An RRULE of iCalendar: FREQ is DAILY, WEEKLY or MONTHLY, and ends by COUNT or UNTIL. INTERVAL
    /// and BYDAY may follow. It has 2 to 26 times within a year, the first at the job's own.
    #[schema(max_length = 200, examples("FREQ=DAILY;COUNT=3"))]
    rule: String,
    /// The IANA name of the customer's time zone, in which the job keeps its hour.
    #[schema(max_length = 64, examples("Asia/Shanghai"))]
    time_zone: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OccurrencesForm {
    /// As in `repeat` of a publication.
    #[schema(max_length = 200, examples("FREQ=DAILY;COUNT=3"))]
    rule: String,
    #[schema(max_length = 64, examples("Asia/Shanghai"))]
    time_zone: String,
    service_start_time: UnixMillis,
    service_end_time: Option<UnixMillis>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SeriesView {
    id: Uuid,
    /// For its customer and admins: others would read from it when the orders are that they may not
    /// see.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
    items: Vec<SeriesItem>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SeriesItem {
    /// From 1 on.
    number: u64,
    order_id: OrderId,
    code: OrderCode,
    status: OrderStatus,
    #[schema(required)]
    service_start_time: Option<UnixMillis>,
    #[schema(required)]
    service_end_time: Option<UnixMillis>,
    version: u64,
}

/// An order, with its place in its series.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderInSeries {
    #[serde(flatten)]
    order: Order,
    /// Absent for a single order.
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<OrderPlace>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OrderPlace {
    id: Uuid,
    /// From 1 on.
    number: u64,
    /// The orders that the series was published with.
    occurrences: u64,
}

/// What came out for one order of a series.
#[derive(Serialize, ToSchema)]
pub(crate) struct SeriesCancellation {
    number: u64,
    order_id: OrderId,
    code: OrderCode,
    /// After the command.
    status: OrderStatus,
    /// Why the order was not cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Code>,
}

impl RepeatForm {
    pub(super) fn into_series(
        self,
        publication: Publication,
    ) -> Result<SeriesPublication, Problem> {
        let first = PlannedTime {
            service_start_time: publication
                .draft
                .service_start_time
                .ok_or_else(|| refusal_to_problem(RecurrenceRefusal::NoHours, REPEAT))?,
            service_end_time: publication.draft.service_end_time,
        };
        let refused = |refusal| refusal_to_problem(refusal, REPEAT);
        let recurrence = Recurrence::parse(&self.rule, &self.time_zone).map_err(refused)?;
        let times = recurrence.list_occurrences(first).map_err(refused)?;
        Ok(SeriesPublication {
            publication,
            recurrence,
            times,
        })
    }
}

/// The names of the recurrence fields in a form.
#[derive(Clone, Copy)]
struct RepeatFields {
    rule: &'static str,
    time_zone: &'static str,
}

const REPEAT: RepeatFields = RepeatFields {
    rule: "repeat.rule",
    time_zone: "repeat.time_zone",
};

const PREVIEW: RepeatFields = RepeatFields {
    rule: "rule",
    time_zone: "time_zone",
};

fn refusal_to_problem(refusal: RecurrenceRefusal, fields: RepeatFields) -> Problem {
    let rule = |why: Phrase| Problem::wrong_field(fields.rule, why);
    match refusal {
        RecurrenceRefusal::UnknownRule => rule(say::repeat_rule_unknown),
        RecurrenceRefusal::WrongEnd => rule(say::repeat_end_wrong),
        RecurrenceRefusal::FirstNotInRule => rule(say::repeat_first_not_in_rule),
        RecurrenceRefusal::TooFew => rule(say::repeat_too_few),
        RecurrenceRefusal::TooLong => rule(say::repeat_too_long),
        RecurrenceRefusal::Overlapping => rule(say::repeat_overlapping),
        RecurrenceRefusal::TooMany => {
            let most = OCCURRENCES_MAX.into();
            Problem::wrong_field(fields.rule, say::repeat_too_many { most })
        }
        RecurrenceRefusal::UnknownTimeZone => {
            Problem::wrong_field(fields.time_zone, say::repeat_time_zone_unknown)
        }
        RecurrenceRefusal::NoHours => {
            Problem::wrong_field("service_start_time", say::repeat_without_hours)
        }
    }
}

pub(crate) async fn list_occurrences(
    _: Caller,
    Json(form): Json<OccurrencesForm>,
) -> Result<Json<WholeList<PlannedTime>>, Problem> {
    let first = PlannedTime {
        service_start_time: form.service_start_time,
        service_end_time: form.service_end_time,
    };
    if let Some(error) = check_times(Some(first.service_start_time), first.service_end_time) {
        return Err(error.into());
    }
    let refused = |refusal| refusal_to_problem(refusal, PREVIEW);
    let recurrence = Recurrence::parse(&form.rule, &form.time_zone).map_err(refused)?;
    let items = recurrence.list_occurrences(first).map_err(refused)?;
    Ok(Json(WholeList { items }))
}

pub(crate) async fn show_series(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<OrderId>,
) -> Result<Json<SeriesView>, Problem> {
    check_may_read(&service, caller.actor, id).await?;
    let series = load_series(&service, caller.actor, id).await?;
    series.map(Json).ok_or_else(|| Code::NotFound.into())
}

async fn check_may_read(service: &Service, reader: Actor, id: OrderId) -> Result<(), Problem> {
    let order = service.store.find_order(id).await?;
    let order = order.ok_or(Code::OrderNotFound)?;
    match order_visible_to(&order, reader) {
        Some(_) => Ok(()),
        None => Err(Code::OrderNotFound.into()),
    }
}

/// The series of an order, with the orders that this person may read.
pub(super) async fn load_series(
    service: &Service,
    reader: Actor,
    id: OrderId,
) -> Result<Option<SeriesView>, Problem> {
    let Some(series) = service.store.find_series(id).await? else {
        return Ok(None);
    };
    let orders = service.store.list_series_orders(series.id).await?;
    let items = orders
        .into_iter()
        .filter_map(|SeriesOrder { number, order }| {
            let order = order_visible_to(&order, reader)?;
            Some(SeriesItem {
                number,
                order_id: order.id,
                code: order.code,
                status: order.status,
                service_start_time: order.service_start_time,
                service_end_time: order.service_end_time,
                version: order.version,
            })
        });
    let reads_rule = reader.role == Role::Admin || series.customer_id == reader.user_id;
    Ok(Some(SeriesView {
        id: series.id,
        rule: reads_rule.then_some(series.rule),
        time_zone: reads_rule.then_some(series.time_zone),
        items: items.collect(),
    }))
}

impl OrderInSeries {
    pub(super) async fn load(service: &Service, order: Order) -> Result<Self, Problem> {
        let places = service.store.list_series_places(&[order.id]).await?;
        Ok(Self::from_places(order, &places))
    }

    pub(super) async fn load_all(
        service: &Service,
        orders: Vec<Order>,
    ) -> Result<Vec<Self>, Problem> {
        let ids: Vec<OrderId> = orders.iter().map(|order| order.id).collect();
        let places = service.store.list_series_places(&ids).await?;
        let placed = orders
            .into_iter()
            .map(|order| Self::from_places(order, &places));
        Ok(placed.collect())
    }

    fn from_places(order: Order, places: &[SeriesPlace]) -> Self {
        let place = places.iter().find(|place| place.order_id == order.id);
        Self {
            series: place.map(|place| OrderPlace {
                id: place.series_id,
                number: place.number,
                occurrences: place.occurrences,
            }),
            order,
        }
    }
}

/// Sends an ordinary cancel for each order, without a fee: those that would cost one are refused.
pub(crate) async fn cancel_rest(
    State(service): State<Service>,
    Path(id): Path<OrderId>,
    sender: CommandSender,
    MaybeJson(ReasonForm { reason }): MaybeJson<ReasonForm>,
) -> Result<Json<WholeList<SeriesCancellation>>, Problem> {
    check_optional_reason(reason.as_deref())?;
    let CommandSender {
        caller,
        idempotency,
        ..
    } = sender;
    check_may_read(&service, caller.actor, id).await?;
    let series = service.store.find_series(id).await?;
    let series = series.ok_or(Code::NotFound)?;
    let orders = service.store.list_series_orders(series.id).await?;
    let from = orders.iter().find(|one| one.order.id == id);
    let from = from.map(|one| one.number).ok_or(Code::NotFound)?;
    let mut items = Vec::new();
    for SeriesOrder { number, order } in orders.into_iter().filter(|one| one.number >= from) {
        let attempt = build_cancel(&caller, &idempotency, order.id, reason.clone());
        let decision = service.submit_command(attempt).await?;
        let (status, refused) = match require_success(decision, caller.actor) {
            Ok(order) => (order.status, None),
            Err(problem) => (order.status, Some(problem.code())),
        };
        items.push(SeriesCancellation {
            number,
            order_id: order.id,
            code: order.code,
            status,
            refused,
        });
    }
    Ok(Json(WholeList { items }))
}

fn build_cancel(
    caller: &Caller,
    idempotency: &Idempotency,
    order_id: OrderId,
    reason: Option<String>,
) -> Attempt {
    let command = Command {
        id: derive_command_id(idempotency.command_id, order_id.0.as_bytes()),
        body: CommandBody::CancelOrder {
            order_id,
            reason,
            fee: None,
        },
        device: None,
        device_seq: None,
        tapped_at: None,
        trace: idempotency.trace.clone(),
    };
    Attempt {
        command,
        actor: Some(caller.actor),
        verification: Some(caller.claims.provider_mark()),
        origin: Origin::Portal,
    }
}
