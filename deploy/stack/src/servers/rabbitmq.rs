//! A RabbitMQ node with a private Erlang port mapper, which outlives it; the supervisor ends it.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use tokio::time::sleep;

use super::{Ground, ServerCertificate, TlsPlaces, port_of, write};
use crate::{Child, binaries, probe};

const NODE: &str = "holdfast@localhost";
/// A client's first bytes in AMQP 0-9-1.
const AMQP_HEADER: &[u8] = b"AMQP\x00\x00\x09\x01";
/// `guest:guest`, who may sign in from the loopback address only.
const GUEST: &str = "Basic Z3Vlc3Q6Z3Vlc3Q=";
/// The default of 5 s closes connections unanswered when the processors are busy for that long.
const MANAGEMENT_REQUEST: Duration = Duration::from_secs(60);

/// The last line of a node that locked itself up.
const FEATURE_FLAGS_WRITTEN: &str = "feature flag states written to disk: yes";
/// A node needs some seconds from there to its next line, also on busy processors.
const SILENCE_MAX: Duration = Duration::from_secs(30);
const LOCK_UPS_MAX: usize = 2;

pub(super) struct RabbitPorts {
    pub(super) amqp: u16,
    pub(super) api: u16,
    distribution: u16,
    mapper: u16,
}

impl RabbitPorts {
    pub(super) fn draw(ports: &mut crate::Ports) -> Result<Self> {
        Ok(Self {
            amqp: ports.free()?,
            api: ports.free()?,
            distribution: ports.free()?,
            mapper: ports.free()?,
        })
    }
}

pub(super) async fn start(ground: &Ground<'_>, ports: &RabbitPorts) -> Result<Child> {
    let program = binaries::rabbitmq()?;
    let folder = ground.folder_of("rabbitmq")?;
    write(&folder.join("none.conf"), "")?;
    write(&folder.join("enabled_plugins"), "[rabbitmq_management].\n")?;
    write(
        &folder.join("rabbitmq.conf"),
        &format!(
            "listeners.tcp.1 = 127.0.0.1:{}\nmanagement.tcp.ip = 127.0.0.1\n\
             management.tcp.port = {}\nmanagement.tcp.request_timeout = {}\n\
             log.console = true\nlog.file = false\n{}",
            ports.amqp,
            ports.api,
            MANAGEMENT_REQUEST.as_millis(),
            tls(ground)
        ),
    )?;
    let mut spec = ground.spec("rabbitmq", program, 10_000).dir(&folder);
    spec.env = environment(&folder, ports);
    ground.supervisor.spawn(spec).await
}

/// Settings of the TLS listener, if there is one.
fn tls(ground: &Ground<'_>) -> String {
    let settings = |tls: &TlsPlaces| {
        let ServerCertificate { chain, key } = &tls.certificate;
        format!(
            "listeners.ssl.1 = 127.0.0.1:{}\nssl_options.certfile = {}\nssl_options.keyfile = {}\n\
             ssl_options.verify = verify_none\n",
            tls.rabbitmq,
            chain.display(),
            key.display()
        )
    };
    ground.tls.as_ref().map(settings).unwrap_or_default()
}

/// Returns once it answers, and starts a locked-up node again.
pub(super) async fn ready(child: &Child, ports: &RabbitPorts) -> Result<()> {
    for _ in 0..LOCK_UPS_MAX {
        tokio::select! {
            answered = until_it_answers(child, ports) => return answered,
            () = until_locked_up(child.log()) => {
                let mut node = child.clone();
                node.kill9().await?;
                node.start().await?;
            }
        }
    }
    until_it_answers(child, ports).await
}

async fn until_it_answers(child: &Child, ports: &RabbitPorts) -> Result<()> {
    let amqp = ports.amqp;
    let api = &format!("http://127.0.0.1:{}", ports.api);
    probe::until(child, Duration::from_secs(90), || async move {
        // A ready node answers with a method frame (1) on channel 0.
        let answer = probe::first_words(amqp, AMQP_HEADER).await;
        answer.is_some_and(|frame| frame.starts_with(&[1, 0, 0]))
            && manage(api, "GET", "overview", "").await.is_ok()
    })
    .await
}

/// Returns once the node has logged nothing for a while after its feature flags. RabbitMQ 3.10
/// rarely deadlocks while it loads them: <https://github.com/rabbitmq/rabbitmq-server/pull/8112>.
async fn until_locked_up(log: &Path) {
    let mut logged = length_after_feature_flags(log);
    loop {
        sleep(SILENCE_MAX).await;
        let now = length_after_feature_flags(log);
        if now.is_some() && now == logged {
            return;
        }
        logged = now;
    }
}

/// The length of a log whose last line is about the loading of feature flags.
fn length_after_feature_flags(log: &Path) -> Option<usize> {
    let text = fs::read(log).ok()?;
    let text = String::from_utf8_lossy(&text);
    let last_line = text.lines().next_back()?;
    last_line
        .contains(FEATURE_FLAGS_WRITTEN)
        .then_some(text.len())
}

/// Sends a request to the management API at `api`, as the guest.
pub(crate) async fn manage(api: &str, method: &str, path: &str, body: &str) -> Result<()> {
    let length = body.len();
    let request = format!(
        "{method} /api/{path} HTTP/1.0\r\nAuthorization: {GUEST}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    let answer = probe::first_words(port_of(api)?, request.as_bytes()).await;
    let answer = answer.with_context(|| format!("RabbitMQ did not answer {method} {path}"))?;
    ensure!(
        answer.starts_with(b"HTTP/1.1 20"),
        "RabbitMQ answered {method} {path} with `{}`",
        String::from_utf8_lossy(&answer)
    );
    Ok(())
}

/// Returns once every quorum queue is in the node's register on disk. RabbitMQ 3.10 writes a new
/// queue's line half a second late, and a queue whose line a kill destroys never has a leader
/// again.
pub(super) async fn settled(child: &Child, folder: &Path) -> Result<()> {
    let quorum = folder.join("mnesia").join(NODE).join("quorum").join(NODE);
    let registered = || std::future::ready(all_registered(&quorum));
    probe::until(child, Duration::from_secs(30), registered).await
}

/// Each queue has a folder with its name in the register.
fn all_registered(quorum: &Path) -> bool {
    let Ok(register) = fs::read(quorum.join("names.dets")) else {
        return false;
    };
    let entries = fs::read_dir(quorum).into_iter().flatten().flatten();
    let queues = entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name());
    queues.into_iter().all(|queue| {
        let name = queue.as_encoded_bytes();
        register.windows(name.len()).any(|part| part == name)
    })
}

fn environment(folder: &Path, ports: &RabbitPorts) -> BTreeMap<String, String> {
    let at = |name: &str| folder.join(name).display().to_string();
    let cookie = "-setcookie holdfast".to_owned();
    // Idle schedulers sleep at once instead of spinning: other programs need the processors.
    let server_arguments = format!("{cookie} +sbwt none +sbwtdcpu none +sbwtdio none");
    BTreeMap::from([
        ("HOME".into(), folder.display().to_string()),
        // Part of its data: stays the same over restarts. The port mapper is private.
        ("RABBITMQ_NODENAME".into(), NODE.into()),
        ("RABBITMQ_NODE_IP_ADDRESS".into(), "127.0.0.1".into()),
        ("RABBITMQ_NODE_PORT".into(), ports.amqp.to_string()),
        ("RABBITMQ_DIST_PORT".into(), ports.distribution.to_string()),
        ("ERL_EPMD_PORT".into(), ports.mapper.to_string()),
        ("ERL_EPMD_ADDRESS".into(), "127.0.0.1".into()),
        ("RABBITMQ_MNESIA_BASE".into(), at("mnesia")),
        ("RABBITMQ_LOG_BASE".into(), at("log")),
        (
            "RABBITMQ_ENABLED_PLUGINS_FILE".into(),
            at("enabled_plugins"),
        ),
        ("RABBITMQ_CONFIG_FILE".into(), at("rabbitmq.conf")),
        ("RABBITMQ_CONF_ENV_FILE".into(), at("none.conf")),
        ("RABBITMQ_PID_FILE".into(), at("pid")),
        ("RABBITMQ_GENERATED_CONFIG_DIR".into(), at("gen")),
        (
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS".into(),
            server_arguments,
        ),
        ("RABBITMQ_CTL_ERL_ARGS".into(), cookie),
        // Without it the script stays in between and stops the node with a second Erlang machine.
        ("RUNNING_UNDER_SYSTEMD".into(), "true".into()),
    ])
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_node_that_is_silent_after_its_feature_flags_has_locked_up() {
        let mut log = tempfile::NamedTempFile::new().unwrap();
        writeln!(log, "Feature flags: {FEATURE_FLAGS_WRITTEN}\x1b[0m").unwrap();
        let waited = timeout(SILENCE_MAX * 2, until_locked_up(log.path())).await;
        assert!(waited.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_goes_on_has_not_locked_up() {
        let mut log = tempfile::NamedTempFile::new().unwrap();
        writeln!(log, "Feature flags: {FEATURE_FLAGS_WRITTEN}").unwrap();
        writeln!(log, "ra: starting system quorum_queues").unwrap();
        let waited = timeout(SILENCE_MAX * 10, until_locked_up(log.path())).await;
        assert!(waited.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_was_started_again_gets_its_time() {
        let mut log = tempfile::NamedTempFile::new().unwrap();
        writeln!(log, "Feature flags: {FEATURE_FLAGS_WRITTEN}").unwrap();
        let path = log.path().to_owned();
        let started_again = async {
            sleep(SILENCE_MAX / 2).await;
            writeln!(log, "Feature flags: {FEATURE_FLAGS_WRITTEN}").unwrap();
            std::future::pending().await
        };
        let watched = async {
            tokio::select! {
                () = until_locked_up(&path) => {}
                () = started_again => {}
            }
        };
        tokio::pin!(watched);
        let early = timeout(SILENCE_MAX + SILENCE_MAX / 2, &mut watched).await;
        assert!(early.is_err());
        let late = timeout(SILENCE_MAX, watched).await;
        assert!(late.is_ok());
    }
}
