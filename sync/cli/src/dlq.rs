//! `holdfast dlq`: lists, redrives and drops dead letters; replays events to a newer queue.

use process::clock::Clock;
use serde::Deserialize;
use serde_json::{Value, json};
use wire::{EventId, UnixMillis};

use crate::{
    age,
    args::{DlqAction, LetterArgs},
    exit::Result,
    find::known,
    gateway::{Gateway, ListPage, absent},
    look::{Look, Tone},
    run::CommandOutput,
    say,
    table::{Cell, TableForm, table},
};

const PATH: &str = "/api/v1/admin/letters";
const REPLAYS: &str = "/api/v1/admin/replays";
/// Drops PART on a narrow terminal.
const BOXES_FORM: TableForm = TableForm { sheds: &[2], ends_with_sentence: false };
/// Drops HAPPENED, then PUT ASIDE. The last column is the reason.
const LETTERS_FORM: TableForm = TableForm { sheds: &[2, 3], ends_with_sentence: true };

#[derive(Deserialize)]
struct BoxList {
    items: Vec<LetterBox>,
    missing: Vec<String>,
}

#[derive(Deserialize)]
struct LetterBox {
    name: String,
    kind: String,
    part: String,
    waiting: u64,
}

#[derive(Deserialize)]
struct Letter {
    event: Option<EventId>,
    #[serde(rename = "type")]
    kind: Option<String>,
    happened_at: Option<UnixMillis>,
    put_aside_at: Option<UnixMillis>,
    reason: String,
}

#[derive(Deserialize)]
struct Settled {
    settled: u64,
}

pub async fn run(gateway: &Gateway, action: &DlqAction) -> Result<CommandOutput> {
    match action {
        DlqAction::List => list(gateway).await,
        DlqAction::Show { place, limit } => show(gateway, place, *limit).await,
        DlqAction::Redrive(letters) => {
            let (answer, Settled { settled }) = settle(gateway, letters, "redrive").await?;
            let name = (&letters.place).into();
            Ok(CommandOutput::done(
                gateway,
                answer,
                say::letters_redriven { settled: settled.into(), name },
            ))
        }
        DlqAction::Drop(letters) => {
            let (answer, Settled { settled }) = settle(gateway, letters, "drop").await?;
            let name = (&letters.place).into();
            Ok(CommandOutput::done(
                gateway,
                answer,
                say::letters_dropped { settled: settled.into(), name },
            ))
        }
        DlqAction::Replay { queue, since } => {
            let since = since.of(Clock::system().now());
            let form = json!({"queue": queue, "since": since});
            let answer = absent(gateway.post(REPLAYS, Some(&form)).await);
            let unknown = say::unknown_letters { name: queue.into() };
            let answer = known(answer?, unknown, &gateway.look)?;
            let (queue, since) = (queue.into(), age::moment(since).into());
            Ok(CommandOutput::done(gateway, answer, say::replay_asked { queue, since }))
        }
    }
}

async fn list(gateway: &Gateway) -> Result<CommandOutput> {
    let (answer, look): (Value, _) = (gateway.get(PATH).await?, &gateway.look);
    let told = BoxList::deserialize(&answer).map_err(|_| gateway.unreadable())?;
    Ok(CommandOutput::new(look, || answer, || render_boxes(&told, look)))
}

async fn show(gateway: &Gateway, name: &str, limit: u16) -> Result<CommandOutput> {
    let look = &gateway.look;
    let answer = absent(gateway.get(&format!("{PATH}/{name}?limit={limit}")).await);
    let answer: Value = known(answer?, say::unknown_letters { name: name.into() }, look)?;
    let page: ListPage<Letter> =
        ListPage::deserialize(&answer).map_err(|_| gateway.unreadable())?;
    Ok(CommandOutput::new(look, || answer, || render_letters(&page.items, look)))
}

async fn settle(gateway: &Gateway, letters: &LetterArgs, act: &str) -> Result<(Value, Settled)> {
    let LetterArgs { place: name, events, all } = letters;
    let form = if *all { json!({}) } else { json!({"events": events}) };
    let answer = absent(gateway.post(&format!("{PATH}/{name}/{act}"), Some(&form)).await);
    let answer = known(answer?, say::unknown_letters { name: name.into() }, &gateway.look)?;
    let settled = Settled::deserialize(&answer).map_err(|_| gateway.unreadable())?;
    Ok((answer, settled))
}

fn render_boxes(told: &BoxList, look: &Look) -> String {
    let rows = told.items.iter().map(|one| {
        let waiting = match one.waiting {
            0 => Cell::toned(Tone::Quiet, 0),
            some => Cell::toned(Tone::Bad, format!("x {some}")),
        };
        let kind = look.say(say::letter_kind { kind: (&one.kind).into() });
        vec![Cell::new(&one.name), waiting, Cell::new(&one.part), Cell::new(kind)]
    });
    let mut text = table(say::letter_boxes_columns.plain(look.language), BOXES_FORM, rows, look);
    for part in &told.missing {
        text += &look.say(say::letters_of_part_away { part: part.into() });
        text.push('\n');
    }
    text
}

fn render_letters(letters: &[Letter], look: &Look) -> String {
    if letters.is_empty() {
        return look.say(say::letters_none) + "\n";
    }
    let rows = letters.iter().map(|letter| {
        vec![
            Cell::or_dash(letter.event),
            Cell::or_dash(letter.kind.as_ref()),
            Cell::or_dash(letter.happened_at.map(age::moment)),
            Cell::or_dash(letter.put_aside_at.map(age::moment)),
            Cell::new(&letter.reason),
        ]
    });
    table(say::letters_columns.plain(look.language), LETTERS_FORM, rows, look)
}

#[cfg(test)]
mod tests {
    use wire::Language;

    use super::*;

    #[test]
    fn each_letter_is_shown_with_its_reason() {
        let letters: Vec<Letter> = serde_json::from_value(json!([
            {"event": "0192f5d4-0000-7000-8000-000000000001", "type": "order.created",
             "happened_at": "2025-11-01T00:00:00Z", "put_aside_at": "2025-11-02T00:00:00Z",
             "reason": "8 attempts: no"},
            {"reason": "no event"},
        ]))
        .unwrap();
        let text = render_letters(&letters, &Look::plain(Language::English));
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
        let told = BoxList { items: Vec::new(), missing: vec!["user".to_owned()] };
        let text = render_boxes(&told, &Look::plain(Language::English));
        assert!(text.contains("user"), "{text}");
    }
}
