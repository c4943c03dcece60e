//! Alarms on the real store: told once and ended once, also by two replicas.

use std::collections::BTreeMap;

use process::clock::Clock;
use wire::{AlarmEvent, AlarmKind, AlarmScope, AlarmSubject, EventType};

use super::super::alarms::AlarmLook;
use super::*;
use crate::domain::alarms::{CutOff, OPEN_MAX};

const MINUTE_MS: i64 = 60_000;

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

fn dead_letters() -> AlarmSubject {
    AlarmSubject {
        kind: AlarmKind::DeadLetters,
        scope: AlarmScope::Part("payment".to_owned()),
        since: None,
    }
}

fn down() -> AlarmSubject {
    AlarmSubject {
        since: Some(NOW.plus_ms(-30_000)),
        ..subject(AlarmKind::LinkDown, "north-1")
    }
}

/// A look some minutes after `NOW`.
async fn look(store: &Store, minutes: i64, subjects: &[AlarmSubject]) -> usize {
    let clock = Clock::fixed_at(NOW.plus_ms(minutes * MINUTE_MS));
    let look = AlarmLook {
        subjects,
        knows_parts: true,
    };
    store.record_look(look, &clock).await.unwrap()
}

/// The events in the outbox, in order.
async fn published(store: &Store) -> Vec<(EventType, AlarmEvent)> {
    let events = testing::events(&store.sql).await.into_iter();
    let events = events.map(|event| (event.kind, serde_json::from_value(event.body).unwrap()));
    events.collect()
}

async fn published_kinds(store: &Store) -> Vec<EventType> {
    let events = published(store).await.into_iter();
    events.map(|(kind, _)| kind).collect()
}

#[rstest]
#[tokio::test]
async fn an_alarm_is_told_at_its_second_look_and_its_end_once(#[values(false, true)] mysql: bool) {
    use EventType::{PlatformAlarmEnded, PlatformAlarmRaised};
    let store = database(mysql).await;
    look(&store, 0, &[down()]).await;
    assert_eq!(published(&store).await, []);
    for minute in 1..4 {
        look(&store, minute, &[down()]).await;
        assert_eq!(published_kinds(&store).await, [PlatformAlarmRaised]);
    }
    let (_, told) = published(&store).await.pop().unwrap();
    let alarm = told.alarm.unwrap();
    assert_eq!((alarm.kind.as_str(), told.more), ("link_down", 0));
    assert_eq!(alarm.edge, Some(north()));
    assert_eq!(alarm.since, NOW.plus_ms(-30_000), "as the report tells it");
    for minute in 4..6 {
        look(&store, minute, &[]).await;
        assert_eq!(
            published_kinds(&store).await,
            [PlatformAlarmRaised, PlatformAlarmEnded]
        );
    }
    look(&store, 6, &[down()]).await;
    look(&store, 7, &[down()]).await;
    assert_eq!(
        published_kinds(&store).await,
        [PlatformAlarmRaised, PlatformAlarmEnded, PlatformAlarmRaised],
        "the same issue later is a new alarm"
    );
}

#[rstest]
#[tokio::test]
async fn an_issue_of_one_look_is_not_told(#[values(false, true)] mysql: bool) {
    let store = database(mysql).await;
    for minute in 0..4 {
        let lasts = minute % 2 == 0;
        look(&store, minute, &[down()][..usize::from(lasts)]).await;
    }
    assert_eq!(published(&store).await, []);
}

#[rstest]
#[tokio::test]
async fn two_replicas_tell_an_alarm_and_its_end_once(#[values(false, true)] mysql: bool) {
    let store = database(mysql).await;
    let subjects = [down(), dead_letters()];
    for (minute, subjects) in [
        (0, &subjects[..]),
        (1, &subjects),
        (2, &subjects),
        (3, &[]),
        (4, &[]),
    ] {
        let here = look(&store, minute, subjects);
        let there = look(&store, minute, subjects);
        tokio::join!(here, there);
    }
    let mut counts: BTreeMap<EventType, usize> = BTreeMap::new();
    for kind in published_kinds(&store).await {
        *counts.entry(kind).or_default() += 1;
    }
    let expected = [
        (EventType::PlatformAlarmRaised, 2),
        (EventType::PlatformAlarmEnded, 2),
    ];
    assert_eq!(counts, expected.into());
}

#[rstest]
#[tokio::test]
async fn many_alarms_are_told_in_eleven_events_and_stay_below_their_limit(
    #[values(false, true)] mysql: bool,
) {
    let store = database(mysql).await;
    let subjects: Vec<AlarmSubject> = (0..OPEN_MAX + 5)
        .map(|n| subject(AlarmKind::LinkDown, &format!("north-{n}")))
        .collect();
    assert_eq!(look(&store, 0, &subjects).await, 5);
    look(&store, 1, &subjects).await;
    let told = published(&store).await;
    assert_eq!(told.len(), 11);
    assert_eq!(told[10].1.more, OPEN_MAX as u64 - 10);
}

#[rstest]
#[tokio::test]
async fn cut_offs_are_listed_until_their_alarms_are_forgotten(#[values(false, true)] mysql: bool) {
    let store = database(mysql).await;
    let other = subject(AlarmKind::LinkDown, "north-2");
    look(&store, 0, &[down(), subject(AlarmKind::DiskLow, "north-1")]).await;
    look(&store, 5, std::slice::from_ref(&other)).await;
    let at = |minutes: i64| NOW.plus_ms(minutes * MINUTE_MS);
    let open = CutOff {
        since: at(5),
        until: None,
    };
    let ended = CutOff {
        since: NOW.plus_ms(-30_000),
        until: Some(at(5)),
    };
    for (since, expected) in [(at(5), vec![open, ended]), (at(5).plus_ms(1), vec![open])] {
        let list = store.list_cut_offs(since).await.unwrap();
        assert_eq!((list.cut_offs, list.is_whole), (expected, true));
    }
    assert_eq!(store.drop_ended_alarms(at(5), 500).await.unwrap(), 0);
    let dropped = store.drop_ended_alarms(at(5).plus_ms(1), 500).await;
    assert_eq!(dropped.unwrap(), 2);
    let left = store.list_cut_offs(NOW).await.unwrap();
    assert_eq!(left.cut_offs, [open], "an open alarm stays");
}

#[rstest]
#[tokio::test]
async fn an_alarm_of_a_part_ends_only_at_a_look_at_the_parts(#[values(false, true)] mysql: bool) {
    use EventType::{PlatformAlarmEnded, PlatformAlarmRaised};
    let store = database(mysql).await;
    look(&store, 0, &[dead_letters()]).await;
    look(&store, 1, &[dead_letters()]).await;
    let (_, told) = published(&store).await.pop().unwrap();
    let alarm = told.part_alarm.unwrap();
    assert_eq!(
        (alarm.kind.as_str(), alarm.part.as_str(), alarm.since),
        ("dead_letters", "payment", NOW)
    );
    assert_eq!(told.alarm, None);
    let unknown = AlarmLook {
        subjects: &[],
        knows_parts: false,
    };
    let clock = Clock::fixed_at(NOW.plus_ms(2 * MINUTE_MS));
    store.record_look(unknown, &clock).await.unwrap();
    assert_eq!(published_kinds(&store).await, [PlatformAlarmRaised]);
    look(&store, 3, &[]).await;
    assert_eq!(
        published_kinds(&store).await,
        [PlatformAlarmRaised, PlatformAlarmEnded]
    );
    let ended = NOW.plus_ms(3 * MINUTE_MS);
    assert_eq!(store.drop_ended_alarms(ended, 500).await.unwrap(), 0);
    let dropped = store.drop_ended_alarms(ended.plus_ms(1), 500).await;
    assert_eq!(dropped.unwrap(), 1);
}
