//! The command line: commands, their help in the reader's language, and usage errors.

mod help;
mod mistake;
mod values;

use std::{ffi::OsString, time::Duration};

use clap::{
    ArgAction, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum,
    builder::{FalseyValueParser, PossibleValue},
};

use wire::{EdgeId, EventId, Language, Policy, Region};

use crate::{
    conflicts::ConflictCursor,
    look::{OutputStyle, WIDTH_MIN},
    service::PastMoment,
    wait::WaitCondition,
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

#[derive(Debug, Args)]
pub struct GlobalArgs {
    #[arg(
        long,
        global = true,
        value_name = "GATEWAY",
        env = "HOLDFAST_URL",
        hide_env_values = true
    )]
    pub url: Option<String>,
    #[arg(long, global = true, env = "HOLDFAST_TOKEN_IN_THE_CLEAR", hide_env_values = true,
          action = ArgAction::SetTrue, value_parser = FalseyValueParser::new())]
    pub token_in_the_clear: bool,
    #[arg(long, global = true)]
    pub json: bool,
    #[arg(long, global = true, value_name = "COLUMNS",
          value_parser = clap::value_parser!(u16).range(i64::from(WIDTH_MIN)..=1000))]
    pub width: Option<u16>,
    #[arg(long, global = true, value_name = "LANGUAGE", ignore_case = true,
          value_parser = [PossibleValue::new("en"), PossibleValue::new("zh-CN").alias("zh")])]
    pub lang: Option<String>,
    #[arg(long, global = true, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: Option<u64>,
}

impl GlobalArgs {
    pub fn timeout_or(&self, seconds: u64) -> Duration {
        Duration::from_secs(self.timeout.unwrap_or(seconds))
    }
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
    Explain {
        what: String,
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

#[derive(Debug, Subcommand)]
pub enum DlqAction {
    List,
    Show {
        #[arg(value_name = "QUEUE|EXCHANGE")]
        place: String,
        #[arg(long, value_name = "NUMBER", default_value_t = 50,
              value_parser = clap::value_parser!(u16).range(1..=500))]
        limit: u16,
    },
    Redrive(DeadLetterArgs),
    Drop(DeadLetterArgs),
    Replay {
        #[arg(value_name = "QUEUE")]
        queue: String,
        #[arg(long, value_name = "MOMENT", value_parser = values::moment_parser(Language::English))]
        since: PastMoment,
    },
}

/// Dead letters: the listed events or all.
#[derive(Debug, Args)]
pub struct DeadLetterArgs {
    #[arg(value_name = "QUEUE|EXCHANGE")]
    pub place: String,
    #[arg(value_name = "EVENT", num_args = 1..=500, required_unless_present = "all", conflicts_with = "all")]
    pub events: Vec<EventId>,
    #[arg(long)]
    pub all: bool,
}

#[derive(Debug, Subcommand)]
pub enum EnrolAction {
    Withdraw { edge: EdgeId },
}

#[derive(Debug, Subcommand)]
pub enum EdgesAction {
    Disable {
        edge: EdgeId,
        #[arg(long, value_name = "MOMENT", value_parser = values::moment_parser(Language::English))]
        since: PastMoment,
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    Rekey {
        edge: EdgeId,
        #[arg(long, value_name = "TEXT")]
        why: Option<String>,
    },
    Rotate {
        edge: EdgeId,
    },
    Retire {
        edge: EdgeId,
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    Record {
        edge: EdgeId,
    },
}

#[derive(Debug, Subcommand)]
pub enum QueueAction {
    Retry {
        #[arg(value_name = "EDGE|COMMAND")]
        what: String,
        seq: Option<u64>,
        #[arg(long, requires = "seq")]
        epoch: Option<u64>,
    },
}

#[derive(Debug, Subcommand)]
pub enum LeaseAction {
    Show {
        region: Region,
    },
    Set {
        region: Region,
        #[arg(long)]
        policy: Policy,
        #[arg(long, value_name = "EDGE")]
        holder: Option<EdgeId>,
    },
    TakeBack {
        region: Region,
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum KeysAction {
    Rotate {
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    Kill {
        #[arg(value_name = "KEY")]
        kid: String,
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LinkAction {
    Cut,
    Heal,
}

impl CommandLine {
    /// Reads the command line. Exits here on help, version and usage errors, the latter with 2.
    pub fn read(style: &OutputStyle) -> Self {
        let words = with_flags_first(std::env::args_os().collect());
        let read = build_command(style.language).try_get_matches_from(words);
        let read = read.and_then(|matches| Self::from_arg_matches(&matches));
        read.unwrap_or_else(|error| mistake::exit_with_mistake(&error, style))
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

fn build_command(language: Language) -> clap::Command {
    help::with_help_texts(
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
