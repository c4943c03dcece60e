//! What enough seeds have to meet: a kind of fault, frame or answer that never came shows nothing of how
//! the parts take it.

use super::{Counts, Tally};
use crate::{edge::Alarm, plan::FaultKind};

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
const ENDS: [&str; 3] = ["edge_twin", "edge_needs_operator", "session_superseded"];
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
pub const OUTCOMES: [&str; 12] = [
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
    "rejected funds_not_held",
    "rejected command_id_reused",
];
/// What chance meets too seldom to be asked of it alone.
const SELDOM: [&str; 3] = [
    "rejected region_taken_back",
    "rejected acceptance_not_arrived",
    "applied order_rejected_meanwhile",
];
/// A seed that does less shows little.
const COMMANDS_MIN: u64 = 50;
const FAULTS_MIN: u64 = 3;
pub const VERDICTS: [&str; 11] = [
    "firm",
    "not_taken revoked",
    "provisional",
    "provisional looks_taken",
    "provisional looks_wrong_state",
    "provisional looks_not_yours",
    "provisional region_held_elsewhere",
    "stored before",
    "not_taken storage_full",
    "not_taken order_not_found",
    "not_taken token_expired",
];

impl Counts {
    /// What is to be met by enough seeds and was not; a few things may be left to the directed schedules.
    pub fn never_met(&self, directed: &Self) -> Vec<String> {
        let faults = FaultKind::ALL.iter().map(|kind| kind.name());
        let mut never = missing("fault", &self.faults, faults);
        never.extend(missing("frame", &self.frames, FRAMES.into_iter()));
        never.extend(missing("verdict", &self.verdicts, VERDICTS.into_iter()));
        never.extend(missing("outcome", &self.outcomes, OUTCOMES.into_iter()));
        let seldom = SELDOM.into_iter().filter(|key| !directed.outcomes.contains_key(key));
        never.extend(missing("outcome", &self.outcomes, seldom));
        never.extend(missing("answer at the portal", &self.waits_at_desk, WAITS.into_iter()));
        never.extend(missing("end of a session", &self.sessions_ended, ENDS.into_iter()));
        never.extend(missing("policy transition", &self.turns, TURNS.into_iter()));
        let alarms = Alarm::ALL.iter().map(|alarm| alarm.as_str());
        never.extend(missing("alarm", &self.alarms, alarms));
        never.extend(missing("quarantine", &self.quarantines, QUARANTINES.into_iter()));
        let numbers = [("conflicts", self.conflicts), ("strays", self.strays)];
        let more = [
            ("ops parked", self.parked),
            ("passes that came too late", self.passes_void),
            ("writes overtaken", self.overtaken),
            ("writes collided", self.collided),
            ("events redelivered", self.redelivered),
            ("events known already", self.fed_before),
            ("answers lost", self.answers_lost),
            ("take-backs", self.take_backs),
            ("ops held", self.held),
            ("edges told of a held op", self.held_told),
            ("held ops handed in again", self.swept),
            ("accepts put to a holder", self.asks),
            ("accepts logged by a holder", self.asks_logged),
            ("signs of life asked for", self.probes),
            ("old sessions that said nothing", self.probes_unanswered),
            ("copies found out", self.twins),
            ("copies enrolled anew", self.enrolled_anew),
            ("edges that need an operator", self.needed_operator),
            ("edges let in again", self.readmitted),
            ("rights taken back from epochs", self.rights_of_epochs_ended),
            ("epochs granted again", self.granted_again),
            ("ops given back", self.ops_given_back),
            ("epochs begun", self.epochs_begun),
            ("commands logged anew", self.relogged),
            ("files put back", self.restored),
            ("files copied", self.copied),
            ("tablets that met another run", self.heads_turned),
            ("batches halved", self.bisected),
            ("ops before an operator", self.stopped),
            ("ops let go by one", self.let_go),
        ];
        let found = self.lost_and_found();
        let zero = numbers.iter().chain(&more).chain(&found).filter(|(_, n)| *n == 0);
        never.extend(zero.map(|(name, _)| (*name).to_owned()));
        let least = [
            ("commands", self.commands_least, COMMANDS_MIN),
            ("faults", self.faults_least, FAULTS_MIN),
        ];
        let few = least.iter().filter(|(_, least, min)| least < min);
        never.extend(few.map(|(what, _, min)| format!("{min} {what} in every seed")));
        never
    }

    /// What was lost on purpose, and what images and comparisons have made of it.
    pub(super) fn lost_and_found(&self) -> [(&'static str, u64); 15] {
        [
            ("images begun", self.images_begun),
            ("images gone on with", self.images_resumed),
            ("images taken", self.images_taken),
            ("chunks of images kept", self.chunks_staged),
            ("comparisons with the owner", self.comparisons),
            ("events lost", self.events_lost),
            ("orders repaired in a feed", self.orders_repaired),
            ("strange orders taken out", self.orders_gone),
            ("words about the right repaired", self.assignments_repaired),
            ("edges repaired", self.edges_repaired),
            ("views damaged", self.views_damaged),
            ("grants renewed", self.grants_renewed),
            ("feeds begun anew", self.feeds_anew),
            ("changes compacted", self.compacted),
            ("tombstones dropped", self.tombstones_dropped),
        ]
    }
}

fn missing(what: &str, tally: &Tally, wanted: impl Iterator<Item = &'static str>) -> Vec<String> {
    wanted.filter(|key| !tally.contains_key(key)).map(|key| format!("{what} `{key}`")).collect()
}
