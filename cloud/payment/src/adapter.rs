//! Owns the way to the adapter, which moves the money. Its word is the truth, and the books follow.
//!
//! The contract, on every arm: an id has one effect; `paid`, `closed`, `done` and `failed` are
//! final for it; closing an unknown id closes it for good. An answer that does not come is
//! `Unknown`, never an error: the call may be on its way. A method of payment is the adapter's own
//! token, never the data of a card.

mod alipay;
mod callback;
mod simulated;

use axum::http::HeaderMap;
use custody::{AdapterAnswer, AdapterReply, Ask, StatementLine};
use platform::sql::Sql;
use process::{clock::Clock, problem::chain};
use uuid::Uuid;
use wire::Currency;

use crate::store::{AdapterCall, StoreError};

pub use alipay::{Alipay, AlipayError, AlipaySettings, PayLink};
pub use callback::{Callback, CallbackClaim};
pub use simulated::{CALLBACK_SIGNATURE, Simulated};

/// The closed list of adapters. Configuration chooses one.
#[derive(Clone)]
pub enum Payments {
    /// Moves nothing, and keeps its own truth as though it did.
    Simulated(Box<Simulated>),
    Alipay(Alipay),
}

impl Payments {
    /// With scripts, a method of payment says what becomes of it.
    pub fn simulated(sql: Sql, clock: Clock, with_scripts: bool) -> Self {
        Self::Simulated(Box::new(Simulated::new(sql, clock, with_scripts)))
    }

    /// As callbacks are addressed to it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Simulated(_) => "simulated",
            Self::Alipay(_) => "alipay",
        }
    }

    /// Reads a message that came in.
    pub fn callback(&self, headers: &HeaderMap, body: &[u8]) -> Callback {
        match self {
            Self::Simulated(simulated) => simulated.callback(headers, body),
            Self::Alipay(alipay) => alipay.callback(body),
        }
    }

    /// The body of our answer to a message that was heard: without it some send theirs again.
    pub fn heard(&self) -> &'static str {
        match self {
            Self::Simulated(_) => "",
            Self::Alipay(_) => alipay::HEARD,
        }
    }

    /// Returns whether it knows this method of payment.
    pub fn takes(&self, method: &str) -> bool {
        self.methods().contains(&method)
    }

    pub fn takes_currency(&self, currency: Currency) -> bool {
        match self {
            Self::Simulated(_) => true,
            Self::Alipay(alipay) => alipay.takes(currency),
        }
    }

    /// The methods of payment that it knows, its usual one first.
    pub fn methods(&self) -> Vec<&'static str> {
        match self {
            Self::Simulated(simulated) => simulated.methods(),
            Self::Alipay(_) => vec![alipay::METHOD],
        }
    }

    /// Nothing is charged: it is for tests and demonstrations.
    pub fn is_simulated(&self) -> bool {
        matches!(self, Self::Simulated(_))
    }

    pub fn usual_method(&self) -> &'static str {
        match self {
            Self::Simulated(_) => simulated::USUAL_METHOD,
            Self::Alipay(_) => alipay::METHOD,
        }
    }

    /// The address where its customer pays, for as long as he may.
    pub fn link(&self, pay: &PayLink) -> Option<String> {
        match self {
            Self::Simulated(_) => None,
            Self::Alipay(alipay) => alipay.link(pay),
        }
    }

    /// Asks what the errand of a movement says. A charge authorises and captures in one, for the
    /// hold is ours; a charge that is closed before the adapter has heard of it can never be made;
    /// a query changes nothing.
    pub async fn take(&self, call: &AdapterCall) -> AdapterReply {
        match self {
            Self::Simulated(simulated) => heard(match call.errand.ask {
                Ask::Query => simulated.query(call.id).await,
                Ask::Close => simulated.close(call).await,
                Ask::Call => simulated.begin(call).await,
            }),
            Self::Alipay(alipay) => alipay.take(call).await,
        }
    }

    /// Returns whether it sends money to providers. Without it their balances stay owed.
    pub fn pays_out(&self) -> bool {
        matches!(self, Self::Simulated(_))
    }

    /// Returns whether its books can be held against ours.
    pub fn has_statement(&self) -> bool {
        matches!(self, Self::Simulated(_))
    }

    /// What it has moved of these ids, by its own books. `None` where it cannot be asked now.
    pub async fn statement(&self, ids: &[Uuid]) -> Option<Vec<StatementLine>> {
        let lines = match self {
            Self::Simulated(simulated) => simulated.statement(ids).await,
            Self::Alipay(_) => return None,
        };
        lines.inspect_err(|error| tracing::warn!(cause = chain(error), "No statement came")).ok()
    }

    /// The ids that it knows from a moment on, behind this one. `None` where it cannot be asked
    /// now.
    pub async fn known(&self, after: Uuid) -> Option<Vec<Uuid>> {
        let ids = match self {
            Self::Simulated(simulated) => simulated.known(after).await,
            Self::Alipay(_) => return None,
        };
        ids.inspect_err(|error| tracing::warn!(cause = chain(error), "No statement came")).ok()
    }
}

/// A fault of the way there says nothing about the money [NOT_FOUND_IS_OPEN].
fn heard(reply: Result<AdapterReply, StoreError>) -> AdapterReply {
    reply.unwrap_or_else(|error| {
        tracing::warn!(cause = chain(&error), "The adapter did not answer");
        AdapterReply { answer: AdapterAnswer::Unknown, chargebacks: Vec::new() }
    })
}
