//! Messages from the adapter. Anyone can send one; only a signed message about one of our movements
//! has an effect, and the effect is a query to the adapter [ASK_DONT_BELIEVE].

use std::sync::{Arc, Mutex, PoisonError};

use axum::{
    body::Bytes,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use custody::MovementId;
use process::{
    problem::{self, ItemList, Path, Problem, TimeCursor},
    tokens::AdminCaller,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{Amount, Code, UnixMillis};

use super::to_amount;
use crate::{
    service::Service,
    store::{CallbackRow, CallbackVerdict},
};

type Page = problem::Page<TimeCursor>;

/// Larger messages are refused.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Signed messages per second and replica. Refused ones are sent again by the adapter.
const A_SECOND_MAX: u32 = 100;
/// Forged messages recorded and logged per minute and replica. More get the same refusal.
const FORGED_A_MINUTE_MAX: u32 = 60;

/// The name of an adapter.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct AdapterWord(String);

/// A message received from the adapter.
#[derive(Serialize, ToSchema)]
#[schema(as = PaymentCallback)]
pub struct CallbackView {
    id: Uuid,
    /// `asked` (we queried the adapter), `forged` or `unknown`.
    verdict: String,
    /// As claimed by the message; never acted on.
    #[schema(required)]
    movement_id: Option<Uuid>,
    #[schema(required)]
    claim: Option<String>,
    #[schema(required)]
    amount: Option<Amount>,
    at: UnixMillis,
}

/// Counts this second's signed callbacks and this minute's forged ones. Each kind has its own
/// limit, so that a stranger cannot use up the adapter's.
#[derive(Clone, Default)]
pub struct CallbackLimits(Arc<Mutex<CallbackCounts>>);

#[derive(Default)]
struct CallbackCounts {
    signed: WindowCount,
    forged: WindowCount,
}

/// The callbacks counted in the current second or minute.
#[derive(Default)]
struct WindowCount {
    window: i64,
    count: u32,
}

impl CallbackLimits {
    fn admits_signed(&self, now: UnixMillis) -> bool {
        let second = now.0.div_euclid(1_000);
        self.lock_counts()
            .signed
            .count_within_limit(second, A_SECOND_MAX)
    }

    fn records_forged(&self, now: UnixMillis) -> bool {
        let minute = now.0.div_euclid(60_000);
        self.lock_counts()
            .forged
            .count_within_limit(minute, FORGED_A_MINUTE_MAX)
    }

    fn lock_counts(&self) -> std::sync::MutexGuard<'_, CallbackCounts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WindowCount {
    fn count_within_limit(&mut self, window: i64, most: u32) -> bool {
        if self.window != window {
            *self = Self { window, count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count <= most
    }
}

/// `POST /api/v1/payments/callbacks/{adapter}`.
pub async fn callback(
    State(service): State<Service>,
    Path(AdapterWord(adapter)): Path<AdapterWord>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    if adapter != service.worker.adapter.name() {
        return Err(Code::NotFound.into());
    }
    process_callback(&service, &headers, &body).await
}

/// `POST /api/v1/payments/callback`: for the configured adapter.
pub async fn usual_callback(
    State(service): State<Service>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    process_callback(&service, &headers, &body).await
}

async fn process_callback(
    service: &Service,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response, Problem> {
    let Service {
        store,
        worker: courier,
        callbacks,
        ..
    } = service;
    let now = store.clock().now();
    if body.len() > BODY_BYTES_MAX {
        return Err(Code::BodyTooLarge.into());
    }
    let name = courier.adapter.name();
    let callback = courier.adapter.read_callback(headers, body);
    if !callback.is_signed {
        if callbacks.records_forged(now) {
            tracing::warn!("Rejected a callback that the adapter did not sign");
            store
                .keep_callback(name, &callback, CallbackVerdict::Forged)
                .await?;
        }
        return Err(Code::SignatureWrong.into());
    }
    if !callbacks.admits_signed(now) {
        return Err(Problem::new(Code::TooManyRequests).retry_after(1));
    }
    let movement = callback.claim.movement.map(MovementId);
    let is_ours = match movement {
        Some(id) => store.build_query_call(id).await?.is_some(),
        None => false,
    };
    // Record the message first, so that it survives a failing query.
    let verdict = if is_ours {
        CallbackVerdict::Asked
    } else {
        CallbackVerdict::Unknown
    };
    store.keep_callback(name, &callback, verdict).await?;
    let Some(id) = movement.filter(|_| is_ours) else {
        return Err(Code::NotFound.into());
    };
    courier.query_movement(id).await?;
    Ok(courier.adapter.acknowledgement_body().into_response())
}

/// `GET /api/v1/admin/payment-callbacks`.
pub async fn callbacks(
    State(service): State<Service>,
    _: AdminCaller,
    page: Page,
) -> Result<ItemList<CallbackView>, Problem> {
    let rows = service
        .store
        .list_callbacks(page.rows_to_read(), page.after)
        .await?;
    let ItemList { items, next } = page.build_page(rows, |row| TimeCursor {
        at: row.at,
        id: row.id,
    });
    let items = items
        .into_iter()
        .map(CallbackView::from_row)
        .collect::<Result<_, _>>()?;
    Ok(ItemList { items, next })
}

impl CallbackView {
    fn from_row(row: CallbackRow) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id,
            verdict: row.verdict,
            movement_id: row.movement_id,
            claim: row.claim,
            // A message may claim an impossible amount.
            amount: row.amount_minor.and_then(|minor| to_amount(minor).ok()),
            at: row.at,
        })
    }
}
