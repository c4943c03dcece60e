//! A new edge takes its region as an image over a line that is cut again and again: a real hub on a
//! real database, a real edge on its file, and a wire between them.
#![allow(clippy::unwrap_used)]

use std::{net::SocketAddr, path::Path, time::Duration};

use axum::{Router, body::Body, routing::get};
use holdfast_edge::{MqttKind, Running, path_in, report};
use http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use platform::{
    Ground,
    bus::Bus,
    cache::Cache,
    sql::{Sql, Statement, create_database},
    transact,
    upstream::Upstream,
    vals,
};
use process::{
    clock::Clock,
    metrics,
    tasks::Tasks,
    tokens::{Claims, Keys, ServiceKey, Signer, TokenKind},
};
use serde_json::{Value, json};
use support::{Proxy, Wire, eventually};
use tower::ServiceExt;
use uuid::Uuid;
use wire::{
    Amount, Change, Currency, Hash, Order, OrderCode, OrderId, OrderStatus, PaymentStatus, Region,
    Role, ServiceType, SessionId, Source, UnixMillis, UserId,
};

const ORDERS: u64 = 200_000;
const CUTS: u64 = 10;
/// Longer than anything takes that is not broken.
const PATIENCE: Duration = Duration::from_secs(300);

struct Cloud {
    router: Router,
    address: SocketAddr,
    admin: String,
    sql: Sql,
    tasks: Tasks,
}

impl Cloud {
    async fn start(folder: &Path) -> Self {
        let at = |name: &str| folder.join(name).display().to_string();
        let url = format!("sqlite:{}", at("sync.db"));
        create_database(&url).await.unwrap();
        let config = hub::Config { sql_url: url.as_str().into(), ..hub::Config::default() };
        hub::migrate(&config).await.unwrap();
        let signer = Signer::from_pkcs8(&Signer::generate()).unwrap();
        let (clock, tasks) = (Clock::system(), Tasks::new());
        let ground = Ground {
            clock: clock.clone(),
            tasks: tasks.clone(),
            bus: Bus::open(&format!("embedded:{}", at("bus.db"))).await.unwrap(),
            cache: Cache::open("memory:").unwrap(),
            keys: Keys::empty(),
            service_key: ServiceKey::from_pkcs8(&Signer::generate()).unwrap(),
        };
        let jwks = signer.jwks();
        let auth = Router::new().route("/.well-known/jwks.json", get(async move || jwks.clone()));
        let (order, auth) = (Upstream::local(Router::new()), Upstream::local(auth));
        let router = hub::open(config, ground, hub::Peers { order, auth }).await.unwrap();
        let listener = process::web::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (served, stop) = (router.clone(), tasks.token());
        tasks.spawn("server", async move {
            process::web::serve(listener, served, stop).await.unwrap();
        });
        let now_s = clock.now().0 / 1_000;
        let admin = signer.sign(&Claims {
            iss: "auth".into(),
            sub: UserId(Uuid::from_u128(1)),
            role: Role::Admin,
            jti: SessionId(clock.new_id()),
            iat: now_s,
            exp: now_s + 3_600,
            kind: TokenKind::Access,
            device: None,
        });
        let sql = Sql::open(&url).await.unwrap();
        let cloud = Self { router, address, admin, sql, tasks };
        eventually("the hub is ready", PATIENCE, async || {
            let (status, _) = cloud.ask(Method::GET, "/health/ready", None).await;
            (status == StatusCode::OK).then_some(())
        })
        .await;
        cloud
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.admin))
            .header(header::CONTENT_TYPE, "application/json");
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// Writes a feed with so many orders, as so many events would have.
    async fn fill(&self) -> Hash {
        const ROW: &str = "(?, ?, 'order', ?, 1, ?, ?, 0, ?)";
        const PART: u64 = 1_000;
        let count = |text| async move {
            let row: Option<(i64,)> = self.sql.one(text, vals![]).await.unwrap();
            row.unwrap().0.cast_unsigned()
        };
        let from = count("SELECT feed_seq FROM regions WHERE region = 'NORTH'").await;
        let mut digest = Hash::ZERO;
        for part in 0..ORDERS / PART {
            let mut values = Vec::new();
            for n in part * PART + 1..=(part + 1) * PART {
                let order = order(n);
                let member = order.digest();
                digest.toggle(member);
                let bytes = minicbor::to_vec(Change::Order(order.clone())).unwrap();
                values.extend(vals![Region::North, from + n, order.id.0, member, digest, bytes]);
            }
            transact!(self.sql, tx => {
                let text = Statement::new("INSERT INTO feed (region, feed_seq, kind, entity, \
                    version, digest, region_digest, at, bytes) VALUES ");
                let rows = usize::try_from(PART).unwrap_or_default();
                tx.exec(text.repeat(ROW, ", ", rows), values.clone()).await?;
                Ok::<_, platform::sql::SqlError>(())
            })
            .unwrap();
        }
        const END: &str =
            "UPDATE regions SET feed_seq = ?, feed_digest = ?, orders = ? WHERE region = 'NORTH'";
        self.sql.exec(END, vals![from + ORDERS, digest, ORDERS]).await.unwrap();
        digest
    }

    async fn north(&self) -> Value {
        let (_, report) = self.ask(Method::GET, "/api/v1/admin/status", None).await;
        let regions = report["regions"].as_array().unwrap();
        regions.iter().find(|region| region["region"] == "NORTH").unwrap()["edges"][0].clone()
    }
}

fn order(n: u64) -> Order {
    // Spread as ids of different moments are.
    let id = OrderId(Uuid::from_u128(u128::from(n.reverse_bits()) << 64 | u128::from(n)));
    Order {
        id,
        code: OrderCode::of(Region::North, id),
        customer_id: UserId(Uuid::from_u128(10)),
        provider_id: None,
        title: format!("Fix the tap, number {n}"),
        description: "It drips, and has for a while.".into(),
        service_type: ServiceType::CleaningRepair,
        price: Amount::from_minor(20_000).unwrap(),
        currency: Currency::Cny,
        location: Region::North,
        address: "1 Lake Road".into(),
        service_start_time: None,
        service_end_time: None,
        status: OrderStatus::Pending,
        payment_status: PaymentStatus::Unpaid,
        version: 1,
        created_at: UnixMillis(0),
        updated_at: UnixMillis(0),
        source: Source::Portal,
    }
}

async fn edge(data: &Path, gateway: SocketAddr, code: &str) -> Running {
    let config = holdfast_edge::Config {
        name: "north-1".into(),
        region: Region::North,
        gateway_url: format!("http://{gateway}"),
        data: data.to_owned(),
        http_bind: "127.0.0.1:0".into(),
        mqtt: MqttKind::Embedded,
        mqtt_bind: "127.0.0.1:0".into(),
        ws_bind: "127.0.0.1:0".into(),
        enrolment_code: code.into(),
    };
    holdfast_edge::start(config, Clock::system()).await.unwrap()
}

fn chunks(what: &str) -> u64 {
    let line = format!("holdfast_snapshot_chunks_total{{what=\"{what}\"}} ");
    let text = metrics::render();
    let found = text.lines().find_map(|text| text.strip_prefix(line.as_str()));
    found.map_or(0, |number| number.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_edge_takes_200_000_orders_as_an_image_and_ten_cuts_send_two_percent_again() {
    metrics::install();
    let folder = tempfile::tempdir().unwrap();
    let cloud = Cloud::start(folder.path()).await;
    let digest = cloud.fill().await;
    let proxy = Proxy::to(cloud.address.to_string()).await.unwrap();
    let asked = json!({"edge": "north-1", "region": "NORTH"});
    let (_, invited) = cloud.ask(Method::POST, "/api/v1/admin/edges", Some(asked)).await;
    let (data, code) = (folder.path().join("edge"), invited["code"].as_str().unwrap().to_owned());
    let mut running = edge(&data, proxy.address(), &code).await;

    // About as many chunks as there will be, at 64 orders each.
    let expected = ORDERS / 64;
    for cut in 1..=CUTS {
        let stored = cut * expected / (CUTS + 2);
        eventually("some more chunks are stored", PATIENCE, async || {
            (chunks("stored") >= stored).then_some(())
        })
        .await;
        proxy.set(Wire::Cut);
        if cut == CUTS / 2 {
            running.stop().await;
            running = edge(&data, proxy.address(), "").await;
        }
        eventually("the hub has noticed", PATIENCE, async || {
            (cloud.north().await["link"] == "down").then_some(())
        })
        .await;
        let report = report(&path_in(&data)).unwrap();
        assert_eq!((report.feed_cursor, report.orders), (0, 0), "the view is whole or not there");
        proxy.set(Wire::Passes);
    }
    let taken = eventually("the edge has all of it", PATIENCE, async || {
        let north = cloud.north().await;
        (north["checksum"] == "match" && north["lag_down_changes"] == 0).then_some(())
    });
    taken.await;
    running.stop().await;
    let report = report(&path_in(&data)).unwrap();
    assert_eq!(report.orders, ORDERS);
    let (sent, stored) = (chunks("sent"), chunks("stored"));
    let again = sent - stored;
    println!("{stored} chunks, {again} of them sent again over {CUTS} cuts; digest {digest}");
    assert!(stored >= expected, "an image, and not the feed");
    assert!(again * 100 <= stored * 2, "{again} of {stored} chunks were sent again");
    proxy.stop().await;
    cloud.tasks.shutdown(Duration::from_secs(5)).await;
}
