//! The promises about orders, checked on each cancel and each change of an order.

use rules::{Attempt, Writes};
use wire::{Action, Amount, CommandBody, Order, OrderStatus, PaymentStatus, Role, TimelineEntry};

use super::{POLICIES, STARTS_AT_MS, has_fixed_hour, offline_rules_for, order_number, price_minor};
use crate::{plan::UnpaidWork, world::MoneyWorld};

impl MoneyWorld {
    /// Checks a cancel against the order as it was: the fee equals both the one shown and the one
    /// in the contract.
    pub(super) fn judge_cancel(&mut self, attempt: &Attempt, writes: &Writes) {
        let CommandBody::CancelOrder {
            order_id,
            fee: shown,
            ..
        } = &attempt.command.body
        else {
            return;
        };
        let Some(write) = writes.orders.first() else {
            return;
        };
        let n = order_number(*order_id);
        let state = self.orders.order_state(n);
        let Order {
            status,
            payment_status,
            price,
            ..
        } = state.order;
        let by_customer = attempt
            .actor
            .is_some_and(|actor| actor.role == Role::Customer);
        let is_bound = (status, payment_status) == (OrderStatus::Accepted, PaymentStatus::Held);
        let is_soon = STARTS_AT_MS - self.now < POLICIES[0].cancel_notice_ms;
        let is_late = has_fixed_hour(n) && is_soon;
        let costs = by_customer && is_bound && is_late;
        let agreed = if costs {
            (price.minor_units() / 10).min(state.held.minor_units())
        } else {
            0
        };
        let fee = write.after.terms.map_or(0, |terms| terms.fee.minor_units());
        let shown = shown.map_or(0, Amount::minor_units);
        let says = format!("{fee} and not {shown}, where {agreed} was agreed");
        if fee != shown {
            self.report_violation("fee_is_as_shown", says);
        } else if fee != agreed {
            self.report_violation("a_cancel_costs_what_was_agreed", says);
        }
        if fee > 0 {
            self.count_event("cancel at a fee");
        }
    }

    /// Checks each change against the order as it was.
    pub(super) fn judge_timeline_entry(&mut self, n: usize, line: &TimelineEntry) {
        let Some(action) = line.action.filter(|_| line.code.is_none()) else {
            return;
        };
        self.count_event(action.as_str());
        if !self.orders.done.insert(line.command_id) {
            self.report_violation(
                "a_command_has_one_effect",
                format!("{action} of order {n}, twice"),
            );
        }
        let begun = line
            .from
            .is_none_or(|from| from.has_provider() && from != OrderStatus::Accepted);
        // The order still has its old state here.
        let is_unpaid_work =
            offline_rules_for(self.plan.unpaid).is_unpaid_work(self.orders.order(n));
        if action == Action::Cancel && begun && !is_unpaid_work {
            self.report_violation(
                "begun_work_is_not_cancelled",
                format!("order {n} was {:?}", line.from),
            );
        }
        if action == Action::Start {
            self.judge_start(n, line.seq.is_some());
        }
    }

    /// A refunded order can never be paid again, and no rule lets its work start.
    fn judge_start(&mut self, n: usize, at_edge: bool) {
        let Order {
            payment_status,
            price,
            ..
        } = *self.orders.order(n);
        if payment_status == PaymentStatus::Held {
            return;
        }
        let payable = payment_status == PaymentStatus::Unpaid;
        let by_rule = match self.plan.unpaid {
            UnpaidWork::No => false,
            UnpaidWork::AnyAtEdge => at_edge && payable,
            UnpaidWork::SmallAtEdge => at_edge && payable && price.minor_units() <= price_minor(0),
            UnpaidWork::Anywhere => payable,
        };
        if !by_rule {
            let says = format!("order {n} started, and its money is {payment_status}");
            self.report_violation("work_starts_with_money_held", says);
        }
        self.count_event("start unpaid by a rule");
    }
}
