//! Letters: events that wait for a person. Those of a queue were handled in vain; those of an
//! exchange found no queue that is bound for them.

use std::{collections::BTreeSet, fmt, str::FromStr};

use process::parts::CloudPart;
use wire::{Event, EventId, Exchange, UnixMillis};

use super::{Bus, BusError, dead_letter_queue, topology};

/// A place where letters wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LetterBox {
    /// Of the queue with this name.
    Dead(String),
    Unrouted(Exchange),
}

/// One letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Absent where the message is no event that this version can read.
    pub event: Option<Event>,
    /// Why it was put aside; empty where nothing was noted.
    pub reason: String,
    /// When it was put aside.
    pub at: Option<UnixMillis>,
}

/// The letters that an act is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LetterChoice {
    /// All that wait when the act begins.
    All,
    Events(BTreeSet<EventId>),
}

/// An end of waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterAct {
    /// Back to the queue; an unrouted event is published once more.
    Redrive,
    Drop,
}

/// Letters that one act goes through, oldest first. Those behind them stay for the next act.
pub const LETTERS_MAX: usize = 10_000;
/// A longer reason is cut: it is for a person, who has the log besides.
const REASON_CHARS_MAX: usize = 300;

impl LetterBox {
    /// The queue in which its letters wait.
    pub fn queue(&self) -> String {
        match self {
            Self::Dead(queue) => dead_letter_queue(queue),
            Self::Unrouted(exchange) => unrouted_queue(*exchange),
        }
    }

    /// The part that can reach it.
    pub fn part(&self) -> Option<CloudPart> {
        match self {
            Self::Dead(name) => {
                let mut queues = topology::QUEUES.iter();
                queues.find(|(_, queue)| queue.name == name).map(|(part, _)| *part)
            }
            Self::Unrouted(exchange) => Some(topology::publisher(*exchange)),
        }
    }
}

impl fmt::Display for LetterBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dead(queue) => f.write_str(queue),
            Self::Unrouted(exchange) => f.write_str(exchange.as_str()),
        }
    }
}

/// By the name of a queue or of an exchange.
impl FromStr for LetterBox {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let exchange = Exchange::ALL.into_iter().find(|exchange| exchange.as_str() == name);
        let known = || topology::QUEUES.iter().any(|(_, queue)| queue.name == name);
        match exchange {
            Some(exchange) => Ok(Self::Unrouted(exchange)),
            None if known() => Ok(Self::Dead(name.to_owned())),
            None => Err(()),
        }
    }
}

impl LetterChoice {
    /// Whether a letter with this content is meant.
    pub(super) fn takes(&self, event: Option<&Event>) -> bool {
        match self {
            Self::All => true,
            Self::Events(ids) => event.is_some_and(|event| ids.contains(&event.id)),
        }
    }
}

/// The boxes of one part.
pub fn boxes_of(part: CloudPart) -> Vec<LetterBox> {
    let queues = topology::queues_of(part).map(|queue| LetterBox::Dead(queue.name.to_owned()));
    let own = |exchange: &Exchange| topology::publisher(*exchange) == part;
    queues.chain(Exchange::ALL.into_iter().filter(own).map(LetterBox::Unrouted)).collect()
}

pub(super) fn unrouted_queue(exchange: Exchange) -> String {
    format!("{}.unrouted", exchange.as_str())
}

/// The reason as it is kept.
pub(super) fn cut(reason: &str) -> String {
    reason.chars().take(REASON_CHARS_MAX).collect()
}

impl Bus {
    /// The oldest letters of a box. They stay.
    pub async fn letters(
        &self,
        of: &LetterBox,
        letters_max: usize,
    ) -> Result<Vec<Letter>, BusError> {
        let letters_max = letters_max.min(LETTERS_MAX);
        match self {
            Self::Embedded(bus) => bus.letters(&of.queue(), letters_max).await,
            Self::Rabbit(bus) => bus.letters(&of.queue(), letters_max).await,
        }
    }

    /// Ends the waiting of letters; returns how many. One that was redriven may come to its queue
    /// twice where the process dies meanwhile, and its consumer knows it then.
    pub async fn settle_letters(
        &self,
        of: &LetterBox,
        choice: &LetterChoice,
        act: LetterAct,
    ) -> Result<u64, BusError> {
        match self {
            Self::Embedded(bus) => bus.settle_letters(of, choice, act).await,
            Self::Rabbit(bus) => bus.settle_letters(of, choice, act).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_is_known_by_the_name_of_its_queue_or_exchange() {
        for part in CloudPart::ALL {
            for one in boxes_of(*part) {
                assert_eq!(one.to_string().parse(), Ok(one.clone()));
                assert_eq!(one.part(), Some(*part));
            }
        }
        assert_eq!("order_money.dead".parse::<LetterBox>(), Err(()));
    }
}
