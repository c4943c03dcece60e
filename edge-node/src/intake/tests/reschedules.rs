//! The two people of a job agree on another time in the cloud, and this edge goes by it.

use wire::{PlannedTime, ProposalId};

use super::*;

const HOUR_MS: i64 = 60 * 60 * 1_000;

fn at(edge: &Edge, from: i64) -> PlannedTime {
    let now = edge.people.clock.now();
    PlannedTime {
        service_start_time: now.plus_ms(from * HOUR_MS),
        service_end_time: Some(now.plus_ms((from + 2) * HOUR_MS)),
    }
}

#[tokio::test]
async fn a_job_that_was_moved_in_the_cloud_is_shown_booked_and_started_at_its_new_time() {
    let edge = Edge::new().await;
    let present = at(&edge, 10);
    let moved = at(&edge, 30);
    let job = |version, time: PlannedTime| Order {
        status: OrderStatus::Accepted,
        provider_id: Some(UserId(id(20))),
        payment_status: PaymentStatus::Held,
        ..time.apply_to(&order(1, version))
    };
    let now = edge.people.clock.now();
    let changes = [
        job(2, present),
        job(3, moved),
        present.apply_to(&order(3, 1)),
        moved.apply_to(&order(4, 1)),
    ];
    let changes = changes.map(FeedChange::Order).into();
    edge.store.apply_changes(6, changes, now).await.unwrap();
    let (_, board) = edge.store.load_board(&identity()).await.unwrap();
    let shown = board.iter().find(|(item, _)| item.order.id.0 == id(1));
    let shown = PlannedTime::from_order(&shown.unwrap().0.order);
    assert_eq!(shown, Some(moved));

    let at_new_time = edge.provider_sends(101, 20, &accept(4)).await;
    assert_eq!(at_new_time.code, Some(Code::LooksDoubleBooked));
    let at_old_time = edge.provider_sends(102, 20, &accept(3)).await;
    assert_eq!(at_old_time.code, None);

    let start = CommandBody::StartOrder {
        order_id: OrderId(id(1)),
        start_code: None,
        photos: Vec::new(),
    };
    let started = edge.provider_sends(103, 20, &start).await;
    assert_eq!(
        (started.verdict, started.code),
        (Verdict::Provisional, None)
    );
    let started = started.order.unwrap();
    assert_eq!(started.status, OrderStatus::InProgress);
    assert_eq!(PlannedTime::from_order(&started), Some(moved));
}

#[tokio::test]
async fn an_edge_takes_no_agreement() {
    let edge = Edge::new().await;
    let before = edge.store.load_position().await.unwrap();
    let agree = CommandBody::RescheduleOrder {
        order_id: OrderId(id(1)),
        proposal: ProposalId(id(90)),
    };
    for (role, user) in [(Role::Customer, 10), (Role::Provider, 20)] {
        let reply = edge.send(&edge.frame(101, role, user, &agree)).await;
        assert_eq!(
            (reply.verdict, reply.code),
            (Verdict::NotTaken, Some(Code::UnknownOp))
        );
    }
    assert_eq!(edge.store.load_position().await.unwrap(), before);
}
