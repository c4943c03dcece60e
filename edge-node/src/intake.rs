//! Answers commands: one function for MQTT and HTTP.
//!
//! Invariants: a receipt is signed only after its commit; a refused command is not stored; every
//! body has a size limit, and every answer names its command if the id can be read.

mod reply;
mod shape;

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use engine::{
    verdict::{CommandDecision, EdgeState, VerdictRequest, judge_command},
    view::EdgeOrderView,
};
use journal::WriteError;
use process::{metrics, tokens::Claims, trace::TraceId};
use tokio::sync::watch;
use wire::{
    Action, Actor, CmdFrame, Code, Command, CommandBody, CommandId, DeviceId, Receipt, Reply,
    UserId,
};

use crate::{
    gate::SignedToken,
    ground::EdgeContext,
    link_status::LinkStatus,
    pace::PersonRateLimiter,
    store::{AdmittedSession, CheckedCommand, CommandLogResult, DecidedCommand},
};

pub use reply::not_taken_reply;

#[derive(Clone)]
pub struct CommandIntake {
    ground: EdgeContext,
    /// Some of the region's rules apply only while the link is down.
    link: watch::Receiver<LinkStatus>,
    pace: Arc<PersonRateLimiter>,
}

/// The reply, and the order's new view if the command was new.
pub struct IntakeReply {
    pub reply: Reply,
    pub changed: Option<EdgeOrderView>,
}

/// The sending tablet and the person signed in there. The command may be another person's: a tablet
/// also sends the taps of its previous user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TabletSender {
    pub device: DeviceId,
    pub actor: Actor,
}

/// The command may or may not be stored. Resending it returns the stored answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitUnknown;

/// Sustained rate per person, above human tapping speed. Only a tablet that returns from a long
/// outage sends more.
const EVERY: Duration = Duration::from_millis(100);
/// Senders stop waiting after this time without a commit.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

impl CommandIntake {
    pub fn new(ground: EdgeContext, link: watch::Receiver<LinkStatus>) -> Self {
        let pace = Arc::new(PersonRateLimiter::new(
            ground.config.commands_at_once,
            EVERY,
        ));
        Self { ground, link, pace }
    }

    /// Answers one command frame. The reply shows what the sender may see, or the token's owner if
    /// the transport names no sender.
    pub async fn answer_command(
        &self,
        body: &[u8],
        sender: Option<&TabletSender>,
    ) -> Result<IntakeReply, CommitUnknown> {
        let started = self.ground.clock.elapsed();
        let taken = self.check_and_answer(body, sender).await;
        let took = self.ground.clock.elapsed().saturating_sub(started);
        metrics::EDGE_REPLY_SECONDS.observe([], took.as_secs_f64());
        let verdict = taken
            .as_ref()
            .map_or("unknown", |taken| taken.reply.verdict.as_str());
        metrics::EDGE_COMMANDS.add([verdict], 1);
        taken
    }

    pub fn build_decision_reply(&self, settled: &DecidedCommand) -> Reply {
        let DecidedCommand {
            stored,
            outcome,
            sight,
        } = settled;
        let reader = reply::infer_reader(stored.user_id, sight.order.as_ref());
        reply::build_stored_reply(&self.ground, stored, Some(outcome), sight.clone(), reader)
    }

    async fn check_and_answer(
        &self,
        body: &[u8],
        sender: Option<&TabletSender>,
    ) -> Result<IntakeReply, CommitUnknown> {
        let frame = match CmdFrame::read(body) {
            Ok(frame) => frame,
            Err(unread) => {
                let reply = reply::unreadable_reply(body, unread);
                return Ok(IntakeReply {
                    reply,
                    changed: None,
                });
            }
        };
        let gate = &self.ground.gate;
        let device = sender.map(|sender| &sender.device);
        let Some(signed) = gate.read_signed_token(&frame.token, device) else {
            return Ok(refusal_reply(Some(frame.id), Code::InvalidToken));
        };
        if self.is_for_another_body(&frame, signed.claims.sub) {
            return Ok(refusal_reply(Some(frame.id), Code::CommandIdReused));
        }
        let unverified = self.check_verified(&signed.claims, &frame.body);
        let sound = signed.refusal.or(unverified).is_none() && gate.revocations_are_fresh();
        let admission = sound.then(|| self.build_admission(&signed.claims, &frame.body));
        let wrong = shape::wrong_fields(&frame.body, self.ground.identity.region);
        let refusal = signed.refusal;
        let refusal =
            refusal.or_else(|| shape::find_refusal(signed.claims.role, &frame.body, &wrong));
        let refusal = refusal.or(unverified);
        let reader = sender.map_or(signed.claims.actor(), |sender| sender.actor);
        let repeat = frame.repeat;
        let entry = self.build_checked_command(frame, device, signed, (refusal, admission));
        let taken = self.log_and_reply(entry, repeat, reader).await?;
        Ok(IntakeReply {
            reply: reply::with_field_errors(taken.reply, wrong),
            ..taken
        })
    }

    /// Refuses an accept from a provider who is not verified. A provider verified during an outage
    /// needs a new token.
    fn check_verified(&self, claims: &Claims, body: &CommandBody) -> Option<Code> {
        let is_verified = self.ground.gate.is_verified(claims);
        (self.requires_verification(body) && !is_verified).then_some(Code::NotVerified)
    }

    fn requires_verification(&self, body: &CommandBody) -> bool {
        self.ground.config.verified_providers_only && body.order_action() == Some(Action::Accept)
    }

    /// The sign-in that the store must admit too before the answer is firm. The end of a
    /// verification mark counts as a revocation.
    fn build_admission(&self, claims: &Claims, body: &CommandBody) -> AdmittedSession {
        AdmittedSession {
            session: claims.jti,
            issued_at: claims.issued_at(),
            mark: self
                .requires_verification(body)
                .then(|| claims.provider_mark()),
        }
    }

    /// Never refuse a command that carries this edge's own valid receipt: a restore may have lost
    /// the original. A receipt by a former key may be stolen: it cannot extend a token or lift a
    /// rate limit, and only gets a revoked person the cloud's answer.
    fn build_checked_command(
        &self,
        frame: CmdFrame,
        device: Option<&DeviceId>,
        signed: SignedToken,
        (refusal, admission): (Option<Code>, Option<AdmittedSession>),
    ) -> CheckedCommand {
        let claims = signed.claims;
        let shown = matching_receipt(&frame, claims.sub);
        let was_taken = shown.is_some_and(|receipt| self.has_issued(receipt));
        let receipt = shown
            .filter(|receipt| self.is_own_receipt(receipt))
            .cloned();
        let is_lifted = |code: &Code| receipt.is_some() || was_taken && *code == Code::Revoked;
        // A receipt does not record the link's state at the first submission.
        let cut_off = receipt.is_none().then(|| !self.link.borrow().up);
        CheckedCommand {
            actor: claims.actor(),
            token_expires_at: claims.expires_at(),
            received_at: self.ground.clock.now(),
            refusal: refusal.filter(|code| !is_lifted(code)),
            admission,
            seen: frame.seen.filter(|receipt| self.is_own_receipt(receipt)),
            receipt,
            was_taken,
            cut_off,
            limits: self.ground.config.share_limits(),
            token: frame.token,
            command: Command {
                id: frame.id,
                body: frame.body,
                device: device.cloned().or(claims.device),
                device_seq: Some(frame.device_seq),
                tapped_at: Some(frame.tapped_at),
                trace: None,
            },
        }
    }

    async fn log_and_reply(
        &self,
        entry: CheckedCommand,
        repeat: bool,
        reader: Actor,
    ) -> Result<IntakeReply, CommitUnknown> {
        let EdgeContext {
            store,
            identity,
            clock,
            people,
            disk,
            ..
        } = &self.ground;
        let id = entry.command.id;
        let actor = entry.actor;
        let is_known = entry.receipt.is_some();
        let receipted = entry.was_taken;
        let body = entry.command.body.clone();
        let hash = body.hash();
        let pace = Arc::clone(&self.pace);
        let now = clock.elapsed();
        let may_log = is_known || people.may_log(actor.user_id);
        let is_full = !may_log && disk.is_full();
        let no_room = if is_full {
            Code::StorageFull
        } else {
            Code::NewcomersWait
        };
        let has_room = is_known || !disk.lacks_reserve();
        // The rate limit spares repeats, which are always answered, and commands with a receipt,
        // which were taken before.
        let judging = move |sight: &EdgeOrderView, footing: &EdgeState| {
            if !may_log {
                return CommandDecision::NotTaken(no_room);
            }
            if !has_room {
                return CommandDecision::NotTaken(Code::StorageFull);
            }
            if !is_known && !pace.try_take(actor.user_id, now) {
                return CommandDecision::NotTaken(Code::TooManyRequests);
            }
            let request = VerdictRequest {
                actor,
                body: &body,
                repeat,
                receipted,
            };
            judge_command(&request, sight, footing)
        };
        let entering = store.judge_and_log_command(entry, judging);
        let entered = match tokio::time::timeout(ANSWER_WITHIN, entering).await {
            // A full disk must not keep a repeat from its stored answer.
            Ok(Err(WriteError::Full)) => {
                disk.has_refused();
                let known = store.find_answer(identity, (id, hash), actor.user_id).await;
                let known = known.map_err(WriteError::Fault);
                Ok(known
                    .map(|known| known.unwrap_or(CommandLogResult::NotTaken(Code::StorageFull))))
            }
            entered => entered,
        };
        match entered {
            Ok(Ok(CommandLogResult::NotTaken(code))) => {
                if code == Code::NewcomersWait {
                    people.record_refused_newcomer(actor.user_id);
                }
                Ok(refusal_reply(Some(id), code))
            }
            Ok(Ok(CommandLogResult::OverLimit(reached))) => {
                let IntakeReply { reply, changed } = refusal_reply(Some(id), reached.code());
                Ok(IntakeReply {
                    reply: Reply {
                        limit: Some(reached),
                        ..reply
                    },
                    changed,
                })
            }
            Ok(Ok(CommandLogResult::Stored { stored, sight, new })) => {
                if new {
                    people.count_logged_command();
                    tracing::info!(
                        trace = %TraceId::from_command(id), command.id = %id, order.id = %stored.order_id, user.id = %stored.user_id,
                        op.seq = stored.at.seq, verdict = %stored.verdict,
                        "Command `{id}` stored"
                    );
                }
                let outcome = stored.outcome.as_ref();
                let seen = (*sight).clone();
                let reply = reply::build_stored_reply(&self.ground, &stored, outcome, seen, reader);
                Ok(IntakeReply {
                    reply,
                    changed: new.then_some(*sight),
                })
            }
            // The command, or another copy of it, may be stored, so `NotTaken` could be wrong.
            Ok(Err(WriteError::Busy | WriteError::Stopped)) | Err(_) => Err(CommitUnknown),
            Ok(Err(error)) => {
                let cause = process::problem::format_error_chain(&error);
                tracing::error!(cause, "A command could not be stored");
                Err(CommitUnknown)
            }
        }
    }

    /// True if this edge gave this person a receipt for that id with another body. Even a restored
    /// edge that lost the command must not take another one under its id.
    fn is_for_another_body(&self, frame: &CmdFrame, user: UserId) -> bool {
        let own = matching_receipt(frame, user).filter(|receipt| self.has_issued(receipt));
        own.and_then(|receipt| receipt.body)
            .is_some_and(|body| body != frame.body.hash())
    }

    fn has_issued(&self, receipt: &Receipt) -> bool {
        self.is_own_receipt(receipt)
            || receipt.edge == self.ground.identity.name
                && self.ground.former_keys.have_signed(receipt)
    }

    fn is_own_receipt(&self, receipt: &Receipt) -> bool {
        receipt.edge == self.ground.identity.name
            && reply::is_signed_by(&self.ground.signer, receipt)
    }
}

/// The frame's receipt, if it is for this person and id. Ids are per person: a stranger's own
/// receipt under the same id must not revive another person's expired token.
fn matching_receipt(frame: &CmdFrame, user: UserId) -> Option<&Receipt> {
    let about =
        |receipt: &&Receipt| (receipt.command_id, receipt.user_id) == (frame.id, Some(user));
    frame.receipt.as_ref().filter(about)
}

fn refusal_reply(id: Option<CommandId>, code: Code) -> IntakeReply {
    IntakeReply {
        reply: not_taken_reply(id, code),
        changed: None,
    }
}
