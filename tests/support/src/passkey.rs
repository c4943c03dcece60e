//! An authenticator and the browser around it: a passkey that registers itself and answers
//! challenges (WebAuthn), with every part of an answer open to change.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _},
};
use serde_json::{Value, json};

pub const PRESENT: u8 = 1;
pub const VERIFIED: u8 = 4;
const HAS_CREDENTIAL: u8 = 64;

enum Pair {
    Es256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A passkey in software.
pub struct SoftPasskey {
    pair: Pair,
    id: Vec<u8>,
    /// The page's own host, whose hash every answer carries.
    pub site: String,
    pub origin: String,
    /// What the authenticator says of its person.
    pub flags: u8,
    /// Counts on with each proof. An authenticator without a counter stays at zero.
    pub counter: u32,
    random: SystemRandom,
}

/// The bytes of a proof.
#[derive(Debug, Clone)]
pub struct Proof {
    pub credential_id: Vec<u8>,
    pub client_data: Vec<u8>,
    pub authenticator_data: Vec<u8>,
    pub signature: Vec<u8>,
}

/// The bytes of a registration.
#[derive(Debug, Clone)]
pub struct Registration {
    pub client_data: Vec<u8>,
    pub attestation: Vec<u8>,
}

impl SoftPasskey {
    /// An ES256 passkey of `http://localhost:PORT`, without a counter, as phones have them.
    ///
    /// # Panics
    /// If no key can be generated.
    pub fn new() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let pair = EcdsaKeyPair::generate_pkcs8(algorithm, &random)
            .ok()
            .and_then(|pkcs8| EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).ok())
            .unwrap_or_else(|| panic!("no key could be generated"));
        Self::with_pair(Pair::Es256(pair), random)
    }

    /// The same with an Ed25519 key.
    ///
    /// # Panics
    /// If no key can be generated.
    pub fn ed25519() -> Self {
        let random = SystemRandom::new();
        let pair = Ed25519KeyPair::generate_pkcs8(&random)
            .ok()
            .and_then(|pkcs8| Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).ok())
            .unwrap_or_else(|| panic!("no key could be generated"));
        Self::with_pair(Pair::Ed25519(pair), random)
    }

    fn with_pair(pair: Pair, random: SystemRandom) -> Self {
        let public = match &pair {
            Pair::Es256(pair) => pair.public_key().as_ref(),
            Pair::Ed25519(pair) => pair.public_key().as_ref(),
        };
        let id = digest(&SHA256, public).as_ref()[..16].to_vec();
        Self {
            pair,
            id,
            site: "localhost".to_owned(),
            origin: "http://localhost:8080".to_owned(),
            flags: PRESENT | VERIFIED,
            counter: 0,
            random,
        }
    }

    pub fn credential_id(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.id)
    }

    /// `challenge` is in base64url, as the server sends it.
    pub fn register(&self, challenge: &str) -> Registration {
        let client_data = self.client_data("webauthn.create", challenge);
        let mut data = self.data_head(self.flags | HAS_CREDENTIAL);
        data.extend([0; 16]);
        data.extend([0, 16]);
        data.extend(&self.id);
        data.extend(self.cose_key());
        let mut attestation = vec![0xa3];
        attestation.extend(text("fmt"));
        attestation.extend(text("none"));
        attestation.extend(text("attStmt"));
        attestation.push(0xa0);
        attestation.extend(text("authData"));
        attestation.extend(bytes(&data));
        Registration {
            client_data,
            attestation,
        }
    }

    pub fn prove(&mut self, challenge: &str) -> Proof {
        if self.counter > 0 {
            self.counter += 1;
        }
        let client_data = self.client_data("webauthn.get", challenge);
        let authenticator_data = self.data_head(self.flags);
        self.sign(client_data, authenticator_data)
    }

    /// Signs these parts, whatever they say.
    ///
    /// # Panics
    /// If the key does not sign.
    pub fn sign(&self, client_data: Vec<u8>, authenticator_data: Vec<u8>) -> Proof {
        let hash = digest(&SHA256, &client_data);
        let signed = [authenticator_data.as_slice(), hash.as_ref()].concat();
        let signature = match &self.pair {
            Pair::Es256(pair) => pair
                .sign(&self.random, &signed)
                .map(|signature| signature.as_ref().to_vec())
                .unwrap_or_else(|_| panic!("the key does not sign")),
            Pair::Ed25519(pair) => pair.sign(&signed).as_ref().to_vec(),
        };
        Proof {
            credential_id: self.id.clone(),
            client_data,
            authenticator_data,
            signature,
        }
    }

    fn client_data(&self, kind: &str, challenge: &str) -> Vec<u8> {
        let data = json!({
            "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false,
        });
        data.to_string().into_bytes()
    }

    fn data_head(&self, flags: u8) -> Vec<u8> {
        let mut data = digest(&SHA256, self.site.as_bytes()).as_ref().to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn cose_key(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Es256(pair) => {
                let point = pair.public_key().as_ref();
                let head = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01];
                let x = [&[0x21], bytes(&point[1..33]).as_slice()].concat();
                let y = [&[0x22], bytes(&point[33..]).as_slice()].concat();
                [head.as_slice(), &x, &y].concat()
            }
            Pair::Ed25519(pair) => {
                let head = [0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21];
                [head.as_slice(), &bytes(pair.public_key().as_ref())].concat()
            }
        }
    }
}

impl Default for SoftPasskey {
    fn default() -> Self {
        Self::new()
    }
}

impl Proof {
    /// As a page sends it.
    pub fn to_json(&self) -> Value {
        json!({
            "credential_id": URL_SAFE_NO_PAD.encode(&self.credential_id),
            "client_data": URL_SAFE_NO_PAD.encode(&self.client_data),
            "authenticator_data": URL_SAFE_NO_PAD.encode(&self.authenticator_data),
            "signature": URL_SAFE_NO_PAD.encode(&self.signature),
        })
    }
}

impl Registration {
    /// As a page sends it.
    pub fn to_json(&self, label: &str) -> Value {
        json!({
            "label": label,
            "client_data": URL_SAFE_NO_PAD.encode(&self.client_data),
            "attestation": URL_SAFE_NO_PAD.encode(&self.attestation),
        })
    }
}

/// A CBOR text of fewer than 24 bytes.
fn text(text: &str) -> Vec<u8> {
    let size = u8::try_from(text.len()).unwrap_or_else(|_| panic!("a short text"));
    [&[0x60 | size], text.as_bytes()].concat()
}

/// A CBOR byte string of 24 to 255 bytes.
fn bytes(bytes: &[u8]) -> Vec<u8> {
    let size = u8::try_from(bytes.len()).unwrap_or_else(|_| panic!("at most 255 bytes"));
    [&[0x58, size], bytes].concat()
}
