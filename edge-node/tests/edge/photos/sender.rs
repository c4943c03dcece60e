//! The edge's photos on their way to a cloud that answers as it is told.

use std::time::Duration;

use wire::{Frame, PHOTO_CHUNK_BYTES_MAX, PhotoAnswer, PhotoAnswerFrame};

use super::*;
use crate::world::cloud::photos::{
    ReceivedChunk,
    ScriptedAnswer::{Say, Stage, StageSilently},
};

impl PhotoRegion {
    async fn until_chunks(&self, count: usize) -> Vec<ReceivedChunk> {
        until("the chunks", || async {
            let chunks = self.cloud.photo_chunks();
            (chunks.len() >= count).then_some(chunks)
        })
        .await
    }

    async fn until_ops(&self, commands: usize) {
        until("the commands in the cloud", || async {
            (self.cloud.commands().len() >= commands).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_cut_a_photo_goes_on_where_the_cloud_stands() {
    let picture = picture(1, 400_000);
    let region = PhotoRegion::with(vec![picture.clone()]).await;
    region
        .cloud
        .script_photo_answers([Stage, Stage, StageSilently]);
    region.upload_whole(&picture).await;
    let before = region.until_chunks(3).await;
    region.cut_off().await;
    region.cloud.heal();
    region.until_sent(&picture).await;
    let chunks = region.cloud.photo_chunks();
    let [.., lost] = &before[..] else {
        panic!("no chunk")
    };
    assert_eq!(before.len(), 3, "one chunk is on its way at a time");
    assert_eq!(chunks[3].chunk.offset, lost.chunk.offset);
    assert_ne!(chunks[3].chunk.link_session, lost.chunk.link_session);
    let sent: usize = chunks.iter().map(|sent| sent.chunk.body.len()).sum();
    assert_eq!(sent, picture.len() + chunks[3].chunk.body.len());
    for ReceivedChunk { chunk, .. } in chunks {
        assert!(chunk.body.len() <= PHOTO_CHUNK_BYTES_MAX);
        assert_eq!(chunk.photo, name_photo(&picture));
        assert_eq!(chunk.order_id, OrderId(id(1)));
        assert_eq!(chunk.command_id, CommandId(id(START)));
    }
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_that_must_wait_lets_others_by_and_goes_later() {
    let pictures = vec![picture(1, 5_000), picture(2, 5_000)];
    let region = PhotoRegion::with(pictures.clone()).await;
    region.cloud.script_photo_answers([Say(PhotoAnswer::Later)]);
    region.upload_whole(&pictures[0]).await;
    region.until_chunks(1).await;
    region.upload_whole(&pictures[1]).await;
    region.until_sent(&pictures[1]).await;
    assert_eq!(region.standing_of(&pictures[0]).await["state"], "stored");
    region.until_sent(&pictures[0]).await;
    let order: Vec<_> = region.cloud.photo_chunks();
    let order: Vec<_> = order.iter().map(|sent| sent.chunk.photo.hash).collect();
    let [first, second] = [&pictures[0], &pictures[1]].map(|picture| name_photo(picture).hash);
    assert_eq!(order, [first, second, first]);
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_that_the_cloud_never_takes_says_why() {
    let pictures = vec![picture(1, 5_000), picture(2, 5_000)];
    let region = PhotoRegion::with(pictures.clone()).await;
    let code = Code::PhotoNotNamed;
    region
        .cloud
        .script_photo_answers([Say(PhotoAnswer::Refused { code })]);
    region.upload_whole(&pictures[0]).await;
    let refused = json!({"state": "refused", "have": 0, "bytes": 5_000, "code": "photo_not_named"});
    until("the refusal", || async {
        let standing = region.standing_of(&pictures[0]).await;
        (standing == refused).then_some(())
    })
    .await;
    region.upload_whole(&pictures[1]).await;
    region.until_sent(&pictures[1]).await;
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_photo_that_was_damaged_on_its_way_is_sent_again_from_its_start() {
    let picture = picture(1, 12_000);
    let region = PhotoRegion::with(vec![picture.clone()]).await;
    let code = Code::PhotoDamaged;
    region
        .cloud
        .script_photo_answers([Say(PhotoAnswer::Refused { code })]);
    region.upload_whole(&picture).await;
    region.until_sent(&picture).await;
    let offsets: Vec<_> = region.cloud.photo_chunks();
    let offsets: Vec<_> = offsets.iter().map(|sent| sent.chunk.offset).collect();
    assert_eq!(offsets[..2], [0, 0]);
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ops_go_before_photos_and_wait_for_no_answer_to_one() {
    let picture = picture(1, 50_000);
    let region = PhotoRegion::with(vec![picture.clone()]).await;
    region.until_ops(2).await;
    region.cut_off().await;
    region.upload_whole(&picture).await;
    region.send(102, &accept(2)).await;
    region.cloud.script_photo_answers([StageSilently]);
    region.cloud.heal();
    let [first] = &region.until_chunks(1).await[..] else {
        panic!("one chunk is on its way at a time")
    };
    // Boot, token, and the three commands.
    assert_eq!(first.ops_before, 5);
    region.send(202, &region.start_of(2)).await;
    region.until_ops(4).await;
    assert_eq!(region.cloud.photo_chunks().len(), 1);
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_the_hub_has_not_signed_changes_nothing() {
    let picture = picture(1, 5_000);
    let region = PhotoRegion::with(vec![picture.clone()]).await;
    region.cloud.script_photo_answers([StageSilently]);
    region.upload_whole(&picture).await;
    let chunk = region.until_chunks(1).await.remove(0).chunk;
    let bytes = chunk.photo.bytes;
    let code = Code::PhotoNotNamed;
    let sessions = region.cloud.hellos().len();
    region.cloud.script_photo_answers([StageSilently; 2]);
    for answer in [PhotoAnswer::Stored { bytes }, PhotoAnswer::Refused { code }] {
        region.cloud.forge(Frame::PhotoAnswer(PhotoAnswerFrame {
            link_session: chunk.link_session,
            command_id: chunk.command_id,
            hash: chunk.photo.hash,
            answer,
        }));
    }
    until("the edge leaves the forger", || async {
        (region.cloud.hellos().len() > sessions).then_some(())
    })
    .await;
    assert_eq!(region.standing_of(&picture).await["state"], "stored");
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cloud_of_the_previous_version_gets_no_photo() {
    let picture = picture(1, 5_000);
    let region = PhotoRegion::with(vec![picture.clone()]).await;
    region.cloud.refuse_photos();
    region.cut_off().await;
    let sessions = region.cloud.hellos().len();
    region.cloud.heal();
    until("the next session", || async {
        (region.cloud.hellos().len() > sessions).then_some(())
    })
    .await;
    region.upload_whole(&picture).await;
    region.send(102, &accept(2)).await;
    region.until_ops(3).await;
    assert!(region.cloud.photo_chunks().is_empty());
    assert_eq!(region.standing_of(&picture).await["state"], "stored");
    region.edge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chunk_without_an_answer_is_given_up_and_sent_again_in_the_same_session() {
    let picture = picture(1, 5_000);
    let clock = Clock::fixed_at(Clock::system().now());
    let region = PhotoRegion::at(clock.clone(), vec![picture.clone()], |config| config).await;
    region.cloud.script_photo_answers([StageSilently]);
    region.upload_whole(&picture).await;
    region.until_chunks(1).await;
    let sessions = region.cloud.hellos().len();
    let pings = region.cloud.pings();
    for ping in 1..=9 {
        clock.advance(6_000);
        until("a ping", || async {
            (region.cloud.pings() >= pings + ping).then_some(())
        })
        .await;
    }
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(
        region.cloud.photo_chunks().len(),
        1,
        "54 seconds are not too long"
    );
    for ping in 10..=12 {
        clock.advance(6_000);
        until("a ping", || async {
            (region.cloud.pings() >= pings + ping).then_some(())
        })
        .await;
    }
    region.until_sent(&picture).await;
    assert_eq!(region.cloud.hellos().len(), sessions);
    region.edge.stop().await;
}
