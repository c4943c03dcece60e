//! Connections, heads and buffers before anybody has signed in.
