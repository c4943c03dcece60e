//! Admin routes for the dead letters of a part's queues and exchanges (poison events and unrouted
//! ones), and for replays of its events: the server's side of `holdfast dlq`. The gateway calls
//! each part, since only the part can reach its queues.
//!
//! Invariant: responses contain no event body. An event names people and places, which an admin
//! does not need to repair a queue.

use axum::{
    Router,
    extract::{FromRef, State},
    routing::{get, post},
};
use process::{
    clock::Clock,
    parts::CloudPart,
    problem::{Json, ListLimit, Path, Problem, log_fault},
    tokens::{AdminCaller, TokenVerifier},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{Code, EventId, UnixMillis};

use crate::{
    bus::{
        Bus, BusError,
        dead_letters::{
            DeadLetter, DeadLetterAction, DeadLetterBox, DeadLetterSelection, boxes_of,
        },
        topology,
    },
    ledger::{Database, store::sent_events::Replay},
    outbox::{self},
    service::ServiceContext,
};

/// A dead letter box.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct LetterBoxItem {
    /// The queue whose events failed, or the exchange whose events matched no queue.
    pub name: String,
    pub kind: LetterKind,
    /// The part that owns it.
    pub part: String,
    pub waiting: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LetterKind {
    Dead,
    Unrouted,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct LetterItem {
    /// Absent if this version cannot read the message as an event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<EventId>,
    #[serde(skip_serializing_if = "Option::is_none", rename = "type")]
    pub kind: Option<String>,
    /// When the event happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub happened_at: Option<UnixMillis>,
    /// When it became a dead letter; absent if the broker dead-lettered it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub put_aside_at: Option<UnixMillis>,
    /// Why it became a dead letter. Empty for an unrouted event.
    pub reason: String,
}

/// The dead letters to act on.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LetterForm {
    /// The events to include; without it, all that wait. Duplicates count once.
    #[serde(default)]
    pub events: Option<Vec<EventId>>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct SettledLetters {
    pub settled: u64,
}

/// Requests a replay of missed events to a queue.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayForm {
    pub queue: String,
    /// Replays events of this time and later.
    pub since: UnixMillis,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReplayItem {
    pub id: Uuid,
    /// The part whose events are sent.
    pub part: String,
    pub queue: String,
    pub since: UnixMillis,
    pub sent: i64,
    pub asked_at: UnixMillis,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done_at: Option<UnixMillis>,
}

/// A list that parts return and the gateway forwards.
#[derive(Debug, Serialize, Deserialize)]
pub struct LetterList<T> {
    pub items: Vec<T>,
}

const SHOWN: usize = 50;
const SHOWN_MAX: usize = 500;
/// The most dead letters that one request may name.
const NAMED_MAX: usize = 500;
const REPLAYS_SHOWN: usize = 50;

#[derive(Clone)]
struct PartDeadLetters {
    part: CloudPart,
    bus: Bus,
    database: Database,
    clock: Clock,
    verifier: TokenVerifier,
}

impl FromRef<PartDeadLetters> for TokenVerifier {
    fn from_ref(letters: &PartDeadLetters) -> Self {
        letters.verifier.clone()
    }
}

pub(crate) fn build_routes(
    context: &ServiceContext,
    part: CloudPart,
    database: Database,
) -> Router {
    let verifier = context.verifier_for(part.name());
    let bus = context.bus.clone();
    let clock = context.clock.clone();
    let letters = PartDeadLetters {
        part,
        bus,
        database,
        clock,
        verifier,
    };
    Router::new()
        .route("/internal/letters", get(list_boxes))
        .route("/internal/letters/{name}", get(list_letters))
        .route("/internal/letters/{name}/redrive", post(redrive_letters))
        .route("/internal/letters/{name}/drop", post(drop_letters))
        .route("/internal/replays", get(list_replays).post(request_replay))
        .with_state(letters)
}

async fn list_boxes(
    State(letters): State<PartDeadLetters>,
    _: AdminCaller,
) -> Result<Json<LetterList<LetterBoxItem>>, Problem> {
    let mut items = Vec::new();
    for of in boxes_of(letters.part) {
        let waiting = match letters.bus.count_waiting(&of.queue_name()).await {
            Ok(waiting) => waiting,
            // An undeclared queue has no dead letters.
            Err(BusError::UnknownQueue(_)) => 0,
            Err(error) => return Err(bus_problem(error)),
        };
        let kind = match of {
            DeadLetterBox::Dead(_) => LetterKind::Dead,
            DeadLetterBox::Unrouted(_) => LetterKind::Unrouted,
        };
        let part = letters.part.name().to_owned();
        items.push(LetterBoxItem {
            name: of.to_string(),
            kind,
            part,
            waiting,
        });
    }
    Ok(Json(LetterList { items }))
}

async fn list_letters(
    State(letters): State<PartDeadLetters>,
    _: AdminCaller,
    Path(name): Path<String>,
    ListLimit(limit): ListLimit<SHOWN, SHOWN_MAX>,
) -> Result<Json<LetterList<LetterItem>>, Problem> {
    let of = letters.find_own_box(&name)?;
    let found = letters
        .bus
        .read_dead_letters(&of, limit)
        .await
        .map_err(bus_problem)?;
    Ok(Json(LetterList {
        items: found.into_iter().map(LetterItem::from).collect(),
    }))
}

async fn redrive_letters(
    State(letters): State<PartDeadLetters>,
    AdminCaller(caller): AdminCaller,
    Path(name): Path<String>,
    Json(form): Json<LetterForm>,
) -> Result<Json<SettledLetters>, Problem> {
    let settled = letters
        .settle_letters(&name, form, DeadLetterAction::Redrive)
        .await?;
    tracing::warn!(user.id = %caller.actor.user_id, name, settled, "Redrove dead letters of `{name}`");
    Ok(Json(SettledLetters { settled }))
}

async fn drop_letters(
    State(letters): State<PartDeadLetters>,
    AdminCaller(caller): AdminCaller,
    Path(name): Path<String>,
    Json(form): Json<LetterForm>,
) -> Result<Json<SettledLetters>, Problem> {
    let settled = letters
        .settle_letters(&name, form, DeadLetterAction::Drop)
        .await?;
    tracing::warn!(user.id = %caller.actor.user_id, name, settled, "Dropped dead letters of `{name}`");
    Ok(Json(SettledLetters { settled }))
}

async fn list_replays(
    State(letters): State<PartDeadLetters>,
    _: AdminCaller,
) -> Result<Json<LetterList<ReplayItem>>, Problem> {
    let found = outbox::list_replays(&letters.database, REPLAYS_SHOWN).await?;
    let items = found
        .into_iter()
        .map(|replay| letters.to_replay_item(replay))
        .collect();
    Ok(Json(LetterList { items }))
}

async fn request_replay(
    State(letters): State<PartDeadLetters>,
    AdminCaller(caller): AdminCaller,
    Json(ReplayForm { queue, since }): Json<ReplayForm>,
) -> Result<Json<LetterList<ReplayItem>>, Problem> {
    if topology::find_queue(&queue).is_none() {
        return Err(Code::NotFound.into());
    }
    let now = letters.clock.now();
    let by = caller.actor.user_id;
    let asked = (letters.clock.new_id(), by, now);
    let asked = outbox::request_replay(&letters.database, &queue, since, asked).await?;
    let Some(id) = asked else {
        return Err(Problem::new(Code::TooManyRequests).retry_after(60));
    };
    tracing::warn!(user.id = %by, queue, "Requested a replay of the events of `{queue}` since {}", since.0);
    let found = outbox::list_replays(&letters.database, REPLAYS_SHOWN).await?;
    let own = found.into_iter().filter(|replay| replay.id == id);
    Ok(Json(LetterList {
        items: own.map(|replay| letters.to_replay_item(replay)).collect(),
    }))
}

impl PartDeadLetters {
    fn find_own_box(&self, name: &str) -> Result<DeadLetterBox, Problem> {
        let letter_box: Option<DeadLetterBox> = name.parse().ok();
        letter_box
            .filter(|of| of.owning_part() == Some(self.part))
            .ok_or_else(|| Code::NotFound.into())
    }

    async fn settle_letters(
        &self,
        name: &str,
        form: LetterForm,
        action: DeadLetterAction,
    ) -> Result<u64, Problem> {
        let of = self.find_own_box(name)?;
        let choice = match form.events {
            None => DeadLetterSelection::All,
            Some(events) if events.len() > NAMED_MAX => return Err(Code::BodyTooLarge.into()),
            Some(events) => DeadLetterSelection::Events(events.into_iter().collect()),
        };
        self.bus
            .settle_letters(&of, &choice, action)
            .await
            .map_err(bus_problem)
    }

    fn to_replay_item(&self, replay: Replay) -> ReplayItem {
        let Replay {
            id,
            queue,
            since_ms,
            sent,
            asked_at,
            done_at,
            ..
        } = replay;
        let part = self.part.name().to_owned();
        ReplayItem {
            id,
            part,
            queue,
            since: since_ms,
            sent,
            asked_at,
            done_at,
        }
    }
}

impl From<DeadLetter> for LetterItem {
    fn from(DeadLetter { event, reason, at }: DeadLetter) -> Self {
        let (id, kind, happened_at) = match event {
            Some(event) => (
                Some(event.id),
                Some(event.kind.as_str().to_owned()),
                Some(event.at),
            ),
            None => (None, None, None),
        };
        Self {
            event: id,
            kind,
            happened_at,
            put_aside_at: at,
            reason,
        }
    }
}

/// An unreachable broker is a temporary fault.
fn bus_problem(error: BusError) -> Problem {
    match error {
        BusError::Unreachable(_) | BusError::TimedOut(_) => {
            Problem::new(Code::Unavailable).retry_after(5)
        }
        other => log_fault("Could not read the dead letters", other),
    }
}
