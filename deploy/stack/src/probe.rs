//! Waits until a condition holds for a process, or reports the end of its log.

use std::{net::Ipv4Addr, time::Duration};

use anyhow::{Result, anyhow, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::{Child, logs};

/// The polling interval for conditions that cannot be awaited.
const LOOK_AGAIN: Duration = Duration::from_millis(25);
const ONE_LOOK_MAX: Duration = Duration::from_secs(2);
const ANSWER_BYTES_MAX: usize = 4_096;

/// Polls until `ready` returns true. An error if the process ends first or the time is over.
pub async fn until<F>(child: &Child, deadline: Duration, mut ready: impl FnMut() -> F) -> Result<()>
where
    F: Future<Output = bool>,
{
    let looking = async {
        loop {
            if let Some(exit) = child.exit() {
                bail!(
                    "`{}` ended with {exit}:\n{}",
                    child.name(),
                    logs::tail(child.log())
                );
            }
            if timeout(ONE_LOOK_MAX, ready()).await.unwrap_or(false) {
                return Ok(());
            }
            sleep(LOOK_AGAIN).await;
        }
    };
    timeout(deadline, looking).await.unwrap_or_else(|_| {
        let tail = logs::tail(child.log());
        Err(anyhow!(
            "`{}` was not ready after {deadline:?}:\n{tail}",
            child.name()
        ))
    })
}

pub async fn accepts(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .is_ok()
}

/// A server's first answer to `question`, as far as it arrives in one piece.
pub async fn first_words(port: u16, question: &[u8]) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.ok()?;
    stream.write_all(question).await.ok()?;
    let mut answer = vec![0; ANSWER_BYTES_MAX];
    let length = stream.read(&mut answer).await.ok()?;
    answer.truncate(length);
    Some(answer)
}

pub async fn is_ready(port: u16) -> bool {
    const QUESTION: &[u8] =
        b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    first_words(port, QUESTION)
        .await
        .is_some_and(|said| said.starts_with(b"HTTP/1.1 200"))
}
