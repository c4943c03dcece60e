//! The examples in the document, each made as the type that the edge itself uses.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;
use wire::{
    BootNonce, CmdFrame, CommandBody, CommandId, EdgeId, NameError, Order, OrderId, Region, Reply,
};

use super::super::publisher::{Changes, LogHead, Presence};
use crate::store::BoardItem;

/// An example that is not of its type.
#[derive(Debug, thiserror::Error)]
pub enum ExampleError {
    #[error("an example is not of its type")]
    Type(#[from] serde_json::Error),
    #[error("an example has an invalid name")]
    Name(#[from] NameError),
}

pub(super) struct Example {
    pub name: &'static str,
    pub summary: &'static str,
    pub payload: Value,
}

impl Example {
    fn new(
        name: &'static str,
        summary: &'static str,
        payload: impl Serialize,
    ) -> Result<Self, ExampleError> {
        Ok(Self {
            name,
            summary,
            payload: serde_json::to_value(payload)?,
        })
    }
}

/// Ids of the examples.
pub(super) fn example_id(n: u8) -> Uuid {
    Uuid::from_u128(0x0193_a1c2_7b1e_7d3a_9a52_0000_0000_0000 + u128::from(n))
}

fn read_example<T: DeserializeOwned>(text: &str) -> Result<T, ExampleError> {
    Ok(serde_json::from_str(text)?)
}

/// The `device_seq` of the first of these; `command.json` has 12.
const FIRST_STEP: u8 = 13;

pub(super) fn command_examples() -> Result<Vec<Example>, ExampleError> {
    let first: CmdFrame = read_example(include_str!("command.json"))?;
    let mut again = first.clone();
    again.receipt = stored_reply()?.receipt;
    let mut examples = vec![
        Example::new("first", "An accept, as it is first sent", &first)?,
        Example::new("again", "The same, resent with its receipt", again)?,
    ];
    let steps: Vec<OrderStep> = serde_json::from_str(include_str!("steps.json"))?;
    for (n, step) in (FIRST_STEP..).zip(steps) {
        let frame = CmdFrame {
            id: CommandId(example_id(n)),
            device_seq: u64::from(n),
            body: step.body,
            ..first.clone()
        };
        examples.push(Example::new(step.name, step.summary, frame)?);
    }
    Ok(examples)
}

/// A later action on an order, as an example.
#[derive(Deserialize)]
struct OrderStep {
    name: &'static str,
    summary: &'static str,
    body: CommandBody,
}

fn stored_reply() -> Result<Reply, ExampleError> {
    read_example(include_str!("stored.json"))
}

pub(super) fn reply_examples() -> Result<Vec<Example>, ExampleError> {
    let refused: Reply = read_example(include_str!("refused.json"))?;
    Ok(vec![
        Example::new(
            "stored",
            "On the edge's disk; the cloud decides",
            stored_reply()?,
        )?,
        Example::new(
            "refused",
            "Nothing was stored: sign in, then resend",
            refused,
        )?,
        decided_example()?,
    ])
}

pub(super) fn decided_example() -> Result<Example, ExampleError> {
    let decided: Reply = read_example(include_str!("decided.json"))?;
    Example::new(
        "decided",
        "The cloud has decided: the command is over",
        decided,
    )
}

pub(super) fn changes_example(edge: &EdgeId) -> Result<Example, ExampleError> {
    let order: Order = read_example(include_str!("order.json"))?;
    let changes = Changes {
        edge,
        region: Region::North,
        feed_seq: 1_208,
        items: vec![BoardItem {
            order,
            pending: false,
        }],
        gone: vec![OrderId(example_id(9))],
    };
    Example::new("changes", "One order is open, another no longer", changes)
}

pub(super) fn head_example(edge: &EdgeId) -> Result<Example, ExampleError> {
    let head = LogHead {
        edge: edge.clone(),
        region: Region::North,
        epoch: 1,
        nonce: BootNonce([7; 16]),
        seq: 42,
        suspect: false,
        twin: false,
        cut_off_since: None,
    };
    Example::new("head", "The link is up", head)
}

pub(super) fn presence_example(edge: &EdgeId) -> Result<Example, ExampleError> {
    let presence = Presence {
        edge: edge.clone(),
        online: false,
    };
    Example::new("away", "The edge is away", presence)
}
