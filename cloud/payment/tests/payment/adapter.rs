//! The adapter contract, with one test body for every implementation: an id has one effect, final
//! states stay, a closed charge can never be paid, and silence proves nothing.

use std::time::Duration;

use alipay_sandbox::{Sandbox, Trouble};
use custody::{AdapterAnswer, Ask, MovementId, PendingCall};
use futures::future::join_all;
use payment::{
    adapter::{Alipay, PayLink, PaymentAdapter},
    store::{AdapterCall, AdapterCallKind},
};
use rstest::rstest;
use uuid::Uuid;
use wire::Amount;

use crate::stage::*;

const PAID: AdapterAnswer = AdapterAnswer::Paid {
    amount_minor: PRICE,
};
const REFUND: &str = "alipay.trade.refund";
/// After the expiry of every link.
const LINKS_OVER_MS: i64 = HOUR;

#[derive(Clone, Copy)]
enum Arm {
    Simulated(Engine),
    Alipay,
}

/// The customer's behaviour in a charge.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Customer {
    Pays,
    PaysLess,
    Waits,
    /// The customer pays, and the refund fails.
    KeepsIt,
}

/// An adapter with its customers.
struct Counter {
    stage: Stage,
    adapter: PaymentAdapter,
    bank: Option<Sandbox>,
}

impl Counter {
    async fn new(arm: Arm) -> Self {
        let stage = Stage::new(match arm {
            Arm::Simulated(engine) => engine,
            Arm::Alipay => Engine::Sqlite,
        })
        .await;
        let simulated = stage.worker.adapter.clone();
        let (adapter, bank) = match arm {
            Arm::Simulated(_) => (simulated, None),
            Arm::Alipay => {
                let bank = Sandbox::start("127.0.0.1:0", stage.clock.clone())
                    .await
                    .unwrap();
                let settings = at_alipay(&stage.config, &bank, "").alipay_settings();
                let alipay = Alipay::open(settings, stage.clock.clone()).unwrap();
                (PaymentAdapter::Alipay(alipay), Some(bank))
            }
        };
        Self {
            stage,
            adapter,
            bank,
        }
    }

    /// Begins a charge whose customer behaves like this.
    async fn charge(&self, customer: Customer) -> AdapterCall {
        let Some(bank) = &self.bank else {
            return self.stage.charge(match customer {
                Customer::Pays => "simulated",
                Customer::PaysLess => "simulated.other_amount",
                Customer::Waits => "simulated.waiting",
                Customer::KeepsIt => "simulated.no_refund",
            });
        };
        let charge = self.stage.charge("alipay");
        assert!(
            bank.opens(&self.link(&charge).unwrap()).await,
            "the page of a good link"
        );
        let number = charge.id.0.simple().to_string();
        let minor = if customer == Customer::PaysLess {
            PRICE - 1
        } else {
            PRICE
        };
        if customer != Customer::Waits {
            assert!(bank.pays(&number, Amount::from_minor(minor).unwrap()));
        }
        if customer == Customer::KeepsIt {
            bank.befall(REFUND, Trouble::Refused("ACQ.TRADE_NOT_ALLOW_REFUND"));
        }
        charge
    }

    fn link(&self, charge: &AdapterCall) -> Option<String> {
        self.adapter.payment_link(&PayLink {
            payment: charge.id,
            order: order_id(0),
            amount_minor: charge.amount_minor,
            begun_at: charge.begun_at,
        })
    }

    fn refund(&self, charge: &AdapterCall) -> AdapterCall {
        let kind = AdapterCallKind::Refund {
            order: order_id(0),
            payment: charge.id,
        };
        AdapterCall {
            id: MovementId(self.stage.clock.new_id()),
            kind,
            ..charge.clone()
        }
    }

    async fn says(&self, ask: Ask, call: &AdapterCall) -> AdapterAnswer {
        answer(&self.adapter, &asking(ask, call)).await
    }

    /// The number of refunds in the adapter's own books.
    async fn refunds(&self, charge: &AdapterCall) -> usize {
        match &self.bank {
            Some(bank) => bank.refunds(&charge.id.0.simple().to_string()).len(),
            None => {
                let text = "SELECT COUNT(*) FROM simulated_movements WHERE kind = 'refund' AND state = 'done'";
                usize::try_from(self.stage.count(text).await).unwrap()
            }
        }
    }
}

async fn answer(adapter: &PaymentAdapter, call: &AdapterCall) -> AdapterAnswer {
    adapter.make_call(call).await.answer
}

fn asking(ask: Ask, call: &AdapterCall) -> AdapterCall {
    AdapterCall {
        call: PendingCall { ask, ..call.call },
        ..call.clone()
    }
}

#[rstest]
#[case::simulated_on_sqlite(Arm::Simulated(Engine::Sqlite))]
#[case::simulated_on_mariadb(Arm::Simulated(Engine::MariaDb))]
#[case::alipay(Arm::Alipay)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_id_has_one_effect_and_its_end_stays(#[case] arm: Arm) {
    let counter = Counter::new(arm).await;
    let charge = counter.charge(Customer::Pays).await;
    let answers = join_all((0..8).map(|_| answer(&counter.adapter, &charge))).await;
    assert_eq!(answers, [PAID; 8]);
    let dearer = AdapterCall {
        amount_minor: PRICE * 2,
        ..charge.clone()
    };
    for ask in [Ask::Call, Ask::Query, Ask::Close] {
        assert_eq!(counter.says(ask, &dearer).await, PAID, "{ask}");
    }
    let refund = counter.refund(&charge);
    assert_eq!(
        counter.says(Ask::Query, &refund).await,
        AdapterAnswer::NotFound
    );
    for ask in [Ask::Call, Ask::Call, Ask::Query] {
        assert_eq!(
            counter.says(ask, &refund).await,
            AdapterAnswer::Done,
            "{ask}"
        );
    }
    assert_eq!(counter.refunds(&charge).await, 1);
    assert_eq!(
        counter.says(Ask::Query, &charge).await,
        PAID,
        "it stays paid, though it went back"
    );
    if counter.adapter.pays_out() {
        let kind = AdapterCallKind::Payout { provider: user(7) };
        let payout = AdapterCall {
            kind,
            ..counter.refund(&charge)
        };
        for ask in [Ask::Call, Ask::Call, Ask::Query] {
            assert_eq!(
                counter.says(ask, &payout).await,
                AdapterAnswer::Done,
                "{ask}"
            );
        }
    }
}

#[rstest]
#[case::simulated_on_sqlite(Arm::Simulated(Engine::Sqlite))]
#[case::simulated_on_mariadb(Arm::Simulated(Engine::MariaDb))]
#[case::alipay(Arm::Alipay)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_closed_can_never_be_charged(#[case] arm: Arm) {
    let counter = Counter::new(arm).await;
    let waiting = counter.charge(Customer::Waits).await;
    assert_eq!(
        counter.says(Ask::Call, &waiting).await,
        AdapterAnswer::Pending
    );
    assert_eq!(
        counter.says(Ask::Close, &waiting).await,
        AdapterAnswer::Closed
    );

    let unknown = counter.stage.charge(counter.adapter.usual_method());
    let kept_link = counter.link(&unknown);
    assert_eq!(
        counter.says(Ask::Query, &unknown).await,
        AdapterAnswer::NotFound
    );
    // An adapter that cannot close an unknown charge keeps answering until it can no longer begin.
    if counter.says(Ask::Close, &unknown).await != AdapterAnswer::Closed {
        assert_eq!(
            counter.says(Ask::Close, &unknown).await,
            AdapterAnswer::Pending
        );
        counter.stage.clock.advance(LINKS_OVER_MS);
    }
    for call in [waiting, unknown] {
        for ask in [Ask::Close, Ask::Call, Ask::Query, Ask::Close] {
            assert_eq!(
                counter.says(ask, &call).await,
                AdapterAnswer::Closed,
                "{ask}"
            );
        }
        if let Some(bank) = &counter.bank {
            assert!(!bank.pays(&call.id.0.simple().to_string(), "200.01".parse().unwrap()));
        }
    }
    if let (Some(bank), Some(link)) = (&counter.bank, kept_link) {
        assert!(!bank.opens(&link).await, "a link that was kept is over");
    }
}

#[rstest]
#[case::simulated_on_sqlite(Arm::Simulated(Engine::Sqlite))]
#[case::simulated_on_mariadb(Arm::Simulated(Engine::MariaDb))]
#[case::alipay(Arm::Alipay)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_word_is_about_what_was_paid_and_what_cannot_go_back(#[case] arm: Arm) {
    let counter = Counter::new(arm).await;
    let less = counter.charge(Customer::PaysLess).await;
    let paid = AdapterAnswer::Paid {
        amount_minor: PRICE - 1,
    };
    assert_eq!(counter.says(Ask::Call, &less).await, paid);
    let kept = counter.charge(Customer::KeepsIt).await;
    assert_eq!(counter.says(Ask::Call, &kept).await, PAID);
    let refund = counter.refund(&kept);
    assert_eq!(
        counter.says(Ask::Call, &refund).await,
        AdapterAnswer::Failed
    );
    assert_eq!(counter.refunds(&kept).await, 0);
}

/// Each fault happens once at the refund and once at the query.
#[tokio::test]
async fn an_accident_on_the_way_to_alipay_says_nothing() {
    let counter = Counter::new(Arm::Alipay).await;
    let bank = counter.bank.as_ref().unwrap();
    let unclear = [
        (Trouble::LostAnswer, AdapterAnswer::Unknown),
        (Trouble::WrongSignature, AdapterAnswer::Unknown),
        // The following query finds the refund.
        (Trouble::UnknownOutcome, AdapterAnswer::Done),
    ];
    for (trouble, said) in unclear {
        let charge = counter.charge(Customer::Pays).await;
        let refund = counter.refund(&charge);
        bank.befall(REFUND, trouble);
        assert_eq!(counter.says(Ask::Call, &refund).await, said, "{trouble:?}");
        assert_eq!(
            counter.says(Ask::Query, &refund).await,
            AdapterAnswer::Done,
            "{trouble:?}"
        );
        assert_eq!(
            counter.says(Ask::Call, &refund).await,
            AdapterAnswer::Done,
            "{trouble:?}"
        );
        assert_eq!(counter.refunds(&charge).await, 1, "{trouble:?}");
    }
    let charge = counter.charge(Customer::Pays).await;
    let refund = counter.refund(&charge);
    for trouble in [
        Trouble::NothingDone,
        Trouble::Refused("ACQ.SELLER_BALANCE_NOT_ENOUGH"),
    ] {
        bank.befall(REFUND, trouble);
        assert_eq!(
            counter.says(Ask::Call, &refund).await,
            AdapterAnswer::Unknown,
            "{trouble:?}"
        );
        assert_eq!(
            counter.says(Ask::Query, &refund).await,
            AdapterAnswer::NotFound
        );
    }
    assert_eq!(counter.says(Ask::Call, &refund).await, AdapterAnswer::Done);
    assert_eq!(counter.refunds(&charge).await, 1);

    let charge = counter.charge(Customer::Pays).await;
    let slow = Trouble::Slow(Duration::from_secs(60));
    let troubles = [
        Trouble::LostAnswer,
        Trouble::WrongSignature,
        Trouble::UnknownOutcome,
        slow,
    ];
    for trouble in troubles {
        bank.befall("alipay.trade.query", trouble);
        assert_eq!(
            counter.says(Ask::Query, &charge).await,
            AdapterAnswer::Unknown,
            "{trouble:?}"
        );
    }
    assert_eq!(counter.says(Ask::Query, &charge).await, PAID);
    assert_eq!(bank.refused_signatures(), 0);
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_method_of_payment_scripts_its_charge(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let adapter = &stage.worker.adapter;
    let silent = stage.charge("simulated.silent");
    assert_eq!(answer(adapter, &silent).await, AdapterAnswer::Unknown);
    assert_eq!(answer(adapter, &asking(Ask::Query, &silent)).await, PAID);
    let other = answer(adapter, &stage.charge("simulated.other_amount")).await;
    assert_eq!(
        other,
        AdapterAnswer::Paid {
            amount_minor: PRICE - 1
        }
    );
    let slow = stage.charge("simulated.slow");
    assert_eq!(answer(adapter, &slow).await, AdapterAnswer::Pending);
    stage.clock.advance(3_000);
    assert_eq!(answer(adapter, &asking(Ask::Query, &slow)).await, PAID);
    let kept = stage.charge("simulated.no_refund");
    assert_eq!(answer(adapter, &kept).await, PAID);
    let kind = AdapterCallKind::Refund {
        order: order_id(0),
        payment: kept.id,
    };
    let back = AdapterCall {
        id: MovementId(Uuid::from_u128(9)),
        kind,
        ..kept
    };
    assert_eq!(answer(adapter, &back).await, AdapterAnswer::Failed);
    assert!(
        !adapter.accepts_method("simulated.unheard_of")
            && adapter.accepts_method(adapter.usual_method())
    );
}

#[rstest]
#[case::sqlite(Engine::Sqlite)]
#[case::mariadb(Engine::MariaDb)]
#[tokio::test]
async fn a_method_of_payment_scripts_the_next_payout_to_its_provider(#[case] engine: Engine) {
    let stage = Stage::new(engine).await;
    let adapter = &stage.worker.adapter;
    let payout = |provider| {
        // Give each payout a later id.
        stage.clock.advance(1);
        let kind = AdapterCallKind::Payout {
            provider: user(provider),
        };
        AdapterCall {
            kind,
            ..stage.charge("")
        }
    };
    for (method, first) in [
        ("simulated", AdapterAnswer::Done),
        ("simulated.no_payout", AdapterAnswer::Failed),
        ("simulated.payout_back", AdapterAnswer::Done),
    ] {
        stage.clock.advance(1);
        assert_eq!(
            answer(adapter, &stage.charge(method)).await,
            PAID,
            "{method}"
        );
        assert_eq!(
            answer(adapter, &payout(8)).await,
            AdapterAnswer::Done,
            "to somebody else"
        );
        let sent = payout(7);
        assert_eq!(answer(adapter, &sent).await, first, "{method}");
        assert_eq!(
            answer(adapter, &payout(7)).await,
            AdapterAnswer::Done,
            "the one after it"
        );
        stage.clock.advance(3_000);
        let last = match method {
            "simulated.payout_back" => AdapterAnswer::Returned,
            _ => first,
        };
        assert_eq!(
            answer(adapter, &asking(Ask::Query, &sent)).await,
            last,
            "{method}"
        );
    }
}
