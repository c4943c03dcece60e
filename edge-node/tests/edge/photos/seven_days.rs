//! A region that is cut off for seven days. Its edge runs on and tidies up. Its provider works until
//! their sign-in ends; what their tablet still has goes up after the next one.

use holdfast_edge::path_in;
use wire::{Order, OrderStatus, UnixMillis};

use super::*;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const DAYS: u128 = 7;
/// A job with one photo each day.
const WORKING_DAYS: u128 = 3;
const PROVIDER: u128 = 20;
const PICTURE_BYTES: usize = 300_000;
const HALF: usize = PICTURE_BYTES / 2;

struct CutOffWeek {
    cloud: Cloud,
    clock: Clock,
    edge: RunningEdge,
    token: String,
    data: tempfile::TempDir,
}

impl CutOffWeek {
    async fn begin() -> Self {
        let cut_off_at = Clock::system().now();
        let clock = Clock::fixed_at(cut_off_at);
        let (cloud, gateway) = Cloud::start_at(clock.clone()).await;
        let key = Signer::from_pkcs8(&Signer::generate_pkcs8()).unwrap();
        cloud.seal_with(Some(&key));
        cloud.take_photos();
        (1..=WORKING_DAYS).for_each(|n| cloud.put(order(n, 1)));
        (1..=DAYS).for_each(|day| cloud.put(order_whose_copy_is_dropped_on(day, cut_off_at)));
        let data = tempfile::tempdir().unwrap();
        let config = Config {
            closed_orders_days: 1,
            ..config(data.path(), &format!("http://{gateway}"))
        };
        let edge = start(config, clock.clone()).await.unwrap();
        until("the feed", || async {
            cloud.last_ack().filter(|ack| ack.digest == cloud.digest())
        })
        .await;
        cut_off(&cloud, edge.http).await;
        let token = token_for_days(&cloud, cut_off_at, WORKING_DAYS);
        Self {
            cloud,
            clock,
            edge,
            token,
            data,
        }
    }

    /// Returns once the edge's hourly work of that day has dropped its copies.
    async fn go_to_next_day(&self, day: u128) {
        const DROPPED: &str = "SELECT count(*) FROM orders WHERE dropped_digest IS NOT NULL";
        self.clock.advance(DAY_MS);
        let database = rusqlite::Connection::open(path_in(self.data.path())).unwrap();
        until("the copies that the edge drops on that day", || async {
            let dropped: i64 = database.query_row(DROPPED, [], |row| row.get(0)).unwrap();
            (u128::try_from(dropped).unwrap() == day).then_some(())
        })
        .await;
    }

    async fn send(&self, command: u128, body: &CommandBody) -> Value {
        let body = serde_json::from_slice(&frame(command, &self.token, body)).unwrap();
        let answer = call(self.edge.http, Method::POST, "/commands", None, Some(&body));
        answer.await.unwrap()
    }

    async fn begin_job(&self, job: u128) {
        let photos = vec![name_photo(&photo_of(job))];
        let start = CommandBody::StartOrder {
            order_id: OrderId(id(job)),
            start_code: None,
            photos,
        };
        for (command, body) in [(100 + job, accept(job)), (start_of(job), start)] {
            let reply = self.send(command, &body).await;
            assert_eq!(reply["verdict"], json!("provisional"), "{reply}");
        }
    }

    /// Uploads half of that job's photo.
    async fn upload_from(&self, offset: usize, job: u128) -> Result<(), Code> {
        let photo = photo_of(job);
        let path = path_of(start_of(job), name_photo(&photo).hash);
        let url = format!("http://{}{path}?offset={offset}", self.edge.http);
        let part = &photo[offset..offset + HALF];
        put(&url, Some(&self.token), part).await.map(drop)
    }

    async fn until_nothing_waits(&self) {
        until("nothing waits", || async {
            let commands = self.cloud.commands().len() == 2 * WORKING_DAYS as usize;
            let standing = get(&self.edge, "/standing", None).await.ok()?;
            (commands && standing["photos"]["waiting"] == 0).then_some(())
        })
        .await;
    }
}

/// By the edge's clock alone: the machine's may be set while the test runs.
fn token_for_days(cloud: &Cloud, issued_at: UnixMillis, days: u128) -> String {
    let seconds = i64::try_from(days).unwrap() * DAY_MS / 1_000 + 600;
    cloud
        .people()
        .token_from(issued_at, Role::Provider, PROVIDER, seconds)
}

/// A closed order; the edge keeps the copies of closed ones for a day.
fn order_whose_copy_is_dropped_on(day: u128, cut_off_at: UnixMillis) -> Order {
    let begins = cut_off_at.plus_ms((i64::try_from(day).unwrap() - 1) * DAY_MS);
    Order {
        status: OrderStatus::Cancelled,
        updated_at: begins.plus_ms(-DAY_MS / 2),
        ..order(1_000 + day, 1)
    }
}

fn start_of(job: u128) -> u128 {
    200 + job
}

fn photo_of(job: u128) -> Vec<u8> {
    picture(usize::try_from(job).unwrap(), PICTURE_BYTES)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_week_without_the_cloud_costs_no_photo() {
    let mut week = CutOffWeek::begin().await;
    for day in 1..=DAYS {
        week.go_to_next_day(day).await;
        if day <= WORKING_DAYS {
            week.begin_job(day).await;
            week.upload_from(0, day).await.unwrap();
        } else {
            let rest = week.upload_from(HALF, WORKING_DAYS).await;
            assert_eq!(rest, Err(Code::TokenExpired), "on day {day}");
        }
        if (2..=WORKING_DAYS).contains(&day) {
            week.upload_from(HALF, day - 1).await.unwrap();
        }
    }
    assert!(week.cloud.commands().is_empty() && week.cloud.photo_chunks().is_empty());

    week.token = token_for_days(&week.cloud, week.clock.now(), DAYS);
    week.cloud.heal();
    week.upload_from(HALF, WORKING_DAYS).await.unwrap();
    week.until_nothing_waits().await;
    let staged = week.cloud.staged_photos();
    let jobs = (1..=WORKING_DAYS).map(|job| {
        let photo = photo_of(job);
        (
            (CommandId(id(start_of(job))), name_photo(&photo).hash),
            photo,
        )
    });
    assert!(staged == jobs.collect(), "{:?}", staged.keys());
    week.edge.stop().await;
}
