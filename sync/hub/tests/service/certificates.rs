//! Certificates over the link: an edge gets one for its own names, and every replica has the same
//! authority.

use http::{Method, StatusCode};
use process::trust::certificate_fingerprint;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use rstest::rstest;
use serde_json::Value;
use wire::{
    AlarmKind, CertificateAnswer, CertificateReply, CertificateRequest, Code, Frame, Region,
    StatusReport,
};

use crate::stage::{Edge, Replica, Stage};

async fn shop_ca(replica: &Replica) -> Value {
    let path = "/api/v1/edges/ca";
    let (status, ca) = replica.ask(Method::GET, path, None, None).await;
    assert_eq!(status, StatusCode::OK, "{ca}");
    ca
}

fn request(edge: &Edge, names: &[&str]) -> Frame {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let params = CertificateParams::new(names).unwrap();
    let csr = params.serialize_request(&key).unwrap().der().to_vec();
    Frame::CertificateRequest(CertificateRequest {
        link_session: edge.link_session(),
        csr: csr.into(),
    })
}

async fn answer(edge: &mut Edge) -> CertificateAnswer {
    loop {
        match edge.next().await {
            Some(Frame::CertificateReply(CertificateReply {
                link_session,
                answer,
            })) => {
                assert_eq!(link_session, edge.link_session());
                return answer;
            }
            Some(_) => {}
            None => panic!("the hub hung up"),
        }
    }
}

#[rstest]
#[case::sqlite(false)]
#[case::mariadb(true)]
#[tokio::test]
async fn an_edge_gets_a_certificate_of_the_authority_that_every_replica_shows(#[case] mysql: bool) {
    let (stage, hub, mut edge) = Stage::with_north(mysql).await;
    let other = stage.replica().await;
    let (ca, same) = tokio::join!(shop_ca(&hub), shop_ca(&other));
    assert_eq!(ca, same);

    edge.open(&other).await;
    edge.send(&request(&edge, &["north-1.local", "192.168.7.20"]))
        .await;
    let CertificateAnswer::Issued { chain, ca: der } = answer(&mut edge).await else {
        panic!("no certificate")
    };
    assert_eq!(chain.len(), 1);
    assert_eq!(ca["fingerprint"], certificate_fingerprint(&der));
    let status = stage.status(&hub).await;
    let ends_at = status.regions[0].edges[0].certificate_ends_at.unwrap();
    let days = ends_at.ms_since(status.now) / (24 * 60 * 60 * 1_000);
    assert!((88..=90).contains(&days), "{days}");
    let ends = |report: &StatusReport| {
        let subjects = report.list_alarm_subjects().into_iter();
        let mut kinds = subjects.map(|subject| subject.kind);
        kinds.any(|kind| kind == AlarmKind::CertificateEnds)
    };
    assert!(!ends(&status), "{status:?}");
    let late = StatusReport {
        now: ends_at.plus_ms(-1),
        ..status
    };
    assert!(ends(&late), "{late:?}");
}

#[tokio::test]
async fn a_name_outside_the_authoritys_domains_is_refused_by_name_and_the_session_goes_on() {
    let (_stage, hub, mut edge) = Stage::with_north(false).await;
    edge.open(&hub).await;
    for name in ["bank.example", "north-2.local", "8.8.8.8"] {
        edge.send(&request(&edge, &["north-1.local", name])).await;
        let refused = CertificateAnswer::Refused {
            code: Code::CertificateNameRefused,
            name: Some(name.to_owned()),
        };
        assert_eq!(answer(&mut edge).await, refused);
    }
    let garbage = CertificateRequest {
        link_session: edge.link_session(),
        csr: vec![0x30, 0x00].into(),
    };
    edge.send(&Frame::CertificateRequest(garbage)).await;
    let refused = CertificateAnswer::Refused {
        code: Code::CertificateRequestInvalid,
        name: None,
    };
    assert_eq!(answer(&mut edge).await, refused);
}

#[tokio::test]
async fn an_edge_out_of_service_gets_no_certificate() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    edge.open(&hub).await;
    let path = "/api/v1/admin/edges/north-1/retirement";
    let form = serde_json::json!({"why": "closed"});
    let (status, _) = stage.admin(&hub, Method::POST, path, Some(form)).await;
    assert_eq!(status, StatusCode::OK);
    edge.send(&request(&edge, &["north-1.local"])).await;
    assert_eq!(edge.until_refused().await, Code::EdgeDisabled);
    assert!(edge.call(&hub).await.is_err(), "its key opens no session");
}

#[tokio::test]
async fn another_domain_of_the_operator_needs_another_certificate_of_the_authority() {
    let mut stage = Stage::new(false).await;
    let before = stage.replica().await;
    let first = shop_ca(&before).await;
    stage.has_edge_domains(&["shops.example.com"]);
    let after = stage.replica().await;
    let second = shop_ca(&after).await;
    assert_ne!(first["fingerprint"], second["fingerprint"]);
    assert_eq!(shop_ca(&before).await, first, "both stay in use");

    let mut edge = stage.enrol(&after, "north-1", Region::North).await;
    edge.open(&after).await;
    edge.send(&request(&edge, &["till.shops.example.com"]))
        .await;
    let answer = answer(&mut edge).await;
    assert!(
        matches!(answer, CertificateAnswer::Issued { .. }),
        "{answer:?}"
    );
}
