//! What an edge says to its tablets, in words of `wire` on the topics of `wire`: replies, a person's
//! own outcomes, changes of the board, and the head.

use engine::view::Sight;
use serde::Serialize;
use tokio::sync::watch;
use wire::{BootNonce, DeviceId, EdgeId, Order, OrderId, Region, Reply, UserId, topics};

use crate::{
    intake::public,
    mqtt::Mqtt,
    store::{Identity, Settled},
};

/// Clones speak on the same broker.
#[derive(Clone)]
pub struct Voice {
    identity: Identity,
    mqtt: Mqtt,
    feed_seq: watch::Receiver<u64>,
}

/// An order on the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BoardItem {
    #[serde(flatten)]
    pub order: Order,
    /// It rests on something that the cloud has not decided.
    pub pending: bool,
}

/// What changed on the board; `feed_seq` is the feed's number that the view stands on.
#[derive(Debug, Clone, Serialize)]
pub struct Changes<'a> {
    pub edge: &'a EdgeId,
    pub region: Region,
    pub feed_seq: u64,
    pub items: Vec<BoardItem>,
    pub gone: Vec<OrderId>,
}

/// Where the log stands. A tablet that sees another epoch or nonce than before sends its undecided
/// commands again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Head {
    pub edge: EdgeId,
    pub region: Region,
    pub epoch: u64,
    pub nonce: BootNonce,
    pub seq: u64,
}

/// So many orders go into one message of changes; more go into several. Clients commonly take no
/// packet above 10 KiB unless told to.
const ITEMS_MAX: usize = 8;

impl Voice {
    pub fn new(identity: Identity, mqtt: Mqtt, feed_seq: watch::Receiver<u64>) -> Self {
        Self { identity, mqtt, feed_seq }
    }

    /// What that person may hear, on that device; nothing is said once another person holds it.
    pub async fn reply(&self, device: &DeviceId, user: UserId, reply: &Reply) {
        if self.mqtt.may_hear(device, user) {
            let topic = topics::reply(self.identity.region, &self.identity.name, device);
            self.say(&topic, reply, false).await;
        }
    }

    /// The cloud's decision: to the tablet that sent the command, as long as the same person holds it,
    /// and to that person on whatever tablet.
    pub async fn decided(&self, settled: &Settled, reply: &Reply) {
        let user = settled.stored.user_id;
        if let Some(device) = &settled.stored.device {
            self.reply(device, user, reply).await;
        }
        self.to_person(user, reply).await;
    }

    pub async fn changed(&self, sights: Vec<Sight>, gone: Vec<OrderId>) {
        let mut items: Vec<BoardItem> = sights.into_iter().filter_map(item).collect();
        let mut gone = Some(gone).filter(|gone| !gone.is_empty());
        while !items.is_empty() || gone.is_some() {
            let rest = items.split_off(items.len().min(ITEMS_MAX));
            let changes = Changes {
                edge: &self.identity.name,
                region: self.identity.region,
                feed_seq: *self.feed_seq.borrow(),
                items: std::mem::replace(&mut items, rest),
                gone: gone.take().unwrap_or_default(),
            };
            let topic = topics::changes(self.identity.region, &self.identity.name);
            self.say(&topic, &changes, false).await;
        }
    }

    /// Says nothing more to people who are revoked.
    pub async fn fall_silent_to(&self, users: &[UserId]) {
        if !users.is_empty() {
            self.mqtt.turn_out(users).await;
        }
    }

    /// Retained, so that a tablet that comes later hears it at once.
    pub async fn head(&self, head: &Head) {
        let topic = topics::head(self.identity.region, &self.identity.name);
        self.say(&topic, head, true).await;
    }

    async fn to_person(&self, user: UserId, reply: &Reply) {
        let topic = topics::provider(self.identity.region, &self.identity.name, user);
        self.say(&topic, reply, false).await;
    }

    async fn say(&self, topic: &str, word: &impl Serialize, retain: bool) {
        match serde_json::to_vec(word) {
            Ok(payload) => self.mqtt.publish(topic, payload, retain).await,
            Err(error) => tracing::error!(%error, topic, "A message could not be written"),
        }
    }
}

/// An order as it stands on the board for everyone.
pub fn item(sight: Sight) -> Option<BoardItem> {
    public(sight).map(|(order, pending)| BoardItem { order, pending })
}
