use std::{fs, path::Path};

use mongodb::bson::{RawDocumentBuf, doc};
use platform::sql::{Sql, Statement};
use process::parts::{CloudPart, StoreKind};
use stack::Stack;

pub(crate) struct Kept {
    /// `order.orders.address`, `user.customer_profiles`, `logs/hub`.
    pub place: String,
    pub bytes: Vec<u8>,
}

pub(crate) async fn all(stack: &Stack) -> Vec<Kept> {
    let mut kept = logs(&stack.layout().logs_folder());
    match stack.stores() {
        Some(stores) => {
            for part in CloudPart::ALL.iter().copied() {
                match part.store() {
                    StoreKind::Nothing => {}
                    StoreKind::Sql(name) => {
                        kept.extend(tables(&stores.database_url(part), name).await);
                    }
                    StoreKind::Documents(name) => {
                        kept.extend(collections(&stores.database_url(part), name).await);
                    }
                }
            }
            kept.push(cache(&stores.servers().redis));
        }
        None => kept.extend(files(&stack.layout().cloud_folder()).await),
    }
    kept
}

fn logs(folder: &Path) -> Vec<Kept> {
    let log = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        // Servers run with test passwords and log nothing about people.
        Kept {
            place: format!("logs/{name}"),
            bytes: fs::read(path).unwrap(),
        }
    };
    fs::read_dir(folder).unwrap().map(log).collect()
}

/// The embedded stores: the tables of each file, and the bus file as raw bytes, deleted rows
/// included.
async fn files(folder: &Path) -> Vec<Kept> {
    let mut kept = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("bus.db") {
            kept.push(Kept {
                place: "bus".into(),
                bytes: fs::read(path).unwrap(),
            });
        } else if name.ends_with(".db") {
            kept.extend(tables(&format!("sqlite:{}", path.display()), &name).await);
        }
    }
    kept
}

/// Every column of every table.
pub(crate) async fn tables(url: &str, name: &str) -> Vec<Kept> {
    const MYSQL: &str = "SELECT CAST(table_name AS CHAR), CAST(column_name AS CHAR) \
        FROM information_schema.columns WHERE table_schema = DATABASE()";
    const SQLITE: &str = "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c \
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'";
    let sql = Sql::open(url).await.unwrap();
    let (names, bytes) = if sql.is_mysql() {
        (MYSQL, "BINARY")
    } else {
        (SQLITE, "BLOB")
    };
    let columns: Vec<(String, String)> = sql.fetch_all(names, Vec::new()).await.unwrap();
    assert!(!columns.is_empty(), "{name} has tables");
    let database = name.trim_end_matches(".db").trim_end_matches("_db");
    let mut kept = Vec::new();
    for (table, column) in columns {
        let text = format!("SELECT CAST(`{column}` AS {bytes}) FROM `{table}`");
        // A statement is static; a test may leak these few.
        let text = Statement::new(Box::leak(text.into_boxed_str()));
        let rows: Vec<Option<Vec<u8>>> = sql.fetch_all(text, Vec::new()).await.unwrap();
        let rows: Vec<Vec<u8>> = rows.into_iter().flatten().collect();
        kept.push(Kept {
            place: format!("{database}.{table}.{column}"),
            bytes: rows.join(&b'|'),
        });
    }
    sql.close().await;
    kept
}

/// Every document with all fields, including the store's internal ones.
async fn collections(url: &str, name: &str) -> Vec<Kept> {
    let client = mongodb::Client::with_uri_str(url).await.unwrap();
    let database = client.default_database().unwrap();
    let mut kept = Vec::new();
    for collection in database.list_collection_names().await.unwrap() {
        let mut found = database
            .collection::<RawDocumentBuf>(&collection)
            .find(doc! {})
            .await
            .unwrap();
        let mut bytes = Vec::new();
        while found.advance().await.unwrap() {
            bytes.extend_from_slice(found.current().as_bytes());
        }
        let database = name.trim_end_matches("_db");
        kept.push(Kept {
            place: format!("{database}.{collection}"),
            bytes,
        });
    }
    kept
}

/// Every key with its value.
fn cache(url: &str) -> Kept {
    let mut redis = redis::Client::open(url).unwrap().get_connection().unwrap();
    let keys: Vec<Vec<u8>> = redis::cmd("KEYS").arg("*").query(&mut redis).unwrap();
    let mut bytes = Vec::new();
    for key in keys {
        let kind: String = redis::cmd("TYPE").arg(&key).query(&mut redis).unwrap();
        // A key may expire before it is read.
        if kind == "none" {
            continue;
        }
        assert_eq!(kind, "string", "the dump reads no other kind");
        let value: Option<Vec<u8>> = redis::cmd("GET").arg(&key).query(&mut redis).unwrap();
        bytes.extend([key, value.unwrap_or_default()].concat());
    }
    Kept {
        place: "redis".into(),
        bytes,
    }
}
