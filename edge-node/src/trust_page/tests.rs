use axum::body::{Body, to_bytes};
use http::{Request, StatusCode};
use tower::ServiceExt;
use wire::{EdgeId, Region};

use super::*;
use crate::certificates::SHOP_CA;

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n";

const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)";

/// A page of `north-1` on standard ports, with `abc` as the authority's certificate.
struct Shop {
    data: tempfile::TempDir,
    page: TrustPage,
}

impl Shop {
    fn open() -> Self {
        let data = tempfile::tempdir().unwrap();
        std::fs::write(data.path().join(SHOP_CA), CERTIFICATE).unwrap();
        let page = TrustPage {
            identity: EdgeIdentity {
                edge_id: EdgeId::new("north-1").unwrap(),
                region: Region::North,
            },
            names: Vec::new(),
            is_announced: true,
            has_own_certificate: false,
            app_port: 8443,
            port: 80,
            data: data.path().to_owned(),
        };
        Self { data, page }
    }

    async fn ask(&self, request: http::request::Builder) -> Response {
        let router = self.page.clone().into_router();
        let request = request.body(Body::empty()).unwrap();
        router.oneshot(request).await.unwrap()
    }

    async fn read(&self, path: &str) -> String {
        read_text(
            self.ask(Request::get(path).header("host", "10.0.0.5"))
                .await,
        )
        .await
    }
}

async fn read_text(response: Response) -> String {
    assert_eq!(response.status(), StatusCode::OK);
    let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn header_of<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers()[name].to_str().unwrap()
}

#[tokio::test]
async fn the_page_names_the_shop_in_both_languages_and_shows_the_fingerprint() {
    let shop = Shop::open();
    let english = shop.read("/trust?lang=en").await;
    assert!(english.contains("<html lang=\"en\""));
    assert!(english.contains("Let this device trust the North node north-1"));
    assert!(english.contains("<span>BA:78:16:BF</span>"));
    assert!(english.contains("https://north-1.local:8443/"));
    assert!(english.contains("http://north-1.local/trust"));
    let chinese = shop.read("/?lang=zh-CN").await;
    assert!(chinese.contains("<html lang=\"zh-CN\""));
    assert!(chinese.contains("让本设备信任北区节点 north-1"));
}

#[tokio::test]
async fn each_kind_of_device_gets_its_own_steps_and_file() {
    let shop = Shop::open();
    let of = |agent: &str| Request::get("/trust").header("user-agent", agent);
    let iphone = read_text(shop.ask(of(IPHONE)).await).await;
    assert!(iphone.contains("href=\"/trust/holdfast.mobileconfig?lang=en\""));
    assert!(!iphone.contains("href=\"/trust/ca.crt"));
    for (name, file) in [
        ("android", "/trust/ca.crt"),
        ("windows", "/trust/ca.crt"),
        ("linux", "/trust/ca.pem"),
    ] {
        let page = shop.read(&format!("/trust?device={name}")).await;
        assert!(page.contains(&format!("href=\"{file}?lang=en\"")), "{name}");
    }
}

#[tokio::test]
async fn the_files_are_the_certificate_and_nothing_else() {
    let shop = Shop::open();
    let der = shop.ask(Request::get("/trust/ca.crt")).await;
    assert_eq!(
        header_of(&der, "content-type"),
        "application/x-x509-ca-cert"
    );
    let disposition = "attachment; filename=\"holdfast-north-1.crt\"";
    assert_eq!(header_of(&der, "content-disposition"), disposition);
    assert_eq!(read_text(der).await, "abc");
    assert_eq!(shop.read("/trust/ca.pem").await, CERTIFICATE);
    let profile = shop.ask(Request::get("/trust/holdfast.mobileconfig")).await;
    let kind = "application/x-apple-aspen-config";
    assert_eq!(header_of(&profile, "content-type"), kind);
    let profile = read_text(profile).await;
    assert!(profile.contains("<data>YWJj</data>"), "{profile}");
}

#[tokio::test]
async fn every_other_path_leads_to_the_page() {
    let shop = Shop::open();
    for request in [
        Request::get("/board"),
        Request::get("/trust/"),
        Request::get("/trust/ok"),
        Request::post("/session"),
    ] {
        let response = shop.ask(request).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        assert_eq!(header_of(&response, "location"), "/trust");
    }
}

#[tokio::test]
async fn the_page_loads_images_of_the_shop_and_runs_only_its_own_script() {
    let mut shop = Shop::open();
    shop.page.names = vec![
        "tablets.shop.example".to_owned(),
        "no; script-src *".to_owned(),
    ];
    for (host, images) in [
        (
            "10.0.0.5",
            "img-src https://tablets.shop.example:8443 \
          https://north-1.local:8443 https://10.0.0.5:8443;",
        ),
        (
            "NORTH-1.local:80",
            "img-src https://tablets.shop.example:8443 \
          https://north-1.local:8443;",
        ),
        (
            "[fd00::2]",
            "img-src https://tablets.shop.example:8443 https://north-1.local:8443;",
        ),
        (
            "a\"><script>",
            "img-src https://tablets.shop.example:8443 https://north-1.local:8443;",
        ),
    ] {
        let response = shop.ask(Request::get("/trust").header("host", host)).await;
        let policy = header_of(&response, "content-security-policy").to_owned();
        assert!(policy.contains(images), "{host}: {policy}");
        assert_eq!(policy.matches("script-src").count(), 1);
        assert!(policy.contains(&hash_source(SCRIPT)));
        let page = read_text(response).await;
        assert!(page.contains(&format!("<script>{SCRIPT}</script>")));
        assert!(page.contains(&format!("<style>{STYLE}</style>")));
        assert_eq!(page.matches("<script").count(), 1);
    }
}

#[tokio::test]
async fn a_shop_without_a_certificate_to_install_says_so() {
    let mut shop = Shop::open();
    shop.page.has_own_certificate = true;
    let own = shop.read("/trust?lang=en").await;
    assert!(own.contains("Nothing to install from this page"));
    assert!(own.contains("id=\"check\"") && !own.contains("/trust/ca.crt"));
    let refused = shop.ask(Request::get("/trust/ca.crt")).await;
    assert_eq!(header_of(&refused, "location"), "/trust");
    shop.page.has_own_certificate = false;
    std::fs::remove_file(shop.data.path().join(SHOP_CA)).unwrap();
    let awaited = shop.read("/trust?lang=en").await;
    assert!(awaited.contains("This shop has no certificate yet"));
    assert!(!awaited.contains("id=\"check\"") && !awaited.contains("/trust/ca.crt"));
    let refused = shop.ask(Request::get("/trust/holdfast.mobileconfig")).await;
    assert_eq!(header_of(&refused, "location"), "/trust");
}
