//! The test programs of the workspace. They are built once, by one command, and then run as they
//! are, so that no stage rebuilds anything with other features.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, ExitStatus, Stdio},
};

use serde_json::Value;

use crate::{Result, shell, workspace};

/// One test program.
#[derive(Clone)]
pub struct Suite {
    pub package: String,
    /// The library's, a program's or an integration test's name.
    pub name: String,
    program: PathBuf,
    folder: PathBuf,
}

/// Test programs, in the order in which they run.
#[derive(Clone)]
pub struct Suites(Vec<Suite>);

/// What a run of test programs came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
    /// Whether everything ended as a success; a program may crash without a failed test.
    pub is_red: bool,
}

impl Suites {
    pub fn build() -> Result<Self> {
        let mut cargo = workspace::cargo()?;
        cargo.args(["test", "--workspace", "--locked", "--no-run"]);
        cargo.arg("--message-format=json-render-diagnostics");
        eprintln!("$ cargo test --workspace --locked --no-run");
        let lines = shell::output(&mut cargo)?;
        let messages = lines.lines().filter_map(|line| serde_json::from_str(line).ok());
        let mut suites: Vec<Suite> = messages.filter_map(|message| suite(&message)).collect();
        suites.sort_by(|a, b| (&a.package, &a.name).cmp(&(&b.package, &b.name)));
        Ok(Self(suites))
    }

    pub fn of_package(&self, package: &str) -> Self {
        self.only(|suite| suite.package == package)
    }

    pub fn without_packages(&self, packages: &[&str]) -> Self {
        self.only(|suite| !packages.contains(&suite.package.as_str()))
    }

    pub fn named(&self, package: &str, name: &str) -> Self {
        self.only(|suite| suite.package == package && suite.name == name)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Runs them one after the other, to the end; it is an error if any is red.
    pub fn run(&self, environment: &[(String, String)], filter: Option<&str>) -> Result<Tally> {
        let arguments: Vec<&str> = filter.into_iter().collect();
        let mut total = Tally::default();
        let mut red = Vec::new();
        for suite in &self.0 {
            let tally = suite.run(environment, &arguments)?;
            total.passed += tally.passed;
            total.failed += tally.failed;
            if tally.is_red {
                red.push(format!("{}::{}", suite.package, suite.name));
            }
        }
        if red.is_empty() { Ok(total) } else { Err(format!("red: {}", red.join(", "))) }
    }

    /// Runs them as `run` does, and shows what the tests themselves print, as they print it.
    pub fn run_aloud(&self, environment: &[(String, String)]) -> Result<()> {
        let suite = self.0.first().ok_or("there is no such test program")?;
        let tally = suite.run(environment, &["--nocapture"])?;
        if tally.is_red || tally.passed == 0 { Err(format!("red: {}", suite.name)) } else { Ok(()) }
    }

    /// Runs one test, on all its arms, of the first program, and says how it ended.
    pub fn run_first(&self, environment: &[(String, String)], test: &str) -> Result<Tally> {
        let suite = self.0.first().ok_or("there is no such test program")?;
        suite.run(environment, &[test])
    }

    fn only(&self, keep: impl Fn(&Suite) -> bool) -> Self {
        Self(self.0.iter().filter(|suite| keep(suite)).cloned().collect())
    }
}

impl Suite {
    fn run(&self, environment: &[(String, String)], arguments: &[&str]) -> Result<Tally> {
        let mut process = Command::new(&self.program)
            .args(arguments)
            .current_dir(&self.folder)
            .env("CARGO_MANIFEST_DIR", &self.folder)
            .envs(environment.iter().cloned().collect::<BTreeMap<_, _>>())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("could not run {}: {e}", self.program.display()))?;
        let mut tally = Tally::default();
        let mut printer =
            Printer { title: format!("{} ({})", self.package, self.name), is_on: false };
        if let Some(output) = process.stdout.take() {
            for line in BufReader::new(output).lines().map_while(std::result::Result::ok) {
                printer.print(&line);
                tally.add(&line);
            }
        }
        let status: ExitStatus = process.wait().map_err(|e| e.to_string())?;
        tally.is_red = !status.success();
        if tally.is_red {
            eprintln!("{} ({}): {status}", self.package, self.name);
        }
        Ok(tally)
    }
}

/// Prints a program's own words, but nothing of one that has no tests.
struct Printer {
    title: String,
    is_on: bool,
}

impl Printer {
    fn print(&mut self, line: &str) {
        if !self.is_on && line.starts_with("running ") && line != "running 0 tests" {
            println!("\n     Running {}", self.title);
            self.is_on = true;
        }
        if self.is_on {
            println!("{line}");
        }
    }
}

impl Tally {
    /// From a runner's own closing line: `test result: ok. 12 passed; 0 failed; ...`.
    fn add(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix("test result: ") else { return };
        let number_before = |word: &str| {
            let (before, _) = rest.split_once(word)?;
            before.split_whitespace().last()?.parse::<u64>().ok()
        };
        self.passed += number_before(" passed").unwrap_or(0);
        self.failed += number_before(" failed").unwrap_or(0);
    }
}

fn suite(message: &Value) -> Option<Suite> {
    let is_test = message["profile"]["test"].as_bool()?;
    let program = message["executable"].as_str().filter(|_| is_test)?;
    let folder = PathBuf::from(message["manifest_path"].as_str()?).parent()?.to_owned();
    Some(Suite {
        package: package_of(message["package_id"].as_str()?),
        name: message["target"]["name"].as_str()?.to_owned(),
        program: program.into(),
        folder,
    })
}

/// `path+file:///repo/cloud/auth#0.1.0` or, where folder and name differ, `...#holdfast-cli@0.1.0`.
fn package_of(id: &str) -> String {
    let (place, after) = id.rsplit_once('#').unwrap_or((id, ""));
    let name =
        after.rsplit_once('@').map_or_else(|| place.rsplit('/').next(), |(name, _)| Some(name));
    name.unwrap_or(id).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_named_by_its_id() {
        assert_eq!(package_of("path+file:///repo/cloud/auth#0.1.0"), "auth");
        assert_eq!(package_of("path+file:///repo/sync/cli#holdfast-cli@0.1.0"), "holdfast-cli");
    }

    #[test]
    fn a_closing_line_is_counted_and_other_lines_are_not() {
        let mut tally = Tally::default();
        tally
            .add("test result: FAILED. 12 passed; 2 failed; 0 ignored; 0 measured; 1 filtered out");
        tally.add("test two ... ok");
        assert_eq!((tally.passed, tally.failed), (12, 2));
    }
}
