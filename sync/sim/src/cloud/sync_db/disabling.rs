//! Edges that an operator takes out of service, and their new keys. Mirrors
//! `sync/hub/src/store/edges/disabling.rs` and `sync/hub/src/store/edges.rs`.

use engine::{cloud::EndingEpoch, trusted_time::TrustCutOff};
use planted::is_planted;
use wire::{CommandId, Op, QuarantineWhy, UnixMillis};

use super::{EdgeRow, SyncDb};
use crate::bug::Bug;

impl SyncDb {
    pub fn disable(&mut self, e: usize, since: UnixMillis) {
        let goes_on = is_planted(Bug::DisabledGoesOn);
        let edge = &mut self.edges[e];
        let why = match edge.ending {
            Some(EndingEpoch { epoch, why }) if epoch == edge.epoch => why,
            _ => QuarantineWhy::EdgeRestored,
        };
        edge.ending = Some(EndingEpoch {
            epoch: edge.epoch,
            why,
        });
        edge.cut_off = Some(TrustCutOff {
            epoch: edge.epoch,
            from: since,
        });
        edge.disabling = Some(edge.epoch);
        edge.work_token += 1;
        edge.work_until = UnixMillis(0);
        if !goes_on {
            edge.disabled = true;
            edge.term += 1;
            edge.link_up = false;
        }
    }

    /// Replaces the key after its enrolment code was used.
    pub fn replace_key(&mut self, e: usize) -> u32 {
        let edge = &mut self.edges[e];
        edge.key += 1;
        edge.term += 1;
        (edge.disabled, edge.link_up) = (false, false);
        edge.key
    }

    /// Effective commands that arrived after the time that the operator named.
    pub fn distrusted(&self, e: usize) -> Vec<CommandId> {
        let edge = &self.edges[e];
        let here = edge
            .ops
            .values()
            .map(|op| (edge.epoch, op.arrival, op.succeeded, &op.read));
        let before = edge.old_ops.iter();
        let before = before.map(|((epoch, _), op)| (*epoch, op.arrival, op.succeeded, &op.read));
        let listed = here.chain(before).filter(|(epoch, came, succeeded, _)| {
            *succeeded && edge.distrusts(*epoch, came.received_at)
        });
        let commands = listed.filter_map(|(.., read)| match read.as_deref() {
            Some(Op::Command(op)) => Some(op.command.id),
            _ => None,
        });
        commands.collect()
    }
}

impl EdgeRow {
    /// Returns true if the cloud distrusts an op received at this place and time.
    pub fn distrusts(&self, epoch: u64, received_at: UnixMillis) -> bool {
        self.cut_off
            .is_some_and(|cut_off| cut_off.covers_op(epoch, received_at))
    }
}
