//! Starts an edge's components in dependency order and stops them in reverse: first no new commands
//! are taken, then every command is answered, then the file is closed.

use std::{
    fs::{DirBuilder, Permissions},
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use engine::edge::EdgeRunIdentity;
use process::{
    client::Client,
    clock::Clock,
    health, random,
    tasks::Tasks,
    tokens::{Signer, SignerError},
    web::{self, ConnectionSlots},
};
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
};
use wire::{BootNonce, CodeError, EdgeId, HubFingerprint, NameError};

use crate::{
    board::BoardCache,
    clock_check::ClockCheck,
    config::Config,
    disk::{self, LogDisk},
    downlink::Downlink,
    enrol::{self, EnrolError},
    former_keys::FormerKeys,
    gate::TokenAuthenticator,
    ground::EdgeContext,
    http::{self, EdgeApiState},
    intake::CommandIntake,
    jobs::{self, Heartbeat},
    line::LinkSecurity,
    link::Link,
    link_status::LinkStatus,
    mqtt::{self, Broker, MqttError},
    people::PeopleRegistry,
    store::{EdgeIdentity, OpenError, RenameError, Store, enrol_anew, is_enrolled, twin_of},
    voice::TabletPublisher,
};

/// A running edge. Call `stop`: dropping it leaves its tasks to the runtime.
pub struct RunningEdge {
    pub http: SocketAddr,
    pub mqtt: SocketAddr,
    pub ws: SocketAddr,
    /// The operators' listener, if configured.
    pub operator: Option<SocketAddr>,
    tasks: Tasks,
    store: Store,
    enrolment: oneshot::Receiver<EnrolError>,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("edge.name: {0}")]
    Name(#[from] NameError),
    #[error("edge.gateway_url: expected http:// or https://")]
    GatewayUrl,
    #[error(
        "edge.gateway_url is plain http:// to another machine: anyone on the network path could \
         read the traffic. Use https://, or set edge.plain_link=true if the path is protected by \
         other means"
    )]
    PlainLine,
    #[error("edge.hub_key")]
    HubKey(#[source] CodeError),
    #[error("this edge is not enrolled; give it a code as edge.enrolment_code")]
    NotEnrolled,
    #[error("could not use the data folder {}", .0.display())]
    Data(PathBuf, #[source] std::io::Error),
    #[error(
        "the disk that holds the data folder {} is full. Free some space and start the edge again; \
         no stored data is lost ({stopped_at})", data.display()
    )]
    FullDisk { data: PathBuf, stopped_at: String },
    #[error(
        "the database in {} is damaged. Move the folder away and keep it, restore its last backup, \
         and start the edge again; without a backup, start with an empty folder, another edge.name \
         and a code from `holdfast enrol REGION NAME` ({stopped_at})", data.display()
    )]
    Damaged { data: PathBuf, stopped_at: String },
    #[error(
        "the database in {} was written by a newer version of holdfast-edge. Start that version \
         again. To downgrade, restore a backup from before the upgrade and start while the cloud \
         can be reached; it restores what is missing", .0.display()
    )]
    NewerVersion(PathBuf),
    #[error(
        "this edge is enrolled, but its key {} is missing. Restore the file from a backup; without \
         one, start the edge with a new code from `holdfast edges rotate NAME` as \
         edge.enrolment_code", .0.display()
    )]
    KeyMissing(PathBuf),
    #[error(transparent)]
    Key(#[from] SignerError),
    #[error(transparent)]
    Store(#[from] OpenError),
    #[error(transparent)]
    Anew(#[from] RenameError),
    #[error("could not read the edge's database")]
    Read(#[from] journal::JournalError),
    #[error(transparent)]
    Mqtt(#[from] MqttError),
    #[error(transparent)]
    Http(#[from] web::BindError),
}

struct EdgeListeners {
    public: TcpListener,
    /// Shared by the public listener and the broker's.
    slots: ConnectionSlots,
    operators: Option<TcpListener>,
}

const KEY: &str = "edge.key";
const OWNER_ALONE: u32 = 0o700;
const STOP_WITHIN: Duration = Duration::from_secs(4);

pub async fn start(config: Config, clock: Clock) -> Result<RunningEdge, StartError> {
    let data = config.data.clone();
    let mut started = start_from_data(config.clone(), clock.clone()).await;
    if let Err(error) = &started
        && disk::is_behind(error, &data)
        && disk::release_reserve(&data)
    {
        tracing::warn!(
            data = %data.display(),
            "The disk is full: starting in the space that this edge had reserved for that"
        );
        started = start_from_data(config, clock).await;
    }
    started.map_err(|error| {
        let stopped_at = error.to_string();
        if disk::is_behind(&error, &data) {
            StartError::FullDisk { data, stopped_at }
        } else if journal::is_of_damage(&error) {
            StartError::Damaged { data, stopped_at }
        } else if journal::is_of_newer_version(&error) {
            StartError::NewerVersion(data)
        } else {
            error
        }
    })
}

async fn start_from_data(config: Config, clock: Clock) -> Result<RunningEdge, StartError> {
    let identity = EdgeIdentity {
        edge_id: EdgeId::new(config.name.clone())?,
        region: config.region,
    };
    check_link_security(&config)?;
    let hub = parse_hub_fingerprint(&config.hub_key)?;
    let slots = ConnectionSlots::new(config.connections_per_address.get());
    // Bind first: a wrong address must fail before the log gets a boot op.
    let listener = web::bind_listener(&config.http_bind).await?;
    let operators = match config.operator_bind.as_str() {
        "" => None,
        operator => Some(web::bind_listener(operator).await?),
    };
    create_data_folder(&config.data)
        .map_err(|source| StartError::Data(config.data.clone(), source))?;
    let nonce = BootNonce(random::draw_bytes());
    if !config.enrolment_code.is_empty() {
        rename_twin(&config.data, &identity, nonce, &clock).await?;
    }
    let key = config.data.join(KEY);
    let signer = load_key(&config, &key)?;
    let clock = clock.into_settable();
    let store = open(&config.data, &identity, nonce, &clock).await?;
    let clock_check = ClockCheck::new(&store, &clock);
    clock_check.resume_from_log().await?;
    let age_max = Duration::from_hours(config.revocations_age_hours_max.into());
    let gate = TokenAuthenticator::new(identity.region, clock.clone(), age_max);
    let mut trust = store.load_trust().await?;
    if clock_check.is_lower_bound() {
        // The clock may lag, so the revocations may be older than their stored time suggests.
        trust.feed_confirmed_at = None;
    }
    gate.restore_trust(&trust);
    if !trust.enrolled && config.enrolment_code.is_empty() {
        return Err(StartError::NotEnrolled);
    }
    let people = PeopleRegistry::new(&config, &store, &clock);
    people.load_from_store().await?;
    let disk = LogDisk::new(&config.data, &clock);
    disk.keep_reserve();
    let former_keys = FormerKeys::open(&config.data)
        .map_err(|source| StartError::Data(config.data.clone(), source))?;
    let config = Arc::new(config);
    let mut ground = EdgeContext {
        config,
        identity,
        nonce,
        clock,
        clock_check,
        signer,
        former_keys,
        store,
        authenticator: gate,
        people,
        disk,
    };
    if trust.enrolled && !ground.config.enrolment_code.is_empty() {
        ground = enrol::replace_key_by_code(ground, trust.code, &key).await?;
        if !key.exists() {
            return Err(StartError::KeyMissing(key));
        }
    }
    start_components(
        ground,
        EdgeListeners {
            public: listener,
            slots,
            operators,
        },
        hub,
        trust.enrolled,
    )
    .await
}

/// The hub identifies an enrolled edge by its key, so replacing a lost key requires a code.
fn load_key(config: &Config, key: &Path) -> Result<Signer, StartError> {
    if key.exists() || !is_enrolled(&config.data)? {
        return Ok(Signer::load_or_create(key)?);
    }
    if config.enrolment_code.is_empty() {
        return Err(StartError::KeyMissing(key.to_owned()));
    }
    // Enrolment with the code uses this pending key, and promotes it on success.
    Ok(Signer::load_or_create(enrol::pending_key_path(key))?)
}

fn check_link_security(config: &Config) -> Result<(), StartError> {
    match LinkSecurity::from_gateway_url(&config.gateway_url).ok_or(StartError::GatewayUrl)? {
        LinkSecurity::Tls | LinkSecurity::Loopback => return Ok(()),
        LinkSecurity::Plain if !config.plain_link => return Err(StartError::PlainLine),
        LinkSecurity::Plain => {}
    }
    tracing::warn!(
        gateway = config.gateway_url,
        "THE LINK IS PLAIN HTTP: anyone on the network path to the cloud can read the traffic, \
         including passwords"
    );
    Ok(())
}

fn parse_hub_fingerprint(fingerprint: &str) -> Result<Option<HubFingerprint>, StartError> {
    match fingerprint {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(StartError::HubKey),
    }
}

/// Restricts the folder to its owner, even one from an earlier version: it holds personal data and
/// this edge's key.
fn create_data_folder(data: &Path) -> std::io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(OWNER_ALONE)
        .create(data)?;
    std::fs::set_permissions(data, Permissions::from_mode(OWNER_ALONE))
}

/// Gives a twin (a copy of another edge) with a code and a new name its own key.
async fn rename_twin(
    data: &Path,
    identity: &EdgeIdentity,
    nonce: BootNonce,
    clock: &Clock,
) -> Result<(), StartError> {
    let Some(from) = twin_of(data, identity)? else {
        return Ok(());
    };
    // Move the key first: once the file has its new name, this step never runs again, and the edge
    // would use the other edge's key. NotFound: an earlier start moved it, then stopped.
    match std::fs::rename(data.join(KEY), data.join(format!("{KEY}.{from}"))) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            return Err(StartError::Data(data.into(), source));
        }
        Ok(()) | Err(_) => {}
    }
    if let Some(renamed) = enrol_anew(data, identity, nonce, clock.now()).await? {
        let name = &identity.edge_id;
        let from = renamed.from;
        let relogged = renamed.relogged;
        tracing::warn!(edge = %name, %from, relogged, "This copy of `{from}` is now `{name}`");
    }
    Ok(())
}

async fn open(
    data: &Path,
    identity: &EdgeIdentity,
    nonce: BootNonce,
    clock: &Clock,
) -> Result<Store, StartError> {
    let (store, suspicion) = Store::open(data, identity.clone(), nonce, clock.now()).await?;
    if let Some(suspicion) = suspicion {
        tracing::error!(
            edge = %identity.edge_id, ?suspicion,
            "The log does not match the last answer that this edge gave; this edge is suspect"
        );
    }
    if let Some((alarm, since)) = store.find_alarm().await? {
        tracing::error!(edge = %identity.edge_id, %alarm, %since, "{}", alarm.sentence());
    }
    Ok(store)
}

async fn start_components(
    context: EdgeContext,
    listeners: EdgeListeners,
    hub: Option<HubFingerprint>,
    enrolled: bool,
) -> Result<RunningEdge, StartError> {
    let tasks = Tasks::new();
    let name = context.identity.edge_id.clone();
    // Stopped after the components that take commands.
    let answering = tasks.new_child();
    let taking_in = tasks.new_child();
    let (inbox, inbound) = mqtt::command_queue();
    let broker = Broker::start(&context, inbox, &listeners.slots, &taking_in).await?;
    let (mqtt_at, ws_at) = broker.addresses;
    let position = context.store.load_position().await?;
    let (feed_seq, feed_seen) = watch::channel(position.feed_cursor);
    let voice = TabletPublisher {
        identity: context.identity.clone(),
        broker,
        feed_seq: feed_seen,
    };
    let (link, link_seen) = watch::channel(load_link_status(&context).await?);
    let intake = CommandIntake::new(context.clone(), link_seen.clone());
    let work = mqtt::answer_queued_commands(
        inbound,
        intake.clone(),
        voice.clone(),
        answering.stop_token(),
    );
    answering.spawn("intake", work);

    let (head, head_seen) = watch::channel(None);
    let http_at = listeners.public.local_addr().unwrap_or(mqtt_at);
    let operator_at = listeners
        .operators
        .as_ref()
        .and_then(|listener| listener.local_addr().ok());
    let rooms = EdgeApiState {
        context: context.clone(),
        intake: intake.clone(),
        publisher: voice.clone(),
        head: head_seen,
        link: link_seen.clone(),
        cloud: Client::with_clock(&context.clock),
        boards: BoardCache::new(&context.identity, &context.store, &context.clock),
        board_pace: http::board_rate_limiter(),
    };
    spawn_http_servers(rooms, listeners, &tasks, &taking_in);

    let heartbeat = Heartbeat {
        context: context.clone(),
        publisher: voice.clone(),
        head,
        link: link_seen,
    };
    tasks.spawn("pulse", heartbeat.run_until_stopped(tasks.stop_token()));
    let store = context.store.clone();
    let gate = context.authenticator.clone();
    let clock = context.clock.clone();
    tasks.spawn(
        "jobs",
        jobs::run_hourly_jobs(store.clone(), gate, clock, tasks.stop_token()),
    );
    let downlink = Downlink {
        context,
        intake,
        publisher: voice,
        feed_seq,
    };
    let enrolment = spawn_link(downlink, link, hub, enrolled, &tasks);
    tracing::info!(edge = %name, http = %http_at, mqtt = %mqtt_at, ws = %ws_at, "Edge `{name}` is running");
    Ok(RunningEdge {
        http: http_at,
        mqtt: mqtt_at,
        ws: ws_at,
        operator: operator_at,
        tasks,
        store,
        enrolment,
    })
}

/// An outage keeps its start across a restart.
async fn load_link_status(context: &EdgeContext) -> Result<LinkStatus, StartError> {
    let now = context.clock.now();
    let cut_off_since = context.store.cut_off_since().await?;
    let cut_off_since = cut_off_since.filter(|since| *since <= now);
    Ok(LinkStatus::down_since(cut_off_since.unwrap_or(now)))
}

/// The operators' listener, if configured, stops with `tasks`; the public one with `taking_in`.
fn spawn_http_servers(
    state: EdgeApiState,
    listeners: EdgeListeners,
    tasks: &Tasks,
    taking_in: &Tasks,
) {
    let EdgeListeners {
        public,
        slots,
        operators,
    } = listeners;
    let router = http::router(state, taking_in.stop_token());
    if let Some(listener) = operators {
        let router = health::operator_routes(router.clone());
        spawn_server(
            "operator",
            listener,
            ConnectionSlots::default(),
            router,
            tasks,
        );
    }
    spawn_server("http", public, slots, router, taking_in);
}

/// Enrols first if necessary, then runs the link. The receiver gets the error if enrolment fails
/// for good.
fn spawn_link(
    downlink: Downlink,
    state: watch::Sender<LinkStatus>,
    hub: Option<HubFingerprint>,
    enrolled: bool,
    tasks: &Tasks,
) -> oneshot::Receiver<EnrolError> {
    let (failed, failure) = oneshot::channel();
    let ground = downlink.context.clone();
    let speaker = EdgeRunIdentity {
        edge: ground.identity.edge_id.clone(),
        region: ground.identity.region,
        nonce: ground.nonce,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let link = Link {
        context: ground.clone(),
        speaker,
        downlink,
        state,
        hub,
    };
    let stop = tasks.stop_token();
    tasks.spawn("link", async move {
        if !enrolled && let Err(error) = enrol::enrol_with_retries(&ground, &stop).await {
            // If the edge is stopping, the receiver is gone.
            let _ = failed.send(error);
            return;
        }
        link.run_until_stopped(stop).await;
    });
    failure
}

fn spawn_server(
    name: &'static str,
    listener: TcpListener,
    slots: ConnectionSlots,
    router: Router,
    tasks: &Tasks,
) {
    tasks.spawn(
        name,
        web::serve_http(listener, router, slots, tasks.stop_token()),
    );
}

impl RunningEdge {
    /// Resolves only if enrolment has failed for good.
    pub async fn wait_enrolment_failure(&mut self) -> EnrolError {
        match (&mut self.enrolment).await {
            Ok(error) => error,
            Err(_) => std::future::pending().await,
        }
    }

    /// Within five seconds: takes no more commands, answers pending ones, closes the file.
    pub async fn stop(self) {
        self.tasks.shutdown(STOP_WITHIN).await;
        if let Err(error) = self.store.sync_high_water() {
            tracing::warn!(%error, "Could not write the high-water mark to disk");
        }
        self.store.close();
    }
}
