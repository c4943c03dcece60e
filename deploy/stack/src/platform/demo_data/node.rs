//! A provider's tablet at a regional node, over HTTP.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use process::clock::Clock;
use serde::Deserialize;
use tokio::time::{sleep, timeout};
use wire::{CmdFrame, Code, CommandBody, CommandId, OrderId, PaymentStatus, Reply, Verdict};

use crate::{admin::GatewaySession, layout::EdgePlace};

const SOON: Duration = Duration::from_secs(30);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

pub(super) struct NodeSession {
    session: GatewaySession,
    clock: Clock,
    device_seq: u64,
}

#[derive(Deserialize)]
struct Board {
    items: Vec<BoardItem>,
}

#[derive(Deserialize)]
struct BoardItem {
    id: OrderId,
    /// It depends on something that the cloud has not decided.
    pending: bool,
    payment_status: PaymentStatus,
}

#[derive(Deserialize)]
struct Standing {
    link: Link,
}

#[derive(Deserialize)]
struct Link {
    up: bool,
}

impl NodeSession {
    pub(super) async fn at(place: &EdgePlace, provider: &GatewaySession) -> Result<Self> {
        let address = format!("http://127.0.0.1:{}", place.http);
        let session = provider.at_edge(place.region, &address).await;
        let session = session.context("could not get a provider's token for the node")?;
        Ok(Self {
            session,
            clock: Clock::system(),
            device_seq: 0,
        })
    }

    /// Starts the job, and completes it if there is a note.
    pub(super) async fn work(&mut self, order_id: OrderId, note: Option<String>) -> Result<()> {
        self.command(CommandBody::StartOrder {
            order_id,
            start_code: None,
            photos: Vec::new(),
        })
        .await?;
        if note.is_some() {
            self.command(CommandBody::CompleteOrder {
                order_id,
                note,
                evidence: None,
            })
            .await?;
        }
        Ok(())
    }

    /// Returns once the node's feed has brought the order with that payment status.
    pub(super) async fn has(&self, order: OrderId, payment: PaymentStatus) -> Result<()> {
        let what = format!("{order}, {payment}, is at its node");
        self.until(&what, |board, _| {
            board
                .items
                .iter()
                .any(|item| item.id == order && item.payment_status == payment)
        })
        .await
    }

    /// Returns once the node has noticed that it is cut off.
    pub(super) async fn is_cut_off(&self) -> Result<()> {
        self.until("the node is cut off", |_, standing| !standing.link.up)
            .await
    }

    /// Returns once the cloud has decided everything done at the node.
    pub(super) async fn is_decided(&self) -> Result<()> {
        self.until("the work at the node is decided", |board, standing| {
            standing.link.up && board.items.iter().all(|item| !item.pending)
        })
        .await
    }

    async fn until(&self, what: &str, holds: impl Fn(&Board, &Standing) -> bool) -> Result<()> {
        let looking = async {
            loop {
                let board: Board = self.session.get("/board").await?;
                let standing: Standing = self.session.get("/standing").await?;
                if holds(&board, &standing) {
                    return anyhow::Ok(());
                }
                sleep(BETWEEN_LOOKS).await;
            }
        };
        timeout(SOON, looking)
            .await
            .with_context(|| format!("never: {what}"))?
    }

    pub(super) async fn command(&mut self, body: CommandBody) -> Result<()> {
        self.device_seq += 1;
        let what = body.name();
        let frame = CmdFrame {
            v: CmdFrame::VERSION,
            id: CommandId(self.clock.new_id()),
            device_seq: self.device_seq,
            tapped_at: self.clock.now(),
            seen: None,
            receipt: None,
            repeat: false,
            token: self.session.token().to_owned(),
            body,
        };
        let reply: Reply = self.session.post("/commands", &frame).await?;
        if matches!(reply.verdict, Verdict::NotTaken) || reply.code == Some(Code::LooksUnpaid) {
            bail!("the node refused {what}: {:?}", reply.code);
        }
        Ok(())
    }
}
