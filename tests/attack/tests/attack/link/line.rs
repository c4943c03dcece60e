//! The line between an edge and its gateway, under an attacker's control. It forwards everything
//! until a test makes it play the hub, change the hub's messages, or play the gateway at an
//! enrolment.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::{SinkExt, StreamExt};
use process::tasks::Tasks;
use serde_json::Value;
use support::eventually;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{sleep, timeout},
};
use tokio_tungstenite::{
    accept_hdr_async, connect_async,
    tungstenite::{
        Message,
        client::IntoClientRequest,
        handshake::server::{Request, Response},
        http::HeaderValue,
    },
};
use wire::{Ack, Frame, Hello};

use attack::PATIENCE;

type Speech = Arc<dyn Fn(&Hello) -> Vec<Vec<u8>> + Send + Sync>;
type Change = Arc<dyn Fn(Vec<u8>) -> Vec<u8> + Send + Sync>;

#[derive(Clone)]
enum Play {
    Passes,
    /// Answers each Hello with this; the hub receives nothing.
    Hub(Speech),
    /// Applies this to each hub message before forwarding it.
    Changes(Change),
    /// Answers an enrolment with this.
    Gateway(Value),
}

#[derive(Default)]
struct Seen {
    hellos: Vec<Hello>,
    /// The hub's messages in the last forwarded session.
    from_hub: Vec<Vec<u8>>,
    /// The edge's acks to the real or fake hub. The first one comes once a session stands.
    acks: Vec<Ack>,
    /// Played sessions that the edge ended.
    hung_up: usize,
}

pub(super) struct HostileLine {
    address: SocketAddr,
    play: watch::Sender<Play>,
    seen: Arc<Mutex<Seen>>,
    tasks: Tasks,
}

#[derive(Clone)]
struct Carrier {
    gateway: u16,
    play: watch::Receiver<Play>,
    seen: Arc<Mutex<Seen>>,
}

impl HostileLine {
    pub(super) async fn to(gateway: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, play) = watch::channel(Play::Passes);
        let tasks = Tasks::new();
        let seen = Arc::<Mutex<Seen>>::default();
        let of_each = tasks.clone();
        let carrier = Carrier {
            gateway,
            play,
            seen: seen.clone(),
        };
        tasks.spawn("line", async move {
            while let Ok((edge, _)) = listener.accept().await {
                of_each.spawn_once("carried", carrier.clone().carry(edge));
            }
        });
        Self {
            address,
            play: sender,
            seen,
            tasks,
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn pass(&self) {
        self.play.send_replace(Play::Passes);
    }

    /// Answers each Hello with this. Returns once the edge has reacted: it accepted the session, or
    /// hung up.
    pub(super) async fn play_hub(
        &self,
        speech: impl Fn(&Hello) -> Vec<Vec<u8>> + Send + Sync + 'static,
    ) {
        let before = self.seen(|seen| (seen.acks.len(), seen.hung_up));
        self.play.send_replace(Play::Hub(Arc::new(speech)));
        eventually("the edge has heard it", PATIENCE, async || {
            let now = self.seen(|seen| (seen.acks.len(), seen.hung_up));
            (now.0 > before.0 + 1 || now.1 > before.1).then_some(())
        })
        .await;
    }

    pub(super) fn change(&self, change: impl Fn(Vec<u8>) -> Vec<u8> + Send + Sync + 'static) {
        self.play.send_replace(Play::Changes(Arc::new(change)));
    }

    pub(super) fn play_gateway(&self, answer: Value) {
        self.play.send_replace(Play::Gateway(answer));
    }

    /// The first Hello of a connection that begins after this call.
    pub(super) async fn next_hello(&self) -> Hello {
        let before = self.seen(|seen| seen.hellos.len());
        eventually("another call of the edge", PATIENCE, async || {
            self.seen(|seen| seen.hellos.get(before).cloned())
        })
        .await
    }

    pub(super) fn calls(&self) -> usize {
        self.seen(|seen| seen.hellos.len())
    }

    pub(super) fn acks(&self) -> Vec<Ack> {
        self.seen(|seen| seen.acks.clone())
    }

    /// Every hub message in the current or last forwarded session.
    pub(super) fn heard_of_hub(&self) -> Vec<Vec<u8>> {
        self.seen(|seen| seen.from_hub.clone())
    }

    pub(super) async fn stop(self) {
        self.tasks.shutdown(Duration::from_secs(1)).await;
    }

    fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.lock().unwrap())
    }
}

impl Carrier {
    /// Carries a connection until it ends or the play changes.
    async fn carry(mut self, mut edge: TcpStream) {
        let play = self.play.borrow_and_update().clone();
        let mut over = self.play.clone();
        let carried = async {
            let head = head(&edge).await?;
            if head.starts_with("GET /link ") {
                return self.link(edge, play).await;
            }
            if let (Play::Gateway(answer), true) = (&play, head.starts_with("POST")) {
                return answer_with(&mut edge, answer).await;
            }
            let mut gateway = TcpStream::connect(("127.0.0.1", self.gateway)).await.ok()?;
            copy_bidirectional(&mut edge, &mut gateway)
                .await
                .ok()
                .map(drop)
        };
        tokio::select! {
            _ = carried => {}
            _ = over.changed() => {}
        }
    }

    async fn link(&self, edge: TcpStream, play: Play) -> Option<()> {
        let mut token = None;
        // The callback's error is a whole response.
        #[allow(clippy::result_large_err)]
        let keep = |request: &Request, response: Response| {
            token = request.headers().get("authorization").cloned();
            Ok(response)
        };
        let mut edge = accept_hdr_async(edge, keep).await.ok()?;
        if let Play::Hub(speech) = play {
            loop {
                let Some(Ok(message)) = edge.next().await else {
                    self.note(|seen| seen.hung_up += 1);
                    return None;
                };
                let Message::Binary(bytes) = message else {
                    continue;
                };
                match Frame::from_bytes(&bytes).ok()? {
                    Frame::Hello(hello) => {
                        let speech = speech(&hello);
                        self.note(|seen| seen.hellos.push(hello));
                        for message in speech {
                            // The edge may hang up midway; the next read notices.
                            let _gone = edge.send(Message::Binary(message.into())).await;
                        }
                    }
                    Frame::Ack(ack) => self.note(|seen| seen.acks.push(ack)),
                    _ => {}
                }
            }
        }
        let mut hub = hub(self.gateway, token?).await?;
        self.note(|seen| seen.from_hub.clear());
        loop {
            tokio::select! {
                said = edge.next() => {
                    let said = said?.ok()?;
                    if let Message::Binary(bytes) = &said
                        && let Ok(Frame::Hello(hello)) = Frame::from_bytes(bytes)
                    {
                        self.note(|seen| seen.hellos.push(hello));
                    }
                    hub.send(said).await.ok()?;
                }
                said = hub.next() => {
                    let said = match (said?.ok()?, &play) {
                        (Message::Binary(bytes), Play::Changes(change)) => {
                            Message::Binary(change(bytes.to_vec()).into())
                        }
                        (said, _) => said,
                    };
                    if let Message::Binary(bytes) = &said {
                        self.note(|seen| seen.from_hub.push(bytes.to_vec()));
                    }
                    edge.send(said).await.ok()?;
                }
            }
        }
    }

    fn note(&self, note: impl FnOnce(&mut Seen)) {
        note(&mut self.seen.lock().unwrap());
    }
}

type HubSocket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<TcpStream>>;

/// Connects to the real hub with the edge's token.
async fn hub(gateway: u16, token: HeaderValue) -> Option<HubSocket> {
    let mut request = format!("ws://127.0.0.1:{gateway}/link")
        .into_client_request()
        .ok()?;
    request.headers_mut().insert("authorization", token);
    connect_async(request).await.ok().map(|(socket, _)| socket)
}

/// The socket is readable at once if only a part of the head has come.
const BETWEEN_PEEKS: Duration = Duration::from_millis(20);

/// Peeks at the start of a request and leaves it in the socket. `None` if it does not come in time.
async fn head(edge: &TcpStream) -> Option<String> {
    const ENOUGH: usize = 16;
    let mut head = [0; ENOUGH];
    let peeking = async {
        loop {
            let length = edge.peek(&mut head).await.ok()?;
            if length == 0 {
                return None;
            }
            if length == ENOUGH {
                return Some(String::from_utf8_lossy(&head).into_owned());
            }
            sleep(BETWEEN_PEEKS).await;
        }
    };
    timeout(PATIENCE, peeking).await.ok().flatten()
}

async fn answer_with(edge: &mut TcpStream, answer: &Value) -> Option<()> {
    let mut request = vec![0; 16 * 1024];
    let _request = edge.read(&mut request).await.ok()?;
    let body = answer.to_string();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n"
    );
    edge.write_all(format!("{head}{body}").as_bytes())
        .await
        .ok()
}
