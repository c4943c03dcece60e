//! The channels: the form of a message on each, and the people whom it may reach.

use support::{Mailbox, eventually};

use super::*;

#[tokio::test]
async fn each_channel_that_is_wanted_is_told_once_and_the_short_ones_little() {
    let service = DeliveryService::new().await;
    service
        .save_preferences(&preferences_for(&[Channel::Sms, Channel::Push]))
        .await;
    service.plan_event(EventType::PaymentCompleted).await;
    for _ in 0..3 {
        service.send_due().await;
    }
    assert!(service.read_mails().is_empty(), "no mail was wanted");
    let text = "Holdfast: Payment received. More in your inbox.";
    assert_eq!(
        service.read_sent(Channel::Sms),
        [json!({ "to": PHONE, "text": text })]
    );
    let push =
        json!({ "to": CUSTOMER, "title": "Payment received", "text": "More in your inbox." });
    assert_eq!(service.read_sent(Channel::Push), [push]);
    let mut log = service.read_log().await;
    log.sort_by_key(|(_, _, to)| to.clone());
    let masked = Some("***42".to_owned());
    assert_eq!(
        log,
        [
            (DeliveryState::Sent, 1, None),
            (DeliveryState::Sent, 1, masked)
        ]
    );

    service.clock.advance(1_000);
    let chinese = Language::Chinese;
    let wishes = DeliveryPreferences {
        language: chinese,
        ..preferences_for(&[Channel::Sms])
    };
    service.save_preferences(&wishes).await;
    let mut lines = samples::lines(EventType::PaymentFailed);
    lines[0].event_id = EventId(Uuid::from_u128(71));
    service.plan_line(&lines[0]).await;
    service.send_due().await;
    let text = "【Holdfast】付款失败。详情见站内消息。";
    assert_eq!(service.read_sent(Channel::Sms)[1]["text"], text);
}

#[tokio::test]
async fn nobody_is_written_to_at_a_number_that_was_not_proven_nor_in_a_closed_account() {
    let service = DeliveryService::new().await;
    service.auth.has_no_phone.store(true, Ordering::Relaxed);
    service
        .save_preferences(&preferences_for(&[Channel::Sms]))
        .await;
    service.plan_event(EventType::PaymentCompleted).await;
    service.send_due().await;
    assert_eq!(
        service.read_log().await,
        [(DeliveryState::Dropped, 1, None)]
    );

    let service = DeliveryService::new().await;
    service.auth.is_closed.store(true, Ordering::Relaxed);
    service
        .save_preferences(&preferences_for(&Channel::ALL))
        .await;
    service.plan_event(EventType::PaymentCompleted).await;
    service.send_due().await;
    assert_eq!(
        service.read_log().await,
        vec![(DeliveryState::Dropped, 1, None); 3]
    );
    for channel in Channel::ALL {
        assert!(service.read_sent(channel).is_empty(), "{channel}");
    }
}

#[test]
fn an_auth_of_the_version_before_tells_of_open_accounts_by_their_address() {
    let address = |said: Value, channel| {
        let contact: Contact = serde_json::from_value(said).unwrap();
        contact.into_address(channel, CUSTOMER).is_some()
    };
    assert!(address(json!({ "email": ADDRESS }), Channel::Email));
    assert!(address(json!({ "email": ADDRESS }), Channel::Push));
    assert!(
        !address(json!({ "email": null }), Channel::Push),
        "it may be closed"
    );
    let closed = json!({ "is_open": false, "email": ADDRESS, "phone": PHONE });
    assert!(
        Channel::ALL
            .into_iter()
            .all(|channel| !address(closed.clone(), channel))
    );
}

#[tokio::test]
async fn a_channel_that_is_off_plans_nothing_and_a_provider_is_never_texted() {
    let mut service = DeliveryService::new().await;
    service.dispatcher.outbound.mail = Mailer::Off;
    service
        .save_preferences(&preferences_for(&Channel::ALL))
        .await;
    service.plan_event(EventType::PaymentCompleted).await;
    // Providers cannot prove a phone.
    let released = samples::lines(EventType::PaymentReleased);
    let (_, version) = service
        .dispatcher
        .preferences
        .load_preferences(PROVIDER)
        .await
        .unwrap();
    let wishes = preferences_for(&Channel::ALL);
    assert!(
        service
            .dispatcher
            .preferences
            .save_preferences(PROVIDER, version, &wishes)
            .await
            .unwrap()
    );
    service.plan_line(&released[0]).await;
    service.send_due().await;
    let sent = Channel::ALL.map(|channel| service.read_sent(channel).len());
    assert_eq!(sent, [0, 1, 2], "by mail, text message and push");
    assert_eq!(service.read_log().await.len(), 3);
}

#[tokio::test]
async fn mail_reaches_a_server_by_smtp_with_the_deliverys_id() {
    let mut mailbox = Mailbox::open().await;
    let mail = mail_at(&mailbox.url());
    let outbound = OutboundChannels {
        mail,
        ..samples::no_channels()
    };
    let service = DeliveryService::with(outbound, tempfile::tempdir().unwrap()).await;
    service.plan_event(EventType::PaymentCompleted).await;
    service.send_due().await;
    let mail = mailbox.next().await;
    for part in [
        "RCPT TO:<zhang.san@example.org>",
        "Subject: Payment received",
        "Message-ID: <",
    ] {
        assert!(mail.contains(part), "`{part}` is missing from: {mail}");
    }
    let sent = async || (service.read_log().await[0].0 == DeliveryState::Sent).then_some(());
    eventually("the log says so", Duration::from_secs(20), sent).await;
}

#[tokio::test]
async fn mail_without_tls_goes_to_this_machine_alone() {
    for (url, is_taken) in [
        ("off", true),
        ("smtp://127.0.0.1:25", true),
        ("smtps://mail.example.org", true),
        ("smtp://mail.example.org:587", true),
        ("http://mail.example.org", false),
        ("folder:", false),
        ("smtps://", false),
        ("", false),
    ] {
        let from = "h@example.org";
        let opened = Mailer::open(
            url,
            from,
            std::path::Path::new(""),
            &CertificateAuthorities::with_public_roots(),
        );
        assert_eq!(opened.is_ok(), is_taken, "{url}");
    }
}
