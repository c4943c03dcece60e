//! The settings of sign-in codes sent to phones, and the gateway that sends them.

use std::sync::Arc;

use platform::sms::{CountryCode, PhoneNumber, Sms, SmsAddressError, SmsMessage};
use process::{problem::format_error_chain, tasks::Tasks};
use tokio::sync::Semaphore;

use crate::{config::Config, lookups::Lookups};

/// Concurrent requests to the SMS gateway. Further requests are refused and may be retried.
const REQUESTS_AT_ONCE_MAX: usize = 64;
const MINUTES_MAX: u32 = 60;
const TRIES_MAX: u32 = 10;

#[derive(Clone)]
pub struct PhoneCodes {
    sms: Sms,
    pub home: CountryCode,
    served: Vec<CountryCode>,
    pub minutes: u32,
    pub tries: u32,
    pub newcomers: bool,
    pub permits: Arc<Semaphore>,
    /// Further codes are dropped.
    pub lookups: Lookups,
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
        let countries = config.phone_countries.clone();
        let served = if countries.is_empty() {
            vec![home.clone()]
        } else {
            countries
        };
        if let Some(expensive) = served.iter().find(|country| !country.is_of_a_country()) {
            return Err(PhoneCodesError::Country(expensive.clone()));
        }
        Ok(Self {
            sms,
            home,
            served,
            minutes,
            tries,
            newcomers: config.code_newcomers,
            permits: Arc::new(Semaphore::new(REQUESTS_AT_ONCE_MAX)),
            lookups: Lookups::new(tasks),
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

    /// Returns true if the gateway accepted the message.
    pub async fn deliver_code(&self, message: &SmsMessage) -> bool {
        let sent = self.sms.send(message).await;
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

    pub fn is_served(&self, phone: &PhoneNumber) -> bool {
        self.served
            .iter()
            .any(|country| phone.is_ordinary_in(country))
    }
}
