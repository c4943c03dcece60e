//! The promises of the consumer template, the same for embedded and RabbitMQ.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use contract::{BusArm, LIMIT, event_of, ids, on_every_bus};
use platform::{
    bus::{
        Bus, DeadLetterAction, DeadLetterBox, DeadLetterSelection, QueueSpec, dead_letter_queue,
    },
    consume::{EventHandler, HandleError, start_consumer},
};
use process::{clock::Clock, tasks::Tasks};
use support::eventually;
use tokio::time::timeout;
use wire::{Event, EventId, EventType, Exchange};

on_every_bus! {
    events_are_handled_in_order_and_leave_their_queue,
    a_failure_is_tried_again_beside_the_others_and_before_what_follows_on_it,
    a_poison_event_among_a_thousand_delays_no_other,
    what_cannot_be_handled_is_put_aside_and_the_rest_goes_on,
    a_panic_is_one_failed_attempt,
    what_is_out_of_reach_is_waited_for,
    a_stop_gives_back_what_is_not_handled,
    what_has_piled_up_is_handled_in_runs,
    a_run_that_fails_is_handled_one_by_one,
    ten_thousand_events_that_waited_are_drained,
}

const ORDERS: QueueSpec = QueueSpec::new("orders", &[(Exchange::Order, "order.*")]);
/// Gets the same events, with the same delays from a busy machine or bus.
const BESIDE: QueueSpec = QueueSpec::new("beside", &[(Exchange::Order, "order.*")]);

/// The events that a handler saw, in order, and its prepared answers.
#[derive(Clone, Default)]
struct Seen {
    attempts: Arc<AtomicUsize>,
    handled: Arc<Mutex<Vec<EventId>>>,
}

impl Seen {
    fn handled(&self) -> Vec<EventId> {
        self.handled.lock().unwrap().clone()
    }
}

/// The time each event was handled.
#[derive(Clone)]
struct Moments {
    clock: Clock,
    of: Arc<Mutex<HashMap<EventId, Duration>>>,
}

impl Default for Moments {
    fn default() -> Self {
        Self {
            clock: Clock::system(),
            of: Arc::default(),
        }
    }
}

impl Moments {
    fn note(&self, id: EventId) {
        self.of.lock().unwrap().insert(id, self.clock.elapsed());
    }

    fn of(&self, id: EventId) -> Duration {
        self.of.lock().unwrap()[&id]
    }
}

struct Script<F> {
    seen: Seen,
    answer: F,
}

impl<F> EventHandler for Script<F>
where
    F: Fn(usize, &Event) -> Result<(), HandleError> + Send + Sync + 'static,
{
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        let attempt = self.seen.attempts.fetch_add(1, Ordering::SeqCst);
        (self.answer)(attempt, event)?;
        self.seen.handled.lock().unwrap().push(event.id);
        Ok(())
    }
}

/// Handles batches, unless one contains the failing event.
struct InRuns {
    seen: Seen,
    alone: Arc<AtomicUsize>,
    fails: Option<EventId>,
}

impl EventHandler for InRuns {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        self.alone.fetch_add(1, Ordering::SeqCst);
        self.seen.handled.lock().unwrap().push(event.id);
        Ok(())
    }

    async fn handle_run(&self, run: &[&Event]) -> Result<bool, HandleError> {
        self.seen.attempts.fetch_add(1, Ordering::SeqCst);
        if run.iter().any(|event| Some(event.id) == self.fails) {
            return Err(HandleError::poison("not in a run"));
        }
        self.seen
            .handled
            .lock()
            .unwrap()
            .extend(run.iter().map(|event| event.id));
        Ok(true)
    }
}

/// Starts a consumer; `answer` decides the result from the attempt number.
fn start(
    bus: &Bus,
    answer: impl Fn(usize, &Event) -> Result<(), HandleError> + Send + Sync + 'static,
) -> (Tasks, Seen) {
    let tasks = Tasks::new();
    let seen = Seen::default();
    start_consumer(
        &tasks,
        bus,
        ORDERS,
        Script {
            seen: seen.clone(),
            answer,
        },
    );
    (tasks, seen)
}

async fn publish(bus: &Bus, count: usize) -> Vec<Event> {
    bus.bind_queue(&ORDERS).await.unwrap();
    let sent: Vec<Event> = (0..count)
        .map(|n| event_of(EventType::OrderCreated, n))
        .collect();
    let confirmed = bus.publish_all(&sent).await;
    assert_eq!(confirmed.count, count, "{:?}", confirmed.error);
    sent
}

async fn until_handled(seen: &Seen, expected: &[EventId]) {
    let all = async || (seen.handled() == expected).then_some(());
    eventually("everything is handled, in order", LIMIT, all).await;
}

async fn until_empty(bus: &Bus) {
    let empty = async || (bus.count_waiting("orders").await.unwrap() == 0).then_some(());
    eventually("the queue is empty", LIMIT, empty).await;
}

async fn events_are_handled_in_order_and_leave_their_queue(arm: BusArm) {
    let sent = publish(&arm.bus, 300).await;
    let (tasks, seen) = start(&arm.bus, |_, _| Ok(()));
    until_handled(&seen, &ids(&sent)).await;
    until_empty(&arm.bus).await;
    tasks.shutdown(LIMIT).await;
}

async fn a_failure_is_tried_again_beside_the_others_and_before_what_follows_on_it(arm: BusArm) {
    arm.bus.bind_queue(&ORDERS).await.unwrap();
    let mut sent: Vec<Event> = (0..4)
        .map(|n| event_of(EventType::OrderCreated, n))
        .collect();
    for (event, order) in sent.iter_mut().zip(["a", "b", "a", "b"]) {
        event.body["order_id"] = order.into();
    }
    assert_eq!(arm.bus.publish_all(&sent).await.count, 4);
    let failing = sent[0].id;
    let failures = AtomicUsize::new(0);
    let (tasks, seen) = start(&arm.bus, move |_, event| {
        if event.id == failing && failures.fetch_add(1, Ordering::SeqCst) < 3 {
            return Err(HandleError::retry("not yet"));
        }
        Ok(())
    });
    until_handled(&seen, &[sent[1].id, sent[3].id, sent[0].id, sent[2].id]).await;
    until_empty(&arm.bus).await;
    assert_eq!(seen.attempts.load(Ordering::SeqCst), 7);
    tasks.shutdown(LIMIT).await;
}

async fn a_poison_event_among_a_thousand_delays_no_other(arm: BusArm) {
    for queue in [&ORDERS, &BESIDE] {
        arm.bus.bind_queue(queue).await.unwrap();
    }
    let sent: Vec<Event> = (0..1_000)
        .map(|n| event_of(EventType::OrderCreated, n))
        .collect();
    let hopeless = sent[100].id;
    let is_mended = Arc::new(AtomicBool::new(false));
    let moments = Moments::default();
    let beside = Moments::default();
    let mended = is_mended.clone();
    let times = moments.clone();
    let (tasks, seen) = start(&arm.bus, move |_, event| {
        if event.id == hopeless && !mended.load(Ordering::SeqCst) {
            return Err(HandleError::retry("no such thing"));
        }
        times.note(event.id);
        Ok(())
    });
    let times = beside.clone();
    let unharmed = Seen::default();
    let answer = move |_, event: &Event| {
        times.note(event.id);
        Ok(())
    };
    start_consumer(
        &tasks,
        &arm.bus,
        BESIDE,
        Script {
            seen: unharmed.clone(),
            answer,
        },
    );
    // One after the other, so they arrive while the poisoned one is retried: all its attempts take
    // eleven seconds.
    for event in &sent {
        arm.bus.publish(event).await.unwrap();
    }
    until_handled(&unharmed, &ids(&sent)).await;
    let others: Vec<EventId> = ids(&sent)
        .into_iter()
        .filter(|id| *id != hopeless)
        .collect();
    until_handled(&seen, &others).await;
    let delay = others
        .iter()
        .map(|id| moments.of(*id).saturating_sub(beside.of(*id)))
        .max();
    assert!(
        delay < Some(Duration::from_secs(1)),
        "an event came {delay:?} later for the poison"
    );
    let of = DeadLetterBox::Dead("orders".to_owned());
    let dead = async || arm.bus.read_dead_letters(&of, 10).await.unwrap().pop();
    let letter = eventually("it is put aside", 3 * LIMIT, dead).await;
    assert_eq!(letter.event.map(|event| event.id), Some(hopeless));
    let why = "8 attempts: the event could not be handled: no such thing";
    assert_eq!(letter.reason, why);
    is_mended.store(true, Ordering::SeqCst);
    // The broker gets the inspected message back a little later.
    let redriven = async || {
        let acted = arm
            .bus
            .settle_letters(&of, &DeadLetterSelection::All, DeadLetterAction::Redrive)
            .await;
        (acted.unwrap() == 1).then_some(())
    };
    eventually("it goes back", LIMIT, redriven).await;
    until_handled(&seen, &[others, vec![hopeless]].concat()).await;
    tasks.shutdown(LIMIT).await;
}

async fn what_cannot_be_handled_is_put_aside_and_the_rest_goes_on(arm: BusArm) {
    let sent = publish(&arm.bus, 3).await;
    let poisoned = sent[0].id;
    let hopeless = sent[1].id;
    let (tasks, seen) = start(&arm.bus, move |_, event| {
        if event.id == poisoned {
            Err(HandleError::poison("never"))
        } else if event.id == hopeless {
            Err(HandleError::retry("eight times"))
        } else {
            Ok(())
        }
    });
    let mut dead = arm
        .bus
        .subscribe(&dead_letter_queue("orders"), 10)
        .await
        .unwrap();
    for expected in [poisoned, hopeless] {
        let letter = timeout(LIMIT, dead.next()).await.unwrap();
        assert_eq!(letter.event().id, expected);
        letter.ack().await.unwrap();
    }
    until_handled(&seen, &[sent[2].id]).await;
    assert_eq!(seen.attempts.load(Ordering::SeqCst), 1 + 8 + 1);
    tasks.shutdown(LIMIT).await;
}

async fn a_panic_is_one_failed_attempt(arm: BusArm) {
    let sent = publish(&arm.bus, 2).await;
    let (tasks, seen) = start(&arm.bus, |attempt, _| {
        assert!(attempt != 0, "planted");
        Ok(())
    });
    until_handled(&seen, &[sent[1].id, sent[0].id]).await;
    tasks.shutdown(LIMIT).await;
}

async fn what_is_out_of_reach_is_waited_for(arm: BusArm) {
    let sent = publish(&arm.bus, 2).await;
    // More attempts than an ordinary failure gets.
    let (tasks, seen) = start(&arm.bus, |attempt, _| {
        if attempt < 5 {
            Err(HandleError::Unavailable("away".into()))
        } else {
            Ok(())
        }
    });
    until_handled(&seen, &ids(&sent)).await;
    tasks.shutdown(LIMIT).await;
}

async fn a_stop_gives_back_what_is_not_handled(arm: BusArm) {
    let sent = publish(&arm.bus, 2).await;
    let (tasks, seen) = start(&arm.bus, |_, _| {
        Err(HandleError::Unavailable("away".into()))
    });
    let tried = async || (seen.attempts.load(Ordering::SeqCst) > 0).then_some(());
    eventually("the handler was asked", LIMIT, tried).await;
    tasks.shutdown(Duration::from_secs(5)).await;
    let (tasks, seen) = start(&arm.bus, |_, _| Ok(()));
    let all = async || (seen.handled().len() == 2).then_some(());
    eventually("the next consumer handles them", LIMIT, all).await;
    let mut handled = seen.handled();
    handled.sort_unstable();
    assert_eq!(handled, ids(&sent));
    tasks.shutdown(LIMIT).await;
}

async fn what_has_piled_up_is_handled_in_runs(arm: BusArm) {
    let sent = publish(&arm.bus, 600).await;
    let tasks = Tasks::new();
    let seen = Seen::default();
    let alone = Arc::<AtomicUsize>::default();
    let handler = InRuns {
        seen: seen.clone(),
        alone: alone.clone(),
        fails: None,
    };
    start_consumer(&tasks, &arm.bus, ORDERS, handler);
    until_handled(&seen, &ids(&sent)).await;
    until_empty(&arm.bus).await;
    let calls = seen.attempts.load(Ordering::SeqCst) + alone.load(Ordering::SeqCst);
    assert!(calls < 300, "{calls} calls for 600 events");
    tasks.shutdown(LIMIT).await;
    // All of them are settled, not only the last of each batch.
    let mut left = arm.bus.subscribe("orders", 10).await.unwrap();
    assert!(
        timeout(Duration::from_millis(300), left.next())
            .await
            .is_err()
    );
}

async fn ten_thousand_events_that_waited_are_drained(arm: BusArm) {
    arm.bus.bind_queue(&ORDERS).await.unwrap();
    let sent: Vec<Event> = (0..10_000)
        .map(|n| event_of(EventType::OrderCreated, n))
        .collect();
    for part in sent.chunks(500) {
        let confirmed = arm.bus.publish_all(part).await;
        assert_eq!(confirmed.count, part.len(), "{:?}", confirmed.error);
    }
    let tasks = Tasks::new();
    let seen = Seen::default();
    let alone = Arc::<AtomicUsize>::default();
    start_consumer(
        &tasks,
        &arm.bus,
        ORDERS,
        InRuns {
            seen: seen.clone(),
            alone,
            fails: None,
        },
    );
    let all = async || (seen.handled().len() >= sent.len()).then_some(());
    eventually("all are handled", 3 * LIMIT, all).await;
    assert!(seen.handled() == ids(&sent), "each of them once, in order");
    until_empty(&arm.bus).await;
    tasks.shutdown(LIMIT).await;
}

async fn a_run_that_fails_is_handled_one_by_one(arm: BusArm) {
    let sent = publish(&arm.bus, 200).await;
    let tasks = Tasks::new();
    let seen = Seen::default();
    let alone = Arc::<AtomicUsize>::default();
    let handler = InRuns {
        seen: seen.clone(),
        alone: alone.clone(),
        fails: Some(sent[199].id),
    };
    start_consumer(&tasks, &arm.bus, ORDERS, handler);
    until_handled(&seen, &ids(&sent)).await;
    until_empty(&arm.bus).await;
    assert!(alone.load(Ordering::SeqCst) >= 1);
    tasks.shutdown(LIMIT).await;
}
