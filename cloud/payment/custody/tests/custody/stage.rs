//! One order of 200.01 from customer 1, accepted by provider 7, and the steps that tests play on
//! it.

use custody::{
    AdapterAnswer, AdapterReply, BilledOrder, CancelTerms, Chargeback, ChargebackId, CustodyLimits,
    DecisionContext, FeePolicy, MoneyStep, MoneyWrites, MovementId, OrderMoney, PaymentRequest,
};
use uuid::Uuid;
use wire::{Code, Currency, EventType, OrderId, OrderStatus, UnixMillis, UserId};

pub(crate) const PRICE: i64 = 20_001;
pub(crate) const HOUR: i64 = 3_600_000;

pub(crate) fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

pub(crate) const POLICY: FeePolicy = FeePolicy {
    from: UnixMillis(0),
    platform_fee_bp: 1_000,
    cancel_fee_bp: 1_000,
    cancel_notice_ms: 24 * HOUR,
};

pub(crate) struct Stage {
    pub money: OrderMoney,
    pub now: UnixMillis,
    pub policies: Vec<FeePolicy>,
    drawn: u128,
}

pub(crate) fn order(version: u64, status: OrderStatus) -> BilledOrder {
    BilledOrder {
        id: OrderId(Uuid::from_u128(500)),
        version,
        status,
        customer_id: user(1),
        provider_id: Some(user(7)),
        price_minor: PRICE,
        currency: Currency::Cny,
        created_at: UnixMillis(10),
        terms: None,
    }
}

impl Stage {
    pub(crate) fn accepted() -> Self {
        let now = UnixMillis(1_000);
        let money = custody::open_order_money(order(3, OrderStatus::Accepted), now);
        Self {
            money,
            now,
            policies: vec![POLICY],
            drawn: 0,
        }
    }

    /// With the price in custody, through the returned payment.
    pub(crate) fn held() -> (Self, MovementId) {
        let mut stage = Self::accepted();
        let payment = stage.pay();
        stage.hears(
            payment,
            AdapterAnswer::Paid {
                amount_minor: PRICE,
            },
        );
        (stage, payment)
    }

    pub(crate) fn step(&mut self, step: &MoneyStep) -> Result<MoneyWrites, Code> {
        self.drawn += 1;
        let fresh = MovementId(Uuid::from_u128(self.drawn << 64));
        let basis = DecisionContext {
            now: self.now,
            fresh,
            policies: &self.policies,
            limits: CustodyLimits::default(),
        };
        let writes = custody::decide_money_step(&self.money, step, &basis)?;
        self.money.apply_writes(&writes);
        Ok(writes)
    }

    pub(crate) fn pay(&mut self) -> MovementId {
        self.step(&MoneyStep::Pay(wish()))
            .unwrap()
            .movement
            .unwrap()
    }

    pub(crate) fn hears(&mut self, movement: MovementId, answer: AdapterAnswer) -> Vec<EventType> {
        self.hears_also(movement, answer, Vec::new())
    }

    pub(crate) fn hears_also(
        &mut self,
        movement: MovementId,
        answer: AdapterAnswer,
        chargebacks: Vec<Chargeback>,
    ) -> Vec<EventType> {
        let reply = AdapterReply {
            answer,
            chargebacks,
        };
        let writes = self.step(&MoneyStep::Answered { movement, reply }).unwrap();
        writes.events.iter().map(|event| event.kind).collect()
    }

    pub(crate) fn becomes(&mut self, status: OrderStatus) -> MoneyWrites {
        let version = self.money.due.order.version + 1;
        self.step(&MoneyStep::OrderHeard(order(version, status)))
            .unwrap()
    }

    pub(crate) fn cancelled(&mut self, fee_minor: i64) -> MoneyWrites {
        let version = self.money.due.order.version + 1;
        let terms = Some(CancelTerms {
            fee_minor,
            provider_id: Some(user(7)),
        });
        let order = BilledOrder {
            terms,
            ..order(version, OrderStatus::Cancelled)
        };
        self.step(&MoneyStep::OrderHeard(order)).unwrap()
    }

    pub(crate) fn later(&mut self, ms: i64) -> MoneyWrites {
        self.now = self.now.plus_ms(ms);
        self.step(&MoneyStep::TimePassed).unwrap()
    }

    /// An admin grants the refund that the customer requests.
    pub(crate) fn grant_refund(&mut self, amount_minor: i64) {
        let request = MoneyStep::RequestRefund {
            by: user(1),
            amount_minor,
        };
        let request = self.step(&request).unwrap().movement.unwrap();
        let granted_minor = Some(amount_minor);
        self.step(&MoneyStep::DecideRefund {
            request,
            granted_minor,
        })
        .unwrap();
    }

    pub(crate) fn open_refund(&self) -> MovementId {
        self.money.open_refund().unwrap().id
    }
}

pub(crate) fn wish() -> PaymentRequest {
    PaymentRequest {
        by: user(1),
        amount_minor: PRICE,
        currency: Currency::Cny,
    }
}

pub(crate) fn chargeback(payment: MovementId, amount_minor: i64) -> Chargeback {
    let id = ChargebackId(Uuid::from_u128(900));
    Chargeback {
        id,
        payment,
        amount_minor,
        is_reversed: false,
    }
}
