//! Replays one edge's writes on a real file, in order and with the process's restarts: each must
//! get the same answer and be stored alike. The log is the same byte for byte, since its head is a
//! hash over all of it.

use std::{collections::BTreeMap, path::PathBuf};

use engine::{
    edge::{EdgeFilePosition, EdgeWrite as FromLink},
    verdict::{EdgeState, EnteredStartCode, VerdictRequest, judge_command},
};
use holdfast_edge::store::{
    AdmittedSession, Alarm, CheckedCommand, CommandLogResult, EdgeIdentity, Store, StoredCommand,
};
use sim::{
    Counts,
    recording::{self, EdgeRecording, EdgeStep},
};
use tempfile::TempDir;
use uuid::Uuid;
use wire::{
    BootNonce, ChainHead, Command, CommandId, Order, SessionId, ShareLimits, UnixMillis, UserId,
};

struct Replay {
    name: String,
    identity: EdgeIdentity,
    data: TempDir,
    /// `None` until the first boot.
    store: Option<Store>,
    /// The high-water file at each head, for a process that died before it wrote the next.
    marks: BTreeMap<u64, Vec<u8>>,
    /// Every stored command, in its original form.
    taken: BTreeMap<(CommandId, UserId), recording::CommandEntry>,
    met: Counts,
}

/// Counts the answers of the real file.
pub(super) async fn replay(name: &str, recording: &EdgeRecording) -> Counts {
    let EdgeRecording {
        edge,
        region,
        steps,
        last,
    } = recording;
    let name = format!("{name}, {edge}");
    let identity = EdgeIdentity {
        edge_id: edge.clone(),
        region: *region,
    };
    let mut replay = Replay {
        name,
        identity,
        data: tempfile::tempdir().unwrap(),
        store: None,
        marks: BTreeMap::new(),
        taken: BTreeMap::new(),
        met: Counts::default(),
    };
    for (n, step) in steps.iter().enumerate() {
        replay.step(n, step).await;
    }
    for (stored, order) in last {
        replay.still_has(stored, order.as_ref()).await;
    }
    replay.close().await;
    replay.met
}

impl Replay {
    async fn step(&mut self, n: usize, step: &EdgeStep) {
        match step {
            EdgeStep::Booted { nonce, at, mark } => self.boots(*nonce, *at, *mark).await,
            EdgeStep::Entered { entry, said } => self.enters(n, entry, said).await,
            EdgeStep::Linked { what, at, settled } => {
                let done = self.hears(what.clone(), *at).await;
                assert_eq!(&done, settled, "{} step {n}", self.name);
            }
            EdgeStep::Asked { ask, at } => {
                let entry = recording::CommandEntry {
                    command: ask.command.clone(),
                    actor: ask.actor,
                    token: ask.token.clone(),
                    received_at: ask.taken_at,
                    repeat: true,
                    let_in: true,
                    refusal: None,
                    seen: None,
                    receipt: None,
                    was_taken: false,
                    cut_off: None,
                };
                self.taken
                    .entry((ask.command.id, ask.actor.user_id))
                    .or_insert(entry);
                self.store()
                    .log_forwarded_accept(wire::ForwardedAcceptFrame::clone(ask), *at)
                    .await
                    .unwrap();
            }
            EdgeStep::Suspected { at } => {
                self.store().raise_alarm(Alarm::Chain, *at).await.unwrap()
            }
            EdgeStep::Committed(model) => self.stands_as(n, model).await,
        }
    }

    async fn boots(&mut self, nonce: BootNonce, at: UnixMillis, mark: Option<ChainHead>) {
        self.close().await;
        // A process that died between its commit and the mark has left an older one.
        if let Some(bytes) = mark.and_then(|mark| self.marks.get(&mark.seq)) {
            std::fs::write(self.high_water(), bytes).unwrap();
        }
        let opened = Store::open(self.data.path(), self.identity.clone(), nonce, at).await;
        self.store = Some(opened.unwrap().0);
    }

    async fn enters(
        &mut self,
        n: usize,
        entry: &recording::CommandEntry,
        said: &recording::EntryResult,
    ) {
        match (self.enter(entry).await, said) {
            (
                CommandLogResult::NotTaken(code),
                recording::EntryResult::NotTaken { code: model, .. },
            ) => {
                assert_eq!(code, *model, "{} step {n}: {entry:?}", self.name);
                self.met.not_taken(code);
            }
            (
                CommandLogResult::Stored {
                    stored,
                    view: sight,
                    new,
                },
                recording::EntryResult::Stored {
                    stored: model,
                    order,
                    new: model_new,
                },
            ) => {
                assert_eq!(new, *model_new, "{} step {n}: {entry:?}", self.name);
                self.alike(&stored, model);
                assert_eq!(
                    sight.order.as_ref(),
                    order.as_deref(),
                    "{} step {n}",
                    self.name
                );
                self.met.taken(model, new);
                if new {
                    let key = (entry.command.id, entry.actor.user_id);
                    self.taken.insert(key, entry.clone());
                }
            }
            (CommandLogResult::OverLimit(reached), model) => {
                panic!(
                    "{} step {n}: {entry:?} is over {reached:?}, not {model:?}",
                    self.name
                )
            }
            (CommandLogResult::NotTaken(code), model) => {
                panic!(
                    "{} step {n}: {entry:?} is not taken ({code}), not {model:?}",
                    self.name
                )
            }
            (CommandLogResult::Stored { stored, .. }, model) => {
                panic!(
                    "{} step {n}: {entry:?} is {stored:?}, not {model:?}",
                    self.name
                )
            }
        }
    }

    async fn enter(&self, entry: &recording::CommandEntry) -> CommandLogResult {
        let actor = entry.actor;
        let body = entry.command.body.clone();
        let repeat = entry.repeat;
        let receipted = entry.was_taken;
        let judging = move |sight: &_, edge_state: &EdgeState| {
            let request = VerdictRequest {
                actor,
                body: &body,
                repeat,
                receipted,
                start_code: EnteredStartCode::None,
            };
            judge_command(&request, sight, edge_state)
        };
        let session = SessionId(Uuid::nil());
        let admission = AdmittedSession {
            session,
            issued_at: entry.received_at,
            verification: None,
        };
        let entry = CheckedCommand {
            limits: ShareLimits::OFF,
            command: Command::clone(&entry.command),
            actor: entry.actor,
            token: entry.token.clone(),
            // The model logs a token once; runs are shorter than this.
            token_expires_at: entry.received_at.plus_ms(365 * 24 * 60 * 60 * 1_000),
            received_at: entry.received_at,
            refusal: entry.refusal,
            admission: entry.let_in.then_some(admission),
            seen: entry.seen.clone(),
            receipt: entry.receipt.clone(),
            was_taken: entry.was_taken,
            cut_off: entry.cut_off,
        };
        self.store()
            .judge_and_log_command(entry, judging)
            .await
            .unwrap()
    }

    async fn hears(&self, what: FromLink, at: UnixMillis) -> Vec<CommandId> {
        let store = self.store();
        match what {
            FromLink::Outcomes { to, outcomes } => {
                let settled = store.store_outcomes(to, outcomes, at).await.unwrap();
                return settled
                    .into_iter()
                    .map(|settled| settled.stored.command_id)
                    .collect();
            }
            FromLink::Changes { to, changes } => {
                store.apply_changes(to, changes, at).await.unwrap();
            }
            FromLink::Snapshot(run) => drop(store.stage_snapshot_chunk(run, at).await.unwrap()),
            FromLink::Generation(generation) => store.adopt_generation(generation).await.unwrap(),
            FromLink::Tail(run) => store.stage_tail(run).await.unwrap(),
            FromLink::Quarantine(new) => drop(store.begin_epoch(new, at).await.unwrap()),
            FromLink::Twin => store.raise_alarm(Alarm::Twin, at).await.unwrap(),
        }
        Vec::new()
    }

    /// Head of the log, cursors, tally of the confirmed orders, and pending ops.
    async fn stands_as(&mut self, n: usize, model: &EdgeFilePosition) {
        let here = self.store().load_position().await.unwrap();
        let here = EdgeFilePosition {
            settled: model.settled,
            ..here
        };
        assert_eq!(here, *model, "{} step {n}", self.name);
        self.marks
            .insert(here.head.seq, std::fs::read(self.high_water()).unwrap());
    }

    /// A command repeated at the end gets the answer that its model stored.
    async fn still_has(&self, model: &recording::LoggedCommand, order: Option<&Order>) {
        let entry = &self.taken[&(model.command_id, model.user_id)];
        match self.enter(entry).await {
            CommandLogResult::Stored {
                stored,
                view: sight,
                new: false,
            } => {
                self.alike(&stored, model);
                assert_eq!(sight.order.as_ref(), order, "{} in the end", self.name);
            }
            CommandLogResult::Stored { .. } => panic!("{}: {:?} is new again", self.name, model),
            CommandLogResult::NotTaken(code) => {
                panic!("{}: {model:?} is not taken: {code}", self.name)
            }
            CommandLogResult::OverLimit(reached) => panic!("{}: {model:?}: {reached:?}", self.name),
        }
    }

    fn alike(&self, stored: &StoredCommand, model: &recording::LoggedCommand) {
        let here = (
            stored.command_id,
            stored.user_id,
            stored.order_id,
            &stored.device,
            stored.head,
        );
        let there = (
            model.command_id,
            model.user_id,
            model.order_id,
            &model.device,
            model.head,
        );
        assert_eq!(here, there, "{}", self.name);
        let here = (stored.verdict, stored.doubt, stored.fence, &stored.outcome);
        let there = (model.verdict, model.doubt, model.fence, &model.outcome);
        assert_eq!(here, there, "{}: {}", self.name, stored.command_id);
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    fn high_water(&self) -> PathBuf {
        self.data.path().join("high-water")
    }

    async fn close(&mut self) {
        if let Some(store) = self.store.take() {
            tokio::task::spawn_blocking(move || store.close())
                .await
                .unwrap();
        }
    }
}
