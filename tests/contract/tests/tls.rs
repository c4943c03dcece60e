//! The TLS listener, and the clients that trust its authority.

use std::{path::Path, time::Duration};

use axum::{Router, routing::get};
use http::Method;
use process::{
    client::{Client, ClientError},
    clock::Clock,
    tasks::Tasks,
    trust,
    web::{self, Certificate},
};
use support::{Authority, ServerIdentity};
use wire::UnixMillis;

const LIMIT: Duration = Duration::from_secs(10);

#[tokio::test]
async fn only_a_caller_that_trusts_the_authority_talks_to_the_listener() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new().unwrap();
    let listener = Listener::with(folder.path(), &authority.server("localhost").unwrap()).await;
    assert_eq!(listener.ask(&client(&authority)).await.unwrap(), "by TLS");
    let stranger = listener
        .ask(&client(&Authority::new().unwrap()))
        .await
        .unwrap_err();
    assert!(stranger.is_unreachable(), "{stranger}");
    // A private authority is trusted only after configuration.
    assert!(listener.ask(&Client::new()).await.is_err());
    let plain = listener.url.replace("https://", "http://");
    let plain: Result<String, _> = client(&authority)
        .send_json(Method::GET, &plain, None, None::<&()>, LIMIT)
        .await;
    assert!(plain.is_err());
    listener.tasks.shutdown(LIMIT).await;
}

#[tokio::test]
async fn certificates_are_judged_by_the_clock_of_the_caller_and_a_wrong_one_is_the_named_cause() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new().unwrap();
    let listener = Listener::with(folder.path(), &authority.server("localhost").unwrap()).await;
    let clock = Clock::fixed_at(UnixMillis(1_000)).into_settable();
    let trusting = || trust::client_config_trusting(authority.pem().as_bytes()).unwrap();
    let at_power_up = Client::with_tls(trust::with_certificate_clock(trusting(), &clock));
    let refused = listener.ask(&at_power_up).await.unwrap_err();
    assert!(trust::is_certificate_time_error(&refused), "{refused:?}");
    clock.count_from(Clock::system().now());
    assert_eq!(listener.ask(&at_power_up).await.unwrap(), "by TLS");
    let stranger = listener
        .ask(&client(&Authority::new().unwrap()))
        .await
        .unwrap_err();
    assert!(!trust::is_certificate_time_error(&stranger), "{stranger:?}");
    listener.tasks.shutdown(LIMIT).await;
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_at_once_and_one_of_no_use_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let before = Authority::new().unwrap();
    let after = Authority::new().unwrap();
    let listener = Listener::with(folder.path(), &before.server("localhost").unwrap()).await;
    assert!(listener.ask(&client(&before)).await.is_ok());
    assert!(!listener.certificate.reload_if_changed().await.unwrap());

    let renewed = after.server("localhost").unwrap();
    // Renew only half: the key does not match yet.
    std::fs::write(folder.path().join("chain.pem"), &renewed.certificate).unwrap();
    assert!(listener.certificate.reload_if_changed().await.is_err());
    assert!(listener.ask(&client(&before)).await.is_ok());
    std::fs::write(folder.path().join("key.pem"), "no key").unwrap();
    assert!(listener.certificate.reload_if_changed().await.is_err());
    assert!(listener.ask(&client(&before)).await.is_ok());

    put(folder.path(), &renewed);
    assert!(listener.certificate.reload_if_changed().await.unwrap());
    assert!(listener.ask(&client(&after)).await.is_ok());
    assert!(listener.ask(&client(&before)).await.is_err());
    listener.tasks.shutdown(LIMIT).await;
}

#[test]
fn a_file_without_a_certificate_is_refused_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    for (content, why) in [(None, "No such file"), (Some("nothing"), "no certificate")] {
        if let Some(content) = content {
            std::fs::write(&roots, content).unwrap();
        }
        let refused = trust::trust_authorities(&trust::TlsConfig {
            roots: roots.clone(),
        })
        .unwrap_err();
        let told = process::problem::format_error_chain(&refused);
        assert!(
            told.contains("tls.roots") && told.contains("roots.pem"),
            "{told}"
        );
        assert!(told.contains(why), "{told}");
    }
}

struct Listener {
    url: String,
    certificate: Certificate,
    tasks: Tasks,
}

impl Listener {
    async fn with(folder: &Path, identity: &ServerIdentity) -> Self {
        put(folder, identity);
        let chain = folder.join("chain.pem");
        let key = folder.join("key.pem");
        let certificate = Certificate::load(chain, key).await.unwrap();
        let listener = web::bind_listener("127.0.0.1:0").await.unwrap();
        let url = format!(
            "https://localhost:{}",
            listener.local_addr().unwrap().port()
        );
        let router = Router::new().route("/", get(async || axum::Json("by TLS")));
        let tasks = Tasks::new();
        let slots = web::ConnectionSlots::default();
        let serving = web::serve_https(
            listener,
            certificate.clone(),
            router,
            slots,
            tasks.stop_token(),
        );
        tasks.spawn("listener", serving);
        Self {
            url,
            certificate,
            tasks,
        }
    }

    async fn ask(&self, client: &Client) -> Result<String, ClientError> {
        client
            .send_json(Method::GET, &self.url, None, None::<&()>, LIMIT)
            .await
    }
}

fn put(folder: &Path, identity: &ServerIdentity) {
    std::fs::write(folder.join("chain.pem"), &identity.certificate).unwrap();
    std::fs::write(folder.join("key.pem"), &identity.key).unwrap();
}

fn client(trusted: &Authority) -> Client {
    Client::with_tls(trust::client_config_trusting(trusted.pem().as_bytes()).unwrap())
}
