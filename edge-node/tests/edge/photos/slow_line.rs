//! A photo and many commands over a slow line that loses segments and breaks. All times are the
//! line's.

use std::time::Duration;

use futures::future::join_all;
use support::{Draws, LineQuality, SlowTcpLine, is_deep_run};
use tokio::time::timeout;

use super::*;

const LINE: LineQuality = LineQuality {
    bits_per_second: 256_000,
    one_way: Duration::from_millis(50),
    loss_percent: 10,
};

/// What goes over the line. A run that is not deep sends a quarter.
struct Load {
    picture_bytes: usize,
    /// Fewer, if the photo is sent sooner.
    commands_max: u128,
    cuts: u64,
}

const WHOLE: Load = Load {
    picture_bytes: 5_000_000,
    commands_max: 2_000,
    cuts: 10,
};
const QUARTER: Load = Load {
    picture_bytes: 1_250_000,
    commands_max: 500,
    cuts: 2,
};
const SEED: u64 = 256;
/// The orders that the commands accept, and the commands themselves.
const FIRST: u128 = 10_000;
/// Commands come in bursts of up to so many, this far apart on average.
const BURST_MAX: u64 = 15;
const BURST_EVERY_MS: u64 = 1_000;
/// Of real time. A deep run takes a minute or two.
const SENDING_TIMEOUT: Duration = Duration::from_secs(300);
const WAIT_MAX_MS: i64 = 1_000;
const TWICE_PERCENT_MAX: u64 = 2;

impl Load {
    fn of_this_run() -> Self {
        if is_deep_run() { WHOLE } else { QUARTER }
    }

    /// One in each part of the photo, anywhere in it.
    fn draw_cuts(&self, draws: &mut Draws) -> Vec<u64> {
        let part = self.picture_bytes as u64 / self.cuts;
        (0..self.cuts)
            .map(|n| n * part + draws.number_below(part))
            .collect()
    }
}

/// Sends commands in bursts until the photo is sent, or until there are `commands_max`. Returns how
/// many it sent, once the photo is sent. Storing a command takes no line time.
async fn send_commands_until_sent(
    region: &PhotoRegion,
    line: &SlowTcpLine,
    clock: &Clock,
    commands_max: u128,
) -> u128 {
    let mut draws = Draws::of(SEED);
    let mut next = FIRST;
    let end = FIRST + commands_max;
    while region.standing_of(&region.pictures[0]).await["state"] != "sent" {
        let pause = Duration::from_millis(draws.number_below(BURST_EVERY_MS * 2));
        let due_at = clock.elapsed() + pause;
        until("the line has gone on", || async {
            (clock.elapsed() >= due_at).then_some(())
        })
        .await;
        let burst = u128::from(1 + draws.number_below(BURST_MAX)).min(end - next);
        let held = line.hold().await;
        let bodies: Vec<_> = (next..next + burst).map(|n| (n, accept(n))).collect();
        join_all(bodies.iter().map(|(n, body)| region.send(*n, body))).await;
        drop(held);
        next += burst;
    }
    next - FIRST
}

/// The longest wait from the edge's log to the cloud, with its command.
fn find_longest_wait(cloud: &Cloud) -> (i64, CommandId) {
    let commands = cloud.commands_with_arrival();
    let waits = commands
        .iter()
        .filter(|(op, _)| op.command.id >= CommandId(id(FIRST)));
    let waits = waits.map(|(op, at)| (at.0 - op.received_at.0, op.command.id));
    waits.max().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_command_waits_for_a_photo_on_a_slow_line_and_little_is_sent_twice() {
    let load = Load::of_this_run();
    let picture = picture(1, load.picture_bytes);
    let clock = Clock::fixed_at(Clock::system().now());
    let (cloud, gateway) = Cloud::start_at(clock.clone()).await;
    let line = SlowTcpLine::forward_to(gateway, clock.clone(), LINE, SEED)
        .await
        .unwrap();
    let at_once = |config| Config {
        commands_at_once: 10_000,
        ..config
    };
    let pictures = vec![picture.clone()];
    let region = PhotoRegion::behind(
        line.address(),
        cloud.clone(),
        clock.clone(),
        pictures,
        at_once,
    )
    .await;
    (FIRST..FIRST + load.commands_max).for_each(|n| cloud.put(order(n, 1)));
    until("the feed and the first commands", || async {
        let is_fed = cloud.last_ack()?.digest == cloud.digest();
        (is_fed && cloud.commands().len() == 2).then_some(())
    })
    .await;

    let heard_before = cloud.heard_bytes();
    line.slow_down(load.draw_cuts(&mut Draws::of(SEED)));
    region.upload_whole(&picture).await;
    let sending = send_commands_until_sent(&region, &line, &clock, load.commands_max);
    let commands = timeout(SENDING_TIMEOUT, sending).await;
    let commands = commands.expect("the photo is never sent");
    region.until_sent(&picture).await;

    let commands = usize::try_from(commands).unwrap() + 2;
    until("all commands", || async {
        (cloud.commands().len() == commands).then_some(())
    })
    .await;
    assert_eq!(line.cuts() as u64, load.cuts);
    let (longest_ms, command) = find_longest_wait(&cloud);
    assert!(
        longest_ms <= WAIT_MAX_MS,
        "{command} waited {longest_ms} ms"
    );
    let chunks = cloud.photo_chunks();
    let bodies: usize = chunks.iter().map(|sent| sent.chunk.body.len()).sum();
    let repeated = (bodies - picture.len()) as u64;
    let heard = cloud.heard_bytes() - heard_before;
    let torn = line.carried_up().saturating_sub(heard);
    let twice_max = picture.len() as u64 * TWICE_PERCENT_MAX / 100;
    assert!(
        repeated + torn <= twice_max,
        "{repeated} bytes repeated, {torn} bytes torn"
    );
    region.edge.stop().await;
    line.stop().await;
}
