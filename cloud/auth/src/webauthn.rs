//! Verifies what a browser answers about a passkey (WebAuthn Level 3): the registration of one, and
//! a proof by one. ES256 and Ed25519 keys; the maker of the authenticator is not attested.
//!
//! Written here because the crates that do it bring OpenSSL or another stack of cryptography.
//!
//! Invariants: no answer passes with another challenge, ceremony, page or key, and none without the
//! person's presence and verification by the device.

mod answers;
mod cbor;
mod keys;

#[cfg(test)]
mod tests;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use serde::Deserialize;

pub(crate) use answers::{NewPasskeyForm, PasskeyAnswer, PasskeyProof, RegistrationAnswer};
pub(crate) use keys::CredentialKey;

use answers::{AttestationObject, AttestationStatement, AuthenticatorData};

pub(crate) const CHALLENGE_BYTES: usize = 32;
/// The specification's limit.
pub(crate) const CREDENTIAL_ID_BYTES_MAX: usize = 1023;
/// An address without a dot that browsers trust without TLS.
const LOCALHOST: &str = "localhost";
const LOCAL_ORIGIN: &str = "http://localhost";

/// Why an answer is refused. People learn only that it was; the log names the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PasskeyFault {
    #[error("it is malformed")]
    Malformed,
    #[error("it answers another kind of ceremony")]
    WrongCeremony,
    #[error("the person has no such passkey")]
    UnknownKey,
    #[error("it answers another challenge")]
    WrongChallenge,
    #[error("it comes from another page")]
    WrongOrigin,
    #[error("it was made for another site")]
    WrongSite,
    #[error("its signature is wrong")]
    WrongSignature,
    #[error("no person was present")]
    NotPresent,
    #[error("the device did not verify its person")]
    NotVerified,
    #[error("its counter went back, so the key may have been copied")]
    CounterWentBack,
    #[error("its kind of key is not supported")]
    UnsupportedKey,
    #[error("its kind of attestation is not supported")]
    UnsupportedAttestation,
}

/// The site whose pages may use passkeys, by the portal's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelyingParty {
    /// Any port of this machine, for a platform without a public address.
    Localhost,
    Public {
        origin: String,
        host: String,
    },
}

#[derive(Debug, thiserror::Error)]
#[error(
    "`auth.portal_origin` must be an https:// origin with a host name, such as \
     https://portal.example.org, or empty"
)]
pub(crate) struct PortalOriginError;

impl RelyingParty {
    /// Browsers allow passkeys only to names, over https.
    pub(crate) fn from_origin(origin: &str) -> Result<Self, PortalOriginError> {
        if origin.is_empty() {
            return Ok(Self::Localhost);
        }
        let authority = origin.strip_prefix("https://").ok_or(PortalOriginError)?;
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
        let is_port = port.is_none_or(|port| port.parse().is_ok_and(|port: u16| port != 443));
        if !is_host_name(host) || !is_port {
            return Err(PortalOriginError);
        }
        Ok(Self::Public {
            origin: origin.to_owned(),
            host: host.to_owned(),
        })
    }

    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Localhost => LOCALHOST,
            Self::Public { host, .. } => host,
        }
    }

    fn allows_origin(&self, of_page: &str) -> bool {
        match self {
            Self::Localhost => of_page.strip_prefix(LOCAL_ORIGIN).is_some_and(|port| {
                port.is_empty()
                    || port
                        .strip_prefix(':')
                        .is_some_and(|port| port.parse::<u16>().is_ok())
            }),
            Self::Public { origin, .. } => origin == of_page,
        }
    }
}

/// In the form in which browsers name it, and no address of numbers.
fn is_host_name(host: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    host.split('.').all(is_label) && !last.bytes().all(|byte| byte.is_ascii_digit())
}

/// A credential that a verified answer registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCredential {
    pub id: Vec<u8>,
    pub key: CredentialKey,
    pub counter: u32,
}

/// What a page has done with a passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BrowserCeremony {
    Create,
    Get,
}

impl BrowserCeremony {
    fn client_type(self) -> &'static str {
        match self {
            Self::Create => "webauthn.create",
            Self::Get => "webauthn.get",
        }
    }
}

/// The parts of the client data that a verification reads. Browsers may add others.
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    challenge: String,
    origin: String,
    #[serde(default, rename = "crossOrigin")]
    cross_origin: bool,
    #[serde(default, rename = "topOrigin")]
    top_origin: Option<String>,
}

/// Reads the challenge that an answer names, to find and spend it before the answer is verified.
pub(crate) fn read_challenge(client_data: &[u8]) -> Result<[u8; CHALLENGE_BYTES], PasskeyFault> {
    let data = parse_client_data(client_data)?;
    decode_challenge(&data.challenge)
}

fn parse_client_data(client_data: &[u8]) -> Result<ClientData, PasskeyFault> {
    serde_json::from_slice(client_data).map_err(|_| PasskeyFault::Malformed)
}

fn decode_challenge(text: &str) -> Result<[u8; CHALLENGE_BYTES], PasskeyFault> {
    let bytes = URL_SAFE_NO_PAD.decode(text);
    let bytes = bytes.map_err(|_| PasskeyFault::Malformed)?;
    bytes.try_into().map_err(|_| PasskeyFault::WrongChallenge)
}

pub(crate) fn verify_registration(
    party: &RelyingParty,
    challenge: &[u8; CHALLENGE_BYTES],
    answer: &RegistrationAnswer,
) -> Result<NewCredential, PasskeyFault> {
    let create = BrowserCeremony::Create;
    verify_client_data(party, create, challenge, &answer.client_data)?;
    let attestation = AttestationObject::parse(&answer.attestation)?;
    let data = AuthenticatorData::parse(attestation.authenticator_data)?;
    verify_site(party, &data)?;
    let credential = data.credential.as_ref().ok_or(PasskeyFault::Malformed)?;
    match attestation.statement {
        AttestationStatement::Nothing => {}
        AttestationStatement::BySelf {
            algorithm,
            signature,
        } => {
            if algorithm != credential.key.algorithm() {
                return Err(PasskeyFault::UnsupportedAttestation);
            }
            let signed = signed_bytes(attestation.authenticator_data, &answer.client_data);
            credential.key.verify_signature(&signed, signature)?;
        }
    }
    verify_person(&data)?;
    Ok(NewCredential {
        id: credential.id.to_vec(),
        key: credential.key.clone(),
        counter: data.counter,
    })
}

/// Returns the authenticator's counter, to store for the next proof. `stored_counter` is that of
/// the previous one.
pub(crate) fn verify_proof(
    party: &RelyingParty,
    challenge: &[u8; CHALLENGE_BYTES],
    key: &CredentialKey,
    stored_counter: u32,
    answer: &PasskeyAnswer,
) -> Result<u32, PasskeyFault> {
    let get = BrowserCeremony::Get;
    verify_client_data(party, get, challenge, &answer.client_data)?;
    let data = AuthenticatorData::parse(&answer.authenticator_data)?;
    verify_site(party, &data)?;
    let signed = signed_bytes(&answer.authenticator_data, &answer.client_data);
    key.verify_signature(&signed, &answer.signature)?;
    verify_person(&data)?;
    // Passkeys that are copied between a person's devices keep no counter: it stays zero.
    let counts = stored_counter != 0 || data.counter != 0;
    if counts && data.counter <= stored_counter {
        return Err(PasskeyFault::CounterWentBack);
    }
    Ok(data.counter)
}

fn verify_client_data(
    party: &RelyingParty,
    ceremony: BrowserCeremony,
    challenge: &[u8; CHALLENGE_BYTES],
    client_data: &[u8],
) -> Result<(), PasskeyFault> {
    let data = parse_client_data(client_data)?;
    if data.kind != ceremony.client_type() {
        return Err(PasskeyFault::WrongCeremony);
    }
    if decode_challenge(&data.challenge)? != *challenge {
        return Err(PasskeyFault::WrongChallenge);
    }
    let is_framed = data.cross_origin || data.top_origin.is_some();
    if is_framed || !party.allows_origin(&data.origin) {
        return Err(PasskeyFault::WrongOrigin);
    }
    Ok(())
}

fn verify_site(party: &RelyingParty, data: &AuthenticatorData<'_>) -> Result<(), PasskeyFault> {
    let expected = digest(&SHA256, party.id().as_bytes());
    if data.site_hash != expected.as_ref() {
        return Err(PasskeyFault::WrongSite);
    }
    Ok(())
}

fn verify_person(data: &AuthenticatorData<'_>) -> Result<(), PasskeyFault> {
    if !data.is_person_present {
        return Err(PasskeyFault::NotPresent);
    }
    if !data.is_person_verified {
        return Err(PasskeyFault::NotVerified);
    }
    Ok(())
}

fn signed_bytes(authenticator_data: &[u8], client_data: &[u8]) -> Vec<u8> {
    let hash = digest(&SHA256, client_data);
    [authenticator_data, hash.as_ref()].concat()
}
