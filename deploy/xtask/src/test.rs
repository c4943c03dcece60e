//! `cargo xtask test`: every stage, from a bare machine.

use crate::{
    Result, install,
    stages::{Built, Stage},
    stopwatch::Stopwatch,
    suites::Tally,
    toolchain,
};

/// Stops at the first red stage, and prints the table of minutes in any case.
pub fn run(names: &[String]) -> Result<()> {
    let wanted = Stage::wanted(names)?;
    let mut table = Vec::new();
    let (mut built, mut total) = (Built::default(), Tally::default());
    let mut outcome = timed("install", &mut table, prepare).map(drop);
    for stage in wanted {
        if outcome.is_err() {
            break;
        }
        println!("\n== {}", stage.name());
        let result = timed(stage.name(), &mut table, || built.run(stage));
        outcome = result.map(|tally| {
            total.passed += tally.passed;
            total.failed += tally.failed;
        });
        outcome = outcome.map_err(|error| format!("{}: {error}", stage.name()));
    }
    drop(built);
    print_table(&table);
    if outcome.is_ok() && total.passed > 0 {
        println!("\n{} passed, {} failed", total.passed, total.failed);
    }
    outcome
}

fn prepare() -> Result<Tally> {
    toolchain::check()?;
    install::everything().map(|()| Tally::default())
}

struct Row {
    stage: &'static str,
    minutes: f64,
    is_green: bool,
}

fn timed(
    stage: &'static str,
    table: &mut Vec<Row>,
    work: impl FnOnce() -> Result<Tally>,
) -> Result<Tally> {
    let watch = Stopwatch::start();
    let result = work();
    table.push(Row { stage, minutes: watch.minutes(), is_green: result.is_ok() });
    result
}

fn print_table(table: &[Row]) {
    println!("\nstage     minutes");
    for row in table {
        let mark = if row.is_green { "" } else { "  red" };
        println!("{:<9} {:>7.1}{mark}", row.stage, row.minutes);
    }
    println!("{:<9} {:>7.1}", "total", table.iter().map(|row| row.minutes).sum::<f64>());
}
