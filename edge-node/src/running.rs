//! Starts an edge's components in dependency order and stops them in reverse: first no new commands
//! are taken, then every command is answered, then the file is closed.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use engine::edge::EdgeRunIdentity;
use process::{
    client::Client,
    clock::Clock,
    health,
    problem::format_error_chain,
    random,
    tasks::Tasks,
    web::{self, ConnectionSlots, Listener},
};
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
};
use wire::{BootNonce, HubFingerprint};

use crate::{
    announcement::{Announcement, MDNS_PORT},
    authentication::TokenAuthenticator,
    board::BoardCache,
    callers::CallerCheck,
    clock_check::ClockCheck,
    config::{Config, LinkSecurity},
    context::{DamageFound, EdgeContext, LinkStatus},
    damage,
    data_folder::{self, StartError},
    disk::{self, LogDisk},
    disk_relief,
    enrol::{self, EnrolError},
    fees,
    http::{self, EdgeApiState},
    intake::CommandIntake,
    issued_certificate::IssuedCertificate,
    jobs::{self, Heartbeat},
    link::{Downlink, Link},
    listeners::{EdgeListeners, HttpListeners, ListenerError},
    message_photos::MessagePhotos,
    mqtt::{self, TabletPublisher},
    people::PeopleRegistry,
    photos::PhotoStore,
    receipts::FormerKeys,
    service_manager,
    store::{DamageError, EdgeIdentity, Store},
    trust_page::TrustPage,
};

/// A running edge. Call `stop`: dropping it leaves its tasks to the runtime.
pub struct RunningEdge {
    pub http: SocketAddr,
    /// The embedded broker's addresses, over TCP and WebSocket; none with an external broker.
    pub mqtt: Option<SocketAddr>,
    pub ws: Option<SocketAddr>,
    /// The operators' listener, if configured.
    pub operator: Option<SocketAddr>,
    /// The listener of the page in the clear, if configured.
    pub trust_page: Option<SocketAddr>,
    tasks: Tasks,
    store: Store,
    enrolment: oneshot::Receiver<EnrolError>,
    damage: watch::Receiver<Option<DamageFound>>,
}

const STOP_WITHIN: Duration = Duration::from_secs(4);

pub async fn start(config: Config, clock: Clock) -> Result<RunningEdge, StartError> {
    let data = config.data.clone();
    let mut started = start_from_data(config.clone(), clock.clone()).await;
    if let Err(error) = &started
        && disk::is_caused_by_full_disk(error, &data)
        && disk::free_reserve(&data)
    {
        tracing::warn!(
            data = %data.display(),
            "The disk is full: starting in the space that this edge had reserved for that"
        );
        started = start_from_data(config, clock).await;
    }
    started.map_err(|error| {
        let stopped_at = error.to_string();
        if disk::is_caused_by_full_disk(&error, &data) {
            StartError::FullDisk { data, stopped_at }
        } else if let StartError::Damage(DamageError::Taken(taken)) = error {
            StartError::Read(taken)
        } else if let StartError::Damage(DamageError::NewerProgram) = error {
            StartError::NewerVersion(data)
        } else if journal::is_of_damage(&error) || matches!(error, StartError::Damage(_)) {
            damage::remember_suspicion(&data);
            StartError::Damaged { data, stopped_at }
        } else if journal::is_of_newer_version(&error) {
            StartError::NewerVersion(data)
        } else {
            error
        }
    })
}

async fn start_from_data(config: Config, clock: Clock) -> Result<RunningEdge, StartError> {
    let identity = EdgeIdentity::from_config(&config)?;
    check_link_security(&config)?;
    if config.names.len() > data_folder::CONFIGURED_NAMES_MAX {
        return Err(StartError::TooManyNames);
    }
    let ladder = config.disk_ladder().check()?;
    let hub = parse_hub_fingerprint(&config.hub_key)?;
    let callers = CallerCheck::new(&config)?;
    // Bind first: a wrong address must fail before the log gets a boot op.
    let listeners = EdgeListeners::bind(&config).await?;
    data_folder::create_data_folder(&config.data)
        .map_err(|source| StartError::Data(config.data.clone(), source))?;
    damage::check_at_start(&config, &identity, &clock).await?;
    let nonce = BootNonce(random::draw_bytes());
    if !config.enrolment_code.is_empty() {
        data_folder::rename_twin(&config.data, &identity, nonce, &clock).await?;
    }
    let key = config.data.join(data_folder::KEY);
    let signer = data_folder::load_key(&config, &key)?;
    let clock = clock.into_settable();
    let store = data_folder::open_store(&config.data, &identity, nonce, &clock).await?;
    let clock_check = ClockCheck::new(&store, &clock);
    clock_check.resume_from_log().await?;
    let age_max = Duration::from_hours(config.revocations_age_hours_max.into());
    let authenticator = TokenAuthenticator::new(identity.region, clock.clone(), age_max);
    let mut trust = store.load_trust().await?;
    if clock_check.is_lower_bound() {
        // The clock may lag, so the revocations may be older than their stored time suggests.
        trust.feed_confirmed_at = None;
    }
    authenticator.apply_stored_trust(&trust);
    if !trust.enrolled && config.enrolment_code.is_empty() {
        return Err(StartError::NotEnrolled);
    }
    let people = PeopleRegistry::new(&config, &store, &clock);
    people.load_from_store().await?;
    let disk = LogDisk::new(&config.data, ladder, &clock);
    disk.keep_reserve();
    let photos = PhotoStore::new(&config, &clock);
    // Commands work without photos: tablets keep theirs until the cloud has them.
    if let Err(error) = photos.load_folder(&store).await {
        let cause = format_error_chain(&error);
        tracing::error!(cause, "Could not read the folder of photos");
    }
    let message_photos = MessagePhotos::new(&config, &clock);
    if let Err(error) = message_photos.load_folder() {
        let cause = format_error_chain(&error);
        tracing::error!(cause, "Could not read the folder of photos of messages");
    }
    let former_keys = FormerKeys::open(&config.data)
        .map_err(|source| StartError::Data(config.data.clone(), source))?;
    let config = Arc::new(config);
    let mut context = EdgeContext {
        config,
        identity,
        nonce,
        clock,
        clock_check,
        signer,
        former_keys,
        store,
        authenticator,
        people,
        disk,
        photos,
        message_photos,
        callers,
        security: listeners.security.clone(),
        damage: watch::Sender::new(None),
    };
    if trust.enrolled && !context.config.enrolment_code.is_empty() {
        context = enrol::replace_key_by_code(context, trust.code, &key).await?;
        if !key.exists() {
            return Err(StartError::KeyMissing(key));
        }
    }
    start_components(context, listeners, hub, trust.enrolled).await
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
    let broker = mqtt::start_broker(&context, inbox, listeners.broker, &taking_in).await?;
    let tablets_at = broker.tablet_addresses();
    let mqtt_at = tablets_at.map(|at| at.mqtt);
    let ws_at = tablets_at.map(|at| at.websocket);
    let position = context.store.load_position().await?;
    let (feed_seq, feed_seen) = watch::channel(position.feed_cursor);
    let publisher = TabletPublisher {
        identity: context.identity.clone(),
        broker,
        feed_seq: feed_seen,
    };
    let (link, link_seen) = watch::channel(load_link_status(&context).await?);
    let intake = CommandIntake::new(context.clone(), link_seen.clone());
    let work = mqtt::answer_queued_commands(
        inbound,
        intake.clone(),
        publisher.clone(),
        answering.stop_token(),
    );
    answering.spawn("intake", work);

    let (head, head_seen) = watch::channel(None);
    let http_at = listeners.http.public.local_addr();
    let http_at = http_at.map_err(ListenerError::Address)?;
    let operators = listeners.http.operators.as_ref();
    let operator_at = operators.and_then(|listener| listener.local_addr().ok());
    let slots = &listeners.http.slots;
    let trust_at = spawn_trust_page(&context, http_at, listeners.trust_page, slots, &tasks);
    announce_edge(&context, http_at, &tasks);
    let state = EdgeApiState {
        context: context.clone(),
        intake: intake.clone(),
        publisher: publisher.clone(),
        head: head_seen,
        link: link_seen.clone(),
        cloud: Client::with_clock(&context.clock),
        boards: BoardCache::new(&context.identity, &context.store, &context.clock),
        board_pace: http::board_rate_limiter(),
        sign_in_pace: http::sign_in_rate_limiter(context.config.sign_ins_per_address_per_minute),
        photo_gate: http::PhotoGate::new(),
    };
    spawn_http_servers(state, listeners.http, &tasks, &taking_in);
    let heartbeat = Heartbeat {
        context: context.clone(),
        publisher: publisher.clone(),
        head,
        link: link_seen.clone(),
    };
    tasks.spawn("pulse", heartbeat.run_until_stopped(tasks.stop_token()));
    spawn_upkeep(&context, link_seen, &tasks);
    let store = context.store.clone();
    let damage = context.damage.subscribe();
    let downlink = Downlink {
        context,
        intake,
        publisher,
        feed_seq,
    };
    let enrolment = spawn_link(downlink, link, hub, enrolled, &tasks);
    service_manager::report_ready(name.as_str());
    let mqtt = mqtt_at.map(tracing::field::display);
    let ws = ws_at.map(tracing::field::display);
    tracing::info!(edge = %name, http = %http_at, mqtt, ws, "Edge `{name}` is running");
    Ok(RunningEdge {
        http: http_at,
        mqtt: mqtt_at,
        ws: ws_at,
        operator: operator_at,
        trust_page: trust_at,
        tasks,
        store,
        enrolment,
        damage,
    })
}

/// Background upkeep: renewed certificates, the hourly jobs, the nightly check, the fees, systemd's
/// watchdog.
fn spawn_upkeep(context: &EdgeContext, link: watch::Receiver<LinkStatus>, tasks: &Tasks) {
    if let Some(certificate) = context.security.certificate.clone() {
        let reloading = certificate.reload_until_stopped(tasks.stop_token());
        tasks.spawn("certificate", reloading);
    }
    let store = context.store.clone();
    tasks.spawn(
        "jobs",
        jobs::run_hourly_jobs(context.clone(), tasks.stop_token()),
    );
    let checks = damage::check_each_night(context.clone(), tasks.stop_token());
    tasks.spawn("nightly check", checks);
    let fees = fees::refresh_until_stopped(context.clone(), link, tasks.stop_token());
    tasks.spawn("fees", fees);
    let relief = disk_relief::relieve_until_stopped(context.clone(), tasks.stop_token());
    tasks.spawn("disk relief", relief);
    let watchdog = service_manager::feed_watchdog(store, tasks.stop_token());
    tasks.spawn("watchdog", watchdog);
}

/// An outage keeps its start across a restart.
async fn load_link_status(context: &EdgeContext) -> Result<LinkStatus, StartError> {
    let now = context.clock.now();
    let cut_off_since = context.store.load_cut_off_since().await?;
    let cut_off_since = cut_off_since.filter(|since| *since <= now);
    Ok(LinkStatus::down_since(cut_off_since.unwrap_or(now)))
}

/// The operators' listener, if configured, stops with `tasks`; the public one with `taking_in`.
fn spawn_http_servers(
    state: EdgeApiState,
    listeners: HttpListeners,
    tasks: &Tasks,
    taking_in: &Tasks,
) {
    let HttpListeners {
        public,
        slots,
        operators,
    } = listeners;
    let router = http::router(state);
    if let Some(listener) = operators {
        let router = health::operator_routes(router.clone());
        let slots = ConnectionSlots::default();
        spawn_server("operator", listener, slots, router, tasks);
    }
    spawn_server("http", public, slots, router, taking_in);
}

/// Serves the page in the clear, if configured, and returns its address.
fn spawn_trust_page(
    context: &EdgeContext,
    app: SocketAddr,
    listener: Option<TcpListener>,
    slots: &ConnectionSlots,
    tasks: &Tasks,
) -> Option<SocketAddr> {
    let listener = listener?;
    let at = listener.local_addr().ok()?;
    let router = TrustPage::new(context, app, at).into_router();
    spawn_server("trust page", listener.into(), slots.clone(), router, tasks);
    Some(at)
}

/// Announces the edge in its network if other machines reach it.
fn announce_edge(context: &EdgeContext, at: SocketAddr, tasks: &Tasks) {
    if !context.config.announce || at.ip().is_loopback() {
        return;
    }
    match Announcement::start(&context.identity, at, MDNS_PORT) {
        Ok(announcement) => {
            let stop = tasks.stop_token();
            tasks.spawn("announcement", announcement.run_until_stopped(stop));
        }
        Err(error) => tracing::warn!(
            %error,
            "Could not announce this edge in its network; tablets find it by address only"
        ),
    }
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
    let context = downlink.context.clone();
    let identity = EdgeRunIdentity {
        edge: context.identity.edge_id.clone(),
        region: context.identity.region,
        nonce: context.nonce,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        plain_listeners: context.security.plain_tablets,
    };
    let certificate = IssuedCertificate::new(&context.config, &context.identity.edge_id);
    let link = Link {
        context: context.clone(),
        identity,
        certificate: Arc::new(certificate),
        downlink,
        state,
        hub,
    };
    let stop = tasks.stop_token();
    tasks.spawn("link", async move {
        if !enrolled && let Err(error) = enrol::enrol_with_retries(&context, &stop).await {
            // If the edge is stopping, the receiver is gone.
            let _ = failed.send(error);
            stop.cancelled().await;
            return;
        }
        Box::pin(link.run_until_stopped(stop)).await;
    });
    failure
}

fn spawn_server(
    name: &'static str,
    listener: Listener,
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

    /// Resolves only if the database is found damaged: the edge must stop.
    pub fn watch_damage(&self) -> impl Future<Output = DamageFound> + use<> {
        let mut damage = self.damage.clone();
        async move {
            let found = damage.wait_for(Option::is_some).await;
            let found = found.ok().and_then(|found| found.clone());
            match found {
                Some(found) => found,
                None => std::future::pending().await,
            }
        }
    }

    /// Within five seconds: refuses new commands, answers pending ones, closes the file.
    pub async fn stop(self) {
        service_manager::report_stopping();
        self.tasks.shutdown(STOP_WITHIN).await;
        if let Err(error) = self.store.sync_high_water() {
            tracing::warn!(%error, "Could not write the high-water mark to disk");
        }
        self.store.close();
    }
}
