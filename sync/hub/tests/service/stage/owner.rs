//! A scripted order service: decides every batch unless told otherwise.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{Json, Router, extract::State, routing::post};
use http::{HeaderMap, StatusCode};
use process::{
    clock::Clock,
    tokens::{ServiceKey, bearer_token},
};
use tokio::sync::Semaphore;
use wire::{
    Actor, BatchBody, Code, CommandId, EdgeId, HeldReason, LeaseRevocation, MessagesAnswer,
    MessagesQuery, OpAnswer, OpDecision, OpsBatch, OpsDecisions, Outcome, PhotoAnswer,
    PhotoChunkDelivery, ProviderVerification, RevokedLeases, Source, WaitingAccept,
    WaitingAcceptDecisions, WaitingAccepts,
};

#[derive(Clone)]
pub(crate) struct Owner {
    service_key: ServiceKey,
    script: Arc<Mutex<Script>>,
    /// Holding this lock delays the answers to take-backs; they are recorded anyway.
    pub take_back_answers: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
pub(crate) struct Script {
    pub away: bool,
    /// A waiting accept that fails its whole list.
    pub bad_asks: HashSet<CommandId>,
    /// A waiting accept that gets an individual fault.
    pub stuck_asks: HashSet<CommandId>,
    /// Waiting accepts get their answers; the control fails.
    pub decides_nothing: bool,
    /// Every non-empty list of accepts received.
    pub asked: Vec<Vec<CommandId>>,
    /// Every call fails.
    pub broken: bool,
    /// No call gets an answer.
    pub hanging: bool,
    /// The number of calls without a scripted answer.
    pub asked_more: usize,
    /// A batch with one of these gets no answer.
    pub hangs_at: HashSet<CommandId>,
    /// A batch with one of these fails as a whole.
    pub poison: HashSet<CommandId>,
    /// Commands held because another edge holds their region.
    pub held: HashSet<CommandId>,
    /// The region's holder: commands from elsewhere wait until the holder's command is answered.
    pub holder: Option<EdgeId>,
    answered: HashSet<CommandId>,
    /// The portal accepts decided here.
    pub waited: Vec<CommandId>,
    /// For each, true if its user was revoked.
    pub waited_revoked: Vec<bool>,
    /// Every decided op, in order, with its user.
    pub decided: Vec<(u64, Option<Actor>)>,
    /// The origin of each command that was put to its edge.
    pub made_at: Vec<(u64, Option<Source>)>,
    /// The revocation evidence of each command.
    pub revoked: Vec<(u64, Option<u64>)>,
    /// The verification mark of each command's token.
    pub marks: Vec<(u64, Option<ProviderVerification>)>,
    pub batches: Vec<usize>,
    /// The edge of each received batch, in order, decided or not.
    pub came: Vec<EdgeId>,
    /// Each batch waits for a permit of this semaphore.
    pub paced: Option<Arc<Semaphore>>,
    /// Calls with ops that found it away.
    pub turned_away: usize,
    /// The number of ops in each call that reached it; true if one of them made it fail.
    pub calls: Vec<(usize, bool)>,
    /// Every take-back received.
    pub taken_back: Vec<LeaseRevocation>,
    /// Chunks of photos are stored if this is not set.
    pub photo_answer: Option<PhotoAnswer>,
    /// No chunk of a photo gets an answer.
    pub photos_hang: bool,
    /// Every chunk of a photo received.
    pub photo_chunks: Vec<PhotoChunkDelivery>,
    /// The calls with a chunk that have not ended.
    pub open_photo_calls: usize,
    /// The answer to every question for messages; without it none gets an answer.
    pub messages: Option<MessagesAnswer>,
    /// Every question for messages received.
    pub message_queries: Vec<MessagesQuery>,
}

impl Owner {
    pub(crate) fn new(service_key: ServiceKey) -> Self {
        Self {
            service_key,
            script: Arc::default(),
            take_back_answers: Arc::default(),
        }
    }

    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    /// The decided ops; true if the user was known.
    pub(crate) fn known(&self) -> Vec<(u64, bool)> {
        self.script()
            .decided
            .iter()
            .map(|(seq, actor)| (*seq, actor.is_some()))
            .collect()
    }

    /// Makes a batch wait for its permit if the test sets the pace.
    async fn come(&self, batch: &OpsBatch) {
        let paced = {
            let mut script = self.script();
            if !batch.ops.is_empty() {
                script.came.push(batch.edge.clone());
            }
            script.paced.clone()
        };
        if self.hangs(batch) {
            std::future::pending::<()>().await;
        }
        if let Some(turns) = paced {
            turns.acquire().await.unwrap().forget();
        }
    }

    fn hangs(&self, batch: &OpsBatch) -> bool {
        let mut script = self.script();
        let at = batch.ops.iter().any(|op| {
            matches!(&op.body, BatchBody::Command { command, .. } if script.hangs_at.contains(&command.id))
        });
        let hangs = script.hanging || at;
        script.turned_away += usize::from(hangs && !batch.ops.is_empty());
        hangs
    }

    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route("/internal/ops", post(decide))
            .route("/internal/waiting-accepts", post(decide_waiting))
            .route("/internal/takebacks", post(take_back))
            .route("/internal/photos", post(take_photo_chunk))
            .route("/internal/messages", post(tell_messages))
            .fallback(knows_no_more)
            .with_state(self.clone())
    }
}

async fn knows_no_more(State(owner): State<Owner>) -> StatusCode {
    let hangs = {
        let mut script = owner.script();
        script.asked_more += 1;
        script.hanging
    };
    if hangs {
        std::future::pending::<()>().await;
    }
    StatusCode::NOT_FOUND
}

impl Script {
    /// Records a list of accepts. Returns true if it gets no answer.
    fn hangs_at_any(&mut self, items: &[WaitingAccept]) -> bool {
        let ids: Vec<CommandId> = items.iter().map(|item| item.command.id).collect();
        let hangs = self.hanging || ids.iter().any(|id| self.hangs_at.contains(id));
        if !ids.is_empty() {
            self.asked.push(ids);
        }
        hangs
    }

    /// How often a waiting accept has arrived.
    pub(crate) fn times_asked(&self, id: CommandId) -> usize {
        self.asked.iter().filter(|ids| ids.contains(&id)).count()
    }

    fn waits(&self, edge: Option<&EdgeId>, id: CommandId) -> bool {
        let elsewhere = self.holder.is_some() && self.holder.as_ref() != edge;
        elsewhere && !self.answered.contains(&id)
    }
}

async fn decide_waiting(
    State(owner): State<Owner>,
    Json(WaitingAccepts { items }): Json<WaitingAccepts>,
) -> Result<Json<WaitingAcceptDecisions>, StatusCode> {
    if owner.script().hangs_at_any(&items) {
        std::future::pending::<()>().await;
    }
    let mut script = owner.script();
    if script.away {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let denied = script.decides_nothing && items.is_empty();
    if script.broken
        || denied
        || items
            .iter()
            .any(|item| script.bad_asks.contains(&item.command.id))
    {
        return Err(StatusCode::INTERNAL_SERVER_ERROR);
    }
    let answers = items.into_iter().map(|item| {
        if script.stuck_asks.contains(&item.command.id) {
            return OpDecision::Held(HeldReason::NeedsOperator);
        }
        if script.waits(None, item.command.id) {
            return OpDecision::Held(HeldReason::Region);
        }
        if !script.answered.contains(&item.command.id) {
            script.waited.push(item.command.id);
            script.waited_revoked.push(item.revoked);
        }
        OpDecision::Decided(Outcome::new_rejected(
            Code::OrderNotFound,
            None,
            Clock::system().now(),
        ))
    });
    let answers = answers.collect();
    Ok(Json(WaitingAcceptDecisions { answers }))
}

/// Ends the count of a call, also if the hub gives it up.
struct OpenPhotoCall(Owner);

impl Drop for OpenPhotoCall {
    fn drop(&mut self) {
        self.0.script().open_photo_calls -= 1;
    }
}

async fn take_photo_chunk(
    State(owner): State<Owner>,
    headers: HeaderMap,
    Json(chunk): Json<PhotoChunkDelivery>,
) -> Result<Json<PhotoAnswer>, StatusCode> {
    let now = Clock::system().now();
    let from = owner
        .service_key
        .verify_token(bearer_token(&headers).unwrap(), "order", now);
    assert_eq!(from.as_deref(), Ok("hub"));
    let end = chunk.offset + u32::try_from(chunk.body.len()).unwrap();
    let hangs = {
        let mut script = owner.script();
        script.photo_chunks.push(chunk);
        script.open_photo_calls += 1;
        script.photos_hang
    };
    let _call = OpenPhotoCall(owner.clone());
    if hangs {
        std::future::pending::<()>().await;
    }
    let script = owner.script();
    if script.away {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let stored = PhotoAnswer::Stored { bytes: end };
    Ok(Json(script.photo_answer.unwrap_or(stored)))
}

async fn tell_messages(
    State(owner): State<Owner>,
    headers: HeaderMap,
    Json(query): Json<MessagesQuery>,
) -> Result<Json<MessagesAnswer>, StatusCode> {
    let now = Clock::system().now();
    let from = owner
        .service_key
        .verify_token(bearer_token(&headers).unwrap(), "order", now);
    assert_eq!(from.as_deref(), Ok("hub"));
    let answer = {
        let mut script = owner.script();
        script.message_queries.push(query);
        if script.away {
            return Err(StatusCode::SERVICE_UNAVAILABLE);
        }
        script.messages.clone()
    };
    match answer {
        Some(answer) => Ok(Json(answer)),
        None => std::future::pending().await,
    }
}

async fn take_back(
    State(owner): State<Owner>,
    headers: HeaderMap,
    Json(over): Json<LeaseRevocation>,
) -> Result<Json<RevokedLeases>, StatusCode> {
    let now = Clock::system().now();
    let from = owner
        .service_key
        .verify_token(bearer_token(&headers).unwrap(), "order", now);
    assert_eq!(from.as_deref(), Ok("hub"));
    {
        let mut script = owner.script();
        if script.away {
            return Err(StatusCode::SERVICE_UNAVAILABLE);
        }
        script.taken_back.push(over);
    }
    let _leaves = owner.take_back_answers.lock().await;
    Ok(Json(RevokedLeases { fences: Vec::new() }))
}

async fn decide(
    State(owner): State<Owner>,
    headers: HeaderMap,
    Json(batch): Json<OpsBatch>,
) -> Result<Json<OpsDecisions>, StatusCode> {
    let now = Clock::system().now();
    let from = owner
        .service_key
        .verify_token(bearer_token(&headers).unwrap(), "order", now);
    assert_eq!(from.as_deref(), Ok("hub"));
    owner.come(&batch).await;
    let mut script = owner.script();
    if script.away {
        script.turned_away += usize::from(!batch.ops.is_empty());
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let poisoned = batch.ops.iter().any(|op| {
        matches!(&op.body, BatchBody::Command { command, .. } if script.poison.contains(&command.id))
    });
    script.calls.push((batch.ops.len(), poisoned));
    if poisoned || script.broken {
        return Err(StatusCode::INTERNAL_SERVER_ERROR);
    }
    if !batch.ops.is_empty() {
        script.batches.push(batch.ops.len());
    }
    let answers = batch.ops.iter().map(|op| {
        let (actor, held) = match &op.body {
            BatchBody::Command {
                actor,
                command,
                evidence,
            } => {
                script.revoked.push((op.seq, evidence.revoked_version));
                script.marks.push((op.seq, evidence.mark));
                script.made_at.push((op.seq, evidence.made_at.clone()));
                let held = script.held.contains(&command.id)
                    || script.waits(Some(&batch.edge), command.id);
                if !held {
                    script.answered.insert(command.id);
                }
                (*actor, held)
            }
            BatchBody::LeaseReleased { .. } => (None, false),
        };
        if held {
            return OpAnswer {
                seq: op.seq,
                decision: OpDecision::Held(HeldReason::Region),
            };
        }
        script.decided.push((op.seq, actor));
        let outcome = Outcome::new_rejected(Code::OrderNotFound, None, now);
        OpAnswer {
            seq: op.seq,
            decision: OpDecision::Decided(outcome),
        }
    });
    let answers = answers.collect();
    Ok(Json(OpsDecisions { answers }))
}
