//! Hostile requests: paths, headers, bodies and encodings.

use attack::{AttackedPlatform, HttpCall, Station};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
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
async fn one_request_hides_another_from_the_gateway() {
    let platform = AttackedPlatform::shared().await;
    let customer = platform.somebody(Role::Customer).await;
    let hidden = format!("GET {ADMINS} HTTP/1.1\r\nhost: x\r\nx-user-role: admin\r\n\r\n");
    let head = "POST /api/v1/auth/verify-token HTTP/1.1\r\nhost: x\r\n";
    for framing in [
        format!(
            "content-length: {}\r\ntransfer-encoding: chunked\r\n",
            hidden.len() + 5
        ),
        format!("content-length: 0\r\ncontent-length: {}\r\n", hidden.len()),
        "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n".to_owned(),
        "transfer-encoding: xchunked\r\n".to_owned(),
        "transfer-encoding : chunked\r\n".to_owned(),
        "content-length: +5\r\n".to_owned(),
        // Two parsers could disagree on the end of the body: one uses the length, the other the
        // chunks.
        "transfer-encoding: chunked\r\ncontent-length: 4\r\n".to_owned(),
        "content-length: 4\r\ntransfer-encoding:\tchunked\r\n".to_owned(),
        "content-length: 4\r\ntransfer-encoding: gzip, chunked\r\n".to_owned(),
        "content-length: 4\r\ntransfer-encoding: chunked, identity\r\n".to_owned(),
        "content-length: 4\r\ntransfer-encoding: \"chunked\"\r\n".to_owned(),
        "content-length: 4\r\nx: y\r\n transfer-encoding: chunked\r\n".to_owned(),
        "x: y\r\n content-length: 0\r\ncontent-length: 5\r\n".to_owned(),
        "content-length: 5, 5\r\n".to_owned(),
        "content-length: 5\r\ncontent-length: 5\r\ncontent-length: 50\r\n".to_owned(),
        "content-length: 0x5\r\n".to_owned(),
        "content-length: -1\r\n".to_owned(),
        "content-length: 99999999999999999999\r\n".to_owned(),
        "content-length:\u{b}5\r\n".to_owned(),
        "content-length\u{0}: 5\r\n".to_owned(),
        "content-length: 5\rtransfer-encoding: chunked\r\n".to_owned(),
        "x: y\ntransfer-encoding: chunked\ncontent-length: 4\n".to_owned(),
        "x: y\u{0}\r\ntransfer-encoding: xchunked\r\n".to_owned(),
    ] {
        let bytes = format!("{head}{framing}connection: close\r\n\r\n0\r\n\r\n{hidden}");
        let mut stream = customer.station.connect(platform.gateway()).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut said = Vec::new();
        let reading = stream.read_to_end(&mut said);
        let _closed = tokio::time::timeout(attack::PATIENCE, reading)
            .await
            .expect("an end");
        let said = String::from_utf8_lossy(&said);
        assert!(said.matches("HTTP/1.1 ").count() <= 1, "{framing}: {said}");
        assert!(!said.contains("HTTP/1.1 2"), "{framing}: {said}");
    }
}

/// A proxy in front may read another host, or other headers, than the gateway.
#[tokio::test]
async fn a_request_names_no_host_or_two_or_hides_a_header_behind_a_lone_line_feed() {
    let platform = AttackedPlatform::shared().await;
    let station = Station::fresh();
    let second = "GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HTTP/1.1\r\nhost: a\nx: y\r\n";
    for port in [platform.gateway(), platform.edge().http] {
        for (head, is_refused) in [
            ("GET / HTTP/1.1\r\nhost: a\r\n", false),
            ("GET / HTTP/1.0\r\n", false),
            ("GET / HTTP/1.1\r\n", true),
            ("GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n", true),
            ("GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n", true),
            ("GET / HTTP/1.1\r\nhost: a, b\r\n", true),
            ("GET / HTTP/1.1\r\nhost:\r\n", true),
            ("GET / HTTP/1.1\nhost: a\r\n", true),
            ("GET / HTTP/1.1\r\nhost: a\n", true),
            (
                "GET / HTTP/1.1\r\nhost: a\nauthorization: Bearer x\r\n",
                true,
            ),
            (second, true),
        ] {
            let bytes = format!("{head}connection: close\r\n\r\n");
            let mut stream = station.connect(port).await.unwrap();
            stream.write_all(bytes.as_bytes()).await.unwrap();
            let mut said = Vec::new();
            let reading = stream.read_to_end(&mut said);
            let _closed = tokio::time::timeout(attack::PATIENCE, reading)
                .await
                .expect("an end");
            let said = String::from_utf8_lossy(&said);
            assert!(said.starts_with("HTTP/1."), "{head:?}: {said}");
            assert_eq!(
                said.matches("HTTP/1.1 400 ").count() == 1,
                is_refused,
                "{head:?}: {said}"
            );
        }
    }
}

/// Chunks that parsers may count differently. Bytes behind the first end are never a request.
#[tokio::test]
async fn a_chunk_hides_a_request_from_the_gateway() {
    let platform = AttackedPlatform::shared().await;
    let customer = platform.somebody(Role::Customer).await;
    let hidden = format!("GET {ADMINS} HTTP/1.1\r\nhost: x\r\nx-user-role: admin\r\n\r\n");
    let head = "POST /api/v1/auth/verify-token HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
        transfer-encoding: chunked\r\n";
    for (port, chunks) in [
        "2\n{}\n0\n\n",
        "2\r\n{}0\r\n\r\n",
        "0x2\r\n{}\r\n0\r\n\r\n",
        "-2\r\n{}\r\n0\r\n\r\n",
        "+2\r\n{}\r\n0\r\n\r\n",
        "10000000000000002\r\n{}\r\n0\r\n\r\n",
        "\r\n{}\r\n0\r\n\r\n",
        "2 x\r\n{}\r\n0\r\n\r\n",
        "2;a=\"\n0\r\n\r\n",
        "2\r{}\r\n0\r\n\r\n",
    ]
    .into_iter()
    .flat_map(|chunks| [platform.gateway(), platform.edge().http].map(|port| (port, chunks)))
    {
        let bytes = format!("{head}connection: close\r\n\r\n{chunks}{hidden}");
        let mut stream = customer.station.connect(port).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut said = Vec::new();
        let reading = stream.read_to_end(&mut said);
        let _closed = tokio::time::timeout(attack::PATIENCE, reading)
            .await
            .expect("an end");
        let said = String::from_utf8_lossy(&said);
        assert!(said.matches("HTTP/1.1 ").count() <= 1, "{chunks:?}: {said}");
        assert!(
            !said.contains("HTTP/1.1 2") && !said.contains("HTTP/1.1 5"),
            "{chunks:?}: {said}"
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
