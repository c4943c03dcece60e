//! The folders, ports and names of a platform. Decided before anything starts, so a taken port is
//! reported at once, and a test can put a proxy in between.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use process::parts::CloudPart;
use wire::Region;

use crate::{Ports, temporary};

/// The gateway's default port.
pub const PORT_BASE: u16 = 8080;
/// The offset of a part's operator port from its main port.
const OPERATORS_FROM: u16 = 10;
const EDGES_FROM: u16 = 20;
const EDGE_STEP: u16 = 10;
const CLOUD: &str = "cloud";
const SERVERS: &str = "servers";

/// The cloud's stores, and its number of processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stores {
    /// One process on files.
    Embedded,
    /// A process per part on private servers.
    Real,
}

impl Stores {
    /// The stores of a test that runs once for each kind. Each landing runs it on servers, with a
    /// process per part. A deep run adds one process on embedded stores, on which the demo and the
    /// pages run at each landing.
    pub fn for_test_run(is_deep: bool) -> Vec<Self> {
        let mut stores = vec![Self::Real];
        if is_deep {
            stores.push(Self::Embedded);
        }
        stores
    }

    /// The stores that a data folder belongs to, judged by its files: the embedded bus, or the
    /// hub's database on a server. A folder with neither is new, even if servers started in it and
    /// failed early; a folder with both is undecided.
    pub fn found_in(folder: &Path) -> Option<Self> {
        let embedded = folder.join(CLOUD).join("bus.db").exists();
        let real = folder.join(SERVERS).join("mariadb/data/sync_db").exists();
        match (embedded, real) {
            (true, false) => Some(Self::Embedded),
            (false, true) => Some(Self::Real),
            _ => None,
        }
    }
}

#[derive(Debug, Clone)]
pub enum Data {
    Kept(PathBuf),
    /// In a temporary folder that is removed with the platform.
    ThrownAway,
}

#[derive(Debug, Clone, Copy)]
pub enum PortChoice {
    /// The memorable numbering scheme, starting at this port.
    From(u16),
    Free,
}

/// A decided layout. It reserves its ports until it is dropped.
pub struct Layout {
    pub stores: Stores,
    pub folder: PathBuf,
    pub is_thrown_away: bool,
    pub gateway: u16,
    /// The ports of the parts behind the gateway that run alone.
    parts: BTreeMap<CloudPart, u16>,
    /// The operator's ports of the parts that listen.
    operators: BTreeMap<CloudPart, u16>,
    pub edges: Vec<EdgePlace>,
    pub(crate) ports: Ports,
    /// Held as long as the platform runs: two platforms on one data folder would ruin it.
    _lock: File,
}

#[derive(Debug, Clone)]
pub struct EdgePlace {
    pub region: Region,
    pub edge: String,
    pub http: u16,
    pub mqtt: u16,
    pub ws: u16,
    /// Metrics and health complaints.
    pub operator: u16,
    /// The gateway, or a proxy in front of it.
    pub gateway_url: String,
}

impl Layout {
    /// Uses free ports and a temporary folder, for tests.
    pub fn temporary(stores: Stores) -> Result<Self> {
        Self::decide(stores, &Data::ThrownAway, PortChoice::Free)
    }

    pub fn decide(stores: Stores, data: &Data, choice: PortChoice) -> Result<Self> {
        let mut ports = Ports::default();
        let port = |ports: &mut Ports, offset: u16, whose: &str| match choice {
            PortChoice::From(base) => ports.exactly(sum(base, offset)?, whose),
            PortChoice::Free => ports.free(),
        };
        let gateway = port(&mut ports, 0, "gateway")?;
        let mut edges = Vec::new();
        for region in Region::ALL {
            let edge = format!("{}-1", region.as_str().to_lowercase());
            let first = EDGES_FROM + EDGE_STEP * u16::from(region.index());
            let http = port(&mut ports, first, &format!("{edge}, http"))?;
            let mqtt = port(&mut ports, first + 1, &format!("{edge}, mqtt"))?;
            let ws = port(&mut ports, first + 2, &format!("{edge}, ws"))?;
            let operator = port(&mut ports, first + 3, &format!("{edge}, operator"))?;
            let gateway_url = format!("http://127.0.0.1:{gateway}");
            edges.push(EdgePlace {
                region,
                edge,
                http,
                mqtt,
                ws,
                operator,
                gateway_url,
            });
        }
        let mut parts = BTreeMap::new();
        for part in CloudPart::behind_the_gateway().filter(|_| stores == Stores::Real) {
            parts.insert(part, port(&mut ports, part.port_offset(), part.name())?);
        }
        let mut operators = BTreeMap::new();
        for part in parts.keys().copied().chain([CloudPart::Gateway]) {
            let whose = format!("{part}, operator");
            let offset = OPERATORS_FROM + part.port_offset();
            operators.insert(part, port(&mut ports, offset, &whose)?);
        }
        let (folder, is_thrown_away) = match data {
            Data::Kept(folder) => (make(folder)?, false),
            Data::ThrownAway => (temporary::folder()?, true),
        };
        let _lock = lock(&folder)?;
        refuse_data_of_other_stores(&folder, stores)?;
        Ok(Self {
            stores,
            folder,
            is_thrown_away,
            gateway,
            parts,
            operators,
            edges,
            ports,
            _lock,
        })
    }

    /// The parts behind the gateway that run alone, and their ports.
    pub fn parts(&self) -> impl Iterator<Item = (CloudPart, u16)> {
        self.parts.iter().map(|(part, port)| (*part, *port))
    }

    pub fn port(&self, part: CloudPart) -> Option<u16> {
        if part == CloudPart::Gateway {
            Some(self.gateway)
        } else {
            self.parts.get(&part).copied()
        }
    }

    /// The operator's port of a part that listens.
    pub fn operator(&self, part: CloudPart) -> Option<u16> {
        self.operators.get(&part).copied()
    }

    pub fn gateway_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.gateway)
    }

    /// Only the edge of NORTH, for a test that needs no other: each takes its share of the machine.
    pub fn with_one_edge(mut self) -> Self {
        self.edges.truncate(1);
        self
    }

    pub fn edge(&self, region: Region) -> &EdgePlace {
        &self.edges[usize::from(region.index())]
    }

    pub fn cloud_folder(&self) -> PathBuf {
        self.folder.join(CLOUD)
    }

    /// The phones of this platform's people: each message is a file in it.
    pub fn sms_folder(&self) -> PathBuf {
        self.cloud_folder().join("sms")
    }

    pub fn servers_folder(&self) -> PathBuf {
        self.folder.join(SERVERS)
    }

    pub fn edge_folder(&self, place: &EdgePlace) -> PathBuf {
        self.folder.join("edges").join(&place.edge)
    }

    pub fn logs_folder(&self) -> PathBuf {
        self.folder.join("logs")
    }

    pub fn log(&self, name: &str) -> PathBuf {
        self.logs_folder().join(format!("{name}.log"))
    }

    /// True before the first run in this folder.
    pub fn is_new(&self) -> bool {
        !self.cloud_folder().exists()
    }
}

pub(crate) fn make_inside(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("could not create {}", folder.display()))
}

fn sum(base: u16, offset: u16) -> Result<u16> {
    base.checked_add(offset)
        .with_context(|| format!("port {base} + {offset} is out of range"))
}

/// Makes it private to this user: it holds keys, receipts and orders.
fn make(folder: &Path) -> Result<PathBuf> {
    let made = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder);
    made.and_then(|()| folder.canonicalize())
        .with_context(|| format!("could not create {}", folder.display()))
}

fn lock(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let file =
        File::create(&path).with_context(|| format!("could not create {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => bail!(
            "another platform runs on {}; choose another folder with --data DIR, or --ephemeral",
            folder.display()
        ),
        Err(fs::TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("could not lock {}", path.display()))
        }
    }
}

/// The data's edges are enrolled with a cloud that is missing from these stores, and would never
/// connect.
fn refuse_data_of_other_stores(folder: &Path, stores: Stores) -> Result<()> {
    let shown = folder.display();
    match (Stores::found_in(folder), stores) {
        (Some(Stores::Embedded), Stores::Real) => bail!(
            "{shown} has the data of a platform on embedded stores, which servers cannot read; \
             choose another folder with --data OTHER"
        ),
        (Some(Stores::Real), Stores::Embedded) => bail!(
            "{shown} has the data of a platform on servers; add --real to start that one, or choose \
             another folder with --data OTHER"
        ),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_follow_the_scheme_that_people_remember() {
        let choice = PortChoice::From(31_100);
        let layout = Layout::decide(Stores::Real, &Data::ThrownAway, choice).unwrap();
        assert_eq!(layout.gateway, 31_100);
        let parts: Vec<_> = layout
            .parts()
            .map(|(part, port)| (part.name(), port))
            .collect();
        let expected = [
            ("auth", 31_101),
            ("user", 31_102),
            ("order", 31_103),
            ("payment", 31_104),
            ("review", 31_105),
            ("notification", 31_106),
            ("hub", 31_107),
        ];
        assert_eq!(parts, expected);
        let mid = layout.edge(Region::Mid);
        assert_eq!(
            (mid.edge.as_str(), mid.http, mid.mqtt, mid.ws, mid.operator),
            ("mid-1", 31_160, 31_161, 31_162, 31_163)
        );
        let operator = |part| layout.operator(part);
        assert_eq!(operator(CloudPart::Gateway), Some(31_110));
        assert_eq!(operator(CloudPart::Hub), Some(31_117));
        fs::remove_dir_all(&layout.folder).unwrap();
    }

    #[test]
    fn a_folder_has_one_platform_at_a_time() {
        let folder = temporary::folder().unwrap();
        let data = Data::Kept(folder.clone());
        let first = Layout::decide(Stores::Embedded, &data, PortChoice::Free).unwrap();
        let Err(error) = Layout::decide(Stores::Embedded, &data, PortChoice::Free) else {
            panic!("a second platform got the same folder")
        };
        assert!(
            error.to_string().contains("another platform runs on"),
            "{error}"
        );
        drop(first);
        assert!(Layout::decide(Stores::Embedded, &data, PortChoice::Free).is_ok());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn data_of_other_stores_is_refused_with_its_folder_and_the_next_step() {
        for (file, of, other) in [
            ("cloud/bus.db", Stores::Embedded, Stores::Real),
            (
                "servers/mariadb/data/sync_db/db.opt",
                Stores::Real,
                Stores::Embedded,
            ),
        ] {
            let folder = temporary::folder().unwrap();
            let data = Data::Kept(folder.clone());
            let decide = |stores| Layout::decide(stores, &data, PortChoice::Free);
            fs::create_dir(folder.join(SERVERS)).unwrap();
            assert!(
                decide(other).is_ok(),
                "a folder in which nothing came up yet is for either"
            );
            let file = folder.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, "").unwrap();
            assert!(decide(of).is_ok(), "{of:?} go on with their own");
            let Err(error) = decide(other) else {
                panic!("{other:?} got the data of {of:?}")
            };
            let said = error.to_string();
            assert!(
                said.contains(&folder.canonicalize().unwrap().display().to_string()),
                "{said}"
            );
            assert!(
                said.contains("choose another folder with --data OTHER"),
                "{said}"
            );
            fs::remove_dir_all(folder).unwrap();
        }
    }
}
