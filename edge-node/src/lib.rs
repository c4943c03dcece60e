//! `holdfast-edge`: one small process per region that keeps working while the cloud is unreachable.
//!
//! A command enters through `mqtt` or `http`. `intake` answers it once `store` has it on disk,
//! `link` sends it to the cloud, and `downlink` receives its outcome. `voice` publishes to tablets.

mod board;
mod clock_check;
pub mod config;
mod disk;
mod downlink;
mod enrol;
mod former_keys;
mod gate;
mod ground;
mod http;
mod intake;
mod jobs;
mod line;
mod link;
mod link_status;
mod mqtt;
mod pace;
mod people;
mod running;
pub mod store;
mod voice;

texts::include_texts!(say);

#[cfg(test)]
mod tests;

pub use config::Config;
pub use enrol::EnrolError;
pub use http::api_document;
pub use mqtt::MqttKind;
pub use running::{RunningEdge, StartError, start};
pub use store::{EdgeReport, ReportError, ReportItem, path_in, read_report};
