//! The handlers of the routes, and the parts they share: callers with idempotency keys, amounts,
//! and lists.

pub(crate) mod adapter;
pub(crate) mod admin_money;
pub(crate) mod books;
pub(crate) mod money_cases;
pub(crate) mod payments;
pub(crate) mod refunds;

use std::fmt;

use axum::{extract::FromRequestParts, http::request::Parts};
use process::{
    idempotency::{IDEMPOTENCY_KEY, key_of},
    openapi::{RouteDescription, RouteInput},
    problem::Problem,
    tokens::Caller,
};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};
use uuid::Uuid;
use wire::{Amount, CommandId, UserId};

use crate::{
    actions::Service,
    store::{KeyedRequest, StoreError},
};

/// A list without paging.
#[derive(Serialize, ToSchema)]
pub(crate) struct WholeList<T> {
    items: Vec<T>,
}

/// A person, and their request's idempotency key. The platform keeps the response for a while; this
/// service keeps the movement it began permanently [KEY_ONCE].
pub(crate) struct KeyedCaller {
    caller: Caller,
    key: Option<CommandId>,
}

impl RouteInput for KeyedCaller {}

impl FromRequestParts<Service> for KeyedCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, service).await?;
        let person = caller.actor.user_id;
        let is_keyed = parts.headers.contains_key(IDEMPOTENCY_KEY);
        let key = is_keyed
            .then(|| key_of(&parts.headers, person))
            .transpose()?;
        Ok(Self { caller, key })
    }
}

impl KeyedCaller {
    fn keyed_request(&self, kind: &'static str, amount: Amount) -> Option<KeyedRequest> {
        let user = self.caller.actor.user_id;
        let amount_minor = amount.minor_units();
        self.key.map(|key| KeyedRequest {
            user,
            key,
            kind,
            subject: None,
            amount_minor,
        })
    }
}

/// An admin who sends money out or decides on it, with the request's idempotency key. The key is
/// stored with its effect: a repeat moves no money and returns the same answer, even after a crash
/// that lost the response [KEY_ONCE].
pub(crate) struct KeyedAdmin {
    user_id: UserId,
    key: CommandId,
}

impl RouteInput for KeyedAdmin {
    fn describe_route(route: &mut RouteDescription) {
        route.needs_key();
    }
}

impl FromRequestParts<Service> for KeyedAdmin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Service) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, service).await?;
        let user_id = caller.actor.user_id;
        Ok(Self {
            user_id,
            key: key_of(&parts.headers, user_id)?,
        })
    }
}

impl KeyedAdmin {
    /// `subject` distinguishes requests with the same order and amount.
    fn keyed_request(
        &self,
        kind: &'static str,
        subject: Option<Uuid>,
        amount_minor: i64,
    ) -> KeyedRequest {
        KeyedRequest {
            user: self.user_id,
            key: self.key,
            kind,
            subject,
            amount_minor,
        }
    }
}

/// The id of a payment or refund request.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(transparent)]
pub(crate) struct MoneyId(pub Uuid);

fn to_amount(minor: i64) -> Result<Amount, Problem> {
    let amount = Amount::from_minor(minor);
    amount.map_err(|_| StoreError::Unreadable("an amount is out of range").into())
}

/// Minor units. In JSON, formatted like an `Amount`, with any number of digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MoneySum(pub i64);

impl fmt::Display for MoneySum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let minor = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", minor / 100, minor % 100)
    }
}

impl Serialize for MoneySum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl ToSchema for MoneySum {}

impl PartialSchema for MoneySum {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "Exact money as a decimal text, such as a balance or a total.",
            ))
            .pattern(Some(r"^-?\d{1,17}\.\d{2}$"))
            .examples(["199999999.98"])
            .into()
    }
}
