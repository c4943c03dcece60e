//! Hostile requests: paths, headers, bodies and encodings.

mod framing;

use attack::{AttackedPlatform, HttpCall, Station};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use wire::{Region, Role};

const ADMINS: &str = "/api/v1/admin/orders";
/// Texts with a meaning in SQL, templates, shells or pages.
const LADEN: [&str; 8] = [
    "'; DROP TABLE orders; --",
    "\" OR \"\"=\"",
    "{{7*7}} ${7*7} { $name } <%= 7*7 %>",
    "${jndi:ldap://127.0.0.1/a}",
    "<script>alert(1)</script>",
    "$(touch /tmp/x) `id` | cat",
    "%s%n%x \\u0000 \\x00",
    "..\\..\\..\\etc\\passwd",
];

#[tokio::test]
async fn headers_of_the_platforms_own_make_a_stranger_somebody() {
    let platform = AttackedPlatform::shared().await;
    let admin = platform.admin().await;
    let customer = platform.somebody(Role::Customer).await;
    let id = admin.person.user_id.to_string();
    for (name, value) in [
        ("x-user-id", id.as_str()),
        ("X-User-Id", id.as_str()),
        ("x_user_id", id.as_str()),
        ("x-user-role", "admin"),
        ("X_USER_ROLE", "admin"),
        ("x-holdfast-service", "gateway"),
        ("x-holdfast-actor", id.as_str()),
        ("x-original-url", ADMINS),
        ("x-rewrite-url", ADMINS),
        ("x-http-method-override", "GET"),
        ("forwarded", "for=127.0.0.1;by=gateway"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-user", "admin"),
        (
            "proxy-authorization",
            &format!("Bearer {}", admin.person.token),
        ),
    ] {
        let call = HttpCall::get(ADMINS)
            .header(name, value)
            .header("x-user-role", "admin");
        let answer = customer
            .station
            .ask(platform.gateway(), &call)
            .await
            .unwrap();
        assert_eq!(answer.status, 401, "{name}: {}", answer.text());
        let answer = customer.ask(call).await.unwrap();
        assert_eq!(answer.status, 403, "{name}: {}", answer.text());
        let call = HttpCall::get("/api/v1/session").header(name, value);
        let shown = customer.done(call).await;
        assert_eq!(shown["user_id"], json!(customer.person.user_id), "{name}");
    }
}

#[tokio::test]
async fn two_tokens_or_a_dropped_header_confuse_who_is_asking() {
    let platform = AttackedPlatform::shared().await;
    let [customer, other] = [
        platform.somebody(Role::Customer).await,
        platform.somebody(Role::Customer).await,
    ];
    let station = customer.station;
    let orders = || HttpCall::get("/api/v1/orders");
    let both = orders()
        .bearer(&customer.person.token)
        .bearer(&other.person.token);
    assert_eq!(
        station.ask(platform.gateway(), &both).await.unwrap().status,
        401,
        "two tokens"
    );
    let joined = format!("{}, Bearer {}", customer.person.token, other.person.token);
    let answer = station
        .ask(platform.gateway(), &orders().bearer(&joined))
        .await
        .unwrap();
    assert_eq!(answer.status, 401, "two tokens in one header");
    // A header listed in `connection` must not strip the caller's identity on its way.
    other.publish(Region::North, "Somebody else's").await;
    for dropped in [
        "authorization",
        "x-user-id",
        "x-user-role",
        "x-user-id, x-user-role",
    ] {
        let call = orders().header("connection", format!("close, {dropped}"));
        let answer = customer.ask(call).await.unwrap();
        assert!(
            matches!(answer.status, 200 | 401),
            "{dropped}: {}",
            answer.text()
        );
        let items = answer.json()["items"].as_array().map(Vec::len);
        assert!(
            items.unwrap_or_default() == 0,
            "{dropped}: {}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn a_spelling_of_a_path_reaches_what_the_table_does_not_name() {
    let platform = AttackedPlatform::shared().await;
    let customer = platform.somebody(Role::Customer).await;
    for path in [
        "/internal/ops",
        "//internal/ops",
        "/internal%2fops",
        "/%69nternal/ops",
        "/api/v1/../../internal/ops",
        "/api/v1/orders/../../../internal/orders",
        "/api/v1/orders/%2e%2e/%2e%2e/%2e%2e/internal/orders",
        "/api/v1/orders/..;/..;/..;/internal/orders",
        "/api/v1/orders/..%2f..%2f..%2finternal%2forders",
        "/api/v1/orders/..%5c..%5cinternal",
        "/API/V1/ADMIN/ORDERS",
        "/api/v1//admin/orders",
        "//api/v1/admin/orders",
        "/api/v1/admin/orders%00",
        "/api/v1/admin/orders;a=b",
        "/api/v1/admin/./orders",
        "/api/v1/orders/../admin/orders",
        "http://127.0.0.1/internal/ops",
        "/..%2f..%2f..%2fetc/passwd",
        "/assets/../../../../etc/passwd",
        "/assets/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    ] {
        let call = HttpCall::get(path).bearer(&customer.person.token);
        let answer = customer
            .station
            .ask(platform.gateway(), &call)
            .await
            .unwrap();
        let text = answer.text();
        let is_refused = (400..500).contains(&answer.status);
        // A portal page is the same for everyone.
        let is_page = text.contains("<!doctype html") || text.contains("<!DOCTYPE html");
        assert!(is_refused || is_page, "{path}: {} {text}", answer.status);
        assert!(
            !text.contains("root:") && !text.contains("\"items\""),
            "{path}: {text}"
        );
    }
}

#[tokio::test]
async fn a_body_costs_more_than_it_weighs() {
    let platform = AttackedPlatform::shared().await;
    let customer = platform.somebody(Role::Customer).await;
    let gateway = platform.gateway();
    let edge = platform.edge().http;
    let station = customer.station;
    // 10 MB of spaces in 10 KB, also for a form.
    let zipped: &[u8] = include_bytes!("bomb.gz");
    let deep = format!(
        "{{\"title\":{}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let many = format!("{{{}\"a\":1}}", "\"a\":1,".repeat(30_000));
    for (port, path) in [
        (gateway, "/api/v1/orders"),
        (gateway, "/api/v1/auth/register"),
        (gateway, "/api/v1/auth/login"),
        (gateway, "/api/v1/auth/verify-token"),
        (gateway, "/api/v1/session"),
        (gateway, "/api/v1/edges/enrol"),
        (edge, "/commands"),
        (edge, "/session"),
    ] {
        let post = || HttpCall::post(path).bearer(&customer.person.token);
        let large = vec![b' '; 2 * 1024 * 1024];
        for (what, call) in [
            ("deep", post().body("application/json", deep.clone())),
            ("many fields", post().body("application/json", many.clone())),
            (
                "a bomb",
                post()
                    .header("content-encoding", "gzip")
                    .body("application/json", zipped),
            ),
            ("large", post().body("application/json", large)),
            (
                "no JSON",
                post().body("application/json", "{\"title\": \"a"),
            ),
            ("another type", post().body("text/xml", "<a/>")),
            (
                "a form",
                post().body("application/x-www-form-urlencoded", "username=admin"),
            ),
            ("nothing", post()),
            (
                "bytes",
                post().body("application/json", vec![0xff, 0xfe, 0x00]),
            ),
        ] {
            // An answer sent during the upload may be lost with the connection.
            let Ok(answer) = station.ask(port, &call).await else {
                assert_eq!(what, "large", "{path}");
                continue;
            };
            let is_reply = path == "/commands" && answer.status == 200;
            let is_refusal = (400..500).contains(&answer.status);
            assert!(
                is_refusal || is_reply,
                "{what} to {path}: {}",
                answer.text()
            );
        }
    }
    customer.publish(Region::North, "All is well").await;
}

#[tokio::test]
async fn an_endless_body_fills_the_memory() {
    let platform = AttackedPlatform::shared().await;
    let station = Station::fresh();
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
        transfer-encoding: chunked\r\n\r\n";
    let mut stream = station.connect(platform.gateway()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let piece = [b"10000\r\n".to_vec(), vec![b' '; 0x10000], b"\r\n".to_vec()].concat();
    let sending = async {
        // A gigabyte, unless the gateway stops it.
        for _ in 0..16_384 {
            stream.write_all(&piece).await?;
        }
        std::io::Result::Ok(())
    };
    let sent = tokio::time::timeout(attack::PATIENCE, sending)
        .await
        .expect("it is stopped");
    assert!(sent.is_err(), "the gateway took a gigabyte");
}

#[tokio::test]
async fn a_text_in_a_form_is_run_by_somebody() {
    let platform = AttackedPlatform::shared().await;
    let customer = platform.somebody(Role::Customer).await;
    let admin = platform.admin().await;
    for text in LADEN {
        let order = json!({
            "title": text, "description": text, "service_type": "cleaning_repair",
            "price": "200.00", "location": "NORTH", "address": text,
        });
        let made = customer
            .done(HttpCall::post("/api/v1/orders").json(&order))
            .await;
        let path = format!("/api/v1/orders/{}", made["order_id"].as_str().unwrap());
        let shown = customer.done(HttpCall::get(&path)).await;
        for field in ["title", "description", "address"] {
            assert_eq!(
                shown[field],
                json!(text),
                "{field} comes back as it was written"
            );
        }
        let call = HttpCall::post(&format!("{path}/reject")).json(&json!({"reason": text}));
        admin.done(call).await;
        let shown = customer.done(HttpCall::get(&path)).await;
        assert_eq!(shown["status"], "rejected");
        // Invalid names and filters are refused as values.
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for field in ["code", "region", "status", "cursor", "limit"] {
            let path = format!("/api/v1/admin/orders?{field}={encoded}");
            let answer = admin.ask(HttpCall::get(&path)).await.unwrap();
            assert!(
                matches!(answer.status, 200 | 422),
                "{field}: {}",
                answer.text()
            );
            let items = answer.json()["items"].as_array().map_or(0, Vec::len);
            assert_eq!(items, 0, "{field} {text} finds nothing");
        }
        let login = json!({"username": text, "password": text});
        let call = HttpCall::post("/api/v1/auth/login").json(&login);
        let answer = Station::fresh()
            .ask(platform.gateway(), &call)
            .await
            .unwrap();
        assert!(
            (400..500).contains(&answer.status),
            "{text}: {}",
            answer.text()
        );
    }
    let kept: Value = customer
        .done(HttpCall::get("/api/v1/orders?limit=100"))
        .await;
    assert_eq!(kept["items"].as_array().map(Vec::len), Some(LADEN.len()));
}

#[tokio::test]
async fn another_sites_page_acts_with_the_cookie_of_somebody_signed_in() {
    let platform = AttackedPlatform::shared().await;
    let customer = platform.somebody(Role::Customer).await;
    let port = platform.gateway();
    let own = format!("http://127.0.0.1:{port}");
    let form = json!({"username": customer.username, "password": "correct-horse-battery"});
    let sign_in = |origin: &str| {
        HttpCall::post("/api/v1/session")
            .json(&form)
            .header("origin", origin)
    };
    let station = customer.station;
    let refused = station
        .ask(port, &sign_in("http://evil.example"))
        .await
        .unwrap();
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (403, "foreign_page")
    );
    let signed = station.ask(port, &sign_in(&own)).await.unwrap();
    assert_eq!(signed.status, 200, "{}", signed.text());
    let cookie = signed.header("set-cookie").unwrap().to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let csrf = signed.json()["csrf_token"].as_str().unwrap().to_owned();
    for (why, call) in foreign_posts(&own, &cookie, &csrf) {
        let answer = station.ask(port, &call).await.unwrap();
        assert_eq!(answer.status, 403, "{why}: {}", answer.text());
    }
    let read = HttpCall::get("/api/v1/orders")
        .header("cookie", cookie.clone())
        .header("origin", "http://evil.example");
    let answer = station.ask(port, &read).await.unwrap();
    assert_eq!(
        answer.header("access-control-allow-origin"),
        None,
        "no page of others may read it"
    );
    let preflight = HttpCall::new("OPTIONS", "/api/v1/orders")
        .header("origin", "http://evil.example")
        .header("access-control-request-method", "POST");
    let answer = station.ask(port, &preflight).await.unwrap();
    assert_eq!(answer.header("access-control-allow-origin"), None);
    let orders = customer.done(HttpCall::get("/api/v1/orders")).await;
    assert_eq!(
        orders["items"],
        json!([]),
        "nothing was published in the customer's name"
    );
}

/// What a page of another site can make the browser send, with the reason for its refusal.
fn foreign_posts(own: &str, cookie: &str, csrf: &str) -> Vec<(&'static str, HttpCall)> {
    let order = json!({
        "title": "Stolen", "description": "", "service_type": "cleaning_repair",
        "price": "200.00", "location": "NORTH", "address": "9 Evil Street",
    })
    .to_string();
    let post = |kind: &str| {
        HttpCall::post("/api/v1/orders")
            .header("cookie", cookie)
            .body(kind, order.clone())
    };
    vec![
        (
            "no origin",
            post("application/json").header("x-csrf-token", csrf),
        ),
        ("no token", post("application/json").header("origin", own)),
        (
            "a foreign origin",
            post("text/plain").header("origin", "http://evil.example"),
        ),
        (
            "a foreign origin that knows the token",
            post("application/json")
                .header("origin", "http://evil.example")
                .header("x-csrf-token", csrf),
        ),
        ("null", post("text/plain").header("origin", "null")),
        (
            "a form",
            post("application/x-www-form-urlencoded").header("sec-fetch-site", "cross-site"),
        ),
        (
            "two tokens",
            post("application/json")
                .header("origin", own)
                .header("x-csrf-token", csrf)
                .header("x-csrf-token", "x"),
        ),
    ]
}
