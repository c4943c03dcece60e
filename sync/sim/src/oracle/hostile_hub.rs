//! Promises about the hostile replica: only the holder of the hub's key can command an edge.

use uuid::Uuid;
use wire::{CommandId, UnixMillis};

use super::Oracle;
use crate::edge::EdgeFile;

/// All forgeries of the hostile replica carry this number, far above any real one.
pub(crate) const FORGED: u64 = 1 << 40;

/// The time of a forged decision.
pub(crate) fn forged_at() -> UnixMillis {
    UnixMillis(1 << 40)
}

pub(crate) fn forged_command() -> CommandId {
    CommandId(Uuid::from_u64_pair(FORGED, 0))
}

impl Oracle {
    /// 10. An edge stores only what the hub signed.
    pub fn nothing_forged_is_stored(&mut self, at: u64, file: &EdgeFile) {
        let forged = forged_in(file);
        self.check(at, "nothing_forged_is_stored", forged.is_none(), || {
            let name = &file.book.read().edge_id;
            format!(
                "{name} has {} of the hostile replica",
                forged.unwrap_or_default()
            )
        });
    }

    /// 10. People never see a forgery.
    pub fn nothing_forged_is_told(&mut self, at: u64, held: u64) {
        self.check(at, "nothing_forged_is_told", held < FORGED, || {
            format!("the hostile replica says that op {held} waits")
        });
    }
}

/// The first forged item on disk.
fn forged_in(file: &EdgeFile) -> Option<&'static str> {
    let book = file.book.read();
    let staged = book.staged.as_ref().map_or(0, |staged| staged.feed_seq);
    let numbers = [
        (book.epoch, "an epoch"),
        (book.feed_generation, "a feed"),
        (book.feed_cursor.max(staged), "an image"),
        (book.revocations_version, "a revocation"),
        (book.keys_version, "keys"),
        (book.lease.assignment.policy_version, "a right to assign"),
    ];
    let number = numbers.into_iter().find(|(number, _)| *number >= FORGED);
    let order = || {
        file.orders
            .durable()
            .values()
            .any(|row| row.order.version >= FORGED)
    };
    let asked = || file.knows(forged_command());
    let outcome = || {
        let mut outcomes = file
            .commands
            .durable()
            .values()
            .filter_map(|row| row.outcome.as_ref());
        outcomes.any(|outcome| outcome.decided_at == forged_at())
    };
    let number = number.map(|(_, what)| what);
    number
        .or_else(|| order().then_some("an order"))
        .or_else(|| asked().then_some("an acceptance"))
        .or_else(|| outcome().then_some("an outcome"))
}
