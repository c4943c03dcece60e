//! The order in which a log is worked, and what stands in whose way.

use std::collections::HashSet;

use wire::OrderId;

use super::intake::Read;

/// What has to wait because something before it does: what is about the same order, and the release of
/// a lease, which has to be the last word under its fence. All other ops go on.
#[derive(Debug, Default)]
pub struct Line {
    orders: HashSet<OrderId>,
    anything: bool,
}

impl Line {
    /// `op` waits, so what must not overtake it does too.
    pub fn wait(&mut self, op: &Read) {
        self.anything = true;
        self.orders.extend(op.order_id());
    }

    /// `op` waits for its region, so what its edge did next on the same order does too; the release
    /// of a lease does not, for it may be what is waited for.
    pub fn hold(&mut self, op: &Read) {
        self.orders.extend(op.order_id());
    }

    pub fn stops(&self, op: &Read) -> bool {
        match op {
            Read::Command(_) => op.order_id().is_some_and(|order| self.orders.contains(&order)),
            Read::LeaseReleased { .. } => self.anything,
            Read::Boot | Read::Token { .. } | Read::Unknown => false,
        }
    }
}
