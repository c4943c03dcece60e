//! The statement on the messages of a region's orders, which each edge causes every few seconds, and
//! those on the photos of messages.

use order::store::{ChunkResult, PhotoName, PhotoPurpose, PhotoVerdict, Store};
use platform::files::FileKind;
use wire::{
    Actor, CommandId, EdgeId, MESSAGE_MARKS_MAX, MessageMark, MessagesQuery, OrderId,
    PhotoChunkDelivery, Region,
};

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
            photo: None,
        };
        let told = store.list_messages_after_marks(&query, 9).await.unwrap();
        assert!(told.is_empty());
    }
}

/// The photo that each message of the order names, from its first chunk on until it is kept.
pub(crate) async fn message_photos(store: &Store, order_id: OrderId, reader: Actor) {
    let messages = store.list_messages(order_id, reader, None, 20).await;
    let messages = messages.unwrap();
    let [newest, ..] = &messages[..] else {
        panic!("no message")
    };
    let photo = newest.photo().expect("a photo");
    let chunk = PhotoChunkDelivery {
        edge: EdgeId::new("north-1").unwrap(),
        order_id,
        command_id: CommandId(newest.id),
        photo,
        offset: 0,
        body: vec![7; photo.bytes.try_into().unwrap()],
    };
    let ChunkResult::Whole(whole) = store.stage_photo_chunk(&chunk).await.unwrap() else {
        panic!("the photo is not whole")
    };
    let name = PhotoName {
        order_id,
        command_id: chunk.command_id,
        photo,
    };
    let purpose = store.find_photo_purpose(&name, whole.owner).await.unwrap();
    assert_eq!(purpose, PhotoPurpose::Message);
    let verdict = PhotoVerdict::Kept(FileKind::Jpeg);
    store.settle_photo(whole.id, verdict).await.unwrap();
    let arrivals = store.list_message_photo_arrivals(order_id, &messages).await;
    assert_eq!(arrivals.unwrap().len(), 1);
    for reader in [None, Some(reader)] {
        let found = store.find_message(order_id, newest.number, reader).await;
        assert!(found.unwrap().is_some());
    }
}
