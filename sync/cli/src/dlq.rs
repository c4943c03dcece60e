//! `holdfast dlq` (dead letter queues): lists, redrives and drops the dead letters that a consumer
//! made of poison events (`cloud/platform/src/consume.rs`); replays events to a newer queue.

use clap::{Args, Subcommand};
use process::clock::Clock;
use serde::Deserialize;
use serde_json::{Value, json};
use wire::{EventId, Language, UnixMillis};

use crate::{
    gateway::{Gateway, ListPage, none_if_not_found, require_found},
    layout::{NarrowTableRules, TableCell, render_table},
    output::{CommandOutput, Result},
    say,
    style::{self, OutputStyle, TextTone},
    values::{self, PastMoment},
};

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

const PATH: &str = "/api/v1/admin/letters";

const REPLAYS: &str = "/api/v1/admin/replays";

/// Drops PART on a narrow terminal.
const BOXES_FORM: NarrowTableRules = NarrowTableRules {
    sheds: &[2],
    ends_with_sentence: false,
};

/// Drops HAPPENED, then PUT ASIDE. The last column is the reason.
const LETTERS_FORM: NarrowTableRules = NarrowTableRules {
    sheds: &[2, 3],
    ends_with_sentence: true,
};

#[derive(Deserialize)]
struct DeadLetterQueueList {
    items: Vec<DeadLetterQueue>,
    missing: Vec<String>,
}

#[derive(Deserialize)]
struct DeadLetterQueue {
    name: String,
    kind: String,
    part: String,
    waiting: u64,
}

#[derive(Deserialize)]
struct DeadLetterRow {
    event: Option<EventId>,
    #[serde(rename = "type")]
    kind: Option<String>,
    happened_at: Option<UnixMillis>,
    put_aside_at: Option<UnixMillis>,
    reason: String,
}

#[derive(Deserialize)]
struct SettledCount {
    settled: u64,
}

pub(crate) async fn run_dlq_action(gateway: &Gateway, action: &DlqAction) -> Result<CommandOutput> {
    match action {
        DlqAction::List => list_queues(gateway).await,
        DlqAction::Show { place, limit } => show_dead_letters(gateway, place, *limit).await,
        DlqAction::Redrive(letters) => {
            let (answer, SettledCount { settled }) =
                settle_dead_letters(gateway, letters, "redrive").await?;
            let name = (&letters.place).into();
            Ok(CommandOutput::from_answer(
                &gateway.style,
                answer,
                say::letters_redriven {
                    settled: settled.into(),
                    name,
                },
            ))
        }
        DlqAction::Drop(letters) => {
            let (answer, SettledCount { settled }) =
                settle_dead_letters(gateway, letters, "drop").await?;
            let name = (&letters.place).into();
            Ok(CommandOutput::from_answer(
                &gateway.style,
                answer,
                say::letters_dropped {
                    settled: settled.into(),
                    name,
                },
            ))
        }
        DlqAction::Replay { queue, since } => {
            let since = since.resolve_at(Clock::system().now());
            let form = json!({"queue": queue, "since": since});
            let answer = none_if_not_found(gateway.post_json(REPLAYS, Some(&form)).await);
            let unknown = say::unknown_letters { name: queue.into() };
            let answer = require_found(answer?, unknown, &gateway.style)?;
            let queue = queue.into();
            let since = style::format_moment(since).into();
            Ok(CommandOutput::from_answer(
                &gateway.style,
                answer,
                say::replay_asked { queue, since },
            ))
        }
    }
}

async fn list_queues(gateway: &Gateway) -> Result<CommandOutput> {
    let (answer, style): (Value, _) = (gateway.get(PATH).await?, &gateway.style);
    let told =
        DeadLetterQueueList::deserialize(&answer).map_err(|_| gateway.unreadable_failure())?;
    Ok(CommandOutput::new(
        style,
        || answer,
        || render_boxes(&told, style),
    ))
}

async fn show_dead_letters(gateway: &Gateway, name: &str, limit: u16) -> Result<CommandOutput> {
    let style = &gateway.style;
    let answer = none_if_not_found(gateway.get(&format!("{PATH}/{name}?limit={limit}")).await);
    let answer: Value = require_found(answer?, say::unknown_letters { name: name.into() }, style)?;
    let page: ListPage<DeadLetterRow> =
        ListPage::deserialize(&answer).map_err(|_| gateway.unreadable_failure())?;
    Ok(CommandOutput::new(
        style,
        || answer,
        || render_letters(&page.items, style),
    ))
}

async fn settle_dead_letters(
    gateway: &Gateway,
    letters: &DeadLetterArgs,
    act: &str,
) -> Result<(Value, SettledCount)> {
    let DeadLetterArgs {
        place: name,
        events,
        all,
    } = letters;
    let form = if *all {
        json!({})
    } else {
        json!({"events": events})
    };
    let answer = none_if_not_found(
        gateway
            .post_json(&format!("{PATH}/{name}/{act}"), Some(&form))
            .await,
    );
    let answer = require_found(
        answer?,
        say::unknown_letters { name: name.into() },
        &gateway.style,
    )?;
    let settled = SettledCount::deserialize(&answer).map_err(|_| gateway.unreadable_failure())?;
    Ok((answer, settled))
}

fn render_boxes(told: &DeadLetterQueueList, style: &OutputStyle) -> String {
    let rows = told.items.iter().map(|one| {
        let waiting = match one.waiting {
            0 => TableCell::with_tone(TextTone::Quiet, 0),
            some => TableCell::with_tone(TextTone::Bad, format!("x {some}")),
        };
        let kind = style.translate(say::letter_kind {
            kind: (&one.kind).into(),
        });
        vec![
            TableCell::new(&one.name),
            waiting,
            TableCell::new(&one.part),
            TableCell::new(kind),
        ]
    });
    let mut text = render_table(
        say::letter_boxes_columns.text_in(style.language),
        BOXES_FORM,
        rows,
        style,
    );
    for part in &told.missing {
        text += &style.translate(say::letters_of_part_away { part: part.into() });
        text.push('\n');
    }
    text
}

fn render_letters(letters: &[DeadLetterRow], style: &OutputStyle) -> String {
    if letters.is_empty() {
        return style.translate(say::letters_none) + "\n";
    }
    let rows = letters.iter().map(|letter| {
        vec![
            TableCell::or_dash(letter.event),
            TableCell::or_dash(letter.kind.as_ref()),
            TableCell::or_dash(letter.happened_at.map(style::format_moment)),
            TableCell::or_dash(letter.put_aside_at.map(style::format_moment)),
            TableCell::new(&letter.reason),
        ]
    });
    render_table(
        say::letters_columns.text_in(style.language),
        LETTERS_FORM,
        rows,
        style,
    )
}

#[cfg(test)]
mod tests {
    use wire::Language;

    use super::*;

    #[test]
    fn each_letter_is_shown_with_its_reason() {
        let letters: Vec<DeadLetterRow> = serde_json::from_value(json!([
            {"event": "0192f5d4-0000-7000-8000-000000000001", "type": "order.created",
             "happened_at": "2025-11-01T00:00:00Z", "put_aside_at": "2025-11-02T00:00:00Z",
             "reason": "8 attempts: no"},
            {"reason": "no event"},
        ]))
        .unwrap();
        let text = render_letters(&letters, &OutputStyle::for_pipe(Language::English));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[1],
            "0192f5d4-0000-7000-8000-000000000001\torder.created\t2025-11-01 00:00:00.000Z\t\
             2025-11-02 00:00:00.000Z\t8 attempts: no"
        );
        assert_eq!(lines[2], "-\t-\t-\t-\tno event");
    }

    #[test]
    fn a_part_that_is_away_is_named() {
        let told = DeadLetterQueueList {
            items: Vec::new(),
            missing: vec!["user".to_owned()],
        };
        let text = render_boxes(&told, &OutputStyle::for_pipe(Language::English));
        assert!(text.contains("user"), "{text}");
    }
}
