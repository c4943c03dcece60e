//! A running platform: the cloud, an edge in each region, and people who can sign in.

mod demo_data;
mod links;
mod second;
mod wishes;

use std::{collections::BTreeMap, fs, path::PathBuf, time::Duration};

use anyhow::{Context, Result, anyhow};
use process::{clock::Clock, parts::CloudPart};
use tokio::sync::Mutex;
use wire::StatusReport;

use crate::{
    Child, Spec, Supervisor,
    admin::GatewaySession,
    binaries,
    layout::{EdgePlace, Layout, Stores, make_inside},
    logs,
    part_users::PartUsers,
    parts::{self, Part, READY_MAX},
    probe,
    ready::{EdgeAddresses, ReadyFile},
    servers::{Access, Addresses, PlatformStores, ServerData, Servers},
    sign_ins::{self, DemoPerson},
};

pub use links::HEALTHY_MAX;
pub use second::ReplicaPlace;
pub use wishes::Wishes;

/// Half the lifetime of a session.
const SESSION_MAX: Duration = Duration::from_secs(30 * 60);
/// The time limit of a stop; after it the stop fails.
const STOP_MAX: Duration = Duration::from_secs(30);

/// The processes of one platform. Dropping it stops them; `stop` also waits for their end.
pub struct Stack {
    layout: Layout,
    supervisor: Supervisor,
    children: BTreeMap<Part, Child>,
    servers: Option<Servers>,
    stores: Option<PlatformStores>,
    /// Servers of a test run, on which this platform has databases among others.
    shared_servers: Option<Addresses>,
    access: Access,
    users: PartUsers,
    environment: BTreeMap<String, String>,
    admin: Mutex<Admin>,
    default_limits: bool,
}

struct Admin {
    session: GatewaySession,
    since: Duration,
}

impl Stack {
    /// Starts everything and waits until it is healthy.
    pub async fn start(layout: Layout, wishes: &Wishes) -> Result<Self> {
        Self::start_under(supervisor_for(&layout)?, layout, wishes, &|_| {}).await
    }

    /// Starts under a supervisor that the caller can stop at any moment. `say` receives each step.
    pub async fn start_under(
        supervisor: Supervisor,
        layout: Layout,
        wishes: &Wishes,
        say: &dyn Fn(&str),
    ) -> Result<Self> {
        let is_new = layout.is_new();
        make_inside(&layout.logs_folder())?;
        let admin = Admin {
            session: GatewaySession::at(&layout.gateway_url()),
            since: Duration::ZERO,
        };
        let mut stack = Self {
            layout,
            supervisor,
            children: BTreeMap::new(),
            servers: None,
            stores: None,
            shared_servers: wishes.shared_servers.clone(),
            access: if wishes.own_users {
                Access::ItsUsers
            } else {
                Access::Anybody
            },
            users: PartUsers::default(),
            environment: wishes.environment.clone(),
            admin: Mutex::new(admin),
            default_limits: wishes.default_limits,
        };
        stack.start_cloud(say).await?;
        stack.ensure_admin().await?;
        say("Starting five edges");
        stack.start_edges().await?;
        if wishes.demo_data && is_new {
            say("Creating demo data");
            demo_data::make(&stack).await?;
        }
        say("Waiting for five links with equal checksums");
        stack.healthy(HEALTHY_MAX).await?;
        Ok(stack)
    }

    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    pub fn supervisor(&self) -> &Supervisor {
        &self.supervisor
    }

    /// Its databases and virtual host, on a platform with servers.
    pub fn stores(&self) -> Option<&PlatformStores> {
        self.stores.as_ref()
    }

    /// A session of the admin with enough lifetime left.
    pub async fn admin(&self) -> Result<GatewaySession> {
        let mut admin = self.admin.lock().await;
        let now = Clock::system().elapsed();
        if admin.session.token().is_empty() || now.saturating_sub(admin.since) > SESSION_MAX {
            let signed = admin
                .session
                .sign_in(sign_ins::ADMIN, sign_ins::PASSWORD)
                .await;
            admin.session = signed.context("the admin could not sign in")?;
            admin.since = now;
        }
        Ok(admin.session.clone())
    }

    pub fn child(&self, part: Part) -> Result<&Child> {
        if let (Part::Server(server), Some(servers)) = (part, &self.servers) {
            return Ok(servers.child(server));
        }
        self.children
            .get(&part)
            .ok_or_else(|| anyhow!("this platform does not run `{part}` as a separate process"))
    }

    pub fn log(&self, part: Part) -> PathBuf {
        self.layout.log(&part.name())
    }

    /// `kill -9`; returns once it is gone.
    pub async fn kill9(&self, part: Part) -> Result<()> {
        self.child(part)?.clone().kill9().await
    }

    pub async fn terminate(&self, part: Part) -> Result<()> {
        self.child(part)?.clone().terminate().await.map(drop)
    }

    /// Starts an ended part again; returns once it is ready.
    pub async fn restart(&self, part: Part) -> Result<()> {
        self.start_again(part).await?;
        self.ready(part).await
    }

    /// Starts an ended part again without waiting, so it can be killed during its start.
    pub async fn start_again(&self, part: Part) -> Result<()> {
        self.child(part)?.clone().start().await
    }

    pub async fn ready(&self, part: Part) -> Result<()> {
        if let (Part::Server(server), Some(servers)) = (part, &self.servers) {
            return servers.ready(server).await;
        }
        let port = part
            .port(&self.layout)
            .with_context(|| format!("`{part}` has no address"))?;
        probe::until(self.child(part)?, READY_MAX, || probe::is_ready(port)).await
    }

    pub async fn status(&self) -> Result<StatusReport> {
        let report = self.admin().await?.status().await;
        if let Err(error) = &report
            && error.status == Some(401)
        {
            self.drop_session().await;
        }
        Ok(report?)
    }

    /// Lets the next call of `admin` sign in again: a test may revoke the key of this session.
    async fn drop_session(&self) {
        self.admin.lock().await.session = GatewaySession::at(&self.layout.gateway_url());
    }

    /// Everything needed to use this platform from outside.
    pub fn ready_file(&self) -> ReadyFile {
        let edges = self.layout.edges.iter();
        let mut pids: BTreeMap<String, u32> = self.supervisor.pids().into_iter().collect();
        pids.insert("stack".into(), std::process::id());
        ReadyFile {
            gateway: self.layout.gateway_url(),
            hub: format!("ws://127.0.0.1:{}/link", self.layout.gateway),
            edges: edges
                .map(|place| (place.region, EdgeAddresses::of(place)))
                .collect(),
            sign_ins: self.sign_ins(),
            pids,
            data: self.layout.folder.clone(),
            settles_soon: self
                .environment
                .get(wishes::OBJECTIONS)
                .is_some_and(|wait| wait == "0"),
            servers: self.stores().map(|stores| stores.servers().clone()),
        }
    }

    /// The demo people, including the admin, who always exists.
    pub fn sign_ins(&self) -> Vec<DemoPerson> {
        sign_ins::sign_ins()
    }

    pub fn admin_sign_in(&self) -> DemoPerson {
        sign_ins::admin_sign_in()
    }

    pub async fn stop(self) -> Result<()> {
        self.supervisor.stop(STOP_MAX).await
    }

    async fn start_cloud(&mut self, say: &dyn Fn(&str)) -> Result<()> {
        if self.layout.stores == Stores::Embedded {
            say("Starting the cloud on embedded stores");
            return self
                .start_part(Part::Cloud, parts::embedded_cloud(&self.layout)?)
                .await;
        }
        say("Starting MariaDB, MongoDB, RabbitMQ, Redis and Mosquitto");
        let (servers, stores) = self.start_servers().await?;
        parts::write_config(&self.layout, &stores)?;
        if self.access == Access::ItsUsers {
            let folder = self.layout.servers_folder();
            self.users = PartUsers::make(&folder, &servers.addresses).await?;
        }
        say("Migrating the stores");
        self.migrate().await?;
        // If each part has its user, it declares its bus objects when it starts.
        if self.access == Access::Anybody {
            let declare = self.in_environment(parts::declare_bus(&self.layout)?);
            self.supervisor.run(declare, READY_MAX).await?;
        }
        say("Starting the cloud, a process per part");
        for part in CloudPart::behind_the_gateway() {
            self.spawn_part(Part::Alone(part), self.build_part_spec(part)?)
                .await?;
        }
        for part in CloudPart::behind_the_gateway() {
            self.ready(Part::Alone(part)).await?;
        }
        let gateway = self.build_part_spec(CloudPart::Gateway)?;
        self.start_part(Part::Alone(CloudPart::Gateway), gateway)
            .await?;
        servers.settled().await?;
        self.servers = Some(servers);
        self.stores = Some(stores);
        Ok(())
    }

    fn build_part_spec(&self, part: CloudPart) -> Result<Spec> {
        Ok(self
            .users
            .sign_in(part, parts::real_part(part, &self.layout)?))
    }

    /// Brings every schema up to date, each as the user of its service.
    pub async fn migrate(&self) -> Result<()> {
        let migrate = self.users.sign_in_to_stores(parts::migrate(&self.layout)?);
        self.supervisor
            .run(self.in_environment(migrate), READY_MAX)
            .await
    }

    /// The users of each part, if the servers admit only those.
    pub fn users(&self) -> &PartUsers {
        &self.users
    }

    async fn start_servers(&mut self) -> Result<(Servers, PlatformStores)> {
        let data = if self.layout.is_thrown_away {
            ServerData::ThrownAway
        } else {
            ServerData::Kept
        };
        let folder = self.layout.servers_folder();
        let logs = self.layout.logs_folder();
        let supervisor = &self.supervisor;
        let ports = &mut self.layout.ports;
        if let Some(shared) = &self.shared_servers {
            let servers = Servers::start_cache(supervisor, &folder, &logs, shared, ports).await?;
            let stores = PlatformStores::among_others(servers.addresses.clone()).await?;
            return Ok((servers, stores));
        }
        let servers =
            Servers::start_for(self.access, supervisor, &folder, &logs, data, ports).await?;
        let stores = PlatformStores::alone(servers.addresses.clone());
        Ok((servers, stores))
    }

    async fn start_edges(&mut self) -> Result<()> {
        let places = self.layout.edges.clone();
        for place in &places {
            let code = self.enrolment_code(place).await?;
            let spec = parts::edge(&self.layout, place, Some(code))?;
            self.spawn_part(Part::Edge(place.region), spec).await?;
        }
        for place in &places {
            self.ready(Part::Edge(place.region)).await?;
        }
        Ok(())
    }

    /// The code is kept next to the edge's data: an edge that stopped before enrolment still needs
    /// it, and the cloud issues another only to an unknown edge.
    async fn enrolment_code(&self, place: &EdgePlace) -> Result<String> {
        let folder = self.layout.folder.join("edges");
        make_inside(&folder)?;
        let path = folder.join(format!("{}.code", place.edge));
        if let Ok(code) = fs::read_to_string(&path) {
            return Ok(code);
        }
        let code = self
            .admin()
            .await?
            .enrolment_code(&place.edge, place.region)
            .await?;
        fs::write(&path, &code).with_context(|| format!("could not write {}", path.display()))?;
        Ok(code)
    }

    /// Creates the admin at the first start on a data folder.
    async fn ensure_admin(&self) -> Result<()> {
        if self.admin().await.is_ok() {
            return Ok(());
        }
        self.bootstrap(sign_ins::ADMIN).await?;
        self.admin().await.map(drop)
    }

    /// Creates an admin directly in the database, because registration never creates one.
    pub(crate) async fn bootstrap(&self, username: &str) -> Result<()> {
        let bootstrap = parts::bootstrap_admin(&self.layout, username, sign_ins::PASSWORD)?;
        self.supervisor.run(bootstrap, READY_MAX).await
    }

    async fn start_part(&mut self, part: Part, spec: Spec) -> Result<()> {
        self.spawn_part(part, spec).await?;
        self.ready(part).await
    }

    async fn spawn_part(&mut self, part: Part, spec: Spec) -> Result<()> {
        let child = self.supervisor.spawn(self.in_environment(spec)).await?;
        self.children.insert(part, child);
        Ok(())
    }

    /// Applies the platform's options to a process: its limits and environment.
    pub fn in_environment(&self, spec: Spec) -> Spec {
        let mut spec = if self.default_limits {
            parts::at_default_limits(spec)
        } else {
            spec
        };
        // The last lines of a log should show the error's message, not its backtrace; panics keep
        // theirs.
        spec.env.insert("RUST_LIB_BACKTRACE".into(), "0".into());
        spec.env.extend(self.environment.clone());
        spec
    }
}

/// A failing test deletes the folder, so print the ends of the logs first.
impl Drop for Stack {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for log in logs::all(&self.layout.logs_folder()) {
            eprintln!("{}", logs::tail(&log));
        }
    }
}

/// Starts a supervisor that removes a throwaway platform's folder after everything has stopped.
pub fn supervisor_for(layout: &Layout) -> Result<Supervisor> {
    let supervisor = Supervisor::start(&binaries::supervisor()?)?;
    if layout.is_thrown_away {
        supervisor.remove_at_end(&layout.folder)?;
    }
    Ok(supervisor)
}
