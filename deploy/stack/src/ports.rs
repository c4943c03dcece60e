//! Hands out TCP ports on the loopback address.
//!
//! Invariant: two platforms never get the same free port, even if they start at the same moment.
//! Ports come from below the kernel's range for outgoing connections, so a restarted process finds
//! its port still free.

use std::{
    io::ErrorKind,
    net::TcpListener,
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixListener},
    },
};

use anyhow::{Context, Result, bail};

const FREE_FROM: u16 = 15_000;
const FREE_COUNT: u16 = 16_000;
const DRAWS_MAX: u32 = 1_000;

/// Holds its ports until it is dropped, or its process ends.
#[derive(Default)]
pub struct Ports {
    claims: Vec<UnixListener>,
}

impl Ports {
    /// A port without a listener that is not promised to another platform.
    pub fn free(&mut self) -> Result<u16> {
        for _ in 0..DRAWS_MAX {
            let drawn = u16::from_le_bytes(process::random::draw_bytes()) % FREE_COUNT + FREE_FROM;
            let Ok(claim) = claim(drawn) else { continue };
            if TcpListener::bind(("127.0.0.1", drawn)).is_ok() {
                self.claims.push(claim);
                return Ok(drawn);
            }
        }
        bail!(
            "no free port between {FREE_FROM} and {}",
            FREE_FROM + FREE_COUNT - 1
        )
    }

    /// Exactly this port; `whose` names its user in the error.
    pub fn exactly(&mut self, port: u16, whose: &str) -> Result<u16> {
        let taken = || format!("port {port} ({whose}) is taken; choose others with --port-base N");
        match TcpListener::bind(("127.0.0.1", port)) {
            Ok(_) => self.claims.push(claim(port).with_context(taken)?),
            Err(error) if error.kind() == ErrorKind::AddrInUse => bail!(taken()),
            Err(error) => bail!("port {port} ({whose}) cannot be used: {error}"),
        }
        Ok(port)
    }
}

/// An abstract socket named after the port: the kernel gives it to one process at a time and takes
/// it back when that process ends, however it ends.
fn claim(port: u16) -> std::io::Result<UnixListener> {
    UnixListener::bind_addr(&SocketAddr::from_abstract_name(format!(
        "holdfast-port-{port}"
    ))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named_with_its_owner() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = Ports::default()
            .exactly(port, "gateway")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(&format!("port {port} (gateway) is taken")),
            "{error}"
        );
    }

    #[test]
    fn a_promised_port_is_not_promised_again() {
        let mut mine = Ports::default();
        let port = mine.free().unwrap();
        assert!(Ports::default().exactly(port, "gateway").is_err());
        drop(mine);
        assert!(Ports::default().exactly(port, "gateway").is_ok());
    }
}
