//! A session that quarantines its edge: the Quarantine frame goes out in parts, each with a run of
//! the edge's lost ops.
//!
//! Invariant: the parts are consecutive, so the edge can place every op. One read is pending at a
//! time, so a long tail is never in memory as a whole.

use wire::{BootNonce, Frame, Hello, Quarantine, TailPart};

use super::{LogPosition, LogTail, QuarantineGrant, SyncSessionOutput};

#[derive(Debug)]
pub(super) struct TailReturn {
    old_epoch: u64,
    old_nonce: BootNonce,
    granted: QuarantineGrant,
    next: u32,
}

impl TailReturn {
    pub(super) fn new(hello: &Hello, granted: QuarantineGrant) -> (Self, Vec<SyncSessionOutput>) {
        let returning = Self {
            old_epoch: hello.epoch,
            old_nonce: hello.nonce,
            granted,
            next: 0,
        };
        (returning, vec![SyncSessionOutput::ReadTail(granted.known)])
    }

    pub(super) fn send(&mut self, tail: LogTail) -> Vec<SyncSessionOutput> {
        let LogTail {
            epoch,
            first_seq,
            first_hash,
            ops,
            more,
        } = tail;
        let through = LogPosition {
            epoch,
            seq: (first_seq + ops.len() as u64).saturating_sub(1),
        };
        let more = more && !ops.is_empty();
        // The last of several parts names its index even if empty, so that the edge notices a lost
        // part.
        let part = (self.next > 0 || !ops.is_empty()).then_some(TailPart {
            index: self.next,
            epoch,
            first_seq,
            first_hash,
            more,
        });
        self.next += 1;
        let frame = Quarantine {
            old_epoch: self.old_epoch,
            old_nonce: self.old_nonce,
            new_epoch: self.granted.epoch,
            grant: self.granted.grant,
            last_accepted: self.granted.last_accepted,
            why: self.granted.why,
            tail: ops.into_iter().map(Into::into).collect(),
            part,
        };
        let next = more.then_some(SyncSessionOutput::ReadTail(through));
        [SyncSessionOutput::Send(Frame::Quarantine(frame))]
            .into_iter()
            .chain(next)
            .collect()
    }
}
