//! Owns the way to the adapter, which moves the money. Its word is the truth, and the books follow.
//!
//! The contract, on every arm: an id has one effect; `paid`, `closed`, `done` and `failed` are final for it;
//! closing an unknown id closes it for good. An answer that does not come is `Unknown`, never an error: the call may
//! be on its way. A method of payment is the adapter's own token, never the data of a card.

mod callback;
mod simulated;

use axum::http::HeaderMap;
use custody::{AdapterAnswer, AdapterReply, Ask, MovementId, StatementLine};
use platform::sql::Sql;
use process::{clock::Clock, problem::chain};
use uuid::Uuid;

use crate::store::{AdapterCall, CallKind, StoreError};

pub use callback::{Callback, CallbackClaim};
pub use simulated::{CALLBACK_SIGNATURE, Simulated};

/// The closed list of adapters. Configuration chooses one.
#[derive(Clone)]
pub enum Payments {
    /// Moves nothing, and keeps its own truth as though it did.
    Simulated(Simulated),
}

impl Payments {
    /// With scripts, a method of payment says what becomes of it.
    pub fn simulated(sql: Sql, clock: Clock, with_scripts: bool) -> Self {
        Self::Simulated(Simulated::new(sql, clock, with_scripts))
    }

    /// The same, believing callbacks that are signed by this secret.
    pub fn hearing(self, callback_secret: &str) -> Self {
        match self {
            Self::Simulated(simulated) => Self::Simulated(simulated.hearing(callback_secret)),
        }
    }

    /// As callbacks are addressed to it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Simulated(_) => "simulated",
        }
    }

    /// Reads a message that came in.
    pub fn callback(&self, headers: &HeaderMap, body: &[u8]) -> Callback {
        match self {
            Self::Simulated(simulated) => simulated.callback(headers, body),
        }
    }

    /// Returns whether it knows this method of payment.
    pub fn takes(&self, method: &str) -> bool {
        match self {
            Self::Simulated(simulated) => simulated.takes(method),
        }
    }

    /// The methods of payment that it knows, its usual one first.
    pub fn methods(&self) -> Vec<&'static str> {
        match self {
            Self::Simulated(simulated) => simulated.methods(),
        }
    }

    /// Nothing is charged: it is for tests and demonstrations.
    pub fn is_simulated(&self) -> bool {
        match self {
            Self::Simulated(_) => true,
        }
    }

    pub fn usual_method(&self) -> &'static str {
        match self {
            Self::Simulated(_) => simulated::USUAL_METHOD,
        }
    }

    /// Asks what the errand of a movement says.
    pub async fn take(&self, call: &AdapterCall) -> AdapterReply {
        match (call.errand.ask, &call.kind) {
            (Ask::Query, _) => self.query(call.id).await,
            (Ask::Close, _) => self.close(call).await,
            (Ask::Call, CallKind::Charge { .. }) => self.charge(call).await,
            (Ask::Call, CallKind::Refund { .. }) => self.refund(call).await,
            (Ask::Call, CallKind::Payout { .. }) => self.payout(call).await,
        }
    }

    /// Authorises and captures in one; the hold is ours.
    pub async fn charge(&self, call: &AdapterCall) -> AdapterReply {
        match self {
            Self::Simulated(simulated) => heard(simulated.begin(call).await),
        }
    }

    /// Stops a charge. One that it never heard of can never be made.
    pub async fn close(&self, call: &AdapterCall) -> AdapterReply {
        match self {
            Self::Simulated(simulated) => heard(simulated.close(call).await),
        }
    }

    pub async fn refund(&self, call: &AdapterCall) -> AdapterReply {
        match self {
            Self::Simulated(simulated) => heard(simulated.begin(call).await),
        }
    }

    pub async fn payout(&self, call: &AdapterCall) -> AdapterReply {
        match self {
            Self::Simulated(simulated) => heard(simulated.begin(call).await),
        }
    }

    /// What it has moved of these ids, by its own books. `None` where it cannot be asked now.
    pub async fn statement(&self, ids: &[Uuid]) -> Option<Vec<StatementLine>> {
        let lines = match self {
            Self::Simulated(simulated) => simulated.statement(ids).await,
        };
        lines.inspect_err(|error| tracing::warn!(cause = chain(error), "No statement came")).ok()
    }

    /// The ids that it knows from a moment on, behind this one. `None` where it cannot be asked now.
    pub async fn known(&self, after: Uuid) -> Option<Vec<Uuid>> {
        let ids = match self {
            Self::Simulated(simulated) => simulated.known(after).await,
        };
        ids.inspect_err(|error| tracing::warn!(cause = chain(error), "No statement came")).ok()
    }

    /// Changes nothing.
    pub async fn query(&self, id: MovementId) -> AdapterReply {
        match self {
            Self::Simulated(simulated) => heard(simulated.query(id).await),
        }
    }
}

/// A fault of the way there says nothing about the money [NOT_FOUND_IS_OPEN].
fn heard(reply: Result<AdapterReply, StoreError>) -> AdapterReply {
    reply.unwrap_or_else(|error| {
        tracing::warn!(cause = chain(&error), "The adapter did not answer");
        AdapterReply { answer: AdapterAnswer::Unknown, chargebacks: Vec::new() }
    })
}
