//! Publishes and reads through the gateways of two builds over the same number of connections. The
//! builds take turns, so the ratios hold on a busy machine.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, anyhow, ensure};
use clap::{Parser, builder::RangedU64ValueParser};
use process::clock::Clock;
use serde::Deserialize;
use stack::binaries;
use support::{Api, Person, within};
use tokio::{
    process::{Child, Command},
    task::JoinSet,
    time::timeout,
};
use wire::{OrderId, Region, Role};

/// They take turns on one connection, to stay below the per-person limits.
const PEOPLE_OF_ONE: usize = 8;
const TURN: Duration = Duration::from_secs(3);
const STARTED_WITHIN: Duration = Duration::from_secs(180);
/// A slower answer is a fault.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

type Count = RangedU64ValueParser<usize>;

/// Compares this build with an earlier one.
#[derive(Parser)]
struct Arguments {
    /// The folder of the earlier build's programs, including `holdfast-stack`
    before: PathBuf,
    /// Run both on private servers, a process per part
    #[arg(long)]
    real: bool,
    #[arg(long, default_value_t = 32, value_parser = Count::new().range(1..))]
    connections: usize,
    /// Turns for each build, of three seconds each
    #[arg(long, default_value_t = 12, value_parser = Count::new().range(1..))]
    turns: usize,
}

#[derive(Clone, Copy)]
enum Case {
    Publish,
    Read,
}

/// The address of a platform, from its ready file.
#[derive(Deserialize)]
struct Ready {
    gateway: String,
}

/// A platform of one build. Dropping it stops it.
struct Build {
    name: &'static str,
    seats: Vec<Arc<Seat>>,
    _stack: Child,
}

/// A connection and its users.
struct Seat {
    api: Api,
    people: Vec<(Person, OrderId)>,
    turn: AtomicUsize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let present = binaries::supervisor()?;
    let present = present.parent().context("programs stand in a folder")?;
    let folder = tempfile::tempdir()?;
    let start =
        async |name, programs| Build::start(name, programs, folder.path(), &arguments).await;
    let before = start("before", &arguments.before).await?;
    let after = start("after", present).await?;
    let Arguments {
        connections, turns, ..
    } = arguments;
    println!("{connections} connections, {turns} turns of {TURN:?} each; after / before");
    for (case, name) in [(Case::Publish, "publish"), (Case::Read, "read")] {
        let mut ratios = Vec::new();
        let mut paces = [Vec::new(), Vec::new()];
        for turn in 0..turns {
            let mut order = [(0, &before), (1, &after)];
            if turn % 2 == 1 {
                order.reverse();
            }
            for (place, build) in order {
                let pace = build
                    .pace(case)
                    .await
                    .with_context(|| build.name.to_owned())?;
                paces[place].push(pace);
            }
            ratios.push(paces[1][turn] / paces[0][turn]);
        }
        let [before, after] = paces.map(|paces| spread(&paces).1);
        let (low, median, high) = spread(&ratios);
        println!(
            "{name}: {before:.0}/s before, {after:.0}/s after; ratio {median:.2} ({low:.2} to {high:.2})"
        );
    }
    Ok(())
}

/// Minimum, median and maximum.
fn spread(figures: &[f64]) -> (f64, f64, f64) {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    (
        sorted[0],
        sorted[sorted.len() / 2],
        sorted[sorted.len() - 1],
    )
}

impl Build {
    async fn start(
        name: &'static str,
        programs: &Path,
        work: &Path,
        arguments: &Arguments,
    ) -> Result<Self> {
        let ready_file = work.join(format!("{name}.json"));
        let log_file = work.join(format!("{name}.log"));
        let log = std::fs::File::create(&log_file)?;
        let mut command = Command::new(programs.join("holdfast-stack"));
        command.args(["up", "--ephemeral", "--free-ports"]);
        command.arg("--ready-file").arg(&ready_file);
        command
            .args(arguments.real.then_some("--real"))
            .env("HOLDFAST_BIN_DIR", programs);
        command
            .env("HOLDFAST_CONTEXT_DIR", work.join(name))
            .kill_on_drop(true);
        let stack = command.stdout(Stdio::null()).stderr(log).spawn();
        let mut stack =
            stack.with_context(|| format!("no `holdfast-stack` in {}", programs.display()))?;
        let started = within("the platform is up", STARTED_WITHIN, async || {
            if let Ok(Some(exit)) = stack.try_wait() {
                return Some(Err(exit));
            }
            let ready: Ready = serde_json::from_slice(&std::fs::read(&ready_file).ok()?).ok()?;
            Some(Ok(ready))
        });
        let Ready { gateway } = started.await?.map_err(|exit| {
            let log = std::fs::read_to_string(&log_file).unwrap_or_default();
            anyhow!("the platform ended with {exit}: {log}")
        })?;
        let mut seats = JoinSet::new();
        for _ in 0..arguments.connections {
            seats.spawn(Seat::taken(Api::new(gateway.clone())));
        }
        let seats: Result<Vec<Seat>> = seats.join_all().await.into_iter().collect();
        Ok(Self {
            name,
            seats: seats?.into_iter().map(Arc::new).collect(),
            _stack: stack,
        })
    }

    /// Answers per second; each must be a success.
    async fn pace(&self, case: Case) -> Result<f64> {
        let clock = Clock::system();
        let mut acting = JoinSet::new();
        let started = clock.elapsed();
        for seat in &self.seats {
            acting.spawn(Arc::clone(seat).act(case, started + TURN));
        }
        let mut count = 0_u32;
        while let Some(acted) = acting.join_next().await {
            count += acted??;
        }
        Ok(f64::from(count) / (clock.elapsed() - started).as_secs_f64())
    }
}

impl Seat {
    async fn taken(api: Api) -> Result<Self> {
        let mut people = Vec::new();
        for _ in 0..PEOPLE_OF_ONE {
            let person = api.newcomer(Role::Customer).await?;
            let order = api
                .publish(&person, Region::East, "Mend the tap")
                .await?
                .order_id;
            people.push((person, order));
        }
        Ok(Self {
            api,
            people,
            turn: AtomicUsize::new(0),
        })
    }

    async fn act(self: Arc<Self>, case: Case, until: Duration) -> Result<u32> {
        let clock = Clock::system();
        let mut count = 0;
        while clock.elapsed() < until {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            let (person, order) = &self.people[turn % self.people.len()];
            let answered = timeout(ANSWER_WITHIN, async {
                match case {
                    Case::Publish => self
                        .api
                        .publish(person, Region::East, "Mend the tap")
                        .await
                        .map(drop),
                    Case::Read => self.api.order(person, *order).await.map(drop),
                }
            });
            answered.await.context("an answer took too long")??;
            count += 1;
        }
        ensure!(count > 0, "a connection came to nothing");
        Ok(count)
    }
}
