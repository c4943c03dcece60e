//! Tests `status` on a terminal and into a pipe, in both languages.

mod complaints;

use wire::{EdgeId, Language, LinkState, Policy, Region};

use super::*;

const NOW: UnixMillis = UnixMillis(1_764_000_600_000);

fn look(language: Language, terminal: bool) -> OutputStyle {
    OutputStyle {
        width: terminal.then_some(200),
        ..OutputStyle::for_pipe(language)
    }
}

fn edge(name: &str) -> EdgeStatus {
    EdgeStatus {
        edge: EdgeId::new(name).unwrap(),
        link: LinkState::Up,
        since: Some(NOW.plus_ms(-192_000)),
        last_contact_at: Some(NOW),
        epoch: 1,
        version: Some("0.1.0".into()),
        pending: 0,
        oldest_pending_at: None,
        undecided: 0,
        held: 0,
        parked: 0,
        lag_up_ops: 0,
        lag_down_changes: 0,
        lag_down_outcomes: 0,
        lag_down_since: None,
        checksum: ChecksumState::Match,
        clock_error_ms: Some(0),
        disk_free_bytes: None,
        newcomers_waiting: 0,
        disk: None,
        photos_waiting: None,
        left_behind: Vec::new(),
        quarantine: None,
        needs_operator_at: None,
        twin_seen_at: None,
        repair_asked_at: None,
        repairs: 0,
        repaired_at: None,
        unproven: None,
        unsettled_since: None,
        stopped: 0,
        lost: 0,
        lost_at: None,
        takes_any_hub: false,
        plain_line: false,
        plain_listeners: false,
        cloud_tokens_since: None,
        certificate_ends_at: None,
    }
}

fn region(region: Region, edges: Vec<EdgeStatus>) -> RegionStatus {
    RegionStatus {
        region,
        gate: GateState::Open,
        policy: Policy::Optimistic,
        holder: None,
        feed_seq: 7,
        orders: 3,
        asks_waiting: 0,
        asks_stopped: 0,
        repairs: None,
        edges,
    }
}

fn report() -> StatusReport {
    let cut = EdgeStatus {
        link: LinkState::Down,
        since: Some(NOW.plus_ms(-12_000)),
        pending: 4,
        oldest_pending_at: Some(NOW.plus_ms(-9_000)),
        lag_up_ops: 4,
        lag_down_changes: 2,
        lag_down_outcomes: 1,
        lag_down_since: Some(NOW.plus_ms(-8_000)),
        checksum: ChecksumState::Unknown,
        ..edge("south-1")
    };
    let south = RegionStatus {
        gate: GateState::Closed,
        ..region(Region::South, vec![cut])
    };
    let held = RegionStatus {
        policy: Policy::Exclusive,
        holder: Some(EdgeId::new("east-1").unwrap()),
        ..region(
            Region::East,
            vec![EdgeStatus {
                held: 2,
                ..edge("east-1")
            }],
        )
    };
    let regions = vec![
        region(Region::North, vec![edge("north-1")]),
        south,
        held,
        region(Region::West, vec![]),
    ];
    StatusReport {
        now: NOW,
        regions,
        parts: Vec::new(),
    }
}

#[test]
fn a_terminal_gets_aligned_rows_and_the_next_steps() {
    let look = look(Language::English, true);
    let text = render_rows(&report(), &look) + &render_verdict(&report(), &look);
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("REGION  EDGE     GATE      LINK"),
        "{text}"
    );
    let link = lines[0].find("LINK").unwrap();
    assert_eq!(
        lines[1][link..].split("  ").next(),
        Some("+ up 3m 12s"),
        "{text}"
    );
    assert_eq!(
        lines[2][link..].split("  ").next(),
        Some("x down 12s"),
        "{text}"
    );
    assert!(
        lines[2].contains("x closed") && lines[2].contains("4, oldest 9s"),
        "{text}"
    );
    assert!(
        lines[2].contains("4 / 3, for 8s") && lines[2].contains("? unknown"),
        "{text}"
    );
    assert!(lines[3].contains("exclusive (east-1)"), "{text}");
    assert!(lines[4].starts_with("WEST    -"), "{text}");
    assert!(text.contains("! SOUTH: the gate is closed"), "{text}");
    assert!(
        text.contains("Next: `holdfast link heal SOUTH` opens it"),
        "{text}"
    );
    assert!(text.contains("! south-1: the link is down"), "{text}");
    assert!(
        text.contains("! east-1: 2 of its operations wait for the edge that holds"),
        "{text}"
    );
    assert!(text.contains("! WEST: no edge is enrolled"), "{text}");
    assert!(!text.contains('\x1b'));
}

#[test]
fn every_column_starts_at_the_same_place_in_chinese_too() {
    use unicode_width::UnicodeWidthStr;
    let look = look(Language::Chinese, true);
    let text = render_rows(&report(), &look) + &render_verdict(&report(), &look);
    let place = |line: &str, word: &str| line[..line.find(word).unwrap()].width();
    let lines: Vec<&str> = text.lines().collect();
    let link = place(lines[0], "链路");
    assert_eq!(place(lines[1], "+ 连通"), link, "{text}");
    assert_eq!(place(lines[2], "x 断开"), link, "{text}");
    assert!(
        text.contains("下一步：运行 `holdfast link heal SOUTH` 打开闸口"),
        "{text}"
    );
}

#[test]
fn a_pipe_gets_a_row_an_edge_with_the_same_number_of_tabs() {
    let text = render_rows(&report(), &look(Language::English, false));
    assert_eq!(text.lines().count(), 5);
    for line in text.lines() {
        assert_eq!(line.split('\t').count(), 11, "{line}");
    }
}

#[test]
fn a_healthy_report_says_so() {
    let healthy = StatusReport {
        now: NOW,
        regions: vec![region(Region::North, vec![edge("north-1")])],
        parts: Vec::new(),
    };
    assert_eq!(
        render_verdict(&healthy, &look(Language::English, true)),
        "+ All is well.\n"
    );
    let value = report_to_json(&healthy, &look(Language::English, false)).unwrap();
    assert_eq!(value["healthy"], true);
    assert_eq!(
        serde_json::from_value::<StatusReport>(value).unwrap(),
        healthy
    );
}
