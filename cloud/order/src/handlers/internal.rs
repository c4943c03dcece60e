//! Internal routes. Only the hub holds edges' logs and their epochs.

use axum::{
    extract::{FromRequestParts, State},
    http::request::Parts,
};
use custody::{ComparedOrders, OrderVersionsQuery};
use process::{
    parts::CloudPart,
    problem::{Json, Path, Problem, format_error_chain},
    tokens::ServiceCaller,
};
use rules::{Attempt, Origin};
use wire::{
    Assignments, BOOKED_PROVIDERS_MAX, BookedProviders, BookedProvidersQuery, Code, CommandId,
    DistrustedCommands, HeldReason, LeaseRenewalRequest, LeaseRevocation, ListedCaseCount,
    MESSAGE_MARKS_MAX, MESSAGES_IN_ANSWER_MAX, MessagesAnswer, MessagesQuery, OpDecision,
    OpenMattersCount, OpenMattersQuery, OpsBatch, OpsDecisions, OrderAndTerms, OrderId,
    OrderMessage, OrderRangeDigest, OrderRangeQuery, OrdersByIdQuery, OrdersByIdReply, PhotoAnswer,
    PhotoChunkDelivery, RegionAssignment, RevokedLeases, WaitingAccept, WaitingAcceptDecisions,
    WaitingAccepts,
};

use crate::{
    actions::{HUB, Service},
    store::{KNOWN_MAX, MessageRow, StoreError},
};

/// A larger batch would hold its locks too long; the hub splits it.
const OPS_MAX: usize = 5_000;
/// A longer list would keep the hub waiting; the hub splits it.
const ACCEPTS_MAX: usize = 1_000;
const ORDERS_MAX: usize = 200;
const DISTRUSTED_MAX: usize = 1_000;

pub(crate) struct FromHub;

impl FromRequestParts<Service> for FromHub {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let ServiceCaller(from) = ServiceCaller::from_request_parts(parts, service).await?;
        if from == HUB {
            Ok(Self)
        } else {
            Err(Code::RoleForbidden.into())
        }
    }
}

pub(crate) async fn decide_ops_batch(
    State(service): State<Service>,
    _: FromHub,
    Json(batch): Json<OpsBatch>,
) -> Result<Json<OpsDecisions>, Problem> {
    check_length(batch.ops.len(), OPS_MAX)?;
    Ok(Json(service.decide_batch(batch).await?))
}

pub(crate) async fn receive_photo_chunk(
    State(service): State<Service>,
    _: FromHub,
    Json(chunk): Json<PhotoChunkDelivery>,
) -> Result<Json<PhotoAnswer>, Problem> {
    Ok(Json(service.receive_photo_chunk(chunk).await?))
}

pub(crate) async fn list_messages(
    State(service): State<Service>,
    _: FromHub,
    Json(query): Json<MessagesQuery>,
) -> Result<Json<MessagesAnswer>, Problem> {
    check_length(query.marks.len(), MESSAGE_MARKS_MAX)?;
    let photo = match query.photo {
        Some(place) => Some(service.read_message_photo(query.region, place).await?),
        None => None,
    };
    let mut rows = read_messages_after(&service, query).await?;
    let is_more = rows.len() > MESSAGES_IN_ANSWER_MAX;
    rows.truncate(MESSAGES_IN_ANSWER_MAX);
    let messages = rows.into_iter().map(to_order_message).collect();
    Ok(Json(MessagesAnswer {
        messages,
        is_more,
        photo,
    }))
}

/// An order with unreadable messages does not block the others.
async fn read_messages_after(
    service: &Service,
    query: MessagesQuery,
) -> Result<Vec<MessageRow>, Problem> {
    let MessagesQuery { region, marks, .. } = query;
    if marks.is_empty() {
        return Ok(Vec::new());
    }
    let limit = MESSAGES_IN_ANSWER_MAX + 1;
    let all = MessagesQuery {
        region,
        marks,
        photo: None,
    };
    let error = match service.store.list_messages_after_marks(&all, limit).await {
        Ok(rows) => return Ok(rows),
        Err(error) if error.is_unavailable() => return Err(error.into()),
        Err(error) => error,
    };
    tracing::error!(
        error = format_error_chain(&error),
        "Could not read the messages of some orders; the others are told"
    );
    let mut rows = Vec::new();
    for mark in all.marks {
        let one = MessagesQuery {
            region,
            marks: vec![mark],
            photo: None,
        };
        if let Ok(found) = service.store.list_messages_after_marks(&one, limit).await {
            rows.extend(found);
        }
    }
    Ok(rows)
}

fn to_order_message(row: MessageRow) -> OrderMessage {
    OrderMessage {
        order_id: row.order_id,
        number: row.number,
        id: CommandId(row.id),
        from: row.writer_role(),
        provider_id: row.provider_id,
        photo: row.photo(),
        text: row.text,
        sent_at: row.sent_at,
    }
}

/// Decides accepts that waited for their region's holder, or leaves them waiting. An empty list
/// only checks that this service can decide.
pub(crate) async fn waiting_accepts(
    State(service): State<Service>,
    _: FromHub,
    Json(WaitingAccepts { items }): Json<WaitingAccepts>,
) -> Result<Json<WaitingAcceptDecisions>, Problem> {
    check_length(items.len(), ACCEPTS_MAX)?;
    if items.is_empty() {
        service.run_trial_decision().await?;
    }
    let mut answers = Vec::with_capacity(items.len());
    for WaitingAccept {
        command,
        actor,
        revoked,
    } in items
    {
        let origin = Origin::Waited { revoked };
        // The token stays with the hub; our stored copy of the verification status applies.
        let attempt = Attempt {
            command,
            actor: Some(actor),
            verification: None,
            origin,
        };
        answers.push(hold_faulty_accept(service.submit_command(attempt).await)?);
    }
    Ok(Json(WaitingAcceptDecisions { answers }))
}

/// A fault in one accept must not affect the others, unless the database is unavailable.
fn hold_faulty_accept(result: Result<OpDecision, StoreError>) -> Result<OpDecision, Problem> {
    match result.map_err(Problem::from) {
        Err(problem) if problem.code() != Code::Unavailable => {
            Ok(OpDecision::Held(HeldReason::NeedsOperator))
        }
        decided => decided,
    }
}

/// Opens cases for an edge's commands that were decided after the moment from which an operator
/// distrusts it, but before the operator disabled it. Safe to repeat.
pub(crate) async fn list_distrusted(
    State(service): State<Service>,
    _: FromHub,
    Json(DistrustedCommands { edge, commands }): Json<DistrustedCommands>,
) -> Result<Json<ListedCaseCount>, Problem> {
    if commands.len() > DISTRUSTED_MAX {
        return Err(Code::BodyTooLarge.into());
    }
    let listed = service.store.list_distrusted(&commands).await?;
    if listed > 0 {
        tracing::warn!(edge.id = %edge, listed, "Opened cases for already decided commands of a disabled edge");
    }
    Ok(Json(ListedCaseCount { listed }))
}

/// Ends an epoch of an edge that the hub found restored or cloned, or that an operator disabled.
/// Safe to repeat.
pub(crate) async fn take_back(
    State(service): State<Service>,
    _: FromHub,
    Json(over): Json<LeaseRevocation>,
) -> Result<Json<RevokedLeases>, Problem> {
    Ok(Json(RevokedLeases {
        fences: service.store.end_epoch(&over).await?,
    }))
}

/// Issues a new fence to a holder if its view disagreed with its grant. Safe to repeat: a right
/// that is not current changes nothing.
pub(crate) async fn renew_fence(
    State(service): State<Service>,
    _: FromHub,
    Json(asked): Json<LeaseRenewalRequest>,
) -> Result<Json<RegionAssignment>, Problem> {
    service.store.renew_fence(&asked).await?;
    Ok(Json(
        service
            .store
            .region_record(asked.region)
            .await?
            .now
            .assignment,
    ))
}

/// The assignments that the regions' feeds should have delivered by now.
pub(crate) async fn list_assignments(
    State(service): State<Service>,
    _: FromHub,
) -> Result<Json<Assignments>, Problem> {
    Ok(Json(Assignments {
        items: service.store.list_assignments().await?,
    }))
}

pub(crate) async fn digest_range(
    State(service): State<Service>,
    _: FromHub,
    Json(asked): Json<OrderRangeQuery>,
) -> Result<Json<OrderRangeDigest>, Problem> {
    Ok(Json(service.store.digest_range(&asked).await?))
}

pub(crate) async fn list_orders(
    State(service): State<Service>,
    _: FromHub,
    Json(asked): Json<OrdersByIdQuery>,
) -> Result<Json<OrdersByIdReply>, Problem> {
    check_length(asked.ids.len(), ORDERS_MAX)?;
    Ok(Json(service.store.orders_by_id(&asked.ids).await?))
}

/// The caller decides about orders' payments, reviews or contacts.
pub(crate) struct FromDecider;

impl FromRequestParts<Service> for FromDecider {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let ServiceCaller(from) = ServiceCaller::from_request_parts(parts, service).await?;
        let deciders = [CloudPart::Payment, CloudPart::Review, CloudPart::User];
        let deciders = deciders.map(CloudPart::name);
        if deciders.contains(&from.as_str()) {
            Ok(Self)
        } else {
            Err(Code::RoleForbidden.into())
        }
    }
}

pub(crate) async fn show_order(
    State(service): State<Service>,
    _: FromDecider,
    Path(id): Path<OrderId>,
) -> Result<Json<OrderAndTerms>, Problem> {
    Ok(Json(
        service
            .store
            .order_and_terms(id)
            .await?
            .ok_or(Code::OrderNotFound)?,
    ))
}

pub(crate) async fn list_known_orders(
    State(service): State<Service>,
    _: FromDecider,
    Json(asked): Json<OrderVersionsQuery>,
) -> Result<Json<ComparedOrders>, Problem> {
    if let OrderVersionsQuery::Named(ids) = &asked {
        check_length(ids.len(), KNOWN_MAX)?;
    }
    Ok(Json(service.store.known_orders(&asked).await?))
}

/// Counts a person's open orders. Only for auth, before it deletes their account.
pub(crate) async fn count_open_matters(
    State(service): State<Service>,
    ServiceCaller(from): ServiceCaller,
    Json(OpenMattersQuery { user_id }): Json<OpenMattersQuery>,
) -> Result<Json<OpenMattersCount>, Problem> {
    if from != CloudPart::Auth.name() {
        return Err(Code::RoleForbidden.into());
    }
    let open = service.store.count_open_orders(user_id).await?;
    Ok(Json(OpenMattersCount { open }))
}

pub(crate) async fn list_booked_providers(
    State(service): State<Service>,
    ServiceCaller(from): ServiceCaller,
    Json(BookedProvidersQuery { providers, hours }): Json<BookedProvidersQuery>,
) -> Result<Json<BookedProviders>, Problem> {
    if from != CloudPart::User.name() {
        return Err(Code::RoleForbidden.into());
    }
    check_length(providers.len(), BOOKED_PROVIDERS_MAX)?;
    let providers = providers.into_iter().collect();
    let booked = service.store.list_booked(&providers, hours).await?;
    Ok(Json(BookedProviders { booked }))
}

fn check_length(length: usize, most: usize) -> Result<(), Problem> {
    if length > most {
        Err(Code::BodyTooLarge.into())
    } else {
        Ok(())
    }
}
