//! The minimum coverage of a run of seeds: a fault, frame or answer that never occurred is not
//! tested.

use super::{Counts, Tally};
use crate::{
    edge::SuspicionCause,
    plan::{FaultKind, Forgery, Mischief, Trick},
};

const FRAMES: [&str; 16] = [
    "Hello",
    "Welcome",
    "Up",
    "Up, packed",
    "Outcomes",
    "Down",
    "Snapshot",
    "Ack",
    "Credit",
    "Resend",
    "Refused",
    "Held",
    "Ask",
    "Quarantine",
    "Probe",
    "Alive",
];
const PROOFS: [&str; 2] = ["forged", "unsigned"];
const ENDS: [&str; 4] = [
    "edge_twin",
    "edge_needs_operator",
    "session_superseded",
    "edge_disabled",
];
const QUARANTINES: [&str; 2] = ["edge_restored", "edge_cloned"];
const TURNS: [&str; 8] = [
    "policy changed",
    "rules changed",
    "granted",
    "asked back",
    "released",
    "taken_back",
    "renewed",
    "edge_restored",
];
const WAITS: [&str; 2] = ["202 pending", "409 region_assigning_offline"];
pub const OUTCOMES: [&str; 16] = [
    "rejected revoked",
    "applied order_cancelled_meanwhile",
    "applied",
    "duplicate",
    "rejected order_already_accepted",
    "rejected order_not_approved",
    "rejected order_cancelled",
    "rejected order_rejected",
    "rejected wrong_state",
    "rejected not_yours",
    "rejected double_booked",
    "rejected funds_not_held",
    "rejected command_id_reused",
    "rejected acceptance_not_arrived",
    "rejected region_taken_back",
    "applied order_rejected_meanwhile",
];
/// Outcomes that only a stolen edge's ops can get.
const OUTCOMES_OF_THEFTS: [&str; 2] = ["rejected invalid_token", "rejected edge_not_trusted"];
/// This many seeds cover everything that is not `RARE`: each occurs in at least one of sixty.
const ENOUGH_SEEDS: u64 = 1_000;
/// Occurs once in this many seeds, measured over 25,000.
const RARE: [(&str, u64); 10] = [
    ("outcome `applied order_rejected_meanwhile`", 3_571),
    ("outcome `applied order_cancelled_meanwhile`", 2_272),
    ("alarm `other than the mark`", 1_136),
    ("outcome `rejected region_taken_back`", 1_086),
    ("quarantine `edge_cloned`", 1_086),
    ("snapshots resumed", 806),
    ("events redelivered", 423),
    ("outcome `rejected command_id_reused`", 367),
    ("alarm `chain broken`", 304),
    ("epochs granted again", 160),
];
/// Over this multiple of that number of seeds, one in 160,000 runs misses a rare case.
const CERTAINTY: u64 = 12;
/// A seed with less activity proves little.
const COMMANDS_MIN: u64 = 50;
const FAULTS_MIN: u64 = 3;
const TRIES_MIN: u64 = 3;
pub const VERDICTS: [&str; 13] = [
    "firm",
    "not_taken revoked",
    "provisional",
    "provisional looks_taken",
    "provisional looks_wrong_state",
    "provisional looks_not_yours",
    "provisional region_held_elsewhere",
    "provisional looks_unpaid",
    "provisional looks_double_booked",
    "stored before",
    "not_taken storage_full",
    "not_taken order_not_found",
    "not_taken token_expired",
];

impl Counts {
    /// The required cases that did not occur. The directed schedules may cover a case too rare for
    /// this many seeds.
    pub fn never_met(&self, directed: &Self) -> Vec<String> {
        if self.seeds < ENOUGH_SEEDS {
            return Vec::new();
        }
        let in_schedules = directed.not_met();
        let mut never = self.not_met();
        never.retain(|name| !self.is_too_rare(name) || in_schedules.contains(name));
        let least = [
            ("commands", self.commands_least, COMMANDS_MIN),
            ("faults", self.faults_least, FAULTS_MIN),
            ("tries of a stranger", self.tries_least, TRIES_MIN),
        ];
        let few = least.iter().filter(|(_, least, min)| least < min);
        never.extend(few.map(|(name, _, min)| format!("{min} {name} in every seed")));
        never
    }

    fn is_too_rare(&self, name: &str) -> bool {
        let rare = RARE.iter().find(|(rare, _)| *rare == name);
        rare.is_some_and(|(_, one_in)| self.seeds < one_in * CERTAINTY)
    }

    fn not_met(&self) -> Vec<String> {
        let faults = FaultKind::ALL.iter().map(|kind| kind.name());
        let mut never = missing("fault", &self.faults, faults);
        let tries = Mischief::ALL.iter().map(|what| what.name());
        never.extend(missing("a stranger's", &self.tried, tries));
        let forgeries = Forgery::ALL.iter().map(|what| what.name());
        never.extend(missing("a hostile replica's", &self.forged, forgeries));
        never.extend(missing(
            "a hostile replica's frame,",
            &self.forgeries_heard,
            PROOFS.into_iter(),
        ));
        never.extend(missing("frame", &self.frames, FRAMES.into_iter()));
        never.extend(missing("verdict", &self.verdicts, VERDICTS.into_iter()));
        let tricks = Trick::ALL.iter().map(|what| what.name());
        never.extend(missing("a thief's", &self.tricks, tricks));
        let outcomes = OUTCOMES.into_iter().chain(OUTCOMES_OF_THEFTS);
        never.extend(missing("outcome", &self.outcomes, outcomes));
        never.extend(missing(
            "answer at the portal",
            &self.waits_at_desk,
            WAITS.into_iter(),
        ));
        never.extend(missing(
            "end of a session",
            &self.sessions_ended,
            ENDS.into_iter(),
        ));
        never.extend(missing("policy transition", &self.turns, TURNS.into_iter()));
        let alarms = SuspicionCause::ALL.iter().map(|alarm| alarm.as_str());
        never.extend(missing("alarm", &self.alarms, alarms));
        never.extend(missing(
            "quarantine",
            &self.quarantines,
            QUARANTINES.into_iter(),
        ));
        let happened = self.happened();
        let found = self.lost_and_found();
        let thefts = self.of_thefts();
        let zero = happened
            .iter()
            .chain(&found)
            .chain(&thefts)
            .filter(|(_, n)| *n == 0);
        never.extend(zero.map(|(name, _)| (*name).to_owned()));
        never
    }

    fn happened(&self) -> [(&'static str, u64); 33] {
        [
            ("conflicts", self.conflicts),
            (
                "firm answers despite a stranger's nonsense",
                self.firm_beside_nonsense,
            ),
            ("strays", self.strays),
            ("ops parked", self.parked),
            ("passes that came too late", self.passes_void),
            ("writes overtaken", self.overtaken),
            ("writes collided", self.collided),
            ("events redelivered", self.redelivered),
            ("events known already", self.fed_before),
            ("answers lost", self.answers_lost),
            ("take-backs", self.take_backs),
            ("ops held", self.held),
            ("edges notified of a held op", self.held_told),
            ("held ops submitted again", self.swept),
            ("accepts sent to a holder", self.asks),
            ("accepts logged by a holder", self.asks_logged),
            ("liveness probes sent", self.probes),
            ("old sessions that did not answer", self.probes_unanswered),
            ("copies detected", self.twins),
            ("copies enrolled again", self.enrolled_anew),
            ("edges that need an operator", self.needed_operator),
            ("edges readmitted", self.readmitted),
            ("leases revoked from epochs", self.rights_of_epochs_ended),
            ("epochs granted again", self.granted_again),
            ("ops restored to edges", self.ops_given_back),
            ("epochs begun", self.epochs_begun),
            ("commands logged again", self.relogged),
            ("files restored", self.restored),
            ("files copied", self.copied),
            ("tablets that met another run", self.heads_turned),
            ("batches halved", self.bisected),
            ("ops held for an operator", self.stopped),
            ("ops released by an operator", self.let_go),
        ]
    }

    /// Thefts of edges, and their results.
    pub(super) fn of_thefts(&self) -> [(&'static str, u64); 8] {
        [
            ("edges stolen", self.edges_stolen),
            ("sessions of thieves", self.sessions_of_thieves),
            ("ops of thieves", self.ops_of_thieves),
            ("dead tokens tried in vain", self.dead_tokens_in_vain),
            ("calls with a key that is refused", self.keys_refused),
            ("edges disabled", self.edges_disabled),
            ("edges with a new key", self.edges_rekeyed),
            ("cases of disabled edges", self.cases_of_thieves),
        ]
    }

    /// Losses made on purpose, and their repairs by snapshots and comparisons.
    pub(super) fn lost_and_found(&self) -> [(&'static str, u64); 15] {
        [
            ("images begun", self.images_begun),
            ("snapshots resumed", self.images_resumed),
            ("images taken", self.images_taken),
            ("snapshot chunks kept", self.chunks_staged),
            ("comparisons with the owner", self.comparisons),
            ("events lost", self.events_lost),
            ("orders repaired in a feed", self.orders_repaired),
            ("unknown orders removed", self.orders_gone),
            ("lease messages repaired", self.assignments_repaired),
            ("edges repaired", self.edges_repaired),
            ("views damaged", self.views_damaged),
            ("grants renewed", self.grants_renewed),
            ("feeds restarted", self.feeds_anew),
            ("changes compacted", self.compacted),
            ("tombstones dropped", self.tombstones_dropped),
        ]
    }
}

fn missing(what: &str, tally: &Tally, wanted: impl Iterator<Item = &'static str>) -> Vec<String> {
    wanted
        .filter(|key| !tally.contains_key(key))
        .map(|key| format!("{what} `{key}`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seeds that covered everything except the counts reset by `take_out`.
    fn met(seeds: u64, take_out: impl Fn(&mut Counts)) -> Counts {
        let mut counts = Counts {
            seeds,
            ..Counts::default()
        };
        counts
            .numbers()
            .into_iter()
            .for_each(|number| *number = (*number).max(1));
        (counts.commands_least, counts.faults_least) = (COMMANDS_MIN, FAULTS_MIN);
        counts.tries_least = TRIES_MIN;
        let faults = FaultKind::ALL.iter().map(|kind| kind.name());
        let alarms = SuspicionCause::ALL.iter().map(|alarm| alarm.as_str());
        fill(&mut counts.faults, faults);
        fill(
            &mut counts.tried,
            Mischief::ALL.iter().map(|what| what.name()),
        );
        fill(
            &mut counts.forged,
            Forgery::ALL.iter().map(|what| what.name()),
        );
        fill(&mut counts.forgeries_heard, PROOFS);
        fill(&mut counts.frames, FRAMES);
        fill(&mut counts.verdicts, VERDICTS);
        fill(&mut counts.outcomes, OUTCOMES);
        fill(&mut counts.outcomes, OUTCOMES_OF_THEFTS);
        fill(
            &mut counts.tricks,
            Trick::ALL.iter().map(|what| what.name()),
        );
        fill(&mut counts.waits_at_desk, WAITS);
        fill(&mut counts.sessions_ended, ENDS);
        fill(&mut counts.turns, TURNS);
        fill(&mut counts.alarms, alarms);
        fill(&mut counts.quarantines, QUARANTINES);
        take_out(&mut counts);
        counts
    }

    fn fill(tally: &mut Tally, keys: impl IntoIterator<Item = &'static str>) {
        tally.extend(keys.into_iter().map(|key| (key, 1)));
    }

    #[test]
    fn a_counter_that_never_moves_is_named() {
        let schedules = met(47, |_| {});
        assert_eq!(
            met(ENOUGH_SEEDS, |_| {}).never_met(&schedules),
            Vec::<String>::new()
        );
        let stuck = met(ENOUGH_SEEDS, |counts| counts.parked = 0);
        assert_eq!(stuck.never_met(&schedules), ["ops parked"]);
        let silent = met(ENOUGH_SEEDS, |counts| {
            counts.frames.retain(|key, _| *key != "Probe")
        });
        assert_eq!(silent.never_met(&schedules), ["frame `Probe`"]);
        let idle = met(ENOUGH_SEEDS, |counts| counts.faults_least = 0);
        assert_eq!(idle.never_met(&schedules), ["3 faults in every seed"]);
    }

    #[test]
    fn a_rare_thing_is_asked_of_schedules_until_there_are_seeds_enough() {
        let clone = |counts: &mut Counts| counts.quarantines.retain(|key, _| *key != "edge_cloned");
        let with = met(47, |_| {});
        let without = met(47, clone);
        let never = ["quarantine `edge_cloned`"];
        assert_eq!(
            met(ENOUGH_SEEDS, clone).never_met(&with),
            Vec::<String>::new()
        );
        assert_eq!(met(ENOUGH_SEEDS, clone).never_met(&without), never);
        assert_eq!(met(1_086 * CERTAINTY, clone).never_met(&with), never);
    }

    #[test]
    fn every_rare_thing_is_one_that_is_asked_for() {
        let asked = Counts::default().not_met();
        for (name, one_in) in RARE {
            assert!(asked.iter().any(|asked| asked == name), "{name}");
            assert!(one_in * CERTAINTY > ENOUGH_SEEDS, "{name}");
        }
    }
}
