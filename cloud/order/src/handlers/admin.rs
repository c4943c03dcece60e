//! The routes of admins: region assignments, the records of collisions and of edges' promises,
//! cases, and a provider's jobs to withdraw.

use axum::extract::State;
use process::{
    idempotency::Idempotency,
    problem::{ItemList, Json, Page, Path, Problem, Query},
    tokens::Caller,
    trace::RequestTrace,
};
use rules::{Attempt, HolderEpoch, Origin};
use serde::Deserialize;
use utoipa::ToSchema;
use wire::{
    Amount, ApprovalRule, Assignments, CaseItem, CaseState, Code, Command, CommandAnswer,
    CommandBody, CommandId, Currency, EdgeId, FirmAnswer, LostAcceptance, OfflineRules, OpDecision,
    Policy, PriceCap, Region, ServiceType, UserId, WithdrawnJob, WithdrawnJobs,
};

use super::WholeList;
use crate::{
    actions::{self, Service},
    say,
    store::{AssignmentRecord, AssignmentRequest, CaseUpdateResult, FirmAnswerQuery},
};

/// An operator's request; absent parts stay unchanged.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AssignmentBody {
    policy: Option<Policy>,
    /// With `exclusive`: the edge that will hold the region.
    holder: Option<EdgeId>,
    /// The holder's epoch as its status shows it.
    epoch: Option<u64>,
    rules: Option<RulesBody>,
    take_back: Option<TakeBackBody>,
}

/// All offline rules of the region. Unknown fields are refused here, although readers of stored
/// rules ignore them: an operator must not believe such a rule is active.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RulesBody {
    #[serde(default)]
    unpaid_start: bool,
    approval: Option<ApprovalBody>,
    #[serde(default)]
    address_at_start: bool,
    /// In addition to `approval`: for customers who have paid for completed work in the region and
    /// owe nothing.
    approval_in_good_standing: Option<ApprovalBody>,
    /// In addition to `unpaid_start`: for work up to this price.
    unpaid_start_max: Option<PriceCapBody>,
    /// Service types paid for after the work, at the portal too.
    #[serde(default)]
    paid_afterwards: Vec<ServiceType>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PriceCapBody {
    price_max: Amount,
    #[serde(default)]
    currency: Currency,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApprovalBody {
    price_max: Amount,
    #[serde(default)]
    currency: Currency,
    service_types: Vec<ServiceType>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TakeBackBody {
    why: String,
}

pub(crate) async fn assignments(
    State(service): State<Service>,
) -> Result<Json<Assignments>, Problem> {
    Ok(Json(Assignments {
        items: service.store.list_assignments().await?,
    }))
}

pub(crate) async fn assignment(
    State(service): State<Service>,
    Path(region): Path<Region>,
) -> Result<Json<AssignmentRecord>, Problem> {
    Ok(Json(service.store.region_record(region).await?))
}

pub(crate) async fn assign(
    State(service): State<Service>,
    caller: Caller,
    Path(region): Path<Region>,
    RequestTrace(trace): RequestTrace,
    Json(body): Json<AssignmentBody>,
) -> Result<Json<AssignmentRecord>, Problem> {
    let request = AssignmentRequest {
        by: caller.actor.user_id,
        trace: trace.into(),
        take_back: body
            .take_back
            .as_ref()
            .map(check_take_back_reason)
            .transpose()?,
        right: parse_requested_right(body.policy, body.holder, body.epoch)?,
        rules: body.rules.map(RulesBody::into_offline_rules).transpose()?,
    };
    if let Some((_, Some(holder))) = &request.right {
        check_holder(&service, region, holder).await?;
    }
    service.store.change_assignment(region, &request).await?;
    Ok(Json(service.store.region_record(region).await?))
}

impl RulesBody {
    fn into_offline_rules(self) -> Result<OfflineRules, Problem> {
        Ok(OfflineRules {
            unpaid_start: self.unpaid_start,
            approval: self.approval.map(ApprovalRule::from),
            address_at_start: self.address_at_start,
            approval_in_good_standing: self.approval_in_good_standing.map(ApprovalRule::from),
            unpaid_start_max: self
                .unpaid_start_max
                .map(PriceCapBody::into_price_cap)
                .transpose()?,
            paid_afterwards: without_duplicates(self.paid_afterwards),
        })
    }
}

impl PriceCapBody {
    /// Refuses a cap of zero, which would allow nothing.
    fn into_price_cap(self) -> Result<PriceCap, Problem> {
        let Self {
            price_max,
            currency,
        } = self;
        if !price_max.is_positive() {
            let field = "rules.unpaid_start_max.price_max";
            return Err(Problem::wrong_field(field, say::price_cap_empty));
        }
        Ok(PriceCap {
            price_max,
            currency,
        })
    }
}

impl From<ApprovalBody> for ApprovalRule {
    fn from(body: ApprovalBody) -> Self {
        let ApprovalBody {
            price_max,
            currency,
            service_types,
        } = body;
        Self {
            price_max,
            currency,
            service_types: without_duplicates(service_types),
        }
    }
}

/// Removes duplicates: the database row has room for each service type once.
fn without_duplicates(named: Vec<ServiceType>) -> Vec<ServiceType> {
    let mut kinds = Vec::new();
    for kind in named {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

fn check_take_back_reason(body: &TakeBackBody) -> Result<String, Problem> {
    wire::check_reason(&body.why).map_err(|error| Problem::wrong_field("take_back.why", error.why))
}

/// Refuses a grant to an edge of another region or an ended epoch: no edge could use the right, and
/// it would have to be taken back.
async fn check_holder(
    service: &Service,
    region: Region,
    wanted: &HolderEpoch,
) -> Result<(), Problem> {
    match actions::find_edge_epoch(service, &wanted.edge).await? {
        Some(current) if current.region == region && current.epoch == wanted.epoch => Ok(()),
        Some(current) if current.region == region => {
            Err(Problem::wrong_field("epoch", say::epoch_passed))
        }
        _ => Err(Problem::wrong_field("holder", say::holder_unknown)),
    }
}

/// The requested policy and holder. A holder is one epoch of an edge and requires `exclusive`.
fn parse_requested_right(
    policy: Option<Policy>,
    holder: Option<EdgeId>,
    epoch: Option<u64>,
) -> Result<Option<(Policy, Option<HolderEpoch>)>, Problem> {
    match (policy, holder, epoch) {
        (None, None, None) => Ok(None),
        (Some(policy), None, None) => Ok(Some((policy, None))),
        (Some(Policy::Exclusive), Some(edge), Some(epoch)) => {
            Ok(Some((Policy::Exclusive, Some(HolderEpoch { edge, epoch }))))
        }
        (_, Some(_), None) => Err(Problem::wrong_field("epoch", say::epoch_missing)),
        (_, None, Some(_)) => Err(Problem::wrong_field("holder", say::holder_missing)),
        (_, Some(_), Some(_)) => Err(Problem::wrong_field("policy", say::policy_without_holder)),
    }
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct WithdrawalForm {
    reason: String,
}

/// Jobs withdrawn per request, each in its own transaction.
const WITHDRAWN_MAX: usize = 50;

/// Uses one command per job, with an id derived from the idempotency key, so that a retry repeats
/// them all.
pub(crate) async fn withdraw_all(
    State(service): State<Service>,
    caller: Caller,
    Path(provider): Path<UserId>,
    idempotency: Idempotency,
    Json(WithdrawalForm { reason }): Json<WithdrawalForm>,
) -> Result<Json<WithdrawnJobs>, Problem> {
    let reason = wire::check_reason(&reason)?;
    let mut jobs = service
        .store
        .list_provider_jobs(provider, WITHDRAWN_MAX + 1)
        .await?;
    let more = jobs.len() > WITHDRAWN_MAX;
    jobs.truncate(WITHDRAWN_MAX);
    let mut items = Vec::with_capacity(jobs.len());
    for order_id in jobs {
        let command = Command {
            id: idempotency.command_id.for_order(order_id),
            body: CommandBody::WithdrawAcceptance {
                order_id,
                reason: Some(reason.clone()),
            },
            device: None,
            device_seq: None,
            tapped_at: None,
            trace: idempotency.trace.clone(),
        };
        let actor = Some(caller.actor);
        let decision = service
            .submit_command(Attempt {
                command,
                actor,
                verification: None,
                origin: Origin::Portal,
            })
            .await?;
        items.push(match decision {
            OpDecision::Decided(outcome) => WithdrawnJob {
                order_id,
                order_code: outcome.order.map(|order| order.code),
                code: outcome.code,
            },
            OpDecision::Held(_) => WithdrawnJob {
                order_id,
                order_code: None,
                code: Some(Code::RegionAssigningOffline),
            },
        });
    }
    Ok(Json(WithdrawnJobs { items, more }))
}

/// Newest first. A page may hold fewer items than requested and still have a next one: each page
/// scans a limited part of the history.
pub(crate) async fn lost_acceptances(
    State(service): State<Service>,
    page: Page<u64>,
) -> Result<ItemList<LostAcceptance>, Problem> {
    let (items, next) = service
        .store
        .lost_acceptances(page.after, page.limit)
        .await?;
    Ok(ItemList {
        items,
        next: next.map(|id| id.to_string()),
    })
}

/// Paged like the lost acceptances.
pub(crate) async fn firm_answers(
    State(service): State<Service>,
    Query(query): Query<FirmAnswerQuery>,
    page: Page<u64>,
) -> Result<ItemList<FirmAnswer>, Problem> {
    let period = query.from.zip(query.until);
    if period.is_some_and(|(from, until)| until <= from) {
        return Err(Problem::wrong_field("until", say::time_range_empty));
    }
    let (items, next) = service
        .store
        .list_firm_answers(&query, page.after, page.limit)
        .await?;
    Ok(ItemList {
        items,
        next: next.map(|id| id.to_string()),
    })
}

/// All answers under the id, one per person.
pub(crate) async fn answers(
    State(service): State<Service>,
    Path(id): Path<CommandId>,
) -> Result<Json<WholeList<CommandAnswer>>, Problem> {
    Ok(Json(WholeList {
        items: service.store.list_answers(id).await?,
    }))
}

#[derive(Deserialize, Default, ToSchema)]
pub(crate) struct CaseFilter {
    /// Defaults to both.
    state: Option<CaseState>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct CaseEndForm {
    /// The result, for later readers.
    reason: String,
}

/// Newest first.
pub(crate) async fn cases(
    State(service): State<Service>,
    Query(CaseFilter { state }): Query<CaseFilter>,
    page: Page<u64>,
) -> Result<ItemList<CaseItem>, Problem> {
    Ok(page.build_page(
        service
            .store
            .list_cases(state, page.after, page.rows_to_read())
            .await?,
        |case| case.id,
    ))
}

pub(crate) async fn case(
    State(service): State<Service>,
    Path(id): Path<u64>,
) -> Result<Json<CaseItem>, Problem> {
    Ok(Json(
        service.store.find_case(id).await?.ok_or(Code::NotFound)?,
    ))
}

/// If two admins take a case, the later one has it, as both see in `taken_by`.
pub(crate) async fn take_case(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<u64>,
) -> Result<Json<CaseItem>, Problem> {
    respond_with_case(service.store.take_case(id, caller.actor.user_id).await?)
}

/// A case closed earlier is returned unchanged.
pub(crate) async fn close_case(
    State(service): State<Service>,
    caller: Caller,
    Path(id): Path<u64>,
    Json(CaseEndForm { reason }): Json<CaseEndForm>,
) -> Result<Json<CaseItem>, Problem> {
    let reason = wire::check_reason(&reason)?;
    respond_with_case(
        service
            .store
            .close_case(id, caller.actor.user_id, &reason)
            .await?,
    )
}

/// A closed case shows it in its fields.
fn respond_with_case(turn: CaseUpdateResult) -> Result<Json<CaseItem>, Problem> {
    match turn {
        CaseUpdateResult::Done(case) | CaseUpdateResult::Closed(case) => Ok(Json(case)),
        CaseUpdateResult::Unknown => Err(Code::NotFound.into()),
    }
}
