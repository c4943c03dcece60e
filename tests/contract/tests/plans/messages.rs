//! The statement on the messages of a region's orders, which each edge causes every few seconds.

use order::store::Store;
use wire::{MESSAGE_MARKS_MAX, MessageMark, MessagesQuery, OrderId, Region};

/// For one order and for as many as an edge may name.
pub(crate) async fn messages_after_marks(store: &Store, order_id: OrderId) {
    for count in [1, MESSAGE_MARKS_MAX] {
        let mark = MessageMark {
            order_id,
            number: 99,
        };
        let query = MessagesQuery {
            region: Region::North,
            marks: vec![mark; count],
        };
        let told = store.list_messages_after_marks(&query, 9).await.unwrap();
        assert!(told.is_empty());
    }
}
