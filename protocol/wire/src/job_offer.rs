//! An admin's offer of an open job to a few providers: until its end only they can accept the job.
//!
//! Invariant: the end of an offer changes no row. Edges and cloud compare the same end with their
//! time. An edge's promise under its right to assign stands against any offer.

use crate::{
    ids::UserId,
    order::{JobOffer, Order, OrderStatus},
    say,
    time::UnixMillis,
    validation::FieldError,
};

pub const OFFER_PROVIDERS_MAX: usize = 5;
pub const OFFER_MS_MIN: i64 = 5 * 60 * 1_000;
pub const OFFER_MS_MAX: i64 = 72 * 60 * 60 * 1_000;

words! {
    /// What an admin did with the offer of an open job.
    OfferAct {
        Made "made",
        Withdrawn "withdrawn",
    }
}
words_from_text!(OfferAct);

impl Order {
    /// The offer that now keeps other providers from the open job.
    pub fn running_offer(&self, now: UnixMillis) -> Option<&JobOffer> {
        let offer = self.offer.as_ref()?;
        let runs = self.status == OrderStatus::Pending && offer.is_running(now);
        runs.then_some(offer)
    }

    /// Returns true if a running offer keeps this provider from the job. For the whole order, with
    /// the names of its offer.
    pub fn is_offered_to_others(&self, provider: UserId, now: UnixMillis) -> bool {
        let offer = self.running_offer(now);
        offer.is_some_and(|offer| !offer.provider_ids.contains(&provider))
    }
}

/// Returns the fields to correct in an offer that an admin makes now.
pub fn check_job_offer(offer: &JobOffer, now: UnixMillis) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    let mut providers = offer.provider_ids.clone();
    providers.sort_unstable();
    providers.dedup();
    let each_once = providers.len() == offer.provider_ids.len();
    if !each_once || !(1..=OFFER_PROVIDERS_MAX).contains(&providers.len()) {
        let most = OFFER_PROVIDERS_MAX.into();
        wrong.push(FieldError::new(
            "provider_ids",
            say::offer_providers { most },
        ));
    }
    if !(OFFER_MS_MIN..=OFFER_MS_MAX).contains(&offer.until.ms_since(now)) {
        wrong.push(FieldError::new("until", say::offer_until));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn user(n: u128) -> UserId {
        UserId(Uuid::from_u128(n))
    }

    #[test]
    fn an_offer_names_one_to_five_providers_and_ends_within_three_days() {
        let now = UnixMillis(1_000);
        let fields = |providers: &[u128], ms: i64| {
            let providers = providers.iter().map(|n| user(*n)).collect();
            let wrong = check_job_offer(&JobOffer::new(providers, now.plus_ms(ms)), now);
            let fields: Vec<String> = wrong.into_iter().map(|error| error.field).collect();
            fields.join(" ")
        };
        assert_eq!(fields(&[1], OFFER_MS_MIN), "");
        assert_eq!(fields(&[1, 2, 3, 4, 5], OFFER_MS_MAX), "");
        assert_eq!(fields(&[], OFFER_MS_MIN), "provider_ids");
        assert_eq!(fields(&[1, 2, 1], OFFER_MS_MIN), "provider_ids");
        assert_eq!(fields(&[1, 2, 3, 4, 5, 6], OFFER_MS_MIN), "provider_ids");
        assert_eq!(fields(&[1], OFFER_MS_MIN - 1), "until");
        assert_eq!(fields(&[], OFFER_MS_MAX + 1), "provider_ids until");
    }
}
