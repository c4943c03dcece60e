//! Promises about the messages between the two people of an order.

use rules::{KnownMessages, Writes};
use wire::{Action, Actor, CommandBody, CommandId, OrderId, Role};

use super::Oracle;
use crate::cloud::{DecisionRequest, order_db::OrderDb};

impl Oracle {
    /// 2. A message is sent once, and the messages of an order are numbered without a gap. Those of
    ///    one log come in its order.
    pub fn messages_arrive(
        &mut self,
        at: u64,
        db: &OrderDb,
        request: &DecisionRequest,
        writes: &Writes,
    ) {
        if writes.messages.is_empty() {
            return;
        }
        let mut threads = db.messages.clone();
        for new in &writes.messages {
            let message = &new.message;
            let from_provider = message.direction.from_provider;
            let before = count_messages(&threads, new.order_id, message.id, from_provider);
            self.check(at, "a_message_arrives_once", before == 0, || {
                format!("message {} was stored again", message.id)
            });
            let newest = threads.threads.get(&new.order_id);
            let newest = newest.map_or(0, |thread| thread.newest);
            self.check(at, "messages_have_no_gap", new.number == newest + 1, || {
                format!("message {} came after {newest}", new.number)
            });
            threads.record_message(new);
        }
        for attempt in request.attempts() {
            let order_id = attempt.command.body.order_id();
            let id = attempt.command.id;
            let mut own = writes.messages.iter();
            let is_sent = own.any(|new| new.message.id == id && new.order_id == order_id);
            let (Some(op), true) = (attempt.op(), is_sent) else {
                continue;
            };
            let name = &op.identity;
            let log = (order_id, name.edge.clone(), name.epoch);
            let before = self.last_messages.insert(log, name.seq).unwrap_or(0);
            self.check(at, "messages_keep_their_order", before < name.seq, || {
                format!("{} of {} came after op {before}", name.seq, name.edge)
            });
        }
    }

    /// 1, 4. What was said to be sent is there, once.
    pub fn message_is_there(
        &mut self,
        at: u64,
        db: &OrderDb,
        id: CommandId,
        actor: Actor,
        body: &CommandBody,
    ) {
        let answer = db.commands.get(&(id, Some(actor.user_id)));
        let own = answer.filter(|answer| answer.hash == body.hash());
        let sends = body.order_action() == Some(Action::Message);
        let Some(own) = own.filter(|_| sends) else {
            return;
        };
        let from_provider = actor.role == Role::Provider;
        let stored = count_messages(&db.messages, own.order_id, id, from_provider);
        let is_right = stored == usize::from(own.applied);
        self.check(at, "a_message_arrives_once", is_right, || {
            format!("message {id} is there {stored} times")
        });
    }
}

fn count_messages(
    messages: &KnownMessages,
    order_id: OrderId,
    id: CommandId,
    from_provider: bool,
) -> usize {
    let thread = messages.threads.get(&order_id);
    let known = thread.into_iter().flat_map(|thread| &thread.known);
    known
        .filter(|known| known.id == id && known.direction.from_provider == from_provider)
        .count()
}
