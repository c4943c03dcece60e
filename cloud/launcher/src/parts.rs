//! One part in a process of its own: it finds bus, stores and peers by their addresses, and refuses a
//! store that `migrate` has not brought up to date.

use std::io::BufRead;

use anyhow::{Context, bail};
use axum::Router;
use platform::{Ground, keys, upstream::Upstream};

use crate::{
    ground::{self, part_of},
    run,
    settings::{Peers, Settings},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Gateway,
    Auth,
    Order,
    Notification,
    Hub,
}

pub async fn run(part: Part, settings: Settings) -> anyhow::Result<()> {
    if settings.platform.bus_url.reveal().starts_with("embedded:") {
        bail!(
            "`platform.bus_url`: an embedded bus is for `all`, where one process has all the parts; \
             name a broker, such as amqp://127.0.0.1:5672/%2f"
        );
    }
    let bind = bind(part, &settings).to_owned();
    let ground = ground::open(&settings.platform).await?;
    let opening = Box::pin(open(part, settings, ground.clone()));
    run::run(&bind, ground, opening).await
}

fn bind(part: Part, settings: &Settings) -> &str {
    match part {
        Part::Gateway => &settings.gateway.bind,
        Part::Auth => &settings.auth.bind,
        Part::Order => &settings.order.bind,
        Part::Notification => &settings.notification.bind,
        Part::Hub => &settings.hub.bind,
    }
}

async fn open(part: Part, settings: Settings, ground: Ground) -> anyhow::Result<Router> {
    let peers = Remote::of(&settings.peers, &ground)?;
    keys::follow(&ground.tasks, &ground.keys, peers.auth.clone());
    let own = part_of(&ground);
    Ok(match part {
        Part::Auth => auth::open(settings.auth, own, auth::Peers {}).await?,
        Part::Order => order::open(settings.order, own, order::Peers { hub: peers.hub }).await?,
        Part::Notification => {
            notification::open(settings.notification, own, notification::Peers {}).await?
        }
        Part::Hub => {
            let peers = hub::Peers { order: peers.order, auth: peers.auth };
            hub::open(settings.hub, own, peers).await?
        }
        Part::Gateway => {
            let Remote { auth, order, notification, hub } = peers;
            let peers = gateway::Peers { auth, order, notification, hub };
            gateway::open(settings.gateway, own, peers).await?
        }
    })
}

/// The other parts, in their own processes.
struct Remote {
    auth: Upstream,
    order: Upstream,
    notification: Upstream,
    hub: Upstream,
}

impl Remote {
    fn of(peers: &Peers, ground: &Ground) -> anyhow::Result<Self> {
        let at = |base: &str, key: &'static str| {
            Upstream::remote(base, &ground.tasks).with_context(|| format!("`peers.{key}`"))
        };
        Ok(Self {
            auth: at(&peers.auth, "auth")?,
            order: at(&peers.order, "order")?,
            notification: at(&peers.notification, "notification")?,
            hub: at(&peers.hub, "hub")?,
        })
    }
}

/// Brings every store up to date. Safe to repeat, and to run beside parts of the version before.
pub async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    auth::migrate(&settings.auth).await?;
    order::migrate(&settings.order).await?;
    notification::migrate(&settings.notification).await?;
    hub::migrate(&settings.hub).await?;
    tracing::info!("every store is up to date");
    Ok(())
}

/// Nobody can register as an admin; whoever may run this beside the database makes the first.
pub async fn bootstrap_admin(settings: &Settings, username: &str) -> anyhow::Result<()> {
    let mut password = String::new();
    std::io::stdin().lock().read_line(&mut password).context("could not read the password")?;
    let password = password.trim_end_matches(['\r', '\n']).to_owned();
    let user = auth::bootstrap_admin(&settings.auth, username, password).await?;
    println!("{user}");
    Ok(())
}
