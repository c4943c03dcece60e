//! One flood: attempts from one address, counted as granted or refused.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use attack::{HttpAnswer, HttpCall, MqttGreeting, MqttLine, Station};
use futures::future::{BoxFuture, join_all};
use process::clock::Clock;
use support::is_deep_run;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};
use wire::{DeviceId, EdgeId, Region, topics};

/// How long a flood lasts.
struct Length {
    /// Long enough for each of an honest person's ten acts.
    min: Duration,
    /// A flood stops here, if a limit has refused it by then.
    max: Duration,
}

impl Length {
    fn of_this_run() -> Self {
        let (min, max) = if is_deep_run() { (4, 10) } else { (3, 5) };
        Self {
            min: Duration::from_secs(min),
            max: Duration::from_secs(max),
        }
    }
}

const LASTS_UNREFUSED_MAX: Duration = Duration::from_secs(60);
/// A server that has read enough may stop reading.
const SAYS_WITHIN: Duration = Duration::from_secs(2);
/// Long enough to read data that the server has already sent.
const HEARS_WITHIN: Duration = Duration::from_millis(50);
/// Commands of one device that await an answer. With more, most would be lost in transit.
const WINDOW: usize = 32;
/// A device gives up after so long without an answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

pub(crate) struct Flood<'a> {
    /// The limit's name in the documents.
    pub name: &'static str,
    pub attempts: usize,
    pub at_once: usize,
    /// The most grants that the limit allows, if grants are countable. At least one is expected.
    pub grants_max: Option<usize>,
    pub act: FloodAct<'a>,
}

type FrameOfToken<'a> = Box<dyn Fn(&str, usize) -> Vec<u8> + Send + Sync + 'a>;
type Numbered<'a, T> = Box<dyn Fn(usize) -> T + Send + Sync + 'a>;

/// The attacker's attempt with that number.
pub(crate) enum FloodAct<'a> {
    Nothing,
    Ask(u16, Numbered<'a, HttpCall>),
    /// Opens a socket, sends these bytes, and holds it to the end.
    Hold(u16, Numbered<'a, Vec<u8>>),
    /// Uses up a daily share from this address.
    Take(Box<dyn Fn(Station) -> BoxFuture<'a, Attempt> + Send + Sync + 'a>),
    /// Publishes commands from several devices.
    Command(CommandFlood<'a>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    Granted,
    /// Refused by the flooded limit.
    Refused,
    /// Failed for another reason.
    Futile,
}

pub(crate) struct CommandFlood<'a> {
    pub port: u16,
    pub edge: EdgeId,
    pub tokens: Vec<&'a str>,
    /// A new command, as a person's tablet sends it with that token.
    pub frame: FrameOfToken<'a>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct FloodCount {
    pub attempts: usize,
    pub granted: usize,
    pub refused: usize,
}

impl Flood<'_> {
    pub(crate) async fn run(&self) -> FloodCount {
        let from = Station::fresh();
        let clock = Clock::system();
        let next = AtomicUsize::new(0);
        let is_refused = AtomicBool::new(!self.shows_refusals());
        let started = clock.elapsed();
        let length = Length::of_this_run();
        let takes_next = || {
            let lasts_max = if is_refused.load(Relaxed) {
                length.max
            } else {
                LASTS_UNREFUSED_MAX
            };
            let goes_on = clock.elapsed().saturating_sub(started) < lasts_max;
            goes_on
                .then(|| next.fetch_add(1, Relaxed))
                .filter(|number| *number < self.attempts)
        };
        let strangers =
            (0..self.at_once).map(|line| self.stranger(line, from, &takes_next, &is_refused));
        let (strangers, ()) = tokio::join!(join_all(strangers), sleep(length.min));
        let mut count = FloodCount::default();
        let mut held = Vec::new();
        for (counted, sockets) in strangers {
            count.attempts += counted.attempts;
            count.granted += counted.granted;
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
        refused: &AtomicBool,
    ) -> (FloodCount, Vec<TcpStream>) {
        let mut count = FloodCount::default();
        let mut held = Vec::new();
        if let FloodAct::Command(commands) = &self.act {
            return (commands.publish(line, from, takes_next).await, held);
        }
        while let Some(number) = takes_next() {
            count.attempts += 1;
            let is_refused = match &self.act {
                FloodAct::Nothing | FloodAct::Command(_) => false,
                FloodAct::Take(attempt) => {
                    let attempt = attempt(from).await;
                    count.granted += usize::from(attempt == Attempt::Granted);
                    attempt == Attempt::Refused
                }
                FloodAct::Ask(port, call) => from
                    .ask(*port, &call(number))
                    .await
                    .map_or(true, |answer| is_limited(&answer)),
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
            refused.fetch_or(is_refused, Relaxed);
        }
        (count, held)
    }

    /// Other floods are only counted when they end.
    fn shows_refusals(&self) -> bool {
        matches!(self.act, FloodAct::Ask(..) | FloodAct::Take(_))
    }
}

impl CommandFlood<'_> {
    /// Publishes as fast as the edge answers. Commands without a grant were refused or lost in
    /// transit.
    async fn publish(
        &self,
        line: usize,
        from: Station,
        takes_next: &impl Fn() -> Option<usize>,
    ) -> FloodCount {
        let token = self.tokens[line % self.tokens.len()];
        let device = DeviceId::new(format!("flood-{line}")).expect("a name");
        let greeting = MqttGreeting::of(device.as_str(), token);
        let (code, mut tablet) = MqttLine::open(from, self.port, &greeting)
            .await
            .expect("an answer");
        assert_eq!(code, 0, "the broker lets the person in");
        let replies = topics::reply_topic(Region::North, &self.edge, &device);
        tablet.subscribe(&replies).await.expect("an answer");
        let topic = topics::command_topic(Region::North, &self.edge, &device);
        let mut attempts = 0;
        let mut answered = 0;
        let mut granted = 0;
        while let Some(number) = takes_next() {
            let frame = (self.frame)(token, number);
            if tablet.publish(&topic, &frame, false).await.is_err() {
                break;
            }
            attempts += 1;
            while attempts - answered >= WINDOW {
                let Ok(Ok(reply)) = timeout(ANSWERS_WITHIN, tablet.message()).await else {
                    return FloodCount {
                        attempts,
                        granted,
                        refused: attempts - granted,
                    };
                };
                answered += usize::from(has(&reply, ANSWER));
                granted += usize::from(has(&reply, TAKEN));
            }
        }
        FloodCount {
            attempts,
            granted,
            refused: attempts - granted,
        }
    }
}

/// The edge's own answer; the cloud decides later.
const ANSWER: &[u8] = b"\"hop\":\"stored\"";
const TAKEN: &[u8] = b"\"hop\":\"stored\",\"verdict\":\"provisional\"";

fn has(reply: &[u8], words: &[u8]) -> bool {
    reply.windows(words.len()).any(|part| part == words)
}

/// Refused by a limit, not for invalid content.
fn is_limited(answer: &HttpAnswer) -> bool {
    [413, 429, 431, 503].contains(&answer.status) || answer.code().starts_with("too_many")
}

/// Counts sockets that are closed, or whose first bytes are a refusal.
async fn refused_of(held: Vec<TcpStream>) -> usize {
    let hearing = held.into_iter().map(async |mut socket| {
        let mut word = [0; 16];
        match timeout(HEARS_WITHIN, socket.read(&mut word)).await {
            Ok(Ok(length)) => is_refusal(&word[..length]),
            Ok(Err(_)) => true,
            Err(_) => false,
        }
    });
    join_all(hearing)
        .await
        .into_iter()
        .filter(|refused| *refused)
        .count()
}

fn is_refusal(word: &[u8]) -> bool {
    const CONNACK: u8 = 0x20;
    match word {
        [] => true,
        [CONNACK, _, _, code, ..] => *code != 0,
        word => word.starts_with(b"HTTP/1.1 4") || word.starts_with(b"HTTP/1.1 5"),
    }
}
