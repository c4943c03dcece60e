//! A second edge in a region, and second replicas of the cloud's parts.

use std::collections::BTreeMap;

use anyhow::Result;
use process::parts::CloudPart;
use wire::Region;

use super::{HEALTHY_MAX, Stack};
use crate::{
    Child,
    layout::EdgePlace,
    parts::{self, READY_MAX},
    probe,
};

/// The ports of a second replica.
#[derive(Debug, Clone, Copy)]
pub struct ReplicaPlace {
    pub port: u16,
    pub operator: u16,
}

impl Stack {
    /// Starts a second edge in a region, behind this gateway; returns once it is linked.
    pub async fn second_edge(&mut self, gateway_url: String, region: Region) -> Result<EdgePlace> {
        let ports = &mut self.layout.ports;
        let http = ports.free()?;
        let mqtt = ports.free()?;
        let ws = ports.free()?;
        let operator = ports.free()?;
        let edge = format!("{}-2", region.as_str().to_lowercase());
        let place = EdgePlace {
            region,
            edge,
            http,
            mqtt,
            ws,
            operator,
            gateway_url,
        };
        let code = self.enrolment_code(&place).await?;
        let spec = self.in_environment(parts::edge(&self.layout, &place, Some(code))?);
        let child = self.supervisor.spawn(spec).await?;
        probe::until(&child, READY_MAX, || probe::is_ready(http)).await?;
        self.healthy(HEALTHY_MAX).await?;
        Ok(place)
    }

    /// Starts a second replica of a part, with `peers` as the ports of its peers; returns its port
    /// once it is ready.
    pub async fn second_replica(
        &mut self,
        part: CloudPart,
        peers: &[(CloudPart, u16)],
    ) -> Result<u16> {
        let place = self.replica_place()?;
        let child = self.spawn_replica(part, place, peers).await?;
        probe::until(&child, READY_MAX, || probe::is_ready(place.port)).await?;
        Ok(place.port)
    }

    /// Starts a second replica of every part; returns their places once all are ready. The second
    /// gateway uses the second replicas, and each of those uses a random replica of each peer.
    pub async fn second_cloud(&mut self) -> Result<BTreeMap<CloudPart, ReplicaPlace>> {
        let mut places = BTreeMap::new();
        for part in CloudPart::ALL {
            places.insert(*part, self.replica_place()?);
        }
        let mut begun = Vec::new();
        for (part, place) in &places {
            let is_second = |_: &CloudPart| *part == CloudPart::Gateway || is_heads();
            let peers = CloudPart::behind_the_gateway().filter(is_second);
            let peers: Vec<_> = peers.map(|peer| (peer, places[&peer].port)).collect();
            begun.push((place.port, self.spawn_replica(*part, *place, &peers).await?));
        }
        for (port, child) in begun {
            probe::until(&child, READY_MAX, || probe::is_ready(port)).await?;
        }
        Ok(places)
    }

    fn replica_place(&mut self) -> Result<ReplicaPlace> {
        let ports = &mut self.layout.ports;
        Ok(ReplicaPlace {
            port: ports.free()?,
            operator: ports.free()?,
        })
    }

    async fn spawn_replica(
        &self,
        part: CloudPart,
        place: ReplicaPlace,
        peers: &[(CloudPart, u16)],
    ) -> Result<Child> {
        let spec = parts::second_replica(part, &self.layout, place.port, place.operator)?;
        let spec = self.users.sign_in(part, self.in_environment(spec));
        let spec = peers.iter().fold(spec, |spec, (peer, at)| {
            let name = format!("HOLDFAST__PEERS__{}", peer.name().to_uppercase());
            spec.env(&name, format!("http://127.0.0.1:{at}"))
        });
        self.supervisor.spawn(spec).await
    }
}

fn is_heads() -> bool {
    process::random::draw_bytes::<1>()[0].is_multiple_of(2)
}
