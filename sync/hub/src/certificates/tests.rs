//! What the certificate authority certifies, checked by the library that verifies it in clients.

use std::sync::Arc;

use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use super::*;

const NOW: UnixMillis = UnixMillis(1_764_000_000_000);

fn north() -> EdgeId {
    EdgeId::new("north-1").unwrap()
}

fn permits(domains: &[&str]) -> CaPermits {
    let domains: Vec<String> = domains.iter().map(|domain| (*domain).to_owned()).collect();
    CaPermits::new(&domains).unwrap()
}

fn serial(n: u8) -> Serial {
    Serial::from_random([n; 16])
}

fn ca_key() -> CaKey {
    CaKey::from_pkcs8(&CaKey::generate_pkcs8().unwrap()).unwrap()
}

fn csr(key: &KeyPair, names: &[&str]) -> Vec<u8> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, "anything");
    params.serialize_request(key).unwrap().der().to_vec()
}

/// Signs a certificate without looking at its names, as a thief of the key could.
fn sign(key: &CaKey, ca: &CaCertificate, names: &[&str]) -> IssuedCertificate {
    let edge_key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let request = read_request(&csr(&edge_key, names)).unwrap();
    key.sign_edge_certificate(&north(), &request, ca, serial(2), NOW)
        .unwrap()
}

/// True if a client that trusts only this authority accepts the certificate for the name.
fn is_accepted(ca: &CaCertificate, own: &IssuedCertificate, name: &str, at: UnixMillis) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(ca.der.clone())).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .unwrap();
    let own = CertificateDer::from(own.der.clone());
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let at = UnixTime::since_unix_epoch(Duration::from_millis(at.0.cast_unsigned()));
    verifier
        .verify_server_cert(&own, &[], &name, &[], at)
        .is_ok()
}

#[test]
fn a_client_accepts_an_edges_certificate_for_its_names_and_its_life() {
    let key = ca_key();
    let shops = permits(&["shops.example.com"]);
    let ca = key.sign_ca_certificate(&shops, serial(1), NOW).unwrap();
    let names = [
        "north-1.local",
        "till.shops.example.com",
        "192.168.7.20",
        "fd00::7",
    ];
    let own = sign(&key, &ca, &names);
    for name in names {
        assert!(is_accepted(&ca, &own, name, NOW), "{name}");
    }
    assert!(!is_accepted(&ca, &own, "north-2.local", NOW));
    assert!(is_accepted(&ca, &own, names[0], NOW.plus_ms(-HOUR_MS)));
    assert!(!is_accepted(&ca, &own, names[0], NOW.plus_ms(-2 * HOUR_MS)));
    assert!(is_accepted(&ca, &own, names[0], own.not_after));
    assert!(!is_accepted(
        &ca,
        &own,
        names[0],
        own.not_after.plus_ms(1_000)
    ));
    assert_eq!(own.not_after, NOW.plus_ms(LEAF_LIFE_MS));
    assert_eq!(own.names, names.join(" "));
}

#[test]
fn a_stolen_key_deceives_no_other_site() {
    let key = ca_key();
    let ca = key
        .sign_ca_certificate(&permits(&["shops.example.com"]), serial(1), NOW)
        .unwrap();
    for name in [
        "bank.example",
        "example.com",
        "shops.example.com.evil.example",
        "8.8.8.8",
        "172.32.0.1",
        "2001:db8::1",
    ] {
        let own = sign(&key, &ca, &[name]);
        assert!(!is_accepted(&ca, &own, name, NOW), "{name}");
    }
}

#[test]
fn an_edge_certificate_ends_no_later_than_its_authority() {
    let key = ca_key();
    let early = NOW.plus_ms(LEAF_LIFE_MS - CA_LIFE_MS - 5_000);
    let ca = key
        .sign_ca_certificate(&permits(&[]), serial(1), early)
        .unwrap();
    assert_eq!(sign(&key, &ca, &["north-1.local"]).not_after, ca.not_after);
    assert!(ca.needs_renewal(NOW));
    assert!(!ca.needs_renewal(early));
}

#[test]
fn names_are_permitted_inside_shops_and_under_the_operators_domains_alone() {
    let shops = permits(&["Shops.Example.com"]);
    let allows = |name: &str| {
        let name = match name.parse() {
            Ok(address) => CertificateName::Ip(address),
            Err(_) => CertificateName::Dns(name.to_owned()),
        };
        shops.allows(&north(), &name)
    };
    for good in [
        "north-1.local",
        "till.home.arpa",
        "till.internal",
        "a.b.test",
        "shops.example.com",
        "till.shops.example.com",
        "10.1.2.3",
        "172.31.255.255",
        "192.168.0.1",
        "169.254.3.4",
        "127.0.0.1",
        "fd12::1",
        "fe80::1",
    ] {
        assert!(allows(good), "{good}");
    }
    for bad in [
        "north-2.local",
        "x.north-1.local",
        "local",
        "internal",
        "*.internal",
        "-a.internal",
        "a..internal",
        "notinternal",
        "evilshops.example.com",
        "example.com",
        "bank.example",
        "11.0.0.1",
        "172.32.0.1",
        "193.168.0.1",
        "::1",
        "::ffff:10.0.0.1",
        "2001:db8::1",
        "",
    ] {
        assert!(!allows(bad), "{bad}");
    }
}

#[test]
fn an_operators_domain_must_be_one() {
    for bad in ["com", "*.example.com", "10.0.0.1", "a b.example", ""] {
        assert!(CaPermits::new(&[bad.to_owned()]).is_err(), "{bad}");
    }
    let many = vec!["shops.example.com".to_owned(); EDGE_DOMAINS_MAX + 1];
    assert!(CaPermits::new(&many).is_err());
    let digest = |domains: &[&str]| permits(domains).compute_digest();
    assert_eq!(
        digest(&["b.example", "a.example"]),
        digest(&["A.example", "b.example"])
    );
    assert_ne!(digest(&[]), digest(&["a.example"]));
}

#[test]
fn a_request_needs_a_p256_key_its_signature_and_a_few_names() {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let good = csr(&key, &["North-1.LOCAL", "10.0.0.7"]);
    let names = read_request(&good).unwrap().names;
    assert_eq!(
        names,
        [
            CertificateName::Dns("north-1.local".into()),
            CertificateName::Ip(IpAddr::from([10, 0, 0, 7])),
        ]
    );
    // A few bytes outside the signed part may change without effect.
    let is_same = |read: SigningRequest| read.key.0 == key.der_bytes() && read.names == names;
    for at in 0..good.len() {
        let mut changed = good.clone();
        changed[at] ^= 1;
        assert!(
            read_request(&changed).is_none_or(is_same),
            "byte {at} is changed"
        );
    }
    for length in 0..good.len() {
        assert!(read_request(&good[..length]).is_none(), "{length} bytes");
    }
    assert!(read_request(&[&good[..], &[0]].concat()).is_none());
    assert!(read_request(&csr(&key, &[])).is_none());
    let many: Vec<String> = (0..=CERTIFICATE_NAMES_MAX)
        .map(|n| format!("n{n}.internal"))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(read_request(&csr(&key, &many)).is_none());
    assert!(read_request(&csr(&key, &many[1..])).is_some());
    for algorithm in [&rcgen::PKCS_ED25519, &rcgen::PKCS_ECDSA_P384_SHA384] {
        let other = KeyPair::generate_for(algorithm).unwrap();
        assert!(read_request(&csr(&other, &["north-1.local"])).is_none());
    }
}
