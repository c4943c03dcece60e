//! The form for publishing an order.
//!
//! Invariant: the result is a complete draft. The systems Holdfast replaces accepted orders without
//! title and address; this module fills them in, so every order has both.

use serde::Deserialize;
use texts::Phrase;
use utoipa::ToSchema;
use wire::{Amount, Currency, Draft, Language, Region, ServiceType, UnixMillis};

use crate::say;

/// A customer's form for publishing an order.
#[derive(Deserialize, ToSchema)]
pub struct OrderForm {
    /// Defaults to the name of the service type.
    title: Option<String>,
    #[serde(default)]
    description: String,
    service_type: ServiceType,
    /// Also accepted as `amount`.
    #[serde(alias = "amount")]
    price: Amount,
    #[serde(default)]
    currency: Currency,
    location: Region,
    /// Defaults to a note that customer and provider arrange it.
    address: Option<String>,
    service_start_time: Option<UnixMillis>,
    service_end_time: Option<UnixMillis>,
}

impl OrderForm {
    /// Fills missing fields with text in the customer's language.
    pub fn into_draft(self, language: Language) -> Draft {
        let Self {
            title,
            description,
            service_type,
            price,
            currency,
            location,
            address,
            ..
        } = self;
        Draft {
            title: title
                .unwrap_or_else(|| service_type_name(service_type).text_in(language).to_owned()),
            description,
            service_type,
            price,
            currency,
            location,
            address: address.unwrap_or_else(|| say::address_arranged.text_in(language).to_owned()),
            service_start_time: self.service_start_time,
            service_end_time: self.service_end_time,
        }
    }
}

fn service_type_name(service_type: ServiceType) -> Phrase {
    match service_type {
        ServiceType::CleaningRepair => say::service_cleaning_repair,
        ServiceType::ItTechnology => say::service_it_technology,
        ServiceType::EducationTraining => say::service_education_training,
        ServiceType::LifeHealth => say::service_life_health,
        ServiceType::DesignConsulting => say::service_design_consulting,
        ServiceType::Other => say::service_other,
    }
}
