//! Owns order_db: orders and timeline, commands with their answers, region assignments, cases,
//! cancellation fees, photos on their way to the file store, messages and proposals of another time
//! between an order's two people, series of orders, the feeds of people's calendars, and the erasures
//! of deleted people.
//!
//! Invariants: one transaction reads the input of a decision and writes the whole result: order,
//! timeline, answer, outbox row. A decision depends on rows the transaction locks, never on a range
//! that others may extend; a provider's jobs and acts are counted under a per-provider lock.
//!
//! People's commands enter here, and edges' batches in `decide`. On a database with one writer,
//! people's commands are batched: those that arrive while it is busy are decided in one transaction
//! with one disk flush. Each command gets the answer it would get alone, after the ones before it.
//! If a shared transaction fails or its leader is cancelled, each command is decided separately.

mod admin;
mod assignment_rows;
mod assignments;
mod background;
mod calendar_feeds;
mod cancel_fees;
mod decide;
mod erasures;
mod firm_answers;
mod job_offers;
mod lists;
mod message_blocks;
mod message_reports;
mod messages;
mod order_days;
mod order_erasing;
mod orders;
mod photos;
mod requested_keys;
mod rows;
mod series;
mod snapshot;
mod stale_orders;
mod start_codes;
mod time_proposals;
mod timeline_rows;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use planted::{Defect, is_planted};
use platform::{
    sealing::DataKeys,
    sql::{Migrations, ReplicaReader, SealedTable, Sql, SqlError, SqlResealer, WRITER_LIMIT},
    vals,
};
use process::clock::Clock;
use rules::{Attempt, Origin, Submission};
use tokio::{
    sync::{
        Mutex as Turn,
        oneshot::{self, Receiver, Sender, error::TryRecvError},
    },
    time::timeout,
};
use wire::{
    Actor, Code, Command, CommandBody, CommandId, Draft, OpDecision, OrderId, ShareLimits,
    StartCodeCheck,
};

pub use admin::CaseUpdateResult;
pub use assignments::{AssignmentRecord, AssignmentRequest};
pub use calendar_feeds::{CALENDAR_JOBS_MAX, NewCalendarFeed};
pub use cancel_fees::CancelFeeRow;
pub use decide::FundedBatchResult;
pub use erasures::DueErasure;
pub use firm_answers::FirmAnswerQuery;
pub use job_offers::OfferChange;
pub use lists::{EXPORTED_MAX, OrderListCursor, OrderListQuery, OrderSort};
pub use message_reports::MessageReport;
pub use messages::{MessageRow, MessageStanding};
pub use order_days::OrderTimes;
pub use order_erasing::OrderErasure;
pub use orders::{CancelBasis, KNOWN_MAX, TrackedStep, TrackingSecret};
pub use photos::{
    ChunkResult, ErasedPhoto, KeptPhoto, MessagePhotoArrivals, OrderPhoto, PhotoArrival,
    PhotoMoment, PhotoName, PhotoPurpose, PhotoVerdict, WholePhoto,
};
pub use platform::StoreError;
pub use series::{SeriesOrder, SeriesPlace, SeriesPublication, SeriesRow, derive_command_id};
pub use stale_orders::StaleCutoff;
pub use time_proposals::{NewTimeProposal, PROPOSALS_MAX, TimeProposalRow};

use decide::COLLISIONS_MAX;
use messages::list_messaged;
use snapshot::OrderReadMode;
use time_proposals::list_rescheduled;

pub const MIGRATIONS: Migrations = platform::migrations!(
    "0001_order",
    "0002_start_codes",
    "0003_evidence",
    "0004_photos",
    "0005_incidents",
    "0006_messages",
    "0007_calendar_feeds",
    "0008_time_proposals",
    "0009_erasures",
    "0010_series",
    "0011_message_counts",
    "0012_message_photos",
    "0013_offers"
);

/// Maximum commands per transaction; the rest wait for the next.
const TOGETHER_MAX: usize = 64;

const SEALED_TABLES: &[SealedTable] = &[
    rows::ORDERS,
    timeline_rows::TIMELINE,
    admin::CASES,
    photos::CHUNKS,
    messages::MESSAGES,
    message_reports::REPORTS,
    time_proposals::PROPOSALS,
];

#[derive(Clone)]
pub struct Store {
    sql: Sql,
    /// For reads that may lag a few seconds.
    reads: ReplicaReader,
    clock: Clock,
    rules: AcceptanceRules,
    batcher: CommandBatcher,
}

/// Limits and verification rules for accepting, and limits on publishing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcceptanceRules {
    pub limits: ShareLimits,
    /// Maximum open orders per customer; 0 means no limit.
    pub open_orders: u32,
    pub verified_only: bool,
}

impl AcceptanceRules {
    pub const OFF: Self = Self {
        limits: ShareLimits::OFF,
        open_orders: 0,
        verified_only: false,
    };
}

impl Store {
    pub fn new(sql: Sql, clock: Clock, rules: AcceptanceRules) -> Self {
        Self {
            reads: ReplicaReader::without_replica(&sql),
            sql,
            clock,
            rules,
            batcher: CommandBatcher::default(),
        }
    }

    #[must_use]
    pub fn reading_from(self, reads: ReplicaReader) -> Self {
        Self { reads, ..self }
    }

    pub fn data_keys(&self) -> &DataKeys {
        self.sql.data_keys()
    }

    pub fn resealer(&self) -> SqlResealer {
        SqlResealer::new(&self.sql, SEALED_TABLES)
    }
}

/// Clones share the queue. Its length is the number of waiting callers, which the server bounds.
#[derive(Clone, Default)]
struct CommandBatcher(Arc<BatcherQueue>);

#[derive(Default)]
struct BatcherQueue {
    waiting: Mutex<VecDeque<WaitingCommand>>,
    /// The lock owner decides for all waiting commands.
    turn: Turn<()>,
}

struct WaitingCommand {
    attempt: Attempt,
    answer: Sender<OpDecision>,
}

impl CommandBatcher {
    fn enqueue_command(&self, attempt: Attempt) -> Receiver<OpDecision> {
        let (answer, answered) = oneshot::channel();
        let mut waiting = self
            .0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        waiting.push_back(WaitingCommand { attempt, answer });
        answered
    }

    /// Takes the longest-waiting commands. Drops commands of callers that have gone.
    fn next(&self) -> Vec<WaitingCommand> {
        let mut waiting = self
            .0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|one| !one.answer.is_closed());
        let count = waiting.len().min(TOGETHER_MAX);
        waiting.drain(..count).collect()
    }
}

fn writer_timed_out() -> StoreError {
    SqlError::TimedOut {
        sql: "waiting for the writer".into(),
    }
    .into()
}

/// A customer's order to publish, under a command id the customer chose.
pub struct Publication {
    pub command_id: CommandId,
    pub actor: Actor,
    pub draft: Draft,
    /// The work may start only with a start code.
    pub wants_start_code: bool,
    pub trace: Option<String>,
}

impl Publication {
    fn to_attempt(&self, order_id: OrderId, start_code: Option<StartCodeCheck>) -> Attempt {
        let order = Draft {
            start_code,
            ..self.draft.clone()
        };
        let body = CommandBody::PublishOrder { order_id, order };
        let command = Command {
            id: self.command_id,
            body,
            device: None,
            device_seq: None,
            tapped_at: None,
            trace: self.trace.clone(),
        };
        Attempt {
            command,
            actor: Some(self.actor),
            verification: None,
            origin: Origin::Portal,
        }
    }
}

impl Store {
    /// The customer sends the command id and draft; we create the order id. A repeat must get the
    /// first one's order id, or it would be a different command.
    pub async fn publish_order(&self, publication: Publication) -> Result<OpDecision, StoreError> {
        let mut collisions = 0;
        loop {
            let known = self.find_published_order(&publication).await?;
            if let Some(published) = known
                && self.find_series(published).await?.is_some()
            {
                return Ok(self.refuse_reused_id());
            }
            let order_id = known.unwrap_or_else(|| OrderId(self.clock.new_id()));
            let decision = self.decide_published(&publication, order_id).await?;
            // The first publication may have been decided in between: look again. This refusal
            // stored nothing.
            let overtaken = known.is_none() && is_reused(&decision);
            if !overtaken || collisions == COLLISIONS_MAX {
                return Ok(decision);
            }
            collisions += 1;
        }
    }

    async fn decide_published(
        &self,
        publication: &Publication,
        order_id: OrderId,
    ) -> Result<OpDecision, StoreError> {
        let start_code = self.start_code_check(publication, order_id).await?;
        self.decide_one(publication.to_attempt(order_id, start_code))
            .await
    }

    async fn start_code_check(
        &self,
        publication: &Publication,
        order_id: OrderId,
    ) -> Result<Option<StartCodeCheck>, StoreError> {
        match publication.wants_start_code {
            true => Ok(Some(self.hash_start_code(order_id).await?)),
            false => Ok(None),
        }
    }

    /// The order that an earlier decision on this publication created.
    async fn find_published_order(
        &self,
        publication: &Publication,
    ) -> Result<Option<OrderId>, StoreError> {
        const ORDER_OF: &str = "SELECT order_id FROM commands WHERE command_id = ? AND user_id = ?";
        if is_planted(Defect::NoCommandDedupe) {
            return Ok(None);
        }
        let values = vals![publication.command_id, publication.actor.user_id];
        Ok(self.sql.fetch_optional(ORDER_OF, values).await?)
    }

    /// Decides one command for a person waiting on the answer.
    pub async fn decide_one(&self, attempt: Attempt) -> Result<OpDecision, StoreError> {
        // A server has many writers; a SQLite file has one.
        if self.sql.is_mysql() {
            self.decide_alone(attempt).await
        } else {
            self.decide_batched(attempt).await
        }
    }

    async fn decide_alone(&self, attempt: Attempt) -> Result<OpDecision, StoreError> {
        let requests = [Submission::Command(Box::new(attempt))];
        // A proposal is replaced, and a message stored, under the order's lock, without a new
        // version of the order.
        let needs_no_lock =
            list_rescheduled(&requests).is_empty() && list_messaged(&requests).is_empty();
        let mode = match needs_no_lock {
            true => OrderReadMode::Plain,
            false => OrderReadMode::Locked,
        };
        let mut writes = Box::pin(self.decide_and_write(&requests, mode)).await?;
        writes
            .answers
            .pop()
            .ok_or(StoreError::Unreadable("no answer"))
    }

    /// Decides one command together with others that are waiting.
    async fn decide_batched(&self, attempt: Attempt) -> Result<OpDecision, StoreError> {
        let mut answered = self.batcher.enqueue_command(attempt.clone());
        let turn = tokio::select! {
            biased;
            answer = &mut answered => match answer {
                Ok(decision) => return Ok(decision),
                Err(_) => return self.decide_alone(attempt).await,
            },
            // The same limit as for the writer lock: a stuck database must refuse requests, not
            // queue them.
            turn = timeout(WRITER_LIMIT, self.batcher.0.turn.lock()) => {
                turn.map_err(|_| writer_timed_out())?
            }
        };
        loop {
            match answered.try_recv() {
                Ok(decision) => return Ok(decision),
                Err(TryRecvError::Empty) => self.decide_waiting().await?,
                Err(TryRecvError::Closed) => {
                    drop(turn);
                    return self.decide_alone(attempt).await;
                }
            }
        }
    }

    /// Decides the longest-waiting commands. Fails only if the batch had a single command or the
    /// writer is unreachable.
    async fn decide_waiting(&self) -> Result<(), StoreError> {
        let (attempts, answers): (Vec<_>, Vec<_>) = self
            .batcher
            .next()
            .into_iter()
            .map(|one| (one.attempt, one.answer))
            .unzip();
        let requests: Vec<_> = attempts
            .into_iter()
            .map(|attempt| Submission::Command(Box::new(attempt)))
            .collect();
        match Box::pin(self.decide_and_write(&requests, OrderReadMode::Plain)).await {
            Ok(writes) => {
                for (answer, decision) in answers.into_iter().zip(writes.answers) {
                    // A closed receiver means that the caller has hung up.
                    let _heard = answer.send(decision);
                }
                Ok(())
            }
            Err(error) if answers.len() == 1 || error.is_unavailable() => Err(error),
            Err(error) => {
                let commands = answers.len();
                tracing::debug!(%error, commands, "Could not decide a batch of commands; deciding them one by one");
                Ok(())
            }
        }
    }
}

fn is_reused(decision: &OpDecision) -> bool {
    matches!(decision, OpDecision::Decided(outcome) if outcome.code == Some(Code::CommandIdReused))
}
