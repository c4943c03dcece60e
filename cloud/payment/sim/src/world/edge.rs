//! An edge that was cut off. Its providers work on the last synchronised orders, and the cloud
//! decides its log when it arrives.

use std::collections::BTreeSet;

use planted::is_planted;
use rules::{Attempt, EdgeOp, OpIdentity, OrderState, Origin, Submission, Writes};
use wire::{
    Action, Actor, Amount, Code, Command, CommandBody, CommandEvidence, CommandId, EdgeId, Hash,
    OrderStatus, PaymentStatus, Role, UnixMillis, UserId, Verdict,
};

use super::{
    MoneyWorld,
    orders::{REGION, order_id, order_number},
};
use crate::{MoneyBug, plan::SyncFate};

/// A provider's action while their edge was cut off.
#[derive(Debug, Clone)]
pub(crate) struct LateOp {
    n: usize,
    provider: UserId,
    action: Action,
    command: Command,
    logged_at: i64,
    seq: u64,
}

/// The edge's view of an order: the last synchronised state plus the edge's own ops.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EdgeView {
    pub status: OrderStatus,
    pub provider: Option<UserId>,
}

impl LateOp {
    /// The op as the hub submits it.
    fn submission(&self) -> Option<Submission> {
        let hash = Hash::digest_bytes(&self.seq.to_be_bytes());
        let edge = EdgeId::new("north-1").ok()?;
        let evidence = CommandEvidence {
            verdict: Verdict::Provisional,
            fence: None,
            received_at: UnixMillis(self.logged_at),
            policy_version: None,
            rules_version: None,
            revocations_version: None,
            revoked_version: None,
            relogged: None,
            made_at: None,
            distrusted: false,
            mark: None,
            cut_off: Some(true),
        };
        let name = OpIdentity {
            edge,
            epoch: 1,
            seq: self.seq,
            hash,
        };
        let origin = Origin::Edge(Box::new(EdgeOp {
            identity: name,
            region: REGION,
            evidence,
        }));
        let actor = Some(Actor {
            user_id: self.provider,
            role: Role::Provider,
        });
        let command = self.command.clone();
        Some(Submission::Command(Box::new(Attempt {
            command,
            actor,
            verification: None,
            origin,
        })))
    }
}

impl MoneyWorld {
    pub(crate) fn log_edge_action(&mut self, n: usize, action: Action) {
        let EdgeView { status, provider } = self.edge_views[n];
        let (Some(provider), Some(after)) = (provider, status.next_status(action)) else {
            return;
        };
        let keeps = Some(provider).filter(|_| after.has_provider());
        self.edge_views[n] = EdgeView {
            status: after,
            provider: keeps,
        };
        let order_id = order_id(n);
        let body = match action {
            Action::Start => CommandBody::StartOrder {
                order_id,
                start_code: None,
                photos: Vec::new(),
            },
            Action::Withdraw => CommandBody::WithdrawAcceptance {
                order_id,
                reason: None,
            },
            _ => CommandBody::CompleteOrder {
                order_id,
                note: None,
                evidence: None,
            },
        };
        let command = self.orders.new_command(body);
        let logged_at = self.now;
        let seq = self.edge_seq;
        self.edge_seq += 1;
        self.edge_log.push(LateOp {
            n,
            provider,
            action,
            command,
            logged_at,
            seq,
        });
    }

    /// Decides the edge's log as one run: all ops, or none.
    pub(crate) fn sync_edge(&mut self, fate: SyncFate) {
        let run = std::mem::take(&mut self.edge_log);
        let decided = self.decide_run(&run, fate == SyncFate::PaymentsAway);
        if !decided {
            self.count_event("parked start");
        }
        if !decided || fate == SyncFate::AnswersLost {
            self.edge_log = run;
            return;
        }
        for (n, view) in self.edge_views.iter_mut().enumerate() {
            let order = self.orders.order(n);
            *view = EdgeView {
                status: order.status,
                provider: order.provider_id,
            };
        }
    }

    /// Decides a run of the log in one transaction. Returns false if the run must wait: a start is
    /// refused for missing funds only after a query to the payment service [ASK_BEFORE_REFUSING].
    /// Mirrors `Service::batch` of `cloud/order`.
    fn decide_run(&mut self, run: &[LateOp], payments_away: bool) -> bool {
        let submissions: Vec<Submission> = run.iter().filter_map(LateOp::submission).collect();
        let mut writes = self.decide_submissions(&submissions);
        let unfunded = find_unfunded_orders(&writes);
        if !unfunded.is_empty() && !is_planted(MoneyBug::AskBeforeRefusing) {
            if payments_away {
                return false;
            }
            unfunded.into_iter().for_each(|n| self.ask_for_funds(n));
            writes = self.decide_submissions(&submissions);
        }
        self.commit_orders(&writes);
        self.judge_run(run, &writes);
        true
    }

    fn judge_run(&mut self, run: &[LateOp], writes: &Writes) {
        for n in find_unfunded_orders(writes) {
            let shown = self.money.rows.get(&n).map(|rows| rows.due.payment_status);
            if shown == Some(PaymentStatus::Held) {
                let says = format!("the start of order {n} was refused though its price is held");
                self.report_violation("no_start_is_refused_though_held", says);
            }
        }
        let refused = writes.commands.iter().filter(|answer| !answer.applied);
        let refused: BTreeSet<CommandId> = refused.map(|answer| answer.command_id).collect();
        for op in run.iter().filter(|op| refused.contains(&op.command.id)) {
            self.judge_refused(op);
        }
        if writes.commands.len() < writes.answers.len() {
            self.count_event("log handed in again");
        }
    }

    /// Opens a case if work done in good faith is refused for good [VAIN_CASE].
    fn judge_refused(&mut self, op: &LateOp) {
        let OrderState { order, terms, .. } = self.orders.order_state(op.n);
        let is_his = order.provider_id == Some(op.provider);
        let counts = is_his && order.status == OrderStatus::Completed;
        let fee = terms
            .filter(|terms| terms.provider_id == Some(op.provider))
            .map(|terms| terms.fee);
        let earned = fee.is_some_and(Amount::is_positive);
        match op.action {
            Action::Complete if !counts => {
                self.in_vain.insert((op.n, op.provider));
                self.count_event("worked in vain");
            }
            Action::Withdraw if earned => {
                self.late_withdrawals.insert((op.n, op.provider));
                self.count_event("withdrew too late");
            }
            _ => {}
        }
    }

    fn ask_for_funds(&mut self, n: usize) {
        let Some((_, open)) = self
            .money
            .rows
            .get(&n)
            .map(custody::OrderMoney::funds_for_start)
        else {
            return;
        };
        if let Some(payment) = open {
            self.query_movement(payment);
        }
        self.count_event("asked before a refusal");
        self.pull_money(n);
    }
}

/// The orders whose start would be refused because funds are missing.
fn find_unfunded_orders(writes: &Writes) -> BTreeSet<usize> {
    let refused = writes
        .commands
        .iter()
        .filter(|answer| answer.code == Some(Code::FundsNotHeld));
    refused
        .map(|answer| order_number(answer.order_id))
        .collect()
}
