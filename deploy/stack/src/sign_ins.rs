//! The sign-ins of a platform's people. The first admin exists on every platform, the others with the
//! demo data.

use serde::{Deserialize, Serialize};
use wire::{Region, Role};

pub const ADMIN: &str = "admin";
/// Two admins at work see each other's decisions.
pub const SECOND_ADMIN: &str = "admin-two";
/// Demo people exist only behind the loopback address, and their password is printed.
pub const PASSWORD: &str = "holdfast-demo";

/// A person whose sign-in a visitor of the demo can use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoPerson {
    pub role: Role,
    pub username: String,
    pub password: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
}

impl DemoPerson {
    fn new(role: Role, username: String, region: Option<Region>) -> Self {
        Self {
            role,
            username,
            password: PASSWORD.to_owned(),
            region,
        }
    }
}

/// The first admin, who exists on every platform.
pub fn admin_sign_in() -> DemoPerson {
    DemoPerson::new(Role::Admin, ADMIN.to_owned(), None)
}

/// The admins, and a customer and a provider of each region.
pub fn sign_ins() -> Vec<DemoPerson> {
    let second_admin = DemoPerson::new(Role::Admin, SECOND_ADMIN.to_owned(), None);
    let mut everyone = vec![admin_sign_in(), second_admin];
    for role in [Role::Customer, Role::Provider] {
        let people =
            Region::ALL.map(|region| DemoPerson::new(role, user_name(role, region), Some(region)));
        everyone.extend(people);
    }
    everyone
}

pub(crate) fn user_name(role: Role, region: Region) -> String {
    format!("{}-{}", role.as_str(), region.as_str().to_lowercase())
}
