//! Demo people and orders in both languages for a new platform: created through the public API and
//! worked on at the regional nodes and in the portal, with money, reviews, objections, and one real
//! collision.

mod jobs;
mod node;
mod paid_work;
mod people;

use anyhow::{Context, Result};
use futures::future::try_join_all;
use serde::Deserialize;
use serde_json::{Value, json};
use wire::{CommandBody, GateState, OrderId, PaymentStatus, Region, Role};

use super::Stack;
use crate::{
    admin::GatewaySession,
    layout::EdgePlace,
    sign_ins::{PASSWORD, SECOND_ADMIN, user_name},
};
use jobs::{Fate, Jobs};
use node::NodeSession;
use paid_work::PaidJob;
use people::DemoPeople;

/// Its node is cut off while two providers accept the same job.
const COLLISION: Region = Region::Mid;

#[derive(Deserialize)]
struct Published {
    order_id: OrderId,
}

pub(super) async fn make(stack: &Stack) -> Result<()> {
    stack.bootstrap(SECOND_ADMIN).await?;
    let admin = stack.admin().await?;
    let jobs = Jobs::read()?;
    let people = DemoPeople::read()?;
    let edges = &stack.layout().edges;
    try_join_all(
        edges
            .iter()
            .map(|place| make_region(&admin, place, &jobs, &people)),
    )
    .await?;
    collide(stack, &admin, &jobs)
        .await
        .context("could not run the collision")
}

async fn make_region(
    admin: &GatewaySession,
    place: &EdgePlace,
    jobs: &Jobs,
    people: &DemoPeople,
) -> Result<()> {
    let region = place.region;
    allow_unpaid_start(admin, region).await?;
    let customer = newcomer(admin, people, Role::Customer, region).await?;
    let provider = newcomer(admin, people, Role::Provider, region).await?;
    let mut paid = Vec::new();
    for (fate, job) in jobs.of(region) {
        let published: Published = customer
            .post("/api/v1/orders", &job)
            .await
            .with_context(|| format!("could not publish {}", job["title"]))?;
        let order_id = published.order_id;
        match fate {
            Fate::Published => {}
            Fate::Rejected => {
                act(
                    admin,
                    order_id,
                    "reject",
                    &json!({ "reason": jobs.rejection }),
                )
                .await?
            }
            _ => act(admin, order_id, "approve", &json!({})).await?,
        }
        match fate {
            Fate::Accepted => {
                act(&provider, order_id, "accept", &json!({})).await?;
                talk(&customer, &provider, order_id, jobs.talk_of(region)).await?;
            }
            Fate::Cancelled => act(&customer, order_id, "cancel", &json!({})).await?,
            Fate::Started | Fate::Completed | Fate::Held | Fate::Reviewed | Fate::Objected => {
                paid.push(PaidJob {
                    order_id,
                    price: job["price"].clone(),
                    fate,
                });
            }
            Fate::Published | Fate::Rejected | Fate::Approved => {}
        }
    }
    let (at_node, in_portal): (Vec<_>, Vec<_>) = paid
        .into_iter()
        .partition(|job| matches!(job.fate, Fate::Started | Fate::Completed));
    paid_work::do_in_portal(&customer, &provider, jobs, region, &in_portal).await?;
    paid_work::accept_and_pay(&customer, &provider, &at_node).await?;
    let node = NodeSession::at(place, &provider).await?;
    work_cut_off(admin, region, node, &at_node, &jobs.note).await
}

/// The provider works at a node without the cloud, which learns of it later.
async fn work_cut_off(
    admin: &GatewaySession,
    region: Region,
    mut node: NodeSession,
    jobs: &[PaidJob],
    note: &str,
) -> Result<()> {
    for job in jobs {
        node.has(job.order_id, PaymentStatus::Held).await?;
    }
    admin
        .set_gate(region, GateState::Closed)
        .await
        .context("could not cut off a node")?;
    node.is_cut_off().await?;
    for job in jobs {
        let note = (job.fate == Fate::Completed).then(|| note.to_owned());
        node.work(job.order_id, note).await?;
    }
    admin
        .set_gate(region, GateState::Open)
        .await
        .context("could not reconnect a node")?;
    node.is_decided().await
}

/// Lets visitors start a job at a tablet that they have not paid as its customer.
async fn allow_unpaid_start(admin: &GatewaySession, region: Region) -> Result<()> {
    let rules = json!({ "rules": { "unpaid_start": true, "approval": null } });
    let path = format!("/api/v1/admin/assignments/{region}");
    let done = admin.put::<Value>(&path, &rules).await;
    done.with_context(|| format!("could not allow {region} to start unpaid work"))
        .map(drop)
}

/// One provider accepts a job at a node that is cut off, another accepts it in the portal.
async fn collide(stack: &Stack, admin: &GatewaySession, jobs: &Jobs) -> Result<()> {
    let place = stack
        .layout()
        .edges
        .iter()
        .find(|place| place.region == COLLISION);
    let place = place.context("the region has no node")?;
    let customer = admin
        .sign_in(&user_name(Role::Customer, COLLISION), PASSWORD)
        .await?;
    let offline = admin
        .sign_in(&user_name(Role::Provider, COLLISION), PASSWORD)
        .await?;
    let online = admin
        .sign_in(&user_name(Role::Provider, Region::East), PASSWORD)
        .await?;
    let mut node = NodeSession::at(place, &offline).await?;
    let Published { order_id } = customer
        .post("/api/v1/orders", &jobs.disputed(COLLISION))
        .await?;
    act(admin, order_id, "approve", &json!({})).await?;
    node.has(order_id, PaymentStatus::Unpaid).await?;
    stack.cut(COLLISION).await?;
    node.command(CommandBody::AcceptOrder { order_id }).await?;
    act(&online, order_id, "accept", &json!({})).await?;
    stack.heal(COLLISION).await
}

/// The customer and the provider write to each other, and both read it.
async fn talk(
    customer: &GatewaySession,
    provider: &GatewaySession,
    order: OrderId,
    [question, reply]: &[String; 2],
) -> Result<()> {
    let path = format!("/api/v1/orders/{order}/messages");
    for (number, (writer, reader, text)) in [
        (1, (customer, provider, question)),
        (2, (provider, customer, reply)),
    ] {
        let sent = writer.post::<Value>(&path, &json!({ "text": text })).await;
        sent.context("could not write a message")?;
        let read = json!({ "number": number });
        let read = reader.put::<Value>(&format!("{path}/read"), &read).await;
        read.context("could not read a message")?;
    }
    Ok(())
}

/// A new person with a profile; a provider is verified, and their session shows it.
async fn newcomer(
    admin: &GatewaySession,
    people: &DemoPeople,
    role: Role,
    region: Region,
) -> Result<GatewaySession> {
    let username = user_name(role, region);
    let body = json!({
        "username": username, "email": format!("{username}@example.org"),
        "password": PASSWORD, "role": role.as_str(),
    });
    let made = admin.post::<Value>("/api/v1/auth/register", &body).await;
    made.with_context(|| format!("could not register {username}"))?;
    let blank = admin.sign_in(&username, PASSWORD).await?;
    people.introduce(admin, &blank, (role, region)).await?;
    Ok(admin.sign_in(&username, PASSWORD).await?)
}

async fn act(person: &GatewaySession, order: OrderId, action: &str, body: &Value) -> Result<()> {
    let path = format!("/api/v1/orders/{order}/{action}");
    let done = person.post::<Value>(&path, body).await;
    done.with_context(|| format!("could not {action} {order}"))
        .map(drop)
}
