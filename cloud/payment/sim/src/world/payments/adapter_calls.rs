//! The payment service's conversation with the adapter: calls for open movements, queries,
//! callbacks and the statement.

use custody::{
    AdapterAnswer, AdapterReply, Ask, MoneyStep, MovementId, OrderMoney, PayoutStep, StatementLine,
};
use planted::is_planted;
use uuid::Uuid;
use wire::{Currency, UnixMillis};

use super::OpenCall;
use crate::{
    MoneyBug,
    adapter::{Call, Kind},
    plan::CallFate,
    record::{RecordOf, StepRecord},
    world::MoneyWorld,
};

impl MoneyWorld {
    /// Calls the adapter for one open movement, using only its row.
    pub(crate) fn call_adapter(&mut self, n: u8, fate: CallFate) {
        let open = self.money.open_calls();
        let Some(&OpenCall { call, tries }) = open.get(usize::from(n) % open.len().max(1)) else {
            return;
        };
        let mut sent = call;
        if is_planted(MoneyBug::OneId) && call.ask == Ask::Call {
            // [ONE_ID]
            sent.id = MovementId(Uuid::from_u128(call.id.0.as_u128() + u128::from(tries)));
        }
        match fate {
            CallFate::Answered => {
                let answer = self.adapter.receive_call(sent);
                self.apply_answer(call.id, answer);
            }
            CallFate::CallLost => self.apply_answer(call.id, AdapterAnswer::Unknown),
            CallFate::CallLate => {
                self.late_calls.push(sent);
                self.apply_answer(call.id, AdapterAnswer::Unknown);
            }
            CallFate::ReplyLost => {
                self.adapter.receive_call(sent);
                self.apply_answer(call.id, AdapterAnswer::Unknown);
            }
            CallFate::ReplyLate => {
                let answer = self.adapter.receive_call(sent);
                self.late_replies.push((call.id, answer));
                self.apply_answer(call.id, AdapterAnswer::Unknown);
            }
            CallFate::Crash => {
                self.adapter.receive_call(sent);
            }
        }
    }

    /// Applies the adapter's answer in one transaction.
    pub(crate) fn apply_answer(&mut self, id: MovementId, answer: AdapterAnswer) {
        let silent = matches!(answer, AdapterAnswer::Unknown | AdapterAnswer::NotFound);
        let chargebacks = if silent {
            Vec::new()
        } else {
            self.adapter.find_chargebacks(id)
        };
        if let Some(n) = self.money.find_order(id) {
            let reply = AdapterReply {
                answer,
                chargebacks,
            };
            let _refused = self.run_money_step(
                n,
                &MoneyStep::Answered {
                    movement: id,
                    reply,
                },
            );
        } else if let Some(at) = self.money.payouts.iter().position(|(_, row)| row.id == id) {
            let (provider, _) = self.money.payouts[at];
            self.run_payout_step(provider, PayoutStep::Answered { payout: id, answer });
        }
    }

    pub(crate) fn query_movement(&mut self, id: MovementId) {
        let call = Call {
            id,
            ask: Ask::Query,
            kind: Kind::Payout,
            amount_minor: 0,
        };
        let answer = self.adapter.receive_call(call);
        self.apply_answer(id, answer);
    }

    /// A callback moves no money: it only triggers a query [ASK_DONT_BELIEVE].
    pub(crate) fn receive_callback(&mut self, n: u8) {
        let open = self.money.open_calls();
        let known: Vec<MovementId> = self.adapter.truths.keys().copied().collect();
        let named = known
            .into_iter()
            .chain(open.iter().map(|open| open.call.id));
        let named: Vec<MovementId> = named.collect();
        let Some(&id) = named.get(usize::from(n) % named.len().max(1)) else {
            return;
        };
        if !is_planted(MoneyBug::AskDontBelieve) {
            return self.query_movement(id);
        }
        let amount = open
            .iter()
            .find(|open| open.call.id == id && open.call.kind == Kind::Charge);
        if let Some(amount_minor) = amount.map(|open| open.call.amount_minor) {
            self.apply_answer(id, AdapterAnswer::Paid { amount_minor });
        }
    }

    /// Queries every movement that differs from the adapter's statement [STATEMENT]. The adapter's
    /// own fees are booked instead.
    pub(crate) fn compare_statement(&mut self) {
        if is_planted(MoneyBug::Statement) {
            return;
        }
        let theirs = self.adapter.list_statement();
        theirs.iter().for_each(|line| self.book_fee(line));
        let orders = self
            .money
            .rows
            .values()
            .flat_map(OrderMoney::statement_lines);
        let payouts = self
            .money
            .payouts
            .iter()
            .flat_map(|(_, payout)| payout.statement_lines());
        let fees = self.money.fees.iter().copied();
        let ours = orders.chain(payouts).chain(fees).collect();
        for id in custody::find_differing_movements(&ours, &theirs) {
            self.count_event("statement differs");
            self.query_movement(id);
        }
    }

    /// Books a fee once, under the statement line's id [JOURNAL_KEY].
    fn book_fee(&mut self, line: &StatementLine) {
        let Some(n) = self.money.find_order(line.movement) else {
            return;
        };
        let now = UnixMillis(self.now);
        let payments = self.money.rows.get(&n).map(|rows| rows.payments.iter());
        let payment = payments.and_then(|mut all| all.find(|row| row.id == line.movement));
        let Some(moved) = payment.map(|payment| payment.amount_minor) else {
            return;
        };
        let booked = custody::adapter_fee(line, moved, Currency::Cny, now);
        let Some(journal) = booked else { return };
        let is_known = self.money.journal_keys.contains(&journal.key);
        if is_known && !is_planted(MoneyBug::FeeAgain) {
            return;
        }
        if let Some(record) = &mut self.record {
            let of = RecordOf::Fee { line: *line };
            let fresh = line.movement;
            record.steps.push(StepRecord { now, fresh, of });
        }
        self.book_journal(&journal);
        self.money.fees.insert(*line);
        if let Some(rows) = self.money.rows.get_mut(&n) {
            rows.journals.push(journal);
        }
    }
}
