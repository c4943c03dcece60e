//! The platform of the rounds: a process per part on real stores, a proxied wire before each edge,
//! and people.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::Method;
use serde_json::{Value, json};
use stack::{Layout, Stack, Stores, Wishes};
use support::{Api, Draws, Mqtt, Person, Place, Proxy, Tablet, Wire, eventually};
use wire::{CommandBody, CommandId, EdgeId, OrderId, Region, Role};

use crate::{
    plan::{CONTESTED, Contender, DOUBLED, EXCLUSIVE, REGIONS, Seat},
    truth::Truth,
};

/// Long enough for a killed process to come back on a busy machine.
pub const LIMIT: Duration = Duration::from_secs(90);

pub struct Scene {
    pub stack: Stack,
    pub api: Api,
    pub admin: Person,
    pub customer: Person,
    pub truth: Truth,
    wires: BTreeMap<Seat, Proxy>,
    grounds: BTreeMap<Region, Ground>,
    edge_urls: BTreeMap<Seat, String>,
    taps: Mutex<VecDeque<Tap>>,
}

/// A tablet command as sent.
#[derive(Clone)]
pub(crate) struct Tap {
    pub seat: Seat,
    pub tablet: Arc<Tablet>,
    pub command: CommandId,
    pub body: CommandBody,
}

/// The number of remembered taps: about two rounds.
const TAPS_MAX: usize = 60;
const TAPS_NEW: usize = 20;

pub struct Ground {
    pub at_first: [Arc<Tablet>; 2],
    pub at_second: Option<Arc<Tablet>>,
    pub kiosk: Arc<Tablet>,
    pub in_portal: Person,
    /// The people with a tablet, as portal users.
    pub at_tablets: Vec<Person>,
}

impl Scene {
    /// # Panics
    /// If the platform does not start.
    pub async fn set() -> Self {
        let mut layout = Layout::temporary(Stores::Real).expect("a layout");
        let gateway = format!("127.0.0.1:{}", layout.gateway);
        let mut wires = BTreeMap::new();
        for place in &mut layout.edges {
            let proxy = Proxy::to(&gateway).await.expect("a wire");
            place.gateway_url = format!("http://{}", proxy.address());
            wires.insert(
                Seat {
                    region: place.region,
                    second: false,
                },
                proxy,
            );
        }
        let mut stack = Stack::start(layout, &Wishes::of_few_people())
            .await
            .expect("a platform");
        let mut places: BTreeMap<Seat, stack::EdgePlace> = BTreeMap::new();
        for region in DOUBLED {
            let proxy = Proxy::to(&gateway).await.expect("a wire");
            let url = format!("http://{}", proxy.address());
            let place = stack.second_edge(url, region).await.expect("an edge");
            let seat = Seat {
                region,
                second: true,
            };
            wires.insert(seat, proxy);
            places.insert(seat, place);
        }
        for region in Region::ALL {
            let seat = Seat {
                region,
                second: false,
            };
            places.insert(seat, stack.layout().edge(region).clone());
        }
        let api = Api::new(stack.layout().gateway_url());
        let admin = stack.admin_sign_in();
        let admin = api
            .sign_in(&admin.username, &admin.password)
            .await
            .expect("an admin");
        let customer = api.newcomer(Role::Customer).await.expect("a customer");
        let mut grounds = BTreeMap::new();
        for region in REGIONS {
            let place = |second| places.get(&Seat { region, second });
            grounds.insert(region, Ground::of(&api, &customer, place).await);
        }
        let truth = Truth::of(&stack, &places).await;
        let url = |place: &stack::EdgePlace| format!("http://127.0.0.1:{}", place.http);
        let edge_urls = places
            .iter()
            .map(|(seat, place)| (*seat, url(place)))
            .collect();
        let taps = Mutex::default();
        let scene = Self {
            stack,
            api,
            admin,
            customer,
            truth,
            wires,
            grounds,
            edge_urls,
            taps,
        };
        scene.grant().await;
        scene
    }

    pub fn ground(&self, region: Region) -> &Ground {
        &self.grounds[&region]
    }

    pub(crate) fn edge_url(&self, seat: Seat) -> &str {
        &self.edge_urls[&seat]
    }

    /// Remembers a command for later questions.
    pub(crate) fn tapped(&self, tap: Tap) {
        let mut taps = self.taps.lock().unwrap_or_else(PoisonError::into_inner);
        taps.push_back(tap);
        if taps.len() > TAPS_MAX {
            taps.pop_front();
        }
    }

    /// Draws from all remembered taps or from the newest.
    pub(crate) fn recent_tap(&self, draws: &mut Draws) -> Option<Tap> {
        let taps = self.taps.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = if draws.one_in(2) { TAPS_MAX } else { TAPS_NEW };
        let number = taps.len().min(newest);
        (number > 0).then(|| taps[taps.len() - 1 - draws.below(number)].clone())
    }

    /// A person who reads an inbox.
    pub(crate) fn someone(&self, draws: &mut Draws) -> &Person {
        let Ground {
            in_portal,
            at_tablets,
            ..
        } = self.ground(draws.of_these(&REGIONS));
        match draws.below(at_tablets.len() + 2) {
            0 => &self.customer,
            1 => in_portal,
            n => &at_tablets[n - 2],
        }
    }

    pub fn break_wire(&self, seat: Seat, wire: Wire) {
        self.wires[&seat].set(wire);
    }

    pub fn heal(&self) {
        for wire in self.wires.values() {
            wire.set(Wire::Passes);
        }
    }

    /// Grants the exclusive region to its first edge, unless it already holds it.
    pub async fn grant(&self) {
        let edge = Seat {
            region: EXCLUSIVE,
            second: false,
        }
        .to_string();
        let holds = json!({"policy": "exclusive", "holder": edge, "epoch": 1});
        self.assign("the right is granted", holds, Some(&edge))
            .await;
    }

    pub async fn take_back(&self) {
        let why = json!({"take_back": {"why": "the node was flooded"}});
        self.assign("the right is taken back", why, None).await;
    }

    /// Repeats the request until the record shows it: the order service may be away, or may have
    /// applied it and lost the answer.
    async fn assign(&self, what: &str, asked: Value, holder: Option<&str>) {
        let path = format!("/api/v1/admin/assignments/{EXCLUSIVE}");
        eventually(what, LIMIT, async || {
            let record = self
                .api
                .call::<Value>(Method::GET, &path, Some(&self.admin), None)
                .await;
            if record.ok()?["assignment"]["holder"].as_str() == holder {
                return Some(());
            }
            let asked = Some(asked.clone());
            let _ = self
                .api
                .call::<Value>(Method::PUT, &path, Some(&self.admin), asked)
                .await;
            None
        })
        .await;
    }

    /// Opens orders that providers may want, in each region.
    pub async fn open_orders(&self) -> BTreeMap<Region, Vec<OrderId>> {
        let mut orders = BTreeMap::new();
        for region in REGIONS {
            let mut open = Vec::with_capacity(CONTESTED);
            for n in 0..CONTESTED {
                let title = format!("Job {n}");
                let order = eventually("an order is published", LIMIT, async || {
                    self.api.publish(&self.customer, region, &title).await.ok()
                })
                .await
                .order_id;
                eventually("an order is approved", LIMIT, async || {
                    match self.api.act(&self.admin, order, "approve").await {
                        Ok(_) => Some(()),
                        // It was approved, and the answer got lost.
                        Err(error) => (error.status == Some(400)).then_some(()),
                    }
                })
                .await;
                open.push(order);
            }
            orders.insert(region, open);
        }
        orders
    }

    pub fn tablet(&self, region: Region, contender: Contender) -> Option<Arc<Tablet>> {
        let ground = self.ground(region);
        match contender {
            Contender::AtFirst(number) => Some(ground.at_first[number].clone()),
            Contender::AtSecond => ground.at_second.clone(),
            Contender::InPortal => None,
        }
    }
}

impl Ground {
    async fn of<'a>(
        api: &Api,
        customer: &Person,
        place: impl Fn(bool) -> Option<&'a stack::EdgePlace>,
    ) -> Self {
        let first = place(false).expect("a region has an edge");
        let provider = async || api.newcomer(Role::Provider).await.expect("a provider");
        let at_edges = async |person: &Person| {
            api.at_edges(person, first.region)
                .await
                .expect("a token for the region's edges")
        };
        let mut at_tablets = Vec::new();
        let mut tablet = async |place: &stack::EdgePlace, number: usize| {
            let person = provider().await;
            let visitor = at_edges(&person).await;
            at_tablets.push(person);
            Arc::new(tablet_of(
                place,
                &format!("tablet-{}-{number}", place.edge),
                &visitor,
            ))
        };
        let at_second = match place(true) {
            Some(second) => Some(tablet(second, 1).await),
            None => None,
        };
        let at_first = [tablet(first, 1).await, tablet(first, 2).await];
        let kiosk = format!("kiosk-{}", first.edge);
        Self {
            at_first,
            at_second,
            kiosk: Arc::new(tablet_of(first, &kiosk, &at_edges(customer).await)),
            in_portal: provider().await,
            at_tablets,
        }
    }
}

fn tablet_of(place: &stack::EdgePlace, device: &str, person: &Person) -> Tablet {
    Tablet::new(here(place), device, person, Mqtt::V5)
}

pub(crate) fn here(place: &stack::EdgePlace) -> Place {
    let edge = EdgeId::new(&place.edge).expect("an edge's name");
    Place {
        region: place.region,
        edge,
        host: "127.0.0.1".into(),
        port: place.mqtt,
    }
}
