//! The interface to the payment adapter, which moves the money. Its records are the truth, and our
//! books follow.
//!
//! Contract of every implementation: an id has one effect; `paid`, `closed`, `done` and `failed`
//! are final for that id; closing an unknown id closes it permanently. A missing answer is
//! `Unknown`, never an error: the call may be in transit. A payment method is the adapter's own
//! token, never card data.

mod alipay;
mod simulated;

use axum::http::HeaderMap;
use custody::{AdapterAnswer, AdapterReply, Ask, StatementLine};
use platform::sql::Sql;
use process::{clock::Clock, problem::format_error_chain};
use uuid::Uuid;
use wire::Currency;

use crate::store::{AdapterCall, CallbackMessage, StoreError};

pub use alipay::{Alipay, AlipayError, AlipaySettings, PayLink};
pub use simulated::{CALLBACK_SIGNATURE, SimulatedAdapter};

/// All supported adapters. Configuration chooses one.
#[derive(Clone)]
pub enum PaymentAdapter {
    /// Moves no money, but keeps books as if it did.
    Simulated(Box<SimulatedAdapter>),
    Alipay(Alipay),
}

impl PaymentAdapter {
    /// With scripts enabled, the payment method decides the outcome.
    pub fn new_simulated(sql: Sql, clock: Clock, with_scripts: bool) -> Self {
        Self::Simulated(Box::new(SimulatedAdapter::new(sql, clock, with_scripts)))
    }

    /// The name in callback URLs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Simulated(_) => "simulated",
            Self::Alipay(_) => "alipay",
        }
    }

    /// Reads an incoming message.
    pub fn read_callback(&self, headers: &HeaderMap, body: &[u8]) -> CallbackMessage {
        match self {
            Self::Simulated(simulated) => simulated.read_callback(headers, body),
            Self::Alipay(alipay) => alipay.read_callback(body),
        }
    }

    /// The response body that acknowledges a message: without it some adapters send theirs again.
    pub fn acknowledgement_body(&self) -> &'static str {
        match self {
            Self::Simulated(_) => "",
            Self::Alipay(_) => alipay::ACKNOWLEDGEMENT,
        }
    }

    pub fn accepts_method(&self, method: &str) -> bool {
        self.supported_methods().contains(&method)
    }

    pub fn accepts_currency(&self, currency: Currency) -> bool {
        match self {
            Self::Simulated(_) => true,
            Self::Alipay(alipay) => alipay.accepts_currency(currency),
        }
    }

    /// Supported payment methods, the usual one first.
    pub fn supported_methods(&self) -> Vec<&'static str> {
        match self {
            Self::Simulated(simulated) => simulated.supported_methods(),
            Self::Alipay(_) => vec![alipay::METHOD],
        }
    }

    /// True if payments charge no real money: for tests and demonstrations.
    pub fn is_simulated(&self) -> bool {
        matches!(self, Self::Simulated(_))
    }

    pub fn usual_method(&self) -> &'static str {
        match self {
            Self::Simulated(_) => simulated::USUAL_METHOD,
            Self::Alipay(_) => alipay::METHOD,
        }
    }

    /// The URL where the customer pays an open payment.
    pub fn payment_link(&self, pay: &PayLink) -> Option<String> {
        match self {
            Self::Simulated(_) => None,
            Self::Alipay(alipay) => alipay.payment_link(pay),
        }
    }

    /// Makes the pending call. A charge authorises and captures in one call, because we hold the
    /// money ourselves. Closing a charge before the adapter has received it blocks it permanently.
    /// A query changes nothing.
    pub async fn make_call(&self, call: &AdapterCall) -> AdapterReply {
        match self {
            Self::Simulated(simulated) => reply_or_unknown(match call.call.ask {
                Ask::Query => simulated.query_movement(call.id).await,
                Ask::Close => simulated.close(call).await,
                Ask::Call => simulated.begin_movement(call).await,
            }),
            Self::Alipay(alipay) => alipay.make_call(call).await,
        }
    }

    /// True if the adapter can send money to providers. Otherwise their balances stay owed.
    pub fn pays_out(&self) -> bool {
        matches!(self, Self::Simulated(_))
    }

    /// True if the adapter's books can be compared with ours.
    pub fn has_statement(&self) -> bool {
        matches!(self, Self::Simulated(_))
    }

    /// The adapter's statement for these ids, or `None` if it is unavailable.
    pub async fn fetch_statement(&self, ids: &[Uuid]) -> Option<Vec<StatementLine>> {
        let lines = match self {
            Self::Simulated(simulated) => simulated.fetch_statement(ids).await,
            Self::Alipay(_) => return None,
        };
        lines
            .inspect_err(|error| {
                tracing::warn!(
                    cause = format_error_chain(error),
                    "Could not fetch the adapter's statement"
                )
            })
            .ok()
    }

    /// The adapter's next ids after `after`, or `None` if it is unavailable.
    pub async fn list_ids_after(&self, after: Uuid) -> Option<Vec<Uuid>> {
        let ids = match self {
            Self::Simulated(simulated) => simulated.list_ids_after(after).await,
            Self::Alipay(_) => return None,
        };
        ids.inspect_err(|error| {
            tracing::warn!(
                cause = format_error_chain(error),
                "Could not fetch the adapter's statement"
            )
        })
        .ok()
    }
}

/// A transport failure reveals nothing about the money [NOT_FOUND_IS_OPEN].
fn reply_or_unknown(reply: Result<AdapterReply, StoreError>) -> AdapterReply {
    reply.unwrap_or_else(|error| {
        tracing::warn!(
            cause = format_error_chain(&error),
            "The adapter did not answer"
        );
        AdapterReply {
            answer: AdapterAnswer::Unknown,
            chargebacks: Vec::new(),
        }
    })
}
