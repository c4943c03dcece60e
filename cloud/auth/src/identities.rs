//! OpenID Connect sign-ins from start to callback, and the identities linked to an account,
//! including phone numbers.
//!
//! Invariants: a flow is completed once, by the browser that started it; an identity opens only the
//! account that it registered or that its owner linked with the password; an address from an issuer
//! never links an account.

use platform::ClientAddress;
use process::{random, tokens::Claims, trace::TraceId};
use wire::{EventType, IdentityId, Role, UnixMillis, UserId};

use crate::{
    domain::{Email, Username, derive_username},
    entry::{CredentialRefusal, SignInOrigin},
    errors::{AttemptError, RefusalReason, ServiceError},
    events,
    issuers::{
        AuthorizationResponse, IdentityClaims, Issuer, LinkingSession, OidcFlow, OidcFlowError,
        VerifiedIdentity, constant_time_eq,
    },
    limits::QuotaExceeded,
    passwords::NO_PASSWORD,
    service::{AccessGrant, Service},
    store::{
        Account, AddNewcomerResult, IssuerSubject, LinkIdentityResult, NewIdentity,
        OtherSessionsRevocation, PHONES, SessionEnding, UnlinkIdentityResult,
    },
};

pub struct StartedOidcFlow {
    /// The browser is sent to this address.
    pub address: String,
    /// The browser keeps this until it returns.
    pub ticket: String,
    pub ends_at: UnixMillis,
}

/// The parameters that a browser brings back from an issuer.
pub struct OidcCallback {
    pub ticket: String,
    pub state: String,
    pub reply: AuthorizationResponse,
}

/// The context of a sign-in request.
pub struct SignInContext {
    pub from: ClientAddress,
    pub device: Option<String>,
    pub refresh: bool,
    pub trace: TraceId,
}

/// The reason for refusing a flow. Labels name the issuer.
pub enum IdentityRefusal {
    UnknownIssuer,
    /// The flow was completed before, has expired, or belongs to another browser.
    Over,
    Away(String),
    /// The issuer's token failed verification.
    Refused(String),
    Closed,
    /// Another account has the address.
    EmailTaken(String),
    /// Another account has the identity, or this account has another one at that issuer.
    IdentityTaken,
    /// Phone codes do not open this kind of account.
    PasswordOnly,
    Registrations(QuotaExceeded),
    TooOften(QuotaExceeded),
    Entry(CredentialRefusal),
}

impl RefusalReason for IdentityRefusal {}

/// Every attempt after the first adds four random characters.
const NAMES_TRIED: usize = 6;
const TAIL_ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl Service {
    pub async fn begin_oidc_flow(
        &self,
        issuer: &str,
        link: Option<LinkingSession>,
    ) -> Result<StartedOidcFlow, IdentityRefusal> {
        let issuer = self
            .issuers
            .find_by_name(issuer)
            .ok_or(IdentityRefusal::UnknownIssuer)?;
        let visit = OidcFlow::new(self.clock.new_id(), issuer.name(), self.clock.now(), link);
        let address = issuer
            .authorization_url(&visit)
            .await
            .map_err(|away| log_issuer_unavailable(issuer, &away))?;
        Ok(StartedOidcFlow {
            address,
            ticket: self.issuers.seal_ticket(&visit),
            ends_at: visit.ends_at(),
        })
    }

    /// Starts a flow that links an identity to the signed-in account. This requires the password:
    /// otherwise a session thief would keep access.
    pub async fn begin_identity_link(
        &self,
        owner: &Claims,
        from: ClientAddress,
        issuer: &str,
        password: String,
    ) -> Result<StartedOidcFlow, AttemptError<IdentityRefusal>> {
        if self.issuers.find_by_name(issuer).is_none() {
            return Err(IdentityRefusal::UnknownIssuer.into());
        }
        let (account, _) = self
            .verify_own_password(owner, from, password)
            .await
            .map_err(|error| error.map_refusal(IdentityRefusal::Entry))?;
        let password_of = account.password_changed_at;
        let link = LinkingSession {
            user: owner.sub,
            session: owner.jti,
            password_of,
        };
        Ok(self.begin_oidc_flow(issuer, Some(link)).await?)
    }

    /// Signs a person in after they return from an issuer; new people become customers.
    pub async fn sign_in_by_oidc(
        &self,
        reply: OidcCallback,
        sign_in: SignInContext,
    ) -> Result<AccessGrant, AttemptError<IdentityRefusal>> {
        // Count before the flow is spent, so that a refused person may retry it.
        self.limits
            .count_oidc_return(sign_in.from)
            .await
            .map_err(IdentityRefusal::TooOften)?;
        let (issuer, _, proof) = self.verify_callback(reply, None).await?;
        let subject = proof.claims.sub.clone();
        let whose = IssuerSubject {
            issuer: issuer.address(),
            subject: &subject,
        };
        if self.store.find_identity_owner(whose).await?.is_none() {
            self.register_newcomer(issuer, proof, &sign_in).await?;
        }
        self.sign_in_by_identity(whose, sign_in).await
    }

    /// Links the returned identity to the account that started the flow.
    pub async fn link_identity(
        &self,
        reply: OidcCallback,
        owner: &Claims,
    ) -> Result<(), AttemptError<IdentityRefusal>> {
        // Count before the flow is spent and the issuer called, as for a sign-in.
        if let Err(spent) = self.limits.count_link(owner.sub).await {
            return Err(IdentityRefusal::Entry(CredentialRefusal::TooOften(spent)).into());
        }
        let (issuer, link, proof) = self.verify_callback(reply, Some(owner)).await?;
        let link = link.ok_or(IdentityRefusal::Over)?;
        let whose = IssuerSubject {
            issuer: issuer.address(),
            subject: &proof.claims.sub,
        };
        let identity = self.build_new_identity(whose);
        let linked = self
            .store
            .link_identity(owner.sub, link.password_of, identity)
            .await?;
        match linked {
            LinkIdentityResult::Linked => {
                tracing::info!(user.id = %owner.sub, issuer = issuer.name(), "Linked an identity to an account");
                Ok(())
            }
            LinkIdentityResult::Taken => Err(IdentityRefusal::IdentityTaken.into()),
            LinkIdentityResult::Changed => Err(IdentityRefusal::Over.into()),
        }
    }

    /// Removes an identity from the caller's account and ends all other sessions: they may have
    /// begun with it.
    pub async fn unlink_identity(
        &self,
        owner: &Claims,
        identity: IdentityId,
        trace: &TraceId,
    ) -> Result<UnlinkIdentityResult, ServiceError> {
        let at = self.clock.now();
        let why = SessionEnding::ByOwner;
        let ending = OtherSessionsRevocation {
            user: owner.sub,
            except: Some(owner.jti),
            at,
            why,
        };
        let under_way = self.sessions.begin_revocation();
        let result = self
            .store
            .unlink_identity(identity, ending, |session| {
                events::build_session_revoked_event(
                    &self.clock,
                    trace,
                    owner.sub,
                    owner.role,
                    session,
                )
            })
            .await?;
        if let UnlinkIdentityResult::Removed(ended) = &result {
            tracing::info!(user.id = %owner.sub, ended = ended.len(), "Removed an identity from an account");
            self.blacklist_ended(under_way, ended, at).await;
        } else {
            under_way.mark_reported();
        }
        Ok(result)
    }

    /// Completes a flow and verifies the identity with its issuer. The flow is spent regardless of
    /// the result.
    async fn verify_callback(
        &self,
        OidcCallback {
            ticket,
            state,
            reply,
        }: OidcCallback,
        owner: Option<&Claims>,
    ) -> Result<(&Issuer, Option<LinkingSession>, VerifiedIdentity), AttemptError<IdentityRefusal>>
    {
        let visit = self.issuers.open_ticket(&ticket);
        let visit = visit.filter(|visit| {
            let linking = visit.link.map(|link| (link.user, link.session));
            constant_time_eq(&visit.state, &state)
                && self.clock.now() < visit.ends_at()
                && linking == owner.map(|owner| (owner.sub, owner.jti))
        });
        let Some(visit) = visit else {
            return Err(IdentityRefusal::Over.into());
        };
        let Some(issuer) = self.issuers.find_by_name(&visit.issuer) else {
            return Err(IdentityRefusal::UnknownIssuer.into());
        };
        if !self
            .store
            .mark_flow_spent(visit.id, visit.ends_at())
            .await?
        {
            return Err(IdentityRefusal::Over.into());
        }
        match issuer.exchange_code(&visit, reply).await {
            Ok(proof) => Ok((issuer, visit.link, proof)),
            Err(OidcFlowError::Away(away)) => Err(log_issuer_unavailable(issuer, &away).into()),
            Err(OidcFlowError::Refused(fault)) => {
                tracing::warn!(issuer = issuer.name(), %fault, "Rejected an issuer's ID token");
                Err(IdentityRefusal::Refused(issuer.label().to_owned()).into())
            }
        }
    }

    /// Registers a customer. The address is used only if the issuer verified it and no account has
    /// it.
    async fn register_newcomer(
        &self,
        issuer: &Issuer,
        proof: VerifiedIdentity,
        sign_in: &SignInContext,
    ) -> Result<(), AttemptError<IdentityRefusal>> {
        self.limits
            .count_registration(sign_in.from)
            .await
            .map_err(IdentityRefusal::Registrations)?;
        let claims = issuer
            .complete_claims(proof)
            .await
            .map_err(|away| log_issuer_unavailable(issuer, &away))?;
        let whose = IssuerSubject {
            issuer: issuer.address(),
            subject: &claims.sub,
        };
        let user = UserId(self.clock.new_id());
        let Some(email) = choose_email(&claims, user) else {
            return Err(IdentityRefusal::Refused(issuer.label().to_owned()).into());
        };
        let names = (0..NAMES_TRIED).filter_map(|attempt| choose_username(&claims, attempt));
        let registered = self
            .register_with_identity(whose, user, email, names, &sign_in.trace)
            .await?;
        match registered {
            Some(AddNewcomerResult::EmailTaken) => {
                Err(IdentityRefusal::EmailTaken(issuer.label().to_owned()).into())
            }
            Some(_) => Ok(()),
            None => Err(IdentityRefusal::Over.into()),
        }
    }

    pub fn build_new_identity<'i>(&self, subject: IssuerSubject<'i>) -> NewIdentity<'i> {
        NewIdentity {
            id: IdentityId(self.clock.new_id()),
            subject,
            at: self.clock.now(),
        }
    }

    /// Registers a customer without a password, with the first free name. Returns `None` if all
    /// names are taken.
    pub async fn register_with_identity(
        &self,
        subject: IssuerSubject<'_>,
        user: UserId,
        email: Email,
        names: impl Iterator<Item = Username>,
        trace: &TraceId,
    ) -> Result<Option<AddNewcomerResult>, ServiceError> {
        let account = Account {
            id: user,
            role_id: Role::Customer,
            password_hash: NO_PASSWORD.to_owned(),
            password_changed_at: None,
            tokens_since: UnixMillis(0),
        };
        for username in names {
            let kind = EventType::UserRegistered;
            let role = account.role_id;
            let event = events::build_user_event(kind, &self.clock, trace, account.id, role, None)?;
            let identity = self.build_new_identity(subject);
            match self
                .store
                .add_newcomer(&account, &username, &email, identity, &event)
                .await?
            {
                AddNewcomerResult::NameTaken => {}
                result => {
                    if result == AddNewcomerResult::Made {
                        tracing::info!(user.id = %account.id, issuer = subject.issuer, "Registered");
                    }
                    return Ok(Some(result));
                }
            }
        }
        tracing::error!(
            issuer = subject.issuer,
            "Could not register a new person: every generated user name is taken"
        );
        Ok(None)
    }

    /// Begins a session as a password does. Wrong passwords from other people cause no lockout
    /// here.
    pub async fn sign_in_by_identity(
        &self,
        subject: IssuerSubject<'_>,
        sign_in: SignInContext,
    ) -> Result<AccessGrant, AttemptError<IdentityRefusal>> {
        let SignInContext {
            from,
            device,
            refresh,
            trace,
        } = sign_in;
        let Some((identity, user)) = self.store.find_identity(subject).await? else {
            return Err(IdentityRefusal::Over.into());
        };
        let name = self.store.load_username(user).await?;
        let Some(username) = name.and_then(|name| Username::new(&name).ok()) else {
            return Err(IdentityRefusal::Closed.into());
        };
        let Some(account) = self.store.find_account(&username).await? else {
            return Err(IdentityRefusal::Closed.into());
        };
        if subject.issuer == PHONES && account.role_id != Role::Customer {
            return Err(IdentityRefusal::PasswordOnly.into());
        }
        self.store.store_missing_number(identity, subject).await?;
        let origin = self
            .resolve_origin(&username, from, device)
            .await
            .map_err(|error| {
                error
                    .map_refusal(|spent| IdentityRefusal::Entry(CredentialRefusal::TooOften(spent)))
            })?;
        // A concurrent unlink or password change either finds this session or prevents it.
        let entry = SignInOrigin {
            identity: Some(identity),
            ..origin
        };
        let begun = self
            .begin_session(&account, entry, refresh, None, &trace)
            .await?;
        let grant = begun.ok_or(IdentityRefusal::Closed)?;
        Ok(grant.with_username(username.as_str().to_owned()))
    }
}

fn log_issuer_unavailable(issuer: &Issuer, away: &impl std::fmt::Display) -> IdentityRefusal {
    tracing::warn!(issuer = issuer.name(), %away, "An issuer gave no usable answer for a sign-in or a link");
    IdentityRefusal::Away(issuer.label().to_owned())
}

/// Every account requires an address; `.invalid` marks undeliverable ones.
fn choose_email(claims: &IdentityClaims, user: UserId) -> Option<Email> {
    let told = claims.email.as_deref().filter(|_| claims.email_verified);
    let told = told.and_then(|email| Email::new(email).ok());
    told.or_else(|| Email::new(&format!("{user}@elsewhere.invalid")).ok())
}

fn choose_username(claims: &IdentityClaims, attempt: usize) -> Option<Username> {
    let words = [&claims.preferred_username, &claims.email, &claims.name];
    let words = words.into_iter().filter_map(Option::as_deref);
    let tail = (attempt > 0).then(random_suffix::<4>);
    derive_username(words, tail.as_deref())
}

/// Random characters that make a name unique.
pub fn random_suffix<const CHARS: usize>() -> String {
    random::draw_bytes::<CHARS>()
        .iter()
        .map(|byte| char::from(TAIL_ALPHABET[usize::from(byte & 31)]))
        .collect()
}
