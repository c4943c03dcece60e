//! The edge's end of the link. Mirrors `edge-node/src/link.rs` and `link/session.rs`.

use std::{collections::VecDeque, time::Duration};

use engine::edge::{EdgeProtocol, EdgeRunIdentity, IgnoreReason, LinkEnd, LinkStep, MachineReport};
use planted::is_planted;
use wire::{Frame, FrameProof};

use super::{Packet, World, WorldEvent};
use crate::{
    bug::Bug,
    cast,
    cloud::at,
    edge::{EdgeJob, EdgeLink, LinkFrame, SettledCommand, reply},
    plan::Side,
};

const TICK_MS: u64 = 1_000;
const ACK_EVERY_MS: u64 = 5_000;
const PING_EVERY_MS: u64 = 5_000;
const SILENT_MAX_MS: u64 = 15_000;
const CONNECT_WITHIN_MS: u64 = 10_000;
const SETTLED_AFTER_MS: u64 = 5_000;
/// A link token's lifetime, by the edge's clock.
const TOKEN_LIFE_MS: i64 = 120_000;

impl World {
    pub(crate) fn edge_calls(&mut self, e: usize, run: u32) {
        let edge = &self.edges[e];
        if edge.run != run || !edge.is_running || edge.link.is_some() {
            return;
        }
        self.edges[e].calls.started_at = self.now;
        self.faults_at();
        if self.faults.partition(e).is_some() {
            self.calls_again(e, CONNECT_WITHIN_MS, false);
            return;
        }
        if self.hostile_takes_call(e) {
            let conn = self.connect(e, 0);
            self.net.conns[conn].is_hostile = true;
            return self.link_begins(e, conn);
        }
        let up: Vec<usize> = (0..cast::REPLICA_COUNT)
            .filter(|&r| self.replicas[r].is_running)
            .collect();
        let Some(&replica) = (!up.is_empty()).then(|| self.random.pick(&up)) else {
            self.calls_again(e, 1, false);
            return;
        };
        let signed_at = at(self.now, self.edges[e].clock_error_ms);
        let hub_now = at(self.now, self.replicas[replica].clock_error_ms);
        if signed_at.plus_ms(TOKEN_LIFE_MS) <= hub_now {
            self.counts.link_token_expired += 1;
            self.calls_again(e, 10, false);
            return;
        }
        let row = &self.sync_db.edges[self.edges[e].id];
        let key = self.edges[e].key;
        if row.disabled || row.key != key {
            self.calls_again(e, 10, false);
            return;
        }
        let conn = self.connect(e, replica);
        self.hub_session_begins(conn, replica);
        self.link_begins(e, conn);
    }

    fn link_begins(&mut self, e: usize, conn: usize) {
        let knows = self.knows_its_hub(e);
        let edge = &mut self.edges[e];
        let who = EdgeRunIdentity {
            edge: edge.edge_id.clone(),
            region: edge.region,
            nonce: edge.nonce,
            version: String::new(),
            plain_listeners: false,
        };
        let mut machine = EdgeProtocol::new(who, edge.file.position());
        let mut hello = machine.start_greeting(knows.check());
        if let Frame::Hello(hello) = &mut hello {
            hello.codecs.take_if(|_| cast::is_older(e));
        }
        edge.link = Some(EdgeLink {
            conn,
            machine,
            todo: VecDeque::new(),
            inbox: VecDeque::new(),
            knows,
            is_storing: false,
            has_moved: false,
            was_up: false,
            heard_at: self.now,
            pinged_at: self.now,
            acked_at: 0,
            link_session: None,
        });
        self.send_frame(conn, Side::Hub, &hello);
        self.later(TICK_MS, WorldEvent::EdgeTick { edge: e, conn });
    }

    pub(crate) fn edge_receives(&mut self, conn: usize, packet: Packet, is_stray: bool) {
        let e = self.net.conns[conn].edge;
        if e == cast::THIEF {
            return self.thief_hears(conn, packet);
        }
        let now = self.now;
        let Some(link) = self.edges[e].link.as_mut().filter(|link| link.conn == conn) else {
            return;
        };
        link.heard_at = now;
        match packet {
            Packet::Frame { bytes, is_forged } => match Frame::from_bytes(&bytes) {
                Ok(frame) => {
                    let proof = believed(link.knows.proof(is_forged));
                    link.inbox.push_back(LinkFrame {
                        frame,
                        proof,
                        is_stray,
                    });
                    if is_forged {
                        self.counts.forgery_heard(proof);
                    }
                    self.link_goes_on(e);
                }
                Err(_) => self.link_breaks(e, "what came is no frame"),
            },
            Packet::Ping => drop(self.send(conn, Side::Hub, Packet::Pong, false)),
            Packet::Pong => {}
        }
    }

    /// Works until it has to wait for the file.
    pub(crate) fn link_goes_on(&mut self, e: usize) {
        loop {
            let Some(link) = &mut self.edges[e].link else {
                return;
            };
            if link.is_storing {
                return;
            }
            if let Some(step) = link.todo.pop_front() {
                self.link_does(e, step);
            } else if let Some(frame) = link.inbox.pop_front() {
                self.link_takes(e, frame);
            } else if link.has_moved {
                link.has_moved = false;
                let position = self.edges[e].file.position();
                let Some(link) = &mut self.edges[e].link else {
                    return;
                };
                link.todo.extend(link.machine.update_position(position));
            } else {
                return;
            }
        }
    }

    fn link_takes(&mut self, e: usize, came: LinkFrame) {
        let LinkFrame {
            frame,
            proof,
            is_stray,
        } = came;
        let cursors = {
            let book = self.edges[e].file.book.read();
            (book.outcome_cursor, book.feed_cursor)
        };
        let staged = self.edges[e]
            .file
            .book
            .read()
            .staged
            .as_ref()
            .map(|staged| staged.feed_seq);
        let Some(link) = &mut self.edges[e].link else {
            return;
        };
        if let (Frame::Welcome(welcome), true) = (&frame, proof != FrameProof::Forged) {
            link.link_session = Some(welcome.link_session);
            let staged = staged.is_some_and(|as_of| welcome.snapshot == Some(as_of));
            self.counts.images_resumed += u64::from(staged);
        }
        let kind = frame.kind();
        let frame = if is_planted(Bug::StandingNotChecked) {
            restood(frame, link.link_session)
        } else {
            frame
        };
        let may_apply_gap = link.machine.is_open() && proof == FrameProof::Signed;
        let gap = if may_apply_gap {
            gap_applied(&frame, cursors)
        } else {
            None
        };
        let todo = match &frame {
            Frame::Resend(_) if is_planted(Bug::ResendIgnored) => Vec::new(),
            _ => gap.unwrap_or_else(|| link.machine.handle_frame(frame, proof)),
        };
        let passed_over = matches!(todo[..], [LinkStep::Ignored { .. }]);
        link.todo.extend(todo);
        if is_stray {
            self.counts.strays += 1;
            self.oracle.stray_taken(self.now, kind, passed_over);
        }
    }

    fn link_does(&mut self, e: usize, step: LinkStep) {
        let Some(link) = &mut self.edges[e].link else {
            return;
        };
        let conn = link.conn;
        match step {
            LinkStep::Send(frame) => self.send_frame(conn, Side::Hub, &frame),
            LinkStep::Read(wanted) => {
                let run = self.edges[e].file.run(wanted);
                if let Some(link) = &mut self.edges[e].link {
                    link.todo.extend(link.machine.send_ops(run));
                }
            }
            LinkStep::Store(what) => {
                link.is_storing = true;
                self.link_writes(e, conn, what);
            }
            LinkStep::Welcomed(_) => {
                link.was_up = true;
                let name = self.edges[e].edge_id.clone();
                let replica = self.net.conns[conn].replica;
                self.note(5, e as u64, |_| {
                    format!("{name} is linked to replica {replica}")
                });
            }
            // The intake judges the age of revocations, in hours. No edge here asks for a
            // certificate or messages, or sends photos.
            LinkStep::FeedCurrent
            | LinkStep::Certificate(_)
            | LinkStep::PhotoAnswered { .. }
            | LinkStep::MessagesAnswered(_)
            | LinkStep::MessagePhotoAnswered(_) => {}
            LinkStep::Ignored { why, .. } => {
                self.counts.ignored(why);
                if why != IgnoreReason::Unexpected {
                    self.link_acks(e);
                }
            }
            LinkStep::End(end) => {
                let says = format!("{end:?}");
                if end == LinkEnd::Suspect && is_planted(Bug::SuspectGoesOn) {
                    return;
                }
                if end == LinkEnd::ChainBroken {
                    let justified = self.has_rival(e);
                    let says = "the edge takes its log for broken";
                    self.oracle.alarmed(self.now, e, justified, says);
                    self.edge_writes(e, EdgeJob::Suspect);
                }
                self.link_breaks(e, &says);
            }
            LinkStep::Held { seq, .. } => {
                self.counts.held_told += 1;
                self.oracle.nothing_forged_is_told(self.now, seq);
                let name = self.edges[e].edge_id.clone();
                self.note(21, seq, |_| {
                    format!("{name} hears that its op {seq} is held")
                });
            }
            LinkStep::Log(ask) => {
                link.is_storing = true;
                self.edge_writes(e, EdgeJob::Ask { conn, ask });
            }
        }
    }

    /// The session's write is on disk, or failed.
    pub(crate) fn linked(
        &mut self,
        e: usize,
        conn: usize,
        settled: Vec<SettledCommand>,
        failed: bool,
    ) {
        for SettledCommand {
            command_id,
            user_id,
        } in settled
        {
            let edge = &self.edges[e];
            let Some(stored) = edge.file.commands.read(&(command_id, user_id)).cloned() else {
                continue;
            };
            self.oracle.edge_was_told(self.now, &stored);
            let tablet = stored.device.as_ref().and_then(cast::tablet_number);
            let order = self.edges[e].file.sight(stored.order_id).order;
            let reply = reply(&self.edges[e], &stored, order);
            if let Some(tablet) = tablet {
                self.reply_to_tablet(e, tablet, reply);
            }
        }
        let Some(link) = self.edges[e].link.as_mut().filter(|link| link.conn == conn) else {
            if let Some(was_up) = self.edges[e].calls.waits.take() {
                self.calls_again(e, 0, was_up);
            }
            return;
        };
        link.is_storing = false;
        if failed {
            self.link_breaks(e, "the edge's database failed");
            return;
        }
        let position = self.edges[e].file.position();
        if let Some(link) = &mut self.edges[e].link {
            link.todo.extend(link.machine.update_position(position));
        }
        self.link_acks(e);
        self.link_goes_on(e);
    }

    pub(crate) fn edge_ticks(&mut self, e: usize, conn: usize) {
        let now = self.now;
        let Some(link) = self.edges[e].link.as_mut().filter(|link| link.conn == conn) else {
            return;
        };
        if now - link.heard_at > SILENT_MAX_MS {
            self.link_breaks(e, "received nothing from the hub");
            return;
        }
        let pings = now - link.pinged_at >= PING_EVERY_MS;
        if pings {
            link.pinged_at = now;
        }
        let acks =
            link.machine.is_open() && now - link.acked_at >= ACK_EVERY_MS && !link.is_storing;
        if pings {
            self.send(conn, Side::Hub, Packet::Ping, false);
        }
        if acks {
            let position = self.edges[e].file.position();
            if let Some(link) = &mut self.edges[e].link {
                link.todo.extend(link.machine.update_position(position));
            }
            self.link_acks(e);
            self.link_goes_on(e);
        }
        self.later(TICK_MS, WorldEvent::EdgeTick { edge: e, conn });
    }

    fn link_acks(&mut self, e: usize) {
        let edge = &mut self.edges[e];
        let now = at(self.now, edge.clock_error_ms);
        let report = MachineReport {
            now,
            ..MachineReport::default()
        };
        let Some(link) = &mut edge.link else { return };
        link.acked_at = self.now;
        let conn = link.conn;
        if let Some(ack) = link.machine.build_ack(&report) {
            self.send_frame(conn, Side::Hub, &ack);
        }
    }

    /// This end closes the connection.
    fn link_breaks(&mut self, e: usize, why: &str) {
        let Some(link) = &self.edges[e].link else {
            return;
        };
        let conn = link.conn;
        self.close(conn, Side::Edge, false);
        self.link_ends(e, conn, why);
    }

    /// Ends the session. The next one begins once its writes are stored.
    pub(crate) fn link_ends(&mut self, e: usize, conn: usize, why: &str) {
        let edge = &mut self.edges[e];
        let Some(link) = edge.link.take_if(|link| link.conn == conn) else {
            return;
        };
        let name = edge.edge_id.clone();
        self.note(6, e as u64, |_| format!("{name} has lost its link: {why}"));
        if link.is_storing {
            self.edges[e].calls.waits = Some(link.was_up);
        } else {
            self.calls_again(e, 0, link.was_up);
        }
    }

    fn calls_again(&mut self, e: usize, took_ms: u64, was_up: bool) {
        let entropy = self.random.next();
        let edge = &mut self.edges[e];
        let ends_at = self.now + took_ms;
        let lasted = ends_at.saturating_sub(edge.calls.started_at);
        let settled = was_up && lasted >= SETTLED_AFTER_MS;
        if was_up {
            edge.calls.lost_at = ends_at;
        }
        if settled {
            edge.calls.attempt = 0;
        }
        let lost_for = Duration::from_millis(ends_at.saturating_sub(edge.calls.lost_at));
        let apart = engine::edge::reconnect_delay(lost_for, edge.calls.attempt, entropy);
        edge.calls.attempt = edge.calls.attempt.saturating_add(1);
        let apart = u64::try_from(apart.as_millis()).unwrap_or(u64::MAX);
        let wait = if settled {
            apart
        } else {
            apart.saturating_sub(lasted)
        };
        let run = edge.run;
        self.later(took_ms + wait, WorldEvent::Calls { edge: e, run });
    }
}

/// The planted bugs of the hub signature check.
fn believed(proof: FrameProof) -> FrameProof {
    match proof {
        FrameProof::Forged if is_planted(Bug::ForgedIsSigned) => FrameProof::Signed,
        FrameProof::Unsigned if is_planted(Bug::UnsignedIsSigned) => FrameProof::Signed,
        proof => proof,
    }
}

/// The planted bugs of the edge's end: it stores frames beyond the cursor.
fn gap_applied(frame: &Frame, (outcomes, feed): (u64, u64)) -> Option<Vec<LinkStep>> {
    match frame {
        Frame::Outcomes(frame) if frame.from > outcomes && is_planted(Bug::OutcomeGapApplied) => {
            let to = frame.to;
            let outcomes = frame.outcomes.clone();
            Some(vec![LinkStep::Store(engine::edge::EdgeWrite::Outcomes {
                to,
                outcomes,
            })])
        }
        Frame::Down(frame) if frame.from > feed && is_planted(Bug::FeedGapApplied) => {
            let to = frame.to;
            let changes = frame.changes.clone();
            Some(vec![LinkStep::Store(engine::edge::EdgeWrite::Changes {
                to,
                changes,
            })])
        }
        _ => None,
    }
}

/// Relabels the frame as one of this session.
fn restood(frame: Frame, link_session: Option<wire::LinkSessionId>) -> Frame {
    let Some(link_session) = link_session else {
        return frame;
    };
    match frame {
        Frame::Outcomes(frame) => Frame::Outcomes(wire::OutcomesFrame {
            link_session,
            ..frame
        }),
        Frame::Down(frame) => Frame::Down(wire::ChangesFrame {
            link_session,
            ..frame
        }),
        Frame::Snapshot(chunk) => Frame::Snapshot(wire::SnapshotChunk {
            link_session,
            ..chunk
        }),
        Frame::Credit(frame) => Frame::Credit(wire::Credit {
            link_session,
            ..frame
        }),
        Frame::Resend(frame) => Frame::Resend(wire::ResendRequest {
            link_session,
            ..frame
        }),
        Frame::Held(frame) => Frame::Held(wire::HeldNotice {
            link_session,
            ..frame
        }),
        Frame::Ask(frame) => Frame::Ask(wire::ForwardedAcceptFrame {
            link_session,
            ..frame
        }),
        other => other,
    }
}
