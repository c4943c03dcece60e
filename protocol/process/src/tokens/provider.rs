//! The only algorithm: Ed25519 on `ring`, as the crypto provider of `jsonwebtoken`. A token header
//! that names another is refused, because no code here can check it.

use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, EncodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{Error, ErrorKind, Result},
    signature,
};
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};

/// Must precede every use; without a provider the crate settles on none.
pub fn install_crypto_provider() {
    // Fails only if it is already installed; no other provider exists here.
    let _ = PROVIDER.install_default();
}

/// True if the owner of this raw public key signed `msg` with `sig`.
pub fn verify_bytes(public: &[u8; 32], msg: &[u8], sig: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public)
        .verify(msg, sig)
        .is_ok()
}

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| {
        ed25519_only(algorithm, key.family())?;
        Ok(Box::new(Ed25519Signing::new(key)?))
    },
    verifier_factory: |algorithm, key| {
        ed25519_only(algorithm, key.family())?;
        Ok(Box::new(Ed25519Verifying::new(key)?))
    },
    // Our code never reads keys of other kinds.
    key_utils: KeyUtils {
        rsa_pub_components_from_private_key: |_| Err(unsupported_algorithm()),
        rsa_pub_components_from_public_key: |_| Err(unsupported_algorithm()),
        ec_pub_components_from_private_key: |_, _| Err(unsupported_algorithm()),
        ed_pub_components_from_private_key: |_, _| Err(unsupported_algorithm()),
        compute_digest: |_, _| Err(unsupported_algorithm()),
    },
};

struct Ed25519Signing(Ed25519KeyPair);

struct Ed25519Verifying([u8; 32]);

impl Ed25519Signing {
    fn new(key: &EncodingKey) -> Result<Self> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.as_bytes());
        pair.map(Self)
            .map_err(|_| ErrorKind::InvalidEddsaKey.into())
    }
}

impl Ed25519Verifying {
    fn new(key: &DecodingKey) -> Result<Self> {
        let raw = key.try_get_as_bytes()?.try_into();
        raw.map(Self).map_err(|_| ErrorKind::InvalidEddsaKey.into())
    }
}

impl signature::Signer<Vec<u8>> for Ed25519Signing {
    fn try_sign(&self, msg: &[u8]) -> std::result::Result<Vec<u8>, signature::Error> {
        Ok(self.0.sign(msg).as_ref().to_vec())
    }
}

impl signature::Verifier<Vec<u8>> for Ed25519Verifying {
    fn verify(&self, msg: &[u8], sig: &Vec<u8>) -> std::result::Result<(), signature::Error> {
        if verify_bytes(&self.0, msg, sig) {
            Ok(())
        } else {
            Err(signature::Error::new())
        }
    }
}

impl JwtSigner for Ed25519Signing {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

impl JwtVerifier for Ed25519Verifying {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

fn ed25519_only(algorithm: &Algorithm, family: AlgorithmFamily) -> Result<()> {
    if *algorithm == Algorithm::EdDSA && family == AlgorithmFamily::Ed {
        return Ok(());
    }
    Err(unsupported_algorithm())
}

fn unsupported_algorithm() -> Error {
    ErrorKind::InvalidAlgorithm.into()
}
