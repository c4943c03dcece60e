//! Checks an order on an edge's board against the edge's file.

use http::Method;
use platform::vals;
use serde::Deserialize;
use wire::{Order, OrderId, Role, order_visible_to};

use super::{EDGE_ANSWERS_WITHIN, Question, Silence, Witness, outside, unequal};
use crate::plan::Seat;

pub(super) struct OnBoard<'a> {
    pub witness: &'a Witness<'a>,
    pub seat: Seat,
    pub order: OrderId,
}

#[derive(Debug, PartialEq)]
pub(super) struct OrderAtEdge {
    feed_cursor: u64,
    outcome_cursor: u64,
    log_end: u64,
    /// The decided order as far as the reader may see it.
    shown: Option<Order>,
    /// Undecided commands on the order.
    pending: u64,
}

pub(super) struct BoardWord {
    order: OrderId,
    board: Board,
}

#[derive(Debug, Deserialize)]
struct Board {
    feed_seq: u64,
    items: Vec<Item>,
}

#[derive(Debug, Deserialize)]
struct Item {
    #[serde(flatten)]
    order: Order,
    pending: bool,
}

impl Question for OnBoard<'_> {
    type State = OrderAtEdge;
    type Word = BoardWord;
    const NAME: &'static str = "a board";

    async fn state(&self) -> Option<OrderAtEdge> {
        const ENDS: &str = "SELECT feed_cursor, outcome_cursor, \
            (SELECT COALESCE(MAX(seq), 0) FROM log WHERE log.epoch = edge.epoch), \
            (SELECT bytes FROM orders WHERE id = ?), \
            (SELECT COUNT(*) FROM pending WHERE order_id = ?) FROM edge";
        type Row = (u64, u64, u64, Option<Vec<u8>>, u64);
        let file = self.witness.scene.truth.edge(self.seat);
        let row = file
            .fetch_optional(ENDS, vals![self.order, self.order])
            .await
            .ok()?;
        let (feed_cursor, outcome_cursor, log_end, bytes, pending): Row = row?;
        let order: Option<Order> = bytes.map(|bytes| minicbor::decode(&bytes).expect("an order"));
        let reader = self.reader();
        let actor = wire::Actor {
            user_id: reader.user_id,
            role: Role::Provider,
        };
        let shown = order.and_then(|order| order_visible_to(&order, actor));
        Some(OrderAtEdge {
            feed_cursor,
            outcome_cursor,
            log_end,
            shown,
            pending,
        })
    }

    async fn word(&self) -> Result<BoardWord, Silence> {
        let url = format!("{}/board", self.witness.scene.edge_url(self.seat));
        let client = &self.witness.client;
        let token = Some(&*self.reader().token);
        let board = client
            .send_json(Method::GET, &url, token, None::<&()>, EDGE_ANSWERS_WITHIN)
            .await?;
        Ok(BoardWord {
            order: self.order,
            board,
        })
    }

    fn difference(state: &OrderAtEdge, word: &BoardWord) -> Option<String> {
        let feed = unequal(
            "the feed's number",
            &state.feed_cursor,
            &word.board.feed_seq,
        );
        feed.or_else(|| word.item_unlike(state))
    }

    fn beyond(before: &OrderAtEdge, word: &BoardWord, after: &OrderAtEdge) -> Option<String> {
        let from = before.feed_cursor;
        let to = after.feed_cursor;
        let feed = outside("the feed's number", from, word.board.feed_seq, to);
        let item = || {
            let is_at_rest = before.log_end == after.log_end
                && before.outcome_cursor == after.outcome_cursor
                && before.shown == after.shown;
            is_at_rest.then(|| word.item_unlike(before)).flatten()
        };
        feed.or_else(item)
    }

    fn kinds(state: &OrderAtEdge) -> Vec<&'static str> {
        vec![match (state.pending, &state.shown) {
            (1.., _) => "a board with undecided work on the order",
            (0, Some(_)) => "a board with the order",
            (0, None) => "a board without the order",
        }]
    }

    fn falsify(word: &mut BoardWord) {
        word.board.feed_seq += 1;
    }
}

impl OnBoard<'_> {
    fn reader(&self) -> &support::Person {
        self.witness.scene.ground(self.seat.region).at_first[0].person()
    }
}

impl BoardWord {
    fn item_unlike(&self, state: &OrderAtEdge) -> Option<String> {
        let item = self
            .board
            .items
            .iter()
            .find(|item| item.order.id == self.order);
        match item {
            // Undecided work overlays the order, and may hide it from this reader.
            Some(item) if state.pending > 0 => unequal("its waiting", &true, &item.pending),
            None if state.pending > 0 => None,
            item => {
                let said = item.map(|item| (&item.order, item.pending));
                let stored = state.shown.as_ref().map(|order| (order, false));
                unequal("the order", &stored, &said)
            }
        }
    }
}
