//! A stop reaches every task in order, and a broken task ends alone.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{mpsc, oneshot};

use super::*;

const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_stop_reaches_every_task_children_first_and_newest_child_first() {
    let tasks = Tasks::new();
    let first = tasks.new_child();
    let second = tasks.new_child();
    let (order, mut stopped) = mpsc::unbounded_channel();
    for (name, tasks) in [("relay", &tasks), ("intake", &first), ("link", &second)] {
        let token = tasks.stop_token();
        let order = order.clone();
        tasks.spawn(name, async move {
            token.cancelled().await;
            order.send(name).unwrap();
        });
    }
    tasks.shutdown(SOON).await;
    drop(order);
    let mut seen = Vec::new();
    while let Some(name) = stopped.recv().await {
        seen.push(name);
    }
    assert_eq!(seen, ["link", "intake", "relay"]);
    assert_eq!((tasks.running_count(), first.running_count()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_does_not_stop_in_time_is_aborted() {
    struct Gone(Arc<AtomicBool>);
    impl Drop for Gone {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let tasks = Tasks::new();
    let gone = Arc::new(AtomicBool::new(false));
    let guard = Gone(Arc::clone(&gone));
    tasks.new_child().spawn("deaf", async move {
        let _guard = guard;
        std::future::pending::<()>().await;
    });
    tasks.shutdown(SOON).await;
    assert!(gone.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_panic_ends_its_own_task_only() {
    let tasks = Tasks::new();
    tasks.spawn("doomed", async { panic!("a planted panic") });
    let (answer, answered) = oneshot::channel();
    tasks.spawn_once("alive", async move { answer.send(()).unwrap() });
    answered.await.unwrap();
    tasks.shutdown(SOON).await;
    assert_eq!(tasks.running_count(), 0);
}

#[tokio::test]
async fn nothing_starts_after_the_stop() {
    let tasks = Tasks::new();
    let early = tasks.new_child();
    tasks.shutdown(SOON).await;
    for tasks in [&tasks, &early, &tasks.new_child()] {
        assert!(tasks.stop_token().is_cancelled());
        tasks.spawn("late", async { panic!("it ran") });
        assert_eq!(tasks.running_count(), 0);
    }
}

#[tokio::test]
async fn children_that_are_gone_are_forgotten() {
    let tasks = Tasks::new();
    for _ in 0..100 {
        tasks.new_child();
    }
    let busy = tasks.new_child();
    busy.spawn("busy", std::future::pending());
    drop(busy);
    tasks.new_child();
    assert_eq!(
        tasks.lock_state().children.len(),
        2,
        "the busy one and the newest"
    );
    tasks.shutdown(Duration::ZERO).await;
}
