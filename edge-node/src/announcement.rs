//! Announces the edge in its shop's network by mDNS: its address under `EDGE.local`, and its service
//! `_holdfast._tcp` for programs that look for an edge.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use mdns_sd::{DaemonEvent, IfKind, Receiver, ServiceDaemon, ServiceInfo};
use tokio::time;
use tokio_util::sync::CancellationToken;

use crate::store::EdgeIdentity;

const SERVICE: &str = "_holdfast._tcp.local.";

/// The port of mDNS.
pub(crate) const MDNS_PORT: u16 = 5353;

/// How long a stop waits until the goodbye is sent.
const GOODBYE_WITHIN: Duration = Duration::from_secs(1);

/// An announced edge. The library's thread answers queries until `run_until_stopped` ends.
pub(crate) struct Announcement {
    daemon: ServiceDaemon,
    events: Receiver<DaemonEvent>,
    /// The service's name, with which it is withdrawn.
    full_name: String,
}

impl Announcement {
    /// `at` is the address of the edge's HTTP listener.
    pub(crate) fn start(
        identity: &EdgeIdentity,
        at: SocketAddr,
        mdns_port: u16,
    ) -> Result<Self, mdns_sd::Error> {
        let service = describe_service(identity, at)?;
        let full_name = service.get_fullname().to_owned();
        let daemon = ServiceDaemon::new_with_port(mdns_port)?;
        let events = daemon.monitor()?;
        if at.ip().is_loopback() {
            daemon.enable_interface(vec![IfKind::LoopbackV4, IfKind::LoopbackV6])?;
        }
        daemon.register(service)?;
        Ok(Self {
            daemon,
            events,
            full_name,
        })
    }

    /// Logs problems until `stop`, then announces to the network that the edge is gone.
    pub(crate) async fn run_until_stopped(self, stop: CancellationToken) {
        loop {
            let event = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                event = self.events.recv_async() => event,
            };
            match event {
                Ok(DaemonEvent::NameChange(change)) => tracing::warn!(
                    name = change.original,
                    taken = change.new_name,
                    "Another machine in this network already has this edge's name"
                ),
                Ok(DaemonEvent::Error(error)) => {
                    tracing::debug!(%error, "mDNS has trouble with an interface");
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        self.say_goodbye().await;
    }

    async fn say_goodbye(self) {
        if let Ok(withdrawn) = self.daemon.unregister(&self.full_name) {
            let _ = time::timeout(GOODBYE_WITHIN, withdrawn.recv_async()).await;
        }
        // The thread ends with this message; nothing waits for it.
        if let Err(error) = self.daemon.shutdown() {
            tracing::debug!(%error, "Could not end the mDNS thread");
        }
    }
}

fn describe_service(
    identity: &EdgeIdentity,
    at: SocketAddr,
) -> Result<ServiceInfo, mdns_sd::Error> {
    let edge = identity.edge_id.to_string();
    let host = format!("{edge}.local.");
    let properties = [
        ("region", identity.region.as_str()),
        ("edge", edge.as_str()),
        ("path", "/"),
    ];
    // Listening everywhere, the edge has the addresses that the machine has at the moment.
    let fixed = Some(at.ip()).filter(|ip| !ip.is_unspecified());
    let addresses: Vec<IpAddr> = fixed.into_iter().collect();
    let service = ServiceInfo::new(
        SERVICE,
        &edge,
        &host,
        addresses.as_slice(),
        at.port(),
        properties.as_slice(),
    )?;
    if fixed.is_some() {
        return Ok(service);
    }
    let mut service = service.enable_addr_auto();
    if at.is_ipv4() {
        service.set_interfaces(vec![IfKind::IPv4]);
    }
    Ok(service)
}

#[cfg(test)]
mod tests {
    use mdns_sd::{ResolvedService, ServiceEvent};
    use process::tasks::Tasks;
    use wire::{EdgeId, Region};

    use super::*;

    /// Only these tests speak on it.
    const PORT: u16 = 53_530;
    const PATIENCE: Duration = Duration::from_secs(20);

    fn browse() -> (ServiceDaemon, Receiver<ServiceEvent>) {
        let daemon = ServiceDaemon::new_with_port(PORT).unwrap();
        daemon.enable_interface(IfKind::LoopbackV4).unwrap();
        let events = daemon.browse(SERVICE).unwrap();
        (daemon, events)
    }

    async fn next<T>(
        events: &Receiver<ServiceEvent>,
        find: impl Fn(ServiceEvent) -> Option<T>,
    ) -> T {
        let looking = async {
            loop {
                if let Some(found) = find(events.recv_async().await.unwrap()) {
                    return found;
                }
            }
        };
        time::timeout(PATIENCE, looking).await.unwrap()
    }

    fn resolved(event: ServiceEvent) -> Option<Box<ResolvedService>> {
        match event {
            ServiceEvent::ServiceResolved(service) => Some(service),
            _ => None,
        }
    }

    fn removed(event: ServiceEvent) -> Option<String> {
        match event {
            ServiceEvent::ServiceRemoved(_, name) => Some(name),
            _ => None,
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_edge_is_found_until_it_says_goodbye() {
        let identity = EdgeIdentity {
            edge_id: EdgeId::new("north-1").unwrap(),
            region: Region::North,
        };
        let (daemon, events) = browse();
        let at: SocketAddr = "127.0.0.1:8443".parse().unwrap();
        let announcement = Announcement::start(&identity, at, PORT).unwrap();
        let tasks = Tasks::new();
        let running = announcement.run_until_stopped(tasks.stop_token());
        tasks.spawn("announcement", running);
        let found = next(&events, resolved).await;
        assert_eq!(found.get_hostname(), "north-1.local.");
        assert_eq!(found.get_port(), 8443);
        assert_eq!(found.get_property_val_str("region"), Some("NORTH"));
        assert_eq!(found.get_property_val_str("edge"), Some("north-1"));
        assert_eq!(found.get_property_val_str("path"), Some("/"));
        let address = *found.get_addresses_v4().iter().next().unwrap();
        assert!(address.is_loopback());
        tasks.shutdown(PATIENCE).await;
        let gone = next(&events, removed).await;
        assert_eq!(gone, "north-1._holdfast._tcp.local.");
        daemon.shutdown().unwrap();
    }

    #[test]
    fn an_edge_announces_the_address_that_it_listens_on() {
        let identity = EdgeIdentity {
            edge_id: EdgeId::new("north-1").unwrap(),
            region: Region::North,
        };
        let one = describe_service(&identity, "192.0.2.7:8443".parse().unwrap()).unwrap();
        assert_eq!(one.get_addresses_v4().len(), 1);
        let all = describe_service(&identity, "0.0.0.0:8443".parse().unwrap()).unwrap();
        assert!(all.is_addr_auto());
    }
}
