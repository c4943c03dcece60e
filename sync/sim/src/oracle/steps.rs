//! Promises checked at each step.

use engine::{cloud::NewOps, view::overlaps_in_time};
use rules::Writes;
use wire::{
    Actor, BootNonce, Code, CommandBody, CommandId, Hash, Op, OrderId, OrderStatus, Outcome,
    OutcomeKind, Receipt, Region, UserId, Verdict,
};

use super::Oracle;
use crate::{
    cast,
    cloud::{LogOutcome, order_db::OrderDb, sync_db::SyncDb},
    edge::{EdgeFile, LoggedCommand, Node},
};

/// The versions of confirmed orders and the cursors before a commit.
pub struct Versions {
    orders: Vec<(OrderId, u64, u64)>,
    cursors: (u64, u64),
    epoch: u64,
    image: Option<Hash>,
}

impl Versions {
    pub fn epoch(&self) -> u64 {
        self.epoch
    }
}

impl Oracle {
    /// 1. An acknowledged command is never lost: its receipt follows its commit.
    pub fn acknowledged(&mut self, at: u64, m: usize, file: &EdgeFile, stored: &LoggedCommand) {
        let book = file.book.read();
        self.acknowledged.insert(stored.command_id);
        if stored.outcome.is_some() && stored.epoch != book.epoch {
            // It was decided in an ended epoch, whose log may be gone.
            return;
        }
        let place = (stored.epoch, stored.head.seq);
        let logged = file.log.read(&place).map(|logged| logged.head);
        let is_there = logged == Some(stored.head);
        self.check(at, "acknowledged_is_never_lost", is_there, || {
            format!(
                "{} acknowledged op {}, which is not on disk",
                book.edge_id, stored.head.seq
            )
        });
        self.suspect_promises_nothing(at, m, stored);
        let before = self
            .machine(m)
            .receipts
            .insert(place, (stored.head, stored.command_id));
        let same = before.is_none_or(|before| before == (stored.head, stored.command_id));
        self.check(at, "acknowledged_is_never_lost", same, || {
            format!(
                "{} gave op {} to two commands",
                book.edge_id, stored.head.seq
            )
        });
    }

    /// 1. The same after a crash, for every receipt since the file was last replaced.
    pub fn edge_is_whole(&mut self, at: u64, m: usize, file: &EdgeFile) {
        let receipts = &self.machine(m).receipts;
        let lost = receipts.iter().find(|(place, (chain, _))| {
            file.log
                .read(place)
                .is_none_or(|logged| logged.head != *chain)
        });
        let lost = lost.map(|(place, _)| *place);
        self.check(at, "acknowledged_is_never_lost", lost.is_none(), || {
            format!(
                "{} has lost op {lost:?}, which it acknowledged",
                file.book.read().edge_id
            )
        });
    }

    pub fn said_hello(&mut self, at: u64, file: &EdgeFile, nonce: BootNonce) {
        let boots = file.log.durable().values().map(|logged| &logged.op);
        let logged = boots
            .rev()
            .any(|op| matches!(op, Op::Boot { nonce: n, .. } if *n == nonce));
        self.check(at, "boot_stands_first", logged, || {
            format!("{} said Hello before its boot op", file.book.read().edge_id)
        });
    }

    /// 8. A frame of another session changes nothing in this one.
    pub fn stray_taken(&mut self, at: u64, kind: &str, passed_over: bool) {
        self.check(
            at,
            "a_frame_counts_in_its_session_alone",
            passed_over,
            || format!("{kind} of another session was taken"),
        );
    }

    pub fn versions_at(&self, file: &EdgeFile) -> Versions {
        let rows = file.orders.durable().iter();
        let orders = rows
            .map(|(id, row)| (*id, row.order.version, row.feed_version))
            .collect();
        let book = file.book.read();
        let cursors = (book.outcome_cursor, book.feed_cursor);
        let epoch = book.epoch;
        Versions {
            orders,
            cursors,
            epoch,
            image: book.snapshot,
        }
    }

    /// Returns true if a snapshot has since become the view.
    pub fn has_image(&self, before: &Versions, file: &EdgeFile) -> bool {
        file.book.read().snapshot != before.image
    }

    /// 7. Versions never fall, and pending ops show in the view.
    pub fn edge_committed(&mut self, at: u64, m: usize, file: &EdgeFile, before: &Versions) {
        // The feed did not deliver an order outside the snapshot.
        let imaged = self.has_image(before, file);
        let lowered = before.orders.iter().find(|(id, version, feed_version)| {
            let Some(row) = file.orders.read(id) else {
                return !self.is_strange(*id);
            };
            row.order.version < *version || (row.feed_version < *feed_version && !imaged)
        });
        let lowered = lowered.map(|(id, ..)| *id);
        self.check(at, "versions_never_fall", lowered.is_none(), || {
            format!(
                "{} went back on order {lowered:?}",
                file.book.read().edge_id
            )
        });
        let book = file.book.read();
        let forward = book.outcome_cursor >= before.cursors.0 || book.epoch > before.epoch;
        self.check(at, "cursors_never_fall", forward, || {
            format!("the outcome cursor of {} went back", book.edge_id)
        });
        self.hears_witnesses(at, m, file);
        if imaged {
            self.image_is_the_view(at, cast::region(m), file);
        }
        self.what_waits_shows_in_the_view(at, file);
    }

    /// 7. A command overlays the view exactly while it has no outcome.
    pub fn what_waits_shows_in_the_view(&mut self, at: u64, file: &EdgeFile) {
        let waiting = file
            .commands
            .durable()
            .values()
            .filter(|stored| stored.outcome.is_none());
        let shown = file.pending.durable();
        let missing = waiting
            .clone()
            .find(|stored| !shown.contains_key(&(stored.epoch, stored.head.seq)));
        let missing = missing.map(|stored| stored.head.seq);
        let as_many = waiting.count() == shown.len();
        self.check(
            at,
            "what_waits_shows_in_the_view",
            missing.is_none() && as_many,
            || {
                format!(
                    "{}: op {missing:?} has no outcome and is not pending",
                    file.book.read().edge_id
                )
            },
        );
    }

    /// 1. A repeat gets the stored answer under the same receipt, as long as its epoch lasts.
    pub fn tablet_heard(
        &mut self,
        at: u64,
        before: Option<&Receipt>,
        now: Option<&Receipt>,
        disturbed: bool,
    ) {
        let (Some(before), Some(now)) = (before, now) else {
            return;
        };
        let other = (&before.edge, before.epoch) != (&now.edge, now.epoch);
        self.check(
            at,
            "a_repeat_gets_what_was_stored",
            other
                || disturbed
                || Receipt {
                    sig: now.sig.clone(),
                    ..before.clone()
                } == *now,
            || format!("{} logged command {} twice", now.edge, now.command_id),
        );
    }

    /// 1. The hub's ops are on the edge's disk, byte for byte. Ops sent before the file was
    ///    replaced cannot be checked.
    pub fn hub_stored(&mut self, at: u64, m: usize, node: &Node, began: u64, ops: &NewOps) {
        let file = &node.file;
        if node
            .restored_at
            .is_some_and(|restored_at| restored_at >= began)
        {
            return;
        }
        self.takes(at, m, ops);
        let same = ops.ops.iter().all(|op| {
            let logged = file.log.read(&(ops.epoch, op.head.seq));
            logged.is_some_and(|logged| logged.head == op.head && logged.bytes == op.bytes)
        });
        self.check(at, "the_hub_holds_what_the_edge_logged", same, || {
            let name = &file.book.read().edge_id;
            format!(
                "ops after {} are not those in the log of {name}",
                ops.after.seq
            )
        });
    }

    /// 2, 3. A command changes its order once; an order follows its state machine, one version at a
    /// time, and never moves directly between providers.
    pub fn order_commits(&mut self, at: u64, db: &OrderDb, writes: &Writes) {
        self.stranger_changes_nothing(at, writes);
        for line in writes
            .timeline
            .iter()
            .filter(|line| line.entry.from != Some(line.entry.to))
        {
            let effects = self.effects.entry(line.entry.command_id).or_default();
            *effects += 1;
            let once = *effects == 1;
            let id = line.entry.command_id;
            self.check(at, "takes_effect_at_most_once", once, || {
                format!("command {id} did twice")
            });
            self.takes_its_version(at, line.order_id, line.entry.version);
        }
        for write in &writes.orders {
            let after = &write.after.order;
            let before = db.orders.get(&after.id).map(|standing| &standing.order);
            let provider = before.and_then(|order| order.provider_id);
            let kept = provider.is_none()
                || after.provider_id == provider
                || (after.provider_id.is_none() && after.status == OrderStatus::Pending)
                || self.withdrawn_between(writes, after.id);
            self.check(at, "one_provider_per_order", kept, || {
                format!(
                    "order {} went from {provider:?} to {:?}",
                    after.id, after.provider_id
                )
            });
        }
    }

    /// A provider's open jobs take different hours, apart from promises that are listed.
    pub fn books_once(&mut self, at: u64, db: &OrderDb, writes: &Writes) {
        for write in &writes.orders {
            let order = &write.after.order;
            let Some(provider) = order.provider_at_work() else {
                continue;
            };
            let is_listed = |id| db.double_booked.contains(&(id, provider));
            let mut jobs = db.jobs_of(provider);
            let clash = jobs.find(|job| {
                overlaps_in_time(job, order) && !is_listed(job.id) && !is_listed(order.id)
            });
            let clash = clash.map(|job| job.id);
            self.check(at, "a_provider_is_booked_once", clash.is_none(), || {
                format!(
                    "{provider} has order {} at the hours of order {clash:?}",
                    order.id
                )
            });
        }
    }

    /// 3. Each version of an order is made once.
    fn takes_its_version(&mut self, at: u64, order: OrderId, version: u64) {
        let before = self.versions.insert(order, version).unwrap_or(0);
        self.check(at, "one_provider_per_order", version == before + 1, || {
            format!("order {order} went from version {before} to {version}")
        });
    }

    /// One batch may hold a withdrawal and the ops after it.
    fn withdrawn_between(&self, writes: &Writes, order: OrderId) -> bool {
        writes.timeline.iter().any(|line| {
            line.order_id == order
                && line.entry.from == Some(OrderStatus::Accepted)
                && line.entry.to == OrderStatus::Pending
        })
    }

    /// 5. Every change writes its event in the same transaction.
    pub fn events_stand(&mut self, at: u64, db: &OrderDb, writes: &Writes, numbers: &[u64]) {
        let changes = writes
            .timeline
            .iter()
            .filter(|line| line.entry.from != Some(line.entry.to));
        let all = changes.clone().all(|line| {
            numbers
                .iter()
                .filter_map(|number| db.outbox.get(number))
                .any(|row| {
                    row.event.order().is_some_and(|order| {
                        order.id == line.order_id && order.version == line.entry.version
                    })
                })
        });
        let which = changes.map(|line| line.order_id).next();
        self.check(at, "every_change_has_its_event", all, || {
            format!("order {which:?} has none")
        });
    }

    /// 6. The feed has no gaps and never goes back on an order.
    pub fn fed(&mut self, at: u64, db: &SyncDb, region: Region) {
        self.says(at, db, region);
        let Some(row) = db.region(region) else { return };
        let mut newest = row.feed.iter().rev().take(2);
        let last = newest.next().map(|(number, _)| *number);
        let end = last == Some(row.feed_seq) || row.feed.is_empty();
        self.check(at, "the_feed_has_no_gap", end, || {
            format!("{region} ends at {last:?}")
        });
        if let (Some(last), Some((before, _))) = (last, newest.next()) {
            self.check(at, "the_feed_has_no_gap", last == before + 1, || {
                format!("{region} goes from {before} to {last}")
            });
        }
    }

    /// 4. The hub passes on the owner's stored answers, never its own.
    pub fn hub_decided(
        &mut self,
        at: u64,
        e: usize,
        sync_db: &SyncDb,
        orders: &OrderDb,
        decided: &LogOutcome,
    ) {
        let Some(row) = sync_db.edges[e].ops.get(&decided.seq) else {
            return;
        };
        let Some(Op::Command(op)) = row.read.as_deref() else {
            return;
        };
        let id = op.command.id;
        let body = &op.command.body;
        let outcome = &decided.outcome;
        let answer = orders.commands.get(&(id, Some(op.actor.user_id)));
        let answer = answer.or_else(|| orders.commands.get(&(id, None)));
        let own = answer.filter(|answer| answer.hash == body.hash());
        let backed = match (own, answer) {
            // No valid token vouches for the op, so it gets no stored answer.
            (Some(_), _) if outcome.code == Some(Code::InvalidToken) => true,
            (Some(own), _) => {
                own.applied == outcome.has_succeeded() && code_of(outcome) == own.code
            }
            (None, Some(_)) => code_of(outcome) == Some(Code::CommandIdReused),
            (None, None) => false,
        };
        self.spares_the_honest(at, e, op, outcome);
        self.check(at, "an_outcome_is_what_was_decided", backed, || {
            format!(
                "op {} of edge {e}: told {outcome:?}, stored {answer:?}",
                decided.seq
            )
        });
        let region = sync_db.edges[e].region;
        self.judges_by_known_rules(at, orders, region, op, outcome);
        self.starts_unpaid_only_cut_off(at, orders, region, row.hash, op, outcome);
        self.lists_work_in_vain(at, orders, op, outcome);
        self.answers_no_held(at, decided.seq, outcome);
        // Another log may hold the same command. The edge that answered firm reports the outcome,
        // also under another epoch or name.
        let relogged = op.relogged.as_ref();
        let was_firm = relogged.is_some_and(|first| first.verdict == Verdict::Firm);
        if op.verdict == Verdict::Firm || was_firm {
            let who = (id, op.actor.user_id, body.hash());
            let knows_less =
                op.revocations_version.unwrap_or_default() < row.arrival.bounds.knows_to;
            let forgot = knows_less && self.forgetful.contains(&cast::edge(e));
            self.keeps_firm(
                at,
                orders,
                sync_db.edges[e].region,
                who,
                relogged,
                forgot,
                outcome,
            );
        }
        self.told(at, id, op.actor, body, outcome);
    }

    pub fn edge_was_told(&mut self, at: u64, stored: &LoggedCommand) {
        if let Some(outcome) = &stored.outcome {
            self.heard(at, stored.command_id, stored.user_id, stored.hash, outcome);
        }
    }

    /// 4. A reported outcome is never contradicted.
    pub fn told(
        &mut self,
        at: u64,
        id: CommandId,
        actor: Actor,
        body: &CommandBody,
        outcome: &Outcome,
    ) {
        self.heard(at, id, actor.user_id, body.hash(), outcome);
    }

    fn heard(&mut self, at: u64, id: CommandId, user: UserId, hash: wire::Hash, outcome: &Outcome) {
        if self.is_by_dead_token(id) {
            // A forged command has no sender, so no one sees its outcome.
            return;
        }
        let now = (outcome.has_succeeded(), code_of(outcome));
        let before = *self.told.entry((id, user, hash)).or_insert(now);
        self.check(
            at,
            "an_outcome_is_never_contradicted",
            before == now,
            || format!("command {id} was told {before:?}, then {now:?}"),
        );
    }
}

/// The code of the decision itself, first or repeated.
fn code_of(outcome: &Outcome) -> Option<Code> {
    match outcome.kind {
        OutcomeKind::Duplicate => outcome.first.as_ref().and_then(|first| first.code),
        OutcomeKind::Applied | OutcomeKind::Rejected => outcome.code,
    }
}
