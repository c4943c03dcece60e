//! The shared parts of tests, demo and kill runs: a tablet, a person at the gateway, an operator at
//! the command line, a wire that can be cut, a slow line, the addresses of the run's servers, an
//! issuer of people's tokens and one of other services, a device's key, a mail server, a private
//! authority, an authenticator app, a passkey, and sample orders. It asserts nothing itself; tests do.

mod api;
mod authority;
mod careless;
mod database;
mod depth;
mod device_signer;
mod draws;
pub mod files;
pub mod form;
mod issuer;
mod mailbox;
mod operator;
pub mod passkey;
mod proxy;
pub mod samples;
mod servers;
mod slow_line;
mod tablet;
pub mod totp;
mod wait;

pub use api::{Api, Done, InboxLine, Person, tells_verified};
pub use authority::{Authority, ServerIdentity};
pub use careless::CarelessIssuer;
pub use database::Engine;
pub use depth::is_deep_run;
pub use device_signer::DeviceSigner;
pub use draws::Draws;
pub use issuer::{Issuer, claims, edge_claims};
pub use mailbox::{Mailbox, address_code_in};
pub use operator::{Operator, Said, Unusable};
pub use proxy::{Proxy, Wire};
pub use servers::{Servers, VARIABLE, servers, test_servers};
pub use slow_line::{LineQuality, SlowTcpLine};
pub use tablet::{Mqtt, Place, Tablet, TabletError};
pub use wait::{Late, eventually, within};
