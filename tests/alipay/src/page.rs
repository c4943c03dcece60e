//! The payment page that a customer's link opens, and its pay button.

use std::collections::BTreeMap;

use axum::{
    extract::{Path, RawQuery, State as Shared},
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
};

use crate::{State, gateway::checked};

const PAGE: &str = include_str!("page.html");

pub(crate) async fn show(Shared(state): Shared<State>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let fields: BTreeMap<String, String> = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let opened = checked(&state, &fields).and_then(|business| {
        if fields
            .get("method")
            .is_none_or(|method| method != "alipay.trade.page.pay")
        {
            return Err("isv.invalid-method");
        }
        let address = |name: &str| fields.get(name).cloned().unwrap_or_default();
        let addresses = [address("notify_url"), address("return_url")];
        let number = business["out_trade_no"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let now = state.clock.now();
        let (subject, sum) = state.lock().bank.open(&business, addresses, now)?;
        Ok((number, subject, sum))
    });
    match opened {
        Ok((number, subject, sum)) => {
            let page = PAGE
                .replace("{number}", &number)
                .replace("{sum}", &sum.to_string());
            Html(page.replace("{subject}", &escaped(&subject))).into_response()
        }
        Err(reason) => (StatusCode::BAD_REQUEST, reason).into_response(),
    }
}

/// Pays the full amount, notifies the merchant, and redirects the customer back.
pub(crate) async fn pay(Shared(state): Shared<State>, Path(number): Path<String>) -> Response {
    let asked = state.lock().bank.asked(&number);
    let Some((minor, back)) = asked else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let now = state.clock.now();
    if !state.lock().bank.pay(&number, minor, now) {
        return (StatusCode::CONFLICT, "ACQ.TRADE_STATUS_ERROR").into_response();
    }
    let told = state.tell(&number).await;
    if back.is_empty() {
        return format!("Paid. The merchant answered: {told:?}").into_response();
    }
    Redirect::to(&back).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}
