//! Publishes on an embedded bus for ever, and says each event's id once it is confirmed. Crash
//! tests kill it.

use std::io::Write;

use anyhow::{Context, Result};
use platform::bus::Bus;
use process::tasks::Tasks;
use wire::EventType;

const PUBLISHERS: usize = 16;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let url = std::env::args().nth(1).context("expected the address of a bus")?;
    let bus = Bus::open(&url).await?;
    let tasks = Tasks::new();
    for _ in 0..PUBLISHERS {
        tasks.spawn("publisher", publish(bus.clone()));
    }
    tasks.token().cancelled().await;
    Ok(())
}

async fn publish(bus: Bus) {
    for number in 0.. {
        let event = contract::event_of(EventType::OrderCreated, number);
        if let Err(error) = bus.publish(&event).await {
            eprintln!("{error}");
            return;
        }
        // One write of a whole line: a kill leaves no half of one in the pipe.
        let _ = std::io::stdout().write_all(format!("{}\n", event.id).as_bytes());
    }
}
