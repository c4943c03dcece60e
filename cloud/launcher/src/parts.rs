//! Opens the parts: all in this process, or one that reaches its peers by address.

use std::{collections::BTreeMap, io::BufRead, time::Duration};

use anyhow::{Context, bail};
use axum::Router;
use platform::{
    ServiceContext,
    bus::{Bus, topology},
    key_source,
    upstream::{Upstream, UpstreamOpener},
};
use process::{parts::CloudPart, tokens::ServiceKey, web};

use crate::{
    resources,
    serve::{self, ListenSettings, Startup},
    settings::Settings,
};

/// If a caller gives up on a part later than this, the call counts as the part's failure; sooner,
/// it does not.
const PATIENCE: Duration = Duration::from_secs(2);

macro_rules! open_services {
    ($(
        $part:ident $service:ident $port:literal $offset:literal $store:ident $database:tt
        { $($peer:ident: $asked:ident),* }, $about:literal;
    )+) => {
        async fn open(
            part: CloudPart,
            settings: &Settings,
            context: ServiceContext,
            peers: &mut PeerRegistry,
        ) -> anyhow::Result<Router> {
            Ok(match part {
                $(CloudPart::$part => {
                    let peers = $service::Peers { $($peer: peers.upstream_to(CloudPart::$asked)),* };
                    $service::open(settings.load_section(part)?, context, peers).await?
                })+
                CloudPart::Gateway => {
                    let peers = CloudPart::behind_the_gateway().flat_map(|part| {
                        peers.all_upstreams_to(part).into_iter().map(move |upstream| (part, upstream))
                    });
                    let config = settings.load_section(part)?;
                    gateway::open(public_routes(), config, context, peers.collect()).await?
                }
            })
        }

        /// The public routes of every part, which the gateway serves.
        fn public_routes() -> Vec<gateway::Route> {
            let own = gateway::routes_of_part(CloudPart::Gateway, gateway::api_document());
            let mut routes: Vec<gateway::Route> = own.collect();
            $(routes.extend(gateway::routes_of_part(CloudPart::$part, $service::api_document()));)+
            routes
        }

        /// Migrates every store. Safe to repeat, and alongside parts of the previous version.
        pub(crate) async fn migrate(settings: &Settings) -> anyhow::Result<()> {
            $($service::migrate(&settings.load_section(CloudPart::$part)?)
                .await
                .with_context(|| format!("could not migrate the store of `{}`", $service::NAME))?;)+
            tracing::info!("Every store is up to date");
            Ok(())
        }
    };
}
process::services!(open_services);

pub(crate) async fn run_all(settings: Settings) -> anyhow::Result<()> {
    let _held = resources::lock_data_folder(&settings)?;
    let binds = ListenSettings::from_settings(CloudPart::Gateway, &settings).await?;
    let key = ServiceKey::load_or_create(&settings.platform.service_key).context(
        "`platform.service_key`: could not load or create the key that parts authenticate with",
    )?;
    let data_keys = resources::load_data_keys(CloudPart::Gateway, &settings)?;
    let context = resources::open_context(&settings.platform, key, data_keys).await?;
    let slots = web::ConnectionSlots::new(settings.platform.connections_per_address.get());
    let startup = Startup::default();
    let open = Box::pin(open_all(settings, context.clone(), &startup));
    serve::serve_until_stopped(binds, slots, context, &startup, open).await
}

/// Refuses a store that `migrate` has not brought up to date.
pub(crate) async fn run_alone(part: CloudPart, settings: Settings) -> anyhow::Result<()> {
    if settings.platform.bus_url.reveal().starts_with("embedded:") {
        bail!(
            "`platform.bus_url`: an embedded bus works only for `all`, where one process runs every part; \
             set a broker, such as amqp://127.0.0.1:5672/%2f"
        );
    }
    let binds = ListenSettings::from_settings(part, &settings).await?;
    let key = ServiceKey::load_for_part(part, &settings.platform.service_key).context(
        "`platform.service_key`: could not load the part's own key and the keys of its callers; \
         `holdfast-cloud make-keys --into DIR` creates a folder of them for each part",
    )?;
    let data_keys = resources::load_data_keys(part, &settings)?;
    let context = resources::open_context(&settings.platform, key, data_keys).await?;
    let slots = match part {
        CloudPart::Gateway => {
            web::ConnectionSlots::new(settings.platform.connections_per_address.get())
        }
        _ => web::ConnectionSlots::for_peers(),
    };
    let startup = Startup::default();
    let open = Box::pin(open_alone(part, settings, context.clone(), &startup));
    serve::serve_until_stopped(binds, slots, context, &startup, open).await
}

/// Declares the broker topology that parts share. `all` declares its own.
pub(crate) async fn declare_bus(settings: &Settings) -> anyhow::Result<()> {
    let bus = Bus::open(settings.platform.bus_url.reveal())
        .await
        .context("`platform.bus_url`")?;
    topology::declare_topology(&bus)
        .await
        .context("could not declare the exchanges and queues")?;
    bus.close().await;
    Ok(())
}

/// Creates the first admin, because registration never does.
pub(crate) async fn bootstrap_admin(settings: &Settings, username: &str) -> anyhow::Result<()> {
    let mut password = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut password)
        .context("could not read the password")?;
    let password = password.trim_end_matches(['\r', '\n']).to_owned();
    let config = settings.load_section(CloudPart::Auth)?;
    let keys = resources::load_data_keys(CloudPart::Auth, settings)?;
    println!(
        "{}",
        auth::bootstrap_admin(&config, &keys, username, password).await?
    );
    Ok(())
}

async fn open_all(
    settings: Settings,
    context: ServiceContext,
    startup: &Startup,
) -> anyhow::Result<Router> {
    startup
        .open_with_retry("all", async || migrate(&settings).await)
        .await?;
    if let Err(error) = topology::declare_topology(&context.bus).await {
        // Each consumer binds its queue once the broker is reachable.
        tracing::warn!(%error, "Could not declare the exchanges and queues; consumers bind their queues later");
    }
    let mut peers = PeerRegistry::default();
    for part in CloudPart::behind_the_gateway() {
        let router = open_named(part, &settings, &context, &mut peers, startup).await?;
        peers.connect_part(part, Upstream::from_router(router));
        if part == CloudPart::Auth {
            // Start now: the next parts may check tokens as soon as they are open.
            key_source::start_key_refresh(&context.tasks, &context.keys, peers.upstream_to(part));
        }
    }
    open_named(CloudPart::Gateway, &settings, &context, &mut peers, startup).await
}

async fn open_alone(
    part: CloudPart,
    settings: Settings,
    context: ServiceContext,
    startup: &Startup,
) -> anyhow::Result<Router> {
    let mut peers = PeerRegistry::default();
    for (peer, addresses) in settings.peer_addresses() {
        let ways = addresses
            .split_whitespace()
            .map(|at| Upstream::from_address(at, &context.tasks));
        let ways = ways
            .collect::<Result<Vec<_>, _>>()
            .with_context(|| format!("`peers.{peer}`"))?;
        match part {
            // The gateway applies its own time limits.
            CloudPart::Gateway => ways
                .into_iter()
                .for_each(|way| peers.connect_part(peer, way)),
            _ => peers.connect_part(
                peer,
                Upstream::combine_guarded(peer, ways, &context.clock, PATIENCE),
            ),
        }
    }
    key_source::start_key_refresh(
        &context.tasks,
        &context.keys,
        peers.upstream_to(CloudPart::Auth),
    );
    open_named(part, &settings, &context, &mut peers, startup).await
}

async fn open_named(
    part: CloudPart,
    settings: &Settings,
    context: &ServiceContext,
    peers: &mut PeerRegistry,
    startup: &Startup,
) -> anyhow::Result<Router> {
    let opened = startup.open_with_retry(part.name(), async || {
        Box::pin(open(part, settings, context.for_part(), peers)).await
    });
    opened
        .await
        .with_context(|| format!("could not open `{part}`"))
}

/// Connects the parts that call each other, in any order of opening.
#[derive(Default)]
struct PeerRegistry {
    /// A part with several replicas has several upstreams.
    connected: BTreeMap<CloudPart, Vec<Upstream>>,
    /// Requested before they were connected.
    promised: BTreeMap<CloudPart, (Upstream, UpstreamOpener)>,
}

impl PeerRegistry {
    /// An upstream to the part, unreachable until the part is connected.
    fn upstream_to(&mut self, part: CloudPart) -> Upstream {
        if let Some(upstream) = self.connected.get(&part).and_then(|all| all.first()) {
            return upstream.clone();
        }
        self.promised
            .entry(part)
            .or_insert_with(Upstream::open_later)
            .0
            .clone()
    }

    /// Upstreams to all replicas of the part.
    fn all_upstreams_to(&mut self, part: CloudPart) -> Vec<Upstream> {
        match self.connected.get(&part) {
            Some(all) => all.clone(),
            None => vec![self.upstream_to(part)],
        }
    }

    fn connect_part(&mut self, part: CloudPart, upstream: Upstream) {
        if let Some((_, opening)) = self.promised.remove(&part) {
            opening.connect_to(&upstream);
        }
        self.connected.entry(part).or_default().push(upstream);
    }
}
