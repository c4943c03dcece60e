//! Compensation for work in vain.

use custody::{CompensationRequest, LedgerAccount, MoneyStep};
use wire::{Code, OrderStatus, UserId};

use crate::stage::{HOUR, PRICE, Stage, user};

/// The price, less the platform's tenth.
const SHARE: i64 = 18_001;

impl Stage {
    fn compensates(&mut self, provider: UserId, amount_minor: i64) -> Result<(), Code> {
        let wish = CompensationRequest {
            provider,
            amount_minor,
            has_case: true,
        };
        self.step(&MoneyStep::Compensate(wish)).map(|_| ())
    }
}

#[test]
fn nobody_is_compensated_without_a_case_of_work_in_vain() {
    let (mut stage, _) = Stage::held();
    for nobody in [user(1), user(7), user(404)] {
        let wish = CompensationRequest {
            provider: nobody,
            amount_minor: 1,
            has_case: false,
        };
        let refused = stage.step(&MoneyStep::Compensate(wish));
        assert_eq!(refused, Err(Code::NoWorkInVain));
    }
    assert_eq!(stage.money.account_balance(LedgerAccount::Loss), 0);
}

#[test]
fn work_in_vain_is_worth_the_providers_share_once() {
    let (mut stage, _) = Stage::held();
    for wrong in [0, -1, SHARE + 1, PRICE] {
        assert_eq!(
            stage.compensates(user(8), wrong),
            Err(Code::AmountMismatch),
            "{wrong}"
        );
    }
    stage.compensates(user(8), SHARE).unwrap();
    stage.compensates(user(8), SHARE).unwrap();
    assert_eq!(
        stage.compensates(user(8), SHARE - 1),
        Err(Code::AmountMismatch)
    );
    assert_eq!(
        stage
            .money
            .account_balance(LedgerAccount::Provider(user(8))),
        -SHARE
    );
    // Another provider with work in vain is another case.
    stage.compensates(user(9), 1).unwrap();
    assert_eq!(stage.money.account_balance(LedgerAccount::Loss), SHARE + 1);
}

/// An edge refused the start, and the same provider later did the work after all.
#[test]
fn what_the_order_has_brought_a_provider_counts_against_a_compensation() {
    let (mut stage, _) = Stage::held();
    stage.becomes(OrderStatus::Completed);
    stage.later(72 * HOUR);
    assert_eq!(
        stage
            .money
            .account_balance(LedgerAccount::Provider(user(7))),
        -SHARE
    );
    assert_eq!(stage.compensates(user(7), 1), Err(Code::AmountMismatch));

    let (mut stage, _) = Stage::held();
    stage.cancelled(2_000);
    assert_eq!(
        stage.compensates(user(7), SHARE - 1_999),
        Err(Code::AmountMismatch)
    );
    stage.compensates(user(7), SHARE - 2_000).unwrap();
}
