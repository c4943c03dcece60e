//! The portal: people whose requests go straight to the order service, with an `Idempotency-Key`,
//! retried under the same key until they are answered.

use wire::{Actor, Code, Command, CommandBody, CommandId, ForwardedAccept, OrderId};

use super::{World, WorldEvent, messages::DeskReply, orders::is_here, people, words};
use crate::{
    cast,
    cloud::{
        DecisionRequest, Requester, at,
        sync_db::{PortalAsk, WaitNotice},
    },
    plan::Intent,
    tokens,
};

#[derive(Default)]
pub(crate) struct PortalDesk {
    pub items: Vec<DeskItem>,
}

pub(crate) struct DeskItem {
    pub id: CommandId,
    pub actor: Actor,
    pub body: CommandBody,
    names_order: bool,
    pub is_answered: bool,
    tries: u32,
    /// The order id already stored at the last try; if `None`, another try may cross it.
    tried_order: Option<OrderId>,
}

const AGAIN_AFTER_MS: u64 = 2_000;
const TOKEN_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

impl World {
    pub(crate) fn at_desk(&mut self, drawn: usize, intent: Intent, pick: u64) {
        let intent = if intent == Intent::ReuseId {
            Intent::Accept
        } else {
            intent
        };
        let person = self.fitting_person(drawn, intent);
        let actor = cast::at_desk(person);
        let region = cast::REGIONS[usize::try_from(pick % 3).unwrap_or(0)];
        let own = self
            .order_db
            .orders
            .values()
            .map(|standing| &standing.order);
        let own = own
            .filter(|order| order.provider_id == Some(actor.user_id))
            .map(|o| o.id)
            .next();
        let body = self.body(actor, region, own, intent, pick);
        if intent == Intent::Publish {
            // The service makes the order's id, so it is unknown until then.
            self.known.entry(region).or_default().pop();
        }
        self.asks(actor, body, false, pick);
    }

    /// A directed schedule names the order itself.
    pub(crate) fn asks(&mut self, actor: Actor, body: CommandBody, names_order: bool, pick: u64) {
        let id = CommandId(self.random.id());
        self.note(14, pick, |world| {
            let item = world.desk.items.len();
            format!("at the portal, request {item}: {}", body.name())
        });
        self.counts.tapped(body.name());
        let asking = DeskItem {
            id,
            actor,
            body,
            names_order,
            is_answered: false,
            tries: 0,
            tried_order: None,
        };
        self.desk.items.push(asking);
        let item = self.desk.items.len() - 1;
        self.later(0, WorldEvent::DeskTries { item });
    }

    pub(crate) fn desk_tries(&mut self, item: usize) {
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
            // A repeat gets the first try's id.
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
        let attempt = rules::Attempt {
            command,
            actor,
            verification: None,
            origin: rules::Origin::Portal,
        };
        let requests = vec![rules::Submission::Command(Box::new(attempt))];
        let by = Requester::Desk {
            item,
            last_look: None,
        };
        let locks = matches!(self.desk.items[item].body, CommandBody::SendMessage { .. });
        let asked = DecisionRequest {
            by,
            submissions: requests,
            locks,
            asked_at: self.now,
        };
        let takes = self.soon(2, 20);
        self.later(takes, WorldEvent::Asks(Box::new(asked)));
        self.later(AGAIN_AFTER_MS, WorldEvent::DeskTries { item });
    }

    pub(crate) fn is_decided_at_desk(&self, item: usize) -> bool {
        let asking = &self.desk.items[item];
        self.order_db
            .commands
            .contains_key(&(asking.id, Some(asking.actor.user_id)))
    }

    /// Sends the order service's answer to the person.
    pub(crate) fn answers_desk(&mut self, takes: u64, item: usize, heard: DeskReply) {
        let id = self.desk.items[item].id;
        self.oracle
            .told_at_desk(self.now, id, &heard.outcome, heard.consumes);
        self.later(
            takes,
            WorldEvent::DeskHears {
                item,
                heard: Some(Box::new(heard)),
            },
        );
    }

    /// An accept has to wait: the order service queries the hub, and checks again if the hub did
    /// not take it. Mirrors `cloud/order/src/handlers/commands.rs`, `actions.rs` and
    /// `sync/hub/src/handlers/internal.rs`.
    pub(crate) fn asks_holder(
        &mut self,
        takes: u64,
        request: &DecisionRequest,
        item: usize,
        last_look: Option<bool>,
    ) {
        if let Some(was_decided) = last_look {
            let id = self.desk.items[item].id;
            self.oracle.not_taken_at_desk(self.now, id, was_decided);
            return self.waits_at_desk(item, "409 region_assigning_offline");
        }
        match self.asks_hub(item) {
            None => {}
            Some(WaitNotice::Waits) => self.waits_at_desk(item, "202 pending"),
            Some(WaitNotice::IdReused) => self.waits_at_desk(item, "409 command_id_reused"),
            Some(WaitNotice::HolderAway) => {
                let by = Requester::Desk {
                    item,
                    last_look: Some(self.is_decided_at_desk(item)),
                };
                let asked = DecisionRequest {
                    by,
                    locks: false,
                    ..request.clone()
                };
                self.later(takes, WorldEvent::Asks(Box::new(asked)));
            }
        }
    }

    /// `None` if no replica is running.
    fn asks_hub(&mut self, item: usize) -> Option<WaitNotice> {
        let asking = &self.desk.items[item];
        let id = asking.id;
        let actor = asking.actor;
        let body = asking.body.clone();
        let region = self.order_db.orders.get(&body.order_id())?.order.location;
        let up: Vec<usize> = (0..cast::REPLICA_COUNT)
            .filter(|&r| self.replicas[r].is_running)
            .collect();
        if up.is_empty() {
            return None;
        }
        let replica = *self.random.pick(&up);
        let now = at(self.now, self.replicas[replica].clock_error_ms);
        // The token lasts longer than any clock error here.
        let token = tokens::issue(actor, at(self.now, 0).plus_ms(TOKEN_MS));
        let command = Command {
            id,
            body,
            device: None,
            device_seq: None,
            tapped_at: None,
            trace: None,
        };
        let accept = ForwardedAccept {
            region,
            command,
            actor,
            token,
        };
        let in_reach = self.holder_in_reach(region, now);
        let told = self.sync_db.ask(
            PortalAsk {
                accept,
                taken_at: now,
            },
            in_reach,
        );
        if let (WaitNotice::Waits, Some(holder)) = (told, self.sync_db.holder(region)) {
            self.nudge(replica, holder);
        }
        Some(told)
    }

    fn waits_at_desk(&mut self, item: usize, told: &'static str) {
        self.counts.waits_at_desk(told);
        self.note(19, item as u64, |_| {
            format!("at the portal, request {item}: {told}")
        });
    }

    /// `None` means that the service is unreachable.
    pub(crate) fn desk_hears(&mut self, item: usize, heard: Option<Box<DeskReply>>) {
        let Some(DeskReply {
            outcome,
            consumes,
            was_decided,
        }) = heard.map(|heard| *heard)
        else {
            return;
        };
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
        let id = asking.id;
        let actor = asking.actor;
        let body = asking.body.clone();
        self.counts.at_desk(&outcome);
        let answer = self.order_db.commands.get(&(id, Some(actor.user_id)));
        if let (true, Some(answer)) = (publishes, answer) {
            self.known
                .entry(people_region(&body))
                .or_default()
                .push(answer.order_id);
        }
        // A temporary refusal is not an outcome: the person may have retried meanwhile.
        if consumes || was_decided {
            self.oracle.told(self.now, id, actor, &body, &outcome);
        }
        let says = words::outcome(&outcome);
        self.note(15, item as u64, |_| {
            format!("at the portal, request {item}: {says}")
        });
    }
}

fn people_region(body: &CommandBody) -> wire::Region {
    match body {
        CommandBody::PublishOrder { order, .. } if is_here(order.location) => order.location,
        _ => people::draft(cast::REGIONS[0], 0).location,
    }
}
