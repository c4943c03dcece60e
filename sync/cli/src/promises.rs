//! `holdfast promises`: the firm answers of edges, newest first, and the cloud's decision on each.

use clap::Args;
use process::clock::Clock;
use serde_json::{Value, json};
use wire::{EdgeId, FirmAnswer, Language, Region, TimelineEntry};

use crate::{
    gateway::Gateway,
    layout::{NarrowTableRules, TableCell, render_table},
    output::{CommandOutput, Result},
    say,
    style::{self, OutputStyle, TextTone},
    values::{self, ConflictName, PastMoment},
};

#[derive(Debug, Args)]
pub struct PromiseFilter {
    #[arg(long)]
    pub region: Option<Region>,
    #[arg(long)]
    pub edge: Option<EdgeId>,
    #[arg(long, value_name = "MOMENT", value_parser = values::moment_parser(Language::English))]
    pub since: Option<PastMoment>,
    #[arg(long, value_name = "NUMBER", default_value_t = 20,
          value_parser = clap::value_parser!(u16).range(1..=500))]
    pub limit: u16,
    // `values` gives an id one type in all commands; for `cursor` it is the place in two lists.
    #[arg(id = "place", long = "cursor", value_name = "CURSOR")]
    pub cursor: Option<u64>,
}

/// Drops, in order: TAPPED, REGION, PERSON, STATUS, LOG.
const FORM: NarrowTableRules = NarrowTableRules {
    sheds: &[6, 2, 5, 7, 3],
    ends_with_sentence: true,
};

struct PromisePage {
    items: Vec<FirmAnswer>,
    next: Option<String>,
}

pub(crate) async fn list_promises(
    gateway: &Gateway,
    filter: &PromiseFilter,
) -> Result<CommandOutput> {
    let page = load_page(gateway, filter).await?;
    let style = &gateway.style;
    Ok(CommandOutput::new(
        style,
        || page_to_json(&page, style),
        || render_page(&page, style),
    ))
}

async fn load_page(gateway: &Gateway, filter: &PromiseFilter) -> Result<PromisePage> {
    let mut path = "/api/v1/admin/firm-answers?".to_owned();
    if let Some(region) = filter.region {
        path += &format!("region={region}&");
    }
    if let Some(edge) = &filter.edge {
        path += &format!("edge={edge}&");
    }
    if let Some(since) = filter.since {
        let from = since.resolve_at(Clock::system().now());
        path += &format!("from={from}&");
    }
    let after = filter.cursor.map(|place| place.to_string());
    let limit = usize::from(filter.limit);
    let (items, next) = gateway.list_after_cursor(&path, limit, after).await?;
    Ok(PromisePage { items, next })
}

fn page_to_json(page: &PromisePage, style: &OutputStyle) -> Value {
    let items = page.items.iter().map(|answer| {
        let mut value = json!(answer);
        value["result"] = json!(describe_result(answer, style));
        value
    });
    json!({ "items": items.collect::<Vec<_>>(), "next": page.next })
}

fn render_page(page: &PromisePage, style: &OutputStyle) -> String {
    let mut out = if page.items.is_empty() {
        let none = match page.next {
            None => say::promises_none,
            Some(_) => say::promises_none_so_far,
        };
        style.translate(none) + "\n"
    } else {
        let columns = say::promises_columns.text_in(style.language);
        let rows = page.items.iter().map(|answer| build_row(answer, style));
        render_table(columns, FORM, rows, style)
    };
    if let Some(next) = &page.next {
        let cursor = next.into();
        let older = style.translate(say::promises_older { cursor });
        out += &format!("  {older}\n");
    }
    out
}

fn build_row(answer: &FirmAnswer, style: &OutputStyle) -> Vec<TableCell> {
    let entry = &answer.entry;
    let action = entry.action.map_or("publish", |action| action.as_str());
    let status = style.translate(say::order_status {
        status: answer.order_status.as_str().into(),
    });
    vec![
        TableCell::or_dash(entry.hops.cloud_at.map(style::format_moment)),
        TableCell::with_tone(TextTone::Heading, &answer.order_code),
        TableCell::new(answer.region),
        TableCell::or_dash(describe_log_place(entry)),
        TableCell::new(style.translate(say::promises_command {
            action: action.into(),
        })),
        TableCell::new(entry.actor.user_id),
        TableCell::or_dash(entry.hops.tapped_at.map(style::format_moment)),
        TableCell::new(status),
        TableCell::new(describe_result(answer, style)),
    ]
}

/// In the log of the edge that answered; without a number if another log brought the command.
fn describe_log_place(entry: &TimelineEntry) -> Option<String> {
    let promise = entry.promise.as_ref()?;
    let is_its_log =
        entry.edge.as_ref() == Some(&promise.edge) && entry.epoch == Some(promise.epoch);
    let log = format!("{}/{}", promise.edge, promise.epoch);
    match entry.seq {
        Some(seq) if is_its_log => Some(format!("{log}/{seq}")),
        _ => Some(log),
    }
}

/// The cloud's decision on the answer, and the cases that it opened.
fn describe_result(answer: &FirmAnswer, style: &OutputStyle) -> String {
    let result = match answer.entry.code {
        None => style.translate(say::promises_kept),
        Some(code) => code.sentence_in(style.language).to_owned(),
    };
    if answer.cases.is_empty() {
        return result;
    }
    let cases = answer.cases.iter();
    let cases: Vec<String> = cases
        .map(|case| ConflictName::Case(case.id).to_string())
        .collect();
    style.translate(say::promises_with_cases {
        result: result.into(),
        cases: cases.join(", ").into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry_of_log(edge: &str, epoch: u64) -> TimelineEntry {
        let id = "0193a1c2-0000-7000-8000-000000000001";
        serde_json::from_value(json!({
            "version": 3, "action": "accept", "actor": {"user_id": id, "role": "provider"},
            "from": "pending", "to": "accepted", "code": null, "reason": null, "command_id": id,
            "source": edge, "edge": edge, "epoch": epoch, "seq": 12, "verdict": "firm",
            "hops": {
                "tapped_at": "2025-11-24T15:00:10Z", "edge_at": "2025-11-24T15:00:11Z",
                "cloud_at": "2025-11-24T16:03:12Z",
            },
            "promise": {"edge": "south-1", "epoch": 1, "fence": 4, "why": null, "end": null},
        }))
        .unwrap()
    }

    #[test]
    fn a_place_in_another_log_is_not_shown_as_the_place_of_the_answer() {
        let places = [("south-1", 1), ("south-1", 2), ("south-2", 1)]
            .map(|(edge, epoch)| describe_log_place(&entry_of_log(edge, epoch)).unwrap());
        assert_eq!(places, ["south-1/1/12", "south-1/1", "south-1/1"]);
    }
}
