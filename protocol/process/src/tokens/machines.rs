//! Tokens between our own processes. Services authenticate with one-minute tokens that name both
//! sides: a part that runs alone signs with its own key, and verifies a caller only by that
//! caller's public key. An edge signs tokens to open the link.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use wire::{EdgeId, UnixMillis};

use crate::{
    clock::Clock,
    parts::CloudPart,
    random,
    tokens::{
        Signer, SignerError, TOKEN_BYTES_MAX, TokenError,
        keys::{check_expiry, verify_signed_claims},
    },
};

/// The signing key of a process for its parts, and the public keys of their callers. Clones share
/// it.
#[derive(Clone, Debug)]
pub struct ServiceKey {
    own: Signer,
    callers: TrustedCallers,
}

#[derive(Clone, Debug)]
enum TrustedCallers {
    /// The process runs all parts, so its key signs for each.
    Own,
    /// The public keys of the parts that may call this one, by name.
    Known(Arc<BTreeMap<String, [u8; 32]>>),
}

/// A part's private key in its folder, next to its callers' public keys.
const FILE: &str = "service.key";

#[derive(Clone, Serialize, Deserialize)]
struct ServiceClaims {
    iss: String,
    aud: String,
    iat: i64,
    exp: i64,
}

const LIFE_S: i64 = 60;

/// How far the clocks of a platform's machines may differ.
const SKEW_S: i64 = 30;

impl ServiceKey {
    /// For a process that runs every part.
    pub fn load_or_create(path: impl AsRef<Path>) -> Result<Self, SignerError> {
        Signer::load_or_create(path).map(Self::for_all_parts)
    }

    pub fn from_pkcs8(der: &[u8]) -> Result<Self, SignerError> {
        Signer::from_pkcs8(der).map(Self::for_all_parts)
    }

    /// For a part that runs alone; its folder must already exist.
    pub fn load_for_part(part: CloudPart, path: &Path) -> Result<Self, SignerError> {
        let own = Signer::load(path)?;
        let known = part.callers().map(|caller| {
            let path = public_file(path.parent().unwrap_or(path), caller);
            let text = fs::read_to_string(&path).map_err(|source| SignerError::File {
                path: path.clone(),
                source,
            })?;
            let key = URL_SAFE_NO_PAD
                .decode(text.trim())
                .ok()
                .and_then(|key| key.try_into().ok());
            Ok((
                caller.name().to_owned(),
                key.ok_or(SignerError::BadPublicFile(path))?,
            ))
        });
        let known: BTreeMap<_, _> = known.collect::<Result<_, SignerError>>()?;
        Ok(Self {
            own,
            callers: TrustedCallers::Known(Arc::new(known)),
        })
    }

    /// Creates a folder for each part: its private key, unless it exists, and its callers' public
    /// keys.
    pub fn create_key_folders(folder: &Path) -> Result<(), SignerError> {
        let keys = CloudPart::ALL.iter().map(|part| {
            let signer = Signer::load_or_create(folder.join(part.name()).join(FILE))?;
            Ok((*part, signer.public_key()))
        });
        let keys: BTreeMap<CloudPart, [u8; 32]> = keys.collect::<Result<_, SignerError>>()?;
        for part in CloudPart::ALL {
            let part_folder = folder.join(part.name());
            for caller in part.callers() {
                let path = public_file(&part_folder, caller);
                write_whole(&path, &URL_SAFE_NO_PAD.encode(keys[&caller]))
                    .map_err(|source| SignerError::File { path, source })?;
            }
        }
        Ok(())
    }

    /// Derives a secret per purpose, the same for every holder of this key. Ed25519 signatures are
    /// deterministic, and only the key can make them; the signed text never belongs to a token.
    pub fn derive_secret(&self, purpose: &str) -> [u8; 32] {
        let signature = self
            .own
            .sign_bytes(format!("holdfast secret: {purpose}").as_bytes());
        let mut secret = [0; 32];
        secret.copy_from_slice(digest::digest(&digest::SHA256, &signature).as_ref());
        secret
    }

    pub fn issue_token(&self, from: &'static str, to: &'static str, clock: &Clock) -> String {
        let iat = clock.now().0 / 1000;
        let iss = from.to_owned();
        let aud = to.to_owned();
        self.own.sign_claims(&ServiceClaims {
            iss,
            aud,
            iat,
            exp: iat + LIFE_S,
        })
    }

    /// Verifies a token for `to` and returns its sender.
    pub fn verify_token(
        &self,
        token: &str,
        to: &str,
        now: UnixMillis,
    ) -> Result<String, TokenError> {
        let key = match &self.callers {
            TrustedCallers::Own => self.own.public_key(),
            TrustedCallers::Known(known) => *known
                .get(&read_claimed_caller(token)?)
                .ok_or(TokenError::Invalid)?,
        };
        let claims: ServiceClaims = verify_signed_claims(token, &key)?;
        if claims.aud != to {
            return Err(TokenError::Invalid);
        }
        check_expiry(claims.exp.saturating_add(SKEW_S), now)?;
        Ok(claims.iss)
    }

    fn for_all_parts(own: Signer) -> Self {
        Self {
            own,
            callers: TrustedCallers::Own,
        }
    }
}

/// The claimed caller, which selects the key; the signature proves it.
fn read_claimed_caller(token: &str) -> Result<String, TokenError> {
    let body = token
        .split('.')
        .nth(1)
        .filter(|_| token.len() <= TOKEN_BYTES_MAX);
    let bytes = body.and_then(|body| URL_SAFE_NO_PAD.decode(body).ok());
    let claims = bytes.and_then(|bytes| serde_json::from_slice::<ServiceClaims>(&bytes).ok());
    claims.map(|claims| claims.iss).ok_or(TokenError::Invalid)
}

fn public_file(folder: &Path, caller: CloudPart) -> PathBuf {
    folder.join(format!("{caller}.pub"))
}

/// A part that starts meanwhile reads the old file or the new one, never half.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(path.parent().unwrap_or(path))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|failed| failed.error)
}

#[derive(Clone, Serialize, Deserialize)]
struct EdgeClaims {
    sub: EdgeId,
    aud: String,
    iat: i64,
    exp: i64,
    /// Random, so that an edge's tokens differ whatever its clock reads. Older edges omit it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    jti: String,
}

const EDGE_AUDIENCE: &str = "hub";

const EDGE_LIFE_S: i64 = 120;

const TOKEN_ID_BYTES: usize = 16;

/// Edges make their own tokens, so lifetime and clock lead are bounded here.
const EDGE_LIFE_S_MAX: i64 = 600;

const AHEAD_S_MAX: i64 = 600;

/// Valid for two minutes, for one connection attempt.
pub fn edge_token(signer: &Signer, edge: &EdgeId, clock: &Clock) -> String {
    let iat = clock.now().0 / 1000;
    let aud = EDGE_AUDIENCE.to_owned();
    let jti = random::secret_text(TOKEN_ID_BYTES);
    signer.sign_claims(&EdgeClaims {
        sub: edge.clone(),
        aud,
        iat,
        exp: iat + EDGE_LIFE_S,
        jti,
    })
}

/// The claimed sender. Unverified: use it only to find the key to check.
pub fn edge_claim(token: &str) -> Result<EdgeId, TokenError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::Invalid);
    }
    let claims = jsonwebtoken::dangerous::insecure_decode_claims::<EdgeClaims>(token);
    claims
        .map(|claims| claims.sub)
        .map_err(|_| TokenError::Invalid)
}

/// The sender, if its key signed the token for a few minutes around now and it has not expired.
pub fn verify_edge(token: &str, public: &[u8; 32], now: UnixMillis) -> Result<EdgeId, TokenError> {
    let claims: EdgeClaims = verify_signed_claims(token, public)?;
    if claims.aud != EDGE_AUDIENCE {
        return Err(TokenError::Invalid);
    }
    check_expiry(claims.exp, now)?;
    let too_early = claims.iat > now.0 / 1000 + AHEAD_S_MAX;
    if claims.is_too_long() || too_early {
        Err(TokenError::Invalid)
    } else {
        Ok(claims.sub)
    }
}

/// Milliseconds that the edge's clock is ahead of `now`, by a fresh token that `verify_edge`
/// refuses because of its time. `None` if the token is invalid at any time.
pub fn edge_clock_error(token: &str, public: &[u8; 32], now: UnixMillis) -> Option<i64> {
    let claims: EdgeClaims = verify_signed_claims(token, public).ok()?;
    let is_sound = claims.aud == EDGE_AUDIENCE && !claims.is_too_long();
    is_sound.then(|| claims.iat.saturating_mul(1000).saturating_sub(now.0))
}

impl EdgeClaims {
    fn is_too_long(&self) -> bool {
        self.exp.saturating_sub(self.iat) > EDGE_LIFE_S_MAX
    }
}
