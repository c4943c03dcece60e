//! The way a platform is deployed: operator ports, internal routes, files and servers.
