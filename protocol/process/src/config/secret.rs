//! Secrets to use but never show. They are masked in print and serialisation, except while the
//! configuration layers its defaults.

use std::{cell::Cell, fmt};

use serde::{Deserialize, Serialize, Serializer};

pub(super) const MASK: &str = "***";

/// A password, key or code.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

/// An address that may hold a password; only the password is masked.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// The address with its password masked.
    pub fn masked(&self) -> String {
        let Some((scheme, rest)) = self.0.split_once("://") else {
            return self.0.clone();
        };
        // A password may hold an unescaped `@` or `/` by mistake. Mask up to the last `@`, even if
        // that hides a path, rather than show part of a password.
        let at = rest.rfind('@');
        match at.and_then(|at| {
            rest[..at]
                .split_once(':')
                .map(|(user, _)| (user, &rest[at..]))
        }) {
            Some((user, host)) => format!("{scheme}://{user}:{MASK}{host}"),
            None => self.0.clone(),
        }
    }
}

impl Secret {
    pub fn masked(&self) -> String {
        // Show that a secret is missing.
        if self.0.is_empty() {
            String::new()
        } else {
            MASK.to_owned()
        }
    }
}

thread_local! {
    static REVEALED: Cell<bool> = const { Cell::new(false) };
}

/// Serialises with secrets readable, for text inside this process only.
pub(super) fn with_secrets_revealed<R>(work: impl FnOnce() -> R) -> R {
    struct RemaskOnDrop;
    impl Drop for RemaskOnDrop {
        fn drop(&mut self) {
            REVEALED.set(false);
        }
    }
    REVEALED.set(true);
    let _mask = RemaskOnDrop;
    work()
}

macro_rules! masked {
    ($($name:ident),+) => {$(
        impl $name {
            pub fn reveal(&self) -> &str {
                &self.0
            }
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.masked())
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.masked())
            }
        }
        impl<T: Into<String>> From<T> for $name {
            fn from(text: T) -> Self {
                Self(text.into())
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let shown = if REVEALED.get() { self.0.clone() } else { self.masked() };
                serializer.serialize_str(&shown)
            }
        }
    )+};
}

masked!(Secret, SecretUrl);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_password_of_an_address_is_masked() {
        for (address, shown) in [
            (
                "mysql://root:pw@db:3306/order_db",
                "mysql://root:***@db:3306/order_db",
            ),
            ("amqp://u:p@ss@h", "amqp://u:***@h"),
            ("amqp://u:p/w@h/v", "amqp://u:***@h/v"),
            ("redis://:pw@h", "redis://:***@h"),
            ("redis://h:6379/0", "redis://h:6379/0"),
            ("sqlite:/data/x.db", "sqlite:/data/x.db"),
            ("memory:", "memory:"),
        ] {
            assert_eq!(SecretUrl::from(address).to_string(), shown);
            assert_eq!(SecretUrl::from(address).reveal(), address);
        }
    }

    proptest! {
        #[test]
        fn no_password_is_ever_shown(password in "[A-Za-z0-9/?#@:]{6,20}") {
            let address = SecretUrl::from(format!("mysql://app:{password}@db/x"));
            let secret = Secret::from(password.clone());
            for shown in [
                format!("{address}"),
                format!("{address:?}"),
                serde_json::to_string(&address).unwrap(),
                format!("{secret} {secret:?}"),
                serde_json::to_string(&secret).unwrap(),
            ] {
                prop_assert!(!shown.contains(&password), "{}", shown);
            }
        }
    }
}
