//! `holdfast-edge`: one small process per region that goes on working when the cloud is out of
//! reach.
//!
//! A command comes in through `mqtt` or `http`, is answered by `intake` once `store` has it on
//! disk, goes up by `link`, and its outcome comes back through `downlink`. `voice` speaks to
//! tablets.

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
pub use http::document;
pub use mqtt::MqttKind;
pub use running::{Running, StartError, start};
pub use store::{Report, ReportError, ReportItem, path_in, report};
