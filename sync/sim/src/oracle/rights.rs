//! Promises of the right to assign, checked as things happen.

use std::collections::BTreeSet;

use rules::{Assignment, AssignmentTurn, Seat, Submission, Writes};
use wire::{
    Action, Code, CommandBody, CommandId, CommandOp, Hash, Op, OrderStatus, Outcome, OutcomeKind,
    PortalAccept, QuarantineWhy, Region, Relogged, Role, Verdict,
};

use super::{CommandIdentity, Firm, Oracle};
use crate::{
    cloud::{DecisionRequest, order_db::OrderDb, sync_db::SyncDb},
    edge::{EdgeFile, EntryResult},
};

impl Oracle {
    pub fn heard_firm(&mut self, whose: CommandIdentity, fence: Option<u64>, alone: bool) {
        self.firm.entry(whose).or_insert(Firm { fence, alone });
    }

    /// A command with a firm receipt is sent nowhere else, unless a restore has taken it back.
    pub fn is_repeated(&mut self, whose: CommandIdentity) {
        if let Some(firm) = self.firm.get_mut(&whose) {
            firm.alone = false;
        }
    }

    /// A firm acceptance is never overturned, save by a take-back on record. A provider who had
    /// sent it nowhere else then hears this reason. `forgot` says that the edge's file was put
    /// back, and that the edge had acknowledged more revocations than it names with the command.
    #[expect(clippy::too_many_arguments, reason = "each is a fact of another place of the run")]
    pub fn keeps_firm(
        &mut self,
        at: u64,
        db: &OrderDb,
        region: Region,
        who: CommandIdentity,
        relogged: Option<&Relogged>,
        forgot: bool,
        outcome: &Outcome,
    ) {
        let Some(Firm { fence, alone }) = self.firm.get(&who).copied() else { return };
        if outcome.succeeded() {
            return;
        }
        if outcome.code == Some(Code::CommandIdReused) {
            // A broken app has used the id for another command, before.
            return;
        }
        let holder = fence.and_then(|fence| db.rights.was_of(region, fence));
        if self.was_stolen(holder) {
            return;
        }
        if forgot && outcome.code == Some(Code::Revoked) {
            // Nobody can tell it from a thief who acts as if the edge had not heard of the
            // revocation.
            return;
        }
        let end = fence.and_then(|fence| db.rights.end_of(region, fence));
        // Of two machines of one edge the first to connect is the edge. The promises of the other
        // are logged anew with the reason.
        let copied = relogged.is_some_and(|first| self.cloned.contains(&first.edge));
        // A restored file goes on under a right that its log had given back by then: on record is
        // the end of its epoch. A log that was not restored has that op before the release,
        // decided.
        let given_back = end.is_some_and(|end| !end.how.is_take_back());
        let restored = given_back
            && relogged.is_some_and(|first| {
                let seat = Seat { edge: first.edge.clone(), epoch: first.epoch };
                first.why == QuarantineWhy::EdgeRestored && db.rights.is_over(&seat)
            });
        let on_record = end.is_some_and(|end| end.how.is_take_back()) || copied || restored;
        let code = match outcome.kind {
            OutcomeKind::Duplicate => outcome.first.as_ref().and_then(|first| first.code),
            OutcomeKind::Applied | OutcomeKind::Rejected => outcome.code,
        };
        let explained = outcome.lost.as_ref().is_some_and(|lost| lost.taken_back.is_some());
        // His op was lost with a file and came back by his tablet after he had been revoked: that
        // is why it is refused, and it would stand otherwise.
        let revoked = code == Some(Code::Revoked)
            && relogged.is_some_and(|first| first.why == QuarantineWhy::EdgeRestored);
        // Where no right was taken back there is no such record to tell of.
        let says_so = !alone
            || copied
            || restored
            || explained
            || revoked
            || code.is_some_and(Code::is_broken_promise);
        self.check(at, "firm_is_never_overturned", on_record && says_so, || {
            format!("command {} was firm under fence {fence:?}, and is {code:?}", who.0)
        });
    }

    /// Work that was completed at an edge and counts for nothing is on a person's list.
    pub fn lists_work_in_vain(&mut self, at: u64, db: &OrderDb, op: &CommandOp, told: &Outcome) {
        use Code::{NotYours, OrderCancelled, OrderNotFound, OrderRejected, WrongState};
        let (id, user) = (op.command.id, op.actor.user_id);
        let settled = [NotYours, OrderCancelled, OrderNotFound, OrderRejected, WrongState];
        let refused = told.kind == OutcomeKind::Rejected
            && told.code.is_some_and(|code| settled.contains(&code));
        let completes = op.command.body.action() == Some(Action::Complete);
        let Some(standing) = db.orders.get(&op.command.body.order_id()) else { return };
        if !refused || !completes || op.actor.role != Role::Provider {
            return;
        }
        // It was sent twice, and the work counts.
        let counts = standing.order.provider_id == Some(user)
            && matches!(standing.order.status, OrderStatus::Completed | OrderStatus::Reviewed);
        self.check(at, "work_in_vain_is_listed", counts || db.vain.contains(&(id, user)), || {
            format!("{user} completed order {} for nothing, and nobody is told", standing.order.id)
        });
    }

    /// A tablet sends a command with a firm receipt to no other edge.
    pub fn sends_nowhere_else(&mut self, at: u64, id: CommandId, firm_elsewhere: bool) {
        self.check(at, "what_is_firm_is_sent_nowhere_else", !firm_elsewhere, || {
            format!("command {id} is firm at one edge, and is sent to another")
        });
    }

    /// A holder promises to publish or approve only what a rule of its region covers. Nobody pays
    /// in a run, so no customer is in good standing.
    pub fn promised_by_rule(&mut self, at: u64, file: &EdgeFile, entered: &EntryResult) {
        let EntryResult::Stored { stored, order: Some(order), new: true } = entered else { return };
        let place = (stored.epoch, stored.at.seq);
        let Some(Op::Command(op)) = file.log.get(&place).map(|logged| &logged.op) else { return };
        let by_rule = matches!(
            op.command.body,
            CommandBody::PublishOrder { .. } | CommandBody::ApproveOrder { .. }
        );
        if !by_rule || stored.verdict != Verdict::Firm {
            return;
        }
        let rule = file.book.live.tenure.assignment.rules.approval.as_ref();
        let covered = rule.is_some_and(|rule| rule.allows(order));
        self.check(at, "a_rule_covers_only_what_it_names", covered, || {
            format!("command {} is firm, and no rule covers its order", stored.command_id)
        });
    }

    /// Work on an order that was got by a firm accept is judged by the rules that its edge knew.
    pub fn judges_by_known_rules(
        &mut self,
        at: u64,
        db: &OrderDb,
        region: Region,
        op: &CommandOp,
        told: &Outcome,
    ) {
        if told.kind != OutcomeKind::Rejected || told.code != Some(Code::FundsNotHeld) {
            return;
        }
        let standing = db.orders.get(&op.command.body.order_id());
        let theirs = standing.is_some_and(|standing| {
            let firm = standing.acceptance.as_ref().is_some_and(rules::Acceptance::is_firm);
            firm && standing.order.provider_id == Some(op.actor.user_id)
        });
        let rules = op.rules_version.and_then(|version| db.rights.rules_of(region, version));
        let allowed = rules.zip(standing).is_some_and(|(rules, standing)| {
            rules.starts_unpaid_at_edge(&standing.order, op.cut_off)
        });
        self.check(at, "firm_work_is_judged_by_known_rules", !(theirs && allowed), || {
            format!("command {} was allowed by the rules that its edge knew", op.command.id)
        });
    }

    /// Notes a start that the edge has logged now, if its link is up.
    pub fn logged_start(&mut self, cut_off: Option<bool>, file: &EdgeFile, entered: &EntryResult) {
        let EntryResult::Stored { stored, new: true, .. } = entered else { return };
        let place = (stored.epoch, stored.at.seq);
        let Some(Op::Command(op)) = file.log.get(&place).map(|logged| &logged.op) else { return };
        if cut_off == Some(false) && op.command.body.action() == Some(Action::Start) {
            self.linked_starts.insert(stored.at.hash);
        }
    }

    /// A rule for edges that are cut off starts no work at a linked one. Nobody pays in a run, so
    /// such a start counts only if its kind of work is paid for afterwards.
    pub fn starts_unpaid_only_cut_off(
        &mut self,
        at: u64,
        db: &OrderDb,
        region: Region,
        hash: Hash,
        op: &CommandOp,
        told: &Outcome,
    ) {
        if told.kind != OutcomeKind::Applied || !self.linked_starts.contains(&hash) {
            return;
        }
        let id = op.command.body.order_id();
        let Some(standing) = db.orders.get(&id) else { return };
        let afterwards = db.rights.was_ever_paid_afterwards(region, &standing.order);
        self.check(at, "no_unpaid_start_while_linked", afterwards, || {
            format!("the work on order {id} started unpaid at an edge that was linked")
        });
    }

    /// A waiting op is not answered, and no logged op is told to come again.
    pub fn answers_no_held(&mut self, at: u64, seq: u64, outcome: &Outcome) {
        let held = outcome.code == Some(Code::RegionAssigningOffline);
        self.check(at, "held_is_no_outcome", !held, || {
            format!("op {seq} was held, and is refused")
        });
    }

    /// Nor is it put to the holder before the ops in front of it.
    pub fn puts(&mut self, at: u64, holder: usize, db: &SyncDb, accept: &PortalAccept) {
        let order = accept.command.body.order_id();
        if db.asks.contains_key(&accept.command.id) {
            // Made at the portal, it waits behind nothing.
            return;
        }
        let logs = db.edges.iter().enumerate().filter(|(e, _)| *e != holder);
        // Where it is the first on its order, where it waits behind another.
        let places = logs.filter_map(|(_, edge)| {
            let on_it = edge.ops.values().filter(|op| !op.is_decided());
            let mut on_it = on_it.filter_map(|op| match op.read.as_deref() {
                Some(Op::Command(op)) if op.command.body.order_id() == order => Some(op.command.id),
                _ => None,
            });
            on_it.position(|id| id == accept.command.id)
        });
        let places: Vec<usize> = places.collect();
        let overtakes = !places.is_empty() && !places.contains(&0);
        self.check(at, "an_edges_ops_on_an_order_keep_their_order", !overtakes, || {
            format!("accept {} is put to the holder before what it waits behind", accept.command.id)
        });
    }

    /// An edge's ops on one order are decided in log order. A repeat only hears the decision.
    pub fn keeps_order(&mut self, at: u64, e: usize, db: &SyncDb, decided: &[u64]) {
        let Some(last) = decided.iter().max() else { return };
        let ops = &db.edges[e].ops;
        let order = |seq: &u64| match ops.get(seq)?.read.as_deref()? {
            Op::Command(op) => Some(op.command.body.order_id()),
            _ => None,
        };
        let waiting = ops.range(..last).filter(|(_, op)| !op.is_decided());
        let overtaken = waiting
            .filter_map(|(seq, _)| Some((*seq, order(seq)?)))
            .find(|(seq, of)| decided.iter().any(|later| later > seq && order(later) == Some(*of)));
        self.check(at, "an_edges_ops_on_an_order_keep_their_order", overtaken.is_none(), || {
            format!("op {overtaken:?} of edge {e} waits, and a later one on its order is decided")
        });
    }

    /// An edge refuses at once only commands that nobody could take. The cloud decides those that
    /// its view contradicts.
    pub fn refused_at_once(&mut self, at: u64, code: Code) {
        let doubt = matches!(
            code,
            Code::LooksTaken
                | Code::LooksNotYours
                | Code::LooksWrongState
                | Code::RegionHeldElsewhere
                | Code::LooksUnpaid
        );
        self.check(at, "a_doubt_refuses_nothing", !doubt, || format!("refused at once: {code}"));
    }

    /// A person who was not let in, or found nothing there, may send the same id again.
    pub fn told_at_desk(&mut self, at: u64, id: CommandId, outcome: &Outcome, consumes: bool) {
        let code = outcome.code.filter(|_| outcome.kind == OutcomeKind::Rejected);
        let undecided = code.is_some_and(|code| {
            matches!(code.status(), 401 | 404 | 429 | 500..) || code == Code::RegionAssigningOffline
        });
        self.check(at, "only_a_decision_consumes_an_id", !(undecided && consumes), || {
            format!("command {id} was refused with {code:?}, and its id is used up")
        });
    }

    /// Nor was it decided or waiting when the hub said that the holder is away: an earlier try may
    /// have been put to the holder. This answer need not know the effect of a later try.
    pub fn not_taken_at_desk(&mut self, at: u64, id: CommandId, was_decided: bool) {
        self.check(at, "only_a_decision_consumes_an_id", !was_decided, || {
            format!("command {id} is said not to be taken, and its id is used up")
        });
    }

    /// A right ends by its holder's word or by a take-back, never by a change of policy.
    pub fn operator_turned(
        &mut self,
        at: u64,
        region: Region,
        was: &Assignment,
        turned: &AssignmentTurn,
    ) {
        let held = (was.holder.clone(), was.fence);
        let kept = was.holder.is_none()
            || turned.ended.is_some()
            || (turned.after.holder.clone(), turned.after.fence) == held;
        self.check(at, "a_right_ends_by_its_holders_word", kept, || {
            format!("{region} is no longer held under fence {}, by a change of policy", was.fence)
        });
    }

    /// The release of one fence ends no other.
    pub fn decides(&mut self, at: u64, asked: &DecisionRequest, writes: &Writes) {
        let named = asked.requests.iter().filter_map(|request| match request {
            Submission::LeaseReleased { region, fence, .. } => Some((*region, *fence)),
            Submission::Command(_) => None,
        });
        let named: BTreeSet<(Region, u64)> = named.collect();
        for (region, turned) in &writes.turns {
            let ended = turned.ended.as_ref().map(|(fence, _)| (*region, *fence));
            let own = ended.is_none_or(|ended| named.contains(&ended));
            self.check(at, "a_release_ends_its_own_fence", own, || {
                format!("{ended:?} ended by the release of {named:?}")
            });
        }
    }
}
