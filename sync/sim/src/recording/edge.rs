//! What one edge's file was asked to write, by committed group.

use engine::edge::{EdgeWrite, Position};
use wire::{Ask, BootNonce, Chain, Code, CommandId, EdgeId, Order, Region, UnixMillis};

use crate::edge::{Entered, Entry, Node, Stored, Write, Wrote};

#[derive(Debug)]
pub struct EdgeRecording {
    pub edge: EdgeId,
    pub region: Region,
    pub steps: Vec<EdgeStep>,
    /// Every command as it stood in the end, with its order as then seen.
    pub last: Vec<(Stored, Option<Order>)>,
}

/// A write and what the model said to it, or how the file stood after a commit.
#[derive(Debug)]
pub enum EdgeStep {
    /// A process has opened the file and logged its boot. `mark` is what the high-water file said.
    Booted {
        nonce: BootNonce,
        at: UnixMillis,
        mark: Option<Chain>,
    },
    Entered {
        entry: Box<Entry>,
        said: Box<Entered>,
    },
    /// What the link brought, and the commands that have their outcome by it.
    Linked {
        what: EdgeWrite,
        at: UnixMillis,
        settled: Vec<CommandId>,
    },
    /// An accept that was made elsewhere.
    Asked {
        ask: Box<Ask>,
        at: UnixMillis,
    },
    Suspected {
        at: UnixMillis,
    },
    Committed(Box<Position>),
}

#[derive(Debug)]
pub(crate) struct Notes {
    done: EdgeRecording,
    /// Executed and not committed yet.
    open: Vec<EdgeStep>,
}

/// The write as it is offered to the file; what is said to it comes with its execution.
pub(crate) fn offered(write: &Write, node: &Node, at: UnixMillis) -> EdgeStep {
    match write {
        Write::Boot => {
            // No other epoch is recorded.
            let mark = node.file.mark.written.map(|(_, mark)| mark);
            EdgeStep::Booted { nonce: node.nonce, at, mark }
        }
        Write::Enter { entry, .. } => {
            let (command_id, code) = (entry.command.id, Code::StorageFull);
            let said = Box::new(Entered::NotTaken { command_id, code });
            EdgeStep::Entered { entry: entry.clone(), said }
        }
        Write::Link { what, .. } => {
            EdgeStep::Linked { what: what.clone(), at, settled: Vec::new() }
        }
        Write::Ask { ask, .. } => EdgeStep::Asked { ask: ask.clone(), at },
        Write::Suspect => EdgeStep::Suspected { at },
    }
}

impl Notes {
    pub fn of(edge: EdgeId, region: Region) -> Self {
        let done = EdgeRecording { edge, region, steps: Vec::new(), last: Vec::new() };
        Self { done, open: Vec::new() }
    }

    pub fn executed(&mut self, mut step: EdgeStep, wrote: &Wrote) {
        match (&mut step, wrote) {
            (EdgeStep::Entered { said, .. }, Wrote::Entered { entered, .. }) => {
                said.clone_from(entered);
            }
            (EdgeStep::Linked { settled, .. }, Wrote::Linked { settled: done, .. }) => {
                settled.extend(done.iter().map(|settled| settled.command_id));
            }
            _ => {}
        }
        self.open.push(step);
    }

    pub fn commits(&mut self, position: Position) {
        if self.open.is_empty() {
            return;
        }
        self.done.steps.append(&mut self.open);
        self.done.steps.push(EdgeStep::Committed(Box::new(position)));
    }

    pub fn forgets(&mut self) {
        self.open.clear();
    }

    pub fn ends(&mut self, node: &Node) {
        let commands = node.file.commands.durable().values();
        self.done.last = commands
            .map(|stored| (Stored::clone(stored), node.file.sight(stored.order_id).order))
            .collect();
    }

    pub fn done(self) -> EdgeRecording {
        self.done
    }
}
