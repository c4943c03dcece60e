//! Access control of the embedded broker: connections, publishes and subscriptions. Explains a
//! refused connection, to its tablet and in the log.
//!
//! Invariants: all live connections of a device belong to one person, so no other person receives
//! its messages. A second person is refused until the first one's connections have ended; the
//! device's owner is admitted at once, which ends the others' connections. A will is only a message
//! that its client may publish, when it is left and when it is due. Connections per person
//! are limited. Strangers cause a bounded number of log lines per hour, however many device names
//! they use.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use mqtt_protocol::{Connect, Reason, ReasonCode};
use process::{clock::Clock, metrics, tokens::Claims};
use wire::{Actor, Code, DeviceId, Language, Role, TabletCredentials, UserId, topics};

use super::delivery::Mailbox;
use crate::{
    authentication::{AdmissionEnd, AdmittedToken, TokenAuthenticator},
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

/// Maximum simultaneous connections; further ones are refused.
const CLIENTS_MAX: usize = 2_000;

impl AccessControl {
    /// Signs a client in; closing `mailbox` ends its connection.
    pub(super) fn admit_client(
        &self,
        connect: &Connect<'_>,
        mailbox: &Arc<Mailbox>,
    ) -> Result<OpenSession, Reason> {
        self.open_session(connect, mailbox).map_err(|refusal| {
            metrics::EDGE_REFUSED.add([refusal.as_str()], 1);
            let device = DeviceId::from_client_id(connect.client_id);
            self.refusals.log_refusal(device, refusal);
            refusal.to_reason()
        })
    }

    fn open_session(
        &self,
        connect: &Connect<'_>,
        mailbox: &Arc<Mailbox>,
    ) -> Result<OpenSession, ConnectRefusal> {
        let client_id = connect.client_id;
        if DeviceId::from_client_id(client_id).is_none() {
            return Err(ConnectRefusal::ClientId);
        }
        let credentials = TabletCredentials::read(client_id, connect.user_name, connect.password)
            .map_err(ConnectRefusal::Person)?;
        let TabletCredentials { device, token } = credentials;
        let (claims, admitted) = self
            .authenticator
            .admit_connection(token, Some(&device))
            .map_err(ConnectRefusal::Person)?;
        if let Some(will) = &connect.will
            && !self.may_publish(&device, &will.topic)
        {
            return Err(ConnectRefusal::Will);
        }
        let connection = OpenSession {
            owns_device: self.people.owns_device(claims.sub, &device),
            device,
            session: self.signed_in.new_session(&claims, admitted),
            mailbox: Arc::clone(mailbox),
        };
        self.signed_in.register_connection(client_id, connection)
    }

    pub(super) fn may_publish(&self, device: &DeviceId, topic: &str) -> bool {
        let EdgeIdentity { edge_id, region } = &self.identity;
        topics::may_publish(*region, edge_id, device, topic)
    }

    /// True if the person of an ended connection may still act on its device. They may if another
    /// connection of theirs has replaced this one.
    pub(super) fn may_publish_will(&self, device: &DeviceId, session: TabletSession) -> bool {
        self.authenticator.is_still_valid(&session.token)
            && self.signed_in.is_free_for(device, session.token.user_id)
    }

    pub(super) fn is_signed_in(&self, client_id: &str, session: TabletSession) -> bool {
        self.signed_in.has_session(client_id, session)
            && self.authenticator.is_still_valid(&session.token)
    }
}

/// One connection and the person signed in on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TabletSession {
    pub token: AdmittedToken,
    role: Role,
    /// Distinguishes connections with the same client id: an older one may end after a newer one
    /// began.
    visit: u64,
}

impl TabletSession {
    pub(super) fn actor(&self) -> Actor {
        Actor {
            user_id: self.token.user_id,
            role: self.role,
        }
    }
}

/// A signed-in connection.
#[derive(Debug, Clone)]
pub(super) struct OpenSession {
    pub device: DeviceId,
    pub session: TabletSession,
    pub owns_device: bool,
    pub mailbox: Arc<Mailbox>,
}

/// The signed-in people, by connection.
pub(super) struct TabletSessions {
    sessions: Mutex<HashMap<String, OpenSession>>,
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
            token: admitted,
            role: claims.role,
            visit,
        }
    }

    /// Registers a connection and ends those that give way: another with the same client id, and
    /// other people's on a device that is this person's own. One lock covers the limits and the
    /// registration, so people who connect at the same time cannot exceed them.
    pub(super) fn register_connection(
        &self,
        client_id: &str,
        connection: OpenSession,
    ) -> Result<OpenSession, ConnectRefusal> {
        let mut sessions = self.lock_sessions();
        let user = connection.session.token.user_id;
        let others: Vec<String> = sessions
            .iter()
            .filter(|(_, other)| {
                other.device == connection.device && other.session.token.user_id != user
            })
            .map(|(id, _)| id.clone())
            .collect();
        if !others.is_empty() && !connection.owns_device {
            return Err(ConnectRefusal::Person(Code::DeviceInUse));
        }
        if !self.may_open_connection(&sessions, client_id, user) {
            return Err(ConnectRefusal::TooManyConnections);
        }
        for other in &others {
            if let Some(other) = sessions.remove(other) {
                other
                    .mailbox
                    .end_connection(ended_by_code(Code::DeviceInUse));
            }
        }
        if let Some(previous) = sessions.insert(client_id.to_owned(), connection.clone()) {
            previous.mailbox.end_connection(Reason {
                code: ReasonCode::SessionTakenOver,
                text: "session_taken_over: Another connection has the same client id.".to_owned(),
            });
        }
        Ok(connection)
    }

    /// True if this person may open another connection under that client id.
    fn may_open_connection(
        &self,
        sessions: &HashMap<String, OpenSession>,
        client_id: &str,
        user: UserId,
    ) -> bool {
        let others_of_person = sessions
            .iter()
            .filter(|(id, other)| *id != client_id && other.session.token.user_id == user)
            .count();
        let others = sessions.keys().filter(|id| *id != client_id).count();
        others_of_person < self.per_person_max && others < CLIENTS_MAX
    }

    /// A newer connection may have replaced this one; its entry stays.
    pub(super) fn remove_connection(&self, client_id: &str, session: TabletSession) {
        let mut sessions = self.lock_sessions();
        if sessions
            .get(client_id)
            .is_some_and(|here| here.session == session)
        {
            sessions.remove(client_id);
        }
    }

    /// Ends connections whose token no longer admits.
    pub(super) fn end_unauthorized(&self, authenticator: &TokenAuthenticator) {
        for connection in self.lock_sessions().values() {
            let reason = match authenticator.find_end(&connection.session.token) {
                None => continue,
                Some(AdmissionEnd::Refused(code)) => ended_by_code(code),
                Some(AdmissionEnd::KeyRemoved) => Reason {
                    code: ReasonCode::AdministrativeAction,
                    text: "key_removed: A token key was removed. Connect again.".to_owned(),
                },
            };
            connection.mailbox.end_connection(reason);
        }
    }

    /// True if no other person is signed in on that device.
    pub(super) fn is_free_for(&self, device: &DeviceId, user: UserId) -> bool {
        self.lock_sessions()
            .values()
            .all(|other| other.session.token.user_id == user || other.device != *device)
    }

    pub(super) fn is_signed_in(&self, user: UserId) -> bool {
        self.lock_sessions()
            .values()
            .any(|open| open.session.token.user_id == user)
    }

    fn has_session(&self, client_id: &str, session: TabletSession) -> bool {
        self.lock_sessions()
            .get(client_id)
            .is_some_and(|open| open.session == session)
    }

    fn lock_sessions(&self) -> MutexGuard<'_, HashMap<String, OpenSession>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectRefusal {
    /// The client id does not begin with a device.
    ClientId,
    Person(Code),
    /// The will's topic is not for this device's messages.
    Will,
    TooManyConnections,
}

impl ConnectRefusal {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::ClientId => Code::InvalidCredentials.as_str(),
            Self::Person(code) => code.as_str(),
            Self::Will => "will_refused",
            Self::TooManyConnections => "too_many_connections",
        }
    }

    pub(super) fn to_reason(self) -> Reason {
        let text = match self {
            Self::ClientId => explain_code(Code::InvalidCredentials),
            Self::Person(code) => explain_code(code),
            Self::Will => {
                "will_refused: A will may only be a command of this device, on its own topic."
                    .to_owned()
            }
            Self::TooManyConnections => self.as_str().to_owned(),
        };
        Reason {
            code: self.reason_code(),
            text,
        }
    }

    /// Few MQTT codes exist: bad credentials; good ones that no longer admit; banned people or
    /// devices.
    fn reason_code(self) -> ReasonCode {
        match self {
            Self::Person(Code::Revoked | Code::DeviceClosed) => ReasonCode::Banned,
            Self::Will
            | Self::Person(Code::TokenExpired | Code::SessionEnded | Code::ProofRequired) => {
                ReasonCode::NotAuthorized
            }
            Self::ClientId | Self::Person(Code::DeviceInUse) => {
                ReasonCode::ClientIdentifierNotValid
            }
            Self::Person(_) => ReasonCode::BadUserNameOrPassword,
            Self::TooManyConnections => ReasonCode::QuotaExceeded,
        }
    }
}

/// The end of an admitted connection. DISCONNECT has fewer codes than CONNACK.
fn ended_by_code(code: Code) -> Reason {
    Reason {
        code: ReasonCode::NotAuthorized,
        text: explain_code(code),
    }
}

/// The code and its English sentence, as in every reason string.
fn explain_code(code: Code) -> String {
    format!("{code}: {}", code.sentence_in(Language::English))
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
