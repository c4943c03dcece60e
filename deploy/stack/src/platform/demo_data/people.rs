//! The people of the demo: all have names, and the admin has verified the providers.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result};
use process::tokens::TokenKeys;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::time::{sleep, timeout};
use wire::{Region, Role, UserId};

use crate::admin::GatewaySession;

const FILE: &str = include_str!("../../../data/demo_people.json");
const PROFILE: &str = "/api/v1/users/me/profile";
const SOON: Duration = Duration::from_secs(30);
/// A person may request a hundred tokens a minute.
const BETWEEN_LOOKS: Duration = Duration::from_millis(700);

#[derive(Deserialize)]
pub(super) struct DemoPeople {
    /// The admin's reason for verifying a provider.
    reason: String,
    /// The forms of their profiles, without the version.
    customers: BTreeMap<Region, Map<String, Value>>,
    providers: BTreeMap<Region, DemoProvider>,
}

#[derive(Deserialize)]
struct DemoProvider {
    profile: Map<String, Value>,
    certifications: Vec<Value>,
}

#[derive(Deserialize)]
struct KnownProfile {
    user_id: UserId,
    version: i64,
}

impl DemoPeople {
    pub(super) fn read() -> Result<Self> {
        serde_json::from_str(FILE).context("could not read the demo people")
    }

    /// Fills in the profile of a newly registered person. A provider's next sign-in shows that they
    /// are verified.
    pub(super) async fn introduce(
        &self,
        admin: &GatewaySession,
        person: &GatewaySession,
        (role, region): (Role, Region),
    ) -> Result<()> {
        if role == Role::Provider {
            let provider = &self.providers[&region];
            let named = name(person, &provider.profile, Some(region)).await?;
            self.verify(admin, person, named, &provider.certifications)
                .await?;
            return until_marked(person, region)
                .await
                .context("a provider was not verified in time");
        }
        name(person, &self.customers[&region], None).await.map(drop)
    }

    async fn verify(
        &self,
        admin: &GatewaySession,
        person: &GatewaySession,
        named: KnownProfile,
        certifications: &[Value],
    ) -> Result<()> {
        let form = json!({ "version": named.version, "items": certifications });
        let _certified: KnownProfile = person.put("/api/v1/users/me/certifications", &form).await?;
        let waits: KnownProfile = person
            .post("/api/v1/users/me/verification", &json!({}))
            .await?;
        let path = format!("/api/v1/admin/providers/{}/verify", waits.user_id);
        let decision = json!({ "version": waits.version, "reason": self.reason });
        let verified = admin.post::<Value>(&path, &decision).await;
        verified.context("could not verify a provider").map(drop)
    }
}

async fn name(
    person: &GatewaySession,
    profile: &Map<String, Value>,
    area: Option<Region>,
) -> Result<KnownProfile> {
    let blank: KnownProfile = person.get(PROFILE).await?;
    let mut form = profile.clone();
    form.insert("version".into(), json!(blank.version));
    if let Some(area) = area {
        form.insert("service_areas".into(), json!([area]));
    }
    person
        .put(PROFILE, &form)
        .await
        .context("could not save a profile")
}

/// Returns once a token of the person carries the verification.
async fn until_marked(person: &GatewaySession, region: Region) -> Result<()> {
    let jwks: Value = person.get("/.well-known/jwks.json").await?;
    let keys = TokenKeys::empty();
    keys.replace_key_set(&jwks.to_string())?;
    let looking = async {
        loop {
            let at_edge = person.at_edge(region, "").await?;
            if keys
                .read(at_edge.token())
                .is_ok_and(|claims| claims.verified)
            {
                return anyhow::Ok(());
            }
            sleep(BETWEEN_LOOKS).await;
        }
    };
    timeout(SOON, looking)
        .await
        .context("auth does not know it yet")?
}
