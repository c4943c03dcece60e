//! Orders in which everyone left words in every place.

use order::{
    events::UserEventConsumer,
    jobs::erase_due_texts,
    store::{AcceptanceRules, CaseUpdateResult, Store},
};
use platform::{consume::EventHandler, files::Files, sealing::DataKeys, vals};
use wire::{
    Actor, CaseState, ChecklistAnswer, CommandBody, Draft, Event, EventId, EventType, IncidentKind,
    Order, OrderEvent, OrderId, PaymentEvent, PaymentStatus, TimelineEntry, UserEvent,
    WorkEvidence,
};

use super::super::word;
use crate::stage::*;

pub(super) const TITLE: &str = "Mend the tap of the Orchard flat";
pub(super) const DESCRIPTION: &str = "The bell says Rosenbaum.";
pub(super) const ADDRESS: &str = "42 Hidden Orchard Road";
pub(super) const OF_ORDER: &[&str] = &[TITLE, DESCRIPTION, ADDRESS];

pub(super) const MESSAGE_OF_CUSTOMER: &str = "My son opens the door.";
pub(super) const OF_CUSTOMER: &[&str] = &[MESSAGE_OF_CUSTOMER];

pub(super) const MESSAGE_OF_PROVIDER: &str = "I am the one with the red van.";
pub(super) const NOTE_ON_TIME: &str = "My train comes later.";
pub(super) const INCIDENT: &str = "Her kitchen is flooded.";
pub(super) const NOTE_ON_WORK: &str = "Replaced the valve, Wang.";
pub(super) const REPORT_BY_PROVIDER: &str = "She shouted at me.";
pub(super) const REPORT_BY_CUSTOMER: &str = "He insults me by name.";
pub(super) const REASON_AT_CASE: &str = "Spoke with Wang on the phone.";
pub(super) const WITH_PROVIDER: &[&str] = &[
    MESSAGE_OF_PROVIDER,
    NOTE_ON_TIME,
    INCIDENT,
    NOTE_ON_WORK,
    REPORT_BY_PROVIDER,
    REPORT_BY_CUSTOMER,
    REASON_AT_CASE,
];

pub(super) const SIGNATURE: &str = "Rosenbaum, Judith";
pub(super) const MESSAGE_OF_FORMER: &str = "I can only come on Tuesday.";
pub(super) const REASON_OF_FORMER: &str = "My aunt fell ill.";
pub(super) const OF_FORMER: &[&str] = &[MESSAGE_OF_FORMER, REASON_OF_FORMER];

/// Every column with people's words.
const TEXTS: &[&str] = &[
    "SELECT title FROM orders",
    "SELECT description FROM orders",
    "SELECT address FROM orders",
    "SELECT reason FROM order_timeline WHERE reason IS NOT NULL",
    "SELECT evidence FROM order_timeline WHERE evidence IS NOT NULL",
    "SELECT text FROM order_messages",
    "SELECT why FROM message_reports",
    "SELECT note FROM time_proposals WHERE note IS NOT NULL",
    "SELECT closed_why FROM case_items WHERE closed_why IS NOT NULL",
];

/// Stores texts as they are, so that the test finds them.
pub(super) async fn plain_stage(engine: Engine) -> Stage {
    let stage = Stage::new(engine).await;
    let sql = stage.sql.clone().sealed_by(&DataKeys::without_keys());
    let store = Store::new(sql.clone(), stage.clock.clone(), AcceptanceRules::OFF);
    Stage {
        store,
        sql,
        ..stage
    }
}

impl Stage {
    pub(crate) async fn delete_person(&self, person: Actor) {
        let body = UserEvent {
            user_id: person.user_id,
            role: person.role,
            session_id: None,
        };
        let id = EventId(self.clock.new_id());
        let trace = "0".repeat(32);
        let kind = EventType::UserDeleted;
        let event = Event::new(id, kind, self.clock.now(), &trace, &body).unwrap();
        let store = self.store.clone();
        UserEventConsumer { store }.handle(&event).await.unwrap();
    }

    /// Runs the job. Returns the number of erased orders.
    pub(crate) async fn erase(&self) -> usize {
        let files = Files::open(self.config.files_url.reveal()).unwrap();
        erase_due_texts(&self.store, &files).await.unwrap()
    }

    /// Everything that people wrote, as it is stored.
    async fn texts(&self) -> String {
        let mut found = Vec::new();
        for text in TEXTS {
            found.extend(self.rows::<String>(text).await);
        }
        found.join("\n")
    }

    pub(super) async fn order(&self, id: OrderId) -> Order {
        self.store.find_order(id).await.unwrap().unwrap()
    }

    pub(super) async fn last_line(&self, id: OrderId) -> TimelineEntry {
        self.store.read_timeline(id).await.unwrap().pop().unwrap()
    }

    pub(super) async fn erased_events(&self) -> Vec<OrderEvent> {
        let events = self.events().await.into_iter();
        let erased = events.filter(|event| event.kind == EventType::OrderErased);
        erased
            .map(|event| serde_json::from_value(event.body).unwrap())
            .collect()
    }

    pub(super) async fn done(&self, person: Actor) -> bool {
        const DONE: &str = "SELECT done_at IS NOT NULL FROM erasures WHERE user_id = ?";
        let done = self.sql.fetch_optional(DONE, vals![person.user_id]).await;
        done.unwrap().expect("the person was deleted")
    }

    pub(super) async fn write(&self, order_id: OrderId, writer: Actor, text: &str) {
        let text = text.to_owned();
        let body = CommandBody::SendMessage {
            order_id,
            text,
            photo: None,
        };
        self.succeed(writer, body).await;
    }

    pub(super) async fn succeed(&self, actor: Actor, body: CommandBody) {
        let outcome = self.decide(actor, body).await;
        assert!(outcome.has_succeeded(), "{outcome:?}");
    }

    pub(super) async fn publish_with_texts(&self) -> OrderId {
        self.approved(Draft {
            title: TITLE.into(),
            description: DESCRIPTION.into(),
            address: ADDRESS.into(),
            ..draft()
        })
        .await
    }

    async fn hold_money(&self, order_id: OrderId) {
        let kind = EventType::PaymentCompleted;
        let held = word(self, order_id, kind, 1, PaymentStatus::Held);
        let body: PaymentEvent = serde_json::from_value(held.body.clone()).unwrap();
        self.store.apply_payment_event(&held, &body).await.unwrap();
    }

    /// A former provider wrote and gave the job back; provider 1 has it.
    pub(super) async fn job_in_second_hands(&self) -> OrderId {
        let order_id = self.publish_with_texts().await;
        self.succeed(provider(2), accept(order_id)).await;
        self.write(order_id, provider(2), MESSAGE_OF_FORMER).await;
        let withdraw = CommandBody::WithdrawAcceptance {
            order_id,
            reason: Some(REASON_OF_FORMER.into()),
        };
        self.succeed(provider(2), withdraw).await;
        self.succeed(provider(1), accept(order_id)).await;
        order_id
    }

    async fn talk(&self, order_id: OrderId) {
        self.write(order_id, provider(1), MESSAGE_OF_PROVIDER).await;
        self.write(order_id, customer(1), MESSAGE_OF_CUSTOMER).await;
        for (reporter, number, why) in [
            (customer(1), 2, REPORT_BY_CUSTOMER),
            (provider(1), 3, REPORT_BY_PROVIDER),
        ] {
            let reported = self
                .store
                .report_message(order_id, reporter, number, why, "")
                .await;
            reported.unwrap();
        }
    }

    async fn work(&self, order_id: OrderId) {
        let start = CommandBody::StartOrder {
            order_id,
            start_code: None,
            photos: Vec::new(),
        };
        self.succeed(provider(1), start).await;
        let report = CommandBody::ReportIncident {
            order_id,
            kind: IncidentKind::NobodyHome,
            note: Some(INCIDENT.into()),
            extra_price: None,
        };
        self.succeed(provider(1), report).await;
        let complete = CommandBody::CompleteOrder {
            order_id,
            note: Some(NOTE_ON_WORK.into()),
            evidence: Some(WorkEvidence {
                checklist: vec![ChecklistAnswer {
                    key: "place_clean".into(),
                    done: true,
                }],
                signed_by: Some(SIGNATURE.into()),
                ..WorkEvidence::default()
            }),
        };
        self.succeed(provider(1), complete).await;
    }

    /// A decision deletes the proposal of another time, but a restored backup may bring one back.
    pub(super) async fn bring_back_proposal(&self, order_id: OrderId) {
        const PROPOSAL: &str = "INSERT INTO time_proposals (order_id, id, by_provider, provider_id, \
            service_start_time, note, proposed_at, made_by_customer, made_by_provider) \
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let id = self.command_id();
        let provider = provider(1).user_id;
        let values = vals![order_id, id, true, provider, NOW, NOTE_ON_TIME, NOW, 0, 1];
        self.sql.exec(PROPOSAL, values).await.unwrap();
    }

    /// Closes the case about provider 1's message.
    async fn close_case(&self) {
        let cases = self.store.list_cases(Some(CaseState::Open), None, 20).await;
        let cases = cases.unwrap();
        let case = cases
            .iter()
            .find(|case| case.user_id == provider(1).user_id)
            .expect("a reported message opens a case");
        let by = admin().user_id;
        let closed = self.store.close_case(case.id, by, REASON_AT_CASE).await;
        assert!(matches!(closed.unwrap(), CaseUpdateResult::Done(_)));
    }

    /// A completed order in which everyone left words in every place.
    pub(super) async fn completed_with_texts(&self) -> OrderId {
        let order_id = self.job_in_second_hands().await;
        self.talk(order_id).await;
        self.hold_money(order_id).await;
        self.work(order_id).await;
        self.bring_back_proposal(order_id).await;
        self.close_case().await;
        self.assert_kept(&[
            OF_ORDER,
            OF_CUSTOMER,
            WITH_PROVIDER,
            OF_FORMER,
            &[SIGNATURE],
        ])
        .await;
        order_id
    }

    /// Cancelled orders of customer 1, sorted by id.
    pub(super) async fn cancelled_with_texts(&self, count: usize) -> Vec<OrderId> {
        let mut orders = Vec::new();
        for _ in 0..count {
            let order_id = self.publish_with_texts().await;
            let cancel = CommandBody::CancelOrder {
                order_id,
                reason: None,
                fee: None,
            };
            self.succeed(customer(1), cancel).await;
            orders.push(order_id);
        }
        orders.sort();
        orders
    }

    pub(super) async fn assert_kept(&self, lists: &[&[&str]]) {
        let texts = self.texts().await;
        for word in lists.concat() {
            assert!(texts.contains(word), "`{word}` is missing in\n{texts}");
        }
    }

    pub(super) async fn assert_gone(&self, lists: &[&[&str]]) {
        let texts = self.texts().await;
        for word in lists.concat() {
            assert!(!texts.contains(word), "`{word}` is left in\n{texts}");
        }
    }
}
