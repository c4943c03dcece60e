//! A bank that speaks Alipay's open platform, for tests and for trying it out. It has a truth of
//! its own, verifies our signatures by itself and signs its answers; no line of the product is used
//! for either. Its keys are published here, so they are worth nothing elsewhere.
//!
//! As Alipay does, it hears of a trade only when its customer opens the link, lets nobody pay after
//! the link's end, calls a trade closed that went back whole, and repeats a refund under its own
//! number without moving anything.

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

/// The number of the one application that it knows.
pub const APP_ID: &str = "2021000000000001";

/// An accident of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It is done, and the connection breaks before the answer.
    LostAnswer,
    /// It is done, and the answer takes this long.
    Slow(Duration),
    /// It is done, and answered by `20000`, which says that nobody knows.
    UnknownOutcome,
    /// Nothing is done, and the answer is the same.
    NothingDone,
    /// It is done, and the answer is signed by another key.
    WrongSignature,
    /// It is refused for this reason.
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
    /// Methods, in the order of their calls.
    calls: Vec<String>,
    /// Calls whose signature was wrong.
    refused_signatures: usize,
}

/// The file of the application's key.
pub fn merchant_key() -> PathBuf {
    file("merchant.pem")
}

/// The file of the application's public key.
pub fn merchant_public_key() -> PathBuf {
    file("merchant.pub.pem")
}

/// The file of the public key of the bank.
pub fn bank_public_key() -> PathBuf {
    file("bank.pub.pem")
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("keys").join(name)
}

impl Sandbox {
    /// At `127.0.0.1:0` it takes a free port.
    pub async fn start(listen: &str, clock: Clock) -> std::io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let (wires, inner) = (Arc::new(Wires::new()), Arc::default());
        let state = State { clock, wires, inner, client: Client::new() };
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
        Ok(Self { address, state, tasks })
    }

    /// For `payment.alipay_gateway`.
    pub fn gateway(&self) -> String {
        format!("http://{}/gateway.do", self.address)
    }

    pub async fn stop(self) {
        self.tasks.shutdown(Duration::from_secs(1)).await;
    }

    /// Befalls the next call of this method.
    pub fn befall(&self, method: &'static str, trouble: Trouble) {
        self.state.lock().troubles.push_back((method, trouble));
    }

    /// A customer opens the link. Returns whether Alipay shows the page to pay.
    pub async fn opens(&self, link: &str) -> bool {
        let Ok(request) = Request::get(link).body(Body::empty()) else { return false };
        match self.state.client.request(request).await {
            Ok(answer) => answer.status().is_success(),
            Err(_) => false,
        }
    }

    /// The customer of a trade that is open pays this; nobody is told. Returns whether it was paid.
    pub fn pays(&self, number: &str, amount: Amount) -> bool {
        let now = self.state.clock.now();
        self.state.lock().bank.pay(number, amount.minor(), now)
    }

    /// The message about this trade, as it is sent.
    pub fn message(&self, number: &str) -> String {
        self.state.message(number).map(|(_, form)| form).unwrap_or_default()
    }

    /// Sends it to the address that the trade names. Returns status and text of the answer.
    pub async fn tells(&self, number: &str) -> Option<(u16, String)> {
        self.state.tell(number).await
    }

    /// Each refund of this trade, by its number.
    pub fn refunds(&self, number: &str) -> Vec<(String, Amount)> {
        self.state.lock().bank.refunds(number)
    }

    /// How often this method was called.
    pub fn calls(&self, method: &str) -> usize {
        self.state.lock().calls.iter().filter(|called| *called == method).count()
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
        let (head, body) = self.client.request(request).await.ok()?.into_parts();
        let bytes = body.collect().await.ok()?.to_bytes();
        Some((head.status.as_u16(), String::from_utf8_lossy(&bytes).into_owned()))
    }
}
