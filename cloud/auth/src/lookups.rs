//! Account lookups that run after the answer, so that its timing reveals no account.

use std::sync::Arc;

use process::tasks::Tasks;
use tokio::sync::Semaphore;

const AT_ONCE_MAX: usize = 64;

#[derive(Clone)]
pub struct Lookups {
    permits: Arc<Semaphore>,
    tasks: Tasks,
}

impl Lookups {
    pub fn new(tasks: &Tasks) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(AT_ONCE_MAX)),
            tasks: tasks.clone(),
        }
    }

    /// Returns false, and drops the lookup, if too many are running.
    pub fn try_spawn(
        &self,
        name: &'static str,
        lookup: impl Future<Output = ()> + Send + 'static,
    ) -> bool {
        let Ok(permit) = self.permits.clone().try_acquire_owned() else {
            return false;
        };
        self.tasks.spawn_once(name, async move {
            let _permit = permit;
            lookup.await;
        });
        true
    }
}
