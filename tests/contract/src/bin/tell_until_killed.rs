//! Writes documents with events and relays them in an endless loop, and prints each event's id once
//! it is written. Crash tests kill it.

use std::{io::Write, time::Duration};

use anyhow::{Context, Result};
use contract::notes::{Note, STARS};
use platform::{
    bus::Bus,
    documents::{Collection, Documents, Filter, Update},
    outbox::OutboxRelay,
};
use process::{clock::Clock, tasks::Tasks};
use uuid::Uuid;
use wire::EventType;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || {
        arguments
            .next()
            .context("expected two addresses and the number of writers")
    };
    let documents = Documents::open(&next()?).await?;
    let bus = Bus::open(&next()?).await?;
    let notes = Collection::<Note>::new(&documents, "notes");
    let tasks = Tasks::new();
    OutboxRelay::start(&tasks, &documents, bus, Clock::system(), "test");
    for writer in 0..next()?.parse()? {
        tasks.spawn("writer", write(notes.clone(), Uuid::from_u128(writer)));
    }
    tasks.stop_token().cancelled().await;
    Ok(())
}

/// Each event adds one star.
async fn write(notes: Collection<Note>, id: Uuid) {
    for number in 0.. {
        let event = [contract::event_of(EventType::ReviewCreated, number)];
        let star = Update::default().add(&STARS, 1);
        match notes.update(id, Filter::match_all(), star, &event).await {
            // Write the whole line at once, so a kill never leaves half of it in the pipe.
            Ok(_) => drop(std::io::stdout().write_all(format!("{}\n", event[0].id).as_bytes())),
            // The relay is behind.
            Err(error) if error.is_contention() => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => {
                eprintln!("{error}");
                return;
            }
        }
    }
}
