//! Promises of the right to assign, checked at each step.

use std::collections::BTreeSet;

use rules::{Assignment, AssignmentTransition, HolderEpoch, Submission, Writes};
use wire::{
    Action, Code, CommandBody, CommandId, CommandOp, EarlierReceipt, ForwardedAccept, Hash, Op,
    OrderStatus, Outcome, OutcomeKind, QuarantineWhy, Region, Role, Verdict,
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

    /// A command with a firm receipt is sent nowhere else, unless a restore has removed the
    /// receipt.
    pub fn is_repeated(&mut self, whose: CommandIdentity) {
        if let Some(firm) = self.firm.get_mut(&whose) {
            firm.alone = false;
        }
    }

    /// A firm acceptance is overturned only by a take-back on record. A provider who sent it to no
    /// other edge then gets this reason. `forgot` means that the edge's file was restored, and the
    /// edge had acknowledged more revocations than it names with the command.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a fact of another place of the run"
    )]
    pub fn keeps_firm(
        &mut self,
        at: u64,
        db: &OrderDb,
        region: Region,
        who: CommandIdentity,
        relogged: Option<&EarlierReceipt>,
        forgot: bool,
        outcome: &Outcome,
    ) {
        let Some(Firm { fence, alone }) = self.firm.get(&who).copied() else {
            return;
        };
        if outcome.has_succeeded() {
            return;
        }
        if outcome.code == Some(Code::CommandIdReused) {
            // A broken app used the id for another command before.
            return;
        }
        let holder = fence.and_then(|fence| db.rights.was_of(region, fence));
        if self.was_stolen(holder) {
            return;
        }
        if forgot && outcome.code == Some(Code::Revoked) {
            // A thief who hides the edge's knowledge of the revocation looks the same.
            return;
        }
        let end = fence.and_then(|fence| db.rights.end_of(region, fence));
        // If an edge has two machines, the first to connect is the edge. The other's promises are
        // logged again with the reason.
        let copied = relogged.is_some_and(|first| self.cloned.contains(&first.edge));
        // A restored file continues under a right that its log had already given back: the record
        // shows the end of its epoch. A log without a restore has that op before the release,
        // decided.
        let given_back = end.is_some_and(|end| !end.how.is_take_back());
        let restored = given_back
            && relogged.is_some_and(|first| {
                let seat = HolderEpoch {
                    edge: first.edge.clone(),
                    epoch: first.epoch,
                };
                first.why == QuarantineWhy::EdgeRestored && db.rights.is_over(&seat)
            });
        let on_record = end.is_some_and(|end| end.how.is_take_back()) || copied || restored;
        let code = match outcome.kind {
            OutcomeKind::Duplicate => outcome.first.as_ref().and_then(|first| first.code),
            OutcomeKind::Applied | OutcomeKind::Rejected => outcome.code,
        };
        let explained = outcome
            .lost
            .as_ref()
            .is_some_and(|lost| lost.taken_back.is_some());
        // The op was lost with a file, and the tablet brought it back after the provider was
        // revoked. That is the reason for the refusal; otherwise the op would stand.
        let revoked = code == Some(Code::Revoked)
            && relogged.is_some_and(|first| first.why == QuarantineWhy::EdgeRestored);
        // Without a take-back there is no record to report.
        let says_so = !alone
            || copied
            || restored
            || explained
            || revoked
            || code.is_some_and(Code::is_broken_promise);
        self.check(at, "firm_is_never_overturned", on_record && says_so, || {
            format!(
                "command {} was firm under fence {fence:?}, and is {code:?}",
                who.0
            )
        });
    }

    /// Work completed at an edge that counts for nothing becomes a case.
    pub fn lists_work_in_vain(&mut self, at: u64, db: &OrderDb, op: &CommandOp, told: &Outcome) {
        use Code::{NotYours, OrderCancelled, OrderNotFound, OrderRejected, WrongState};
        let id = op.command.id;
        let user = op.actor.user_id;
        let settled = [
            NotYours,
            OrderCancelled,
            OrderNotFound,
            OrderRejected,
            WrongState,
        ];
        let refused = told.kind == OutcomeKind::Rejected
            && told.code.is_some_and(|code| settled.contains(&code));
        let completes = op.command.body.order_action() == Some(Action::Complete);
        if !refused || !completes || op.actor.role != Role::Provider {
            return;
        }
        let order_id = op.command.body.order_id();
        // It was sent twice, and the work counts.
        let counts = db.orders.get(&order_id).is_some_and(|standing| {
            standing.order.provider_id == Some(user)
                && matches!(
                    standing.order.status,
                    OrderStatus::Completed | OrderStatus::Reviewed
                )
        });
        self.check(
            at,
            "work_in_vain_is_listed",
            counts || db.vain.contains(&(id, user)),
            || format!("{user} completed order {order_id} in vain, and it is not reported"),
        );
    }

    /// A tablet sends a command with a firm receipt to no other edge.
    pub fn sends_nowhere_else(&mut self, at: u64, id: CommandId, firm_elsewhere: bool) {
        self.check(
            at,
            "what_is_firm_is_sent_nowhere_else",
            !firm_elsewhere,
            || format!("command {id} is firm at one edge, and is sent to another"),
        );
    }

    /// A holder promises to publish or approve only orders that a region rule covers. A run has no
    /// payments, so no customer is in good standing.
    pub fn promised_by_rule(&mut self, at: u64, file: &EdgeFile, entered: &EntryResult) {
        let EntryResult::Stored {
            stored,
            order: Some(order),
            new: true,
        } = entered
        else {
            return;
        };
        let place = (stored.epoch, stored.head.seq);
        let Some(Op::Command(op)) = file.log.get(&place).map(|logged| &logged.op) else {
            return;
        };
        let by_rule = matches!(
            op.command.body,
            CommandBody::PublishOrder { .. } | CommandBody::ApproveOrder { .. }
        );
        if !by_rule || stored.verdict != Verdict::Firm {
            return;
        }
        let rule = file.book.live.lease.assignment.rules.approval.as_ref();
        let covered = rule.is_some_and(|rule| rule.allows_order(order));
        self.check(at, "a_rule_covers_only_what_it_names", covered, || {
            format!(
                "command {} is firm, and no rule covers its order",
                stored.command_id
            )
        });
    }

    /// Work on an order from a firm accept is judged by the rules that its edge had.
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
            let firm = standing
                .acceptance
                .as_ref()
                .is_some_and(rules::Acceptance::is_firm);
            firm && standing.order.provider_id == Some(op.actor.user_id)
        });
        let rules = op
            .rules_version
            .and_then(|version| db.rights.rules_of(region, version));
        let allowed = rules.zip(standing).is_some_and(|(rules, standing)| {
            rules.starts_unpaid_at_edge(&standing.order, op.cut_off)
        });
        self.check(
            at,
            "firm_work_is_judged_by_known_rules",
            !(theirs && allowed),
            || {
                format!(
                    "command {} was allowed by the rules that its edge knew",
                    op.command.id
                )
            },
        );
    }

    /// Notes a newly logged start if the edge's link is up.
    pub fn logged_start(&mut self, cut_off: Option<bool>, file: &EdgeFile, entered: &EntryResult) {
        let EntryResult::Stored {
            stored, new: true, ..
        } = entered
        else {
            return;
        };
        let place = (stored.epoch, stored.head.seq);
        let Some(Op::Command(op)) = file.log.get(&place).map(|logged| &logged.op) else {
            return;
        };
        if cut_off == Some(false) && op.command.body.order_action() == Some(Action::Start) {
            self.linked_starts.insert(stored.head.hash);
        }
    }

    /// A rule for cut-off edges starts no work at a linked one. A run has no payments, so such a
    /// start counts only if its kind of work is paid for afterwards.
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
        let Some(standing) = db.orders.get(&id) else {
            return;
        };
        let afterwards = db.rights.was_ever_paid_afterwards(region, &standing.order);
        self.check(at, "no_unpaid_start_while_linked", afterwards, || {
            format!("the work on order {id} started unpaid at an edge that was linked")
        });
    }

    /// A waiting op gets no outcome, and a logged op is never rejected as held.
    pub fn answers_no_held(&mut self, at: u64, seq: u64, outcome: &Outcome) {
        let held = outcome.code == Some(Code::RegionAssigningOffline);
        self.check(at, "held_is_no_outcome", !held, || {
            format!("op {seq} was held, and is refused")
        });
    }

    /// An op is not forwarded to the holder before the ops ahead of it.
    pub fn puts(&mut self, at: u64, holder: usize, db: &SyncDb, accept: &ForwardedAccept) {
        let order = accept.command.body.order_id();
        if db.asks.contains_key(&accept.command.id) {
            // A portal accept does not wait behind ops.
            return;
        }
        let logs = db.edges.iter().enumerate().filter(|(e, _)| *e != holder);
        // Its position among the waiting ops on this order, in each other log.
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
        self.check(
            at,
            "an_edges_ops_on_an_order_keep_their_order",
            !overtakes,
            || {
                format!(
                    "accept {} is sent to the holder before the op it waits behind",
                    accept.command.id
                )
            },
        );
    }

    /// An edge's ops on one order are decided in log order. A repeat only gets the decision.
    pub fn keeps_order(&mut self, at: u64, e: usize, db: &SyncDb, decided: &[u64]) {
        let Some(last) = decided.iter().max() else {
            return;
        };
        let ops = &db.edges[e].ops;
        let order = |seq: &u64| match ops.get(seq)?.read.as_deref()? {
            Op::Command(op) => Some(op.command.body.order_id()),
            _ => None,
        };
        let waiting = ops.range(..last).filter(|(_, op)| !op.is_decided());
        let overtaken = waiting
            .filter_map(|(seq, _)| Some((*seq, order(seq)?)))
            .find(|(seq, of)| {
                decided
                    .iter()
                    .any(|later| later > seq && order(later) == Some(*of))
            });
        self.check(
            at,
            "an_edges_ops_on_an_order_keep_their_order",
            overtaken.is_none(),
            || {
                format!(
                    "op {overtaken:?} of edge {e} waits, and a later one on its order is decided"
                )
            },
        );
    }

    /// An edge refuses at once only commands that no edge could take. The cloud decides commands
    /// that merely contradict the edge's view.
    pub fn refused_at_once(&mut self, at: u64, code: Code) {
        let doubt = matches!(
            code,
            Code::LooksTaken
                | Code::LooksNotYours
                | Code::LooksWrongState
                | Code::RegionHeldElsewhere
                | Code::LooksUnpaid
                | Code::LooksDoubleBooked
                | Code::LooksOffered
        );
        self.check(at, "a_doubt_refuses_nothing", !doubt, || {
            format!("refused at once: {code}")
        });
    }

    /// A request that was refused entry or found nothing leaves its id free.
    pub fn told_at_desk(&mut self, at: u64, id: CommandId, outcome: &Outcome, consumes: bool) {
        let code = outcome
            .code
            .filter(|_| outcome.kind == OutcomeKind::Rejected);
        let undecided = code.is_some_and(|code| {
            matches!(code.status(), 401 | 404 | 429 | 500..) || code == Code::RegionAssigningOffline
        });
        self.check(
            at,
            "only_a_decision_consumes_an_id",
            !(undecided && consumes),
            || format!("command {id} was refused with {code:?}, and its id is used up"),
        );
    }

    /// The command was neither decided nor waiting when the hub reported the holder as away: an
    /// earlier try may have reached the holder. This answer may ignore a later try.
    pub fn not_taken_at_desk(&mut self, at: u64, id: CommandId, was_decided: bool) {
        self.check(at, "only_a_decision_consumes_an_id", !was_decided, || {
            format!("command {id} is said not to be taken, and its id is used up")
        });
    }

    /// A right ends by its holder's release or by a take-back, never by a change of policy.
    pub fn operator_turned(
        &mut self,
        at: u64,
        region: Region,
        was: &Assignment,
        transition: &AssignmentTransition,
    ) {
        let held = (was.holder.clone(), was.fence);
        let kept = was.holder.is_none()
            || transition.ended.is_some()
            || (transition.after.holder.clone(), transition.after.fence) == held;
        self.check(at, "a_right_ends_by_its_holders_word", kept, || {
            format!(
                "{region} is no longer held under fence {}, by a change of policy",
                was.fence
            )
        });
    }

    /// The release of one fence ends no other.
    pub fn decides(&mut self, at: u64, asked: &DecisionRequest, writes: &Writes) {
        let named = asked
            .submissions
            .iter()
            .filter_map(|request| match request {
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
