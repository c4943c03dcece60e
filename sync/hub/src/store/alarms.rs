//! The open and ended alarms, and the cut-offs among them.
//!
//! Invariants: one alarm of a kind and subject is open at a time. The transaction that marks an alarm
//! as told, or ends a told one, writes its event; of two replicas only one marks it.

use platform::{
    columns, outbox, row,
    sql::{NAMES_MAX, Tx, Val, in_list, split_batches},
    transact, vals,
};
use process::clock::Clock;
use uuid::Uuid;
use wire::{AlarmKind, AlarmSubject, EdgeId, Event, EventId, EventType, Region, UnixMillis};

use super::{Result, Store};
use crate::domain::alarms::{
    AlarmChanges, CutOff, OPEN_MAX, OpenAlarm, build_alarm_events, compare_alarms,
};

pub(super) const OPEN: &str = "SELECT id, kind, region, edge, since, seen_at, told_at FROM alarms \
    WHERE ended_at IS NULL ORDER BY id LIMIT ?";
const TELL: &str = "UPDATE alarms SET told_at = ? WHERE id = ? AND told_at IS NULL";
const END: &str =
    "UPDATE alarms SET ended_at = ?, open_key = NULL WHERE id = ? AND ended_at IS NULL";
pub(super) const OLD: &str = "SELECT id FROM alarms WHERE ended_at < ? ORDER BY ended_at LIMIT ?";
const DROP_OLD: &str = "DELETE FROM alarms WHERE id IN (";
pub(super) const OPEN_CUT_OFFS: &str =
    "SELECT since, ended_at FROM alarms WHERE kind = ? AND ended_at IS NULL LIMIT ?";
pub(super) const ENDED_CUT_OFFS: &str = "SELECT since, ended_at FROM alarms \
    WHERE kind = ? AND ended_at >= ? ORDER BY ended_at DESC LIMIT ?";

/// Ended cut-offs in one answer. Five edges that lose their links every ten minutes stay below.
const CUT_OFFS_MAX: usize = 20_000;

columns! {
    struct AlarmRow<'a> in alarms {
        id: Uuid,
        open_key: Option<String>,
        kind: &'a str,
        region: Region,
        edge: Option<&'a EdgeId>,
        since: UnixMillis,
        seen_at: UnixMillis,
        told_at: Option<UnixMillis>,
        ended_at: Option<UnixMillis>,
    }
}

row! {
    struct OpenRow {
        id: Uuid,
        kind: String,
        region: Region,
        edge: Option<EdgeId>,
        since: UnixMillis,
        seen_at: UnixMillis,
        told_at: Option<UnixMillis>,
    }
}

/// The cut-offs that touch a time.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CutOffList {
    pub cut_offs: Vec<CutOff>,
    /// False if there were more, older ones.
    pub is_whole: bool,
}

impl Store {
    /// Opens, tells and ends alarms. Returns the number of issues for which there was no place.
    pub(crate) async fn record_look(
        &self,
        subjects: &[AlarmSubject],
        clock: &Clock,
    ) -> Result<usize> {
        let now = clock.now();
        transact!(self.sql, tx => {
            let rows: Vec<OpenRow> = tx.fetch_all(OPEN, vals![OPEN_MAX]).await?;
            let open: Vec<OpenAlarm> = rows.into_iter().map(OpenAlarm::from).collect();
            let AlarmChanges { opened, left_out, raised, ended } =
                compare_alarms(&open, subjects, now);
            let raised = mark_all(tx, TELL, raised, now).await?;
            publish_alarms(tx, EventType::PlatformAlarmRaised, &raised, clock).await?;
            let mut ended = mark_all(tx, END, ended, now).await?;
            ended.retain(|alarm| alarm.told_at.is_some());
            publish_alarms(tx, EventType::PlatformAlarmEnded, &ended, clock).await?;
            for subject in &opened {
                // Another replica's look may have opened it.
                tx.insert_new(new_row(subject, clock.new_id(), now)).await?;
            }
            Ok(left_out)
        })
    }

    /// Forgets up to `limit` alarms that ended before `before`, and returns their number.
    pub(crate) async fn drop_ended_alarms(
        &self,
        before: UnixMillis,
        limit: usize,
    ) -> Result<usize> {
        let ids: Vec<Uuid> = self.sql.fetch_all(OLD, vals![before, limit]).await?;
        for part in split_batches(&ids, NAMES_MAX) {
            let values = part.iter().map(|id| Val::from(*id)).collect();
            let text = in_list(DROP_OLD, part.len(), ")");
            self.sql.exec(text, values).await?;
        }
        Ok(ids.len())
    }

    /// The cut-offs of all edges that lasted at `since` or began later.
    pub(crate) async fn list_cut_offs(&self, since: UnixMillis) -> Result<CutOffList> {
        let kind = AlarmKind::LinkDown.as_str();
        let open: Vec<(UnixMillis, Option<UnixMillis>)> = self
            .sql
            .fetch_all(OPEN_CUT_OFFS, vals![kind, OPEN_MAX])
            .await?;
        let values = vals![kind, since, CUT_OFFS_MAX];
        let ended: Vec<(UnixMillis, Option<UnixMillis>)> =
            self.sql.fetch_all(ENDED_CUT_OFFS, values).await?;
        let is_whole = ended.len() < CUT_OFFS_MAX;
        let rows = open.into_iter().chain(ended);
        let cut_offs = rows.map(|(since, until)| CutOff { since, until });
        Ok(CutOffList {
            cut_offs: cut_offs.collect(),
            is_whole,
        })
    }
}

/// Returns the alarms that no other replica has marked.
async fn mark_all(
    tx: &mut Tx,
    mark: &'static str,
    alarms: Vec<OpenAlarm>,
    now: UnixMillis,
) -> Result<Vec<OpenAlarm>> {
    let mut marked = Vec::with_capacity(alarms.len());
    for alarm in alarms {
        if tx.exec(mark, vals![now, alarm.id]).await? == 1 {
            marked.push(alarm);
        }
    }
    Ok(marked)
}

async fn publish_alarms(
    tx: &mut Tx,
    kind: EventType,
    alarms: &[OpenAlarm],
    clock: &Clock,
) -> Result<()> {
    let mut events = Vec::new();
    for body in build_alarm_events(alarms) {
        let id = EventId(clock.new_id());
        let trace = id.0.simple().to_string();
        events.push(Event::new(id, kind, clock.now(), &trace, &body)?);
    }
    Ok(outbox::add_all(tx, &events).await?)
}

fn new_row(subject: &AlarmSubject, id: Uuid, now: UnixMillis) -> AlarmRow<'_> {
    let edge = subject.edge.as_ref();
    let about = edge.map_or(subject.region.as_str(), EdgeId::as_str);
    AlarmRow {
        id,
        open_key: Some(format!("{}:{about}", subject.kind)),
        kind: subject.kind.as_str(),
        region: subject.region,
        edge,
        since: subject.since.unwrap_or(now),
        seen_at: now,
        told_at: None,
        ended_at: None,
    }
}

impl From<OpenRow> for OpenAlarm {
    fn from(row: OpenRow) -> Self {
        let OpenRow {
            id,
            kind,
            region,
            edge,
            since,
            seen_at,
            told_at,
        } = row;
        Self {
            id,
            kind,
            region,
            edge,
            since,
            seen_at,
            told_at,
        }
    }
}
