//! The edge's process: starting, taking commands, writing, dying. Mirrors
//! `edge-node/src/running.rs`, `intake.rs`, `authentication.rs` and the writer of `journal`.

use engine::{edge::EdgeWrite, verdict::CommandVerdict};
use planted::is_planted;
use wire::{BootNonce, CmdFrame, Code, Command, Op, Receipt, Role};

use super::{World, WorldEvent};
use crate::{
    bug::Bug,
    cast,
    cloud::at,
    edge::{
        self, Calls, CommandEntry, CommitQueue, EdgeJob, EdgeJobResult, EdgeLink, EntryResult,
        SuspicionCause,
    },
    oracle::stranger,
    plan::Side,
    recorder::record_offered_job,
    tokens,
};

const GROUP_MAX: usize = 256;
const RESTART_AFTER_MS: u64 = 1_000;

impl World {
    pub(crate) fn edge_starts(&mut self, e: usize) {
        let nonce = BootNonce(self.random.bytes());
        let edge = &mut self.edges[e];
        if edge.is_running || !edge.is_there {
            return;
        }
        edge.run += 1;
        edge.nonce = nonce;
        edge.is_running = true;
        edge.writer = CommitQueue::default();
        edge.calls = Calls {
            lost_at: self.now,
            ..Calls::default()
        };
        let run = edge.run;
        let name = edge.edge_id.clone();
        self.note(3, e as u64, |_| format!("{name} starts, run {run}"));
        self.edge_writes(e, EdgeJob::Boot);
    }

    pub(crate) fn edge_takes(&mut self, e: usize, tablet: usize, frame: CmdFrame) {
        let edge = &self.edges[e];
        // The edge serves no requests until its boot op is on disk.
        if !edge.is_running || edge.file.book.read().head.seq == 0 {
            return;
        }
        let received_at = at(self.now, edge.clock_error_ms);
        let Some((actor, _)) = tokens::read(&frame.token) else {
            return;
        };
        let expired = tokens::verify(&frame.token, received_at).err();
        let revoked = edge
            .file
            .revoked
            .read(&actor.user_id)
            .map(|_| Code::Revoked);
        let unsigned = revoked.or(expired);
        let ours = |receipt: &Receipt| {
            receipt.edge == edge.edge_id && receipt.sig == edge::signature(edge.key)
        };
        let of_this = |receipt: &&Receipt| {
            (receipt.command_id, receipt.user_id) == (frame.id, Some(actor.user_id))
        };
        let of_a_former_key = |receipt: &Receipt| {
            let mut keys = (0..edge.key).map(edge::signature);
            receipt.edge == edge.edge_id && keys.any(|key| receipt.sig == key)
        };
        let shown = frame.receipt.as_ref().filter(of_this);
        let receipt = shown.filter(|receipt| ours(receipt)).cloned();
        let was_taken = receipt.is_some() || shown.is_some_and(of_a_former_key);
        let refusal = unsigned.or_else(|| shape(actor.role, &frame.body));
        let stands = |code: &Code| receipt.is_none() && !(was_taken && *code == Code::Revoked);
        let refusal = refusal.filter(stands);
        let seen = frame.seen.filter(ours);
        let is_linked = edge.link.as_ref().is_some_and(|link| link.was_up);
        let tells_link = receipt.is_none() && !cast::is_older(e);
        let command = Command {
            id: frame.id,
            body: frame.body,
            device: Some(cast::device(tablet)),
            device_seq: Some(frame.device_seq),
            tapped_at: Some(frame.tapped_at),
            trace: None,
        };
        let token = frame.token;
        let repeat = frame.repeat;
        let entry = CommandEntry {
            command,
            actor,
            token,
            received_at,
            repeat,
            let_in: unsigned.is_none(),
            refusal,
            seen,
            receipt,
            was_taken,
            cut_off: tells_link.then_some(!is_linked),
        };
        self.edge_writes(
            e,
            EdgeJob::Enter {
                tablet,
                entry: Box::new(entry),
            },
        );
    }

    pub(crate) fn edge_writes(&mut self, e: usize, write: EdgeJob) {
        self.edges[e].writer.waiting.push_back(write);
        self.edge_commits(e);
    }

    /// Executes the waiting writes as one group, if the writer is free.
    fn edge_commits(&mut self, e: usize) {
        let edge = &mut self.edges[e];
        if edge.writer.committing.is_some() || edge.writer.waiting.is_empty() {
            return;
        }
        let group = edge.writer.waiting.len().min(GROUP_MAX);
        let group: Vec<EdgeJob> = edge.writer.waiting.drain(..group).collect();
        let wrote: Vec<EdgeJobResult> = group
            .into_iter()
            .map(|write| self.executes(e, write))
            .collect();
        if is_planted(Bug::MarkBeforeCommit) {
            self.edges[e].file.mark_now();
        }
        if is_planted(Bug::AnswerBeforeFsync) {
            for wrote in &wrote {
                if let EdgeJobResult::Entered { tablet, entered } = wrote {
                    self.answer(e, *tablet, entered);
                }
            }
        }
        self.edges[e].writer.committing = Some(wrote);
        self.edges[e].writer.keeps = !self.edges[e].disk.is_full;
        let takes = if self.edges[e].disk.is_slow {
            self.soon(20, 1_500)
        } else {
            self.soon(0, 6)
        };
        let run = self.edges[e].run;
        if let Some(down_ms) = self.edges[e].disk.crashes_in_commit.take() {
            self.edge_dies(e, down_ms, false);
            return;
        }
        self.later(takes, WorldEvent::Written { edge: e, run });
        if is_planted(Bug::UpBeforeFsync) {
            self.log_has_grown(e);
        }
    }

    /// Notes the end of the log when a write makes the edge suspect, because earlier writes of its
    /// group may precede it.
    fn executes(&mut self, e: usize, write: EdgeJob) -> EdgeJobResult {
        let book = &self.edges[e].file.book.live;
        let suspected = book.suspect;
        let head = (book.epoch, book.head.seq);
        let wrote = self.executes_noted(e, write);
        if !suspected && self.edges[e].file.book.live.suspect {
            self.oracle.raised(e, head);
        }
        wrote
    }

    /// Notes the write for a recorder. If the disk is full, no write reaches the file.
    fn executes_noted(&mut self, e: usize, write: EdgeJob) -> EdgeJobResult {
        if self.recorder.is_none() || self.edges[e].disk.is_full {
            return self.execute(e, write);
        }
        let at = at(self.now, self.edges[e].clock_error_ms);
        let offered = record_offered_job(&write, &self.edges[e], at);
        let wrote = self.execute(e, write);
        if let Some(recorder) = &mut self.recorder {
            recorder.edge_executed(e, offered, &wrote);
        }
        wrote
    }

    fn execute(&mut self, e: usize, write: EdgeJob) -> EdgeJobResult {
        let edge = &mut self.edges[e];
        let file = &mut edge.file;
        let is_full = edge.disk.is_full;
        match write {
            EdgeJob::Boot if is_full => EdgeJobResult::Boot { failed: true },
            EdgeJob::Boot => {
                file.boot(edge.nonce, at(self.now, edge.clock_error_ms));
                EdgeJobResult::Boot { failed: false }
            }
            EdgeJob::Enter { tablet, entry } if is_full => {
                let entered = full(&edge.file, &entry);
                EdgeJobResult::Entered {
                    tablet,
                    entered: Box::new(entered),
                }
            }
            EdgeJob::Enter { tablet, entry } => {
                self.oracle.shown(e, file, entry.seen.as_ref());
                let beside = stranger::beside_nonsense(file, &entry);
                let cut_off = entry.cut_off;
                let entered = file.enter(*entry);
                self.oracle.promised_by_rule(self.now, file, &entered);
                self.oracle.logged_start(cut_off, file, &entered);
                if let Some(entry) = beside {
                    let firm = self
                        .oracle
                        .entered_beside_nonsense(self.now, file, &entry, &entered);
                    self.counts.firm_beside_nonsense += u64::from(firm);
                }
                EdgeJobResult::Entered {
                    tablet,
                    entered: Box::new(entered),
                }
            }
            EdgeJob::Link { conn, .. } if is_full => EdgeJobResult::Linked {
                conn,
                settled: Vec::new(),
                begun: false,
                failed: true,
            },
            EdgeJob::Link { conn, what } => {
                let begun = matches!(what, EdgeWrite::Quarantine(_));
                if begun {
                    self.oracle.will_begin(e, file);
                }
                if let EdgeWrite::Snapshot(run) = &what {
                    self.counts.images_begun += u64::from(run.begins);
                    self.counts.chunks_staged += 1;
                }
                let now = at(self.now, edge.clock_error_ms);
                let settled = file.link_store(what, edge.nonce, now);
                EdgeJobResult::Linked {
                    conn,
                    settled,
                    begun,
                    failed: false,
                }
            }
            // If there is no room now, the cloud retries.
            EdgeJob::Ask { conn, .. } if is_full => EdgeJobResult::Asked { conn },
            EdgeJob::Ask { conn, ask } => {
                self.counts.asks_logged += u64::from(file.log_asked(*ask));
                EdgeJobResult::Asked { conn }
            }
            EdgeJob::Suspect => {
                file.raise(SuspicionCause::Chain);
                EdgeJobResult::Suspect
            }
        }
    }

    /// The group is on disk: first write the mark, then answer.
    pub(crate) fn edge_wrote(&mut self, e: usize, run: u32) {
        if self.edges[e].run != run || !self.edges[e].is_running {
            return;
        }
        let Some(group) = self.edges[e].writer.committing.take() else {
            return;
        };
        let before = self.oracle.versions_at(&self.edges[e].file);
        self.edges[e].file.commit();
        if self.edges[e].writer.keeps {
            self.edges[e].file.mark_now();
        }
        self.oracle
            .edge_committed(self.now, e, &self.edges[e].file, &before);
        if self.hostile.is_there {
            self.oracle
                .nothing_forged_is_stored(self.now, &self.edges[e].file);
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.edge_commits(e, &self.edges[e]);
        }
        self.note_alarm(e);
        let mut has_grown = false;
        for wrote in group {
            match wrote {
                EdgeJobResult::Boot { failed } => self.edge_is_up(e, failed),
                EdgeJobResult::Entered { tablet, entered } => {
                    has_grown |= matches!(*entered, EntryResult::Stored { new: true, .. });
                    if !is_planted(Bug::AnswerBeforeFsync) {
                        self.answer(e, tablet, &entered);
                    }
                }
                EdgeJobResult::Linked {
                    conn,
                    settled,
                    begun,
                    failed,
                } => {
                    if begun {
                        self.epoch_begins(e, before.epoch());
                    }
                    self.linked(e, conn, settled, failed);
                }
                EdgeJobResult::Asked { conn } => self.linked(e, conn, Vec::new(), false),
                EdgeJobResult::Suspect => {}
            }
        }
        if has_grown {
            self.log_has_grown(e);
        }
        self.edge_commits(e);
    }

    fn edge_is_up(&mut self, e: usize, failed: bool) {
        let nonce = self.edges[e].nonce;
        let run = self.edges[e].run;
        let file = &self.edges[e].file;
        let last = file
            .log
            .durable()
            .values()
            .next_back()
            .map(|logged| &logged.op);
        let booted = matches!(last, Some(Op::Boot { nonce: logged, .. }) if *logged == nonce);
        if failed {
            // The boot op could not be written, so the supervisor restarts the process.
            self.edge_dies(e, RESTART_AFTER_MS, false);
            return;
        }
        let justified = self.has_rival(e);
        self.oracle
            .booted(self.now, e, &self.edges[e].file, booted, justified);
        self.publishes_head(e);
        let calls = self.soon(0, 50);
        self.later(calls, WorldEvent::Calls { edge: e, run });
    }

    fn answer(&mut self, e: usize, tablet: usize, entered: &EntryResult) {
        let reply = match entered {
            EntryResult::NotTaken { command_id, code } => {
                self.counts.not_taken(*code);
                self.oracle.refused_at_once(self.now, *code);
                edge::not_taken(*command_id, *code)
            }
            EntryResult::Stored { stored, order, new } => {
                self.counts.taken(stored, *new);
                let reply = edge::reply(&self.edges[e], stored, order.as_deref().cloned());
                self.oracle
                    .acknowledged(self.now, e, &self.edges[e].file, stored);
                reply
            }
        };
        self.reply_to_tablet(e, tablet, reply);
    }

    /// The process and its uncommitted writes are gone. A commit in progress survives as a whole or
    /// not at all.
    pub(crate) fn edge_dies(&mut self, e: usize, down_ms: u64, without_power: bool) {
        if !self.edges[e].is_running {
            return;
        }
        let survives = !without_power && self.random.chance(400);
        let told = self.random.chance(500);
        let older_mark = without_power && self.random.chance(500);
        if let Some(link) = self.edges[e].link.take() {
            let silently = without_power || !told;
            self.close(link.conn, Side::Edge, silently);
        }
        let edge = &mut self.edges[e];
        edge.is_running = false;
        if edge.writer.committing.take().is_some() && survives && !is_planted(Bug::TornCommit) {
            edge.file.commit();
            if let Some(recorder) = &mut self.recorder {
                recorder.edge_commits(e, edge);
            }
        } else {
            edge.file.crash();
            if let Some(recorder) = &mut self.recorder {
                recorder.edge_forgets(e);
            }
        }
        if older_mark {
            edge.file.mark.written = edge.file.mark.synced;
        }
        edge.writer = CommitQueue::default();
        let name = edge.edge_id.clone();
        self.note(4, e as u64, |_| {
            format!("{name} dies (commit under way survives: {survives})")
        });
        self.oracle.edge_is_whole(self.now, e, &self.edges[e].file);
        let newest = self.is_in_newest_epoch(e);
        self.oracle
            .edge_rolled_back(self.now, e, &self.edges[e], newest);
        self.later(down_ms.max(1), WorldEvent::EdgeStarts { edge: e });
    }

    /// A write of the link's session; planted bugs first commit a part of it separately.
    pub(crate) fn link_writes(&mut self, e: usize, conn: usize, what: EdgeWrite) {
        let edge = &mut self.edges[e];
        if !edge.disk.is_full
            && edge.writer.committing.is_none()
            && edge.file.link_store_early(&what)
        {
            edge.file.commit();
            if self.random.chance(300) {
                self.edge_dies(e, 500, false);
                return;
            }
        }
        self.edge_writes(e, EdgeJob::Link { conn, what });
    }

    fn log_has_grown(&mut self, e: usize) {
        if let Some(EdgeLink { has_moved, .. }) = &mut self.edges[e].link {
            *has_moved = true;
            self.link_goes_on(e);
        }
    }
}

/// A full disk stores nothing, so nothing is acknowledged.
fn full(file: &edge::EdgeFile, entry: &CommandEntry) -> EntryResult {
    let command_id = entry.command.id;
    match file.judge(entry) {
        CommandVerdict::Taken(taken) if is_planted(Bug::FullDiskIsAcknowledged) => {
            let stored = Box::new(file.as_if_stored(entry, taken));
            EntryResult::Stored {
                stored,
                order: None,
                new: true,
            }
        }
        _ => EntryResult::NotTaken {
            command_id,
            code: Code::StorageFull,
        },
    }
}

/// The roles that may send such a command. Mirrors `edge-node/src/intake.rs`.
fn shape(role: Role, body: &wire::CommandBody) -> Option<Code> {
    let roles = body
        .order_action()
        .map_or(&[Role::Customer][..], wire::Action::allowed_roles);
    (!roles.contains(&role)).then_some(Code::RoleForbidden)
}
