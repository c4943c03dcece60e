//! Delivery preferences: the channels for each kind of news, and quiet hours.
//!
//! Invariants: the inbox has every line, regardless of preferences. Account news is mailed at any
//! hour, because it may reveal an attacker.

use std::{collections::BTreeSet, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_with::{DeserializeFromStr, SerializeDisplay};
use utoipa::ToSchema;
use wire::{EventType, Exchange, Language, Role, UnixMillis, words, words_from_text};

use super::{ReaderClock, ReaderLocale, TimeZone};

const DAY_MINUTES: i64 = 24 * 60;
const MINUTE_MS: i64 = 60_000;

words! {
    /// The subject of news.
    NoticeKind {
        Orders "orders",
        /// Jobs proposed to a provider.
        Jobs "jobs",
        Money "money",
        Reviews "reviews",
        Account "account",
        /// The alarms of the platform, for admins.
        Alarms "alarms",
    }
}

words! {
    /// A delivery channel besides the inbox.
    Channel {
        Email "email",
        /// Short texts to a proven phone.
        Sms "sms",
        /// Short texts to the person's browsers, or to devices registered at the gateway.
        Push "push",
    }
}

words_from_text!(NoticeKind, Channel);

impl Channel {
    /// Only customers sign in by phone, so only theirs is proven. An admin's address is never
    /// confirmed.
    pub fn can_reach(self, role: Role) -> bool {
        match self {
            Self::Email => role != Role::Admin,
            Self::Sms => role == Role::Customer,
            Self::Push => true,
        }
    }
}

impl NoticeKind {
    pub fn from_event(event: EventType, role: Role) -> Self {
        match (event, event.exchange()) {
            (EventType::OrderCreated | EventType::OrderApproved, _) if role == Role::Provider => {
                Self::Jobs
            }
            (_, Exchange::Order) => Self::Orders,
            (_, Exchange::Payment) => Self::Money,
            (_, Exchange::Review) => Self::Reviews,
            (_, Exchange::Auth | Exchange::User) => Self::Account,
            (_, Exchange::Platform) => Self::Alarms,
        }
    }

    /// Admins share an inbox, and choose channels for alarms alone.
    pub fn concerns_role(self, role: Role) -> bool {
        (self == Self::Alarms) == (role == Role::Admin)
    }

    /// Cannot be switched off.
    pub fn locked_channels(self) -> &'static [Channel] {
        match self {
            Self::Account => &[Channel::Email],
            Self::Orders | Self::Jobs | Self::Money | Self::Reviews | Self::Alarms => &[],
        }
    }

    /// Ignores quiet hours, and goes out even if the line was read.
    pub fn is_urgent(self) -> bool {
        self == Self::Account
    }

    /// A digest has the unread lines of a person's own inbox, and alarms are no such lines.
    pub fn may_wait_for_digest(self) -> bool {
        !matches!(self, Self::Account | Self::Alarms)
    }
}

/// A minute of the day, such as `22:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, SerializeDisplay, DeserializeFromStr)]
pub struct DayMinute(u16);

#[derive(Debug, thiserror::Error)]
#[error("a time of the day is written 00:00 to 23:59")]
pub struct DayMinuteError;

impl FromStr for DayMinute {
    type Err = DayMinuteError;

    fn from_str(text: &str) -> Result<Self, DayMinuteError> {
        let (hour, minute) = text.split_once(':').ok_or(DayMinuteError)?;
        let hour = parse_two_digits(hour, 24)?;
        let minute = parse_two_digits(minute, 60)?;
        Ok(Self(hour * 60 + minute))
    }
}

fn parse_two_digits(text: &str, below: u16) -> Result<u16, DayMinuteError> {
    let is_digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok();
    number
        .filter(|number| is_digits && *number < below)
        .ok_or(DayMinuteError)
}

impl std::fmt::Display for DayMinute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// Crosses midnight if `to` is earlier. Equal values cover the whole day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    #[schema(value_type = String, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    pub from: DayMinute,
    #[schema(value_type = String, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    pub to: DayMinute,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryPreferences {
    pub language: Language,
    /// `None` until the person chooses one.
    pub time_zone: Option<TimeZone>,
    pub quiet_hours: Option<QuietHours>,
    /// Less urgent news arrives as a digest at this hour, per channel.
    pub digest_hour: Option<u8>,
    pub wishes: BTreeSet<(NoticeKind, Channel)>,
}

impl Default for DeliveryPreferences {
    /// By default, only e-mail about orders, money and reviews goes out.
    fn default() -> Self {
        let mails = [NoticeKind::Orders, NoticeKind::Money, NoticeKind::Reviews];
        Self {
            language: Language::default(),
            time_zone: None,
            quiet_hours: None,
            digest_hour: None,
            wishes: mails.map(|kind| (kind, Channel::Email)).into(),
        }
    }
}

impl DeliveryPreferences {
    /// The zone for quiet hours and digests.
    pub fn effective_zone(&self) -> TimeZone {
        self.time_zone.unwrap_or(TimeZone::USUAL)
    }

    pub fn reader_clock(&self) -> ReaderClock {
        self.time_zone.map_or(ReaderClock::Usual, ReaderClock::Own)
    }

    pub fn reader_locale(&self) -> ReaderLocale {
        ReaderLocale {
            language: self.language,
            clock: self.reader_clock(),
        }
    }

    /// True if the alarms' lines leave the inbox by some channel.
    pub fn wants_alarms(&self) -> bool {
        self.wishes
            .iter()
            .any(|(kind, _)| *kind == NoticeKind::Alarms)
    }

    pub fn wants_channel(&self, kind: NoticeKind, channel: Channel) -> bool {
        kind.locked_channels().contains(&channel) || self.wishes.contains(&(kind, channel))
    }

    /// Now, or the end of the quiet hours. If the clocks change in between, the next attempt
    /// decides again.
    pub fn earliest_send_time(&self, kind: NoticeKind, now: UnixMillis) -> UnixMillis {
        let Some(quiet) = self.quiet_hours.filter(|_| !kind.is_urgent()) else {
            return now;
        };
        let minute = self.effective_zone().minute_at(now);
        let (from, to) = (i64::from(quiet.from.0), i64::from(quiet.to.0));
        let lasts = match (to - from).rem_euclid(DAY_MINUTES) {
            0 => DAY_MINUTES,
            some => some,
        };
        let since = (minute - from).rem_euclid(DAY_MINUTES);
        if since >= lasts {
            return now;
        }
        whole_minute(now).plus_ms((lasts - since) * MINUTE_MS)
    }

    /// The next digest after `now`; `None` without digests.
    pub fn next_digest_at(&self, now: UnixMillis) -> Option<UnixMillis> {
        let wanted = i64::from(self.digest_hour?) * 60;
        let left = (wanted - self.effective_zone().minute_at(now) - 1).rem_euclid(DAY_MINUTES) + 1;
        Some(whole_minute(now).plus_ms(left * MINUTE_MS))
    }
}

fn whole_minute(at: UnixMillis) -> UnixMillis {
    at.plus_ms(-at.0.rem_euclid(MINUTE_MS))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn at(text: &str) -> UnixMillis {
        UnixMillis(
            DateTime::parse_from_rfc3339(text)
                .unwrap()
                .timestamp_millis(),
        )
    }

    fn quiet(zone: &str, from: &str, to: &str) -> DeliveryPreferences {
        let quiet_hours = Some(QuietHours {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
        });
        let time_zone = TimeZone::from_name(zone);
        DeliveryPreferences {
            quiet_hours,
            time_zone,
            ..DeliveryPreferences::default()
        }
    }

    #[test]
    fn quiet_hours_are_those_of_the_persons_clock() {
        let night = quiet("Asia/Shanghai", "22:00", "07:00");
        for (now, out) in [
            ("2026-11-23T13:59:59Z", "2026-11-23T13:59:59Z"),
            ("2026-11-23T14:00:30Z", "2026-11-23T23:00:00Z"),
            ("2026-11-23T22:59:00Z", "2026-11-23T23:00:00Z"),
            ("2026-11-23T23:00:00Z", "2026-11-23T23:00:00Z"),
        ] {
            assert_eq!(
                night.earliest_send_time(NoticeKind::Orders, at(now)),
                at(out),
                "{now}"
            );
            assert_eq!(
                night.earliest_send_time(NoticeKind::Account, at(now)),
                at(now),
                "{now}"
            );
        }
        let noon = quiet("Europe/Berlin", "12:00", "14:00");
        // Summer time is UTC+2, winter time UTC+1.
        for (now, out) in [
            ("2026-07-01T10:30:00Z", "2026-07-01T12:00:00Z"),
            ("2026-07-01T12:00:00Z", "2026-07-01T12:00:00Z"),
            ("2026-12-01T11:00:00Z", "2026-12-01T13:00:00Z"),
        ] {
            assert_eq!(
                noon.earliest_send_time(NoticeKind::Jobs, at(now)),
                at(out),
                "{now}"
            );
        }
        let always = quiet("UTC", "08:00", "08:00");
        let now = at("2026-07-01T09:00:00Z");
        assert!(always.earliest_send_time(NoticeKind::Jobs, now) > now);
    }

    #[test]
    fn a_digest_comes_at_the_persons_hour_and_never_now() {
        let person = DeliveryPreferences {
            digest_hour: Some(8),
            ..DeliveryPreferences::default()
        };
        for (now, next) in [
            ("2026-11-23T23:59:59Z", "2026-11-24T00:00:00Z"),
            ("2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z"),
        ] {
            assert_eq!(person.next_digest_at(at(now)), Some(at(next)), "{now}");
        }
        assert_eq!(
            DeliveryPreferences::default().next_digest_at(at("2026-11-24T00:00:00Z")),
            None
        );
    }

    #[test]
    fn what_is_locked_cannot_be_switched_off() {
        let silent = DeliveryPreferences {
            wishes: BTreeSet::new(),
            ..DeliveryPreferences::default()
        };
        assert!(silent.wants_channel(NoticeKind::Account, Channel::Email));
        assert!(!silent.wants_channel(NoticeKind::Money, Channel::Email));
    }

    #[test]
    fn a_time_of_the_day_reads_back() {
        for text in ["00:00", "07:05", "23:59"] {
            assert_eq!(text.parse::<DayMinute>().unwrap().to_string(), text);
        }
        for wrong in ["24:00", "7:05", "07:60", "0705", "+7:05", ""] {
            assert!(wrong.parse::<DayMinute>().is_err(), "{wrong}");
        }
    }
}
