//! `holdfast edges`: every edge with its link, log, right to assign and machine.

use serde_json::{Value, json};
use texts::Phrase;
use wire::{
    DiskLevel, DiskUse, EdgeId, EdgeListItem, EdgeStatus, GateState, LinkState, QuarantineWhy,
    Region, RegionStatus, ShopCa, StatusReport, UnixMillis,
};

use crate::{
    gateway::Gateway,
    layout::{NarrowTableRules, TableCell, render_table},
    output::{CommandFailure, CommandOutput, ExitKind, Result},
    say,
    style::{self, OutputStyle, TextTone},
};

/// Needs the report too: gate and right to assign belong to the region.
pub(crate) struct EdgeList {
    edges: Vec<EdgeListItem>,
    report: StatusReport,
}

/// An identifier for scripts and a sentence.
type EdgeRemark = (&'static str, Phrase);

/// Drops, in order: ENROLLED, VERSION, LAST CONTACT, log positions, EPOCH, CLOCK, DISK FREE,
/// REGION, RIGHT.
const FORM: NarrowTableRules = NarrowTableRules {
    sheds: &[13, 12, 9, 5, 4, 3, 10, 11, 1, 7],
    ends_with_sentence: false,
};

/// A larger clock error shows implausible times on tablets.
const CLOCK_ERROR_MS_MAX: u64 = 5_000;

pub(crate) async fn list_edges(gateway: &Gateway, retired: bool) -> Result<CommandOutput> {
    let mut edges: Vec<EdgeListItem> = gateway.list("/api/v1/admin/edges?").await?;
    edges.retain(|edge| retired || edge.retired_at.is_none());
    let list = EdgeList {
        edges,
        report: gateway.fetch_status().await?,
    };
    Ok(CommandOutput::new(
        &gateway.style,
        || edges_to_json(&list),
        || render_edges(&list, &gateway.style),
    ))
}

/// The certificate authority that a shop's tablets must trust. The text can be saved as its PEM file.
pub(crate) async fn show_ca(gateway: &Gateway) -> Result<CommandOutput> {
    let ca: ShopCa = gateway.get("/api/v1/edges/ca").await?;
    Ok(CommandOutput::new(
        &gateway.style,
        || json!(ca),
        || render_ca(&ca, &gateway.style),
    ))
}

fn render_ca(ca: &ShopCa, style: &OutputStyle) -> String {
    let permits = ca.permits.join(say::list_separator.text_in(style.language));
    let told = style.translate(say::edges_ca {
        until: style::format_moment(ca.not_after).into(),
        fingerprint: (&ca.fingerprint).into(),
        permits: permits.into(),
    });
    let next = style.format_next_step(say::edges_ca_next.text_in(style.language));
    format!("{told}\n\n{}\n    {next}\n", ca.certificate)
}

/// Includes disabled, retired and not yet enrolled edges. Also returns `None` if the admin's role
/// may change edges but not list them; the answer then has less detail.
pub(crate) async fn find_edge(gateway: &Gateway, edge: &EdgeId) -> Result<Option<EdgeListItem>> {
    match gateway.list::<EdgeListItem>("/api/v1/admin/edges?").await {
        Ok(edges) => Ok(edges.into_iter().find(|item| item.status.edge == *edge)),
        Err(failure) if failure.exit == ExitKind::Authentication => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Returns an enrolled edge's epoch, optionally within one region only.
pub(crate) fn find_epoch(
    report: &StatusReport,
    edge: &EdgeId,
    region: Option<Region>,
    style: &OutputStyle,
) -> Result<u64> {
    let regions = report.regions.iter();
    let mut edges = regions
        .filter(|status| region.is_none_or(|region| status.region == region))
        .flat_map(|status| &status.edges);
    if let Some(status) = edges.find(|status| status.edge == *edge) {
        return Ok(status.epoch);
    }
    let edge = edge.into();
    Err(match region {
        None => {
            CommandFailure::from_sentence(ExitKind::NotFound, style, say::unknown_edge { edge })
        }
        Some(region) => {
            let sentence = say::unknown_edge_of_region {
                edge,
                region: region.into(),
            };
            CommandFailure::from_sentence(ExitKind::NotFound, style, sentence)
        }
    })
}

fn edges_to_json(list: &EdgeList) -> Value {
    let items = list.edges.iter().map(|edge| {
        let region = list.find_region(edge);
        let mut value = json!(edge);
        value["holds_right"] = json!(holds_right(edge, region));
        let words = collect_remarks(edge, region, list.report.now)
            .into_iter()
            .map(|(word, _)| word);
        value["remarks"] = words.collect();
        value
    });
    json!({"now": list.report.now, "items": items.collect::<Vec<_>>()})
}

fn render_edges(list: &EdgeList, style: &OutputStyle) -> String {
    if list.edges.is_empty() {
        return style.translate(say::no_edge_enrolled) + "\n";
    }
    let rows = list.edges.iter().map(|edge| build_row(edge, list, style));
    render_table(
        say::edges_columns.text_in(style.language),
        FORM,
        rows,
        style,
    )
}

impl EdgeList {
    fn find_region(&self, edge: &EdgeListItem) -> Option<&RegionStatus> {
        self.report
            .regions
            .iter()
            .find(|region| region.region == edge.region)
    }
}

fn build_row(edge: &EdgeListItem, list: &EdgeList, style: &OutputStyle) -> Vec<TableCell> {
    let status = &edge.status;
    let region = list.find_region(edge);
    let now = list.report.now;
    let last_seq = edge.cursor_seq + status.lag_up_ops;
    let right = holds_right(edge, region).then(|| style.translate(say::edges_holds_right));
    vec![
        TableCell::new(&status.edge),
        TableCell::new(edge.region),
        link_cell(status, now, style),
        TableCell::new(status.epoch),
        TableCell::new(format!("{} / {last_seq}", edge.cursor_seq)),
        TableCell::new(format!("{} / {}", edge.outcome_cursor, edge.feed_cursor)),
        pending_cell(status, now, style),
        TableCell::or_dash(right),
        remark_cell(&collect_remarks(edge, region, now), style),
        TableCell::or_dash(status.last_contact_at.map(style::format_moment)),
        clock_cell(status.clock_error_ms),
        disk_cell(status, style),
        TableCell::or_dash(status.version.as_ref()),
        TableCell::or_dash(edge.enrolled_at.map(style::format_moment)),
    ]
}

fn holds_right(edge: &EdgeListItem, region: Option<&RegionStatus>) -> bool {
    region.is_some_and(|region| region.holder.as_ref() == Some(&edge.status.edge))
}

/// Most serious first.
fn collect_remarks(
    edge: &EdgeListItem,
    region: Option<&RegionStatus>,
    now: UnixMillis,
) -> Vec<EdgeRemark> {
    let status = &edge.status;
    let closed = region.is_some_and(|region| region.gate == GateState::Closed);
    let why = status.quarantine.map(|quarantine| quarantine.why);
    let is_invited = edge.enrolled_at.is_none();
    let has_code = edge.code_expires_at.is_some_and(|at| at > now);
    let is_retired = edge.retired_at.is_some();
    let is_disabled = edge.disabled_at.is_some() && !is_retired;
    [
        (is_disabled, ("disabled", say::remark_disabled)),
        (is_retired, ("retired", say::remark_retired)),
        (
            status.needs_operator_at.is_some(),
            ("needs_operator", say::remark_needs_operator),
        ),
        (closed, ("gate_closed", say::remark_gate_closed)),
        (status.twin_seen_at.is_some(), ("twin", say::remark_twin)),
        (
            why == Some(QuarantineWhy::EdgeRestored),
            ("restored", say::remark_restored),
        ),
        (
            why == Some(QuarantineWhy::EdgeCloned),
            ("cloned", say::remark_cloned),
        ),
        (
            is_invited && has_code,
            ("code_unused", say::remark_code_unused),
        ),
        (
            is_invited && !has_code,
            ("code_expired", say::remark_code_expired),
        ),
    ]
    .into_iter()
    .filter_map(|(is, remark)| is.then_some(remark))
    .collect()
}

fn remark_cell(remarks: &[EdgeRemark], style: &OutputStyle) -> TableCell {
    let words: Vec<&str> = remarks
        .iter()
        .map(|(_, phrase)| phrase.text_in(style.language))
        .collect();
    let text = words.join(say::list_separator.text_in(style.language));
    match remarks {
        [] => TableCell::new("-"),
        [("code_unused" | "code_expired" | "retired", _)] => {
            TableCell::with_tone(TextTone::Doubtful, format!("~ {text}"))
        }
        _ => TableCell::with_tone(TextTone::Bad, format!("! {text}")),
    }
}

/// Shows the link's state with a symbol, and since when.
pub(crate) fn link_cell(status: &EdgeStatus, now: UnixMillis, style: &OutputStyle) -> TableCell {
    let (tone, word) = match status.link {
        LinkState::Up => (TextTone::Good, say::link_up),
        LinkState::Down => (TextTone::Bad, say::link_down),
        LinkState::Never => (TextTone::Bad, say::link_never),
    };
    let since = status
        .since
        .map(|at| format!(" {}", style::format_duration(now.ms_since(at))));
    TableCell::with_tone(tone, style.translate(word) + &since.unwrap_or_default())
}

pub(crate) fn pending_cell(status: &EdgeStatus, now: UnixMillis, style: &OutputStyle) -> TableCell {
    let text = describe_pending(status, now, style);
    let is_done = status.pending == 0 && status.photos_waiting.unwrap_or_default() == 0;
    let tone = if is_done {
        TextTone::Plain
    } else {
        TextTone::Doubtful
    };
    TableCell::with_tone(tone, text)
}

/// Counts ops without an outcome at the edge, with the oldest one's age, and photos that the cloud
/// lacks.
fn describe_pending(status: &EdgeStatus, now: UnixMillis, style: &OutputStyle) -> String {
    let ops = match status.oldest_pending_at {
        Some(at) if status.pending > 0 => {
            let pending = status.pending.into();
            let age = style::format_duration(now.ms_since(at)).into();
            style.translate(say::edges_pending_since { pending, age })
        }
        _ => status.pending.to_string(),
    };
    match status.photos_waiting {
        None | Some(0) => ops,
        Some(count) => style.translate(say::edges_pending_photos {
            pending: ops.into(),
            count: count.into(),
        }),
    }
}

fn clock_cell(error_ms: Option<i64>) -> TableCell {
    let Some(error_ms) = error_ms else {
        return TableCell::new("-");
    };
    let text = format!("{error_ms:+} ms");
    if error_ms.unsigned_abs() > CLOCK_ERROR_MS_MAX {
        return TableCell::with_tone(TextTone::Bad, format!("! {text}"));
    }
    TableCell::new(text)
}

fn disk_cell(status: &EdgeStatus, style: &OutputStyle) -> TableCell {
    let Some(free) = status.disk_free_bytes else {
        return TableCell::new("-");
    };
    if let Some(disk) = status.disk
        && disk.level > DiskLevel::Normal
    {
        let tone = if disk.level == DiskLevel::Warn {
            TextTone::Doubtful
        } else {
            TextTone::Bad
        };
        return TableCell::with_tone(tone, describe_disk(disk, style));
    }
    let mib = free / (1024 * 1024);
    let gib = free / (1024 * 1024 * 1024);
    if status.disk_is_low() {
        return TableCell::with_tone(TextTone::Bad, format!("! {mib} MiB"));
    }
    TableCell::new(format!("{gib} GiB"))
}

/// How full the disk is, and how the edge reacts.
fn describe_disk(disk: DiskUse, style: &OutputStyle) -> String {
    let percent = disk.used_percent.into();
    match disk.level {
        DiskLevel::Normal | DiskLevel::Warn => style.translate(say::edges_disk_warn { percent }),
        DiskLevel::Shed => style.translate(say::edges_disk_shed { percent }),
        DiskLevel::Refuse => style.translate(say::edges_disk_refuse { percent }),
    }
}

#[cfg(test)]
mod tests {
    use wire::Language;

    use super::*;

    #[test]
    fn trouble_of_a_machine_is_marked_by_a_shape() {
        let edge = |name: &str, clock_ms: i64, disk: u64| {
            json!({
                "region": "NORTH", "created_at": "2025-11-24T16:00:00Z", "enrolled_at": null,
                "cursor_seq": 5, "outcome_cursor": 4, "feed_cursor": 9,
                "edge": name, "link": "never", "since": null, "last_contact_at": null, "epoch": 1,
                "version": null, "pending": 0, "oldest_pending_at": null, "undecided": 0, "held": 0,
                "parked": 0, "lag_up_ops": 2, "lag_down_changes": 0, "lag_down_outcomes": 0,
                "checksum": "unknown", "clock_error_ms": clock_ms, "disk_free_bytes": disk,
                "code_expires_at": (name == "n-2").then_some("2025-11-25T16:00:00Z"),
                "twin_seen_at": (name == "n-2").then_some("2025-11-24T16:00:00Z"),
            })
        };
        let edges = json!([edge("n-1", -12, 5 << 30), edge("n-2", 9_000, 5 << 20)]);
        let report = json!({"now": "2025-11-24T16:00:00Z", "regions": [{
            "region": "NORTH", "gate": "open", "policy": "exclusive", "holder": "n-1",
            "feed_seq": 9, "orders": 1, "edges": [],
        }]});
        let list = EdgeList {
            edges: serde_json::from_value(edges).unwrap(),
            report: serde_json::from_value(report).unwrap(),
        };
        let style = OutputStyle::for_pipe(Language::English);
        let text = render_edges(&list, &style);
        let lines: Vec<&str> = text.lines().collect();
        let start = "NORTH\t? never\t1\t5 / 7\t4 / 9\t0";
        assert_eq!(
            lines[1],
            format!("n-1\t{start}\t* holds it\t~ code expired\t-\t-12 ms\t5 GiB\t-\t-")
        );
        let twin = "! a copy of it calls and is refused, code not used yet";
        assert_eq!(
            lines[2],
            format!("n-2\t{start}\t-\t{twin}\t-\t! +9000 ms\t! 5 MiB\t-\t-")
        );
        assert_eq!(
            edges_to_json(&list)["items"][1]["remarks"],
            json!(["twin", "code_unused"])
        );
    }

    #[test]
    fn a_disk_that_fills_says_what_the_edge_does_and_photos_count_as_waiting() {
        let style = OutputStyle::for_pipe(Language::English);
        let said = |level| {
            let used_percent = 91;
            describe_disk(
                DiskUse {
                    level,
                    used_percent,
                },
                &style,
            )
        };
        assert_eq!(said(DiskLevel::Warn), "~ 91 % full");
        assert_eq!(said(DiskLevel::Shed), "! 91 % full: drops old jobs");
        assert_eq!(said(DiskLevel::Refuse), "! 91 % full: refuses new work");

        let now = UnixMillis(0);
        let mut edge: EdgeStatus = serde_json::from_value(json!({
            "edge": "n-1", "link": "up", "since": null, "last_contact_at": null, "epoch": 1,
            "version": null, "pending": 0, "oldest_pending_at": null, "undecided": 0, "held": 0,
            "parked": 0, "lag_up_ops": 0, "lag_down_changes": 0, "lag_down_outcomes": 0,
            "checksum": "unknown", "clock_error_ms": null, "disk_free_bytes": null,
        }))
        .unwrap();
        assert_eq!(describe_pending(&edge, now, &style), "0");
        edge.photos_waiting = Some(1);
        assert_eq!(describe_pending(&edge, now, &style), "0; 1 photo");
        edge.pending = 2;
        edge.photos_waiting = Some(7);
        assert_eq!(describe_pending(&edge, now, &style), "2; 7 photos");
    }
}
