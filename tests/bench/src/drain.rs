//! Lets commands pile up, heals the wires, and waits until every outcome is back and every region
//! equals the cloud again.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use process::clock::Clock;
use stack::Stack;
use support::Wire;
use tokio::time::sleep;

use crate::{
    bare::{self, Rows},
    edges::Edges,
    processes::Load,
};

const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Added to the expected time of the ops.
const PATIENCE: Duration = Duration::from_secs(60);
/// A slower drain counts as stuck.
const OP_TAKES_MAX: Duration = Duration::from_millis(10);

pub(crate) struct Drained {
    pub ops: usize,
    /// From healing the wires until the hub had all ops.
    pub received: Duration,
    /// From healing the wires until all outcomes were back.
    pub took: Duration,
    /// From healing the wires until each edge's orders equalled the cloud's.
    pub equal: Duration,
    pub carried_up: usize,
    /// The rows that the drain added, counted when the last outcome was back.
    pub rows: Vec<(bare::Table, Rows)>,
    pub peaks: Vec<Peaks>,
    pub worked: Load,
}

/// The peak memory of an edge so far, in bytes.
pub(crate) struct Peaks {
    pub idle: usize,
    pub filled: usize,
    pub drained: usize,
}

pub(crate) async fn measure(stack: &Stack, edges: &Edges, ops: usize) -> Result<Drained> {
    let clock = Clock::system();
    let idle = edges.peaks(stack)?;
    edges.set(Wire::Cut);
    let begun = clock.elapsed();
    let ops = edges.fill(ops).await?;
    let filling = clock.elapsed().saturating_sub(begun);
    println!(
        "{ops} commands taken by five edges in {:.1} s",
        filling.as_secs_f64()
    );
    let filled = edges.peaks(stack)?;

    let stores = stack.stores().context("real stores")?;
    let mysql = stores.servers().mysql.clone();
    let rows_before = bare::count(&mysql).await?;
    let received_before = edges.received().await?;
    let carried_before = edges.carried();
    let load_before = Load::of(stack);
    let limit = PATIENCE + OP_TAKES_MAX * u32::try_from(ops)?;
    let begun = clock.elapsed();
    edges.set(Wire::Passes);
    let mut received = None;
    let mut carried_up = 0;
    let took = loop {
        // Read the edges before the hub and the clock last, so no reported time is too early.
        let waiting = edges.waiting().await?;
        let received_now = edges.received().await? - received_before;
        let took = clock.elapsed().saturating_sub(begun);
        if received.is_none() && received_now >= ops {
            received = Some(took);
            carried_up = edges.carried() - carried_before;
        }
        if waiting == 0 && received_now >= ops {
            break took;
        }
        if took > limit {
            bail!(
                "{received_now} of {ops} ops are received, and {waiting} edges wait for outcomes after {took:.0?}"
            );
        }
        sleep(LOOK_AGAIN).await;
    };
    let worked = Load::of(stack).since(&load_before);
    let rows = bare::since(&bare::count(&mysql).await?, &rows_before);
    let peaks_after = edges.peaks(stack)?;
    stack
        .healthy(limit)
        .await
        .context("the regions do not come to equal the cloud")?;
    let equal = clock.elapsed().saturating_sub(begun);
    let peaks = idle.into_iter().zip(filled).zip(peaks_after);
    let peaks = peaks
        .map(|((idle, filled), drained)| Peaks {
            idle,
            filled,
            drained,
        })
        .collect();
    let received = received.unwrap_or(took);
    Ok(Drained {
        ops,
        received,
        took,
        equal,
        carried_up,
        rows,
        peaks,
        worked,
    })
}
