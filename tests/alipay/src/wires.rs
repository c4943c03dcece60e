//! Signatures: verifies the merchant's requests, signs the bank's answers and notifications.

use std::{collections::BTreeMap, fs, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{
    rand::SystemRandom,
    signature::{
        KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
    },
};

use crate::file;

pub(crate) struct Wires {
    bank: RsaKeyPair,
    merchant: RsaKeyPair,
}

impl Wires {
    pub(crate) fn new() -> Self {
        Self {
            bank: key(&file("bank.pem")),
            merchant: key(&file("merchant.pem")),
        }
    }

    /// Verifies a merchant request, whose signature covers all non-empty fields except `sign`.
    pub(crate) fn is_of_merchant(&self, fields: &BTreeMap<String, String>) -> bool {
        let signed: Vec<String> = fields
            .iter()
            .filter(|(name, value)| *name != "sign" && !value.is_empty())
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let key = self.merchant.public_key().as_ref().to_vec();
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
        let signature = fields
            .get("sign")
            .and_then(|sign| STANDARD.decode(sign).ok());
        signature.is_some_and(|sign| key.verify(signed.join("&").as_bytes(), &sign).is_ok())
    }

    pub(crate) fn sign(&self, text: &str) -> String {
        sign(&self.bank, text)
    }

    /// Signs with a key that is not the bank's.
    pub(crate) fn forge(&self, text: &str) -> String {
        sign(&self.merchant, text)
    }

    /// A signed notification as a form. The signature covers neither `sign` nor `sign_type`.
    pub(crate) fn message(&self, mut fields: BTreeMap<String, String>) -> String {
        let signed: Vec<String> = fields
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        fields.insert("sign".to_owned(), self.sign(&signed.join("&")));
        fields.insert("sign_type".to_owned(), "RSA2".to_owned());
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish()
    }
}

/// # Panics
/// If the key file is missing or invalid: the sandbox cannot work without it.
fn key(file: &Path) -> RsaKeyPair {
    let pem = fs::read_to_string(file).expect("a file of a key of the sandbox");
    let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(text).expect("a key in base64");
    RsaKeyPair::from_pkcs8(&der).expect("an RSA key")
}

fn sign(key: &RsaKeyPair, text: &str) -> String {
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        text.as_bytes(),
        &mut signature,
    )
    .expect("a signature");
    STANDARD.encode(signature)
}
