//! The interface of both kinds of profile to the store, and their events.

use wire::{ProfileEvent, ProviderStanding};

use super::{CustomerProfile, PersonRecord, ProviderProfile};

pub trait ProfileBody: Clone + From<PersonRecord> {
    fn person(&self) -> &PersonRecord;
    fn person_mut(&mut self) -> &mut PersonRecord;
    fn refresh_derived_fields(&mut self);
    fn to_profile_event(&self) -> ProfileEvent;
}

impl ProfileBody for CustomerProfile {
    fn person(&self) -> &PersonRecord {
        &self.person
    }

    fn person_mut(&mut self) -> &mut PersonRecord {
        &mut self.person
    }

    fn refresh_derived_fields(&mut self) {}

    fn to_profile_event(&self) -> ProfileEvent {
        let PersonRecord {
            user_id,
            role,
            revision,
            ..
        } = self.person;
        ProfileEvent {
            user_id,
            role,
            version: revision,
            provider: None,
            reason: None,
        }
    }
}

impl ProfileBody for ProviderProfile {
    fn person(&self) -> &PersonRecord {
        &self.person
    }

    fn person_mut(&mut self) -> &mut PersonRecord {
        &mut self.person
    }

    fn refresh_derived_fields(&mut self) {
        Self::refresh_derived_fields(self);
    }

    fn to_profile_event(&self) -> ProfileEvent {
        let PersonRecord {
            user_id,
            role,
            revision,
            is_closed,
            ..
        } = self.person;
        let provider = ProviderStanding {
            is_active: self.is_active && !is_closed,
            verified: self.is_verified(),
            service_areas: self.service_areas.clone(),
            service_categories: self.service_categories.clone(),
        };
        ProfileEvent {
            user_id,
            role,
            version: revision,
            provider: Some(provider),
            reason: None,
        }
    }
}
