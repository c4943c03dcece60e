//! Counts everything that a run of seeds covers.

mod shown;
mod wanted;

use std::collections::BTreeMap;

use engine::edge::IgnoreReason;
use rules::{AssignmentTransition, Writes};
use wire::{Code, FenceEnding, FrameProof, Outcome, OutcomeKind, QuarantineWhy};

use crate::{
    edge::{LoggedCommand, SuspicionCause},
    oracle::Oracle,
    plan::FaultKind,
};

pub use wanted::{OUTCOMES, VERDICTS};

type Tally = BTreeMap<&'static str, u64>;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    pub seeds: u64,
    pub simulated_ms: u64,
    pub commands: u64,
    pub commands_least: u64,
    pub faults_least: u64,
    pub checks: u64,
    /// The attacker's attempts, by kind.
    pub tried: Tally,
    pub tries_least: u64,
    /// Firm answers despite waiting ops of the attacker.
    pub firm_beside_nonsense: u64,
    /// Frames forged by the hostile replica, by kind, and the results of the edges' checks of them.
    pub forged: Tally,
    pub forgeries_heard: Tally,
    /// The attempts of an edge's thief, by kind, and the results of the theft.
    pub tricks: Tally,
    pub edges_stolen: u64,
    pub sessions_of_thieves: u64,
    pub ops_of_thieves: u64,
    pub dead_tokens_in_vain: u64,
    pub keys_refused: u64,
    pub edges_disabled: u64,
    pub edges_rekeyed: u64,
    pub cases_of_thieves: u64,
    pub taps: Tally,
    pub faults: Tally,
    pub frames: Tally,
    pub verdicts: Tally,
    pub outcomes: Tally,
    pub answers_at_desk: Tally,
    pub sessions_ended: Tally,
    pub frames_ignored: Tally,
    pub conflicts: u64,
    pub messages: u64,
    pub ops_stored: u64,
    pub fed: u64,
    pub fed_before: u64,
    pub redelivered: u64,
    pub parked: u64,
    pub passes_void: u64,
    pub answers_lost: u64,
    pub overtaken: u64,
    pub collided: u64,
    pub strays: u64,
    pub link_token_expired: u64,
    pub turned: u64,
    /// By kind of change.
    pub turns: Tally,
    pub take_backs: u64,
    pub held: u64,
    pub held_told: u64,
    pub swept: u64,
    pub asks: u64,
    pub asks_logged: u64,
    pub waits_at_desk: Tally,
    pub probes: u64,
    pub probes_unanswered: u64,
    pub twins: u64,
    pub enrolled_anew: u64,
    pub needed_operator: u64,
    pub readmitted: u64,
    pub rights_of_epochs_ended: u64,
    pub granted_again: u64,
    pub ops_given_back: u64,
    pub epochs_begun: u64,
    pub relogged: u64,
    pub restored: u64,
    pub copied: u64,
    pub heads_turned: u64,
    pub bisected: u64,
    pub stopped: u64,
    pub let_go: u64,
    pub images_begun: u64,
    pub images_resumed: u64,
    pub images_taken: u64,
    pub chunks_staged: u64,
    pub comparisons: u64,
    pub events_lost: u64,
    pub orders_repaired: u64,
    pub orders_gone: u64,
    pub assignments_repaired: u64,
    pub edges_repaired: u64,
    pub views_damaged: u64,
    pub grants_renewed: u64,
    pub feeds_anew: u64,
    pub compacted: u64,
    pub tombstones_dropped: u64,
    pub alarms: Tally,
    pub quarantines: Tally,
}

impl Counts {
    pub fn frame(&mut self, kind: &'static str) {
        *self.frames.entry(kind).or_default() += 1;
    }

    pub fn fault(&mut self, kind: FaultKind) {
        *self.faults.entry(kind.name()).or_default() += 1;
    }

    pub fn tapped(&mut self, name: &'static str) {
        *self.taps.entry(name).or_default() += 1;
    }

    pub fn not_taken(&mut self, code: Code) {
        *self
            .verdicts
            .entry(phrase("not_taken", Some(code)))
            .or_default() += 1;
    }

    pub fn taken(&mut self, stored: &LoggedCommand, new: bool) {
        let key = if new {
            phrase(stored.verdict.as_str(), stored.doubt)
        } else {
            "stored before"
        };
        *self.verdicts.entry(key).or_default() += 1;
    }

    pub fn outcome(&mut self, outcome: &Outcome) {
        *self
            .outcomes
            .entry(phrase(outcome.kind.as_str(), code_of(outcome)))
            .or_default() += 1;
    }

    pub fn at_desk(&mut self, outcome: &Outcome) {
        let key = phrase(outcome.kind.as_str(), code_of(outcome));
        *self.answers_at_desk.entry(key).or_default() += 1;
    }

    pub fn waits_at_desk(&mut self, told: &'static str) {
        *self.waits_at_desk.entry(told).or_default() += 1;
    }

    pub fn record_transition(&mut self, transition: &AssignmentTransition) {
        self.turned += 1;
        let ended = |how: FenceEnding| {
            if how.is_take_back() {
                how.as_str()
            } else {
                "released"
            }
        };
        let did = [
            transition.ended.as_ref().map(|(_, end)| ended(end.how)),
            transition.granted.map(|_| "granted"),
            transition.new_rules.then_some("rules changed"),
            transition.after.wanted.as_ref().map(|_| "asked back"),
        ];
        let did: Vec<_> = did.into_iter().flatten().collect();
        for kind in if did.is_empty() {
            vec!["policy changed"]
        } else {
            did
        } {
            *self.turns.entry(kind).or_default() += 1;
        }
    }

    pub fn alarmed(&mut self, alarm: SuspicionCause) {
        *self.alarms.entry(alarm.as_str()).or_default() += 1;
    }

    pub fn quarantined(&mut self, why: QuarantineWhy) {
        *self.quarantines.entry(why.as_str()).or_default() += 1;
    }

    pub fn forgery_heard(&mut self, proof: FrameProof) {
        let proof = match proof {
            FrameProof::Signed => "signed",
            FrameProof::Unsigned => "unsigned",
            FrameProof::Forged => "forged",
        };
        *self.forgeries_heard.entry(proof).or_default() += 1;
    }

    pub fn ended(&mut self, code: Code) {
        *self.sessions_ended.entry(code.as_str()).or_default() += 1;
    }

    pub fn ignored(&mut self, why: IgnoreReason) {
        let why = match why {
            IgnoreReason::OtherSession => "another session",
            IgnoreReason::Gap => "beyond the cursor",
            IgnoreReason::Stale => "known already",
            IgnoreReason::Unexpected => "not expected",
        };
        *self.frames_ignored.entry(why).or_default() += 1;
    }

    pub fn conflicts(&mut self, writes: &Writes) {
        let lost = writes
            .events
            .iter()
            .filter(|event| event.body.lost.is_some());
        self.conflicts += lost.count() as u64;
    }

    pub fn ran(&mut self, lasted_ms: u64, commands: usize, oracle: &Oracle) {
        self.seeds = 1;
        self.simulated_ms = lasted_ms;
        self.commands = commands as u64;
        self.commands_least = commands as u64;
        self.faults_least = self.faults.values().sum();
        self.tries_least = self.tried.values().sum();
        self.checks = oracle.checks;
    }

    pub fn add(&mut self, other: &Self) {
        let first = self.seeds == 0;
        let least = |mine: u64, theirs: u64| if first { theirs } else { mine.min(theirs) };
        self.commands_least = least(self.commands_least, other.commands_least);
        self.faults_least = least(self.faults_least, other.faults_least);
        self.tries_least = least(self.tries_least, other.tries_least);
        for (mine, theirs) in self.numbers().into_iter().zip(other.clone().numbers()) {
            *mine += *theirs;
        }
        for (mine, theirs) in self.tallies().into_iter().zip(other.clone().tallies()) {
            for (key, n) in theirs {
                *mine.entry(key).or_default() += *n;
            }
        }
    }

    fn numbers(&mut self) -> [&mut u64; 65] {
        [
            &mut self.seeds,
            &mut self.simulated_ms,
            &mut self.commands,
            &mut self.checks,
            &mut self.firm_beside_nonsense,
            &mut self.edges_stolen,
            &mut self.sessions_of_thieves,
            &mut self.ops_of_thieves,
            &mut self.dead_tokens_in_vain,
            &mut self.keys_refused,
            &mut self.edges_disabled,
            &mut self.edges_rekeyed,
            &mut self.cases_of_thieves,
            &mut self.conflicts,
            &mut self.messages,
            &mut self.ops_stored,
            &mut self.fed,
            &mut self.fed_before,
            &mut self.redelivered,
            &mut self.parked,
            &mut self.passes_void,
            &mut self.answers_lost,
            &mut self.overtaken,
            &mut self.collided,
            &mut self.strays,
            &mut self.link_token_expired,
            &mut self.turned,
            &mut self.take_backs,
            &mut self.held,
            &mut self.held_told,
            &mut self.swept,
            &mut self.asks,
            &mut self.asks_logged,
            &mut self.probes,
            &mut self.probes_unanswered,
            &mut self.twins,
            &mut self.enrolled_anew,
            &mut self.needed_operator,
            &mut self.readmitted,
            &mut self.rights_of_epochs_ended,
            &mut self.granted_again,
            &mut self.ops_given_back,
            &mut self.epochs_begun,
            &mut self.relogged,
            &mut self.restored,
            &mut self.copied,
            &mut self.heads_turned,
            &mut self.bisected,
            &mut self.stopped,
            &mut self.let_go,
            &mut self.images_begun,
            &mut self.images_resumed,
            &mut self.images_taken,
            &mut self.chunks_staged,
            &mut self.comparisons,
            &mut self.events_lost,
            &mut self.orders_repaired,
            &mut self.orders_gone,
            &mut self.assignments_repaired,
            &mut self.edges_repaired,
            &mut self.views_damaged,
            &mut self.grants_renewed,
            &mut self.feeds_anew,
            &mut self.compacted,
            &mut self.tombstones_dropped,
        ]
    }

    fn tallies(&mut self) -> [&mut Tally; 16] {
        [
            &mut self.turns,
            &mut self.alarms,
            &mut self.quarantines,
            &mut self.waits_at_desk,
            &mut self.tried,
            &mut self.forged,
            &mut self.forgeries_heard,
            &mut self.tricks,
            &mut self.taps,
            &mut self.faults,
            &mut self.frames,
            &mut self.verdicts,
            &mut self.outcomes,
            &mut self.answers_at_desk,
            &mut self.sessions_ended,
            &mut self.frames_ignored,
        ]
    }
}

fn code_of(outcome: &Outcome) -> Option<Code> {
    // The ends of rights have their own counts, so here all broken promises count as one.
    let known = |code: Code| {
        if code.is_broken_promise() {
            Code::RegionTakenBack
        } else {
            code
        }
    };
    if outcome.kind == OutcomeKind::Duplicate {
        None
    } else {
        outcome.code.map(known)
    }
}

/// The key of a tally. Keys are few, and each is leaked once.
fn phrase(word: &'static str, code: Option<Code>) -> &'static str {
    use std::sync::{Mutex, PoisonError};
    static MADE: Mutex<BTreeMap<(&str, Option<Code>), &'static str>> = Mutex::new(BTreeMap::new());
    let Some(known) = code else { return word };
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    made.entry((word, code))
        .or_insert_with(|| format!("{word} {known}").leak())
}
