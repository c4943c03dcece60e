//! The writes of one edge's file, by committed group.

use engine::edge::{EdgeFilePosition, EdgeWrite};
use wire::{
    BootNonce, ChainHead, Code, CommandId, EdgeId, ForwardedAcceptFrame, Order, Region, UnixMillis,
};

use crate::edge::{CommandEntry, EdgeJob, EdgeJobResult, EntryResult, LoggedCommand, Node};

#[derive(Debug)]
pub struct EdgeRecording {
    pub edge: EdgeId,
    pub region: Region,
    pub steps: Vec<EdgeStep>,
    /// Every command's final state, with its order as last seen.
    pub last: Vec<(LoggedCommand, Option<Order>)>,
}

/// A write with the model's answer, or the state of the file after a commit.
#[derive(Debug)]
pub enum EdgeStep {
    /// A process opened the file and logged its boot. `mark` is the content of the high-water file.
    Booted {
        nonce: BootNonce,
        at: UnixMillis,
        mark: Option<ChainHead>,
    },
    Entered {
        entry: Box<CommandEntry>,
        said: Box<EntryResult>,
    },
    /// A write from the link, and the commands that it settled.
    Linked {
        what: EdgeWrite,
        at: UnixMillis,
        settled: Vec<CommandId>,
    },
    /// An accept made elsewhere.
    Asked {
        ask: Box<ForwardedAcceptFrame>,
        at: UnixMillis,
    },
    Suspected {
        at: UnixMillis,
    },
    Committed(Box<EdgeFilePosition>),
}

#[derive(Debug)]
pub(crate) struct EdgeNotes {
    done: EdgeRecording,
    /// Executed and not committed yet.
    open: Vec<EdgeStep>,
}

/// The write as offered to the file. Executing it fills in the answer.
pub(crate) fn record_offered_job(write: &EdgeJob, node: &Node, at: UnixMillis) -> EdgeStep {
    match write {
        EdgeJob::Boot => {
            // Only one epoch is recorded.
            let mark = node.file.mark.written.map(|(_, mark)| mark);
            EdgeStep::Booted {
                nonce: node.nonce,
                at,
                mark,
            }
        }
        EdgeJob::Enter { entry, .. } => {
            let command_id = entry.command.id;
            let code = Code::StorageFull;
            let said = Box::new(EntryResult::NotTaken { command_id, code });
            EdgeStep::Entered {
                entry: entry.clone(),
                said,
            }
        }
        EdgeJob::Link { what, .. } => EdgeStep::Linked {
            what: what.clone(),
            at,
            settled: Vec::new(),
        },
        EdgeJob::Ask { ask, .. } => EdgeStep::Asked {
            ask: ask.clone(),
            at,
        },
        EdgeJob::Suspect => EdgeStep::Suspected { at },
    }
}

impl EdgeNotes {
    pub(crate) fn of(edge: EdgeId, region: Region) -> Self {
        let done = EdgeRecording {
            edge,
            region,
            steps: Vec::new(),
            last: Vec::new(),
        };
        Self {
            done,
            open: Vec::new(),
        }
    }

    pub(crate) fn executed(&mut self, mut step: EdgeStep, wrote: &EdgeJobResult) {
        match (&mut step, wrote) {
            (EdgeStep::Entered { said, .. }, EdgeJobResult::Entered { entered, .. }) => {
                said.clone_from(entered);
            }
            (EdgeStep::Linked { settled, .. }, EdgeJobResult::Linked { settled: done, .. }) => {
                settled.extend(done.iter().map(|settled| settled.command_id));
            }
            _ => {}
        }
        self.open.push(step);
    }

    pub(crate) fn commits(&mut self, position: EdgeFilePosition) {
        if self.open.is_empty() {
            return;
        }
        self.done.steps.append(&mut self.open);
        self.done
            .steps
            .push(EdgeStep::Committed(Box::new(position)));
    }

    pub(crate) fn forgets(&mut self) {
        self.open.clear();
    }

    pub(crate) fn ends(&mut self, node: &Node) {
        let commands = node.file.commands.durable().values();
        self.done.last = commands
            .map(|stored| {
                (
                    LoggedCommand::clone(stored),
                    node.file.sight(stored.order_id).order,
                )
            })
            .collect();
    }

    pub(crate) fn done(self) -> EdgeRecording {
        self.done
    }
}
