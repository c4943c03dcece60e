//! Stores people's preferences, and finds the admins whom alarms reach outside the inbox.

use platform::documents::{
    Collection, CollectionSchema, Document, DocumentBody, Documents, DocumentsError, Field, Index,
    IndexCondition, IndexQuery,
};
use serde::{Deserialize, Serialize};
use wire::{Language, UserId};

use crate::domain::{Channel, DeliveryPreferences, NoticeKind, QuietHours, TimeZone};

const WANTS_ALARMS: Field<bool> = Field::new("wants_alarms");

const ALARM_READERS: Index = Index::new("alarm_readers", &[WANTS_ALARMS.ascending_key()])
    .with_conditions(&[IndexCondition::Is(WANTS_ALARMS.path(), true)]);

/// Further admins find alarms in the inbox only.
const ALARM_READERS_MAX: usize = 100;

/// An admin whom alarms reach outside the inbox.
#[derive(Debug)]
pub struct AlarmReader {
    pub user_id: UserId,
    pub preferences: DeliveryPreferences,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct PreferencesDocument {
    language: Language,
    time_zone: String,
    #[serde(default)]
    quiet_hours: Option<QuietHours>,
    #[serde(default)]
    digest_hour: Option<u8>,
    /// Kinds and channels by name.
    #[serde(default)]
    wishes: Vec<(String, String)>,
    /// Follows from the wishes.
    #[serde(default)]
    wants_alarms: bool,
}

impl DocumentBody for PreferencesDocument {
    const SHAPE: CollectionSchema = CollectionSchema {
        fields: &[WANTS_ALARMS.path()],
        indexes: &[ALARM_READERS],
    };
}

#[derive(Clone)]
pub struct PreferencesStore(Collection<PreferencesDocument>);

impl PreferencesStore {
    pub fn new(documents: &Documents) -> Self {
        Self(Collection::new(documents, "preferences"))
    }

    pub async fn migrate(&self) -> Result<(), DocumentsError> {
        self.0.migrate().await
    }

    pub async fn check_schema(&self) -> Result<(), DocumentsError> {
        self.0.check_schema().await
    }

    /// Includes the version: 0 if never saved.
    pub async fn load_preferences(
        &self,
        user: UserId,
    ) -> Result<(DeliveryPreferences, i64), DocumentsError> {
        let found = self.0.get(user.0).await?;
        Ok(found.map_or_else(
            || (DeliveryPreferences::default(), 0),
            |found| {
                let version = found.version;
                (found.body.into(), version)
            },
        ))
    }

    /// At most [`ALARM_READERS_MAX`].
    pub async fn find_alarm_readers(&self) -> Result<Vec<AlarmReader>, DocumentsError> {
        let query = IndexQuery::from_index(ALARM_READERS, WANTS_ALARMS.is_equal_to(true))
            .with_limit(ALARM_READERS_MAX);
        let found = self.0.find_documents(&query).await?;
        let readers = found.into_iter().map(|found| AlarmReader {
            user_id: UserId(found.id),
            preferences: found.body.into(),
        });
        Ok(readers.collect())
    }

    /// Returns false if there were none.
    pub async fn remove_preferences(&self, user: UserId) -> Result<bool, DocumentsError> {
        while let Some(found) = self.0.get(user.0).await? {
            if self.0.delete(found.id, found.version).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns false if `version` is outdated.
    pub async fn save_preferences(
        &self,
        user: UserId,
        version: i64,
        preferences: &DeliveryPreferences,
    ) -> Result<bool, DocumentsError> {
        let body = PreferencesDocument::from(preferences);
        match version {
            0 => self.0.insert(user.0, &body, &[]).await,
            version => {
                self.0
                    .replace_document(
                        &Document {
                            id: user.0,
                            version,
                            body,
                        },
                        &[],
                    )
                    .await
            }
        }
    }
}

impl From<PreferencesDocument> for DeliveryPreferences {
    /// Ignores time zones that a later database removed, and kinds or channels from a later
    /// version.
    fn from(kept: PreferencesDocument) -> Self {
        let wishes = kept.wishes.iter();
        let wishes = wishes.filter_map(|(kind, channel)| parse_wish(kind, channel));
        Self {
            language: kept.language,
            time_zone: TimeZone::from_name(&kept.time_zone),
            quiet_hours: kept.quiet_hours,
            digest_hour: kept.digest_hour,
            wishes: wishes.collect(),
        }
    }
}

fn parse_wish(kind: &str, channel: &str) -> Option<(NoticeKind, Channel)> {
    Some((kind.parse().ok()?, channel.parse().ok()?))
}

impl From<&DeliveryPreferences> for PreferencesDocument {
    fn from(preferences: &DeliveryPreferences) -> Self {
        let words = preferences
            .wishes
            .iter()
            .map(|(kind, channel)| (kind.as_str().to_owned(), channel.as_str().to_owned()));
        Self {
            language: preferences.language,
            time_zone: preferences.effective_zone().name().to_owned(),
            quiet_hours: preferences.quiet_hours,
            digest_hour: preferences.digest_hour,
            wishes: words.collect(),
            wants_alarms: preferences.wants_alarms(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn wishes_of_a_later_version_are_skipped_and_the_rest_counts() {
        let kept = json!({
            "language": "en", "time_zone": "UTC", "quiet_hours": null, "digest_hour": 8,
            "wishes": [["orders", "email"], ["orders", "carrier_pigeon"], ["weather", "email"], ["money", "sms"]],
        });
        let kept: PreferencesDocument = serde_json::from_value(kept).unwrap();
        let wishes = DeliveryPreferences::from(kept);
        let known = [
            (NoticeKind::Orders, Channel::Email),
            (NoticeKind::Money, Channel::Sms),
        ];
        assert_eq!(
            (wishes.digest_hour, &wishes.wishes),
            (Some(8), &known.into())
        );
        let again = serde_json::to_value(PreferencesDocument::from(&wishes)).unwrap();
        assert_eq!(
            again["wishes"],
            json!([["orders", "email"], ["money", "sms"]])
        );
    }
}
