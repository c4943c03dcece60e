//! Why a damaged database could not be read or replaced.

use std::io;

use wire::NameError;

#[derive(Debug, thiserror::Error)]
pub enum DamageError {
    #[error("could not open the damaged database")]
    Open(#[source] rusqlite::Error),
    #[error("the damaged database no longer tells which edge it belongs to")]
    NoIdentity,
    #[error("edge.name: {0}")]
    Name(#[from] NameError),
    #[error("the database has ops of a newer version")]
    NewerProgram,
    #[error("the damaged database belongs to another edge")]
    OtherEdge,
    #[error("could not prepare the new database")]
    Schema(#[from] rusqlite_migration::Error),
    #[error("could not fill the new database")]
    Fill(#[from] rusqlite::Error),
    #[error("the new database is damaged too: {0}")]
    RebuiltDamaged(String),
    #[error("could not read or write in the data folder")]
    Files(#[from] io::Error),
    #[error(transparent)]
    Taken(#[from] journal::JournalError),
}
