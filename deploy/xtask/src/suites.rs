//! The test programs of the workspace. One command builds them once and they run unchanged, so no
//! stage rebuilds anything with other features.
//!
//! Each uses separate databases, folders and ports, so several run at a time. A program's output is
//! kept whole and printed when it ends.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    ops::AddAssign,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    sync::{Mutex, PoisonError},
    thread,
};

use serde_json::Value;

use crate::{Result, depth::Depth, only_deep, shell, workspace};

#[derive(Clone)]
pub struct Suite {
    pub package: String,
    /// The name of the library, program or integration test.
    pub name: String,
    program: PathBuf,
    folder: PathBuf,
    log: PathBuf,
    /// The tests that this run does not include.
    left_out: Vec<&'static str>,
}

/// Test programs in running order.
#[derive(Clone)]
pub struct Suites(Vec<Suite>);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TestCount {
    pub passed: u64,
    pub failed: u64,
    /// A test failed, or the program crashed without one.
    pub is_red: bool,
}

/// Test programs mostly wait: for a server's disk, a timer or another process.
const PROGRAMS_AT_ONCE: usize = 3;
/// Programs that run alone after the others, with the reason.
const ALONE: [(&str, &str, &str); 2] = [
    (
        "holdfast-edge",
        "process",
        "an edge must start within a second",
    ),
    (
        "chaos",
        "exclusive",
        "an acceptance at the portal must return within a second",
    ),
];
/// The longest programs, which start first: started last, one would run alone at the end.
const LONGEST: [(&str, &str); 5] = [
    ("attack", "attack"),
    ("chaos", "chaos"),
    ("e2e", "e2e"),
    ("chaos", "money_rounds"),
    ("contract", "contract"),
];
/// The number of parallel tests in one program; the default is one for each processor.
pub const THREADS: &str = "RUST_TEST_THREADS";
/// Attacks share a platform and disturb each other, so few run at a time, on any machine.
const ATTACKS_AT_ONCE: &str = "2";
/// A program whose tests run in two lots, each in a process with a platform of its own, because few
/// run at a time in one: the modules of the first lot. The others are in the second.
const IN_TWO_LOTS: (&str, &str, [&str; 6]) = (
    "attack",
    "attack",
    [
        "descriptors::",
        "floods::",
        "limits::",
        "link::",
        "stolen::",
        "tokens::",
    ],
);
const OUTPUT: &str = "test-output";
const ALL_TARGETS: [&str; 4] = ["build", "--workspace", "--locked", "--all-targets"];

impl Suites {
    /// Builds the programs and their tests in one go, so no processor idles in between, and checks
    /// clippy's lints.
    pub fn build() -> Result<Self> {
        Self::build_with_cargo(&ALL_TARGETS)
    }

    /// Builds the cloud with the allocator of shipped builds, which takes long and requires `make`.
    pub fn build_as_shipped() -> Result<Self> {
        let with_allocator = ["--features", "holdfast-cloud/jemalloc"];
        Self::build_with_cargo(&[&ALL_TARGETS[..], &with_allocator].concat())
    }

    /// Builds some test programs, and one program of the product with their features.
    pub fn build_tests_with_program(tests: &[&str], program: &str) -> Result<Self> {
        let first_test = tests.iter().find_map(|test| test.strip_prefix("--test="));
        // Build it with a test, so it gets the features of the tests.
        let with = ["--bin", program, "--test", first_test.unwrap_or_default()];
        let mut cargo = workspace::linting_cargo()?;
        shell::run(cargo.args(["build", "--workspace", "--locked"]).args(with))?;
        Self::build_with_cargo(&[&["test", "--no-run", "--workspace", "--locked"], tests].concat())
    }

    fn build_with_cargo(command: &[&str]) -> Result<Self> {
        let mut cargo = workspace::linting_cargo()?;
        cargo.args(command);
        cargo.arg("--message-format=json-render-diagnostics");
        eprintln!("$ cargo {}", command.join(" "));
        let lines = shell::output(&mut cargo)?;
        let messages = lines
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let output = workspace::target()?.join(OUTPUT);
        fs::create_dir_all(&output).map_err(|e| format!("{}: {e}", output.display()))?;
        let suites = messages.filter_map(|message| parse_suite(&message, &output));
        let mut suites: Vec<Suite> = suites.collect();
        suites.sort_by_key(|suite| (suite.place(), suite.title()));
        Ok(Self(suites))
    }

    pub fn filter(&self, keep: impl Fn(&Suite) -> bool) -> Self {
        Self(self.0.iter().filter(|suite| keep(suite)).cloned().collect())
    }

    /// Without the tests that only a deep run includes, unless it is one.
    pub fn within(mut self, depth: Depth) -> Self {
        if depth == Depth::Landing {
            for suite in &mut self.0 {
                suite.left_out = only_deep::of_package(&suite.package).collect();
            }
        }
        self
    }

    pub fn find_program(&self, package: &str, name: &str) -> Result<&Suite> {
        let found = self
            .0
            .iter()
            .find(|suite| suite.package == package && suite.name == name);
        found.ok_or_else(|| format!("there is no test program {package}::{name}"))
    }

    /// Runs all to the end; an error if any is red.
    pub fn run(&self, environment: &[(String, String)], filter: Option<&str>) -> Result<TestCount> {
        self.run_with(environment, &Vec::from_iter(filter))
    }

    /// Like [`Self::run`], with arguments for each program.
    pub fn run_with(
        &self,
        environment: &[(String, String)],
        arguments: &[&str],
    ) -> Result<TestCount> {
        let lots = self
            .0
            .iter()
            .flat_map(|suite| suite.split_into_lots(arguments));
        let (alone, together): (Vec<_>, Vec<_>) = lots.partition(|(suite, _)| suite.is_alone());
        let results = Mutex::new(Vec::new());
        let run = |(suite, arguments): (Suite, Vec<&str>)| {
            let result = suite.run(environment, &arguments);
            results
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((suite.title(), result));
        };
        let queue = Mutex::new(together.into_iter());
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
        thread::scope(|scope| {
            for _ in 0..PROGRAMS_AT_ONCE {
                scope.spawn(|| {
                    while let Some(lot) = next() {
                        run(lot);
                    }
                });
            }
        });
        alone.into_iter().for_each(run);
        sum_results(results.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Suite {
    /// Shows the output of its tests as they print it.
    pub fn run_with_live_output(&self, environment: &[(String, String)]) -> Result<()> {
        let mut program = self.command(environment, &["--nocapture"]);
        let mut process = program
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| self.describe_run_error(&e))?;
        let mut count = TestCount::default();
        for line in BufReader::new(process.stdout.take().ok_or("no output")?).lines() {
            let line = line.map_err(|e| self.describe_run_error(&e))?;
            println!("{line}");
            count.add_result_line(&line);
        }
        let status = process.wait().map_err(|e| self.describe_run_error(&e))?;
        let is_green = status.success() && count.passed > 0;
        if is_green {
            Ok(())
        } else {
            Err(format!("red: {}", self.title()))
        }
    }

    fn title(&self) -> String {
        format!("{}::{}", self.package, self.name)
    }

    /// Its place in the running order.
    fn place(&self) -> usize {
        let is_this =
            |(package, name): &(&str, &str)| self.package == *package && self.name == *name;
        LONGEST.iter().position(is_this).unwrap_or(LONGEST.len())
    }

    /// With the arguments of each lot. Tests that the caller names run in one.
    fn split_into_lots<'a>(&self, arguments: &[&'a str]) -> Vec<(Self, Vec<&'a str>)> {
        let (package, name, modules) = &IN_TWO_LOTS;
        if self.package != *package || self.name != *name || !arguments.is_empty() {
            return vec![(self.clone(), arguments.to_vec())];
        }
        let mut second = self.clone();
        second.log.set_extension("second.log");
        let others = modules.iter().flat_map(|module| ["--skip", module]);
        vec![(self.clone(), modules.to_vec()), (second, others.collect())]
    }

    fn is_alone(&self) -> bool {
        ALONE
            .iter()
            .any(|(package, name, _)| self.package == *package && self.name == *name)
    }

    /// Prints the whole output after the program has ended, unless it has no tests.
    pub fn run(&self, environment: &[(String, String)], arguments: &[&str]) -> Result<TestCount> {
        let mut program = self.command(environment, arguments);
        let (status, text) = shell::run_into(&self.log, &mut program)?;
        let count = TestCount::from_output(&text, status);
        if count.is_red || count.passed > 0 {
            let end = if count.is_red {
                format!("{}: {status}\n", self.title())
            } else {
                String::new()
            };
            // One call, so no other program's output comes in between.
            print!("\n     Running {}\n{text}{end}", self.title());
        }
        Ok(count)
    }

    fn command(&self, environment: &[(String, String)], arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .args(self.left_out.iter().flat_map(|name| ["--skip", name]))
            .current_dir(&self.folder)
            .env("CARGO_MANIFEST_DIR", &self.folder)
            .envs(environment.iter().cloned().collect::<BTreeMap<_, _>>());
        if self.is_alone() {
            command.env_remove(THREADS);
        }
        if self.package == "attack" {
            command.env(THREADS, ATTACKS_AT_ONCE);
        }
        command
    }

    fn describe_run_error(&self, error: &std::io::Error) -> String {
        format!("could not run {}: {error}", self.program.display())
    }
}

impl AddAssign for TestCount {
    fn add_assign(&mut self, more: Self) {
        self.passed += more.passed;
        self.failed += more.failed;
    }
}

impl TestCount {
    fn from_output(output: &str, status: ExitStatus) -> Self {
        let mut count = Self {
            is_red: !status.success(),
            ..Self::default()
        };
        output.lines().for_each(|line| count.add_result_line(line));
        count
    }

    /// Reads a runner's closing line: `test result: ok. 12 passed; 0 failed; ...`.
    fn add_result_line(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix("test result: ") else {
            return;
        };
        let number_before = |word: &str| {
            let (before, _) = rest.split_once(word)?;
            before.split_whitespace().last()?.parse::<u64>().ok()
        };
        self.passed += number_before(" passed").unwrap_or(0);
        self.failed += number_before(" failed").unwrap_or(0);
    }
}

fn sum_results(results: Vec<(String, Result<TestCount>)>) -> Result<TestCount> {
    let mut total = TestCount::default();
    let mut red = Vec::new();
    for (title, result) in results {
        let count = result?;
        total += count;
        if count.is_red {
            red.push(title);
        }
    }
    if red.is_empty() {
        Ok(total)
    } else {
        Err(format!("red: {}", red.join(", ")))
    }
}

fn parse_suite(message: &Value, output: &Path) -> Option<Suite> {
    let is_test = message["profile"]["test"].as_bool()?;
    let program = message["executable"].as_str().filter(|_| is_test)?;
    let folder = PathBuf::from(message["manifest_path"].as_str()?)
        .parent()?
        .to_owned();
    let package = parse_package_name(message["package_id"].as_str()?);
    let name = message["target"]["name"].as_str()?.to_owned();
    let log = output.join(format!("{package}-{name}.log"));
    Some(Suite {
        package,
        name,
        program: program.into(),
        folder,
        log,
        left_out: Vec::new(),
    })
}

/// `path+file:///repo/cloud/auth#0.1.0`, or `...#holdfast-cli@0.1.0` if folder and name differ.
fn parse_package_name(id: &str) -> String {
    let (place, after) = id.rsplit_once('#').unwrap_or((id, ""));
    let name = after
        .rsplit_once('@')
        .map_or_else(|| place.rsplit('/').next(), |(name, _)| Some(name));
    name.unwrap_or(id).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_named_by_its_id() {
        assert_eq!(
            parse_package_name("path+file:///repo/cloud/auth#0.1.0"),
            "auth"
        );
        assert_eq!(
            parse_package_name("path+file:///repo/sync/cli#holdfast-cli@0.1.0"),
            "holdfast-cli"
        );
    }

    #[test]
    fn two_lots_hold_every_test_once_and_named_tests_run_in_one() {
        let (package, name, modules) = IN_TWO_LOTS;
        let suite = Suite {
            package: package.into(),
            name: name.into(),
            program: PathBuf::new(),
            folder: PathBuf::new(),
            log: "attack.log".into(),
            left_out: Vec::new(),
        };
        let lots = suite.split_into_lots(&[]);
        let [(first, chosen), (second, skipped)] = &lots[..] else {
            panic!("{} lots", lots.len());
        };
        assert_eq!(chosen, &modules);
        let without: Vec<_> = modules.map(|module| ["--skip", module]).concat();
        assert_eq!(skipped, &without);
        assert_ne!(first.log, second.log);

        let named = suite.split_into_lots(&["floods::"]);
        assert_eq!(named.len(), 1);
        assert_eq!(named[0].1, ["floods::"]);
    }

    #[test]
    fn a_closing_line_is_counted_and_other_lines_are_not() {
        let mut count = TestCount::default();
        count.add_result_line(
            "test result: FAILED. 12 passed; 2 failed; 0 ignored; 0 measured; 1 filtered out",
        );
        count.add_result_line("test two ... ok");
        assert_eq!((count.passed, count.failed), (12, 2));
    }
}
