//! Private MariaDB, MongoDB, RabbitMQ, Redis and Mosquitto, each in a separate folder and on free
//! ports; in a test run also an S3 emulator.
//!
//! Invariants: the machine's own servers are neither used nor disturbed, and everything listens on
//! the loopback address only (except RabbitMQ's distribution port, which cannot be bound).

mod mariadb;
mod mongodb;
mod mosquitto;
pub(crate) mod rabbitmq;
mod redis;
mod s3;
mod stores;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

pub use mariadb::{ClusteredMariaDb, FollowedMariaDb};
pub use stores::PlatformStores;

use anyhow::{Context, Result};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};

use crate::{Child, Ports, Signal, Spec, Supervisor, layout::make_inside};

/// The addresses of the servers. Database names are appended as a path to `mysql` and `mongodb`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    pub mysql: String,
    pub mongodb: String,
    pub rabbitmq: String,
    pub rabbitmq_api: String,
    pub redis: String,
    pub mosquitto: String,
    /// In a test run only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Server {
    MariaDb,
    MongoDb,
    RabbitMq,
    Redis,
    Mosquitto,
}

impl Server {
    const ALL: [Self; 5] = [
        Self::MariaDb,
        Self::MongoDb,
        Self::RabbitMq,
        Self::Redis,
        Self::Mosquitto,
    ];

    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

/// The certificate files for servers with TLS. All except S3 also accept plain connections.
#[derive(Debug, Clone)]
pub struct ServerCertificate {
    pub chain: PathBuf,
    pub key: PathBuf,
}

/// The TLS ports of servers that use a separate port for it.
struct TlsPlaces {
    certificate: ServerCertificate,
    rabbitmq: u16,
    redis: u16,
}

pub struct Servers {
    pub addresses: Addresses,
    /// The same servers over TLS, if they have a certificate. It is issued for the loopback
    /// address.
    pub by_tls: Option<Addresses>,
    ports: Places,
    folder: PathBuf,
    children: BTreeMap<Server, Child>,
}

struct Places {
    mariadb: u16,
    mongodb: u16,
    rabbitmq: rabbitmq::RabbitPorts,
    redis: u16,
    mosquitto: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerData {
    /// Kept for the next start: the servers get time to stop cleanly.
    Kept,
    /// Thrown away with its folder: the servers are killed.
    ThrownAway,
    /// Also thrown away, and no test kills a server first: commits do not wait for the disk.
    OfTestRun,
}

/// The clients that MongoDB admits. It must be configured before its start; the other servers can
/// be changed later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Anybody,
    ItsUsers,
}

struct Ground<'a> {
    supervisor: &'a Supervisor,
    /// Each server makes its folder in it.
    folder: &'a Path,
    logs: &'a Path,
    data: ServerData,
    access: Access,
    tls: Option<TlsPlaces>,
}

impl Servers {
    /// Starts all of them at the same time and waits until each answers.
    pub async fn start(
        supervisor: &Supervisor,
        folder: &Path,
        logs: &Path,
        data: ServerData,
        ports: &mut Ports,
    ) -> Result<Self> {
        Self::start_for(Access::Anybody, supervisor, folder, logs, data, ports).await
    }

    /// Starts them with restricted access.
    pub(crate) async fn start_for(
        access: Access,
        supervisor: &Supervisor,
        folder: &Path,
        logs: &Path,
        data: ServerData,
        ports: &mut Ports,
    ) -> Result<Self> {
        let ground = Ground {
            access,
            ..Ground::open_to_all(supervisor, folder, logs, data)
        };
        Self::start_on(&ground, ports).await
    }

    /// Starts a Redis alone, for a platform whose other servers run already. It takes a moment,
    /// and a shared one could not keep the keys of two platforms apart.
    pub(crate) async fn start_cache(
        supervisor: &Supervisor,
        folder: &Path,
        logs: &Path,
        shared: &Addresses,
        ports: &mut Ports,
    ) -> Result<Self> {
        let ground = Ground::open_to_all(supervisor, folder, logs, ServerData::ThrownAway);
        make_inside(folder)?;
        make_inside(logs)?;
        let ports = Places::draw(ports)?;
        let redis = redis::start(&ground, ports.redis).await?;
        let servers = Self {
            addresses: Addresses {
                redis: ports.addresses().redis,
                ..shared.clone()
            },
            by_tls: None,
            ports,
            folder: folder.to_owned(),
            children: BTreeMap::from([(Server::Redis, redis)]),
        };
        servers.ready(Server::Redis).await?;
        Ok(servers)
    }

    /// Starts them with TLS, for tests of TLS clients.
    pub async fn start_with(
        certificate: ServerCertificate,
        supervisor: &Supervisor,
        folder: &Path,
        ports: &mut Ports,
    ) -> Result<Self> {
        let tls = TlsPlaces {
            certificate,
            rabbitmq: ports.free()?,
            redis: ports.free()?,
        };
        let logs = &folder.join("logs");
        let ground = Ground {
            tls: Some(tls),
            ..Ground::open_to_all(supervisor, folder, logs, ServerData::OfTestRun)
        };
        Self::start_on(&ground, ports).await
    }

    async fn start_on(ground: &Ground<'_>, ports: &mut Ports) -> Result<Self> {
        make_inside(ground.folder)?;
        make_inside(ground.logs)?;
        let data = ground.data;
        let s3_port = if data == ServerData::OfTestRun {
            Some(ports.free()?)
        } else {
            None
        };
        let ports = Places::draw(ports)?;
        let s3 = async {
            match s3_port {
                Some(port) => s3::start(ground, port).await.map(Some),
                None => Ok(None),
            }
        };
        let (s3, mariadb, mongodb, rabbitmq, redis, mosquitto) = tokio::try_join!(
            s3,
            mariadb::start(ground, ports.mariadb),
            mongodb::start(ground, ports.mongodb),
            rabbitmq::start(ground, &ports.rabbitmq),
            redis::start(ground, ports.redis),
            mosquitto::start(ground, ports.mosquitto),
        )?;
        let children = [mariadb, mongodb, rabbitmq, redis, mosquitto];
        let children = Server::ALL.into_iter().zip(children).collect();
        let scheme = if ground.tls.is_some() {
            "https"
        } else {
            "http"
        };
        let s3_address = s3_port.map(|port| format!("{scheme}://127.0.0.1:{port}"));
        let addresses = Addresses {
            s3: s3_address,
            ..ports.addresses()
        };
        let by_tls = ground.tls.as_ref().map(|tls| addresses.by_tls(tls));
        let folder = ground.folder.to_owned();
        let servers = Self {
            addresses,
            by_tls,
            ports,
            folder,
            children,
        };
        try_join_all(Server::ALL.map(|server| servers.ready(server))).await?;
        if let (Some(child), Some(port)) = (s3, s3_port) {
            s3::ready(&child, port).await?;
        }
        Ok(servers)
    }

    /// # Panics
    /// If another platform uses this server as well.
    pub fn child(&self, server: Server) -> &Child {
        &self.children[&server]
    }

    /// Whether this platform shares its servers with others.
    fn are_shared(&self) -> bool {
        !self.children.contains_key(&Server::RabbitMq)
    }

    /// Returns when the server answers, which takes a while after a start.
    pub async fn ready(&self, server: Server) -> Result<()> {
        let child = self.child(server);
        match server {
            Server::MariaDb => mariadb::ready(child, self.ports.mariadb).await,
            Server::MongoDb => mongodb::ready(child, self.ports.mongodb).await,
            Server::RabbitMq => rabbitmq::ready(child, &self.ports.rabbitmq).await,
            Server::Redis => redis::ready(child, self.ports.redis).await,
            Server::Mosquitto => mosquitto::ready(child, self.ports.mosquitto).await,
        }
    }

    /// Returns when the cloud's declarations are safe from a kill.
    pub async fn settled(&self) -> Result<()> {
        // No test kills a server that it shares.
        if self.are_shared() {
            return Ok(());
        }
        rabbitmq::settled(self.child(Server::RabbitMq), &self.folder.join("rabbitmq")).await
    }
}

impl Addresses {
    fn by_tls(&self, tls: &TlsPlaces) -> Self {
        Self {
            rabbitmq: format!("amqps://guest:guest@127.0.0.1:{}", tls.rabbitmq),
            redis: format!("rediss://127.0.0.1:{}", tls.redis),
            ..self.clone()
        }
    }
}

impl Places {
    fn draw(ports: &mut Ports) -> Result<Self> {
        Ok(Self {
            mariadb: ports.free()?,
            mongodb: ports.free()?,
            rabbitmq: rabbitmq::RabbitPorts::draw(ports)?,
            redis: ports.free()?,
            mosquitto: ports.free()?,
        })
    }

    fn addresses(&self) -> Addresses {
        Addresses {
            mysql: format!("mysql://root@127.0.0.1:{}", self.mariadb),
            mongodb: format!("mongodb://127.0.0.1:{}", self.mongodb),
            rabbitmq: format!("amqp://guest:guest@127.0.0.1:{}", self.rabbitmq.amqp),
            rabbitmq_api: format!("http://guest:guest@127.0.0.1:{}", self.rabbitmq.api),
            redis: format!("redis://127.0.0.1:{}", self.redis),
            mosquitto: format!("mqtt://127.0.0.1:{}", self.mosquitto),
            s3: None,
        }
    }
}

impl<'a> Ground<'a> {
    /// For servers that admit any client, in the clear.
    fn open_to_all(
        supervisor: &'a Supervisor,
        folder: &'a Path,
        logs: &'a Path,
        data: ServerData,
    ) -> Self {
        Self {
            supervisor,
            folder,
            logs,
            data,
            access: Access::Anybody,
            tls: None,
        }
    }

    fn folder_of(&self, server: &str) -> Result<PathBuf> {
        let folder = self.folder.join(server);
        make_inside(&folder)?;
        Ok(folder)
    }

    fn log_of(&self, server: &str) -> PathBuf {
        self.logs.join(format!("{server}.log"))
    }

    fn spec(&self, server: &str, program: PathBuf, stop_ms_max: u64) -> Spec {
        let signal = if self.data == ServerData::Kept {
            Signal::Term
        } else {
            Signal::Kill
        };
        Spec::new(server, program, self.log_of(server))
            .stage(crate::supervisor::stage::SERVER)
            .stop_with(signal, stop_ms_max)
    }
}

/// Some servers need an explicit option or user name to run as root.
fn runs_as_root() -> bool {
    rustix::process::geteuid().is_root()
}

pub(crate) fn port_of(address: &str) -> Result<u16> {
    let port = address
        .rsplit(':')
        .next()
        .and_then(|port| port.parse().ok());
    port.with_context(|| format!("{address} has no port"))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("could not write {}", path.display()))
}
