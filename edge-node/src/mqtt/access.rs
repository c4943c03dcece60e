//! Access control of the embedded broker: connections, publishes and subscriptions.
//!
//! Invariants: all live connections of a device belong to one person, so no other person receives
//! its messages. A second person is refused until the first one's connections have ended; the
//! device's owner is admitted at once, which ends the others' connections. Connections per person
//! are limited.

use std::{
    collections::HashMap,
    fmt,
    net::SocketAddr,
    pin::Pin,
    str::FromStr,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use mqtt5::{
    broker::auth::{AuthProvider, AuthResult},
    packet::connect::ConnectPacket,
};
use process::{metrics, tokens::Claims};
use serde::{Deserialize, Serialize};
use wire::{Actor, Code, DeviceId, Role, TabletCredentials, UserId, topics};

use super::refusal::{ConnectRefusal, RefusalLog};
use crate::{
    gate::{AdmittedToken, TokenAuthenticator},
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
const WORDS_FIT_IN: u32 = 512;

type AuthFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl AuthProvider for ConnectionAuthenticator {
    fn authenticate<'a>(
        &'a self,
        connect: &'a ConnectPacket,
        _: SocketAddr,
    ) -> AuthFuture<'a, mqtt5::Result<AuthResult>> {
        let result = match self.access.admit_client(connect) {
            Ok(guest) => AuthResult::success_with_user(guest.to_string()),
            Err(refusal) => {
                metrics::EDGE_REFUSED.add([refusal.as_str()], 1);
                self.access
                    .refusals
                    .log_refusal(DeviceId::from_client_id(&connect.client_id), refusal);
                let room = connect.properties.get_maximum_packet_size();
                if room.is_none_or(|bytes| bytes >= WORDS_FIT_IN) {
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
                .is_some_and(|(device, guest)| {
                    topics::may_subscribe(*region, name, &device, guest.actor(), topic_filter)
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
        if !self.signed_in.has_room(&connect.client_id, claims.sub) {
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
    pub fn actor(&self) -> Actor {
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
    guests: Mutex<HashMap<String, TabletSession>>,
    visits: AtomicU64,
    per_person_max: usize,
}

impl TabletSessions {
    pub fn new(per_person_max: usize) -> Self {
        Self {
            guests: Mutex::default(),
            visits: AtomicU64::default(),
            per_person_max,
        }
    }

    /// Prepares a session for a connection that is not signed in yet.
    pub fn new_session(&self, claims: &Claims, admitted: AdmittedToken) -> TabletSession {
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
    pub fn register_connection(
        &self,
        client_id: &str,
        session: TabletSession,
        owns: bool,
    ) -> Vec<String> {
        let mut guests = self.lock_sessions();
        if guests
            .get(client_id)
            .is_some_and(|here| here.visit > session.visit)
        {
            return Vec::new();
        }
        let device = DeviceId::from_client_id(client_id);
        let user = session.pass.user_id;
        let others = guests.iter().filter(|(id, other)| {
            *id != client_id && other.pass.user_id != user && DeviceId::from_client_id(id) == device
        });
        let others: Vec<String> = others.map(|(id, _)| id.clone()).collect();
        let stays = (owns || others.is_empty()) && self.has_room_among(&guests, client_id, user);
        let ending = if stays {
            others
        } else {
            vec![client_id.to_owned()]
        };
        guests.insert(client_id.to_owned(), session);
        for client_id in &ending {
            guests.remove(client_id);
        }
        ending
    }

    /// True if this person may open another connection under that client id.
    pub fn has_room(&self, client_id: &str, user: UserId) -> bool {
        self.has_room_among(&self.lock_sessions(), client_id, user)
    }

    fn has_room_among(
        &self,
        guests: &HashMap<String, TabletSession>,
        client_id: &str,
        user: UserId,
    ) -> bool {
        let others_of_person = guests
            .iter()
            .filter(|(id, guest)| *id != client_id && guest.pass.user_id == user)
            .count();
        let others = guests.keys().filter(|id| *id != client_id).count();
        others_of_person < self.per_person_max && others < CLIENTS_MAX
    }

    /// A newer connection may have replaced this one; its entry stays.
    pub fn remove_connection(&self, client_id: &str, session: TabletSession) {
        let mut guests = self.lock_sessions();
        if guests.get(client_id) == Some(&session) {
            guests.remove(client_id);
        }
    }

    pub fn find_unauthorized(&self, authenticator: &TokenAuthenticator) -> Vec<String> {
        let guests = self.lock_sessions();
        let unwelcome = guests
            .iter()
            .filter(|(_, guest)| !authenticator.is_still_valid(&guest.pass));
        unwelcome.map(|(client_id, _)| client_id.clone()).collect()
    }

    /// True if no other person is signed in on that device.
    pub fn is_free_for(&self, device: &DeviceId, user: UserId) -> bool {
        self.lock_sessions().iter().all(|(client_id, guest)| {
            guest.pass.user_id == user
                || DeviceId::from_client_id(client_id).as_ref() != Some(device)
        })
    }

    pub fn is_signed_in(&self, user: UserId) -> bool {
        self.lock_sessions()
            .values()
            .any(|guest| guest.pass.user_id == user)
    }

    fn has_session(&self, client_id: &str, session: TabletSession) -> bool {
        self.lock_sessions().get(client_id) == Some(&session)
    }

    fn lock_sessions(&self) -> MutexGuard<'_, HashMap<String, TabletSession>> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{People, device, id};

    fn provider(signed_in: &TabletSessions, user: u128) -> TabletSession {
        let people = People::new();
        let token = people.token(Role::Provider, user);
        let (claims, pass) = people.gate().admit_connection(&token, None).unwrap();
        signed_in.new_session(&claims, pass)
    }

    #[test]
    fn the_broker_hands_back_what_it_was_given() {
        let signed_in = TabletSessions::new(16);
        let one = provider(&signed_in, 1);
        let again = provider(&signed_in, 1);
        assert_ne!(one, again);
        for guest in [one, again] {
            assert_eq!(guest.to_string().parse(), Ok(guest));
        }
        assert_eq!("nobody".parse::<TabletSession>(), Err(()));
    }

    #[test]
    fn a_device_is_of_one_person_until_the_last_connection_ends() {
        let signed_in = TabletSessions::new(16);
        let one = provider(&signed_in, 1);
        let other = provider(&signed_in, 2);
        let tablet = device("t-1");
        let user = UserId(id(2));
        let stays = |client_id, guest| {
            signed_in
                .register_connection(client_id, guest, false)
                .is_empty()
        };
        assert!(stays("t-1", one));
        assert!(!signed_in.is_free_for(&tablet, user));
        assert!(signed_in.is_signed_in(UserId(id(1))) && !signed_in.is_signed_in(user));
        assert!(!stays("t-1.x", other) && !signed_in.has_session("t-1.x", other));
        assert!(stays("t-2", other));
        let second = provider(&signed_in, 1);
        assert!(signed_in.is_free_for(&tablet, one.pass.user_id));
        assert!(stays("t-1.x", second));
        signed_in.remove_connection("t-1", one);
        assert!(!signed_in.is_free_for(&tablet, user) && signed_in.is_signed_in(UserId(id(1))));
        signed_in.remove_connection("t-1.x", second);
        assert!(signed_in.is_free_for(&tablet, user) && !signed_in.is_signed_in(UserId(id(1))));
    }

    #[test]
    fn the_owner_of_a_device_ends_the_connections_of_others() {
        let signed_in = TabletSessions::new(16);
        let owner = provider(&signed_in, 1);
        let other = provider(&signed_in, 2);
        assert!(
            signed_in
                .register_connection("t-1.x", other, false)
                .is_empty()
        );
        assert_eq!(signed_in.register_connection("t-1", owner, true), ["t-1.x"]);
        assert!(signed_in.has_session("t-1", owner) && !signed_in.has_session("t-1.x", other));
        assert_eq!(
            signed_in.register_connection("t-1.y", other, false),
            ["t-1.y"]
        );
    }

    #[test]
    fn those_who_came_to_the_door_together_do_not_stay_beyond_the_room() {
        let signed_in = TabletSessions::new(2);
        let one = provider(&signed_in, 1);
        let ends = |client_id| {
            !signed_in
                .register_connection(client_id, one, false)
                .is_empty()
        };
        assert!(!ends("t-1") && !ends("t-2") && !ends("t-2"));
        let has_room = |client_id| signed_in.has_room(client_id, one.pass.user_id);
        assert!(has_room("t-1") && !has_room("t-3"));
        assert!(ends("t-3") && !signed_in.has_session("t-3", one));
        assert!(signed_in.has_room("t-3", UserId(id(2))));
    }

    #[test]
    fn a_displaced_connection_ends_without_the_one_that_displaced_it() {
        let signed_in = TabletSessions::new(16);
        let old = provider(&signed_in, 1);
        let new = provider(&signed_in, 1);
        for guest in [old, new] {
            assert!(
                signed_in
                    .register_connection("t-1", guest, false)
                    .is_empty()
            );
        }
        signed_in.remove_connection("t-1", old);
        assert!(signed_in.has_session("t-1", new) && !signed_in.has_session("t-1", old));
    }

    #[test]
    fn a_displaced_connection_that_is_told_of_late_displaces_nobody() {
        let signed_in = TabletSessions::new(16);
        let stranger = provider(&signed_in, 2);
        let owner = provider(&signed_in, 1);
        assert!(signed_in.register_connection("t-1", owner, true).is_empty());
        assert!(
            signed_in
                .register_connection("t-1", stranger, false)
                .is_empty()
        );
        assert!(signed_in.has_session("t-1", owner) && !signed_in.has_session("t-1", stranger));
    }
}
