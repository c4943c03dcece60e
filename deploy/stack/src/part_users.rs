//! The user of each part on each server in production, made by the scripts of `deploy/docker` and
//! named in the URLs of `docker-compose.yml`.
//!
//! Invariant: after `make`, the bus, the cache and the documents admit only these users.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use mongodb::{Client, bson::doc};
use process::parts::{CloudPart, StoreKind};
use tokio::process::Command;

use crate::{
    Spec,
    layout::make_inside,
    probe,
    servers::{Addresses, port_of, rabbitmq},
};

const COMPOSE: &str = include_str!("../../../docker-compose.yml");
const PASSWORDS: &str = include_str!("../../docker/passwords.sh");
const DATABASES: &str = include_str!("../../docker/databases.sql");
const DOCUMENTS: &str = include_str!("../../docker/mongodb-users.js");
const BUS: &str = include_str!("../../docker/rabbitmq.sh");
const CACHE: &str = include_str!("../../docker/redis.sh");
/// The last commands of the scripts; skipped because the servers already run here.
const STARTERS: [&str; 2] = ["docker-entrypoint.sh", "redis-server"];
const ROOT: &str = "root";

/// The sign-in URLs of each part, by setting name. Empty if the servers admit any client.
#[derive(Debug, Default)]
pub struct PartUsers(BTreeMap<CloudPart, BTreeMap<String, String>>);

impl PartUsers {
    /// Makes all users on servers without any.
    pub(crate) async fn make(folder: &Path, servers: &Addresses) -> Result<Self> {
        let scripts = Scripts::write(folder).await?;
        make_sql_users(servers, &scripts.passwords).await?;
        make_document_users(servers, &scripts.passwords).await?;
        make_bus_users(
            servers,
            &scripts.make_file("rabbitmq.sh", "definitions.json").await?,
        )
        .await?;
        make_cache_users(servers, &scripts.make_file("redis.sh", "users.acl").await?).await?;
        let parts = CloudPart::ALL.iter();
        let urls = parts.map(|part| (*part, urls_of(*part, servers, &scripts.passwords)));
        Ok(Self(urls.collect()))
    }

    /// The sign-in URL of a part, by the end of its setting's name: `BUS_URL`, `CACHE_URL`,
    /// `SQL_URL` or `DOCUMENTS_URL`.
    pub fn url(&self, part: CloudPart, setting: &str) -> Option<&str> {
        let urls = self.0.get(&part)?;
        urls.iter()
            .find(|(name, _)| name.ends_with(setting))
            .map(|(_, url)| url.as_str())
    }

    pub(crate) fn sign_in(&self, part: CloudPart, mut spec: Spec) -> Spec {
        spec.env
            .extend(self.0.get(&part).into_iter().flatten().map(owned));
        spec
    }

    /// Signs in as every part at its store, as a migration of all schemas requires.
    pub(crate) fn sign_in_to_stores(&self, mut spec: Spec) -> Spec {
        let of_a_store = |name: &String| !name.starts_with("HOLDFAST__PLATFORM__");
        let urls = self
            .0
            .values()
            .flatten()
            .filter(|(name, _)| of_a_store(name));
        spec.env.extend(urls.map(owned));
        spec
    }
}

fn owned((name, url): (&String, &String)) -> (String, String) {
    (name.clone(), url.clone())
}

/// The scripts in a separate folder, with passwords from the first of them.
struct Scripts {
    folder: PathBuf,
    passwords: BTreeMap<String, String>,
}

impl Scripts {
    async fn write(servers: &Path) -> Result<Self> {
        let folder = servers.join("users");
        make_inside(&folder)?;
        for (name, text) in [
            ("passwords.sh", PASSWORDS),
            ("rabbitmq.sh", BUS),
            ("redis.sh", CACHE),
        ] {
            fs::write(folder.join(name), text).context("could not write a script")?;
        }
        for name in STARTERS {
            let path = folder.join(name);
            fs::write(&path, "#!/bin/sh\n").context("could not write a script")?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700))?;
        }
        let mut scripts = Self {
            folder,
            passwords: BTreeMap::new(),
        };
        let made = scripts.run_script("passwords.sh").await?;
        let made = made.lines().filter_map(|line| line.split_once('='));
        scripts.passwords = made
            .map(|(name, word)| (name.to_owned(), word.to_owned()))
            .collect();
        Ok(scripts)
    }

    /// Runs one script, and returns the file it makes for its server.
    async fn make_file(&self, script: &str, file: &str) -> Result<String> {
        self.run_script(script).await?;
        fs::read_to_string(self.folder.join(file))
            .with_context(|| format!("{script} did not create {file}"))
    }

    async fn run_script(&self, script: &str) -> Result<String> {
        let path = std::env::var("PATH").unwrap_or_default();
        let ran = Command::new("bash")
            .arg(self.folder.join(script))
            .envs(&self.passwords)
            .env("PATH", format!("{}:{path}", self.folder.display()))
            .env("TMPDIR", &self.folder)
            .output();
        let ran = ran
            .await
            .with_context(|| format!("could not run {script}"))?;
        let wrong = String::from_utf8_lossy(&ran.stderr);
        ensure!(ran.status.success(), "{script}: {wrong}");
        Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
    }
}

fn password<'a>(passwords: &'a BTreeMap<String, String>, name: &str) -> Result<&'a str> {
    let word = passwords.get(&format!("{name}_PASSWORD"));
    word.map(String::as_str)
        .with_context(|| format!("`passwords.sh` creates no password for {name}"))
}

async fn make_sql_users(servers: &Addresses, passwords: &BTreeMap<String, String>) -> Result<()> {
    let mut statements = String::new();
    let with_tables = CloudPart::ALL
        .iter()
        .filter(|part| matches!(part.store(), StoreKind::Sql(_)));
    for name in with_tables.map(|part| part.name()) {
        let word = password(passwords, &format!("{}_SQL", name.to_uppercase()))?;
        statements += &format!("SET @{name}_password = '{word}'; ");
    }
    let port = port_of(&servers.mysql)?.to_string();
    let ran = Command::new("mariadb")
        .args([
            "--protocol=tcp",
            "--host=127.0.0.1",
            "--port",
            &port,
            "--user",
            ROOT,
        ])
        .args(["--batch", "--execute", &(statements + DATABASES)])
        .output();
    let ran = ran.await.context("could not run the client of MariaDB")?;
    ensure!(
        ran.status.success(),
        "MariaDB: {}",
        String::from_utf8_lossy(&ran.stderr)
    );
    Ok(())
}

/// Normally the server's client runs the script; here another client applies its roles.
async fn make_document_users(
    servers: &Addresses,
    passwords: &BTreeMap<String, String>,
) -> Result<()> {
    let line = DOCUMENTS
        .lines()
        .find_map(|line| line.strip_prefix("const roles = "));
    let roles = line
        .context("mongodb-users.js does not define the roles")?
        .trim_end_matches(';');
    let roles: Vec<String> =
        serde_json::from_str(roles).context("could not parse the roles of mongodb-users.js")?;
    let port = port_of(&servers.mongodb)?;
    let word = password(passwords, "MONGODB_ROOT")?;
    // Before its first user, the server lets localhost create one.
    let first = Client::with_uri_str(format!("{}/?directConnection=true", servers.mongodb)).await?;
    let root = doc! { "createUser": ROOT, "pwd": word, "roles": [ROOT] };
    first
        .database("admin")
        .run_command(root)
        .await
        .context("MongoDB did not create the root user")?;
    let url = format!("mongodb://{ROOT}:{word}@127.0.0.1:{port}/admin?directConnection=true");
    let root = Client::with_uri_str(url).await?;
    for part in CloudPart::ALL {
        let StoreKind::Documents(own) = part.store() else {
            continue;
        };
        let name = part.name();
        let word = password(passwords, &format!("{}_DOCUMENTS", name.to_uppercase()))?;
        let roles: Vec<_> = roles
            .iter()
            .map(|role| doc! { "role": role, "db": own })
            .collect();
        let user = doc! { "createUser": name, "pwd": word, "roles": roles };
        root.database(own)
            .run_command(user)
            .await
            .context("MongoDB did not create a user")?;
    }
    Ok(())
}

/// A server that starts with definitions makes no guest, so delete the guest after loading them.
async fn make_bus_users(servers: &Addresses, definitions: &str) -> Result<()> {
    let api = &servers.rabbitmq_api;
    rabbitmq::manage(api, "POST", "definitions", definitions).await?;
    rabbitmq::manage(api, "DELETE", "users/guest", "").await
}

async fn make_cache_users(servers: &Addresses, users: &str) -> Result<()> {
    let port = port_of(&servers.redis)?;
    // The nameless default user goes last: it makes the others.
    let (nameless, named): (Vec<_>, Vec<_>) = users
        .lines()
        .filter_map(|line| line.strip_prefix("user "))
        .partition(|user| user.starts_with("default "));
    for user in named.into_iter().chain(nameless) {
        let answer = probe::first_words(port, format!("ACL SETUSER {user}\r\n").as_bytes()).await;
        let answer = answer.unwrap_or_default();
        ensure!(
            answer.starts_with(b"+OK"),
            "Redis: {}",
            String::from_utf8_lossy(&answer)
        );
    }
    Ok(())
}

/// The URLs of the part's service in `docker-compose.yml`, with these servers' addresses.
fn urls_of(
    part: CloudPart,
    servers: &Addresses,
    passwords: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let head = format!("  {}:", part.name());
    let service = COMPOSE.lines().skip_while(|line| *line != head).skip(1);
    let service = service.take_while(|line| line.is_empty() || line.starts_with("    "));
    let settings = service.filter_map(|line| line.trim().split_once(": "));
    let urls = settings.filter(|(name, value)| name.ends_with("_URL") && value.contains('@'));
    urls.map(|(name, value)| {
        // An anchor precedes it.
        let url = value.rsplit(' ').next().unwrap_or(value);
        (
            name.to_owned(),
            with_server_addresses(with_passwords(url, passwords), servers),
        )
    })
    .collect()
}

fn with_passwords(url: &str, passwords: &BTreeMap<String, String>) -> String {
    passwords.iter().fold(url.to_owned(), |url, (name, word)| {
        url.replace(&format!("${{{name}:?}}"), word)
    })
}

fn with_server_addresses(url: String, servers: &Addresses) -> String {
    let places = [
        ("@mariadb:3306", &servers.mysql),
        ("@mongodb:27017", &servers.mongodb),
        ("@rabbitmq:5672", &servers.rabbitmq),
        ("@redis:6379", &servers.redis),
    ];
    places.into_iter().fold(url, |url, (there, here)| {
        let here =
            port_of(here).map_or_else(|_| there.to_owned(), |port| format!("@127.0.0.1:{port}"));
        url.replace(there, &here)
    })
}
