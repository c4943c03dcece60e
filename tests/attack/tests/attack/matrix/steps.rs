//! Every step of an order, by every role, in every state. A step that does not fit the state is
//! refused with its code and changes nothing. The table is explicit, so that a rule change cannot
//! alter it unnoticed.

use std::{collections::BTreeMap, time::Duration};

use attack::{AttackedPlatform, HttpAnswer, HttpCall, PATIENCE, Somebody, Station};
use futures::{StreamExt, stream};
use serde_json::{Value, json};
use support::eventually;
use tokio::time::sleep;
use wire::{Code, OrderId, OrderStatus, Region, Role};

use super::{AT_ONCE, belongings::PRICE};

/// `holder` is the provider who has the order, if any; `customer` owns it. `-` means that the step
/// is taken, `=` that it leaves everything unchanged. The accepted order is unpaid. The cancelled
/// order had a holder.
const STEPS: &str = "
approve    pending_review pending accepted in_progress completed reviewed cancelled rejected
nobody     token          token   token    token       token     token    token     token
customer   role           role    role     role        role      role     role      role
stranger   role           role    role     role        role      role     role      role
holder     role           role    role     role        role      role     role      role
provider   role           role    role     role        role      role     role      role
admin      -              state   state    state       state     state    cancelled rejected

reject     pending_review pending accepted in_progress completed reviewed cancelled rejected
nobody     token          token   token    token       token     token    token     token
customer   role           role    role     role        role      role     role      role
stranger   role           role    role     role        role      role     role      role
holder     role           role    role     role        role      role     role      role
provider   role           role    role     role        role      role     role      role
admin      -              state   state    state       state     state    cancelled rejected

accept     pending_review pending accepted in_progress completed reviewed cancelled rejected
nobody     token          token   token    token       token     token    token     token
customer   work           work    work     work        work      work     work      work
stranger   work           work    work     work        work      work     work      work
holder     unseen         -       =        =           =         =        cancelled unseen
provider   unseen         -       taken    taken       taken     taken    cancelled unseen
admin      work           work    work     work        work      work     work      work

withdraw   pending_review pending accepted in_progress completed reviewed cancelled rejected
nobody     token          token   token    token       token     token    token     token
customer   role           role    role     role        role      role     role      role
stranger   role           role    role     role        role      role     role      role
holder     unseen         others  -        state       state     state    cancelled unseen
provider   unseen         others  unseen   unseen      unseen    unseen   unseen    unseen
admin      state          state   -        -           state     state    cancelled rejected

start      pending_review pending accepted in_progress completed reviewed cancelled rejected
nobody     token          token   token    token       token     token    token     token
customer   role           role    role     role        role      role     role      role
stranger   role           role    role     role        role      role     role      role
holder     unseen         others  unpaid   state       state     state    cancelled unseen
provider   unseen         others  unseen   unseen      unseen    unseen   unseen    unseen
admin      role           role    role     role        role      role     role      role

complete   pending_review pending accepted in_progress completed reviewed cancelled rejected
nobody     token          token   token    token       token     token    token     token
customer   role           role    role     role        role      role     role      role
stranger   role           role    role     role        role      role     role      role
holder     unseen         others  state    -           state     state    cancelled unseen
provider   unseen         others  unseen   unseen      unseen    unseen   unseen    unseen
admin      role           role    role     role        role      role     role      role

cancel     pending_review pending accepted in_progress completed reviewed cancelled rejected
nobody     token          token   token    token       token     token    token     token
customer   -              -       -        state       state     state    cancelled rejected
stranger   unseen         unseen  unseen   unseen      unseen    unseen   unseen    unseen
holder     role           role    role     role        role      role     role      role
provider   role           role    role     role        role      role     role      role
admin      -              -       -        state       state     state    cancelled rejected

review     pending_review pending accepted in_progress completed reviewed cancelled rejected
nobody     token          token   token    token       token     token    token     token
customer   undone         undone  undone   undone      -         again    undone    undone
stranger   unseen         unseen  unseen   unseen      unseen    unseen   unseen    unseen
holder     role           role    role     role        role      role     role      role
provider   role           role    role     role        role      role     role      role
admin      role           role    role     role        role      role     role      role
";

const REFUSALS: [(&str, Code); 12] = [
    ("token", Code::InvalidToken),
    ("role", Code::RoleForbidden),
    ("work", Code::ProvidersOnly),
    ("unseen", Code::OrderNotFound),
    ("others", Code::NotYours),
    ("taken", Code::OrderAlreadyAccepted),
    ("unpaid", Code::FundsNotHeld),
    ("state", Code::WrongState),
    ("cancelled", Code::OrderCancelled),
    ("rejected", Code::OrderRejected),
    ("undone", Code::OrderNotCompleted),
    ("again", Code::AlreadyReviewed),
];

/// Each step and its target state.
const LEADS_TO: [(&str, OrderStatus); 8] = [
    ("approve", OrderStatus::Pending),
    ("reject", OrderStatus::Rejected),
    ("accept", OrderStatus::Accepted),
    ("withdraw", OrderStatus::Pending),
    ("start", OrderStatus::InProgress),
    ("complete", OrderStatus::Completed),
    ("cancel", OrderStatus::Cancelled),
    ("review", OrderStatus::Reviewed),
];

const PEOPLE: [&str; 6] = [
    "nobody", "customer", "stranger", "holder", "provider", "admin",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    Taken,
    Unchanged,
    Refused(Code),
}

type Place = (&'static str, &'static str, OrderStatus);

#[tokio::test]
async fn somebody_takes_a_step_that_the_order_has_no_place_for() {
    let scene = Scene::new(AttackedPlatform::shared().await).await;
    let table = table();
    let all = LEADS_TO.len() * PEOPLE.len() * OrderStatus::ALL.len();
    assert_eq!(table.len(), all, "the table has every cell");
    let tried = stream::iter(OrderStatus::ALL)
        .map(|status| scene.nothing_moves(&table, status))
        .buffer_unordered(AT_ONCE);
    let tried: Vec<usize> = tried.collect().await;
    // Three taken steps have no route by target state: a review, and an admin's withdrawal from
    // either state.
    let taken = table.values().filter(|cell| **cell == Cell::Taken).count();
    assert_eq!(
        (taken, tried.iter().sum()),
        (15, (all - taken) + (all - (taken - 3)))
    );
    let steps = table.iter().filter(|(_, cell)| **cell == Cell::Taken);
    let steps = steps.map(|((step, who, status), _)| (*step, *who, *status, false));
    let paid = ("start", "holder", OrderStatus::Accepted, true);
    // In sequence, because a provider may have few open jobs.
    for step in steps.chain([paid]) {
        scene.is_taken(step).await;
    }
}

fn table() -> BTreeMap<Place, Cell> {
    let mut table = BTreeMap::new();
    for block in STEPS.trim().split("\n\n") {
        let mut lines = block.lines().map(str::split_whitespace);
        let mut head = lines.next().expect("a head");
        let step = head.next().expect("a step");
        let states: Vec<OrderStatus> = head.map(|word| word.parse().expect("a state")).collect();
        for mut line in lines {
            let who = line.next().expect("a person");
            let cells: Vec<Cell> = line.map(cell).collect();
            assert_eq!(cells.len(), states.len(), "{step} by {who}");
            table.extend(
                states
                    .iter()
                    .zip(cells)
                    .map(|(state, cell)| ((step, who, *state), cell)),
            );
        }
    }
    table
}

fn cell(word: &str) -> Cell {
    let refusal = || REFUSALS.iter().find(|(known, _)| *known == word);
    match word {
        "-" => Cell::Taken,
        "=" => Cell::Unchanged,
        _ => Cell::Refused(
            refusal()
                .unwrap_or_else(|| panic!("`{word}` is a refusal"))
                .1,
        ),
    }
}

/// The step that `PUT orders/{id}/status` takes to reach a state. No one can move an order to its
/// first or last state this way.
fn step_to(target: OrderStatus, who: &str) -> Option<&'static str> {
    let works = matches!(who, "holder" | "provider");
    let to = LEADS_TO
        .iter()
        .filter(|(step, to)| *to == target && *step != "review");
    let mut to = to.map(|(step, _)| *step).filter(|step| match *step {
        "approve" => !works,
        "withdraw" => works,
        _ => true,
    });
    to.next()
}

struct Scene {
    nobody: Station,
    gateway: u16,
    people: BTreeMap<&'static str, Somebody>,
}

impl Scene {
    async fn new(platform: &AttackedPlatform) -> Self {
        let (customer, stranger, holder, provider, admin) = tokio::join!(
            platform.somebody(Role::Customer),
            platform.somebody(Role::Customer),
            platform.provider(),
            platform.provider(),
            platform.admin(),
        );
        let people = [
            ("customer", customer),
            ("stranger", stranger),
            ("holder", holder),
            ("provider", provider),
            ("admin", admin),
        ];
        let nobody = Station::fresh();
        let gateway = platform.gateway();
        Self {
            nobody,
            gateway,
            people: people.into(),
        }
    }

    /// Tries every refused step on one order, as each person and by each route. Returns the number
    /// of tries.
    async fn nothing_moves(&self, table: &BTreeMap<Place, Cell>, status: OrderStatus) -> usize {
        let order = self.order_in(status, false).await;
        let before = self.seen(order).await;
        assert_eq!(before[0]["status"], status.as_str());
        let mut tried = 0;
        for who in PEOPLE {
            for (step, _) in LEADS_TO {
                let cell = table[&(step, who, status)];
                if cell != Cell::Taken {
                    let answer = self.ask(who, call(order, step)).await;
                    is_as_told(&answer, cell, &format!("{step} by {who} on {status}"));
                    tried += 1;
                }
            }
            for target in OrderStatus::ALL {
                let cell = match step_to(target, who) {
                    Some(step) => table[&(step, who, status)],
                    None if who == "nobody" => Cell::Refused(Code::InvalidToken),
                    None => Cell::Refused(Code::InvalidInput),
                };
                if cell != Cell::Taken {
                    let path = format!("/api/v1/orders/{order}/status");
                    let form = json!({ "status": target, "reason": REASON });
                    let answer = self.ask(who, HttpCall::new("PUT", &path).json(&form)).await;
                    is_as_told(&answer, cell, &format!("{status} to {target} by {who}"));
                    tried += 1;
                }
            }
            assert_eq!(
                self.seen(order).await,
                before,
                "{who} changed what was {status}"
            );
        }
        tried
    }

    async fn is_taken(&self, (step, who, status, is_paid): (&str, &str, OrderStatus, bool)) {
        let order = self.order_in(status, is_paid).await;
        self.does(who, order, step).await;
        let to = LEADS_TO
            .iter()
            .find(|(known, _)| *known == step)
            .expect("a step")
            .1;
        self.becomes(order, "status", to.as_str()).await;
    }

    async fn order_in(&self, status: OrderStatus, is_paid: bool) -> OrderId {
        use OrderStatus::{
            Accepted, Cancelled, Completed, InProgress, Pending, PendingReview, Rejected, Reviewed,
        };
        let order = self.people["customer"]
            .publish(Region::North, "Mend the tap")
            .await;
        let steps: &[(&str, &str)] = match status {
            PendingReview => &[],
            Rejected => &[("admin", "reject")],
            Pending => &[("admin", "approve")],
            Accepted | InProgress | Completed | Reviewed => {
                &[("admin", "approve"), ("holder", "accept")]
            }
            Cancelled => &[
                ("admin", "approve"),
                ("holder", "accept"),
                ("customer", "cancel"),
            ],
        };
        for (who, step) in steps {
            self.does(who, order, step).await;
        }
        if is_paid || matches!(status, InProgress | Completed | Reviewed) {
            let form = json!({ "order_id": order, "amount": PRICE });
            self.people["customer"]
                .done(HttpCall::post("/api/v1/payments").json(&form))
                .await;
            self.becomes(order, "payment_status", "held").await;
        }
        if matches!(status, InProgress | Completed | Reviewed) {
            self.does("holder", order, "start").await;
        }
        if matches!(status, Completed | Reviewed) {
            self.does("holder", order, "complete").await;
        }
        if status == Reviewed {
            self.does("customer", order, "review").await;
            self.becomes(order, "status", status.as_str()).await;
        }
        order
    }

    async fn does(&self, who: &str, order: OrderId, step: &str) {
        let answer = self.ask(who, call(order, step)).await;
        assert!(answer.status < 300, "{step} by {who}: {}", answer.text());
    }

    async fn ask(&self, who: &str, call: HttpCall) -> HttpAnswer {
        let answer = match self.people.get(who) {
            Some(person) => person.ask(call).await,
            None => self.nobody.ask(self.gateway, &call).await,
        };
        answer.expect("an answer")
    }

    async fn seen(&self, order: OrderId) -> [Value; 2] {
        let path = format!("/api/v1/orders/{order}");
        let customer = &self.people["customer"];
        let order = customer.done(HttpCall::get(&path)).await;
        [
            order,
            customer
                .done(HttpCall::get(&format!("{path}/timeline")))
                .await,
        ]
    }

    /// Waits, because some steps reach the order through an event. Polls slowly, within the rate
    /// limits.
    async fn becomes(&self, order: OrderId, field: &str, word: &str) {
        let who = if field == "status" { "admin" } else { "holder" };
        let call = HttpCall::get(&format!("/api/v1/orders/{order}"));
        let what = format!("`{field}` is `{word}`");
        eventually(&what, PATIENCE, async || {
            let shown = self.ask(who, call.clone()).await.json();
            if shown[field] != word {
                sleep(LOOK_AGAIN).await;
                return None;
            }
            Some(())
        })
        .await;
    }
}

/// Three orders poll concurrently as one person, who has a hundred requests a minute.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
const REASON: &str = "He is ill.";

fn call(order: OrderId, step: &str) -> HttpCall {
    if step == "review" {
        let form = json!({ "order_id": order, "rating": 5, "comment": "Quick and tidy." });
        return HttpCall::post("/api/v1/reviews").json(&form);
    }
    HttpCall::post(&format!("/api/v1/orders/{order}/{step}")).json(&json!({ "reason": REASON }))
}

fn is_as_told(answer: &HttpAnswer, cell: Cell, told: &str) {
    match cell {
        Cell::Refused(code) => {
            let seen = (answer.status, answer.code());
            assert_eq!(
                seen,
                (code.status(), code.as_str().to_owned()),
                "{told}: {}",
                answer.text()
            );
        }
        Cell::Unchanged => assert_eq!(answer.status, 200, "{told}: {}", answer.text()),
        Cell::Taken => panic!("{told} is taken"),
    }
}
