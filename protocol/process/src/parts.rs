//! The table of cloud parts, which the launcher, the gateway and the stack read.
//!
//! A new service is one line here; its crate has `open`, `migrate`, `Config` and `Peers`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of store a part owns, with its database name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    Nothing,
    Sql(&'static str),
    Documents(&'static str),
}

/// The services, one per line: variant, crate, port, port offset, store, called parts, help. In one
/// process they open in this order and stop in reverse.
#[macro_export]
macro_rules! services {
    ($reader:ident) => {
        $reader! {
            Auth auth 8000 1 Sql("auth_db") { order: Order, payment: Payment }, "Only accounts and sessions";
            User user 8002 2 Documents("user_db") { order: Order }, "Only user profiles";
            Order order 8003 3 Sql("order_db") { hub: Hub, payment: Payment }, "Only orders";
            Payment payment 8004 4 Sql("payment_db") { order: Order }, "Only payments";
            Review review 8005 5 Documents("review_db") { order: Order }, "Only reviews";
            Notification notification 8006 6 Documents("notification_db") { user: User, auth: Auth },
                "Only inboxes";
            Hub hub 8007 7 Sql("sync_db") { order: Order, review: Review, auth: Auth },
                "Only the cloud end of the edge links";
        }
    };
}

macro_rules! parts {
    ($(
        $part:ident $name:ident $port:literal $offset:literal $store:ident($database:literal)
        { $($peer:ident: $asked:ident),* }, $about:literal;
    )+) => {
        /// A part of the cloud, which can run in a separate process.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum CloudPart { $($part,)+ Gateway }

        impl CloudPart {
            /// The gateway opens last and stops first.
            pub const ALL: &'static [Self] = &[$(Self::$part,)+ Self::Gateway];

            /// Its name on the command line and in configuration, logs and problems.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$part => stringify!($name),)+ Self::Gateway => "gateway" }
            }

            pub const fn port(self) -> u16 {
                match self { $(Self::$part => $port,)+ Self::Gateway => 8080 }
            }

            /// Distance to the gateway's port on a machine that runs a whole platform.
            pub const fn port_offset(self) -> u16 {
                match self { $(Self::$part => $offset,)+ Self::Gateway => 0 }
            }

            pub const fn store(self) -> StoreKind {
                match self {
                    $(Self::$part => StoreKind::$store($database),)+
                    Self::Gateway => StoreKind::Nothing,
                }
            }

            const fn asks(self) -> &'static [Self] {
                match self { $(Self::$part => &[$(Self::$asked),*],)+ Self::Gateway => Self::ALL }
            }

            pub const fn about(self) -> &'static str {
                match self { $(Self::$part => $about,)+ Self::Gateway => "Only the public entry point" }
            }
        }
    };
}
services!(parts);

impl CloudPart {
    /// Every part except the gateway.
    pub fn behind_the_gateway() -> impl Iterator<Item = Self> {
        Self::ALL
            .iter()
            .copied()
            .filter(|part| *part != Self::Gateway)
    }

    /// The parts that may call it.
    pub fn callers(self) -> impl Iterator<Item = Self> {
        Self::ALL
            .iter()
            .copied()
            .filter(move |part| *part != self && part.asks().contains(&self))
    }

    pub fn from_name(name: &str) -> Option<Self> {
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
    fn each_part_has_few_callers() {
        let callers = |part: CloudPart| part.callers().map(CloudPart::name).collect::<Vec<_>>();
        assert_eq!(
            callers(CloudPart::Order),
            ["auth", "user", "payment", "review", "hub", "gateway"]
        );
        assert_eq!(callers(CloudPart::Payment), ["auth", "order", "gateway"]);
        assert_eq!(callers(CloudPart::Review), ["hub", "gateway"]);
        assert_eq!(callers(CloudPart::User), ["notification", "gateway"]);
        assert_eq!(callers(CloudPart::Notification), ["gateway"]);
        assert_eq!(callers(CloudPart::Gateway), [""; 0]);
    }

    #[test]
    fn no_two_parts_share_a_name_a_port_or_a_database() {
        let all = CloudPart::ALL;
        assert_eq!(
            all.iter()
                .map(|part| part.name())
                .collect::<BTreeSet<_>>()
                .len(),
            all.len()
        );
        assert_eq!(
            all.iter()
                .map(|part| part.port())
                .collect::<BTreeSet<_>>()
                .len(),
            all.len()
        );
        let offsets: BTreeSet<u16> = all.iter().map(|part| part.port_offset()).collect();
        assert_eq!(offsets.len(), all.len());
        let databases = all.iter().filter_map(|part| match part.store() {
            StoreKind::Sql(name) | StoreKind::Documents(name) => Some(name),
            StoreKind::Nothing => None,
        });
        assert_eq!(databases.collect::<BTreeSet<_>>().len(), all.len() - 1);
    }
}
