//! Sample alarms.

use wire::{Alarm, AlarmEvent, AlarmKind, EdgeId, PartAlarm, Region};

use super::AT;

/// About the edge north-1, or about its region.
pub(crate) fn alarm(kind: &str, edge: Option<&str>) -> AlarmEvent {
    AlarmEvent {
        alarm: Some(Alarm {
            kind: kind.to_owned(),
            region: Region::North,
            edge: edge.map(|edge| EdgeId::new(edge).unwrap()),
            since: AT,
        }),
        part_alarm: None,
        more: 0,
    }
}

pub(crate) fn part_alarm(kind: &str) -> AlarmEvent {
    AlarmEvent {
        alarm: None,
        part_alarm: Some(PartAlarm {
            kind: kind.to_owned(),
            part: "payment".to_owned(),
            since: AT,
        }),
        more: 1,
    }
}

/// Counts the alarms that have no event.
pub(crate) fn more_alarms(more: u64) -> AlarmEvent {
    AlarmEvent {
        alarm: None,
        part_alarm: None,
        more,
    }
}

/// The events whose texts differ from that of the plain sample.
pub(super) fn other_alarms() -> Vec<AlarmEvent> {
    let kinds = AlarmKind::ALL.map(AlarmKind::as_str);
    let kinds = kinds.into_iter().chain(["of_the_future"]);
    let about_edges = kinds.map(|kind| alarm(kind, Some("north-1")));
    about_edges
        .chain([
            alarm("no_edge", None),
            part_alarm("dead_letters"),
            part_alarm("part_away"),
            more_alarms(12),
        ])
        .collect()
}
