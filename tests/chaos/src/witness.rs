//! Queries the platform at random moments of the rounds, and compares its answers with the stores.
//!
//! Invariant: an answer is judged on first receipt. The witness reads the store, queries the
//! platform, and reads the store again. If both readings are equal, the answer must equal them;
//! otherwise it must lie between them. A wrong answer is never retried.

mod answer;
mod board;
mod inbox;
mod report;
mod story;
mod testimony;

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt::Debug,
    time::Duration,
};

use mongodb::{
    Database,
    options::{DatabaseOptions, ReadConcern},
};
use process::{
    client::{Client, ClientError},
    clock::Clock,
    parts::CloudPart,
};
use support::{Draws, Operator, Unusable};
use wire::Region;

use crate::{
    ledger::{Ledger, Told},
    plan::{DOUBLED, EXCLUSIVE, REGIONS, Seat},
    scene::{LIMIT, Scene},
    truth::Findings,
};

pub use testimony::{Comparisons, Testimony};
use testimony::{Judgement, Look};

const EDGE_ANSWERS_WITHIN: Duration = Duration::from_secs(5);
const MOMENTS_APART_MS_MAX: usize = 100;
/// A writer drops cached answers before and after its commit. In between, a reader gets the answer
/// from before it; on a busy machine that takes a while.
const CACHE_IS_RIGHT_WITHIN: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

trait Question {
    /// The state of the stores, with enough ever-rising numbers that two equal readings prove there
    /// was no change between them.
    type State: PartialEq + Debug;
    type Word;
    const NAME: &'static str;
    const IS_CACHED: bool = false;

    /// None if the stores do not have the subject yet.
    async fn state(&self) -> Option<Self::State>;
    async fn word(&self) -> Result<Self::Word, Silence>;
    /// Describes how the answer differs from a state that did not change meanwhile.
    fn difference(state: &Self::State, word: &Self::Word) -> Option<String>;
    /// Describes why the answer fits no state between the two.
    fn beyond(before: &Self::State, word: &Self::Word, after: &Self::State) -> Option<String>;
    /// The kinds of situation this state covers, for counting.
    fn kinds(state: &Self::State) -> Vec<&'static str>;
    /// Falsifies an answer, to prove that the check finds it.
    fn falsify(word: &mut Self::Word);
}

/// No usable answer.
enum Silence {
    /// The responsible part is away.
    Away,
    /// A refusal that no fault excuses.
    Refused(String),
}

pub struct Witness<'a> {
    scene: &'a Scene,
    operator: Operator,
    client: Client,
    inboxes: Database,
    clock: Clock,
    draws: Draws,
    testimony: Testimony,
    falsifies: bool,
}

impl<'a> Witness<'a> {
    /// # Panics
    /// If `holdfast` is not built, or a store cannot be opened.
    pub async fn of(scene: &'a Scene, draws: Draws) -> Self {
        let stores = scene.stack.stores().expect("real stores");
        let server = mongodb::Client::with_uri_str(&stores.servers().mongodb)
            .await
            .expect("inboxes");
        // Use the service's read concern, so that both see the same documents.
        let majority = ReadConcern::majority();
        let majority = DatabaseOptions::builder().read_concern(majority).build();
        let inboxes = stores.database_name(CloudPart::Notification);
        Self {
            scene,
            operator: crate::operator(&scene.stack).await,
            client: Client::new(),
            inboxes: server.database_with_options(&inboxes, majority),
            clock: Clock::system(),
            draws,
            testimony: Testimony::default(),
            falsifies: false,
        }
    }

    pub fn testimony(&self) -> &Testimony {
        &self.testimony
    }

    /// Watches until this many moments have an answer to every kind of question.
    ///
    /// # Panics
    /// If a part stays silent for too long.
    pub async fn watch(&mut self, moments: u32) {
        let begun = self.clock.elapsed();
        let mut whole = 0;
        while whole < moments {
            let apart = u64::try_from(self.draws.below(MOMENTS_APART_MS_MAX)).unwrap_or_default();
            tokio::time::sleep(Duration::from_millis(apart)).await;
            whole += u32::from(self.look().await);
            let waited = self.clock.elapsed().saturating_sub(begun);
            assert!(
                waited < LIMIT,
                "{whole} of {moments} moments: {:?}",
                self.testimony
            );
        }
    }

    /// Falsifies the answers of one moment and returns the kinds that still pass.
    ///
    /// # Panics
    /// If a part stays silent for too long.
    pub async fn false_words_not_found(mut self) -> Vec<&'static str> {
        self.falsifies = true;
        self.testimony = Testimony::default();
        self.watch(1).await;
        self.testimony.words_without_findings()
    }

    /// Acceptances that lost at a tablet without a line in the provider's inbox.
    ///
    /// # Panics
    /// If the inboxes cannot be read.
    pub async fn losses_untold(&self, ledger: &Ledger) -> Findings {
        let has_lost = |told: &&Told| {
            told.is_accept
                && told
                    .outcome()
                    .is_some_and(|outcome| !outcome.has_succeeded())
        };
        let mut inboxes = HashMap::new();
        let mut found = Findings::new();
        for told in ledger.told.iter().filter(has_lost) {
            let losses = match inboxes.entry(told.user) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(self.losses_of(told.user).await),
            };
            if !losses.contains(&told.order) {
                found.push(format!("no line in the inbox of a loser: {told:?}"));
            }
        }
        found
    }

    /// Runs all independent queries at once. Returns true if each had an answer.
    async fn look(&mut self) -> bool {
        let Some(tap) = self.scene.recent_tap(&mut self.draws) else {
            return false;
        };
        // More ops wait if an edge holds the right.
        let of_others = self.draws.one_in(2);
        let region = if of_others {
            self.draws.of_these(&REGIONS)
        } else {
            EXCLUSIVE
        };
        let order = tap.body.order_id();
        let seat = seat(&mut self.draws, tap.seat.region);
        let person = self.scene.someone(&mut self.draws);
        let in_text = self.draws.one_in(3);
        let looks: [Look; 5] = tokio::join!(
            self.ask(report::Report {
                witness: self,
                region,
                in_text
            }),
            self.ask(inbox::Inbox {
                witness: self,
                person
            }),
            self.ask(story::Story {
                witness: self,
                order
            }),
            self.ask(board::OnBoard {
                witness: self,
                seat,
                order
            }),
            self.ask(answer::Answer { witness: self, tap }),
        )
        .into();
        let is_whole = looks.iter().all(Look::had_an_answer);
        looks.into_iter().for_each(|look| self.testimony.take(look));
        is_whole
    }

    async fn ask<Q: Question>(&self, question: Q) -> Look {
        let (judgement, kinds) = self.judge(&question).await;
        Look {
            of: Q::NAME,
            judgement,
            kinds,
        }
    }

    /// A cached answer counts as false only if it stays so.
    async fn judge<Q: Question>(&self, question: &Q) -> (Judgement, Vec<&'static str>) {
        let begun = self.clock.elapsed();
        loop {
            let judged = self.judge_once(question).await;
            let is_final =
                self.falsifies || !Q::IS_CACHED || !matches!(judged.0, Judgement::False(_));
            let waited = self.clock.elapsed().saturating_sub(begun);
            if is_final || waited > CACHE_IS_RIGHT_WITHIN {
                return judged;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn judge_once<Q: Question>(&self, question: &Q) -> (Judgement, Vec<&'static str>) {
        let nothing = || (Judgement::Silent, Vec::new());
        let Some(before) = question.state().await else {
            return nothing();
        };
        let mut word = match question.word().await {
            Ok(word) => word,
            Err(Silence::Away) => return nothing(),
            Err(Silence::Refused(why)) => return (Judgement::False(why), Vec::new()),
        };
        let Some(after) = question.state().await else {
            return nothing();
        };
        if self.falsifies {
            Q::falsify(&mut word);
        }
        let beyond = Q::beyond(&before, &word, &after);
        if before != after {
            let text = |found| format!("{found}; stored: {before:?}, then {after:?}");
            return (
                beyond.map_or(Judgement::Between, |found| Judgement::False(text(found))),
                Vec::new(),
            );
        }
        // The looser check must find a falsified answer, too.
        let difference =
            Q::difference(&before, &word).filter(|_| !self.falsifies || beyond.is_some());
        match difference {
            None => (Judgement::Equal, Q::kinds(&before)),
            Some(found) => (
                Judgement::False(format!("{found}; stored: {before:?}")),
                Vec::new(),
            ),
        }
    }

    /// The command line's answer as JSON.
    async fn holdfast(&self, line: String) -> Result<serde_json::Value, Silence> {
        let operator = self.operator.clone();
        let answer = tokio::task::spawn_blocking(move || operator.gets(&line)).await;
        match answer.expect("a run of holdfast") {
            Ok((_, value)) => Ok(value),
            Err(Unusable::Failed {
                exit: Some(code), ..
            }) if AWAY.contains(&code) => Err(Silence::Away),
            Err(error) => Err(Silence::Refused(error.to_string())),
        }
    }
}

/// The exit codes of `holdfast` if a part does not answer: failed, unreachable, timed out.
const AWAY: [i32; 3] = [1, 7, 8];

impl From<ClientError> for Silence {
    /// A known person is refused only because a part is away or busy.
    fn from(error: ClientError) -> Self {
        const TOO_MANY_REQUESTS: u16 = 429;
        match error.status {
            Some(status @ 400..500) if status != TOO_MANY_REQUESTS => {
                Self::Refused(error.to_string())
            }
            _ => Self::Away,
        }
    }
}

fn seat(draws: &mut Draws, region: Region) -> Seat {
    Seat {
        region,
        second: DOUBLED.contains(&region) && draws.one_in(2),
    }
}

fn unequal<T: PartialEq + Debug>(what: &str, stored: &T, said: &T) -> Option<String> {
    (stored != said).then(|| format!("{what} is {said:?} and not {stored:?}"))
}

/// Checks a value that only rises in the stores.
fn outside(what: &str, from: u64, said: u64, to: u64) -> Option<String> {
    let is_between = from <= said && said <= to;
    (!is_between).then(|| format!("{what} is {said} and not from {from} to {to}"))
}
