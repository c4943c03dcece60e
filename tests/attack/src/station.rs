//! A caller's place: a loopback address that no other caller uses.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::atomic::{AtomicU16, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

use crate::{HttpAnswer, HttpCall, PATIENCE};

/// Per-address limits see each station as a separate caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Station(Ipv4Addr);

/// 127.0.0.1 belongs to the platform.
static NEXT: AtomicU16 = AtomicU16::new(1);
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

impl Station {
    /// An address unused so far in this run.
    pub fn fresh() -> Self {
        let [high, low] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        Self(Ipv4Addr::new(127, 1, high, low))
    }

    /// The address of the platform's edges, as if behind the same router.
    pub fn platforms_own() -> Self {
        Self(Ipv4Addr::LOCALHOST)
    }

    pub fn address(self) -> Ipv4Addr {
        self.0
    }

    /// Opens a socket to a platform port.
    ///
    /// # Errors
    /// If the connection is not accepted.
    pub async fn connect(self, port: u16) -> io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((self.0, 0)))?;
        let connecting = socket.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let stream = timeout(PATIENCE, connecting).await??;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Sends the request on a new connection.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn ask(self, port: u16, call: &HttpCall) -> io::Result<HttpAnswer> {
        self.say(port, &call.bytes(port)).await
    }

    /// Sends raw bytes and reads the whole answer.
    ///
    /// # Errors
    /// If there is no HTTP answer.
    pub async fn say(self, port: u16, bytes: &[u8]) -> io::Result<HttpAnswer> {
        let mut stream = self.connect(port).await?;
        // A server that refuses may stop reading; its answer still counts.
        let _refused_early = timeout(PATIENCE, stream.write_all(bytes)).await?;
        let mut answer = Vec::new();
        let reading = async {
            while !HttpAnswer::is_whole(&answer) && answer.len() < ANSWER_BYTES_MAX {
                if stream.read_buf(&mut answer).await? == 0 {
                    break;
                }
            }
            Ok(())
        };
        let read: io::Result<()> = timeout(PATIENCE, reading).await?;
        match (HttpAnswer::parse(&answer), read) {
            (Some(answer), _) => Ok(answer),
            (None, Err(broken)) => Err(broken),
            (None, Ok(_)) => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}
