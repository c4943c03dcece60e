//! Other people's devices and topics at the edge's broker.
