//! Owns the way from a command to its output: the answer as JSON or as words.

use serde_json::Value;
use texts::Sentence;

use crate::{
    args::{CliCommand, CommandLine, QueueAction},
    conflicts, edges, enrol,
    exit::{ExitKind, Result},
    find,
    gateway::Gateway,
    lease,
    look::{Look, with_step},
    queue, status, steer, wait, withdraw,
};

/// The end of a run: its exit code and its texts.
pub struct CommandOutput {
    pub exit: ExitKind,
    pub out: String,
    pub err: String,
}

impl CommandOutput {
    pub fn new(look: &Look, json: impl FnOnce() -> Value, text: impl FnOnce() -> String) -> Self {
        let out = if look.json { format!("{:#}\n", json()) } else { text() };
        Self { exit: ExitKind::Ok, out, err: String::new() }
    }

    /// Of work done: the gateway's answer, or a sentence with its next step.
    pub fn done(gateway: &Gateway, answer: Value, sentence: impl Sentence) -> Self {
        let (look, (done, step)) = (&gateway.look, with_step(gateway.look.say(sentence)));
        Self::new(look, || answer, || format!("{done}\n    {}\n", look.next(&step)))
    }
}

pub async fn run(line: &CommandLine, look: Look) -> Result<CommandOutput> {
    let gateway = &Gateway::find(&line.common, look)?;
    match &line.command {
        CliCommand::Status => status::run(gateway).await,
        CliCommand::Edges => edges::run(gateway).await,
        CliCommand::Queue { edge, limit, action: None } => {
            queue::run(gateway, edge.as_ref(), usize::from(*limit)).await
        }
        CliCommand::Queue { action: Some(QueueAction::Retry { what, seq, epoch }), .. } => {
            queue::retry(gateway, what, *seq, *epoch).await
        }
        CliCommand::Conflicts { limit, cursor } => {
            conflicts::run(gateway, usize::from(*limit), *cursor).await
        }
        CliCommand::Explain { what } => find::run(gateway, what).await,
        CliCommand::Enrol { region, name } => enrol::run(gateway, *region, name).await,
        CliCommand::Wait { conditions } => {
            wait::run(gateway, conditions, line.common.timeout_or(60)).await
        }
        CliCommand::Readmit { edge } => steer::readmit(gateway, edge).await,
        CliCommand::Link { action, region } => steer::link(gateway, *action, *region).await,
        CliCommand::Withdraw { person, why } => withdraw::run(gateway, *person, why).await,
        CliCommand::Lease { action } => lease::run(gateway, action).await,
    }
}
