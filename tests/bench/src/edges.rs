//! The five edges: their commands, pending ops, memory, and the bytes on their wires.

use std::{fs, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use http::Method;
use platform::{sql::Sql, vals};
use process::{client::Client, clock::Clock, parts::CloudPart};
use stack::{Layout, Part, Stack};
use support::{Api, Person, Proxy, Wire};
use tokio::task::JoinSet;
use wire::{
    Amount, CmdFrame, CommandBody, CommandId, Currency, Draft, OrderId, Region, Reply, Role,
    ServiceType, Verdict,
};

/// The number of concurrent tablets at each edge.
const TABLETS: usize = 24;
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

pub(crate) struct Edges {
    each: Vec<Edge>,
    wires: Vec<Proxy>,
    sync_db: Sql,
}

struct Edge {
    region: Region,
    http: u16,
    customer: Person,
    file: Sql,
}

/// A separate wire between each edge and the gateway.
pub(crate) async fn wires(layout: &mut Layout) -> Result<Vec<Proxy>> {
    let gateway = format!("127.0.0.1:{}", layout.gateway);
    let mut wires = Vec::new();
    for place in &mut layout.edges {
        let wire = Proxy::to(&gateway).await?;
        place.gateway_url = format!("http://{}", wire.address());
        wires.push(wire);
    }
    Ok(wires)
}

impl Edges {
    pub(crate) async fn of(stack: &Stack, api: &Api, wires: Vec<Proxy>) -> Result<Self> {
        let mut each = Vec::new();
        for region in Region::ALL {
            let place = stack.layout().edge(region);
            let file = stack.layout().edge_folder(place).join("db").join("edge.db");
            let file = Sql::open(&format!("sqlite:{}", file.display())).await?;
            let customer = api.newcomer(Role::Customer).await?;
            let customer = api.at_edges(&customer, region).await?;
            each.push(Edge {
                region,
                http: place.http,
                customer,
                file,
            });
        }
        let stores = stack.stores().context("real stores")?;
        let sync_db = Sql::open(&stores.database_url(CloudPart::Hub)).await?;
        Ok(Self {
            each,
            wires,
            sync_db,
        })
    }

    pub(crate) fn set(&self, wire: Wire) {
        self.wires.iter().for_each(|proxy| proxy.set(wire));
    }

    /// Bytes sent up over all wires.
    pub(crate) fn carried(&self) -> usize {
        self.wires.iter().map(Proxy::carried).sum()
    }

    /// Sends `ops` commands in total, the same number from each tablet; returns the actual number.
    pub(crate) async fn fill(&self, ops: usize) -> Result<usize> {
        let mut tablets = JoinSet::new();
        let each = ops.div_ceil(self.each.len() * TABLETS);
        for edge in &self.each {
            let client = Client::new();
            for tablet in 0..TABLETS {
                let client = client.clone();
                let region = edge.region;
                let url = format!("http://127.0.0.1:{}/commands", edge.http);
                let token = Arc::new(edge.customer.token.clone());
                tablets.spawn(async move {
                    for n in 0..each {
                        send(&client, &url, region, &token, tablet * each + n).await?;
                    }
                    Ok::<usize, anyhow::Error>(each)
                });
            }
        }
        let mut taken = 0;
        while let Some(tablet) = tablets.join_next().await {
            taken += tablet??;
        }
        Ok(taken)
    }

    /// The number of edges with a command without an outcome.
    pub(crate) async fn waiting(&self) -> Result<usize> {
        let mut waiting = 0;
        for edge in &self.each {
            let text = "SELECT EXISTS (SELECT 1 FROM pending)";
            waiting += usize::from(edge.file.fetch_optional(text, vals![]).await? == Some(true));
        }
        Ok(waiting)
    }

    /// Ops stored at the hub.
    pub(crate) async fn received(&self) -> Result<usize> {
        const SUM: &str = "SELECT CAST(COALESCE(SUM(cursor_seq), 0) AS SIGNED) FROM edges";
        let sum: Option<i64> = self.sync_db.fetch_optional(SUM, vals![]).await?;
        sum.and_then(|sum| usize::try_from(sum).ok())
            .context("no edges")
    }

    /// The peak memory of each edge so far, in bytes.
    pub(crate) fn peaks(&self, stack: &Stack) -> Result<Vec<usize>> {
        self.each
            .iter()
            .map(|edge| {
                let pid = stack
                    .child(Part::Edge(edge.region))?
                    .pid()
                    .context("an edge has ended")?;
                let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
                let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
                let kib = line.and_then(|line| line.split_whitespace().next());
                Ok(kib.context("no VmHWM")?.parse::<usize>()? * 1024)
            })
            .collect()
    }
}

async fn send(client: &Client, url: &str, region: Region, token: &str, n: usize) -> Result<()> {
    let clock = Clock::system();
    let frame = CmdFrame {
        v: CmdFrame::VERSION,
        id: CommandId(clock.new_id()),
        device_seq: n as u64 + 1,
        tapped_at: clock.now(),
        seen: None,
        receipt: None,
        repeat: false,
        token: token.to_owned(),
        body: publish(&clock, region, n)?,
    };
    let reply: Reply = client
        .send_json(Method::POST, url, None, Some(&frame), ANSWER_WITHIN)
        .await?;
    if reply.verdict == Verdict::NotTaken {
        bail!("not taken: {reply:?}");
    }
    Ok(())
}

fn publish(clock: &Clock, region: Region, n: usize) -> Result<CommandBody> {
    let order = Draft {
        title: format!("Job {n}"),
        description: String::new(),
        service_type: ServiceType::Other,
        price: Amount::from_minor(12_050).map_err(|error| anyhow::anyhow!("{error:?}"))?,
        currency: Currency::Cny,
        location: region,
        address: "1 Harbour Road".into(),
        service_start_time: None,
        service_end_time: None,
        start_code: None,
        photos: Vec::new(),
    };
    Ok(CommandBody::PublishOrder {
        order_id: OrderId(clock.new_id()),
        order,
    })
}
