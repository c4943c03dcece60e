//! Connections of the link. A connection carries frames in order until either end closes it. A
//! fault makes it lose, double, reorder or delay frames. After losing a frame it soon dies, like a
//! broken stream.

use wire::Frame;

use super::{World, WorldEvent, messages::Packet, words};
use crate::{
    edge::Node,
    plan::{Catch, FrameFate, Side},
};

#[derive(Default)]
pub(crate) struct Net {
    pub conns: Vec<Conn>,
    pub catches: Vec<Catch>,
    /// Frames caught for the next session, with their connection.
    caught: Vec<(usize, Side, Packet)>,
}

pub(crate) struct Conn {
    /// The calling machine, its edge and its run.
    pub edge: usize,
    pub id: usize,
    pub run: u32,
    pub began: u64,
    pub replica: usize,
    /// The hostile replica has taken the call.
    pub is_hostile: bool,
    pub edge_open: bool,
    pub hub_open: bool,
    /// Arrival of the last packet, towards the edge and towards the hub.
    arrives_at: [u64; 2],
    /// It lost a frame, so later frames do not arrive either.
    is_broken: [bool; 2],
}

#[derive(Default)]
pub(crate) struct Fate {
    /// The delay; `None` if it is lost.
    in_ms: Option<u64>,
    again_in_ms: Option<u64>,
    /// The delay of a copy that reaches the edge's session of that time.
    strays_in_ms: Option<u64>,
}

/// On a sound line everything arrives within this.
const PROMPT_MS: u64 = 60;

impl Fate {
    fn in_words(&self) -> String {
        let mut words = match self.in_ms {
            None => " is lost".to_owned(),
            Some(in_ms) if in_ms > PROMPT_MS => format!(" in {in_ms} ms"),
            Some(_) => String::new(),
        };
        if let Some(in_ms) = self.again_in_ms {
            words += &format!(", and again in {in_ms} ms");
        }
        if let Some(in_ms) = self.strays_in_ms {
            words += &format!(", and into a later session in {in_ms} ms");
        }
        words
    }
}

impl Net {
    pub(crate) fn is_hubs(&self, conn: usize) -> bool {
        !self.conns[conn].is_hostile
    }

    fn catch(&mut self, edge: usize, to: Side, kind: &str) -> Option<FrameFate> {
        let meant = |catch: &Catch| catch.edge == edge && catch.to == to && catch.kind == kind;
        let at = self
            .catches
            .iter()
            .position(|catch| meant(catch) && catch.after == 0);
        let caught = at.map(|at| self.catches.remove(at));
        for catch in self.catches.iter_mut().filter(|catch| meant(catch)) {
            catch.after = catch.after.saturating_sub(1);
        }
        caught.map(|catch| catch.becomes)
    }
}

impl World {
    pub(crate) fn connect(&mut self, edge: usize, replica: usize) -> usize {
        let Node { id, run, .. } = self.edges[edge];
        self.net.conns.push(Conn {
            edge,
            id,
            run,
            began: self.now,
            replica,
            is_hostile: false,
            edge_open: true,
            hub_open: true,
            arrives_at: [self.now; 2],
            is_broken: [false; 2],
        });
        self.net.conns.len() - 1
    }

    pub(crate) fn send_frame(&mut self, conn: usize, to: Side, frame: &Frame) {
        self.counts.frame(words::kind(frame));
        let mut bytes = frame.to_bytes();
        let e = self.net.conns[conn].edge;
        if self.faults.corrupts(e) && self.random.chance(120) && matches!(frame, Frame::Up(_)) {
            let at = self.random.below(bytes.len());
            bytes[at] ^= 1 << self.random.below(8);
            self.oracle.disturbs(e);
            // A proxy that corrupts frames does not live long.
            let dies = self.soon(200, 2_000);
            self.later(
                dies,
                WorldEvent::Closed {
                    conn,
                    at: Side::Edge,
                },
            );
            self.later(
                dies,
                WorldEvent::Closed {
                    conn,
                    at: Side::Hub,
                },
            );
        }
        if to == Side::Edge {
            self.hostile_hub_copies(conn, frame);
        }
        let packet = Packet::Frame {
            bytes,
            is_forged: false,
        };
        let fate = match self.net.catch(e, to, frame.kind()) {
            Some(becomes) => self.caught(conn, to, packet, becomes),
            None => self.send(conn, to, packet, binds(frame)),
        };
        if matches!(frame, Frame::Welcome(_)) {
            self.caught_arrive(conn, fate.in_ms);
        }
        self.say(|world| {
            let name = &world.edges[e].edge_id;
            let replica = world.net.conns[conn].replica;
            let way = match to {
                Side::Hub => format!("{name} > replica {replica}"),
                Side::Edge => format!("{name} < replica {replica}"),
            };
            format!("    {way}: {}{}", words::frame(frame), fate.in_words())
        });
    }

    /// `is_bound` means that the frame names its session, so another one must reject it.
    pub(crate) fn send(&mut self, conn: usize, to: Side, packet: Packet, is_bound: bool) -> Fate {
        let e = self.net.conns[conn].edge;
        let way = to as usize;
        let is_frame = matches!(packet, Packet::Frame { .. });
        let mut at = self.now + self.soon(3, 25);
        if self.faults.delays(e) && self.random.chance(300) {
            at += self.soon(50, 3_000);
        }
        if let Some(until) = self.faults.partition(e) {
            at = at.max(until + self.soon(5, 400));
        }
        if is_frame && self.faults.loses(e) && self.random.chance(150) {
            self.net.conns[conn].is_broken[way] = true;
        }
        let mut fate = Fate::default();
        if self.net.conns[conn].is_broken[way] {
            return fate;
        }
        if is_frame && self.faults.doubles(e) && self.random.chance(250) {
            let again = at + self.soon(0, 1_500) - self.now;
            fate.again_in_ms = Some(again);
            self.later(
                again,
                WorldEvent::Arrives {
                    conn,
                    to,
                    packet: packet.clone(),
                    is_stray: false,
                },
            );
        }
        if is_bound && self.faults.strays(e) && self.random.chance(300) {
            let again = at + self.soon(500, 9_000) - self.now;
            fate.strays_in_ms = Some(again);
            self.later(
                again,
                WorldEvent::Arrives {
                    conn,
                    to,
                    packet: packet.clone(),
                    is_stray: true,
                },
            );
        }
        let jumps_the_queue = is_frame && self.faults.reorders(e) && self.random.chance(350);
        if jumps_the_queue {
            at += self.soon(0, 2_000);
        } else {
            at = at.max(self.net.conns[conn].arrives_at[way]);
            self.net.conns[conn].arrives_at[way] = at;
        }
        fate.in_ms = Some(at - self.now);
        self.later(
            at - self.now,
            WorldEvent::Arrives {
                conn,
                to,
                packet,
                is_stray: false,
            },
        );
        fate
    }

    fn caught(&mut self, conn: usize, to: Side, packet: Packet, becomes: FrameFate) -> Fate {
        let e = self.net.conns[conn].edge;
        match becomes {
            FrameFate::Late(in_ms) => {
                self.later(
                    in_ms,
                    WorldEvent::Arrives {
                        conn,
                        to,
                        packet,
                        is_stray: false,
                    },
                );
                Fate {
                    in_ms: Some(in_ms),
                    ..Fate::default()
                }
            }
            FrameFate::OfTheNextSession => {
                self.net.caught.push((conn, to, packet));
                self.net.conns[conn].is_broken[to as usize] = true;
                self.cut(e);
                Fate::default()
            }
        }
    }

    /// Delivers the frames caught for this session, behind its Welcome.
    fn caught_arrive(&mut self, conn: usize, welcome_in_ms: Option<u64>) {
        let e = self.net.conns[conn].edge;
        let conns = &self.net.conns;
        let behind = welcome_in_ms.unwrap_or(0);
        let caught = self
            .net
            .caught
            .extract_if(.., |(conn, ..)| conns[*conn].edge == e);
        for (conn, to, packet) in caught.collect::<Vec<_>>() {
            self.later(
                behind,
                WorldEvent::Arrives {
                    conn,
                    to,
                    packet,
                    is_stray: true,
                },
            );
        }
    }

    pub(crate) fn arrives(&mut self, conn: usize, to: Side, packet: Packet, is_stray: bool) {
        let (mut conn, edge) = (conn, self.net.conns[conn].edge);
        if is_stray {
            let Some(newest) = self.net.conns.iter().rposition(|c| c.edge == edge) else {
                return;
            };
            if newest == conn {
                return;
            }
            conn = newest;
        }
        match to {
            Side::Edge if self.net.conns[conn].edge_open => {
                self.edge_receives(conn, packet, is_stray);
            }
            Side::Hub if self.net.conns[conn].hub_open => self.hub_receives(conn, packet, is_stray),
            _ => {}
        }
    }

    /// Closes one end; the other is notified unless the way there is cut.
    pub(crate) fn close(&mut self, conn: usize, from: Side, silently: bool) {
        let c = &mut self.net.conns[conn];
        let (mine, other) = match from {
            Side::Edge => (&mut c.edge_open, Side::Hub),
            Side::Hub => (&mut c.hub_open, Side::Edge),
        };
        *mine = false;
        let arrives_at = c.arrives_at[other as usize];
        let unheard = silently || c.is_broken[other as usize];
        if unheard || self.faults.partition(self.net.conns[conn].edge).is_some() {
            return;
        }
        let at = arrives_at.max(self.now + self.random.between(1, 30));
        self.later(at - self.now, WorldEvent::Closed { conn, at: other });
    }

    pub(crate) fn closed(&mut self, conn: usize, at: Side) {
        match at {
            Side::Edge if self.net.conns[conn].edge_open => {
                self.net.conns[conn].edge_open = false;
                self.link_ends(
                    self.net.conns[conn].edge,
                    conn,
                    "the hub closed the connection",
                );
            }
            Side::Hub if self.net.conns[conn].hub_open => {
                self.net.conns[conn].hub_open = false;
                self.hub_session_ends(conn);
            }
            _ => {}
        }
    }

    /// Notifies both ends that the connection is gone.
    pub(crate) fn cut(&mut self, edge: usize) {
        let open = |c: &Conn| c.edge == edge && (c.edge_open || c.hub_open);
        let conns: Vec<usize> = (0..self.net.conns.len())
            .filter(|&conn| open(&self.net.conns[conn]))
            .collect();
        for conn in conns {
            self.later(
                0,
                WorldEvent::Closed {
                    conn,
                    at: Side::Edge,
                },
            );
            self.later(
                0,
                WorldEvent::Closed {
                    conn,
                    at: Side::Hub,
                },
            );
        }
    }
}

/// Returns true if a frame names its term and boot nonce. The others open or refuse a session, and
/// travel only on that session's connection.
fn binds(frame: &Frame) -> bool {
    !matches!(
        frame,
        Frame::Hello(_) | Frame::Welcome(_) | Frame::Refused(_) | Frame::Quarantine(_)
    )
}
