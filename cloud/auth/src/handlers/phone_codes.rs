//! Sign-in with a code sent to a phone: `GET /api/v1/auth/codes` shows if it is offered, `POST`
//! sends a code, and `.../sign-in` accepts it.
//!
//! Invariants: before the code of a number is verified, no answer waits for an account lookup, so
//! neither the answer nor its timing reveals who has an account; a code opens one session; a number
//! opens only the account that it registered or that its owner linked with the password, and only
//! customer accounts; a code requested at a region's edge opens only that region's edges.

use axum::{
    extract::State,
    http::{HeaderMap, header},
};
use platform::{
    ClientAddress,
    sms::{PhoneNumber, SmsMessage},
};
use process::{
    metrics,
    problem::{Json, Problem, format_error_chain},
    random,
    trace::RequestTrace,
};
use serde::Deserialize;
use utoipa::ToSchema;
use wire::{
    Code, CodeOffer, DeviceId, FieldError, Language, Region, SentCode, Sentence, UnixMillis, UserId,
};

use super::{
    email_addresses::to_code_tries_problem,
    identities::{IdentityRefusal, SignInContext, random_guest_name},
};
use crate::{
    device_grants::TabletForm,
    domain::{Email, Lockout, SignInCode},
    errors::{AttemptError, RefusalReason, ServiceError},
    limits::{CodeQuota, QuotaExceeded},
    passwords::HashLane,
    say,
    service::{IntoProblem, Service},
    sign_in::{AccessGrant, CredentialRefusal, SignInOrigin, TokenChoice},
    store::{CodeLifetime, CodeTryResult, CreateAccountResult, IssuerSubject, PlaceHash},
};

/// The SMS gateway may recover within seconds.
const NOT_SENT_RETRY_S: u32 = 5;
const NAMES_TRIED: usize = 3;

#[derive(Deserialize, ToSchema)]
pub(crate) struct PhoneForm {
    /// With `+` and the country code, or in national format.
    phone: String,
    /// The code then opens only this region's edges: a sign-in with it must be `edge_only`.
    #[serde(default)]
    region: Option<Region>,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct CodeForm {
    phone: String,
    /// Six digits. Spaces do not matter.
    code: String,
    /// Also requests a token for this region's edges.
    #[serde(default)]
    region: Option<Region>,
    /// Requests only the edge token.
    #[serde(default)]
    edge_only: bool,
    /// The secret that this device received at an earlier sign-in. An empty text requests one.
    #[serde(default)]
    device: Option<String>,
    /// Requests a refresh token, for programs that store it.
    #[serde(default)]
    refresh: bool,
    /// The requesting tablet, with `edge_only`. A kiosk's token is then bound to it and valid for
    /// days.
    #[serde(default)]
    tablet: Option<DeviceId>,
}

pub(super) struct PhoneProof {
    pub phone: PhoneNumber,
    pub code: SignInCode,
    /// If set, the code opens only this region's edges.
    pub region: Option<Region>,
}

/// The reason for not sending a code, or for rejecting one.
pub(super) enum PhoneCodeRefusal {
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
    /// The same reasons as for an issuer's identity.
    Identity(IdentityRefusal),
}

impl RefusalReason for PhoneCodeRefusal {}

pub(crate) async fn code_offer(State(service): State<Service>) -> Json<CodeOffer> {
    Json(CodeOffer {
        offered: service.codes.are_offered(),
    })
}

pub(crate) async fn send_code(
    State(service): State<Service>,
    from: ClientAddress,
    headers: HeaderMap,
    Json(form): Json<PhoneForm>,
) -> Result<Json<SentCode>, Problem> {
    let phone = parse_phone(&service, &form.phone)?;
    let accepted = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok());
    let language = accepted.map(Language::from_accept).unwrap_or_default();
    let expires_in = service
        .send_code(phone, form.region, from, language)
        .await
        .map_err(|error| error.into_problem(&service))?;
    Ok(Json(SentCode { expires_in }))
}

impl Service {
    /// Sends a code to a number, regardless of its account, and voids the previous code. Returns
    /// the code's lifetime in seconds.
    async fn send_code(
        &self,
        phone: PhoneNumber,
        region: Option<Region>,
        from: ClientAddress,
        language: Language,
    ) -> Result<u32, AttemptError<PhoneCodeRefusal>> {
        if !self.codes.are_offered() {
            return Err(PhoneCodeRefusal::Off.into());
        }
        if !self.codes.is_served(&phone) {
            return Err(PhoneCodeRefusal::NotServed.into());
        }
        let Ok(_permit) = self.codes.permits.try_acquire() else {
            return Err(PhoneCodeRefusal::NotSent.into());
        };
        let name = self.store.phone_name_hash(&phone);
        if let Err((quota, spent)) = self.limits.count_code(name, from).await {
            if quota == CodeQuota::All {
                let message = self.replace_code(phone, region, language).await?;
                self.send_in_background(message);
            }
            return Err(PhoneCodeRefusal::Asked(quota, spent).into());
        }
        let message = self.replace_code(phone, region, language).await?;
        if !self.codes.deliver_code(&message).await {
            return Err(PhoneCodeRefusal::NotSent.into());
        }
        Ok(self.codes.lifetime_seconds())
    }

    /// Stores a new code for a number, and returns the message with it.
    async fn replace_code(
        &self,
        phone: PhoneNumber,
        region: Option<Region>,
        language: Language,
    ) -> Result<SmsMessage, ServiceError> {
        let code = SignInCode::new(random::draw_bytes());
        let at = self.clock.now();
        let term = CodeLifetime {
            at,
            expires_at: at.plus_ms(i64::from(self.codes.lifetime_seconds()) * 1_000),
        };
        self.store
            .store_code(self.clock.new_id(), &phone, &code, region, term)
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

    /// Sends a code if its number opens an account. The answer does not wait for this lookup, so it
    /// reveals nothing.
    fn send_in_background(&self, message: SmsMessage) {
        let service = self.clone();
        let is_begun = self.codes.lookups.try_spawn("account-code", async move {
            let whose = IssuerSubject::from_phone(&message.to);
            match service.store.find_identity_owner(whose).await {
                Ok(Some(_)) if service.limits.count_account_code().await.is_ok() => {
                    service.codes.deliver_code(&message).await;
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
        if !is_begun {
            tracing::warn!(
                "Did not send a code to a phone: too many phone numbers are being looked up"
            );
        }
    }
}

pub(crate) async fn sign_in_by_code(
    State(service): State<Service>,
    RequestTrace(trace): RequestTrace,
    from: ClientAddress,
    Json(form): Json<CodeForm>,
) -> Result<Json<AccessGrant>, Problem> {
    let CodeForm {
        phone,
        code,
        region,
        edge_only,
        device,
        refresh,
        tablet,
    } = form;
    let tablet = tablet.map(|device| TabletForm {
        device,
        key: None,
        label: None,
    });
    let tokens = TokenChoice::from_form(region, edge_only, refresh, tablet)?;
    let proof = parse_phone_proof(&service, &phone, &code, tokens.sole_region())?;
    let context = SignInContext {
        from,
        device,
        refresh: tokens.refresh,
        tablet: tokens.tablet.clone(),
        trace,
    };
    let result = service.sign_in_by_code(proof, context).await;
    match &result {
        Ok(_) => metrics::SIGN_INS.add(["by code"], 1),
        Err(AttemptError::Refused(_)) => metrics::SIGN_INS.add(["refused by code"], 1),
        Err(AttemptError::Failed(_)) => {}
    }
    let mut grant = result.map_err(|error| error.into_problem(&service))?;
    service.add_edge_token(&mut grant, &tokens);
    Ok(Json(grant))
}

impl Service {
    /// Signs a customer in with the code from their phone; new people are registered.
    async fn sign_in_by_code(
        &self,
        proof: PhoneProof,
        sign_in: SignInContext,
    ) -> Result<AccessGrant, AttemptError<PhoneCodeRefusal>> {
        self.limits
            .count_code_try(sign_in.from)
            .await
            .map_err(PhoneCodeRefusal::TooOften)?;
        self.verify_phone_code(&proof, sign_in.from).await?;
        let whose = IssuerSubject::from_phone(&proof.phone);
        if self.store.find_identity_owner(whose).await?.is_none() {
            self.register_by_phone(whose, &sign_in).await?;
        }
        self.sign_in_by_identity(whose, sign_in)
            .await
            .map_err(|error| {
                error.map_refusal(|refusal| match refusal {
                    IdentityRefusal::Over => PhoneCodeRefusal::Over,
                    refusal => PhoneCodeRefusal::Identity(refusal),
                })
            })
    }

    /// Checks a code. A wrong one counts as a wrong password for that number.
    pub(super) async fn verify_phone_code(
        &self,
        proof: &PhoneProof,
        from: ClientAddress,
    ) -> Result<(), AttemptError<PhoneCodeRefusal>> {
        if !self.codes.are_offered() {
            return Err(PhoneCodeRefusal::Off.into());
        }
        let PhoneProof {
            phone,
            code,
            region,
        } = proof;
        let name = self.store.phone_name_hash(phone);
        let place = PlaceHash::from_address(from);
        self.limits
            .count_sign_in(name, from)
            .await
            .map_err(PhoneCodeRefusal::TooOften)?;
        let origin = SignInOrigin {
            name,
            place,
            lane: HashLane::Usual,
            address: self.store.address_place(from),
            device: None,
            identity: None,
            has_factor_proof: false,
        };
        if let Lockout::Until(until) = self.check_lockout(&origin).await? {
            return Err(PhoneCodeRefusal::Locked(until).into());
        }
        let tried = self
            .store
            .try_code(
                phone,
                code,
                *region,
                place,
                self.codes.tries,
                self.clock.now(),
            )
            .await?;
        match tried {
            CodeTryResult::Right => Ok(()),
            CodeTryResult::Over => Err(PhoneCodeRefusal::Over.into()),
            CodeTryResult::Wrong { tries_left } => {
                self.record_failure(&origin).await?;
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
            return Err(PhoneCodeRefusal::Identity(IdentityRefusal::Registrations(spent)).into());
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
            Some(CreateAccountResult::Created | CreateAccountResult::IdentityTaken) => Ok(()),
            _ => Err(PhoneCodeRefusal::Over.into()),
        }
    }
}

fn parse_phone(service: &Service, typed: &str) -> Result<PhoneNumber, Problem> {
    let number = PhoneNumber::parse_typed(typed, &service.codes.home);
    number.ok_or_else(|| Problem::wrong_field("phone", say::phone_needs))
}

/// Reports errors in both fields together.
pub(super) fn parse_phone_proof(
    service: &Service,
    phone: &str,
    code: &str,
    region: Option<Region>,
) -> Result<PhoneProof, Problem> {
    let typed = (
        PhoneNumber::parse_typed(phone, &service.codes.home),
        SignInCode::parse_typed(code),
    );
    match typed {
        (Some(phone), Some(code)) => Ok(PhoneProof {
            phone,
            code,
            region,
        }),
        (phone, code) => {
            let wrong = [
                phone
                    .is_none()
                    .then(|| FieldError::new("phone", say::phone_needs)),
                code.is_none()
                    .then(|| FieldError::new("code", say::code_needs)),
            ];
            Err(Vec::from_iter(wrong.into_iter().flatten()).into())
        }
    }
}

impl IntoProblem for PhoneCodeRefusal {
    fn into_problem(self, service: &Service) -> Problem {
        match self {
            Self::Off => Code::CodesOff.into(),
            Self::NotSent => Problem::new(Code::CodeNotSent).retry_after(NOT_SENT_RETRY_S),
            Self::NotServed => {
                let countries = service.codes.served_countries();
                Problem::wrong_field(
                    "phone",
                    say::phone_countries {
                        countries: countries.into(),
                    },
                )
            }
            Self::Asked(quota, QuotaExceeded { most, retry_s }) => {
                let most = most.into();
                let minutes = retry_s.div_ceil(60).into();
                let too_many = Problem::new(Code::RateLimited).retry_after(retry_s);
                match quota {
                    CodeQuota::Phone => too_many.with_detail(say::codes_of_phone { most, minutes }),
                    CodeQuota::Address => {
                        too_many.with_detail(say::codes_of_address { most, minutes })
                    }
                    CodeQuota::All => {
                        // A number with an account still gets its code, for the same form.
                        let problem = too_many.with_detail(say::codes_of_all { minutes });
                        problem.with_member("expires_in", service.codes.lifetime_seconds())
                    }
                }
            }
            Self::Wrong { tries_left } => {
                let why = say::tries_left {
                    count: u64::from(tries_left),
                };
                Problem::new(Code::CodeWrong)
                    .with_detail(why)
                    .with_member("tries_left", tries_left)
            }
            Self::Over => Code::CodeOver.into(),
            Self::TooOften(spent) => to_code_tries_problem(spent),
            Self::Locked(until) => {
                let locked = CredentialRefusal::Locked(until).into_problem(service);
                locked.with_detail(say::codes_locked)
            }
            Self::Unknown => Code::PhoneUnknown.into(),
            Self::Identity(refused) => refused.into_problem(service),
        }
    }
}
