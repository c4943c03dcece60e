//! Fresh stores on the servers of this run.

#![allow(clippy::unwrap_used)]

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{Method, Request, header};
use platform::{
    bus::Bus,
    documents::Documents,
    sql::{self, Migrations, Sql},
};
use process::{client::Client, clock::Clock};
use sqlx::migrate::Migrator;
use support::servers;
use tempfile::TempDir;

static MYSQL: Migrator = sqlx::migrate!("migrations/mysql");
static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");

/// One table called `things`.
pub const THINGS: Migrations = Migrations { mysql: &MYSQL, sqlite: &SQLITE };

pub struct SqlArm {
    pub url: String,
    pub sql: Sql,
    _folder: Option<TempDir>,
}

/// An order_db of its own.
pub struct OrderDb {
    pub sql: Sql,
    _folder: Option<TempDir>,
}

pub struct BusArm {
    pub url: String,
    pub bus: Bus,
    _folder: Option<TempDir>,
}

pub struct DocumentsArm {
    pub documents: Documents,
    _folder: Option<TempDir>,
}

/// A migrated SQLite file.
pub async fn sqlite() -> SqlArm {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite:{}", folder.path().join("service/db.sqlite").display());
    migrated(url, Some(folder)).await
}

/// A migrated database on MariaDB.
pub async fn mariadb() -> SqlArm {
    let url = format!("{}/{}", servers().mysql.trim_end_matches('/'), fresh());
    sql::create_database(&url).await.unwrap();
    migrated(url, None).await
}

pub async fn order_db_on_sqlite() -> OrderDb {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite:{}", folder.path().join("order.db").display());
    order_db(&url, Some(folder)).await
}

pub async fn order_db_on_mariadb() -> OrderDb {
    let url = format!("{}/{}", servers().mysql.trim_end_matches('/'), fresh());
    order_db(&url, None).await
}

async fn order_db(url: &str, folder: Option<TempDir>) -> OrderDb {
    sql::create_database(url).await.unwrap();
    let sql = Sql::open(url).await.unwrap();
    sql.migrate(&order::store::MIGRATIONS).await.unwrap();
    OrderDb { sql, _folder: folder }
}

impl OrderDb {
    pub async fn close(self) {
        self.sql.close().await;
    }
}

async fn migrated(url: String, folder: Option<TempDir>) -> SqlArm {
    let sql = Sql::open(&url).await.unwrap();
    sql.migrate(&THINGS).await.unwrap();
    SqlArm { url, sql, _folder: folder }
}

pub async fn embedded() -> BusArm {
    let folder = TempDir::new().unwrap();
    let url = format!("embedded:{}", folder.path().join("bus.db").display());
    BusArm { bus: Bus::open(&url).await.unwrap(), url, _folder: Some(folder) }
}

/// A virtual host of its own on RabbitMQ.
pub async fn rabbit() -> BusArm {
    let url = rabbit_vhost().await;
    BusArm { bus: Bus::open(&url).await.unwrap(), url, _folder: None }
}

/// The address of a new virtual host on RabbitMQ.
pub async fn rabbit_vhost() -> String {
    let name = fresh();
    put(&format!("/api/vhosts/{name}"), "{}").await;
    let all = r#"{"configure":".*","write":".*","read":".*"}"#;
    put(&format!("/api/permissions/{name}/guest"), all).await;
    let (server, _) = servers().rabbitmq.rsplit_once("/%2f").unwrap_or((&servers().rabbitmq, ""));
    format!("{server}/{name}")
}

/// The same empty store on MongoDB and on SQLite.
pub async fn document_stores() -> Vec<DocumentsArm> {
    let server = servers().mongodb.split(['?']).next().unwrap_or_default().trim_end_matches('/');
    let mongodb = format!("{server}/{}?replicaSet=rs0", fresh());
    let folder = TempDir::new().unwrap();
    let sqlite = format!("sqlite:{}", folder.path().join("documents.db").display());
    vec![
        DocumentsArm { documents: Documents::open(&mongodb).await.unwrap(), _folder: None },
        DocumentsArm { documents: Documents::open(&sqlite).await.unwrap(), _folder: Some(folder) },
    ]
}

/// A name nobody else uses.
fn fresh() -> String {
    format!("contract_{}", Clock::system().new_id().simple())
}

/// RabbitMQ's management API; its address carries the user and the password.
async fn put(path: &str, body: &'static str) {
    let api = &servers().rabbitmq_api;
    let (scheme, rest) = api.split_once("://").unwrap();
    let (user, host) = rest.rsplit_once('@').unwrap_or(("guest:guest", rest));
    let request = Request::builder()
        .method(Method::PUT)
        .uri(format!("{scheme}://{}{path}", host.trim_end_matches('/')))
        .header(header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(user)))
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.into())
        .unwrap();
    let response = Client::new().request(request).await.unwrap();
    assert!(response.status().is_success(), "PUT {path} answered {}", response.status());
}
