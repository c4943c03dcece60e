//! The published vectors of WebAuthn Level 3 (section 16), a passkey in software, and every byte of
//! an answer changed.

use support::passkey::{PRESENT, Proof, Registration, SoftPasskey, VERIFIED};

use super::*;

const CHALLENGE: [u8; CHALLENGE_BYTES] = [7; CHALLENGE_BYTES];

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn challenge_of(text: &str) -> [u8; CHALLENGE_BYTES] {
    hex(text).try_into().unwrap()
}

fn example_party() -> RelyingParty {
    RelyingParty::from_origin("https://example.org").unwrap()
}

fn challenge_text() -> String {
    URL_SAFE_NO_PAD.encode(CHALLENGE)
}

fn to_answer(proof: &Proof) -> PasskeyAnswer {
    PasskeyAnswer {
        credential_id: proof.credential_id.clone(),
        client_data: proof.client_data.clone(),
        authenticator_data: proof.authenticator_data.clone(),
        signature: proof.signature.clone(),
    }
}

fn register(passkey: &SoftPasskey) -> Result<NewCredential, PasskeyFault> {
    let Registration {
        client_data,
        attestation,
    } = passkey.register(&challenge_text());
    let answer = RegistrationAnswer {
        client_data,
        attestation,
    };
    verify_registration(&RelyingParty::Localhost, &CHALLENGE, &answer)
}

fn prove(passkey: &mut SoftPasskey, key: &CredentialKey, stored: u32) -> Result<u32, PasskeyFault> {
    let answer = to_answer(&passkey.prove(&challenge_text()));
    verify_proof(&RelyingParty::Localhost, &CHALLENGE, key, stored, &answer)
}

const PACKED_SELF_CLIENT_DATA: &str = "7b2274797065223a22776562617574686e2e637265617465222c226368616c6c656e6765223a2265476e4374334c55745936366b336a506a796e6962506b31716e666644616966715a774c33417032392d55222c226f726967696e223a2268747470733a2f2f6578616d706c652e6f7267222c2263726f73734f726967696e223a66616c73652c22657874726144617461223a22636c69656e74446174614a534f4e206d617920626520657874656e6465642077697468206164646974696f6e616c206669656c647320696e20746865206675747572652c207375636820617320746869733a205539685458764b453255526b4d6e625f307859485667227d";
const PACKED_SELF_ATTESTATION: &str = "a363666d74667061636b65646761747453746d74a263616c672663736967584630440220067a20754ab925005dbf378097c92120031581c73228d1fb4f5b881bcd7da98302207fc7b147558c7c0eba3af18bd9d121fa3d3a26d17fe3f220272178f473b6006d68617574684461746158a4bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b55d00000000df850e09db6afbdfab51697791506cfc0020455ef34e2043a87db3d4afeb39bbcb6cc32df9347c789a865ecdca129cbef58ca5010203262001215820eb151c8176b225cc651559fecf07af450fd85802046656b34c18f6cf193843c5225820927b8aa427a2be1b8834d233a2d34f61f13bfd44119c325d5896e183fee484f2";

fn packed_self() -> RegistrationAnswer {
    RegistrationAnswer {
        client_data: hex(PACKED_SELF_CLIENT_DATA),
        attestation: hex(PACKED_SELF_ATTESTATION),
    }
}

const PACKED_SELF_CHALLENGE: &str =
    "7869c2b772d4b58eba9378cf8f29e26cf935aa77df0da89fa99c0bdc0a76f7e5";

#[test]
fn the_published_registration_with_self_attestation_is_accepted() {
    let challenge = challenge_of(PACKED_SELF_CHALLENGE);
    let new = verify_registration(&example_party(), &challenge, &packed_self()).unwrap();
    let id = "455ef34e2043a87db3d4afeb39bbcb6cc32df9347c789a865ecdca129cbef58c";
    assert_eq!(new.id, hex(id));
    assert_eq!(new.key.algorithm(), keys::ES256);
    assert_eq!(new.counter, 0);
    let stored = CredentialKey::from_stored(new.key.algorithm(), new.key.as_bytes());
    assert_eq!(stored, Some(new.key));
}

/// Its authenticator did not verify the person, and everything else about it is right.
#[test]
fn the_published_registration_without_attestation_lacks_only_verification() {
    let challenge = "00c30fb78531c464d2b6771dab8d7b603c01162f2fa486bea70f283ae556e130";
    let client_data = "7b2274797065223a22776562617574686e2e637265617465222c226368616c6c656e6765223a22414d4d507434557878475453746e63647134313759447742466938767049612d7077386f4f755657345441222c226f726967696e223a2268747470733a2f2f6578616d706c652e6f7267222c2263726f73734f726967696e223a66616c73652c22657874726144617461223a22636c69656e74446174614a534f4e206d617920626520657874656e6465642077697468206164646974696f6e616c206669656c647320696e20746865206675747572652c207375636820617320746869733a20426b5165446a646354427258426941774a544c453551227d";
    let attestation = "a363666d74646e6f6e656761747453746d74a068617574684461746158a4bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b559000000008446ccb9ab1db374750b2367ff6f3a1f0020f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4a5010203262001215820afefa16f97ca9b2d23eb86ccb64098d20db90856062eb249c33a9b672f26df61225820930a56b87a2fca66334b03458abf879717c12cc68ed73290af2e2664796b9220";
    let answer = RegistrationAnswer {
        client_data: hex(client_data),
        attestation: hex(attestation),
    };
    let verified = verify_registration(&example_party(), &challenge_of(challenge), &answer);
    assert_eq!(verified, Err(PasskeyFault::NotVerified));
}

const VERIFIED_PROOF_CHALLENGE: &str =
    "b1106fa46a57bef1781511c0557dc898a03413d5f0f17d244630c194c7e1adb5";
const VERIFIED_PROOF_X: &str = "1cf27f25da591208a4239c2e324f104f585525479a29edeedd830f48e77aeae5";
const VERIFIED_PROOF_Y: &str = "59e4b7da6c0106e206ce390c93ab98a15a5ec3887e57f0cc2bece803b920c423";

/// The proof of section 16.7, whose authenticator verified the person.
fn verified_proof() -> (CredentialKey, PasskeyAnswer) {
    let point = hex(&["04", VERIFIED_PROOF_X, VERIFIED_PROOF_Y].concat());
    let key = CredentialKey::from_stored(keys::ES256, &point).unwrap();
    let answer = PasskeyAnswer {
        credential_id: vec![1],
        client_data: hex(
            "7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a2273524276704770587676463446524841565833496d4b4130453958773858306b526a44426c4d6668726255222c226f726967696e223a2268747470733a2f2f6578616d706c652e6f7267222c2263726f73734f726967696e223a66616c73652c22657874726144617461223a22636c69656e74446174614a534f4e206d617920626520657874656e6465642077697468206164646974696f6e616c206669656c647320696e20746865206675747572652c207375636820617320746869733a20415a4d77794d78496244382d756775464e7036723851227d",
        ),
        authenticator_data: hex(
            "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b50d00000000",
        ),
        signature: hex(
            "30450220694969d3ee928de6f02ef23a9c644d7d779916451734a94b432542f498a1ebe90221008b0819c824218a97152cd099c55bfb1477b29d900a49a64018314f9bfccda163",
        ),
    };
    (key, answer)
}

#[test]
fn the_published_proof_with_a_verified_person_is_accepted() {
    let (key, answer) = verified_proof();
    let challenge = challenge_of(VERIFIED_PROOF_CHALLENGE);
    let counted = verify_proof(&example_party(), &challenge, &key, 0, &answer);
    assert_eq!(counted, Ok(0));
    assert_eq!(read_challenge(&answer.client_data), Ok(challenge));
}

/// Its signature is right, and its authenticator did not verify the person.
#[test]
fn the_published_ed25519_proof_lacks_only_verification() {
    let key = hex("44e06ddd331c36a8dc667bab52bcae63486c916aa5e339e6acebaa84934bf832");
    let key = CredentialKey::from_stored(keys::EDDSA, &key).unwrap();
    let challenge = "895957e01c633a698348a2d8a31a54b7db27e8c1c43b2080d79ae2190267bfd2";
    let answer = PasskeyAnswer {
        credential_id: vec![1],
        client_data: hex(
            "7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a2269566c583442786a4f6d6d44534b4c596f7870557439736e364d48454f7943413135726947514a6e763949222c226f726967696e223a2268747470733a2f2f6578616d706c652e6f7267222c2263726f73734f726967696e223a66616c73657d",
        ),
        authenticator_data: hex(
            "bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b50100000000",
        ),
        signature: hex(
            "f5c59c7e46c34f6f8cc197101ddf9934fa2595f68eb1913a637e8419eb9ba4cfdfc48f85393bc0d40b011f0d6fecb097d6607525713223a0dc0d453993dae00b",
        ),
    };
    let party = example_party();
    let challenge = challenge_of(challenge);
    let verified = verify_proof(&party, &challenge, &key, 0, &answer);
    assert_eq!(verified, Err(PasskeyFault::NotVerified));
}

fn browser_data(kind: &str) -> Vec<u8> {
    let challenge = challenge_text();
    format!(
        r#"{{"type":"{kind}","challenge":"{challenge}","origin":"http://localhost:33629","crossOrigin":false}}"#
    )
    .into_bytes()
}

/// What Chromium sent for its virtual authenticator.
#[test]
fn the_answers_of_a_browser_are_accepted() {
    let party = RelyingParty::Localhost;
    let answer = RegistrationAnswer {
        client_data: browser_data("webauthn.create"),
        attestation: hex(
            "a363666d74646e6f6e656761747453746d74a0686175746844617461588149960de5880e8c687434170f6476605b8fe4aeb9a28632c7995cf3ba831d97634500000001010203040506070801020304050607080020e576b498df5ad3aaf86aaa0a4b10dfaec31053c60ba9c907a5d72532bd5ed268a401010327200621582076e5e274a864337e624815597b4a45e27394587aa3bc9c7627b6ae9200c367c9",
        ),
    };
    let new = verify_registration(&party, &CHALLENGE, &answer).unwrap();
    assert_eq!((new.key.algorithm(), new.counter), (keys::EDDSA, 1));
    let answer = PasskeyAnswer {
        credential_id: new.id,
        client_data: browser_data("webauthn.get"),
        authenticator_data: hex(
            "49960de5880e8c687434170f6476605b8fe4aeb9a28632c7995cf3ba831d97630500000002",
        ),
        signature: hex(
            "6ec6a833094e77eeef099502157a7a7e89a85cb461b5f6e3b98e3adf644cea70a195b19540084971caa233c836fc956e462c551b5d439fab3d381a260a7cd808",
        ),
    };
    let counted = verify_proof(&party, &CHALLENGE, &new.key, new.counter, &answer);
    assert_eq!(counted, Ok(2));
    let again = verify_proof(&party, &CHALLENGE, &new.key, 2, &answer);
    assert_eq!(again, Err(PasskeyFault::CounterWentBack));
}

#[test]
fn each_changed_byte_of_a_proof_is_refused() {
    let challenge = challenge_of(VERIFIED_PROOF_CHALLENGE);
    let (key, right) = verified_proof();
    let mut ed25519 = SoftPasskey::ed25519();
    let ed_key = register(&ed25519).unwrap().key;
    let ed_proof = to_answer(&ed25519.prove(&challenge_text()));
    let example = example_party();
    for (party, challenge, key, right) in [
        (&example, challenge, key, right),
        (&RelyingParty::Localhost, CHALLENGE, ed_key, ed_proof),
    ] {
        assert!(verify_proof(party, &challenge, &key, 0, &right).is_ok());
        let parts: [fn(&mut PasskeyAnswer) -> &mut Vec<u8>; 3] = [
            |answer| &mut answer.client_data,
            |answer| &mut answer.authenticator_data,
            |answer| &mut answer.signature,
        ];
        for part in parts {
            for at in 0..part(&mut right.clone()).len() {
                for change in [1, 0x20, 0x80] {
                    let mut changed = right.clone();
                    part(&mut changed)[at] ^= change;
                    let verified = verify_proof(party, &challenge, &key, 0, &changed);
                    assert!(verified.is_err(), "byte {at}");
                }
            }
            let mut longer = right.clone();
            part(&mut longer).push(0);
            assert!(verify_proof(party, &challenge, &key, 0, &longer).is_err());
            let mut shorter = right.clone();
            part(&mut shorter).pop();
            assert!(verify_proof(party, &challenge, &key, 0, &shorter).is_err());
        }
    }
}

/// With self attestation the new key signs the whole registration.
#[test]
fn each_changed_byte_of_an_attested_registration_is_refused() {
    let challenge = challenge_of(PACKED_SELF_CHALLENGE);
    let party = example_party();
    let right = packed_self();
    for at in 0..right.client_data.len() {
        let mut changed = right.clone();
        changed.client_data[at] ^= 1;
        assert!(verify_registration(&party, &challenge, &changed).is_err());
    }
    for at in 0..right.attestation.len() {
        let mut changed = right.clone();
        changed.attestation[at] ^= 1;
        let verified = verify_registration(&party, &challenge, &changed);
        assert!(verified.is_err(), "byte {at}");
        changed.attestation.truncate(at);
        assert!(verify_registration(&party, &challenge, &changed).is_err());
    }
}

#[test]
fn a_passkey_in_software_registers_and_proves_with_either_kind_of_key() {
    for mut passkey in [SoftPasskey::new(), SoftPasskey::ed25519()] {
        let new = register(&passkey).unwrap();
        assert_eq!(URL_SAFE_NO_PAD.encode(&new.id), passkey.credential_id());
        assert_eq!(prove(&mut passkey, &new.key, 0), Ok(0));
        let other = register(&SoftPasskey::new()).unwrap().key;
        let wrong = prove(&mut passkey, &other, 0);
        assert_eq!(wrong, Err(PasskeyFault::WrongSignature));
    }
}

#[test]
fn an_answer_of_another_page_or_site_is_refused() {
    let mut passkey = SoftPasskey::new();
    let key = register(&passkey).unwrap().key;
    for origin in [
        "https://localhost",
        "http://localhost.example.org",
        "http://localhost:80x",
        "http://127.0.0.1:8080",
        "http://localhost:8080/",
        "null",
        "",
    ] {
        passkey.origin = origin.to_owned();
        let refused = Err(PasskeyFault::WrongOrigin);
        assert_eq!(prove(&mut passkey, &key, 0), refused, "{origin}");
        assert_eq!(register(&passkey).unwrap_err(), PasskeyFault::WrongOrigin);
    }
    passkey.origin = "http://localhost".to_owned();
    assert_eq!(prove(&mut passkey, &key, 0), Ok(0));
    passkey.site = "example.org".to_owned();
    assert_eq!(prove(&mut passkey, &key, 0), Err(PasskeyFault::WrongSite));
    assert_eq!(register(&passkey).unwrap_err(), PasskeyFault::WrongSite);
}

#[test]
fn an_answer_to_another_challenge_or_of_another_ceremony_is_refused() {
    let mut passkey = SoftPasskey::new();
    let key = register(&passkey).unwrap().key;
    let party = RelyingParty::Localhost;
    let right = passkey.prove(&challenge_text());
    let answer = to_answer(&right);
    let other = verify_proof(&party, &[8; CHALLENGE_BYTES], &key, 0, &answer);
    assert_eq!(other, Err(PasskeyFault::WrongChallenge));
    let created = passkey.register(&challenge_text());
    let swapped = passkey.sign(created.client_data, right.authenticator_data.clone());
    let swapped = verify_proof(&party, &CHALLENGE, &key, 0, &to_answer(&swapped));
    assert_eq!(swapped, Err(PasskeyFault::WrongCeremony));
    let challenge = challenge_text();
    for framed in [
        format!(
            r#"{{"type":"webauthn.get","challenge":"{challenge}","origin":"http://localhost","crossOrigin":true}}"#
        ),
        format!(
            r#"{{"type":"webauthn.get","challenge":"{challenge}","origin":"http://localhost","topOrigin":"https://thief.example"}}"#
        ),
    ] {
        let framed = passkey.sign(framed.into_bytes(), right.authenticator_data.clone());
        let framed = verify_proof(&party, &CHALLENGE, &key, 0, &to_answer(&framed));
        assert_eq!(framed, Err(PasskeyFault::WrongOrigin));
    }
}

#[test]
fn a_person_must_be_present_and_verified() {
    let mut passkey = SoftPasskey::new();
    let key = register(&passkey).unwrap().key;
    for (flags, fault) in [
        (VERIFIED, PasskeyFault::NotPresent),
        (PRESENT, PasskeyFault::NotVerified),
        (0, PasskeyFault::NotPresent),
    ] {
        passkey.flags = flags;
        assert_eq!(prove(&mut passkey, &key, 0), Err(fault));
        assert_eq!(register(&passkey).unwrap_err(), fault);
    }
}

#[test]
fn a_counter_that_stands_still_or_goes_back_is_refused() {
    let mut passkey = SoftPasskey::new();
    passkey.counter = 5;
    let new = register(&passkey).unwrap();
    assert_eq!(new.counter, 5);
    assert_eq!(prove(&mut passkey, &new.key, 5), Ok(6));
    for stored in [7, 8, 100] {
        let refused = prove(&mut passkey, &new.key, stored);
        passkey.counter = 6;
        assert_eq!(refused, Err(PasskeyFault::CounterWentBack), "{stored}");
    }
    passkey.counter = 0;
    let reset = prove(&mut passkey, &new.key, 6);
    assert_eq!(reset, Err(PasskeyFault::CounterWentBack));
}

#[test]
fn only_an_https_name_or_nothing_is_a_portal_origin() {
    for (origin, id) in [
        ("", "localhost"),
        ("https://portal.example.org", "portal.example.org"),
        ("https://portal.example.org:8443", "portal.example.org"),
        ("https://portal", "portal"),
    ] {
        assert_eq!(RelyingParty::from_origin(origin).unwrap().id(), id);
    }
    for origin in [
        "http://portal.example.org",
        "https://portal.example.org/",
        "https://portal.example.org:443",
        "https://Portal.example.org",
        "https://192.168.0.7",
        "https://[::1]",
        "https://user@portal.example.org",
        "portal.example.org",
        "https://",
    ] {
        assert!(RelyingParty::from_origin(origin).is_err(), "{origin}");
    }
}
