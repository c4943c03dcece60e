//! The internal routes by which the gateway answers an operator about one part: its dead letters
//! and replays, and the events of an order.

use axum::Router;
use process::parts::CloudPart;

use crate::{dead_letters, ledger::Database, order_events, service::ServiceContext};

/// A part's routes, which only the gateway can reach.
pub fn build_routes(
    context: &ServiceContext,
    part: CloudPart,
    database: impl Into<Database>,
) -> Router {
    let database = database.into();
    let letters = dead_letters::build_routes(context, part, database.clone());
    letters.merge(order_events::build_routes(context, part, database))
}
