//! Confirmation of an address, and the warning to the previous one.

use platform::consume::EventHandler;
use wire::{Event, UserEvent};

use super::*;

const WARNING: &str = "Another e-mail address was asked for";
const CODE: &str = "Confirm your e-mail address / 请确认您的邮箱";

pub(super) fn person_event(kind: EventType) -> Event {
    let body = UserEvent {
        user_id: CUSTOMER,
        role: Role::Customer,
        session_id: None,
    };
    Event::new(EventId(Uuid::from_u128(7)), kind, AT, "", &body).unwrap()
}

#[tokio::test]
async fn an_address_that_nobody_has_confirmed_gets_its_code_and_no_news() {
    let service = DeliveryService::new().await;
    service.auth.is_unconfirmed.store(true, Ordering::Relaxed);
    let registered = person_event(EventType::UserRegistered);
    // Twice: a redelivery plans nothing more.
    for _ in 0..2 {
        service
            .dispatcher
            .plan_code_mail(&registered)
            .await
            .unwrap();
    }
    service.plan_event(EventType::PaymentCompleted).await;
    for _ in 0..3 {
        service.send_due().await;
    }
    let mails = service.read_mails();
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(mails[0]["to"], ADDRESS);
    assert_eq!(
        mails[0]["subject"],
        "Confirm your e-mail address / 请确认您的邮箱"
    );
    let text = mails[0]["text"].as_str().unwrap();
    for part in [
        "WXYZ-WXYZ-WXYZ-0000 is the code",
        "24 hours",
        "https://portal.example.org/confirm-address#WXYZ-WXYZ-WXYZ-0000",
        "24 小时内有效",
    ] {
        assert!(text.contains(part), "`{part}` is missing from: {text}");
    }
    let log = service
        .dispatcher
        .delivery_store
        .read_page(None, None, 9)
        .await
        .unwrap()
        .items;
    let why: Vec<_> = log
        .iter()
        .filter_map(|(_, item)| item.why.as_deref())
        .collect();
    assert_eq!(why, ["nobody has confirmed the address"]);
    let kept = serde_json::to_string(&log.iter().map(|(_, item)| item).collect::<Vec<_>>());
    assert!(!kept.unwrap().contains("WXYZ"), "the log holds a code");
    assert_eq!(service.auth.codes_made.load(Ordering::Relaxed), 1);

    // After confirmation, news goes there; the code planned meanwhile does not.
    service.auth.is_unconfirmed.store(false, Ordering::Relaxed);
    let mut lines = samples::lines(EventType::PaymentFailed);
    lines[0].event_id = EventId(Uuid::from_u128(71));
    service.plan_line(&lines[0]).await;
    let asked = Event {
        id: EventId(Uuid::from_u128(72)),
        ..person_event(EventType::UserConfirmationAsked)
    };
    service.dispatcher.plan_code_mail(&asked).await.unwrap();
    service.send_due().await;
    let mails = service.read_mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[1]["subject"], "Payment failed");
}

#[tokio::test]
async fn the_owner_of_an_address_hears_of_a_registration_with_it_and_gets_no_code() {
    let service = DeliveryService::new().await;
    service.auth.is_unconfirmed.store(true, Ordering::Relaxed);
    *service.auth.owner.lock().unwrap() = Some("zhangsan");
    service
        .dispatcher
        .plan_code_mail(&person_event(EventType::UserRegistered))
        .await
        .unwrap();
    service.send_due().await;
    let mails = service.read_mails();
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(mails[0]["to"], ADDRESS);
    assert_eq!(
        mails[0]["subject"],
        "You have an account already / 您已有账号"
    );
    let text = mails[0]["text"].as_str().unwrap();
    for part in ["zhangsan", "https://portal.example.org/sign-in", "您的账号"] {
        assert!(text.contains(part), "`{part}` is missing from: {text}");
    }
    assert!(
        !text.contains("confirm-address"),
        "it brings a code: {text}"
    );
    assert_eq!(service.read_log().await.len(), 1);
}

#[tokio::test]
async fn a_wish_for_another_address_warns_the_one_in_force_before_the_new_one_has_a_code() {
    for in_a_run in [false, true] {
        let service = DeliveryService::new().await;
        let asked = person_event(EventType::UserAddressChangeAsked);
        *service.auth.wish.lock().unwrap() = Some(asked.id);
        // The first try of the warning fails transiently.
        service.auth.contact_is_away.store(true, Ordering::Relaxed);
        if in_a_run {
            assert!(
                service
                    .consumer()
                    .await
                    .handle_run(&[&asked])
                    .await
                    .unwrap()
            );
        } else {
            service.consumer().await.handle(&asked).await.unwrap();
        }
        service.send_due().await;
        assert_eq!(
            service.read_log().await,
            vec![(DeliveryState::Waiting, 1, None); 2]
        );
        assert!(service.read_mails().is_empty(), "a code is out");
        service.clock.advance(PAUSE_MIN_MS);
        service.send_due_until_confirmed().await;
        assert_eq!(service.read_subjects_to(ADDRESS), [WARNING]);
        assert_eq!(service.read_subjects_to(OTHER_ADDRESS), [CODE]);
    }
}

#[tokio::test]
async fn a_code_that_is_asked_for_once_more_overtakes_no_warning() {
    let service = DeliveryService::new().await;
    let wish = person_event(EventType::UserAddressChangeAsked);
    *service.auth.wish.lock().unwrap() = Some(wish.id);
    let again = Event {
        id: EventId(Uuid::from_u128(72)),
        ..person_event(EventType::UserConfirmationAsked)
    };
    // Another replica handles the address change late.
    service.consumer().await.handle(&again).await.unwrap();
    service.send_due().await;
    assert!(service.read_mails().is_empty(), "a code is out");
    service.consumer().await.handle(&wish).await.unwrap();
    service.auth.contact_is_away.store(true, Ordering::Relaxed);
    service.clock.advance(PAUSE_MIN_MS);
    service.send_due_until_confirmed().await;
    assert_eq!(service.read_subjects_to(ADDRESS), [WARNING]);
    assert_eq!(service.read_subjects_to(OTHER_ADDRESS), [CODE, CODE]);
}

#[tokio::test]
async fn a_warning_that_no_mailbox_takes_holds_no_code_back_for_ever() {
    let service = DeliveryService::new().await;
    let asked = person_event(EventType::UserAddressChangeAsked);
    *service.auth.wish.lock().unwrap() = Some(asked.id);
    service.auth.is_closed.store(true, Ordering::Relaxed);
    service.consumer().await.handle(&asked).await.unwrap();
    service.send_due().await;
    assert_eq!(service.read_subjects_to(OTHER_ADDRESS), [CODE]);
}

#[tokio::test]
async fn a_code_is_asked_for_anew_at_each_try_and_said_in_the_persons_language() {
    let service = DeliveryService::new().await;
    service
        .save_preferences(&DeliveryPreferences {
            language: Language::Chinese,
            ..DeliveryPreferences::default()
        })
        .await;
    service.auth.is_unconfirmed.store(true, Ordering::Relaxed);
    service.auth.is_away.store(true, Ordering::Relaxed);
    service
        .dispatcher
        .plan_code_mail(&person_event(EventType::UserRegistered))
        .await
        .unwrap();
    service.send_due().await;
    assert_eq!(
        service.read_log().await,
        [(DeliveryState::Waiting, 1, None)]
    );
    service.auth.is_away.store(false, Ordering::Relaxed);
    service.clock.advance(PAUSE_MIN_MS);
    service.send_due().await;
    let mails = service.read_mails();
    assert_eq!(mails[0]["subject"], "请确认您的邮箱");
    assert!(!mails[0]["text"].as_str().unwrap().contains("the code"));

    let old = DeliveryService::new().await;
    old.clock.advance(FRESH_MS + 1);
    old.dispatcher
        .plan_code_mail(&person_event(EventType::UserRegistered))
        .await
        .unwrap();
    assert!(old.read_log().await.is_empty(), "a replay writes to nobody");
}
