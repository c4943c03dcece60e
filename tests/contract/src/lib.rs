//! The arms of every port. Each test gets a separate store, so tests run in parallel. A test body
//! is written once and runs on every arm; a feature of only one arm has a separate test.

mod arms;
mod events;
pub mod notes;

pub use arms::{
    BusArm, DocumentsArm, FilesArm, OrderDb, REVIEWS, SqlArm, THINGS, documents_on_mongodb,
    documents_on_sqlite, embedded, files_in_a_folder, files_on_s3, mariadb, messages_on_rabbit,
    order_db_on_mariadb, order_db_on_sqlite, rabbit, rabbit_vhost, sqlite, with_first_migration,
    without_rights_to_queues,
};
pub use events::{event, event_of, ids};

/// The longest wait of a test. Only a failure reaches it.
pub const LIMIT: std::time::Duration = std::time::Duration::from_secs(20);

/// Runs each body on SQLite and on MariaDB.
#[macro_export]
macro_rules! on_every_sql {
    ($($body:ident),+ $(,)?) => {
        mod sqlite { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $body() { super::$body($crate::sqlite().await).await; }
        )+ }
        mod mariadb { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $body() { super::$body($crate::mariadb().await).await; }
        )+ }
    };
}

/// Runs each body on MongoDB and on SQLite.
#[macro_export]
macro_rules! on_every_documents {
    ($($body:ident),+ $(,)?) => {
        mod on_mongodb { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $body() { super::$body($crate::documents_on_mongodb().await).await; }
        )+ }
        mod on_sqlite { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $body() { super::$body($crate::documents_on_sqlite().await).await; }
        )+ }
    };
}

/// Runs each body in a folder and on S3.
#[macro_export]
macro_rules! on_every_files {
    ($($body:ident),+ $(,)?) => {
        mod in_a_folder { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $body() { super::$body($crate::files_in_a_folder().await).await; }
        )+ }
        mod on_s3 { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $body() { super::$body($crate::files_on_s3().await).await; }
        )+ }
    };
}

/// Runs each body on the embedded bus and on RabbitMQ.
#[macro_export]
macro_rules! on_every_bus {
    ($($body:ident),+ $(,)?) => {
        mod embedded { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $body() { super::$body($crate::embedded().await).await; }
        )+ }
        mod rabbitmq { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $body() { super::$body($crate::rabbit().await).await; }
        )+ }
    };
}
