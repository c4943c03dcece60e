//! The platform under attack: real processes, every limit at its default.

use std::collections::BTreeMap;

use process::{parts::CloudPart, tokens::ServiceKey};
use stack::{EdgePlace, Layout, Stack, Stores, Wishes};
use support::{is_deep_run, test_servers};
use tokio::sync::OnceCell;

/// A cloud and one region's edge.
pub struct AttackedPlatform {
    pub stack: Stack,
}

impl AttackedPlatform {
    /// The platform for attacks that leave it unchanged: a process per part, on servers as in
    /// production. It ends with the test program.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<AttackedPlatform> = OnceCell::const_new();
        SHARED.get_or_init(Self::fresh).await
    }

    /// A separate platform, for an attack that may harm it.
    pub async fn fresh() -> Self {
        Self::with(Stores::Real, &[]).await
    }

    /// A separate platform whose folder has the data of its servers as well.
    pub async fn with_own_servers() -> Self {
        Self::start(Stores::Real, at_default_limits(&[])).await
    }

    /// A separate platform for thousands of calls by one person, with the gateway's rate limits
    /// raised.
    pub async fn for_many_calls() -> Self {
        const MANY: &str = "1000000";
        let limits = [
            "HOLDFAST__GATEWAY__PER_USER_PER_MINUTE",
            "HOLDFAST__GATEWAY__PER_PERSON_PER_MINUTE",
        ];
        Self::with(Stores::Real, &limits.map(|limit| (limit, MANY))).await
    }

    /// A separate platform on embedded stores, which starts in a quarter of the time. For attacks
    /// that do not depend on the cloud's stores; each caller gives the reason.
    pub async fn on_files() -> Self {
        Self::with(Stores::Embedded, &[]).await
    }

    /// A separate platform, for an attack on rules that are the same on all stores. A deep run has
    /// a process per part on servers; other runs have embedded stores.
    pub async fn on_any_stores() -> Self {
        let stores = if is_deep_run() {
            Stores::Real
        } else {
            Stores::Embedded
        };
        Self::with(stores, &[]).await
    }

    /// A separate platform with additional environment variables in each of our processes.
    pub async fn with(stores: Stores, environment: &[(&str, &str)]) -> Self {
        let wishes = at_default_limits(environment).on(test_servers());
        Self::start(stores, wishes).await
    }

    async fn start(stores: Stores, wishes: Wishes) -> Self {
        // One region is enough to attack, and starts in a fifth of the time.
        let layout = Layout::temporary(stores).expect("a layout").with_one_edge();
        let stack = Stack::start(layout, &wishes).await.expect("a platform");
        Self { stack }
    }

    pub fn gateway(&self) -> u16 {
        self.stack.layout().gateway
    }

    pub fn edge(&self) -> &EdgePlace {
        &self.stack.layout().edges[0]
    }

    /// The key that a part uses to call other parts, on a platform with servers.
    ///
    /// # Panics
    /// If the key is missing.
    pub fn service_key(&self, part: CloudPart) -> ServiceKey {
        let folder = self.stack.layout().cloud_folder().join(part.name());
        ServiceKey::load_for_part(part, &folder.join("service.key")).expect("a part's key")
    }
}

fn at_default_limits(environment: &[(&str, &str)]) -> Wishes {
    let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    // Nothing listens there.
    let pushes = [
        ("HOLDFAST__NOTIFICATION__PUSH_URL", "web"),
        (
            "HOLDFAST__NOTIFICATION__PUSH_CONTACT",
            "mailto:ops@example.org",
        ),
        ("HOLDFAST__NOTIFICATION__PUSH_SERVICES", r#"["127.0.0.1"]"#),
    ];
    let environment: BTreeMap<_, _> = pushes.iter().chain(environment).map(text).collect();
    Wishes {
        default_limits: true,
        environment,
        ..Wishes::default()
    }
}
