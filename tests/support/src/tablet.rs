//! The reference tablet: makes command ids, resends until a reply, keeps command and receipt until
//! the outcome, and shows the edge its newest receipt. After a new run or epoch of the edge, it
//! resends its undecided commands with their receipts, because the edge may have lost them. It
//! attaches no meaning to a PUBACK.

mod line;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use process::{clock::Clock, tasks::Tasks};
use serde::Deserialize;
use tokio::{sync::Notify, time::timeout};
use wire::{
    BootNonce, CmdFrame, CommandBody, CommandId, DeviceId, EdgeId, Hop, Receipt, Region, Reply,
    UserId, Verdict, topics,
};

use crate::Person;
use line::Line;

/// The version of MQTT between tablet and broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mqtt {
    V311,
    V5,
}

/// The address of an edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub region: Region,
    pub edge: EdgeId,
    pub host: String,
    pub port: u16,
}

#[derive(Debug, thiserror::Error)]
pub enum TabletError {
    #[error("no {what} for {command} within {limit:?}")]
    Silence {
        what: &'static str,
        command: CommandId,
        limit: Duration,
    },
}

pub struct Tablet {
    place: Place,
    device: DeviceId,
    person: Person,
    clock: Clock,
    line: Arc<Line>,
    memory: Arc<Memory>,
    tasks: Tasks,
}

/// The tablet's disk.
#[derive(Default)]
struct Memory {
    known: Mutex<Known>,
    news: Notify,
    /// The edge has restarted.
    edge_is_another: Notify,
}

#[derive(Default)]
struct Known {
    last_device_seq: u64,
    newest_receipt: Option<Receipt>,
    head: Option<Head>,
    /// Commands without an outcome.
    open: HashMap<CommandId, CmdFrame>,
    replies: HashMap<CommandId, Reply>,
}

/// The current run of the edge, and its epoch.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Head {
    epoch: u64,
    nonce: BootNonce,
}

const BETWEEN_SENDS: Duration = Duration::from_millis(400);

impl Tablet {
    /// A tablet of that name, with a person signed in at the region's edges. It connects and
    /// reconnects automatically.
    pub fn new(place: Place, device: &str, person: &Person, mqtt: Mqtt) -> Self {
        let device = DeviceId::new(device).unwrap_or_else(|error| panic!("{error}"));
        let memory = Arc::new(Memory::default());
        let tasks = Tasks::new();
        let listened = vec![
            topics::reply_topic(place.region, &place.edge, &device),
            topics::provider_topic(place.region, &place.edge, person.user_id),
            topics::head_topic(place.region, &place.edge),
        ];
        let hears = memory.clone();
        let line = Line::open(
            &tasks,
            &place,
            &device,
            &person.token,
            mqtt,
            listened,
            move |bytes| {
                hears.take(bytes);
            },
        );
        let line = Arc::new(line);
        let topic = topics::command_topic(place.region, &place.edge, &device);
        tasks.spawn(
            "tablet sends again",
            send_again(line.clone(), memory.clone(), topic),
        );
        let person = person.clone();
        Self {
            place,
            device,
            person,
            clock: Clock::system(),
            line,
            memory,
            tasks,
        }
    }

    /// With a token for the region's edges.
    pub fn person(&self) -> &Person {
        &self.person
    }

    pub fn user_id(&self) -> UserId {
        self.person.user_id
    }

    /// Makes a command without sending it.
    pub fn prepare(&self, body: CommandBody) -> CommandId {
        let id = CommandId(self.clock.new_id());
        let mut known = self.memory.known();
        known.last_device_seq += 1;
        let frame = CmdFrame {
            v: CmdFrame::VERSION,
            id,
            device_seq: known.last_device_seq,
            tapped_at: self.clock.now(),
            seen: None,
            receipt: None,
            repeat: false,
            token: self.person.token.clone(),
            body,
        };
        known.open.insert(id, frame);
        id
    }

    /// Resends the command until the edge answers, and returns the answer.
    pub async fn until_stored(
        &self,
        command: CommandId,
        limit: Duration,
    ) -> Result<Reply, TabletError> {
        self.until("stored reply", command, limit, |_| true).await
    }

    /// Resends the command until the cloud has decided, and returns the decision.
    pub async fn until_decided(
        &self,
        command: CommandId,
        limit: Duration,
    ) -> Result<Reply, TabletError> {
        self.until("decision", command, limit, |reply| {
            reply.hop == Hop::Decided
        })
        .await
    }

    /// Makes a command, sends it, and returns the edge's answer.
    pub async fn tap(&self, body: CommandBody, limit: Duration) -> Result<Reply, TabletError> {
        let command = self.prepare(body);
        self.until_stored(command, limit).await
    }

    pub async fn stop(self) {
        self.line.close();
        self.tasks.shutdown(Duration::from_secs(2)).await;
    }

    async fn until(
        &self,
        what: &'static str,
        command: CommandId,
        limit: Duration,
        enough: impl Fn(&Reply) -> bool,
    ) -> Result<Reply, TabletError> {
        // Any hop may have lost the frame or the answer, so resend after a silence; the edge
        // recognises the command by its id.
        let waiting = async {
            loop {
                self.send(command);
                let heard = self.memory.heard(command, &enough);
                if let Ok(reply) = timeout(BETWEEN_SENDS, heard).await {
                    return reply;
                }
            }
        };
        timeout(limit, waiting)
            .await
            .map_err(|_| TabletError::Silence {
                what,
                command,
                limit,
            })
    }

    fn send(&self, command: CommandId) {
        let Some(frame) = self.memory.frame(command) else {
            return;
        };
        let topic = topics::command_topic(self.place.region, &self.place.edge, &self.device);
        let bytes = serde_json::to_vec(&frame).unwrap_or_default();
        self.line.publish(&topic, bytes);
    }
}

impl Memory {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn heard(&self, command: CommandId, enough: impl Fn(&Reply) -> bool) -> Reply {
        loop {
            let news = self.news.notified();
            let reply = self.known().replies.get(&command).cloned();
            if let Some(reply) = reply.filter(&enough) {
                return reply;
            }
            news.await;
        }
    }

    /// The frame to send, with the newest receipt as a witness.
    fn frame(&self, command: CommandId) -> Option<CmdFrame> {
        let known = self.known();
        let frame = known.open.get(&command)?;
        let receipt = known
            .replies
            .get(&command)
            .and_then(|reply| reply.receipt.clone());
        Some(CmdFrame {
            seen: known.newest_receipt.clone(),
            receipt,
            ..frame.clone()
        })
    }

    fn open(&self) -> Vec<CommandId> {
        self.known().open.keys().copied().collect()
    }

    fn take(&self, bytes: &[u8]) {
        match serde_json::from_slice::<Head>(bytes) {
            Ok(head) => self.take_head(head),
            Err(_) => self.take_reply(bytes),
        }
    }

    fn take_head(&self, head: Head) {
        let before = self.known().head.replace(head.clone());
        if before.is_some_and(|before| before != head) {
            self.edge_is_another.notify_one();
        }
    }

    /// A decided answer replaces a stored one and is never replaced.
    fn take_reply(&self, bytes: &[u8]) {
        let Ok(reply) = serde_json::from_slice::<Reply>(bytes) else {
            return;
        };
        let Some(command) = reply.command_id else {
            return;
        };
        let mut known = self.known();
        if let Some(receipt) = &reply.receipt {
            let newer = |old: &Receipt| (old.epoch, old.seq) < (receipt.epoch, receipt.seq);
            if known.newest_receipt.as_ref().is_none_or(newer) {
                known.newest_receipt = Some(receipt.clone());
            }
        }
        let final_word = reply.hop == Hop::Decided || reply.verdict == Verdict::NotTaken;
        if final_word {
            known.open.remove(&command);
        }
        let better = known
            .replies
            .get(&command)
            .is_none_or(|old| rank(old) <= rank(&reply));
        if better {
            known.replies.insert(command, reply);
        }
        drop(known);
        self.news.notify_waiters();
    }
}

/// Runs until the tablet stops.
async fn send_again(line: Arc<Line>, memory: Arc<Memory>, topic: String) {
    loop {
        memory.edge_is_another.notified().await;
        for frame in memory
            .open()
            .into_iter()
            .filter_map(|command| memory.frame(command))
        {
            line.publish(&topic, serde_json::to_vec(&frame).unwrap_or_default());
        }
    }
}

/// not_taken < provisional < firm < decided.
fn rank(reply: &Reply) -> (Hop, Verdict) {
    (reply.hop, reply.verdict)
}
