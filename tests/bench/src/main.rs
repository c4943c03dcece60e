//! `cargo xtask bench`: many commands wait at five edges while the cloud is away; how quickly they are
//! decided in MariaDB with their outcomes back at the edges, what they weigh on the wire, and how much
//! memory the edges need meanwhile.
//!
//! Figures of another machine say little, so speed is given as a ratio to bare bulk inserts of the same
//! rows, made in the same run.

mod bare;
mod edges;
mod sizes;

use std::{process::ExitCode, time::Duration};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use process::clock::Clock;
use stack::{Data, Layout, PortChoice, Stack, Stores, Wishes};
use support::{Api, Wire};
use tokio::time::sleep;
use wire::Region;

use edges::Edges;

#[derive(Parser)]
#[command(name = "holdfast-bench", about = "Measure how an outage's work is drained")]
struct Arguments {
    /// Commands that wait, at all edges together
    #[arg(long, default_value_t = 100_000)]
    ops: usize,
}

/// So many rows are inserted again, bare: what takes as long per row takes as long for all.
const BARE_OPS_MAX: usize = 20_000;
const LOOK_AGAIN: Duration = Duration::from_millis(100);

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
    let mut layout = Layout::decide(Stores::Real, &Data::ThrownAway, PortChoice::Free)?;
    let wires = edges::wires(&mut layout).await?;
    let stack = Stack::start(layout, &Wishes::default()).await?;
    let api = Api::new(stack.layout().gateway_url());
    let edges = Edges::of(&stack, &api, wires).await?;
    let measured = measure(&stack, &edges, arguments.ops).await;
    stack.stop().await?;
    measured
}

async fn measure(stack: &Stack, edges: &Edges, ops: usize) -> Result<()> {
    let clock = Clock::system();
    let idle = edges.peak_kib(stack)?;
    edges.set(Wire::Cut);
    let begun = clock.elapsed();
    let ops = edges.fill(ops).await?;
    ensure!(ops > 0, "fewer commands than tablets: nothing is sent");
    let filling = clock.elapsed().saturating_sub(begun);
    println!("{ops} commands taken by five edges in {:.1} s", filling.as_secs_f64());
    let filled = edges.peak_kib(stack)?;

    let (received, carried) = (edges.received().await?, edges.carried());
    edges.set(Wire::Passes);
    while edges.received().await? == received {
        sleep(LOOK_AGAIN / 10).await;
    }
    let begun = clock.elapsed();
    let mut all_received = None;
    loop {
        let took = clock.elapsed().saturating_sub(begun);
        if all_received.is_none() && edges.received().await? >= received + ops {
            all_received = Some((took, edges.carried()));
        }
        if edges.waiting().await? == 0 {
            break;
        }
        sleep(LOOK_AGAIN).await;
    }
    let took = clock.elapsed().saturating_sub(begun);
    let drained = edges.peak_kib(stack)?;
    // So few may be received and answered between two looks.
    let (receiving, carried_up) = all_received.unwrap_or((took, edges.carried()));

    let mysql = &stack.servers().context("real stores")?.mysql;
    let bare = bare::insert(mysql, ops.min(BARE_OPS_MAX)).await?;
    let per_second = |ops: usize, took: Duration| {
        u32::try_from(ops).map_or(0.0, f64::from) / took.as_secs_f64().max(0.001)
    };
    let drain = per_second(ops, took);
    let bare = per_second(bare.ops, bare.took);
    println!(
        "received in {:.1} s, outcomes back in {:.1} s",
        receiving.as_secs_f64(),
        took.as_secs_f64()
    );
    println!("drained:        {drain:>8.0} ops/s");
    println!("bare inserts:   {bare:>8.0} ops/s of the same rows");
    println!("ratio:          {:>8.2} (aim: at least 0.50)", drain / bare.max(1.0));
    let up = per_second(carried_up - carried, Duration::from_secs(1))
        / per_second(ops, Duration::from_secs(1));
    println!("on the wire up: {up:>8.1} bytes an op, as published at a kiosk");
    sizes::print(&clock)?;
    for (n, region) in Region::ALL.iter().enumerate() {
        let mib = |kib: u64| u32::try_from(kib).map_or(0.0, f64::from) / 1024.0;
        println!(
            "edge {region}: {:.1} MiB idle, {:.1} filled, {:.1} drained (peaks; aim: at most 40)",
            mib(idle[n]),
            mib(filled[n]),
            mib(drained[n])
        );
    }
    Ok(())
}
