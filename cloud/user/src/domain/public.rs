//! The public view of a provider: the public part of their profile, and their rank for a job by its
//! area and kind of work.

use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use utoipa::ToSchema;
use wire::{Amount, FileId, MatchReason, Region, ServiceType, UnixMillis, UserId};

use super::{CalendarDay, PortfolioItem, ProviderProfile, WeekHours, WorkPicture};

/// The default and maximum number of matches per answer.
pub const MATCHES_USUAL: usize = 20;
pub const MATCHES_MAX: usize = 100;
const SKILLS_COUNTED_MAX: usize = 3;
const JOBS_COUNTED_MAX: i64 = 50;
const WELL_RATED_HUNDREDTHS: i64 = 400;

/// The part of a provider's profile that every signed-in person may see: no phone number, addresses
/// or free days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublicProfile {
    pub user_id: UserId,
    pub full_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bio: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photo: Option<FileId>,
    pub member_since: UnixMillis,
    #[serde(flatten)]
    pub offer: ProviderOffer,
}

/// A provider's offer and their record so far.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProviderOffer {
    pub skills: Vec<String>,
    pub service_categories: Vec<ServiceType>,
    pub service_areas: Vec<Region>,
    pub hourly_rate: Option<Amount>,
    pub experience_years: Option<u8>,
    pub availability: WeekHours,
    pub portfolio: Vec<PortfolioItem>,
    /// Pictures of finished work.
    pub pictures: Vec<WorkPicture>,
    pub verified: bool,
    pub is_active: bool,
    pub completed_orders: i64,
    /// Hundredths of a star, averaged over `total_reviews`; 0 without reviews.
    pub rating_hundredths: i64,
    pub total_reviews: i64,
}

impl PublicProfile {
    /// `None` if the account is closed or has no name yet.
    pub fn from_provider(profile: &ProviderProfile) -> Option<Self> {
        let person = &profile.person;
        let is_shown = !person.is_closed && !person.full_name.is_empty();
        is_shown.then(|| Self {
            user_id: person.user_id,
            full_name: person.full_name.clone(),
            bio: person.bio.clone(),
            photo: person.photo,
            member_since: person.created_at,
            offer: profile.into(),
        })
    }
}

impl From<&ProviderProfile> for ProviderOffer {
    fn from(profile: &ProviderProfile) -> Self {
        Self {
            skills: profile.skills.clone(),
            service_categories: profile.service_categories.clone(),
            service_areas: profile.service_areas.clone(),
            hourly_rate: profile.hourly_rate,
            experience_years: profile.experience_years,
            availability: profile.availability.clone(),
            portfolio: profile.portfolio.clone(),
            pictures: profile.pictures.clone(),
            verified: profile.is_verified(),
            is_active: profile.is_active,
            completed_orders: profile.completed_orders,
            rating_hundredths: profile.rating_hundredths,
            total_reviews: profile.total_reviews,
        }
    }
}

#[derive(Debug, Clone)]
pub struct MatchCriteria {
    pub area: Region,
    pub service_type: ServiceType,
    /// The job's text, searched for the skills of providers.
    pub text: String,
    pub day: Option<CalendarDay>,
    pub limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProviderMatch {
    pub user_id: UserId,
    pub full_name: String,
    pub score: i64,
    pub reasons: Vec<MatchReason>,
    /// True if the provider has another job at the job's hours. Absent if the job names no hours,
    /// or while the other jobs are unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_booked: Option<bool>,
}

/// Returns the best first, at most `limit`; on equal scores the oldest profile leads. Skips
/// unlisted providers and any that do not serve the job.
pub fn rank_providers<'p>(
    question: &MatchCriteria,
    candidates: impl IntoIterator<Item = &'p ProviderProfile>,
) -> Vec<ProviderMatch> {
    let text = question.text.to_lowercase();
    let candidates = candidates.into_iter().filter(|one| {
        one.is_listed
            && one.service_areas.contains(&question.area)
            && one.service_categories.contains(&question.service_type)
    });
    let mut ranked: Vec<_> = candidates
        .map(|one| {
            (
                one.person.created_at,
                score_provider(one, question.day, &text),
            )
        })
        .collect();
    ranked.sort_by_key(|(since, found)| (-found.score, *since, found.user_id));
    ranked.truncate(question.limit);
    ranked.into_iter().map(|(_, found)| found).collect()
}

fn score_provider(
    provider: &ProviderProfile,
    day: Option<CalendarDay>,
    text: &str,
) -> ProviderMatch {
    let mut reasons = vec![
        MatchReason::ServesTheArea,
        MatchReason::DoesThisWork,
        MatchReason::Verified,
    ];
    let mut score = 0;
    if day.is_some_and(|day| provider.works_on(day)) {
        reasons.push(MatchReason::WorksThatDay);
        score += 150;
    }
    let named = provider
        .skills
        .iter()
        .filter(|skill| text.contains(&skill.to_lowercase()));
    for _ in named.take(SKILLS_COUNTED_MAX) {
        if !reasons.contains(&MatchReason::NamesTheSkill) {
            reasons.push(MatchReason::NamesTheSkill);
        }
        score += 100;
    }
    if provider.rating_hundredths >= WELL_RATED_HUNDREDTHS {
        reasons.push(MatchReason::WellRated);
    }
    if provider.completed_orders > 0 {
        reasons.push(MatchReason::HasCompletedJobs);
    }
    score += provider.rating_hundredths / 5 + provider.completed_orders.min(JOBS_COUNTED_MAX);
    let person = &provider.person;
    ProviderMatch {
        user_id: person.user_id,
        full_name: person.full_name.clone(),
        score,
        reasons,
        is_booked: None,
    }
}

impl ProviderProfile {
    /// The day's exception overrides its weekday.
    pub fn works_on(&self, day: CalendarDay) -> bool {
        let exception = self
            .exceptions
            .iter()
            .find(|exception| exception.day == day);
        let hours = exception.map_or(self.availability.hours_on(day), |exception| {
            &exception.hours
        });
        !hours.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;
    use wire::{Role, UnixMillis};

    use super::*;
    use crate::domain::{DayException, PersonRecord, VerificationState};

    fn provider(n: u128, change: impl FnOnce(&mut ProviderProfile)) -> ProviderProfile {
        let at = UnixMillis(1_764_000_000_000);
        let user = UserId(Uuid::from_u128(n));
        let mut profile = ProviderProfile::from(PersonRecord::new_blank(user, Role::Provider, at));
        profile.person.full_name = format!("P{n}");
        profile.person.phone_number = "12345".into();
        profile.service_areas = vec![Region::North];
        profile.service_categories = vec![ServiceType::ItTechnology];
        profile.verification.state = VerificationState::Verified;
        change(&mut profile);
        profile.refresh_derived_fields();
        profile
    }

    fn ranked(text: &str, day: Option<&str>, all: &[ProviderProfile]) -> Vec<(u128, usize)> {
        first(MATCHES_USUAL, text, day, all)
    }

    fn first(
        limit: usize,
        text: &str,
        day: Option<&str>,
        all: &[ProviderProfile],
    ) -> Vec<(u128, usize)> {
        let area = Region::North;
        let service_type = ServiceType::ItTechnology;
        let day = day.map(|day| day.parse().unwrap());
        let question = MatchCriteria {
            area,
            service_type,
            text: text.into(),
            day,
            limit,
        };
        let found = rank_providers(&question, all);
        found
            .iter()
            .map(|one| (one.user_id.0.as_u128(), one.reasons.len()))
            .collect()
    }

    #[test]
    fn only_those_who_may_and_can_do_the_job_are_proposed() {
        let all = [
            provider(1, |_| ()),
            provider(2, |p| p.service_areas = vec![Region::South]),
            provider(3, |p| p.service_categories = vec![ServiceType::Other]),
            provider(4, |p| p.verification.state = VerificationState::Waiting),
            provider(5, |p| p.is_active = false),
            provider(6, |p| p.person.is_closed = true),
            provider(7, |p| p.person.phone_number.clear()),
        ];
        assert_eq!(ranked("", None, &all), [(1, 3)]);
    }

    #[test]
    fn the_best_come_first_with_their_reasons() {
        let all = [
            provider(1, |p| p.completed_orders = 2),
            provider(2, |p| p.rating_hundredths = 480),
            provider(3, |p| p.skills = vec!["Router".into(), "网络维修".into()]),
            provider(4, |p| {
                p.availability.monday = vec!["09:00-10:00".parse().unwrap()]
            }),
            provider(5, |_| ()),
        ];
        let text = "My ROUTER is dead, 需要网络维修";
        assert_eq!(
            ranked(text, Some("2026-11-23"), &all),
            [(3, 4), (4, 4), (2, 4), (1, 4), (5, 3)]
        );
        assert_eq!(
            ranked("", Some("2026-11-22"), &all),
            [(2, 4), (1, 4), (3, 3), (4, 3), (5, 3)]
        );
    }

    #[test]
    fn an_exception_stands_above_the_weekday() {
        let day: CalendarDay = "2026-11-23".parse().unwrap();
        let monday = vec!["09:00-10:00".parse().unwrap()];
        let works = provider(1, |p| p.availability.monday = monday.clone());
        assert!(works.works_on(day));
        let free = provider(1, |p| {
            p.availability.monday = monday;
            p.exceptions = vec![DayException {
                day,
                hours: Vec::new(),
            }];
        });
        assert!(!free.works_on(day));
    }

    #[test]
    fn nobody_behind_the_last_that_was_asked_for_is_proposed() {
        let all: Vec<_> = (1..30).map(|n| provider(n, |_| ())).collect();
        let found = ranked("", None, &all);
        assert_eq!(found.len(), MATCHES_USUAL);
        assert_eq!(found[0], (1, 3), "among equals the lower id");
        assert_eq!(first(1, "", None, &all), [(1, 3)]);
        assert_eq!(first(MATCHES_MAX, "", None, &all).len(), all.len());
    }
}
