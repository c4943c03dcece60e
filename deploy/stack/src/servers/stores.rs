//! The stores of one platform: on servers of its own, or among those of other platforms.

use anyhow::Result;
use platform::sql;
use process::{
    parts::{CloudPart, StoreKind},
    random,
};

use super::{Addresses, rabbitmq};

/// The default virtual host `/` in an address.
const DEFAULT_HOST: &str = "%2f";

/// The addresses of one platform's databases and virtual host.
#[derive(Debug, Clone)]
pub struct PlatformStores {
    servers: Addresses,
    /// Tells this platform's stores from others on the same servers.
    name: Option<String>,
}

impl PlatformStores {
    /// On servers that no other platform uses.
    pub(crate) fn alone(servers: Addresses) -> Self {
        Self {
            servers,
            name: None,
        }
    }

    /// Creates databases and a virtual host for a platform among others.
    pub(crate) async fn among_others(servers: Addresses) -> Result<Self> {
        let name = format!("p{:x}", u64::from_le_bytes(random::draw_bytes()));
        let stores = Self {
            servers,
            name: Some(name),
        };
        for part in CloudPart::behind_the_gateway() {
            if let StoreKind::Sql(_) = part.store() {
                sql::create_database(&stores.database_url(part)).await?;
            }
        }
        stores.create_virtual_host().await?;
        Ok(stores)
    }

    pub fn servers(&self) -> &Addresses {
        &self.servers
    }

    /// # Panics
    /// If the part has no database.
    pub fn database_url(&self, part: CloudPart) -> String {
        let server = match part.store() {
            StoreKind::Sql(_) => &self.servers.mysql,
            StoreKind::Documents(_) => &self.servers.mongodb,
            StoreKind::Nothing => panic!("{part} has no database"),
        };
        format!("{server}/{}", self.database_name(part))
    }

    /// # Panics
    /// If the part has no database.
    pub fn database_name(&self, part: CloudPart) -> String {
        let (StoreKind::Sql(database) | StoreKind::Documents(database)) = part.store() else {
            panic!("{part} has no database");
        };
        match &self.name {
            Some(name) => format!("{database}_{name}"),
            None => database.to_owned(),
        }
    }

    pub fn bus_url(&self) -> String {
        format!("{}/{}", self.servers.rabbitmq, self.virtual_host())
    }

    /// The virtual host as it stands in an address.
    pub fn virtual_host(&self) -> &str {
        self.name.as_deref().unwrap_or(DEFAULT_HOST)
    }

    async fn create_virtual_host(&self) -> Result<()> {
        let api = &self.servers.rabbitmq_api;
        let host = self.virtual_host();
        let everything = r#"{"configure":".*","write":".*","read":".*"}"#;
        rabbitmq::manage(api, "PUT", &format!("vhosts/{host}"), "{}").await?;
        rabbitmq::manage(api, "PUT", &format!("permissions/{host}/guest"), everything).await
    }
}
