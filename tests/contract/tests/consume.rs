//! The promises of the consumer template, embedded and on RabbitMQ alike.

#![allow(clippy::unwrap_used)]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use contract::{BusArm, LIMIT, event_of, ids, on_every_bus};
use platform::{
    bus::{Bus, QueueSpec, dead_letter_queue},
    consume::{Handle, HandleError, consume},
};
use process::tasks::Tasks;
use support::eventually;
use tokio::time::timeout;
use wire::{Event, EventId, EventType, Exchange};

on_every_bus! {
    events_are_handled_in_order_and_leave_their_queue,
    a_failure_is_tried_again_before_anything_behind_it,
    what_cannot_be_handled_is_put_aside_and_the_rest_goes_on,
    a_panic_is_one_failed_attempt,
    what_is_out_of_reach_is_waited_for,
    a_stop_gives_back_what_is_not_handled,
    what_has_piled_up_is_handled_in_runs,
    a_run_that_fails_is_handled_one_by_one,
}

const ORDERS: QueueSpec = QueueSpec::new("orders", &[(Exchange::Order, "order.*")]);

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

struct Script<F> {
    seen: Seen,
    answer: F,
}

impl<F> Handle for Script<F>
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

/// Takes runs, save those with the event that makes one fail.
struct InRuns {
    seen: Seen,
    alone: Arc<AtomicUsize>,
    fails: Option<EventId>,
}

impl Handle for InRuns {
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
        self.seen.handled.lock().unwrap().extend(run.iter().map(|event| event.id));
        Ok(true)
    }
}

/// Starts a consumer that answers by `answer`, given the number of the attempt.
fn start(
    bus: &Bus,
    answer: impl Fn(usize, &Event) -> Result<(), HandleError> + Send + Sync + 'static,
) -> (Tasks, Seen) {
    let (tasks, seen) = (Tasks::new(), Seen::default());
    consume(&tasks, bus, ORDERS, Script { seen: seen.clone(), answer });
    (tasks, seen)
}

async fn publish(bus: &Bus, count: usize) -> Vec<Event> {
    bus.bind(&ORDERS).await.unwrap();
    let sent: Vec<Event> = (0..count).map(|n| event_of(EventType::OrderCreated, n)).collect();
    let confirmed = bus.publish_all(&sent).await;
    assert_eq!(confirmed.count, count, "{:?}", confirmed.error);
    sent
}

async fn until_handled(seen: &Seen, expected: &[EventId]) {
    let all = async || (seen.handled() == expected).then_some(());
    eventually("everything is handled, in order", LIMIT, all).await;
}

async fn until_empty(bus: &Bus) {
    let empty = async || (bus.waiting("orders").await.unwrap() == 0).then_some(());
    eventually("the queue is empty", LIMIT, empty).await;
}

async fn events_are_handled_in_order_and_leave_their_queue(arm: BusArm) {
    let sent = publish(&arm.bus, 300).await;
    let (tasks, seen) = start(&arm.bus, |_, _| Ok(()));
    until_handled(&seen, &ids(&sent)).await;
    until_empty(&arm.bus).await;
    tasks.shutdown(LIMIT).await;
}

async fn a_failure_is_tried_again_before_anything_behind_it(arm: BusArm) {
    let sent = publish(&arm.bus, 3).await;
    let (tasks, seen) =
        start(
            &arm.bus,
            |attempt, _| {
                if attempt < 3 { Err(HandleError::retry("not yet")) } else { Ok(()) }
            },
        );
    until_handled(&seen, &ids(&sent)).await;
    assert_eq!(seen.attempts.load(Ordering::SeqCst), 6);
    tasks.shutdown(LIMIT).await;
}

async fn what_cannot_be_handled_is_put_aside_and_the_rest_goes_on(arm: BusArm) {
    let sent = publish(&arm.bus, 3).await;
    let (poisoned, hopeless) = (sent[0].id, sent[1].id);
    let (tasks, seen) = start(&arm.bus, move |_, event| {
        if event.id == poisoned {
            Err(HandleError::poison("never"))
        } else if event.id == hopeless {
            Err(HandleError::retry("eight times"))
        } else {
            Ok(())
        }
    });
    let mut dead = arm.bus.subscribe(&dead_letter_queue("orders"), 10).await.unwrap();
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
    until_handled(&seen, &ids(&sent)).await;
    tasks.shutdown(LIMIT).await;
}

async fn what_is_out_of_reach_is_waited_for(arm: BusArm) {
    let sent = publish(&arm.bus, 2).await;
    // More often than an ordinary failure is tried again.
    let (tasks, seen) = start(&arm.bus, |attempt, _| {
        if attempt < 5 { Err(HandleError::Unavailable("away".into())) } else { Ok(()) }
    });
    until_handled(&seen, &ids(&sent)).await;
    tasks.shutdown(LIMIT).await;
}

async fn a_stop_gives_back_what_is_not_handled(arm: BusArm) {
    let sent = publish(&arm.bus, 2).await;
    let (tasks, seen) = start(&arm.bus, |_, _| Err(HandleError::Unavailable("away".into())));
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
    let (tasks, seen, alone) = (Tasks::new(), Seen::default(), Arc::<AtomicUsize>::default());
    let handler = InRuns { seen: seen.clone(), alone: alone.clone(), fails: None };
    consume(&tasks, &arm.bus, ORDERS, handler);
    until_handled(&seen, &ids(&sent)).await;
    until_empty(&arm.bus).await;
    let calls = seen.attempts.load(Ordering::SeqCst) + alone.load(Ordering::SeqCst);
    assert!(calls < 300, "{calls} calls for 600 events");
    tasks.shutdown(LIMIT).await;
    // All of them are settled, not only the last of each run.
    let mut left = arm.bus.subscribe("orders", 10).await.unwrap();
    assert!(timeout(Duration::from_millis(300), left.next()).await.is_err());
}

async fn a_run_that_fails_is_handled_one_by_one(arm: BusArm) {
    let sent = publish(&arm.bus, 200).await;
    let (tasks, seen, alone) = (Tasks::new(), Seen::default(), Arc::<AtomicUsize>::default());
    let handler = InRuns { seen: seen.clone(), alone: alone.clone(), fails: Some(sent[199].id) };
    consume(&tasks, &arm.bus, ORDERS, handler);
    until_handled(&seen, &ids(&sent)).await;
    until_empty(&arm.bus).await;
    assert!(alone.load(Ordering::SeqCst) >= 1);
    tasks.shutdown(LIMIT).await;
}
