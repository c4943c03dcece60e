//! Payouts: a provider's balance is sent to them, one payout at a time, under their account's lock.

use wire::{Currency, UnixMillis, UserId};

use crate::{
    Action, AdapterAnswer, DecisionContext, DisabledMoneyRule, MoneyCase, MoneyCaseKind,
    MoneyJournal, MovementId, PayoutState, PendingCall,
    books::JournalDraft,
    movement::{interpret_answer, is_overdue},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payout {
    pub id: MovementId,
    pub amount_minor: i64,
    pub state: PayoutState,
    pub created_at: UnixMillis,
    pub errand: PendingCall,
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
pub fn pay_out(
    rows: &ProviderMoney,
    step: PayoutStep,
    basis: &DecisionContext<'_>,
) -> Option<PayoutWrites> {
    match step {
        PayoutStep::HourStruck => begin_payout(rows, basis),
        PayoutStep::Answered { payout, answer } => {
            let payout = rows.payouts.iter().find(|row| row.id == payout)?;
            apply_payout_answer(rows, payout, interpret_answer(answer, basis.lapse), basis)
        }
    }
}

fn begin_payout(rows: &ProviderMoney, basis: &DecisionContext<'_>) -> Option<PayoutWrites> {
    let open = rows
        .payouts
        .iter()
        .any(|payout| payout.state == PayoutState::Pending);
    if open || rows.balance_minor < basis.limits.payout_least_minor {
        return None;
    }
    let payout = Payout {
        id: basis.fresh,
        amount_minor: rows.balance_minor,
        state: PayoutState::Pending,
        created_at: basis.now,
        errand: PendingCall::first_call(basis.now),
    };
    Some(book_payout(rows, payout, Action::Payout, basis))
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
    rows: &ProviderMoney,
    before: &Payout,
    answer: AdapterAnswer,
    basis: &DecisionContext<'_>,
) -> Option<PayoutWrites> {
    let Payout { created_at, .. } = *before;
    match (before.state, answer) {
        (PayoutState::Pending, AdapterAnswer::Done) => Some(book_payout(
            rows,
            before.with_state(PayoutState::Completed),
            Action::PayoutDone,
            basis,
        )),
        (PayoutState::Pending, AdapterAnswer::Failed) => Some(book_payout(
            rows,
            before.with_state(PayoutState::Failed),
            Action::PayoutBack,
            basis,
        )),
        (PayoutState::Completed, AdapterAnswer::Returned) => Some(book_payout(
            rows,
            before.with_state(PayoutState::Returned),
            Action::PayoutReturned,
            basis,
        )),
        // The payout completed and came back between two queries. The next query books the return.
        (PayoutState::Pending, AdapterAnswer::Returned) => {
            let payout = Payout {
                errand: before.errand.reschedule_now(basis.now),
                ..before.with_state(PayoutState::Completed)
            };
            Some(book_payout(rows, payout, Action::PayoutDone, basis))
        }
        (PayoutState::Pending, answer) => {
            let errand = before
                .errand
                .next_after_answer(answer, false, created_at, basis.now);
            let case = MoneyCase {
                kind: MoneyCaseKind::Unanswered,
                movement: before.id,
            };
            let case = is_overdue(created_at, basis.now).then_some(case);
            Some(PayoutWrites {
                payout: Payout {
                    errand,
                    ..before.clone()
                },
                journal: None,
                case,
            })
        }
        // [FINAL_IS_FINAL]
        (_, AdapterAnswer::Pending) if basis.lapse == Some(DisabledMoneyRule::FinalIsFinal) => {
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
    rows: &ProviderMoney,
    payout: Payout,
    action: Action,
    basis: &DecisionContext<'_>,
) -> PayoutWrites {
    let fact = JournalDraft::for_payout(action, payout.id, payout.amount_minor, rows.provider_id);
    PayoutWrites {
        payout,
        journal: Some(fact.into_journal(rows.currency, basis.now)),
        case: None,
    }
}
