//! Answers to browsers, by kind of path.

use super::*;
use crate::web::set_security_headers;

const FILES: [(&str, &str); 7] = [
    ("index.html", "<html>"),
    ("kiosk/index.html", "<kiosk>"),
    ("sw.js", "worker"),
    ("assets/app-1a2b.js", "plain"),
    ("assets/app-1a2b.js.br", "brotli"),
    ("assets/app-1a2b.js.gz", "gzip"),
    ("manifest.webmanifest", "{}"),
];

fn built() -> Pages {
    Pages {
        find: |path| {
            let (_, text) = FILES.iter().find(|(name, _)| *name == path)?;
            let mut sha256 = [0; 32];
            sha256[..text.len()].copy_from_slice(text.as_bytes());
            Some(PageFile {
                bytes: Cow::Borrowed(text.as_bytes()),
                sha256,
            })
        },
    }
}

fn ask(path: &str, headers: &[(&str, &str)]) -> Option<Response> {
    let request = headers
        .iter()
        .fold(Request::get(path), |request, (name, value)| {
            request.header(*name, *value)
        });
    built().answer_request(&request.body(()).unwrap())
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

async fn body(response: Response) -> Vec<u8> {
    axum::body::to_bytes(response.into_body(), 1 << 16)
        .await
        .unwrap()
        .to_vec()
}

const BROWSER: [(&str, &str); 1] = [("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")];

#[tokio::test]
async fn names_with_a_hash_are_kept_for_ever_and_all_others_asked_each_time() {
    for (path, kind, caching) in [
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/index.html", "text/html; charset=utf-8", "no-cache"),
        ("/sw.js", "text/javascript; charset=utf-8", "no-cache"),
        (
            "/manifest.webmanifest",
            "application/manifest+json",
            "no-cache",
        ),
        (
            "/assets/app-1a2b.js",
            "text/javascript; charset=utf-8",
            KEPT_FOR_EVER,
        ),
    ] {
        let response = ask(path, &[]).unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&response, "content-type"), kind, "{path}");
        assert_eq!(header(&response, "cache-control"), caching, "{path}");
        assert!(header(&response, "etag").len() > 30, "{path}");
    }
}

#[tokio::test]
async fn a_deep_link_opens_the_app_and_a_missing_file_does_not() {
    for path in [
        "/orders",
        "/orders/0193-ab",
        "/orders/",
        "/admin/regions/NORTH",
        "/a/@me",
    ] {
        let response = ask(path, &BROWSER).unwrap();
        assert_eq!(body(response).await, b"<html>", "{path}");
        assert!(
            ask(path, &[("accept", "*/*")]).is_none(),
            "{path} to a program"
        );
        assert!(
            ask(path, &[("accept", "text/html;q=0")]).is_none(),
            "{path} refused"
        );
    }
    for path in ["/assets/gone-9f.js", "/favicon.ico", "/orders/x.json"] {
        assert!(ask(path, &BROWSER).is_none(), "{path}");
    }
}

#[tokio::test]
async fn a_folder_with_a_page_answers_for_the_paths_below_it() {
    for path in [
        "/kiosk",
        "/kiosk/",
        "/kiosk/publish/what",
        "/kiosk/index.html",
    ] {
        let response = ask(path, &BROWSER).unwrap();
        assert_eq!(
            header(&response, "content-type"),
            "text/html; charset=utf-8"
        );
        assert_eq!(body(response).await, b"<kiosk>", "{path}");
    }
    assert_eq!(body(ask("/kiosks", &BROWSER).unwrap()).await, b"<html>");
}

#[test]
fn nothing_of_a_program_is_a_page_however_it_is_written() {
    for path in [
        "/api",
        "/api/",
        "/api/v1/nothing",
        "/openapi.json",
        "/asyncapi.json",
        "/health",
        "/health/x",
        "/metrics",
        "/internal/ops",
        "/link",
        "/.well-known/x",
        "/.git/config",
        "//api/v1/orders",
        "/orders//x",
        "/../Cargo.toml",
        "/assets/../../Cargo.toml",
        "/%61pi/v1/orders",
        "/a%2fb",
        "/x\\y",
    ] {
        let uri = path.replace('\\', "%5c");
        assert!(ask(&uri, &BROWSER).is_none(), "{path}");
    }
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let request = Request::builder().method(method).uri("/").body(()).unwrap();
        assert!(built().answer_request(&request).is_none());
    }
}

#[tokio::test]
async fn a_browser_gets_the_smallest_copy_that_it_takes() {
    for (accepted, encoding, bytes) in [
        ("gzip, deflate, br, zstd", "br", "brotli"),
        ("gzip", "gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip", "gzip"),
        ("identity", "", "plain"),
    ] {
        let asked = [("accept-encoding", accepted)];
        let response = ask("/assets/app-1a2b.js", &asked).unwrap();
        assert_eq!(
            header(&response, "content-encoding"),
            encoding,
            "{accepted}"
        );
        assert_eq!(
            header(&response, "content-type"),
            "text/javascript; charset=utf-8"
        );
        assert!(header(&response, "vary").contains("accept-encoding"));
        assert_eq!(body(response).await, bytes.as_bytes(), "{accepted}");
    }
    let response = ask("/sw.js", &[("accept-encoding", "br")]).unwrap();
    assert_eq!(header(&response, "content-encoding"), "", "it has no copy");
}

#[tokio::test]
async fn a_known_copy_is_not_sent_again_and_another_copy_is() {
    let brotli = [("accept-encoding", "br")];
    let tag = header(&ask("/assets/app-1a2b.js", &brotli).unwrap(), "etag").to_owned();
    for known in [
        tag.clone(),
        format!("W/{tag}"),
        format!("\"x\", {tag}"),
        "*".to_owned(),
    ] {
        let asked = [("accept-encoding", "br"), ("if-none-match", known.as_str())];
        let response = ask("/assets/app-1a2b.js", &asked).unwrap();
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{known}");
        assert_eq!(header(&response, "etag"), tag);
        assert!(body(response).await.is_empty());
    }
    let plain = ask("/assets/app-1a2b.js", &[("if-none-match", &tag)]).unwrap();
    assert_eq!(plain.status(), StatusCode::OK);
}

#[tokio::test]
async fn where_nothing_is_built_the_page_says_how_in_both_languages() {
    let pages = Pages { find: |_| None };
    for path in ["/", "/orders"] {
        let request = Request::get(path)
            .header("accept", "text/html")
            .body(())
            .unwrap();
        let response = pages.answer_request(&request).unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(header(&response, "cache-control"), "no-store");
        let text = String::from_utf8(body(response).await).unwrap();
        assert!(text.contains("cargo xtask apps") && text.contains("lang=\"zh-CN\""));
        assert!(
            !text.contains("style") && !text.contains("script"),
            "its policy allows none"
        );
    }
}

#[tokio::test]
async fn a_page_has_its_own_policy_and_data_keeps_the_strict_one() {
    let page = set_security_headers(ask("/", &[]).unwrap());
    let policy = header(&page, "content-security-policy");
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"));
    assert!(policy.ends_with("require-trusted-types-for 'script'; trusted-types vue holdfast"));
    assert_eq!(header(&page, "cache-control"), "no-cache");
    let data = set_security_headers("{}".into_response());
    let policy = header(&data, "content-security-policy");
    assert_eq!(
        policy,
        "default-src 'none'; frame-ancestors 'none'; sandbox"
    );
}

#[tokio::test]
async fn only_a_page_that_may_is_given_the_position() {
    let allowed = "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()";
    let page = set_security_headers(ask("/", &[]).unwrap());
    let refused = header(&page, "permissions-policy");
    assert_eq!(
        refused,
        allowed.replace("geolocation=(self)", "geolocation=()")
    );
    let app = set_security_headers(allow_position(ask("/", &[]).unwrap()));
    assert_eq!(header(&app, "permissions-policy"), allowed);
    let policy = "content-security-policy";
    assert_eq!(header(&app, policy), header(&page, policy));
    let data = set_security_headers(allow_position("{}".into_response()));
    assert!(data.headers().get("permissions-policy").is_none());
}
