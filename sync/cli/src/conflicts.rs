//! `holdfast conflicts`: lost acceptances and open cases, newest first, with the deciding rule.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use wire::{CaseItem, CommandId, LossReason, LostAcceptance, Sentence, Source, UnixMillis};

use crate::{
    gateway::Gateway,
    layout::{NarrowTableRules, TableCell, render_table},
    output::{CommandOutput, Result},
    say,
    style::{self, OutputStyle, TextTone},
    values::{ConflictCursor, ConflictName},
};

/// Drops, in order: WON AT, TAPPED, REGION, WON BY, PROVIDER, VIA.
const FORM: NarrowTableRules = NarrowTableRules {
    sheds: &[8, 6, 3, 7, 4, 5],
    ends_with_sentence: true,
};

pub(crate) enum Conflict {
    Lost(Box<LostAcceptance>),
    Case(Box<CaseItem>),
}

pub(crate) struct ConflictPage {
    pub items: Vec<Conflict>,
    pub next: Option<ConflictCursor>,
}

impl Conflict {
    pub(crate) fn name(&self) -> ConflictName {
        match self {
            Self::Lost(lost) => ConflictName::Lost(lost.id),
            Self::Case(case) => ConflictName::Case(case.id),
        }
    }

    pub(crate) fn command_id(&self) -> CommandId {
        match self {
            Self::Lost(lost) => lost.entry.command_id,
            Self::Case(case) => case.command_id,
        }
    }

    fn decided_at(&self) -> UnixMillis {
        match self {
            Self::Lost(lost) => lost.entry.hops.cloud_at.unwrap_or(UnixMillis(0)),
            Self::Case(case) => case.at,
        }
    }
}

pub(crate) async fn list_conflicts(
    gateway: &Gateway,
    limit: usize,
    after: Option<ConflictCursor>,
) -> Result<CommandOutput> {
    let page = load_page(gateway, limit, after).await?;
    let style = &gateway.style;
    Ok(CommandOutput::new(
        style,
        || page_to_json(&page, style),
        || render_page(&page, style),
    ))
}

/// Merges both lists, newest first, up to `limit`.
async fn load_page(
    gateway: &Gateway,
    limit: usize,
    after: Option<ConflictCursor>,
) -> Result<ConflictPage> {
    let (lost, lost_rest) =
        list_lost_acceptances(gateway, limit, after.map(|after| after.lost)).await?;
    let (cases, case_rest) = list_cases(gateway, limit, after.map(|after| after.case)).await?;
    let mut items = merge_newest_first(lost, cases);
    let cut = items.split_off(limit.min(items.len()));
    let mut next = ConflictCursor {
        lost: lost_rest,
        case: case_rest,
    };
    // Move each cursor back to its last shown item, so that the next page returns the cut items.
    for item in cut.iter().rev() {
        match item.name() {
            ConflictName::Lost(id) => next.lost = Some(id + 1),
            ConflictName::Case(id) => next.case = Some(id + 1),
        }
    }
    let next = Some(next).filter(|next| *next != ConflictCursor::default());
    Ok(ConflictPage { items, next })
}

/// Takes the newer of the two heads. Keeps each list's order: its cursor is a position in it, and
/// the times come from several clocks.
fn merge_newest_first(lost: Vec<Conflict>, cases: Vec<Conflict>) -> Vec<Conflict> {
    let mut lost = lost.into_iter().peekable();
    let mut cases = cases.into_iter().peekable();
    let mut items = Vec::new();
    loop {
        let is_case = match (lost.peek(), cases.peek()) {
            (Some(lost), Some(case)) => lost.decided_at() < case.decided_at(),
            (lost, _) => lost.is_none(),
        };
        let newest = if is_case { cases.next() } else { lost.next() };
        let Some(newest) = newest else { return items };
        items.push(newest);
    }
}

/// A part of a list and the position of the rest, if any.
type ConflictSlice = (Vec<Conflict>, Option<u64>);

/// `None` starts at the top; `Some(None)` means the list has ended.
type SliceStart = Option<Option<u64>>;

async fn list_lost_acceptances(
    gateway: &Gateway,
    limit: usize,
    after: SliceStart,
) -> Result<ConflictSlice> {
    list_slice(gateway, "lost-acceptances?", limit, after, Conflict::Lost).await
}

/// Lists open cases only.
async fn list_cases(gateway: &Gateway, limit: usize, after: SliceStart) -> Result<ConflictSlice> {
    list_slice(gateway, "cases?state=open&", limit, after, Conflict::Case).await
}

async fn list_slice<T: DeserializeOwned>(
    gateway: &Gateway,
    list: &str,
    limit: usize,
    after: SliceStart,
    conflict: fn(Box<T>) -> Conflict,
) -> Result<ConflictSlice> {
    if after == Some(None) {
        return Ok((Vec::new(), None));
    }
    let after = after.flatten().map(|place| place.to_string());
    let (items, rest) = gateway
        .list_after_cursor(&format!("/api/v1/admin/{list}"), limit, after)
        .await?;
    let items = items.into_iter().map(Box::new).map(conflict).collect();
    Ok((items, rest.and_then(|rest| rest.parse().ok())))
}

pub(crate) async fn find_conflict(
    gateway: &Gateway,
    name: ConflictName,
) -> Result<Option<Conflict>> {
    let (ConflictName::Lost(id) | ConflictName::Case(id)) = name;
    let newer = Some(Some(id.saturating_add(1)));
    let (mut items, _) = match name {
        ConflictName::Lost(_) => list_lost_acceptances(gateway, 1, newer).await?,
        // `explain` also covers closed cases.
        ConflictName::Case(_) => list_slice(gateway, "cases?", 1, newer, Conflict::Case).await?,
    };
    Ok(items.pop().filter(|conflict| conflict.name() == name))
}

fn page_to_json(page: &ConflictPage, style: &OutputStyle) -> Value {
    let items = page.items.iter().map(|item| conflict_to_json(item, style));
    json!({
        "items": items.collect::<Vec<_>>(),
        "next": page.next.map(|next| next.to_string()),
    })
}

pub(crate) fn conflict_to_json(conflict: &Conflict, style: &OutputStyle) -> Value {
    let (mut value, kind) = match conflict {
        Conflict::Lost(lost) => (json!(lost), "lost_acceptance"),
        Conflict::Case(case) => (json!(case), "case"),
    };
    value["conflict"] = json!(conflict.name().to_string());
    value["type"] = json!(kind);
    value["rule"] = json!(describe_rule(conflict, style));
    value
}

pub(crate) fn render_conflict(conflict: &Conflict, style: &OutputStyle) -> String {
    let name = style.paint(TextTone::Heading, &conflict.name().to_string());
    format!("{name}  {}\n", describe_rule(conflict, style))
}

fn render_page(page: &ConflictPage, style: &OutputStyle) -> String {
    if page.items.is_empty() {
        return style.translate(say::conflicts_none) + "\n";
    }
    let rows = page.items.iter().map(|item| build_row(item, style));
    let mut out = render_table(
        say::conflicts_columns.text_in(style.language),
        FORM,
        rows,
        style,
    );
    if let Some(next) = page.next {
        let older = style.translate(say::conflicts_older {
            cursor: next.into(),
        });
        out += &format!("  {older}\n");
    }
    out
}

fn build_row(conflict: &Conflict, style: &OutputStyle) -> Vec<TableCell> {
    let (code, region, user, lost) = match conflict {
        Conflict::Lost(lost) => {
            let user = lost.entry.actor.user_id;
            (Some(&lost.order_code), Some(lost.region), user, Some(lost))
        }
        Conflict::Case(case) => (case.order_code.as_ref(), case.region, case.user_id, None),
    };
    let winner = lost.and_then(|lost| lost.winner.as_ref());
    vec![
        TableCell::with_tone(TextTone::Heading, conflict.name()),
        TableCell::new(style::format_moment(conflict.decided_at())),
        TableCell::or_dash(code),
        TableCell::or_dash(region),
        TableCell::new(user),
        TableCell::or_dash(lost.map(|lost| describe_source(&lost.entry.source, style))),
        TableCell::or_dash(
            lost.and_then(|lost| lost.entry.hops.tapped_at)
                .map(style::format_moment),
        ),
        TableCell::or_dash(winner.map(|winner| winner.user_id)),
        TableCell::or_dash(
            winner
                .and_then(|winner| winner.decided_at)
                .map(style::format_moment),
        ),
        TableCell::new(describe_rule(conflict, style)),
    ]
}

fn describe_source(source: &Source, style: &OutputStyle) -> String {
    match source {
        Source::Edge(edge) => edge.to_string(),
        other => style.translate(say::conflicts_via {
            source: other.into(),
        }),
    }
}

/// Includes the operator's task for a case.
fn describe_rule(conflict: &Conflict, style: &OutputStyle) -> String {
    match conflict {
        Conflict::Lost(lost) => {
            let rule = lost.winner.as_ref().and_then(|winner| winner.race_rule);
            LossReason::from_timeline_entry(&lost.entry, rule).render_in(style.language)
        }
        Conflict::Case(case) => {
            let task = style.translate(say::conflicts_case {
                kind: (&case.kind).into(),
            });
            let Some(reason) = case.code.map(|code| code.sentence_in(style.language)) else {
                return task;
            };
            style.translate(say::conflicts_case_with_reason {
                task: task.into(),
                reason: reason.into(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_keeps_its_order_whatever_its_times_say() {
        let case = |id: u64, second: u64| {
            let uuid = "0192f5d4-0000-7000-8000-000000000003";
            let case = json!({
                "id": id, "order_id": uuid, "user_id": uuid, "kind": "met_closed",
                "command_id": uuid, "code": null, "at": format!("2025-11-24T16:00:0{second}Z"),
            });
            Conflict::Case(Box::new(serde_json::from_value(case).unwrap()))
        };
        let one = vec![case(12, 1), case(11, 2)];
        let other = vec![case(7, 3), case(6, 0)];
        let items = merge_newest_first(one, other);
        let names: Vec<String> = items.iter().map(|item| item.name().to_string()).collect();
        assert_eq!(names, ["case-7", "case-12", "case-11", "case-6"]);
    }

    #[test]
    fn every_kind_of_case_is_told_in_both_languages() {
        use wire::Language;
        let case_word = |kind: &str, language| {
            OutputStyle::for_pipe(language).translate(say::conflicts_case { kind: kind.into() })
        };
        for kind in [
            "met_closed",
            "revoked_meanwhile",
            "unverified_holder",
            "offline_rule",
            "taken_back",
            "revoked_holder",
            "worked_in_vain",
            "withdrew_before_fee",
            "edge_distrusted",
            "message_reported",
            "double_booked",
        ] {
            assert!(case_word(kind, Language::English).is_ascii());
            assert!(!case_word(kind, Language::Chinese).is_ascii());
        }
    }
}
