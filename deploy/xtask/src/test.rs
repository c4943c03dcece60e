//! `cargo xtask test`: every stage, from a bare machine.

use std::{collections::BTreeSet, time::Instant};

use crate::{
    Result,
    beside::{BUILT_FLAG, Beside},
    depth::{DEEP_FLAG, Depth},
    processors::ProcessorTime,
    stages::{Built, Stage},
    suites::TestCount,
};

/// Takes `[--deep] [STAGE...]`. Stops at the first red stage, but always prints the table of
/// minutes.
pub fn run(arguments: &[String]) -> Result<()> {
    let (is_built, arguments) = match arguments {
        [flag, rest @ ..] if flag == BUILT_FLAG => (true, rest),
        all => (false, all),
    };
    let (depth, names) = match arguments {
        [flag, names @ ..] if flag == DEEP_FLAG => (Depth::Deep, names),
        names => (Depth::Landing, names),
    };
    let mut wanted = Stage::wanted(names, depth)?;
    let beside = Stage::beside(&wanted);
    wanted.retain(|stage| !beside.contains(stage));
    let mut run = Run::default();
    run.built.depth = depth;
    run.built.is_built_already = is_built;
    let started = now();
    let outcome = run.everything(wanted, &beside);
    drop(run.built);
    print_table(&run.table, minutes_since(started));
    if outcome.is_ok() && run.total.passed > 0 {
        println!("\n{} passed, {} failed", run.total.passed, run.total.failed);
    }
    outcome
}

#[derive(Default)]
struct Run {
    table: Vec<Row>,
    total: TestCount,
    built: Built,
}

struct Row {
    step: String,
    minutes: f64,
    busy_percent: Option<u64>,
    is_green: bool,
}

impl Run {
    fn everything(&mut self, wanted: BTreeSet<Stage>, beside: &[Stage]) -> Result<()> {
        if wanted.contains(&Stage::Build) {
            self.built.install();
        }
        let mut running = None;
        for step in Stage::steps(&wanted) {
            let name = step.iter().map(|stage| stage.name()).collect::<Vec<_>>();
            let name = name.join("+");
            println!("\n== {name}");
            self.timed(&name, |built| built.run(&step))
                .map_err(|error| format!("{name}: {error}"))?;
            // Earlier, they and the build would wait for each other.
            if step == [Stage::Build] && !beside.is_empty() {
                running = Some(Beside::start(beside, self.built.depth)?);
            }
            running.as_mut().map_or(Ok(()), Beside::look)?;
        }
        let Some(mut running) = running else {
            return Ok(());
        };
        println!("\n== waiting for the background tests");
        self.timed("beside", |_| {
            running.finish().map(|()| TestCount::default())
        })
    }

    fn timed(
        &mut self,
        step: &str,
        work: impl FnOnce(&mut Built) -> Result<TestCount>,
    ) -> Result<()> {
        let started = now();
        let before = ProcessorTime::now();
        let result = work(&mut self.built);
        self.table.push(Row {
            step: step.to_owned(),
            minutes: minutes_since(started),
            busy_percent: busy_percent_since(before),
            is_green: result.is_ok(),
        });
        self.total += result?;
        Ok(())
    }
}

#[allow(clippy::disallowed_methods)] // Not the product: nothing here is replayed or simulated.
fn now() -> Instant {
    Instant::now()
}

fn minutes_since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() / 60.0
}

/// Without the system's counters the share is unknown.
fn busy_percent_since(before: Option<ProcessorTime>) -> Option<u64> {
    Some(ProcessorTime::now()?.busy_percent_since(before?))
}

fn print_table(table: &[Row], total: f64) {
    println!("\n{:<16} minutes  busy", "stage");
    for row in table {
        let busy = row
            .busy_percent
            .map_or("?".to_owned(), |percent| format!("{percent} %"));
        let mark = if row.is_green { "" } else { "  red" };
        println!("{:<16} {:>7.1} {busy:>5}{mark}", row.step, row.minutes);
    }
    println!("{:<16} {total:>7.1}", "total");
}
