//! The operator at the command line: the real `holdfast`, run as a person or a script runs it.

use std::{
    io,
    path::PathBuf,
    process::{Command, Output},
};

use serde_json::Value;

use crate::form;

/// A shell with an admin's token.
#[derive(Debug, Clone)]
pub struct Operator {
    program: PathBuf,
    gateway: String,
    token: String,
}

/// The result of a run: output and exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub exit: Option<i32>,
    pub text: String,
}

#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    #[error("`holdfast {line}` could not be run")]
    Unrun { line: String, source: io::Error },
    #[error("`holdfast {line}` ended with {exit:?}: {said}")]
    Failed {
        line: String,
        exit: Option<i32>,
        said: String,
    },
    #[error("`holdfast {line}` printed no JSON")]
    Unreadable {
        line: String,
        source: serde_json::Error,
    },
    #[error("`holdfast {line}` is not of its published form: {what}")]
    Misshapen { line: String, what: String },
}

impl Operator {
    pub fn new(program: PathBuf, gateway: impl Into<String>, token: impl Into<String>) -> Self {
        Self {
            program,
            gateway: gateway.into(),
            token: token.into(),
        }
    }

    /// Runs one line, such as `status --lang zh`, split at its spaces.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn runs(&self, line: &str) -> io::Result<Output> {
        Command::new(&self.program)
            .args(line.split(' '))
            .env("HOLDFAST_URL", &self.gateway)
            .env("HOLDFAST_TOKEN", &self.token)
            .env("LC_ALL", "C.UTF-8")
            .output()
    }

    /// Runs that line and returns all its output.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn reads(&self, line: &str) -> io::Result<Said> {
        let ran = self.runs(line)?;
        let text =
            [ran.stdout, ran.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Ok(Said {
            exit: ran.status.code(),
            text: text.concat(),
        })
    }

    /// The JSON answer, checked against its published schema, and the exit code: 0, or 3 for an
    /// unhealthy platform.
    ///
    /// # Errors
    /// If the program fails, or its answer does not fit the schema.
    pub fn gets(&self, line: &str) -> Result<(i32, Value), Unusable> {
        let line = format!("{line} --json");
        let ran = self.runs(&line).map_err(|source| Unusable::Unrun {
            line: line.clone(),
            source,
        })?;
        let exit = ran.status.code();
        let (Some(0 | 3), Some(code)) = (exit, exit) else {
            let said = String::from_utf8_lossy(&ran.stderr).into_owned();
            return Err(Unusable::Failed { line, exit, said });
        };
        match serde_json::from_slice(&ran.stdout) {
            Err(source) => Err(Unusable::Unreadable { line, source }),
            Ok(value) => match form::differs(form::of(&line, &value), &value) {
                Some(what) => Err(Unusable::Misshapen { line, what }),
                None => Ok((code, value)),
            },
        }
    }
}
