//! One machine of an edge: its file, its process, and its end of the link. A crash loses the
//! process's memory; the file's committed part stays.

mod file;

use std::collections::VecDeque;

use engine::edge::{EdgeProtocol, EdgeWrite, HubCheck, LinkStep};
use wire::{BootNonce, Challenge, EdgeId, ForwardedAcceptFrame, Frame, FrameProof, Region, Reply};

use crate::cast;

pub use file::{CommandEntry, EntryResult, LoggedCommand};
pub(crate) use file::{CommandName, EdgeFile, LogPlace, SettledCommand, SuspicionCause};

/// A machine with its process and the process's memory.
pub struct Node {
    /// The edge of this machine.
    pub id: usize,
    pub edge_id: EdgeId,
    pub region: Region,
    /// The number of its key, which signs and verifies its receipts.
    pub key: u32,
    /// False until the copy exists, for a copy's machine.
    pub is_there: bool,
    pub file: EdgeFile,
    /// Time of the file's last replacement.
    pub restored_at: Option<u64>,
    /// Frozen until then; everything sent to it waits.
    pub sleeps_until: u64,
    /// An operator is about to rename it.
    pub will_be_renamed: bool,
    pub is_running: bool,
    /// Numbers the processes, so that none handles work meant for an earlier one.
    pub run: u32,
    pub nonce: BootNonce,
    pub clock_error_ms: i64,
    pub disk: Disk,
    pub writer: CommitQueue,
    pub link: Option<EdgeLink>,
    pub calls: Calls,
}

#[derive(Debug, Default)]
pub struct Disk {
    pub is_full: bool,
    pub is_slow: bool,
    /// The next commit ends in a crash that lasts this long.
    pub crashes_in_commit: Option<u64>,
}

/// Mirrors `journal::writer`: when free, it takes the waiting writes, executes them and commits
/// them as one group. Answers leave after the commit.
#[derive(Default)]
pub struct CommitQueue {
    pub waiting: VecDeque<EdgeJob>,
    pub committing: Option<Vec<EdgeJobResult>>,
    /// Part of the group is stored.
    pub keeps: bool,
}

#[derive(Clone)]
pub enum EdgeJob {
    Boot,
    Enter {
        tablet: usize,
        entry: Box<CommandEntry>,
    },
    /// A write that the link's session waits for.
    Link {
        conn: usize,
        what: EdgeWrite,
    },
    /// An accept made elsewhere.
    Ask {
        conn: usize,
        ask: Box<ForwardedAcceptFrame>,
    },
    /// The hub and the log disagree.
    Suspect,
}

pub enum EdgeJobResult {
    Boot {
        failed: bool,
    },
    Entered {
        tablet: usize,
        entered: Box<EntryResult>,
    },
    Linked {
        conn: usize,
        settled: Vec<SettledCommand>,
        begun: bool,
        failed: bool,
    },
    Asked {
        conn: usize,
    },
    Suspect,
}

/// Mirrors `edge-node/src/link/session.rs`: carries out the engine's steps, one at a time.
pub struct EdgeLink {
    pub conn: usize,
    pub machine: EdgeProtocol,
    pub todo: VecDeque<LinkStep>,
    pub inbox: VecDeque<LinkFrame>,
    pub knows: HubKnowledge,
    /// Waits for the file.
    pub is_storing: bool,
    /// The log has grown since the last look.
    pub has_moved: bool,
    pub was_up: bool,
    pub heard_at: u64,
    pub pinged_at: u64,
    pub acked_at: u64,
    /// Welcome's session, for the bug that treats every frame as part of this session.
    pub link_session: Option<wire::LinkSessionId>,
}

/// A received frame with the result of its signature check.
pub struct LinkFrame {
    pub frame: Frame,
    pub proof: FrameProof,
    /// Sent in another session.
    pub is_stray: bool,
}

/// A machine's knowledge of its hub in one session. Mirrors `HubTrust` of
/// `protocol/process/src/seal.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HubKnowledge {
    /// The previous version, which checks no frames.
    Unchecked,
    Key,
    /// No key yet, on a line that others can write to.
    NoKey,
}

impl HubKnowledge {
    pub fn check(self) -> HubCheck {
        let challenge = Some(Challenge([0; 32]));
        match self {
            Self::Unchecked => HubCheck::default(),
            Self::Key => HubCheck {
                challenge,
                pinned: true,
                plain_line: false,
            },
            Self::NoKey => HubCheck {
                challenge,
                pinned: false,
                plain_line: true,
            },
        }
    }

    /// Line faults leave signatures intact, so that the engine's own guards are exercised, too.
    pub fn proof(self, is_forged: bool) -> FrameProof {
        match self {
            Self::Key if is_forged => FrameProof::Forged,
            Self::NoKey => FrameProof::Unsigned,
            Self::Key | Self::Unchecked => FrameProof::Signed,
        }
    }
}

/// The time of the link's next call; mirrors `edge-node/src/link.rs`.
#[derive(Debug, Default)]
pub struct Calls {
    pub lost_at: u64,
    pub attempt: u32,
    pub started_at: u64,
    /// The ended session still has a write pending. The value is true if it was up.
    pub waits: Option<bool>,
}

impl Node {
    pub fn new(id: usize) -> Self {
        let edge_id = cast::edge(id);
        Self {
            id,
            file: EdgeFile::new(edge_id.clone()),
            edge_id,
            region: cast::region(id),
            key: 0,
            is_there: id < cast::EDGE_COUNT,
            restored_at: None,
            sleeps_until: 0,
            will_be_renamed: false,
            is_running: false,
            run: 0,
            nonce: BootNonce([0; 16]),
            clock_error_ms: 0,
            disk: Disk::default(),
            writer: CommitQueue::default(),
            link: None,
            calls: Calls::default(),
        }
    }
}

/// The reply for a stored command. Mirrors `edge-node/src/intake/reply.rs`, without the texts.
pub(crate) fn reply(edge: &Node, stored: &LoggedCommand, order: Option<wire::Order>) -> Reply {
    let receipt = wire::Receipt {
        edge: edge.edge_id.clone(),
        epoch: stored.epoch,
        seq: stored.head.seq,
        hash: stored.head.hash,
        command_id: stored.command_id,
        verdict: stored.verdict,
        fence: stored.fence,
        sig: signature(edge.key),
        user_id: Some(stored.user_id),
        body: None,
    };
    let hop = if stored.outcome.is_some() {
        wire::Hop::Decided
    } else {
        wire::Hop::Stored
    };
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
        limit: None,
    }
}

/// The only part of a signature that the model checks.
pub(crate) fn signature(key: u32) -> String {
    key.to_string()
}

pub(crate) fn not_taken(command_id: wire::CommandId, code: wire::Code) -> Reply {
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
        limit: None,
    }
}
