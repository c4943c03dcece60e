//! Tablets, and the grants that let them work offline for days. A tablet that sends a public key is
//! registered as a device of its person, and its grant is bound to that key.
//!
//! Invariants: each grant is a separate session, and edges learn of its end through the feed; the
//! end of a device ends its grants.

use process::{
    tokens::{Claims, TokenBinding},
    trace::TraceId,
};
use wire::{DeviceId, DeviceKey, FieldError, Region, Role};

use crate::{
    domain::DeviceLabel,
    errors::ServiceError,
    service::{Service, build_session_revoked_event},
    store::{DeviceEnding, NewGrant, RegisteredDevice, UserSession},
};

/// The tablet that a grant is for, and the region of its edges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tablet {
    pub region: Region,
    pub device: DeviceId,
    pub registration: Option<DeviceRegistration>,
}

/// The key of a tablet, and its person's label for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRegistration {
    key: DeviceKey,
    label: DeviceLabel,
}

/// The tablet that a sign-in form names.
pub struct TabletForm {
    pub device: DeviceId,
    pub key: Option<DeviceKey>,
    pub label: Option<String>,
}

impl TabletForm {
    pub fn into_tablet(self, region: Region) -> Result<Tablet, FieldError> {
        let Self { device, key, label } = self;
        let registration =
            DeviceRegistration::from_form(key, "tablet_label", label.as_deref(), &device)?;
        Ok(Tablet {
            region,
            device,
            registration,
        })
    }
}

impl DeviceRegistration {
    /// `None` without a key; the label is checked even then. Without a label, the device's id is
    /// the label. `field` is the label's field in the form.
    pub fn from_form(
        key: Option<DeviceKey>,
        field: &str,
        label: Option<&str>,
        device: &DeviceId,
    ) -> Result<Option<Self>, FieldError> {
        let label = DeviceLabel::new(field, label.unwrap_or(device.as_str()))?;
        Ok(key.map(|key| Self { key, label }))
    }

    pub fn binding(&self) -> TokenBinding {
        TokenBinding {
            key: self.key.clone(),
        }
    }
}

impl Service {
    /// Registers the tablet of a new grant, and ends the grants that this one replaces.
    pub async fn record_grant(
        &self,
        claims: &Claims,
        session: &UserSession,
        registration: Option<DeviceRegistration>,
        trace: &TraceId,
    ) -> Result<(), ServiceError> {
        let now = self.clock.now();
        let device = registration.and_then(|known| build_device(session, known));
        let grant = NewGrant {
            session,
            device: device.as_ref(),
            now,
        };
        let ending = self.sessions.begin_revocation();
        let ended = self
            .store
            .record_grant(grant, |ended| {
                build_session_revoked_event(&self.clock, trace, claims.sub, claims.role, ended)
            })
            .await?;
        tracing::info!(
            user.id = %claims.sub, session.id = %session.id, device = session.device.as_ref().map(DeviceId::as_str),
            bound = device.is_some(), ended = ended.len(), "Issued a device grant to a tablet"
        );
        self.blacklist_ended(ending, &ended, now).await;
        Ok(())
    }

    /// Ends a device of a person with this role. Returns false if it had ended before or is not
    /// theirs.
    pub async fn end_device(
        &self,
        ending: DeviceEnding,
        role: Role,
        trace: &TraceId,
    ) -> Result<bool, ServiceError> {
        let DeviceEnding { user, device, .. } = ending;
        let pending = self.sessions.begin_revocation();
        let ended = self
            .store
            .end_device(ending, |session| {
                build_session_revoked_event(&self.clock, trace, user, role, session)
            })
            .await?;
        let Some(sessions) = ended else {
            pending.mark_reported();
            return Ok(false);
        };
        tracing::info!(
            user.id = %user, device.registered = %device, by = ending.by.map(tracing::field::display),
            ended = sessions.len(), "Ended a device"
        );
        self.blacklist_ended(pending, &sessions, ending.at).await;
        Ok(true)
    }
}

/// `None` for a session without a tablet or a key.
fn build_device(
    session: &UserSession,
    registration: DeviceRegistration,
) -> Option<RegisteredDevice> {
    Some(RegisteredDevice {
        id: session.device_id?,
        user_id: session.user_id,
        label: registration.label.into_string(),
        tablet: session.device.clone()?,
        first_seen_at: session.created_at,
        renewed_at: session.created_at,
        ended_at: None,
    })
}
