//! A device's key, as a tablet's browser keeps it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use process::tokens::signed_text;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use wire::DeviceKey;

pub struct DeviceSigner {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

impl DeviceSigner {
    /// # Panics
    /// If no key can be generated.
    pub fn new() -> Self {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = EcdsaKeyPair::generate_pkcs8(algorithm, &random)
            .ok()
            .and_then(|pkcs8| EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).ok());
        let Some(pair) = pair else {
            panic!("no key could be generated");
        };
        Self { pair, random }
    }

    /// # Panics
    /// If the key's public half is not a point on the curve.
    pub fn key(&self) -> DeviceKey {
        let public = URL_SAFE_NO_PAD.encode(self.pair.public_key().as_ref());
        public.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    /// The token with the proof that its holder has this key.
    ///
    /// # Panics
    /// If the signing fails.
    pub fn present(&self, token: &str, nonce: &str) -> String {
        let text = signed_text(nonce, token);
        let Ok(signature) = self.pair.sign(&self.random, text.as_bytes()) else {
            panic!("the proof could not be signed");
        };
        format!("{token}~{nonce}~{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl Default for DeviceSigner {
    fn default() -> Self {
        Self::new()
    }
}
