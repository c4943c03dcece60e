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
    verdict::{Answer, Footing, Request, judge},
    view::Sight,
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
    ground::EdgeGround,
    link_status::LinkStatus,
    pace::Pace,
    store::{Admission, CheckedCommand, CommandFate, DecidedCommand},
};

pub use reply::not_taken;

#[derive(Clone)]
pub struct Intake {
    ground: EdgeGround,
    /// Some of the region's rules apply only while the link is down.
    link: watch::Receiver<LinkStatus>,
    pace: Arc<Pace>,
}

/// The reply, and the order's new view if the command was new.
pub struct IntakeReply {
    pub reply: Reply,
    pub changed: Option<Sight>,
}

/// The sending tablet and the person signed in there. The command may be another person's: a tablet
/// also sends the taps of its previous user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    pub device: DeviceId,
    pub actor: Actor,
}

/// The command may or may not be stored. Resending it returns the stored answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FateUnknown;

/// Sustained rate per person, above human tapping speed. Only a tablet that returns from a long
/// outage sends more.
const EVERY: Duration = Duration::from_millis(100);
/// Senders stop waiting after this time without a commit.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

impl Intake {
    pub fn new(ground: EdgeGround, link: watch::Receiver<LinkStatus>) -> Self {
        let pace = Arc::new(Pace::new(ground.config.commands_at_once, EVERY));
        Self { ground, link, pace }
    }

    /// Answers one command frame. The reply shows what the sender may see, or the token's owner if
    /// the transport names no sender.
    pub async fn take(
        &self,
        body: &[u8],
        sender: Option<&Sender>,
    ) -> Result<IntakeReply, FateUnknown> {
        let started = self.ground.clock.elapsed();
        let taken = self.answer(body, sender).await;
        let took = self.ground.clock.elapsed().saturating_sub(started);
        metrics::EDGE_REPLY_SECONDS.observe([], took.as_secs_f64());
        let verdict = taken.as_ref().map_or("unknown", |taken| taken.reply.verdict.as_str());
        metrics::EDGE_COMMANDS.add([verdict], 1);
        taken
    }

    pub fn decided(&self, settled: &DecidedCommand) -> Reply {
        let DecidedCommand { stored, outcome, sight } = settled;
        let reader = reply::reader(stored.user_id, sight.order.as_ref());
        reply::stored(&self.ground, stored, Some(outcome), sight.clone(), reader)
    }

    async fn answer(
        &self,
        body: &[u8],
        sender: Option<&Sender>,
    ) -> Result<IntakeReply, FateUnknown> {
        let frame = match CmdFrame::read(body) {
            Ok(frame) => frame,
            Err(unread) => {
                let reply = reply::unreadable(body, unread);
                return Ok(IntakeReply { reply, changed: None });
            }
        };
        let (gate, device) = (&self.ground.gate, sender.map(|sender| &sender.device));
        let Some(signed) = gate.signed(&frame.token, device) else {
            return Ok(refused(Some(frame.id), Code::InvalidToken));
        };
        if self.is_of_another_body(&frame, signed.claims.sub) {
            return Ok(refused(Some(frame.id), Code::CommandIdReused));
        }
        let unverified = self.unverified(&signed.claims, &frame.body);
        let sound = signed.refusal.or(unverified).is_none() && gate.revocations_are_fresh();
        let admission = sound.then(|| self.admission(&signed.claims, &frame.body));
        let wrong = shape::wrong_fields(&frame.body, self.ground.identity.region);
        let refusal = signed.refusal;
        let refusal = refusal.or_else(|| shape::refusal(signed.claims.role, &frame.body, &wrong));
        let refusal = refusal.or(unverified);
        let reader = sender.map_or(signed.claims.actor(), |sender| sender.actor);
        let repeat = frame.repeat;
        let entry = self.checked(frame, device, signed, (refusal, admission));
        let taken = self.enter(entry, repeat, reader).await?;
        Ok(IntakeReply { reply: reply::naming(taken.reply, wrong), ..taken })
    }

    /// Refuses an accept from a provider who is not verified. A provider verified during an outage
    /// needs a new token.
    fn unverified(&self, claims: &Claims, body: &CommandBody) -> Option<Code> {
        let is_verified = self.ground.gate.is_verified(claims);
        (self.is_for_the_verified(body) && !is_verified).then_some(Code::NotVerified)
    }

    fn is_for_the_verified(&self, body: &CommandBody) -> bool {
        self.ground.config.verified_providers_only && body.action() == Some(Action::Accept)
    }

    /// The sign-in that the store must admit too before the answer is firm. The end of a
    /// verification mark counts as a revocation.
    fn admission(&self, claims: &Claims, body: &CommandBody) -> Admission {
        Admission {
            session: claims.jti,
            issued_at: claims.issued_at(),
            mark: self.is_for_the_verified(body).then(|| claims.mark()),
        }
    }

    /// Never refuse a command that carries this edge's own valid receipt: a restore may have lost
    /// the original. A receipt by a former key may be stolen: it cannot extend a token or lift a
    /// rate limit, and only gets a revoked person the cloud's answer.
    fn checked(
        &self,
        frame: CmdFrame,
        device: Option<&DeviceId>,
        signed: SignedToken,
        (refusal, admission): (Option<Code>, Option<Admission>),
    ) -> CheckedCommand {
        let claims = signed.claims;
        let shown = shown_receipt(&frame, claims.sub);
        let was_taken = shown.is_some_and(|receipt| self.has_given(receipt));
        let receipt = shown.filter(|receipt| self.is_ours(receipt)).cloned();
        let is_lifted = |code: &Code| receipt.is_some() || was_taken && *code == Code::Revoked;
        // A receipt does not record the link's state at the first submission.
        let cut_off = receipt.is_none().then(|| !self.link.borrow().up);
        CheckedCommand {
            actor: claims.actor(),
            token_expires_at: claims.expires_at(),
            received_at: self.ground.clock.now(),
            refusal: refusal.filter(|code| !is_lifted(code)),
            admission,
            seen: frame.seen.filter(|receipt| self.is_ours(receipt)),
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

    async fn enter(
        &self,
        entry: CheckedCommand,
        repeat: bool,
        reader: Actor,
    ) -> Result<IntakeReply, FateUnknown> {
        let EdgeGround { store, identity, clock, people, disk, .. } = &self.ground;
        let (id, actor, is_known) = (entry.command.id, entry.actor, entry.receipt.is_some());
        let receipted = entry.was_taken;
        let body = entry.command.body.clone();
        let hash = body.hash();
        let (pace, now) = (Arc::clone(&self.pace), clock.elapsed());
        let may_log = is_known || people.may_log(actor.user_id);
        let is_full = !may_log && disk.is_full();
        let no_room = if is_full { Code::StorageFull } else { Code::NewcomersWait };
        let has_room = is_known || !disk.lacks_reserve();
        // The rate limit spares repeats, which are always answered, and commands with a receipt,
        // which were taken before.
        let judging = move |sight: &Sight, footing: &Footing| {
            if !may_log {
                return Answer::NotTaken(no_room);
            }
            if !has_room {
                return Answer::NotTaken(Code::StorageFull);
            }
            if !is_known && !pace.takes(actor.user_id, now) {
                return Answer::NotTaken(Code::TooManyRequests);
            }
            let request = Request { actor, body: &body, repeat, receipted };
            judge(&request, sight, footing)
        };
        let entering = store.enter(entry, judging);
        let entered = match tokio::time::timeout(ANSWER_WITHIN, entering).await {
            // A full disk must not keep a repeat from its stored answer.
            Ok(Err(WriteError::Full)) => {
                disk.has_refused();
                let known = store.answered(identity, (id, hash), actor.user_id).await;
                let known = known.map_err(WriteError::Fault);
                Ok(known.map(|known| known.unwrap_or(CommandFate::NotTaken(Code::StorageFull))))
            }
            entered => entered,
        };
        match entered {
            Ok(Ok(CommandFate::NotTaken(code))) => {
                if code == Code::NewcomersWait {
                    people.note_waiting(actor.user_id);
                }
                Ok(refused(Some(id), code))
            }
            Ok(Ok(CommandFate::OverLimit(reached))) => {
                let IntakeReply { reply, changed } = refused(Some(id), reached.code());
                Ok(IntakeReply { reply: Reply { limit: Some(reached), ..reply }, changed })
            }
            Ok(Ok(CommandFate::Stored { stored, sight, new })) => {
                if new {
                    people.logged();
                    tracing::info!(
                        trace = %TraceId::of(id), command.id = %id, order.id = %stored.order_id, user.id = %stored.user_id,
                        op.seq = stored.at.seq, verdict = %stored.verdict,
                        "Command `{id}` stored"
                    );
                }
                let (outcome, seen) = (stored.outcome.as_ref(), (*sight).clone());
                let reply = reply::stored(&self.ground, &stored, outcome, seen, reader);
                Ok(IntakeReply { reply, changed: new.then_some(*sight) })
            }
            // The command, or another copy of it, may be stored, so `NotTaken` could be wrong.
            Ok(Err(WriteError::Busy | WriteError::Stopped)) | Err(_) => Err(FateUnknown),
            Ok(Err(error)) => {
                let cause = process::problem::chain(&error);
                tracing::error!(cause, "A command could not be stored");
                Err(FateUnknown)
            }
        }
    }

    /// True if this edge gave this person a receipt for that id with another body. Even a restored
    /// edge that lost the command must not take another one under its id.
    fn is_of_another_body(&self, frame: &CmdFrame, user: UserId) -> bool {
        let own = shown_receipt(frame, user).filter(|receipt| self.has_given(receipt));
        own.and_then(|receipt| receipt.body).is_some_and(|body| body != frame.body.hash())
    }

    fn has_given(&self, receipt: &Receipt) -> bool {
        self.is_ours(receipt)
            || receipt.edge == self.ground.identity.name
                && self.ground.former_keys.have_signed(receipt)
    }

    fn is_ours(&self, receipt: &Receipt) -> bool {
        receipt.edge == self.ground.identity.name
            && reply::is_signed_by(&self.ground.signer, receipt)
    }
}

/// The frame's receipt, if it is for this person and id. Ids are per person: a stranger's own
/// receipt under the same id must not revive another person's expired token.
fn shown_receipt(frame: &CmdFrame, user: UserId) -> Option<&Receipt> {
    let about =
        |receipt: &&Receipt| (receipt.command_id, receipt.user_id) == (frame.id, Some(user));
    frame.receipt.as_ref().filter(about)
}

fn refused(id: Option<CommandId>, code: Code) -> IntakeReply {
    IntakeReply { reply: not_taken(id, code), changed: None }
}
