//! One issuer: its metadata, the authorization address, and the check of the browser's callback.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, ExtraTokenFields, RedirectUrl, RequestTokenError, Scope, StandardRevocableToken,
    StandardTokenResponse, TokenResponse, TokenUrl,
    basic::{
        BasicErrorResponse, BasicErrorResponseType, BasicRevocationErrorResponse,
        BasicTokenIntrospectionResponse, BasicTokenType,
    },
};
use process::clock::Clock;
use serde::{Deserialize, Serialize};
use wire::UnixMillis;

use super::{
    IssuerConfig, Visit,
    call::{IssuerAway, IssuerLine},
    config::is_guarded_by,
    id_token::{IdToken, IdentityClaims, TokenExpectation, TokenFault},
    key_set::{IssuerKeys, KeySetDocument},
};

pub struct Issuer {
    config: IssuerConfig,
    return_to: String,
    clock: Clock,
    line: IssuerLine,
    memory: Mutex<Memory>,
}

/// The parameters of the browser's callback.
pub struct IssuerReply {
    pub code: String,
    /// The issuer's identifier (RFC 9207), so that one issuer cannot answer for another.
    pub iss: Option<String>,
}

/// A verified person of the issuer.
#[derive(Debug)]
pub struct IssuerProof {
    pub claims: IdentityClaims,
    access_token: String,
}

#[derive(Debug)]
pub enum ProofFailure {
    Away(IssuerAway),
    Refused(TokenFault),
}

/// The fields of the discovery document that we use.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// Each entry carries its read time.
#[derive(Default)]
struct Memory {
    metadata: Option<(Arc<Metadata>, UnixMillis)>,
    keys: Option<(Arc<IssuerKeys>, UnixMillis)>,
    failed_at: Option<UnixMillis>,
}

#[derive(Debug, Serialize, Deserialize)]
struct IdTokenField {
    id_token: String,
}

impl ExtraTokenFields for IdTokenField {}

type CodeClient = oauth2::Client<
    BasicErrorResponse,
    StandardTokenResponse<IdTokenField, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

const DOCUMENT: &str = "/.well-known/openid-configuration";
const SCOPES: [&str; 3] = ["openid", "email", "profile"];
/// Documents and key sets are read again after an hour; stale ones serve while the issuer is
/// unavailable.
const FRESH_MS: i64 = 3600 * 1000;
/// Minimum interval of key set reads for unknown keys, because anyone can name one.
const KEYS_AGAIN_MS: i64 = 60 * 1000;
/// Backoff after a failed read.
const REST_MS: i64 = 3 * 1000;

impl Issuer {
    pub fn new(config: &IssuerConfig, return_to: &str, clock: &Clock) -> Self {
        Self {
            config: config.clone(),
            return_to: return_to.to_owned(),
            clock: clock.clone(),
            line: IssuerLine::new(),
            memory: Mutex::default(),
        }
    }

    pub fn name(&self) -> &str {
        &self.config.name
    }

    pub fn label(&self) -> &str {
        &self.config.label
    }

    /// The identifier that its tokens carry.
    pub fn address(&self) -> &str {
        &self.config.issuer
    }

    /// Builds the authorization address for the browser.
    pub async fn way_there(&self, visit: &Visit) -> Result<String, IssuerAway> {
        let client = self.client(self.metadata().await?.as_ref())?;
        let state = CsrfToken::new(visit.state.clone());
        let way = client
            .authorize_url(|| state)
            .add_scopes(SCOPES.map(|scope| Scope::new(scope.to_owned())))
            .set_pkce_challenge(visit.challenge())
            .add_extra_param("nonce", visit.nonce.clone());
        let (address, _) = way.url();
        Ok(address.into())
    }

    /// Exchanges the code for tokens and verifies the ID token.
    pub async fn prove(
        &self,
        visit: &Visit,
        reply: IssuerReply,
    ) -> Result<IssuerProof, ProofFailure> {
        let metadata = self.metadata().await?;
        let is_named = metadata.authorization_response_iss_parameter_supported;
        if reply.iss.map_or(is_named, |iss| iss != self.config.issuer) {
            return Err(TokenFault::Issuer.into());
        }
        let client = self.client(&metadata)?;
        let exchange = client
            .exchange_code(AuthorizationCode::new(reply.code))
            .set_pkce_verifier(visit.verifier());
        let tokens = exchange.request_async(&self.line).await.map_err(exchange_failure)?;
        let claims = self.checked(&metadata, visit, &tokens.extra_fields().id_token).await?;
        let access_token = tokens.access_token().secret().clone();
        Ok(IssuerProof { claims, access_token })
    }

    /// Adds the claims that only the userinfo endpoint returns.
    pub async fn described(&self, proof: IssuerProof) -> Result<IdentityClaims, IssuerAway> {
        let IssuerProof { claims, access_token } = proof;
        let metadata = self.metadata().await?;
        let Some(address) =
            metadata.userinfo_endpoint.as_deref().filter(|_| claims.email.is_none())
        else {
            return Ok(claims);
        };
        let told: IdentityClaims = self.line.read(address, Some(&access_token)).await?;
        // Userinfo is unsigned: ignore it if it describes another person.
        Ok(if told.sub == claims.sub { told } else { claims })
    }

    async fn checked(
        &self,
        metadata: &Metadata,
        visit: &Visit,
        id_token: &str,
    ) -> Result<IdentityClaims, ProofFailure> {
        let token = IdToken::read(id_token)?;
        let (keys, read_at) = self.keys(metadata, FRESH_MS).await?;
        let now = self.clock.now();
        let expected = TokenExpectation {
            issuer: &self.config.issuer,
            client_id: &self.config.client_id,
            nonce: &visit.nonce,
            begun_at: visit.begun_at.0 / 1000,
            now: now.0 / 1000,
        };
        match token.verified(&keys, expected) {
            Err(TokenFault::UnknownKey) if now.since(read_at) >= KEYS_AGAIN_MS => {
                let (keys, _) = self.keys(metadata, KEYS_AGAIN_MS).await?;
                Ok(token.verified(&keys, expected)?)
            }
            verdict => Ok(verdict?),
        }
    }

    fn client(&self, metadata: &Metadata) -> Result<CodeClient, IssuerAway> {
        let unusable = |error| IssuerAway(format!("an address is unusable: {error}"));
        let Metadata { authorization_endpoint, token_endpoint, .. } = metadata;
        let methods = &metadata.token_endpoint_auth_methods_supported;
        let takes = |method: &str| methods.iter().any(|taken| taken == method);
        let in_body = takes("client_secret_post") && !takes("client_secret_basic");
        let auth_type = if in_body { AuthType::RequestBody } else { AuthType::BasicAuth };
        let client = oauth2::Client::new(ClientId::new(self.config.client_id.clone()))
            .set_auth_uri(AuthUrl::new(authorization_endpoint.clone()).map_err(unusable)?)
            .set_token_uri(TokenUrl::new(token_endpoint.clone()).map_err(unusable)?)
            .set_redirect_uri(RedirectUrl::new(self.return_to.clone()).map_err(unusable)?)
            .set_auth_type(auth_type);
        let secret = &self.config.client_secret;
        if secret.is_empty() {
            return Ok(client);
        }
        Ok(client.set_client_secret(ClientSecret::new(secret.reveal().to_owned())))
    }

    async fn metadata(&self) -> Result<Arc<Metadata>, IssuerAway> {
        let now = self.clock.now();
        let known = self.memory().metadata.clone();
        if let Some((metadata, read_at)) = &known
            && now.since(*read_at) < FRESH_MS
        {
            return Ok(metadata.clone());
        }
        match self.resting(now, self.read_metadata()).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                self.memory().metadata = Some((metadata.clone(), now));
                Ok(metadata)
            }
            Err(away) => known.map(|(metadata, _)| metadata).ok_or(away),
        }
    }

    async fn read_metadata(&self) -> Result<Metadata, IssuerAway> {
        let address = format!("{}{DOCUMENT}", self.config.issuer.trim_end_matches('/'));
        let metadata: Metadata = self.line.read(&address, None).await?;
        if metadata.issuer != self.config.issuer {
            return Err(IssuerAway(format!("it calls itself `{}`", metadata.issuer)));
        }
        let Metadata { authorization_endpoint, token_endpoint, jwks_uri, .. } = &metadata;
        let mut addresses = vec![authorization_endpoint, token_endpoint, jwks_uri];
        addresses.extend(&metadata.userinfo_endpoint);
        let is_open = |address: &&String| !is_guarded_by(&self.config.issuer, address);
        match addresses.into_iter().find(is_open) {
            Some(open) => Err(IssuerAway(format!("`{open}` is not protected"))),
            None => Ok(metadata),
        }
    }

    /// Returns the keys and their read time. Keys older than `age_ms_max` are read again if the
    /// issuer is available.
    async fn keys(
        &self,
        metadata: &Metadata,
        age_ms_max: i64,
    ) -> Result<(Arc<IssuerKeys>, UnixMillis), IssuerAway> {
        let now = self.clock.now();
        let known = self.memory().keys.clone();
        if let Some((keys, read_at)) = &known
            && now.since(*read_at) < age_ms_max
        {
            return Ok((keys.clone(), *read_at));
        }
        let read = self.line.read::<KeySetDocument>(&metadata.jwks_uri, None);
        match self.resting(now, read).await.map(IssuerKeys::of) {
            Ok(keys) if !keys.is_empty() => {
                let keys = Arc::new(keys);
                self.memory().keys = Some((keys.clone(), now));
                Ok((keys, now))
            }
            Ok(_) => known.ok_or_else(|| IssuerAway("its key set has no key of use".to_owned())),
            Err(away) => known.ok_or(away),
        }
    }

    /// Makes a request, unless one failed within the backoff.
    async fn resting<T>(
        &self,
        now: UnixMillis,
        question: impl Future<Output = Result<T, IssuerAway>>,
    ) -> Result<T, IssuerAway> {
        if self.memory().failed_at.is_some_and(|at| now.since(at) < REST_MS) {
            return Err(IssuerAway("it was away a moment ago".to_owned()));
        }
        let answer = question.await;
        if let Err(away) = &answer {
            tracing::warn!(issuer = self.name(), %away, "An issuer cannot be read");
            self.memory().failed_at = Some(now);
        }
        answer
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<IssuerAway> for ProofFailure {
    fn from(away: IssuerAway) -> Self {
        Self::Away(away)
    }
}

impl From<TokenFault> for ProofFailure {
    fn from(fault: TokenFault) -> Self {
        Self::Refused(fault)
    }
}

/// Never repeats the issuer's answer, which may hold tokens.
fn exchange_failure(error: RequestTokenError<IssuerAway, BasicErrorResponse>) -> ProofFailure {
    match error {
        RequestTokenError::ServerResponse(refusal) => match refusal.error() {
            BasicErrorResponseType::InvalidGrant => TokenFault::Code.into(),
            other => IssuerAway(format!("it refused the exchange: {other}")).into(),
        },
        RequestTokenError::Request(away) => away.into(),
        RequestTokenError::Parse(..) => {
            IssuerAway("its answer to the exchange is not what was expected".to_owned()).into()
        }
        RequestTokenError::Other(what) => IssuerAway(what).into(),
    }
}
