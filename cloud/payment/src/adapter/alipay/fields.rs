//! The fields of a request or message. A signature covers their text: sorted by name, as
//! `name=value` joined by `&`, without empty values.

use std::collections::BTreeMap;

use super::keys::{AlipayKey, MerchantKey, SigningFailed};

pub const SIGN: &str = "sign";
pub const SIGN_TYPE: &str = "sign_type";
/// SHA-256 with RSA, the only signature type in use.
pub const RSA2: &str = "RSA2";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlipayFields(BTreeMap<String, String>);

impl AlipayFields {
    pub fn with_field(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Parses a form. Rejects duplicate field names, because they are ambiguous.
    pub fn read(form: &[u8]) -> Option<Self> {
        let mut fields = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(form) {
            if fields
                .insert(name.into_owned(), value.into_owned())
                .is_some()
            {
                return None;
            }
        }
        Some(Self(fields))
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Signs the request and encodes it as a form.
    pub fn sign_form(self, key: &MerchantKey) -> Result<String, SigningFailed> {
        let fields = self.with_field(SIGN_TYPE, RSA2);
        let signature = key.sign(&fields.signing_text(&[SIGN]))?;
        let fields = fields.with_field(SIGN, signature);
        let sent = fields.0.iter().filter(|(_, value)| !value.is_empty());
        Ok(form_urlencoded::Serializer::new(String::new())
            .extend_pairs(sent)
            .finish())
    }

    /// Unlike a request, a message is signed without its signature type.
    pub fn are_signed_by(&self, key: &AlipayKey) -> bool {
        let signature = self.get(SIGN).filter(|_| self.get(SIGN_TYPE) == Some(RSA2));
        signature.is_some_and(|signature| {
            key.has_signed(&self.signing_text(&[SIGN, SIGN_TYPE]), signature)
        })
    }

    fn signing_text(&self, but: &[&str]) -> String {
        let pairs = self
            .0
            .iter()
            .filter(|(name, value)| !value.is_empty() && !but.contains(&name.as_str()))
            .map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("&")
    }
}
