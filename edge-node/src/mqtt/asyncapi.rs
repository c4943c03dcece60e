//! Describes the messages between tablets and an edge as an AsyncAPI 3 document, from the types and
//! topics that the edge itself uses. The document is `edge-node/asyncapi.json`.
//!
//! The application that it describes is a tablet: it sends commands and receives the rest.

mod examples;

use process::openapi::RouteDescription;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use wire::{CmdFrame, DeviceId, EdgeId, NameError, Region, Reply, UserId, topics};

use super::{
    connections::PACKET_BYTES_MAX,
    publisher::{Changes, LogHead, Presence},
};
use examples::{
    Example, ExampleError, changes_example, command_examples, decided_example, example_id,
    head_example, presence_example, reply_examples,
};

const ABOUT: &str = include_str!("asyncapi/about.md");
const REGION: Region = Region::North;
const EDGE: &str = "north-1";
const DEVICE: &str = "tablet-7";

/// One topic, and its message.
struct Channel {
    name: &'static str,
    title: &'static str,
    about: &'static str,
    topic: String,
    direction: Direction,
    is_retained: bool,
    readers: &'static str,
    writer: &'static str,
    message: Value,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Send,
    Receive,
}

impl Direction {
    fn as_str(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Receive => "receive",
        }
    }
}

/// The document. Fails only if an example is not of its type.
pub fn asyncapi_document() -> Result<Value, ExampleError> {
    let mut schemas = RouteDescription::default();
    let channels = describe_channels(&mut schemas)?;
    let mut described = Map::new();
    let mut operations = Map::new();
    let mut messages = Map::new();
    for channel in channels {
        let name = channel.name.to_owned();
        operations.insert(channel.operation_name(), channel.describe_operation());
        described.insert(name.clone(), channel.describe());
        messages.insert(name, channel.message);
    }
    Ok(json!({
        "asyncapi": "3.0.0",
        "id": "urn:holdfast:tablet",
        "info": {
            "title": "Holdfast tablet",
            "version": CmdFrame::VERSION.to_string(),
            "description": ABOUT,
            "license": { "name": "Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "servers": describe_servers(),
        "channels": described,
        "operations": operations,
        "components": {
            "messages": messages,
            "schemas": schemas.into_schemas(),
            "parameters": describe_parameters(),
            "securitySchemes": {
                "token": {
                    "type": "userPassword",
                    "description": "User name: the device. Password: the `edge_token` of \
                        `POST /session`; at an external broker the password that its operator \
                        gave to the device.",
                },
            },
        },
    }))
}

fn describe_servers() -> Value {
    let client = json!({ "mqtt": {
        "clientId": "the device, optionally with a dot and any suffix",
        "cleanSession": true, "keepAlive": 20, "maximumPacketSize": PACKET_BYTES_MAX,
        "bindingVersion": "0.2.0",
    } });
    let security = json!([{ "$ref": "#/components/securitySchemes/token" }]);
    let server = |host: &str, protocol: &str, about: &str| {
        json!({
            "host": host, "protocol": protocol, "protocolVersion": "3.1.1 and 5",
            "description": about, "security": security, "bindings": client,
        })
    };
    let mut websocket = server(
        "{host}:8100",
        "wss",
        "MQTT over WebSocket on the edge's HTTP port, sub-protocol `mqtt`; `ws` on localhost.",
    );
    websocket["pathname"] = json!("/mqtt");
    websocket["bindings"] = json!({});
    let mut servers = json!({
        "edge": server("{host}:8101", "secure-mqtt",
            "The broker within the edge. In plain text (`mqtt`) on localhost, or if an operator \
             allows it."),
        "websocket": websocket,
        "external": server("{host}:8883", "secure-mqtt",
            "An external broker, such as Mosquitto, if the shop has one."),
    });
    for server in servers
        .as_object_mut()
        .into_iter()
        .flat_map(Map::values_mut)
    {
        server["variables"] = json!({ "host": { "default": "127.0.0.1" } });
    }
    servers
}

fn describe_parameters() -> Value {
    let regions: Vec<String> = Region::ALL.iter().map(Region::to_string).collect();
    json!({
        "region": {
            "description": "The edge's region, from `GET /standing`.",
            "enum": regions,
        },
        "edge": {
            "description": "The edge's name, from `GET /standing`.",
            "examples": [EDGE],
        },
        "device": {
            "description": "The device's name: 1 to 40 of `A-Z`, `a-z`, `0-9`, `_` and `-`, made \
                once by the tablet and kept. Case counts.",
            "examples": [DEVICE],
        },
        "user": {
            "description": "The person's `user_id`, from `POST /session`.",
            "examples": [example_id(3).to_string()],
        },
    })
}

impl Channel {
    fn operation_name(&self) -> String {
        let name = self.name;
        let (first, rest) = name.split_at(1);
        format!("{}{}{rest}", self.direction.as_str(), first.to_uppercase())
    }

    fn describe(&self) -> Value {
        let names = ["region", "edge", "device", "user"];
        let used = names
            .iter()
            .filter(|name| self.topic.contains(&format!("{{{name}}}")));
        let parameters: Map<String, Value> = used
            .map(|name| {
                let reference = json!({ "$ref": format!("#/components/parameters/{name}") });
                ((*name).to_owned(), reference)
            })
            .collect();
        json!({
            "address": self.topic,
            "title": self.title,
            "description": self.about,
            "parameters": parameters,
            "messages": {
                self.name: { "$ref": format!("#/components/messages/{}", self.name) },
            },
            "x-publishers": self.writer,
            "x-subscribers": self.readers,
        })
    }

    fn describe_operation(&self) -> Value {
        let name = self.name;
        let mut operation = json!({
            "action": self.direction.as_str(),
            "title": self.title,
            "channel": { "$ref": format!("#/channels/{name}") },
            "messages": [{ "$ref": format!("#/channels/{name}/messages/{name}") }],
            "bindings": {
                "mqtt": { "qos": 1, "retain": self.is_retained, "bindingVersion": "0.2.0" },
            },
        });
        if self.direction == Direction::Send {
            operation["reply"] = json!({
                "channel": { "$ref": "#/channels/reply" },
                "messages": [{ "$ref": "#/channels/reply/messages/reply" }],
            });
        }
        operation
    }
}

/// The names in the examples, and in the topics until `template` replaces them.
struct ExampleNames {
    edge: EdgeId,
    device: DeviceId,
    user: UserId,
}

impl ExampleNames {
    fn new() -> Result<Self, NameError> {
        Ok(Self {
            edge: EdgeId::new(EDGE)?,
            device: DeviceId::new(DEVICE)?,
            user: UserId(example_id(3)),
        })
    }

    /// The topic with placeholders.
    fn template(&self, topic: &str) -> String {
        topic
            .replace(&REGION.to_string(), "{region}")
            .replace(EDGE, "{edge}")
            .replace(DEVICE, "{device}")
            .replace(&self.user.to_string(), "{user}")
    }
}

fn describe_channels(schemas: &mut RouteDescription) -> Result<Vec<Channel>, ExampleError> {
    let names = ExampleNames::new()?;
    let mut channels = describe_commands(&names, schemas)?;
    channels.extend(describe_state(&names, schemas)?);
    Ok(channels)
}

/// The topics of commands and their answers.
fn describe_commands(
    names: &ExampleNames,
    schemas: &mut RouteDescription,
) -> Result<Vec<Channel>, ExampleError> {
    Ok(vec![
        Channel {
            name: "command",
            title: "A command",
            about: "One act of a person. Its reply is in `reply`. Resend it until that is there.",
            topic: names.template(&topics::command_topic(REGION, &names.edge, &names.device)),
            direction: Direction::Send,
            is_retained: false,
            writer: "This device alone.",
            readers: "The edge alone.",
            message: describe_message::<CmdFrame>(schemas, "CmdFrame", command_examples()?),
        },
        Channel {
            name: "reply",
            title: "Replies to this device's commands",
            about: "At once what the edge did with a command, and later the cloud's decision. \
                Match by `command_id`; any order, any number of times.",
            topic: names.template(&topics::reply_topic(REGION, &names.edge, &names.device)),
            direction: Direction::Receive,
            is_retained: false,
            writer: "The edge alone.",
            readers: "This device alone.",
            message: describe_message::<Reply>(schemas, "Reply", reply_examples()?),
        },
        Channel {
            name: "provider",
            title: "Decisions on one person's commands",
            about: "The cloud's decisions on this person's commands, from any device of theirs.",
            topic: names.template(&topics::provider_topic(REGION, &names.edge, names.user)),
            direction: Direction::Receive,
            is_retained: false,
            writer: "The edge alone.",
            readers: "Devices on which this person is signed in. At an external broker only those \
                that its operator lists.",
            message: describe_message::<Reply>(schemas, "Decision", vec![decided_example()?]),
        },
    ])
}

/// The topics of the board and of the edge.
fn describe_state(
    names: &ExampleNames,
    schemas: &mut RouteDescription,
) -> Result<Vec<Channel>, ExampleError> {
    Ok(vec![
        Channel {
            name: "changes",
            title: "Changes of the board",
            about: "Orders that are open to every provider, and ids of those that no longer are. \
                Drop a message whose `feed_seq` is below the board's. Subscribe first, then read \
                `GET /board`; read it again after each connection.",
            topic: names.template(&topics::changes_topic(REGION, &names.edge)),
            direction: Direction::Receive,
            is_retained: false,
            writer: "The edge alone.",
            readers: "Providers and admins; customers are refused.",
            message: describe_message::<Changes<'_>>(
                schemas,
                "BoardChanges",
                vec![changes_example(&names.edge)?],
            ),
        },
        Channel {
            name: "head",
            title: "The end of the edge's log",
            about: "Another `nonce` or `epoch` means that the edge restarted: resend every command \
                without a decision.",
            topic: names.template(&topics::head_topic(REGION, &names.edge)),
            direction: Direction::Receive,
            is_retained: true,
            writer: "The edge alone.",
            readers: "Every signed-in device.",
            message: describe_message::<LogHead>(
                schemas,
                "LogHead",
                vec![head_example(&names.edge)?],
            ),
        },
        Channel {
            name: "presence",
            title: "Whether the edge is connected to its broker",
            about: "At an external broker `online` is false while the edge is away: its last will. \
                The embedded broker ends with the edge, so there it is always true. Without the \
                edge there are no replies; send by HTTP, or wait.",
            topic: names.template(&topics::presence_topic(REGION, &names.edge)),
            direction: Direction::Receive,
            is_retained: true,
            writer: "The edge, and the broker with the edge's last will.",
            readers: "Every signed-in device.",
            message: describe_message::<Presence>(
                schemas,
                "EdgePresence",
                vec![presence_example(&names.edge)?],
            ),
        },
    ])
}

fn describe_message<T: ToSchema>(
    schemas: &mut RouteDescription,
    name: &str,
    examples: Vec<Example>,
) -> Value {
    let payload = schemas.schema::<T>();
    let examples: Vec<Value> = examples
        .into_iter()
        .map(|example| {
            json!({
                "name": example.name, "summary": example.summary, "payload": example.payload,
            })
        })
        .collect();
    json!({
        "name": name,
        "contentType": "application/json",
        "payload": payload,
        "examples": examples,
    })
}
