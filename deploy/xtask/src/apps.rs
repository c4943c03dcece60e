//! Builds the portal, the providers' app and the kiosk with Node into their `dist` folders.
//!
//! Invariants: unchanged sources build nothing, and the product builds without the apps.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
};

use crate::{Result, depth::Depth, install, node::NodeTools, shell, workspace};

/// Every input of the built files.
const SOURCES: [&str; 7] = [
    "package.json",
    "package-lock.json",
    ".npmrc",
    "protocol/web",
    "edge-node/app",
    "cloud/portal",
    "protocol/process/src/pages.rs",
];
/// The subset of [`SOURCES`] that decides which packages are installed.
const PACKAGES: [&str; 7] = [
    "package.json",
    "package-lock.json",
    ".npmrc",
    "protocol/web/package.json",
    "edge-node/app/package.json",
    "cloud/portal/package.json",
    "tests/browser/package.json",
];
const PAGES: [&str; 3] = [
    "edge-node/app/dist/index.html",
    "edge-node/app/dist/kiosk/index.html",
    "cloud/portal/dist/index.html",
];
const MADE_HERE: [&str; 2] = ["node_modules", "dist"];

/// Builds both apps unless they are up to date.
pub fn build() -> Result<()> {
    let stamp = Stamp::of("built", &SOURCES, &PAGES)?;
    if stamp.holds() {
        return Ok(());
    }
    let node = installed()?;
    shell::run(&mut node.npm(&["run", "--silent", "build"])?)?;
    stamp.write()
}

/// Runs lint and type checks.
pub fn lint() -> Result<()> {
    let node = installed()?;
    for script in ["lint", "check"] {
        shell::run(&mut node.npm(&["run", "--silent", script])?)?;
    }
    Ok(())
}

/// Runs unit tests, and the build with its size limits.
pub fn test() -> Result<()> {
    let node = installed()?;
    shell::run(&mut node.npm(&["run", "--silent", "test"])?)?;
    build()?;
    shell::run(&mut node.npm(&["run", "--silent", "sizes"])?)
}

/// Runs the browser tests: every page, and the story on the built programs. A deep run also runs
/// those in `tests/browser/deep`, and keeps pictures of all it sees.
pub fn browse(depth: Depth) -> Result<()> {
    let node = installed()?;
    build()?;
    install::packages(&install::FOR_BROWSER)?;
    let workspace = "--workspace=@holdfast/browser-tests";
    let files = match depth {
        Depth::Landing => "landing",
        Depth::Deep => "deep",
    };
    let mut browser = node.npm(&["run", "--silent", files, workspace])?;
    let stack = workspace::program("holdfast-stack")?;
    browser.envs([depth.environment()]);
    if depth == Depth::Deep {
        install::packages(&install::FOR_DEEP_BROWSER)?;
        browser.env("HOLDFAST_SCREENS", workspace::target()?.join("screens"));
    }
    shell::run(browser.env("HOLDFAST_STACK", stack))
}

/// Installs everything that test programs need. One client of the edge's tests is mqtt.js, from the
/// packages of the apps.
pub fn install_for_tests() -> Result<()> {
    install::everything()?;
    installed().map(drop)
}

/// Installs exactly the packages of the lockfile.
fn installed() -> Result<NodeTools> {
    let node = NodeTools::get()?;
    let stamp = Stamp::of("installed", &PACKAGES, &["node_modules/.package-lock.json"])?;
    if !stamp.holds() {
        shell::run(&mut node.npm(&["ci", "--silent", "--no-progress"])?)?;
        stamp.write()?;
    }
    Ok(node)
}

/// Records which sources an output was made from.
struct Stamp {
    file: PathBuf,
    sources: String,
    made: Vec<PathBuf>,
}

impl Stamp {
    fn of(name: &str, sources: &[&str], made: &[&str]) -> Result<Self> {
        let root = workspace::root()?;
        let mut hasher = DefaultHasher::new();
        for source in sources {
            hash(&root.join(source), &mut hasher)
                .map_err(|error| format!("could not read {source}: {error}"))?;
        }
        Ok(Self {
            file: workspace::target()?.join("apps").join(name),
            sources: format!("{:016x}", hasher.finish()),
            made: made.iter().map(|file| root.join(file)).collect(),
        })
    }

    fn holds(&self) -> bool {
        let is_same = fs::read_to_string(&self.file).is_ok_and(|text| text == self.sources);
        is_same && self.made.iter().all(|file| file.is_file())
    }

    fn write(&self) -> Result<()> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        let written =
            fs::create_dir_all(folder).and_then(|()| fs::write(&self.file, &self.sources));
        written.map_err(|error| format!("could not write {}: {error}", self.file.display()))
    }
}

/// Hashes names and bytes, in the order of names.
pub fn hash(path: &Path, hasher: &mut DefaultHasher) -> std::io::Result<()> {
    if !path.is_dir() {
        path.file_name().hash(hasher);
        fs::read(path)?.hash(hasher);
        return Ok(());
    }
    let mut entries = fs::read_dir(path)?.collect::<std::io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        if !MADE_HERE.iter().any(|made| entry.file_name() == *made) {
            hash(&entry.path(), hasher)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashed(folder: &Path) -> u64 {
        let mut hasher = DefaultHasher::new();
        hash(folder, &mut hasher).unwrap();
        hasher.finish()
    }

    #[test]
    fn a_changed_source_is_noticed_and_a_built_file_is_none() {
        let folder = std::env::temp_dir().join(format!("xtask-apps-{}", std::process::id()));
        fs::create_dir_all(folder.join("dist")).unwrap();
        fs::write(folder.join("main.ts"), "one").unwrap();
        let before = hashed(&folder);
        fs::write(folder.join("dist/main.js"), "built").unwrap();
        assert_eq!(hashed(&folder), before);
        fs::write(folder.join("main.ts"), "two").unwrap();
        assert_ne!(hashed(&folder), before);
        fs::remove_dir_all(&folder).unwrap();
    }
}
