//! A provider's balance on its way to them.

use custody::{
    AdapterAnswer, CustodyLimits, DecisionContext, MoneyCase, MovementId, PayoutState, PayoutStep,
    ProviderMoney, decide_payout,
};
use uuid::Uuid;
use wire::{Currency, MoneyCaseKind, UnixMillis};

use crate::stage::user;

const BASIS: DecisionContext<'_> = DecisionContext {
    now: UnixMillis(0),
    fresh: MovementId(Uuid::nil()),
    policies: &[],
    limits: CustodyLimits {
        pay_within_ms: 1,
        dispute_ms: 1,
        unpaid_case_ms: 1,
        payments_a_day_max: 1,
        refunds_max: 1,
        payout_least_minor: 1_000,
    },
};

fn provider(balance_minor: i64) -> ProviderMoney {
    let provider_id = user(7);
    let currency = Currency::Cny;
    ProviderMoney {
        provider_id,
        currency,
        balance_minor,
        payouts: Vec::new(),
    }
}

#[test]
fn a_small_balance_waits_and_one_payout_is_under_way_at_a_time() {
    assert_eq!(
        decide_payout(&provider(999), PayoutStep::HourStruck, &BASIS),
        None
    );
    let mut rows = provider(1_000);
    let begun = decide_payout(&rows, PayoutStep::HourStruck, &BASIS).unwrap();
    assert_eq!(begun.payout.amount_minor, 1_000);
    rows.payouts.push(begun.payout);
    assert_eq!(decide_payout(&rows, PayoutStep::HourStruck, &BASIS), None);
}

#[test]
fn a_payout_ends_once_and_may_come_back() {
    let mut rows = provider(1_000);
    rows.payouts.push(
        decide_payout(&rows, PayoutStep::HourStruck, &BASIS)
            .unwrap()
            .payout,
    );
    let mut hears = |answer| {
        let step = PayoutStep::Answered {
            payout: MovementId(Uuid::nil()),
            answer,
        };
        let writes = decide_payout(&rows, step, &BASIS)?;
        rows.payouts[0] = writes.payout.clone();
        Some((writes.payout.state, writes.journal.is_some()))
    };
    assert_eq!(
        hears(AdapterAnswer::Unknown),
        Some((PayoutState::Pending, false))
    );
    assert_eq!(
        hears(AdapterAnswer::Done),
        Some((PayoutState::Completed, true))
    );
    assert_eq!(hears(AdapterAnswer::Done), None);
    assert_eq!(hears(AdapterAnswer::Pending), None);
    assert_eq!(hears(AdapterAnswer::Failed), None);
    assert_eq!(
        hears(AdapterAnswer::Returned),
        Some((PayoutState::Returned, true))
    );
    assert_eq!(hears(AdapterAnswer::Returned), None);
}

#[test]
fn a_payout_without_an_answer_for_a_day_is_a_case_and_is_asked_about_each_hour() {
    const HOUR: i64 = 3_600_000;
    let mut rows = provider(1_000);
    rows.payouts.push(
        decide_payout(&rows, PayoutStep::HourStruck, &BASIS)
            .unwrap()
            .payout,
    );
    let movement = rows.payouts[0].id;
    let hears = |hours: i64, answer| {
        let step = PayoutStep::Answered {
            payout: movement,
            answer,
        };
        decide_payout(
            &rows,
            step,
            &DecisionContext {
                now: UnixMillis(hours * HOUR),
                ..BASIS
            },
        )
        .unwrap()
    };
    assert_eq!(hears(23, AdapterAnswer::Unknown).case, None);
    let case = Some(MoneyCase {
        kind: MoneyCaseKind::Unanswered,
        movement,
    });
    for answer in [
        AdapterAnswer::Unknown,
        AdapterAnswer::NotFound,
        AdapterAnswer::Pending,
    ] {
        let writes = hears(24, answer);
        assert_eq!(
            (writes.case, writes.payout.call.at),
            (case, UnixMillis(25 * HOUR)),
            "{answer:?}"
        );
    }
    assert_eq!(hears(24, AdapterAnswer::Done).case, None);
}
