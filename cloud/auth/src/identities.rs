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
    domain::{Email, Username, username_from},
    entry::{Entry, EntryRefusal},
    events,
    issuers::{
        IdentityClaims, Issuer, IssuerProof, IssuerReply, ProofFailure, Visit, VisitLink, is_same,
    },
    limits::SpentQuota,
    passwords::NO_PASSWORD,
    service::{AccessGrant, Service, ServiceError},
    store::{
        Account, IssuerSubject, LinkResult, NewcomerResult, OthersEnding, PHONES, SessionEnding,
        UnlinkResult,
    },
};

pub struct BegunVisit {
    /// The browser is sent to this address.
    pub address: String,
    /// The browser keeps this until it returns.
    pub ticket: String,
    pub ends_at: UnixMillis,
}

/// The parameters that a browser brings back from an issuer.
pub struct VisitReply {
    pub ticket: String,
    pub state: String,
    pub reply: IssuerReply,
}

/// The context of a sign-in request.
pub struct Arrival {
    pub from: ClientAddress,
    pub device: Option<String>,
    pub refresh: bool,
    pub trace: TraceId,
}

/// The reason for refusing a flow. Labels name the issuer.
pub enum VisitRefusal {
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
    Registrations(SpentQuota),
    TooOften(SpentQuota),
    Entry(EntryRefusal),
}

/// Every attempt after the first adds four random characters.
const NAMES_TRIED: usize = 6;
const TAIL_ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl Service {
    pub async fn begin_visit(
        &self,
        issuer: &str,
        link: Option<VisitLink>,
    ) -> Result<BegunVisit, VisitRefusal> {
        let issuer = self.issuers.named(issuer).ok_or(VisitRefusal::UnknownIssuer)?;
        let visit = Visit::new(self.clock.new_id(), issuer.name(), self.clock.now(), link);
        let address = issuer.way_there(&visit).await.map_err(|away| was_away(issuer, &away))?;
        Ok(BegunVisit { address, ticket: self.issuers.ticket(&visit), ends_at: visit.ends_at() })
    }

    /// Starts a flow that links an identity to the signed-in account. This requires the password:
    /// otherwise a session thief would keep access.
    pub async fn begin_link(
        &self,
        owner: &Claims,
        from: ClientAddress,
        issuer: &str,
        password: String,
    ) -> Result<Result<BegunVisit, VisitRefusal>, ServiceError> {
        if self.issuers.named(issuer).is_none() {
            return Ok(Err(VisitRefusal::UnknownIssuer));
        }
        let account = match self.own_account(owner, from, password).await? {
            Ok((account, _)) => account,
            Err(refused) => return Ok(Err(VisitRefusal::Entry(refused))),
        };
        let password_of = account.password_changed_at;
        let link = VisitLink { user: owner.sub, session: owner.jti, password_of };
        Ok(self.begin_visit(issuer, Some(link)).await)
    }

    /// Signs a person in after they return from an issuer; new people become customers.
    pub async fn sign_in_elsewhere(
        &self,
        reply: VisitReply,
        arrival: Arrival,
    ) -> Result<Result<AccessGrant, VisitRefusal>, ServiceError> {
        // Count before the flow is spent, so that a refused person may retry it.
        if let Err(spent) = self.limits.visit(arrival.from).await {
            return Ok(Err(VisitRefusal::TooOften(spent)));
        }
        let (issuer, proof) = match self.proven(reply, None).await? {
            Ok((issuer, _, proof)) => (issuer, proof),
            Err(refusal) => return Ok(Err(refusal)),
        };
        let subject = proof.claims.sub.clone();
        let whose = IssuerSubject { issuer: issuer.address(), subject: &subject };
        if self.store.identity_owner(whose).await?.is_none()
            && let Err(refusal) = self.newcomer(issuer, proof, &arrival).await?
        {
            return Ok(Err(refusal));
        }
        self.enter(whose, arrival).await
    }

    /// Links the returned identity to the account that started the flow.
    pub async fn link(
        &self,
        reply: VisitReply,
        owner: &Claims,
    ) -> Result<Result<(), VisitRefusal>, ServiceError> {
        // Count before the flow is spent and the issuer called, as for a sign-in.
        if let Err(spent) = self.limits.link(owner.sub).await {
            return Ok(Err(VisitRefusal::Entry(EntryRefusal::TooOften(spent))));
        }
        let (issuer, link, proof) = match self.proven(reply, Some(owner)).await? {
            Ok((issuer, Some(link), proof)) => (issuer, link, proof),
            Ok((_, None, _)) => return Ok(Err(VisitRefusal::Over)),
            Err(refusal) => return Ok(Err(refusal)),
        };
        let whose = IssuerSubject { issuer: issuer.address(), subject: &proof.claims.sub };
        let written = (IdentityId(self.clock.new_id()), self.clock.now());
        let linked = self.store.link_identity(owner.sub, link.password_of, whose, written).await?;
        Ok(match linked {
            LinkResult::Linked => {
                tracing::info!(user.id = %owner.sub, issuer = issuer.name(), "An identity was linked");
                Ok(())
            }
            LinkResult::Taken => Err(VisitRefusal::IdentityTaken),
            LinkResult::Changed => Err(VisitRefusal::Over),
        })
    }

    /// Removes an identity from the caller's account and ends all other sessions: they may have
    /// begun with it.
    pub async fn unlink(
        &self,
        owner: &Claims,
        identity: IdentityId,
        trace: &TraceId,
    ) -> Result<UnlinkResult, ServiceError> {
        let (at, why) = (self.clock.now(), SessionEnding::ByOwner);
        let ending = OthersEnding { user: owner.sub, except: Some(owner.jti), at, why };
        let event_of = |session| {
            let kind = EventType::SessionRevoked;
            events::of(kind, &self.clock, trace, owner.sub, owner.role, Some(session))
        };
        let under_way = self.sessions.ending();
        let result = self.store.unlink_identity(identity, ending, event_of).await?;
        if let UnlinkResult::Removed(ended) = &result {
            tracing::info!(user.id = %owner.sub, ended = ended.len(), "An identity was removed");
            self.tell_ended(under_way, ended, at).await;
        } else {
            under_way.told();
        }
        Ok(result)
    }

    /// Completes a flow and verifies the identity with its issuer. The flow is spent regardless of
    /// the result.
    async fn proven(
        &self,
        VisitReply { ticket, state, reply }: VisitReply,
        owner: Option<&Claims>,
    ) -> Result<Result<(&Issuer, Option<VisitLink>, IssuerProof), VisitRefusal>, ServiceError> {
        let visit = self.issuers.visit(&ticket);
        let visit = visit.filter(|visit| {
            let linking = visit.link.map(|link| (link.user, link.session));
            is_same(&visit.state, &state)
                && self.clock.now() < visit.ends_at()
                && linking == owner.map(|owner| (owner.sub, owner.jti))
        });
        let Some(visit) = visit else { return Ok(Err(VisitRefusal::Over)) };
        let Some(issuer) = self.issuers.named(&visit.issuer) else {
            return Ok(Err(VisitRefusal::UnknownIssuer));
        };
        if !self.store.end_visit(visit.id, visit.ends_at()).await? {
            return Ok(Err(VisitRefusal::Over));
        }
        Ok(match issuer.prove(&visit, reply).await {
            Ok(proof) => Ok((issuer, visit.link, proof)),
            Err(ProofFailure::Away(away)) => Err(was_away(issuer, &away)),
            Err(ProofFailure::Refused(fault)) => {
                tracing::warn!(issuer = issuer.name(), %fault, "An issuer's token was refused");
                Err(VisitRefusal::Refused(issuer.label().to_owned()))
            }
        })
    }

    /// Registers a customer. The address is used only if the issuer verified it and no account has
    /// it.
    async fn newcomer(
        &self,
        issuer: &Issuer,
        proof: IssuerProof,
        arrival: &Arrival,
    ) -> Result<Result<(), VisitRefusal>, ServiceError> {
        if let Err(spent) = self.limits.registration(arrival.from).await {
            return Ok(Err(VisitRefusal::Registrations(spent)));
        }
        let claims = match issuer.described(proof).await {
            Ok(claims) => claims,
            Err(away) => return Ok(Err(was_away(issuer, &away))),
        };
        let whose = IssuerSubject { issuer: issuer.address(), subject: &claims.sub };
        let user = UserId(self.clock.new_id());
        let Some(email) = email_of(&claims, user) else {
            return Ok(Err(VisitRefusal::Refused(issuer.label().to_owned())));
        };
        let names = (0..NAMES_TRIED).filter_map(|attempt| name_of(&claims, attempt));
        let registered = self.register_by(whose, (user, email), names, &arrival.trace).await?;
        Ok(match registered {
            Some(NewcomerResult::EmailTaken) => {
                Err(VisitRefusal::EmailTaken(issuer.label().to_owned()))
            }
            Some(_) => Ok(()),
            None => Err(VisitRefusal::Over),
        })
    }

    /// Registers a customer without a password, with the first free name. Returns `None` if all
    /// names are taken.
    pub async fn register_by(
        &self,
        whose: IssuerSubject<'_>,
        (user, email): (UserId, Email),
        names: impl Iterator<Item = Username>,
        trace: &TraceId,
    ) -> Result<Option<NewcomerResult>, ServiceError> {
        let account = Account {
            id: user,
            role_id: Role::Customer,
            password_hash: NO_PASSWORD.to_owned(),
            password_changed_at: None,
            tokens_since: UnixMillis(0),
        };
        for username in names {
            let (kind, role) = (EventType::UserRegistered, account.role_id);
            let event = events::of(kind, &self.clock, trace, account.id, role, None)?;
            let written = (IdentityId(self.clock.new_id()), self.clock.now());
            let named = (&username, &email);
            match self.store.add_newcomer(&account, named, whose, written, &event).await? {
                NewcomerResult::NameTaken => {}
                result => {
                    if result == NewcomerResult::Made {
                        tracing::info!(user.id = %account.id, issuer = whose.issuer, "Registered");
                    }
                    return Ok(Some(result));
                }
            }
        }
        tracing::error!(issuer = whose.issuer, "Every name for a newcomer was taken");
        Ok(None)
    }

    /// Begins a session as a password does. Wrong passwords from other people cause no lockout
    /// here.
    pub async fn enter(
        &self,
        whose: IssuerSubject<'_>,
        arrival: Arrival,
    ) -> Result<Result<AccessGrant, VisitRefusal>, ServiceError> {
        let Arrival { from, device, refresh, trace } = arrival;
        let Some((identity, user)) = self.store.identity(whose).await? else {
            return Ok(Err(VisitRefusal::Over));
        };
        let name = self.store.username(user).await?;
        let Some(username) = name.and_then(|name| Username::new(&name).ok()) else {
            return Ok(Err(VisitRefusal::Closed));
        };
        let Some(account) = self.store.account(&username).await? else {
            return Ok(Err(VisitRefusal::Closed));
        };
        if whose.issuer == PHONES && account.role_id != Role::Customer {
            return Ok(Err(VisitRefusal::PasswordOnly));
        }
        self.store.note_number(identity, whose).await?;
        let entry = match self.entry(&username, from, device).await? {
            // A concurrent unlink or password change either finds this session or prevents it.
            Ok(entry) => Entry { identity: Some(identity), ..entry },
            Err(spent) => return Ok(Err(VisitRefusal::Entry(EntryRefusal::TooOften(spent)))),
        };
        let begun = self.begin_session(&account, entry, refresh, (None, &trace)).await?;
        let name = username.as_str().to_owned();
        Ok(begun.map(|grant| grant.of(name)).ok_or(VisitRefusal::Closed))
    }
}

fn was_away(issuer: &Issuer, away: &impl std::fmt::Display) -> VisitRefusal {
    tracing::warn!(issuer = issuer.name(), %away, "An issuer is out of reach");
    VisitRefusal::Away(issuer.label().to_owned())
}

/// Every account requires an address; `.invalid` marks undeliverable ones.
fn email_of(claims: &IdentityClaims, user: UserId) -> Option<Email> {
    let told = claims.email.as_deref().filter(|_| claims.email_verified);
    let told = told.and_then(|email| Email::new(email).ok());
    told.or_else(|| Email::new(&format!("{user}@elsewhere.invalid")).ok())
}

fn name_of(claims: &IdentityClaims, attempt: usize) -> Option<Username> {
    let words = [&claims.preferred_username, &claims.email, &claims.name];
    let words = words.into_iter().filter_map(Option::as_deref);
    let tail = (attempt > 0).then(tail::<4>);
    username_from(words, tail.as_deref())
}

/// Random characters that make a name unique.
pub fn tail<const CHARS: usize>() -> String {
    let letter = |byte: u8| char::from(TAIL_ALPHABET[usize::from(byte & 31)]);
    random::bytes::<CHARS>().map(letter).iter().collect()
}
