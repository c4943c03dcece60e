//! Owns the command line: its words, and their help in English and Chinese.

use clap::{
    Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, builder::PossibleValue,
};
use http::{Uri, uri::Authority};
use std::time::Duration;

use wire::{EdgeId, Language, Policy, Region};

use crate::{conflicts, wait::Condition};

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
    /// Hand an op in again that waits for an operator
    Retry {
        /// The edge's name, such as north-1
        edge: EdgeId,
        /// The op's place in the log of its epoch
        seq: u64,
        /// The epoch, where it is not the one that the edge has now
        #[arg(long)]
        epoch: Option<u64>,
    },
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
        let matches = command(language).get_matches();
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
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
    let command = Cli::command()
        .mut_arg("url", |arg| arg.value_parser(move |text: &str| address(text, language)));
    match language {
        Language::English => command,
        Language::Chinese => in_chinese(command),
    }
}

/// A gateway's address as it is written by hand: a scheme may be missing, a slash too many. A single
/// word could be anything, so a host without a scheme has a port or a dot.
fn address(text: &str, language: Language) -> Result<String, &'static str> {
    let text = text.trim().trim_end_matches('/');
    let (full, named) = match text.contains("://") {
        true => (text.to_owned(), true),
        false => (format!("http://{text}"), text == "localhost" || text.contains(['.', ':'])),
    };
    let read = full.parse::<Uri>().ok().filter(|_| named);
    let web = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https"));
    let bare = |uri: &Uri| uri.path() == "/" && uri.query().is_none();
    let host = |uri: &Uri| uri.host().is_some_and(|host| !host.is_empty());
    // What follows the host is nothing, or a port that is a number.
    let port = |uri: &Uri| {
        uri.port_u16().is_some() || uri.authority().map(Authority::as_str) == uri.host()
    };
    match read.filter(|uri| web(uri) && bare(uri) && host(uri) && port(uri)) {
        Some(_) => Ok(full),
        None => Err(match language {
            Language::English => "expected an address such as http://127.0.0.1:8080",
            Language::Chinese => "应为形如 http://127.0.0.1:8080 的地址",
        }),
    }
}

fn in_chinese(command: clap::Command) -> clap::Command {
    command
        .about("查看和操作 Holdfast 平台")
        .mut_arg("url", |arg| arg.help("网关地址；默认为本机由 `up` 启动的唯一平台"))
        .mut_arg("json", |arg| arg.help("以 JSON 输出"))
        .mut_arg("lang", |arg| arg.help("输出语言；默认取自环境"))
        .mut_arg("timeout", |arg| {
            arg.help("单次请求的时限（秒），默认 10；用于 `wait` 时为总等待时间，默认 60")
        })
        .mut_subcommand("status", |sub| sub.about("各区域及其节点的状态，以及异常之处（退出码 3）"))
        .mut_subcommand("edges", |sub| {
            sub.about("所有边缘节点：链路、日志、待定操作、派单权及机器状况")
        })
        .mut_subcommand("queue", queue_in_chinese)
        .mut_subcommand("conflicts", |sub| {
            sub.about("失败的接单与待人工处理的个案，新的在前")
                .mut_arg("limit", |arg| arg.help("显示的条数"))
                .mut_arg("cursor", |arg| arg.help("上一页结束的位置"))
        })
        .mut_subcommand("explain", |sub| {
            sub.about("来龙去脉：谁在何时何处做了什么，谁接到单，其他人为何没有").mut_arg(
                "what",
                |arg| {
                    arg.help(
                        "订单编号或短码（N-7F3K9Q）、操作位置（north-1/1/17）、操作编号，或冲突（lost-12）",
                    )
                },
            )
        })
        .mut_subcommand("enrol", |sub| {
            sub.about("为新节点生成一次性登记码，并给出在其机器上运行的命令")
                .mut_arg("region", |arg| arg.help(REGIONS))
                .mut_arg("name", |arg| arg.help("节点名称，例如 north-2"))
        })
        .mut_subcommand("wait", |sub| {
            sub.about("等待直到条件满足；超时以 8 退出，并说明尚缺什么").mut_arg(
                "conditions",
                |arg| {
                    arg.help(
                        "links-up、synced、synced=REGION、drained 或 order=ID:STATUS；多个条件须同时满足",
                    )
                },
            )
        })
        .mut_subcommand("readmit", |sub| {
            sub.about("知悉节点被恢复一事；若因此被拒则放行")
                .mut_arg("edge", |arg| arg.help("节点名称，例如 north-1"))
        })
        .mut_subcommand("link", |sub| {
            sub.about("关闭或打开某区域节点与云端之间的闸口")
                .mut_arg("action", |arg| arg.help("`cut` 关闭，`heal` 打开"))
                .mut_arg("region", |arg| arg.help(REGIONS))
        })
        .mut_subcommand("lease", lease_in_chinese)
}

fn queue_in_chinese(command: clap::Command) -> clap::Command {
    command
        .about("中枢尚未决定的操作及原因，以及已终止的各代遗留的操作")
        .mut_arg("edge", |arg| arg.help("只看一个节点，例如 north-1"))
        .mut_arg("limit", |arg| arg.help("显示的条数，需要人工处理的在前"))
        .mut_subcommand("retry", |sub| {
            sub.about("重新提交等待人工处理的操作")
                .mut_arg("edge", |arg| arg.help("节点名称，例如 north-1"))
                .mut_arg("seq", |arg| arg.help("操作在该代日志中的位置"))
                .mut_arg("epoch", |arg| arg.help("所属的代，若不是节点当前的一代"))
        })
}

const REGIONS: &str = "NORTH、SOUTH、EAST、WEST 或 MID";

fn lease_in_chinese(command: clap::Command) -> clap::Command {
    command
        .about("区域的派单策略，以及持有派单权的节点")
        .mut_subcommand("show", |sub| {
            sub.about("区域如何派单、谁持有派单权、以往的派单权如何终止")
                .mut_arg("region", |arg| arg.help(REGIONS))
        })
        .mut_subcommand("set", |sub| {
            sub.about("设置策略；已授予的派单权须由持有节点交还后才终止")
                .mut_arg("region", |arg| arg.help(REGIONS))
                .mut_arg("policy", |arg| {
                    arg.help("`optimistic`：先到云端者得；`exclusive`：由一个节点派单")
                })
                .mut_arg("holder", |arg| arg.help("策略为 `exclusive` 时持有派单权的节点"))
        })
        .mut_subcommand("take-back", |sub| {
            sub.about("不经持有节点同意收回派单权；其已作出的承诺可能因此失效")
                .mut_arg("region", |arg| arg.help(REGIONS))
                .mut_arg("why", |arg| arg.help("原因，将记录在案并告知受影响者"))
        })
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
            let args =
                sub.get_arguments().filter(|a| !["help", "version"].contains(&a.get_id().as_str()));
            for arg in args {
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(!help.is_ascii(), "{} {}: {help}", sub.get_name(), arg.get_id());
            }
        }
    }

    #[test]
    fn an_address_may_be_written_by_hand() {
        let read = |text| address(text, Language::English);
        for (typed, expected) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("https://holdfast.example", "https://holdfast.example"),
            ("gateway.example", "http://gateway.example"),
            ("gateway:8080", "http://gateway:8080"),
            ("localhost", "http://localhost"),
            ("http://gateway", "http://gateway"),
            ("[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(read(typed).as_deref(), Ok(expected), "{typed}");
        }
        for wrong in [
            "notaurl",
            "",
            " ",
            "http://",
            "ftp://a.b",
            "a b.c",
            "a.b/path",
            "a.b?x=1",
            "a:port",
            "://a.b",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
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
