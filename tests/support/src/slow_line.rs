//! A slow line that loses segments and breaks. It runs on a simulated clock, which moves with what
//! the line carries. If a peer stalls while segments are under way, its stall counts `SPEED` times.
//!
//! Invariant: the clock stands still while the line is held, and moves little while it is idle.

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use process::{clock::Clock, tasks::Tasks};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Mutex as AsyncMutex, Notify, OwnedMutexGuard, mpsc, watch},
    time::{sleep, timeout},
};

use crate::Draws;

/// What each direction carries.
#[derive(Debug, Clone, Copy)]
pub struct LineQuality {
    pub bits_per_second: u64,
    pub one_way: Duration,
    /// A lost segment is sent once more, a round trip later; what follows it waits for it. None is
    /// lost more than three times.
    pub loss_percent: u64,
}

pub struct SlowTcpLine {
    address: SocketAddr,
    line: Arc<Line>,
    tasks: Tasks,
}

struct Line {
    clock: Clock,
    quality: LineQuality,
    state: Mutex<LineState>,
    /// Notified when there is something to carry.
    segment_notifier: Notify,
    /// The carrier locks it for each step, and `hold` to stop the line.
    step_lock: Arc<AsyncMutex<()>>,
    /// The cuts so far. Each ends all connections.
    cuts: watch::Sender<usize>,
}

struct LineState {
    /// Until then everything arrives at once.
    is_slow: bool,
    now_us: u64,
    draws: Draws,
    up: DirectionState,
    down: DirectionState,
    /// By time of arrival, then by number.
    under_way: BTreeMap<(u64, u64), Segment>,
    segments_scheduled: u64,
    cut_at: VecDeque<u64>,
    carried_up: u64,
}

#[derive(Debug, Clone, Copy, Default)]
struct DirectionState {
    free_at_us: u64,
    last_arrival_us: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

/// Without bytes it is the end of its stream.
struct Segment {
    direction: Direction,
    starts_us: u64,
    bytes: Vec<u8>,
    to: mpsc::UnboundedSender<Vec<u8>>,
}

const SEGMENT_BYTES: usize = 1_400;
/// Of TCP and IP.
const HEADER_BYTES: u64 = 40;
const LOSSES_MAX: u32 = 3;
/// The line's clock runs this much faster than real time, so that a test ends soon. A lower speed
/// leaves a busy machine more time to answer.
const SPEED: u32 = 8;
/// An idle line's clock moves by `IDLE_STEP` in this time: what is due later must become due, and
/// the time that a busy machine computes must hardly count.
const IDLE_FOR: Duration = Duration::from_millis(50);
const IDLE_STEP: Duration = Duration::from_millis(10);

impl SlowTcpLine {
    /// Listens on a free port of this machine and forwards to `target`. The line moves `clock`, and
    /// is fast until `slow_down`.
    pub async fn forward_to(
        target: SocketAddr,
        clock: Clock,
        quality: LineQuality,
        seed: u64,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let line = Arc::new(Line::new(clock, quality, seed));
        let tasks = Tasks::new();
        let connection_tasks = tasks.clone();
        let shared_line = line.clone();
        tasks.spawn("slow line", async move {
            while let Ok((caller, _)) = listener.accept().await {
                let line = shared_line.clone();
                connection_tasks
                    .spawn_once("connection of a slow line", line.connect(caller, target));
            }
        });
        tasks.spawn("carrier of a slow line", line.clone().move_segments());
        Ok(Self {
            address,
            line,
            tasks,
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Slows down, and counts what it carries up from now on. It breaks once it has carried so many
    /// bytes up.
    pub fn slow_down(&self, cut_at: impl IntoIterator<Item = u64>) {
        let mut state = self.line.lock_state();
        state.is_slow = true;
        state.carried_up = 0;
        state.cut_at = cut_at.into_iter().collect();
        state.cut_at.make_contiguous().sort_unstable();
    }

    /// The line stands still until the answer is dropped.
    pub async fn hold(&self) -> OwnedMutexGuard<()> {
        self.line.step_lock.clone().lock_owned().await
    }

    /// The bytes that it has carried up since `slow_down`, also those that arrived nowhere because
    /// it broke.
    pub fn carried_up(&self) -> u64 {
        self.line.lock_state().carried_up
    }

    /// The cuts since the start.
    pub fn cuts(&self) -> usize {
        *self.line.cuts.borrow()
    }

    pub async fn stop(self) {
        self.tasks.shutdown(Duration::from_secs(1)).await;
    }
}

impl Line {
    fn new(clock: Clock, quality: LineQuality, seed: u64) -> Self {
        let state = LineState {
            is_slow: false,
            now_us: 0,
            draws: Draws::of(seed),
            up: DirectionState::default(),
            down: DirectionState::default(),
            under_way: BTreeMap::new(),
            segments_scheduled: 0,
            cut_at: VecDeque::new(),
            carried_up: 0,
        };
        Self {
            clock,
            quality,
            state: Mutex::new(state),
            segment_notifier: Notify::new(),
            step_lock: Arc::default(),
            cuts: watch::Sender::new(0),
        }
    }

    async fn connect(self: Arc<Self>, caller: TcpStream, target: SocketAddr) {
        let mut cuts = self.cuts.subscribe();
        let Ok(called) = TcpStream::connect(target).await else {
            return;
        };
        // Without it, small frames would wait in this machine, not on the line.
        if caller.set_nodelay(true).is_err() || called.set_nodelay(true).is_err() {
            return;
        }
        let (from_caller, to_caller) = caller.into_split();
        let (from_called, to_called) = called.into_split();
        let both = async {
            tokio::join!(
                self.carry(Direction::Up, from_caller, to_called),
                self.carry(Direction::Down, from_called, to_caller),
            )
        };
        tokio::select! {
            _ = both => {}
            _ = cuts.changed() => {}
        }
    }

    async fn carry(&self, direction: Direction, from: OwnedReadHalf, to: OwnedWriteHalf) {
        let (arrive, arrived) = mpsc::unbounded_channel();
        tokio::join!(
            self.schedule_stream(direction, from, arrive),
            write_all(arrived, to)
        );
    }

    async fn schedule_stream(
        &self,
        direction: Direction,
        mut from: OwnedReadHalf,
        to: mpsc::UnboundedSender<Vec<u8>>,
    ) {
        let mut piece = vec![0; 16 * 1024];
        loop {
            let length = from.read(&mut piece).await.unwrap_or_default();
            self.schedule_piece(direction, &piece[..length], &to);
            if length == 0 {
                return;
            }
        }
    }

    fn schedule_piece(
        &self,
        direction: Direction,
        piece: &[u8],
        to: &mpsc::UnboundedSender<Vec<u8>>,
    ) {
        let mut state = self.lock_state();
        let is_end = piece.is_empty();
        let end = is_end.then_some(piece);
        for bytes in piece.chunks(SEGMENT_BYTES).chain(end) {
            state.schedule_segment(self.quality, direction, bytes, to.clone());
        }
        drop(state);
        self.segment_notifier.notify_one();
    }

    async fn move_segments(self: Arc<Self>) {
        loop {
            let Some(wait) = self.find_next_wait() else {
                if timeout(IDLE_FOR, self.segment_notifier.notified())
                    .await
                    .is_err()
                {
                    let _step = self.step_lock.lock().await;
                    let mut state = self.lock_state();
                    let at_us = state.now_us + to_us(IDLE_STEP);
                    self.advance_to(&mut state, at_us);
                }
                continue;
            };
            if !wait.is_zero() {
                sleep(wait / SPEED).await;
            }
            let _step = self.step_lock.lock().await;
            self.deliver_next();
        }
    }

    /// `None` on an idle line.
    fn find_next_wait(&self) -> Option<Duration> {
        let state = self.lock_state();
        let ((at_us, _), _) = state.under_way.first_key_value()?;
        Some(Duration::from_micros(at_us.saturating_sub(state.now_us)))
    }

    fn deliver_next(&self) {
        let mut state = self.lock_state();
        let Some(((at_us, _), segment)) = state.under_way.pop_first() else {
            return;
        };
        self.advance_to(&mut state, at_us);
        let Segment {
            direction,
            mut bytes,
            to,
            ..
        } = segment;
        if direction == Direction::Up {
            state.carried_up += bytes.len() as u64;
        }
        let is_cut = state
            .cut_at
            .front()
            .is_some_and(|at| *at <= state.carried_up);
        if is_cut {
            let beyond = state.carried_up - state.cut_at[0];
            let beyond = usize::try_from(beyond).unwrap_or(usize::MAX);
            bytes.truncate(bytes.len().saturating_sub(beyond));
            state.cut();
        }
        // The connection may have ended.
        let _ = to.send(bytes);
        drop(state);
        if is_cut {
            self.cuts.send_modify(|cuts| *cuts += 1);
        }
    }

    fn advance_to(&self, state: &mut LineState, at_us: u64) {
        let passed_ms = (at_us / 1_000).saturating_sub(state.now_us / 1_000);
        state.now_us = state.now_us.max(at_us);
        self.clock
            .advance(i64::try_from(passed_ms).unwrap_or(i64::MAX));
    }

    fn lock_state(&self) -> MutexGuard<'_, LineState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LineState {
    fn schedule_segment(
        &mut self,
        quality: LineQuality,
        direction: Direction,
        bytes: &[u8],
        to: mpsc::UnboundedSender<Vec<u8>>,
    ) {
        let direction_state = match direction {
            Direction::Up => &mut self.up,
            Direction::Down => &mut self.down,
        };
        let starts_us = direction_state.free_at_us.max(self.now_us);
        let mut arrives_us = self.now_us;
        if self.is_slow {
            let bits = (bytes.len() as u64 + HEADER_BYTES) * 8;
            let takes_us = bits * 1_000_000 / quality.bits_per_second;
            direction_state.free_at_us = starts_us + takes_us;
            arrives_us = direction_state.free_at_us + to_us(quality.one_way);
            let mut losses = 0;
            while losses < LOSSES_MAX && self.draws.number_below(100) < quality.loss_percent {
                losses += 1;
                direction_state.free_at_us += takes_us;
                arrives_us += to_us(quality.one_way) * 2 + takes_us;
            }
        }
        arrives_us = arrives_us.max(direction_state.last_arrival_us);
        direction_state.last_arrival_us = arrives_us;
        self.segments_scheduled += 1;
        let segment = Segment {
            direction,
            starts_us,
            bytes: bytes.to_vec(),
            to,
        };
        self.under_way
            .insert((arrives_us, self.segments_scheduled), segment);
    }

    /// Nothing under way arrives. What had left has been carried for nothing.
    fn cut(&mut self) {
        let now_us = self.now_us;
        let under_way = std::mem::take(&mut self.under_way);
        let left = under_way
            .values()
            .filter(|segment| segment.starts_us < now_us);
        let left_up = left.filter(|segment| segment.direction == Direction::Up);
        self.carried_up += left_up
            .map(|segment| segment.bytes.len() as u64)
            .sum::<u64>();
        let idle = DirectionState {
            free_at_us: now_us,
            last_arrival_us: now_us,
        };
        self.up = idle;
        self.down = idle;
        self.cut_at.pop_front();
    }
}

async fn write_all(mut arrived: mpsc::UnboundedReceiver<Vec<u8>>, mut to: OwnedWriteHalf) {
    while let Some(bytes) = arrived.recv().await {
        if bytes.is_empty() || to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

fn to_us(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
