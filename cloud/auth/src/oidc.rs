//! Sign-in at other services (issuers) by OpenID Connect, with the authorization code flow and
//! PKCE.
//!
//! Invariants: requests to an issuer use TLS or stay on this machine, and never follow redirects;
//! the size, duration and number of its answers are bounded; an unavailable issuer fails only its
//! own sign-ins; no claim counts before the ID token's signature, audience and nonce are verified.

mod client;
mod flow;
mod id_token;

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
use process::{clock::Clock, tokens::ServiceKey};
use serde::{Deserialize, Serialize};
use wire::UnixMillis;

use crate::config::{IssuerConfig, IssuerConfigError, check_issuer_configs};
use client::{IssuerClient, IssuerUnavailable, is_guarded_by};
use flow::OidcFlowSeal;
use id_token::{ExpectedClaims, IdToken, IdTokenError, IssuerKeys, KeySetDocument};

pub(crate) use flow::{LinkingSession, OidcFlow};
pub(crate) use id_token::IdentityClaims;

/// The purpose under which the replicas of auth derive a shared key.
const FLOW_KEY_PURPOSE: &str = "visits at issuers";
const DISCOVERY_PATH: &str = "/.well-known/openid-configuration";
const SCOPES: [&str; 3] = ["openid", "email", "profile"];
/// Documents and key sets are read again after an hour; stale ones serve while the issuer is
/// unavailable.
const FRESH_MS: i64 = 3600 * 1000;
/// Minimum interval of key set reads for unknown keys, because anyone can name one.
const KEYS_AGAIN_MS: i64 = 60 * 1000;
/// Backoff after a failed read.
const BACKOFF_MS: i64 = 3 * 1000;

/// The configured issuers. Clones share their cached metadata and keys.
#[derive(Clone)]
pub struct Issuers {
    known: Arc<[Issuer]>,
    seal: OidcFlowSeal,
}

impl Issuers {
    pub fn new(
        configs: &[IssuerConfig],
        return_to: &str,
        clock: &Clock,
        key: &ServiceKey,
    ) -> Result<Self, IssuerConfigError> {
        check_issuer_configs(configs, return_to)?;
        let known = configs
            .iter()
            .map(|config| Issuer::new(config, return_to, clock));
        Ok(Self {
            known: known.collect(),
            seal: OidcFlowSeal::new(key.derive_secret(FLOW_KEY_PURPOSE)),
        })
    }

    pub fn all(&self) -> &[Issuer] {
        &self.known
    }

    pub fn find_by_name(&self, name: &str) -> Option<&Issuer> {
        self.known.iter().find(|issuer| issuer.name() == name)
    }

    /// Finds the issuer whose tokens carry this address.
    pub fn find_by_address(&self, address: &str) -> Option<&Issuer> {
        self.known.iter().find(|issuer| issuer.address() == address)
    }

    /// Seals the flow for the browser that started it; only auth can open the ticket.
    pub fn seal_ticket(&self, flow: &OidcFlow) -> String {
        self.seal.close(flow)
    }

    pub fn open_ticket(&self, ticket: &str) -> Option<OidcFlow> {
        self.seal.open(ticket)
    }
}

pub struct Issuer {
    config: IssuerConfig,
    return_to: String,
    clock: Clock,
    client: IssuerClient,
    cache: Mutex<IssuerCache>,
}

/// The parameters of the browser's callback.
pub struct AuthorizationResponse {
    pub code: String,
    /// The issuer's identifier (RFC 9207), so that one issuer cannot answer for another.
    pub iss: Option<String>,
}

/// A verified person of the issuer.
#[derive(Debug)]
pub struct VerifiedIdentity {
    pub claims: IdentityClaims,
    access_token: String,
}

#[derive(Debug)]
pub enum OidcFlowError {
    Unavailable(IssuerUnavailable),
    Refused(IdTokenError),
}

/// The fields of the discovery document that we use.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct IssuerMetadata {
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

impl IssuerMetadata {
    fn supports_auth_method(&self, method: &str) -> bool {
        self.token_endpoint_auth_methods_supported
            .iter()
            .any(|supported| supported == method)
    }
}

/// Each entry carries its read time.
#[derive(Default)]
struct IssuerCache {
    metadata: Option<(Arc<IssuerMetadata>, UnixMillis)>,
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

impl Issuer {
    pub fn new(config: &IssuerConfig, return_to: &str, clock: &Clock) -> Self {
        Self {
            config: config.clone(),
            return_to: return_to.to_owned(),
            clock: clock.clone(),
            client: IssuerClient::new(),
            cache: Mutex::default(),
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
    pub async fn authorization_url(&self, flow: &OidcFlow) -> Result<String, IssuerUnavailable> {
        let client = self.build_client(self.load_metadata().await?.as_ref())?;
        let state = CsrfToken::new(flow.state.clone());
        let way = client
            .authorize_url(|| state)
            .add_scopes(SCOPES.map(|scope| Scope::new(scope.to_owned())))
            .set_pkce_challenge(flow.pkce_challenge())
            .add_extra_param("nonce", flow.nonce.clone());
        let (address, _) = way.url();
        Ok(address.into())
    }

    /// Exchanges the code for tokens and verifies the ID token.
    pub async fn exchange_code(
        &self,
        flow: &OidcFlow,
        reply: AuthorizationResponse,
    ) -> Result<VerifiedIdentity, OidcFlowError> {
        let metadata = self.load_metadata().await?;
        let is_named = metadata.authorization_response_iss_parameter_supported;
        if reply.iss.map_or(is_named, |iss| iss != self.config.issuer) {
            return Err(IdTokenError::Issuer.into());
        }
        let client = self.build_client(&metadata)?;
        let exchange = client
            .exchange_code(AuthorizationCode::new(reply.code))
            .set_pkce_verifier(flow.pkce_verifier());
        let tokens = exchange
            .request_async(&self.client)
            .await
            .map_err(to_flow_error)?;
        let claims = self
            .verify_id_token(&metadata, flow, &tokens.extra_fields().id_token)
            .await?;
        let access_token = tokens.access_token().secret().clone();
        Ok(VerifiedIdentity {
            claims,
            access_token,
        })
    }

    /// Adds the claims that only the userinfo endpoint returns.
    pub async fn complete_claims(
        &self,
        proof: VerifiedIdentity,
    ) -> Result<IdentityClaims, IssuerUnavailable> {
        let VerifiedIdentity {
            claims,
            access_token,
        } = proof;
        let metadata = self.load_metadata().await?;
        let Some(address) = metadata
            .userinfo_endpoint
            .as_deref()
            .filter(|_| claims.email.is_none())
        else {
            return Ok(claims);
        };
        let told: IdentityClaims = self.client.read(address, Some(&access_token)).await?;
        // Userinfo is unsigned: ignore it if it describes another person.
        Ok(if told.sub == claims.sub { told } else { claims })
    }

    async fn verify_id_token(
        &self,
        metadata: &IssuerMetadata,
        flow: &OidcFlow,
        id_token: &str,
    ) -> Result<IdentityClaims, OidcFlowError> {
        let token = IdToken::read(id_token)?;
        let (keys, read_at) = self.load_keys(metadata, FRESH_MS).await?;
        let now = self.clock.now();
        let expected = ExpectedClaims {
            issuer: &self.config.issuer,
            client_id: &self.config.client_id,
            nonce: &flow.nonce,
            begun_at: flow.begun_at.0 / 1000,
            now: now.0 / 1000,
        };
        match token.verify_claims(&keys, expected) {
            Err(IdTokenError::UnknownKey) if now.ms_since(read_at) >= KEYS_AGAIN_MS => {
                let (keys, _) = self.load_keys(metadata, KEYS_AGAIN_MS).await?;
                Ok(token.verify_claims(&keys, expected)?)
            }
            verdict => Ok(verdict?),
        }
    }

    fn build_client(&self, metadata: &IssuerMetadata) -> Result<CodeClient, IssuerUnavailable> {
        let IssuerMetadata {
            authorization_endpoint,
            token_endpoint,
            ..
        } = metadata;
        let in_body = metadata.supports_auth_method("client_secret_post")
            && !metadata.supports_auth_method("client_secret_basic");
        let auth_type = if in_body {
            AuthType::RequestBody
        } else {
            AuthType::BasicAuth
        };
        let auth_uri =
            AuthUrl::new(authorization_endpoint.clone()).map_err(report_unusable_address)?;
        let token_uri = TokenUrl::new(token_endpoint.clone()).map_err(report_unusable_address)?;
        let redirect_uri =
            RedirectUrl::new(self.return_to.clone()).map_err(report_unusable_address)?;
        let client = oauth2::Client::new(ClientId::new(self.config.client_id.clone()))
            .set_auth_uri(auth_uri)
            .set_token_uri(token_uri)
            .set_redirect_uri(redirect_uri)
            .set_auth_type(auth_type);
        let secret = &self.config.client_secret;
        if secret.is_empty() {
            return Ok(client);
        }
        Ok(client.set_client_secret(ClientSecret::new(secret.reveal().to_owned())))
    }

    async fn load_metadata(&self) -> Result<Arc<IssuerMetadata>, IssuerUnavailable> {
        let now = self.clock.now();
        let known = self.lock_cache().metadata.clone();
        if let Some((metadata, read_at)) = &known
            && now.ms_since(*read_at) < FRESH_MS
        {
            return Ok(metadata.clone());
        }
        match self.call_with_backoff(now, self.fetch_metadata()).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                self.lock_cache().metadata = Some((metadata.clone(), now));
                Ok(metadata)
            }
            Err(unavailable) => known.map(|(metadata, _)| metadata).ok_or(unavailable),
        }
    }

    async fn fetch_metadata(&self) -> Result<IssuerMetadata, IssuerUnavailable> {
        let address = format!(
            "{}{DISCOVERY_PATH}",
            self.config.issuer.trim_end_matches('/')
        );
        let metadata: IssuerMetadata = self.client.read(&address, None).await?;
        if metadata.issuer != self.config.issuer {
            return Err(IssuerUnavailable(format!(
                "its metadata names another issuer, `{}`",
                metadata.issuer
            )));
        }
        let IssuerMetadata {
            authorization_endpoint,
            token_endpoint,
            jwks_uri,
            ..
        } = &metadata;
        let mut addresses = vec![authorization_endpoint, token_endpoint, jwks_uri];
        addresses.extend(&metadata.userinfo_endpoint);
        let unguarded = addresses
            .into_iter()
            .find(|address| !is_guarded_by(&self.config.issuer, address));
        match unguarded {
            Some(open) => Err(IssuerUnavailable(format!(
                "its metadata names `{open}`, which does not use https"
            ))),
            None => Ok(metadata),
        }
    }

    /// Returns the keys and their read time. Keys older than `age_ms_max` are read again if the
    /// issuer is available.
    async fn load_keys(
        &self,
        metadata: &IssuerMetadata,
        age_ms_max: i64,
    ) -> Result<(Arc<IssuerKeys>, UnixMillis), IssuerUnavailable> {
        let now = self.clock.now();
        let known = self.lock_cache().keys.clone();
        if let Some((keys, read_at)) = &known
            && now.ms_since(*read_at) < age_ms_max
        {
            return Ok((keys.clone(), *read_at));
        }
        let read = self.client.read::<KeySetDocument>(&metadata.jwks_uri, None);
        match self
            .call_with_backoff(now, read)
            .await
            .map(IssuerKeys::from_document)
        {
            Ok(keys) if !keys.is_empty() => {
                let keys = Arc::new(keys);
                self.lock_cache().keys = Some((keys.clone(), now));
                Ok((keys, now))
            }
            Ok(_) => {
                known.ok_or_else(|| IssuerUnavailable("its key set has no usable key".to_owned()))
            }
            Err(unavailable) => known.ok_or(unavailable),
        }
    }

    /// Makes a request, unless one failed within the backoff.
    async fn call_with_backoff<T>(
        &self,
        now: UnixMillis,
        question: impl Future<Output = Result<T, IssuerUnavailable>>,
    ) -> Result<T, IssuerUnavailable> {
        if self
            .lock_cache()
            .failed_at
            .is_some_and(|at| now.ms_since(at) < BACKOFF_MS)
        {
            return Err(IssuerUnavailable(
                "a request failed a moment ago; the next attempt waits for the backoff".to_owned(),
            ));
        }
        let answer = question.await;
        if let Err(unavailable) = &answer {
            tracing::warn!(issuer = self.name(), away = %unavailable, "Could not read an issuer's metadata or keys");
            self.lock_cache().failed_at = Some(now);
        }
        answer
    }

    fn lock_cache(&self) -> MutexGuard<'_, IssuerCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<IssuerUnavailable> for OidcFlowError {
    fn from(unavailable: IssuerUnavailable) -> Self {
        Self::Unavailable(unavailable)
    }
}

impl From<IdTokenError> for OidcFlowError {
    fn from(fault: IdTokenError) -> Self {
        Self::Refused(fault)
    }
}

fn report_unusable_address(error: impl std::fmt::Display) -> IssuerUnavailable {
    IssuerUnavailable(format!("an address is invalid: {error}"))
}

/// Never repeats the issuer's answer, which may hold tokens.
fn to_flow_error(error: RequestTokenError<IssuerUnavailable, BasicErrorResponse>) -> OidcFlowError {
    match error {
        RequestTokenError::ServerResponse(refusal) => match refusal.error() {
            BasicErrorResponseType::InvalidGrant => IdTokenError::Code.into(),
            other => IssuerUnavailable(format!("it refused the code exchange: {other}")).into(),
        },
        RequestTokenError::Request(unavailable) => unavailable.into(),
        RequestTokenError::Parse(..) => {
            IssuerUnavailable("could not parse its answer to the code exchange".to_owned()).into()
        }
        RequestTokenError::Other(what) => IssuerUnavailable(what).into(),
    }
}
