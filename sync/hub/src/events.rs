//! What the hub takes from the bus: orders, and how a region assigns, become changes of their region's
//! feed, ended sessions and revoked people changes of every feed.

use platform::{
    bus::QueueSpec,
    consume::{Handle, HandleError, consume},
};
use serde::Deserialize;
use wire::{AssignmentEvent, Event, EventType, Exchange, OrderEvent, UserEvent};

use crate::{
    hub::Hub,
    store::{Fed, Revoked},
};

const QUEUE: QueueSpec =
    QueueSpec::new("hub_feed", &[(Exchange::Order, "order.*"), (Exchange::Auth, "user.*")]);

pub(crate) fn start(hub: &Hub, bus: &platform::bus::Bus) {
    consume(&hub.tasks, bus, QUEUE, Feeder(hub.clone()));
}

struct Feeder(Hub);

impl Handle for Feeder {
    async fn handle(&self, event: &Event) -> Result<(), HandleError> {
        let fed = match event.kind.exchange() {
            Exchange::Order if event.kind == EventType::RegionAssigned => {
                self.assigned(event).await?
            }
            Exchange::Order => self.order(event).await?,
            Exchange::Auth
                if matches!(event.kind, EventType::SessionRevoked | EventType::UserRevoked) =>
            {
                self.revoked(event).await?
            }
            Exchange::Auth | Exchange::User | Exchange::Payment | Exchange::Review => Fed::Known,
        };
        if fed == Fed::Added {
            self.0.regions.refresh(&self.0.store).await?;
        }
        // Also where it was fed before: whoever fed it may have died before it could say so.
        if event.kind == EventType::RegionAssigned {
            self.0.wake.hand_in_again();
        }
        Ok(())
    }

    /// Orders are what piles up; anything else is taken by itself, and so are those beside it.
    async fn handle_run(&self, run: &[&Event]) -> Result<bool, HandleError> {
        let mut orders = Vec::with_capacity(run.len());
        for event in run {
            let is_order =
                event.kind.exchange() == Exchange::Order && event.kind != EventType::RegionAssigned;
            match OrderEvent::deserialize(&event.body) {
                Ok(told) if is_order => orders.push((event.id, told.order)),
                _ => return Ok(false),
            }
        }
        let added = self.0.store.feed_orders(&orders, self.0.clock.now()).await?;
        if added.is_some_and(|added| added > 0) {
            self.0.regions.refresh(&self.0.store).await?;
        }
        Ok(added.is_some())
    }
}

impl Feeder {
    async fn order(&self, event: &Event) -> Result<Fed, HandleError> {
        let OrderEvent { order, .. } = OrderEvent::deserialize(&event.body)?;
        let fed = self.0.store.feed_order(event, &order, self.0.clock.now()).await?;
        if fed == Fed::Contradicted {
            let (id, version) = (order.id, order.version);
            tracing::error!(order.id = %id, version, "Order `{id}` came with other content");
            self.0.store.note_contradiction(order.location, self.0.clock.now()).await?;
        }
        Ok(fed)
    }

    async fn assigned(&self, event: &Event) -> Result<Fed, HandleError> {
        let AssignmentEvent { region, assignment } = serde_json::from_value(event.body.clone())?;
        let fed =
            self.0.store.feed_assignment(event, region, &assignment, self.0.clock.now()).await?;
        if fed == Fed::Added {
            let holder = assignment.holder.as_ref().map_or("nobody", wire::EdgeId::as_str);
            let (policy, fence) = (assignment.policy.as_str(), assignment.fence);
            tracing::info!(%region, policy, holder, fence, "How {region} assigns has changed");
        }
        Ok(fed)
    }

    async fn revoked(&self, event: &Event) -> Result<Fed, HandleError> {
        let UserEvent { user_id, session_id, .. } = serde_json::from_value(event.body.clone())?;
        let whom = match (event.kind, session_id) {
            (EventType::UserRevoked, _) => Revoked::Person(user_id),
            (_, Some(session)) => Revoked::Session(session),
            (_, None) => return Err(HandleError::poison("a revocation without its session")),
        };
        Ok(self.0.store.feed_revoked(event, whom, self.0.clock.now()).await?)
    }
}
