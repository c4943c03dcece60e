//! One round: wires break, people compete for the same orders, a process is killed, and after the
//! wires heal everyone learns the result.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use process::clock::Clock;
use serde_json::{Value, json};
use support::{Api, Person, Tablet, eventually};
use tokio::task::JoinSet;
use wire::{CommandBody, CommandId, OrderId, Region, Verdict};

use crate::{
    asking::until_answered,
    killing::kill,
    ledger::{Asked, Ledger, Said, Told},
    plan::{Contender, EXCLUSIVE, Moment, PUBLISHED, Plan, REGIONS, Seat},
    scene::{LIMIT, Scene, Tap},
    storm::order,
    witness::Witness,
};

/// Orders that were opened for a later round.
pub type Open = BTreeMap<Region, Vec<OrderId>>;

struct Work<'a> {
    scene: &'a Scene,
    receipts: Arc<AtomicUsize>,
    taps: JoinSet<Told>,
    in_portal: JoinSet<Asked>,
}

impl Scene {
    /// Plays the round on orders that are already on the boards, and records the answers in the
    /// ledger. The witness watches for this many moments: half of them while the wires are broken.
    ///
    /// # Panics
    /// If a part does not come back, or a request gets no answer.
    pub async fn play(
        &self,
        plan: &Plan,
        open: &Open,
        ledger: &mut Ledger,
        (witness, moments): (&mut Witness<'_>, u32),
    ) {
        self.on_the_boards(open).await;
        for (seat, wire) in &plan.broken {
            self.break_wire(*seat, *wire);
        }
        let mut work = Work::begin(self, plan, open);
        let receipts = work.receipts.clone();
        let taken_back = async {
            if plan.taken_back {
                self.take_back().await;
            }
        };
        let killed = async {
            if let Moment::Receipts(number) = plan.moment {
                eventually("enough receipts", LIMIT, async || {
                    (receipts.load(Ordering::Relaxed) >= number).then_some(())
                })
                .await;
                kill(&self.stack, plan.victim).await;
            }
        };
        // The commands are stored behind broken wires; then the wires heal.
        let stored = async {
            let all = work.taps.len();
            eventually("every receipt", LIMIT, async || {
                (receipts.load(Ordering::Relaxed) >= all).then_some(())
            })
            .await;
        };
        let watched = async {
            if plan.is_awaited {
                self.what_waits_is_told().await;
            }
            witness.watch(moments / 2).await;
        };
        tokio::join!(stored, killed, taken_back, watched);
        self.heal();
        let settled = async {
            if let Moment::AfterHealing(wait) = plan.moment {
                tokio::time::sleep(wait).await;
                kill(&self.stack, plan.victim).await;
            }
            work.end(ledger).await;
        };
        tokio::join!(settled, witness.watch(moments - moments / 2));
        if plan.taken_back {
            self.grant().await;
        }
    }

    /// An edge reports its number of undecided ops at intervals. The witness must observe that,
    /// too.
    async fn what_waits_is_told(&self) {
        let neighbour = Seat {
            region: EXCLUSIVE,
            second: true,
        };
        eventually(
            "the hub has heard what waits for the holder",
            LIMIT,
            async || (self.truth.pending_at(neighbour).await > 0).then_some(()),
        )
        .await;
    }

    async fn on_the_boards(&self, open: &Open) {
        for (region, orders) in open {
            eventually(
                "the orders are on every board of the region",
                LIMIT,
                async || {
                    self.truth
                        .on_every_board(*region, orders)
                        .await
                        .then_some(())
                },
            )
            .await;
        }
    }
}

impl<'a> Work<'a> {
    fn begin(scene: &'a Scene, plan: &Plan, open: &Open) -> Self {
        let mut work = Self {
            scene,
            receipts: Arc::default(),
            taps: JoinSet::new(),
            in_portal: JoinSet::new(),
        };
        let mut left: BTreeMap<Region, Vec<OrderId>> = open.clone();
        for contest in &plan.contests {
            let region = contest.region;
            let Some(order) = left.get_mut(&region).and_then(Vec::pop) else {
                continue;
            };
            for contender in &contest.contenders {
                work.wants(region, *contender, order);
            }
            if contest.cancelled {
                work.cancels(order);
            }
        }
        for region in REGIONS {
            let first = Seat {
                region,
                second: false,
            };
            for n in 0..PUBLISHED {
                work.taps(first, &scene.ground(region).kiosk, order(region, n));
            }
        }
        work
    }

    fn wants(&mut self, region: Region, contender: Contender, order_id: OrderId) {
        if let Some(tablet) = self.scene.tablet(region, contender) {
            let seat = Seat {
                region,
                second: contender == Contender::AtSecond,
            };
            self.taps(seat, &tablet, CommandBody::AcceptOrder { order_id });
        } else {
            let provider = self.scene.ground(region).in_portal.clone();
            self.asks(provider, order_id, "accept", None);
        }
    }

    fn taps(&mut self, seat: Seat, tablet: &Arc<Tablet>, body: CommandBody) {
        let tablet = tablet.clone();
        let receipts = self.receipts.clone();
        let command = tablet.prepare(body.clone());
        self.scene.tapped(Tap {
            seat,
            tablet: tablet.clone(),
            command,
            body: body.clone(),
        });
        self.taps.spawn(async move {
            let stored = tablet
                .until_stored(command, LIMIT)
                .await
                .expect("a receipt");
            receipts.fetch_add(1, Ordering::Relaxed);
            assert_ne!(stored.verdict, Verdict::NotTaken, "{body:?}: {stored:?}");
            let decided = tablet
                .until_decided(command, LIMIT)
                .await
                .expect("an outcome");
            Told::new(
                seat.region,
                tablet.user_id(),
                &body,
                command,
                (stored, decided),
            )
        });
    }

    fn cancels(&mut self, order: OrderId) {
        let reason = json!({"reason": "the tap drips no more"});
        self.asks(self.scene.customer.clone(), order, "cancel", Some(reason));
    }

    fn asks(&mut self, person: Person, order: OrderId, action: &'static str, body: Option<Value>) {
        let api = self.scene.api.clone();
        let command = CommandId(Clock::system().new_id());
        self.in_portal.spawn(async move {
            let said = asked(&api, (command, &person), order, action, body).await;
            let user = person.user_id;
            let is_accept = action == "accept";
            Asked {
                user,
                command,
                order,
                is_accept,
                said,
            }
        });
    }

    async fn end(&mut self, ledger: &mut Ledger) {
        while let Some(told) = self.taps.join_next().await {
            ledger.told.push(told.expect("a tablet's command"));
        }
        while let Some(told) = self.in_portal.join_next().await {
            ledger.asked.push(told.expect("a request in the portal"));
        }
    }
}

/// Repeats the request until it gets a definite answer.
async fn asked(
    api: &Api,
    (command, person): (CommandId, &Person),
    order: OrderId,
    action: &str,
    body: Option<Value>,
) -> Said {
    let body = body.as_ref();
    let ask = || api.command::<Value>(command, person, order, action, body);
    match until_answered("an answer in the portal", ask).await {
        Ok(answer) if answer["state"] == "pending" => Said::Pending,
        Ok(_) => Said::Done,
        Err(code) => Said::No(code),
    }
}
