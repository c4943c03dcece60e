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
        writeln!(f, "firm beside those   {}", self.firm_beside_nonsense)?;
        writeln!(f, "checks              {}", self.checks)?;
        writeln!(f, "conflicts           {}", self.conflicts)?;
        writeln!(f, "ops stored          {}", self.ops_stored)?;
        writeln!(f, "ops parked          {}", self.parked)?;
        writeln!(f, "passes too late     {}", self.passes_void)?;
        writeln!(f, "answers lost        {}", self.answers_lost)?;
        writeln!(f, "writes overtaken    {}", self.overtaken)?;
        writeln!(f, "writes collided     {}", self.collided)?;
        writeln!(f, "events fed          {}", self.fed)?;
        writeln!(f, "events known        {}", self.fed_before)?;
        writeln!(f, "events redelivered  {}", self.redelivered)?;
        writeln!(f, "frames of others    {}", self.strays)?;
        writeln!(f, "link tokens expired {}", self.link_token_expired)?;
        writeln!(f, "policy transitions  {}", self.turned)?;
        writeln!(f, "take-backs          {}", self.take_backs)?;
        writeln!(f, "ops held            {}", self.held)?;
        writeln!(f, "held, told          {}", self.held_told)?;
        writeln!(f, "held, handed again  {}", self.swept)?;
        writeln!(f, "accepts put         {}", self.asks)?;
        writeln!(f, "accepts logged      {}", self.asks_logged)?;
        writeln!(f, "signs of life asked for         {}", self.probes)?;
        writeln!(
            f,
            "old sessions that said nothing  {}",
            self.probes_unanswered
        )?;
        writeln!(f, "copies found out                {}", self.twins)?;
        writeln!(f, "copies enrolled anew            {}", self.enrolled_anew)?;
        writeln!(
            f,
            "edges that need an operator     {}",
            self.needed_operator
        )?;
        writeln!(f, "edges let in again              {}", self.readmitted)?;
        writeln!(
            f,
            "rights taken back from epochs   {}",
            self.rights_of_epochs_ended
        )?;
        writeln!(f, "epochs granted again            {}", self.granted_again)?;
        writeln!(f, "ops given back                  {}", self.ops_given_back)?;
        writeln!(f, "epochs begun                    {}", self.epochs_begun)?;
        writeln!(f, "commands logged anew            {}", self.relogged)?;
        writeln!(f, "files put back                  {}", self.restored)?;
        writeln!(f, "files copied                    {}", self.copied)?;
        writeln!(f, "tablets that met another run    {}", self.heads_turned)?;
        writeln!(f, "batches halved                  {}", self.bisected)?;
        writeln!(f, "ops before an operator          {}", self.stopped)?;
        writeln!(f, "ops let go by one               {}", self.let_go)?;
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
            ("frames an edge passed over", &self.frames_ignored),
        ] {
            writeln!(f, "{name}")?;
            for (key, n) in tally {
                writeln!(f, "  {n:>9}  {key}")?;
            }
        }
        Ok(())
    }
}
