//! Owns the command line: its words, their help in English and Chinese, and what is said of a mistake.

mod chinese;
mod mistake;
mod values;

use std::time::Duration;

use clap::{
    Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, builder::PossibleValue,
};

use wire::{CommandId, EdgeId, Language, Policy, Region};

use crate::{
    conflicts,
    exit::{Exit, Failure},
    wait::Condition,
};

/// Watch and steer a Holdfast platform
#[derive(Debug, Parser)]
#[command(name = "holdfast", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Args)]
pub struct Common {
    /// The gateway's address; by default the one platform that `up` started here
    #[arg(long, global = true, value_name = "GATEWAY", env = "HOLDFAST_URL")]
    pub url: Option<String>,
    /// Answer in JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// The language of answers; by default the environment's
    #[arg(long, global = true, value_name = "LANGUAGE", ignore_case = true,
          value_parser = [PossibleValue::new("en"), PossibleValue::new("zh-CN").alias("zh")])]
    pub lang: Option<String>,
    /// How long one request may take, by default 10; of `wait`: how long to wait at all, by default 60
    #[arg(long, global = true, value_name = "SECONDS",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: Option<u64>,
}

impl Common {
    pub fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.unwrap_or(10))
    }

    pub fn wait_timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.unwrap_or(60))
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Every region and its edges, and what is not as it should be (exit 3)
    Status,
    /// Every edge: its link, its log, what waits there, its right to assign, and its machine
    Edges,
    /// What the hub holds undecided and why, and what ended epochs left behind
    #[command(args_conflicts_with_subcommands = true)]
    Queue {
        /// Only that of one edge, such as north-1
        edge: Option<EdgeId>,
        /// How many ops to show, those that need a person first
        #[arg(long, value_name = "NUMBER", default_value_t = 50,
              value_parser = clap::value_parser!(u16).range(1..=5000))]
        limit: u16,
        #[command(subcommand)]
        action: Option<QueueAction>,
    },
    /// Acceptances that lost and cases that wait for a person, newest first
    Conflicts {
        /// How many to show
        #[arg(long, value_name = "NUMBER", default_value_t = 20,
              value_parser = clap::value_parser!(u16).range(1..=500))]
        limit: u16,
        /// Where the page before ended
        #[arg(long)]
        cursor: Option<conflicts::Cursor>,
    },
    /// Who did what, when at each hop, who won, and why others lost: of an order, an op or a conflict
    Explain {
        /// An order's id or code (N-7F3K9Q), an op (north-1/1/17), a command's id, or a conflict (lost-12)
        what: String,
    },
    /// Make a one-time code for a new edge, and the command to run on its machine
    Enrol {
        /// NORTH, SOUTH, EAST, WEST or MID
        region: Region,
        /// The edge's name, such as north-2
        name: EdgeId,
    },
    /// Wait until something is so; exit 8 when time is up, with what was still missing
    Wait {
        /// links-up, synced, synced=REGION, drained, or order=ID:STATUS; several must all be so
        #[arg(long = "for", value_name = "CONDITION", required = true)]
        conditions: Vec<Condition>,
    },
    /// Close or open the gate between a region's edges and the cloud
    Link {
        /// `cut` closes the gate, `heal` opens it
        action: LinkAction,
        /// NORTH, SOUTH, EAST, WEST or MID
        region: Region,
    },
    /// Take note of an edge that was restored, and let it in where it was stopped for that
    Readmit {
        /// The edge's name, such as north-1
        edge: EdgeId,
    },
    /// A region's policy and the edge that holds the right to assign
    Lease {
        #[command(subcommand)]
        action: LeaseAction,
    },
}

#[derive(Debug, Subcommand)]
pub enum QueueAction {
    /// Hand an op, or an accept made at the portal, in again that waits for an operator
    Retry {
        /// The edge's name, such as north-1; of an accept made at the portal: its command's id
        #[arg(value_name = "EDGE|COMMAND")]
        what: String,
        /// The op's place in the log of its epoch
        seq: Option<u64>,
        /// The epoch, where it is not the one that the edge has now
        #[arg(long, requires = "seq")]
        epoch: Option<u64>,
    },
}

/// What waits for an operator, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    Op(EdgeId, u64),
    Ask(CommandId),
}

impl Stopped {
    /// An edge may have a name that reads like an id, so what stands behind it tells them apart.
    pub fn read(what: &str, seq: Option<u64>, language: Language) -> Result<Self, Failure> {
        let read = match seq {
            Some(seq) => what.parse().ok().map(|edge| Self::Op(edge, seq)),
            None => what.parse().ok().map(Self::Ask),
        };
        read.ok_or_else(|| match language {
            Language::English => {
                Failure::new(Exit::Usage, format!("nothing is named {what} that could be retried"))
                    .next_step("name an op, such as north-1 17, or an accept's command id")
            }
            Language::Chinese => {
                Failure::new(Exit::Usage, format!("没有名为 {what} 的可重新提交的条目"))
                    .next_step("请给出操作位置（例如 north-1 17）或接单的操作编号")
            }
        })
    }
}

#[derive(Debug, Subcommand)]
pub enum LeaseAction {
    /// How a region assigns, who holds the right, and how earlier rights ended
    Show {
        /// NORTH, SOUTH, EAST, WEST or MID
        region: Region,
    },
    /// Set the policy; a right that is held ends only when its holder gives it back
    Set {
        /// NORTH, SOUTH, EAST, WEST or MID
        region: Region,
        /// `optimistic`: the first to reach the cloud wins; `exclusive`: one edge assigns
        #[arg(long)]
        policy: Policy,
        /// With `exclusive`: the edge that is to hold the right
        #[arg(long, value_name = "EDGE")]
        holder: Option<EdgeId>,
    },
    /// Take the right back without its holder's word; what it promised may then be lost
    TakeBack {
        /// NORTH, SOUTH, EAST, WEST or MID
        region: Region,
        /// Goes on record, and to whoever loses by it
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LinkAction {
    Cut,
    Heal,
}

impl Cli {
    /// Reads the command line; help, version and mistakes end the run here, a mistake with 2.
    pub fn read(language: Language) -> Self {
        let read = command(language).try_get_matches();
        let read = read.and_then(|matches| Self::from_arg_matches(&matches));
        read.unwrap_or_else(|error| mistake::end(&error, language))
    }
}

/// The value of `--lang` before the line is parsed, for the help itself must know it.
pub fn asked_language(mut args: impl Iterator<Item = String>) -> Option<String> {
    while let Some(arg) = args.next() {
        match arg.strip_prefix("--lang") {
            Some("") => return args.next(),
            Some(rest) => return rest.strip_prefix('=').map(str::to_owned),
            None => {}
        }
    }
    None
}

pub fn command(language: Language) -> clap::Command {
    let command = values::read_in(Cli::command(), language);
    match language {
        Language::English => command,
        Language::Chinese => chinese::command(command),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound_in_both_languages() {
        for language in [Language::English, Language::Chinese] {
            command(language).debug_assert();
        }
    }

    #[test]
    fn chinese_help_is_chinese_throughout() {
        let mut root = command(Language::Chinese);
        root.build();
        let mut all = vec![&root];
        let mut at = 0;
        while let Some(command) = all.get(at) {
            at += 1;
            all.extend(command.get_subcommands().filter(|sub| sub.get_name() != "help"));
        }
        for sub in all {
            let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(!about.is_ascii(), "{}: {about}", sub.get_name());
            for arg in sub.get_arguments() {
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(!help.is_ascii(), "{} {}: {help}", sub.get_name(), arg.get_id());
            }
        }
    }

    #[test]
    fn the_language_is_found_before_the_line_is_read() {
        let found = |line: &str| asked_language(line.split(' ').map(str::to_owned));
        assert_eq!(found("status --lang zh-CN"), Some("zh-CN".into()));
        assert_eq!(found("--lang=en status"), Some("en".into()));
        assert_eq!(found("status"), None);
    }
}
