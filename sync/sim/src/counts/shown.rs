//! The table of counts. Equal seeds print equal tables.

use std::fmt;

use super::Counts;

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = self.simulated_ms / 60_000;
        writeln!(f, "seeds               {}", self.seeds)?;
        writeln!(
            f,
            "simulated hours     {}.{:02}",
            minutes / 60,
            minutes % 60 * 100 / 60
        )?;
        writeln!(
            f,
            "commands            {} (a seed at least {})",
            self.commands, self.commands_least
        )?;
        let faults: u64 = self.faults.values().sum();
        writeln!(
            f,
            "faults              {faults} (a seed at least {})",
            self.faults_least
        )?;
        let tries: u64 = self.tried.values().sum();
        writeln!(
            f,
            "tries of a stranger {tries} (a seed at least {})",
            self.tries_least
        )?;
        for (name, number) in self.list_deliveries() {
            writeln!(f, "{name:<20}{number}")?;
        }
        for (name, number) in self.list_epoch_counts() {
            writeln!(f, "{name:<32}{number}")?;
        }
        for (name, number) in self.of_thefts() {
            writeln!(f, "{name:<32}{number}")?;
        }
        for (name, number) in self.lost_and_found() {
            writeln!(f, "{name:<32}{number}")?;
        }
        self.write_tallies(f)
    }
}

impl Counts {
    /// What ops, answers and events went through, in a narrow column.
    fn list_deliveries(&self) -> [(&'static str, u64); 22] {
        [
            ("firm despite those", self.firm_beside_nonsense),
            ("checks", self.checks),
            ("conflicts", self.conflicts),
            ("messages sent", self.messages),
            ("ops stored", self.ops_stored),
            ("ops parked", self.parked),
            ("passes too late", self.passes_void),
            ("answers lost", self.answers_lost),
            ("writes overtaken", self.overtaken),
            ("writes collided", self.collided),
            ("events fed", self.fed),
            ("events known", self.fed_before),
            ("events redelivered", self.redelivered),
            ("frames of others", self.strays),
            ("link tokens expired", self.link_token_expired),
            ("policy transitions", self.turned),
            ("take-backs", self.take_backs),
            ("ops held", self.held),
            ("held, told", self.held_told),
            ("held, handed again", self.swept),
            ("accepts put", self.asks),
            ("accepts logged", self.asks_logged),
        ]
    }

    /// What happened to edges, their epochs and the ops that a person decides.
    fn list_epoch_counts(&self) -> [(&'static str, u64); 17] {
        [
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

    fn write_tallies(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, tally) in [
            ("policy transitions by kind", &self.turns),
            ("alarms", &self.alarms),
            ("quarantines", &self.quarantines),
            ("accepts that wait at the portal", &self.waits_at_desk),
            ("what a stranger tried", &self.tried),
            ("what a hostile replica made up", &self.forged),
            ("and what edges took it for", &self.forgeries_heard),
            ("what a thief tried", &self.tricks),
            ("commands by kind", &self.taps),
            ("faults by kind", &self.faults),
            ("frames by kind", &self.frames),
            ("verdicts", &self.verdicts),
            ("outcomes", &self.outcomes),
            ("answers at the portal", &self.answers_at_desk),
            ("sessions ended by the hub", &self.sessions_ended),
            ("frames an edge ignored", &self.frames_ignored),
        ] {
            writeln!(f, "{name}")?;
            for (key, n) in tally {
                writeln!(f, "  {n:>9}  {key}")?;
            }
        }
        Ok(())
    }
}
