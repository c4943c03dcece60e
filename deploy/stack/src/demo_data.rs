//! People and orders in both languages for a new platform, made through the public API.

use anyhow::{Context, Result};
use futures::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use wire::{OrderId, Region, Role};

use crate::admin::GatewaySession;

pub const ADMIN: &str = "admin";
/// Demo people stand behind the loopback address only, and their password is printed.
pub const PASSWORD: &str = "holdfast-demo";

/// Somebody that a person trying the platform can be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoPerson {
    pub role: Role,
    pub username: String,
    pub password: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
}

#[derive(Deserialize)]
struct Published {
    order_id: OrderId,
}

#[derive(Deserialize)]
struct Job {
    fate: Fate,
    /// The form of the customer, without the region: every region has every job.
    order: Map<String, Value>,
}

/// How far a demo order has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Fate {
    Published,
    Approved,
    Accepted,
}

const JOBS: &str = include_str!("../data/demo_jobs.json");

/// The admin, and a customer and a provider of each region.
pub fn sign_ins() -> Vec<DemoPerson> {
    let person = |role, username: String, region| DemoPerson {
        role,
        username,
        password: PASSWORD.to_owned(),
        region,
    };
    let mut everyone = vec![person(Role::Admin, ADMIN.to_owned(), None)];
    for role in [Role::Customer, Role::Provider] {
        everyone.extend(Region::ALL.map(|region| person(role, name(role, region), Some(region))));
    }
    everyone
}

pub async fn make(admin: &GatewaySession) -> Result<()> {
    let jobs: Vec<Job> = serde_json::from_str(JOBS).context("could not read the demo jobs")?;
    try_join_all(Region::ALL.map(|region| make_region(admin, region, &jobs))).await.map(drop)
}

async fn make_region(admin: &GatewaySession, region: Region, jobs: &[Job]) -> Result<()> {
    let customer = newcomer(admin, Role::Customer, region).await?;
    let provider = newcomer(admin, Role::Provider, region).await?;
    for job in jobs {
        let order = publish(&customer, region, job).await;
        let order = order.with_context(|| format!("could not publish {}", job.order["title"]))?;
        if job.fate >= Fate::Approved {
            act(admin, order, "approve").await?;
        }
        if job.fate >= Fate::Accepted {
            act(&provider, order, "accept").await?;
        }
    }
    Ok(())
}

async fn newcomer(anyone: &GatewaySession, role: Role, region: Region) -> Result<GatewaySession> {
    let username = name(role, region);
    let body = json!({
        "username": username, "email": format!("{username}@example.org"),
        "password": PASSWORD, "role": role.as_str(),
    });
    let made = anyone.post::<Value>("/api/v1/auth/register", &body).await;
    made.with_context(|| format!("could not register {username}"))?;
    Ok(anyone.sign_in(&username, PASSWORD).await?)
}

async fn publish(customer: &GatewaySession, region: Region, job: &Job) -> Result<OrderId> {
    let mut body = job.order.clone();
    body.insert("location".into(), json!(region));
    let published: Published = customer.post("/api/v1/orders", &body).await?;
    Ok(published.order_id)
}

async fn act(person: &GatewaySession, order: OrderId, action: &str) -> Result<()> {
    let path = format!("/api/v1/orders/{order}/{action}");
    let done = person.post::<Value>(&path, &json!({})).await;
    done.with_context(|| format!("could not {action} {order}")).map(drop)
}

fn name(role: Role, region: Region) -> String {
    format!("{}-{}", role.as_str(), region.as_str().to_lowercase())
}
