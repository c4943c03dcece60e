//! `holdfast trace`: follows one order from the tap to every place it reached, with the time at
//! each hop, and names what has not happened yet.
//!
//! Invariant: a part that does not answer hides no other part's hops; it is named.

mod hops;
mod pending;
mod sources;

use serde_json::{Value, json};
use wire::UnixMillis;

use hops::{HopClock, TraceHop, collect_hops};
use pending::{PendingHop, collect_pending};
use sources::TraceSources;

use crate::{
    explain::timeline::PersonNames,
    gateway::Gateway,
    layout::{NarrowTableRules, TableCell, render_table},
    output::{CommandOutput, Result},
    say,
    style::{OutputStyle, TextTone, format_gap, format_moment},
};

/// Drops CLOCK, then PLACE. The last column is a sentence.
const FORM: NarrowTableRules = NarrowTableRules {
    sheds: &[2, 3],
    ends_with_sentence: true,
};

pub(crate) async fn trace_order(gateway: &Gateway, name: &str) -> Result<CommandOutput> {
    let sources = TraceSources::load(gateway, name).await?;
    let style = &gateway.style;
    let names = sources
        .order
        .as_ref()
        .map(|order| PersonNames::from_order(order, &sources.timeline, style));
    let trace = OrderTrace {
        hops: collect_hops(&sources, names.as_ref(), style),
        pending: collect_pending(&sources, style),
        sources,
    };
    Ok(CommandOutput::new(
        style,
        || trace.to_json(),
        || trace.render_text(names.as_ref(), style),
    ))
}

struct OrderTrace {
    sources: TraceSources,
    /// In order of time.
    hops: Vec<TraceHop>,
    pending: Vec<PendingHop>,
}

impl OrderTrace {
    fn to_json(&self) -> Value {
        let order = self.sources.order.as_ref().map(|order| {
            json!({
                "code": order.code,
                "region": order.location,
                "status": order.status,
                "version": order.version,
            })
        });
        let mut before = None;
        let hops = self.hops.iter().map(|hop| {
            let since = hop.since(before);
            before = Some(hop);
            hop.to_json(since.map(|since| since.ms))
        });
        json!({
            "id": self.sources.id,
            "order": order,
            "hops": hops.collect::<Vec<_>>(),
            "pending": self.pending.iter().map(PendingHop::to_json).collect::<Vec<_>>(),
            "unanswered": self.sources.unanswered,
            "more": self.sources.has_older_events(),
        })
    }

    fn render_text(&self, names: Option<&PersonNames>, style: &OutputStyle) -> String {
        let mut out = self.render_heading(style);
        out.push('\n');
        out.push_str(&self.render_hops(style));
        if self.hops.iter().any(|hop| hop.is_doubtful) {
            out.push_str(&format!("{}\n", style.translate(say::trace_doubt)));
        }
        if self.sources.has_older_events() {
            out.push_str(&format!("{}\n", style.translate(say::trace_more)));
        }
        out.push('\n');
        out.push_str(&self.render_pending(style));
        for part in &self.sources.unanswered {
            let part = part.into();
            out.push_str(&format!(
                "{}\n",
                style.translate(say::trace_unanswered { part })
            ));
        }
        if let Some(names) = names {
            out.push_str(&format!("\n{}\n", style.translate(say::explain_people)));
            for (name, id) in names.list() {
                let line = style.format_labelled(&name, &id.to_string());
                out.push_str(&format!("  {line}\n"));
            }
        }
        out
    }

    fn render_heading(&self, style: &OutputStyle) -> String {
        let id = self.sources.id;
        let Some(order) = &self.sources.order else {
            return format!("{id}\n");
        };
        let state = style.translate(say::explain_state {
            status: order.status.into(),
            version: order.version.into(),
        });
        format!("{}  {}  {id}  {state}\n", order.code, order.location)
    }

    fn render_hops(&self, style: &OutputStyle) -> String {
        let mut before = None;
        let rows = self.hops.iter().map(|hop| {
            let since = hop.since(before);
            before = Some(hop);
            let doubt = if hop.is_doubtful { " ?" } else { "" };
            let clock = format!("{}{doubt}", describe_clock(&hop.clock, style));
            let tone = if hop.is_doubtful {
                TextTone::Doubtful
            } else {
                TextTone::Plain
            };
            vec![
                TableCell::or_dash(hop.at.map(format_moment)),
                TableCell::or_dash(since.map(format_since)),
                TableCell::with_tone(tone, clock),
                TableCell::new(&hop.place),
                TableCell::new(&hop.text),
            ]
        });
        render_table(
            say::trace_columns.text_in(style.language),
            FORM,
            rows,
            style,
        )
    }

    fn render_pending(&self, style: &OutputStyle) -> String {
        if self.pending.is_empty() {
            return format!("{}\n", style.translate(say::trace_all_done));
        }
        let mut out = format!("{}\n", style.translate(say::trace_not_yet));
        for pending in &self.pending {
            out.push_str(&format!("~ {}\n", pending.text));
        }
        out
    }
}

/// The time since the hop before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct HopGap {
    /// Negative if two clocks disagree.
    ms: i64,
    /// Both hops were timed by one clock.
    same_clock: bool,
}

impl TraceHop {
    fn since(&self, before: Option<&Self>) -> Option<HopGap> {
        let before = before?;
        let (UnixMillis(at), UnixMillis(earlier)) = (self.at?, before.at?);
        Some(HopGap {
            ms: at.saturating_sub(earlier),
            same_clock: self.clock == before.clock,
        })
    }

    fn to_json(&self, since_ms: Option<i64>) -> Value {
        json!({
            "at": self.at,
            "since_ms": since_ms,
            "clock": self.clock.as_str(),
            "clock_doubt": self.is_doubtful,
            "place": self.place,
            "what": self.kind.as_str(),
            "text": self.text,
            "command_id": self.command_id,
            "event": self.event,
        })
    }
}

fn format_since(gap: HopGap) -> String {
    match gap {
        HopGap { ms: ..0, .. } => "?".to_owned(),
        HopGap {
            ms,
            same_clock: true,
        } => format_gap(ms),
        HopGap { ms, .. } => format!("~{}", format_gap(ms)),
    }
}

fn describe_clock(clock: &HopClock, style: &OutputStyle) -> String {
    match clock {
        HopClock::Device => style.translate(say::trace_clock_device),
        HopClock::Edge(edge) => edge.to_string(),
        HopClock::Cloud => style.translate(say::trace_clock_cloud),
    }
}

#[cfg(test)]
mod tests;
