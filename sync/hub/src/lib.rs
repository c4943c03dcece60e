//! The cloud end of the edge link: which edges may connect, the ops received from them, the
//! outcomes sent back, and the feed of each region.
//!
//! Invariants: an op is acknowledged only after sync_db has stored it; every received op gets
//! exactly one outcome; a region's feed has no gap; every write for an edge happens under its term
//! or its work token. Replicas hold no state: any of them may serve any edge.
//!
//! Imports run downwards only: `routes`; then `handlers`, `jobs`; then `session`, `work`, `feed`,
//! `live_updates`, `part_watch`; then `polling`, `peers`; then `store`; then `domain`, `config` and
//! `certificates`. This order is checked by `cargo xtask arch`.

mod certificates;
mod config;
/// The hub's rules without clock or IO: what an op is, how a run of ops reaches its owner, how
/// status is derived for operators, and which alarms admins are told of.
mod domain {
    pub(crate) mod alarms;
    pub(crate) mod compare;
    pub(crate) mod op;
    pub(crate) mod pace;
    pub(crate) mod parts;
    pub(crate) mod run_plan;
    pub(crate) mod status;
}
mod feed;
mod handlers;
mod jobs;
mod live_updates;
mod part_watch;
mod peers;
mod polling;
mod routes;
mod session;
mod store;
mod work;

use std::time::Duration;

use axum::Router;
pub use platform::OpenError;
use platform::{
    ServiceContext, bus::Bus, idempotency::IdempotencyStore, jobs::JobError, key_source::KeySource,
    operator_routes, recent_days::RecentCounts, service as skeleton, service::ReadinessCheck,
    sql::Sql, upstream::Upstream,
};
use process::{clock::Clock, openapi::ApiDocument, parts::CloudPart, tasks::Tasks, tokens::Signer};
use wire::{HubKey, LinkLimits};

use certificates::CaPermits;
pub use config::{Config, NAME};
use domain::{compare::ComparisonCursors, parts::PartStates, status::SettlingEdges};
use feed::{FeedConsumer, compare::FeedComparison};
use handlers::HubState;
use jobs::Gauges;
use live_updates::LiveUpdates;
use part_watch::{CalledPart, PartWatch};
use peers::{CommandTokenClient, OwnerClient};
use polling::{EdgeSignals, ForwardedAccepts, RegionMarks, WorkSignal};
use session::{
    certificates::CertificateAuthority,
    connection::{ActiveLinks, SessionContext},
};
use store::{MIGRATIONS, Store};
use work::workers::{BatchPermits, RetrySchedule, Workers};

#[derive(Clone)]
pub struct Peers {
    /// Decides all ops except reviews.
    pub order: Upstream,
    /// Decides reviews.
    pub review: Upstream,
    /// Publishes the keys of users' tokens and issues command tokens.
    pub auth: Upstream,
}

pub async fn open(
    config: Config,
    context: ServiceContext,
    peers: Peers,
) -> Result<Router, OpenError> {
    config.warn_risky_settings();
    let limits = config
        .validate_limits()
        .map_err(OpenError::own_failure("could not use the hub's settings"))?;
    let permits = CaPermits::new(&config.edge_domains)
        .map_err(OpenError::own_failure("could not use the hub's settings"))?;
    let sql = Sql::open_current(&config.sql_url, &MIGRATIONS, &context.data_keys).await?;
    let store = Store::new(sql.clone());
    let identity = HubIdentity {
        key: hub_key(&config, &store).await?,
        certificates: CertificateAuthority::new(store.clone(), context.clock.clone(), permits),
    };
    store.ensure_regions(new_feed_generation()).await?;
    let regions = RegionMarks::default();
    regions.reload_marks(&store).await?;
    // If an owner is away, the ops that need it are parked; the link keeps working.
    let answers = IdempotencyStore::new(&context, NAME, &sql);
    let operator = operator_routes::build_routes(&context, CloudPart::Hub, &sql);
    let checks = [
        ReadinessCheck::Sql(sql),
        ReadinessCheck::Bus(context.bus.clone()),
        ReadinessCheck::Keys(context.keys.clone()),
    ];
    let routes = start(&config, &context, peers, limits, identity, store, regions)?;
    let routes = answers
        .wrap_routes(routes::router(routes), &api_document())
        .merge(operator);
    Ok(skeleton::router(NAME, routes, checks))
}

fn start(
    config: &Config,
    context: &ServiceContext,
    peers: Peers,
    limits: LinkLimits,
    identity: HubIdentity,
    store: Store,
    regions: RegionMarks,
) -> Result<HubState, JobError> {
    let verifier = context.verifier_for(NAME);
    let ServiceContext {
        clock,
        tasks,
        keys,
        service_key,
        ..
    } = context.clone();
    let command_tokens = CommandTokenClient::new(peers.auth.clone(), &service_key, &clock);
    let decided_within = Duration::from_millis(config.decided_within_ms);
    let owner = OwnerClient::client_factory(service_key, &clock, decided_within);
    let part_states = PartStates::default();
    let part_watch = PartWatch {
        bus: context.bus.clone(),
        clock: clock.clone(),
        called: list_called_parts(&peers),
        states: part_states.clone(),
    };
    part_watch.start(&tasks);
    let review = owner(peers::REVIEW, peers.review);
    let parts = ReplicaParts {
        store,
        clock,
        tasks,
        order_client: owner(peers::ORDER, peers.order),
        keys: KeySource {
            keys,
            auth: peers.auth,
        },
        regions,
        signals: EdgeSignals::default(),
        forwarded_accepts: ForwardedAccepts::default(),
        work: WorkSignal::default(),
        settling: SettlingEdges::default(),
    };
    let comparison = parts.start_comparison();
    let jobs = jobs::scheduled_jobs(&comparison, &parts.settling, &part_states);
    context.run(NAME, parts.store.sql(), jobs)?;
    parts.start_feed_consumer(&context.bus);
    parts.start_workers(config, review);
    parts.start_gauges();
    let live_updates = parts.start_live_updates();
    let sessions = parts.start_sessions(command_tokens, limits, identity);
    Ok(HubState {
        keys: parts.keys,
        verifier,
        sessions,
        comparison,
        settling: parts.settling,
        parts: part_states,
        live_updates,
        cut_off_days: RecentCounts::default(),
    })
}

fn list_called_parts(peers: &Peers) -> Vec<CalledPart> {
    let called = |part, upstream: &Upstream| CalledPart {
        part,
        upstream: upstream.clone(),
    };
    vec![
        called(CloudPart::Order, &peers.order),
        called(CloudPart::Review, &peers.review),
        called(CloudPart::Auth, &peers.auth),
    ]
}

/// How edges and their tablets know this platform. All replicas share both parts.
struct HubIdentity {
    key: Signer,
    certificates: CertificateAuthority,
}

/// The clients, stores and signals that the parts of one replica share.
struct ReplicaParts {
    store: Store,
    clock: Clock,
    tasks: Tasks,
    order_client: OwnerClient,
    keys: KeySource,
    regions: RegionMarks,
    signals: EdgeSignals,
    forwarded_accepts: ForwardedAccepts,
    work: WorkSignal,
    settling: SettlingEdges,
}

impl ReplicaParts {
    /// Also starts the feeds' own tasks, which use the comparison.
    fn start_comparison(&self) -> FeedComparison {
        let comparison = FeedComparison {
            store: self.store.clone(),
            clock: self.clock.clone(),
            tasks: self.tasks.clone(),
            order_client: self.order_client.clone(),
            regions: self.regions.clone(),
            work: self.work.clone(),
            resume: ComparisonCursors::default(),
        };
        feed::start(&comparison, self.keys.clone(), self.signals.clone());
        comparison
    }

    fn start_feed_consumer(&self, bus: &Bus) {
        let feeder = FeedConsumer {
            store: self.store.clone(),
            clock: self.clock.clone(),
            regions: self.regions.clone(),
            work: self.work.clone(),
        };
        feeder.start(&self.tasks, bus);
    }

    fn start_workers(&self, config: &Config, review: OwnerClient) {
        let retry_interval = Duration::from_millis(config.held_again_ms);
        let workers = Workers {
            store: self.store.clone(),
            clock: self.clock.clone(),
            tasks: self.tasks.clone(),
            order_client: self.order_client.clone(),
            review,
            keys: self.keys.clone(),
            signals: self.signals.clone(),
            forwarded_accepts: self.forwarded_accepts.clone(),
            work_signal: self.work.clone(),
            retry_interval,
            accept_cloud_tokens: config.accept_cloud_tokens,
            replica: self.clock.new_id(),
            sweeps: RetrySchedule::new(retry_interval),
            batch_permits: BatchPermits::default(),
        };
        workers.start();
    }

    fn start_gauges(&self) {
        let gauges = Gauges {
            store: self.store.clone(),
            clock: self.clock.clone(),
            settling: self.settling.clone(),
        };
        gauges.start(&self.tasks);
    }

    fn start_live_updates(&self) -> LiveUpdates {
        let live_updates = LiveUpdates::new(
            self.store.clone(),
            self.clock.clone(),
            self.tasks.clone(),
            self.regions.clone(),
            self.settling.clone(),
        );
        live_updates.start();
        live_updates
    }

    fn start_sessions(
        &self,
        command_tokens: CommandTokenClient,
        limits: LinkLimits,
        identity: HubIdentity,
    ) -> SessionContext {
        let HubIdentity { key, certificates } = identity;
        let sessions = SessionContext {
            store: self.store.clone(),
            clock: self.clock.clone(),
            tasks: self.tasks.clone(),
            order_client: self.order_client.clone(),
            keys: self.keys.keys.clone(),
            command_tokens,
            regions: self.regions.clone(),
            signals: self.signals.clone(),
            forwarded_accepts: self.forwarded_accepts.clone(),
            work: self.work.clone(),
            links: ActiveLinks::default(),
            limits,
            certificates,
            key,
        };
        sessions.start();
        sessions
    }
}

/// Edges refuse a hub with a different key, so a replica whose key differs does not start.
async fn hub_key(config: &Config, store: &Store) -> Result<Signer, OpenError> {
    let key = Signer::load_or_create(&config.signing_key).map_err(OpenError::own_failure(
        "could not get the key that identifies the hub to edges",
    ))?;
    let public = HubKey(key.public_key());
    if !store
        .ensure_hub_key(public, config.signing_key_replaced)
        .await?
    {
        let found = config.signing_key.display().to_string();
        return Err(OpenError::own_failure(
            "could not use the hub's signing key",
        )(KeyMismatch { found }));
    }
    let fingerprint = public.compute_fingerprint();
    tracing::info!(%fingerprint, "The fingerprint of this hub's signing key is {fingerprint}");
    Ok(key)
}

#[derive(Debug, thiserror::Error)]
#[error(
    "edges know the hub by a different key from the one in {found}: restore the hub's key file \
     there. If it is lost, start once with hub.signing_key_replaced=true, and give each edge the \
     fingerprint of the new key as edge.hub_key"
)]
struct KeyMismatch {
    found: String,
}

/// The API description of the public routes.
pub fn api_document() -> ApiDocument {
    routes::add_public_routes(ApiDocument::for_part(NAME))
}

pub async fn migrate(config: &Config) -> Result<(), OpenError> {
    Ok(Sql::update(&config.sql_url, &MIGRATIONS).await?)
}

/// Identifies the feeds of a new database: an edge with a cursor from another generation starts
/// over. Limited to 53 bits, which every store and format holds exactly.
fn new_feed_generation() -> u64 {
    u64::from_le_bytes(process::random::draw_bytes::<8>()) >> 11
}
