//! `cargo xtask bench`: many commands wait at five edges while the cloud is away. Measures the time
//! until they are decided in MariaDB and their outcomes are back, their bytes on the wire, and the
//! edges' memory.
//!
//! Absolute figures depend on the machine, so speed is given as a ratio to bare bulk inserts of the
//! same rows, made in the same run on the same server, with everything else stopped.

mod bare;
mod drain;
mod edges;
mod processes;
mod sizes;

use std::{process::ExitCode, time::Duration};

use anyhow::{Context, Result};
use clap::{Parser, builder::RangedU64ValueParser};
use process::clock::Clock;
use stack::{Layout, Stack, Stores, Wishes};
use support::Api;
use wire::Region;

use drain::Drained;
use edges::Edges;
use processes::Load;

type Count = RangedU64ValueParser<usize>;

#[derive(Parser)]
#[command(
    name = "holdfast-bench",
    about = "Measure how an outage's work is drained"
)]
struct Arguments {
    /// Commands waiting at all edges together, rounded up to the same number for every tablet
    #[arg(long, default_value_t = 100_000, value_parser = Count::new().range(1..))]
    ops: usize,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<()> {
    let mut layout = Layout::temporary(Stores::Real)?;
    let wires = edges::wires(&mut layout).await?;
    // One person of each region does the work of a thousand.
    let limits = ["COMMANDS_AT_ONCE", "NEWCOMERS_PENDING_MAX"];
    let without = |limit| (format!("HOLDFAST__EDGE__{limit}"), u32::MAX.to_string());
    let mut wishes = Wishes::of_few_people();
    wishes.environment.extend(limits.map(without));
    let stack = Stack::start(layout, &wishes).await?;
    let api = Api::new(stack.layout().gateway_url());
    let edges = Edges::of(&stack, &api, wires).await?;
    let measured = measure(&stack, &edges, arguments.ops).await;
    stack.stop().await?;
    measured
}

async fn measure(stack: &Stack, edges: &Edges, ops: usize) -> Result<()> {
    let drained = drain::measure(stack, edges, ops).await?;
    let stores = stack.stores().context("real stores")?;
    let mysql = stores.servers().mysql.clone();
    processes::leave_only_the_database(stack).await?;
    let before = Load::of(stack);
    let took = bare::insert(&mysql, &drained.rows, drained.ops).await?;
    let worked = Load::of(stack).since(&before);
    tell(&drained, took, &worked)
}

fn tell(drained: &Drained, bare_took: Duration, bare_worked: &Load) -> Result<()> {
    let ops = number(drained.ops);
    let drain = ops / seconds(drained.took);
    let bare = ops / seconds(bare_took);
    println!(
        "all received after {:.1} s, all outcomes back after {:.1} s, all regions equal after {:.1} s",
        seconds(drained.received),
        seconds(drained.took),
        seconds(drained.equal)
    );
    println!("drained:        {drain:>8.0} ops/s");
    println!("bare inserts:   {bare:>8.0} ops/s of the same rows");
    println!(
        "ratio:          {:>8.2} (aim: at least 0.50)",
        drain / bare.max(1.0)
    );
    for (table, rows) in &drained.rows {
        println!("  {table}: {rows} rows");
    }
    println!("processor while draining:  {}", drained.worked);
    println!("processor of bare inserts: {bare_worked}");
    let up = number(drained.carried_up) / ops;
    println!("on the wire up: {up:>8.1} bytes an op, as published at a kiosk");
    sizes::print(&Clock::system())?;
    for (region, peak) in Region::ALL.iter().zip(&drained.peaks) {
        let [idle, filled, drained] =
            [peak.idle, peak.filled, peak.drained].map(|bytes| number(bytes) / 1e6);
        println!(
            "edge {region}: {idle:.1} MB idle, {filled:.1} filled, {drained:.1} drained (peaks; aim: at most 40)"
        );
    }
    Ok(())
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

fn seconds(took: Duration) -> f64 {
    took.as_secs_f64().max(0.001)
}
