//! Checks `holdfast explain ORDER` against the order service's rows.

use std::collections::HashMap;

use platform::{
    fields,
    sql::{ReadError, Row, StoredRow},
    vals,
};
use serde::Deserialize;
use uuid::Uuid;
use wire::{Action, Code, Order, OrderId, OrderStatus, TimelineEntry};

use super::{Question, Silence, Witness, outside, unequal};

pub(super) struct Story<'a> {
    pub witness: &'a Witness<'a>,
    pub order: OrderId,
}

/// Versions rise, and the history only grows.
#[derive(Debug, PartialEq)]
pub(super) struct OrderRows {
    version: u64,
    status: String,
    provider: Option<Uuid>,
    lines: Vec<LineRow>,
}

#[derive(Debug, PartialEq)]
struct LineRow {
    version: u64,
    action: Option<String>,
    actor_id: Uuid,
    from_status: Option<String>,
    to_status: String,
    code: Option<String>,
    command_id: Uuid,
    source: String,
    edge: Option<String>,
    epoch: Option<u64>,
    seq: Option<u64>,
    verdict: Option<String>,
}

/// The compared part of the JSON answer.
#[derive(Debug, Deserialize)]
pub(super) struct StoryWord {
    order: Order,
    timeline: Vec<TimelineEntry>,
    explanation: String,
}

/// A lost acceptance: the winner, if any.
type Loss = Option<Uuid>;

impl Question for Story<'_> {
    type State = OrderRows;
    type Word = StoryWord;
    const NAME: &'static str = "holdfast explain";

    async fn state(&self) -> Option<OrderRows> {
        const ORDER: &str = "SELECT version, status, provider_id FROM orders WHERE id = ?";
        const LINES: &str = "SELECT version, action, actor_id, from_status, to_status, code, \
            command_id, source, edge, epoch, seq, verdict FROM order_timeline \
            WHERE order_id = ? ORDER BY id";
        let order_db = self.witness.scene.truth.order_db();
        let order = order_db
            .fetch_optional(ORDER, vals![self.order])
            .await
            .expect("an order");
        let (version, status, provider): (u64, String, Option<Uuid>) = order?;
        let lines = order_db
            .fetch_all(LINES, vals![self.order])
            .await
            .expect("a timeline");
        Some(OrderRows {
            version,
            status,
            provider,
            lines,
        })
    }

    async fn word(&self) -> Result<StoryWord, Silence> {
        let story = self
            .witness
            .holdfast(format!("explain {}", self.order))
            .await?;
        serde_json::from_value(story).map_err(|error| Silence::Refused(error.to_string()))
    }

    fn difference(state: &OrderRows, word: &StoryWord) -> Option<String> {
        let order = &word.order;
        let stored = (state.version, state.status.clone(), state.provider);
        let said = (
            order.version,
            order.status.to_string(),
            order.provider_id.map(|id| id.0),
        );
        unequal("the order", &stored, &said)
            .or_else(|| unequal("its history", &state.lines, &word.lines()))
            .or_else(|| word.words_unlike(&state.lines))
    }

    fn beyond(before: &OrderRows, word: &StoryWord, after: &OrderRows) -> Option<String> {
        let said = word.lines();
        let grows = said.starts_with(&before.lines) && after.lines.starts_with(&said);
        outside(
            "the version",
            before.version,
            word.order.version,
            after.version,
        )
        .or_else(|| (!grows).then(|| format!("no such history was there: {said:?}")))
        .or_else(|| word.words_unlike(&said))
    }

    fn kinds(state: &OrderRows) -> Vec<&'static str> {
        let losses = losses(&state.lines);
        let beaten = losses
            .iter()
            .any(Option::is_some)
            .then_some("a story with a winner and a loser");
        let closed = losses
            .iter()
            .any(Option::is_none)
            .then_some("a story with a loser and no winner");
        beaten.into_iter().chain(closed).collect()
    }

    fn falsify(word: &mut StoryWord) {
        word.order.version += 1;
    }
}

impl StoryWord {
    fn lines(&self) -> Vec<LineRow> {
        self.timeline.iter().map(LineRow::from).collect()
    }

    /// Describes how the text differs from the history: the mark of each step, and the winner of
    /// each collision.
    fn words_unlike(&self, lines: &[LineRow]) -> Option<String> {
        let steps: Vec<bool> = lines.iter().map(LineRow::has_changed).collect();
        let told = self.told_losses();
        unequal(
            "the list of steps in words",
            &steps,
            &steps_of(&self.explanation),
        )
        .or_else(|| unequal("the list of winners in words", &Some(losses(lines)), &told))
    }

    /// None if a named winner is not in the list of people.
    fn told_losses(&self) -> Option<Vec<Loss>> {
        let mut people = HashMap::new();
        for line in self
            .explanation
            .lines()
            .filter_map(|line| line.trim().split_once(": "))
        {
            if let Ok(id) = line.1.parse::<Uuid>() {
                people.insert(line.0, id);
            }
        }
        let loss = |line: &str| match line.strip_prefix("Who won: ") {
            Some(won) => Some(
                won.split_once(" (")
                    .and_then(|(name, _)| people.get(name))
                    .copied()
                    .map(Some),
            ),
            None => line
                .contains("'s acceptance had no effect: ")
                .then_some(Some(None)),
        };
        self.explanation.lines().filter_map(loss).collect()
    }
}

/// The acceptances that lost. The winner is the current provider at that point.
fn losses(lines: &[LineRow]) -> Vec<Loss> {
    const MEANWHILE: [Code; 2] = [Code::OrderCancelledMeanwhile, Code::OrderRejectedMeanwhile];
    let mut winner = None;
    let mut losses = Vec::new();
    for line in lines {
        let is_accept = line.action.as_deref() == Some(Action::Accept.as_str());
        let code = line
            .code
            .as_ref()
            .and_then(|code| code.parse::<Code>().ok());
        if is_accept && line.has_changed() {
            winner = Some(line.actor_id);
        } else if let Some(code) = code.filter(|code| is_accept && !MEANWHILE.contains(code)) {
            let is_beaten = code == Code::OrderAlreadyAccepted || code.is_broken_promise();
            let status = line.to_status.parse::<OrderStatus>();
            let is_taken = status.is_ok_and(OrderStatus::has_provider);
            losses.push(winner.filter(|_| is_beaten && is_taken));
        }
    }
    losses
}

/// The marks of the numbered steps: `+` if the order moved, `x` if an attempt changed nothing.
fn steps_of(explanation: &str) -> Vec<bool> {
    let steps = explanation.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        words.next()?.parse::<u32>().ok()?;
        match words.next()? {
            "+" => Some(true),
            "x" => Some(false),
            _ => None,
        }
    });
    steps.collect()
}

impl LineRow {
    fn has_changed(&self) -> bool {
        self.from_status.as_ref() != Some(&self.to_status)
    }
}

impl From<&TimelineEntry> for LineRow {
    fn from(entry: &TimelineEntry) -> Self {
        Self {
            version: entry.version,
            action: entry.action.map(|action| action.to_string()),
            actor_id: entry.actor.user_id.0,
            from_status: entry.from.map(|from| from.to_string()),
            to_status: entry.to.to_string(),
            code: entry.code.map(|code| code.to_string()),
            command_id: entry.command_id.0,
            source: entry.source.to_string(),
            edge: entry.edge.as_ref().map(ToString::to_string),
            epoch: entry.epoch,
            seq: entry.seq,
            verdict: entry.verdict.map(|verdict| verdict.to_string()),
        }
    }
}

impl Row for LineRow {
    fn read(row: &StoredRow<'_>) -> Result<Self, ReadError> {
        Ok(fields!(row => LineRow {
            version, action, actor_id, from_status, to_status, code, command_id, source, edge,
            epoch, seq, verdict
        }))
    }
}
