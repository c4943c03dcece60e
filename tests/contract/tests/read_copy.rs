//! Exports and searches read from a real replica while it follows closely, and from the primary
//! while the replica is behind, stopped or lost.

use std::time::Duration;

use order::{
    Config,
    store::{
        AcceptanceRules, MIGRATIONS, OrderListCursor, OrderListQuery, OrderSort, Publication, Store,
    },
};
use platform::sql::{ReplicaReader, Sql};
use process::{clock::Clock, tasks::Tasks};
use stack::{Ports, Supervisor, binaries, servers::FollowedMariaDb};
use support::eventually;
use uuid::Uuid;
use wire::{
    Actor, Amount, CommandId, Draft, OpDecision, OrderId, Region, Role, ServiceType, UnixMillis,
    UserId,
};

const NOW: UnixMillis = UnixMillis(1_764_000_000_000);
const LIMIT: Duration = Duration::from_secs(20);
const STOPPED_WITHIN: Duration = Duration::from_secs(5);
/// Exceeds the allowed lag of a replica.
const TOO_OLD_MS: i64 = 6_000;

struct Scene {
    servers: FollowedMariaDb,
    /// Stops and starts the replication.
    desk: Sql,
    sql: Sql,
    clock: Clock,
    tasks: Tasks,
    reads: ReplicaReader,
    store: Store,
    supervisor: Supervisor,
}

#[tokio::test]
async fn long_reads_go_to_a_copy_that_is_near_and_nothing_is_asked_of_one_that_is_not() {
    let mut scene = Scene::set().await;
    let web = ReplicaReader::with_replica(
        &scene.sql,
        &"http://127.0.0.1/".into(),
        &scene.tasks,
        &scene.clock,
    );
    assert!(web.err().unwrap().to_string().contains("mysql://"));
    let first = scene.published().await;
    scene.until_copied(&[first]).await;

    // Replication has stopped, and readers of the primary see the missing rows.
    scene
        .desk
        .exec("STOP SLAVE SQL_THREAD", Vec::new())
        .await
        .unwrap();
    let second = scene.published().await;
    assert_eq!(scene.at_length().await, [first], "the copy answered");
    assert_eq!(scene.at_once().await, [second, first]);

    // Reads avoid a replica that is too far behind.
    scene.clock.advance(TOO_OLD_MS);
    assert!(!scene.reads.has_copy());
    assert_eq!(scene.at_length().await, [second, first]);

    // After it catches up, reads use it again.
    scene
        .desk
        .exec("START SLAVE SQL_THREAD", Vec::new())
        .await
        .unwrap();
    scene.until_near().await;
    scene.until_copied(&[second, first]).await;

    // It is lost while it counts as near: the affected query still gets an answer.
    scene.servers.copy.kill9().await.unwrap();
    let third = scene.published().await;
    assert_eq!(scene.at_length().await, [third, second, first]);
    assert!(!scene.reads.has_copy());

    scene.servers.copy.start().await.unwrap();
    scene.until_near().await;
    scene.until_copied(&[third, second, first]).await;
    scene.tasks.shutdown(STOPPED_WITHIN).await;
    scene.supervisor.stop(STOPPED_WITHIN).await.unwrap();
}

#[tokio::test]
async fn a_database_may_have_no_copy_and_a_file_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let own = format!("sqlite:{}", folder.path().join("orders.db").display());
    let sql = Sql::open(&own).await.unwrap();
    let tasks = Tasks::new();
    let clock = Clock::system();
    let followed = |copy: &str| ReplicaReader::with_replica(&sql, &copy.into(), &tasks, &clock);
    assert!(!followed("").unwrap().has_copy());
    let refused = followed("mysql://root@127.0.0.1/order_db").err().unwrap();
    assert!(refused.to_string().contains("in a file"), "{refused}");
    assert_eq!(tasks.running_count(), 0);
}

impl Scene {
    async fn set() -> Self {
        let folder = stack::temporary::folder().unwrap();
        let supervisor = Supervisor::start(&binaries::supervisor().unwrap()).unwrap();
        supervisor.remove_at_end(&folder).unwrap();
        let mut ports = Ports::default();
        let servers = FollowedMariaDb::start(&supervisor, &folder, &mut ports)
            .await
            .unwrap();
        let config = Config {
            sql_url: format!("{}/order_db", servers.address).into(),
            sql_read_url: format!("{}/order_db", servers.copy_address).into(),
            ..Config::default()
        };
        order::migrate(&config).await.unwrap();
        let keys = testing::data_keys();
        let sql = Sql::open_current(&config.sql_url, &MIGRATIONS, &keys)
            .await
            .unwrap();
        let desk = Sql::open(&servers.copy_address).await.unwrap();
        let clock = Clock::fixed_at(NOW);
        let tasks = Tasks::new();
        let reads =
            ReplicaReader::with_replica(&sql, &config.sql_read_url, &tasks, &clock).unwrap();
        let store = Store::new(sql.clone(), clock.clone(), AcceptanceRules::OFF);
        let store = store.reading_from(reads.clone());
        Self {
            servers,
            desk,
            sql,
            clock,
            tasks,
            reads,
            store,
            supervisor,
        }
    }

    async fn published(&self) -> OrderId {
        let price = Amount::from_minor(20_000).unwrap();
        self.clock.advance(1);
        let publication = Publication {
            command_id: CommandId(self.clock.new_id()),
            actor: Actor {
                user_id: UserId(Uuid::from_u128(1)),
                role: Role::Customer,
            },
            draft: Draft::new(
                "Fix a tap",
                ServiceType::CleaningRepair,
                price,
                Region::North,
                "1 Lake Road",
            ),
            wants_start_code: false,
            trace: None,
        };
        match self.store.publish_order(publication).await.unwrap() {
            OpDecision::Decided(outcome) => outcome.order.unwrap().id,
            held => panic!("{held:?}"),
        }
    }

    /// Newest first, as an export reads them.
    async fn at_length(&self) -> Vec<OrderId> {
        let all = OrderListCursor::before_all(OrderSort::Newest);
        let orders = self
            .store
            .list_from_replica(&OrderListQuery::default(), 10, all)
            .await
            .unwrap();
        orders.into_iter().map(|order| order.id).collect()
    }

    /// Newest first, as a page of a list reads them.
    async fn at_once(&self) -> Vec<OrderId> {
        let all = OrderListCursor::before_all(OrderSort::Newest);
        let orders = self
            .store
            .list(&OrderListQuery::default(), 10, all)
            .await
            .unwrap();
        orders.into_iter().map(|order| order.id).collect()
    }

    async fn until_near(&self) {
        eventually("the copy is near", LIMIT, async || {
            self.reads.has_copy().then_some(())
        })
        .await;
    }

    /// Waits until the replica answers with these orders.
    async fn until_copied(&self, orders: &[OrderId]) {
        eventually("the copy has the orders", LIMIT, async || {
            let near = self.reads.has_copy();
            (near && self.at_length().await == orders).then_some(())
        })
        .await;
    }
}
