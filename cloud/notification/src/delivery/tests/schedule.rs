//! When a delivery goes out: at once, after quiet hours, in a digest, or after a failure.

use wire::PaymentStatus;

use super::*;
use crate::domain::QuietHours;

#[tokio::test]
async fn a_line_goes_out_once_and_its_address_stands_masked_in_the_log() {
    let service = DeliveryService::new().await;
    service.plan_event(EventType::PaymentCompleted).await;
    for _ in 0..3 {
        service.send_due().await;
    }
    let mails = service.read_mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (&mails[0]["to"], &mails[0]["subject"]),
        (&json!(ADDRESS), &json!("Payment received"))
    );
    let masked = Some("z***@example.org".to_owned());
    assert_eq!(service.read_log().await, [(DeliveryState::Sent, 1, masked)]);
}

#[tokio::test]
async fn quiet_hours_hold_back_what_may_be_silenced() {
    let service = DeliveryService::new().await;
    // 16:00 in UTC.
    let quiet_hours = Some(QuietHours {
        from: "15:00".parse().unwrap(),
        to: "17:30".parse().unwrap(),
    });
    let time_zone = TimeZone::from_name("UTC");
    service
        .save_preferences(&DeliveryPreferences {
            quiet_hours,
            time_zone,
            ..DeliveryPreferences::default()
        })
        .await;
    service.plan_event(EventType::PaymentCompleted).await;
    service.send_due().await;
    assert!(service.read_mails().is_empty());
    assert_eq!(
        service.read_log().await,
        [(DeliveryState::Waiting, 0, None)]
    );
    service.clock.advance(89 * 60 * 1000);
    service.send_due().await;
    assert!(service.read_mails().is_empty());
    service.clock.advance(60 * 1000);
    service.send_due().await;
    assert_eq!(service.read_mails().len(), 1);
}

#[tokio::test]
async fn what_fails_is_tried_again_ever_later_and_given_up_with_its_reason() {
    let service = DeliveryService::new().await;
    service.auth.is_away.store(true, Ordering::Relaxed);
    service.plan_event(EventType::PaymentCompleted).await;
    let mut pauses = Vec::new();
    loop {
        service.send_due().await;
        let page = service
            .dispatcher
            .delivery_store
            .read_page(None, None, 1)
            .await
            .unwrap();
        let (_, delivery) = &page.items[0];
        if delivery.state == DeliveryState::GivenUp {
            assert_eq!(delivery.attempts, ATTEMPTS_MAX);
            assert!(
                delivery.why.as_ref().is_some_and(|why| why.contains("503")),
                "{delivery:?}"
            );
            break;
        }
        let pause = delivery.due_at.ms_since(service.clock.now());
        pauses.push(pause / 1000);
        service.clock.advance(pause);
    }
    assert_eq!(pauses, [15, 30, 60, 120, 240, 480, 960]);
    service.auth.is_away.store(false, Ordering::Relaxed);
    service.clock.advance(PAUSE_MAX_MS);
    service.send_due().await;
    assert!(
        service.read_mails().is_empty(),
        "what is given up is given up"
    );
}

#[tokio::test]
async fn a_digest_gathers_what_is_unread_at_the_persons_hour() {
    let service = DeliveryService::new().await;
    let time_zone = TimeZone::from_name("UTC");
    service
        .save_preferences(&DeliveryPreferences {
            digest_hour: Some(18),
            time_zone,
            ..DeliveryPreferences::default()
        })
        .await;
    service.plan_event(EventType::PaymentCompleted).await;
    service.clock.advance(60 * 60 * 1000);
    let mut lines = samples::lines(EventType::OrderCreated);
    lines.retain(|line| line.user_id == CUSTOMER);
    lines[0].event_id = EventId(Uuid::from_u128(70));
    service.plan_line(&lines[0]).await;
    service.send_due().await;
    assert!(service.read_mails().is_empty(), "it is 17:00");
    service.clock.advance(60 * 60 * 1000);
    // Two replicas at once send one digest per hour.
    let look = || service.dispatcher.send_due_deliveries(Channel::Email);
    let (one, other) = tokio::join!(look(), look());
    one.unwrap();
    other.unwrap();
    let mails = service.read_mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0]["subject"], "You have 2 unread notices");
    let text = mails[0]["text"].as_str().unwrap();
    assert!(
        text.contains("Payment received") && text.contains("Order published"),
        "{text}"
    );
}

#[tokio::test]
async fn a_mail_tells_times_by_its_readers_clock_or_names_the_zone() {
    for (time_zone, until) in [
        (
            TimeZone::from_name("Europe/Berlin"),
            "ask for a refund by Nov 27, 2025, 17:00; after",
        ),
        (None, "ask for a refund by Nov 28, 2025, 00:00 GMT+8; after"),
    ] {
        let service = DeliveryService::new().await;
        if time_zone.is_some() {
            service
                .save_preferences(&DeliveryPreferences {
                    time_zone,
                    ..DeliveryPreferences::default()
                })
                .await;
        }
        let completed = samples::completed(PaymentStatus::Held);
        let lines = samples::order_lines(EventType::OrderCompleted, &completed);
        let line = lines.iter().find(|line| line.user_id == CUSTOMER).unwrap();
        service.plan_line(line).await;
        service.send_due().await;
        let mails = service.read_mails();
        let text = mails[0]["text"].as_str().unwrap();
        assert!(text.contains(until), "{text}");
    }
}

#[tokio::test]
async fn old_news_and_kinds_that_nobody_wants_stay_in_the_inbox() {
    let service = DeliveryService::new().await;
    service
        .save_preferences(&DeliveryPreferences {
            wishes: std::collections::BTreeSet::new(),
            ..DeliveryPreferences::default()
        })
        .await;
    service.plan_event(EventType::PaymentCompleted).await;
    service.clock.advance(FRESH_MS + 1);
    service.plan_event(EventType::PaymentReleased).await;
    assert!(service.read_log().await.is_empty());
    service.clock.advance(-FRESH_MS - 1);
    let released = samples::lines(EventType::PaymentReleased);
    assert_eq!(released[0].user_id, PROVIDER);
    service
        .dispatcher
        .plan_deliveries(released.iter())
        .await
        .unwrap();
    assert_eq!(service.read_log().await.len(), 1, "it was its age alone");
}

#[tokio::test]
async fn quiet_hours_and_digests_are_for_every_channel() {
    let service = DeliveryService::new().await;
    let both = preferences_for(&[Channel::Sms, Channel::Push]);
    let quiet_hours = Some(QuietHours {
        from: "15:00".parse().unwrap(),
        to: "17:30".parse().unwrap(),
    });
    service
        .save_preferences(&DeliveryPreferences {
            quiet_hours,
            ..both.clone()
        })
        .await;
    service.plan_event(EventType::PaymentCompleted).await;
    service.send_due().await;
    assert_eq!(
        service.read_log().await,
        vec![(DeliveryState::Waiting, 0, None); 2]
    );
    service.clock.advance(90 * 60 * 1000);
    service.send_due().await;
    for channel in [Channel::Sms, Channel::Push] {
        assert_eq!(service.read_sent(channel).len(), 1, "{channel}");
    }

    // 17:30 in UTC.
    service
        .save_preferences(&DeliveryPreferences {
            digest_hour: Some(18),
            ..both
        })
        .await;
    for n in [72, 73] {
        let mut lines = samples::lines(EventType::PaymentFailed);
        lines[0].event_id = EventId(Uuid::from_u128(n));
        service.plan_line(&lines[0]).await;
    }
    service.send_due().await;
    assert_eq!(
        service.read_sent(Channel::Sms).len(),
        1,
        "it is not yet the hour"
    );
    service.clock.advance(30 * 60 * 1000);
    service.send_due().await;
    let messages = service.read_sent(Channel::Sms);
    assert_eq!(messages.len(), 2, "one for both lines");
    assert_eq!(
        messages[1]["text"],
        "Holdfast: You have 3 unread notices. More in your inbox."
    );
    assert_eq!(
        service.read_sent(Channel::Push)[1]["title"],
        "You have 3 unread notices"
    );
}
