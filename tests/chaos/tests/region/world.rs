//! A real order service, hub and edge. A carrier on the bus between the first two drops the events
//! that a test names.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::Router;
use holdfast_edge::{RunningEdge, path_in};
use http::{Method, StatusCode};
use platform::{
    bus::{Bus, QueueSpec},
    consume::{EventHandler, HandleError, start_consumer},
    sql::{Sql, create_database},
    upstream::Upstream,
};
use process::tasks::Tasks;
use serde_json::{Value, json};
use support::{eventually, samples::order_form};
use tempfile::TempDir;
use tokio::sync::RwLockReadGuard;
use wire::{ChecksumState, Event, EventType, Exchange, Order, OrderId, Region, Role};

use super::stage::{COUNTERS, Cloud, PATIENCE, ask, database, edge, ground, people};

/// Carries the order service's events to the hub, except those to drop.
struct Carrier {
    to: Bus,
    loses: Loses,
}

/// The kind of the next event to drop; `None` after the drop.
type Loses = Arc<Mutex<Option<EventType>>>;

impl EventHandler for Carrier {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        let is_lost = {
            let mut loses = self.loses.lock().unwrap();
            let is_lost = *loses == Some(event.kind);
            if is_lost {
                *loses = None;
            }
            is_lost
        };
        if !is_lost {
            self.to.publish(event).await.map_err(HandleError::retry)?;
        }
        Ok(())
    }
}

/// All of it, with an edge that agrees.
pub(super) struct World {
    pub cloud: Cloud,
    pub order: Router,
    pub order_db: Sql,
    loses: Loses,
    edge: RunningEdge,
    tasks: [Tasks; 2],
    /// The order service holds only a weak reference.
    _hub: Upstream,
    folder: TempDir,
    _counters: RwLockReadGuard<'static, ()>,
}

impl World {
    pub(super) async fn start(mysql: bool) -> Self {
        let counters = COUNTERS.read().await;
        let folder = tempfile::tempdir().unwrap();
        let people = people();
        let key = testing::service_key();
        let of_order = ground(folder.path(), &people, &key).await;
        let of_hub = ground(folder.path(), &people, &key).await;
        let loses = Loses::default();
        let carrying = Tasks::new();
        let carrier = Carrier {
            to: of_hub.bus.clone(),
            loses: loses.clone(),
        };
        let queue = QueueSpec::new("carried", &[(Exchange::Order, "order.*")]);
        start_consumer(&carrying, &of_order.bus, queue, carrier);
        let tasks = [of_order.tasks.clone(), carrying];
        let (hub, opening) = Upstream::open_later();
        let url = database(folder.path(), "order", mysql);
        let order = order_service(folder.path(), &url, of_order, hub).await;
        let order_db = Sql::open(&url).await.unwrap();
        let asked = Upstream::from_router(order.clone());
        let url = database(folder.path(), "sync", mysql);
        let cloud = Cloud::start((folder.path(), &url), people, of_hub, asked).await;
        let hub = Upstream::from_router(cloud.router.clone());
        opening.connect_to(&hub);
        let code = cloud.invite().await;
        let edge = edge(&folder.path().join("edge"), cloud.address, &code).await;
        let world = Self {
            cloud,
            order,
            order_db,
            loses,
            edge,
            tasks,
            _hub: hub,
            folder,
            _counters: counters,
        };
        world.agreed(0).await;
        world
    }

    /// Waits until the edge has this many orders, the same as the hub's.
    pub(super) async fn agreed(&self, orders: u64) {
        eventually("the edge agrees with the hub", PATIENCE, async || {
            let north = self.cloud.north().await;
            let edge = north.edges.first()?;
            let agrees = edge.checksum == ChecksumState::Match && edge.lag_down_changes == 0;
            (agrees && north.orders == orders).then_some(())
        })
        .await;
    }

    /// Waits until the region's feed ends at this number.
    pub(super) async fn feed_reached(&self, what: &str, feed_seq: u64) {
        eventually(what, PATIENCE, async || {
            (self.cloud.north().await.feed_seq == feed_seq).then_some(())
        })
        .await;
    }

    pub(super) async fn act(
        &self,
        role: Role,
        user: u128,
        path: &str,
        body: Option<Value>,
    ) -> Value {
        let token = self.cloud.people.token(role, user);
        let (status, answer) = ask(&self.order, &token, Method::POST, path, body).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    /// An order that a provider can accept.
    pub(super) async fn published(&self) -> String {
        let form = order_form(Region::North, "Fix a tap");
        let answer = self
            .act(Role::Customer, 10, "/api/v1/orders", Some(form))
            .await;
        let id = answer["order_id"].as_str().unwrap().to_owned();
        self.act(
            Role::Admin,
            1,
            &format!("/api/v1/orders/{id}/approve"),
            None,
        )
        .await;
        id
    }

    pub(super) async fn order(&self, id: OrderId) -> Order {
        let token = self.cloud.people.token(Role::Admin, 1);
        let path = format!("/api/v1/orders/{id}");
        let (status, order) = ask(&self.order, &token, Method::GET, &path, None).await;
        assert_eq!(status, StatusCode::OK, "{order}");
        serde_json::from_value(order).unwrap()
    }

    /// Runs `act` and waits until the next event of this kind is dropped.
    pub(super) async fn lose(&self, kind: EventType, act: impl AsyncFnOnce()) {
        *self.loses.lock().unwrap() = Some(kind);
        act().await;
        eventually("the event is lost", PATIENCE, async || {
            self.loses.lock().unwrap().is_none().then_some(())
        })
        .await;
    }

    pub(super) async fn accept(&self, id: &str) {
        self.act(
            Role::Provider,
            20,
            &format!("/api/v1/orders/{id}/accept"),
            None,
        )
        .await;
    }

    pub(super) async fn grant_north(&self) {
        let asked = json!({"policy": "exclusive", "holder": "north-1", "epoch": 1});
        let token = self.cloud.people.token(Role::Admin, 1);
        let path = "/api/v1/admin/assignments/NORTH";
        let (status, answer) = ask(&self.order, &token, Method::PUT, path, Some(asked)).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }

    pub(super) async fn compare(&self) -> Value {
        let path = "/api/v1/admin/regions/NORTH/comparison";
        let (status, answer) = self.cloud.ask(Method::POST, path, None).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    }

    /// Stops the edge, runs the statements on its file, and restarts it.
    pub(super) async fn with_file_changed(self, statements: &[&'static str]) -> Self {
        self.edge.stop().await;
        let data = self.folder.path().join("edge");
        let url = format!("sqlite:{}", path_in(&data).display());
        let file = Sql::open(&url).await.unwrap();
        for statement in statements {
            assert_eq!(
                file.exec(*statement, Vec::new()).await.unwrap(),
                1,
                "{statement}"
            );
        }
        file.close().await;
        let edge = edge(&data, self.cloud.address, "").await;
        Self { edge, ..self }
    }

    pub(super) async fn stop(self) {
        self.edge.stop().await;
        self.cloud.stop().await;
        for tasks in self.tasks {
            tasks.shutdown(Duration::from_secs(5)).await;
        }
    }
}

async fn order_service(
    folder: &Path,
    url: &str,
    context: platform::ServiceContext,
    hub: Upstream,
) -> Router {
    create_database(url).await.unwrap();
    let config = order::Config {
        sql_url: url.into(),
        files_url: format!("file:{}", folder.join("order-files").display()).into(),
        open_jobs_max: 0,
        acceptances_a_day_max: 0,
        withdrawals_a_day_max: 0,
        open_orders_max: 0,
        ..order::Config::default()
    };
    order::migrate(&config).await.unwrap();
    let peers = order::Peers {
        hub,
        payment: Upstream::open_later().0,
    };
    order::open(config, context, peers).await.unwrap()
}
