//! The bounds on people before they are signed in: each address, each name at an address, and registrations.
//!
//! Invariant: to passwords an address is slowed down and never shut out, for many people may share it. Beyond its
//! bound they wait in the lane of the crowded addresses; returns from an issuer are refused.

use platform::{
    ClientAddress,
    cache::{DAY, MINUTE, WindowCount, WindowCounts},
};
use process::metrics;

use crate::{Config, passwords::Lane, store::NameHash};

#[derive(Clone)]
pub struct EntryLimits {
    counts: WindowCounts,
    sign_ins_per_address: u32,
    sign_ins_per_account: u32,
    registrations_per_address: u32,
}

/// One more than may be. It helps to try again when the window has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpentQuota {
    pub most: u32,
    pub retry_s: u32,
}

impl EntryLimits {
    pub fn new(counts: WindowCounts, config: &Config) -> Self {
        Self {
            counts,
            sign_ins_per_address: config.sign_ins_per_address_per_minute.get(),
            sign_ins_per_account: config.sign_ins_per_account_per_minute.get(),
            registrations_per_address: config.registrations_per_address_per_day.get(),
        }
    }

    /// Counts one more sign-in of an address, and tells which lane it takes.
    pub async fn lane(&self, from: ClientAddress) -> Lane {
        let counted = self.counts.add(&format!("sign_ins:{from}"), MINUTE).await;
        match within(self.sign_ins_per_address, counted) {
            Ok(()) => Lane::Usual,
            Err(_) => {
                metrics::RATE_LIMITED.add(["crowded address"], 1);
                Lane::Crowded
            }
        }
    }

    /// Counts one more return from an issuer. A lane would not do: the issuer is asked, and its turns are of all.
    pub async fn visit(&self, from: ClientAddress) -> Result<(), SpentQuota> {
        let counted = self.counts.add(&format!("visits:{from}"), MINUTE).await;
        within(self.sign_ins_per_address, counted)
            .inspect_err(|_| metrics::RATE_LIMITED.add(["visit"], 1))
    }

    /// Counts one more sign-in under a name. People at other addresses are not counted with it.
    pub async fn sign_in(&self, name: NameHash, from: ClientAddress) -> Result<(), SpentQuota> {
        let counted = self.counts.add(&format!("sign_ins:{from}:{name}"), MINUTE).await;
        within(self.sign_ins_per_account, counted)
            .inspect_err(|_| metrics::RATE_LIMITED.add(["name"], 1))
    }

    /// Counts one more registration.
    pub async fn registration(&self, from: ClientAddress) -> Result<(), SpentQuota> {
        let counted = self.counts.add(&format!("registrations:{from}"), DAY).await;
        within(self.registrations_per_address, counted)
            .inspect_err(|_| metrics::RATE_LIMITED.add(["registration"], 1))
    }
}

fn within(most: u32, counted: WindowCount) -> Result<(), SpentQuota> {
    if counted.count <= i64::from(most) {
        return Ok(());
    }
    Err(SpentQuota { most, retry_s: counted.seconds_left() })
}
