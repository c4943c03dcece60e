//! Codes by mail for people who forgot their password.

use platform::consume::EventHandler;

use super::{addresses::person_event, *};

const SUBJECT: &str = "Your code for a new password / 重置密码的验证码";

#[tokio::test]
async fn a_code_for_a_new_password_goes_to_the_confirmed_address_and_into_no_store() {
    let service = DeliveryService::new().await;
    let asked = person_event(EventType::UserPasswordCodeAsked);
    service.auth.is_away.store(true, Ordering::Relaxed);
    // Twice: a redelivery plans nothing more.
    for _ in 0..2 {
        service.consumer().await.handle(&asked).await.unwrap();
    }
    service.send_due().await;
    assert_eq!(
        service.read_log().await,
        [(DeliveryState::Waiting, 1, None)]
    );
    service.auth.is_away.store(false, Ordering::Relaxed);
    service.clock.advance(PAUSE_MIN_MS);
    service.send_due().await;
    let mails = service.read_mails();
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(
        (&mails[0]["to"], &mails[0]["subject"]),
        (&json!(ADDRESS), &json!(SUBJECT))
    );
    let text = mails[0]["text"].as_str().unwrap();
    for part in [
        "WXYZ-WXYZ-WXYZ-0000 is the code for a new password of your account lisi",
        "29 minutes",
        "https://portal.example.org/sign-in/forgot#lisi:WXYZ-WXYZ-WXYZ-0000",
        "29 分钟内有效",
    ] {
        assert!(text.contains(part), "`{part}` is missing from: {text}");
    }
    let log = service.dispatcher.delivery_store.read_page(None, None, 9);
    let log = log.await.unwrap().items;
    let kept: Vec<_> = log.iter().map(|(_, item)| item).collect();
    let kept = serde_json::to_string(&kept).unwrap();
    assert!(!kept.contains("WXYZ"), "the log holds a code");
}

#[tokio::test]
async fn a_person_without_a_confirmed_address_gets_no_code_and_the_log_says_why() {
    let service = DeliveryService::new().await;
    service.auth.is_unconfirmed.store(true, Ordering::Relaxed);
    let asked = person_event(EventType::UserPasswordCodeAsked);
    service.consumer().await.handle(&asked).await.unwrap();
    service.send_due().await;
    assert!(service.read_mails().is_empty());
    let why = "nobody has confirmed the address, or an admin's code is valid";
    let log = service.dispatcher.delivery_store.read_page(None, None, 9);
    let log = log.await.unwrap().items;
    assert_eq!(
        (log[0].1.state, log[0].1.why.as_deref()),
        (DeliveryState::Dropped, Some(why))
    );
}
