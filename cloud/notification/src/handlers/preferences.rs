//! Reads and writes a person's own preferences.

use axum::extract::State;
use process::{
    problem::{Json, Problem},
    tokens::Caller,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::{Code, FieldError, Language, Permission};

use super::Service;
use crate::{
    domain::{Channel, DeliveryPreferences, NoticeKind, QuietHours, TimeZone},
    say,
};

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotificationPreferences {
    /// Send it with the next change.
    version: i64,
    #[schema(value_type = String, examples("en"))]
    language: Language,
    /// An IANA time zone name.
    time_zone: &'static str,
    /// By the person's clock. News in these hours goes out when they end.
    #[schema(required)]
    quiet_hours: Option<QuietHours>,
    /// Hour of the person's clock for digests of less urgent news, per channel.
    #[schema(required)]
    digest_hour: Option<u8>,
    /// The enabled channels for the caller's role. Preferences for other channels are stored until
    /// those are enabled.
    channels: Vec<Channel>,
    /// The kinds that concern the caller. The inbox always gets all of them.
    kinds: Vec<KindPreference>,
}

#[derive(Debug, Serialize, ToSchema)]
struct KindPreference {
    kind: NoticeKind,
    channels: Vec<Channel>,
    /// Channels that cannot be switched off.
    locked: Vec<Channel>,
    /// Also goes out in quiet hours.
    passes_quiet_hours: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreferencesForm {
    /// The version that you read.
    version: i64,
    #[schema(value_type = String, examples("en"))]
    language: Language,
    time_zone: String,
    quiet_hours: Option<QuietHours>,
    digest_hour: Option<u8>,
    /// Unlisted kinds stay in the inbox only.
    #[schema(max_items = 16)]
    kinds: Vec<KindForm>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct KindForm {
    kind: NoticeKind,
    #[schema(max_items = 16)]
    channels: Vec<Channel>,
}

const HOURS: u8 = 24;

pub(crate) async fn show(
    State(service): State<Service>,
    caller: Caller,
) -> Result<Json<NotificationPreferences>, Problem> {
    let (preferences, version) = service
        .preferences
        .load_preferences(caller.actor.user_id)
        .await?;
    Ok(Json(to_preferences_view(
        &preferences,
        version,
        service.offered_channels(&caller),
        &list_kinds(&caller),
    )))
}

pub(crate) async fn write(
    State(service): State<Service>,
    caller: Caller,
    Json(form): Json<PreferencesForm>,
) -> Result<Json<NotificationPreferences>, Problem> {
    let version = form.version;
    let kinds = list_kinds(&caller);
    let mut preferences = parse_preferences(form)?;
    preferences.wishes.retain(|(kind, _)| kinds.contains(kind));
    let user = caller.actor.user_id;
    if !service
        .preferences
        .save_preferences(user, version, &preferences)
        .await?
    {
        let (_, version) = service.preferences.load_preferences(user).await?;
        return Err(Problem::new(Code::StaleVersion).with_member("version", version));
    }
    Ok(Json(to_preferences_view(
        &preferences,
        version + 1,
        service.offered_channels(&caller),
        &kinds,
    )))
}

fn parse_preferences(form: PreferencesForm) -> Result<DeliveryPreferences, Problem> {
    let mut errors = Vec::new();
    let time_zone = TimeZone::from_name(&form.time_zone);
    if time_zone.is_none() {
        errors.push(FieldError::new("time_zone", say::time_zone_unknown));
    }
    if form.digest_hour.is_some_and(|hour| hour >= HOURS) {
        errors.push(FieldError::new("digest_hour", say::hour_out_of_range));
    }
    if !errors.is_empty() {
        return Err(errors.into());
    }
    let wishes = form
        .kinds
        .iter()
        .flat_map(|KindForm { kind, channels }| channels.iter().map(|channel| (*kind, *channel)));
    Ok(DeliveryPreferences {
        language: form.language,
        time_zone,
        quiet_hours: form.quiet_hours,
        digest_hour: form.digest_hour,
        wishes: wishes.collect(),
    })
}

impl Service {
    fn offered_channels(&self, caller: &Caller) -> Vec<Channel> {
        let channels = self.channels.iter().copied();
        channels
            .filter(|channel| channel.can_reach(caller.actor.role))
            .collect()
    }
}

/// Alarms concern admins who may read the state of the platform.
fn list_kinds(caller: &Caller) -> Vec<NoticeKind> {
    let role = caller.actor.role;
    let reads_alarms = caller.permissions.include_any(&[Permission::ReadPlatform]);
    NoticeKind::ALL
        .into_iter()
        .filter(|kind| kind.concerns_role(role))
        .filter(|kind| *kind != NoticeKind::Alarms || reads_alarms)
        .collect()
}

fn to_preferences_view(
    preferences: &DeliveryPreferences,
    version: i64,
    channels: Vec<Channel>,
    kinds: &[NoticeKind],
) -> NotificationPreferences {
    let kinds = kinds
        .iter()
        .map(|kind| to_kind_preference(preferences, *kind));
    NotificationPreferences {
        version,
        language: preferences.language,
        time_zone: preferences.effective_zone().name(),
        quiet_hours: preferences.quiet_hours,
        digest_hour: preferences.digest_hour,
        channels,
        kinds: kinds.collect(),
    }
}

fn to_kind_preference(preferences: &DeliveryPreferences, kind: NoticeKind) -> KindPreference {
    let wanted = Channel::ALL.into_iter();
    let wanted = wanted.filter(|channel| preferences.wants_channel(kind, *channel));
    KindPreference {
        kind,
        channels: wanted.collect(),
        locked: kind.locked_channels().to_vec(),
        passes_quiet_hours: kind.is_urgent(),
    }
}
