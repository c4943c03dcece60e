//! The parts of the cloud in one table, which the launcher, the gateway and the stack read.
//!
//! A new part is a line here, and a line where the launcher opens it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of store a part owns, and the name of its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    Nothing,
    Sql(&'static str),
    Documents(&'static str),
}

macro_rules! parts {
    ($($part:ident $name:literal $port:literal $offset:literal $store:expr, $about:literal;)+) => {
        /// A part of the cloud, which can run in a process of its own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum CloudPart { $(#[serde(rename = $name)] $part,)+ }

        impl CloudPart {
            pub const ALL: &'static [Self] = &[$(Self::$part),+];

            /// Its name on the command line, in the configuration, in logs and in problems.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$part => $name,)+ }
            }

            /// The port that it usually listens on.
            pub const fn port(self) -> u16 {
                match self { $(Self::$part => $port,)+ }
            }

            /// How far its port is from the gateway's on a machine that runs a whole platform.
            pub const fn port_offset(self) -> u16 {
                match self { $(Self::$part => $offset,)+ }
            }

            pub const fn store(self) -> StoreKind {
                match self { $(Self::$part => $store,)+ }
            }

            /// Its help on the command line.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$part => $about,)+ }
            }
        }
    };
}

use StoreKind::{Documents, Nothing, Sql};

// In one process the parts open in this order. A part that opens later stops earlier, so the gateway is
// the last.
parts! {
    Auth "auth" 8000 1 Sql("auth_db"), "Accounts and sessions alone";
    Order "order" 8003 3 Sql("order_db"), "Orders alone";
    Notification "notification" 8006 6 Documents("notification_db"), "Inboxes alone";
    Hub "hub" 8007 7 Sql("sync_db"), "The cloud end of the edges' links alone";
    Gateway "gateway" 8080 0 Nothing, "The public entry alone";
}

impl CloudPart {
    /// The parts that the gateway stands in front of.
    pub fn behind_the_gateway() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|part| *part != Self::Gateway)
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|part| part.name() == name)
    }
}

impl fmt::Display for CloudPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_parts_share_a_name_a_port_or_a_database() {
        let all = CloudPart::ALL;
        assert_eq!(all.iter().map(|part| part.name()).collect::<BTreeSet<_>>().len(), all.len());
        assert_eq!(all.iter().map(|part| part.port()).collect::<BTreeSet<_>>().len(), all.len());
        let offsets: BTreeSet<u16> = all.iter().map(|part| part.port_offset()).collect();
        assert_eq!(offsets.len(), all.len());
        let databases = all.iter().filter_map(|part| match part.store() {
            Sql(name) | Documents(name) => Some(name),
            Nothing => None,
        });
        assert_eq!(databases.collect::<BTreeSet<_>>().len(), all.len() - 1);
    }
}
