//! Owns the answer to a command: one function behind MQTT and HTTP.
//!
//! Invariants: a receipt is signed after the commit it speaks of; a refused command is not stored;
//! every body is bounded before it is read and every answer names its command where it can.

mod frame;
mod pace;
mod reply;
mod shape;

#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use engine::{
    verdict::{Answer, Request, judge},
    view::Sight,
};
use journal::WriteError;
use process::{
    clock::Clock,
    metrics,
    tokens::{Claims, Signer},
    trace::TraceId,
};
use wire::{
    Actor, CmdFrame, Code, Command, CommandId, DeviceId, Outcome, Receipt, Reply, UnixMillis,
    UserId,
};

use crate::{
    gate::Gate,
    store::{
        CheckedCommand, CommandFate, DecidedCommand, EdgeIdentity, LogBook, Store, StoredCommand,
    },
};

pub use frame::BODY_BYTES_MAX;
use pace::Pace;
pub use reply::not_taken;

/// Clones share all of it.
#[derive(Clone)]
pub struct Intake(Arc<Inner>);

struct Inner {
    identity: EdgeIdentity,
    store: Store,
    gate: Gate,
    signer: Signer,
    clock: Clock,
    pace: Pace,
}

/// The answer, and the order as it is seen now where the command was new.
pub struct IntakeReply {
    pub reply: Reply,
    pub changed: Option<Sight>,
}

/// The tablet a command came from, and the person signed in there. The command may be another person's: a
/// tablet also sends the taps of a person who has since handed it over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    pub device: DeviceId,
    pub actor: Actor,
}

/// How a command was let in.
struct Admission {
    refusal: Option<Code>,
    /// The receipt that this edge has given for it before, though it may have lost the command since.
    receipt: Option<Receipt>,
    /// The revocations by which its token was found good; none where it was not, or where they may not
    /// be all there are any more.
    revocations: Option<u64>,
}

/// The command may or may not be stored, so nothing can be said: the tablet sends it again under the same
/// id and gets the stored answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FateUnknown;

/// After so long without a commit nobody waits any more.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

impl Intake {
    /// `at_once` commands of one person are taken in one go, before there is a pace.
    pub fn new(
        identity: EdgeIdentity,
        store: Store,
        gate: Gate,
        signer: Signer,
        clock: Clock,
        at_once: u32,
    ) -> Self {
        let pace = Pace::new(at_once);
        Self(Arc::new(Inner { identity, store, gate, signer, clock, pace }))
    }

    /// Answers one command frame, in words for the sender where the way names one, else for the owner of
    /// the command's token.
    pub async fn take(
        &self,
        body: &[u8],
        sender: Option<&Sender>,
    ) -> Result<IntakeReply, FateUnknown> {
        let started = self.0.clock.elapsed();
        let taken = self.answer(body, sender).await;
        let took = self.0.clock.elapsed().saturating_sub(started);
        metrics::EDGE_REPLY_SECONDS.observe([], took.as_secs_f64());
        let verdict = taken.as_ref().map_or("unknown", |taken| taken.reply.verdict.as_str());
        metrics::EDGE_COMMANDS.add([verdict], 1);
        taken
    }

    /// The reply to the person once the cloud has decided.
    pub fn decided(&self, settled: &DecidedCommand) -> Reply {
        let actor = reply::reader(settled.stored.user_id, settled.sight.order.as_ref());
        self.stored(&settled.stored, Some(&settled.outcome), settled.sight.clone(), actor)
    }

    async fn answer(
        &self,
        body: &[u8],
        sender: Option<&Sender>,
    ) -> Result<IntakeReply, FateUnknown> {
        let frame = match frame::read(body) {
            Ok(frame) => frame,
            Err(unreadable) => return Ok(refused(unreadable.id, unreadable.code)),
        };
        let device = sender.map(|sender| &sender.device);
        // Read before the token is checked, so that it is never newer than the check.
        let revocations = self.0.gate.revocations_version();
        let Some(signed) = self.0.gate.signed(&frame.token, device) else {
            return Ok(refused(Some(frame.id), Code::InvalidToken));
        };
        let role = signed.claims.role;
        let wrong = shape::wrong_fields(&frame.body, self.0.identity.region);
        let shape = || shape::refusal(role, &frame.body, &wrong);
        let receipt = self.own_receipt(&frame, signed.claims.sub);
        let refusal = signed.refusal.or_else(shape).filter(|_| receipt.is_none());
        let device = device.or(signed.claims.device.as_ref()).cloned();
        let reader = sender.map_or(signed.claims.actor(), |sender| sender.actor);
        let sound = signed.refusal.is_none() && self.0.gate.revocations_are_fresh();
        let revocations = Some(revocations).filter(|_| sound);
        let admitted = Admission { refusal, receipt, revocations };
        let taken = self.enter(frame, device, &signed.claims, admitted, reader).await?;
        Ok(IntakeReply { reply: reply::naming(taken.reply, wrong), ..taken })
    }

    async fn enter(
        &self,
        frame: CmdFrame,
        device: Option<DeviceId>,
        claims: &Claims,
        admitted: Admission,
        reader: Actor,
    ) -> Result<IntakeReply, FateUnknown> {
        let Admission { refusal, receipt, revocations } = admitted;
        let receipted = receipt.is_some();
        let seen = frame.seen.filter(|receipt| self.is_ours(receipt));
        let (id, actor, repeat) = (frame.id, claims.actor(), frame.repeat);
        let (judged, hash) = (frame.body.clone(), frame.body.hash());
        let entry = CheckedCommand {
            token_expires_at: UnixMillis(claims.exp.saturating_mul(1_000)),
            received_at: self.0.clock.now(),
            token: frame.token,
            command: Command {
                id,
                body: frame.body,
                device,
                device_seq: Some(frame.device_seq),
                tapped_at: Some(frame.tapped_at),
                trace: None,
            },
            actor,
            refusal,
            seen,
            receipt,
        };
        let (inner, now) = (Arc::clone(&self.0), self.0.clock.elapsed());
        // Only a new command counts: a repeat is answered at any pace, and a command that comes back with
        // its receipt was taken long ago.
        let judging = move |sight: &Sight, book: &LogBook| {
            if !receipted && !inner.pace.takes(actor.user_id, now) {
                return Answer::NotTaken(Code::TooManyRequests);
            }
            let request = Request { actor, body: &judged, repeat, receipted };
            judge(&request, sight, &book.footing(&judged, sight, revocations))
        };
        let entering = self.0.store.enter(entry, judging);
        let entered = match tokio::time::timeout(ANSWER_WITHIN, entering).await {
            // A full disk does not keep a repeat from its answer.
            Ok(Err(WriteError::Full)) => {
                let known =
                    self.0.store.answered(&self.0.identity, (id, hash), actor.user_id).await;
                let known = known.map_err(WriteError::Fault);
                Ok(known.map(|known| known.unwrap_or(CommandFate::NotTaken(Code::StorageFull))))
            }
            entered => entered,
        };
        match entered {
            Ok(Ok(CommandFate::NotTaken(code))) => Ok(refused(Some(id), code)),
            Ok(Ok(CommandFate::Stored { stored, sight, new })) => {
                if new {
                    tracing::info!(
                        trace = %TraceId::of(id), command.id = %id, order.id = %stored.order_id, user.id = %stored.user_id,
                        op.seq = stored.at.seq, verdict = %stored.verdict,
                        "Command `{id}` stored"
                    );
                }
                let reply = self.stored(&stored, stored.outcome.as_ref(), (*sight).clone(), reader);
                Ok(IntakeReply { reply, changed: new.then_some(*sight) })
            }
            // Only a write of which nothing is stored may be called not taken; of these another copy may
            // be, or wait.
            Ok(Err(WriteError::Busy | WriteError::Stopped)) | Err(_) => Err(FateUnknown),
            Ok(Err(error)) => {
                let cause = process::problem::chain(&error);
                tracing::error!(cause, "A command could not be stored");
                Err(FateUnknown)
            }
        }
    }

    /// The receipt of this edge for this very person and this very id. Anybody may hold a receipt of their
    /// own under the same id, and it opens no door to another's token that has run out.
    fn own_receipt(&self, frame: &CmdFrame, user: UserId) -> Option<Receipt> {
        let vouches = |receipt: &&Receipt| {
            (receipt.command_id, receipt.user_id) == (frame.id, Some(user)) && self.is_ours(receipt)
        };
        frame.receipt.as_ref().filter(vouches).cloned()
    }

    fn is_ours(&self, receipt: &Receipt) -> bool {
        receipt.edge == self.0.identity.name && reply::is_signed_by(&self.0.signer, receipt)
    }

    fn stored(
        &self,
        stored: &StoredCommand,
        outcome: Option<&Outcome>,
        sight: Sight,
        actor: Actor,
    ) -> Reply {
        reply::stored(&self.0.identity.name, &self.0.signer, stored, outcome, sight, actor)
    }
}

fn refused(id: Option<CommandId>, code: Code) -> IntakeReply {
    IntakeReply { reply: not_taken(id, code), changed: None }
}
