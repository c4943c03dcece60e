//! `POST /internal/sessions/renew`: the gateway renews the tokens that it holds for pages.

use axum::extract::State;
use process::{
    problem::{Json, Problem},
    tokens::FromService,
};
use wire::Code;

use super::session::TokenForm;
use crate::{renewal::RenewedAccess, service::Service};

pub async fn renew(
    State(service): State<Service>,
    _: FromService,
    Json(form): Json<TokenForm>,
) -> Result<Json<RenewedAccess>, Problem> {
    let renewed = service.renew(&form.token).await?;
    renewed.map(Json).ok_or_else(|| Problem::new(Code::InvalidToken))
}
