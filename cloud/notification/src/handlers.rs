//! The handlers of the routes, and the state that they share.

pub(crate) mod arrivals;
pub(crate) mod deliveries;
pub(crate) mod devices;
pub(crate) mod inbox;
pub(crate) mod notices;
pub(crate) mod preferences;
pub(crate) mod stream;

use axum::extract::FromRef;
use platform::web_push::WebPush;
use process::{routes::RouteGuard, tokens::TokenVerifier};

use crate::{
    domain::Channel,
    store::{DeliveryStore, DeviceStore, InboxStore, PreferencesStore},
};

use notices::NoticeWriter;
use stream::InboxStreams;

#[derive(Clone, FromRef)]
pub struct Service {
    pub store: InboxStore,
    pub preferences: PreferencesStore,
    pub delivery_store: DeliveryStore,
    pub devices: DeviceStore,
    /// `None` unless pushes go to browsers.
    pub web_push: Option<WebPush>,
    pub notices: NoticeWriter,
    /// The enabled channels.
    pub channels: Vec<Channel>,
    pub verifier: TokenVerifier,
    pub streams: InboxStreams,
}

impl RouteGuard for Service {
    fn verifier(&self) -> &TokenVerifier {
        &self.verifier
    }
}
