//! The cast: five edges in three regions, twenty tablets and a hostile person's, and a portal with
//! a few people at it.

use uuid::Uuid;
use wire::{Actor, DeviceId, EdgeId, Region, Role, UserId};

pub const REGIONS: [Region; 3] = [Region::North, Region::South, Region::East];
const EDGES: [(&str, Region); 5] = [
    ("north-1", Region::North),
    ("north-2", Region::North),
    ("south-1", Region::South),
    ("south-2", Region::South),
    ("east-1", Region::East),
];
pub const EDGE_COUNT: usize = EDGES.len();
/// Each edge's machine, and one more for a copy of each. A copy that is enrolled anew gets the edge
/// of its own number.
pub const MACHINE_COUNT: usize = 2 * EDGE_COUNT;
/// The place of a thief's machine, which runs no program of ours.
pub const THIEF: usize = MACHINE_COUNT;
pub const TABLET_COUNT: usize = 20;
/// The tablet of the hostile person: a provider with an account and no order of his own.
pub const STRANGER: usize = TABLET_COUNT;
pub const DEVICE_COUNT: usize = TABLET_COUNT + 1;
pub const REPLICA_COUNT: usize = 2;

/// At the portal: two customers, three providers, an admin.
const DESK: [Role; 6] =
    [Role::Customer, Role::Customer, Role::Provider, Role::Provider, Role::Provider, Role::Admin];
pub const DESK_COUNT: usize = DESK.len();

/// Far from any tablet's number.
const FIRST_AT_DESK: usize = 100;

pub fn edge(e: usize) -> EdgeId {
    match EDGES.get(e) {
        Some((edge, _)) => name(EdgeId::new(*edge)),
        None => name(EdgeId::new(format!("{}-anew", EDGES[original(e)].0))),
    }
}

pub fn region(e: usize) -> Region {
    EDGES[original(e)].1
}

/// Returns whether this machine's program is of the version before, without packed ops.
pub fn is_older(machine: usize) -> bool {
    machine % 2 == 1
}

pub fn original(machine: usize) -> usize {
    machine % EDGE_COUNT
}

/// The machine of a copy, or the edge it becomes.
pub fn copy_of(e: usize) -> usize {
    original(e) + EDGE_COUNT
}

/// The machine of the other edge of the same region, where there is one.
pub fn neighbour(machine: usize) -> Option<usize> {
    let e = original(machine);
    (0..EDGE_COUNT).find(|&other| other != e && region(other) == region(e))
}

/// The edge a tablet belongs to.
pub fn home(tablet: usize) -> usize {
    tablet % EDGE_COUNT
}

pub fn device(tablet: usize) -> DeviceId {
    name(DeviceId::new(format!("tablet-{tablet}")))
}

pub fn tablet_number(device: &DeviceId) -> Option<usize> {
    device.as_str().strip_prefix("tablet-")?.parse().ok()
}

/// Of four tablets at an edge two are providers', one is a customer's kiosk, and the last differs.
pub fn at_tablet(tablet: usize) -> Actor {
    let role = match (tablet / EDGE_COUNT, home(tablet)) {
        _ if tablet == STRANGER => Role::Provider,
        (0 | 1, _) | (3, 0 | 2) => Role::Provider,
        (3, 1 | 3) => Role::Admin,
        _ => Role::Customer,
    };
    person(tablet, role)
}

pub fn at_desk(n: usize) -> Actor {
    person(FIRST_AT_DESK + n, DESK[n])
}

fn person(n: usize, role: Role) -> Actor {
    Actor { user_id: UserId(Uuid::from_u64_pair(7, n as u64)), role }
}

/// Every name here is a good one.
fn name<T, E>(checked: Result<T, E>) -> T {
    checked.unwrap_or_else(|_| unreachable!("names are lower case letters and digits"))
}
