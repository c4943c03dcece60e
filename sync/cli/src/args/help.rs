//! Writes the help of every command and argument in the reader's language.

use clap::{Arg, ArgAction, Command};
use texts::Phrase;
use wire::Language;

use crate::say;

/// A command by its path. On the first line of its phrase: its task; below: `argument: help`.
const COMMANDS: [(&[&str], Phrase); 15] = [
    (&[], say::help_holdfast),
    (&["status"], say::help_status),
    (&["edges"], say::help_edges),
    (&["queue"], say::help_queue),
    (&["queue", "retry"], say::help_queue_retry),
    (&["conflicts"], say::help_conflicts),
    (&["explain"], say::help_explain),
    (&["enrol"], say::help_enrol),
    (&["wait"], say::help_wait),
    (&["link"], say::help_link),
    (&["readmit"], say::help_readmit),
    (&["lease"], say::help_lease),
    (&["lease", "show"], say::help_lease_show),
    (&["lease", "set"], say::help_lease_set),
    (&["lease", "take-back"], say::help_lease_take_back),
];

/// Behind every argument of ours.
const LAST: usize = 900;

pub fn written(command: Command, language: Language) -> Command {
    let command = COMMANDS.iter().fold(command, |command, (path, phrase)| {
        at(command, path, |command| described(command, phrase.plain(language)))
    });
    if language == Language::English {
        // The headings, and the help of what `clap` adds, are its own.
        return command;
    }
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
    let version = version.display_order(LAST).help(say::help_version.plain(language));
    headed(command.disable_version_flag(true).arg(version), language)
}

fn at(command: Command, path: &[&str], change: impl FnOnce(Command) -> Command) -> Command {
    match path {
        [] => change(command),
        [name] => command.mut_subcommand(name, change),
        [name, rest @ ..] => command.mut_subcommand(name, |sub| match rest {
            [inner] => sub.mut_subcommand(inner, change),
            _ => sub,
        }),
    }
}

fn described(command: Command, text: &'static str) -> Command {
    let mut lines = text.lines();
    let command = command.about(lines.next().unwrap_or_default());
    lines.filter_map(|line| line.split_once(": ")).fold(command, |command, (argument, help)| {
        command.mut_arg(argument, |argument| argument.help(help))
    })
}

/// The same as `clap` adds to a command's help in English.
fn headed(command: Command, language: Language) -> Command {
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help).display_order(LAST);
    let usage = say::help_usage.plain(language);
    command
        .help_template(format!("{{about-with-newline}}\n{usage}{{usage}}\n\n{{all-args}}"))
        .subcommand_help_heading(say::help_commands.plain(language))
        .disable_help_flag(true)
        .arg(help.help(say::help_help.plain(language)))
        .mut_args(|argument| {
            let heading = match argument.is_positional() {
                true => say::help_arguments,
                false => say::help_options,
            };
            argument.help_heading(heading.plain(language))
        })
        .mut_subcommands(|sub| headed(sub, language))
}
