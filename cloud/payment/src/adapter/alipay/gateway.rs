//! Calls to Alipay's gateway, each signed by us and answered with Alipay's signature: the call, its
//! fields, its answer, and the keys of both sides.
//!
//! A signature covers the fields' text: sorted by name, as `name=value` joined by `&`, without
//! empty values. In an answer, one member of a JSON object holds the payload, another the signature
//! over that member's original text. RSA keys are read from files: PEM, or the bare base64 shown in
//! Alipay's console.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use axum::{
    body::Body,
    http::{Request, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use http_body_util::{BodyExt, Limited};
use process::{
    client::{Client, ClientError},
    clock::Clock,
};
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{
        KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
    },
};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::{Deserializer, Value};
use wire::{Amount, UnixMillis};

/// Longer answers are rejected.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
const FORM: &str = "application/x-www-form-urlencoded;charset=utf-8";
/// Alipay uses Beijing time.
const BEIJING_HOURS: i8 = 8;

pub(super) struct AlipayGateway {
    pub client: Client,
    pub address: String,
    pub app_id: String,
    pub own: MerchantKey,
    pub alipay: AlipayKey,
    pub clock: Clock,
    pub answer_within: Duration,
}

/// The call failed, so its outcome is unknown.
#[derive(Debug, thiserror::Error)]
pub(super) enum AlipayCallError {
    #[error(transparent)]
    Unsigned(#[from] SigningFailed),
    #[error("could not build the request")]
    Form(#[from] axum::http::Error),
    #[error("the gateway is unreachable")]
    Away(#[from] ClientError),
    #[error("the gateway did not answer in time")]
    Late(#[from] tokio::time::error::Elapsed),
    #[error("the connection broke before the answer was complete")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the gateway answered with status {0}")]
    Status(u16),
    #[error(transparent)]
    Answer(#[from] AlipayAnswerError),
}

impl AlipayGateway {
    pub(super) async fn call_method(
        &self,
        method: &str,
        business: &Value,
    ) -> Result<AlipayAnswer, AlipayCallError> {
        let form = self.build_request(method, business).sign_form(&self.own)?;
        // The URL declares the form's charset.
        let request = Request::post(format!("{}?charset=utf-8", self.address))
            .header(header::CONTENT_TYPE, FORM)
            .body(Body::from(form))?;
        let json = tokio::time::timeout(self.answer_within, self.send_request(request)).await??;
        Ok(AlipayAnswer::read(&json, method, &self.alipay)?)
    }

    /// A signed link for a person to open.
    pub(super) fn sign_link(&self, request: AlipayFields) -> Result<String, SigningFailed> {
        Ok(format!(
            "{}?{}",
            self.address,
            request.sign_form(&self.own)?
        ))
    }

    /// The fields of every request.
    pub(super) fn build_request(&self, method: &str, business: &Value) -> AlipayFields {
        AlipayFields::default()
            .with_field("app_id", self.app_id.as_str())
            .with_field("method", method)
            .with_field("format", "JSON")
            .with_field("charset", "utf-8")
            .with_field("timestamp", format_beijing_time(self.clock.now()))
            .with_field("version", "1.0")
            .with_field("biz_content", business.to_string())
    }

    async fn send_request(&self, request: Request<Body>) -> Result<String, AlipayCallError> {
        let (head, body) = self.client.send_request(request).await?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        let bytes = body.map_err(AlipayCallError::Broken)?.to_bytes();
        if !head.status.is_success() {
            return Err(AlipayCallError::Status(head.status.as_u16()));
        }
        let text = String::from_utf8(bytes.into());
        text.map_err(|_| AlipayCallError::Answer(AlipayAnswerError::Unreadable))
    }
}

/// `2025-11-24 23:20:00`.
pub(super) fn format_beijing_time(at: UnixMillis) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(BEIJING_HOURS));
    at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

const SIGN: &str = "sign";
const SIGN_TYPE: &str = "sign_type";
/// SHA-256 with RSA, the only signature type in use.
const RSA2: &str = "RSA2";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct AlipayFields(BTreeMap<String, String>);

impl AlipayFields {
    pub(super) fn with_field(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Parses a form. Rejects duplicate field names, because they are ambiguous.
    pub(super) fn read(form: &[u8]) -> Option<Self> {
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

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Signs the request and encodes it as a form.
    pub(super) fn sign_form(self, key: &MerchantKey) -> Result<String, SigningFailed> {
        let fields = self.with_field(SIGN_TYPE, RSA2);
        let signature = key.sign(&fields.signing_text(&[SIGN]))?;
        let fields = fields.with_field(SIGN, signature);
        let sent = fields.0.iter().filter(|(_, value)| !value.is_empty());
        Ok(form_urlencoded::Serializer::new(String::new())
            .extend_pairs(sent)
            .finish())
    }

    /// Unlike a request, a message is signed without its signature type.
    pub(super) fn are_signed_by(&self, key: &AlipayKey) -> bool {
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

/// All fields that our calls need from an answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AlipayAnswer {
    pub code: String,
    pub sub_code: String,
    pub out_trade_no: String,
    pub trade_status: String,
    pub total_amount: Option<Amount>,
    /// The time of payment; it stays set when the trade ends.
    pub send_pay_date: Option<String>,
    pub fund_change: String,
    pub out_request_no: String,
    pub refund_status: String,
    pub refund_amount: Option<Amount>,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AlipayAnswerError {
    #[error("the answer cannot be read")]
    Unreadable,
    #[error("the answer is not signed by Alipay")]
    Forged,
}

/// The gateway did as requested.
const DONE: &str = "10000";
/// The business behind the gateway refused; `sub_code` gives the reason.
const REFUSED: &str = "40004";

impl AlipayAnswer {
    /// Verifies the signature before reading any field.
    pub(super) fn read(
        json: &str,
        method: &str,
        key: &AlipayKey,
    ) -> Result<Self, AlipayAnswerError> {
        let name = format!("{}_response", method.replace('.', "_"));
        let text = find_member(json, &name).ok_or(AlipayAnswerError::Unreadable)?;
        let signature =
            find_member(json, SIGN).and_then(|text| serde_json::from_str::<String>(text).ok());
        if !signature.is_some_and(|signature| key.has_signed(text, &signature)) {
            return Err(AlipayAnswerError::Forged);
        }
        serde_json::from_str(text).map_err(|_| AlipayAnswerError::Unreadable)
    }

    pub(super) fn is_done(&self) -> bool {
        self.code == DONE
    }

    /// The reason for a refusal. Any other failure leaves the outcome open.
    pub(super) fn refusal_reason(&self) -> Option<&str> {
        (self.code == REFUSED).then_some(self.sub_code.as_str())
    }
}

/// The original text of a top-level member. Its value is an object or a string.
fn find_member<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = json.trim_start().strip_prefix('{')?;
    loop {
        let (key, _, behind) = split_first_value::<String>(rest)?;
        let (_, text, behind) =
            split_first_value::<IgnoredAny>(behind.trim_start().strip_prefix(':')?)?;
        if key == name {
            return Some(text);
        }
        rest = behind.trim_start().strip_prefix(',')?;
    }
}

/// The first value, its text, and the remaining input.
fn split_first_value<T: DeserializeOwned>(json: &str) -> Option<(T, &str, &str)> {
    let json = json.trim_start();
    let mut values = Deserializer::from_str(json).into_iter::<T>();
    let value = values.next()?.ok()?;
    let (text, behind) = json.split_at_checked(values.byte_offset())?;
    Some((value, text, behind))
}

/// SHA-256 of the public keys in `tests/alipay/keys`. Their private keys are published in the same
/// folder.
const PUBLISHED: [&str; 2] = [
    "45feedf1ce1c7aa0d5457096970d147f75350b371c22f14f56f91afdbd5c3f02",
    "dbea43c0e266711876b69f29ac2c837066cac52b13b20c87876c6fb5d2769b35",
];

/// Signs our requests. Never print it.
pub(super) struct MerchantKey(RsaKeyPair);

/// Verifies Alipay's messages and answers.
pub(super) struct AlipayKey(UnparsedPublicKey<Vec<u8>>);

#[derive(Debug, thiserror::Error)]
pub enum AlipayKeyError {
    #[error("could not read `{}`", file.display())]
    File {
        file: PathBuf,
        source: std::io::Error,
    },
    #[error("`{}` does not contain an RSA key of the required kind", .0.display())]
    Form(PathBuf),
    /// If our own key passed as Alipay's, callers that can make us sign could impersonate Alipay.
    #[error("`{}` contains our own public key; use Alipay's, which its console shows next to ours", .0.display())]
    Own(PathBuf),
}

/// Signing failed; the library gives no cause.
#[derive(Debug, thiserror::Error)]
#[error("could not sign the request")]
pub(super) struct SigningFailed;

impl MerchantKey {
    /// Reads PKCS#8 or PKCS#1, 2048 to 4096 bits.
    pub(super) fn read(file: &Path) -> Result<Self, AlipayKeyError> {
        let der = read_der(file)?;
        let key = RsaKeyPair::from_pkcs8(&der).or_else(|_| RsaKeyPair::from_der(&der));
        key.map(Self)
            .map_err(|_| AlipayKeyError::Form(file.to_owned()))
    }

    pub(super) fn is_published(&self) -> bool {
        is_published(self.0.public_key().as_ref())
    }

    /// Signs as `RSA2`: SHA-256 with RSA, in base64.
    pub(super) fn sign(&self, text: &str) -> Result<String, SigningFailed> {
        let mut signature = vec![0; self.0.public().modulus_len()];
        let random = SystemRandom::new();
        self.0
            .sign(&RSA_PKCS1_SHA256, &random, text.as_bytes(), &mut signature)
            .map_err(|_| SigningFailed)?;
        Ok(STANDARD.encode(signature))
    }
}

impl AlipayKey {
    pub(super) fn read(file: &Path, own: &MerchantKey) -> Result<Self, AlipayKeyError> {
        let der = read_der(file)?;
        let key = inner_key(&der).ok_or_else(|| AlipayKeyError::Form(file.to_owned()))?;
        if key == own.0.public_key().as_ref() {
            return Err(AlipayKeyError::Own(file.to_owned()));
        }
        Ok(Self(UnparsedPublicKey::new(
            &RSA_PKCS1_2048_8192_SHA256,
            key.to_vec(),
        )))
    }

    pub(super) fn is_published(&self) -> bool {
        is_published(self.0.as_ref())
    }

    pub(super) fn has_signed(&self, text: &str, signature: &str) -> bool {
        let signature = STANDARD.decode(signature);
        signature.is_ok_and(|signature| self.0.verify(text.as_bytes(), &signature).is_ok())
    }
}

fn is_published(public_key: &[u8]) -> bool {
    PUBLISHED.contains(&hex::encode(digest(&SHA256, public_key)).as_str())
}

fn read_der(file: &Path) -> Result<Vec<u8>, AlipayKeyError> {
    let text = fs::read_to_string(file).map_err(|source| AlipayKeyError::File {
        file: file.to_owned(),
        source,
    })?;
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("-----"));
    let text: String = lines.collect();
    STANDARD
        .decode(text)
        .map_err(|_| AlipayKeyError::Form(file.to_owned()))
}

/// The algorithm identifier of an RSA key: its OID, without parameters.
const RSA_ENCRYPTION: &[u8] = &[
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;

/// The key inside the wrapper that names its algorithm, as ring expects it.
fn inner_key(der: &[u8]) -> Option<&[u8]> {
    let (info, behind) = split_der_element(SEQUENCE, der)?;
    let (algorithm, rest) = split_der_element(SEQUENCE, info)?;
    let (bits, last) = split_der_element(BIT_STRING, rest)?;
    let key = bits.strip_prefix(&[0])?;
    let is_whole =
        behind.is_empty() && last.is_empty() && split_der_element(SEQUENCE, key).is_some();
    (is_whole && algorithm == RSA_ENCRYPTION).then_some(key)
}

/// The first DER element, and the remaining input.
fn split_der_element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&found, der) = der.split_first()?;
    let (&first, der) = der.split_first()?;
    let (length, der) = match first {
        0..=0x7f => (usize::from(first), der),
        0x81 => der
            .split_first()
            .map(|(&length, der)| (usize::from(length), der))?,
        0x82 => {
            let (length, der) = der.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(*length)), der)
        }
        _ => return None,
    };
    (found == tag).then(|| der.split_at_checked(length))?
}
