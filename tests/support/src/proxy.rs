//! A wire that tests can cut: a TCP proxy that passes, delays, black-holes, tears, stalls, forgets
//! or refuses.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use process::tasks::Tasks;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, sink},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::sleep,
};

/// The wire's effect on every connection through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    Passes,
    /// Each piece arrives this much later.
    Delays(Duration),
    /// Connections stay open and nothing arrives, as behind a dead modem.
    Swallows,
    /// Each connection carries this many more bytes in either direction and then breaks, usually in
    /// the middle of a frame; new ones are closed at once.
    TearsAfter(usize),
    /// Connections stay open, and nothing arrives at the called side once all of them together have
    /// carried this many bytes to it, counted as in `Proxy::carried`.
    StallsAt(usize),
    /// Connections are closed towards the caller. The called side does not notice and considers
    /// them open. New ones pass.
    HalfOpen,
    /// Connections are closed and new ones are closed at once.
    Cut,
}

pub struct Proxy {
    address: SocketAddr,
    wire: watch::Sender<Wire>,
    carried: Arc<AtomicUsize>,
    tasks: Tasks,
}

impl Proxy {
    /// Listens on a free port of this machine and forwards to `target`.
    pub async fn to(target: impl Into<String>) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (wire, _) = watch::channel(Wire::Passes);
        let tasks = Tasks::new();
        let carried = Arc::new(AtomicUsize::new(0));
        let state = wire.subscribe();
        let target = target.into();
        let of_each = tasks.clone();
        let counted = carried.clone();
        tasks.spawn("proxy", async move {
            while let Ok((caller, _)) = listener.accept().await {
                let state = state.clone();
                let target = target.clone();
                let carried = counted.clone();
                of_each.spawn_once("proxied connection", carry(caller, target, state, carried));
            }
        });
        Ok(Self {
            address,
            wire,
            carried,
            tasks,
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn set(&self, wire: Wire) {
        self.wire.send_replace(wire);
    }

    /// The bytes carried from callers to the called side.
    pub fn carried(&self) -> usize {
        self.carried.load(Ordering::Relaxed)
    }

    pub async fn stop(self) {
        self.tasks.shutdown(Duration::from_secs(1)).await;
    }
}

async fn carry(
    mut caller: TcpStream,
    target: String,
    mut wire: watch::Receiver<Wire>,
    carried: Arc<AtomicUsize>,
) {
    if matches!(*wire.borrow_and_update(), Wire::Cut | Wire::TearsAfter(_)) {
        return;
    }
    let Ok(mut called) = TcpStream::connect(&target).await else {
        return;
    };
    let not_counted = AtomicUsize::new(0);
    let forgotten = {
        let (from_caller, to_caller) = caller.split();
        let (from_called, to_called) = called.split();
        tokio::select! {
            () = pump(from_caller, to_called, wire.clone(), &carried) => false,
            () = pump(from_called, to_caller, wire.clone(), &not_counted) => false,
            () = until(wire.clone(), Wire::Cut) => false,
            () = until(wire.clone(), Wire::HalfOpen) => true,
        }
    };
    drop(caller);
    if forgotten {
        let mut nobody = sink();
        tokio::select! {
            // Discard the called side's output until it gives up the connection.
            _ = copy(&mut called, &mut nobody) => {}
            () = until(wire, Wire::Cut) => {}
        }
    }
}

/// Waits until the wire changes to `state`. Its state when the connection opened does not count.
async fn until(mut wire: watch::Receiver<Wire>, state: Wire) {
    loop {
        if wire.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        if *wire.borrow_and_update() == state {
            return;
        }
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut wire: watch::Receiver<Wire>,
    counted: &AtomicUsize,
) {
    let mut piece = vec![0; 16 * 1024];
    let mut carried = 0;
    loop {
        let Ok(length @ 1..) = from.read(&mut piece).await else {
            return;
        };
        if wire.wait_for(|wire| *wire != Wire::Swallows).await.is_err() {
            return;
        }
        let state = *wire.borrow();
        let mut carries = length;
        match state {
            Wire::Delays(delay) => sleep(delay).await,
            Wire::TearsAfter(bytes) => {
                carries = length.min(bytes.saturating_sub(carried));
                carried += carries;
            }
            Wire::StallsAt(bytes) => {
                carries = length.min(bytes.saturating_sub(counted.load(Ordering::Relaxed)));
            }
            _ => carried = 0,
        }
        let is_written = to.write_all(&piece[..carries]).await.is_ok();
        counted.fetch_add(carries, Ordering::Relaxed);
        if !is_written {
            return;
        }
        if carries < length {
            if matches!(state, Wire::StallsAt(_)) {
                // Until the caller ends the connection.
                let _ = copy(&mut from, &mut sink()).await;
            }
            return;
        }
    }
}
