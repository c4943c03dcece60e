//! Every part in one process: peers are each other's routers, and only the gateway listens.

use axum::Router;
use platform::{Ground, keys, upstream::Upstream};

use crate::{
    ground::{self, part_of},
    parts, run,
    settings::Settings,
};

pub async fn run(settings: Settings) -> anyhow::Result<()> {
    let _held = ground::hold_data(&settings)?;
    let bind = settings.gateway.bind.clone();
    let ground = ground::open(&settings.platform).await?;
    let opening = Box::pin(open(settings, ground.clone()));
    run::run(&bind, ground, opening).await
}

/// Opens the parts in the order in which they need each other; they stop in the opposite order.
async fn open(settings: Settings, ground: Ground) -> anyhow::Result<Router> {
    parts::migrate(&settings).await?;
    let auth = auth::open(settings.auth, part_of(&ground), auth::Peers {}).await?;
    let auth = Upstream::local(auth);
    keys::follow(&ground.tasks, &ground.keys, auth.clone());

    // The order service and the hub ask each other.
    let (hub, hub_opening) = Upstream::later();
    let order = order::open(settings.order, part_of(&ground), order::Peers { hub }).await?;
    let order = Upstream::local(order);

    let peers = notification::Peers {};
    let notification = notification::open(settings.notification, part_of(&ground), peers).await?;
    let notification = Upstream::local(notification);

    let peers = hub::Peers { order: order.clone(), auth: auth.clone() };
    let hub = Upstream::local(hub::open(settings.hub, part_of(&ground), peers).await?);
    hub_opening.opened(&hub);

    let peers = gateway::Peers { auth, order, notification, hub };
    Ok(gateway::open(settings.gateway, part_of(&ground), peers).await?)
}
