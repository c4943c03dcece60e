//! A separate order_db on either engine, people, and their commands.

use order::{
    Config,
    store::{AcceptanceRules, AssignmentRequest, Publication, Store},
};
use platform::sql::{Row, Sql};
use process::clock::Clock;
use rules::{Attempt, HolderEpoch, Origin};
use support::samples;
use tempfile::TempDir;
use wire::{
    Actor, AssignmentEvent, BatchBody, BatchOp, Command, CommandBody, CommandEvidence, CommandId,
    Draft, EdgeId, Event, EventType, FirstAnswer, Hash, HeldReason, OpDecision, OpsBatch, OrderId,
    Outcome, Policy, Region, RegionAssignment, Role, ShareLimits, UnixMillis, Verdict,
};

pub(crate) const NOW: UnixMillis = UnixMillis(1_764_000_000_000);

pub(crate) use support::Engine;

pub(crate) struct Stage {
    pub store: Store,
    pub sql: Sql,
    pub clock: Clock,
    pub config: Config,
    pub folder: TempDir,
}

impl Stage {
    pub(crate) async fn new(engine: Engine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = engine.address(folder.path(), "order");
        // A test provider does the work of many.
        let files = format!("file:{}", folder.path().join("files").display());
        let config = |url: &str| Config {
            sql_url: url.into(),
            files_url: files.as_str().into(),
            open_jobs_max: 0,
            acceptances_a_day_max: 0,
            withdrawals_a_day_max: 0,
            open_orders_max: 0,
            verified_providers_only: false,
            ..Config::default()
        };
        let migrate = async |url: &str| order::migrate(&config(url)).await.unwrap();
        let sql = testing::database("order", &url, migrate).await;
        let config = config(&url);
        let clock = Clock::fixed_at(NOW);
        let store = Store::new(sql.clone(), clock.clone(), config.acceptance_rules());
        Self {
            store,
            sql,
            clock,
            config,
            folder,
        }
    }

    pub(crate) async fn limited(engine: Engine, limits: ShareLimits) -> Self {
        Self::under(
            engine,
            AcceptanceRules {
                limits,
                ..AcceptanceRules::OFF
            },
        )
        .await
    }

    pub(crate) async fn under(engine: Engine, rules: AcceptanceRules) -> Self {
        let stage = Self::new(engine).await;
        let store = Store::new(stage.sql.clone(), stage.clock.clone(), rules);
        Self { store, ..stage }
    }

    pub(crate) async fn decide(&self, actor: Actor, body: CommandBody) -> Outcome {
        self.decide_as(self.command_id(), actor, body).await
    }

    pub(crate) async fn decide_as(
        &self,
        id: CommandId,
        actor: Actor,
        body: CommandBody,
    ) -> Outcome {
        let attempt = Attempt {
            command: command(id, body),
            actor: Some(actor),
            verification: None,
            origin: Origin::Portal,
        };
        decided(self.store.decide_one(attempt).await.unwrap())
    }

    pub(crate) async fn publish(
        &self,
        command_id: CommandId,
        actor: Actor,
        draft: Draft,
    ) -> Outcome {
        let publication = Publication {
            command_id,
            actor,
            draft,
            wants_start_code: false,
            trace: None,
        };
        decided(self.store.publish_order(publication).await.unwrap())
    }

    pub(crate) async fn pending(&self) -> OrderId {
        self.approved(draft()).await
    }

    /// An open order for an hour that begins at once, so that a cancel has its fee.
    pub(crate) async fn pending_at_an_hour(&self) -> OrderId {
        let draft = Draft {
            service_end_time: None,
            ..draft()
        };
        self.approved(draft).await
    }

    pub(crate) async fn approved(&self, draft: Draft) -> OrderId {
        let published = self.publish(self.command_id(), customer(1), draft).await;
        let order_id = published.order.unwrap().id;
        self.decide(admin(), CommandBody::ApproveOrder { order_id })
            .await;
        order_id
    }

    pub(crate) async fn batch(&self, batch: OpsBatch) -> Vec<Outcome> {
        self.answers(batch).await.into_iter().map(decided).collect()
    }

    pub(crate) async fn answers(&self, batch: OpsBatch) -> Vec<OpDecision> {
        self.store
            .decide_all(&rules::submissions_from_batch(batch))
            .await
            .unwrap()
    }

    /// True if the command waits for the region's holder.
    pub(crate) async fn waits(&self, actor: Actor, body: CommandBody) -> bool {
        let command = command(self.command_id(), body);
        let attempt = Attempt {
            command,
            actor: Some(actor),
            verification: None,
            origin: Origin::Portal,
        };
        let decision = self.store.decide_one(attempt).await.unwrap();
        decision == OpDecision::Held(HeldReason::Region)
    }

    /// Grants NORTH to the first epoch of this edge. Returns the assignment.
    pub(crate) async fn grant(&self, edge: &str) -> RegionAssignment {
        let seat = HolderEpoch {
            edge: EdgeId::new(edge).unwrap(),
            epoch: 1,
        };
        self.assign(Some((Policy::Exclusive, Some(seat))), None)
            .await
    }

    pub(crate) async fn take_back(&self) -> RegionAssignment {
        self.assign(None, Some("The node is lost.")).await
    }

    pub(crate) async fn assign(
        &self,
        right: Option<(Policy, Option<HolderEpoch>)>,
        take_back: Option<&str>,
    ) -> RegionAssignment {
        let trace = self.command_id().0.simple().to_string();
        let take_back = take_back.map(str::to_owned);
        let asked = AssignmentRequest {
            by: admin().user_id,
            trace,
            take_back,
            right,
            rules: None,
        };
        self.store
            .change_assignment(Region::North, &asked)
            .await
            .unwrap();
        self.store
            .region_record(Region::North)
            .await
            .unwrap()
            .now
            .assignment
    }

    /// The assignments of NORTH in the published events, oldest first.
    pub(crate) async fn told(&self) -> Vec<RegionAssignment> {
        let events = self.events().await;
        let told = events
            .iter()
            .filter(|event| event.kind == EventType::RegionAssigned);
        told.map(|event| {
            let told: AssignmentEvent = serde_json::from_value(event.body.clone()).unwrap();
            assert_eq!(told.region, Region::North);
            told.assignment
        })
        .collect()
    }

    pub(crate) fn command_id(&self) -> CommandId {
        CommandId(self.clock.new_id())
    }

    pub(crate) async fn count(&self, text: &'static str) -> i64 {
        self.rows(text).await[0]
    }

    pub(crate) async fn rows<R: Row>(&self, text: &'static str) -> Vec<R> {
        self.sql.fetch_all(text, Vec::new()).await.unwrap()
    }

    pub(crate) async fn events(&self) -> Vec<Event> {
        testing::events(&self.sql).await
    }
}

pub(crate) fn decided(decision: OpDecision) -> Outcome {
    match decision {
        OpDecision::Decided(outcome) => outcome,
        OpDecision::Held(reason) => panic!("held: {reason:?}"),
    }
}

pub(crate) fn customer(n: u128) -> Actor {
    samples::person(0xC000 + n, Role::Customer)
}

pub(crate) fn provider(n: u128) -> Actor {
    samples::person(0xD000 + n, Role::Provider)
}

pub(crate) fn admin() -> Actor {
    samples::person(0xA000, Role::Admin)
}

/// A job for any time of a day, so that it takes no hours of its provider.
pub(crate) fn draft() -> Draft {
    Draft {
        title: "修理水龙头 🔧".into(),
        description: "It drips.".into(),
        service_start_time: Some(UnixMillis(NOW.0 + 1)),
        service_end_time: Some(UnixMillis(NOW.0 + 86_400_001)),
        ..samples::draft()
    }
}

pub(crate) fn accept(order_id: OrderId) -> CommandBody {
    CommandBody::AcceptOrder { order_id }
}

pub(crate) fn command(id: CommandId, body: CommandBody) -> Command {
    Command {
        id,
        body,
        device: None,
        device_seq: None,
        tapped_at: None,
        trace: None,
    }
}

/// An edge's log batch in NORTH, from seq 1 on.
pub(crate) struct Log {
    edge: EdgeId,
    ops: Vec<BatchOp>,
}

impl Log {
    pub(crate) fn of(edge: &str) -> Self {
        Self {
            edge: EdgeId::new(edge).unwrap(),
            ops: Vec::new(),
        }
    }

    /// Adds an op that the edge answered firm under this fence.
    pub(crate) fn firm(self, fence: u64, id: CommandId, actor: Actor, body: CommandBody) -> Self {
        self.then(id, Some(actor), body).with_evidence(|evidence| {
            (evidence.verdict, evidence.fence) = (Verdict::Firm, Some(fence));
        })
    }

    pub(crate) fn knowing_rules(self, version: u64) -> Self {
        self.with_evidence(|evidence| evidence.rules_version = Some(version))
    }

    pub(crate) fn cut_off(self, cut_off: bool) -> Self {
        self.with_evidence(|evidence| evidence.cut_off = Some(cut_off))
    }

    /// The author of the last op had been revoked, and the edge had not seen it yet.
    pub(crate) fn by_revoked(self) -> Self {
        self.with_evidence(|evidence| {
            (evidence.revocations_version, evidence.revoked_version) = (Some(6), Some(7));
        })
    }

    /// The last op relogs a firm answer under this fence from an ended epoch.
    pub(crate) fn relogging(self, epoch: u64, fence: u64) -> Self {
        let edge = self.edge.clone();
        let verdict = Verdict::Firm;
        let fence = Some(fence);
        self.with_evidence(|evidence| {
            evidence.relogged = Some(FirstAnswer {
                edge,
                epoch,
                verdict,
                fence,
                why: None,
            });
        })
    }

    fn with_evidence(mut self, change: impl FnOnce(&mut CommandEvidence)) -> Self {
        if let Some(BatchBody::Command { evidence, .. }) =
            self.ops.last_mut().map(|op| &mut op.body)
        {
            change(evidence);
        }
        self
    }

    pub(crate) fn released(mut self, fence: u64) -> Self {
        let seq = self.ops.len() as u64 + 1;
        let hash = Hash::digest_bytes(format!("{} {seq}", self.edge).as_bytes());
        self.ops.push(BatchOp {
            seq,
            hash,
            body: BatchBody::LeaseReleased { fence },
        });
        self
    }

    pub(crate) fn then(mut self, id: CommandId, actor: Option<Actor>, body: CommandBody) -> Self {
        let seq = self.ops.len() as u64 + 1;
        let hash = Hash::digest_bytes(format!("{} {seq}", self.edge).as_bytes());
        let tapped_at = Some(UnixMillis(NOW.0 - 20_000));
        let body = BatchBody::Command {
            command: Command {
                tapped_at,
                ..command(id, body)
            },
            actor,
            evidence: CommandEvidence {
                verdict: Verdict::Provisional,
                fence: None,
                received_at: UnixMillis(NOW.0 - 10_000),
                policy_version: None,
                rules_version: None,
                revocations_version: None,
                revoked_version: None,
                relogged: None,
                made_at: None,
                distrusted: false,
                mark: None,
                cut_off: None,
            },
        };
        self.ops.push(BatchOp { seq, hash, body });
        self
    }

    pub(crate) fn batch(&self) -> OpsBatch {
        let Self { edge, ops } = self;
        OpsBatch {
            edge: edge.clone(),
            region: Region::North,
            epoch: 1,
            ops: ops.clone(),
        }
    }
}
