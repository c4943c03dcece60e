//! Measures honest people during an attack: latencies and refusals.

use std::{
    collections::BTreeMap,
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use process::clock::Clock;
use tokio::time::sleep;

/// One person's acts, sorted by duration.
#[derive(Debug, Clone, Default)]
pub struct Experience {
    took: Vec<Duration>,
    refusals: BTreeMap<String, usize>,
}

/// Repeats `act`, pausing in between, until `flood` ends. The last act still counts, or the slowest
/// one would never show.
pub async fn during<T>(
    flood: impl Future<Output = T>,
    pause: Duration,
    mut act: impl AsyncFnMut() -> Result<(), String>,
) -> (T, Experience) {
    let mut experience = Experience::default();
    let clock = Clock::system();
    let is_over = AtomicBool::new(false);
    let flood = async {
        let result = flood.await;
        is_over.store(true, Ordering::Relaxed);
        result
    };
    let acting = async {
        while !is_over.load(Ordering::Relaxed) {
            let started = clock.elapsed();
            let result = act().await;
            experience.note(clock.elapsed().saturating_sub(started), result);
            sleep(pause).await;
        }
    };
    let (result, ()) = tokio::join!(flood, acting);
    experience.took.sort();
    (result, experience)
}

impl Experience {
    pub fn count(&self) -> usize {
        self.took.len()
    }

    pub fn refused(&self) -> usize {
        self.refusals.values().sum()
    }

    /// The duration that this percentage of acts stayed within.
    pub fn percentile(&self, percent: usize) -> Duration {
        let last = self.took.len().saturating_sub(1);
        let at = (self.took.len() * percent / 100).min(last);
        self.took.get(at).copied().unwrap_or_default()
    }

    fn note(&mut self, took: Duration, result: Result<(), String>) {
        self.took.push(took);
        if let Err(why) = result {
            *self.refusals.entry(why).or_default() += 1;
        }
    }
}

impl fmt::Display for Experience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99] = [50, 99].map(|percent| self.percentile(percent).as_millis());
        write!(
            f,
            "{} acts, p50 {p50} ms, p99 {p99} ms, {} refused",
            self.count(),
            self.refused()
        )?;
        self.refusals
            .iter()
            .try_for_each(|(why, times)| write!(f, "; {times}x {why}"))
    }
}
