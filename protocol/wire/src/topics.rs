//! The MQTT topics between tablets and their edge, and the users of each.

use crate::{Actor, DeviceId, EdgeId, Region, Role, UserId};

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

/// The device that publishes on this command topic of the edge.
pub fn device_of_cmd(region: Region, edge: &EdgeId, topic: &str) -> Option<DeviceId> {
    let device = topic
        .strip_prefix(&topic_base(region, edge))?
        .strip_prefix("/cmd/")?;
    DeviceId::new(device).ok()
}

/// A device may publish only its own commands.
pub fn may_publish(region: Region, edge: &EdgeId, device: &DeviceId, topic: &str) -> bool {
    topic == command_topic(region, edge, device)
}

/// A device may subscribe to its own replies, its user's outcomes, the head, and the board.
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
        assert!(!may_subscribe(
            region,
            &edge,
            &mine,
            user,
            &reply_topic(region, &edge, &other)
        ));
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
            device_of_cmd(region, &edge, &command_topic(region, &edge, &mine)),
            Some(mine)
        );
        assert_eq!(
            device_of_cmd(region, &edge, "hf/SOUTH/north-1/cmd/t-1"),
            None
        );
    }
}
