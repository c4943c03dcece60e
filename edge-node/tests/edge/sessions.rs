//! Sign-in at the edge, and the reasons for refused tokens.

use http::Method;
use process::clock::Clock;
use serde_json::{Value, json};
use wire::Role;

use crate::world::{
    await_link, call, cloud::Cloud, config, cut_off, edge, get, id, tablet::Tablet, until,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_in_is_handed_on_only_while_the_link_is_up() {
    let (cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let edge = edge(data.path(), &format!("http://{gateway}")).await;
    await_link(edge.http, true).await;
    let sign_in = async |password: &str| {
        let form = json!({ "username": "20", "password": password });
        call(edge.http, Method::POST, "/session", None, Some(&form)).await
    };
    let grant: Value = sign_in("right").await.unwrap();
    assert_eq!(grant["region"], json!("NORTH"));
    let token = grant["edge_token"].as_str().unwrap();
    let session = get(&edge, "/session?device=t-1", Some(token))
        .await
        .unwrap();
    assert_eq!(
        (&session["user_id"], &session["role"]),
        (&json!(id(20)), &json!("provider"))
    );
    assert_eq!(grant.get("device"), None, "nobody has asked for a secret");
    let asking = json!({ "username": "20", "password": "right", "device": "" });
    let known = call(edge.http, Method::POST, "/session", None, Some(&asking))
        .await
        .unwrap();
    assert_eq!(known["device"], json!("a-secret"));
    assert_eq!(sign_in("wrong").await, Err(401));
    let sign_out = async |token: &str| {
        call(edge.http, Method::DELETE, "/session", Some(token), None)
            .await
            .map(drop)
    };
    assert_eq!(sign_out(token).await, Ok(()));
    assert_eq!(cloud.signed_out(), [token]);

    cut_off(&cloud, edge.http).await;
    assert_eq!(sign_in("right").await, Err(503));
    assert!(
        get(&edge, "/session", Some(token)).await.is_ok(),
        "who is in stays in"
    );
    edge.stop().await;
}

/// The status and the body of a request in that language.
async fn ask(
    edge: &holdfast_edge::RunningEdge,
    method: Method,
    path: &str,
    language: &str,
    form: Option<&Value>,
) -> (u16, Value) {
    let body = form.map_or_else(axum::body::Body::empty, |form| form.to_string().into());
    let request = http::Request::builder()
        .method(method)
        .uri(format!("http://{}{path}", edge.http))
        .header("content-type", "application/json")
        .header("accept-language", language);
    let client = process::client::Client::new();
    let answer = client.send_request(request.body(body).unwrap()).await;
    let (head, body) = answer.unwrap().into_parts();
    let body = axum::body::to_bytes(body, 1 << 16).await.unwrap();
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    (head.status.as_u16(), body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_to_a_phone_signs_a_customer_in_while_the_link_is_up() {
    let (cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let edge = edge(data.path(), &format!("http://{gateway}")).await;
    await_link(edge.http, true).await;
    let offer = async || ask(&edge, Method::GET, "/session/codes", "en", None).await;
    let send = async |phone: &str, language: &str| {
        let form = json!({ "phone": phone });
        ask(&edge, Method::POST, "/session/codes", language, Some(&form)).await
    };
    let enter = async |code: &str, language: &str| {
        let form = json!({ "phone": "138 0013 8030", "code": code, "device": "" });
        let path = "/session/codes/sign-in";
        ask(&edge, Method::POST, path, language, Some(&form)).await
    };
    assert_eq!(offer().await, (200, json!({ "offered": true })));
    assert_eq!(
        send("138 0013 8030", "en").await,
        (200, json!({ "expires_in": 300 }))
    );
    // The cloud learns for whose edges the code is, from the edge and not from the page.
    let asked = json!({ "phone": "138 0013 8030", "region": "NORTH" });
    assert_eq!(cloud.code_requests(), [asked]);

    // Refusals pass through, in the caller's language.
    let (status, problem) = send("call me", "zh-CN").await;
    assert_eq!(
        (status, &problem["errors"]),
        (422, &json!([{ "field": "phone", "message": "zh-CN" }]))
    );
    let (status, problem) = enter("000000", "zh-CN").await;
    let told = json!({ "code": "code_wrong", "title": "zh-CN", "tries_left": 4 });
    assert_eq!((status, problem), (401, told));
    for (path, form) in [
        ("/session/codes", json!({})),
        ("/session/codes/sign-in", json!({ "phone": "13800138030" })),
    ] {
        let (status, problem) = ask(&edge, Method::POST, path, "en", Some(&form)).await;
        assert_eq!((status, &problem["code"]), (422, &json!("invalid_input")));
    }

    let (status, grant) = enter("123456", "en").await;
    assert_eq!((status, &grant["region"]), (200, &json!("NORTH")));
    assert_eq!(grant["device"], json!("a-secret"));
    assert_eq!(grant.get("access_token"), None);
    let token = grant["edge_token"].as_str().unwrap();
    let session = get(&edge, "/session", Some(token)).await.unwrap();
    let person = (&session["user_id"], &session["role"]);
    assert_eq!(person, (&json!(id(30)), &json!("customer")));

    cut_off(&cloud, edge.http).await;
    let asked = cloud.code_requests().len();
    for (status, problem) in [
        offer().await,
        send("13800138030", "en").await,
        enter("123456", "en").await,
    ] {
        assert_eq!((status, &problem["code"]), (503, &json!("unavailable")));
    }
    assert_eq!(cloud.code_requests().len(), asked);
    edge.stop().await;
}

/// Otherwise one device could send codes until the cloud refuses its whole shop.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_and_tries_at_them_count_as_sign_ins_of_their_address() {
    let (cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let few = holdfast_edge::Config {
        sign_ins_per_address_per_minute: std::num::NonZeroU32::new(3).unwrap(),
        ..config(data.path(), &format!("http://{gateway}"))
    };
    let edge = holdfast_edge::start(few, Clock::system()).await.unwrap();
    await_link(edge.http, true).await;
    let form = json!({ "phone": "13800138030", "code": "000000" });
    let ask = async |method: Method, path: &str, form: Option<&Value>| {
        let answer = call(edge.http, method, path, None, form).await;
        answer.map(drop)
    };
    let sign_in = "/session/codes/sign-in";
    assert_eq!(ask(Method::GET, "/session/codes", None).await, Ok(()));
    let sent = ask(Method::POST, "/session/codes", Some(&form)).await;
    assert_eq!(sent, Ok(()));
    let tried = ask(Method::POST, sign_in, Some(&form)).await;
    assert_eq!(tried, Err(401));
    for path in ["/session/codes", sign_in] {
        assert_eq!(ask(Method::POST, path, Some(&form)).await, Err(429));
    }
    assert_eq!(cloud.code_requests().len(), 1);
    edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_of_mqtt_has_its_reason_over_http() {
    let (cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let edge = edge(data.path(), &format!("http://{gateway}")).await;
    await_link(edge.http, true).await;
    let mine = cloud.people().token(Role::Provider, 20);
    let other = cloud.people().token(Role::Provider, 21);
    let expired = cloud.people().token_until(Role::Provider, 20, -1);
    let tablet = Tablet::of(edge.mqtt.unwrap(), "t-1", &mine, 20).await;
    let session = async |token| get(&edge, "/session?device=t-1", token).await.map(drop);
    assert_eq!(session(Some(mine.as_str())).await, Ok(()));
    assert_eq!(session(Some(other.as_str())).await, Err(409));
    assert_eq!(session(Some(expired.as_str())).await, Err(401));
    assert_eq!(session(None).await, Err(401));
    tablet.leave().await;
    until("the device is free", || async {
        session(Some(other.as_str())).await.ok()
    })
    .await;
    edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_have_a_policy_of_their_own_and_data_keeps_its() {
    let (_cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let edge = edge(data.path(), &format!("http://{gateway}")).await;
    let header = async |path: &str, name: &str| {
        let request = http::Request::get(format!("http://{}{path}", edge.http));
        let request = request
            .header("accept", "text/html")
            .body(axum::body::Body::empty())
            .unwrap();
        let answer = process::client::Client::new()
            .send_request(request)
            .await
            .unwrap();
        let value = answer.headers().get(name);
        value.map(|value| value.to_str().unwrap().to_owned())
    };
    let policy = async |path: &str| header(path, "content-security-policy").await.unwrap();
    for page in ["/", "/jobs/0193a1c2"] {
        assert!(
            policy(page)
                .await
                .contains("require-trusted-types-for 'script'"),
            "{page}"
        );
    }
    for data in ["/board", "/standing", "/session", "/jobs.json"] {
        assert!(
            policy(data)
                .await
                .starts_with("default-src 'none'; frame-ancestors"),
            "{data}"
        );
    }
    for (path, may_ask) in [("/", true), ("/jobs/0193a1c2", true), ("/kiosk", false)] {
        let permissions = header(path, "permissions-policy").await.unwrap();
        let asks = permissions.contains("geolocation=(self)");
        assert_eq!(asks, may_ask, "{path} for the position: {permissions}");
    }
    edge.stop().await;
}

/// One device that tries passwords leaves the others of its shop their share at the cloud.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_signs_in_thirty_times_a_minute() {
    let (cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let edge = edge(data.path(), &format!("http://{gateway}")).await;
    await_link(edge.http, true).await;
    let form = json!({ "username": "20", "password": "wrong" });
    let mut answers = Vec::new();
    for _ in 0..40 {
        let answer = call(edge.http, Method::POST, "/session", None, Some(&form)).await;
        answers.push(answer.map(drop));
    }
    assert!(answers[..30].iter().all(|answer| *answer == Err(401)));
    assert!(answers[30..].contains(&Err(429)), "{answers:?}");
    drop(cloud);
    edge.stop().await;
}
