//! Who may connect to the embedded broker, and who may say and hear what.
//!
//! A tablet's client id is its device id, or that and a dot and anything, so that one device may hold
//! several connections; its user name is the device id, its password the person's token.

use std::{
    collections::HashMap,
    net::SocketAddr,
    pin::Pin,
    sync::{Mutex, PoisonError},
};

use mqtt5::{
    broker::auth::{AuthProvider, AuthResult},
    packet::connect::ConnectPacket,
    protocol::v5::reason_codes::ReasonCode,
};
use wire::{Code, DeviceId, UserId, topics};

use crate::{gate::Gate, store::Identity};

pub(super) struct Access {
    pub identity: Identity,
    pub gate: Gate,
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl AuthProvider for Access {
    fn authenticate<'a>(
        &'a self,
        connect: &'a ConnectPacket,
        _: SocketAddr,
    ) -> Answer<'a, mqtt5::Result<AuthResult>> {
        let result = match self.person(connect) {
            Ok(user) => AuthResult::success_with_user(user.to_string()),
            Err(code) => AuthResult::fail(reason(code)),
        };
        Box::pin(std::future::ready(Ok(result)))
    }

    fn authorize_publish<'a>(
        &'a self,
        client_id: &str,
        user_id: Option<&'a str>,
        topic: &'a str,
    ) -> Answer<'a, bool> {
        let allowed = self.known(client_id, user_id).is_some_and(|(device, _)| {
            topics::may_publish(self.identity.region, &self.identity.name, &device, topic)
        });
        Box::pin(std::future::ready(allowed))
    }

    fn authorize_subscribe<'a>(
        &'a self,
        client_id: &str,
        user_id: Option<&'a str>,
        topic_filter: &'a str,
    ) -> Answer<'a, bool> {
        let Identity { name, region } = &self.identity;
        let allowed = self.known(client_id, user_id).is_some_and(|(device, user)| {
            topics::may_subscribe(*region, name, &device, user, topic_filter)
        });
        Box::pin(std::future::ready(allowed))
    }
}

impl Access {
    fn person(&self, connect: &ConnectPacket) -> Result<UserId, Code> {
        let device = device_of(&connect.client_id).ok_or(Code::InvalidCredentials)?;
        if connect.username.as_deref() != Some(device.as_str()) {
            return Err(Code::InvalidCredentials);
        }
        let token = connect.password.as_deref().and_then(|text| str::from_utf8(text).ok());
        let claims = self.gate.admit(token.ok_or(Code::InvalidCredentials)?, Some(&device))?;
        Ok(claims.sub)
    }

    /// Judged at every packet, so that a revocation reaches connections that are open.
    fn known(&self, client_id: &str, user_id: Option<&str>) -> Option<(DeviceId, UserId)> {
        let user = user_id?.parse().ok()?;
        (!self.gate.is_user_revoked(user)).then_some((device_of(client_id)?, user))
    }
}

pub(super) fn device_of(client_id: &str) -> Option<DeviceId> {
    let (device, _) = client_id.split_once('.').unwrap_or((client_id, ""));
    DeviceId::new(device).ok()
}

/// MQTT has few words for it: bad credentials, or good ones that open nothing any more.
fn reason(code: Code) -> ReasonCode {
    match code {
        Code::Revoked => ReasonCode::Banned,
        Code::TokenExpired => ReasonCode::NotAuthorized,
        _ => ReasonCode::BadUsernameOrPassword,
    }
}

/// Who is signed in on which connection now.
#[derive(Default)]
pub(super) struct SignedIn(Mutex<HashMap<String, UserId>>);

impl SignedIn {
    pub fn connected(&self, client_id: &str, user: Option<&str>) {
        if let Some(user) = user.and_then(|user| user.parse().ok()) {
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(client_id.to_owned(), user);
        }
    }

    /// Another person may have taken the connection over meanwhile; their entry stays.
    pub fn disconnected(&self, client_id: &str, user: Option<&str>) {
        let user: Option<UserId> = user.and_then(|user| user.parse().ok());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.get(client_id).copied() == user {
            all.remove(client_id);
        }
    }

    /// The connections of these people.
    pub fn of(&self, users: &[UserId]) -> Vec<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let theirs = all.iter().filter(|(_, user)| users.contains(user));
        theirs.map(|(client_id, _)| client_id.clone()).collect()
    }

    /// Nobody else is signed in on that device. Where nobody is at all, what is said waits in the
    /// session of whom it is for.
    pub fn is_free_for(&self, device: &DeviceId, user: UserId) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .all(|(client_id, who)| *who == user || device_of(client_id).as_ref() != Some(device))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{device, id};

    #[test]
    fn a_device_may_hold_several_connections() {
        assert_eq!(device_of("tablet-7"), Some(device("tablet-7")));
        assert_eq!(device_of("tablet-7.second"), Some(device("tablet-7")));
        assert_eq!(device_of(""), None);
        assert_eq!(device_of("Tablet 7"), None);
    }

    #[test]
    fn what_is_for_one_person_waits_while_another_holds_the_tablet() {
        let signed_in = SignedIn::default();
        let (one, other) = (UserId(id(1)), UserId(id(2)));
        let tablet = device("t-1");
        assert!(signed_in.is_free_for(&tablet, one));
        signed_in.connected("t-1", Some(&other.to_string()));
        assert!(!signed_in.is_free_for(&tablet, one));
        assert!(
            signed_in.is_free_for(&tablet, other) && signed_in.is_free_for(&device("t-2"), one)
        );
        signed_in.disconnected("t-1", Some(&one.to_string()));
        assert!(!signed_in.is_free_for(&tablet, one), "that was an older connection");
        signed_in.disconnected("t-1", Some(&other.to_string()));
        assert!(signed_in.is_free_for(&tablet, one));
    }
}
