//! Runs a command and produces JSON or text.

use std::io::{self, Write};

use serde_json::Value;
use texts::Sentence;

use crate::{
    args::{
        CliCommand, CommandLine, EnrolAction, GlobalArgs, OperatorCommand, QueueAction,
        SignInCommand,
    },
    conflicts, dlq, edges, enrol,
    exit::{CommandFailure, ExitKind, Result},
    find,
    gateway::Gateway,
    keys, lease, login,
    look::{OutputStyle, split_next_step},
    queue, service, status, steer, wait, withdraw,
};

pub struct CommandOutput {
    pub exit: ExitKind,
    pub out: String,
    pub err: String,
}

impl CommandOutput {
    pub fn new(
        style: &OutputStyle,
        json: impl FnOnce() -> Value,
        text: impl FnOnce() -> String,
    ) -> Self {
        let out = if style.json {
            format!("{:#}\n", json())
        } else {
            text()
        };
        Self {
            exit: ExitKind::Ok,
            out,
            err: String::new(),
        }
    }

    /// Writes both texts. An unwritable answer is a failure.
    pub fn print(self, style: &OutputStyle) -> ExitKind {
        let answered = write_and_flush(io::stdout(), &style.fit_to_width(self.out));
        // If stderr is closed there is no one left to report to.
        let _ = write_and_flush(io::stderr(), &style.fit_to_width(self.err));
        match answered {
            // A reader may close the pipe early, as `head` does.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let failure = CommandFailure::from_write_error(&error, style);
                let _ = write_and_flush(io::stderr(), &style.fit_to_width(failure.render(style)));
                failure.exit
            }
            Ok(()) | Err(_) => self.exit,
        }
    }

    /// Returns the gateway's answer, or a sentence with its next step.
    pub fn from_answer(gateway: &Gateway, answer: Value, sentence: impl Sentence) -> Self {
        let look = &gateway.style;
        let (done, step) = split_next_step(gateway.style.translate(sentence));
        Self::new(
            look,
            || answer,
            || format!("{done}\n    {}\n", look.format_next_step(&step)),
        )
    }
}

pub async fn run(line: &CommandLine, style: OutputStyle) -> Result<CommandOutput> {
    let common = &line.common;
    match &line.command {
        CliCommand::SignIn(SignInCommand::Login {
            username,
            password_stdin,
        }) => login::sign_in(common, style, username, *password_stdin).await,
        CliCommand::SignIn(SignInCommand::Logout) => login::sign_out(common, style).await,
        CliCommand::Operate(command) => {
            run_operator_command(
                &Gateway::open_signed_in(common, style).await?,
                command,
                common,
            )
            .await
        }
    }
}

async fn run_operator_command(
    gateway: &Gateway,
    command: &OperatorCommand,
    global_args: &GlobalArgs,
) -> Result<CommandOutput> {
    match command {
        OperatorCommand::Status => status::run(gateway).await,
        OperatorCommand::Edges {
            retired,
            action: None,
        } => edges::run(gateway, *retired).await,
        OperatorCommand::Edges {
            action: Some(action),
            ..
        } => service::run(gateway, action).await,
        OperatorCommand::Queue {
            edge,
            limit,
            action: None,
        } => queue::run(gateway, edge.as_ref(), usize::from(*limit)).await,
        OperatorCommand::Queue {
            action: Some(QueueAction::Retry { what, seq, epoch }),
            ..
        } => queue::retry_waiting(gateway, what, *seq, *epoch).await,
        OperatorCommand::Conflicts { limit, cursor } => {
            conflicts::run(gateway, usize::from(*limit), *cursor).await
        }
        OperatorCommand::Explain { what } => find::run(gateway, what).await,
        OperatorCommand::Enrol {
            region: Some(region),
            name: Some(name),
            action: None,
        } => enrol::run(gateway, *region, name).await,
        OperatorCommand::Enrol {
            action: Some(EnrolAction::Withdraw { edge }),
            ..
        } => enrol::withdraw_code(gateway, edge).await,
        OperatorCommand::Enrol { .. } => unreachable!("clap requires both if there is no action"),
        OperatorCommand::Wait { conditions } => {
            wait::run(gateway, conditions, global_args.timeout_or(60)).await
        }
        OperatorCommand::Readmit { edge } => steer::readmit_edge(gateway, edge).await,
        OperatorCommand::Link { action, region } => {
            steer::set_gate(gateway, *action, *region).await
        }
        OperatorCommand::Withdraw { person, why } => withdraw::run(gateway, person, why).await,
        OperatorCommand::Lease { action } => lease::run(gateway, action).await,
        OperatorCommand::Keys { action } => keys::run(gateway, action.as_ref()).await,
        OperatorCommand::Dlq { action } => dlq::run(gateway, action).await,
        OperatorCommand::Token { region } => login::issue_token(gateway, *region).await,
    }
}

fn write_and_flush(mut to: impl Write, text: &str) -> io::Result<()> {
    to.write_all(text.as_bytes())?;
    to.flush()
}
