//! The versions of the platform fee, for admins.

use axum::{extract::State, http::StatusCode};
use custody::WHOLE_BASIS_POINTS;
use process::{
    problem::{Json, Path, Problem},
    tokens::AdminCaller,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{UnixMillis, UserId};

use super::WholeList;
use crate::{say, service::Service, store::PlatformFeeRow};

#[derive(Deserialize, ToSchema)]
#[schema(as = PlatformFeeForm)]
#[serde(deny_unknown_fields)]
pub struct PlatformFeeForm {
    /// At least an hour from now.
    in_force_from: UnixMillis,
    /// In hundredths of a percent: 1000 is a tenth of the price.
    #[schema(maximum = 10_000)]
    basis_points: u16,
}

/// One version of the platform fee. It applies to orders created from its start until the next
/// version's.
#[derive(Serialize, ToSchema)]
#[schema(as = PlatformFee)]
pub struct PlatformFeeView {
    in_force_from: UnixMillis,
    basis_points: u32,
    /// Null for the version that the platform was installed with.
    #[schema(required)]
    set_by: Option<UserId>,
    #[schema(required)]
    set_at: Option<UnixMillis>,
}

/// `GET /api/v1/admin/platform-fees`.
pub async fn platform_fees(
    State(service): State<Service>,
    _: AdminCaller,
) -> Result<Json<WholeList<PlatformFeeView>>, Problem> {
    let rows = service.store.platform_fees().await?;
    Ok(Json(WholeList {
        items: rows.into_iter().map(PlatformFeeView::from).collect(),
    }))
}

/// `POST /api/v1/admin/platform-fees`.
pub async fn set_platform_fee(
    State(service): State<Service>,
    AdminCaller(caller): AdminCaller,
    Json(PlatformFeeForm {
        in_force_from,
        basis_points,
    }): Json<PlatformFeeForm>,
) -> Result<StatusCode, Problem> {
    if i64::from(basis_points) > WHOLE_BASIS_POINTS {
        return Err(Problem::wrong_field(
            "basis_points",
            say::fee_above_the_whole,
        ));
    }
    let by = caller.actor.user_id;
    service
        .store
        .set_platform_fee(in_force_from, basis_points, by)
        .await??;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/v1/admin/platform-fees/{in_force_from}`.
pub async fn take_back_platform_fee(
    State(service): State<Service>,
    AdminCaller(caller): AdminCaller,
    Path(from): Path<UnixMillis>,
) -> Result<StatusCode, Problem> {
    service
        .store
        .take_back_platform_fee(from, caller.actor.user_id)
        .await??;
    Ok(StatusCode::NO_CONTENT)
}

impl From<PlatformFeeRow> for PlatformFeeView {
    fn from(row: PlatformFeeRow) -> Self {
        let PlatformFeeRow {
            in_force_from,
            platform_fee_bp,
            set_by,
            set_at,
        } = row;
        Self {
            in_force_from,
            basis_points: platform_fee_bp,
            set_by,
            set_at,
        }
    }
}
