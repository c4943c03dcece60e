//! `cargo xtask fuzz`: fuzzes the readers of untrusted bytes.
//!
//! Invariants: the fuzzer sees which code an input reaches, using options of the stable compiler
//! alone. A run without coverage is red, as is a broken promise, a slow input, and one that takes
//! too much memory.

use std::{
    collections::BTreeSet,
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Result, install, routes, shell, workspace};

const PACKAGE: &str = "fuzz";
const PROGRAM: &str = "holdfast-fuzz";
/// Has a file for each target, with one input in hexadecimal digits on each line.
const CORPUS: &str = "tests/fuzz/corpus";
const EXTENSION: &str = ".hex";
/// Named like a target, it fuzzes a whole platform.
const ROUTES: &str = "routes";
/// For each target in a test run.
const SECONDS: u64 = 15;

/// The compiler flags of cargo-fuzz, without the sanitizers, which require nightly.
const INSTRUMENTED: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];

/// A run takes milliseconds; on a busy machine a process may wait for seconds.
const RUN_SECONDS_MAX: u64 = 30;
/// For the fuzzer with its corpus. The program bounds the memory of each run.
const MEMORY_MIB_MAX: u64 = 1_024;
const INPUT_BYTES_MAX: u64 = 4_096;
/// In instrumented code, even the poorest input reaches more.
const PLACES_MIN: u64 = 20;

struct Fuzzer {
    program: PathBuf,
    root: PathBuf,
    /// For new inputs, logs and inputs that broke a promise.
    work: PathBuf,
}

#[derive(Debug, PartialEq, Eq)]
struct FuzzTally {
    runs: u64,
    /// Places in the code reached by the kept inputs, and by all inputs.
    places_kept: u64,
    places: u64,
}

/// Runs each target for the time of a test run.
pub fn stage() -> Result<()> {
    run(&[])
}

/// Takes `[TARGET] [--seconds N]`, `--keep`, or `routes` and its arguments.
pub fn run(arguments: &[String]) -> Result<()> {
    if let [name, rest @ ..] = arguments
        && name == ROUTES
    {
        return routes::run(rest);
    }
    let wish = Wish::of(arguments)?;
    let fuzzer = Fuzzer::build()?;
    let targets = fuzzer.targets()?;
    if let Some(target) = &wish.target
        && !targets.contains(target)
    {
        return Err(format!(
            "unknown target `{target}`; the targets are {}",
            targets.join(", ")
        ));
    }
    for target in targets
        .iter()
        .filter(|name| wish.target.as_ref().is_none_or(|one| one == *name))
    {
        if wish.keeps {
            fuzzer.keep(target)?;
        } else {
            println!("{target:<8} {}", fuzzer.fuzz(target, wish.seconds)?);
        }
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
struct Wish {
    target: Option<String>,
    seconds: u64,
    keeps: bool,
}

impl Wish {
    fn of(arguments: &[String]) -> Result<Self> {
        let (target, rest) = match arguments {
            [name, rest @ ..] if !name.starts_with("--") => (Some(name.clone()), rest),
            rest => (None, rest),
        };
        let (seconds, keeps) = match rest {
            [] => (Some(SECONDS), false),
            [flag] if flag == "--keep" => (Some(SECONDS), true),
            // Zero seconds would look green.
            [flag, seconds] if flag == "--seconds" => {
                (seconds.parse().ok().filter(|seconds| *seconds > 0), false)
            }
            _ => (None, false),
        };
        let usage = || {
            format!("usage: cargo xtask fuzz [TARGET] [--seconds N | --keep], not {arguments:?}")
        };
        Ok(Self {
            target,
            seconds: seconds.ok_or_else(usage)?,
            keeps,
        })
    }
}

impl Fuzzer {
    /// Builds into a separate folder, because instrumented code is useless for anything else.
    fn build() -> Result<Self> {
        install::packages(&["g++"])?;
        let work = workspace::target()?.join(PACKAGE);
        let host = shell::output(Command::new("rustc").args(["--print", "host-tuple"]))?;
        let host = host.trim();
        let mut cargo = workspace::cargo()?;
        cargo.args([
            "build",
            "--package",
            PACKAGE,
            "--features",
            "libfuzzer",
            "--profile",
            PACKAGE,
        ]);
        // With a target, neither macros nor build scripts are instrumented.
        cargo
            .args(["--locked", "--target", host, "--target-dir"])
            .arg(&work);
        shell::run(cargo.env("RUSTFLAGS", INSTRUMENTED.join(" ")))?;
        let program = work.join(host).join(PACKAGE).join(PROGRAM);
        Ok(Self {
            program,
            root: workspace::root()?,
            work,
        })
    }

    fn targets(&self) -> Result<Vec<String>> {
        let entries = read_dir(&self.root.join(CORPUS))?;
        let mut names: Vec<_> = entries
            .filter_map(|path| Some(name(&path).strip_suffix(EXTENSION)?.to_owned()))
            .collect();
        names.sort();
        Ok(names)
    }

    /// Starts from the kept inputs and those of earlier runs.
    fn fuzz(&self, target: &str, seconds: u64) -> Result<FuzzTally> {
        let new = self.folder("new", target)?;
        let found = self.folder("found", target)?;
        let mut program = self.program(target);
        program
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-artifact_prefix={}/", found.display()))
            .args([
                "-print_final_stats=1".to_owned(),
                format!("-max_len={INPUT_BYTES_MAX}"),
            ])
            .arg(&new)
            .arg(self.unpack(target)?);
        let (log, is_green) = self.logged(target, &mut program)?;
        if !is_green {
            return Err(format!("{target}: {}", complaint(&log)));
        }
        let tally = FuzzTally::of(&log).ok_or_else(|| format!("{target} ran no inputs"))?;
        if tally.places < PLACES_MIN {
            return Err(format!(
                "{target}: the fuzzer reports no coverage; is the code instrumented?"
            ));
        }
        Ok(tally)
    }

    /// Keeps the fewest inputs that reach everything the kept and new ones reach.
    fn keep(&self, target: &str) -> Result<()> {
        let new = self.folder("new", target)?;
        let least = self.folder("least", target)?;
        empty(&least)?;
        let kept = self.unpack(target)?;
        let mut program = self.program(target);
        // Merge by places alone: counting how often an input reaches each would keep thousands of
        // inputs.
        program.args(["-set_cover_merge=1", "-use_counters=0", "-use_cmp=0"]);
        program.arg(&least).arg(&kept).arg(&new);
        let (log, is_green) = self.logged(target, &mut program)?;
        if !is_green {
            return Err(format!("{target}: {}", complaint(&log)));
        }
        let mut lines = BTreeSet::new();
        for path in read_dir(&least)? {
            let input = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            lines.insert(hex::encode(input) + "\n");
        }
        let corpus = self.corpus(target);
        let text: String = lines.iter().map(String::as_str).collect();
        fs::write(&corpus, &text).map_err(|e| format!("{}: {e}", corpus.display()))?;
        println!("{target:<8} kept {} inputs", lines.len());
        Ok(())
    }

    /// Writes the kept inputs into a folder, a file for each, as the fuzzer reads them.
    fn unpack(&self, target: &str) -> Result<PathBuf> {
        let corpus = self.corpus(target);
        let text = fs::read_to_string(&corpus).map_err(|e| format!("{}: {e}", corpus.display()))?;
        let folder = self.folder("kept", target)?;
        empty(&folder)?;
        for (number, line) in text.lines().enumerate() {
            let input = hex::decode(line)
                .map_err(|e| format!("{}:{}: {e}", corpus.display(), number + 1))?;
            let path = folder.join(number.to_string());
            fs::write(&path, input).map_err(|e| format!("{}: {e}", path.display()))?;
        }
        Ok(folder)
    }

    fn program(&self, target: &str) -> Command {
        let mut program = Command::new(&self.program);
        program.env("HOLDFAST_FUZZ", target).args([
            format!("-timeout={RUN_SECONDS_MAX}"),
            format!("-rss_limit_mb={MEMORY_MIB_MAX}"),
        ]);
        program
    }

    /// The complete output of the program, and true if it succeeded.
    fn logged(&self, target: &str, program: &mut Command) -> Result<(String, bool)> {
        let output = program
            .output()
            .map_err(|e| format!("{}: {e}", self.program.display()))?;
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        let path = self.work.join(format!("{target}.log"));
        fs::write(&path, &log).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok((log, output.status.success()))
    }

    fn corpus(&self, target: &str) -> PathBuf {
        self.root.join(CORPUS).join(target.to_owned() + EXTENSION)
    }

    fn folder(&self, what: &str, target: &str) -> Result<PathBuf> {
        let folder = self.work.join(what).join(target);
        fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        Ok(folder)
    }
}

impl FuzzTally {
    /// Reads the fuzzer's lines: `#129 INITED cov: 351 ft: 612 ...` and
    /// `stat::number_of_executed_units: 7`.
    fn of(log: &str) -> Option<Self> {
        let places = |word: &str| {
            let line = log
                .lines()
                .rev()
                .find(|line| line.split_whitespace().nth(1) == Some(word))?;
            line.split_once("cov: ")?
                .1
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        };
        let runs = log
            .lines()
            .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
        let runs = runs?.trim().parse().ok()?;
        Some(Self {
            runs,
            places_kept: places("INITED")?,
            places: places("DONE")?,
        })
    }
}

impl fmt::Display for FuzzTally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            runs,
            places_kept,
            places,
        } = self;
        write!(
            f,
            "{runs} runs; {places} code locations reached, {places_kept} of them by the kept inputs"
        )
    }
}

/// The end of the log: the panic, the input and its file.
fn complaint(log: &str) -> String {
    const LINES: usize = 40;
    let lines: Vec<_> = log.lines().collect();
    let end = lines[lines.len().saturating_sub(LINES)..].join("\n");
    format!("an input violates an invariant\n{end}\nFix the bug, and add the input to {CORPUS}")
}

fn read_dir(folder: &Path) -> Result<impl Iterator<Item = PathBuf> + use<>> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    Ok(entries.flatten().map(|entry| entry.path()))
}

fn empty(folder: &Path) -> Result<()> {
    for path in read_dir(folder)? {
        fs::remove_file(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_above_zero_and_a_mistake_starts_nothing() {
        let of = |line: &str| {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            Wish::of(&words)
        };
        let all = Wish {
            target: None,
            seconds: SECONDS,
            keeps: false,
        };
        assert_eq!(of(""), Ok(all));
        let one = Wish {
            target: Some("frame".into()),
            seconds: 600,
            keeps: false,
        };
        assert_eq!(of("frame --seconds 600"), Ok(one));
        let keep = Wish {
            target: None,
            seconds: SECONDS,
            keeps: true,
        };
        assert_eq!(of("--keep"), Ok(keep));
        for mistake in [
            "--seconds",
            "--seconds 0",
            "--seconds many",
            "frame unpack",
            "--kept",
        ] {
            assert!(of(mistake).is_err(), "{mistake}");
        }
    }

    #[test]
    fn the_fuzzers_lines_are_read() {
        let log = "INFO: Seed: 7\n#12\tINITED cov: 351 ft: 612 corp: 9/1Kb exec/s: 0\n\
            #99\tNEW    cov: 352 ft: 613\n#5000\tDONE   cov: 360 ft: 700 corp: 12/2Kb\n\
            stat::number_of_executed_units: 5000\nstat::peak_rss_mb: 60\n";
        let tally = FuzzTally {
            runs: 5_000,
            places_kept: 351,
            places: 360,
        };
        assert_eq!(FuzzTally::of(log), Some(tally));
        assert_eq!(FuzzTally::of("INFO: Seed: 7\n"), None);
    }
}
