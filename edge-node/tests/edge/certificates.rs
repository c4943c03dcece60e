//! The certificate of an edge's listeners: the edge asks the hub that it trusts, and stores what
//! that hub issues.

use std::path::Path;

use process::tokens::Signer;
use rcgen::{
    CertificateParams, Issuer, KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm,
};
use wire::{CertificateAnswer, CertificateReply, CertificateRequest, Frame};
use x509_parser::{certification_request::X509CertificationRequest, prelude::FromDer};

use crate::world::{cloud::Cloud, edge, order, until};

fn hub_key() -> Signer {
    Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap()
}

struct RequestedKey(Vec<u8>);

impl PublicKeyData for RequestedKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

/// A certificate for the requested key with these names.
fn issue(request: &CertificateRequest, names: &[&str]) -> Frame {
    let (_, csr) = X509CertificationRequest::from_der(&request.csr).unwrap();
    let key = &csr.certification_request_info.subject_pki;
    let key = RequestedKey(key.subject_public_key.data.to_vec());
    let ca_key = KeyPair::generate().unwrap();
    let ca = CertificateParams::default();
    let ca_der = ca.self_signed(&ca_key).unwrap().der().to_vec();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let own = CertificateParams::new(names).unwrap();
    let own = own.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
    Frame::CertificateReply(CertificateReply {
        link_session: request.link_session,
        answer: CertificateAnswer::Issued {
            chain: vec![own.der().to_vec().into()],
            ca: ca_der.into(),
        },
    })
}

async fn first_request(cloud: &Cloud) -> CertificateRequest {
    until("a request for a certificate", || async {
        cloud.certificate_requests().first().cloned()
    })
    .await
}

fn has_certificate(data: &Path) -> bool {
    data.join("certificate.pem").exists() || data.join("shop-ca.pem").exists()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_certificate_that_the_hub_issues_is_stored_with_its_authority() {
    let (cloud, gateway) = Cloud::start().await;
    cloud.seal_with(Some(&hub_key()));
    let data = tempfile::tempdir().unwrap();
    let edge = edge(data.path(), &format!("http://{gateway}")).await;
    let request = first_request(&cloud).await;
    assert!(!has_certificate(data.path()));

    cloud.interject(issue(&request, &["north-1.local"]));
    let chain = until("the certificate", || async {
        std::fs::read_to_string(data.path().join("certificate.pem")).ok()
    })
    .await;
    assert!(
        chain.starts_with("-----BEGIN CERTIFICATE-----\n"),
        "{chain}"
    );
    assert!(data.path().join("shop-ca.pem").exists(), "stored before");
    let key = std::fs::read_to_string(data.path().join("certificate-key.pem")).unwrap();
    assert!(KeyPair::from_pem(&key).is_ok());
    edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_answer_ends_the_session_and_writes_nothing() {
    let (cloud, gateway) = Cloud::start().await;
    let hub = hub_key();
    cloud.seal_with(Some(&hub));
    let data = tempfile::tempdir().unwrap();
    let edge = edge(data.path(), &format!("http://{gateway}")).await;
    let request = first_request(&cloud).await;
    cloud.forge(issue(&request, &["north-1.local"]));
    until("another session", || async {
        (cloud.hellos().len() > 1).then_some(())
    })
    .await;
    assert!(!has_certificate(data.path()));
    edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_that_proves_nothing_is_not_asked() {
    let (cloud, gateway) = Cloud::start().await;
    let data = tempfile::tempdir().unwrap();
    let edge = edge(data.path(), &format!("http://{gateway}")).await;
    until("the key that the request would be for", || async {
        data.path()
            .join("certificate-key.pem")
            .exists()
            .then_some(())
    })
    .await;
    cloud.put(order(1, 1));
    until("the feed, which the edge reads afterwards", || async {
        cloud.last_ack().filter(|ack| ack.feed_cursor == 1)
    })
    .await;
    assert_eq!(cloud.certificate_requests(), []);
    edge.stop().await;
}
