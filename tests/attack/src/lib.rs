//! Shared parts of the attacks: a platform at default limits, callers with distinct addresses, raw
//! sockets, a raw MQTT client, and measurements of honest people meanwhile. The attacks are this
//! crate's tests.

mod call;
mod experience;
mod files;
mod mqtt;
mod people;
mod platform;
mod station;
mod tablet;

pub use call::{HttpAnswer, HttpCall};
pub use experience::{Experience, during};
pub use files::{files_below, many_files};
pub use mqtt::{MqttGreeting, MqttLine, MqttReason};
pub use people::{PASSWORD, Somebody, new_frame, post_frame};
pub use platform::AttackedPlatform;
pub use station::Station;
pub use tablet::{RawTablet, SentCommand};

/// Longer than any honest answer takes on a busy machine.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
