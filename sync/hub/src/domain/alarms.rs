//! Which health issues admins are told of. A look compares the issues of the status report with the
//! open alarms.
//!
//! Invariants: an alarm is told once, and its end once if it was told. An issue that lasts less than
//! two looks is not told. The same issue later is a new alarm.

use uuid::Uuid;
use wire::{Alarm, AlarmEvent, AlarmScope, AlarmSubject, PartAlarm, UnixMillis};

/// Further issues open no alarm until others end.
pub(crate) const OPEN_MAX: usize = 200;
/// A look tells this many alarms one by one, and counts the others in one event.
const TOLD_MAX: usize = 10;
/// Shorter than the pause between two looks, and longer than one can be late, so that the second
/// look tells an alarm.
const LASTS_MS: i64 = 45_000;

const MINUTE_MS: i64 = 60_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenAlarm {
    pub id: Uuid,
    pub kind: String,
    pub scope: AlarmScope,
    pub since: UnixMillis,
    /// The first look that found it.
    pub seen_at: UnixMillis,
    pub told_at: Option<UnixMillis>,
}

/// What a look changes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct AlarmChanges {
    pub opened: Vec<AlarmSubject>,
    /// Issues beyond [`OPEN_MAX`].
    pub left_out: usize,
    pub raised: Vec<OpenAlarm>,
    pub ended: Vec<OpenAlarm>,
}

impl OpenAlarm {
    fn is_about(&self, subject: &AlarmSubject) -> bool {
        self.kind == subject.kind.as_str() && self.scope == subject.scope
    }

    fn to_event(&self) -> AlarmEvent {
        let kind = self.kind.clone();
        let since = self.since;
        let (region, edge) = match self.scope.clone() {
            AlarmScope::Region(region) => (region, None),
            AlarmScope::Edge { region, edge } => (region, Some(edge)),
            AlarmScope::Part(part) => {
                return AlarmEvent {
                    alarm: None,
                    part_alarm: Some(PartAlarm { kind, part, since }),
                    more: 1,
                };
            }
        };
        AlarmEvent {
            alarm: Some(Alarm {
                kind,
                region,
                edge,
                since,
            }),
            part_alarm: None,
            more: 0,
        }
    }
}

pub(crate) fn compare_alarms(
    open: &[OpenAlarm],
    subjects: &[AlarmSubject],
    now: UnixMillis,
) -> AlarmChanges {
    let mut changes = AlarmChanges::default();
    for alarm in open {
        let lasts = subjects.iter().any(|subject| alarm.is_about(subject));
        let is_due = alarm.told_at.is_none() && now.ms_since(alarm.seen_at) >= LASTS_MS;
        if !lasts {
            changes.ended.push(alarm.clone());
        } else if is_due {
            changes.raised.push(alarm.clone());
        }
    }
    let lasting = open.len() - changes.ended.len();
    for subject in subjects {
        if open.iter().any(|alarm| alarm.is_about(subject)) {
            continue;
        }
        if lasting + changes.opened.len() < OPEN_MAX {
            changes.opened.push(subject.clone());
        } else {
            changes.left_out += 1;
        }
    }
    changes
}

/// The events that tell these alarms, or their ends.
pub(crate) fn build_alarm_events(alarms: &[OpenAlarm]) -> Vec<AlarmEvent> {
    let told = alarms.iter().take(TOLD_MAX);
    let mut events: Vec<AlarmEvent> = told.map(OpenAlarm::to_event).collect();
    let more = alarms.len().saturating_sub(TOLD_MAX) as u64;
    if more > 0 {
        events.push(AlarmEvent {
            alarm: None,
            part_alarm: None,
            more,
        });
    }
    events
}

/// A time for which an edge was cut off; without an end, it still is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CutOff {
    pub since: UnixMillis,
    pub until: Option<UnixMillis>,
}

/// For how many minutes edges were cut off in each day, added up over the edges. The bounds are the
/// start of each day and the end of the last.
pub(crate) fn sum_cut_off_minutes(
    bounds: &[UnixMillis],
    cut_offs: &[CutOff],
    now: UnixMillis,
) -> Vec<u64> {
    let sums = bounds.windows(2).map(|span| {
        let within = cut_offs.iter().map(|cut_off| {
            let begin = cut_off.since.max(span[0]);
            let end = cut_off.until.unwrap_or(now).min(span[1]).min(now);
            end.ms_since(begin).max(0)
        });
        let ms: i64 = within.sum();
        u64::try_from((ms + MINUTE_MS / 2) / MINUTE_MS).unwrap_or(0)
    });
    sums.collect()
}

#[cfg(test)]
mod tests;
