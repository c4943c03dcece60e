//! The arm that needs no provider. It keeps its own truth in tables that nothing else reads, so that its word
//! survives a crash and is the same for every replica.
//!
//! Where scripts are allowed, a method of payment says what becomes of a charge.

mod store;

use axum::http::HeaderMap;
use custody::{AdapterReply, MovementId, StatementLine};
use platform::sql::Sql;
use process::clock::Clock;
use ring::hmac;
use serde::Deserialize;
use uuid::Uuid;
use wire::Amount;

use super::{Callback, CallbackClaim};
use crate::store::{AdapterCall, StoreError};

pub const USUAL_METHOD: &str = "simulated";
/// Each names what its customer does.
const SCRIPTS: &[&str] = &[DECLINED, WAITING, SLOW, SILENT, OTHER_AMOUNT, NO_REFUND, FEE];

/// The bank says no.
const DECLINED: &str = "simulated.declined";
/// The customer has left the page where he was to pay.
const WAITING: &str = "simulated.waiting";
/// He pays after a while.
const SLOW: &str = "simulated.slow";
/// It is paid, and the answer is lost.
const SILENT: &str = "simulated.silent";
/// A cent less is paid.
const OTHER_AMOUNT: &str = "simulated.other_amount";
/// It is paid, and cannot be sent back.
const NO_REFUND: &str = "simulated.no_refund";
/// It is paid, and the adapter keeps a fee for its work.
const FEE: &str = "simulated.fee";

const SLOW_MS: i64 = 3_000;
/// What it keeps of a charge at a fee.
const FEE_BASIS_POINTS: i64 = 60;
/// A longer word in a callback is cut.
const CLAIM_CHARS_MAX: usize = 24;

#[derive(Clone)]
pub struct Simulated {
    sql: Sql,
    clock: Clock,
    with_scripts: bool,
    callback_key: Option<hmac::Key>,
}

/// Its hexadecimal HMAC-SHA-256 of the body.
pub const CALLBACK_SIGNATURE: &str = "x-signature";

/// The body of its callbacks.
#[derive(Deserialize)]
struct CallbackForm {
    id: Uuid,
    state: String,
    #[serde(default)]
    amount: Option<Amount>,
}

impl Simulated {
    pub fn new(sql: Sql, clock: Clock, with_scripts: bool) -> Self {
        Self { sql, clock, with_scripts, callback_key: None }
    }

    pub fn hearing(self, secret: &str) -> Self {
        let key = || hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        Self { callback_key: (!secret.is_empty()).then(key), ..self }
    }

    /// The signature is compared in constant time, and before anything of the body is read.
    pub fn callback(&self, headers: &HeaderMap, body: &[u8]) -> Callback {
        let tag = headers.get(CALLBACK_SIGNATURE).and_then(|tag| hex::decode(tag.as_bytes()).ok());
        let is_signed = self.callback_key.as_ref().zip(tag);
        let is_signed = is_signed.is_some_and(|(key, tag)| hmac::verify(key, body, &tag).is_ok());
        if !is_signed {
            return Callback::forged(body);
        }
        let form: Option<CallbackForm> = serde_json::from_slice(body).ok();
        let claim = form.map(|form| CallbackClaim {
            movement: Some(form.id),
            claim: Some(form.state.chars().take(CLAIM_CHARS_MAX).collect()),
            amount_minor: form.amount.map(Amount::minor),
        });
        Callback::signed(body, claim.unwrap_or_default())
    }

    pub fn methods(&self) -> Vec<&'static str> {
        let scripts: &[&str] = if self.with_scripts { SCRIPTS } else { &[] };
        [USUAL_METHOD].iter().chain(scripts).copied().collect()
    }

    /// A charge, refund or payout. One that is known is answered with its state.
    pub async fn begin(&self, call: &AdapterCall) -> Result<AdapterReply, StoreError> {
        store::begin(&self.sql, call, self.clock.now()).await
    }

    pub async fn close(&self, call: &AdapterCall) -> Result<AdapterReply, StoreError> {
        store::close(&self.sql, call, self.clock.now()).await
    }

    pub async fn query(&self, id: MovementId) -> Result<AdapterReply, StoreError> {
        store::query(&self.sql, id, self.clock.now()).await
    }

    pub async fn statement(&self, ids: &[Uuid]) -> Result<Vec<StatementLine>, StoreError> {
        store::statement(&self.sql, ids, self.clock.now()).await
    }

    pub async fn known(&self, after: Uuid) -> Result<Vec<Uuid>, StoreError> {
        store::known(&self.sql, after).await
    }

    /// A bank takes a payment back, or gives it back again.
    pub async fn charge_back(
        &self,
        payment: MovementId,
        amount_minor: i64,
        is_reversed: bool,
    ) -> Result<(), StoreError> {
        store::charge_back(&self.sql, payment, amount_minor, is_reversed).await
    }

    /// The customer of a waiting charge pays after all, whatever became of it here.
    pub async fn pays(&self, payment: MovementId) -> Result<bool, StoreError> {
        store::pays(&self.sql, payment).await
    }
}
