//! The platform under attack: real processes, every limit at its default.

use std::collections::BTreeMap;

use process::{parts::CloudPart, tokens::ServiceKey};
use stack::{EdgePlace, Layout, Stack, Stores, Wishes};
use tokio::sync::OnceCell;

/// A cloud, and the edge of one region.
pub struct AttackedPlatform {
    pub stack: Stack,
}

impl AttackedPlatform {
    /// The one for attacks that leave it as it was: a process per part, on servers as in
    /// production. It ends with the test program.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<AttackedPlatform> = OnceCell::const_new();
        SHARED.get_or_init(Self::fresh).await
    }

    /// One of its own, for an attack that may harm it.
    pub async fn fresh() -> Self {
        Self::with(Stores::Real, &[]).await
    }

    /// One of its own for thousands of calls by one person: the gateway's limits of calls are out
    /// of the way.
    pub async fn for_many_calls() -> Self {
        const MANY: &str = "1000000";
        let limits =
            ["HOLDFAST__GATEWAY__PER_USER_PER_MINUTE", "HOLDFAST__GATEWAY__PER_PERSON_PER_MINUTE"];
        Self::with(Stores::Real, &limits.map(|limit| (limit, MANY))).await
    }

    /// One of its own on embedded stores, which starts in a quarter of the time: for an attack to
    /// which it is all the same where the cloud keeps its data. Each says why.
    pub async fn on_files() -> Self {
        Self::with(Stores::Embedded, &[]).await
    }

    /// One of its own with more in the environment of every process of ours.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn with(stores: Stores, environment: &[(&str, &str)]) -> Self {
        let mut layout = Layout::temporary(stores).expect("a layout");
        // One region is enough to attack, and starts in a fifth of the time.
        layout.edges.truncate(1);
        let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let environment: BTreeMap<_, _> = environment.iter().map(text).collect();
        let wishes = Wishes { default_limits: true, environment, ..Wishes::default() };
        let stack = Stack::start(layout, &wishes).await.expect("a platform");
        Self { stack }
    }

    /// The gateway's port.
    pub fn gateway(&self) -> u16 {
        self.stack.layout().gateway
    }

    pub fn edge(&self) -> &EdgePlace {
        &self.stack.layout().edges[0]
    }

    /// The key by which a part of a platform on servers speaks to the others.
    ///
    /// # Panics
    /// When there is none.
    pub fn service_key(&self, part: CloudPart) -> ServiceKey {
        let folder = self.stack.layout().cloud_folder().join(part.name());
        ServiceKey::of_part(part, &folder.join("service.key")).expect("a part's key")
    }
}
