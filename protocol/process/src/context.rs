//! The operator's sign-ins: one private file per gateway, written by `up` and `holdfast login`.

use std::{
    env, fmt, fs,
    io::{self, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use uuid::Uuid;
use wire::UnixMillis;

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorContext {
    /// The gateway's address, such as `http://127.0.0.1:8080`.
    pub gateway: String,
    pub token: String,
    /// Set for a sign-in that the CLI renews; `up` renews its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewal: Option<ContextRenewal>,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextRenewal {
    pub refresh_token: String,
    /// When the access token expires.
    pub expires_at: UnixMillis,
    /// A use of the refresh token that is still unanswered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Uuid>,
}

#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    #[error("no context is stored; name the gateway and sign in")]
    None,
    #[error("contexts of several gateways are stored; name one of {}", .0.join(", "))]
    Several(Vec<String>),
    #[error(transparent)]
    File(#[from] ContextFileError),
}

#[derive(Debug, thiserror::Error)]
#[error("could not use the context file {}", path.display())]
pub struct ContextFileError {
    pub path: PathBuf,
    #[source]
    pub source: io::Error,
}

/// The folder with one user's sign-ins.
pub struct ContextFolder(PathBuf);

impl ContextFolder {
    /// `HOLDFAST_CONTEXT_DIR`, or else the user's state folder.
    pub fn for_user() -> Self {
        let folder = path_from_environment("HOLDFAST_CONTEXT_DIR")
            .or_else(|| path_from_environment("XDG_STATE_HOME").map(|path| path.join("holdfast")))
            .or_else(|| {
                path_from_environment("HOME").map(|path| path.join(".local/state/holdfast"))
            });
        Self(folder.unwrap_or_else(|| PathBuf::from(".holdfast-context")))
    }

    /// Stores the context, replacing an older one for the same gateway.
    pub fn save(&self, context: &OperatorContext) -> Result<PathBuf, ContextFileError> {
        let path = self.file_path(&context.gateway);
        self.write_file(&path, context)
            .map_err(file_error_at(&path))?;
        Ok(path)
    }

    fn write_file(&self, path: &Path, context: &OperatorContext) -> io::Result<()> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)?;
        // A reader sees the old file or the new one, never half a file. Only its owner can read it.
        let mut file = NamedTempFile::new_in(&self.0)?;
        file.write_all(&serde_json::to_vec_pretty(context)?)?;
        file.persist(path).map(drop).map_err(|failed| failed.error)
    }

    pub fn load(&self, gateway: &str) -> Result<Option<OperatorContext>, ContextFileError> {
        read_context_file(&self.file_path(gateway))
    }

    /// Removes the context; a missing one counts as removed.
    pub fn remove(&self, gateway: &str) -> Result<(), ContextFileError> {
        let path = self.file_path(gateway);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(file_error_at(&path)(error))
            }
            _ => Ok(()),
        }
    }

    /// An error if there are none or several.
    pub fn find_only(&self) -> Result<OperatorContext, ContextError> {
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ContextError::None);
            }
            entries => entries.map_err(file_error_at(&self.0))?,
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.map_err(file_error_at(&self.0))?.path();
            let ours = path
                .extension()
                .is_some_and(|extension| extension == "json");
            if ours && let Some(context) = read_context_file(&path)? {
                found.push(context);
            }
        }
        found.sort_by(|a, b| a.gateway.cmp(&b.gateway));
        match <[OperatorContext; 1]>::try_from(found) {
            Ok([only]) => Ok(only),
            Err(none) if none.is_empty() => Err(ContextError::None),
            Err(several) => Err(ContextError::Several(
                several.into_iter().map(|one| one.gateway).collect(),
            )),
        }
    }

    fn file_path(&self, gateway: &str) -> PathBuf {
        self.0.join(file_name(gateway))
    }
}

impl fmt::Debug for OperatorContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperatorContext")
            .field("gateway", &self.gateway)
            .finish_non_exhaustive()
    }
}

/// A readable file name that differs between addresses: special bytes become hex numbers.
fn file_name(gateway: &str) -> String {
    use fmt::Write;
    let mut name = String::new();
    for byte in gateway.trim_end_matches('/').bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-') {
            name.push(char::from(byte.to_ascii_lowercase()));
        } else {
            // Writing into a string cannot fail.
            let _ = write!(name, "_{byte:02x}");
        }
    }
    // A recognisable name, even for an address that starts with a dot.
    format!("gateway-{name}.json")
}

fn read_context_file(path: &Path) -> Result<Option<OperatorContext>, ContextFileError> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| file_error_at(path)(error.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file_error_at(path)(error)),
    }
}

/// The path in a variable; an empty one counts as unset.
fn path_from_environment(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
}

fn file_error_at(path: &Path) -> impl Fn(io::Error) -> ContextFileError {
    let path = path.to_owned();
    move |source| ContextFileError {
        path: path.clone(),
        source,
    }
}

#[cfg(test)]
mod tests;
