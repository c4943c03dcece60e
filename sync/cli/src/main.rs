//! `holdfast`, the operator's command: shows and explains the platform's state. Lists every command
//! with its arguments, and the function that runs it.
//!
//! Invariant: stdout carries only the answer; failures go to stderr, and the exit code gives their
//! kind.

mod conflicts;
mod dlq;
mod edge_lifecycle;
mod edges;
mod explain;
mod gateway;
mod keys;
mod layout;
mod login;
mod output;
mod promises;
mod queue;
mod region;
mod status;
mod style;
mod trace;
mod usage;
mod values;
mod wait;
mod withdraw;

texts::include_texts!(say);

use std::{ffi::OsString, process::ExitCode};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use wire::{EdgeId, Language, Region};

use crate::{
    dlq::DlqAction,
    edge_lifecycle::{EdgesAction, EnrolAction},
    gateway::Gateway,
    keys::KeysAction,
    output::{CommandFailure, CommandOutput, ExitKind, Result},
    promises::PromiseFilter,
    queue::QueueAction,
    region::{LeaseAction, LinkAction},
    style::OutputStyle,
    values::{ConflictCursor, GlobalArgs, WaitCondition},
};

// The help texts are in `texts/*/help.ftl`.
#[derive(Debug, Parser)]
#[command(name = "holdfast", version, arg_required_else_help = true)]
pub struct CommandLine {
    #[command(flatten)]
    pub common: GlobalArgs,
    #[command(subcommand)]
    pub command: CliCommand,
}

#[derive(Debug, Subcommand)]
pub enum CliCommand {
    #[command(flatten)]
    Operate(OperatorCommand),
    #[command(flatten)]
    SignIn(SignInCommand),
}

/// Commands that work without a stored sign-in.
#[derive(Debug, Subcommand)]
pub enum SignInCommand {
    Login {
        #[arg(value_name = "USER")]
        username: String,
        #[arg(long)]
        password_stdin: bool,
    },
    Logout,
}

#[derive(Debug, Subcommand)]
pub enum OperatorCommand {
    Status,
    #[command(args_conflicts_with_subcommands = true)]
    Edges {
        #[arg(long)]
        retired: bool,
        #[command(subcommand)]
        action: Option<EdgesAction>,
    },
    #[command(args_conflicts_with_subcommands = true)]
    Queue {
        edge: Option<EdgeId>,
        #[arg(long, value_name = "NUMBER", default_value_t = 50,
              value_parser = clap::value_parser!(u16).range(1..=5000))]
        limit: u16,
        #[command(subcommand)]
        action: Option<QueueAction>,
    },
    Conflicts {
        #[arg(long, value_name = "NUMBER", default_value_t = 20,
              value_parser = clap::value_parser!(u16).range(1..=500))]
        limit: u16,
        #[arg(long)]
        cursor: Option<ConflictCursor>,
    },
    Promises(PromiseFilter),
    Explain {
        what: String,
    },
    Trace {
        order: String,
    },
    #[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
    Enrol {
        #[arg(required = true)]
        region: Option<Region>,
        #[arg(required = true)]
        name: Option<EdgeId>,
        #[command(subcommand)]
        action: Option<EnrolAction>,
    },
    Wait {
        #[arg(long = "for", value_name = "CONDITION", required = true,
              value_parser = values::condition_parser(Language::English))]
        conditions: Vec<WaitCondition>,
    },
    Link {
        action: LinkAction,
        region: Region,
    },
    Readmit {
        edge: EdgeId,
    },
    Withdraw {
        person: String,
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    Lease {
        #[command(subcommand)]
        action: LeaseAction,
    },
    #[command(args_conflicts_with_subcommands = true)]
    Keys {
        #[command(subcommand)]
        action: Option<KeysAction>,
    },
    Token {
        #[arg(long)]
        region: Option<Region>,
    },
    Dlq {
        #[command(subcommand)]
        action: DlqAction,
    },
}

fn main() -> ExitCode {
    let asked = find_flag_value("--lang", std::env::args().skip(1));
    let language = style::choose_language(asked.as_deref(), |name| std::env::var(name).ok());
    let width = find_flag_value("--width", std::env::args().skip(1))
        .and_then(|columns| columns.parse().ok());
    let line = CommandLine::read(&OutputStyle::for_stdout(language, false, width));
    let style = OutputStyle::for_stdout(language, line.common.json, line.common.width);
    // One thread is enough for one request, and starts fastest.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let output = match runtime {
        Ok(runtime) => runtime.block_on(run_command(&line, style)),
        Err(error) => Err(CommandFailure::new(
            ExitKind::Failure,
            process::problem::format_error_chain(&error),
        )),
    };
    let output = output.unwrap_or_else(|failure| CommandOutput {
        exit: failure.exit,
        out: String::new(),
        err: failure.render(&style),
    });
    ExitCode::from(output.print(&style) as u8)
}

impl CommandLine {
    /// Reads the command line. Exits here on help, version and usage errors, the latter with 2.
    pub fn read(style: &OutputStyle) -> Self {
        let words = with_flags_first(std::env::args_os().collect());
        let read = build_command(style.language).try_get_matches_from(words);
        let read = read.and_then(|matches| Self::from_arg_matches(&matches));
        read.unwrap_or_else(|error| usage::exit_with_mistake(&error, style))
    }
}

pub async fn run_command(line: &CommandLine, style: OutputStyle) -> Result<CommandOutput> {
    let common = &line.common;
    match &line.command {
        CliCommand::SignIn(SignInCommand::Login {
            username,
            password_stdin,
        }) => login::sign_in(common, style, username, *password_stdin).await,
        CliCommand::SignIn(SignInCommand::Logout) => login::sign_out(common, style).await,
        CliCommand::Operate(command) => {
            run_operator_command(
                &login::open_signed_in(common, style).await?,
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
        OperatorCommand::Status => status::show_status(gateway).await,
        OperatorCommand::Edges {
            retired,
            action: None,
        } => edges::list_edges(gateway, *retired).await,
        OperatorCommand::Edges {
            action: Some(action),
            ..
        } => edge_lifecycle::run_edges_action(gateway, action).await,
        OperatorCommand::Queue {
            edge,
            limit,
            action: None,
        } => queue::show_queue(gateway, edge.as_ref(), usize::from(*limit)).await,
        OperatorCommand::Queue {
            action: Some(QueueAction::Retry { what, seq, epoch }),
            ..
        } => queue::retry_waiting(gateway, what, *seq, *epoch).await,
        OperatorCommand::Conflicts { limit, cursor } => {
            conflicts::list_conflicts(gateway, usize::from(*limit), *cursor).await
        }
        OperatorCommand::Promises(filter) => promises::list_promises(gateway, filter).await,
        OperatorCommand::Explain { what } => explain::explain_item(gateway, what).await,
        OperatorCommand::Trace { order } => trace::trace_order(gateway, order).await,
        OperatorCommand::Enrol {
            region: Some(region),
            name: Some(name),
            action: None,
        } => edge_lifecycle::enrol_edge(gateway, *region, name).await,
        OperatorCommand::Enrol {
            action: Some(EnrolAction::Withdraw { edge }),
            ..
        } => edge_lifecycle::withdraw_code(gateway, edge).await,
        OperatorCommand::Enrol { .. } => unreachable!("clap requires both if there is no action"),
        OperatorCommand::Wait { conditions } => {
            wait::wait_for_conditions(gateway, conditions, global_args.timeout_or(60)).await
        }
        OperatorCommand::Readmit { edge } => edge_lifecycle::readmit_edge(gateway, edge).await,
        OperatorCommand::Link { action, region } => {
            region::set_gate(gateway, *action, *region).await
        }
        OperatorCommand::Withdraw { person, why } => {
            withdraw::withdraw_jobs(gateway, person, why).await
        }
        OperatorCommand::Lease { action } => region::run_lease_action(gateway, action).await,
        OperatorCommand::Keys { action } => keys::run_keys_action(gateway, action.as_ref()).await,
        OperatorCommand::Dlq { action } => dlq::run_dlq_action(gateway, action).await,
        OperatorCommand::Token { region } => login::issue_token(gateway, *region).await,
    }
}

/// Returns a flag such as `--lang` before parsing, because the help text depends on it.
pub fn find_flag_value(flag: &str, mut args: impl Iterator<Item = String>) -> Option<String> {
    while let Some(arg) = args.next() {
        match arg.strip_prefix(flag) {
            Some("") => return args.next(),
            Some(rest) => return rest.strip_prefix('=').map(str::to_owned),
            None => {}
        }
    }
    None
}

/// Moves flags that shape the help before `help`: people type `help --lang zh`, but `clap` accepts
/// only command names there.
fn with_flags_first(words: Vec<OsString>) -> Vec<OsString> {
    const FLAGS: [&str; 2] = ["--lang", "--width"];
    let is_help = words.get(1).is_some_and(|word| word == "help");
    if !is_help {
        return words;
    }
    let mut first = Vec::new();
    let mut others = Vec::new();
    let mut words = words.into_iter();
    first.extend(words.next());
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        let flag = FLAGS.iter().find_map(|flag| text.strip_prefix(flag));
        match flag {
            Some("") => {
                first.push(word);
                first.extend(words.next());
            }
            Some(value) if value.starts_with('=') => first.push(word),
            Some(_) | None => others.push(word),
        }
    }
    first.extend(others);
    first
}

pub fn build_command(language: Language) -> clap::Command {
    usage::with_help_texts(
        values::with_value_parsers(CommandLine::command(), language),
        language,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound_in_both_languages() {
        for language in [Language::English, Language::Chinese] {
            build_command(language).debug_assert();
        }
    }

    #[test]
    fn every_command_and_argument_has_its_help_in_each_language() {
        for language in [Language::English, Language::Chinese] {
            check_help(language);
        }
    }

    fn check_help(language: Language) {
        let mut root = build_command(language);
        root.build();
        let fits = |help: &str| match language {
            Language::English => !help.is_empty() && help.is_ascii(),
            Language::Chinese => !help.is_ascii(),
        };
        let mut all = vec![&root];
        let mut at = 0;
        while let Some(command) = all.get(at) {
            at += 1;
            all.extend(
                command
                    .get_subcommands()
                    .filter(|sub| sub.get_name() != "help"),
            );
        }
        for sub in all {
            let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(fits(&about), "{}: {about}", sub.get_name());
            for arg in sub.get_arguments() {
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(fits(&help), "{} {}: {help}", sub.get_name(), arg.get_id());
            }
        }
    }

    #[test]
    fn the_language_is_found_before_the_line_is_read() {
        let found = |line: &str| find_flag_value("--lang", line.split(' ').map(str::to_owned));
        assert_eq!(found("status --lang zh-CN"), Some("zh-CN".into()));
        assert_eq!(found("--lang=en status"), Some("en".into()));
        assert_eq!(found("status"), None);
    }
}
