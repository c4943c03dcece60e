//! Sign-in with a code sent to a phone.
//!
//! Invariants: before the code of a number is verified, no answer waits for an account lookup, so
//! neither the answer nor its timing reveals who has an account; a code opens one session; a number
//! opens only the account that it registered or that its owner linked with the password, and only
//! customer accounts.

use std::sync::Arc;

use platform::{
    ClientAddress,
    sms::{CountryCode, PhoneNumber, Sms, SmsAddressError, SmsMessage},
};
use process::{problem::format_error_chain, random, tasks::Tasks, tokens::Claims};
use tokio::sync::Semaphore;
use wire::{Language, Role, Sentence, UnixMillis, UserId};

use crate::{
    Config,
    domain::{Email, Lockout, SignInCode, Username},
    entry::SignInOrigin,
    errors::{AttemptError, RefusalReason, ServiceError},
    identities::{IdentityRefusal, SignInContext, random_suffix},
    limits::{CodeQuota, QuotaExceeded},
    passwords::HashLane,
    say,
    service::{AccessGrant, Service},
    store::{
        AddNewcomerResult, CodeLifetime, CodeTryResult, IssuerSubject, LinkIdentityResult, PHONES,
        PlaceHash,
    },
};

/// Concurrent requests to the SMS gateway. Further requests are refused and may be retried.
const AT_ONCE_MAX: usize = 64;
/// Concurrent account lookups after the answer. Further codes are dropped.
const AFTERWARDS_MAX: usize = 64;
const MINUTES_MAX: u32 = 60;
const TRIES_MAX: u32 = 10;
const NAMES_TRIED: usize = 3;
/// Enough suffixes for more guests than there are people.
const GUEST_CHARS: usize = 8;

#[derive(Clone)]
pub struct PhoneCodes {
    sms: Sms,
    pub home: CountryCode,
    served: Vec<CountryCode>,
    minutes: u32,
    tries: u32,
    newcomers: bool,
    turns: Arc<Semaphore>,
    turns_afterwards: Arc<Semaphore>,
    tasks: Tasks,
}

#[derive(Debug, thiserror::Error)]
pub enum PhoneCodesError {
    #[error("`auth.sms_url`")]
    Sms(#[from] SmsAddressError),
    #[error(
        "`auth.phone_countries`: {0} is not a country's code, and messages to it are expensive"
    )]
    Country(CountryCode),
    #[error("`auth.code_minutes` must be at most {MINUTES_MAX}")]
    Minutes,
    #[error(
        "`auth.code_tries` must be at most {TRIES_MAX}, because there are only a million codes"
    )]
    Tries,
}

pub struct PhoneProof {
    pub phone: PhoneNumber,
    pub code: SignInCode,
}

/// The reason for not sending a code, or for rejecting one.
pub enum PhoneCodeRefusal {
    Off,
    NotSent,
    /// The number is foreign, or of a kind with higher fees.
    NotServed,
    Asked(CodeQuota, QuotaExceeded),
    Wrong {
        tries_left: u32,
    },
    Over,
    TooOften(QuotaExceeded),
    Locked(UnixMillis),
    /// No account has the number, and phone registration is off.
    Unknown,
    RoleForbidden,
    /// The same reasons as for an issuer's identity.
    Visit(IdentityRefusal),
}

impl RefusalReason for PhoneCodeRefusal {}

impl PhoneCodes {
    pub fn open(config: &Config, tasks: &Tasks) -> Result<Self, PhoneCodesError> {
        let sms = Sms::open(&config.sms_url, &config.sms_secret)?;
        let minutes = config.code_minutes.get();
        let tries = config.code_tries.get();
        if minutes > MINUTES_MAX {
            return Err(PhoneCodesError::Minutes);
        }
        if tries > TRIES_MAX {
            return Err(PhoneCodesError::Tries);
        }
        let home = config.phone_country.clone();
        let named = config.phone_countries.clone();
        let served = if named.is_empty() {
            vec![home.clone()]
        } else {
            named
        };
        if let Some(dear) = served.iter().find(|country| !country.is_of_a_country()) {
            return Err(PhoneCodesError::Country(dear.clone()));
        }
        Ok(Self {
            sms,
            home,
            served,
            minutes,
            tries,
            newcomers: config.code_newcomers,
            turns: Arc::new(Semaphore::new(AT_ONCE_MAX)),
            turns_afterwards: Arc::new(Semaphore::new(AFTERWARDS_MAX)),
            tasks: tasks.clone(),
        })
    }

    pub fn are_offered(&self) -> bool {
        self.sms.is_on()
    }

    pub fn lifetime_seconds(&self) -> u32 {
        self.minutes * 60
    }

    /// The countries whose numbers get codes, such as `+86, +49`.
    pub fn served_countries(&self) -> String {
        self.served
            .iter()
            .map(CountryCode::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    }

    fn is_served(&self, phone: &PhoneNumber) -> bool {
        self.served
            .iter()
            .any(|country| phone.is_ordinary_in(country))
    }
}

impl Service {
    /// Sends a code to a number, regardless of its account, and voids the previous code. Returns
    /// the code's lifetime in seconds.
    pub async fn send_code(
        &self,
        phone: PhoneNumber,
        from: ClientAddress,
        language: Language,
    ) -> Result<u32, AttemptError<PhoneCodeRefusal>> {
        if !self.codes.are_offered() {
            return Err(PhoneCodeRefusal::Off.into());
        }
        if !self.codes.is_served(&phone) {
            return Err(PhoneCodeRefusal::NotServed.into());
        }
        let Ok(_turn) = self.codes.turns.try_acquire() else {
            return Err(PhoneCodeRefusal::NotSent.into());
        };
        let name = self.store.phone_name_hash(&phone);
        if let Err((quota, spent)) = self.limits.count_code(name, from).await {
            if quota == CodeQuota::All {
                let message = self.replace_code(phone, language).await?;
                self.send_in_background(message);
            }
            return Err(PhoneCodeRefusal::Asked(quota, spent).into());
        }
        let message = self.replace_code(phone, language).await?;
        if !self.deliver_code(&message).await {
            return Err(PhoneCodeRefusal::NotSent.into());
        }
        Ok(self.codes.lifetime_seconds())
    }

    /// Stores a new code for a number, and returns the message with it.
    async fn replace_code(
        &self,
        phone: PhoneNumber,
        language: Language,
    ) -> Result<SmsMessage, ServiceError> {
        let code = SignInCode::new(random::draw_bytes());
        let at = self.clock.now();
        let term = CodeLifetime {
            at,
            expires_at: at.plus_ms(i64::from(self.codes.lifetime_seconds()) * 1_000),
        };
        self.store
            .store_code(self.clock.new_id(), &phone, &code, term)
            .await?;
        let minutes = self.codes.minutes.into();
        let text = say::code_message {
            code: code.reveal().into(),
            minutes,
        };
        Ok(SmsMessage {
            id: self.clock.new_id(),
            to: phone,
            text: text.render_in(language),
        })
    }

    /// Returns true if the gateway accepted the message.
    async fn deliver_code(&self, message: &SmsMessage) -> bool {
        let sent = self.codes.sms.send(message).await;
        match &sent {
            Ok(()) => tracing::info!("Sent a code to a phone"),
            Err(error) => {
                tracing::warn!(
                    cause = format_error_chain(error),
                    "Could not send a code to a phone"
                );
            }
        }
        sent.is_ok()
    }

    /// Sends a code if its number opens an account. The answer does not wait for this lookup, so it
    /// reveals nothing.
    fn send_in_background(&self, message: SmsMessage) {
        let Ok(turn) = self.codes.turns_afterwards.clone().try_acquire_owned() else {
            tracing::warn!(
                "Did not send a code to a phone: too many phone numbers are being looked up"
            );
            return;
        };
        let service = self.clone();
        self.codes.tasks.spawn_once("account-code", async move {
            let _turn = turn;
            let whose = IssuerSubject {
                issuer: PHONES,
                subject: message.to.as_str(),
            };
            match service.store.find_identity_owner(whose).await {
                Ok(Some(_)) if service.limits.count_account_code().await.is_ok() => {
                    service.deliver_code(&message).await;
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(
                        cause = format_error_chain(&error),
                        "Could not look up the account of a phone number; no code was sent"
                    );
                }
            }
        });
    }

    /// Signs a customer in with the code from their phone; new people are registered.
    pub async fn sign_in_by_code(
        &self,
        proof: PhoneProof,
        sign_in: SignInContext,
    ) -> Result<AccessGrant, AttemptError<PhoneCodeRefusal>> {
        self.limits
            .count_code_try(sign_in.from)
            .await
            .map_err(PhoneCodeRefusal::TooOften)?;
        self.verify_phone_code(&proof, sign_in.from).await?;
        let whose = IssuerSubject {
            issuer: PHONES,
            subject: proof.phone.as_str(),
        };
        if self.store.find_identity_owner(whose).await?.is_none() {
            self.register_by_phone(whose, &sign_in).await?;
        }
        self.sign_in_by_identity(whose, sign_in)
            .await
            .map_err(|error| {
                error.map_refusal(|refusal| match refusal {
                    IdentityRefusal::Over => PhoneCodeRefusal::Over,
                    refusal => PhoneCodeRefusal::Visit(refusal),
                })
            })
    }

    /// Links a number to the signed-in customer's account. This requires the password, like every
    /// new way to sign in: otherwise a session thief would keep access.
    pub async fn link_phone(
        &self,
        proof: PhoneProof,
        owner: &Claims,
        from: ClientAddress,
        password: String,
    ) -> Result<(), AttemptError<PhoneCodeRefusal>> {
        if owner.role != Role::Customer {
            return Err(PhoneCodeRefusal::RoleForbidden.into());
        }
        self.limits
            .count_link(owner.sub)
            .await
            .map_err(PhoneCodeRefusal::TooOften)?;
        let (account, _) = self
            .verify_own_password(owner, from, password)
            .await
            .map_err(|error| {
                error
                    .map_refusal(|refusal| PhoneCodeRefusal::Visit(IdentityRefusal::Entry(refusal)))
            })?;
        self.verify_phone_code(&proof, from).await?;
        let whose = IssuerSubject {
            issuer: PHONES,
            subject: proof.phone.as_str(),
        };
        let identity = self.build_new_identity(whose);
        let password_of = account.password_changed_at;
        let linked = self
            .store
            .link_identity(owner.sub, password_of, identity)
            .await?;
        match linked {
            LinkIdentityResult::Linked => {
                tracing::info!(user.id = %owner.sub, issuer = PHONES, "Linked a phone number to an account");
                Ok(())
            }
            LinkIdentityResult::Taken => {
                Err(PhoneCodeRefusal::Visit(IdentityRefusal::IdentityTaken).into())
            }
            LinkIdentityResult::Changed => Err(PhoneCodeRefusal::Over.into()),
        }
    }

    /// Checks a code. A wrong one counts as a wrong password for that number.
    async fn verify_phone_code(
        &self,
        PhoneProof { phone, code }: &PhoneProof,
        from: ClientAddress,
    ) -> Result<(), AttemptError<PhoneCodeRefusal>> {
        if !self.codes.are_offered() {
            return Err(PhoneCodeRefusal::Off.into());
        }
        let name = self.store.phone_name_hash(phone);
        let place = PlaceHash::from_address(from);
        self.limits
            .count_sign_in(name, from)
            .await
            .map_err(PhoneCodeRefusal::TooOften)?;
        let entry = SignInOrigin {
            name,
            place,
            lane: HashLane::Usual,
            device: None,
            identity: None,
        };
        if let Lockout::Until(until) = self.check_lockout(&entry).await? {
            return Err(PhoneCodeRefusal::Locked(until).into());
        }
        let tried = self
            .store
            .try_code(phone, code, place, self.codes.tries, self.clock.now())
            .await?;
        match tried {
            CodeTryResult::Right => Ok(()),
            CodeTryResult::Over => Err(PhoneCodeRefusal::Over.into()),
            CodeTryResult::Wrong { tries_left } => {
                self.record_failure(&entry).await?;
                Err(PhoneCodeRefusal::Wrong { tries_left }.into())
            }
        }
    }

    async fn register_by_phone(
        &self,
        subject: IssuerSubject<'_>,
        sign_in: &SignInContext,
    ) -> Result<(), AttemptError<PhoneCodeRefusal>> {
        if !self.codes.newcomers {
            return Err(PhoneCodeRefusal::Unknown.into());
        }
        if let Err(spent) = self.limits.count_registration(sign_in.from).await {
            return Err(PhoneCodeRefusal::Visit(IdentityRefusal::Registrations(spent)).into());
        }
        let user = UserId(self.clock.new_id());
        // Every account requires an address; `.invalid` marks undeliverable ones.
        let Ok(email) = Email::new(&format!("{user}@phone.invalid")) else {
            return Err(PhoneCodeRefusal::Over.into());
        };
        let names = (0..NAMES_TRIED).filter_map(|_| random_guest_name());
        let registered = self
            .register_with_identity(subject, user, email, names, &sign_in.trace)
            .await?;
        match registered {
            Some(AddNewcomerResult::Made | AddNewcomerResult::IdentityTaken) => Ok(()),
            _ => Err(PhoneCodeRefusal::Over.into()),
        }
    }
}

/// The name reveals nothing about the number.
fn random_guest_name() -> Option<Username> {
    Username::new(&format!("guest-{}", random_suffix::<GUEST_CHARS>())).ok()
}
