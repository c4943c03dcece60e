//! A bank that speaks Alipay's open platform, for tests and demos. It keeps its own records,
//! verifies our signatures and signs its answers without a line of product code. Its keys are
//! public, so never use them elsewhere.
//!
//! Like Alipay, it learns of a trade only when the customer opens the link, refuses payment after
//! the link expires, reports a fully refunded trade as closed, and answers a repeated refund number
//! without moving money.

mod bank;
mod gateway;
mod page;
mod wires;

use std::{
    collections::VecDeque,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{Request, header},
    routing::{get, post},
};
use http_body_util::BodyExt;
use process::{client::Client, clock::Clock, tasks::Tasks};
use tokio::net::TcpListener;
use wire::Amount;

use bank::Bank;
use wires::Wires;

/// The only application id that the sandbox accepts.
pub const APP_ID: &str = "2021000000000001";

/// A fault injected into one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The call succeeds, but the connection breaks before the answer.
    LostAnswer,
    /// The call succeeds, but the answer takes this long.
    Slow(Duration),
    /// The call succeeds, but the answer is `20000`: outcome unknown.
    UnknownOutcome,
    /// The call has no effect, and the answer is `20000` as well.
    NothingDone,
    /// The call succeeds, but the answer carries another key's signature.
    WrongSignature,
    /// The call fails for this reason.
    Refused(&'static str),
}

#[derive(Clone)]
pub struct Sandbox {
    address: SocketAddr,
    state: State,
    tasks: Tasks,
}

#[derive(Clone)]
struct State {
    clock: Clock,
    wires: Arc<Wires>,
    inner: Arc<Mutex<Inner>>,
    client: Client,
}

#[derive(Default)]
struct Inner {
    bank: Bank,
    troubles: VecDeque<(&'static str, Trouble)>,
    /// Methods in call order.
    calls: Vec<String>,
    /// Calls with a wrong signature.
    refused_signatures: usize,
}

pub fn merchant_key() -> PathBuf {
    file("merchant.pem")
}

pub fn merchant_public_key() -> PathBuf {
    file("merchant.pub.pem")
}

pub fn bank_public_key() -> PathBuf {
    file("bank.pub.pem")
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("keys")
        .join(name)
}

impl Sandbox {
    /// `127.0.0.1:0` picks a free port.
    pub async fn start(listen: &str, clock: Clock) -> std::io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let wires = Arc::new(Wires::new());
        let inner = Arc::default();
        let state = State {
            clock,
            wires,
            inner,
            client: Client::new(),
        };
        let router = Router::new()
            .route("/gateway.do", get(page::show).post(gateway::answer))
            .route("/trades/{number}/pay", post(page::pay))
            .with_state(state.clone());
        let tasks = Tasks::new();
        tasks.spawn("alipay sandbox", async move {
            if let Err(error) = axum::serve(listener, router).await {
                eprintln!("the sandbox ended: {error}");
            }
        });
        Ok(Self {
            address,
            state,
            tasks,
        })
    }

    /// The value for `payment.alipay_gateway`.
    pub fn gateway(&self) -> String {
        format!("http://{}/gateway.do", self.address)
    }

    pub async fn stop(self) {
        self.tasks.shutdown(Duration::from_secs(1)).await;
    }

    /// Injects a fault into the next call of this method.
    pub fn befall(&self, method: &'static str, trouble: Trouble) {
        self.state.lock().troubles.push_back((method, trouble));
    }

    /// Opens the link as a customer. Returns true if Alipay shows the payment page.
    pub async fn opens(&self, link: &str) -> bool {
        let Ok(request) = Request::get(link).body(Body::empty()) else {
            return false;
        };
        match self.state.client.send_request(request).await {
            Ok(answer) => answer.status().is_success(),
            Err(_) => false,
        }
    }

    /// Pays this amount for an open trade without a notification. Returns false if the trade is not
    /// open.
    pub fn pays(&self, number: &str, amount: Amount) -> bool {
        let now = self.state.clock.now();
        self.state
            .lock()
            .bank
            .pay(number, amount.minor_units(), now)
    }

    /// The notification about this trade, in its wire format.
    pub fn message(&self, number: &str) -> String {
        self.state
            .message(number)
            .map(|(_, form)| form)
            .unwrap_or_default()
    }

    /// Sends the notification to the trade's notify URL. Returns status and text of the answer.
    pub async fn tells(&self, number: &str) -> Option<(u16, String)> {
        self.state.tell(number).await
    }

    pub fn refunds(&self, number: &str) -> Vec<(String, Amount)> {
        self.state.lock().bank.refunds(number)
    }

    /// How often clients called this method.
    pub fn calls(&self, method: &str) -> usize {
        self.state
            .lock()
            .calls
            .iter()
            .filter(|called| *called == method)
            .count()
    }

    pub fn refused_signatures(&self) -> usize {
        self.state.lock().refused_signatures
    }
}

impl State {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn message(&self, number: &str) -> Option<(String, String)> {
        let now = self.clock.now();
        let (to, fields) = self.lock().bank.message(number, now)?;
        Some((to, self.wires.message(fields)))
    }

    async fn tell(&self, number: &str) -> Option<(u16, String)> {
        let (to, form) = self.message(number).filter(|(to, _)| !to.is_empty())?;
        let request = Request::post(to)
            .header(
                header::CONTENT_TYPE,
                "application/x-www-form-urlencoded; text/html; charset=utf-8",
            )
            .body(Body::from(form))
            .ok()?;
        let (head, body) = self.client.send_request(request).await.ok()?.into_parts();
        let bytes = body.collect().await.ok()?.to_bytes();
        Some((
            head.status.as_u16(),
            String::from_utf8_lossy(&bytes).into_owned(),
        ))
    }
}
