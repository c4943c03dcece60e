//! The end of a run: all faults are lifted, everything in transit arrives, and then all views must
//! be equal.

use super::{World, WorldEvent, promises};
use crate::cast;

/// The deadline after the faults are lifted, in virtual time. An edge calls at least every half
/// minute.
const SILENT_WITHIN_MS: u64 = 150_000;

impl World {
    pub(crate) fn look_for_silence(&mut self) {
        let waits_for = self.waits_for();
        let out_of_time = self.now > self.plan.heals_at + SILENT_WITHIN_MS;
        if waits_for.is_some() && !out_of_time {
            self.later(1_000, WorldEvent::IsItSilent);
            return;
        }
        self.is_silent = true;
        let says = waits_for.clone();
        self.note(16, 0, |_| match says {
            None => "silence".to_owned(),
            Some(what) => format!("no silence comes: {what}"),
        });
        promises::check_at_silence(self);
        if let Some(what) = waits_for {
            self.oracle.broken(self.now, "silence_comes", || what);
        }
    }

    fn waits_for(&self) -> Option<String> {
        (0..cast::MACHINE_COUNT)
            .filter(|&m| self.edges[m].is_there)
            .find_map(|m| self.edge_waits_for(m))
            .or_else(|| self.cloud_waits_for())
            .or_else(|| self.people_wait_for())
    }

    fn edge_waits_for(&self, e: usize) -> Option<String> {
        let edge = &self.edges[e];
        let row = &self.sync_db.edges[self.edges[e].id];
        let book = edge.file.book.read();
        let name = &edge.edge_id;
        let region = self.sync_db.region(edge.region)?;
        let feed_seq = region.feed_seq;
        let open = edge
            .link
            .as_ref()
            .is_some_and(|link| link.machine.is_open());
        let waits = [
            (!edge.is_running, "does not run"),
            (book.suspect, "is suspect"),
            (!open, "has no link"),
            (
                row.epoch != book.epoch,
                "is in another epoch than it should be",
            ),
            (edge.writer.committing.is_some(), "is writing"),
            (
                row.cursor.seq < book.head.seq,
                "has ops that the hub has not",
            ),
            (row.undecided > 0, "has ops that are not decided"),
            (
                book.outcome_cursor < row.outcome_count,
                "has outcomes to come",
            ),
            (book.feed_cursor < feed_seq, "has changes to come"),
            (
                !edge.file.pending.durable().is_empty(),
                "has commands that wait",
            ),
            (
                book.feed_generation != region.feed_generation,
                "reads a feed that is no more",
            ),
            (row.repair_asked_at.is_some(), "has an image to come"),
            (
                book.tally.ahead > 0,
                "has orders that its feed has not brought",
            ),
            (
                book.tally.digest != region.digest,
                "has another view than the cloud",
            ),
        ];
        waits
            .iter()
            .find(|(is, _)| *is)
            .map(|(_, what)| format!("{name} {what}"))
    }

    fn cloud_waits_for(&self) -> Option<String> {
        let waits = [
            (!self.orders.is_running, "the order service does not run"),
            (!self.orders.open.is_empty(), "a transaction is open"),
            (
                self.order_db.outbox.values().any(|row| !row.is_sent),
                "events wait in the outbox",
            ),
            (
                !self.operator.has_ended_all || self.operator.waiting > 0,
                "an operator waits",
            ),
            (
                cast::REGIONS
                    .iter()
                    .any(|region| self.order_db.rights.is_held(*region)),
                "a region is held",
            ),
            (
                self.sync_db
                    .edges
                    .iter()
                    .any(|edge| edge.disabling.is_some()),
                "a disabling waits",
            ),
            (self.thief.is_about(), "a stolen edge waits for its key"),
            (!self.sync_db.asks.is_empty(), "accepts wait at the hub"),
            (!self.bus.queue.is_empty(), "events wait on the bus"),
            (
                !self.bus.unconfirmed.is_empty(),
                "events are being consumed",
            ),
            (!self.feeds_have_all(), "a feed differs from its owner"),
        ];
        waits
            .iter()
            .find(|(is, _)| *is)
            .map(|(_, what)| (*what).to_owned())
    }

    fn people_wait_for(&self) -> Option<String> {
        let tablet = self
            .tablets
            .iter()
            .position(|t| !t.is_gone && t.items.iter().any(|item| !item.is_done()));
        let desk = self
            .desk
            .items
            .iter()
            .position(|asking| !asking.is_answered);
        tablet
            .map(|t| format!("tablet {t} has no answer to a command"))
            .or_else(|| desk.map(|item| format!("request {item} at the portal has no answer")))
    }
}
