//! Starts the rooms in the order in which they rest on each other, and stops them the other way
//! round: first nothing more comes in, then what came in is answered, then the file is closed.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use engine::edge::Speaker;
use process::{
    clock::Clock,
    problem::chain,
    random,
    tasks::Tasks,
    tokens::{Signer, SignerError},
    web,
};
use tokio::sync::{mpsc, watch};
use wire::{BootNonce, NameError};

use crate::{
    config::Config,
    downlink::Downlink,
    enrol::Enrolment,
    gate::Gate,
    http::{self, Rooms},
    intake::Intake,
    jobs::{self, Pulse},
    link::Link,
    mqtt::{self, Embedded, Inbound, Listen, Mqtt, MqttError, MqttKind},
    store::{AnewError, Identity, OpenError, Store, Suspicion, enrol_anew, twin_of},
    voice::Voice,
};

/// A running edge. `stop` it; dropping it leaves its tasks to the runtime.
pub struct Running {
    pub http: SocketAddr,
    pub mqtt: SocketAddr,
    pub ws: SocketAddr,
    tasks: Tasks,
    store: Store,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("edge.name: {0}")]
    Name(#[from] NameError),
    #[error("edge.gateway_url: expected http:// or https://")]
    GatewayUrl,
    #[error("this edge is not enrolled; give it a code as edge.enrolment_code")]
    NotEnrolled,
    #[error("could not use the data folder {}", .0.display())]
    Data(PathBuf, #[source] std::io::Error),
    #[error(transparent)]
    Key(#[from] SignerError),
    #[error(transparent)]
    Store(#[from] OpenError),
    #[error(transparent)]
    Anew(#[from] AnewError),
    #[error("could not read the edge's file")]
    Read(#[from] journal::JournalError),
    #[error(transparent)]
    Mqtt(#[from] MqttError),
    #[error(transparent)]
    Http(#[from] web::BindError),
}

const KEY: &str = "edge.key";
const STOP_WITHIN: Duration = Duration::from_secs(4);

pub async fn start(config: Config, clock: Clock) -> Result<Running, StartError> {
    let identity = config.identity()?;
    if !["http://", "https://"].iter().any(|scheme| config.gateway_url.starts_with(scheme)) {
        return Err(StartError::GatewayUrl);
    }
    // Whatever is wrong with the addresses shows before the log has a boot op of a run that was none.
    let listener = web::bind(&config.http_bind).await?;
    std::fs::create_dir_all(&config.data)
        .map_err(|source| StartError::Data(config.data.clone(), source))?;
    let nonce = BootNonce(random::bytes());
    if !config.enrolment_code.is_empty() {
        become_an_edge_of_its_own(&config.data, &identity, nonce, &clock).await?;
    }
    let signer = Signer::load_or_create(config.data.join(KEY))?;
    let store = open(&config.data, &identity, nonce, &clock).await?;
    let age_max = Duration::from_hours(config.revocations_age_hours_max.into());
    let gate = Gate::new(clock.clone()).with_revocations_age_max(age_max);
    let trust = store.trust().await?;
    gate.trust(&trust);
    if !trust.enrolled && config.enrolment_code.is_empty() {
        return Err(StartError::NotEnrolled);
    }
    let ground = Ground { config, clock, identity, signer, nonce, store, gate };
    ground.start(listener, trust.enrolled).await
}

/// A twin that is given a code and a name of its own goes on under it, with a key of its own.
async fn become_an_edge_of_its_own(
    data: &Path,
    identity: &Identity,
    nonce: BootNonce,
    clock: &Clock,
) -> Result<(), StartError> {
    let Some(from) = twin_of(data, identity)? else { return Ok(()) };
    // Its key goes first: a file that has its new name already is never looked at here again, and would
    // go on under the other edge's key. A stop in between has moved it before.
    match std::fs::rename(data.join(KEY), data.join(format!("{KEY}.{from}"))) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            return Err(StartError::Data(data.into(), source));
        }
        Ok(()) | Err(_) => {}
    }
    if let Some(renamed) = enrol_anew(data, identity, nonce, clock.now()).await? {
        let (name, from, relogged) = (&identity.name, renamed.from, renamed.relogged);
        tracing::warn!(edge = %name, %from, relogged, "This copy of `{from}` is now `{name}`");
    }
    Ok(())
}

async fn open(
    data: &Path,
    identity: &Identity,
    nonce: BootNonce,
    clock: &Clock,
) -> Result<Store, StartError> {
    let (store, suspicion) = Store::open(data, identity.clone(), nonce, clock.now()).await?;
    if suspicion != Suspicion::None {
        tracing::error!(
            edge = %identity.name, ?suspicion,
            "The log is not the one the last answer came from; this edge is suspect"
        );
    }
    if let Some((alarm, since)) = store.alarm().await? {
        tracing::error!(edge = %identity.name, %alarm, %since, "{}", alarm.sentence());
    }
    Ok(store)
}

/// What every room stands on.
struct Ground {
    config: Config,
    clock: Clock,
    identity: Identity,
    signer: Signer,
    nonce: BootNonce,
    store: Store,
    gate: Gate,
}

impl Ground {
    async fn start(
        self,
        listener: tokio::net::TcpListener,
        enrolled: bool,
    ) -> Result<Running, StartError> {
        let tasks = Tasks::new();
        // Asked to stop after what takes commands in.
        let answering = tasks.child();
        let taking_in = tasks.child();
        let (inbox, inbound) = mqtt::inbox();
        let mqtt = self.broker(inbox, &taking_in).await?;
        let (mqtt_at, ws_at) = mqtt.addresses();
        let position = self.store.position().await?;
        let (feed_seq, feed_seen) = watch::channel(position.feed_cursor);
        let voice = Voice::new(self.identity.clone(), mqtt, feed_seen);
        let intake = Intake::new(
            self.identity.clone(),
            self.store.clone(),
            self.gate.clone(),
            self.signer.clone(),
            self.clock.clone(),
            self.config.commands_at_once,
        );
        self.answer(inbound, &intake, &voice, &answering);
        let (up, link_up) = watch::channel(false);
        let (head, head_seen) = watch::channel(None);
        let rooms = Rooms {
            identity: self.identity.clone(),
            store: self.store.clone(),
            gate: self.gate.clone(),
            intake: intake.clone(),
            voice: voice.clone(),
            head: head_seen,
            link_up,
        };
        let http_at = listener.local_addr().unwrap_or(mqtt_at);
        serve(listener, rooms, &taking_in);
        self.pulse(head, &voice, &tasks);
        self.link(feed_seq, up, intake, voice, enrolled, &tasks);
        tracing::info!(
            edge = %self.identity.name, http = %http_at, mqtt = %mqtt_at, ws = %ws_at,
            "Edge `{}` runs", self.identity.name
        );
        Ok(Running { http: http_at, mqtt: mqtt_at, ws: ws_at, tasks, store: self.store })
    }

    async fn broker(&self, inbox: mqtt::Inbox, tasks: &Tasks) -> Result<Mqtt, MqttError> {
        if self.config.mqtt == MqttKind::External {
            return Err(MqttError::ExternalUnavailable);
        }
        let listen =
            Listen { mqtt: self.config.mqtt_bind.clone(), websocket: self.config.ws_bind.clone() };
        let (identity, gate) = (self.identity.clone(), self.gate.clone());
        Embedded::start(&listen, identity, gate, inbox, tasks).await.map(Mqtt::Embedded)
    }

    fn answer(
        &self,
        inbound: mpsc::Receiver<Inbound>,
        intake: &Intake,
        voice: &Voice,
        tasks: &Tasks,
    ) {
        let (intake, voice) = (intake.clone(), voice.clone());
        tasks.spawn("intake", mqtt::work(inbound, intake, voice, tasks.token()));
    }

    fn pulse(&self, head: watch::Sender<Option<crate::voice::Head>>, voice: &Voice, tasks: &Tasks) {
        let pulse = Pulse {
            identity: self.identity.clone(),
            nonce: self.nonce,
            store: self.store.clone(),
            voice: voice.clone(),
            clock: self.clock.clone(),
            data: self.config.data.clone(),
            head,
        };
        tasks.spawn("pulse", pulse.beat(tasks.token()));
        let (store, clock) = (self.store.clone(), self.clock.clone());
        tasks.spawn("jobs", jobs::scheduled(store, clock, tasks.token()));
    }

    /// Enrols first where that is still to be done, then keeps the link.
    fn link(
        &self,
        feed_seq: watch::Sender<u64>,
        up: watch::Sender<bool>,
        intake: Intake,
        voice: Voice,
        enrolled: bool,
        tasks: &Tasks,
    ) {
        let (store, gate) = (self.store.clone(), self.gate.clone());
        let enrolment = Enrolment {
            identity: self.identity.clone(),
            gateway_url: self.config.gateway_url.clone(),
            code: self.config.enrolment_code.clone(),
            signer: self.signer.clone(),
            store: store.clone(),
            gate: gate.clone(),
            clock: self.clock.clone(),
        };
        let link = Link {
            who: Speaker {
                edge: self.identity.name.clone(),
                region: self.identity.region,
                nonce: self.nonce,
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            gateway_url: self.config.gateway_url.clone(),
            data: self.config.data.clone(),
            store: store.clone(),
            downlink: Downlink { store, intake, voice, gate, clock: self.clock.clone(), feed_seq },
            signer: self.signer.clone(),
            clock: self.clock.clone(),
            up,
        };
        let stop = tasks.token();
        tasks.spawn("link", async move {
            if !enrolled {
                enrolment.until_enrolled(&stop).await;
            }
            link.keep(stop).await;
        });
    }
}

fn serve(listener: tokio::net::TcpListener, rooms: Rooms, tasks: &Tasks) {
    let stop = tasks.token();
    tasks.spawn("http", async move {
        if let Err(error) = web::serve(listener, http::router(rooms), stop).await {
            tracing::error!(cause = chain(&error), "The HTTP listener ended with an error");
        }
    });
}

impl Running {
    /// Within five seconds: takes nothing more in, answers what came in, closes the file.
    pub async fn stop(self) {
        self.tasks.shutdown(STOP_WITHIN).await;
        if let Err(error) = self.store.sync_high_water() {
            tracing::warn!(%error, "The high-water mark could not be put on disk");
        }
        self.store.close();
    }
}
