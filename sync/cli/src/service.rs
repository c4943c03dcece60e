//! `holdfast edges disable`, `rekey`, `rotate`, `retire` and `record`: takes an edge out of service
//! or replaces its key.

use std::str::FromStr;

use process::clock::Clock;
use serde::Deserialize;
use serde_json::{Value, json};
use wire::{EdgeId, UnixMillis, UserId};

use crate::{
    age,
    args::EdgesAction,
    edges,
    exit::Result,
    find::require_found,
    gateway::{Gateway, ListPage, none_if_not_found},
    look::OutputStyle,
    run::CommandOutput,
    say,
    table::{NarrowTableRules, TableCell, render_table},
};

/// The last column is the operator's own text. Drops BY first.
const FORM: NarrowTableRules = NarrowTableRules {
    sheds: &[3],
    ends_with_sentence: true,
};

/// An operator's notation: `2026-11-22T14:00Z`, or `90m`, `2h` or `3d` ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PastMoment {
    At(UnixMillis),
    AgoMs(i64),
}

#[derive(Deserialize)]
struct DisabledEdge {
    cases: u64,
    settled: bool,
    undecided: u64,
    not_received: u64,
}

#[derive(Deserialize)]
struct NewKeyCode {
    code: String,
    expires_at: UnixMillis,
}

#[derive(Deserialize)]
struct EdgeActItem {
    at: UnixMillis,
    act: String,
    made_by: UserId,
    since: Option<UnixMillis>,
    why: Option<String>,
}

impl FromStr for PastMoment {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.trim().to_ascii_uppercase();
        for (unit, unit_ms) in [('M', 60_000), ('H', 3_600_000), ('D', 86_400_000)] {
            if let Some(count) = text.strip_suffix(unit) {
                return parse_age_ms(count, unit_ms).map(Self::AgoMs).ok_or(());
            }
        }
        let full = text.replacen(' ', "T", 1);
        let written = [
            full.clone(),
            full.replace('Z', ":00Z"),
            format!("{full}Z"),
            format!("{full}:00Z"),
        ];
        written
            .iter()
            .find_map(|text| text.parse().ok())
            .map(Self::At)
            .ok_or(())
    }
}

fn parse_age_ms(count: &str, unit_ms: i64) -> Option<i64> {
    let count: i64 = count.parse().ok()?;
    count.checked_mul(unit_ms).filter(|ms| *ms >= 0)
}

impl PastMoment {
    pub fn resolve_at(self, now: UnixMillis) -> UnixMillis {
        match self {
            Self::At(at) => at,
            Self::AgoMs(ms) => now.plus_ms(-ms),
        }
    }
}

pub async fn run(gateway: &Gateway, action: &EdgesAction) -> Result<CommandOutput> {
    match action {
        EdgesAction::Disable { edge, since, why } => {
            let since = since.resolve_at(Clock::system().now());
            let form = json!({"since": since, "why": why});
            let (answer, done) = take_out_of_service(gateway, edge, "disabling", &form).await?;
            let DisabledEdge {
                cases,
                settled,
                undecided,
                ..
            } = done;
            let edge = edge.into();
            let since = age::format_moment(since).into();
            let settled = if settled { "yes" } else { "no" }.into();
            let sentence = say::edge_is_disabled {
                edge,
                since,
                cases,
                undecided,
                settled,
            };
            Ok(CommandOutput::from_answer(gateway, answer, sentence))
        }
        EdgesAction::Retire { edge, why } => {
            let form = json!({"why": why});
            let (answer, done) = take_out_of_service(gateway, edge, "retirement", &form).await?;
            let undecided = done.undecided;
            let not_received = done.not_received;
            let sentence = say::edge_is_retired {
                edge: edge.into(),
                undecided,
                not_received,
            };
            Ok(CommandOutput::from_answer(gateway, answer, sentence))
        }
        EdgesAction::Rekey { edge, why } => {
            issue_key_code(gateway, edge, false, why.as_deref()).await
        }
        EdgesAction::Rotate { edge } => issue_key_code(gateway, edge, true, None).await,
        EdgesAction::Record { edge } => show_record(gateway, edge).await,
    }
}

async fn take_out_of_service(
    gateway: &Gateway,
    edge: &EdgeId,
    act: &str,
    form: &Value,
) -> Result<(Value, DisabledEdge)> {
    let answer = gateway
        .post_json(&format!("/api/v1/admin/edges/{edge}/{act}"), Some(form))
        .await?;
    let done = DisabledEdge::deserialize(&answer).map_err(|_| gateway.unreadable_failure())?;
    Ok((answer, done))
}

/// The operator restarts the edge with the new code.
async fn issue_key_code(
    gateway: &Gateway,
    edge: &EdgeId,
    keep_old: bool,
    why: Option<&str>,
) -> Result<CommandOutput> {
    let before = edges::find_edge(gateway, edge).await?;
    let is_disabled = before.is_some_and(|item| item.disabled_at.is_some());
    let form = json!({"keep_old": keep_old, "why": why});
    let answer = none_if_not_found(
        gateway
            .post_json(&format!("/api/v1/admin/edges/{edge}/key"), Some(&form))
            .await,
    )?;
    let answer = require_found(
        answer,
        say::unknown_edge { edge: edge.into() },
        &gateway.style,
    )?;
    let NewKeyCode { code, expires_at } =
        NewKeyCode::deserialize(&answer).map_err(|_| gateway.unreadable_failure())?;
    let old_key = match (is_disabled, keep_old) {
        (true, _) => "disabled",
        (false, true) => "kept",
        (false, false) => "refused",
    };
    let look = &gateway.style;
    let told = look.translate(say::edge_gets_a_key {
        edge: edge.into(),
        until: age::format_moment(expires_at).into(),
        old: old_key.into(),
    });
    let next = look.format_next_step(say::edge_key_next.text_in(look.language));
    Ok(CommandOutput::new(
        look,
        || answer.clone(),
        || format!("{told}\n\nHOLDFAST__EDGE__ENROLMENT_CODE={code}\n\n    {next}\n"),
    ))
}

async fn show_record(gateway: &Gateway, edge: &EdgeId) -> Result<CommandOutput> {
    let answer: Value = gateway
        .get(&format!("/api/v1/admin/edges/{edge}/acts"))
        .await?;
    let page: ListPage<EdgeActItem> =
        ListPage::deserialize(&answer).map_err(|_| gateway.unreadable_failure())?;
    Ok(CommandOutput::new(
        &gateway.style,
        || answer.clone(),
        || render_acts(&page.items, &gateway.style),
    ))
}

fn render_acts(acts: &[EdgeActItem], style: &OutputStyle) -> String {
    if acts.is_empty() {
        return style.translate(say::edge_record_none) + "\n";
    }
    let rows = acts.iter().map(|act| {
        vec![
            TableCell::new(age::format_moment(act.at)),
            TableCell::new(style.translate(say::edge_act {
                act: (&act.act).into(),
            })),
            TableCell::or_dash(act.since.map(age::format_moment)),
            TableCell::new(act.made_by),
            TableCell::or_dash(act.why.as_ref()),
        ]
    });
    render_table(
        say::edge_record_columns.text_in(style.language),
        FORM,
        rows,
        style,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_or_a_while_ago() {
        let at = PastMoment::At("2026-11-22T14:00:00Z".parse().unwrap());
        for text in [
            "2026-11-22T14:00:00Z",
            "2026-11-22 14:00",
            "2026-11-22t14:00z",
        ] {
            assert_eq!(text.parse(), Ok(at), "{text}");
        }
        for (text, minutes) in [("90m", 90), ("2h", 120), ("3D", 3 * 24 * 60)] {
            assert_eq!(
                text.parse(),
                Ok(PastMoment::AgoMs(minutes * 60_000)),
                "{text}"
            );
        }
        for wrong in ["", "h", "-2h", "yesterday", "14:00", "2026-11-22"] {
            assert!(wrong.parse::<PastMoment>().is_err(), "{wrong}");
        }
    }
}
