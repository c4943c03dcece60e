//! Commands from the portal: those of customers, providers and admins, and their repeats.

use custody::{BilledOrder, MoneyStep};
use planted::is_planted;
use rules::{Attempt, OrderState, Origin, Submission, Writes, preview_cancellation};
use wire::{Action, Actor, Amount, Code, CommandBody, OpDecision, Outcome, Role, UnixMillis};

use super::{
    ADMIN, POLICIES, customer_actor, offline_rules_for, order_id, provider_actor, provider_id,
};
use crate::{MoneyBug, world::MoneyWorld};

impl MoneyWorld {
    /// Runs one portal command as one transaction.
    fn submit_at_portal(&mut self, by: Actor, body: CommandBody) -> Option<Outcome> {
        let request = self.new_submission(by, body);
        self.orders.sent.push(request.clone());
        self.submit_command(request)
    }

    fn submit_command(&mut self, request: Submission) -> Option<Outcome> {
        let request = [request];
        let writes = self.decide_submissions(&request);
        if let [Submission::Command(attempt)] = &request {
            self.judge_cancel(attempt, &writes);
        }
        self.commit_orders(&writes);
        first_outcome(&writes)
    }

    /// Repeats a command whose sender got no answer.
    pub(crate) fn repeat_command(&mut self, n: u8) {
        let sent = &self.orders.sent;
        if let Some(request) = sent.get(usize::from(n) % sent.len().max(1)).cloned()
            && self
                .submit_command(request)
                .is_some_and(|outcome| outcome.first.is_some())
        {
            self.count_event("command repeated");
        }
    }

    fn new_submission(&mut self, by: Actor, body: CommandBody) -> Submission {
        let command = self.orders.new_command(body);
        let actor = Some(by);
        let mark = None;
        let origin = Origin::Portal;
        Submission::Command(Box::new(Attempt {
            command,
            actor,
            verification: mark,
            origin,
        }))
    }

    pub(crate) fn accept_order(&mut self, n: usize, by: u8) {
        self.submit_at_portal(
            provider_actor(by),
            CommandBody::AcceptOrder {
                order_id: order_id(n),
            },
        );
    }

    /// The provider withdraws; held money stays with the order.
    pub(crate) fn withdraw_acceptance(&mut self, n: usize) {
        let order_id = order_id(n);
        self.submit_at_portal(
            self.current_provider(n),
            CommandBody::WithdrawAcceptance {
                order_id,
                reason: None,
            },
        );
    }

    /// An admin withdraws the order from its current provider, even during work.
    pub(crate) fn withdraw_acceptance_by_admin(&mut self, n: usize) {
        let order_id = order_id(n);
        let reason = Some("He is ill.".to_owned());
        self.submit_at_portal(ADMIN, CommandBody::WithdrawAcceptance { order_id, reason });
    }

    /// Work starts only with the price in custody [HELD_FIRST].
    pub(crate) fn start_order(&mut self, n: usize) {
        self.submit_at_portal(
            self.current_provider(n),
            CommandBody::StartOrder {
                order_id: order_id(n),
                start_code: None,
                photos: Vec::new(),
            },
        );
    }

    pub(crate) fn complete_order(&mut self, n: usize) {
        let order_id = order_id(n);
        self.submit_at_portal(
            self.current_provider(n),
            CommandBody::CompleteOrder {
                order_id,
                note: None,
                evidence: None,
            },
        );
    }

    /// The order's provider; another provider tries if there is none.
    fn current_provider(&self, n: usize) -> Actor {
        let holder = self.orders.order(n).provider_id;
        Actor {
            user_id: holder.unwrap_or(provider_id(0)),
            role: Role::Provider,
        }
    }

    pub(crate) fn preview_fee(&mut self, n: usize) {
        let state = self.orders.order_state(n);
        let now = UnixMillis(self.now);
        let rules = offline_rules_for(self.plan.unpaid);
        let preview = preview_cancellation(state, customer_actor(n), &POLICIES, &rules, now).ok();
        self.orders.rows[n].shown_fee_minor = preview.map(|preview| preview.fee.minor_units());
    }

    /// Decides the cancel and its terms first, so that no later step can overturn them
    /// [DECIDE_FIRST]. The money follows by event.
    pub(crate) fn cancel_order(&mut self, n: usize, role: Role) {
        let by = if role == Role::Customer {
            customer_actor(n)
        } else {
            ADMIN
        };
        let shown = self.orders.rows[n]
            .shown_fee_minor
            .filter(|_| role == Role::Customer);
        let fee = shown.and_then(|minor| Amount::from_minor(minor).ok());
        let body = CommandBody::CancelOrder {
            order_id: order_id(n),
            reason: None,
            fee,
        };
        if is_planted(MoneyBug::DecideFirst) {
            return self.refund_first(n, by, body);
        }
        let Some(outcome) = self.submit_at_portal(by, body) else {
            return;
        };
        if outcome.code == Some(Code::TermsChanged) {
            self.count_event("terms_changed");
            self.preview_fee(n);
        }
    }

    /// The planted bug: the refund goes out first, and the status follows in a separate step.
    fn refund_first(&mut self, n: usize, by: Actor, body: CommandBody) {
        let request = [self.new_submission(by, body)];
        let writes = self.decide_submissions(&request);
        let Some(write) = writes.orders.first() else {
            return;
        };
        let OrderState { order, terms, .. } = &write.after;
        self.change_order(n, |state| state.terms = *terms);
        let _refused = self.run_money_step(
            n,
            &MoneyStep::OrderHeard(BilledOrder::from_order(order, *terms)),
        );
    }

    /// Finishes each cancel that began with the refund.
    pub(crate) fn finish_cancels(&mut self) {
        if !is_planted(MoneyBug::DecideFirst) {
            return;
        }
        for n in 0..self.orders.len() {
            let state = self.orders.order_state(n);
            let after = state
                .order
                .status
                .next_status(Action::Cancel)
                .filter(|_| state.terms.is_some());
            let Some(status) = after else { continue };
            self.change_order(n, |state| {
                state.order.status = status;
                state.order.version += 1;
            });
            let order = self.orders.order(n).clone();
            self.publish_order_event(&order, self.orders.billed_order(n));
        }
    }
}

fn first_outcome(writes: &Writes) -> Option<Outcome> {
    match writes.answers.first() {
        Some(OpDecision::Decided(outcome)) => Some(outcome.clone()),
        _ => None,
    }
}
