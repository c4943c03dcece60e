//! Payouts: a provider's balance is sent to them, one payout at a time, under their account's lock.
//! The platform's fee was taken when the price was released (`decide.rs`, `release_to_provider`).

use wire::{Amount, Currency, MoneyCaseKind, UnixMillis, UserId};

use crate::{
    Action, AdapterAnswer, DecisionContext, LineKind, MoneyCase, MoneyJournal, MoneyRule,
    MovementId, PayoutState, PendingCall, StatementLine,
    books::JournalDraft,
    is_disabled,
    movement::{interpret_answer, is_overdue},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payout {
    pub id: MovementId,
    pub amount_minor: i64,
    pub state: PayoutState,
    pub created_at: UnixMillis,
    pub call: PendingCall,
}

/// The rows of one provider and currency, as read under their account's lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderMoney {
    pub provider_id: UserId,
    pub currency: Currency,
    /// Owed to the provider.
    pub balance_minor: i64,
    /// At least the open payouts and those that the step concerns.
    pub payouts: Vec<Payout>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayoutStep {
    /// The payout hour has come.
    HourStruck,
    Answered {
        payout: MovementId,
        answer: AdapterAnswer,
    },
}

/// The writes of one transaction. The provider gets an event with the payout's state, and the
/// reason if it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutWrites {
    pub payout: Payout,
    pub journal: Option<MoneyJournal>,
    /// For a person to review.
    pub case: Option<MoneyCase>,
}

/// Returns `None` if nothing changes.
pub fn decide_payout(
    money: &ProviderMoney,
    step: PayoutStep,
    context: &DecisionContext<'_>,
) -> Option<PayoutWrites> {
    match step {
        PayoutStep::HourStruck => begin_payout(money, context),
        PayoutStep::Answered { payout, answer } => {
            let payout = money.payouts.iter().find(|row| row.id == payout)?;
            apply_payout_answer(money, payout, interpret_answer(answer), context)
        }
    }
}

fn begin_payout(money: &ProviderMoney, context: &DecisionContext<'_>) -> Option<PayoutWrites> {
    let open = money
        .payouts
        .iter()
        .any(|payout| payout.state == PayoutState::Pending);
    if open || money.balance_minor < context.limits.payout_least_minor {
        return None;
    }
    let payout = Payout {
        id: context.fresh,
        // The payout's event must carry it. The rest goes with the next payout.
        amount_minor: money.balance_minor.min(Amount::MAX_MINOR),
        state: PayoutState::Pending,
        created_at: context.now,
        call: PendingCall::first_call(context.now),
    };
    Some(book_payout(money, payout, Action::Payout, context))
}

impl Payout {
    fn with_state(&self, state: PayoutState) -> Self {
        Self {
            state,
            ..self.clone()
        }
    }
}

fn apply_payout_answer(
    money: &ProviderMoney,
    before: &Payout,
    answer: AdapterAnswer,
    context: &DecisionContext<'_>,
) -> Option<PayoutWrites> {
    let Payout { created_at, .. } = *before;
    match (before.state, answer) {
        (PayoutState::Pending, AdapterAnswer::Done) => Some(book_payout(
            money,
            before.with_state(PayoutState::Completed),
            Action::PayoutDone,
            context,
        )),
        (PayoutState::Pending, AdapterAnswer::Failed) => Some(book_payout(
            money,
            before.with_state(PayoutState::Failed),
            Action::PayoutBack,
            context,
        )),
        (PayoutState::Completed, AdapterAnswer::Returned) => Some(book_payout(
            money,
            before.with_state(PayoutState::Returned),
            Action::PayoutReturned,
            context,
        )),
        // The payout completed and came back between two queries. The next query books the return.
        (PayoutState::Pending, AdapterAnswer::Returned) => {
            let payout = Payout {
                call: before.call.reschedule_now(context.now),
                ..before.with_state(PayoutState::Completed)
            };
            Some(book_payout(money, payout, Action::PayoutDone, context))
        }
        (PayoutState::Pending, answer) => {
            let next_call = before
                .call
                .next_after_answer(answer, false, created_at, context.now);
            let case = MoneyCase {
                kind: MoneyCaseKind::Unanswered,
                movement: before.id,
            };
            let case = is_overdue(created_at, context.now).then_some(case);
            Some(PayoutWrites {
                payout: Payout {
                    call: next_call,
                    ..before.clone()
                },
                journal: None,
                case,
            })
        }
        // [FINAL_IS_FINAL]
        (_, AdapterAnswer::Pending) if is_disabled(MoneyRule::FinalIsFinal) => {
            let payout = before.with_state(PayoutState::Pending);
            Some(PayoutWrites {
                payout,
                journal: None,
                case: None,
            })
        }
        _ => None,
    }
}

fn book_payout(
    money: &ProviderMoney,
    payout: Payout,
    action: Action,
    context: &DecisionContext<'_>,
) -> PayoutWrites {
    let fact = JournalDraft::for_payout(action, payout.id, payout.amount_minor, money.provider_id);
    PayoutWrites {
        payout,
        journal: Some(fact.into_journal(money.currency, context.now)),
        case: None,
    }
}

impl Payout {
    pub fn statement_lines(&self) -> impl Iterator<Item = StatementLine> {
        let kinds: &[LineKind] = match self.state {
            PayoutState::Completed => &[LineKind::Payout],
            PayoutState::Returned => &[LineKind::Payout, LineKind::PayoutReturned],
            PayoutState::Pending | PayoutState::Failed => &[],
        };
        kinds.iter().map(|kind| StatementLine {
            movement: self.id,
            kind: *kind,
            amount_minor: self.amount_minor,
        })
    }
}
