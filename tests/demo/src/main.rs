//! `cargo xtask demo`: plays the whole story on a new platform or a running one, and prints each
//! step with its duration. Exits with 1 at the first fact that does not hold.

mod fact;
mod story;

use std::{fs, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context, Result};
use clap::Parser;
use process::clock::Clock;
use stack::{Layout, ReadyFile, Stack, Stores, Wishes};
use support::{Api, Place};
use wire::{EdgeId, Language, Region, Role};

use fact::Fact;
texts::include_texts!(say);

use story::{PAY_OUT, STEPS, Step, Story};

#[derive(Parser)]
#[command(
    name = "holdfast-demo",
    about = "Play two jobs from their publishing to the payout, each through a line that is cut"
)]
struct Arguments {
    /// Use the running platform that wrote this ready file; the default is a new, temporary one.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Falsify the observations of this step, to prove that its facts are checked.
    #[arg(long, value_name = "STEP", value_parser = STEPS.map(|step| step.name))]
    spoil: Option<String>,
    /// `en` or `zh`.
    #[arg(long, default_value = "en", env = "HOLDFAST_LANG")]
    lang: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<()> {
    if let Some(path) = &arguments.ready_file {
        let text = fs::read_to_string(path)
            .with_context(|| format!("could not read {}", path.display()))?;
        let ready = serde_json::from_str(&text)
            .with_context(|| format!("{} is not a ready file", path.display()))?;
        return play(&ready, arguments).await;
    }
    let layout = Layout::temporary(Stores::Embedded)?;
    let stack = Stack::start(layout, &Wishes::that_settle_soon()).await?;
    let played = play(&stack.ready_file(), arguments).await;
    let stopped = stack.stop().await;
    played.and(stopped)
}

async fn play(ready: &ReadyFile, arguments: &Arguments) -> Result<()> {
    let language = Language::from_accept(&arguments.lang);
    let mut story = begin(ready).await?;
    let clock = Clock::system();
    let mut told = Ok(());
    for (number, step) in STEPS.iter().enumerate() {
        if step.name == PAY_OUT && !ready.settles_soon {
            println!(
                "- {}/{} {}",
                number + 1,
                STEPS.len(),
                say::pay_out_waits.text_in(language)
            );
            continue;
        }
        let began = clock.elapsed();
        let seen = story
            .play(step.name)
            .await
            .map(|facts| spoil(facts, step, arguments));
        let took = clock.elapsed().saturating_sub(began);
        let wrong = print(number + 1, step, language, took, seen);
        if let Some(wrong) = wrong {
            told = Err(wrong.context(format!("step `{}` is not as told", step.name)));
            break;
        }
    }
    let ended = story.end().await;
    told.and(ended)
}

async fn begin(ready: &ReadyFile) -> Result<Story> {
    let api = Api::new(&ready.gateway);
    let admin = ready
        .sign_ins
        .iter()
        .find(|person| person.role == Role::Admin);
    let admin = admin.context("the ready file names no admin")?;
    let admin = api.sign_in(&admin.username, &admin.password).await?;
    let north = ready
        .edges
        .get(&Region::North)
        .context("NORTH has no edge")?;
    let (host, port) = north
        .mqtt
        .split_once(':')
        .context("the edge's MQTT has no port")?;
    let place = Place {
        region: Region::North,
        edge: EdgeId::new(&north.edge)?,
        host: host.to_owned(),
        port: port.parse().context("the edge's MQTT port is no number")?,
    };
    Story::begin(api, Api::new(&north.http), admin, place).await
}

fn spoil(mut facts: Vec<Fact>, step: &Step, arguments: &Arguments) -> Vec<Fact> {
    if arguments.spoil.as_deref() == Some(step.name) {
        facts = facts.into_iter().map(Fact::spoilt).collect();
    }
    facts
}

/// Prints one line for the step, and one for each fact that does not hold. Returns the error, if
/// any.
fn print(
    number: usize,
    step: &Step,
    language: Language,
    took: Duration,
    seen: Result<Vec<Fact>>,
) -> Option<anyhow::Error> {
    let (mark, wrong) = match seen {
        Err(error) => ("✗", Some(error)),
        Ok(facts) if facts.is_empty() => ("✗", Some(anyhow::anyhow!("it looked at nothing"))),
        Ok(facts) => match broken(&facts) {
            None => ("✓", None),
            Some(error) => ("✗", Some(error)),
        },
    };
    let total = STEPS.len();
    println!(
        "{mark} {number}/{total} {:>6} ms  {}",
        took.as_millis(),
        step.title.text_in(language)
    );
    wrong
}

fn broken(facts: &[Fact]) -> Option<anyhow::Error> {
    let broken: Vec<_> = facts
        .iter()
        .filter(|fact| !fact.holds())
        .map(|fact| {
            format!(
                "{}: expected {}, saw {}",
                fact.what, fact.expected, fact.seen
            )
        })
        .collect();
    (!broken.is_empty()).then(|| anyhow::anyhow!(broken.join("; ")))
}
