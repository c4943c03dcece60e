//! Sets the help of every command and argument in the reader's language.

use clap::{Arg, ArgAction, Command};
use texts::Phrase;
use wire::Language;

use crate::say;

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
        "queue" => say::help_queue,
        "queue retry" => say::help_queue_retry,
        "conflicts" => say::help_conflicts,
        "explain" => say::help_explain,
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

pub fn with_help_texts(command: Command, language: Language) -> Command {
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
