//! Boards: the orders that each reader may see.
//!
//! Invariants: a board is never older than its request; the orders are read once per state of the
//! file, at most half of the time, on a connection that delays no other work; an order that reads
//! the same for all providers is serialised once.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use journal::JournalError;
use process::clock::Clock;
use serde::Serialize;
use tokio::{
    sync::Mutex,
    time::{Instant, sleep_until},
};
use utoipa::ToSchema;
use wire::{
    AcceptanceCertainty, Actor, EdgeId, Hash, Order, OrderCode, ReceiptSecret, Region,
    order_visible_given_certainty, order_visible_to_every_provider,
};

use crate::store::{BoardItem, EdgeIdentity, Store};

const ITEMS_MAX: usize = 1_000;
/// Boards cached per state of the file; at the limit the cache is cleared.
const BOARDS_MAX: usize = 256;

/// The orders that you may read, pending ones first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Board {
    edge: EdgeId,
    region: Region,
    feed_seq: u64,
    items: Vec<BoardItem>,
}

#[derive(Clone)]
pub(crate) struct BoardCache {
    identity: EdgeIdentity,
    store: Store,
    clock: Clock,
    shown: Arc<Mutex<BoardCacheState>>,
}

/// A serialised answer, such as a board, and its ETag.
#[derive(Debug, Clone)]
pub(crate) struct TaggedJson {
    pub body: Bytes,
    pub etag: String,
}

#[derive(Default)]
struct BoardCacheState {
    region: Option<RegionOrders>,
    /// The next read starts no earlier.
    rests_until: Option<Instant>,
}

/// All orders at one state of the file.
struct RegionOrders {
    version: u64,
    feed_seq: u64,
    items: Vec<SerializedItem>,
    boards: HashMap<Actor, TaggedJson>,
}

struct SerializedItem {
    item: BoardItem,
    certainty: AcceptanceCertainty,
    /// The version for every provider.
    open: Option<(Order, Bytes)>,
}

impl BoardCache {
    pub(crate) fn new(identity: &EdgeIdentity, store: &Store, clock: &Clock) -> Self {
        let identity = identity.clone();
        let store = store.clone();
        Self {
            identity,
            store,
            clock: clock.clone(),
            shown: Arc::default(),
        }
    }

    pub(crate) async fn board_for_reader(&self, reader: Actor) -> Result<TaggedJson, JournalError> {
        let asked_at = self.store.commit_version();
        // One read then answers everyone who waits here.
        let mut shown = self.shown.lock().await;
        if shown
            .region
            .as_ref()
            .is_none_or(|region| region.version < asked_at)
        {
            self.reload_orders(&mut shown).await?;
        }
        let Some(region) = &mut shown.region else {
            return Err(JournalError::Stopped);
        };
        Ok(region.serialize_board(&self.identity, reader))
    }

    /// The reader's order with this code, if the secret opens it.
    pub(crate) async fn find_order(
        &self,
        reader: Actor,
        code: &OrderCode,
        secret: &ReceiptSecret,
    ) -> Result<Option<BoardItem>, JournalError> {
        let (_, items) = self.store.load_board(&self.identity).await?;
        let found = items.into_iter().find_map(|(item, certainty)| {
            let order = order_visible_given_certainty(&item.order, reader, certainty)?;
            (order.code == *code && secret.opens(order.id)).then_some(BoardItem {
                order,
                pending: item.pending,
            })
        });
        Ok(found)
    }

    async fn reload_orders(&self, shown: &mut BoardCacheState) -> Result<(), JournalError> {
        if let Some(until) = shown.rests_until {
            sleep_until(until).await;
        }
        let started = self.clock.elapsed();
        let version = self.store.commit_version();
        let (feed_seq, items) = self.store.load_board(&self.identity).await?;
        let items = items
            .into_iter()
            .map(|(item, hold)| SerializedItem::from_board_item(item, hold))
            .collect();
        shown.region = Some(RegionOrders {
            version,
            feed_seq,
            items,
            boards: HashMap::new(),
        });
        let took = self.clock.elapsed().saturating_sub(started);
        shown.rests_until = Some(Instant::now() + took);
        Ok(())
    }
}

impl TaggedJson {
    pub(crate) fn new(answer: &impl Serialize) -> Self {
        Self::from_body(serialize_json(answer))
    }

    fn from_body(body: Bytes) -> Self {
        let etag = format!("\"{}\"", Hash::digest_bytes(&body));
        Self { body, etag }
    }
}

impl RegionOrders {
    fn serialize_board(&mut self, identity: &EdgeIdentity, reader: Actor) -> TaggedJson {
        if let Some(board) = self.boards.get(&reader) {
            return board.clone();
        }
        let empty = Board {
            edge: identity.edge_id.clone(),
            region: identity.region,
            feed_seq: self.feed_seq,
            items: Vec::new(),
        };
        let mut body = serialize_json(&empty).to_vec();
        // Cuts the `]}` after the empty list.
        body.truncate(body.len() - 2);
        let items = self
            .items
            .iter()
            .filter_map(|item| item.for_reader(reader))
            .take(ITEMS_MAX);
        for (n, item) in items.enumerate() {
            if n > 0 {
                body.push(b',');
            }
            body.extend_from_slice(&item);
        }
        body.extend_from_slice(b"]}");
        let board = TaggedJson::from_body(body.into());
        if self.boards.len() >= BOARDS_MAX {
            self.boards.clear();
        }
        self.boards.insert(reader, board.clone());
        board
    }
}

impl SerializedItem {
    fn from_board_item(item: BoardItem, certainty: AcceptanceCertainty) -> Self {
        let open = order_visible_to_every_provider(&item.order).map(|order| {
            let bytes = serialize_json(&BoardItem {
                order: order.clone(),
                pending: item.pending,
            });
            (order, bytes)
        });
        Self {
            item,
            certainty,
            open,
        }
    }

    fn for_reader(&self, reader: Actor) -> Option<Bytes> {
        let order = order_visible_given_certainty(&self.item.order, reader, self.certainty)?;
        match &self.open {
            Some((open, bytes)) if *open == order => Some(bytes.clone()),
            _ => Some(serialize_json(&BoardItem {
                order,
                pending: self.item.pending,
            })),
        }
    }
}

/// Serialising to memory cannot fail.
fn serialize_json(word: &impl Serialize) -> Bytes {
    let bytes = serde_json::to_vec(word);
    debug_assert!(bytes.is_ok(), "memory takes every byte");
    bytes.unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use wire::{BootNonce, FeedChange, Role};

    use super::*;
    use crate::tests::{People, identity, order};

    #[tokio::test]
    async fn a_board_is_written_once_for_each_state_of_the_file_and_never_old() {
        let people = People::new();
        let data = tempfile::tempdir().unwrap();
        let now = people.clock.now();
        let nonce = BootNonce([1; 16]);
        let (store, _) = Store::open(data.path(), identity(), nonce, now)
            .await
            .unwrap();
        let boards = BoardCache::new(&identity(), &store, &people.clock);
        let reader = |n, role| Actor {
            user_id: people.user(n),
            role,
        };
        let of = async |n, role| boards.board_for_reader(reader(n, role)).await.unwrap();
        let ids = |board: &TaggedJson| {
            let board: Value = serde_json::from_slice(&board.body).unwrap();
            board["items"].as_array().unwrap().len()
        };
        assert_eq!(ids(&of(20, Role::Provider).await), 0);
        for n in 1..=3 {
            store
                .apply_changes(n, vec![FeedChange::Order(order(n.into(), 1))], now)
                .await
                .unwrap();
            assert_eq!(
                ids(&of(20, Role::Provider).await),
                usize::try_from(n).unwrap()
            );
        }
        let one = of(20, Role::Provider).await;
        let other = of(21, Role::Provider).await;
        assert_eq!((one.etag.clone(), &one.body), (other.etag, &other.body));
        let again = of(20, Role::Provider).await;
        assert_eq!(
            again.body.as_ptr(),
            one.body.as_ptr(),
            "the same bytes, not the same again"
        );
        let own = of(10, Role::Customer).await;
        assert_ne!(own.etag, one.etag, "the customer reads the address");
        assert_eq!((ids(&own), ids(&of(11, Role::Customer).await)), (3, 0));
    }
}
