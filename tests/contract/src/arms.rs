//! Fresh stores on the servers of this run.

#![allow(clippy::unwrap_used)]

use axum::body::{Body, Bytes};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{Method, Request, header};
use http_body_util::BodyExt;
use platform::{
    bus::{Bus, Deliveries, QueueSpec},
    documents::Documents,
    files::Files,
    outbox::OutboxRelay,
    sql::{Migrations, Sql},
};
use process::{client::Client, clock::Clock, tasks::Tasks};
use serde_json::Value;
use support::{Engine, servers};
use tempfile::TempDir;
use wire::Exchange;

/// One table called `things`, with columns that a second migration adds.
pub const THINGS: Migrations = platform::migrations!("0001_things", "0002_weights");

pub const REVIEWS: QueueSpec = QueueSpec::new("reviews", &[(Exchange::Review, "review.*")]);

pub struct SqlArm {
    pub url: String,
    pub sql: Sql,
    _folder: TempDir,
}

/// A separate order_db.
pub struct OrderDb {
    pub sql: Sql,
    _folder: TempDir,
}

pub struct BusArm {
    pub url: String,
    pub bus: Bus,
    _folder: Option<TempDir>,
}

pub struct DocumentsArm {
    pub url: String,
    pub documents: Documents,
    folder: TempDir,
}

/// A file store, and a database for its list.
pub struct FilesArm {
    pub files: Files,
    pub documents: Documents,
    _documents: DocumentsArm,
    _folder: TempDir,
}

/// A migrated SQLite file.
pub async fn sqlite() -> SqlArm {
    migrated(Engine::Sqlite, "things", &THINGS).await
}

/// A migrated database on MariaDB.
pub async fn mariadb() -> SqlArm {
    migrated(Engine::MariaDb, "things", &THINGS).await
}

pub async fn order_db_on_sqlite() -> OrderDb {
    order_db(Engine::Sqlite).await
}

pub async fn order_db_on_mariadb() -> OrderDb {
    order_db(Engine::MariaDb).await
}

async fn order_db(engine: Engine) -> OrderDb {
    let folder = TempDir::new().unwrap();
    let url = engine.address(folder.path(), "order");
    let migrate = async |url: &str| testing::migrate(url, &order::store::MIGRATIONS).await;
    OrderDb {
        sql: testing::database("order", &url, migrate).await,
        _folder: folder,
    }
}

impl OrderDb {
    pub async fn close(self) {
        self.sql.close().await;
    }
}

/// A database with only the first of these migrations, on the engine of `arm`.
pub async fn with_first_migration(arm: &SqlArm) -> SqlArm {
    let engine = if arm.sql.is_mysql() {
        Engine::MariaDb
    } else {
        Engine::Sqlite
    };
    let first = Migrations {
        mysql: &THINGS.mysql[..1],
        sqlite: &THINGS.sqlite[..1],
    };
    migrated(engine, "first_things", &first).await
}

async fn migrated(engine: Engine, name: &'static str, migrations: &Migrations) -> SqlArm {
    let folder = TempDir::new().unwrap();
    let url = engine.address(folder.path(), name);
    let migrate = async |url: &str| testing::migrate(url, migrations).await;
    SqlArm {
        sql: testing::database(name, &url, migrate).await,
        url,
        _folder: folder,
    }
}

pub async fn embedded() -> BusArm {
    let folder = TempDir::new().unwrap();
    let url = format!("embedded:{}", folder.path().join("bus.db").display());
    BusArm {
        bus: sealed_bus(&url).await,
        url,
        _folder: Some(folder),
    }
}

async fn sealed_bus(url: &str) -> Bus {
    Bus::open_sealed(url, &testing::data_keys()).await.unwrap()
}

/// A bus on a new RabbitMQ virtual host.
pub async fn rabbit() -> BusArm {
    let url = rabbit_vhost().await;
    BusArm {
        bus: sealed_bus(&url).await,
        url,
        _folder: None,
    }
}

/// The address of a new virtual host on RabbitMQ.
pub async fn rabbit_vhost() -> String {
    let name = fresh();
    manage(Method::PUT, &format!("/api/vhosts/{name}"), "{}").await;
    let all = r#"{"configure":".*","write":".*","read":".*"}"#;
    manage(Method::PUT, &format!("/api/permissions/{name}/guest"), all).await;
    let (server, _) = servers()
        .rabbitmq
        .rsplit_once("/%2f")
        .unwrap_or((&servers().rabbitmq, ""));
    format!("{server}/{name}")
}

/// The same virtual host for a new user, who may declare the exchanges, as every part does, and has
/// no right to a queue.
pub async fn without_rights_to_queues(url: &str) -> String {
    let name = fresh();
    let user = r#"{"password":"strange","tags":""}"#;
    manage(Method::PUT, &format!("/api/users/{name}"), user).await;
    let (server, vhost) = url.rsplit_once('/').unwrap_or((url, ""));
    let exchanges = r#"{"configure":"^([a-z]+_events|dead_letters)$","write":"^$","read":"^$"}"#;
    manage(
        Method::PUT,
        &format!("/api/permissions/{vhost}/{name}"),
        exchanges,
    )
    .await;
    let host = server.rsplit_once('@').map_or(server, |(_, host)| host);
    format!("amqp://{name}:strange@{host}/{vhost}")
}

/// An empty database on MongoDB.
pub async fn documents_on_mongodb() -> DocumentsArm {
    let server = servers()
        .mongodb
        .split(['?'])
        .next()
        .unwrap_or_default()
        .trim_end_matches('/');
    let url = format!("{server}/{}?replicaSet=rs0", fresh());
    let documents = Documents::open(&url)
        .await
        .unwrap()
        .sealed_by(&testing::data_keys());
    DocumentsArm {
        url,
        documents,
        folder: TempDir::new().unwrap(),
    }
}

/// An empty folder, with SQLite.
pub async fn files_in_a_folder() -> FilesArm {
    let folder = TempDir::new().unwrap();
    let documents = documents_on_sqlite().await;
    files(
        &format!("file:{}", folder.path().display()),
        documents,
        folder,
    )
}

/// An empty bucket, with MongoDB.
pub async fn files_on_s3() -> FilesArm {
    let server = &servers().s3;
    let bucket = fresh().replace('_', "-");
    let made = Request::put(format!("{server}/{bucket}"))
        .body(Body::empty())
        .unwrap();
    let answer = Client::new().send_request(made).await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
    let url = format!("s3://test:test@{bucket}?endpoint={server}");
    files(&url, documents_on_mongodb().await, TempDir::new().unwrap())
}

fn files(url: &str, arm: DocumentsArm, folder: TempDir) -> FilesArm {
    let files = Files::open(url).unwrap();
    FilesArm {
        files,
        documents: arm.documents.clone(),
        _documents: arm,
        _folder: folder,
    }
}

/// An empty SQLite file.
pub async fn documents_on_sqlite() -> DocumentsArm {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite:{}", folder.path().join("documents.db").display());
    let documents = Documents::open(&url)
        .await
        .unwrap()
        .sealed_by(&testing::data_keys());
    DocumentsArm {
        url,
        documents,
        folder,
    }
}

impl DocumentsArm {
    /// The underlying MongoDB database.
    pub async fn mongo(&self) -> mongodb::Database {
        let client = mongodb::Client::with_uri_str(&self.url).await.unwrap();
        client.default_database().unwrap()
    }

    /// The address of an embedded bus in the same folder.
    pub fn bus_url(&self) -> String {
        format!("embedded:{}", self.folder.path().join("bus.db").display())
    }

    /// A relay of the store, and the events of reviews that it sends.
    pub async fn relayed(&self) -> (Tasks, Deliveries) {
        self.relayed_to(&self.bus().await).await
    }

    pub async fn bus(&self) -> Bus {
        sealed_bus(&self.bus_url()).await
    }

    pub async fn relayed_to(&self, bus: &Bus) -> (Tasks, Deliveries) {
        bus.bind_queue(&REVIEWS).await.unwrap();
        let tasks = Tasks::new();
        let deliveries = bus.subscribe(REVIEWS.name, 100).await.unwrap();
        OutboxRelay::start(
            &tasks,
            &self.documents,
            bus.clone(),
            Clock::system(),
            "test",
        );
        (tasks, deliveries)
    }
}

/// A unique name.
fn fresh() -> String {
    format!("contract_{}", Clock::system().new_id().simple())
}

/// All messages of a queue at that address with their properties, as a RabbitMQ consumer sees them.
/// They stay in the queue.
pub async fn messages_on_rabbit(url: &str, queue: &str) -> Vec<Value> {
    let (_, vhost) = url.rsplit_once('/').unwrap();
    let asked = r#"{"count":100,"ackmode":"ack_requeue_true","encoding":"auto"}"#;
    let path = format!("/api/queues/{vhost}/{queue}/get");
    serde_json::from_slice(&manage(Method::POST, &path, asked).await).unwrap()
}

/// RabbitMQ's management API; its address contains user and password.
async fn manage(method: Method, path: &str, body: &'static str) -> Bytes {
    let api = &servers().rabbitmq_api;
    let (scheme, rest) = api.split_once("://").unwrap();
    let (user, host) = rest.rsplit_once('@').unwrap_or(("guest:guest", rest));
    let request = Request::builder()
        .method(method.clone())
        .uri(format!("{scheme}://{}{path}", host.trim_end_matches('/')))
        .header(
            header::AUTHORIZATION,
            format!("Basic {}", STANDARD.encode(user)),
        )
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.into())
        .unwrap();
    let response = Client::new().send_request(request).await.unwrap();
    assert!(
        response.status().is_success(),
        "{method} {path} answered {}",
        response.status()
    );
    response.into_body().collect().await.unwrap().to_bytes()
}
