//! The addresses of this test run's private servers. They are started once per run; a test never
//! starts, skips or fakes one.

use std::sync::OnceLock;

use serde::{Deserialize, de::DeserializeOwned};

pub const VARIABLE: &str = "HOLDFAST_TEST_SERVERS";

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Servers {
    pub mysql: String,
    pub mongodb: String,
    pub rabbitmq: String,
    pub rabbitmq_api: String,
    pub redis: String,
    pub mosquitto: String,
    /// An S3 emulator; servers started for other purposes may lack it.
    #[serde(default)]
    pub s3: String,
}

/// # Panics
/// If the servers are missing. The message names the command that starts them.
pub fn servers() -> &'static Servers {
    static SERVERS: OnceLock<Servers> = OnceLock::new();
    SERVERS.get_or_init(test_servers)
}

/// The same list in the form of a platform that shall use these servers.
///
/// # Panics
/// If the servers are missing. The message names the command that starts them.
pub fn test_servers<Form: DeserializeOwned>() -> Form {
    let Some(path) = std::env::var_os(VARIABLE) else {
        panic!("{VARIABLE} is not set: `cargo xtask test` starts the servers and sets it");
    };
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{VARIABLE} names {}: {error}", path.display()));
    serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{} is not a list of servers: {error}", path.display()))
}
