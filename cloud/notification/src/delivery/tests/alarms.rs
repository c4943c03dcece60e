//! Alarms to admins: those who want them get a push, as long as they may read them.

use super::*;

const ADMIN: UserId = UserId(Uuid::from_u128(90));

impl DeliveryService {
    async fn admin_wants(&self, wishes: DeliveryPreferences) {
        let preferences = &self.dispatcher.preferences;
        let (_, version) = preferences.load_preferences(ADMIN).await.unwrap();
        let saved = preferences.save_preferences(ADMIN, version, &wishes);
        assert!(saved.await.unwrap());
    }
}

fn pushes_of_alarms() -> DeliveryPreferences {
    DeliveryPreferences {
        wishes: [(NoticeKind::Alarms, Channel::Push)].into(),
        digest_hour: Some(8),
        ..DeliveryPreferences::default()
    }
}

#[tokio::test]
async fn an_alarm_is_pushed_to_the_admins_who_want_it() {
    let service = DeliveryService::new().await;
    service.plan_event(EventType::PlatformAlarmRaised).await;
    service.send_due().await;
    assert!(service.read_log().await.is_empty(), "no admin wants it");

    service.admin_wants(pushes_of_alarms()).await;
    let mut lines = samples::lines(EventType::PlatformAlarmRaised);
    lines[0].event_id = EventId(Uuid::from_u128(71));
    service.plan_line(&lines[0]).await;
    // Other lines of the shared inbox stay there.
    service.plan_event(EventType::ReviewReported).await;
    service.send_due().await;
    let push = json!({ "to": ADMIN, "title": "Alarm about a node", "text": "More in your inbox." });
    assert_eq!(service.read_sent(Channel::Push), [push]);
    assert_eq!(service.read_log().await, [(DeliveryState::Sent, 1, None)]);
}

#[tokio::test]
async fn an_admin_who_may_not_read_alarms_any_more_gets_none() {
    let service = DeliveryService::new().await;
    service
        .auth
        .may_not_read_alarms
        .store(true, Ordering::Relaxed);
    service.admin_wants(pushes_of_alarms()).await;
    service.plan_event(EventType::PlatformAlarmEnded).await;
    service.send_due().await;
    assert_eq!(
        service.read_log().await,
        [(DeliveryState::Dropped, 1, None)]
    );
}

#[tokio::test]
async fn an_alarm_that_another_admin_has_read_is_not_pushed() {
    let service = DeliveryService::new().await;
    service.admin_wants(pushes_of_alarms()).await;
    let lines = service.plan_event(EventType::PlatformAlarmRaised).await;
    let inboxes = &service.dispatcher.inboxes;
    let found = inboxes
        .find_line_of_event(lines[0].owner(), lines[0].event_id)
        .await;
    let owner = lines[0].owner();
    let id = found.unwrap().unwrap().id;
    assert!(
        inboxes
            .mark_read(owner.user_id, owner.role, id, AT)
            .await
            .unwrap()
    );
    service.send_due().await;
    assert_eq!(
        service.read_log().await,
        [(DeliveryState::Dropped, 1, None)]
    );
}
