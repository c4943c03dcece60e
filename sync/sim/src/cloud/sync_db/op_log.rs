//! Earlier arrivals of a command at the hub. Mirrors `sync/hub/src/store/op_log.rs`.

use engine::trusted_time::{FirstArrival, OpArrival};
use planted::is_planted;
use wire::{Action, CommandOp, EarlierReceipt, Hash, Op};

use super::{OpStage, SyncDb};
use crate::{bug::Bug, cast};

impl SyncDb {
    pub fn first_arrival(&self, e: usize, op: &CommandOp) -> Option<FirstArrival> {
        let placed = op
            .relogged
            .as_ref()
            .and_then(|before| self.at_place(e, op, before));
        placed
            .or_else(|| self.asked(op))
            .or_else(|| self.elsewhere(e, op))
    }

    fn at_place(&self, e: usize, op: &CommandOp, before: &EarlierReceipt) -> Option<FirstArrival> {
        let id = (0..cast::MACHINE_COUNT).find(|&id| cast::edge(id) == before.edge)?;
        let edge = &self.edges[id];
        let seq = before.at.seq;
        let here = edge.ops.get(&seq).filter(|_| edge.epoch == before.epoch);
        let here = here.map(|row| (row.hash, row.arrival, row.named, &row.read));
        let old = || edge.old_ops.get(&(before.epoch, seq));
        let row = here.or_else(|| old().map(|row| (row.hash, row.arrival, row.named, &row.read)));
        let (hash, came, is_answered, read): (Hash, OpArrival, _, _) = row?;
        if hash != before.at.hash {
            return None;
        }
        let first = self.first(e, op, id, before.epoch, came, read.as_deref())?;
        Some(FirstArrival {
            is_answered,
            ..first
        })
    }

    fn asked(&self, op: &CommandOp) -> Option<FirstArrival> {
        let ask = self.asks.get(&op.command.id)?;
        let same = ask.accept.actor.user_id == op.actor.user_id;
        same.then_some(FirstArrival {
            taken_at: ask.taken_at,
            distrusted: false,
            is_answered: false,
        })
    }

    /// Searches the ops left by ended epochs, and held ops forwarded to this edge.
    fn elsewhere(&self, e: usize, op: &CommandOp) -> Option<FirstArrival> {
        let edges = || self.edges.iter().enumerate();
        let left = edges().flat_map(|(id, edge)| {
            let left = edge.old_ops.iter().filter(|(_, row)| row.left_behind);
            left.map(move |((epoch, _), row)| (id, *epoch, row.arrival, &row.read))
        });
        let others = edges().filter(|(id, edge)| *id != e && edge.region == cast::region(e));
        let held = others.flat_map(|(id, edge)| {
            let held = edge.ops.values().filter(|row| row.state == OpStage::Held);
            held.map(move |row| (id, edge.epoch, row.arrival, &row.read))
        });
        let accepts = op.command.body.order_action() == Some(Action::Accept);
        let mut places = left.chain(held.filter(|_| accepts));
        places
            .find_map(|(id, epoch, came, read)| self.first(e, op, id, epoch, came, read.as_deref()))
    }

    /// `None` if it is another command.
    fn first(
        &self,
        e: usize,
        op: &CommandOp,
        id: usize,
        epoch: u64,
        arrival: OpArrival,
        read: Option<&Op>,
    ) -> Option<FirstArrival> {
        let Some(Op::Command(first)) = read else {
            return None;
        };
        let same = first.command.id == op.command.id
            && first.actor.user_id == op.actor.user_id
            && first.command.body == op.command.body;
        let distrusts = || self.edges[e].distrusts(epoch, arrival.received_at);
        same.then(|| FirstArrival {
            taken_at: arrival.taken_at(first.received_at),
            distrusted: id == e && !is_planted(Bug::RelogWashes) && distrusts(),
            is_answered: false,
        })
    }
}
