//! The platform of the money rounds: a process per part on real stores. It has no edges, since
//! edges move no money. An extra replica of the payment service runs the hourly jobs several times
//! a second.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use http::Method;
use payment::{
    AdapterWorker,
    adapter::PaymentAdapter,
    jobs,
    store::{MIGRATIONS, Store},
};
use platform::{sealing::DataKeys, sql::Sql, vals};
use process::{client::Client, clock::Clock, parts::CloudPart};
use serde_json::{Value, json};
use stack::{Layout, Part, Server, Stack, Stores, Wishes};
use support::{Api, Person, eventually};
use tokio::time::sleep;
use wire::Role;

use super::{
    Books, MoneyRound, MoneyVictim, PlayedRound,
    tale::{MoneyPeople, Teller},
};
use crate::{
    asking::PATIENCE,
    killing::{is_back, kill},
    truth::Findings,
};

/// The dispute window: money of completed work is held this long.
const DISPUTE_MS: i64 = 1_500;
const PAYOUT_LEAST_MINOR: i64 = 1;
const BETWEEN_HOURS: Duration = Duration::from_millis(250);

pub struct MoneyScene {
    pub stack: Stack,
    pub books: Books,
    pub(super) api: Api,
    worker: AdapterWorker,
    payment_db: Sql,
}

impl MoneyScene {
    /// # Panics
    /// If the platform does not start.
    pub async fn set() -> Self {
        let mut layout = Layout::temporary(Stores::Real).expect("a layout");
        layout.edges.clear();
        let mut wishes = Wishes::of_few_people();
        let with_scripts = "true".to_owned();
        for (name, value) in [
            ("PAYMENT__SIMULATED_SCRIPTS", with_scripts),
            ("PLATFORM__DISPUTE_MS", DISPUTE_MS.to_string()),
            (
                "PAYMENT__PAYOUT_LEAST_MINOR",
                PAYOUT_LEAST_MINOR.to_string(),
            ),
        ] {
            wishes
                .environment
                .insert(format!("HOLDFAST__{name}"), value);
        }
        let stack = Stack::start(layout, &wishes).await.expect("a platform");
        let stores = stack.stores().expect("real stores");
        let config = payment::Config {
            sql_url: stores.database_url(CloudPart::Payment).as_str().into(),
            payout_least_minor: PAYOUT_LEAST_MINOR,
            ..payment::Config::default()
        };
        let keys = stack
            .layout()
            .cloud_folder()
            .join(CloudPart::Payment.name())
            .join("data.keys");
        let keys = DataKeys::load(&keys, true).expect("the keys that seal data");
        let payment_db = Sql::open_current(&config.sql_url, &MIGRATIONS, &keys).await;
        let payment_db = payment_db.expect("payment_db");
        let order_db = Sql::open(&stores.database_url(CloudPart::Order))
            .await
            .expect("order_db");
        let clock = Clock::system();
        let mut limits = config.custody_limits();
        limits.dispute_ms = DISPUTE_MS;
        let store = Store::new(payment_db.clone(), clock.clone(), limits);
        let adapter = PaymentAdapter::new_simulated(payment_db.clone(), clock, true);
        let api = Api::new(stack.layout().gateway_url());
        let books = Books {
            payment_db: payment_db.clone(),
            order_db,
        };
        Self {
            stack,
            books,
            api,
            worker: AdapterWorker { store, adapter },
            payment_db,
        }
    }

    /// Plays the round to the end of every tale.
    ///
    /// # Panics
    /// If a part does not come back, or a request gets no answer.
    pub async fn play(&self, round: &MoneyRound) -> PlayedRound {
        let people = Arc::new(self.people().await);
        let api = self.api.clone();
        let client = Client::new();
        let teller = Teller {
            api,
            client,
            people: people.clone(),
        };
        let tales = round.tales.iter().map(|plan| teller.clone().tell(*plan));
        let dying = async {
            sleep(round.moment).await;
            match round.victim {
                MoneyVictim::Killed(part) => kill(&self.stack, part).await,
                MoneyVictim::Adapter(away) => self.adapter_is_away(away).await,
            }
        };
        let playing = async { tokio::join!(join_all(tales), dying).0 };
        tokio::select! {
            tales = playing => PlayedRound { people, tales },
            () = self.hours() => unreachable!("hours strike for ever"),
        }
    }

    /// Waits until no money is open, owed or in transit, and the reconciliation report is empty.
    ///
    /// # Panics
    /// If that takes too long.
    pub async fn comes_to_rest(&self) {
        is_back(&self.stack, Part::Server(Server::RabbitMq)).await;
        let clock = Clock::system();
        let begun = clock.elapsed();
        let admin = self.admin().await;
        let resting = async {
            loop {
                let mut waits = self.books.waits().await;
                if waits.is_empty() {
                    waits = self.books.unheard().await;
                }
                if waits.is_empty() {
                    waits = self.reconciliation(&admin).await;
                }
                if waits.is_empty() {
                    return;
                }
                let late = clock.elapsed().saturating_sub(begun) > PATIENCE;
                assert!(
                    !late,
                    "after {PATIENCE:?} money is still not at rest:\n{}",
                    waits.join("\n")
                );
                sleep(BETWEEN_HOURS).await;
            }
        };
        tokio::select! {
            () = resting => {}
            () = self.hours() => unreachable!("hours strike for ever"),
        }
    }

    /// The admin's reconciliation report: differences, and movements that wait too long.
    pub async fn reconciliation(&self, admin: &Person) -> Findings {
        let path = "/api/v1/payments/reconciliation";
        match self
            .api
            .call::<Value>(Method::GET, path, Some(admin), None)
            .await
        {
            Ok(report) if report["differences"] == json!([]) && report["waiting"] == json!([]) => {
                Findings::new()
            }
            Ok(report) => vec![format!("the report: {report}")],
            Err(error) => vec![format!("there is no report: {error}")],
        }
    }

    /// # Panics
    /// If the admin cannot sign in.
    pub async fn admin(&self) -> Person {
        let admin = self.stack.admin_sign_in();
        eventually("the admin signs in", PATIENCE, async || {
            self.api
                .sign_in(&admin.username, &admin.password)
                .await
                .ok()
        })
        .await
    }

    /// New people for each round: a token does not last for many rounds.
    async fn people(&self) -> MoneyPeople {
        let newcomer = async |role| {
            eventually("somebody registers", PATIENCE, async || {
                self.api.newcomer(role).await.ok()
            })
            .await
        };
        MoneyPeople {
            admin: self.admin().await,
            customer: newcomer(Role::Customer).await,
            providers: [
                newcomer(Role::Provider).await,
                newcomer(Role::Provider).await,
            ],
        }
    }

    async fn hours(&self) {
        loop {
            // If a store or the adapter is away, the next run retries.
            let _again = jobs::settle_dues(&self.worker).await;
            let _again = self.worker.make_due_calls().await;
            let _again = jobs::start_due_payouts(&self.worker).await;
            sleep(BETWEEN_HOURS).await;
        }
    }

    /// Renames the adapter's own tables to hide them.
    async fn adapter_is_away(&self, away: Duration) {
        const GOES: &str = "RENAME TABLE simulated_movements TO simulated_movements_away";
        const COMES: &str = "RENAME TABLE simulated_movements_away TO simulated_movements";
        self.payment_db
            .exec(GOES, vals![])
            .await
            .expect("the adapter goes away");
        sleep(away).await;
        self.payment_db
            .exec(COMES, vals![])
            .await
            .expect("the adapter comes back");
    }
}
