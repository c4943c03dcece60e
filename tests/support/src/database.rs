//! Addresses of databases for one test, on every engine that a service supports.

use std::path::Path;

use process::random;

use crate::servers;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    MariaDb,
}

impl Engine {
    /// The address of a database that does not exist yet; for SQLite a file in this folder.
    pub fn address(self, folder: &Path, name: &str) -> String {
        match self {
            Self::Sqlite => format!("sqlite:{}", folder.join(format!("{name}.db")).display()),
            Self::MariaDb => {
                let server = servers().mysql.trim_end_matches('/');
                let own: String = random::draw_bytes::<8>()
                    .map(|b| format!("{b:02x}"))
                    .concat();
                format!("{server}/{name}_{own}")
            }
        }
    }
}
