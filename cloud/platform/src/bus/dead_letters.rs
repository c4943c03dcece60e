//! Dead letters: poison events that wait for an operator. A queue's dead letters failed in their
//! consumer or expired; an exchange's unrouted events matched no bound queue.

use std::{collections::BTreeSet, fmt, str::FromStr, time::Duration};

use process::{metrics, parts::CloudPart, tasks::Tasks};
use wire::{Event, EventId, Exchange, UnixMillis};

use super::{
    Bus, BusError,
    topology::{self, dead_letter_queue, unrouted_queue},
};

/// A place that holds dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadLetterBox {
    /// The dead letters of the named queue.
    Dead(String),
    Unrouted(Exchange),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Absent if this version cannot read the message as an event.
    pub event: Option<Event>,
    /// Why it became a dead letter; empty if unrecorded.
    pub reason: String,
    /// When it became a dead letter.
    pub at: Option<UnixMillis>,
}

/// The dead letters that an action applies to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadLetterSelection {
    /// All dead letters waiting when the action begins.
    All,
    Events(BTreeSet<EventId>),
}

/// The action that removes a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadLetterAction {
    /// Returns it to its queue; an unrouted event is published again.
    Redrive,
    Drop,
}

/// The most dead letters that one action handles, oldest first. The rest wait for the next action.
pub const LETTERS_MAX: usize = 10_000;
/// Longer reasons are cut; the log has the full text.
const REASON_CHARS_MAX: usize = 300;

impl DeadLetterBox {
    pub fn queue_name(&self) -> String {
        match self {
            Self::Dead(queue) => dead_letter_queue(queue),
            Self::Unrouted(exchange) => unrouted_queue(*exchange),
        }
    }

    pub fn owning_part(&self) -> Option<CloudPart> {
        match self {
            Self::Dead(name) => {
                let mut queues = topology::QUEUES.iter();
                queues
                    .find(|(_, queue)| queue.name == name)
                    .map(|(part, _)| *part)
            }
            Self::Unrouted(exchange) => Some(topology::publishing_part(*exchange)),
        }
    }
}

impl fmt::Display for DeadLetterBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dead(queue) => f.write_str(queue),
            Self::Unrouted(exchange) => f.write_str(exchange.as_str()),
        }
    }
}

/// Parses the name of a queue or an exchange.
impl FromStr for DeadLetterBox {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let exchange = Exchange::ALL
            .into_iter()
            .find(|exchange| exchange.as_str() == name);
        match exchange {
            Some(exchange) => Ok(Self::Unrouted(exchange)),
            None if topology::find_queue(name).is_some() => Ok(Self::Dead(name.to_owned())),
            None => Err(()),
        }
    }
}

impl DeadLetterSelection {
    pub(super) fn includes_event(&self, event: Option<&Event>) -> bool {
        match self {
            Self::All => true,
            Self::Events(ids) => event.is_some_and(|event| ids.contains(&event.id)),
        }
    }
}

pub fn boxes_of(part: CloudPart) -> Vec<DeadLetterBox> {
    let dead = topology::queues_of(part).map(|queue| DeadLetterBox::Dead(queue.name.to_owned()));
    let exchanges = Exchange::ALL
        .into_iter()
        .filter(|exchange| topology::publishing_part(*exchange) == part);
    dead.chain(exchanges.map(DeadLetterBox::Unrouted)).collect()
}

pub(super) fn truncate_reason(reason: &str) -> String {
    reason.chars().take(REASON_CHARS_MAX).collect()
}

impl Bus {
    /// Lists the oldest dead letters of a box without removing them.
    pub async fn read_dead_letters(
        &self,
        letter_box: &DeadLetterBox,
        letters_max: usize,
    ) -> Result<Vec<DeadLetter>, BusError> {
        let letters_max = letters_max.min(LETTERS_MAX);
        match self {
            Self::Embedded(bus) => {
                bus.read_dead_letters(&letter_box.queue_name(), letters_max)
                    .await
            }
            Self::Rabbit(bus) => {
                bus.read_dead_letters(&letter_box.queue_name(), letters_max)
                    .await
            }
        }
    }

    /// Removes dead letters by redriving or dropping them; returns how many. If the process dies
    /// meanwhile, a redriven letter may reach its queue twice, and the consumer deduplicates it.
    pub async fn settle_letters(
        &self,
        letter_box: &DeadLetterBox,
        choice: &DeadLetterSelection,
        action: DeadLetterAction,
    ) -> Result<u64, BusError> {
        match self {
            Self::Embedded(bus) => bus.settle_letters(letter_box, choice, action).await,
            Self::Rabbit(bus) => bus.settle_letters(letter_box, choice, action).await,
        }
    }
}

/// Interval for counting dead letters, which serves metrics only.
const COUNT_EVERY: Duration = Duration::from_secs(15);

/// Counts a part's dead letters until the tasks stop.
pub(crate) fn watch_dead_letters(tasks: &Tasks, bus: Bus, part: CloudPart) {
    let stop = tasks.stop_token();
    tasks.spawn("letters", async move {
        while !stop.is_cancelled() {
            for box_name in boxes_of(part) {
                // The other users of an unreachable broker report it.
                if let Ok(waiting) = bus.count_waiting(&box_name.queue_name()).await {
                    match &box_name {
                        DeadLetterBox::Dead(queue) => {
                            metrics::BUS_DEAD_LETTERS.set([queue], waiting);
                        }
                        DeadLetterBox::Unrouted(exchange) => {
                            metrics::BUS_UNROUTED.set([exchange.as_str()], waiting);
                        }
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(COUNT_EVERY) => {}
                () = stop.cancelled() => {}
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_is_known_by_the_name_of_its_queue_or_exchange() {
        for part in CloudPart::ALL {
            for one in boxes_of(*part) {
                assert_eq!(one.to_string().parse(), Ok(one.clone()));
                assert_eq!(one.owning_part(), Some(*part));
            }
        }
        assert_eq!("order_money.dead".parse::<DeadLetterBox>(), Err(()));
    }
}
