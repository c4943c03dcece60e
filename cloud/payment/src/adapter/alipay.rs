//! The adapter for Alipay's open platform. Customers pay on Alipay's own page, through a link we
//! sign; everything else is a signed gateway call with a signed answer. An unreadable answer, or
//! one with an unknown signature, counts as no answer.
//!
//! Alipay learns of a payment only when its customer opens the link, so the payment cannot be
//! closed before that. Each link therefore expires at a time that Alipay enforces, and an unknown
//! payment is permanently closed only after it.

mod gateway;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Arc, time::Duration};

use axum::http::Uri;
use custody::{AdapterAnswer, AdapterReply, Ask, MovementId};
use process::{
    client::{Client, is_guarded, is_loopback},
    clock::Clock,
    problem::format_error_chain,
};
use serde_json::json;
use uuid::Uuid;
use wire::{Amount, Currency, OrderId, UnixMillis};

use super::alipay::gateway::{
    AlipayAnswer, AlipayCallError, AlipayFields, AlipayGateway, AlipayKey, AlipayKeyError,
    MerchantKey, format_beijing_time,
};
use crate::store::{AdapterCall, AdapterCallKind, CallbackClaim, CallbackMessage};

pub(super) const METHOD: &str = "alipay";
/// The answer that stops Alipay from repeating a message.
pub(super) const ACKNOWLEDGEMENT: &str = "success";
const PAGE: &str = "alipay.trade.page.pay";
const QUERY: &str = "alipay.trade.query";
const CLOSE: &str = "alipay.trade.close";
const REFUND: &str = "alipay.trade.refund";
const REFUND_QUERY: &str = "alipay.trade.fastpay.refund.query";
const NO_TRADE: &str = "ACQ.TRADE_NOT_EXIST";
/// Reasons that make a refused refund final. Any other may pass, such as an account short of money.
const NEVER_REFUNDED: &[&str] = &[
    "ACQ.TRADE_NOT_ALLOW_REFUND",
    "ACQ.TRADE_HAS_FINISHED",
    "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL",
    "ACQ.REASON_TRADE_REFUND_FEE_ERR",
];

/// Margin after a link's expiry, for Alipay's clock and payments begun at the last moment.
const LINK_OVER_MS: i64 = 120_000;
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Longer claims are cut.
const CLAIM_CHARS_MAX: usize = 24;
/// Placeholder for the order's id in the return URL.
const ORDER_MARK: &str = "{order}";

/// From the configuration.
pub struct AlipaySettings {
    pub gateway: String,
    pub app_id: String,
    pub key: PathBuf,
    pub public_key: PathBuf,
    pub notify_url: String,
    pub return_url: String,
    pub pay_within_ms: i64,
}

#[derive(Debug, thiserror::Error)]
pub enum AlipayError {
    #[error("`payment.alipay_gateway` must be an https:// address, or an address on this machine")]
    Gateway,
    #[error("`payment.alipay_app_id` must be the number that Alipay gave the application")]
    AppId,
    #[error(transparent)]
    Key(#[from] AlipayKeyError),
    /// With published keys, anyone could sign as us or as Alipay.
    #[error("the sandbox keys are public; use them only with a gateway on this machine")]
    Published,
}

#[derive(Clone)]
pub struct Alipay(Arc<AlipayInner>);

struct AlipayInner {
    gateway: AlipayGateway,
    notify_url: String,
    return_url: String,
    pay_within_ms: i64,
}

/// A payment that its customer may continue.
#[derive(Debug, Clone, Copy)]
pub struct PayLink {
    pub payment: MovementId,
    pub order: OrderId,
    pub amount_minor: i64,
    pub begun_at: UnixMillis,
}

impl Alipay {
    pub fn open(settings: AlipaySettings, clock: Clock) -> Result<Self, AlipayError> {
        if !is_guarded(&settings.gateway) || settings.gateway.contains('?') {
            return Err(AlipayError::Gateway);
        }
        let digits = settings.app_id.bytes().all(|byte| byte.is_ascii_digit());
        if settings.app_id.is_empty() || !digits {
            return Err(AlipayError::AppId);
        }
        let own = MerchantKey::read(&settings.key)?;
        let alipay = AlipayKey::read(&settings.public_key, &own)?;
        if !is_on_this_machine(&settings.gateway) && (own.is_published() || alipay.is_published()) {
            return Err(AlipayError::Published);
        }
        let gateway = AlipayGateway {
            client: Client::new(),
            address: settings.gateway,
            app_id: settings.app_id,
            own,
            alipay,
            clock,
            answer_within: ANSWER_WITHIN,
        };
        let AlipaySettings {
            notify_url,
            return_url,
            pay_within_ms,
            ..
        } = settings;
        Ok(Self(Arc::new(AlipayInner {
            gateway,
            notify_url,
            return_url,
            pay_within_ms,
        })))
    }

    pub fn accepts_currency(&self, currency: Currency) -> bool {
        currency == Currency::Cny
    }

    /// The URL of Alipay's page for this payment. `None` once the link has expired.
    pub fn payment_link(&self, pay: &PayLink) -> Option<String> {
        let AlipayInner {
            gateway,
            notify_url,
            return_url,
            ..
        } = &*self.0;
        if gateway.clock.now() >= self.link_ends(pay.begun_at) {
            return None;
        }
        let business = json!({
            "out_trade_no": trade_number(pay.payment),
            "product_code": "FAST_INSTANT_TRADE_PAY",
            "total_amount": format_yuan(pay.amount_minor)?,
            "subject": format!("Holdfast {}", pay.order),
            "time_expire": format_beijing_time(self.link_ends(pay.begun_at)),
        });
        let request = gateway
            .build_request(PAGE, &business)
            .with_field("notify_url", notify_url.as_str())
            .with_field(
                "return_url",
                return_url.replace(ORDER_MARK, &pay.order.to_string()),
            );
        let link = gateway.sign_link(request);
        link.inspect_err(|error| {
            tracing::error!(
                cause = format_error_chain(error),
                "Could not create a payment link"
            )
        })
        .ok()
    }

    pub async fn make_call(&self, call: &AdapterCall) -> AdapterReply {
        let answer = match (&call.kind, call.call.ask) {
            (AdapterCallKind::Charge { .. }, Ask::Close) => self.close(call).await,
            (AdapterCallKind::Charge { .. }, ask) => self.query_charge(call, ask).await,
            (AdapterCallKind::Refund { payment, .. }, Ask::Call) => {
                self.send_refund(call, *payment).await
            }
            (AdapterCallKind::Refund { payment, .. }, _) => self.query_refund(call, *payment).await,
            // Unsupported: we do not have providers' account numbers.
            (AdapterCallKind::Payout { .. }, _) => Ok(AdapterAnswer::Unknown),
        };
        let answer = answer.unwrap_or_else(|error| {
            tracing::warn!(
                movement.id = %call.id.0, cause = format_error_chain(&error),
                "Alipay did not answer; the outcome of the call is unknown"
            );
            AdapterAnswer::Unknown
        });
        AdapterReply {
            answer,
            chargebacks: Vec::new(),
        }
    }

    /// Reads a message about a payment or its refund. Verifies the signature before using any
    /// field.
    pub fn read_callback(&self, body: &[u8]) -> CallbackMessage {
        let gateway = &self.0.gateway;
        let genuine = AlipayFields::read(body).filter(|fields| {
            fields.get("app_id") == Some(&gateway.app_id) && fields.are_signed_by(&gateway.alipay)
        });
        let Some(fields) = genuine else {
            return CallbackMessage::from_forged(body);
        };
        let refund = fields.get("out_biz_no");
        let amount = fields.get(if refund.is_some() {
            "refund_fee"
        } else {
            "total_amount"
        });
        let claim = CallbackClaim {
            movement: refund
                .or_else(|| fields.get("out_trade_no"))
                .and_then(|number| Uuid::try_parse(number).ok()),
            claim: fields
                .get("trade_status")
                .map(|state| state.chars().take(CLAIM_CHARS_MAX).collect()),
            amount_minor: amount
                .and_then(|text| text.parse().ok())
                .map(Amount::minor_units),
        };
        CallbackMessage::from_signed(body, claim)
    }

    /// Never calls Alipay to charge: the customer begins the charge through the link.
    async fn query_charge(
        &self,
        call: &AdapterCall,
        ask: Ask,
    ) -> Result<AdapterAnswer, AlipayCallError> {
        Ok(match self.query_trade(call).await? {
            AdapterAnswer::NotFound if self.is_over(call) => AdapterAnswer::Closed,
            AdapterAnswer::NotFound if ask == Ask::Call => AdapterAnswer::Pending,
            answer => answer,
        })
    }

    /// Queries a trade that cannot be closed now: it may be paid or already closed.
    async fn close(&self, call: &AdapterCall) -> Result<AdapterAnswer, AlipayCallError> {
        let trade = trade_number(call.id);
        let answer = self
            .call_gateway(CLOSE, &json!({ "out_trade_no": trade }))
            .await?;
        if answer.is_done() && answer.out_trade_no == trade {
            return Ok(AdapterAnswer::Closed);
        }
        self.query_charge(call, Ask::Call).await
    }

    async fn query_trade(&self, call: &AdapterCall) -> Result<AdapterAnswer, AlipayCallError> {
        let trade = trade_number(call.id);
        let answer = self
            .call_gateway(QUERY, &json!({ "out_trade_no": trade }))
            .await?;
        if answer.refusal_reason() == Some(NO_TRADE) {
            return Ok(AdapterAnswer::NotFound);
        }
        if !answer.is_done() || answer.out_trade_no != trade {
            return Ok(log_unclear_answer(QUERY, &answer));
        }
        let paid = answer.total_amount.map(|amount| AdapterAnswer::Paid {
            amount_minor: amount.minor_units(),
        });
        Ok(match answer.trade_status.as_str() {
            "WAIT_BUYER_PAY" => AdapterAnswer::Pending,
            "TRADE_SUCCESS" | "TRADE_FINISHED" => {
                paid.unwrap_or_else(|| log_unclear_answer(QUERY, &answer))
            }
            // Both unpaid trades and fully refunded ones end in this state; only paid ones have a
            // date.
            "TRADE_CLOSED" if answer.send_pay_date.is_some() => {
                paid.unwrap_or_else(|| log_unclear_answer(QUERY, &answer))
            }
            "TRADE_CLOSED" => AdapterAnswer::Closed,
            _ => log_unclear_answer(QUERY, &answer),
        })
    }

    async fn send_refund(
        &self,
        call: &AdapterCall,
        payment: MovementId,
    ) -> Result<AdapterAnswer, AlipayCallError> {
        let Some(amount) = format_yuan(call.amount_minor) else {
            return Ok(AdapterAnswer::Unknown);
        };
        let trade = trade_number(payment);
        let refund = trade_number(call.id);
        let business = json!({
            "out_trade_no": trade, "out_request_no": refund, "refund_amount": amount,
        });
        let answer = self.call_gateway(REFUND, &business).await?;
        if answer.is_done() && answer.out_trade_no == trade && answer.fund_change == "Y" {
            return Ok(AdapterAnswer::Done);
        }
        // This call moved nothing, but an earlier one with a lost answer may have.
        let is_refused = answer
            .refusal_reason()
            .is_some_and(|reason| NEVER_REFUNDED.contains(&reason));
        Ok(match self.query_refund(call, payment).await? {
            AdapterAnswer::NotFound if is_refused => AdapterAnswer::Failed,
            AdapterAnswer::NotFound if answer.is_done() => AdapterAnswer::NotFound,
            AdapterAnswer::NotFound => log_unclear_answer(REFUND, &answer),
            known => known,
        })
    }

    async fn query_refund(
        &self,
        call: &AdapterCall,
        payment: MovementId,
    ) -> Result<AdapterAnswer, AlipayCallError> {
        let trade = trade_number(payment);
        let refund = trade_number(call.id);
        let business = json!({ "out_trade_no": trade, "out_request_no": refund });
        let answer = self.call_gateway(REFUND_QUERY, &business).await?;
        if answer.refusal_reason() == Some(NO_TRADE) {
            return Ok(AdapterAnswer::NotFound);
        }
        if !answer.is_done() {
            return Ok(log_unclear_answer(REFUND_QUERY, &answer));
        }
        let told = answer.refund_amount.map(Amount::minor_units) == Some(call.amount_minor)
            && answer.out_request_no == refund;
        Ok(match answer.refund_status.as_str() {
            "REFUND_SUCCESS" if told => AdapterAnswer::Done,
            // Alipay has no such refund, or has not made it yet.
            "" => AdapterAnswer::NotFound,
            _ => log_unclear_answer(REFUND_QUERY, &answer),
        })
    }

    async fn call_gateway(
        &self,
        method: &str,
        business: &serde_json::Value,
    ) -> Result<AlipayAnswer, AlipayCallError> {
        self.0.gateway.call_method(method, business).await
    }

    fn link_ends(&self, begun_at: UnixMillis) -> UnixMillis {
        begun_at.plus_ms(self.0.pay_within_ms)
    }

    /// True if this payment can no longer begin.
    fn is_over(&self, call: &AdapterCall) -> bool {
        let over = self.link_ends(call.begun_at).plus_ms(LINK_OVER_MS);
        self.0.gateway.clock.now() >= over
    }
}

/// True if the gateway runs on this machine, so it can only be a sandbox.
fn is_on_this_machine(gateway: &str) -> bool {
    gateway
        .parse::<Uri>()
        .is_ok_and(|uri| uri.host().is_some_and(is_loopback))
}

/// Our id in Alipay's format.
fn trade_number(id: MovementId) -> String {
    id.0.simple().to_string()
}

/// The exact amount, with two decimals.
fn format_yuan(minor: i64) -> Option<String> {
    let amount = Amount::from_minor(minor)
        .ok()
        .filter(|amount| amount.is_positive());
    amount.map(|amount| amount.to_string())
}

fn log_unclear_answer(method: &str, answer: &AlipayAnswer) -> AdapterAnswer {
    let AlipayAnswer {
        code,
        sub_code,
        trade_status,
        ..
    } = answer;
    tracing::warn!(
        method,
        code,
        sub_code,
        trade_status,
        "Alipay's answer is inconclusive; the outcome of the call is unknown"
    );
    AdapterAnswer::Unknown
}
