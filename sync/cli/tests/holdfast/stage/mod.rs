//! A gateway with canned answers, and a runner for the command.

mod answers;

use std::{
    net::SocketAddr,
    process::{Command, Output},
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use process::context::OperatorContext;
use serde_json::{Value, json};
use wire::{OrderCode, OrderId, Region};

pub(crate) const TOKEN: &str = "an-admins-token";
/// The only account's password and refresh token.
pub(crate) const PASSWORD: &str = "an-admins-password";
/// Of an admin with a second factor, whose code is the other.
pub(crate) const GUARDED: (&str, &str) = ("a-guarded-password", "123456");
/// Of an admin whose only second factor is a passkey.
pub(crate) const KEYED: &str = "a-keyed-password";
pub(crate) const REFRESH: &str = "an-admins-refresh-token";
/// Replaces `REFRESH`, which is then spent.
pub(crate) const NEXT_REFRESH: &str = "an-admins-next-refresh-token";
/// The platform is unavailable for this token.
pub(crate) const AWAY_REFRESH: &str = "a-refresh-token-that-gets-no-answer";
/// Spent by this attempt after a lost answer.
pub(crate) const SPENT_REFRESH: (&str, &str) = (
    "a-spent-refresh-token",
    "0192f5d4-0000-7000-8000-0000000000aa",
);
pub(crate) const ORDER: &str = "0192f5d4-0000-7000-8000-000000000009";
/// Portal acceptances: one waits for an operator, one is unreadable for the hub.
pub(crate) const STOPPED: &str = "0192f5d4-0000-7000-8000-000000000007";
pub(crate) const UNREAD: &str = "0192f5d4-0000-7000-8000-000000000006";
/// The provider `lee`.
pub(crate) const PERSON: &str = "0192f5d4-0000-7000-8000-000000000020";
/// An acceptance that lost at `north-1`, op 17 of epoch 1.
pub(crate) const COMMAND: &str = "0192f5d4-0000-7000-8000-000000000003";

pub(crate) struct Platform {
    address: SocketAddr,
    contexts: tempfile::TempDir,
    looks: mpsc::Receiver<()>,
    _runtime: tokio::runtime::Runtime,
}

impl Platform {
    pub(crate) fn start(report: Value) -> Self {
        Self::start_changing(Arc::new(Mutex::new(report)))
    }

    /// The test changes this status during the run.
    pub(crate) fn start_changing(report: Arc<Mutex<Value>>) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let address = listener.local_addr().unwrap();
        let (looked, looks) = mpsc::channel();
        #[allow(clippy::disallowed_methods)]
        runtime.spawn(async move { axum::serve(listener, answers::router(report, looked)).await });
        // The golden screens contain this path, so its length must be constant.
        let contexts = tempfile::tempdir_in("/tmp").unwrap();
        Self {
            address,
            contexts,
            looks,
            _runtime: runtime,
        }
    }

    /// Waits for the next status request.
    pub(crate) fn wait_for_status_request(&self) {
        self.looks.recv_timeout(Duration::from_secs(30)).unwrap();
    }

    /// True if another status request has arrived.
    pub(crate) fn has_status_request(&self) -> bool {
        self.looks.try_recv().is_ok()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdfast"));
        command
            .args(args)
            .env_remove("LANG")
            .env("LC_ALL", "C.UTF-8")
            .env("HOLDFAST_URL", self.url())
            .env("HOLDFAST_TOKEN", TOKEN)
            .env("HOLDFAST_CONTEXT_DIR", self.contexts.path());
        command
    }

    pub(crate) fn holdfast(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs without `HOLDFAST_URL` and `HOLDFAST_TOKEN`, as after `login`.
    pub(crate) fn command_without_env(&self, args: &[&str]) -> Command {
        let mut command = self.command(args);
        command
            .env_remove("HOLDFAST_URL")
            .env_remove("HOLDFAST_TOKEN");
        command
    }

    pub(crate) fn contexts(&self) -> &std::path::Path {
        self.contexts.path()
    }

    /// Writes a sign-in as `up` does: one file per gateway, named by its address.
    pub(crate) fn write_context(&self, gateway: &str) {
        let context = OperatorContext {
            gateway: gateway.to_owned(),
            token: TOKEN.to_owned(),
            renewal: None,
        };
        let name = gateway.replace(':', "_3a").replace('/', "_2f");
        let path = self.contexts.path().join(format!("gateway-{name}.json"));
        std::fs::write(path, serde_json::to_vec(&context).unwrap()).unwrap();
    }
}

pub(crate) fn order_code() -> OrderCode {
    OrderCode::from_order_id(Region::North, ORDER.parse::<OrderId>().unwrap())
}

pub(crate) fn order() -> Value {
    json!({
        "id": ORDER, "code": order_code(), "customer_id": ORDER, "provider_id": null,
        "title": "Mend the tap", "description": "", "service_type": "cleaning_repair",
        "price": "200.00", "currency": "CNY", "location": "NORTH", "address": "1 Main St",
        "status": "accepted", "payment_status": "unpaid", "version": 3,
        "created_at": "2025-11-24T16:00:00Z", "updated_at": "2025-11-24T16:00:00Z",
        "source": "portal",
    })
}

pub(crate) fn report(link: &str, checksum: &str) -> Value {
    json!({
        "now": "2025-11-24T16:03:12Z",
        "regions": [{
            "region": "NORTH", "gate": "open", "policy": "optimistic", "holder": null,
            "feed_seq": 7, "orders": 3,
            "edges": [edge("north-1", link, checksum)],
        }],
    })
}

pub(crate) fn edge(name: &str, link: &str, checksum: &str) -> Value {
    json!({
        "edge": name, "link": link, "since": "2025-11-24T16:00:00Z",
        "last_contact_at": null, "epoch": 1, "version": "0.1.0", "pending": 0,
        "oldest_pending_at": null, "undecided": 0, "held": 0, "parked": 0,
        "lag_up_ops": 0, "lag_down_changes": 0, "lag_down_outcomes": 0,
        "checksum": checksum, "clock_error_ms": null, "disk_free_bytes": null,
    })
}

pub(crate) fn code(ran: &Output) -> i32 {
    ran.status.code().unwrap()
}

pub(crate) fn out(ran: &Output) -> String {
    String::from_utf8(ran.stdout.clone()).unwrap()
}

pub(crate) fn said(ran: &Output) -> String {
    String::from_utf8(ran.stderr.clone()).unwrap()
}
