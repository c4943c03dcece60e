//! Answers commands: one function for MQTT and HTTP.
//!
//! Invariants: a receipt is signed only after its commit; a refused command is not stored; every
//! body has a size limit, and every answer names its command if the id can be read.

mod reply;
mod validation;

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use engine::{
    verdict::{CommandVerdict, EdgeState, EnteredStartCode, VerdictRequest, judge_command},
    view::EdgeOrderView,
};
use journal::WriteError;
use process::{metrics, tokens::Claims, trace::TraceId};
use tokio::sync::watch;
use wire::{
    Action, Actor, CmdFrame, Code, Command, CommandBody, CommandId, DeviceId, Hash, Receipt, Reply,
    UserId,
};

use crate::{
    authentication::{GenuineToken, TabletSender},
    context::{EdgeContext, LinkStatus},
    rate_limiter::RateLimiter,
    receipts,
    start_codes::{StartCodeGuard, needs_start_code},
    store::{AdmittedSession, CheckedCommand, CommandLogResult, DecidedCommand, StoredCommand},
};

pub(crate) use reply::not_taken_reply;
use validation::{find_refusal, wrong_fields};

#[derive(Clone)]
pub(crate) struct CommandIntake {
    context: EdgeContext,
    /// Some of the region's rules apply only while the link is down.
    link: watch::Receiver<LinkStatus>,
    pace: Arc<RateLimiter<UserId>>,
    start_codes: StartCodeGuard,
}

/// The reply, and the order's new view if the command was new.
pub(crate) struct IntakeReply {
    pub reply: Reply,
    pub changed: Option<EdgeOrderView>,
}

/// The command may or may not be stored. Resending it returns the stored answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CommitUnknown;

/// Sustained rate per person, above human tapping speed. Only a tablet that returns from a long
/// outage sends more.
const EVERY: Duration = Duration::from_millis(100);

/// Senders stop waiting after this time without a commit.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

impl CommandIntake {
    pub(crate) fn new(context: EdgeContext, link: watch::Receiver<LinkStatus>) -> Self {
        let pace = Arc::new(RateLimiter::new(context.config.commands_at_once, EVERY));
        Self {
            context,
            link,
            pace,
            start_codes: StartCodeGuard::new(),
        }
    }

    /// Answers one command frame. The reply shows what the sender may see, or the token's owner if
    /// the transport names no sender.
    pub(crate) async fn answer_command(
        &self,
        body: &[u8],
        sender: Option<&TabletSender>,
    ) -> Result<IntakeReply, CommitUnknown> {
        let started = self.context.clock.elapsed();
        let answer = self.check_and_answer(body, sender).await;
        let took = self.context.clock.elapsed().saturating_sub(started);
        metrics::EDGE_REPLY_SECONDS.observe([], took.as_secs_f64());
        let verdict = answer
            .as_ref()
            .map_or("unknown", |answer| answer.reply.verdict.as_str());
        metrics::EDGE_COMMANDS.add([verdict], 1);
        answer
    }

    pub(crate) fn build_decision_reply(&self, settled: &DecidedCommand) -> Reply {
        let DecidedCommand {
            stored,
            outcome,
            view,
        } = settled;
        let reader = reply::infer_reader(stored.user_id, view.order.as_ref());
        reply::build_stored_reply(&self.context, stored, Some(outcome), view.clone(), reader)
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
        let authenticator = &self.context.authenticator;
        let device = sender.map(|sender| &sender.device);
        let Some(signed) = authenticator.check_token(&frame.token, device) else {
            return Ok(refusal_reply(Some(frame.id), Code::InvalidToken));
        };
        if signed.refusal == Some(Code::ProofRequired) {
            return Ok(refusal_reply(Some(frame.id), Code::ProofRequired));
        }
        if self.is_for_another_body(&frame, signed.claims.sub) {
            return Ok(refusal_reply(Some(frame.id), Code::CommandIdReused));
        }
        let unverified = self.check_verified(&signed.claims, &frame.body);
        let sound =
            signed.refusal.or(unverified).is_none() && authenticator.revocations_are_fresh();
        let admission = sound.then(|| self.build_admission(&signed.claims, &frame.body));
        let wrong = wrong_fields(&frame.body, self.context.identity.region);
        let refusal = signed
            .refusal
            .or_else(|| find_refusal(signed.claims.role, &frame.body, &wrong))
            .or(unverified);
        let reader = sender.map_or(signed.claims.actor(), |sender| sender.actor);
        let repeat = frame.repeat;
        let entry = self.build_checked_command(frame, device, signed, refusal, admission);
        let order = entry.command.body.order_id();
        let user = entry.actor.user_id;
        let entered = self.enter_start_code(&entry).await;
        let is_try = matches!(entered, EnteredStartCode::Hashed(_));
        let answer = self.log_and_reply(entry, repeat, entered, reader).await?;
        if is_try {
            let was_wrong = answer.reply.code == Some(Code::StartCodeWrong);
            self.start_codes.end_try(order, user, was_wrong);
        }
        Ok(IntakeReply {
            reply: reply::with_field_errors(answer.reply, wrong),
            ..answer
        })
    }

    /// Hashes the start code that came with the command, if the order needs it.
    async fn enter_start_code(&self, entry: &CheckedCommand) -> EnteredStartCode {
        let CommandBody::StartOrder {
            order_id,
            start_code: Some(code),
            ..
        } = &entry.command.body
        else {
            return EnteredStartCode::None;
        };
        let user = entry.actor.user_id;
        let context = &self.context;
        let view = context.store.load_view(&context.identity, *order_id).await;
        // After a failed read the judge, which reads again, refuses the start as one without a
        // code, and the person tries again.
        let order = view.ok().and_then(|view| view.order);
        if entry.refusal.is_some() || !needs_start_code(order.as_ref(), user) {
            return EnteredStartCode::None;
        }
        let now = context.clock.elapsed();
        self.start_codes
            .begin_try(*order_id, user, code.clone(), now)
            .await
    }

    /// Refuses an accept from a provider who is not verified. A provider verified during an outage
    /// needs a new token.
    fn check_verified(&self, claims: &Claims, body: &CommandBody) -> Option<Code> {
        let is_verified = self.context.authenticator.is_verified(claims);
        (self.requires_verification(body) && !is_verified).then_some(Code::NotVerified)
    }

    fn requires_verification(&self, body: &CommandBody) -> bool {
        self.context.config.verified_providers_only && body.order_action() == Some(Action::Accept)
    }

    /// The sign-in that the store must admit too before the answer is firm. The end of a
    /// verification mark counts as a revocation.
    fn build_admission(&self, claims: &Claims, body: &CommandBody) -> AdmittedSession {
        AdmittedSession {
            session: claims.jti,
            issued_at: claims.issued_at(),
            verification: self
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
        signed: GenuineToken,
        refusal: Option<Code>,
        admission: Option<AdmittedSession>,
    ) -> CheckedCommand {
        let claims = signed.claims;
        let shown = matching_receipt(&frame, claims.sub);
        let was_taken = shown.is_some_and(|receipt| self.has_issued(receipt));
        let receipt = shown
            .filter(|receipt| self.is_own_receipt(receipt))
            .cloned();
        let refusal = match refusal {
            Some(_) if receipt.is_some() => None,
            Some(Code::Revoked) if was_taken => None,
            refusal => refusal,
        };
        // A receipt does not record the link's state at the first submission.
        let cut_off = receipt.is_none().then(|| !self.link.borrow().up);
        CheckedCommand {
            actor: claims.actor(),
            token_expires_at: claims.expires_at(),
            received_at: self.context.clock.now(),
            refusal,
            admission,
            seen: frame.seen.filter(|receipt| self.is_own_receipt(receipt)),
            receipt,
            was_taken,
            cut_off,
            limits: self.context.config.share_limits(),
            token: signed.token,
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
        checked: CheckedCommand,
        repeat: bool,
        start_code: EnteredStartCode,
        reader: Actor,
    ) -> Result<IntakeReply, CommitUnknown> {
        let id = checked.command.id;
        let user = checked.actor.user_id;
        let reply = match self.log_command(checked, repeat, start_code).await? {
            CommandLogResult::NotTaken(code) => {
                if code == Code::NewcomersWait {
                    self.context.people.record_refused_newcomer(user);
                }
                refusal_reply(Some(id), code)
            }
            CommandLogResult::OverLimit(reached) => {
                let refused = not_taken_reply(Some(id), reached.code());
                let reply = Reply {
                    limit: Some(reached),
                    ..refused
                };
                IntakeReply {
                    reply,
                    changed: None,
                }
            }
            CommandLogResult::Stored { stored, view, new } => {
                if new {
                    self.record_stored_command(&stored);
                }
                let outcome = stored.outcome.as_ref();
                let shown = (*view).clone();
                let reply =
                    reply::build_stored_reply(&self.context, &stored, outcome, shown, reader);
                IntakeReply {
                    reply,
                    changed: new.then_some(*view),
                }
            }
        };
        Ok(reply)
    }

    /// After a failure the command, or another copy of it, may be stored, so `NotTaken` could be
    /// wrong.
    async fn log_command(
        &self,
        checked: CheckedCommand,
        repeat: bool,
        start_code: EnteredStartCode,
    ) -> Result<CommandLogResult, CommitUnknown> {
        let id = checked.command.id;
        let hash = checked.command.body.hash();
        let user = checked.actor.user_id;
        let judge = self.build_judge(&checked, repeat, start_code);
        let logging = self
            .context
            .store
            .judge_and_log_command(checked, |view, edge_state| {
                judge.judge_within_limits(view, edge_state)
            });
        let logged = match tokio::time::timeout(ANSWER_WITHIN, logging).await {
            Ok(Err(WriteError::Full)) => {
                self.context.disk.record_refused_write();
                self.find_answer_on_full_disk(id, hash, user).await
            }
            Ok(logged) => logged,
            Err(_) => return Err(CommitUnknown),
        };
        logged.map_err(|error| {
            if !matches!(error, WriteError::Busy | WriteError::Stopped) {
                let cause = process::problem::format_error_chain(&error);
                tracing::error!(cause, "Could not store a command");
            }
            CommitUnknown
        })
    }

    fn build_judge(
        &self,
        checked: &CheckedCommand,
        repeat: bool,
        start_code: EnteredStartCode,
    ) -> CommandJudge {
        CommandJudge {
            start_code,
            actor: checked.actor,
            body: checked.command.body.clone(),
            repeat,
            has_own_receipt: checked.receipt.is_some(),
            was_taken: checked.was_taken,
            lack_of_room: self.find_lack_of_room(checked),
            pace: Arc::clone(&self.pace),
            now: self.context.clock.elapsed(),
        }
    }

    /// Why a new command cannot be stored. One with this edge's receipt was stored before.
    fn find_lack_of_room(&self, checked: &CheckedCommand) -> Option<Code> {
        let EdgeContext { people, disk, .. } = &self.context;
        if checked.receipt.is_some() {
            None
        } else if disk.refuses_commands() {
            Some(Code::StorageFull)
        } else if people.may_log(checked.actor.user_id) {
            None
        } else if disk.is_full() {
            Some(Code::StorageFull)
        } else {
            Some(Code::NewcomersWait)
        }
    }

    /// A full disk must not keep a repeat from its stored answer.
    async fn find_answer_on_full_disk(
        &self,
        id: CommandId,
        hash: Hash,
        user: UserId,
    ) -> Result<CommandLogResult, WriteError<rusqlite::Error>> {
        let EdgeContext {
            store, identity, ..
        } = &self.context;
        let known = store
            .find_answer(identity, id, hash, user)
            .await
            .map_err(WriteError::Fault)?;
        Ok(known.unwrap_or(CommandLogResult::NotTaken(Code::StorageFull)))
    }

    fn record_stored_command(&self, stored: &StoredCommand) {
        let id = stored.command_id;
        self.context.people.count_logged_command();
        tracing::info!(
            trace = %TraceId::from_command(id), command.id = %id, order.id = %stored.order_id, user.id = %stored.user_id,
            op.seq = stored.head.seq, verdict = %stored.verdict,
            "Stored command `{id}`"
        );
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
            || receipt.edge == self.context.identity.edge_id
                && self.context.former_keys.have_signed(receipt)
    }

    fn is_own_receipt(&self, receipt: &Receipt) -> bool {
        receipt.edge == self.context.identity.edge_id
            && receipts::is_signed_by(&self.context.signer, receipt)
    }
}

/// Judges one command on the store's thread.
struct CommandJudge {
    actor: Actor,
    body: CommandBody,
    repeat: bool,
    start_code: EnteredStartCode,
    has_own_receipt: bool,
    was_taken: bool,
    lack_of_room: Option<Code>,
    pace: Arc<RateLimiter<UserId>>,
    now: Duration,
}

impl CommandJudge {
    /// The rate limit spares repeats, which are always answered, and commands with a receipt, which
    /// were taken before.
    fn judge_within_limits(self, view: &EdgeOrderView, edge_state: &EdgeState) -> CommandVerdict {
        if let Some(code) = self.lack_of_room {
            return CommandVerdict::NotTaken(code);
        }
        if !self.has_own_receipt && !self.pace.try_take(self.actor.user_id, self.now) {
            return CommandVerdict::NotTaken(Code::TooManyRequests);
        }
        let request = VerdictRequest {
            actor: self.actor,
            body: &self.body,
            repeat: self.repeat,
            receipted: self.was_taken,
            start_code: self.start_code,
        };
        judge_command(&request, view, edge_state)
    }
}

/// The frame's receipt, if it is for this person and id. Ids are per person: a stranger's own
/// receipt under the same id must not revive another person's expired token.
fn matching_receipt(frame: &CmdFrame, user: UserId) -> Option<&Receipt> {
    frame
        .receipt
        .as_ref()
        .filter(|receipt| receipt.command_id == frame.id && receipt.user_id == Some(user))
}

fn refusal_reply(id: Option<CommandId>, code: Code) -> IntakeReply {
    IntakeReply {
        reply: not_taken_reply(id, code),
        changed: None,
    }
}
