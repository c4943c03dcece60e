//! A wire that tests can cut: a TCP proxy that passes, delays, black-holes or refuses.

use std::{net::SocketAddr, time::Duration};

use process::tasks::Tasks;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::sleep,
};

/// What the wire does to every connection through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    Passes,
    /// Each piece arrives this much later.
    Delays(Duration),
    /// Connections stay open and nothing arrives, as behind a dead modem.
    Swallows,
    /// Connections are closed and new ones are closed at once.
    Cut,
}

pub struct Proxy {
    address: SocketAddr,
    wire: watch::Sender<Wire>,
    tasks: Tasks,
}

impl Proxy {
    /// Listens on a free port of this machine and passes on to `target`.
    pub async fn to(target: impl Into<String>) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (wire, _) = watch::channel(Wire::Passes);
        let tasks = Tasks::new();
        let (state, target, of_each) = (wire.subscribe(), target.into(), tasks.clone());
        tasks.spawn("proxy", async move {
            while let Ok((inside, _)) = listener.accept().await {
                let (state, target) = (state.clone(), target.clone());
                of_each.spawn_once("proxied connection", carry(inside, target, state));
            }
        });
        Ok(Self { address, wire, tasks })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn set(&self, wire: Wire) {
        self.wire.send_replace(wire);
    }

    pub async fn stop(self) {
        self.tasks.shutdown(Duration::from_secs(1)).await;
    }
}

async fn carry(inside: TcpStream, target: String, wire: watch::Receiver<Wire>) {
    if *wire.borrow() == Wire::Cut {
        return;
    }
    let Ok(outside) = TcpStream::connect(&target).await else { return };
    let (from_inside, to_inside) = inside.into_split();
    let (from_outside, to_outside) = outside.into_split();
    let mut until_cut = wire.clone();
    tokio::select! {
        () = pump(from_inside, to_outside, wire.clone()) => {}
        () = pump(from_outside, to_inside, wire) => {}
        _ = until_cut.wait_for(|wire| *wire == Wire::Cut) => {}
    }
}

async fn pump(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut wire: watch::Receiver<Wire>,
) {
    let mut piece = vec![0; 16 * 1024];
    loop {
        let Ok(length @ 1..) = from.read(&mut piece).await else { return };
        if wire.wait_for(|wire| *wire != Wire::Swallows).await.is_err() {
            return;
        }
        let delay = match *wire.borrow() {
            Wire::Delays(delay) => delay,
            _ => Duration::ZERO,
        };
        sleep(delay).await;
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}
