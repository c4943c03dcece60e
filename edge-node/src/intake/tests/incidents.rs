//! A provider reports that something happened, also at an edge that is cut off.

use wire::IncidentKind;

use super::*;

fn report(kind: IncidentKind, extra_price: Option<&str>) -> CommandBody {
    CommandBody::ReportIncident {
        order_id: OrderId(id(1)),
        kind,
        note: Some("The valve is worn.".into()),
        extra_price: extra_price.map(|price| price.parse().unwrap()),
    }
}

fn start() -> CommandBody {
    CommandBody::StartOrder {
        order_id: OrderId(id(1)),
        start_code: None,
        photos: Vec::new(),
    }
}

#[tokio::test]
async fn a_report_is_stored_for_the_cloud_and_changes_nothing_here() {
    let edge = Edge::new().await;
    edge.provider_sends(101, 20, &accept(1)).await;
    let started = edge.provider_sends(102, 20, &start()).await;
    assert_eq!(started.code, Some(Code::LooksUnpaid));
    let body = report(IncidentKind::MoreWork, Some("80.00"));
    let reply = edge.provider_sends(103, 20, &body).await;
    assert_eq!((reply.verdict, reply.code), (Verdict::Provisional, None));
    assert!(reply.receipt.is_some());
    assert_eq!(reply.order.unwrap().status, OrderStatus::InProgress);
    let logged = edge.last_command().await.command;
    assert_eq!(logged.body, body);
    assert!(logged.tapped_at.is_some());

    let complete = CommandBody::CompleteOrder {
        order_id: OrderId(id(1)),
        note: None,
        evidence: None,
    };
    let done = edge.provider_sends(104, 20, &complete).await;
    assert_eq!(done.code, Some(Code::LooksUnpaid), "as without the report");
}

/// Otherwise the tablet would call a confirmed job unsure until the report is decided.
#[tokio::test]
async fn a_job_rests_on_no_report() {
    let edge = Edge::new().await;
    let confirmed = Order {
        status: OrderStatus::Accepted,
        provider_id: Some(UserId(id(20))),
        ..order(1, 2)
    };
    let now = edge.people.clock.now();
    edge.store
        .apply_changes(3, vec![FeedChange::Order(confirmed)], now)
        .await
        .unwrap();
    let body = report(IncidentKind::NobodyHome, None);
    let reply = edge.provider_sends(101, 20, &body).await;
    assert_eq!((reply.verdict, reply.code), (Verdict::Provisional, None));
    let (_, board) = edge.store.load_board(&identity()).await.unwrap();
    let job = board.iter().find(|(item, _)| item.order.id.0 == id(1));
    assert!(!job.unwrap().0.pending);
}

#[tokio::test]
async fn a_report_at_a_job_of_another_is_in_doubt() {
    let edge = Edge::new().await;
    let body = report(IncidentKind::RunningLate, None);
    let reply = edge.provider_sends(101, 20, &body).await;
    assert_eq!(
        (reply.verdict, reply.code),
        (Verdict::Provisional, Some(Code::LooksNotYours))
    );
}

#[tokio::test]
async fn a_wrong_report_and_an_answer_are_not_taken() {
    let edge = Edge::new().await;
    edge.provider_sends(101, 20, &accept(1)).await;
    let before = edge.store.load_position().await.unwrap();
    for body in [
        report(IncidentKind::MoreWork, None),
        report(IncidentKind::Other, Some("1.00")),
    ] {
        let reply = edge.provider_sends(102, 20, &body).await;
        assert_eq!(reply.code, Some(Code::InvalidInput));
        assert_eq!(reply.errors[0].field, "extra_price");
    }
    let answer = CommandBody::AnswerIncident {
        order_id: OrderId(id(1)),
        incident: CommandId(id(102)),
        agreed: true,
    };
    let frame = edge.frame(103, Role::Customer, 10, &answer);
    let reply = edge.send(&frame).await;
    assert_eq!(
        (reply.verdict, reply.code),
        (Verdict::NotTaken, Some(Code::UnknownOp))
    );
    let provider = edge.provider_sends(104, 20, &answer).await;
    assert_eq!(provider.code, Some(Code::RoleForbidden));
    assert_eq!(edge.store.load_position().await.unwrap(), before);
}
