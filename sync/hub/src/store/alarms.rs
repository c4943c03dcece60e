//! The open and ended alarms, and the cut-offs among them. Those about parts of the cloud have a
//! table of their own.
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
use wire::{
    AlarmKind, AlarmScope, AlarmSubject, EdgeId, Event, EventId, EventType, Region, UnixMillis,
};

use super::{Result, Store};
use crate::domain::alarms::{
    AlarmChanges, CutOff, OPEN_MAX, OpenAlarm, build_alarm_events, compare_alarms,
};

pub(super) const OPEN: &str = "SELECT id, kind, region, edge, since, seen_at, told_at FROM alarms \
    WHERE ended_at IS NULL ORDER BY id LIMIT ?";
pub(super) const OPEN_PARTS: &str = "SELECT id, kind, part, since, seen_at, told_at \
    FROM part_alarms WHERE ended_at IS NULL ORDER BY id LIMIT ?";
const TELL: &str = "UPDATE alarms SET told_at = ? WHERE id = ? AND told_at IS NULL";
const TELL_PART: &str = "UPDATE part_alarms SET told_at = ? WHERE id = ? AND told_at IS NULL";
const END: &str =
    "UPDATE alarms SET ended_at = ?, open_key = NULL WHERE id = ? AND ended_at IS NULL";
const END_PART: &str =
    "UPDATE part_alarms SET ended_at = ?, open_key = NULL WHERE id = ? AND ended_at IS NULL";
pub(super) const OLD: &str = "SELECT id FROM alarms WHERE ended_at < ? ORDER BY ended_at LIMIT ?";
pub(super) const OLD_PARTS: &str =
    "SELECT id FROM part_alarms WHERE ended_at < ? ORDER BY ended_at LIMIT ?";
const DROP_OLD: &str = "DELETE FROM alarms WHERE id IN (";
const DROP_OLD_PARTS: &str = "DELETE FROM part_alarms WHERE id IN (";
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

columns! {
    struct PartAlarmRow<'a> in part_alarms {
        id: Uuid,
        open_key: Option<String>,
        kind: &'a str,
        part: &'a str,
        since: UnixMillis,
        seen_at: UnixMillis,
        told_at: Option<UnixMillis>,
        ended_at: Option<UnixMillis>,
    }
}

row! {
    struct OpenPartRow {
        id: Uuid,
        kind: String,
        part: String,
        since: UnixMillis,
        seen_at: UnixMillis,
        told_at: Option<UnixMillis>,
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

/// What a look found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AlarmLook<'a> {
    pub subjects: &'a [AlarmSubject],
    /// False if this replica has not looked at the parts yet: then no alarm about one ends.
    pub knows_parts: bool,
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
    pub(crate) async fn record_look(&self, look: AlarmLook<'_>, clock: &Clock) -> Result<usize> {
        let AlarmLook {
            subjects,
            knows_parts,
        } = look;
        let now = clock.now();
        transact!(self.sql, tx => {
            let rows: Vec<OpenRow> = tx.fetch_all(OPEN, vals![OPEN_MAX]).await?;
            let mut open: Vec<OpenAlarm> = rows.into_iter().map(OpenAlarm::from).collect();
            if knows_parts {
                let rows: Vec<OpenPartRow> = tx.fetch_all(OPEN_PARTS, vals![OPEN_MAX]).await?;
                open.extend(rows.into_iter().map(OpenAlarm::from));
            }
            let AlarmChanges { opened, left_out, raised, ended } =
                compare_alarms(&open, subjects, now);
            let raised = mark_all(tx, Mark::Told, raised, now).await?;
            publish_alarms(tx, EventType::PlatformAlarmRaised, &raised, clock).await?;
            let mut ended = mark_all(tx, Mark::Ended, ended, now).await?;
            ended.retain(|alarm| alarm.told_at.is_some());
            publish_alarms(tx, EventType::PlatformAlarmEnded, &ended, clock).await?;
            for subject in &opened {
                open_alarm(tx, subject, clock.new_id(), now).await?;
            }
            Ok(left_out)
        })
    }

    /// Forgets up to `limit` alarms of each table that ended before `before`, and returns the larger
    /// number.
    pub(crate) async fn drop_ended_alarms(
        &self,
        before: UnixMillis,
        limit: usize,
    ) -> Result<usize> {
        let dropped = self.drop_alarms(OLD, DROP_OLD, before, limit).await?;
        let of_parts = self
            .drop_alarms(OLD_PARTS, DROP_OLD_PARTS, before, limit)
            .await?;
        Ok(dropped.max(of_parts))
    }

    async fn drop_alarms(
        &self,
        old: &'static str,
        drop_old: &'static str,
        before: UnixMillis,
        limit: usize,
    ) -> Result<usize> {
        let ids: Vec<Uuid> = self.sql.fetch_all(old, vals![before, limit]).await?;
        for part in split_batches(&ids, NAMES_MAX) {
            let values = part.iter().map(|id| Val::from(*id)).collect();
            let text = in_list(drop_old, part.len(), ")");
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

#[derive(Debug, Clone, Copy)]
enum Mark {
    Told,
    Ended,
}

impl Mark {
    fn statement(self, scope: &AlarmScope) -> &'static str {
        match (self, scope) {
            (Self::Told, AlarmScope::Part(_)) => TELL_PART,
            (Self::Told, AlarmScope::Region(_) | AlarmScope::Edge { .. }) => TELL,
            (Self::Ended, AlarmScope::Part(_)) => END_PART,
            (Self::Ended, AlarmScope::Region(_) | AlarmScope::Edge { .. }) => END,
        }
    }
}

/// Returns the alarms that no other replica has marked.
async fn mark_all(
    tx: &mut Tx,
    mark: Mark,
    alarms: Vec<OpenAlarm>,
    now: UnixMillis,
) -> Result<Vec<OpenAlarm>> {
    let mut marked = Vec::with_capacity(alarms.len());
    for alarm in alarms {
        let statement = mark.statement(&alarm.scope);
        if tx.exec(statement, vals![now, alarm.id]).await? == 1 {
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

/// Does nothing if another replica's look has opened it.
async fn open_alarm(tx: &mut Tx, subject: &AlarmSubject, id: Uuid, now: UnixMillis) -> Result<()> {
    let kind = subject.kind.as_str();
    let since = subject.since.unwrap_or(now);
    let (region, edge) = match &subject.scope {
        AlarmScope::Region(region) => (*region, None),
        AlarmScope::Edge { region, edge } => (*region, Some(edge)),
        AlarmScope::Part(part) => {
            let row = PartAlarmRow {
                id,
                open_key: Some(format!("{kind}:{part}")),
                kind,
                part,
                since,
                seen_at: now,
                told_at: None,
                ended_at: None,
            };
            tx.insert_new(row).await?;
            return Ok(());
        }
    };
    let about = edge.map_or(region.as_str(), EdgeId::as_str);
    let row = AlarmRow {
        id,
        open_key: Some(format!("{kind}:{about}")),
        kind,
        region,
        edge,
        since,
        seen_at: now,
        told_at: None,
        ended_at: None,
    };
    tx.insert_new(row).await?;
    Ok(())
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
        let scope = match edge {
            Some(edge) => AlarmScope::Edge { region, edge },
            None => AlarmScope::Region(region),
        };
        Self {
            id,
            kind,
            scope,
            since,
            seen_at,
            told_at,
        }
    }
}

impl From<OpenPartRow> for OpenAlarm {
    fn from(row: OpenPartRow) -> Self {
        let OpenPartRow {
            id,
            kind,
            part,
            since,
            seen_at,
            told_at,
        } = row;
        Self {
            id,
            kind,
            scope: AlarmScope::Part(part),
            since,
            seen_at,
            told_at,
        }
    }
}
