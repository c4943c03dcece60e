//! The cast: five edges in three regions, twenty tablets and an attacker's, and a few portal users.

use uuid::Uuid;
use wire::{Actor, DeviceId, EdgeId, OrderId, Region, Role, UserId};

pub(crate) const REGIONS: [Region; 3] = [Region::North, Region::South, Region::East];
const EDGES: [(&str, Region); 5] = [
    ("north-1", Region::North),
    ("north-2", Region::North),
    ("south-1", Region::South),
    ("south-2", Region::South),
    ("east-1", Region::East),
];
pub(crate) const EDGE_COUNT: usize = EDGES.len();
/// Each edge's machine, and one more for a copy of each. A copy that enrols again becomes the edge
/// with its own number.
pub(crate) const MACHINE_COUNT: usize = 2 * EDGE_COUNT;
/// The thief's machine, which runs none of our programs.
pub(crate) const THIEF: usize = MACHINE_COUNT;
pub(crate) const TABLET_COUNT: usize = 20;
/// The attacker's tablet: a provider with an account and no orders.
pub(crate) const STRANGER: usize = TABLET_COUNT;
pub(crate) const DEVICE_COUNT: usize = TABLET_COUNT + 1;
pub(crate) const REPLICA_COUNT: usize = 2;

/// Portal users: two customers, three providers, an admin.
const DESK: [Role; 6] = [
    Role::Customer,
    Role::Customer,
    Role::Provider,
    Role::Provider,
    Role::Provider,
    Role::Admin,
];
pub(crate) const DESK_COUNT: usize = DESK.len();

/// Far from any tablet's number.
const FIRST_AT_DESK: usize = 100;

pub(crate) fn edge(e: usize) -> EdgeId {
    match EDGES.get(e) {
        Some((edge, _)) => name(EdgeId::new(*edge)),
        None => name(EdgeId::new(format!("{}-anew", EDGES[original(e)].0))),
    }
}

pub(crate) fn region(e: usize) -> Region {
    EDGES[original(e)].1
}

/// Spreads the orders of directed schedules over the regions by their number.
pub(crate) fn order_region(order: OrderId) -> Region {
    let (_, n) = order.0.as_u64_pair();
    REGIONS[usize::try_from(n).unwrap_or(0) % REGIONS.len()]
}

/// Returns true if this machine runs the previous version, without packed ops.
pub(crate) fn is_older(machine: usize) -> bool {
    machine % 2 == 1
}

pub(crate) fn original(machine: usize) -> usize {
    machine % EDGE_COUNT
}

/// The machine of a copy, or the edge it becomes.
pub(crate) fn copy_of(e: usize) -> usize {
    original(e) + EDGE_COUNT
}

/// The machine of the region's other edge, if any.
pub(crate) fn neighbour(machine: usize) -> Option<usize> {
    let e = original(machine);
    (0..EDGE_COUNT).find(|&other| other != e && region(other) == region(e))
}

pub(crate) fn home(tablet: usize) -> usize {
    tablet % EDGE_COUNT
}

pub(crate) fn device(tablet: usize) -> DeviceId {
    name(DeviceId::new(format!("tablet-{tablet}")))
}

pub(crate) fn tablet_number(device: &DeviceId) -> Option<usize> {
    device.as_str().strip_prefix("tablet-")?.parse().ok()
}

/// Of four tablets at an edge, two belong to providers, one is a customer kiosk, and the last
/// varies.
pub(crate) fn at_tablet(tablet: usize) -> Actor {
    let role = match (tablet / EDGE_COUNT, home(tablet)) {
        _ if tablet == STRANGER => Role::Provider,
        (0 | 1, _) | (3, 0 | 2) => Role::Provider,
        (3, 1 | 3) => Role::Admin,
        _ => Role::Customer,
    };
    person(tablet, role)
}

pub(crate) fn at_desk(n: usize) -> Actor {
    person(FIRST_AT_DESK + n, DESK[n])
}

fn person(n: usize, role: Role) -> Actor {
    Actor {
        user_id: UserId(Uuid::from_u64_pair(7, n as u64)),
        role,
    }
}

/// All names here are valid.
fn name<T, E>(checked: Result<T, E>) -> T {
    checked.unwrap_or_else(|_| unreachable!("names are lower case letters and digits"))
}
