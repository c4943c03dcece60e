//! `cargo xtask fuzz routes`: Schemathesis sends a whole platform every request that its
//! descriptions allow, and many that they do not, as each kind of caller.
//!
//! Invariants: a server error, an undescribed answer and a run without coverage are red; the same
//! seed sends the same requests.

mod callers;
mod platform;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use serde_json::{Value, json};

use crate::{Result, depth::Depth, install, workspace};
use callers::{CALLERS, CallerLane, LAST, RouteCaller};
use platform::FuzzedPlatform;

/// For all callers together when run by hand.
const SECONDS: u64 = 60;
const SEED: u64 = 1;
/// Contains hooks.py and schemathesis.toml.
const CONFIG: &str = "tests/fuzz/routes";
const WORK: &str = "routes";

/// Fewer calls, by a caller with little time on a busy machine, prove nothing about coverage.
const TELLING_CALLS: u64 = 50;
/// The largest percentage of 429 answers: more would hide the rest.
const LIMITED_PERCENT_MAX: u64 = 5;
const LIMITED_SHOWN: usize = 8;
/// In a run with findings; the log file has all.
const LINES_SHOWN: usize = 200;

/// Runs after the build stage.
pub fn stage(depth: Depth) -> Result<()> {
    fuzz(Wish {
        seconds: depth.route_seconds(),
        seed: SEED,
    })
}

/// Takes `[--seconds N] [--seed N]`.
pub fn run(arguments: &[String]) -> Result<()> {
    let wish = Wish::of(arguments)?;
    install::everything()?;
    workspace::build(&workspace::PLATFORM)?;
    fuzz(wish)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wish {
    seconds: u64,
    seed: u64,
}

impl Wish {
    fn of(arguments: &[String]) -> Result<Self> {
        let mut wish = Self {
            seconds: SECONDS,
            seed: SEED,
        };
        for pair in arguments.chunks(2) {
            let number = pair.get(1).and_then(|number| number.parse().ok());
            match (pair[0].as_str(), number) {
                // Zero seconds would look green.
                ("--seconds", Some(seconds)) if seconds > 0 => wish.seconds = seconds,
                ("--seed", Some(seed)) => wish.seed = seed,
                _ => {
                    let usage = "usage: cargo xtask fuzz routes [--seconds N] [--seed N]";
                    return Err(format!("{usage}, not {arguments:?}"));
                }
            }
        }
        Ok(wish)
    }
}

fn fuzz(wish: Wish) -> Result<()> {
    let work = workspace::target()?.join(WORK);
    let _none_left = fs::remove_dir_all(&work);
    fs::create_dir_all(&work).map_err(|e| format!("{}: {e}", work.display()))?;
    let library = install::schemathesis()?;
    let platform = FuzzedPlatform::start(&work)?;
    let fuzzer = RouteFuzzer {
        root: workspace::root()?,
        library,
        work,
        platform,
        wish,
    };
    println!("seed {}, {} s", wish.seed, wish.seconds);
    // The edge and gateway lanes run in parallel. The admin's gateway calls come last, because they
    // may end the others.
    let all = &fuzzer;
    let callers = |lane| CALLERS.iter().filter(move |one| one.lane == lane);
    let mut red = thread::scope(|scope| {
        let lanes = [CallerLane::Gateway, CallerLane::Edge];
        let running = lanes.map(|lane| scope.spawn(move || all.all(callers(lane))));
        let ended = running.map(|lane| lane.join().unwrap_or_else(|_| vec!["a panic".into()]));
        ended.concat()
    });
    red.extend(fuzzer.all([&LAST].into_iter()));
    if red.is_empty() {
        Ok(())
    } else {
        Err(red.join("\n"))
    }
}

struct RouteFuzzer {
    root: PathBuf,
    /// Contains the modules of Schemathesis.
    library: PathBuf,
    /// For logs and reports.
    work: PathBuf,
    platform: FuzzedPlatform,
    wish: Wish,
}

impl RouteFuzzer {
    /// Runs the callers one after the other and returns the failures.
    fn all<'a>(&self, callers: impl Iterator<Item = &'a RouteCaller>) -> Vec<String> {
        let red = callers.filter_map(|caller| match self.fuzz(caller) {
            Ok(seen) => {
                println!("{:<17} {seen}", caller.name());
                None
            }
            Err(error) => Some(format!("{}: {error}", caller.name())),
        });
        red.collect()
    }

    fn fuzz(&self, caller: &RouteCaller) -> Result<String> {
        let document = self.root.join(caller.document());
        let routes = caller.routes(&read(&document)?)?;
        let session = self.platform.sign_in(caller)?;
        let (log, is_green) = self.asked(caller, &document, &routes, session.as_deref())?;
        if !is_green {
            let log = findings(&log);
            let file = self.file(caller, "log");
            let seed = self.wish.seed;
            return Err(format!("{log}\nFull log: {}, seed {seed}", file.display()));
        }
        if let Some(token) = session {
            self.platform.is_signed_in(caller, &token)?;
        }
        let answers = Answers::of(&read(&self.file(caller, "answers.json"))?)?;
        answers.check(routes.len())?;
        Ok(answers.told(routes.len()))
    }

    /// The complete output of Schemathesis, and true if it found nothing.
    fn asked(
        &self,
        caller: &RouteCaller,
        document: &Path,
        routes: &[String],
        token: Option<&str>,
    ) -> Result<(String, bool)> {
        let config = self.root.join(CONFIG);
        let path = std::env::join_paths([&self.library, &config]).map_err(|e| e.to_string())?;
        let mut python = Command::new("python3");
        python
            .current_dir(&self.work)
            .env("PYTHONPATH", path)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("SCHEMATHESIS_HOOKS", "hooks")
            .env("HOLDFAST_ENDING_ROUTES", json!(callers::ENDING).to_string())
            .env("HOLDFAST_SIGN_IN", self.platform.sign_in_url())
            .env("HOLDFAST_LEAVER", caller.leavers_form().to_string())
            .env("HOLDFAST_TOKEN", caller.token_field())
            .env("HOLDFAST_ANSWERS", self.file(caller, "answers.json"))
            .args(["-m", "schemathesis.cli", "--config-file"])
            .arg(config.join("schemathesis.toml"))
            .arg("run")
            .arg(document)
            .args(["--url", self.platform.address(caller.lane)])
            .args(["--seed".to_owned(), self.wish.seed.to_string()])
            .args([
                "--max-time".to_owned(),
                caller.seconds(self.wish.seconds).to_string(),
            ]);
        for route in routes {
            python.args(["--include-name", route]);
        }
        if let Some(token) = token {
            python.env("HOLDFAST_OWN", token);
        }
        let output = python.output().map_err(|e| format!("python3: {e}"))?;
        let said = [output.stdout, output.stderr].concat();
        let log = self.file(caller, "log");
        fs::write(&log, &said).map_err(|e| format!("{}: {e}", log.display()))?;
        Ok((
            String::from_utf8_lossy(&said).into_owned(),
            output.status.success(),
        ))
    }

    fn file(&self, caller: &RouteCaller, what: &str) -> PathBuf {
        self.work
            .join(format!("{}.{what}", caller.name().replace(' ', "-")))
    }
}

/// The findings with their requests, or the end of a log without findings.
fn findings(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    let is_head = |line: &&str, words: [&str; 2]| {
        line.starts_with("==") && words.iter().any(|word| line.contains(word))
    };
    let end = lines
        .iter()
        .position(|line| is_head(line, ["SUMMARY", "WARNINGS"]));
    let end = end.unwrap_or(lines.len());
    let start = lines[..end]
        .iter()
        .position(|line| is_head(line, ["FAILURES", "ERRORS"]));
    let start = start.unwrap_or(end.saturating_sub(LINES_SHOWN));
    lines[start..end]
        .iter()
        .take(LINES_SHOWN)
        .copied()
        .collect::<Vec<_>>()
        .join("\n")
}

/// How often each route returned each status.
struct Answers(BTreeMap<String, BTreeMap<String, u64>>);

impl Answers {
    fn of(text: &Value) -> Result<Self> {
        serde_json::from_value(text.clone())
            .map(Self)
            .map_err(|e| e.to_string())
    }

    fn count(&self, is_meant: impl Fn(&str) -> bool) -> u64 {
        let all = self.0.values().flatten();
        all.filter(|(status, _)| is_meant(status))
            .map(|(_, count)| count)
            .sum()
    }

    fn good(&self) -> usize {
        let is_good =
            |route: &&BTreeMap<_, _>| route.keys().any(|status: &String| status.starts_with('2'));
        self.0.values().filter(is_good).count()
    }

    /// An error if the run has covered too little.
    fn check(&self, routes: usize) -> Result<()> {
        let calls = self.count(|_| true);
        let limited = self.count(|status| status == "429");
        if calls == 0 || self.good() == 0 && calls >= TELLING_CALLS {
            return Err(format!(
                "none of {routes} routes succeeded in {calls} calls"
            ));
        }
        if limited * 100 > calls * LIMITED_PERCENT_MAX {
            let most = self.most_limited().join(", ");
            return Err(format!(
                "rate limits refused {limited} of {calls} calls, most at {most}"
            ));
        }
        Ok(())
    }

    /// The routes with the most limited calls, and how many.
    fn most_limited(&self) -> Vec<String> {
        let limited = self.0.iter().filter_map(|(route, statuses)| {
            let count = statuses.get("429")?;
            Some((*count, route))
        });
        let mut counts: Vec<_> = limited.collect();
        counts.sort_by(|one, other| other.cmp(one));
        let most = counts.iter().take(LIMITED_SHOWN);
        most.map(|(count, route)| format!("{route} ({count})"))
            .collect()
    }

    fn told(&self, routes: usize) -> String {
        let calls = self.count(|_| true);
        let good = self.good();
        format!(
            "{calls:>6} calls; {} of {routes} routes called, {good} succeeded",
            self.0.len()
        )
    }
}

fn read(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(line: &str) -> Result<Wish> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Wish::of(&words)
    }

    #[test]
    fn a_mistake_starts_nothing() {
        assert_eq!(
            wish(""),
            Ok(Wish {
                seconds: SECONDS,
                seed: SEED
            })
        );
        assert_eq!(
            wish("--seed 7 --seconds 600"),
            Ok(Wish {
                seconds: 600,
                seed: 7
            })
        );
        for mistake in [
            "--seconds",
            "--seconds 0",
            "--seed many",
            "--seeds 3",
            "orders",
        ] {
            assert!(wish(mistake).is_err(), "{mistake}");
        }
    }

    #[test]
    fn the_findings_of_a_log_are_shown_with_their_requests() {
        let log =
            "Fuzzing (in 1 s)\n=== FAILURES ===\n[500]\ncurl -X GET\n=== SUMMARY ===\n1 failure";
        assert_eq!(findings(log), "=== FAILURES ===\n[500]\ncurl -X GET");
        assert_eq!(findings("Traceback\nKeyError"), "Traceback\nKeyError");
    }

    #[test]
    fn a_run_that_sees_little_is_red() {
        let answers = |value: Value| Answers::of(&value).unwrap();
        let seen = answers(json!({"GET /a": {"200": 40, "422": 50}, "GET /b": {"404": 10}}));
        assert_eq!(seen.check(12), Ok(()));
        assert!(answers(json!({})).check(1).is_err());
        assert!(answers(json!({"GET /a": {"401": 90}})).check(1).is_err());
        let limited = answers(json!({"GET /a": {"200": 94, "429": 6}, "GET /b": {"200": 1}}));
        let said = limited.check(2).unwrap_err();
        assert!(
            said.contains("6 of 101") && said.contains("GET /a (6)"),
            "{said}"
        );
    }
}
