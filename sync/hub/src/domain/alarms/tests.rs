//! Which alarms a look tells, as a table, and the minutes of cut-offs.

use wire::{AlarmKind, AlarmScope, EdgeId, Region};

use super::*;

const NOW: UnixMillis = UnixMillis(1_764_000_000_000);
const EARLIER: UnixMillis = UnixMillis(NOW.0 - 60_000);

const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// The starts of the last fourteen days in UTC, and of tomorrow.
fn days_until(now: UnixMillis) -> Vec<UnixMillis> {
    let today = now.0 - now.0.rem_euclid(DAY_MS);
    let days = -13..=1;
    days.map(|day| UnixMillis(today + day * DAY_MS)).collect()
}

fn subject(kind: AlarmKind, edge: &str) -> AlarmSubject {
    AlarmSubject {
        kind,
        scope: AlarmScope::Edge {
            region: Region::North,
            edge: EdgeId::new(edge).unwrap(),
        },
        since: None,
    }
}

fn about_part(kind: AlarmKind, part: &str) -> AlarmSubject {
    AlarmSubject {
        kind,
        scope: AlarmScope::Part(part.to_owned()),
        since: None,
    }
}

fn down(edge: &str) -> AlarmSubject {
    subject(AlarmKind::LinkDown, edge)
}

fn open(subject: &AlarmSubject, seen_at: UnixMillis, told_at: Option<UnixMillis>) -> OpenAlarm {
    OpenAlarm {
        id: Uuid::from_u128(1),
        kind: subject.kind.to_string(),
        scope: subject.scope.clone(),
        since: seen_at,
        seen_at,
        told_at,
    }
}

#[test]
fn an_issue_is_told_at_its_second_look_and_its_end_once() {
    let issue = down("north-1");
    let fresh = open(&issue, NOW, None);
    let due = open(&issue, EARLIER, None);
    let told = open(&issue, EARLIER, Some(EARLIER));
    let nothing = AlarmChanges::default;
    for (name, open, issues, expected) in [
        ("no issue", vec![], vec![], nothing()),
        (
            "the first look",
            vec![],
            vec![issue.clone()],
            AlarmChanges {
                opened: vec![issue.clone()],
                ..nothing()
            },
        ),
        (
            "twice within a look",
            vec![fresh],
            vec![issue.clone()],
            nothing(),
        ),
        (
            "the second look",
            vec![due.clone()],
            vec![issue.clone()],
            AlarmChanges {
                raised: vec![due.clone()],
                ..nothing()
            },
        ),
        (
            "a later look",
            vec![told.clone()],
            vec![issue.clone()],
            nothing(),
        ),
        (
            "gone before it was told",
            vec![due.clone()],
            vec![],
            AlarmChanges {
                ended: vec![due],
                ..nothing()
            },
        ),
        (
            "gone after it was told, while another begins",
            vec![told.clone()],
            vec![down("north-2")],
            AlarmChanges {
                opened: vec![down("north-2")],
                ended: vec![told],
                ..nothing()
            },
        ),
    ] {
        assert_eq!(compare_alarms(&open, &issues, NOW), expected, "{name}");
    }
}

#[test]
fn another_kind_about_the_same_edge_is_another_alarm() {
    let told = open(&down("north-1"), EARLIER, Some(EARLIER));
    let disk = subject(AlarmKind::DiskLow, "north-1");
    let changes = compare_alarms(&[told], &[down("north-1"), disk.clone()], NOW);
    assert_eq!(changes.opened, [disk]);
    assert_eq!(changes.ended, []);
}

#[test]
fn alarms_are_open_up_to_their_limit_and_a_place_that_ends_is_free_again() {
    let names: Vec<AlarmSubject> = (0..=OPEN_MAX)
        .map(|n| down(&format!("north-{n}")))
        .collect();
    let changes = compare_alarms(&[], &names, NOW);
    assert_eq!((changes.opened.len(), changes.left_out), (OPEN_MAX, 1));
    let known: Vec<OpenAlarm> = names[..OPEN_MAX]
        .iter()
        .map(|issue| open(issue, EARLIER, Some(EARLIER)))
        .collect();
    let changes = compare_alarms(&known, &names[1..], NOW);
    assert_eq!((changes.opened.len(), changes.left_out), (1, 0));
}

#[test]
fn a_look_tells_ten_alarms_and_counts_the_others() {
    let alarms: Vec<OpenAlarm> = (0..25)
        .map(|n| open(&down(&format!("north-{n}")), EARLIER, None))
        .collect();
    let counted = |count: usize| -> Vec<u64> {
        let events = build_alarm_events(&alarms[..count]);
        events.iter().map(|event| event.more).collect()
    };
    assert_eq!(counted(0), [0; 0]);
    assert_eq!(counted(10), [0; 10]);
    let mut many = vec![0; 10];
    many.push(15);
    assert_eq!(counted(25), many);
    let last = build_alarm_events(&alarms).pop().unwrap();
    assert_eq!(last.alarm, None);
}

#[test]
fn an_alarm_of_a_part_is_apart_from_those_of_other_parts_and_of_an_edge_with_its_name() {
    let letters = about_part(AlarmKind::DeadLetters, "order");
    let told = open(&letters, EARLIER, Some(EARLIER));
    let others = [
        about_part(AlarmKind::DeadLetters, "payment"),
        about_part(AlarmKind::PartAway, "order"),
        subject(AlarmKind::DeadLetters, "order"),
    ];
    let changes = compare_alarms(std::slice::from_ref(&told), &others, NOW);
    assert_eq!(changes.opened, others);
    assert_eq!(changes.ended, std::slice::from_ref(&told));
    let event = build_alarm_events(&[told]).remove(0);
    assert_eq!(event.alarm, None);
    let part = event.part_alarm.unwrap();
    assert_eq!(
        (part.kind.as_str(), part.part.as_str()),
        ("dead_letters", "order")
    );
    assert_eq!(event.more, 1, "for readers that know no alarms of parts");
}

#[test]
fn a_cut_off_counts_in_each_day_that_it_touches() {
    let days = days_until(NOW);
    let today = days[13];
    let minutes = |n: i64| n * MINUTE_MS;
    let cut_offs = [
        // From before the first day until its first half hour.
        CutOff {
            since: days[0].plus_ms(-minutes(90)),
            until: Some(days[0].plus_ms(minutes(30))),
        },
        // Over midnight.
        CutOff {
            since: today.plus_ms(-minutes(10)),
            until: Some(today.plus_ms(minutes(5))),
        },
        // Still cut off.
        CutOff {
            since: NOW.plus_ms(-minutes(7)),
            until: None,
        },
    ];
    let sums = sum_cut_off_minutes(&days, &cut_offs, NOW);
    assert_eq!(sums.len(), 14);
    assert_eq!((sums[0], sums[12], sums[13]), (30, 10, 12));
    assert_eq!(sums.iter().sum::<u64>(), 52);
}
