//! Publishes on an embedded bus in an endless loop, and prints each event's id once it is
//! confirmed. Crash tests kill it.

use std::io::Write;

use anyhow::{Context, Result};
use platform::bus::Bus;
use process::tasks::Tasks;
use wire::EventType;

const PUBLISHERS: usize = 16;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let url = std::env::args()
        .nth(1)
        .context("expected the address of a bus")?;
    let bus = Bus::open(&url).await?;
    let tasks = Tasks::new();
    for _ in 0..PUBLISHERS {
        tasks.spawn("publisher", publish(bus.clone()));
    }
    tasks.stop_token().cancelled().await;
    Ok(())
}

async fn publish(bus: Bus) {
    for number in 0.. {
        let event = contract::event_of(EventType::OrderCreated, number);
        if let Err(error) = bus.publish(&event).await {
            eprintln!("{error}");
            return;
        }
        // Write the whole line at once, so a kill never leaves half of it in the pipe.
        let _ = std::io::stdout().write_all(format!("{}\n", event.id).as_bytes());
    }
}
