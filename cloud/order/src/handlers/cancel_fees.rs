//! The versions of the late-cancellation fee.

use axum::{
    extract::State,
    http::{HeaderName, StatusCode, header},
};
use custody::{FeePolicy, WHOLE_BASIS_POINTS};
use process::{
    problem::{Json, Path, Problem},
    tokens::Caller,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{CancelFees, UnixMillis, UserId};

use super::WholeList;
use crate::{actions::Service, say, store::CancelFeeRow};

const HOUR_MS: i64 = 60 * 60 * 1_000;

/// Much shorter than the time for which an answer is complete.
const FEES_CACHED: &str = "public, max-age=60";

#[derive(Deserialize, ToSchema)]
#[schema(as = CancelFeeForm)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelFeeForm {
    /// At least an hour from now.
    in_force_from: UnixMillis,
    /// In hundredths of a percent: 1000 is a tenth of the price.
    #[schema(maximum = 10_000)]
    basis_points: u16,
    /// A cancel with less notice than this before the start costs the fee.
    #[schema(maximum = 720)]
    notice_hours: u16,
}

/// One version of the fee. Applies to orders created from `in_force_from` until the next version.
#[derive(Serialize, ToSchema)]
#[schema(as = CancelFee)]
pub(crate) struct CancelFeeView {
    in_force_from: UnixMillis,
    basis_points: u32,
    notice_hours: i64,
    /// Empty for the built-in version.
    #[schema(required)]
    set_by: Option<UserId>,
    #[schema(required)]
    set_at: Option<UnixMillis>,
}

/// For everyone: edges keep a copy for their kiosks. It names no author.
pub(crate) async fn newest_cancel_fees(
    State(service): State<Service>,
) -> Result<([(HeaderName, String); 1], Json<CancelFees>), Problem> {
    let fees = service.store.newest_cancel_fees().await?;
    let cached = [(header::CACHE_CONTROL, FEES_CACHED.to_owned())];
    Ok((cached, Json(fees)))
}

pub(crate) async fn cancel_fees(
    State(service): State<Service>,
) -> Result<Json<WholeList<CancelFeeView>>, Problem> {
    let rows = service.store.cancel_fees().await?;
    Ok(Json(WholeList {
        items: rows.into_iter().map(CancelFeeView::from).collect(),
    }))
}

pub(crate) async fn set_cancel_fee(
    State(service): State<Service>,
    caller: Caller,
    Json(CancelFeeForm {
        in_force_from,
        basis_points,
        notice_hours,
    }): Json<CancelFeeForm>,
) -> Result<StatusCode, Problem> {
    if i64::from(basis_points) > WHOLE_BASIS_POINTS {
        return Err(Problem::wrong_field(
            "basis_points",
            say::fee_above_the_whole,
        ));
    }
    if notice_hours > CancelFees::NOTICE_HOURS_MAX {
        return Err(Problem::wrong_field("notice_hours", say::notice_too_long));
    }
    let fee = FeePolicy {
        from: in_force_from,
        cancel_fee_bp: basis_points,
        cancel_notice_ms: i64::from(notice_hours) * HOUR_MS,
        ..FeePolicy::FREE
    };
    service
        .store
        .set_cancel_fee(fee, caller.actor.user_id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn take_back_cancel_fee(
    State(service): State<Service>,
    caller: Caller,
    Path(from): Path<UnixMillis>,
) -> Result<StatusCode, Problem> {
    service
        .store
        .take_back_cancel_fee(from, caller.actor.user_id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<CancelFeeRow> for CancelFeeView {
    fn from(row: CancelFeeRow) -> Self {
        let CancelFeeRow {
            in_force_from,
            fee_bp,
            notice_ms,
            set_by,
            set_at,
        } = row;
        Self {
            in_force_from,
            basis_points: fee_bp,
            notice_hours: notice_ms / HOUR_MS,
            set_by,
            set_at,
        }
    }
}
