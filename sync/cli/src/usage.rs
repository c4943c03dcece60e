//! Help and usage errors in the reader's language. `clap` writes both in English only.

use clap::{
    Arg, ArgAction, Command, Error,
    error::{ContextKind, ContextValue, ErrorKind},
};
use texts::{Phrase, Sentence};
use wire::Language;

use crate::{
    output::{CommandOutput, ExitKind},
    say,
    style::OutputStyle,
};

/// Line 1 describes the command, the others hold `argument: help`.
fn find_help_phrase(path: &str) -> Phrase {
    match path {
        "status" => say::help_status,
        "edges" => say::help_edges,
        "edges disable" => say::help_edges_disable,
        "edges rekey" => say::help_edges_rekey,
        "edges rotate" => say::help_edges_rotate,
        "edges retire" => say::help_edges_retire,
        "edges record" => say::help_edges_record,
        "edges ca" => say::help_edges_ca,
        "queue" => say::help_queue,
        "queue retry" => say::help_queue_retry,
        "conflicts" => say::help_conflicts,
        "promises" => say::help_promises,
        "explain" => say::help_explain,
        "trace" => say::help_trace,
        "enrol" => say::help_enrol,
        "enrol withdraw" => say::help_enrol_withdraw,
        "login" => say::help_login,
        "logout" => say::help_logout,
        "token" => say::help_token,
        "wait" => say::help_wait,
        "link" => say::help_link,
        "readmit" => say::help_readmit,
        "withdraw" => say::help_withdraw,
        "lease" => say::help_lease,
        "lease show" => say::help_lease_show,
        "lease set" => say::help_lease_set,
        "lease take-back" => say::help_lease_take_back,
        "keys" => say::help_keys,
        "keys rotate" => say::help_keys_rotate,
        "keys kill" => say::help_keys_kill,
        "dlq" => say::help_dlq,
        "dlq list" => say::help_dlq_list,
        "dlq show" => say::help_dlq_show,
        "dlq redrive" => say::help_dlq_redrive,
        "dlq drop" => say::help_dlq_drop,
        "dlq replay" => say::help_dlq_replay,
        _ => say::help_holdfast,
    }
}

/// Sorts after all our arguments.
const LAST: usize = 900;

pub(crate) fn with_help_texts(command: Command, language: Language) -> Command {
    let command = describe_command(command, "", language);
    if language == Language::English {
        // `clap` writes its own headings and help in English.
        return command;
    }
    let version = Arg::new("version")
        .short('V')
        .long("version")
        .action(ArgAction::Version);
    let version = version
        .display_order(LAST)
        .help(say::help_version.text_in(language));
    let mut command = translate_headings(command.disable_version_flag(true).arg(version), language);
    // The build adds `clap`'s `help` command.
    command.build();
    translate_help_command(command, language)
}

fn translate_help_command(command: Command, language: Language) -> Command {
    command.mut_subcommands(|sub| match sub.get_name() {
        "help" => sub.about(say::help_command.text_in(language)),
        _ => translate_help_command(sub, language),
    })
}

fn describe_command(command: Command, path: &str, language: Language) -> Command {
    let mut lines = find_help_phrase(path).text_in(language).lines();
    let command = command.about(lines.next().unwrap_or_default());
    let helps = lines.filter_map(|line| line.split_once(": "));
    helps
        .fold(command, |command, (name, help)| {
            command.mut_arg(name, |arg| arg.help(help))
        })
        .mut_subcommands(|sub| {
            let path = format!("{path} {}", sub.get_name());
            describe_command(sub, path.trim_start(), language)
        })
}

/// Translates `clap`'s headings and its `--help` argument.
fn translate_headings(command: Command, language: Language) -> Command {
    let help = Arg::new("help")
        .short('h')
        .long("help")
        .action(ArgAction::Help)
        .display_order(LAST);
    let usage = say::help_usage.text_in(language);
    command
        .help_template(format!(
            "{{about-with-newline}}\n{usage}{{usage}}\n\n{{all-args}}"
        ))
        .subcommand_help_heading(say::help_commands.text_in(language))
        .disable_help_flag(true)
        .arg(help.help(say::help_help.text_in(language)))
        .mut_args(|argument| {
            let heading = match argument.is_positional() {
                true => say::help_arguments,
                false => say::help_options,
            };
            let argument = argument.help_heading(heading.text_in(language));
            // `clap` would list values in English; the argument's help covers them.
            match argument.get_action().takes_values() {
                true => argument.hide_possible_values(true).hide_default_value(true),
                false => argument,
            }
        })
        .mut_subcommands(|sub| translate_headings(sub, language))
}

pub(crate) fn exit_with_mistake(error: &Error, style: &OutputStyle) -> ! {
    let language = style.language;
    let translated = (language != Language::English)
        .then(|| translate_mistake(error, language))
        .flatten();
    let text = translated.unwrap_or_else(|| {
        let text = error.render();
        if style.colour {
            text.ansi().to_string()
        } else {
            text.to_string()
        }
    });
    let output = match error.use_stderr() {
        true => CommandOutput {
            exit: ExitKind::Usage,
            out: String::new(),
            err: text,
        },
        false => CommandOutput {
            exit: ExitKind::Ok,
            out: text,
            err: String::new(),
        },
    };
    std::process::exit(i32::from(output.print(style) as u8))
}

/// Returns `None` for help, for version, and for errors without a translation.
fn translate_mistake(error: &Error, language: Language) -> Option<String> {
    let sentence = describe_mistake(error, language)?;
    let suggested = read_context(error, ContextKind::SuggestedSubcommand, language)
        .or_else(|| read_context(error, ContextKind::SuggestedArg, language));
    let suggested = suggested.map(|name| {
        format!(
            "\n  {}",
            say::mistake_suggestion { name: name.into() }.render_in(language)
        )
    });
    let usage = read_context(error, ContextKind::Usage, language).map(|usage| {
        let usage = usage.replace("Usage: ", say::help_usage.text_in(language));
        format!("{}\n\n", usage.trim_end())
    });
    let failure = say::failure {
        sentence: sentence.into(),
    }
    .render_in(language);
    let suggested = suggested.unwrap_or_default();
    let usage = usage.unwrap_or_default();
    Some(format!(
        "{failure}{suggested}\n\n{usage}{}\n",
        say::mistake_help.text_in(language)
    ))
}

fn describe_mistake(error: &Error, language: Language) -> Option<String> {
    let arg = read_context(error, ContextKind::InvalidArg, language)
        .unwrap_or_default()
        .into();
    let value = read_context(error, ContextKind::InvalidValue, language).unwrap_or_default();
    Some(match error.kind() {
        ErrorKind::InvalidValue if value.is_empty() => {
            say::mistake_no_value { arg }.render_in(language)
        }
        ErrorKind::InvalidValue => match read_context(error, ContextKind::ValidValue, language) {
            Some(known) => {
                let value = value.into();
                let known = known.into();
                say::mistake_not_one_of { arg, value, known }.render_in(language)
            }
            None => say::mistake_value {
                arg,
                value: value.into(),
            }
            .render_in(language),
        },
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(error).map(ToString::to_string);
            let why = translate_number_error(why.unwrap_or_default(), language).into();
            say::mistake_value_why {
                arg,
                value: value.into(),
                why,
            }
            .render_in(language)
        }
        ErrorKind::UnknownArgument => say::mistake_unknown_argument { arg }.render_in(language),
        ErrorKind::InvalidSubcommand => {
            let name = read_context(error, ContextKind::InvalidSubcommand, language)
                .unwrap_or_default()
                .into();
            say::mistake_unknown_command { name }.render_in(language)
        }
        ErrorKind::MissingRequiredArgument => say::mistake_missing { arg }.render_in(language),
        ErrorKind::MissingSubcommand => say::mistake_missing_command.render_in(language),
        ErrorKind::ArgumentConflict => say::mistake_conflict { arg }.render_in(language),
        _ => return None,
    })
}

fn read_context(error: &Error, kind: ContextKind, language: Language) -> Option<String> {
    let value = error.get(kind)?;
    Some(join_context_value(value, language))
}

fn join_context_value(value: &ContextValue, language: Language) -> String {
    let separator = say::choice_separator.text_in(language);
    match value {
        ContextValue::Strings(texts) => texts.join(separator),
        ContextValue::StyledStrs(texts) => texts
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(separator),
        other => other.to_string(),
    }
}

/// `clap` parses numbers and reports in English; we parse all other values.
fn translate_number_error(why: String, language: Language) -> String {
    match why.rsplit_once(" is not in ") {
        Some((_, range)) => match range.split_once("..=") {
            Some((from, to)) => say::expected_range {
                from: from.into(),
                to: to.into(),
            }
            .render_in(language),
            None => say::expected_number.render_in(language),
        },
        None if why.is_ascii() => say::expected_number.render_in(language),
        None => why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> String {
        let words = std::iter::once("holdfast").chain(line.split(' '));
        let error = crate::build_command(Language::Chinese)
            .try_get_matches_from(words)
            .unwrap_err();
        translate_mistake(&error, Language::Chinese).unwrap()
    }

    #[test]
    fn every_mistake_is_told_in_chinese() {
        for (line, word) in [
            (
                "wait --for up",
                "`--for <CONDITION>` 的值 `up` 无效：应为以下之一：links-up",
            ),
            ("wait --for synced=NOWHERE", "应为 synced=REGION"),
            (
                "wait --for order=x:lost",
                "其中状态为以下之一：pending_review、",
            ),
            ("wait", "缺少参数 --for <CONDITION>"),
            (
                "conflicts --cursor 3",
                "的值 `3` 无效：应为上一页给出的位置",
            ),
            (
                "conflicts --limit 501",
                "的值 `501` 无效：应为 1 至 500 的整数",
            ),
            ("queue --limit many", "的值 `many` 无效：应为整数"),
            ("queue North", "的值 `North` 无效：应为形如 north-1 的名称"),
            (
                "link cut NOWHERE",
                "无效：应为 NORTH、SOUTH、EAST、WEST 或 MID",
            ),
            (
                "link break NORTH",
                "`<ACTION>` 的值 `break` 无效：应为 cut、heal",
            ),
            (
                "lease set NORTH --policy first",
                "无效：应为 optimistic 或 exclusive",
            ),
            (
                "--url notaurl status",
                "应为形如 http://127.0.0.1:8080 的地址",
            ),
            ("dlq drop q 7", "的值 `7` 无效：应为形如 0192f5d4-"),
            ("frobnicate", "没有名为 `frobnicate` 的命令"),
            ("stats", "您是否想用：status"),
            ("status --frobnicate", "多余的参数 `--frobnicate`"),
            ("status --timeout", "`--timeout <SECONDS>` 缺少取值"),
        ] {
            let text = said(line);
            assert!(text.contains(word), "{line}: {text}");
            let english = ["error", "expected", "Usage", "invalid"];
            assert!(
                !english.iter().any(|word| text.contains(word)),
                "{line}: {text}"
            );
        }
        assert!(said("wait").contains("\n\n用法：holdfast wait --for <CONDITION>\n\n"));
    }

    #[test]
    fn a_wrong_id_is_told_in_our_words_in_english() {
        let words = "holdfast dlq drop q 7".split(' ');
        let command = crate::build_command(Language::English);
        let text = command.try_get_matches_from(words).unwrap_err().to_string();
        assert!(text.contains("expected an id such as 0192f5d4-"), "{text}");
    }
}
