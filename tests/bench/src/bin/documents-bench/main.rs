//! Compares notification's inbox on `platform::documents` with the same queries hand-written for
//! each database.
//!
//! Both write and read in turns, in separate databases on the same server, so the ratios hold on a
//! busy machine.

mod hand_written;
mod lines;

use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, builder::RangedU64ValueParser};
use hand_written::HandWrittenInbox;
use lines::{fresh, page_of};
use notification::{
    domain::{InboxLine, InboxPage, LineId, PageRequest},
    store::InboxStore,
};
use platform::documents::Documents;
use process::clock::Clock;

/// Lines that one turn inserts one at a time, and again in batches.
const LINES: u32 = 512;
const RUN: usize = 64;
const PAGES: usize = 200;

#[derive(Parser)]
#[command(
    name = "documents-bench",
    about = "Compare the document port with queries by hand"
)]
struct Arguments {
    /// Turns for each side
    #[arg(long, default_value_t = 12, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    turns: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let clock = Clock::system();
    let server = support::servers()
        .mongodb
        .split('?')
        .next()
        .unwrap_or_default();
    let server = server.trim_end_matches('/');
    let folder = tempfile::tempdir()?;
    for database in ["MongoDB", "SQLite"] {
        let url = |way: &str| match database {
            "MongoDB" => {
                format!(
                    "{server}/bench_{way}_{}?replicaSet=rs0",
                    clock.new_id().simple()
                )
            }
            _ => format!(
                "sqlite:{}",
                folder.path().join(format!("{way}.db")).display()
            ),
        };
        let port = InboxStore::new(&Documents::open(&url("port")).await?);
        port.migrate().await?;
        let hand = HandWrittenInbox::open(&url("hand")).await?;
        println!("{database}, time by hand as a part of the port's (aim: at least 0.90)");
        Bench {
            port,
            hand,
            clock: clock.clone(),
        }
        .run(arguments.turns)
        .await?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Way {
    Port,
    Hand,
}

struct Bench {
    port: InboxStore,
    hand: HandWrittenInbox,
    clock: Clock,
}

impl Bench {
    async fn run(&self, turns: usize) -> Result<()> {
        let mut single = Pace::default();
        let mut runs = Pace::default();
        let mut first = Pace::default();
        let mut second = Pace::default();
        let mut written = 0;
        for _ in 0..turns {
            for (id, line) in fresh(&mut written, LINES) {
                self.time(&mut single, async |way| self.insert(way, id, &line).await)
                    .await?;
            }
            for run in fresh(&mut written, LINES).chunks(RUN) {
                self.time(&mut runs, async |way| self.insert_run(way, run).await)
                    .await?;
            }
            let begin = page_of(None);
            let middle = self
                .page(Way::Hand, &begin)
                .await?
                .next
                .context("a second page")?;
            for (pace, request) in [(&mut first, begin), (&mut second, page_of(Some(middle)))] {
                for _ in 0..PAGES {
                    let read = async |way| self.page(way, &request).await.map(drop);
                    self.time(pace, read).await?;
                }
                let both = (
                    self.page(Way::Port, &request).await?,
                    self.page(Way::Hand, &request).await?,
                );
                anyhow::ensure!(both.0 == both.1 && both.0.lines.len() == request.limit);
            }
        }
        single.print("a line");
        runs.print("a run of 64 lines");
        first.print("the first page of 20");
        second.print("the second page of 20");
        Ok(())
    }

    /// Measures both, alternating which one starts.
    async fn time(&self, pace: &mut Pace, work: impl AsyncFn(Way) -> Result<()>) -> Result<()> {
        let ways = [Way::Port, Way::Hand];
        for way in if pace.port.len().is_multiple_of(2) {
            ways
        } else {
            [ways[1], ways[0]]
        } {
            let started = self.clock.elapsed();
            work(way).await?;
            let took = self.clock.elapsed() - started;
            match way {
                Way::Port => pace.port.push(took),
                Way::Hand => pace.hand.push(took),
            }
        }
        Ok(())
    }

    async fn insert(&self, way: Way, id: LineId, line: &InboxLine) -> Result<()> {
        let is_new = match way {
            Way::Port => self.port.add_line(id, line).await?,
            Way::Hand => self.hand.add(id, line).await?,
        };
        anyhow::ensure!(is_new);
        Ok(())
    }

    async fn insert_run(&self, way: Way, run: &[(LineId, InboxLine)]) -> Result<()> {
        let are_new = match way {
            Way::Port => self.port.add_lines(run).await?,
            Way::Hand => self.hand.add_all(run).await?,
        };
        anyhow::ensure!(are_new.iter().all(|is_new| *is_new));
        Ok(())
    }

    async fn page(&self, way: Way, request: &PageRequest) -> Result<InboxPage> {
        match way {
            Way::Port => Ok(self.port.read_page(request).await?),
            Way::Hand => self.hand.page(request).await,
        }
    }
}

#[derive(Default)]
struct Pace {
    port: Vec<Duration>,
    hand: Vec<Duration>,
}

impl Pace {
    /// Compares the medians.
    fn print(&mut self, name: &str) {
        let [hand, port] = [&mut self.hand, &mut self.port].map(|times| {
            times.sort_unstable();
            times[times.len() / 2].as_secs_f64() * 1e6
        });
        println!(
            "  {name:21} {:.2}: by hand {hand:.0} us, port {port:.0} us",
            hand / port
        );
    }
}
