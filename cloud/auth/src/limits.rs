//! Rate limits before sign-in: per address, per name and address, for registrations, and for codes
//! to phones and email addresses.
//!
//! Invariant: password sign-ins from an address are slowed down but never locked out, since many
//! people may share it. Above the limit they wait in the crowded lane; returns from an issuer are
//! refused.

use platform::{
    ClientAddress,
    cache::{DAY, HOUR, MINUTE, WindowCount, WindowCounter},
};
use process::metrics;
use wire::UserId;

use crate::{config::Config, errors::RefusalReason, passwords::HashLane, store::NameHash};

#[derive(Clone)]
pub struct AuthRateLimits {
    counter: WindowCounter,
    sign_ins_per_address: u32,
    sign_ins_per_account: u32,
    registrations_per_address: u32,
    codes_per_phone: u32,
    codes_per_address: u32,
    codes_of_all: u32,
    codes_for_accounts: u32,
    address_mails: u32,
}

/// The limit that a further code exceeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeQuota {
    Phone,
    /// A kiosk counts as one address.
    Address,
    All,
}

/// The limit is exceeded. Retry after the window ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaExceeded {
    pub most: u32,
    pub retry_s: u32,
}

impl RefusalReason for QuotaExceeded {}

impl AuthRateLimits {
    pub fn new(counter: WindowCounter, config: &Config) -> Self {
        Self {
            counter,
            sign_ins_per_address: config.sign_ins_per_address_per_minute.get(),
            sign_ins_per_account: config.sign_ins_per_account_per_minute.get(),
            registrations_per_address: config.registrations_per_address_per_day.get(),
            codes_per_phone: config.codes_per_phone_per_hour.get(),
            codes_per_address: config.codes_per_address_per_hour.get(),
            codes_of_all: config.codes_per_hour.get(),
            codes_for_accounts: config.codes_for_accounts_per_hour.get(),
            address_mails: config.address_mails_per_hour.get(),
        }
    }

    /// Counts a sign-in from an address, and returns its lane.
    pub async fn choose_lane(&self, from: ClientAddress) -> HashLane {
        let counted = self.counter.add(&format!("sign_ins:{from}"), MINUTE).await;
        match check_quota(self.sign_ins_per_address, counted) {
            Ok(()) => HashLane::Usual,
            Err(_) => {
                metrics::RATE_LIMITED.add(["crowded address"], 1);
                HashLane::Crowded
            }
        }
    }

    /// Counts a return from an issuer. A slower lane is not enough: each return calls the issuer,
    /// whose permits are shared by all sign-ins.
    pub async fn count_oidc_return(&self, from: ClientAddress) -> Result<(), QuotaExceeded> {
        let counted = self.counter.add(&format!("visits:{from}"), MINUTE).await;
        check_quota(self.sign_ins_per_address, counted)
            .inspect_err(|_| metrics::RATE_LIMITED.add(["visit"], 1))
    }

    /// Counts a sign-in with a name. Other addresses count separately.
    pub async fn count_sign_in(
        &self,
        name: NameHash,
        from: ClientAddress,
    ) -> Result<(), QuotaExceeded> {
        let counted = self
            .counter
            .add(&format!("sign_ins:{from}:{name}"), MINUTE)
            .await;
        check_quota(self.sign_ins_per_account, counted)
            .inspect_err(|_| metrics::RATE_LIMITED.add(["name"], 1))
    }

    /// Counts a code to a number, regardless of its account. A code refused for its address does
    /// not count against its number, and one refused for its number does not count against the
    /// total.
    pub async fn count_code(
        &self,
        phone: NameHash,
        from: ClientAddress,
    ) -> Result<(), (CodeQuota, QuotaExceeded)> {
        let site = from.widened_to_site();
        for (quota, key, most) in [
            (
                CodeQuota::Address,
                format!("codes:{site}"),
                self.codes_per_address,
            ),
            (
                CodeQuota::Phone,
                format!("codes:{phone}"),
                self.codes_per_phone,
            ),
            (CodeQuota::All, "codes".to_owned(), self.codes_of_all),
        ] {
            let counted = self.counter.add(&key, HOUR).await;
            check_quota(most, counted)
                .map_err(|spent| (quota, spent))
                .inspect_err(|_| {
                    metrics::RATE_LIMITED.add(["code"], 1);
                })?;
        }
        Ok(())
    }

    /// Counts a code to a number with an account, after the total is used up.
    pub async fn count_account_code(&self) -> Result<(), QuotaExceeded> {
        let counted = self.counter.add("codes:accounts", HOUR).await;
        check_quota(self.codes_for_accounts, counted)
    }

    pub async fn count_code_try(&self, from: ClientAddress) -> Result<(), QuotaExceeded> {
        let counted = self
            .counter
            .add(&format!("code_tries:{from}"), MINUTE)
            .await;
        check_quota(self.sign_ins_per_address, counted)
            .inspect_err(|_| metrics::RATE_LIMITED.add(["code"], 1))
    }

    /// Counts an identity that a signed-in person links.
    pub async fn count_link(&self, user: UserId) -> Result<(), QuotaExceeded> {
        let counted = self.counter.add(&format!("links:{user}"), MINUTE).await;
        check_quota(self.sign_ins_per_account, counted)
            .inspect_err(|_| metrics::RATE_LIMITED.add(["link"], 1))
    }

    /// Counts a confirmation mail per account, and per address across all accounts.
    pub async fn count_address_mail(
        &self,
        user: UserId,
        to: NameHash,
    ) -> Result<(), QuotaExceeded> {
        for key in [
            format!("address_mails:{user}"),
            format!("address_mails:{to}"),
        ] {
            let counted = self.counter.add(&key, HOUR).await;
            check_quota(self.address_mails, counted)
                .inspect_err(|_| metrics::RATE_LIMITED.add(["address"], 1))?;
        }
        Ok(())
    }

    pub async fn count_newcomer_mail(&self, to: NameHash) -> Result<(), QuotaExceeded> {
        let counted = self
            .counter
            .add(&format!("newcomer_mails:{to}"), HOUR)
            .await;
        check_quota(self.address_mails, counted)
            .inspect_err(|_| metrics::RATE_LIMITED.add(["address"], 1))
    }

    /// Counts a mail with a password code, regardless of its account: per client address, and per
    /// name that was typed.
    pub async fn count_password_mail(
        &self,
        name: NameHash,
        from: ClientAddress,
    ) -> Result<(), QuotaExceeded> {
        let site = from.widened_to_site();
        for (key, most) in [
            (format!("password_mails:{site}"), self.codes_per_address),
            (format!("password_mails:{name}"), self.address_mails),
        ] {
            let counted = self.counter.add(&key, HOUR).await;
            check_quota(most, counted)
                .inspect_err(|_| metrics::RATE_LIMITED.add(["password mail"], 1))?;
        }
        Ok(())
    }

    pub async fn count_address_try(&self, user: UserId) -> Result<(), QuotaExceeded> {
        let counted = self
            .counter
            .add(&format!("address_tries:{user}"), MINUTE)
            .await;
        check_quota(self.sign_ins_per_account, counted)
            .inspect_err(|_| metrics::RATE_LIMITED.add(["address"], 1))
    }

    pub async fn count_registration(&self, from: ClientAddress) -> Result<(), QuotaExceeded> {
        let counted = self
            .counter
            .add(&format!("registrations:{from}"), DAY)
            .await;
        check_quota(self.registrations_per_address, counted)
            .inspect_err(|_| metrics::RATE_LIMITED.add(["registration"], 1))
    }
}

fn check_quota(most: u32, counted: WindowCount) -> Result<(), QuotaExceeded> {
    if counted.count <= i64::from(most) {
        return Ok(());
    }
    Err(QuotaExceeded {
        most,
        retry_s: counted.seconds_left(),
    })
}
