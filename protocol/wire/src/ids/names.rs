//! The names of edges and devices.

use std::{fmt, str::FromStr};

use serde_with::{DeserializeFromStr, SerializeDisplay};

/// Why a text is not the name of an edge or a device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a name is 1 to 40 of {characters}, and `{text}` is not")]
pub struct NameError {
    characters: &'static str,
    text: String,
}

/// The characters of a kind of name, which has 1 to 40 of them.
struct NameRule {
    allows: fn(u8) -> bool,
    /// For people.
    characters: &'static str,
    pattern: &'static str,
}

/// No capitals: file systems and host names may ignore case.
const EDGE_NAME: NameRule = NameRule {
    allows: is_edge_character,
    characters: "a-z, 0-9 and `-`",
    pattern: "^[a-z0-9-]{1,40}$",
};

/// Includes each client id that a server of MQTT 3.1.1 must allow (3.1.3.1).
const DEVICE_NAME: NameRule = NameRule {
    allows: is_device_character,
    characters: "A-Z, a-z, 0-9, `_` and `-`",
    pattern: "^[A-Za-z0-9_-]{1,40}$",
};

fn is_edge_character(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
}

fn is_device_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

impl NameRule {
    fn check_name(&self, text: &str) -> Result<(), NameError> {
        if (1..=40).contains(&text.len()) && text.bytes().all(self.allows) {
            return Ok(());
        }
        Err(NameError {
            characters: self.characters,
            text: text.chars().take(60).collect(),
        })
    }
}

macro_rules! name_ids {
    ($($(#[$doc:meta])* $name:ident: $rule:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(SerializeDisplay, DeserializeFromStr)]
        pub struct $name(String);

        impl $name {
            pub fn new(text: impl Into<String>) -> Result<Self, NameError> {
                let text = text.into();
                $rule.check_name(&text)?;
                Ok(Self(text))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        text_in_frames!($name);
    )+};
}

name_ids! {
    /// An edge node, such as `north-1`. Safe in topics, paths and file names.
    EdgeId: EDGE_NAME,
    /// A tablet or kiosk, such as `tablet-7`; also its MQTT client id. `Tablet-7` is another
    /// device: every comparison is of bytes, also in databases. Safe in topics, not in file names.
    DeviceId: DEVICE_NAME,
}

text_schema!(
    EdgeId,
    "An edge node.",
    pattern = EDGE_NAME.pattern,
    "north-1"
);
text_schema!(
    DeviceId,
    "A tablet or kiosk.",
    pattern = DEVICE_NAME.pattern,
    "tablet-7"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_break_a_topic_are_refused() {
        for bad in [
            "",
            "a/b",
            "a+",
            "#",
            "a b",
            "a.b",
            "a\0",
            "é",
            &"x".repeat(41),
        ] {
            assert!(EdgeId::new(bad).is_err(), "{bad:?}");
            assert!(DeviceId::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(
            EdgeId::new("north-1").map(|e| e.to_string()),
            Ok("north-1".to_owned())
        );
    }

    #[test]
    fn only_a_device_may_have_capitals_and_they_distinguish_it() {
        for name in ["North-1", "north_1"] {
            let error = EdgeId::new(name).unwrap_err().to_string();
            assert!(error.contains("a-z, 0-9 and `-`"), "{error}");
            assert!(error.contains(name), "{error}");
        }
        // The longest client id that a server of 3.1.1 must allow, of all its characters.
        let longest = "ABCXYZabcxyz0123456789A";
        assert_eq!(longest.len(), 23);
        for name in [longest, "Tab_1", "_", "-", &"X".repeat(40)] {
            assert_eq!(DeviceId::new(name).unwrap().as_str(), name);
        }
        let [upper, lower] = ["Tab-1", "tab-1"].map(|name| DeviceId::new(name).unwrap());
        assert_ne!(upper, lower);
        assert_eq!(serde_json::to_string(&upper).unwrap(), "\"Tab-1\"");
        let bytes = minicbor::to_vec(&upper).unwrap();
        assert_eq!(minicbor::decode::<DeviceId>(&bytes).unwrap(), upper);
    }
}
