//! MQTT between tablets and their edge: the topics with the users of each, and the credentials with
//! which a tablet signs in to the broker.
//!
//! The client id is the device id, optionally with a dot and a suffix, so that a device can hold
//! several connections. The user name is the device id, the password the person's token.

use crate::{
    code::Code,
    ids::{DeviceId, EdgeId, Region, UserId},
    person::{Actor, Role},
};

fn topic_base(region: Region, edge: &EdgeId) -> String {
    format!("hf/{region}/{edge}")
}

/// Tablet to edge: commands.
pub fn command_topic(region: Region, edge: &EdgeId, device: &DeviceId) -> String {
    format!("{}/cmd/{device}", topic_base(region, edge))
}

/// Edge to tablet: replies to that tablet's commands.
pub fn reply_topic(region: Region, edge: &EdgeId, device: &DeviceId) -> String {
    format!("{}/reply/{device}", topic_base(region, edge))
}

/// Edge to all: changes of the board, with their feed number.
pub fn changes_topic(region: Region, edge: &EdgeId) -> String {
    format!("{}/changes", topic_base(region, edge))
}

/// Edge to one provider, on any tablet: the outcomes of their own commands.
pub fn provider_topic(region: Region, edge: &EdgeId, user: UserId) -> String {
    format!("{}/provider/{user}", topic_base(region, edge))
}

/// Edge to all, retained: edge, epoch, boot nonce and seq.
pub fn head_topic(region: Region, edge: &EdgeId) -> String {
    format!("{}/head", topic_base(region, edge))
}

/// Edge to all, retained: whether the edge is connected. Its last will says that it is not.
pub fn presence_topic(region: Region, edge: &EdgeId) -> String {
    format!("{}/presence", topic_base(region, edge))
}

/// All command topics of the edge, as it subscribes to them at an external broker.
pub fn command_filter(region: Region, edge: &EdgeId) -> String {
    format!("{}/cmd/+", topic_base(region, edge))
}

/// The device that publishes on this command topic of the edge.
pub fn parse_command_topic(region: Region, edge: &EdgeId, topic: &str) -> Option<DeviceId> {
    let device = topic
        .strip_prefix(&topic_base(region, edge))?
        .strip_prefix("/cmd/")?;
    DeviceId::new(device).ok()
}

/// A device may publish only its own commands.
pub fn may_publish(region: Region, edge: &EdgeId, device: &DeviceId, topic: &str) -> bool {
    topic == command_topic(region, edge, device)
}

/// A device may subscribe to its own replies, its user's outcomes, the head, the edge's presence,
/// and the board.
/// Customers may not subscribe to the board, because they may read only their own orders. Wildcards
/// are never required, so all are refused.
pub fn may_subscribe(
    region: Region,
    edge: &EdgeId,
    device: &DeviceId,
    actor: Actor,
    filter: &str,
) -> bool {
    filter == reply_topic(region, edge, device)
        || filter == provider_topic(region, edge, actor.user_id)
        || (filter == changes_topic(region, edge) && actor.role != Role::Customer)
        || filter == head_topic(region, edge)
        || filter == presence_topic(region, edge)
}

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

    #[test]
    fn a_device_reaches_its_own_topics_and_no_others() {
        let region = Region::North;
        let edge = EdgeId::new("north-1").unwrap();
        let mine = DeviceId::new("t-1").unwrap();
        let other = DeviceId::new("t-2").unwrap();
        let capital = DeviceId::new("T-1").unwrap();
        let actor = |role| Actor {
            user_id: UserId(uuid::Uuid::nil()),
            role,
        };
        let user = actor(Role::Provider);
        assert!(may_publish(
            region,
            &edge,
            &mine,
            "hf/NORTH/north-1/cmd/t-1"
        ));
        for topic in [
            command_topic(region, &edge, &other),
            command_topic(region, &edge, &capital),
            reply_topic(region, &edge, &mine),
            "#".into(),
        ] {
            assert!(!may_publish(region, &edge, &mine, &topic), "{topic}");
        }
        for filter in [
            "#",
            "hf/#",
            "hf/NORTH/north-1/reply/+",
            "$share/g/hf/NORTH/north-1/changes",
        ] {
            assert!(
                !may_subscribe(region, &edge, &mine, user, filter),
                "{filter}"
            );
        }
        for foreign in [&other, &capital] {
            let replies = reply_topic(region, &edge, foreign);
            assert!(!may_subscribe(region, &edge, &mine, user, &replies));
        }
        assert!(may_subscribe(
            region,
            &edge,
            &mine,
            user,
            &reply_topic(region, &edge, &mine)
        ));
        for (role, hears) in [
            (Role::Customer, false),
            (Role::Provider, true),
            (Role::Admin, true),
        ] {
            let board = changes_topic(region, &edge);
            assert_eq!(
                may_subscribe(region, &edge, &mine, actor(role), &board),
                hears,
                "{role:?}"
            );
        }
        assert_eq!(
            parse_command_topic(region, &edge, &command_topic(region, &edge, &mine)),
            Some(mine)
        );
        assert_eq!(
            parse_command_topic(region, &edge, "hf/SOUTH/north-1/cmd/t-1"),
            None
        );
    }

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
        assert_eq!(
            DeviceId::from_client_id("Tablet7.Second"),
            Some(device("Tablet7"))
        );
        for bad in ["", ".second", "Tablet 7", "tablet/7", "täblet"] {
            assert_eq!(DeviceId::from_client_id(bad), None, "{bad}");
        }
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
            (Some("Tablet-7"), token),
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
