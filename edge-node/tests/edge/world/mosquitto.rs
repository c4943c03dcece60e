//! A Mosquitto with the configuration of `docs/operate.md`, over TLS for the edge and for clients
//! that trust its authority; the plain listener on loopback is for clients without TLS.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use holdfast_edge::{Config, MqttKind};
use support::Authority;

use super::{free, until};

const OPERATE: &str = include_str!("../../../../docs/operate.md");
const EDGE: &str = "edge-north-1";
/// Devices with a password.
const DEVICES: [&str; 5] = ["t-1", "t-2", "t-5", "Tab-1", "tab-1"];

pub(crate) struct Mosquitto {
    folder: tempfile::TempDir,
    ports: BrokerPorts,
    child: Child,
}

#[derive(Clone, Copy)]
struct BrokerPorts {
    tls: u16,
    /// Demands a certificate of the client.
    mutual: u16,
    plain: u16,
}

/// The password of that user at the broker.
pub(crate) fn broker_password(user: &str) -> String {
    format!("password of {user}")
}

/// The block of the document after that comment.
fn documented(name: &str) -> String {
    let marker = format!("<!-- {name} -->\n```conf\n");
    let (_, rest) = OPERATE.split_once(&marker).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

impl Mosquitto {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ports = BrokerPorts {
            tls: free().port(),
            mutual: free().port(),
            plain: free().port(),
        };
        write_files(folder.path(), ports);
        let child = spawn(folder.path());
        let broker = Self {
            folder,
            ports,
            child,
        };
        broker.await_listener().await;
        broker
    }

    async fn await_listener(&self) {
        until("Mosquitto", || async {
            tokio::net::TcpStream::connect(self.plain()).await.ok()
        })
        .await;
    }

    /// For clients without TLS.
    pub(crate) fn plain(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.plain).into()
    }

    pub(crate) fn tls_port(&self) -> u16 {
        self.ports.tls
    }

    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// The settings of an edge that uses this broker.
    pub(crate) fn configure(&self, config: Config) -> Config {
        Config {
            mqtt: MqttKind::External,
            broker_url: format!("mqtts://localhost:{}", self.ports.tls),
            broker_user: EDGE.to_owned(),
            broker_password: broker_password(EDGE).into(),
            broker_roots: self.authority(),
            ..config
        }
    }

    /// The settings of an edge at the listener that demands a certificate.
    pub(crate) fn configure_mutual(&self, config: Config) -> Config {
        Config {
            broker_url: format!("mqtts://localhost:{}", self.ports.mutual),
            ..self.configure(config)
        }
    }

    /// A certificate that the broker accepts, and its key.
    pub(crate) fn client_certificate(&self) -> [PathBuf; 2] {
        ["broker.pem", "broker.key"].map(|name| self.folder.path().join(name))
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) async fn start_again(&mut self) {
        self.child = spawn(self.folder.path());
        self.await_listener().await;
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn write_files(folder: &Path, ports: BrokerPorts) {
    let BrokerPorts { tls, mutual, plain } = ports;
    let authority = Authority::new().unwrap();
    let identity = authority.server("localhost").unwrap();
    std::fs::write(folder.join("authority.pem"), authority.pem()).unwrap();
    std::fs::write(folder.join("broker.pem"), identity.certificate).unwrap();
    std::fs::write(folder.join("broker.key"), identity.key).unwrap();
    std::fs::write(folder.join("holdfast.acl"), documented("mosquitto.acl")).unwrap();
    write_passwords(&folder.join("holdfast.passwords"));
    let here = format!("{}/", folder.display());
    let config = documented("mosquitto.conf")
        .replace("/etc/mosquitto/certs/", &here)
        .replace("/etc/mosquitto/", &here)
        .replace("listener 8883", &format!("listener {tls} 127.0.0.1"));
    // As root it would become a user who cannot read this folder.
    let config = format!(
        "user root\n{config}\nlistener {plain} 127.0.0.1\n\
         listener {mutual} 127.0.0.1\nrequire_certificate true\ncafile {here}authority.pem\n\
         certfile {here}broker.pem\nkeyfile {here}broker.key\n"
    );
    std::fs::write(folder.join("mosquitto.conf"), config).unwrap();
}

fn write_passwords(file: &Path) {
    let users = DEVICES.iter().chain([&EDGE]);
    let lines: Vec<String> = users
        .map(|user| format!("{user}:{}\n", broker_password(user)))
        .collect();
    std::fs::write(file, lines.concat()).unwrap();
    let hashed = Command::new("mosquitto_passwd")
        .arg("-U")
        .arg(file)
        .output();
    assert!(hashed.unwrap().status.success());
}

fn spawn(folder: &Path) -> Child {
    Command::new("/usr/sbin/mosquitto")
        .arg("-c")
        .arg(folder.join("mosquitto.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}
