//! Chunks of photos pass from an edge to the order service, and never in the way of ops.

use std::time::Duration;

use support::eventually;
use uuid::Uuid;
use wire::{
    Code, CommandId, Frame, Hash, OrderId, PhotoAnswer, PhotoChunkDelivery, PhotoChunkFrame,
    PhotoRef,
};

use crate::stage::{Edge, PATIENCE, Stage, boot};

/// Well before the hub gives up a call.
const SOON: Duration = Duration::from_secs(5);

fn chunk(edge: &Edge, offset: u32, body: &[u8]) -> PhotoChunkFrame {
    PhotoChunkFrame {
        link_session: edge.link_session(),
        order_id: OrderId(Uuid::from_u128(1)),
        command_id: CommandId(Uuid::from_u128(2)),
        photo: PhotoRef {
            hash: Hash::digest_bytes(b"photo"),
            bytes: 100_000,
        },
        offset,
        body: body.to_vec().into(),
    }
}

#[tokio::test]
async fn chunks_reach_the_order_service_and_its_answers_reach_the_edge() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    edge.open(&hub).await;
    let body: Vec<u8> = (0..=u8::MAX).cycle().take(65_536).collect();
    let sent = chunk(&edge, 30_000, &body);
    let stored = PhotoAnswer::Stored { bytes: 95_536 };
    assert_eq!(edge.send_photo(&sent).await, stored);
    let delivered = PhotoChunkDelivery {
        edge: edge.id.clone(),
        order_id: sent.order_id,
        command_id: sent.command_id,
        photo: sent.photo,
        offset: 30_000,
        body,
    };
    assert_eq!(stage.owner.script().photo_chunks, [delivered]);

    let question = chunk(&edge, 0, b"");
    for code in [Code::PhotoNotNamed, Code::PhotoDamaged] {
        let refused = PhotoAnswer::Refused { code };
        stage.owner.script().photo_answer = Some(refused);
        assert_eq!(edge.send_photo(&question).await, refused);
    }
    stage.owner.script().photo_answer = None;
    stage.owner.script().away = true;
    assert_eq!(edge.send_photo(&question).await, PhotoAnswer::Later);
    stage.owner.script().away = false;
    let nothing = PhotoAnswer::Stored { bytes: 0 };
    assert_eq!(edge.send_photo(&question).await, nothing);
    hub.stop().await;
}

#[tokio::test]
async fn ops_pass_a_chunk_without_an_answer_and_the_edge_hears_to_try_later() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    edge.log = vec![boot(), boot()];
    edge.open(&hub).await;
    stage.owner.script().photos_hang = true;
    let sent = chunk(&edge, 0, b"photo");
    edge.send(&Frame::PhotoChunk(sent.clone())).await;
    // Only one chunk is under way.
    edge.send(&Frame::PhotoChunk(sent.clone())).await;
    edge.up(1, 2).await;
    let decided = tokio::time::timeout(SOON, edge.until_outcomes(2));
    decided.await.expect("the ops wait for the photo");
    assert!(edge.photo_answers.is_empty());

    edge.until(|edge| !edge.photo_answers.is_empty()).await;
    assert_eq!(edge.photo_answers[0].answer, PhotoAnswer::Later);
    stage.owner.script().photos_hang = false;
    let stored = PhotoAnswer::Stored { bytes: 5 };
    assert_eq!(edge.send_photo(&sent).await, stored);
    assert_eq!(stage.owner.script().photo_chunks.len(), 2);
    hub.stop().await;
}

#[tokio::test]
async fn the_end_of_a_session_gives_up_its_chunk() {
    let (stage, hub, mut edge) = Stage::with_north(false).await;
    edge.open(&hub).await;
    stage.owner.script().photos_hang = true;
    let sent = chunk(&edge, 0, b"photo");
    edge.send(&Frame::PhotoChunk(sent)).await;
    eventually("the chunk is under way", PATIENCE, async || {
        (stage.owner.script().open_photo_calls == 1).then_some(())
    })
    .await;
    edge.vanish();
    eventually("the call has ended", SOON, async || {
        (stage.owner.script().open_photo_calls == 0).then_some(())
    })
    .await;
    hub.stop().await;
}
