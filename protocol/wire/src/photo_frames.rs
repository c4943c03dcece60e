//! How the bytes of a photo get from an edge to the cloud: a chunk goes up, and the next one
//! follows the answer.
//!
//! Invariant: chunks are bound to the command that names the photo, so a photo never shows at
//! another order.

use minicbor::{Decode, Encode, bytes::ByteVec};
use serde::{Deserialize, Serialize};

use crate::{
    code::Code,
    ids::{CommandId, EdgeId, Hash, LinkSessionId, OrderId},
    photo::PhotoRef,
};

/// A chunk of this size takes two seconds on a line of 256 kbit/s, so edges begin with smaller ones.
pub const PHOTO_CHUNK_BYTES_MAX: usize = 64 * 1024;

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PhotoChunkFrame {
    #[n(0)]
    pub link_session: LinkSessionId,
    #[n(1)]
    pub order_id: OrderId,
    /// The command that names the photo. Its op has reached the hub.
    #[n(2)]
    pub command_id: CommandId,
    #[n(3)]
    pub photo: PhotoRef,
    #[n(4)]
    pub offset: u32,
    /// Empty to ask how much the cloud has.
    #[n(5)]
    pub body: ByteVec,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PhotoAnswerFrame {
    #[n(0)]
    pub link_session: LinkSessionId,
    #[n(1)]
    pub command_id: CommandId,
    #[n(2)]
    pub hash: Hash,
    #[n(3)]
    pub answer: PhotoAnswer,
}

/// The cloud's answer to a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PhotoAnswer {
    /// This many bytes from the start are on its disk. Once that is all of them, the photo is
    /// checked and kept.
    #[n(0)]
    Stored {
        #[n(0)]
        bytes: u32,
    },
    /// It cannot take the photo yet: a service is away, or the command is not decided.
    #[n(1)]
    Later,
    /// It never takes the photo as it is. After `photo_damaged` the edge checks its own copy and
    /// sends it again if that is sound.
    #[n(2)]
    Refused {
        #[n(0)]
        code: Code,
    },
}

/// A chunk as the hub hands it to the order service, which answers with a [`PhotoAnswer`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhotoChunkDelivery {
    pub edge: EdgeId,
    pub order_id: OrderId,
    pub command_id: CommandId,
    pub photo: PhotoRef,
    pub offset: u32,
    #[serde(with = "hex::serde")]
    pub body: Vec<u8>,
}
