//! The stages of a test run and how to run each.

use std::{
    collections::BTreeSet,
    process::Command,
    thread::{self, JoinHandle},
};

use crate::{
    Result, apps, arch, debian, dependencies,
    depth::Depth,
    fuzz, mutants, mysql, routes, shell,
    suites::{Suites, THREADS, TestCount},
    test_servers::TestServers,
    workspace,
};

/// Their tests need a whole platform, so each is a separate stage.
const STAGED_PACKAGES: [&str; 5] = ["contract", "e2e", "chaos", "attack", "demo"];

/// Stages that share one queue of test programs, so that one computes while another waits.
/// The last group starts whole platforms.
const TOGETHER: [&[Stage]; 2] = [
    &[Stage::Unit, Stage::Contract],
    &[Stage::E2e, Stage::Chaos, Stage::Attack, Stage::Demo],
];

/// In running order: the cheap and most telling ones first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Arch,
    Lint,
    Build,
    Web,
    Unit,
    Contract,
    Sim,
    Fuzz,
    Routes,
    Browser,
    E2e,
    Chaos,
    Attack,
    Demo,
    Mysql,
    Mutants,
    Package,
}

impl Stage {
    const NAMES: [(Self, &str); 17] = [
        (Self::Arch, "arch"),
        (Self::Lint, "lint"),
        (Self::Build, "build"),
        (Self::Web, "web"),
        (Self::Unit, "unit"),
        (Self::Contract, "contract"),
        (Self::Sim, "sim"),
        (Self::Fuzz, "fuzz"),
        (Self::Routes, "routes"),
        (Self::Browser, "browser"),
        (Self::E2e, "e2e"),
        (Self::Chaos, "chaos"),
        (Self::Attack, "attack"),
        (Self::Demo, "demo"),
        (Self::Mysql, "mysql"),
        (Self::Mutants, "mutants"),
        (Self::Package, "package"),
    ];

    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize].1
    }

    /// The named stages with their prerequisites; every stage of this depth if no names are given.
    pub fn wanted(names: &[String], depth: Depth) -> Result<BTreeSet<Self>> {
        if names.is_empty() {
            let stages = Self::NAMES.into_iter().map(|(stage, _)| stage);
            return Ok(stages.filter(|stage| stage.is_within(depth)).collect());
        }
        let mut wanted = BTreeSet::new();
        for name in names {
            let known = Self::NAMES.iter().find(|(_, known)| known == name);
            let (stage, _) = *known.ok_or_else(|| format!("unknown stage `{name}`"))?;
            wanted.extend(stage.needs_build().then_some(Self::Build));
            wanted.insert(stage);
        }
        Ok(wanted)
    }

    fn is_within(self, depth: Depth) -> bool {
        match self {
            Self::Fuzz | Self::Mysql | Self::Mutants | Self::Package => depth == Depth::Deep,
            _ => true,
        }
    }

    fn needs_build(self) -> bool {
        match self {
            Self::Arch | Self::Lint | Self::Build | Self::Sim | Self::Fuzz | Self::Mysql => false,
            Self::Web => false,
            Self::Unit | Self::Contract | Self::Browser | Self::E2e | Self::Mutants => true,
            Self::Routes | Self::Chaos | Self::Attack | Self::Demo | Self::Package => true,
        }
    }

    /// Divides the stages into those that run one after another and those that run together.
    pub fn steps(wanted: &BTreeSet<Self>) -> Vec<Vec<Self>> {
        let wanted: Vec<Self> = wanted.iter().copied().collect();
        wanted
            .chunk_by(|first, next| first.runs_with(*next))
            .map(<[Self]>::to_vec)
            .collect()
    }

    fn runs_with(self, other: Self) -> bool {
        TOGETHER
            .iter()
            .any(|group| group.contains(&self) && group.contains(&other))
    }

    /// Stages that run in parallel with those on servers: they compute while the others mostly
    /// wait.
    pub fn beside(wanted: &BTreeSet<Self>) -> Vec<Self> {
        if !wanted.iter().any(|stage| stage.needs_build()) {
            return Vec::new();
        }
        [Self::Lint, Self::Sim, Self::Fuzz]
            .into_iter()
            .filter(|stage| wanted.contains(stage))
            .collect()
    }
}

/// The build stage's results for later stages.
#[derive(Default)]
pub struct Built {
    pub depth: Depth,
    /// By the test run that started this one in the background.
    pub is_built_already: bool,
    installing: Option<JoinHandle<Result<()>>>,
    ready: Option<(Suites, TestServers)>,
}

impl Built {
    /// Starts installing the servers' packages in the background; meanwhile everything is built.
    pub fn install(&mut self) {
        self.installing = Some(thread::spawn(apps::install_for_tests));
    }

    /// Runs one step of [`Stage::steps`].
    pub fn run(&mut self, step: &[Stage]) -> Result<TestCount> {
        match *step {
            [stage] => self.run_alone(stage),
            [Stage::Unit, Stage::Contract] => self.unit_and_contract(),
            _ => self.on_platforms(step),
        }
    }

    fn run_alone(&mut self, stage: Stage) -> Result<TestCount> {
        match stage {
            Stage::Arch => arch_and_own_tests(),
            Stage::Lint => self.lint().map(|()| TestCount::default()),
            Stage::Build => self.build().map(|()| TestCount::default()),
            Stage::Web => apps::test().map(|()| TestCount::default()),
            Stage::Unit => self.suites(|package| !STAGED_PACKAGES.contains(&package), &[threads()]),
            Stage::Contract => self.suites(|package| package == "contract", &[threads()]),
            Stage::Sim => self.simulate().map(|()| TestCount::default()),
            Stage::Fuzz => fuzz::stage().map(|()| TestCount::default()),
            Stage::Routes => routes::stage(self.depth).map(|()| TestCount::default()),
            Stage::Browser => apps::browse(self.depth).map(|()| TestCount::default()),
            Stage::E2e | Stage::Chaos | Stage::Attack | Stage::Demo => self.on_platforms(&[stage]),
            Stage::Mysql => mysql::run().map(|()| TestCount::default()),
            Stage::Package => debian::drill().map(|()| TestCount::default()),
            Stage::Mutants => {
                let (suites, servers) = self.ready.as_ref().ok_or(NOT_BUILT)?;
                mutants::run(suites, servers, None).map(|()| TestCount::default())
            }
        }
    }

    fn lint(&self) -> Result<()> {
        check_form()?;
        apps::lint()?;
        match self.depth {
            Depth::Landing => dependencies::check_unless_passed(),
            Depth::Deep => dependencies::check(),
        }
    }

    /// Runs part of `cargo xtask sim` and `cargo xtask sim money`, and every planted bug.
    fn simulate(&self) -> Result<()> {
        let simulators = if self.is_built_already {
            workspace::built_simulators()?
        } else {
            [workspace::simulator()?, workspace::money_simulator()?]
        };
        let seeds = [self.depth.sim_seeds(), self.depth.money_seeds()];
        for (simulator, seeds) in simulators.iter().zip(seeds) {
            shell::run(Command::new(simulator).args(["--seeds", seeds]))?;
            shell::run(Command::new(simulator).arg("--mutations"))?;
        }
        Ok(())
    }

    fn build(&mut self) -> Result<()> {
        // If an installation is impossible on this machine, it has already failed by now.
        if self
            .installing
            .as_ref()
            .is_some_and(JoinHandle::is_finished)
        {
            self.installed()?;
        }
        let suites = match self.depth {
            Depth::Landing => Suites::build()?,
            Depth::Deep => Suites::build_as_shipped()?,
        };
        self.installed()?;
        self.ready = Some((suites, TestServers::start()?));
        Ok(())
    }

    fn installed(&mut self) -> Result<()> {
        let Some(installing) = self.installing.take() else {
            return Ok(());
        };
        installing.join().unwrap_or_else(|_| Err(PANICKED.into()))
    }

    fn unit_and_contract(&self) -> Result<TestCount> {
        let is_contract = |package: &str| package == Stage::Contract.name();
        self.suites(
            |package| is_contract(package) || !STAGED_PACKAGES.contains(&package),
            &[threads()],
        )
    }

    fn on_platforms(&self, stages: &[Stage]) -> Result<TestCount> {
        let rounds = std::env::var("HOLDFAST_CHAOS_ROUNDS");
        let rounds = rounds.unwrap_or_else(|_| self.depth.chaos_rounds().into());
        let rounds = ("HOLDFAST_CHAOS_ROUNDS".to_owned(), rounds);
        // Each test starts up to sixteen processes, and the demo runs beside them. With more than
        // six tests in all programs at once, waits end too early.
        let threads = (THREADS.to_owned(), "2".to_owned());
        let (suites, _) = self.ready.as_ref().ok_or(NOT_BUILT)?;
        for stage in stages {
            let program = match stage {
                Stage::Demo => "steps",
                _ => stage.name(),
            };
            suites.find_program(stage.name(), program)?;
        }
        let is_of_a_stage = |package: &str| stages.iter().any(|stage| stage.name() == package);
        thread::scope(|scope| {
            let story = stages
                .contains(&Stage::Demo)
                .then(|| scope.spawn(tell_story));
            let count = self.suites(is_of_a_stage, &[rounds, threads]);
            let story = story.map_or(Ok(()), |story| {
                story.join().unwrap_or_else(|_| Err(PANICKED.into()))
            });
            match (count, story) {
                (Err(suites), Err(demo)) => Err(format!("{suites}; {demo}")),
                (count, story) => story.and(count),
            }
        })
    }

    fn suites(&self, of: impl Fn(&str) -> bool, more: &[(String, String)]) -> Result<TestCount> {
        let (suites, servers) = self.ready.as_ref().ok_or(NOT_BUILT)?;
        let environment = servers.environment().chain([self.depth.environment()]);
        let environment: Vec<_> = environment.chain(more.iter().cloned()).collect();
        let count = suites
            .filter(|suite| of(&suite.package))
            .within(self.depth)
            .run(&environment, None)?;
        // A stage that runs nothing would always look green.
        if count.passed == 0 {
            Err("no test was run".into())
        } else {
            Ok(count)
        }
    }
}

const NOT_BUILT: &str = "nothing was built";
const PANICKED: &str = "a thread of this command panicked";

/// Runs the demo on a platform of its own, and prints its story whole.
fn tell_story() -> Result<()> {
    let log = workspace::target()?.join("demo.log");
    let mut demo = Command::new(workspace::program("holdfast-demo")?);
    let (status, story) = shell::run_into(&log, &mut demo)?;
    print!("\n     Running holdfast-demo\n{story}");
    if status.success() {
        Ok(())
    } else {
        Err(format!("the demo failed: {status}"))
    }
}

/// The number of parallel tests in one program: they mostly wait for a server's disk or a timer.
pub fn threads() -> (String, String) {
    (THREADS.to_owned(), "4".to_owned())
}

/// Words, format, licences, clippy, and the sources of the apps. In a test run the build checks
/// clippy's lints.
pub fn lint() -> Result<()> {
    check_form()?;
    apps::lint()?;
    dependencies::check_and_record()?;
    let own_target = workspace::target()?.join("xtask");
    let mut own = workspace::cargo()?;
    own.args(["clippy", "--manifest-path", OWN_MANIFEST, "--target-dir"]);
    own.arg(own_target);
    let mut all = workspace::cargo()?;
    all.args(["clippy", "--workspace"]);
    for mut clippy in [all, own] {
        clippy.args(["--all-targets", "--locked", "--quiet"]);
        shell::run(clippy.args(["--", "-D", "warnings"]))?;
    }
    Ok(())
}

fn check_form() -> Result<()> {
    arch::pass(&arch::words(&workspace::root()?)?)?;
    shell::run(workspace::cargo()?.args(["fmt", "--all", "--check"]))?;
    shell::run(workspace::cargo()?.args(["fmt", "--check", "--manifest-path", OWN_MANIFEST]))
}

const OWN_MANIFEST: &str = "deploy/xtask/Cargo.toml";

/// Checks the rules of the tree, that each rule finds violations, and the lints of this tool.
fn arch_and_own_tests() -> Result<TestCount> {
    arch::pass(&arch::check(&workspace::root()?)?)?;
    let target = workspace::target()?.join("xtask");
    let mut tests = workspace::linting_cargo()?;
    tests.args([
        "test",
        "--locked",
        "--quiet",
        "--manifest-path",
        OWN_MANIFEST,
        "--target-dir",
    ]);
    shell::run(tests.arg(target)).map(|()| TestCount::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_stages_of_a_group_run_together() {
        let steps = |stages: &[Stage]| Stage::steps(&stages.iter().copied().collect());
        let all = [
            Stage::Build,
            Stage::E2e,
            Stage::Chaos,
            Stage::Attack,
            Stage::Demo,
            Stage::Mysql,
        ];
        let together = vec![Stage::E2e, Stage::Chaos, Stage::Attack, Stage::Demo];
        assert_eq!(
            steps(&all),
            [vec![Stage::Build], together, vec![Stage::Mysql]]
        );
        assert_eq!(steps(&[Stage::Chaos]), [[Stage::Chaos]]);
        assert_eq!(
            steps(&[Stage::Unit, Stage::Contract, Stage::Routes]),
            [vec![Stage::Unit, Stage::Contract], vec![Stage::Routes]]
        );
    }
}
