//! What a received op is. The bytes are kept as they came; this only reads them.

use wire::{CommandOp, Op, OrderId};

/// An op as the worker meets it. One that cannot be read is answered, so that it stops nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    Boot,
    Token { token: String },
    Command(Box<CommandOp>),
    LeaseReleased { fence: u64 },
    Unknown,
}

pub fn read(bytes: &[u8]) -> Read {
    match Op::from_bytes(bytes) {
        Ok(Op::Boot { .. }) => Read::Boot,
        Ok(Op::Token { token }) => Read::Token { token },
        Ok(Op::Command(command)) => Read::Command(Box::new(command)),
        Ok(Op::LeaseReleased { fence }) => Read::LeaseReleased { fence },
        Err(_) => Read::Unknown,
    }
}

impl Read {
    /// The order it is about: what waits behind a held op is found by it.
    pub fn order_id(&self) -> Option<OrderId> {
        match self {
            Self::Command(op) => Some(op.command.body.order_id()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_op_are_an_unknown_op() {
        for bytes in [&b""[..], b"\x82\x18\x63\x80", b"rubbish"] {
            assert_eq!(read(bytes), Read::Unknown);
        }
        let token = Op::Token { token: "t".into() };
        assert_eq!(read(&token.to_bytes()), Read::Token { token: "t".into() });
    }
}
