//! The path of an event from a document to a queue, and into another document: the relay, the bus,
//! and a change that is made once.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::Duration,
};

use contract::{
    DocumentsArm, LIMIT, REVIEWS, event_of, ids,
    notes::{Note, add_star, id, newest_of, note, notes, starless_note},
    on_every_documents,
};
use mongodb::bson::{Bson, Document, doc};
use platform::{
    Database,
    bus::{Bus, DeadLetterBox, Deliveries, QueueSpec},
    documents::{Collection, Documents, Filter, Update},
    outbox::{self, OutboxRelay},
    vals,
};
use process::{clock::Clock, tasks::Tasks};
use support::eventually;
use tokio::time::timeout;
use wire::{Event, EventId, EventType, Exchange, OrderId, UnixMillis, UserId};

on_every_documents! {
    written_events_leave_in_order_and_others_never,
    an_event_that_no_queue_wants_holds_up_nothing,
    a_collection_of_others_does_not_hold_the_relay,
    one_of_two_relays_publishes_and_the_other_takes_over,
    a_write_wakes_the_relay,
    the_events_of_an_order_are_found_before_and_after_they_are_sent,
    a_queue_added_later_gets_the_events_of_thirty_days_each_once,
    nothing_is_lost_and_nothing_counts_twice_when_writer_and_relay_are_killed,
}

async fn receive(deliveries: &mut Deliveries, count: usize) -> Vec<Event> {
    let mut received = Vec::new();
    while received.len() < count {
        let delivery = timeout(LIMIT, deliveries.next()).await.expect("an event");
        received.push(delivery.event().clone());
        delivery.ack().await.unwrap();
    }
    received
}

async fn touch(notes: &Collection<Note>, n: u128, event: &Event) {
    let text = Update::default().set_part("text", &"told");
    let event = std::slice::from_ref(event);
    assert!(
        notes
            .update(id(n), Filter::match_all(), text, event)
            .await
            .unwrap()
    );
}

async fn written_events_leave_in_order_and_others_never(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    // A writer with a clock set back gives later events earlier times.
    let mut sent: Vec<Event> = (0..40)
        .map(|n| event_of(EventType::ReviewCreated, n))
        .collect();
    for (event, late_ms) in sent.iter_mut().zip(0..) {
        event.at = event.at.plus_ms(-10 * late_ms);
    }
    let other = [event_of(EventType::ReviewCreated, 1)];
    assert!(notes.insert(id(1), &note(1, 1), &sent[..1]).await.unwrap());
    assert!(!notes.insert(id(1), &note(1, 1), &other).await.unwrap());
    for (nth, event) in sent[1..].iter().enumerate() {
        let mut stored = notes.get(id(1)).await.unwrap().unwrap();
        if nth % 2 == 0 {
            stored.body.text = Some(format!("{nth}"));
            assert!(
                notes
                    .replace_document(&stored, std::slice::from_ref(event))
                    .await
                    .unwrap()
            );
            assert!(!notes.replace_document(&stored, &other).await.unwrap());
        } else {
            touch(&notes, 1, event).await;
        }
    }
    let (tasks, mut deliveries) = arm.relayed().await;
    assert_eq!(receive(&mut deliveries, sent.len()).await, sent);
    // Each event left only once: the next delivery is the next written event.
    let next = event_of(EventType::ReviewCreated, 0);
    touch(&notes, 1, &next).await;
    assert_eq!(ids(&receive(&mut deliveries, 1).await), [next.id]);
    tasks.shutdown(LIMIT).await;
}

async fn the_events_of_an_order_are_found_before_and_after_they_are_sent(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    let clock = Clock::system();
    let [order, other] = [clock.new_id(), clock.new_id()].map(OrderId);
    let sent = [order, other, order].map(|of| Event {
        body: serde_json::json!({"order_id": of}),
        ..event_of(EventType::ReviewCreated, 1)
    });
    assert!(notes.insert(id(1), &note(1, 1), &sent[..2]).await.unwrap());
    touch(&notes, 1, &sent[2]).await;
    let database = Database::from(&arm.documents);
    let found = async || {
        let found = outbox::find_order_events(&database, order, 10).await;
        found.unwrap()
    };
    let waiting = found().await;
    let newest_first: Vec<&Event> = waiting.iter().map(|one| &one.event).collect();
    assert_eq!(newest_first, [&sent[2], &sent[0]]);
    assert!(waiting.iter().all(|one| one.sent_at.is_none()));
    let (tasks, _deliveries) = arm.relayed().await;
    let relayed = eventually("the bus has them", LIMIT, async || {
        let found = found().await;
        let is_sent = found.iter().all(|one| one.sent_at.is_some());
        (found.len() == 2 && is_sent).then_some(found)
    })
    .await;
    let newest_first: Vec<&Event> = relayed.iter().map(|one| &one.event).collect();
    assert_eq!(newest_first, [&sent[2], &sent[0]]);
    tasks.shutdown(LIMIT).await;
}

async fn an_event_that_no_queue_wants_holds_up_nothing(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    let bus = Bus::open(&arm.bus_url()).await.unwrap();
    bus.bind_queue(&REVIEWS).await.unwrap();
    let tasks = Tasks::new();
    OutboxRelay::start(&tasks, &arm.documents, bus.clone(), Clock::system(), "test");
    let sent = [EventType::UserRegistered, EventType::ReviewCreated].map(|kind| event_of(kind, 1));
    notes.insert(id(1), &note(1, 1), &sent).await.unwrap();
    let mut deliveries = bus.subscribe(REVIEWS.name, 50).await.unwrap();
    assert_eq!(receive(&mut deliveries, 1).await, sent[1..]);
    let unrouted = DeadLetterBox::Unrouted(Exchange::Auth);
    let letter = async || {
        bus.read_dead_letters(&unrouted, 2)
            .await
            .unwrap()
            .pop()?
            .event
    };
    assert_eq!(
        eventually("it waits for a person", LIMIT, letter).await,
        sent[0]
    );
    tasks.shutdown(LIMIT).await;
}

async fn a_collection_of_others_does_not_hold_the_relay(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    if let Documents::Mongo(_) = &arm.documents {
        arm.mongo()
            .await
            .collection("others")
            .insert_one(doc! {"_id": 1})
            .await
            .unwrap();
    }
    let sent = event_of(EventType::ReviewCreated, 1);
    notes
        .insert(id(1), &note(1, 1), std::slice::from_ref(&sent))
        .await
        .unwrap();
    let (tasks, mut deliveries) = arm.relayed().await;
    assert_eq!(receive(&mut deliveries, 1).await, [sent]);
    tasks.shutdown(LIMIT).await;
}

async fn one_of_two_relays_publishes_and_the_other_takes_over(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    let replica = Documents::open(&arm.url)
        .await
        .unwrap()
        .sealed_by(&testing::data_keys());
    let bus = Bus::open(&arm.bus_url()).await.unwrap();
    bus.bind_queue(&REVIEWS).await.unwrap();
    let first = Tasks::new();
    let second = Tasks::new();
    OutboxRelay::start(&first, &arm.documents, bus.clone(), Clock::system(), "test");
    OutboxRelay::start(&second, &replica, bus.clone(), Clock::system(), "test");
    let sent: Vec<Event> = (0..50)
        .map(|n| event_of(EventType::ReviewCreated, n))
        .collect();
    for (event, n) in sent.iter().zip(0..) {
        notes
            .insert(id(n), &note(1, n), std::slice::from_ref(event))
            .await
            .unwrap();
    }
    let mut deliveries = bus.subscribe(REVIEWS.name, 50).await.unwrap();
    let received: BTreeSet<EventId> = ids(&receive(&mut deliveries, 50).await)
        .into_iter()
        .collect();
    assert_eq!(received, ids(&sent).into_iter().collect());
    // A stopping relay releases its lease.
    first.shutdown(LIMIT).await;
    let late = event_of(EventType::ReviewCreated, 100);
    touch(&notes, 1, &late).await;
    assert_eq!(ids(&receive(&mut deliveries, 1).await), [late.id]);
    second.shutdown(LIMIT).await;
}

async fn a_write_wakes_the_relay(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    notes.insert(id(1), &note(1, 1), &[]).await.unwrap();
    let (tasks, mut deliveries) = arm.relayed().await;
    let clock = Clock::system();
    let started = clock.elapsed();
    for number in 0..20 {
        touch(&notes, 1, &event_of(EventType::ReviewCreated, number)).await;
        receive(&mut deliveries, 1).await;
    }
    // The tick alone would take ten seconds.
    assert!(clock.elapsed() - started < Duration::from_secs(5));
    tasks.shutdown(LIMIT).await;
}

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

async fn a_queue_added_later_gets_the_events_of_thirty_days_each_once(arm: DocumentsArm) {
    let notes = notes(&arm.documents).await;
    // More than a replay batch, over 38 days; the new queue wants only part of them.
    let now = Clock::system().now();
    let mut sent = Vec::new();
    for n in 0..20_u128 {
        let days = 38 - 2 * i64::try_from(n).unwrap();
        let told: Vec<Event> = (0..60)
            .map(|number| {
                let wanted = number % 4 != 0;
                let kind = if wanted {
                    EventType::ReviewCreated
                } else {
                    EventType::ReviewUpdated
                };
                let at = now.plus_ms(i64::try_from(number).unwrap() - days * DAY_MS);
                Event {
                    at,
                    ..event_of(kind, number)
                }
            })
            .collect();
        assert!(notes.insert(id(n), &note(1, n), &told).await.unwrap());
        sent.extend(told);
    }
    let waiting = waiting_in(&arm, 19).await;
    let bus = arm.bus().await;
    let (tasks, mut deliveries) = arm.relayed_to(&bus).await;
    assert_eq!(receive(&mut deliveries, sent.len()).await, sent);
    eventually("all have left", LIMIT, async || all_left(&arm).await).await;
    // Simulates a relay crash before it removed them: they leave a second time, and are stored
    // once.
    put_back(&arm, 19, waiting).await;
    receive(&mut deliveries, 60).await;
    eventually("they have left, too", LIMIT, async || all_left(&arm).await).await;
    tasks.shutdown(LIMIT).await;

    let since = now.plus_ms(-30 * DAY_MS);
    let wanted: Vec<Event> = sent
        .into_iter()
        .filter(|e| e.at >= since && e.kind == EventType::ReviewCreated)
        .collect();
    assert_eq!(wanted.len(), 16 * 45);
    assert_eq!(replayed(&arm, &bus, since).await, wanted);
    let database = Database::from(&arm.documents);
    let told = outbox::list_replays(&database, 5).await.unwrap();
    assert_eq!(
        told.iter()
            .map(|one| (one.sent, one.done_at.is_some()))
            .collect::<Vec<_>>(),
        [(720, true)]
    );
    // The retention starts when they left.
    let days = |count: u64| Duration::from_secs(count * 24 * 60 * 60);
    let later = Clock::system().now().plus_ms(30 * DAY_MS + 1);
    assert_eq!(
        outbox::purge_sent(&database, later, days(31))
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        outbox::purge_sent(&database, later, days(30))
            .await
            .unwrap(),
        20 * 60
    );
    assert_eq!(replayed(&arm, &bus, since).await, []);
}

/// The events that a replay sends to a new queue.
async fn replayed(arm: &DocumentsArm, bus: &Bus, since: UnixMillis) -> Vec<Event> {
    const LATE: QueueSpec = QueueSpec::new("late", &[(Exchange::Review, "review.created")]);
    let database = Database::from(&arm.documents);
    bus.bind_queue(&LATE).await.unwrap();
    let clock = Clock::system();
    let named = |name: &str| (name == LATE.name).then_some(LATE);
    let id = clock.new_id();
    let by = UserId(clock.new_id());
    let now = clock.now();
    let asked = outbox::request_replay(&database, LATE.name, since, (id, by, now))
        .await
        .unwrap();
    assert_eq!(asked, Some(id));
    while outbox::send_replay_batch(&database, bus, named, now)
        .await
        .unwrap()
    {}
    let waiting = usize::try_from(bus.count_waiting(LATE.name).await.unwrap()).unwrap();
    receive(&mut bus.subscribe(LATE.name, 100).await.unwrap(), waiting).await
}

async fn all_left(arm: &DocumentsArm) -> Option<()> {
    let waiting = match &arm.documents {
        Documents::Mongo(_) => {
            let notes = arm.mongo().await.collection::<Document>("notes");
            notes
                .count_documents(doc! {"_events.0": {"$exists": true}})
                .await
                .unwrap()
        }
        Documents::Sqlite(sql) => {
            let count = "SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL";
            sql.fetch_optional(count, vals![]).await.unwrap().unwrap()
        }
    };
    (waiting == 0).then_some(())
}

/// The events of a note in MongoDB.
async fn waiting_in(arm: &DocumentsArm, n: u128) -> Bson {
    let Documents::Mongo(_) = &arm.documents else {
        return Bson::Null;
    };
    let notes = arm.mongo().await.collection::<Document>("notes");
    let of = doc! {"_id": mongodb::bson::Uuid::from_bytes(id(n).into_bytes())};
    notes
        .find_one(of)
        .await
        .unwrap()
        .unwrap()
        .remove("_events")
        .unwrap()
}

async fn put_back(arm: &DocumentsArm, n: u128, waiting: Bson) {
    match &arm.documents {
        Documents::Mongo(_) => {
            let notes = arm.mongo().await.collection::<Document>("notes");
            let of = doc! {"_id": mongodb::bson::Uuid::from_bytes(id(n).into_bytes())};
            let back = doc! {"$set": {"_events": waiting}};
            assert_eq!(notes.update_one(of, back).await.unwrap().modified_count, 1);
        }
        Documents::Sqlite(sql) => {
            let back = "UPDATE outbox SET sent_at = NULL WHERE document = ?";
            assert_eq!(
                sql.exec(back, vals![format!("notes/{}", id(n))])
                    .await
                    .unwrap(),
                60
            );
        }
    }
}

const WRITERS: u128 = 6;
const TOLD_PER_ROUND: usize = 150;

/// Writes and relays in another process, kills it, and returns the events that it reported as
/// written.
fn write_and_kill(arm: &DocumentsArm) -> Vec<EventId> {
    let mut writer = Command::new(env!("CARGO_BIN_EXE_tell_until_killed"))
        .args([&arm.url, &arm.bus_url(), &WRITERS.to_string()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    let mut told: Vec<EventId> = Vec::new();
    while told.len() < TOLD_PER_ROUND {
        told.push(lines.next().unwrap().unwrap().parse().unwrap());
    }
    writer.kill().unwrap();
    writer.wait().unwrap();
    told.extend(
        lines
            .map_while(Result::ok)
            .filter_map(|line| line.parse::<EventId>().ok()),
    );
    told
}

async fn nothing_is_lost_and_nothing_counts_twice_when_writer_and_relay_are_killed(
    arm: DocumentsArm,
) {
    const COUNTER: u128 = 99;
    let notes = notes(&arm.documents).await;
    let bus = Bus::open(&arm.bus_url()).await.unwrap();
    bus.bind_queue(&REVIEWS).await.unwrap();
    bus.close().await;
    for n in 0..WRITERS {
        notes
            .insert(id(n), &starless_note(1, n), &[])
            .await
            .unwrap();
    }
    notes
        .insert(id(COUNTER), &starless_note(2, 1), &[])
        .await
        .unwrap();
    let told: Vec<EventId> = (0..2).flat_map(|_| write_and_kill(&arm)).collect();
    // A write and its event are atomic, so there are as many stars as events. The server may still
    // execute the last write of a dead process, so count the stars again before each event.
    let written = async || {
        let stored = notes.find_documents(&newest_of(1)).await.unwrap();
        usize::try_from(stored.iter().map(|stored| stored.body.stars).sum::<i64>()).unwrap()
    };
    assert!(written().await >= told.len());

    let bus = arm.bus().await;
    let (tasks, mut deliveries) = arm.relayed_to(&bus).await;
    let mut received = BTreeSet::new();
    let mut counted = 0;
    while received.len() < written().await {
        let delivery = timeout(LIMIT, deliveries.next()).await.expect("an event");
        let event = delivery.event().id;
        let now = Clock::system().now();
        // A consumer that dies before its acknowledgement gets the event again.
        for _ in 0..2 {
            if notes
                .change_once(id(COUNTER), event, now, add_star)
                .await
                .unwrap()
                .is_some()
            {
                counted += 1;
            }
        }
        received.insert(event);
        delivery.ack().await.unwrap();
    }
    assert!(
        told.iter().all(|event| received.contains(event)),
        "nothing is lost"
    );
    let counter = notes.get(id(COUNTER)).await.unwrap().unwrap();
    let once = i64::try_from(received.len()).unwrap();
    assert_eq!(
        (counter.body.stars, counted),
        (once, once),
        "nothing counts twice"
    );
    let empty = async || {
        let stored = notes.get(id(0)).await.unwrap().unwrap();
        notes
            .delete(id(0), stored.version)
            .await
            .unwrap_or(false)
            .then_some(())
    };
    eventually("every event has left", LIMIT, empty).await;
    eventually("those of the others, too", LIMIT, async || {
        all_left(&arm).await
    })
    .await;
    tasks.shutdown(LIMIT).await;
    let again = ids(&replayed(&arm, &bus, UnixMillis(0)).await);
    assert_eq!(again.len(), received.len(), "each is kept once");
    assert_eq!(BTreeSet::from_iter(again), received);
}
