//! Gateway calls: validates form and signature, runs the call at the bank, and answers, with
//! injected faults if a test ordered any.

use std::collections::BTreeMap;

use axum::{
    body::{Body, Bytes},
    extract::State as Shared,
    http::header,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{APP_ID, State, Trouble, bank::at};

/// Tolerance for a request's timestamp. Customers may open a link long after its signing.
const TIMELY_MS: i64 = 24 * 3_600_000;

pub(crate) async fn answer(Shared(state): Shared<State>, body: Bytes) -> Response {
    let fields: BTreeMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let method = fields.get("method").cloned().unwrap_or_default();
    let business = match checked(&state, &fields) {
        Ok(business) => business,
        Err(refusal) => return json_of(refused_form(&state, &method, refusal)),
    };
    let (trouble, done) = {
        let mut inner = state.lock();
        inner.calls.push(method.clone());
        let meant = inner.troubles.iter().position(|(of, _)| *of == method);
        let trouble = meant
            .and_then(|n| inner.troubles.remove(n))
            .map(|(_, trouble)| trouble);
        let done = match trouble {
            Some(Trouble::NothingDone) => Ok(json!({})),
            Some(Trouble::Refused(reason)) => Err(reason),
            _ => inner.bank.take(&method, &business, state.clock.now()),
        };
        (trouble, done)
    };
    let nobody_knows = json!({ "code": "20000", "msg": "Service Currently Unavailable", "sub_code": "aop.ACQ.SYSTEM_ERROR" });
    let word = match trouble {
        Some(Trouble::UnknownOutcome | Trouble::NothingDone) => nobody_knows,
        _ => word(done),
    };
    match trouble {
        Some(Trouble::LostAnswer) => {
            let cut = async { Err::<Bytes, _>(std::io::Error::other("cut")) };
            return Response::new(Body::from_stream(futures::stream::once(cut)));
        }
        Some(Trouble::Slow(time)) => sleep(time).await,
        _ => {}
    }
    json_of(signed(
        &state,
        &method,
        &word,
        trouble == Some(Trouble::WrongSignature),
    ))
}

/// Validates a request and returns its business content.
pub(crate) fn checked(
    state: &State,
    fields: &BTreeMap<String, String>,
) -> Result<Value, &'static str> {
    let is = |name: &str, value: &str| fields.get(name).is_some_and(|told| told == value);
    if !is("app_id", APP_ID) {
        return Err("isv.invalid-app-id");
    }
    if !is("sign_type", "RSA2") {
        return Err("isv.invalid-signature-type");
    }
    if !state.wires.is_of_merchant(fields) {
        state.lock().refused_signatures += 1;
        return Err("isv.invalid-signature");
    }
    if !is("charset", "utf-8") || !is("version", "1.0") || !is("format", "JSON") {
        return Err("isv.invalid-parameter");
    }
    let sent = fields.get("timestamp").and_then(|text| at(text));
    let off = sent.map(|sent| (state.clock.now().0 - sent.0).abs());
    if off.is_none_or(|off| off > TIMELY_MS) {
        return Err("isv.invalid-timestamp");
    }
    let business = fields
        .get("biz_content")
        .and_then(|text| serde_json::from_str(text).ok());
    business.ok_or("isv.invalid-parameter")
}

fn word(done: Result<Value, &'static str>) -> Value {
    match done {
        Ok(mut told) => {
            told["code"] = "10000".into();
            told["msg"] = "Success".into();
            told
        }
        Err(reason) => json!({ "code": "40004", "msg": "Business Failed", "sub_code": reason }),
    }
}

fn refused_form(state: &State, method: &str, reason: &str) -> String {
    let word = json!({ "code": "40002", "msg": "Invalid Arguments", "sub_code": reason });
    signed(state, method, &word, false)
}

/// Signs the body as serialized, with slashes escaped the way Alipay does it.
fn signed(state: &State, method: &str, word: &Value, is_forged: bool) -> String {
    let text = word.to_string().replace('/', "\\/");
    let wires = &state.wires;
    let signature = if is_forged {
        wires.forge(&text)
    } else {
        wires.sign(&text)
    };
    let name = method.replace('.', "_");
    format!(r#"{{"{name}_response":{text},"sign":"{signature}"}}"#)
}

fn json_of(text: String) -> Response {
    (
        [(header::CONTENT_TYPE, "application/json;charset=utf-8")],
        text,
    )
        .into_response()
}
