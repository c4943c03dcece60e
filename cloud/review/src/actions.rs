//! The use cases between routes and stores: submits a review after checking its order with the
//! order service, decides reviews that come from edges, and keeps ratings and pictures up to date.
//!
//! An event of this service recomputes a provider's rating whenever one of their reviews is added,
//! edited, hidden or restored. The event of a deleted person, or of an order whose texts were erased,
//! erases their texts here. Scheduled jobs delete pictures that no review uses, recompute and
//! republish ratings, and seal fields that are plain or use a former data key.

use axum::extract::FromRef;
use platform::{
    bus::{Bus, topology},
    consume::{EventHandler, HandleError, start_consumer},
    files::{FileRegister, UploadReceiver},
    jobs::{Job, JobResult},
    sealing::TableResealer,
    upstream::{Upstream, UpstreamError},
};
use process::{
    problem::{Problem, format_error_chain},
    routes::RouteGuard,
    tasks::Tasks,
    tokens::TokenVerifier,
};
use serde::Deserialize;
use wire::{
    Action, Actor, BatchBody, BatchOp, Code, Command, CommandBody, CommandEvidence, EdgeId, Event,
    EventType, FirstResult, Order, OrderAndTerms, OrderEvent, OrderId, OrderStatus, Outcome,
    OutcomeKind, PaymentStatus, ReviewEvent, ReviewId, Role, Source, UserEvent, UserId,
};

use crate::{
    domain::{Review, ReviewContent, ReviewOrigin, ReviewedOrder},
    store::{CommandRecord, ReviewStore},
};

const ORDER: &str = "order";

#[derive(Clone, FromRef)]
pub struct Service {
    pub store: ReviewStore,
    pub intake: UploadReceiver,
    pub register: FileRegister,
    pub verifier: TokenVerifier,
    pub orders: Upstream,
    #[from_ref(skip)]
    pub edit_within_ms: i64,
}

impl RouteGuard for Service {
    fn verifier(&self) -> &TokenVerifier {
        &self.verifier
    }
}

pub enum SubmissionResult {
    Kept(ReviewId, Box<Review>),
    Refused(Code, Option<ReviewId>),
}

impl Service {
    /// `None` if the order does not exist.
    async fn fetch_order(&self, id: OrderId) -> Result<Option<Order>, Problem> {
        Ok(self.fetch_order_and_terms(id).await?.map(|told| told.order))
    }

    async fn fetch_order_and_terms(&self, id: OrderId) -> Result<Option<OrderAndTerms>, Problem> {
        let token = self.verifier.token_for(ORDER);
        match self
            .orders
            .get(&format!("/internal/orders/{id}"), Some(&token))
            .await
        {
            Ok(told) => Ok(Some(told)),
            Err(UpstreamError::Refused {
                problem: Some(problem),
                ..
            }) if problem.code == Code::OrderNotFound => Ok(None),
            Err(error) => {
                tracing::warn!(
                    cause = format_error_chain(&error),
                    "Could not ask the order service about an order"
                );
                Err(Problem::new(Code::Unavailable).retry_after(1))
            }
        }
    }

    /// Stores a customer's review of their own completed order, if it is paid or may be paid
    /// afterwards. A retry gets the same answer.
    pub async fn submit_review(
        &self,
        customer: Actor,
        order: OrderId,
        content: ReviewContent,
        origin: ReviewOrigin,
        trace: &str,
    ) -> Result<SubmissionResult, Problem> {
        let own = match self
            .fetch_order_and_terms(order)
            .await?
            .map(|told| check_reviewable(customer, told))
        {
            None => return Ok(SubmissionResult::Refused(Code::OrderNotFound, None)),
            Some(Err(code)) => return Ok(SubmissionResult::Refused(code, None)),
            Some(Ok(order)) => order,
        };
        let command = origin.command_id;
        let hash = origin.hash;
        let review = Review::from_submission(own, content, origin, self.store.clock().now());
        if let Some((id, review)) = self.store.add(review, trace).await? {
            tracing::info!(order.id = %order, review.id = %id, "Order `{order}` was reviewed");
            return Ok(SubmissionResult::Kept(id, Box::new(review)));
        }
        Ok(match self.store.find_by_order(order).await? {
            Some((id, review)) if review.origin.command_id == command => {
                if review.origin.hash == hash {
                    SubmissionResult::Kept(id, Box::new(review))
                } else {
                    SubmissionResult::Refused(Code::CommandIdReused, None)
                }
            }
            found => SubmissionResult::Refused(Code::AlreadyReviewed, found.map(|(id, _)| id)),
        })
    }

    /// Decides an operation from an edge's log. Stores the answer before returning it.
    pub async fn decide_op(
        &self,
        edge: &EdgeId,
        epoch: u64,
        op: BatchOp,
    ) -> Result<Outcome, Problem> {
        let place = format!("{edge}/{epoch}/{}", op.seq);
        let now = self.store.clock().now();
        let BatchBody::Command {
            command,
            actor,
            evidence,
        } = op.body
        else {
            return Ok(Outcome::new_rejected(Code::UnknownOp, None, now));
        };
        if command.body.order_action() != Some(Action::Review) {
            return Ok(Outcome::new_rejected(Code::UnknownOp, None, now));
        }
        // A token of another person must not use up the command id.
        let Some(actor) = actor else {
            return Ok(Outcome::new_rejected(Code::InvalidToken, None, now));
        };
        let record = match self.store.find_answer(command.id).await? {
            Some(record) => record,
            None => {
                self.decide_new_command(edge, &place, &command, actor, &evidence)
                    .await?
            }
        };
        if (record.user_id, record.hash) != (actor.user_id, command.body.hash()) {
            return Ok(Outcome::new_rejected(Code::CommandIdReused, None, now));
        }
        self.build_outcome(record, &place).await
    }

    async fn decide_new_command(
        &self,
        edge: &EdgeId,
        place: &str,
        command: &Command,
        actor: Actor,
        evidence: &CommandEvidence,
    ) -> Result<CommandRecord, Problem> {
        let code = self
            .check_and_submit(edge, place, command, actor, evidence)
            .await?;
        let record = CommandRecord {
            user_id: actor.user_id,
            order_id: command.body.order_id(),
            hash: command.body.hash(),
            op: place.to_owned(),
            code,
            decided_at: self.store.clock().now(),
        };
        let action = command.body.name();
        tracing::info!(command.id = %command.id, action, code = ?record.code, "Command decided");
        Ok(self.store.store_answer(command.id, record).await?)
    }

    /// Returns the reason for refusing, or `None` after storing the review.
    async fn check_and_submit(
        &self,
        edge: &EdgeId,
        place: &str,
        command: &Command,
        actor: Actor,
        evidence: &CommandEvidence,
    ) -> Result<Option<Code>, Problem> {
        if evidence.distrusted {
            return Ok(Some(Code::EdgeNotTrusted));
        }
        if evidence.revoked_version.is_some() {
            return Ok(Some(Code::Revoked));
        }
        if actor.role != Role::Customer {
            return Ok(Some(Code::RoleForbidden));
        }
        let CommandBody::SubmitReview {
            order_id,
            rating,
            comment,
        } = &command.body
        else {
            return Ok(Some(Code::UnknownOp));
        };
        let Ok(content) = ReviewContent::from_command(*rating, comment) else {
            return Ok(Some(Code::InvalidInput));
        };
        let origin = ReviewOrigin {
            command_id: command.id,
            source: evidence
                .made_at
                .clone()
                .unwrap_or_else(|| Source::Edge(edge.clone())),
            hash: command.body.hash(),
            op: Some(place.to_owned()),
        };
        let trace = command.trace.clone();
        let trace = trace.unwrap_or_else(|| command.id.0.simple().to_string());
        match self
            .submit_review(actor, *order_id, content, origin, &trace)
            .await?
        {
            SubmissionResult::Kept(..) => Ok(None),
            SubmissionResult::Refused(code, _) => Ok(Some(code)),
        }
    }

    /// Repeats the result to the same operation. The same command at another log position gets
    /// `Duplicate` with the first result.
    async fn build_outcome(&self, record: CommandRecord, place: &str) -> Result<Outcome, Problem> {
        let CommandRecord {
            code,
            decided_at,
            order_id,
            op,
            ..
        } = record;
        let order = match code {
            None => self.fetch_order(order_id).await?,
            Some(_) => None,
        };
        if op != place {
            let first = FirstResult {
                applied: code.is_none(),
                code,
            };
            let duplicate = Outcome::new_plain(OutcomeKind::Duplicate, decided_at);
            return Ok(Outcome {
                first: Some(first),
                order,
                ..duplicate
            });
        }
        Ok(match code {
            None => Outcome {
                order,
                ..Outcome::new_plain(OutcomeKind::Applied, decided_at)
            },
            Some(code) => Outcome::new_rejected(code, None, decided_at),
        })
    }
}

/// Checks that the customer may review the order, and extracts the needed fields. Another
/// customer's order counts as missing.
fn check_reviewable(customer: Actor, told: OrderAndTerms) -> Result<ReviewedOrder, Code> {
    let OrderAndTerms {
        order,
        paid_afterwards,
        ..
    } = told;
    if order.customer_id != customer.user_id {
        return Err(Code::OrderNotFound);
    }
    let is_done = matches!(order.status, OrderStatus::Completed | OrderStatus::Reviewed);
    let provider_id = order
        .provider_id
        .filter(|_| is_done)
        .ok_or(Code::OrderNotCompleted)?;
    if order.payment_status == PaymentStatus::Unpaid && !paid_afterwards {
        return Err(Code::OrderUnpaid);
    }
    let Order {
        id,
        code,
        title,
        customer_id,
        ..
    } = order;
    Ok(ReviewedOrder {
        id,
        code,
        title,
        customer_id,
        provider_id,
    })
}

/// An event only triggers the computation from the stored reviews, so a repeat changes nothing.
pub struct RatingEventConsumer {
    pub store: ReviewStore,
}

impl RatingEventConsumer {
    pub fn start(self, tasks: &Tasks, bus: &Bus) {
        start_consumer(tasks, bus, topology::REVIEW_RATINGS, self);
    }
}

impl EventHandler for RatingEventConsumer {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        if matches!(
            event.kind,
            EventType::ReviewReplied | EventType::ReviewReported
        ) {
            return Ok(());
        }
        let ReviewEvent { provider_id, .. } = serde_json::from_value(event.body.clone())?;
        Ok(self
            .store
            .refresh_rating(provider_id, &event.trace)
            .await
            .map(drop)?)
    }
}

/// Idempotent: it erases only what is left.
pub struct ErasureConsumer {
    pub store: ReviewStore,
    pub register: FileRegister,
}

impl ErasureConsumer {
    pub fn start(self, tasks: &Tasks, bus: &Bus) {
        start_consumer(tasks, bus, topology::REVIEW_PEOPLE, self);
    }

    async fn erase_person(&self, user: UserId) -> Result<(), HandleError> {
        let texts = self.store.erase_person(user).await?;
        let files = self.register.remove_files_of(user).await?;
        tracing::info!(user.id = %user, texts, files, "Erased the texts of a deleted person");
        Ok(())
    }
}

impl EventHandler for ErasureConsumer {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        match event.kind {
            EventType::UserDeleted => {
                let UserEvent { user_id, .. } = UserEvent::deserialize(&event.body)?;
                self.erase_person(user_id).await
            }
            EventType::OrderErased => {
                let OrderEvent { order, .. } = OrderEvent::deserialize(&event.body)?;
                self.store.erase_order_title(order.id, &order.title).await?;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

pub(crate) fn build_jobs(store: &ReviewStore, register: &FileRegister) -> Vec<Job> {
    let kept = store.clone();
    let register = register.clone();
    let files = Job::new("review-files", "20 43 * * * *", move || {
        let store = kept.clone();
        let register = register.clone();
        async move {
            let removed = register
                .collect_unreferenced(|id, _| {
                    let store = store.clone();
                    async move {
                        let is_named = store.references_picture(id).await?;
                        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(is_named)
                    }
                })
                .await?;
            tracing::info!(removed, "Removed pictures that no review refers to");
            Ok(())
        }
    });
    let kept = store.clone();
    let ratings = Job::new("review-ratings", "30 52 3 * * *", move || {
        let store = kept.clone();
        async move { refresh_all_ratings(&store).await }
    });
    let kept = store.clone();
    let walks = ["review.reviews", "review.reports"].map(TableResealer::for_table);
    let seal = Job::new("review-seal", "35 */5 * * * *", move || {
        let store = kept.clone();
        let walks = walks.clone();
        async move { Ok(store.reseal_reviews(&walks).await?) }
    });
    vec![files, ratings, seal]
}

/// Repairs ratings that missed a review event, and profiles that missed a rating event.
async fn refresh_all_ratings(store: &ReviewStore) -> JobResult {
    let mended = store.refresh_ratings().await?;
    tracing::info!(mended, "Recomputed the ratings of providers");
    store.replay_ratings().await?;
    Ok(())
}
