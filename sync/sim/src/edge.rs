//! One machine of an edge: its file, the process that runs over it, and its end of the link. The
//! process's memory goes with every crash, the file's committed part stays.

mod entering;
mod file;

use std::collections::VecDeque;

use engine::edge::{Edge, EdgeWrite, LinkStep};
use wire::{Ask, BootNonce, EdgeId, Frame, Region, Reply};

use crate::cast;

pub use entering::{Entered, Entry, Stored};
pub use file::{Alarm, CommandKey, File, Place, Settled};

/// A process, with what it holds in memory.
pub struct Node {
    /// The edge that this machine is.
    pub id: usize,
    pub name: EdgeId,
    pub region: Region,
    /// The machine of a copy comes with the copy.
    pub is_there: bool,
    pub file: File,
    /// When its file was last replaced.
    pub restored_at: Option<u64>,
    /// Frozen until then: whatever comes for it waits.
    pub sleeps_until: u64,
    /// Somebody is about to give it a name of its own.
    pub will_be_renamed: bool,
    pub is_running: bool,
    /// Counts the processes, so that what was meant for an earlier one is not done by the next.
    pub run: u32,
    pub nonce: BootNonce,
    pub clock_error_ms: i64,
    pub disk: Disk,
    pub writer: Writer,
    pub link: Option<Link>,
    pub calls: Calls,
}

#[derive(Debug, Default)]
pub struct Disk {
    pub is_full: bool,
    pub is_slow: bool,
    /// The next commit ends in a crash that lasts this long.
    pub crashes_in_commit: Option<u64>,
}

/// Mirrors `journal::writer`: whenever it is free it takes what waits, executes it and commits it as
/// one group; answers leave after the commit.
#[derive(Default)]
pub struct Writer {
    pub waiting: VecDeque<Write>,
    pub committing: Option<Vec<Wrote>>,
    /// Something of it is stored.
    pub keeps: bool,
}

#[derive(Clone)]
pub enum Write {
    Boot,
    Enter {
        tablet: usize,
        entry: Box<Entry>,
    },
    /// What the link's session waits for.
    Link {
        conn: usize,
        what: EdgeWrite,
    },
    /// An accept made elsewhere.
    Ask {
        conn: usize,
        ask: Box<Ask>,
    },
    /// Hub and log disagree about the log.
    Suspect,
}

pub enum Wrote {
    Boot { failed: bool },
    Entered { tablet: usize, entered: Box<Entered> },
    Linked { conn: usize, settled: Vec<Settled>, begun: bool, failed: bool },
    Asked { conn: usize },
    Suspect,
}

/// Mirrors `edge-node/src/link/session.rs`: carries out what the engine says, one thing at a time.
pub struct Link {
    pub conn: usize,
    pub machine: Edge,
    pub todo: VecDeque<LinkStep>,
    pub inbox: VecDeque<(Frame, bool)>,
    /// It waits for the file.
    pub is_storing: bool,
    /// The log has grown since it last looked.
    pub has_moved: bool,
    pub was_up: bool,
    pub heard_at: u64,
    pub pinged_at: u64,
    pub acked_at: u64,
    /// What Welcome said, for the bug that takes every frame for one of this session.
    pub standing: Option<wire::Standing>,
}

/// When the link calls again; mirrors `edge-node/src/link.rs`.
#[derive(Debug, Default)]
pub struct Calls {
    pub lost_at: u64,
    pub attempt: u32,
    pub started_at: u64,
    /// The session that has ended still stores something, and whether it was up.
    pub waits: Option<bool>,
}

impl Node {
    pub fn new(id: usize, bug: Option<crate::bug::Bug>) -> Self {
        let name = cast::edge(id);
        Self {
            id,
            file: File::new(name.clone(), bug),
            name,
            region: cast::region(id),
            is_there: id < cast::EDGE_COUNT,
            restored_at: None,
            sleeps_until: 0,
            will_be_renamed: false,
            is_running: false,
            run: 0,
            nonce: BootNonce([0; 16]),
            clock_error_ms: 0,
            disk: Disk::default(),
            writer: Writer::default(),
            link: None,
            calls: Calls::default(),
        }
    }
}

/// What a tablet hears of a stored command; mirrors `edge-node/src/intake/reply.rs`, texts aside.
pub fn reply(edge: &EdgeId, stored: &Stored, order: Option<wire::Order>) -> Reply {
    let receipt = wire::Receipt {
        edge: edge.clone(),
        epoch: stored.epoch,
        seq: stored.at.seq,
        hash: stored.at.hash,
        command_id: stored.command_id,
        verdict: stored.verdict,
        fence: stored.fence,
        sig: String::new(),
        user_id: Some(stored.user_id),
    };
    let hop = if stored.outcome.is_some() { wire::Hop::Decided } else { wire::Hop::Stored };
    Reply {
        command_id: Some(stored.command_id),
        hop,
        verdict: stored.verdict,
        code: stored.doubt,
        message: None,
        errors: Vec::new(),
        order,
        receipt: Some(receipt),
        outcome: stored.outcome.clone(),
    }
}

pub fn not_taken(command_id: wire::CommandId, code: wire::Code) -> Reply {
    Reply {
        command_id: Some(command_id),
        hop: wire::Hop::Stored,
        verdict: wire::Verdict::NotTaken,
        code: Some(code),
        message: None,
        errors: Vec::new(),
        order: None,
        receipt: None,
        outcome: None,
    }
}
