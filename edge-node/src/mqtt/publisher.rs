//! Publishes an edge's messages to its tablets on the topics of `wire`: replies, a person's own
//! outcomes, board changes and the head.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use axum::Router;
use engine::view::EdgeOrderView;
use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;
use wire::{
    BootNonce, DeviceId, EdgeId, OrderId, Region, Reply, UnixMillis, UserId,
    order_visible_to_every_provider, topics,
};

use super::{
    access::TabletSessions,
    connections::{MqttServer, websocket_routes},
    delivery::Delivery,
    external::ExternalBroker,
};
use crate::{
    authentication::{TabletSender, TokenAuthenticator},
    people::PeopleRegistry,
    store::{BoardItem, DecidedCommand, EdgeIdentity},
};

#[derive(Clone)]
pub(crate) struct TabletPublisher {
    pub identity: EdgeIdentity,
    pub broker: Broker,
    pub feed_seq: watch::Receiver<u64>,
}

/// The broker between the edge and its tablets.
#[derive(Clone)]
pub(crate) enum Broker {
    Embedded(EmbeddedBroker),
    External(ExternalBroker),
}

/// The broker in this process.
#[derive(Clone)]
pub(crate) struct EmbeddedBroker {
    pub(super) delivery: Arc<Delivery>,
    pub(super) signed_in: Arc<TabletSessions>,
    pub(super) people: PeopleRegistry,
    pub(super) authenticator: TokenAuthenticator,
    pub(super) server: MqttServer,
    pub(super) addresses: TabletAddresses,
}

/// Where the embedded broker listens for tablets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TabletAddresses {
    pub mqtt: SocketAddr,
    pub websocket: SocketAddr,
}

/// Board changes up to `feed_seq`. Every provider may read `items`; they may not, or no longer,
/// read `gone`. People involved in an order read it on their own board.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = BoardChanges)]
pub(crate) struct Changes<'a> {
    pub edge: &'a EdgeId,
    pub region: Region,
    pub feed_seq: u64,
    pub items: Vec<BoardItem>,
    pub gone: Vec<OrderId>,
}

/// The log's position. A tablet that sees a new epoch or nonce resends its undecided commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct LogHead {
    pub edge: EdgeId,
    pub region: Region,
    pub epoch: u64,
    pub nonce: BootNonce,
    pub seq: u64,
    /// The log may not be the one behind earlier answers, so this edge makes no firm promises.
    pub suspect: bool,
    /// Another instance of this edge is running.
    pub twin: bool,
    /// The cloud has been unreachable since then.
    #[schema(required)]
    pub cut_off_since: Option<UnixMillis>,
}

/// Whether the edge is connected to its broker.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = EdgePresence)]
pub(crate) struct Presence {
    pub edge: EdgeId,
    pub online: bool,
}

impl Presence {
    pub(super) fn encode(edge: &EdgeId, online: bool) -> Vec<u8> {
        let presence = Self {
            edge: edge.clone(),
            online,
        };
        // A name and a flag always serialize.
        serde_json::to_vec(&presence).unwrap_or_default()
    }
}

/// Orders in one change message: many clients reject packets above 10 KiB.
const ITEMS_MAX: usize = 8;
const GONE_MAX: usize = 64;

impl TabletPublisher {
    /// Publishes the answer to a command to the tablet that sent it.
    pub(crate) fn publish_answer(&self, sender: &TabletSender, reply: &Reply) {
        self.publish_reply(&sender.device, sender.actor.user_id, reply);
    }

    /// Publishes to that person on that device; skipped if another person has signed in on it.
    fn publish_reply(&self, device: &DeviceId, user: UserId, reply: &Reply) {
        if self.broker.may_receive(device, user) {
            let topic = topics::reply_topic(self.identity.region, &self.identity.edge_id, device);
            self.publish_json(&topic, reply, false);
        }
    }

    /// Publishes the cloud's decision to the sending tablet, if the same person holds it, and to
    /// that person on all devices.
    pub(crate) fn publish_decision(&self, settled: &DecidedCommand, reply: &Reply) {
        let user = settled.stored.user_id;
        if let Some(device) = &settled.stored.device {
            self.publish_reply(device, user, reply);
        }
        let topic = topics::provider_topic(self.identity.region, &self.identity.edge_id, user);
        self.publish_json(&topic, reply, false);
    }

    /// The topic is public to all providers, so only open orders are published in full; others go
    /// out as `gone`.
    pub(crate) fn publish_changes(&self, views: Vec<EdgeOrderView>, gone: Vec<OrderId>) {
        let (mut items, mut gone) = split_orders(views, gone);
        while !items.is_empty() || !gone.is_empty() {
            let more_items = items.split_off(items.len().min(ITEMS_MAX));
            let more_gone = gone.split_off(gone.len().min(GONE_MAX));
            let changes = Changes {
                edge: &self.identity.edge_id,
                region: self.identity.region,
                feed_seq: *self.feed_seq.borrow(),
                items: std::mem::replace(&mut items, more_items),
                gone: std::mem::replace(&mut gone, more_gone),
            };
            let topic = topics::changes_topic(self.identity.region, &self.identity.edge_id);
            self.publish_json(&topic, &changes, false);
        }
    }

    /// Retained, so that a tablet gets it as soon as it subscribes.
    pub(crate) fn publish_head(&self, head: &LogHead) {
        let topic = topics::head_topic(self.identity.region, &self.identity.edge_id);
        self.publish_json(&topic, head, true);
    }

    fn publish_json(&self, topic: &str, word: &impl Serialize, retain: bool) {
        match serde_json::to_vec(word) {
            Ok(payload) => self.broker.publish(topic, payload, retain),
            Err(error) => tracing::error!(%error, topic, "Could not serialize a message"),
        }
    }
}

impl Broker {
    /// A retained message replaces the previous one on its topic.
    pub(super) fn publish(&self, topic: &str, payload: Vec<u8>, retain: bool) {
        match self {
            Self::Embedded(broker) => broker.delivery.publish(topic, payload, retain),
            Self::External(broker) => broker.publish(topic, payload, retain),
        }
    }

    /// True if that person's connection on that device would be admitted. An external broker
    /// decides that itself.
    pub(crate) fn would_admit(&self, device: &DeviceId, user: UserId) -> bool {
        match self {
            Self::Embedded(broker) => {
                broker.signed_in.is_free_for(device, user)
                    || broker.people.owns_device(user, device)
            }
            Self::External(_) => true,
        }
    }

    /// True if a message for that person may go to that device: no other person is signed in on it.
    fn may_receive(&self, device: &DeviceId, user: UserId) -> bool {
        match self {
            Self::Embedded(broker) => broker.signed_in.is_free_for(device, user),
            Self::External(broker) => broker.is_last_user(device, user),
        }
    }

    /// True if a message may reach that person now.
    pub(crate) fn may_hear(&self, user: UserId) -> bool {
        match self {
            Self::Embedded(broker) => broker.signed_in.is_signed_in(user),
            Self::External(broker) => broker.is_connected(),
        }
    }

    /// Ends connections whose token has expired or been revoked. An external broker keeps its
    /// connections; the token in each command counts.
    pub(crate) fn close_unauthorized_connections(&self) {
        if let Self::Embedded(broker) = self {
            broker.signed_in.end_unauthorized(&broker.authenticator);
        }
    }

    /// The routes for MQTT over WebSocket on the HTTP port. An external broker has its own.
    pub(crate) fn websocket_routes(&self, paths: &[&str]) -> Router {
        match self {
            Self::Embedded(broker) => websocket_routes(paths, broker.server.clone()),
            Self::External(_) => Router::new(),
        }
    }

    /// `None` if tablets connect to an external broker.
    pub(crate) fn tablet_addresses(&self) -> Option<TabletAddresses> {
        match self {
            Self::Embedded(broker) => Some(broker.addresses),
            Self::External(_) => None,
        }
    }

    /// For the readiness report.
    pub(crate) fn check_readiness(&self) -> Result<(), String> {
        match self {
            Self::Embedded(_) => Ok(()),
            Self::External(broker) => broker.check_readiness(),
        }
    }
}

/// Splits the orders into those that every provider may read and the rest. The last view of an
/// order counts.
fn split_orders(views: Vec<EdgeOrderView>, gone: Vec<OrderId>) -> (Vec<BoardItem>, Vec<OrderId>) {
    let mut items = BTreeMap::new();
    for EdgeOrderView { order, pending, .. } in views {
        if let Some(order) = order {
            let open = order_visible_to_every_provider(&order);
            let item = open.map(|order| BoardItem {
                order,
                pending: pending.iter().any(|op| !op.keeps_order),
            });
            items.insert(order.id, item);
        }
    }
    items.extend(gone.into_iter().map(|order_id| (order_id, None)));
    let gone = items
        .iter()
        .filter(|(_, item)| item.is_none())
        .map(|(id, _)| *id)
        .collect();
    (items.into_values().flatten().collect(), gone)
}

#[cfg(test)]
mod tests {
    use wire::{Order, OrderStatus};

    use super::*;
    use crate::tests::{id, order};

    #[test]
    fn all_hear_of_open_orders_and_of_others_only_that_they_are_not() {
        let view = |n, status| {
            let order = Order {
                status,
                ..order(n, 1)
            };
            EdgeOrderView {
                order: Some(order),
                ..EdgeOrderView::default()
            }
        };
        for status in OrderStatus::ALL {
            let (items, gone) = split_orders(vec![view(1, status)], Vec::new());
            let open = status == OrderStatus::Pending;
            assert_eq!(
                (items.len(), gone.len()),
                (usize::from(open), usize::from(!open))
            );
            assert!(items.iter().all(|item| item.order.address.is_empty()));
        }
        let twice = [OrderStatus::Accepted, OrderStatus::Pending].map(|status| view(1, status));
        let (items, gone) = split_orders(twice.into(), vec![OrderId(id(2))]);
        assert_eq!((items.len(), gone), (1, vec![OrderId(id(2))]));
    }
}
