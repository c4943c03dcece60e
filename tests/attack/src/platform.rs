//! The platform under attack: real processes on embedded stores, every limit at its default.

use std::collections::BTreeMap;

use stack::{EdgePlace, Layout, Stack, Stores, Wishes};
use tokio::sync::OnceCell;

/// A cloud, and the edge of one region.
pub struct AttackedPlatform {
    pub stack: Stack,
}

impl AttackedPlatform {
    /// The one for attacks that leave it as it was. It ends with the test program.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<AttackedPlatform> = OnceCell::const_new();
        SHARED.get_or_init(Self::fresh).await
    }

    /// One of its own, for an attack that may harm it.
    pub async fn fresh() -> Self {
        Self::with(Stores::Embedded, &[]).await
    }

    /// The same with more in the environment of every process of ours.
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
}
