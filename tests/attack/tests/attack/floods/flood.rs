//! One flood: so many attempts from one address, and how many of them the platform refused.

use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use attack::{HttpAnswer, HttpCall, MqttGreeting, MqttLine, Station};
use futures::future::join_all;
use process::clock::Clock;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};
use wire::{DeviceId, EdgeId, Region, topics};

/// At least so long, so that the honest people have come to all their acts.
const LASTS: Duration = Duration::from_secs(4);
/// On a slow machine a flood stops in its midst.
const LASTS_MAX: Duration = Duration::from_secs(10);
/// A server that has heard enough may stop to read.
const SAYS_WITHIN: Duration = Duration::from_secs(2);
/// Long enough for what the server has said by now.
const HEARS_WITHIN: Duration = Duration::from_millis(50);

pub struct Flood<'a> {
    /// Its limit, as in the documents.
    pub name: &'static str,
    pub attempts: usize,
    pub at_once: usize,
    pub act: FloodAct<'a>,
}

type Numbered<'a, T> = Box<dyn Fn(usize) -> T + Send + Sync + 'a>;

/// The attacker's attempt of that number.
pub enum FloodAct<'a> {
    Nothing,
    Ask(u16, Numbered<'a, HttpCall>),
    /// Opens a socket, says these bytes, and keeps it to the end.
    Hold(u16, Numbered<'a, Vec<u8>>),
    /// Publishes commands from some devices of one person.
    Command(CommandFlood<'a>),
}

pub struct CommandFlood<'a> {
    pub port: u16,
    pub edge: EdgeId,
    pub token: &'a str,
    /// A new command, as a tablet sends it.
    pub frame: Numbered<'a, Vec<u8>>,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct FloodCount {
    pub attempts: usize,
    pub refused: usize,
}

impl Flood<'_> {
    pub async fn run(&self) -> FloodCount {
        let (from, clock, next) = (Station::fresh(), Clock::system(), AtomicUsize::new(0));
        let started = clock.elapsed();
        let takes_next = || {
            let goes_on = clock.elapsed().saturating_sub(started) < LASTS_MAX;
            goes_on.then(|| next.fetch_add(1, Relaxed)).filter(|number| *number < self.attempts)
        };
        let strangers = (0..self.at_once).map(|line| self.stranger(line, from, &takes_next));
        let (strangers, ()) = tokio::join!(join_all(strangers), sleep(LASTS));
        let mut count = FloodCount::default();
        let mut held = Vec::new();
        for (counted, sockets) in strangers {
            count.attempts += counted.attempts;
            count.refused += counted.refused;
            held.extend(sockets);
        }
        count.refused += refused_of(held).await;
        count
    }

    async fn stranger(
        &self,
        line: usize,
        from: Station,
        takes_next: &(impl Fn() -> Option<usize> + Sync),
    ) -> (FloodCount, Vec<TcpStream>) {
        let (mut count, mut held) = (FloodCount::default(), Vec::new());
        if let FloodAct::Command(commands) = &self.act {
            return (commands.publish(line, from, takes_next).await, held);
        }
        while let Some(number) = takes_next() {
            count.attempts += 1;
            let is_refused = match &self.act {
                FloodAct::Nothing | FloodAct::Command(_) => false,
                FloodAct::Ask(port, call) => {
                    from.ask(*port, &call(number)).await.map_or(true, |answer| is_limited(&answer))
                }
                FloodAct::Hold(port, bytes) => match from.connect(*port).await {
                    Ok(mut socket) => {
                        let bytes = bytes(number);
                        let _early = timeout(SAYS_WITHIN, socket.write_all(&bytes)).await;
                        held.push(socket);
                        false
                    }
                    Err(_) => true,
                },
            };
            count.refused += usize::from(is_refused);
        }
        (count, held)
    }
}

impl CommandFlood<'_> {
    /// Commands without a receipt were refused, or dropped on their way.
    async fn publish(
        &self,
        line: usize,
        from: Station,
        takes_next: &impl Fn() -> Option<usize>,
    ) -> FloodCount {
        let device = DeviceId::new(format!("flood-{line}")).expect("a name");
        let greeting = MqttGreeting::of(device.as_str(), self.token);
        let (code, mut tablet) =
            MqttLine::open(from, self.port, &greeting).await.expect("an answer");
        assert_eq!(code, 0, "the broker lets the person in");
        let replies = topics::reply(Region::North, &self.edge, &device);
        tablet.subscribe(&replies).await.expect("an answer");
        let topic = topics::cmd(Region::North, &self.edge, &device);
        let (mut ear, mut mouth) = tablet.into_stream().into_split();
        let saying = async {
            let mut attempts = 0;
            while let Some(number) = takes_next() {
                let packet = MqttLine::publication(&topic, &(self.frame)(number), false);
                if mouth.write_all(&packet).await.is_err() {
                    break;
                }
                attempts += 1;
            }
            attempts
        };
        let mut heard = Vec::new();
        let hearing = async {
            // The broker does not end it.
            let _over = timeout(LASTS, ear.read_to_end(&mut heard)).await;
        };
        let (attempts, ()) = tokio::join!(saying, hearing);
        let receipts = heard.windows(RECEIPT.len()).filter(|part| *part == RECEIPT).count();
        FloodCount { attempts, refused: attempts.saturating_sub(receipts) }
    }
}

const RECEIPT: &[u8] = b"\"receipt\":";

/// Refused by a limit, and not because it is nonsense.
fn is_limited(answer: &HttpAnswer) -> bool {
    [413, 429, 431, 503].contains(&answer.status) || answer.code().starts_with("too_many")
}

/// Sockets that were closed, or on which the first word is a refusal.
async fn refused_of(held: Vec<TcpStream>) -> usize {
    let hearing = held.into_iter().map(async |mut socket| {
        let mut word = [0; 16];
        match timeout(HEARS_WITHIN, socket.read(&mut word)).await {
            Ok(Ok(length)) => is_refusal(&word[..length]),
            Ok(Err(_)) => true,
            Err(_) => false,
        }
    });
    join_all(hearing).await.into_iter().filter(|refused| *refused).count()
}

fn is_refusal(word: &[u8]) -> bool {
    const CONNACK: u8 = 0x20;
    match word {
        [] => true,
        [CONNACK, _, _, code, ..] => *code != 0,
        word => word.starts_with(b"HTTP/1.1 4") || word.starts_with(b"HTTP/1.1 5"),
    }
}
