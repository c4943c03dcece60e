//! Ops and a photo on one slow line that loses packets and breaks: ops go first, and little of the
//! photo is sent twice.

use std::{collections::VecDeque, time::Duration};

use engine::edge::{PhotoChunk, PhotoPace};
use uuid::Uuid;
use wire::{CommandId, Frame, Hash, OrderId, PHOTO_BYTES_MAX, PhotoRef};

use super::{Event, World};

/// 256 kbit/s.
const BYTES_A_SECOND: u64 = 32 * 1024;
const PACKET_BYTES: usize = 1_400;
/// Each tenth packet is lost.
const LOST_EVERY: u64 = 10;
const ONE_WAY_MS: u64 = 50;
const RECONNECT_MS: u64 = 2_000;
const OPS: u64 = 2_000;
const OP_EVERY_MS: u64 = 100;
const CUTS: u64 = 10;
const CUT_EVERY_MS: u64 = 19_937;

/// A frame that has left the edge's queue for the line.
struct FrameOnLine {
    frame: Frame,
    arrives_at: u64,
}

/// The edge's end of a photo, and what its line has carried.
struct Sender {
    photo: PhotoRef,
    is_asked: bool,
    pace: PhotoPace,
    sent_at: u64,
    /// Of the chunk under way.
    length: usize,
    body_bytes: u64,
}

struct SlowLine {
    world: World,
    sender: Sender,
    now: u64,
    line_free_at: u64,
    to_hub: VecDeque<FrameOnLine>,
    to_edge: VecDeque<FrameOnLine>,
    linked_at: u64,
    packets: u64,
    /// When each op was logged, from the first that the hub lacks.
    logged_at: VecDeque<u64>,
    longest_wait_ms: u64,
}

impl SlowLine {
    fn new() -> Self {
        let photo = PhotoRef {
            hash: Hash::digest_bytes(b"photo"),
            bytes: PHOTO_BYTES_MAX,
        };
        let mut line = Self {
            world: World::new(None),
            sender: Sender {
                photo,
                is_asked: false,
                pace: PhotoPace::default(),
                sent_at: 0,
                length: 0,
                body_bytes: 0,
            },
            now: 0,
            line_free_at: 0,
            to_hub: VecDeque::new(),
            to_edge: VecDeque::new(),
            linked_at: 0,
            packets: 0,
            logged_at: VecDeque::new(),
            longest_wait_ms: 0,
        };
        line.logged_at.push_back(0);
        line
    }

    fn run(&mut self) {
        let mut logged = 0;
        let mut cuts = 0;
        while self.world.file.photo_sent < self.sender.photo.bytes || logged < OPS {
            self.now += 1;
            assert!(self.now < 1_000_000, "the photo does not arrive");
            if self.now.is_multiple_of(OP_EVERY_MS) && logged < OPS {
                logged += 1;
                self.logged_at.push_back(self.now);
                self.world.step(Event::Append(300));
            }
            if self.now.is_multiple_of(CUT_EVERY_MS) && cuts < CUTS {
                cuts += 1;
                self.cut();
            }
            if self.now >= self.linked_at {
                self.send_photo_chunk();
                self.carry();
            }
        }
        assert_eq!(
            cuts, CUTS,
            "the photo arrived before the line was cut often"
        );
    }

    fn cut(&mut self) {
        self.to_hub.clear();
        self.to_edge.clear();
        self.world.connect();
        self.sender.is_asked = false;
        self.linked_at = self.now + RECONNECT_MS;
        self.line_free_at = self.linked_at;
    }

    /// Asks for the cloud's part first, so that nothing that arrived is sent again.
    fn send_photo_chunk(&mut self) {
        if !self.world.edge.may_send_photo()
            || self.world.file.photo_sent == self.sender.photo.bytes
        {
            return;
        }
        let left = (self.sender.photo.bytes - self.world.file.photo_sent) as usize;
        let length = if self.sender.is_asked {
            left.min(self.sender.pace.chunk_bytes())
        } else {
            0
        };
        self.sender.is_asked = true;
        self.sender.sent_at = self.now;
        self.sender.length = length;
        self.sender.body_bytes += length as u64;
        let chunk = PhotoChunk {
            order_id: OrderId(Uuid::from_u128(1)),
            command_id: CommandId(Uuid::from_u128(2)),
            photo: self.sender.photo,
            offset: self.world.file.photo_sent,
            body: vec![7; length],
        };
        let frame = self.world.edge.send_photo_chunk(chunk);
        self.world.up.extend(frame);
    }

    fn carry(&mut self) {
        while self.line_free_at <= self.now
            && let Some(frame) = self.world.up.pop_front()
        {
            self.line_free_at = self.now + self.line_time_ms(&frame);
            let arrives_at = self.line_free_at + ONE_WAY_MS;
            self.to_hub.push_back(FrameOnLine { frame, arrives_at });
        }
        while let Some(arrived) = take_arrived(&mut self.to_hub, self.now) {
            self.world.up.push_front(arrived);
            self.world.step(Event::ToHub);
            self.record_stored_ops();
        }
        let arrives_at = self.now + ONE_WAY_MS;
        let answers = self.world.down.drain(..);
        self.to_edge
            .extend(answers.map(|frame| FrameOnLine { frame, arrives_at }));
        while let Some(frame) = take_arrived(&mut self.to_edge, self.now) {
            let is_answer = matches!(frame, Frame::PhotoAnswer(_));
            if is_answer && self.sender.length > 0 {
                let took = Duration::from_millis(self.now - self.sender.sent_at);
                self.sender.pace.record_answer(took);
            }
            self.world.down.push_front(frame);
            self.world.step(Event::ToEdge);
        }
    }

    /// A lost packet is sent again.
    fn line_time_ms(&mut self, frame: &Frame) -> u64 {
        let mut bytes = 0;
        for packet in frame.to_bytes().chunks(PACKET_BYTES) {
            self.packets += 1;
            let times = 1 + u64::from(self.packets.is_multiple_of(LOST_EVERY));
            bytes += times * packet.len() as u64;
        }
        (bytes * 1_000).div_ceil(BYTES_A_SECOND)
    }

    fn record_stored_ops(&mut self) {
        let missing = self.world.file.ops.len() - self.world.base.ops.len();
        while self.logged_at.len() > missing {
            let Some(logged_at) = self.logged_at.pop_front() else {
                break;
            };
            let wait = self.now - logged_at.max(self.linked_at);
            self.longest_wait_ms = self.longest_wait_ms.max(wait);
        }
    }
}

fn take_arrived(line: &mut VecDeque<FrameOnLine>, now: u64) -> Option<Frame> {
    let is_here = line.front().is_some_and(|first| first.arrives_at <= now);
    is_here
        .then(|| line.pop_front())
        .flatten()
        .map(|first| first.frame)
}

#[test]
fn ops_wait_less_than_a_second_for_a_photo_and_little_of_it_is_sent_twice() {
    let mut line = SlowLine::new();
    line.run();
    let bytes = u64::from(line.sender.photo.bytes);
    assert_eq!(line.world.base.photo_bytes, line.sender.photo.bytes);
    let twice = line.sender.body_bytes - bytes;
    assert!(
        twice * 50 <= bytes,
        "{twice} of {bytes} bytes were sent twice"
    );
    assert!(line.longest_wait_ms <= 1_000, "{} ms", line.longest_wait_ms);
}
