//! The cloud's side of photos: collects the chunks, and answers as a test says.

use std::collections::{BTreeMap, VecDeque};

use wire::{CommandId, Hash, PhotoAnswer, PhotoChunkFrame};

use super::{Cloud, Stored};

#[derive(Default)]
pub(super) struct PhotoInbox {
    /// A cloud of the previous version takes none.
    takes: bool,
    chunks: Vec<ReceivedChunk>,
    staged: BTreeMap<(CommandId, Hash), Vec<u8>>,
    /// The next answers; after them the chunks are staged.
    script: VecDeque<ScriptedAnswer>,
}

#[derive(Debug, Clone)]
pub(crate) struct ReceivedChunk {
    pub chunk: PhotoChunkFrame,
    /// The ops that the cloud had before it.
    pub ops_before: usize,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum ScriptedAnswer {
    Stage,
    /// The chunk is staged, and its answer gets lost.
    StageSilently,
    /// The chunk is dropped.
    Say(PhotoAnswer),
}

impl PhotoInbox {
    pub(super) fn takes(&self) -> Option<bool> {
        self.takes.then_some(true)
    }

    fn stage(&mut self, chunk: &PhotoChunkFrame) -> PhotoAnswer {
        let key = (chunk.command_id, chunk.photo.hash);
        let staged = self.staged.entry(key).or_default();
        if usize::try_from(chunk.offset).unwrap() == staged.len() {
            staged.extend_from_slice(&chunk.body);
        }
        PhotoAnswer::Stored {
            bytes: u32::try_from(staged.len()).unwrap(),
        }
    }
}

/// `None` for no answer.
pub(super) fn take_photo_chunk(state: &mut Stored, chunk: PhotoChunkFrame) -> Option<PhotoAnswer> {
    let photos = &mut state.photos;
    let scripted = photos.script.pop_front().unwrap_or(ScriptedAnswer::Stage);
    let answer = match scripted {
        ScriptedAnswer::Stage => Some(photos.stage(&chunk)),
        ScriptedAnswer::StageSilently => {
            photos.stage(&chunk);
            None
        }
        ScriptedAnswer::Say(answer) => Some(answer),
    };
    let ops_before = state.ops.len();
    photos.chunks.push(ReceivedChunk { chunk, ops_before });
    answer
}

impl Cloud {
    /// Takes photos from the next session on.
    pub(crate) fn take_photos(&self) {
        self.with(|state| state.photos.takes = true);
    }

    /// Takes none from the next session on.
    pub(crate) fn refuse_photos(&self) {
        self.with(|state| state.photos.takes = false);
    }

    pub(crate) fn script_photo_answers(&self, answers: impl IntoIterator<Item = ScriptedAnswer>) {
        self.with(|state| state.photos.script.extend(answers));
    }

    pub(crate) fn photo_chunks(&self) -> Vec<ReceivedChunk> {
        self.with(|state| state.photos.chunks.clone())
    }

    pub(crate) fn staged_photo(&self, command_id: CommandId, hash: Hash) -> Vec<u8> {
        let key = (command_id, hash);
        self.with(|state| state.photos.staged.get(&key).cloned().unwrap_or_default())
    }

    /// Everything that is staged, by its command and its hash.
    pub(crate) fn staged_photos(&self) -> BTreeMap<(CommandId, Hash), Vec<u8>> {
        self.with(|state| state.photos.staged.clone())
    }
}
