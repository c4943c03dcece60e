//! The form in which people write their own profile. It replaces the whole profile: a missing field
//! is stored empty.

use serde::Deserialize;
use utoipa::ToSchema;
use wire::{Amount, FieldError, Region, Role, ServiceType, UnixMillis};

use super::{
    AddressId, CalendarDay, CustomerProfile, DayException, InlineAddress, PersonRecord,
    PortfolioItem, Preferences, ProviderProfile, WeekHours, address::move_default_address,
    calendar, fields,
};
use crate::say;

const SKILLS_MAX: usize = 20;
const PORTFOLIO_MAX: usize = 12;
const EXPERIENCE_YEARS_MAX: u8 = 80;
const BORN_YEAR_MIN: i16 = 1900;

#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileForm {
    /// The version that the client read.
    pub version: i64,
    full_name: String,
    #[serde(alias = "phone")]
    phone_number: String,
    #[serde(default)]
    bio: Option<String>,
    #[serde(default)]
    profile_picture_url: Option<String>,
    /// Only for customers, like `preferences` and `address`.
    #[serde(default)]
    date_of_birth: Option<CalendarDay>,
    #[serde(default)]
    preferences: Option<Preferences>,
    /// The default address. If missing, all addresses stay.
    #[serde(default)]
    address: Option<InlineAddress>,
    /// Free-text skills. Only for providers, like all fields below.
    #[serde(default)]
    skills: Option<Vec<String>>,
    /// The kinds of work used for matching with orders.
    #[serde(default)]
    service_categories: Option<Vec<ServiceType>>,
    #[serde(default)]
    service_areas: Option<Vec<Region>>,
    #[serde(default)]
    hourly_rate: Option<Amount>,
    #[serde(default)]
    experience_years: Option<u8>,
    #[serde(default, deserialize_with = "calendar::deserialize_week_hours")]
    availability: Option<WeekHours>,
    #[serde(default)]
    exceptions: Option<Vec<DayException>>,
    #[serde(default)]
    portfolio: Option<Vec<PortfolioItem>>,
    /// True if the provider takes jobs at present; true if missing.
    #[serde(default)]
    is_active: Option<bool>,
}

impl ProfileForm {
    /// Collects an error for every wrong field.
    pub fn validate_for_role(
        mut self,
        role: Role,
        today: CalendarDay,
    ) -> Result<Self, Vec<FieldError>> {
        let mut errors = self.refuse_fields_of_other_roles(role);
        self.check_person(&mut errors);
        if role != Role::Admin && fields::pretends_to_be_staff(&self.full_name) {
            errors.push(FieldError::new("full_name", say::name_of_staff));
        }
        if let Some(born) = self.date_of_birth
            && (born.0.year() < BORN_YEAR_MIN || born > today)
        {
            errors.push(FieldError::new("date_of_birth", say::born_out_of_range));
        }
        if let Some(preferences) = &mut self.preferences {
            let kinds = std::mem::take(&mut preferences.service_types);
            preferences.service_types = fields::remove_duplicates(kinds);
        }
        self.address = self
            .address
            .take()
            .map(|address| address.validate_fields(&mut errors));
        self.check_offer(&mut errors);
        self.check_portfolio(&mut errors);
        if errors.is_empty() {
            Ok(self)
        } else {
            Err(errors)
        }
    }

    fn refuse_fields_of_other_roles(&self, role: Role) -> Vec<FieldError> {
        let of_customers = [
            ("date_of_birth", self.date_of_birth.is_some()),
            ("preferences", self.preferences.is_some()),
            ("address", self.address.is_some()),
        ];
        let of_providers = [
            ("skills", self.skills.is_some()),
            ("service_categories", self.service_categories.is_some()),
            ("service_areas", self.service_areas.is_some()),
            ("hourly_rate", self.hourly_rate.is_some()),
            ("experience_years", self.experience_years.is_some()),
            ("availability", self.availability.is_some()),
            ("exceptions", self.exceptions.is_some()),
            ("portfolio", self.portfolio.is_some()),
            ("is_active", self.is_active.is_some()),
        ];
        match role {
            Role::Provider => refuse_present_fields(&of_customers, say::field_of_customers),
            Role::Customer | Role::Admin => {
                refuse_present_fields(&of_providers, say::field_of_providers)
            }
        }
    }

    fn check_person(&mut self, errors: &mut Vec<FieldError>) {
        self.full_name =
            fields::check_text_field("full_name", &self.full_name, fields::NAME, errors);
        self.phone_number = fields::value_or_collect_error(
            fields::check_phone_number("phone_number", &self.phone_number),
            errors,
        );
        self.bio = fields::check_optional_text("bio", self.bio.take(), fields::BIO, errors);
        let picture = self
            .profile_picture_url
            .take()
            .filter(|url| !url.trim().is_empty());
        let picture = picture
            .map(|url| fields::check_https_url("profile_picture_url", &url))
            .transpose();
        self.profile_picture_url = fields::value_or_collect_error(picture, errors);
    }

    fn check_offer(&mut self, errors: &mut Vec<FieldError>) {
        let skills = self.skills.take().unwrap_or_default();
        errors.extend(fields::too_many_error("skills", skills.len(), SKILLS_MAX));
        let skills = skills
            .into_iter()
            .take(SKILLS_MAX)
            .enumerate()
            .map(|(place, skill)| {
                fields::check_text_field(&format!("skills[{place}]"), &skill, fields::WORD, errors)
            });
        self.skills = Some(fields::remove_duplicates(skills.collect()));
        self.service_categories = Some(fields::remove_duplicates(
            self.service_categories.take().unwrap_or_default(),
        ));
        self.service_areas = Some(fields::remove_duplicates(
            self.service_areas.take().unwrap_or_default(),
        ));
        if self.hourly_rate.is_some_and(|rate| !rate.is_positive()) {
            errors.push(FieldError::new("hourly_rate", say::rate_too_low));
        }
        if self
            .experience_years
            .is_some_and(|years| years > EXPERIENCE_YEARS_MAX)
        {
            let most = EXPERIENCE_YEARS_MAX.into();
            errors.push(FieldError::new(
                "experience_years",
                say::too_many_years { most },
            ));
        }
        self.availability = Some(
            self.availability
                .take()
                .unwrap_or_default()
                .validate_hours(errors),
        );
        let exceptions = self.exceptions.take().unwrap_or_default();
        self.exceptions = Some(calendar::check_exceptions(exceptions, errors));
    }

    fn check_portfolio(&mut self, errors: &mut Vec<FieldError>) {
        let items = self.portfolio.take().unwrap_or_default();
        errors.extend(fields::too_many_error(
            "portfolio",
            items.len(),
            PORTFOLIO_MAX,
        ));
        let items = items
            .into_iter()
            .take(PORTFOLIO_MAX)
            .enumerate()
            .map(|(place, item)| PortfolioItem {
                title: fields::check_text_field(
                    &format!("portfolio[{place}].title"),
                    &item.title,
                    fields::TITLE,
                    errors,
                ),
                description: fields::check_optional_text(
                    &format!("portfolio[{place}].description"),
                    item.description,
                    fields::BIO,
                    errors,
                ),
                finished_on: item.finished_on,
            });
        self.portfolio = Some(items.collect());
    }

    /// `new` becomes the id of a first address.
    pub fn apply_to_customer(&self, profile: &mut CustomerProfile, new: AddressId) {
        self.apply_to_person(&mut profile.person);
        profile.date_of_birth = self.date_of_birth;
        profile.preferences = self.preferences.clone().unwrap_or_default();
        if let Some(address) = &self.address {
            move_default_address(&mut profile.person.addresses, address, new);
        }
    }

    /// A verified provider's new name sends them back to the verification queue.
    pub fn apply_to_provider(&self, profile: &mut ProviderProfile, now: UnixMillis) {
        if profile.person.full_name != self.full_name {
            profile.requeue_if_verified(now);
        }
        self.apply_to_person(&mut profile.person);
        let form = self.clone();
        profile.skills = form.skills.unwrap_or_default();
        profile.service_categories = form.service_categories.unwrap_or_default();
        profile.service_areas = form.service_areas.unwrap_or_default();
        profile.hourly_rate = form.hourly_rate;
        profile.experience_years = form.experience_years;
        profile.availability = form.availability.unwrap_or_default();
        profile.exceptions = form.exceptions.unwrap_or_default();
        profile.portfolio = form.portfolio.unwrap_or_default();
        profile.is_active = form.is_active.unwrap_or(true);
    }

    fn apply_to_person(&self, person: &mut PersonRecord) {
        person.full_name.clone_from(&self.full_name);
        person.phone_number.clone_from(&self.phone_number);
        person.bio.clone_from(&self.bio);
        person
            .profile_picture_url
            .clone_from(&self.profile_picture_url);
    }
}

/// Takes each field's name and whether the form has it.
fn refuse_present_fields(fields: &[(&'static str, bool)], why: texts::Phrase) -> Vec<FieldError> {
    let present = fields.iter().filter(|(_, is_present)| *is_present);
    present
        .map(|(field, _)| FieldError::new(field, why))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn wrong(role: Role, change: Value) -> Vec<String> {
        let mut form = json!({ "version": 1, "full_name": "Li Si", "phone_number": "13800138000" });
        form.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let form: ProfileForm = serde_json::from_value(form).unwrap();
        let checked = form.validate_for_role(role, "2026-11-22".parse().unwrap());
        checked
            .err()
            .unwrap_or_default()
            .into_iter()
            .map(|error| error.field)
            .collect()
    }

    #[track_caller]
    fn check(role: Role, change: Value, fields: &[&str]) {
        assert_eq!(wrong(role, change.clone()), fields, "{change}");
    }

    #[test]
    fn every_field_of_a_person_is_bounded_and_named() {
        use Role::{Customer, Provider};
        check(Customer, json!({}), &[]);
        check(
            Customer,
            json!({ "full_name": " ", "phone_number": "x" }),
            &["full_name", "phone_number"],
        );
        check(
            Customer,
            json!({ "full_name": "x".repeat(81) }),
            &["full_name"],
        );
        check(
            Customer,
            json!({ "full_name": "a\u{202e}b" }),
            &["full_name"],
        );
        check(
            Customer,
            json!({ "full_name": "Holdfast Support" }),
            &["full_name"],
        );
        check(
            Provider,
            json!({ "full_name": "\u{5b98}\u{65b9}" }),
            &["full_name"],
        );
        check(Role::Admin, json!({ "full_name": "Holdfast Support" }), &[]);
        check(Customer, json!({ "bio": "two\nlines" }), &[]);
        check(Customer, json!({ "bio": "x".repeat(1_001) }), &["bio"]);
        check(
            Customer,
            json!({ "profile_picture_url": "javascript:x" }),
            &["profile_picture_url"],
        );
        check(Customer, json!({ "date_of_birth": "1990-01-01" }), &[]);
        check(
            Customer,
            json!({ "date_of_birth": "2026-11-23" }),
            &["date_of_birth"],
        );
        check(
            Customer,
            json!({ "date_of_birth": "1899-12-31" }),
            &["date_of_birth"],
        );
        let lake = json!({ "province": "北京市", "city": "海淀区", "detail": "中关村大街1号" });
        check(Customer, json!({ "address": lake }), &[]);
        let wrong = json!({ "province": "x".repeat(61), "detail": " " });
        check(
            Customer,
            json!({ "address": wrong }),
            &["address.province", "address.detail"],
        );
    }

    #[test]
    fn every_field_of_an_offer_is_bounded_and_named() {
        use Role::Provider;
        check(Provider, json!({ "skills": vec!["x"; 21] }), &["skills"]);
        check(
            Provider,
            json!({ "skills": ["ok", "x".repeat(41)] }),
            &["skills[1]"],
        );
        check(Provider, json!({ "hourly_rate": "0" }), &["hourly_rate"]);
        check(
            Provider,
            json!({ "hourly_rate": 50.5, "experience_years": 80 }),
            &[],
        );
        check(
            Provider,
            json!({ "experience_years": 81 }),
            &["experience_years"],
        );
        check(
            Provider,
            json!({ "portfolio": [{ "title": "" }] }),
            &["portfolio[0].title"],
        );
        check(
            Provider,
            json!({ "exceptions": [{ "day": "2026-12-24" }, { "day": "2026-12-24" }] }),
            &["exceptions"],
        );
    }

    #[test]
    fn a_field_of_the_other_kind_of_person_is_refused_by_name() {
        let offer = json!({ "skills": [], "hourly_rate": "1", "is_active": true });
        check(
            Role::Customer,
            offer.clone(),
            &["skills", "hourly_rate", "is_active"],
        );
        check(Role::Admin, offer, &["skills", "hourly_rate", "is_active"]);
        check(
            Role::Provider,
            json!({ "date_of_birth": "1990-01-01" }),
            &["date_of_birth"],
        );
        check(
            Role::Provider,
            json!({ "address": { "detail": "1 Lake Road" } }),
            &["address"],
        );
    }

    #[test]
    fn hours_are_sent_by_the_names_of_days_alone() {
        let sent = |availability: Value| {
            let form = json!({
                "version": 1, "full_name": "A", "phone_number": "12345", "availability": availability,
            });
            serde_json::from_value::<ProfileForm>(form)
        };
        let form = sent(json!({ "monday": ["09:00-17:00"], "sunday": [] })).unwrap();
        assert_eq!(
            form.availability.unwrap().monday,
            ["09:00-17:00".parse().unwrap()]
        );
        assert!(sent(json!(null)).unwrap().availability.is_none());
        for bad in [
            json!([[]]),
            json!([["09:00-17:00"]]),
            json!({ "mon": [] }),
            json!("monday"),
        ] {
            assert!(sent(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_field_that_a_newer_version_has_stored_is_passed_over() {
        fn read<T: serde::de::DeserializeOwned>(mut stored: Value) {
            stored
                .as_object_mut()
                .unwrap()
                .insert("of_tomorrow".into(), json!({ "x": 1 }));
            assert!(
                serde_json::from_value::<T>(stored).is_ok(),
                "{}",
                std::any::type_name::<T>()
            );
        }
        read::<Preferences>(json!({ "service_types": [] }));
        read::<PortfolioItem>(json!({ "title": "A wall" }));
        read::<super::super::Certification>(json!({ "name": "a", "number": "b", "issuer": "c" }));
        read::<super::super::Certification>(json!({ "name": "a" }));
        read::<WeekHours>(json!({ "monday": [] }));
        read::<DayException>(json!({ "day": "2026-12-24" }));
    }
}
