//! `cargo xtask repeat`: runs the tests of a package many times on a busy machine, which finds
//! tests that count on their speed.

use std::{num::NonZeroU32, process::Child};

use crate::{
    Result, apps,
    stages::threads,
    suites::{Suites, TestCount},
    test_servers::TestServers,
};

const TIMES: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// Takes `PACKAGE [NAME] [--times N]`. Runs to the end and counts the red runs.
pub fn run(arguments: &[String]) -> Result<()> {
    let wish = Wish::of(arguments)?;
    apps::install_for_tests()?;
    let suites = Suites::build()?.filter(|suite| suite.package == wish.package);
    let servers = TestServers::start()?;
    let environment: Vec<_> = servers.environment().chain([threads()]).collect();
    let _busy = BusyProcesses::start()?;
    let mut red = Vec::new();
    for time in 1..=wish.times.get() {
        println!("\n== {} of {}", time, wish.times);
        match suites.run(&environment, wish.name.as_deref()) {
            // A name that matches no test would look green.
            Ok(TestCount { passed: 0, .. }) => return Err("no test was run".into()),
            Ok(_) => {}
            Err(error) => red.push(format!("run {time}: {error}")),
        }
    }
    if red.is_empty() {
        println!("\n{} of {} runs are green", wish.times, wish.times);
        Ok(())
    } else {
        Err(red.join("\n"))
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Wish {
    package: String,
    /// Runs only the tests with this text in their name.
    name: Option<String>,
    times: NonZeroU32,
}

impl Wish {
    fn of(arguments: &[String]) -> Result<Self> {
        let usage =
            || format!("usage: cargo xtask repeat PACKAGE [NAME] [--times N], not {arguments:?}");
        let (named, times) = match arguments {
            [named @ .., flag, times] if flag == "--times" => {
                (named, times.parse().map_err(|_| usage())?)
            }
            named => (named, TIMES),
        };
        match named {
            [package] => Ok((package, None)),
            [package, name] if !name.starts_with("--") => Ok((package, Some(name.clone()))),
            _ => Err(usage()),
        }
        .map(|(package, name)| Self {
            package: package.clone(),
            name,
            times,
        })
    }
}

/// Keeps every processor busy until it is dropped.
struct BusyProcesses(Vec<Child>);

impl BusyProcesses {
    fn start() -> Result<Self> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let mut busy = Self(Vec::new());
        for _ in 0..processors {
            let mut command = std::process::Command::new("sh");
            let started = command.args(["-c", "while :; do :; done"]).spawn();
            busy.0
                .push(started.map_err(|e| format!("could not start a busy process: {e}"))?);
        }
        Ok(busy)
    }
}

impl Drop for BusyProcesses {
    fn drop(&mut self) {
        for process in &mut self.0 {
            let _ended = process.kill().and_then(|()| process.wait());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_named_and_runs_ten_times_by_default() {
        let wish = |line: &str| {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            Wish::of(&words)
        };
        let expected = |name: Option<&str>, times| {
            Ok(Wish {
                package: "chaos".into(),
                name: name.map(str::to_owned),
                times: NonZeroU32::new(times).unwrap(),
            })
        };
        assert_eq!(wish("chaos"), expected(None, 10));
        assert_eq!(wish("chaos region"), expected(Some("region"), 10));
        assert_eq!(wish("chaos region --times 3"), expected(Some("region"), 3));
        for mistake in ["", "chaos --times 0", "chaos --times", "a b c", "--times 3"] {
            assert!(wish(mistake).is_err(), "{mistake}");
        }
    }
}
