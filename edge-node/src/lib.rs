//! `holdfast-edge`: one small process per region that keeps working while the cloud is unreachable.
//!
//! A command enters through `mqtt` or `http`. `intake` answers it once `store` has it on disk,
//! `link` sends it to the cloud and stores its outcome, and `mqtt` publishes to tablets.

mod announcement;
mod authentication;
mod backup;
mod board;
mod callers;
mod certificates;
mod clock_check;
pub mod config;
mod context;
mod damage;
mod data_folder;
mod disk;
mod disk_ladder;
mod disk_relief;
mod enrol;
mod fees;
mod http;
mod intake;
mod issued_certificate;
mod jobs;
mod link;
mod listeners;
mod message_photos;
mod mqtt;
mod people;
mod photos;
mod rate_limiter;
mod receipts;
mod running;
mod schedule;
mod service_manager;
mod start_codes;
pub mod store;
mod trust_page;

texts::include_texts!(say);

#[cfg(test)]
mod tests;

pub use backup::{BackupError, OwnerError, back_up, check_owner, restore_backup};
pub use callers::CallerError;
pub use config::{Config, MqttKind};
pub use context::DamageFound;
pub use damage::rescue_commands;
pub use data_folder::StartError;
pub use disk::read_disk_standing;
pub use disk_ladder::{DiskDay, DiskLadderError, DiskStanding};
pub use enrol::EnrolError;
pub use http::api_document;
pub use listeners::ListenerError;
pub use mqtt::asyncapi_document;
pub use running::{RunningEdge, start};
pub use store::{
    DamageError, EdgeReport, FileCheck, ReportError, ReportItem, check_file, path_in, read_report,
};
