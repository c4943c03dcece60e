//! Tests the complaints and notes under the table, in both languages.

use wire::{DiskLevel, DiskUse, LeftBehind, PartStatus, QuarantineStatus, QuarantineWhy};

use super::*;

#[test]
fn complaints_agree_with_what_the_report_itself_complains_of() {
    let mut reports = vec![report()];
    for spoil in [
        |edge: &mut EdgeStatus| edge.link = LinkState::Never,
        |edge: &mut EdgeStatus| edge.link = LinkState::Down,
        |edge: &mut EdgeStatus| edge.checksum = ChecksumState::Mismatch,
        |edge: &mut EdgeStatus| edge.checksum = ChecksumState::Settling,
        |edge: &mut EdgeStatus| edge.unsettled_since = Some(NOW),
        |edge: &mut EdgeStatus| (edge.held, edge.stopped) = (2, 1),
        |edge: &mut EdgeStatus| edge.parked = 1,
        |edge: &mut EdgeStatus| edge.held = 1,
        |edge: &mut EdgeStatus| edge.newcomers_waiting = 3,
        |edge: &mut EdgeStatus| edge.pending = 9,
        |edge: &mut EdgeStatus| {
            (edge.parked, edge.disk_free_bytes, edge.clock_error_ms) = (1, Some(0), Some(-70_000));
        },
    ] {
        let mut spoilt = edge("north-1");
        spoil(&mut spoilt);
        reports.push(StatusReport {
            now: NOW,
            regions: vec![region(Region::North, vec![spoilt])],
            parts: Vec::new(),
        });
    }
    let stopped = RegionStatus {
        asks_stopped: 2,
        ..region(Region::North, vec![])
    };
    reports.push(StatusReport {
        now: NOW,
        regions: vec![stopped],
        parts: Vec::new(),
    });
    for report in reports {
        for language in [Language::English, Language::Chinese] {
            let ours: Vec<String> = describe_complaints(&report, &look(language, false))
                .into_iter()
                .map(|c| c.about)
                .collect();
            let theirs: Vec<String> = report
                .list_health_issues()
                .into_iter()
                .map(|c| c.about)
                .collect();
            assert_eq!(ours, theirs);
        }
    }
}

#[test]
fn parts_and_certificates_are_complained_of_with_the_next_step() {
    let part = |part: &str, dead_letters, away_since| PartStatus {
        part: part.to_owned(),
        dead_letters,
        away_since,
    };
    let ends_at = |at| EdgeStatus {
        certificate_ends_at: Some(at),
        ..edge("north-1")
    };
    let report = |edge, parts| StatusReport {
        now: NOW,
        regions: vec![region(Region::North, vec![edge])],
        parts,
    };
    let day = 24 * 60 * 60 * 1000;
    for (name, report, expected) in [
        (
            "all is well",
            report(ends_at(NOW.plus_ms(30 * day)), vec![part("order", 0, None)]),
            [].as_slice(),
        ),
        (
            "a part",
            report(edge("north-1"), vec![part("payment", 1, Some(NOW))]),
            &[
                "! payment: it does not answer, or reads none of its events, since 2025-11-24",
                "! payment: 1 of its events failed or reached no queue, and waits for an operator",
            ],
        ),
        (
            "soon",
            report(ends_at(NOW.plus_ms(14 * day)), vec![]),
            &["! north-1: the certificate that it shows to tablets ends at 2025-12-08"],
        ),
        (
            "over",
            report(ends_at(NOW.plus_ms(-day)), vec![]),
            &["! north-1: the certificate that it shows to tablets ended at 2025-11-23"],
        ),
        (
            "long over",
            report(ends_at(NOW.plus_ms(-15 * day)), vec![]),
            &[],
        ),
    ] {
        let text = render_verdict(&report, &look(Language::English, false));
        let chinese = render_verdict(&report, &look(Language::Chinese, false));
        assert_eq!(
            text.matches("Next: ").count(),
            expected.len(),
            "{name}: {text}"
        );
        assert_eq!(
            chinese.matches("下一步：").count(),
            expected.len(),
            "{chinese}"
        );
        for words in expected {
            assert!(text.contains(words), "{name}: {text}");
        }
    }
}

#[test]
fn a_restored_a_stopped_and_a_doubled_edge_are_each_said_in_words_with_the_next_step() {
    let quarantine = |why| Some(QuarantineStatus { at: NOW, why });
    let restored = EdgeStatus {
        quarantine: quarantine(QuarantineWhy::EdgeRestored),
        needs_operator_at: Some(NOW),
        left_behind: vec![LeftBehind {
            epoch: 3,
            commands: 7,
        }],
        epoch: 4,
        ..edge("north-1")
    };
    let doubled = EdgeStatus {
        quarantine: quarantine(QuarantineWhy::EdgeCloned),
        twin_seen_at: Some(NOW),
        ..edge("mid-1")
    };
    let regions = vec![
        region(Region::North, vec![restored]),
        region(Region::Mid, vec![doubled]),
    ];
    let report = StatusReport {
        now: NOW,
        regions,
        parts: Vec::new(),
    };
    let said = |language| render_verdict(&report, &look(language, false));
    let text = said(Language::English);
    for words in [
        "! north-1: it was restored from a copy: since 2025-11-24 16:10:00.000Z it runs in epoch 4",
        "! north-1: it has had three new epochs in a day and needs a fourth, so it is not let in",
        "`holdfast readmit north-1` lets it in",
        "! north-1: left behind in epoch 3: 7 commands without an outcome",
        "! mid-1: a second instance of it calls",
        "`holdfast enrol REGION NAME` gives it a name",
        "! mid-1: it was run twice from one copy",
        "`holdfast readmit mid-1` notes it",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let chinese = said(Language::Chinese);
    assert!(
        chinese.contains("! north-1：该节点被从备份恢复"),
        "{chinese}"
    );
    assert_eq!(
        text.matches("Next: ").count(),
        report.list_health_issues().len()
    );
    assert_eq!(
        chinese.matches("下一步：").count(),
        report.list_health_issues().len()
    );
}

#[test]
fn people_who_are_refused_for_want_of_room_are_counted_with_the_next_step() {
    let refusing = EdgeStatus {
        newcomers_waiting: 3,
        ..edge("north-1")
    };
    let report = StatusReport {
        now: NOW,
        regions: vec![region(Region::North, vec![refusing])],
        parts: Vec::new(),
    };
    let text = render_verdict(&report, &look(Language::English, false));
    assert!(
        text.contains("! north-1: it keeps its last room for people whom it knows"),
        "{text}"
    );
    assert!(text.contains("and refuses 3 others"), "{text}");
    let chinese = render_verdict(&report, &look(Language::Chinese, false));
    assert!(chinese.contains("正拒绝另外 3 人的操作"), "{chinese}");
}

#[test]
fn a_disk_that_runs_full_and_a_wrong_clock_are_said_with_the_next_step() {
    let on = |disk_free_bytes, clock_error_ms| {
        let edge = EdgeStatus {
            disk_free_bytes,
            clock_error_ms,
            ..edge("north-1")
        };
        StatusReport {
            now: NOW,
            regions: vec![region(Region::North, vec![edge])],
            parts: Vec::new(),
        }
    };
    let text = render_verdict(
        &on(Some(700 << 20), Some(-125_000)),
        &look(Language::English, false),
    );
    for words in [
        "! north-1: its disk has 700 MiB left; a full disk makes it refuse new work",
        "Next: make room on the disk that holds its data folder",
        "! north-1: its clock is 2m 5s behind",
        "Next: set the machine's clock",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let chinese = render_verdict(&on(Some(0), Some(61_000)), &look(Language::Chinese, false));
    assert!(
        chinese.contains("其磁盘已满") && chinese.contains("快了 1m 1s"),
        "{chinese}"
    );
    assert_eq!(
        on(Some(1 << 30), Some(60_000)).list_health_issues(),
        Vec::<wire::HealthIssue>::new()
    );
    assert_eq!(
        on(None, None).list_health_issues(),
        Vec::<wire::HealthIssue>::new(),
        "it has not said"
    );
}

#[test]
fn an_edge_that_drops_copies_for_want_of_disk_is_named_before_its_disk_is_full() {
    let on = |level, free| {
        let edge = EdgeStatus {
            disk_free_bytes: Some(free),
            disk: Some(DiskUse {
                level,
                used_percent: 91,
            }),
            ..edge("north-1")
        };
        let report = StatusReport {
            now: NOW,
            regions: vec![region(Region::North, vec![edge])],
            parts: Vec::new(),
        };
        render_verdict(&report, &look(Language::English, false))
    };
    let ample = 90 << 30;
    let sheds = "! north-1: its disk is 91 % full: it drops its copies of old jobs";
    assert!(on(DiskLevel::Shed, ample).contains(sheds));
    let refuses = "! north-1: its disk is full: it refuses new work";
    assert!(on(DiskLevel::Refuse, ample).contains(refuses));
    for level in [DiskLevel::Normal, DiskLevel::Warn] {
        assert!(!on(level, ample).contains("its disk"));
        assert!(on(level, 700 << 20).contains("its disk has 700 MiB left"));
    }
}

#[test]
fn an_edge_that_keeps_tokens_of_the_cloud_is_named_with_the_next_step() {
    let old = EdgeStatus {
        cloud_tokens_since: Some(NOW),
        ..edge("north-1")
    };
    let report = StatusReport {
        now: NOW,
        regions: vec![region(Region::North, vec![old])],
        parts: Vec::new(),
    };
    for (language, words) in [
        (
            Language::English,
            "! north-1: its program is older than the tokens for edges",
        ),
        (Language::Chinese, "其程序早于节点专用令牌"),
    ] {
        let text = render_verdict(&report, &look(language, false));
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn what_was_repaired_is_named_and_is_no_complaint() {
    let repairs = wire::RepairStatus {
        compared_at: Some(NOW),
        repaired: 2,
        repaired_at: Some(NOW.plus_ms(-60_000)),
        ..wire::RepairStatus::default()
    };
    let north = |repairs| RegionStatus {
        repairs: Some(repairs),
        ..region(Region::North, vec![edge("north-1")])
    };
    let report = |repairs| StatusReport {
        now: NOW,
        regions: vec![north(repairs)],
        parts: Vec::new(),
    };
    let look = look(Language::English, true);
    let text = render_verdict(&report(repairs), &look);
    let named = "~ NORTH: 2 changes had not arrived and were repaired from the order service";
    assert!(
        text.contains(named) && text.contains("+ All is well."),
        "{text}"
    );

    let contradicted = wire::RepairStatus {
        contradictions: 1,
        contradicted_at: Some(NOW),
        ..repairs
    };
    let text = render_verdict(&report(contradicted), &look);
    assert!(
        text.contains("! NORTH: the order service and the hub said different things"),
        "{text}"
    );
    assert_eq!(report(contradicted).list_health_issues().len(), 1);
    let old = wire::RepairStatus {
        contradicted_at: Some(NOW.plus_ms(-90_000_000)),
        ..contradicted
    };
    assert_eq!(
        report(old).list_health_issues(),
        Vec::<wire::HealthIssue>::new()
    );
}

#[test]
fn lost_acceptances_are_named_for_a_day_and_are_no_complaint() {
    let lost = |n, ago_ms: i64| {
        let edge = EdgeStatus {
            lost: n,
            lost_at: Some(NOW.plus_ms(-ago_ms)),
            ..edge("north-1")
        };
        StatusReport {
            now: NOW,
            regions: vec![region(Region::North, vec![edge])],
            parts: Vec::new(),
        }
    };
    let text = render_verdict(&lost(2, 60_000), &look(Language::English, true));
    let named = "~ north-1: 2 acceptances made there have lost, last at 2025-11-24 16:09:00.000Z; \
                 `holdfast conflicts` lists them";
    assert_eq!(text, format!("{named}\n+ All is well.\n"));
    let chinese = render_verdict(&lost(2, 60_000), &look(Language::Chinese, true));
    assert!(
        chinese.starts_with("~ north-1：该处已有 2 次接单落败"),
        "{chinese}"
    );
    let old = render_verdict(&lost(2, 90_000_000), &look(Language::English, true));
    assert_eq!(old, "+ All is well.\n");
}

#[test]
fn a_grant_that_the_view_did_not_agree_with_is_a_complaint() {
    let unproven = EdgeStatus {
        unproven: Some(4),
        ..edge("north-1")
    };
    let report = StatusReport {
        now: NOW,
        regions: vec![region(Region::North, vec![unproven])],
        parts: Vec::new(),
    };
    let text = render_verdict(&report, &look(Language::English, true));
    assert!(text.contains("under fence 4"), "{text}");
    assert_eq!(report.list_health_issues().len(), 1);
}

#[test]
fn what_does_not_settle_and_what_needs_an_operator_is_said_with_the_next_step() {
    let stuck = EdgeStatus {
        checksum: ChecksumState::Settling,
        unsettled_since: Some(NOW),
        ..edge("north-1")
    };
    let behind = EdgeStatus {
        lag_down_changes: 7,
        edge: edge("north-2").edge,
        ..stuck.clone()
    };
    let stopped = EdgeStatus {
        held: 3,
        stopped: 2,
        ..edge("mid-1")
    };
    let north = region(Region::North, vec![stuck, behind]);
    let report = StatusReport {
        now: NOW,
        regions: vec![north, region(Region::Mid, vec![stopped])],
        parts: Vec::new(),
    };
    let text = render_verdict(&report, &look(Language::English, false));
    for words in [
        "! north-1: since 2025-11-24 16:10:00.000Z its region's feed lacks a change",
        "the dead letters, holdfast_bus_dead_letters{queue=\"hub_feed\"} in",
        "! north-2: since 2025-11-24 16:10:00.000Z it has not read 7 changes",
        "! mid-1: 2 of its operations made a cloud service fail",
        "`holdfast queue mid-1` lists them",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let chinese = render_verdict(&report, &look(Language::Chinese, false));
    assert!(
        chinese.contains("等待人工处理") && chinese.contains("死信数"),
        "{chinese}"
    );
}

#[test]
fn accepts_of_the_portal_that_need_an_operator_are_said_with_the_next_step() {
    let stopped = |asks_stopped| {
        let north = region(Region::North, vec![edge("north-1")]);
        let regions = vec![RegionStatus {
            asks_stopped,
            ..north
        }];
        StatusReport {
            now: NOW,
            regions,
            parts: Vec::new(),
        }
    };
    let said = |language| render_verdict(&stopped(2), &look(language, false));
    let text = said(Language::English);
    assert!(
        text.starts_with("! NORTH: 2 acceptances made at the portal could not be decided"),
        "{text}"
    );
    assert!(
        text.contains("Next: `holdfast queue` lists them and says how to hand them in again"),
        "{text}"
    );
    let chinese = said(Language::Chinese);
    assert!(
        chinese.contains("等待人工处理") && chinese.contains("`holdfast queue`"),
        "{chinese}"
    );
    let value = report_to_json(&stopped(2), &look(Language::English, false)).unwrap();
    assert_eq!(
        (&value["healthy"], &value["complaints"][0]["kind"]),
        (&json!(false), &json!("asks_stopped"))
    );
    assert_eq!(
        stopped(0).list_health_issues(),
        Vec::<wire::HealthIssue>::new()
    );
}

#[test]
fn an_exclusive_region_without_a_holder_is_not_well() {
    let free = |edges: Vec<EdgeStatus>| {
        let north = RegionStatus {
            policy: Policy::Exclusive,
            ..region(Region::North, edges)
        };
        StatusReport {
            now: NOW,
            regions: vec![north],
            parts: Vec::new(),
        }
    };
    let down = EdgeStatus {
        link: LinkState::Down,
        ..edge("north-1")
    };
    let report = free(vec![down, edge("north-2")]);
    let text = render_verdict(&report, &look(Language::English, false));
    for words in [
        "! NORTH: the policy is exclusive and no edge holds the region",
        "the first acceptance to reach the cloud wins",
        "Next: `holdfast lease set NORTH --policy exclusive --holder north-2` grants it",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("All is well"), "{text}");
    let chinese = render_verdict(&report, &look(Language::Chinese, false));
    assert!(chinese.contains("没有节点持有该区域"), "{chinese}");
    let mut held = free(vec![edge("north-1")]);
    held.regions[0].holder = EdgeId::new("north-1").ok();
    assert_eq!(held.list_health_issues(), Vec::<wire::HealthIssue>::new());
}
