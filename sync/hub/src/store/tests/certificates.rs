//! The certificate authority's key and certificates, and the record of what it issued.

use platform::vals;

use super::*;
use crate::certificates::{CaCertificate, IssuedCertificate, Serial};

const YEAR_MS: i64 = 365 * 24 * 60 * 60 * 1_000;

fn certificate(n: u8, not_after: UnixMillis) -> CaCertificate {
    CaCertificate {
        der: vec![0x30, n],
        not_after,
    }
}

fn issued(n: u8) -> IssuedCertificate {
    IssuedCertificate {
        der: vec![0x30, n],
        serial: Serial::from_random([n; 16]),
        names: "north-1.local 10.0.0.7".to_owned(),
        not_after: NOW.plus_ms(YEAR_MS),
    }
}

#[rstest]
#[tokio::test]
async fn of_replicas_that_make_the_authority_at_once_the_first_one_counts(
    #[values(false, true)] mysql: bool,
) {
    let store = database(mysql).await;
    assert_eq!(store.find_ca_key().await.unwrap(), None);
    let (first, second) = tokio::join!(store.add_ca_key(&[1], NOW), store.add_ca_key(&[2], NOW));
    let key = first.unwrap();
    assert_eq!(second.unwrap(), key);
    assert_eq!(store.find_ca_key().await.unwrap(), Some(key.clone()));
    const KEPT: &str = "SELECT private_key FROM ca_key";
    let kept: Vec<Vec<u8>> = store.sql().fetch_all(KEPT, vals![]).await.unwrap();
    assert!(kept.len() == 1 && kept[0] != key, "it is stored sealed");

    let permits = Hash::digest_bytes(b"permits");
    let later = NOW.plus_ms(10 * YEAR_MS);
    let made = [certificate(1, later), certificate(2, later)];
    let put = |made| store.put_ca_certificate(permits, None, made);
    let (first, second) = tokio::join!(put(&made[0]), put(&made[1]));
    let first = first.unwrap();
    assert_eq!(second.unwrap(), first);
    let other = Hash::digest_bytes(b"other permits");
    assert_eq!(store.find_ca_certificate(other).await.unwrap(), None);
}

#[rstest]
#[tokio::test]
async fn a_certificate_of_the_authority_is_renewed_once(#[values(false, true)] mysql: bool) {
    let store = database(mysql).await;
    let permits = Hash::digest_bytes(b"permits");
    let old = certificate(1, NOW);
    let new = certificate(2, NOW.plus_ms(YEAR_MS));
    let late = certificate(3, NOW.plus_ms(YEAR_MS + 1));
    store.put_ca_certificate(permits, None, &old).await.unwrap();
    for made in [&new, &late] {
        let put = store.put_ca_certificate(permits, Some(&old), made).await;
        assert_eq!(put.unwrap(), new);
    }
}

#[rstest]
#[tokio::test]
async fn a_certificate_is_recorded_for_the_edges_session_alone(#[values(false, true)] mysql: bool) {
    const DISABLE: &str = "UPDATE edges SET disabled_at = 1";
    let store = with_edge(mysql).await;
    let record = async |n: u8, term: u64| {
        let now = NOW.plus_ms(n.into());
        let certificate = issued(n);
        let recorded = store.record_certificate(&NORTH, term, &certificate, now);
        recorded.await.unwrap()
    };
    assert!(record(1, 0).await);
    assert!(!record(2, 1).await, "another session's term");
    store.sql().exec(DISABLE, vals![]).await.unwrap();
    assert!(!record(3, 0).await, "an operator disabled the edge");
}

#[rstest]
#[tokio::test]
async fn the_newest_twenty_certificates_of_an_edge_are_on_record(
    #[values(false, true)] mysql: bool,
) {
    const KEPT: &str = "SELECT issued_at FROM certificates ORDER BY issued_at";
    let store = with_edge(mysql).await;
    for n in 1..=23 {
        let now = NOW.plus_ms(n.into());
        let recorded = store.record_certificate(&NORTH, 0, &issued(n), now).await;
        assert!(recorded.unwrap());
    }
    let kept: Vec<UnixMillis> = store.sql().fetch_all(KEPT, vals![]).await.unwrap();
    let expected: Vec<UnixMillis> = (4..=23).map(|n| NOW.plus_ms(n)).collect();
    assert_eq!(kept, expected);
}
