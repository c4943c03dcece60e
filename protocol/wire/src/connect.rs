//! The credentials with which a tablet signs in to its edge's MQTT broker. The client id is the
//! device id, optionally with a dot and a suffix, so that a device can hold several connections.
//! The user name is the device id, the password the person's token.

use crate::{Code, DeviceId};

/// The device and the token of a CONNECT packet, not yet verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TabletCredentials<'a> {
    pub device: DeviceId,
    pub token: &'a str,
}

impl<'a> TabletCredentials<'a> {
    pub fn read(
        client_id: &str,
        user_name: Option<&str>,
        password: Option<&'a [u8]>,
    ) -> Result<Self, Code> {
        let device = DeviceId::from_client_id(client_id).ok_or(Code::InvalidCredentials)?;
        if user_name != Some(device.as_str()) {
            return Err(Code::InvalidCredentials);
        }
        let token = password.and_then(|text| str::from_utf8(text).ok());
        Ok(Self {
            device,
            token: token.ok_or(Code::InvalidCredentials)?,
        })
    }
}

impl DeviceId {
    /// The device behind a client id.
    pub fn from_client_id(client_id: &str) -> Option<Self> {
        let (device, _) = client_id.split_once('.').unwrap_or((client_id, ""));
        Self::new(device).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(name: &str) -> DeviceId {
        DeviceId::new(name).unwrap()
    }

    #[test]
    fn a_device_may_hold_several_connections() {
        assert_eq!(
            DeviceId::from_client_id("tablet-7"),
            Some(device("tablet-7"))
        );
        assert_eq!(
            DeviceId::from_client_id("tablet-7.second"),
            Some(device("tablet-7"))
        );
        assert_eq!(DeviceId::from_client_id(""), None);
        assert_eq!(DeviceId::from_client_id("Tablet 7"), None);
    }

    #[test]
    fn the_user_name_is_the_device_and_the_password_is_text() {
        let read = |name, password: Option<&'static [u8]>| {
            TabletCredentials::read("tablet-7.x", name, password)
        };
        let mine = Some("tablet-7");
        let token = Some(b"a.b.c".as_slice());
        let whole = TabletCredentials {
            device: device("tablet-7"),
            token: "a.b.c",
        };
        assert_eq!(read(mine, token), Ok(whole));
        for (name, password) in [
            (None, token),
            (Some("tablet-8"), token),
            (Some("tablet-7.x"), token),
            (mine, None),
            (mine, Some(b"\xff".as_slice())),
        ] {
            assert_eq!(
                read(name, password),
                Err(Code::InvalidCredentials),
                "{name:?}"
            );
        }
    }
}
