//! Limits on one provider's share of a region's work: open jobs, and acceptances and withdrawals
//! per day. Edges and cloud apply them to the data they have. Only the cloud counts a customer's
//! open orders.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use utoipa::ToSchema;

use crate::{
    code::Code,
    command::CommandBody,
    order::{Action, Order},
    person::{Actor, Role},
    time::UnixMillis,
};

const DAY_MS: i64 = 86_400_000;

/// The limits for one provider. Zero disables a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShareLimits {
    /// Orders that are accepted or in progress.
    pub open_jobs: u32,
    pub acceptances_a_day: u32,
    pub withdrawals_a_day: u32,
}

impl ShareLimits {
    pub const OFF: Self = Self {
        open_jobs: 0,
        acceptances_a_day: 0,
        withdrawals_a_day: 0,
    };
}

/// Five jobs are two days of work, and a provider who falls ill can give all of them back in one
/// day. A stranger who never finishes a job reads ten addresses on the first day and five on each
/// later one.
impl Default for ShareLimits {
    fn default() -> Self {
        Self {
            open_jobs: 5,
            acceptances_a_day: 20,
            withdrawals_a_day: 5,
        }
    }
}

words! {
    /// An action that counts against a limit.
    ShareAct {
        Accept "accept",
        Withdraw "withdraw",
    }
}
words_from_text!(ShareAct);

words! {
    #[derive(Encode)]
    #[cbor(index_only)]
    ShareKind {
        OpenJobs = 0 "open_jobs",
        AcceptancesADay = 1 "acceptances_a_day",
        WithdrawalsADay = 2 "withdrawals_a_day",
        /// A limit on a customer.
        OpenOrders = 3 "open_orders",
    }
    or
    /// A limit that only a newer peer defines.
    Unrecognised = 65535 "unrecognised"
}

impl<'b, C> Decode<'b, C> for ShareKind {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let index = usize::try_from(d.u32()?).unwrap_or(usize::MAX);
        Ok(Self::ALL.get(index).copied().unwrap_or(Self::Unrecognised))
    }
}

/// A limit that blocks an action.
#[skip_serializing_none]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode, ToSchema)]
#[cbor(map)]
pub struct LimitReached {
    #[n(0)]
    pub limit: ShareKind,
    #[n(1)]
    pub most: u32,
    /// When the action is within the limit again. Absent for open jobs and open orders, which
    /// people end, not time.
    #[n(2)]
    pub frees_at: Option<UnixMillis>,
}

/// One provider's jobs and actions, as far as the caller has seen them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProviderWorkload {
    pub open_jobs: u32,
    pub accepted_at: Vec<UnixMillis>,
    pub withdrawn_at: Vec<UnixMillis>,
}

impl ShareAct {
    /// The limit that this command counts against. Accepting one's own job again uses nothing up,
    /// and a provider cannot withdraw a job that is not theirs.
    pub fn from_command(actor: Actor, body: &CommandBody, order: Option<&Order>) -> Option<Self> {
        let provider = order.and_then(|order| order.provider_id);
        let is_theirs = provider == Some(actor.user_id);
        match body.order_action()? {
            _ if actor.role != Role::Provider => None,
            Action::Accept => (!is_theirs).then_some(Self::Accept),
            Action::Withdraw => is_theirs.then_some(Self::Withdraw),
            _ => None,
        }
    }
}

impl LimitReached {
    pub fn code(&self) -> Code {
        match self.limit {
            ShareKind::OpenJobs => Code::TooManyOpenJobs,
            ShareKind::AcceptancesADay => Code::TooManyAcceptances,
            ShareKind::WithdrawalsADay => Code::TooManyWithdrawals,
            ShareKind::OpenOrders => Code::TooManyOpenOrders,
            ShareKind::Unrecognised => Code::Unrecognised,
        }
    }
}

impl ShareLimits {
    /// The limit that this action would exceed. `at` is when its first receiver took it, so that a
    /// log of several days is not judged as one day.
    pub fn find_reached_limit(
        &self,
        load: &ProviderWorkload,
        act: ShareAct,
        at: UnixMillis,
    ) -> Option<LimitReached> {
        match act {
            ShareAct::Accept if self.open_jobs > 0 && load.open_jobs >= self.open_jobs => {
                let limit = ShareKind::OpenJobs;
                let most = self.open_jobs;
                Some(LimitReached {
                    limit,
                    most,
                    frees_at: None,
                })
            }
            ShareAct::Accept => {
                let most = self.acceptances_a_day;
                check_daily_limit(ShareKind::AcceptancesADay, most, &load.accepted_at, at)
            }
            ShareAct::Withdraw => {
                let most = self.withdrawals_a_day;
                check_daily_limit(ShareKind::WithdrawalsADay, most, &load.withdrawn_at, at)
            }
        }
    }
}

impl ProviderWorkload {
    pub fn add(&mut self, act: ShareAct, at: UnixMillis) {
        match act {
            ShareAct::Accept => self.accepted_at.push(at),
            ShareAct::Withdraw => self.withdrawn_at.push(at),
        }
    }

    /// The start of the time that counts for an action at `at`.
    pub fn window_start(at: UnixMillis) -> UnixMillis {
        at.plus_ms(-DAY_MS)
    }
}

fn check_daily_limit(
    limit: ShareKind,
    most: u32,
    times: &[UnixMillis],
    at: UnixMillis,
) -> Option<LimitReached> {
    let frees_at = find_next_free_time(times, at, most)?;
    Some(LimitReached {
        limit,
        most,
        frees_at: Some(frees_at),
    })
}

/// Returns when the next place is free, if an action at `at` would put more than `most` into any 24
/// hours. Times may lie on either side of `at`, because logs of two edges arrive in any order.
fn find_next_free_time(times: &[UnixMillis], at: UnixMillis, most: u32) -> Option<UnixMillis> {
    let most = usize::try_from(most).ok().filter(|most| *most > 0)?;
    let mut times: Vec<i64> = times.iter().map(|time| time.0).collect();
    times.sort_unstable();
    let full = times
        .windows(most)
        .filter_map(|run| measure_span_with(run, at))
        .any(|span| span < DAY_MS);
    let next = times
        .len()
        .checked_sub(most)
        .and_then(|index| times.get(index))?;
    full.then_some(UnixMillis(*next + DAY_MS))
}

/// The time in ms from the first to the last of a sorted run and one more action at `at`.
fn measure_span_with(run: &[i64], at: UnixMillis) -> Option<i64> {
    let first = run.first().copied()?;
    let last = run.last().copied()?;
    Some(last.max(at.0) - first.min(at.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_764_000_000_000;
    const HOUR: i64 = 3_600_000;
    const LIMITS: ShareLimits = ShareLimits {
        open_jobs: 3,
        acceptances_a_day: 2,
        withdrawals_a_day: 1,
    };

    fn hours(times: &[i64]) -> Vec<UnixMillis> {
        times
            .iter()
            .map(|hours| UnixMillis(NOW + hours * HOUR))
            .collect()
    }

    #[track_caller]
    fn check(accepted: &[i64], frees_in_hours: Option<i64>) {
        let load = ProviderWorkload {
            accepted_at: hours(accepted),
            ..ProviderWorkload::default()
        };
        let reached = LIMITS.find_reached_limit(&load, ShareAct::Accept, UnixMillis(NOW));
        let frees = reached.map(|reached| reached.frees_at.unwrap().0 - NOW);
        assert_eq!(
            frees,
            frees_in_hours.map(|hours| hours * HOUR),
            "{accepted:?}"
        );
        assert!(reached.is_none_or(|reached| reached.code() == Code::TooManyAcceptances));
    }

    #[test]
    fn no_day_holds_more_than_the_limit() {
        check(&[], None);
        check(&[-1], None);
        check(&[-30, -25, -1], None);
        check(&[-24, -1], None);
        check(&[-23, -1], Some(1));
        check(&[-20, -10, -1], Some(14));
        // A log that arrives late precedes actions that are already counted.
        check(&[1, 2], Some(25));
        check(&[-20, 20], None);
        check(&[23, 30], None);
    }

    #[test]
    fn jobs_in_hand_and_withdrawals_have_limits_of_their_own() {
        let mut load = ProviderWorkload {
            open_jobs: 2,
            ..ProviderWorkload::default()
        };
        let reached =
            |load: &ProviderWorkload, act| LIMITS.find_reached_limit(load, act, UnixMillis(NOW));
        assert_eq!(reached(&load, ShareAct::Accept), None);
        load.open_jobs = 3;
        let full = reached(&load, ShareAct::Accept).unwrap();
        assert_eq!(
            (full.code(), full.most, full.frees_at),
            (Code::TooManyOpenJobs, 3, None)
        );
        assert_eq!(reached(&load, ShareAct::Withdraw), None);
        load.add(ShareAct::Withdraw, UnixMillis(NOW - HOUR));
        let spent = reached(&load, ShareAct::Withdraw).unwrap();
        assert_eq!(spent.code(), Code::TooManyWithdrawals);
        assert_eq!(spent.frees_at, Some(UnixMillis(NOW + 23 * HOUR)));
        assert_eq!(
            ShareLimits::OFF.find_reached_limit(&load, ShareAct::Accept, UnixMillis(NOW)),
            None
        );
        assert_eq!(
            ShareLimits::OFF.find_reached_limit(&load, ShareAct::Withdraw, UnixMillis(NOW)),
            None
        );
    }
}
