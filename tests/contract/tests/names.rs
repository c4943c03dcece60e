//! The tables of orders, money and accounts keep the columns, indexes and names of the previous
//! systems, because operators' queries and plans use them.
//!
//! Three things differ on purpose. A sum is an integer in the smallest unit with its currency,
//! never a float (`protocol/wire/src/money.rs`). The reason of a refund is sealed, and stored with
//! the request. On SQLite an index's name is unique in the whole database, so those of money begin
//! with their table's.

use std::collections::{BTreeMap, BTreeSet};

use platform::{sql::Sql, vals};
use support::Engine;

struct NamedTable {
    name: &'static str,
    columns: &'static [&'static str],
    indexes: &'static [NamedIndex],
}

struct NamedIndex {
    name: &'static str,
    on_sqlite: &'static str,
    begins_with: &'static [&'static str],
}

/// The columns of each index, in order.
type Indexes = BTreeMap<(String, String), Vec<String>>;

const fn index(name: &'static str, begins_with: &'static [&'static str]) -> NamedIndex {
    NamedIndex {
        name,
        on_sqlite: name,
        begins_with,
    }
}

const fn money_index(
    name: &'static str,
    on_sqlite: &'static str,
    begins_with: &'static [&'static str],
) -> NamedIndex {
    NamedIndex {
        name,
        on_sqlite,
        begins_with,
    }
}

const ORDERS: &[NamedTable] = &[NamedTable {
    name: "orders",
    columns: &[
        "id",
        "customer_id",
        "provider_id",
        "title",
        "description",
        "service_type",
        "status",
        "price_minor",
        "currency",
        "location",
        "address",
        "service_start_time",
        "service_end_time",
        "payment_status",
        "created_at",
        "updated_at",
    ],
    indexes: &[
        index("idx_customer_id", &["customer_id"]),
        index("idx_provider_id", &["provider_id"]),
        index("idx_status", &["status"]),
        index("idx_service_type", &["service_type"]),
        index("idx_order_customer_status", &["customer_id", "status"]),
    ],
}];

const ACCOUNTS: &[NamedTable] = &[NamedTable {
    name: "users",
    columns: &[
        "id",
        "username",
        "email",
        "password_hash",
        "role_id",
        "created_at",
        "updated_at",
    ],
    indexes: &[
        index("idx_username", &["username"]),
        index("idx_email", &["email"]),
    ],
}];

const MONEY: &[NamedTable] = &[
    NamedTable {
        name: "payments",
        columns: &[
            "order_id",
            "customer_id",
            "provider_id",
            "amount_minor",
            "currency",
            "payment_method",
            "status",
            "transaction_id",
            "created_at",
            "updated_at",
        ],
        indexes: &[
            index("payments_transaction", &["transaction_id"]),
            money_index("idx_order_id", "payments_order_id", &["order_id"]),
            money_index("idx_customer_id", "payments_customer_id", &["customer_id"]),
            money_index("idx_status", "payments_status", &["status"]),
            money_index(
                "idx_payment_order_status",
                "payments_order_status",
                &["order_id", "status"],
            ),
        ],
    },
    NamedTable {
        name: "refunds",
        columns: &[
            "payment_id",
            "order_id",
            "customer_id",
            "amount_minor",
            "currency",
            "status",
            "created_at",
            "updated_at",
        ],
        indexes: &[
            money_index("idx_payment_id", "refunds_payment_id", &["payment_id"]),
            money_index("idx_order_id", "refunds_order_id", &["order_id"]),
        ],
    },
    NamedTable {
        name: "refund_requests",
        columns: &[
            "order_id",
            "customer_id",
            "amount_minor",
            "reason",
            "status",
        ],
        indexes: &[],
    },
];

#[tokio::test]
async fn tables_have_the_names_of_before_on_sqlite() {
    have_their_names(Engine::Sqlite).await;
}

#[tokio::test]
async fn tables_have_the_names_of_before_on_mariadb() {
    have_their_names(Engine::MariaDb).await;
}

async fn have_their_names(engine: Engine) {
    let migrate = async |url: &str| {
        let config = order::Config {
            sql_url: url.into(),
            ..order::Config::default()
        };
        order::migrate(&config).await.unwrap();
    };
    check(engine, "names_order", migrate, ORDERS).await;
    let migrate = async |url: &str| {
        let config = payment::Config {
            sql_url: url.into(),
            ..payment::Config::default()
        };
        payment::migrate(&config).await.unwrap();
    };
    check(engine, "names_payment", migrate, MONEY).await;
    let migrate = async |url: &str| {
        let config = auth::Config {
            sql_url: url.into(),
            ..auth::Config::default()
        };
        auth::migrate(&config).await.unwrap();
    };
    check(engine, "names_auth", migrate, ACCOUNTS).await;
}

async fn check(
    engine: Engine,
    part: &'static str,
    migrate: impl AsyncFnOnce(&str),
    tables: &[NamedTable],
) {
    let folder = tempfile::tempdir().unwrap();
    let url = engine.address(folder.path(), part);
    let sql = testing::database(part, &url, migrate).await;
    let columns = columns(&sql, engine).await;
    let indexes = indexes(&sql, engine).await;
    sql.close().await;
    for NamedTable {
        name: table,
        columns: named,
        indexes: indexed,
    } in tables
    {
        for column in *named {
            let known = columns.contains(&((*table).to_owned(), (*column).to_owned()));
            assert!(known, "{engine:?}: `{table}` has no column `{column}`");
        }
        for NamedIndex {
            name,
            on_sqlite,
            begins_with,
        } in *indexed
        {
            let name = if engine == Engine::Sqlite {
                on_sqlite
            } else {
                name
            };
            let found = indexes.get(&((*table).to_owned(), (*name).to_owned()));
            let found = found.unwrap_or_else(|| panic!("{engine:?}: `{table}` lacks `{name}`"));
            let begins = found.iter().take(begins_with.len()).eq(*begins_with);
            assert!(begins, "{engine:?}: `{name}` of `{table}` is of {found:?}");
        }
    }
}

async fn columns(sql: &Sql, engine: Engine) -> BTreeSet<(String, String)> {
    const ON_MARIADB: &str = "SELECT CAST(table_name AS CHAR), CAST(column_name AS CHAR) \
        FROM information_schema.columns WHERE table_schema = DATABASE()";
    const ON_SQLITE: &str = "SELECT t.name, c.name FROM sqlite_schema t, \
        pragma_table_info(t.name) c WHERE t.type = 'table'";
    let text = if engine == Engine::Sqlite {
        ON_SQLITE
    } else {
        ON_MARIADB
    };
    sql.fetch_all(text, vals![])
        .await
        .unwrap()
        .into_iter()
        .collect()
}

async fn indexes(sql: &Sql, engine: Engine) -> Indexes {
    const ON_MARIADB: &str = "SELECT CAST(table_name AS CHAR), CAST(index_name AS CHAR), \
        CAST(column_name AS CHAR) FROM information_schema.statistics \
        WHERE table_schema = DATABASE() ORDER BY table_name, index_name, seq_in_index";
    const ON_SQLITE: &str = "SELECT t.name, l.name, c.name FROM sqlite_schema t, \
        pragma_index_list(t.name) l, pragma_index_info(l.name) c WHERE t.type = 'table' \
        ORDER BY t.name, l.name, c.seqno";
    let text = if engine == Engine::Sqlite {
        ON_SQLITE
    } else {
        ON_MARIADB
    };
    let rows: Vec<(String, String, String)> = sql.fetch_all(text, vals![]).await.unwrap();
    let mut indexes = Indexes::new();
    for (table, index, column) in rows {
        indexes.entry((table, index)).or_default().push(column);
    }
    indexes
}
