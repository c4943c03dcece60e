//! Submits one run of an edge's log for decision: checks the tokens, sends the ops to their owner,
//! and collects the answers. This module stores no results.

use std::collections::{HashMap, HashSet};

use engine::trusted_time::{CommandTime, FirstArrival};
use process::tokens::{Claims, TokenAudience, TokenKeys};
use uuid::Uuid;
use wire::{BatchOp, CommandOp, HeldReason, OpsBatch, OpsDecisions, Region, UnixMillis};

use super::workers::Workers;
use crate::{
    domain::{
        op::{self, ReceivedOp, UndecidedOp},
        run_plan::{
            self, DecidedOp, DecidingService, FAILURES_OF_POISON_OP, PassResults, TokenUser,
            TokenVerdict,
        },
    },
    peers::OwnerAnswer,
    store::{StoreError, feed::reads::Revocations, work_queue::WorkClaim},
};

const PATH: &str = "/internal/ops";
/// Maximum JSON bytes of a batch; the owner accepts several times as much.
const BYTES_MAX: usize = 2 * 1024 * 1024;

pub(super) enum RunEnd {
    /// Every op of the batch has a result. Some may wait for keys.
    Whole(PassResults),
    /// The owner is away, so the handed ops wait.
    Away(PassResults, DecidingService),
    /// A batch of this many ops failed, so a smaller one follows.
    Failed(PassResults, usize),
}

impl Workers {
    pub(super) async fn submit_run(
        &self,
        claim: &WorkClaim,
        run: &[UndecidedOp],
        away: Option<DecidingService>,
    ) -> Result<RunEnd, StoreError> {
        let judge = self.load_token_checker(claim, run).await?;
        if let Some(audience) = judge.newest_audience(run) {
            let sends_cloud_tokens = audience == TokenAudience::Cloud;
            self.store
                .note_cloud_tokens(&claim.edge, sends_cloud_tokens, self.clock.now())
                .await?;
        }
        let now = self.clock.now();
        let mut plan = run_plan::plan_run(run, now, BYTES_MAX, away, |due, op| {
            judge.check_token(due, op)
        });
        let origins = self
            .store
            .find_accept_origins(&op::list_maybe_forwarded(run))
            .await?;
        origins.name(&mut plan.batch_ops, run);
        let progress = PassResults {
            decided: plan.answered,
            parked: plan.parked,
            ..PassResults::default()
        };
        if plan.batch_ops.is_empty() {
            return Ok(RunEnd::Whole(progress));
        }
        Ok(self
            .send_to_owner(claim, run, plan.batch_ops, progress)
            .await)
    }

    async fn send_to_owner(
        &self,
        claim: &WorkClaim,
        run: &[UndecidedOp],
        batch_ops: Vec<BatchOp>,
        mut results: PassResults,
    ) -> RunEnd {
        let edge = &claim.edge;
        // A failure counts against the op only between two successful controls.
        let doubted = count_failures(run, &batch_ops) > 0;
        let owner = batch_ops.first().map_or(DecidingService::Order, |op| {
            DecidingService::from_batch_body(&op.body)
        });
        match self
            .submit_batch(claim, owner, batch_ops.clone(), doubted)
            .await
        {
            OwnerAnswer::Decisions(OpsDecisions { answers }) => {
                let Some(joined) = run_plan::match_answers(&batch_ops, answers) else {
                    tracing::error!(edge.id = %edge,
                        "The answers of the deciding service do not match the ops");
                    return handle_failed_batch(claim, run, &batch_ops, results);
                };
                results.decided.extend(joined.decided);
                DecidedOp::set_users(&mut results.decided, run);
                results.decided.sort_by_key(|decided| decided.seq);
                results.held = joined.held;
                results.for_holder = joined.for_holder;
                RunEnd::Whole(results)
            }
            OwnerAnswer::Away(error) => {
                tracing::warn!(edge.id = %edge, %error,
                    "Ops wait: could not reach the service that decides them");
                results.parked.extend(batch_ops.iter().map(|op| op.seq));
                RunEnd::Away(results, owner)
            }
            OwnerAnswer::Failed(error) => {
                let ops = batch_ops.len();
                tracing::error!(edge.id = %edge, ops, %error, "The owner failed on a batch of `{edge}`");
                handle_failed_batch(claim, run, &batch_ops, results)
            }
        }
    }

    async fn submit_batch(
        &self,
        claim: &WorkClaim,
        owner: DecidingService,
        ops: Vec<BatchOp>,
        doubted: bool,
    ) -> OwnerAnswer<OpsDecisions> {
        let Ok(_turn) = self.batch_permits.0.acquire().await else {
            unreachable!("the semaphore is never closed")
        };
        let [batch, empty] = [ops, Vec::new()].map(|ops| {
            let WorkClaim {
                edge,
                region,
                epoch,
                ..
            } = claim.clone();
            OpsBatch {
                edge,
                region,
                epoch,
                ops,
            }
        });
        let service = match owner {
            DecidingService::Order => &self.order_client,
            DecidingService::Review => &self.review,
        };
        service
            .submit_with_controls(PATH, &batch, &empty, doubted)
            .await
    }

    async fn load_token_checker(
        &self,
        claim: &WorkClaim,
        run: &[UndecidedOp],
    ) -> Result<TokenChecker, StoreError> {
        let mut tokens = HashMap::new();
        let mut elsewhere = HashSet::new();
        for due in run {
            match &due.read {
                ReceivedOp::Token { token } => {
                    tokens.insert(due.seq, token.clone());
                }
                ReceivedOp::Command(op) if !tokens.contains_key(&op.token_seq) => {
                    elsewhere.insert(op.token_seq);
                }
                _ => {}
            }
        }
        let elsewhere: Vec<u64> = elsewhere.into_iter().collect();
        tokens.extend(self.store.read_tokens(claim, &elsewhere).await?);
        let keys = self.keys.keys.clone();
        let revocations = Revocations::default();
        let region = claim.region;
        let accept_cloud_tokens = self.accept_cloud_tokens;
        let mut judge = TokenChecker {
            tokens,
            region,
            accept_cloud_tokens,
            keys,
            keys_are_fresh: false,
            revocations,
            firsts: HashMap::new(),
        };
        if judge.is_missing_keys(run) {
            let result = self.keys.refresh_keys().await;
            if let Err(error) = &result {
                tracing::warn!(%error, "Ops wait for the keys that verify their tokens");
            }
            judge.keys_are_fresh = result.is_ok();
        }
        judge.revocations = self
            .store
            .read_revocations(claim.region, &judge.token_subjects())
            .await?;
        for due in run {
            if let ReceivedOp::Command(op) = &due.read
                && judge.needs_first_arrival(claim, due, op)
                && let Some(first) = self.store.find_first_arrival(claim, op).await?
            {
                judge.firsts.insert(due.seq, first);
            }
        }
        Ok(judge)
    }
}

/// Halves the batch until one op is alone. Its failures are counted, and after several it waits for
/// an operator, so that the rest of the log continues.
fn handle_failed_batch(
    claim: &WorkClaim,
    run: &[UndecidedOp],
    batch_ops: &[BatchOp],
    mut results: PassResults,
) -> RunEnd {
    let [alone] = batch_ops else {
        return RunEnd::Failed(results, batch_ops.len());
    };
    if count_failures(run, batch_ops) + 1 >= FAILURES_OF_POISON_OP {
        let edge = &claim.edge;
        let seq = alone.seq;
        tracing::error!(edge.id = %edge, seq, "Op {seq} of `{edge}` needs an operator");
        results.held.push((seq, HeldReason::NeedsOperator));
    }
    results.failed = Some(alone.seq);
    RunEnd::Failed(results, 1)
}

/// The failure count of an op that is alone in its batch.
fn count_failures(run: &[UndecidedOp], batch_ops: &[BatchOp]) -> u32 {
    let [alone] = batch_ops else { return 0 };
    run.iter()
        .find(|due| due.seq == alone.seq)
        .map_or(0, |due| due.failures)
}

/// The tokens that a run refers to, checked as of the time the edge took each command.
struct TokenChecker {
    tokens: HashMap<u64, String>,
    /// The edge's region.
    region: Region,
    accept_cloud_tokens: bool,
    keys: TokenKeys,
    /// The keys were refreshed after a token failed to match: it may use a new key.
    keys_are_fresh: bool,
    /// The region's revocations of the sessions and users in these tokens.
    revocations: Revocations,
    /// Commands of the run that the hub had received before, from this log or another way.
    firsts: HashMap<u64, FirstArrival>,
}

impl TokenChecker {
    /// The user is `None` for a command without a token, and for a token that was made for another
    /// region's edges or another command, or had expired when the edge took the command, as far as
    /// the hub trusts that time.
    fn check_token(&self, due: &UndecidedOp, op: &CommandOp) -> TokenVerdict {
        let Some(token) = self.tokens.get(&op.token_seq) else {
            return TokenVerdict::Known(None);
        };
        let claims = match self.keys.read(token) {
            Ok(claims) if self.is_for(&claims, op) => claims,
            Err(_) if !self.keys_are_fresh => return TokenVerdict::KeysMissing,
            Ok(_) | Err(_) => return TokenVerdict::Known(None),
        };
        let moment = due
            .arrival
            .trusted_time(op, self.firsts.get(&due.seq), claims.expires_at());
        if !moment.was_token_valid(claims.expires_at()) {
            return TokenVerdict::Known(None);
        }
        let CommandTime {
            taken_at,
            at_latest,
        } = moment;
        TokenVerdict::Known(Some(TokenUser {
            actor: claims.actor(),
            revoked_version: self.revoked_version(&claims, at_latest),
            taken_at,
            verification: claims.provider_mark(),
            distrusted: self
                .firsts
                .get(&due.seq)
                .is_some_and(|first| first.distrusted),
        }))
    }

    /// Checks for an earlier arrival of the command elsewhere, if the edge's own timestamp is not
    /// enough.
    fn needs_first_arrival(&self, claim: &WorkClaim, due: &UndecidedOp, op: &CommandOp) -> bool {
        due.arrival
            .needs_first_arrival(op, claim.cut_off.is_some(), || {
                self.check_token(due, op) == TokenVerdict::Known(None)
            })
    }

    fn is_for(&self, claims: &Claims, op: &CommandOp) -> bool {
        match claims.audience() {
            Some(TokenAudience::Edges(region)) => region == self.region,
            Some(TokenAudience::Command(region, command)) => {
                region == self.region && command == op.command.id
            }
            // From an edge that predates edge tokens.
            Some(TokenAudience::Cloud) => self.accept_cloud_tokens,
            Some(TokenAudience::Refresh) | None => false,
        }
    }

    /// The audience of the newest token in the run that came from a tablet.
    fn newest_audience(&self, run: &[UndecidedOp]) -> Option<TokenAudience> {
        run.iter().rev().find_map(|due| match &due.read {
            ReceivedOp::Token { token } => {
                let audience = self.keys.read(token).ok()?.audience()?;
                (!matches!(audience, TokenAudience::Command(..))).then_some(audience)
            }
            _ => None,
        })
    }

    /// A user's revocation counts at any time, until newer tokens readmit them. The end of a
    /// session, like token expiry, does not affect commands that the edge took before it.
    fn revoked_version(&self, claims: &Claims, taken_at: UnixMillis) -> Option<u64> {
        let issued = claims.issued_at();
        let of_user = self.revocations.get(&claims.sub.0);
        let of_session = self.revocations.get(&claims.jti.0);
        let user = of_user.and_then(|known| known.revocation_of_token(issued));
        let session = of_session
            .and_then(|known| known.revocation_of_token(issued))
            .filter(|revocation| revocation.at <= taken_at);
        user.or(session).map(|revocation| revocation.version)
    }

    /// The sessions and users of the tokens.
    fn token_subjects(&self) -> Vec<Uuid> {
        let claims = self
            .tokens
            .values()
            .filter_map(|token| self.keys.read(token).ok());
        let named: HashSet<Uuid> = claims
            .flat_map(|claims| [claims.sub.0, claims.jti.0])
            .collect();
        named.into_iter().collect()
    }

    fn is_missing_keys(&self, run: &[UndecidedOp]) -> bool {
        run.iter().any(|due| match &due.read {
            ReceivedOp::Command(op) => self.check_token(due, op) == TokenVerdict::KeysMissing,
            _ => false,
        })
    }
}
