//! Every part has two replicas on one set of servers, and each request goes to a random gateway.
//! The demo's story has the same result, down to the last notification and posting, and each job
//! run belongs to exactly one replica.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use mongodb::bson::{Bson, Document, doc};
use platform::{sql::Sql, vals};
use process::{
    client::Client,
    parts::{CloudPart, StoreKind},
    tasks::Tasks,
};
use stack::{Layout, ReplicaPlace, Stack, Stores, Wishes, binaries, ready};
use support::{eventually, test_servers};
use tokio::{net::TcpListener, task::spawn_blocking};
use wire::Region;

/// The schedule of all jobs; by default some run a night apart.
const JOBS_AT: (&str, &str) = ("HOLDFAST_JOBS_AT", "*/10 * * * * *");
const COUNTED_WITHIN: Duration = Duration::from_secs(120);
/// Runs of each job. With several, the replicas really competed for the same moment.
const RUNS_MIN: u64 = 2;

/// Every job of every part, without the platform's jobs.
const JOBS: [(CloudPart, &[&str]); 7] = [
    (
        CloudPart::Auth,
        &[
            "auth-deleted",
            "auth-deletions",
            "auth-keys",
            "auth-purge",
            "auth-seal",
        ],
    ),
    (
        CloudPart::User,
        &["user-counts", "user-files", "user-marks", "user-seal"],
    ),
    (
        CloudPart::Order,
        &[
            "order-completed",
            "order-erasures",
            "order-expire",
            "order-messages",
            "order-photos",
            "order-seal",
        ],
    ),
    (
        CloudPart::Payment,
        &[
            "payment-compare",
            "payment-errands",
            "payment-payouts",
            "payment-reconciliation",
            "payment-seal",
            "payment-settle",
        ],
    ),
    (
        CloudPart::Review,
        &["review-files", "review-ratings", "review-seal"],
    ),
    (
        CloudPart::Notification,
        &[
            "notification-reminders",
            "notification-seal",
            "purge_read_notifications",
        ],
    ),
    (
        CloudPart::Hub,
        &[
            "compact_feed",
            "compare_with_owner",
            "forget_old_ops",
            "seal",
            "tell_alarms",
        ],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn the_story_and_the_jobs_are_the_same_on_two_replicas_of_every_part() {
    let layout = Layout::temporary(Stores::Real).unwrap().with_one_edge();
    let mut wishes = Wishes::that_settle_soon().on(test_servers());
    wishes
        .environment
        .insert(JOBS_AT.0.into(), JOBS_AT.1.into());
    let mut stack = Stack::start(layout, &wishes).await.unwrap();
    let seconds = stack.second_cloud().await.unwrap();
    let second = format!("http://127.0.0.1:{}", seconds[&CloudPart::Gateway].port);
    // One edge per gateway, and so per hub.
    stack
        .second_edge(second.clone(), Region::North)
        .await
        .unwrap();

    let tasks = Tasks::new();
    let spreader = Spreader::start(&tasks, [stack.layout().gateway_url(), second]).await;
    let mut file = stack.ready_file();
    file.gateway.clone_from(&spreader.address);
    let path = stack.layout().folder.join("spread-ready.json");
    ready::write(&path, &file).unwrap();
    let demo = binaries::own("holdfast-demo").unwrap();
    let played = spawn_blocking(move || Command::new(demo).arg("--ready-file").arg(path).output());
    let played = played.await.unwrap().unwrap();
    let said = [played.stdout, played.stderr]
        .map(|text| String::from_utf8(text).unwrap())
        .concat();
    assert!(played.status.success(), "{said}");
    assert!(said.lines().all(|line| line.starts_with('✓')), "{said}");
    let passed = [0, 1].map(|n| spreader.passed[n].load(Ordering::Relaxed));
    assert!(
        passed.iter().all(|count| *count > 20),
        "both gateways had work: {passed:?}"
    );

    let counted = JOBS.map(|(part, _)| part);
    let with_store = CloudPart::ALL
        .iter()
        .filter(|part| part.store() != StoreKind::Nothing);
    assert!(
        with_store.clone().all(|part| counted.contains(part)),
        "{counted:?}"
    );
    for (part, jobs) in JOBS {
        each_run_was_one_replicas(&stack, part, jobs, seconds[&part]).await;
    }
    tasks.shutdown(Duration::from_secs(5)).await;
    stack.stop().await.unwrap();
}

/// Asserts that both replicas' counted runs equal the claimed runs in their database, and that no
/// job is missing.
async fn each_run_was_one_replicas(
    stack: &Stack,
    part: CloudPart,
    jobs: &[&str],
    second: ReplicaPlace,
) {
    let claims = ClaimedRuns::of(stack, part).await;
    let expected: BTreeSet<&str> = jobs
        .iter()
        .chain(claims.of_the_platform(part))
        .copied()
        .collect();
    let operators = [stack.layout().operator(part).unwrap(), second.operator];
    eventually(
        &format!("the runs of {part} are counted once"),
        COUNTED_WITHIN,
        async || {
            let before = claims.read().await;
            let mut done = BTreeMap::new();
            for operator in operators {
                for (job, runs) in runs_at(operator).await {
                    *done.entry(job).or_insert(0) += runs;
                }
            }
            // No run began during the count.
            let is_quiet = claims.read().await == before;
            let is_whole = before.keys().map(String::as_str).collect::<BTreeSet<_>>() == expected;
            let ran = before.values().all(|runs| *runs >= RUNS_MIN);
            (is_quiet && is_whole && ran && done == before).then_some(())
        },
    )
    .await;
    claims.close().await;
}

/// The database in which a part's replicas claim job runs.
enum ClaimedRuns {
    Sql(Sql),
    Documents(mongodb::Database),
}

impl ClaimedRuns {
    async fn of(stack: &Stack, part: CloudPart) -> Self {
        let stores = stack.stores().unwrap();
        let url = || stores.database_url(part);
        match part.store() {
            StoreKind::Sql(_) => Self::Sql(Sql::open(&url()).await.unwrap()),
            StoreKind::Documents(_) => {
                let client = mongodb::Client::with_uri_str(url()).await.unwrap();
                Self::Documents(client.default_database().unwrap())
            }
            StoreKind::Nothing => panic!("{part} has no database"),
        }
    }

    /// The platform's jobs in a part. MongoDB expires everything except sent events automatically;
    /// the notification service publishes no events.
    fn of_the_platform(&self, part: CloudPart) -> &'static [&'static str] {
        match (self, part) {
            (Self::Documents(_), CloudPart::Notification) => &["seal_events"],
            (Self::Documents(_), _) => &["replay_events", "seal_events", "tidy_events"],
            (Self::Sql(_), _) => &["replay_events", "seal_events", "tidy", "tidy_events"],
        }
    }

    async fn read(&self) -> BTreeMap<String, u64> {
        const CLAIMED: &str = "SELECT name, COUNT(*) FROM job_runs GROUP BY name";
        match self {
            Self::Sql(sql) => {
                let rows: Vec<(String, u64)> = sql.fetch_all(CLAIMED, vals![]).await.unwrap();
                rows.into_iter().collect()
            }
            Self::Documents(database) => {
                let runs = database.collection::<Document>("_job_runs");
                let mut counted = BTreeMap::new();
                for job in runs.distinct("_id.name", doc! {}).await.unwrap() {
                    let Bson::String(job) = job else {
                        panic!("{job} is no name")
                    };
                    let claimed = runs.count_documents(doc! {"_id.name": &job}).await.unwrap();
                    counted.insert(job, claimed);
                }
                counted
            }
        }
    }

    async fn close(self) {
        if let Self::Sql(sql) = self {
            sql.close().await;
        }
    }
}

/// The number of runs of each job, from the replica's metrics.
async fn runs_at(operator: u16) -> BTreeMap<String, u64> {
    let asked = http::Request::get(format!("http://127.0.0.1:{operator}/metrics"));
    let asked = asked.body(axum::body::Body::empty()).unwrap();
    let answer = Client::new().send_request(asked).await.unwrap();
    let text = axum::body::to_bytes(answer.into_body(), 4 << 20)
        .await
        .unwrap();
    let text = String::from_utf8(text.to_vec()).unwrap();
    let mut runs = BTreeMap::new();
    for line in text.lines() {
        let Some(rest) = line.strip_prefix("holdfast_job_runs_total{") else {
            continue;
        };
        let (labels, count) = rest.rsplit_once(' ').unwrap();
        let (_, job) = labels.split_once("job=\"").unwrap();
        let job = job.split('"').next().unwrap().to_owned();
        *runs.entry(job).or_insert(0) += count.parse::<u64>().unwrap();
    }
    runs
}

/// Forwards each request to a random gateway.
struct Spreader {
    address: String,
    passed: Arc<[AtomicUsize; 2]>,
}

#[derive(Clone)]
struct Spread {
    gateways: [String; 2],
    passed: Arc<[AtomicUsize; 2]>,
    client: Client,
}

impl Spreader {
    async fn start(tasks: &Tasks, gateways: [String; 2]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let passed = Arc::<[AtomicUsize; 2]>::default();
        let spread = Spread {
            gateways,
            passed: passed.clone(),
            client: Client::new(),
        };
        let routes = Router::new().fallback(pass).with_state(spread);
        let stop = tasks.stop_token();
        tasks.spawn("spreader", async move {
            tokio::select! {
                served = axum::serve(listener, routes).into_future() => served.unwrap(),
                () = stop.cancelled() => {}
            }
        });
        Self { address, passed }
    }
}

async fn pass(State(spread): State<Spread>, mut request: Request) -> Response {
    let chance = usize::from(process::random::draw_bytes::<1>()[0] % 2);
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    *request.uri_mut() = format!("{}{path}", spread.gateways[chance])
        .parse()
        .unwrap();
    spread.passed[chance].fetch_add(1, Ordering::Relaxed);
    match spread.client.send_request(request).await {
        Ok(answer) => answer.map(axum::body::Body::new).into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}
