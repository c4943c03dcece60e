//! One session: performs the engine's steps in order, one at a time.
//!
//! Invariant: a probe is answered even while the session waits for the file: a stalled disk is not
//! a sign that another run may replace this one [PROBE_OLD_SESSION].

mod certificates;
mod message_photos;
mod messages;
mod photos;

use std::{collections::VecDeque, convert::Infallible, error::Error, pin::Pin, time::Duration};

use engine::edge::{EdgeProtocol, HubCheck, LinkEnd, LinkStep, MachineReport};
use process::{metrics, problem::format_error_chain};
use tokio::time::{MissedTickBehavior, interval};
use wire::{Frame, FrameProof, UnixMillis};

use super::{Link, Socket, SocketError};
use crate::clock_check::HubClockReading;
use message_photos::MessagePhotoReader;
use messages::MessageReader;
use photos::PhotoSender;

pub(super) struct LinkSession<'a> {
    link: &'a Link,
    edge: EdgeProtocol,
    socket: Socket,
    /// Frames that arrived while the session waited for the file.
    early: VecDeque<(Frame, FrameProof)>,
    acked_at: Duration,
    /// When the file last recorded that the feed was read to its end.
    confirmed_at: Option<Duration>,
    certificate_checked_at: Option<Duration>,
    photos: PhotoSender,
    messages: MessageReader,
    message_photos: MessagePhotoReader,
}

/// Why the session ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionEnd {
    #[error(transparent)]
    Socket(#[from] SocketError),
    #[error("{}", describe_end(.0))]
    Engine(LinkEnd),
    #[error("the edge's database failed: {0}")]
    Store(String),
}

/// More than the hub sends unanswered. Further frames, even probes, wait in the socket.
const EARLY_MAX: usize = 64;

const TICK: Duration = Duration::from_secs(1);

/// The hub gets this edge's position at least this often.
const ACK_EVERY: Duration = Duration::from_secs(5);

/// After a restart the stored revocations may look older by this much.
const CONFIRMATION_STORED_EVERY: Duration = Duration::from_secs(60);

impl<'a> LinkSession<'a> {
    pub(super) fn new(link: &'a Link, edge: EdgeProtocol, socket: Socket) -> Self {
        let early = VecDeque::new();
        let acked_at = Duration::ZERO;
        Self {
            link,
            edge,
            socket,
            early,
            acked_at,
            confirmed_at: None,
            certificate_checked_at: None,
            photos: PhotoSender::default(),
            messages: MessageReader::default(),
            message_photos: MessagePhotoReader::default(),
        }
    }

    pub(super) async fn run(mut self, check: HubCheck) -> SessionEnd {
        match self.handle_events(check).await {
            Ok(never) => never,
            Err(ended) => {
                if !self.edge.is_open() {
                    metrics::LINK_SESSIONS.add(["refused"], 1);
                }
                ended
            }
        }
    }

    async fn handle_events(&mut self, check: HubCheck) -> Result<SessionEnd, SessionEnd> {
        let hello = self.edge.start_greeting(check);
        self.socket.send(&hello).await?;
        let moved = self.link.context.store.commit_notifier();
        let photo_completed = self.link.context.photos.completion_notifier();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let todo = tokio::select! {
                frame = next_frame(&mut self.early, &mut self.socket) => {
                    let (frame, proof) = frame?;
                    self.edge.handle_frame(frame, proof)
                }
                () = moved.notified() => self.reload_position().await?,
                // The op that names it may be as new.
                () = photo_completed.notified() => self.reload_position().await?,
                _ = ticks.tick() => {
                    self.handle_tick().await?;
                    Vec::new()
                }
            };
            self.perform_steps(todo).await?;
            self.ask_for_messages_if_due().await?;
            self.ask_for_message_photo_if_due().await?;
            self.send_photo_if_due().await?;
        }
    }

    /// Waits for the file. Frames queue up meanwhile; only a probe is answered at once.
    async fn wait_for_file<T, E: Error>(
        &mut self,
        mut file: Pin<Box<impl Future<Output = Result<T, E>>>>,
    ) -> Result<T, SessionEnd> {
        let mut broken = None;
        loop {
            let reads = broken.is_none() && self.early.len() < EARLY_MAX;
            let frame = tokio::select! {
                biased;
                // Finish a started write even if the socket breaks.
                done = &mut file => return broken.map_or_else(|| done.map_err(to_session_end), Err),
                frame = self.socket.next_frame(), if reads => frame,
            };
            let told = match frame {
                Ok((frame, proof)) => match self.edge.answer_probe(&frame) {
                    Some(alive) if proof != FrameProof::Forged => self.socket.send(&alive).await,
                    _ => {
                        self.early.push_back((frame, proof));
                        Ok(())
                    }
                },
                Err(error) => Err(error),
            };
            broken = told.err().map(SessionEnd::from);
        }
    }

    async fn perform_steps(&mut self, todo: Vec<LinkStep>) -> Result<(), SessionEnd> {
        let link = self.link;
        let mut todo = VecDeque::from(todo);
        while let Some(step) = todo.pop_front() {
            match step {
                LinkStep::Send(frame) => self.socket.send(&frame).await?,
                LinkStep::Read(wanted) => {
                    let run = self
                        .wait_for_file(Box::pin(link.context.store.load_ops(wanted)))
                        .await?;
                    todo.extend(self.edge.send_ops(run));
                }
                LinkStep::Store(what) => {
                    self.notice_orders_in(&what);
                    self.wait_for_file(Box::pin(link.downlink.apply_edge_write(what)))
                        .await?;
                    todo.extend(self.reload_position().await?);
                    self.send_ack().await?;
                }
                LinkStep::FeedCurrent => self.confirm_feed_current().await?,
                LinkStep::Held { seq, reason } => {
                    self.wait_for_file(Box::pin(link.context.store.mark_op_held(seq, reason)))
                        .await?;
                }
                LinkStep::Log(accept) => {
                    self.wait_for_file(Box::pin(link.downlink.log_forwarded_accept(*accept)))
                        .await?;
                    todo.extend(self.reload_position().await?);
                }
                LinkStep::Welcomed(cloud_now) => {
                    self.pin_hub().await?;
                    self.compare_clocks(cloud_now).await?;
                    self.record_welcome(cloud_now);
                    self.send_ack().await?;
                }
                LinkStep::Certificate(answer) => self.store_certificate(*answer).await?,
                LinkStep::PhotoAnswered { answer, .. } => self.handle_photo_answer(answer).await?,
                LinkStep::MessagesAnswered(told) => self.handle_messages_answer(told).await?,
                LinkStep::MessagePhotoAnswered(part) => self.handle_message_photo(part).await?,
                LinkStep::Ignored { kind, why } => {
                    tracing::debug!(kind, ?why, "Ignored a frame");
                    // The ack's cursors show the hub where to resume.
                    self.send_ack().await?;
                }
                LinkStep::End(end) => return Err(SessionEnd::Engine(end)),
            }
        }
        Ok(())
    }

    /// Runs before the session stores anything else.
    async fn pin_hub(&mut self) -> Result<(), SessionEnd> {
        if self.socket.is_plain() {
            tracing::warn!(
                edge = %self.link.identity.edge,
                "The cloud is older than this edge: it does not prove its identity, and people \
                 cannot sign in here. Upgrade the cloud"
            );
        }
        let Some(key) = self.socket.new_key() else {
            return Ok(());
        };
        let link = self.link;
        let fingerprint = key.compute_fingerprint();
        self.wait_for_file(Box::pin(link.context.store.pin_hub(key)))
            .await?;
        tracing::warn!(edge = %link.identity.edge, %fingerprint, "Stored the hub's key");
        Ok(())
    }

    async fn compare_clocks(&mut self, cloud_now: UnixMillis) -> Result<(), SessionEnd> {
        let link = self.link;
        let is_proven = self.socket.is_proven();
        let reading = HubClockReading {
            at: cloud_now,
            is_proven,
            is_refusal: false,
        };
        let compared = async {
            link.context.clock_check.compare_with_hub(reading).await;
            Ok::<(), Infallible>(())
        };
        self.wait_for_file(Box::pin(compared)).await
    }

    async fn confirm_feed_current(&mut self) -> Result<(), SessionEnd> {
        let link = self.link;
        let now = self.link.context.clock.elapsed();
        let due = self
            .confirmed_at
            .is_none_or(|at| now.saturating_sub(at) >= CONFIRMATION_STORED_EVERY);
        if due {
            self.confirmed_at = Some(now);
        }
        self.wait_for_file(Box::pin(link.downlink.confirm_feed_current(due)))
            .await
    }

    async fn reload_position(&mut self) -> Result<Vec<LinkStep>, SessionEnd> {
        let link = self.link;
        let position = self
            .wait_for_file(Box::pin(link.context.store.load_position()))
            .await?;
        Ok(self.edge.update_position(position))
    }

    async fn handle_tick(&mut self) -> Result<(), SessionEnd> {
        self.socket.check_liveness().await?;
        self.forget_unanswered_photo();
        self.forget_unanswered_message_question();
        self.forget_unanswered_message_photo();
        let now = self.link.context.clock.elapsed();
        if self.edge.is_open() && now.saturating_sub(self.acked_at) >= ACK_EVERY {
            let todo = self.reload_position().await?;
            self.perform_steps(todo).await?;
            self.send_ack().await?;
        }
        if self.edge.is_open() {
            self.request_certificate_if_due().await?;
        }
        Ok(())
    }

    async fn send_ack(&mut self) -> Result<(), SessionEnd> {
        self.acked_at = self.link.context.clock.elapsed();
        let context = &self.link.context;
        let report = MachineReport {
            now: context.clock.now(),
            disk_free_bytes: context.disk.free_bytes(),
            clock_error_ms: context.clock_check.error_ms(),
            newcomers_waiting: context.people.waiting_count(),
            disk: context.disk.current_use(),
            photos_waiting: Some(context.photos.compute_room().waiting),
        };
        if let Some(ack) = self.edge.build_ack(&report) {
            self.socket.send(&ack).await?;
        }
        Ok(())
    }

    fn record_welcome(&self, cloud_now: UnixMillis) {
        metrics::LINK_SESSIONS.add(["opened"], 1);
        self.link.publish_status(true);
        let behind_ms = cloud_now.0.saturating_sub(self.link.context.clock.now().0);
        tracing::info!(edge = %self.link.identity.edge, behind_ms, "The link is up");
    }
}

/// Returns frames in order of arrival. Cancel-safe, like `Socket::next_frame`.
async fn next_frame(
    early: &mut VecDeque<(Frame, FrameProof)>,
    socket: &mut Socket,
) -> Result<(Frame, FrameProof), SocketError> {
    match early.pop_front() {
        Some(early) => Ok(early),
        None => socket.next_frame().await,
    }
}

fn to_session_end(error: impl Error) -> SessionEnd {
    SessionEnd::Store(format_error_chain(&error))
}

fn describe_end(end: &LinkEnd) -> String {
    match end {
        LinkEnd::Refused { code, detail } => {
            return format!("the hub refused this edge ({code}): {detail}");
        }
        LinkEnd::Quarantined(new) => {
            return format!(
                "the hub ended this edge's epoch and gave it epoch {}",
                new.epoch
            );
        }
        LinkEnd::ProtocolUnsupported => "the hub and this edge have no protocol version in common",
        LinkEnd::ChainBroken => "the hub and this edge disagree about the contents of the log",
        LinkEnd::Stuck => "the hub keeps requesting the same ops",
        LinkEnd::TailTorn => "part of the ops that the cloud restores is missing",
        LinkEnd::Suspect => "this edge has become suspect",
        LinkEnd::Unproven => {
            "a frame was not signed by the hub that this edge knows: another server may be \
             impersonating the hub; if the hub's key was replaced, set edge.hub_key"
        }
    }
    .to_owned()
}
