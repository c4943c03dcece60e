//! Access control of the embedded broker: connections, publishes and subscriptions. Explains a
//! refused connection, to its tablet and in the log.
//!
//! Invariants: all live connections of a device belong to one person, so no other person receives
//! its messages. A second person is refused until the first one's connections have ended; the
//! device's owner is admitted at once, which ends the others' connections. Connections per person
//! are limited. Strangers cause a bounded number of log lines per hour, however many device names
//! they use.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    net::SocketAddr,
    pin::Pin,
    str::FromStr,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use mqtt5::{
    broker::auth::{AuthProvider, AuthResult},
    packet::connect::ConnectPacket,
    protocol::v5::reason_codes::ReasonCode,
};
use process::{clock::Clock, metrics, tokens::Claims};
use serde::{Deserialize, Serialize};
use wire::{Actor, Code, DeviceId, Language, Role, TabletCredentials, UserId, topics};

use crate::{
    authentication::{AdmittedToken, TokenAuthenticator},
    people::PeopleRegistry,
    store::EdgeIdentity,
};

pub(super) struct AccessControl {
    pub identity: EdgeIdentity,
    pub authenticator: TokenAuthenticator,
    pub signed_in: Arc<TabletSessions>,
    pub people: PeopleRegistry,
    pub refusals: RefusalLog,
}

/// One connection during authentication.
pub(super) struct ConnectionAuthenticator {
    pub access: Arc<AccessControl>,
    /// Set if the connection is refused and the client accepts a reason text.
    pub refusal: Arc<OnceLock<ConnectRefusal>>,
}

/// Maximum simultaneous connections; further ones are refused.
const CLIENTS_MAX: usize = 2_000;

/// A client with a smaller maximum packet gets only the MQTT reason code.
const REASON_PACKET_BYTES_MIN: u32 = 512;

type AuthFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl AuthProvider for ConnectionAuthenticator {
    fn authenticate<'a>(
        &'a self,
        connect: &'a ConnectPacket,
        _: SocketAddr,
    ) -> AuthFuture<'a, mqtt5::Result<AuthResult>> {
        let result = match self.access.admit_client(connect) {
            Ok(session) => AuthResult::success_with_user(session.to_string()),
            Err(refusal) => {
                metrics::EDGE_REFUSED.add([refusal.as_str()], 1);
                self.access
                    .refusals
                    .log_refusal(DeviceId::from_client_id(&connect.client_id), refusal);
                let room = connect.properties.get_maximum_packet_size();
                if room.is_none_or(|bytes| bytes >= REASON_PACKET_BYTES_MIN) {
                    let _ = self.refusal.set(refusal);
                }
                AuthResult::fail(refusal.reason_code())
            }
        };
        Box::pin(std::future::ready(Ok(result)))
    }

    fn authorize_publish<'a>(
        &'a self,
        client_id: &str,
        user_id: Option<&'a str>,
        topic: &'a str,
    ) -> AuthFuture<'a, bool> {
        let EdgeIdentity {
            edge_id: name,
            region,
        } = &self.access.identity;
        let allowed = self.access.find_session(client_id, user_id);
        let allowed =
            allowed.is_some_and(|(device, _)| topics::may_publish(*region, name, &device, topic));
        Box::pin(std::future::ready(allowed))
    }

    fn authorize_subscribe<'a>(
        &'a self,
        client_id: &str,
        user_id: Option<&'a str>,
        topic_filter: &'a str,
    ) -> AuthFuture<'a, bool> {
        let EdgeIdentity {
            edge_id: name,
            region,
        } = &self.access.identity;
        let allowed =
            self.access
                .find_session(client_id, user_id)
                .is_some_and(|(device, session)| {
                    topics::may_subscribe(*region, name, &device, session.actor(), topic_filter)
                });
        Box::pin(std::future::ready(allowed))
    }
}

impl AccessControl {
    fn admit_client(&self, connect: &ConnectPacket) -> Result<TabletSession, ConnectRefusal> {
        let (device, claims, pass) = self
            .verify_credentials(connect)
            .map_err(ConnectRefusal::Person)?;
        if !self.signed_in.is_free_for(&device, claims.sub)
            && !self.people.owns_device(claims.sub, &device)
        {
            return Err(ConnectRefusal::Person(Code::DeviceInUse));
        }
        if !self
            .signed_in
            .may_open_connection(&connect.client_id, claims.sub)
        {
            return Err(ConnectRefusal::TooManyConnections);
        }
        Ok(self.signed_in.new_session(&claims, pass))
    }

    fn verify_credentials(
        &self,
        connect: &ConnectPacket,
    ) -> Result<(DeviceId, Claims, AdmittedToken), Code> {
        let ConnectPacket {
            client_id,
            username,
            password,
            ..
        } = connect;
        let credentials =
            TabletCredentials::read(client_id, username.as_deref(), password.as_deref())?;
        let TabletCredentials { device, token } = credentials;
        let (claims, pass) = self.authenticator.admit_connection(token, Some(&device))?;
        Ok((device, claims, pass))
    }

    /// Checked at every packet: a token may expire or be revoked meanwhile.
    fn find_session(
        &self,
        client_id: &str,
        user_id: Option<&str>,
    ) -> Option<(DeviceId, TabletSession)> {
        let session: TabletSession = user_id?.parse().ok()?;
        let welcome = self.signed_in.has_session(client_id, session)
            && self.authenticator.is_still_valid(&session.pass);
        welcome.then_some((DeviceId::from_client_id(client_id)?, session))
    }
}

/// One connection and the person signed in on it. The broker passes it to every packet and event of
/// the connection, serialised in its user id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TabletSession {
    pub pass: AdmittedToken,
    role: Role,
    /// Distinguishes connections with the same client id: an older one may end after a newer one
    /// began.
    visit: u64,
}

impl TabletSession {
    pub(super) fn actor(&self) -> Actor {
        Actor {
            user_id: self.pass.user_id,
            role: self.role,
        }
    }
}

impl fmt::Display for TabletSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for TabletSession {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        serde_json::from_str(text).map_err(drop)
    }
}

/// The signed-in people, by connection.
pub(super) struct TabletSessions {
    sessions: Mutex<HashMap<String, TabletSession>>,
    visits: AtomicU64,
    per_person_max: usize,
}

impl TabletSessions {
    pub(super) fn new(per_person_max: usize) -> Self {
        Self {
            sessions: Mutex::default(),
            visits: AtomicU64::default(),
            per_person_max,
        }
    }

    /// Prepares a session for a connection that is not signed in yet.
    pub(super) fn new_session(&self, claims: &Claims, admitted: AdmittedToken) -> TabletSession {
        let visit = self.visits.fetch_add(1, Ordering::Relaxed);
        TabletSession {
            pass: admitted,
            role: claims.role,
            visit,
        }
    }

    /// Registers a connection and returns those that must end: other people's if this one is the
    /// owner's, or else this one.
    ///
    /// The limits are checked again, because two people may authenticate at the same time: the
    /// later one on a device must go, and so must connections beyond the limit. For equal client
    /// ids the newer connection wins in any order of events, because the broker answers a client
    /// before it reports it. If two cross inside the broker, the survivor may have no rights, and
    /// its tablet has to reconnect.
    pub(super) fn register_connection(
        &self,
        client_id: &str,
        session: TabletSession,
        owns: bool,
    ) -> Vec<String> {
        let mut sessions = self.lock_sessions();
        if sessions
            .get(client_id)
            .is_some_and(|here| here.visit > session.visit)
        {
            return Vec::new();
        }
        let device = DeviceId::from_client_id(client_id);
        let user = session.pass.user_id;
        let others = sessions.iter().filter(|(id, other)| {
            *id != client_id && other.pass.user_id != user && DeviceId::from_client_id(id) == device
        });
        let others: Vec<String> = others.map(|(id, _)| id.clone()).collect();
        let stays = (owns || others.is_empty())
            && self.may_open_connection_among(&sessions, client_id, user);
        let ending = if stays {
            others
        } else {
            vec![client_id.to_owned()]
        };
        sessions.insert(client_id.to_owned(), session);
        for client_id in &ending {
            sessions.remove(client_id);
        }
        ending
    }

    /// True if this person may open another connection under that client id.
    pub(super) fn may_open_connection(&self, client_id: &str, user: UserId) -> bool {
        self.may_open_connection_among(&self.lock_sessions(), client_id, user)
    }

    fn may_open_connection_among(
        &self,
        sessions: &HashMap<String, TabletSession>,
        client_id: &str,
        user: UserId,
    ) -> bool {
        let others_of_person = sessions
            .iter()
            .filter(|(id, session)| *id != client_id && session.pass.user_id == user)
            .count();
        let others = sessions.keys().filter(|id| *id != client_id).count();
        others_of_person < self.per_person_max && others < CLIENTS_MAX
    }

    /// A newer connection may have replaced this one; its entry stays.
    pub(super) fn remove_connection(&self, client_id: &str, session: TabletSession) {
        let mut sessions = self.lock_sessions();
        if sessions.get(client_id) == Some(&session) {
            sessions.remove(client_id);
        }
    }

    pub(super) fn find_unauthorized(&self, authenticator: &TokenAuthenticator) -> Vec<String> {
        let sessions = self.lock_sessions();
        let unauthorized = sessions
            .iter()
            .filter(|(_, session)| !authenticator.is_still_valid(&session.pass));
        unauthorized
            .map(|(client_id, _)| client_id.clone())
            .collect()
    }

    /// True if no other person is signed in on that device.
    pub(super) fn is_free_for(&self, device: &DeviceId, user: UserId) -> bool {
        self.lock_sessions().iter().all(|(client_id, session)| {
            session.pass.user_id == user
                || DeviceId::from_client_id(client_id).as_ref() != Some(device)
        })
    }

    pub(super) fn is_signed_in(&self, user: UserId) -> bool {
        self.lock_sessions()
            .values()
            .any(|session| session.pass.user_id == user)
    }

    fn has_session(&self, client_id: &str, session: TabletSession) -> bool {
        self.lock_sessions().get(client_id) == Some(&session)
    }

    fn lock_sessions(&self) -> MutexGuard<'_, HashMap<String, TabletSession>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectRefusal {
    Person(Code),
    TooManyConnections,
}

impl ConnectRefusal {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Person(code) => code.as_str(),
            Self::TooManyConnections => "too_many_connections",
        }
    }

    /// Few MQTT codes exist: bad credentials; good ones that no longer admit; banned people or
    /// devices.
    pub(super) fn reason_code(self) -> ReasonCode {
        match self {
            Self::Person(Code::Revoked | Code::DeviceClosed) => ReasonCode::Banned,
            Self::Person(Code::TokenExpired | Code::SessionEnded) => ReasonCode::NotAuthorized,
            Self::Person(Code::DeviceInUse) => ReasonCode::ClientIdentifierNotValid,
            Self::Person(_) => ReasonCode::BadUsernameOrPassword,
            Self::TooManyConnections => ReasonCode::QuotaExceeded,
        }
    }

    /// The broker's CONNACK with this refusal as its reason string. `None` if it has no reason
    /// string: version 3.1.1 lacks it, and a version 5 client may disable it.
    pub(super) fn replace_connack(self, connack: &[u8]) -> Option<Bytes> {
        let is_refusal = connack.first() == Some(&CONNACK) && connack.ends_with(BROKER_REASON);
        let reason = connack.get(REASON_AT).filter(|_| is_refusal)?;
        let words = self.reason_text();
        let size = u16::try_from(words.len()).ok()?.to_be_bytes();
        let properties = [&[REASON_STRING], &size[..], words.as_bytes()].concat();
        let body = [
            &[0, *reason],
            &encode_varint(properties.len())[..],
            &properties,
        ]
        .concat();
        Some(
            [&[CONNACK], &encode_varint(body.len())[..], &body]
                .concat()
                .into(),
        )
    }

    fn reason_text(self) -> String {
        match self {
            Self::Person(code) => format!("{code}: {}", code.sentence_in(Language::English)),
            Self::TooManyConnections => self.as_str().to_owned(),
        }
    }
}

const CONNACK: u8 = 0x20;

/// After the packet type, a one-byte length, and the flags.
const REASON_AT: usize = 3;

const REASON_STRING: u8 = 0x1f;

const BROKER_REASON: &[u8] = b"Authentication failed";

/// Encodes an MQTT variable-length integer: seven bits per byte, lowest first.
fn encode_varint(mut left: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(left & 0x7f).unwrap_or_default();
        left >>= 7;
        bytes.push(if left > 0 { low | 0x80 } else { low });
        if left == 0 {
            return bytes;
        }
    }
}

/// Logs one line per device and hour.
#[derive(Clone)]
pub(super) struct RefusalLog {
    clock: Clock,
    told: Arc<Mutex<HourlyRefusals>>,
}

#[derive(Default)]
struct HourlyRefusals {
    since: Duration,
    devices: HashSet<Option<DeviceId>>,
}

const HOUR: Duration = Duration::from_hours(1);

/// Devices logged per hour; one last line reports that there are more.
const DEVICES_MAX: usize = 200;

impl RefusalLog {
    pub(super) fn new(clock: Clock) -> Self {
        let told = HourlyRefusals {
            since: clock.elapsed(),
            ..HourlyRefusals::default()
        };
        Self {
            clock,
            told: Arc::new(Mutex::new(told)),
        }
    }

    /// `device` is `None` if the client id is not a device's.
    pub(super) fn log_refusal(&self, device: Option<DeviceId>, refusal: ConnectRefusal) {
        let why = refusal.as_str();
        let name = device.as_ref().map_or("?", DeviceId::as_str).to_owned();
        match self.choose_line(device) {
            RefusalLine::OfDevice => {
                tracing::info!(
                    device.id = name,
                    why,
                    "Refused a connection of device `{name}`"
                );
            }
            RefusalLine::OfOthers => {
                tracing::info!("Refused more than {DEVICES_MAX} devices within an hour");
            }
            RefusalLine::None => {}
        }
    }

    fn choose_line(&self, device: Option<DeviceId>) -> RefusalLine {
        let now = self.clock.elapsed();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_sub(told.since) >= HOUR {
            *told = HourlyRefusals {
                since: now,
                ..HourlyRefusals::default()
            };
        }
        let count = told.devices.len();
        if count > DEVICES_MAX || !told.devices.insert(device) {
            return RefusalLine::None;
        }
        if count < DEVICES_MAX {
            RefusalLine::OfDevice
        } else {
            RefusalLine::OfOthers
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum RefusalLine {
    OfDevice,
    OfOthers,
    None,
}

#[cfg(test)]
mod tests;
