//! A person's addresses. If they have any, exactly one is the default.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use wire::{FieldError, Region};

use super::fields;

pub const ADDRESSES_MAX: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct AddressId(pub Uuid);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Address {
    pub id: AddressId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub province: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    pub detail: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    pub is_default: bool,
}

/// An address as the client sends it. A missing field is stored empty.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressForm {
    /// The version that the client read.
    pub version: i64,
    #[serde(default)]
    label: Option<String>,
    #[serde(default)]
    recipient_name: Option<String>,
    #[serde(default, alias = "phone")]
    phone_number: Option<String>,
    #[serde(default)]
    province: Option<String>,
    #[serde(default)]
    city: Option<String>,
    detail: String,
    #[serde(default)]
    region: Option<Region>,
    #[serde(default)]
    is_default: bool,
}

/// A customer's default address, as the profile form carries it.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InlineAddress {
    #[serde(default)]
    province: Option<String>,
    #[serde(default)]
    city: Option<String>,
    detail: String,
}

impl InlineAddress {
    pub(super) fn validate_fields(self, errors: &mut Vec<FieldError>) -> Self {
        Self {
            province: fields::check_optional_text(
                "address.province",
                self.province,
                fields::PLACE,
                errors,
            ),
            city: fields::check_optional_text("address.city", self.city, fields::PLACE, errors),
            detail: fields::check_text_field(
                "address.detail",
                &self.detail,
                fields::STREET,
                errors,
            ),
        }
    }
}

impl AddressForm {
    /// Collects an error for every wrong field.
    pub fn into_address(self, id: AddressId) -> Result<Address, Vec<FieldError>> {
        let mut errors = Vec::new();
        let phone = self.phone_number.filter(|phone| !phone.trim().is_empty());
        let phone = phone
            .map(|phone| fields::check_phone_number("phone_number", &phone))
            .transpose();
        let address = Address {
            id,
            label: fields::check_optional_text("label", self.label, fields::WORD, &mut errors),
            recipient_name: fields::check_optional_text(
                "recipient_name",
                self.recipient_name,
                fields::NAME,
                &mut errors,
            ),
            phone_number: fields::value_or_collect_error(phone, &mut errors),
            province: fields::check_optional_text(
                "province",
                self.province,
                fields::PLACE,
                &mut errors,
            ),
            city: fields::check_optional_text("city", self.city, fields::PLACE, &mut errors),
            detail: fields::check_text_field("detail", &self.detail, fields::STREET, &mut errors),
            region: self.region,
            is_default: self.is_default,
        };
        if errors.is_empty() {
            Ok(address)
        } else {
            Err(errors)
        }
    }
}

/// Refuses more than `ADDRESSES_MAX`.
pub fn add_address(all: &mut Vec<Address>, address: Address) -> Result<(), FieldError> {
    if let Some(full) = fields::too_many_error("addresses", all.len() + 1, ADDRESSES_MAX) {
        return Err(full);
    }
    all.push(address);
    let last = all.len() - 1;
    keep_one_default(all, last);
    Ok(())
}

/// Moves the default address here and clears its region, which belonged to the old place; changes
/// nothing if the place is the same. Without a default, adds one with the id `new`.
pub(super) fn move_default_address(all: &mut Vec<Address>, to: &InlineAddress, new: AddressId) {
    let InlineAddress {
        province,
        city,
        detail,
    } = to.clone();
    let Some(place) = all.iter().position(|address| address.is_default) else {
        all.push(Address {
            id: new,
            label: None,
            recipient_name: None,
            phone_number: None,
            province,
            city,
            detail,
            region: None,
            is_default: true,
        });
        return;
    };
    let kept = &mut all[place];
    let stands = (&kept.province, &kept.city, &kept.detail) == (&province, &city, &detail);
    if !stands {
        *kept = Address {
            province,
            city,
            detail,
            region: None,
            ..kept.clone()
        };
    }
}

/// Returns false if no address has this id.
pub fn edit_address(all: &mut [Address], address: &Address) -> bool {
    let Some(index) = all.iter().position(|known| known.id == address.id) else {
        return false;
    };
    all[index] = address.clone();
    keep_one_default(all, index);
    true
}

/// Returns false if no address has this id.
pub fn remove_address(all: &mut Vec<Address>, id: AddressId) -> bool {
    let before = all.len();
    all.retain(|address| address.id != id);
    keep_one_default(all, 0);
    all.len() < before
}

/// Keeps one default: the touched address if marked, else the current default, else the first.
fn keep_one_default(all: &mut [Address], touched: usize) {
    if all.get(touched).is_some_and(|address| address.is_default) {
        for (index, address) in all.iter_mut().enumerate() {
            address.is_default = index == touched;
        }
    }
    if !all.iter().any(|address| address.is_default)
        && let Some(first) = all.first_mut()
    {
        first.is_default = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u128, is_default: bool) -> Address {
        let form = AddressForm {
            detail: format!(" {n} Lake Road "),
            is_default,
            ..AddressForm::default()
        };
        form.into_address(AddressId(Uuid::from_u128(n))).unwrap()
    }

    fn default_of(all: &[Address]) -> Vec<u128> {
        let chosen = all.iter().filter(|address| address.is_default);
        chosen.map(|address| address.id.0.as_u128()).collect()
    }

    #[test]
    fn there_is_one_default_as_long_as_there_are_addresses() {
        let mut all = Vec::new();
        add_address(&mut all, address(1, false)).unwrap();
        assert_eq!(default_of(&all), [1], "the first");
        add_address(&mut all, address(2, false)).unwrap();
        assert_eq!(default_of(&all), [1]);
        add_address(&mut all, address(3, true)).unwrap();
        assert_eq!(default_of(&all), [3]);
        assert!(edit_address(&mut all, &address(2, true)));
        assert_eq!(default_of(&all), [2]);
        assert!(edit_address(&mut all, &address(2, false)));
        assert_eq!(default_of(&all), [1]);
        assert!(remove_address(&mut all, AddressId(Uuid::from_u128(1))));
        assert_eq!(default_of(&all), [2]);
        assert!(!remove_address(&mut all, AddressId(Uuid::from_u128(1))));
        assert!(!edit_address(&mut all, &address(9, true)));
        assert!(
            remove_address(&mut all, AddressId(Uuid::from_u128(2)))
                && remove_address(&mut all, AddressId(Uuid::from_u128(3)))
        );
        assert!(all.is_empty());
    }

    #[test]
    fn an_address_in_a_profile_is_the_default_one() {
        let to = |detail: &str| InlineAddress {
            city: Some("Haidian".into()),
            detail: detail.into(),
            ..InlineAddress::default()
        };
        let new = |n| AddressId(Uuid::from_u128(n));
        let mut all = Vec::new();
        move_default_address(&mut all, &to("1 Lake Road"), new(1));
        assert_eq!(
            (default_of(&all), all[0].detail.as_str()),
            (vec![1], "1 Lake Road")
        );
        all[0].label = Some("Home".into());
        all[0].region = Some(Region::North);
        add_address(&mut all, address(2, false)).unwrap();
        let before = all.clone();
        move_default_address(&mut all, &to("1 Lake Road"), new(3));
        assert_eq!(all, before, "the same changes nothing");
        move_default_address(&mut all, &to("2 Hill Road"), new(3));
        let moved = Address {
            detail: "2 Hill Road".into(),
            region: None,
            ..before[0].clone()
        };
        assert_eq!(all, [moved, before[1].clone()]);
    }

    #[test]
    fn the_eleventh_is_refused() {
        let mut all = Vec::new();
        for n in 0..10 {
            add_address(&mut all, address(n, false)).unwrap();
        }
        assert_eq!(
            add_address(&mut all, address(11, true)).unwrap_err().field,
            "addresses"
        );
        assert_eq!((all.len(), default_of(&all)), (10, vec![0]));
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let form = AddressForm {
            label: Some("x".repeat(41)),
            phone_number: Some("12".into()),
            city: Some("a\u{202e}b".into()),
            detail: " ".into(),
            ..AddressForm::default()
        };
        let wrong = form.into_address(AddressId(Uuid::nil())).unwrap_err();
        let fields: Vec<_> = wrong.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["label", "phone_number", "city", "detail"]);
    }
}
