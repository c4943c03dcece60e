//! Frames that bring the messages of a region's orders to its edges: an edge sends the last number
//! it has of each order, and the hub answers with the next messages. In other queries it asks for a
//! part of the photo of one message.
//!
//! Invariant: the messages of an order are numbered without a gap from 1 until one of its two people
//! is deleted, so an edge that names its last number misses none.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{
    ids::{CommandId, LinkSessionId, OrderId, Region, UserId},
    person::Role,
    photo::PhotoRef,
    time::UnixMillis,
};

/// Orders in one query.
pub const MESSAGE_MARKS_MAX: usize = 64;

/// Messages in one answer. The longest answer passes a slow line as quickly as any other frame.
pub const MESSAGES_IN_ANSWER_MAX: usize = 8;

/// The largest part of a photo in one answer: a second on a line of 256 kbit/s, so that an op waits
/// no longer for it.
pub const MESSAGE_PHOTO_PART_BYTES_MAX: usize = 32 * 1024;

/// How far an edge has the messages of an order: all up to this number, or none if it is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(array)]
pub struct MessageMark {
    #[n(0)]
    pub order_id: OrderId,
    #[n(1)]
    pub number: u64,
}

/// A message between an order's customer and this provider, as an edge stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct OrderMessage {
    #[n(0)]
    pub order_id: OrderId,
    #[n(1)]
    pub number: u64,
    /// The command or the idempotency key of its writer.
    #[n(2)]
    pub id: CommandId,
    #[n(3)]
    pub from: Role,
    #[n(4)]
    pub provider_id: UserId,
    #[n(5)]
    pub text: String,
    #[n(6)]
    pub sent_at: UnixMillis,
    /// As its writer named it. An edge asks for the picture itself with a [`MessagePhotoPlace`].
    #[n(7)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<PhotoRef>,
}

/// The part of a message's photo that begins at this byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct MessagePhotoPlace {
    #[n(0)]
    pub order_id: OrderId,
    #[n(1)]
    pub number: u64,
    #[n(2)]
    pub offset: u32,
}

/// The cloud's picture is a new encoding, so its size is not the one in the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct MessagePhotoPart {
    #[n(0)]
    pub place: MessagePhotoPlace,
    /// The size of the whole picture; 0 if the cloud does not have it.
    #[n(1)]
    pub bytes: u32,
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    #[serde(with = "hex::serde")]
    pub body: Vec<u8>,
    /// The cloud never gets the picture.
    #[n(3)]
    pub is_refused: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct MessagesQueryFrame {
    #[n(0)]
    pub link_session: LinkSessionId,
    #[n(1)]
    pub marks: Vec<MessageMark>,
    /// Only without marks.
    #[n(2)]
    pub photo: Option<MessagePhotoPlace>,
}

/// The next messages of the named orders, each order's in their order. Orders of other regions have
/// none here.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct MessagesAnswerFrame {
    #[n(0)]
    pub link_session: LinkSessionId,
    #[n(1)]
    pub messages: Vec<OrderMessage>,
    /// The orders have more than this answer holds.
    #[n(2)]
    pub is_more: bool,
    /// The cloud could not read the messages; the edge repeats the query later.
    #[n(3)]
    pub is_missing: bool,
    /// The answer to a query for it.
    #[n(4)]
    pub photo: Option<MessagePhotoPart>,
}

/// A query as the hub sends it to the order service, which answers with [`MessagesAnswer`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagesQuery {
    pub region: Region,
    pub marks: Vec<MessageMark>,
    /// Only without marks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<MessagePhotoPlace>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagesAnswer {
    pub messages: Vec<OrderMessage>,
    pub is_more: bool,
    /// The answer to a query for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<MessagePhotoPart>,
}
