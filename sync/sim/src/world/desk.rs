//! The portal: people whose requests go straight to the order service, with an `Idempotency-Key` and
//! again under the same key until they are answered.

use engine::cloud::Accept;
use wire::{Actor, Code, Command, CommandBody, CommandId, OpDecision, OrderId};

use super::{Event, World, orders::is_here, people, tokens, words};
use crate::{
    cast,
    cloud::{Asked, AskedBy, at, sync_db::ToldToWait},
    plan::Intent,
};

#[derive(Default)]
pub(crate) struct Desk {
    pub items: Vec<Asking>,
}

pub(crate) struct Asking {
    pub id: CommandId,
    pub actor: Actor,
    pub body: CommandBody,
    names_order: bool,
    pub is_answered: bool,
    /// The person was told to wait.
    waits: bool,
    tries: u32,
    /// The order service has answered no try yet that a later one could cross.
    tried_order: Option<OrderId>,
}

const AGAIN_AFTER_MS: u64 = 2_000;
const TOKEN_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

impl World {
    pub fn at_desk(&mut self, drawn: usize, intent: Intent, pick: u64) {
        let intent = if intent == Intent::ReuseId { Intent::Accept } else { intent };
        let person = self.fitting_person(drawn, intent);
        let actor = cast::at_desk(person);
        let region = cast::REGIONS[usize::try_from(pick % 3).unwrap_or(0)];
        let own = self.order_db.orders.values().map(|standing| &standing.order);
        let own = own.filter(|order| order.provider_id == Some(actor.user_id)).map(|o| o.id).next();
        let body = self.body(actor, region, own, intent, pick);
        if intent == Intent::Publish {
            // The order's id is made by the service, so nobody knows it before.
            self.known.entry(region).or_default().pop();
        }
        self.asks(actor, body, false, pick);
    }

    /// A directed schedule names the order itself.
    pub fn asks(&mut self, actor: Actor, body: CommandBody, names_order: bool, pick: u64) {
        let id = CommandId(self.random.id());
        self.note(14, pick, |world| {
            let item = world.desk.items.len();
            format!("at the portal, request {item}: {}", body.name())
        });
        self.counts.tapped(body.name());
        let asking = Asking {
            id,
            actor,
            body,
            names_order,
            is_answered: false,
            waits: false,
            tries: 0,
            tried_order: None,
        };
        self.desk.items.push(asking);
        let item = self.desk.items.len() - 1;
        self.later(0, Event::DeskTries { item });
    }

    pub fn desk_tries(&mut self, item: usize) {
        if self.desk.items[item].is_answered {
            return;
        }
        let made = OrderId(self.random.id());
        let asking = &mut self.desk.items[item];
        asking.tries += 1;
        let mut body = asking.body.clone();
        if let CommandBody::PublishOrder { order_id, .. } = &mut body
            && !asking.names_order
        {
            // A repeat is given the id that the first one got.
            let known = self
                .order_db
                .commands
                .get(&(asking.id, Some(asking.actor.user_id)))
                .map(|answer| answer.order_id);
            asking.tried_order = known;
            *order_id = known.unwrap_or(made);
        }
        let command = wire::Command {
            id: asking.id,
            body,
            device: None,
            device_seq: None,
            tapped_at: None,
            trace: None,
        };
        let actor = Some(asking.actor);
        let attempt = rules::Attempt { command, actor, origin: rules::Origin::Portal };
        let requests = vec![rules::Request::Command(Box::new(attempt))];
        let asked = Asked { by: AskedBy::Desk { item }, requests, locks: false };
        let takes = self.soon(2, 20);
        self.later(takes, Event::Asks(Box::new(asked)));
        self.later(AGAIN_AFTER_MS, Event::DeskTries { item });
    }

    /// The order service's answer on its way to the person; for an accept that has to wait it asks the
    /// hub first. Mirrors `cloud/order/src/http/asks.rs` and `sync/hub/src/http/asks.rs`.
    pub fn answers_desk(&mut self, takes: u64, item: usize, decision: OpDecision) {
        if matches!(decision, OpDecision::Decided(_)) {
            let heard = Some(Box::new(decision));
            self.later(takes, Event::DeskHears { item, heard });
            return;
        }
        let asking = &self.desk.items[item];
        let (id, actor, body) = (asking.id, asking.actor, asking.body.clone());
        let standing = self.order_db.orders.get(&body.order_id());
        let up: Vec<usize> =
            (0..cast::REPLICA_COUNT).filter(|&r| self.replicas[r].is_running).collect();
        let (Some(standing), false) = (standing, up.is_empty()) else { return };
        let region = standing.order.location;
        let replica = *self.random.pick(&up);
        let now = at(self.now, self.replicas[replica].clock_error_ms);
        // Signed in at the portal for longer than any clock here is wrong.
        let token = tokens::issue(actor, at(self.now, 0).plus_ms(TOKEN_MS));
        let command =
            Command { id, body, device: None, device_seq: None, tapped_at: None, trace: None };
        let accept = Accept { command, token, actor, taken_at: now };
        let in_reach = self.holder_in_reach(region, now);
        let told = match self.sync_db.ask(region, accept, in_reach) {
            ToldToWait::Waits => {
                if let Some(holder) = self.sync_db.holder(region) {
                    self.nudge(replica, holder);
                }
                self.desk.items[item].waits = true;
                "202 pending"
            }
            ToldToWait::HolderAway => "409 region_assigning_offline",
            ToldToWait::IdReused => "409 command_id_reused",
        };
        let consumed = self.order_db.commands.contains_key(&(id, Some(actor.user_id)));
        self.oracle.waits_at_desk(self.now, id, consumed && !told.starts_with("202"));
        self.counts.waits_at_desk(told);
        self.note(19, item as u64, |_| format!("at the portal, request {item}: {told}"));
    }

    /// Nothing is heard when the service is out of reach.
    pub fn desk_hears(&mut self, item: usize, heard: Option<Box<OpDecision>>) {
        let Some(OpDecision::Decided(outcome)) = heard.map(|decision| *decision) else { return };
        let asking = &mut self.desk.items[item];
        if asking.is_answered {
            return;
        }
        let publishes = matches!(asking.body, CommandBody::PublishOrder { .. });
        let crossed = publishes
            && asking.tried_order.is_none()
            && outcome.code == Some(Code::CommandIdReused);
        if crossed {
            return;
        }
        asking.is_answered = true;
        let consumed =
            self.order_db.commands.contains_key(&(asking.id, Some(asking.actor.user_id)));
        if !asking.waits {
            self.oracle.told_at_desk(self.now, asking.id, &outcome, consumed);
        }
        let (id, actor, body) = (asking.id, asking.actor, asking.body.clone());
        self.counts.at_desk(&outcome);
        if let Some(answer) = self.order_db.commands.get(&(id, Some(actor.user_id))) {
            if publishes {
                self.known.entry(people_region(&body)).or_default().push(answer.order_id);
            }
            self.oracle.told(self.now, id, actor, &body, &outcome);
        }
        let says = words::outcome(&outcome);
        self.note(15, item as u64, |_| format!("at the portal, request {item}: {says}"));
    }
}

fn people_region(body: &CommandBody) -> wire::Region {
    match body {
        CommandBody::PublishOrder { order, .. } if is_here(order.location) => order.location,
        _ => people::draft(cast::REGIONS[0], 0).location,
    }
}
