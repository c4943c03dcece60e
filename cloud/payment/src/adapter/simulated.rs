//! An adapter without a payment provider. Its books are in tables that no other code reads, so its
//! answers survive a crash and agree across replicas.
//!
//! With scripts enabled, the payment method decides the outcome of a charge and its consequences.

mod store;

use std::{error::Error, time::Duration};

use axum::{
    body::Body,
    http::{HeaderMap, Request, header},
};
use custody::{AdapterReply, MovementId, StatementLine};
use platform::sql::Sql;
use process::{client::Client, clock::Clock, problem::format_error_chain};
use ring::hmac;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use uuid::Uuid;
use wire::Amount;

use crate::store::{AdapterCall, CallbackClaim, CallbackMessage, StoreError};

pub(super) const USUAL_METHOD: &str = "simulated";
/// Each constant states its customer's behaviour.
const SCRIPTS: &[&str] = &[
    DECLINED,
    WAITING,
    SLOW,
    SILENT,
    OTHER_AMOUNT,
    NO_REFUND,
    LATE_CALLBACK,
    TWO_CALLBACKS,
    FEE,
    NO_PAYOUT,
    PAYOUT_BACK,
];

/// The bank declines.
const DECLINED: &str = "simulated.declined";
/// The customer has left the payment page.
const WAITING: &str = "simulated.waiting";
/// The customer pays after a while.
const SLOW: &str = "simulated.slow";
/// The charge succeeds, and the answer is lost.
const SILENT: &str = "simulated.silent";
/// The customer pays a cent less.
const OTHER_AMOUNT: &str = "simulated.other_amount";
/// The charge succeeds and cannot be refunded.
const NO_REFUND: &str = "simulated.no_refund";
/// The customer pays after a while, and the callback arrives after our query.
const LATE_CALLBACK: &str = "simulated.late_callback";
/// The customer pays after a while, and the callback arrives twice.
const TWO_CALLBACKS: &str = "simulated.two_callbacks";
/// The charge succeeds, and the adapter keeps a fee.
const FEE: &str = "simulated.fee";
/// The charge succeeds, and the provider's next payout fails.
const NO_PAYOUT: &str = "simulated.no_payout";
/// The charge succeeds, and the provider's next payout completes, then comes back.
const PAYOUT_BACK: &str = "simulated.payout_back";
const SLOW_MS: i64 = 3_000;
/// Long enough for several queries about an open payment.
const LATE_MS: i64 = 60_000;
/// The adapter's fee on a charge.
const FEE_BASIS_POINTS: i64 = 60;
/// A message not accepted in time is lost.
const MESSAGE_WITHIN: Duration = Duration::from_secs(10);
/// Longer claims are cut.
const CLAIM_CHARS_MAX: usize = 24;

#[derive(Clone)]
pub struct SimulatedAdapter {
    sql: Sql,
    clock: Clock,
    with_scripts: bool,
    callback_key: Option<hmac::Key>,
    /// The destination of its messages.
    notify_url: String,
    client: Client,
}

/// The header with the body's HMAC-SHA-256, in hex.
pub const CALLBACK_SIGNATURE: &str = "x-signature";

/// The body of its callbacks.
#[derive(Serialize, Deserialize)]
struct CallbackForm {
    id: Uuid,
    state: String,
    #[serde(default)]
    amount: Option<Amount>,
}

impl SimulatedAdapter {
    pub fn new(sql: Sql, clock: Clock, with_scripts: bool) -> Self {
        let callback_key = None;
        let notify_url = String::new();
        let client = Client::new();
        Self {
            sql,
            clock,
            with_scripts,
            callback_key,
            notify_url,
            client,
        }
    }

    pub fn with_callback_secret(self, secret: &str) -> Self {
        let callback_key = if secret.is_empty() {
            None
        } else {
            Some(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
        };
        Self {
            callback_key,
            ..self
        }
    }

    pub fn with_notify_url(self, notify_url: &str) -> Self {
        Self {
            notify_url: notify_url.to_owned(),
            ..self
        }
    }

    pub fn can_send_callbacks(&self) -> bool {
        self.callback_key.is_some() && !self.notify_url.is_empty()
    }

    /// Sends each due message once, ignoring the response. Returns their number.
    pub async fn send_callbacks(&self) -> Result<usize, StoreError> {
        let key = self
            .callback_key
            .as_ref()
            .filter(|_| self.can_send_callbacks());
        let Some(key) = key else { return Ok(0) };
        let messages = store::take_due_messages(&self.sql, self.clock.now()).await?;
        for message in &messages {
            let body = serde_json::to_vec(message)?;
            if let Err(error) = self.send(key, body).await {
                tracing::warn!(
                    movement.id = %message.id, cause = format_error_chain(&*error),
                    "Could not deliver a simulated callback"
                );
            }
        }
        Ok(messages.len())
    }

    async fn send(
        &self,
        key: &hmac::Key,
        body: Vec<u8>,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let request = Request::post(&self.notify_url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(CALLBACK_SIGNATURE, hex::encode(hmac::sign(key, &body)))
            .body(Body::from(body))?;
        timeout(MESSAGE_WITHIN, self.client.send_request(request)).await??;
        Ok(())
    }

    /// Verifies the signature in constant time, before parsing the body.
    pub fn read_callback(&self, headers: &HeaderMap, body: &[u8]) -> CallbackMessage {
        let tag = headers
            .get(CALLBACK_SIGNATURE)
            .and_then(|tag| hex::decode(tag.as_bytes()).ok());
        let is_signed = self.callback_key.as_ref().zip(tag);
        let is_signed = is_signed.is_some_and(|(key, tag)| hmac::verify(key, body, &tag).is_ok());
        if !is_signed {
            return CallbackMessage::from_forged(body);
        }
        let form: Option<CallbackForm> = serde_json::from_slice(body).ok();
        let claim = form.map(|form| CallbackClaim {
            movement: Some(form.id),
            claim: Some(form.state.chars().take(CLAIM_CHARS_MAX).collect()),
            amount_minor: form.amount.map(Amount::minor_units),
        });
        CallbackMessage::from_signed(body, claim.unwrap_or_default())
    }

    pub fn supported_methods(&self) -> Vec<&'static str> {
        let scripts: &[&str] = if self.with_scripts { SCRIPTS } else { &[] };
        [USUAL_METHOD].iter().chain(scripts).copied().collect()
    }

    /// Begins a charge, refund or payout. Repeating an id returns its current state.
    pub async fn begin_movement(&self, call: &AdapterCall) -> Result<AdapterReply, StoreError> {
        store::begin_movement(&self.sql, call, &self.clock).await
    }

    pub async fn close(&self, call: &AdapterCall) -> Result<AdapterReply, StoreError> {
        store::close(&self.sql, call, self.clock.now()).await
    }

    pub async fn query_movement(&self, id: MovementId) -> Result<AdapterReply, StoreError> {
        store::query_movement(&self.sql, id, self.clock.now()).await
    }

    pub async fn fetch_statement(&self, ids: &[Uuid]) -> Result<Vec<StatementLine>, StoreError> {
        store::fetch_statement(&self.sql, ids, self.clock.now()).await
    }

    pub async fn list_ids_after(&self, after: Uuid) -> Result<Vec<Uuid>, StoreError> {
        store::list_ids_after(&self.sql, after).await
    }

    /// Simulates a bank's chargeback, or its reversal.
    pub async fn charge_back(
        &self,
        payment: MovementId,
        amount_minor: i64,
        is_reversed: bool,
    ) -> Result<(), StoreError> {
        store::charge_back(&self.sql, payment, amount_minor, is_reversed).await
    }

    /// The customer of a waiting charge pays after all, regardless of its state on our side.
    pub async fn pay_charge(&self, payment: MovementId) -> Result<bool, StoreError> {
        store::pay_charge(&self.sql, payment).await
    }
}
