//! A MongoDB replica set of one, because transactions and change streams require a replica set.
//!
//! For tests and development only: the pinned wheel's server is out of support.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use anyhow::{Context, Result};
use mongodb::{
    Client,
    bson::{Document, doc},
};

use super::{Access, Ground, write};
use crate::{Child, binaries, probe};

const SET: &str = "rs0";

pub(super) async fn start(ground: &Ground<'_>, port: u16) -> Result<Child> {
    let program = binaries::mongod()?;
    let folder = ground.folder_of("mongodb")?;
    let spec = ground
        .spec("mongodb", program, 5_000)
        .args(["--dbpath".to_owned(), folder.display().to_string()])
        .args([
            "--bind_ip",
            "127.0.0.1",
            "--port",
            &port.to_string(),
            "--nounixsocket",
        ])
        .args([
            "--replSet",
            SET,
            "--oplogSize",
            "16",
            "--wiredTigerCacheSizeGB",
            "0.25",
        ])
        .args(["--wiredTigerEngineConfigString", "log=(file_max=8MB)"])
        .args(["--networkMessageCompressors", "disabled"])
        .args(["--setParameter", "diagnosticDataCollectionEnabled=false"])
        .args([
            "--setParameter",
            "ttlMonitorSleepSecs=1",
            "--setParameter",
            "enableTestCommands=1",
        ])
        .args(tls(ground, &folder)?)
        .args(key_file(ground, &folder)?);
    ground.supervisor.spawn(spec).await
}

/// Also accepts plain connections, and needs its certificate and key in one file.
fn tls(ground: &Ground<'_>, folder: &Path) -> Result<Vec<String>> {
    let Some(tls) = &ground.tls else {
        return Ok(Vec::new());
    };
    let read = |path: &Path| {
        fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))
    };
    let both = folder.join("identity.pem");
    write(
        &both,
        &(read(&tls.certificate.chain)? + &read(&tls.certificate.key)?),
    )?;
    let both = both.display().to_string();
    Ok(["--tlsMode", "preferTLS", "--tlsCertificateKeyFile", &both]
        .map(str::to_owned)
        .into())
}

/// The key that authenticates members of the set; it also turns on authentication for all clients.
fn key_file(ground: &Ground<'_>, folder: &Path) -> Result<Vec<String>> {
    if ground.access == Access::Anybody {
        return Ok(Vec::new());
    }
    let path = folder.join("replica.key");
    write(&path, "the only member has nobody to tell it to")?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))
        .with_context(|| format!("could not restrict access to {}", path.display()))?;
    Ok(vec!["--keyFile".to_owned(), path.display().to_string()])
}

pub(super) async fn ready(child: &Child, port: u16) -> Result<()> {
    probe::until(child, Duration::from_secs(60), || probe::accepts(port)).await?;
    let client = Client::with_uri_str(format!("mongodb://127.0.0.1:{port}/?directConnection=true"))
        .await
        .context("could not create a MongoDB client")?;
    name_the_only_member(&client, port).await?;
    let client = &client;
    probe::until(child, Duration::from_secs(60), || is_primary(client)).await
}

/// A new data folder has no set yet; a kept one may list its member under the port of another run.
async fn name_the_only_member(client: &Client, port: u16) -> Result<()> {
    let admin = client.database("admin");
    let host = format!("127.0.0.1:{port}");
    let set = doc! { "_id": SET, "members": [{ "_id": 0, "host": &host }] };
    let command = match admin.run_command(doc! { "replSetGetConfig": 1 }).await {
        Err(_) => doc! { "replSetInitiate": set },
        Ok(answer) if member_of(&answer) == Some(&host) => return Ok(()),
        Ok(answer) => {
            let version = answer
                .get_document("config")
                .and_then(|c| c.get_i32("version"));
            let mut set = set;
            set.insert("version", version.unwrap_or(1) + 1);
            doc! { "replSetReconfig": set, "force": true }
        }
    };
    admin
        .run_command(command)
        .await
        .context("could not set up the MongoDB replica set")?;
    Ok(())
}

fn member_of(answer: &Document) -> Option<&str> {
    let members = answer
        .get_document("config")
        .ok()?
        .get_array("members")
        .ok()?;
    members.first()?.as_document()?.get_str("host").ok()
}

async fn is_primary(client: &Client) -> bool {
    let hello = client
        .database("admin")
        .run_command(doc! { "hello": 1 })
        .await;
    hello.is_ok_and(|answer| answer.get_bool("isWritablePrimary").unwrap_or(false))
}
