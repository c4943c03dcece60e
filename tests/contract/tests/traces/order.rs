//! Replays one run's transactions on a real order_db: each is decided again at its model's time,
//! and all answers and rows must be the same.

use std::collections::BTreeMap;

use contract::OrderDb;
use order::store::{AcceptanceRules, AssignmentRequest, Store};
use platform::{row, sql::Sql, vals};
use process::clock::Clock;
use rules::{Attempt, NewCase, Origin, StoredAnswer, Submission, Writes};
use sim::{
    Counts,
    recording::{AssignmentChange, OrderRecording, OrderStep, OutboxWord, Transaction},
};
use uuid::Uuid;
use wire::{
    AssignmentEvent, EventType, LeaseRenewalRequest, OpDecision, OrderId, Region, TimelineEntry,
    UnixMillis, UserId,
};

/// A run of the order store, and its database.
struct Replay<'a> {
    name: &'a str,
    store: Store,
    sql: Sql,
    clock: Clock,
    met: Counts,
}

/// Counts the answers of the real store.
pub(super) async fn replay(name: &str, recording: &OrderRecording, db: OrderDb) -> Counts {
    let clock = Clock::fixed_at(UnixMillis(0));
    let store = Store::new(db.sql.clone(), clock.clone(), AcceptanceRules::OFF);
    let mut replay = Replay {
        name,
        store,
        sql: db.sql.clone(),
        clock,
        met: Counts::default(),
    };
    replay.begins_with(recording).await;
    for (n, step) in recording.steps.iter().enumerate() {
        replay.step(n, step).await;
    }
    replay.stands_as(recording).await;
    replay.has_told(&recording.told).await;
    replay.has_noted(recording).await;
    db.close().await;
    replay.met
}

impl Replay<'_> {
    /// Creates the rows that exist before the first transaction.
    async fn begins_with(&self, recording: &OrderRecording) {
        const NOW: &str = "UPDATE region_assignment SET rules = ? WHERE region = ?";
        const FIRST: &str = "UPDATE region_rules SET rules = ? WHERE region = ?";
        for (region, rules) in &recording.first_rules {
            let text = serde_json::to_string(rules).unwrap();
            for statement in [NOW, FIRST] {
                self.sql
                    .exec(statement, vals![text.as_str(), *region])
                    .await
                    .unwrap();
            }
        }
    }

    async fn step(&mut self, n: usize, step: &OrderStep) {
        self.clock.advance(step.at.0 - self.clock.now().0);
        match &step.what {
            Transaction::Decided {
                submissions: requests,
                locks,
                writes,
            } => {
                let answers = self.decide(requests, *locks).await;
                assert_eq!(
                    answers, writes.answers,
                    "{} step {n}: {requests:#?}",
                    self.name
                );
                self.counts(requests, &answers);
            }
            Transaction::Assigned { region, asked, now } => {
                self.assign(*region, asked).await;
                let record = self.store.region_record(*region).await.unwrap();
                assert_eq!(
                    record.now.assignment, **now,
                    "{} step {n}: {asked:?}",
                    self.name
                );
            }
        }
    }

    async fn decide(&self, submissions: &[Submission], locks: bool) -> Vec<OpDecision> {
        match submissions {
            [Submission::Command(attempt)] if !locks => {
                vec![
                    self.store
                        .decide_one(Attempt::clone(attempt))
                        .await
                        .unwrap(),
                ]
            }
            requests => self.store.decide_all(requests).await.unwrap(),
        }
    }

    async fn assign(&self, region: Region, asked: &AssignmentChange) {
        let nobody = AssignmentRequest {
            by: UserId(Uuid::nil()),
            trace: Uuid::nil().simple().to_string(),
            take_back: None,
            right: None,
            rules: None,
        };
        let asked = match asked.clone() {
            AssignmentChange::Wished(wish) => {
                let by = wish.right.as_ref().map_or(nobody.by, |wanted| wanted.by);
                let right = wish.right.map(|wanted| (wanted.policy, wanted.holder));
                AssignmentRequest {
                    by,
                    right,
                    rules: wish.rules,
                    ..nobody
                }
            }
            AssignmentChange::TakenBack(end) => AssignmentRequest {
                by: end.by.unwrap(),
                take_back: end.why,
                ..nobody
            },
            AssignmentChange::Renewed {
                holder: seat,
                fence,
                ..
            } => {
                let edge = seat.edge;
                let epoch = seat.epoch;
                let asked = LeaseRenewalRequest {
                    region,
                    edge,
                    epoch,
                    fence,
                };
                return self.store.renew_fence(&asked).await.unwrap();
            }
        };
        self.store.change_assignment(region, &asked).await.unwrap();
    }

    fn counts(&mut self, submissions: &[Submission], answers: &[OpDecision]) {
        for (request, answer) in submissions.iter().zip(answers) {
            let Submission::Command(attempt) = request else {
                continue;
            };
            match (answer, &attempt.origin) {
                (OpDecision::Held(_), _) => self.met.held += 1,
                (OpDecision::Decided(outcome), Origin::Edge(_)) => self.met.outcome(outcome),
                (OpDecision::Decided(outcome), Origin::Portal | Origin::Waited { .. }) => {
                    self.met.at_desk(outcome);
                }
            }
        }
    }

    /// Compares orders, stored answers and the regions' assignment rules.
    async fn stands_as(&self, recording: &OrderRecording) {
        const ORDERS: &str =
            "SELECT id, accepted_at, accepted_source, accepted_rule FROM orders ORDER BY id";
        type Row = (Uuid, Option<i64>, Option<String>, Option<String>);
        let accepted: Vec<Row> = self.sql.fetch_all(ORDERS, Vec::new()).await.unwrap();
        let model = recording.orders.values().map(|standing| {
            let acceptance = standing.acceptance.as_ref();
            let at = acceptance.map(|acceptance| acceptance.decided_at.0);
            let source = acceptance.map(|acceptance| acceptance.source.to_string());
            let rule = acceptance
                .and_then(|acceptance| acceptance.rule)
                .map(|rule| rule.to_string());
            (standing.order.id.0, at, source, rule)
        });
        assert_eq!(
            accepted,
            model.collect::<Vec<_>>(),
            "{}: acceptances",
            self.name
        );
        for (id, standing) in &recording.orders {
            let order = self.store.find_order(*id).await.unwrap();
            assert_eq!(order.as_ref(), Some(&standing.order), "{}", self.name);
        }
        let mut model: Vec<Answer> = recording.answers.iter().map(Answer::of).collect();
        model.sort();
        let mut answers: Vec<Answer> = self.sql.fetch_all(Answer::ALL, Vec::new()).await.unwrap();
        answers.sort();
        assert_eq!(answers, model, "{}: stored answers", self.name);
        for AssignmentEvent { region, assignment } in self.store.list_assignments().await.unwrap() {
            assert_eq!(
                Some(&assignment),
                recording.regions.get(&region),
                "{}",
                self.name
            );
        }
    }

    /// Every change sent its event, in order.
    async fn has_told(&self, told: &[OutboxWord]) {
        let events = testing::events(&self.sql).await;
        assert_eq!(events.len(), told.len(), "{}: events", self.name);
        for (event, told) in events.into_iter().zip(told) {
            let (kind, body) = match told {
                OutboxWord::Order(emitted) => (emitted.kind, serde_json::to_value(&emitted.body)),
                OutboxWord::Assigned(region, assignment) => {
                    let assignment = wire::RegionAssignment::clone(assignment);
                    let body = AssignmentEvent {
                        region: *region,
                        assignment,
                    };
                    (EventType::RegionAssigned, serde_json::to_value(body))
                }
            };
            assert_eq!(
                (event.kind, event.body),
                (kind, body.unwrap()),
                "{}",
                self.name
            );
        }
    }

    /// Compares the orders' history, and the cases for a person.
    async fn has_noted(&self, recording: &OrderRecording) {
        let written = recording.steps.iter().filter_map(|step| match &step.what {
            Transaction::Decided { writes, .. } => Some(&**writes),
            Transaction::Assigned { .. } => None,
        });
        let written: Vec<&Writes> = written.collect();
        let mut lines: BTreeMap<OrderId, Vec<TimelineEntry>> = BTreeMap::new();
        for writes in &written {
            for line in &writes.timeline {
                lines
                    .entry(line.order_id)
                    .or_default()
                    .push(line.entry.clone());
            }
            for late in &writes.promises {
                let known = lines.entry(late.order_id).or_default().iter_mut();
                let own = |line: &&mut TimelineEntry| {
                    (line.command_id, line.actor.user_id) == (late.command_id, late.user_id)
                };
                known
                    .filter(own)
                    .for_each(|line| line.promise = Some(late.promise.clone()));
            }
        }
        for (id, lines) in lines {
            assert_eq!(
                self.store.read_timeline(id).await.unwrap(),
                lines,
                "{}",
                self.name
            );
        }
        let mut cases = self.store.list_cases(None, None, usize::MAX).await.unwrap();
        cases.reverse();
        let cases = cases.into_iter().map(|case| {
            (
                case.order_id,
                case.user_id,
                case.kind,
                case.command_id,
                case.code,
            )
        });
        let model = written
            .iter()
            .flat_map(|writes| &writes.cases)
            .map(|item: &NewCase| {
                let kind = item.kind.as_str().to_owned();
                (
                    item.order_id,
                    item.user_id,
                    kind,
                    item.command_id,
                    item.code,
                )
            });
        assert_eq!(
            cases.collect::<Vec<_>>(),
            model.collect::<Vec<_>>(),
            "{}: cases",
            self.name
        );
    }
}

row! {
    /// A stored answer as its row.
    #[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
    struct Answer {
        command_id: Uuid,
        user_id: Uuid,
        hash: Vec<u8>,
        applied: i64,
        code: Option<String>,
        order_id: Uuid,
        order_version: Option<i64>,
        edge: Option<String>,
        epoch: Option<i64>,
        seq: Option<i64>,
        op_hash: Option<Vec<u8>>,
        decided_at: i64,
    }
}

impl Answer {
    const ALL: &str = "SELECT command_id, user_id, hash, applied, code, order_id, order_version, \
        edge, epoch, seq, op_hash, decided_at FROM commands";

    fn of(answer: &StoredAnswer) -> Self {
        let int = |number: u64| i64::try_from(number).unwrap();
        let op = answer.op.as_ref();
        Self {
            command_id: answer.command_id.0,
            user_id: answer.user_id.map_or(Uuid::nil(), |user| user.0),
            hash: answer.hash.0.to_vec(),
            applied: answer.applied.into(),
            code: answer.code.map(|code| code.as_str().to_owned()),
            order_id: answer.order_id.0,
            order_version: answer.order_version.map(int),
            edge: op.map(|op| op.edge.as_str().to_owned()),
            epoch: op.map(|op| int(op.epoch)),
            seq: op.map(|op| int(op.seq)),
            op_hash: op.map(|op| op.hash.0.to_vec()),
            decided_at: answer.decided_at.0,
        }
    }
}
