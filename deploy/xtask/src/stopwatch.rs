//! How long a stage took, for the table of minutes.

use std::time::Instant;

pub struct Stopwatch(Instant);

impl Stopwatch {
    #[allow(clippy::disallowed_methods)] // Not the product: nothing here is replayed or simulated.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    pub fn minutes(&self) -> f64 {
        self.0.elapsed().as_secs_f64() / 60.0
    }
}
