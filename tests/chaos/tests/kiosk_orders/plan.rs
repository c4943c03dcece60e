//! The plan of a run, drawn only from its seed: the path, price, provider and photos of each order,
//! and what the region's rules make of each step.

use std::ops::RangeInclusive;

use support::Draws;
use wire::{Action, Amount, Code, OrderStatus, PaymentStatus, ServiceType, Verdict};

use crate::{PROVIDERS, pictures::Picture};

/// The highest price that the holding edge may approve, in cents.
pub(crate) const APPROVED_MINOR_MAX: i64 = 30_000;
/// The highest price of work that may start unpaid while the region is cut off, in cents.
pub(crate) const UNPAID_MINOR_MAX: i64 = 20_000;
const PRICE_MINOR_MIN: i64 = 5_000;
const PRICE_MINOR_MAX: i64 = 90_000;
/// Work that is paid for afterwards by the region's rules, and work that is not.
pub(crate) const PAID_AFTERWARDS: ServiceType = ServiceType::EducationTraining;
pub(crate) const PAID_BEFORE: ServiceType = ServiceType::CleaningRepair;

const SECRET_LENGTH: usize = 16;
const SECRET_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// What happens to an order. The kiosk publishes all of them while the region is cut off. It has
/// contact once: the cloud then knows the orders of `BEFORE_CONTACT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Path {
    /// Its work begins and ends unpaid.
    Worked,
    /// Its work is paid for afterwards, and reviewed at the kiosk.
    Reviewed,
    CancelledOpen,
    CancelledAccepted,
    /// Its customer cancels the unpaid work, which its provider completes all the same.
    CancelledAtWork,
    /// It costs more than the edge may approve, and its customer cancels it.
    OverApprovalCancelled,
    /// It costs more than the edge may approve. An admin, and a provider who does the work, act on
    /// it at the edge without a promise.
    OverApprovalWorked,
    /// It costs more than work that may start unpaid, and its provider does the work all the same.
    OverUnpaidWorked,
    /// The same, and the cloud cancels it meanwhile.
    OverUnpaidCancelled,
    /// The cloud cancels the open order, which the edge promises to a provider.
    CancelledMeanwhile,
    /// It is accepted and paid. The cloud cancels it, and the edge works on it.
    PaidAndCancelled,
    /// It is accepted and paid, and the edge works on it.
    PaidAndWorked,
}

const BEFORE_CONTACT: [(Path, usize); 4] = [
    (Path::CancelledMeanwhile, 4),
    (Path::PaidAndCancelled, 2),
    (Path::PaidAndWorked, 2),
    (Path::OverUnpaidCancelled, 2),
];
const AFTER_CONTACT: [(Path, usize); 8] = [
    (Path::Worked, 14),
    (Path::Reviewed, 6),
    (Path::CancelledOpen, 4),
    (Path::CancelledAccepted, 4),
    (Path::CancelledAtWork, 3),
    (Path::OverApprovalCancelled, 3),
    (Path::OverApprovalWorked, 3),
    (Path::OverUnpaidWorked, 3),
];
/// The number of orders that both lists make together.
pub(crate) const ORDERS: usize = 50;

/// What the cloud makes of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ruling {
    Applied,
    /// It counts, and the order stays as the cloud has it.
    AppliedWith(Code),
    Rejected(Code),
}

/// A command at the edge, the expected answers, and the kind of the case that it belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// Absent for the publication.
    pub action: Option<Action>,
    pub verdict: Verdict,
    /// The edge's reason not to count on it.
    pub doubt: Option<Code>,
    pub ruling: Ruling,
    pub case: Option<&'static str>,
}

impl Step {
    fn promised(action: Option<Action>) -> Self {
        Self {
            action,
            verdict: Verdict::Firm,
            doubt: None,
            ruling: Ruling::Applied,
            case: None,
        }
    }

    fn stored(action: Option<Action>) -> Self {
        Self {
            verdict: Verdict::Provisional,
            ..Self::promised(action)
        }
    }

    fn doubted(self, code: Code) -> Self {
        Self {
            doubt: Some(code),
            ..self
        }
    }

    fn ruled(self, ruling: Ruling) -> Self {
        Self { ruling, ..self }
    }

    fn listed_as(self, case: &'static str) -> Self {
        Self {
            case: Some(case),
            ..self
        }
    }
}

impl Path {
    /// The steps at the edge before its contact with the cloud.
    pub(crate) fn steps_before_contact(self) -> Vec<Step> {
        let publish = Step::promised(None);
        let approve = Step::promised(Some(Action::Approve)).listed_as("offline_rule");
        let accept = Step::promised(Some(Action::Accept));
        match self {
            Self::CancelledMeanwhile => vec![publish, approve],
            Self::PaidAndCancelled | Self::PaidAndWorked | Self::OverUnpaidCancelled => {
                vec![publish, approve, accept]
            }
            _ => Vec::new(),
        }
    }

    /// The steps at the edge after the contact.
    pub(crate) fn steps_after_contact(self) -> Vec<Step> {
        use Action::{Accept, Approve, Cancel, Complete, Review, Start};
        let publish = Step::promised(None);
        let approve = Step::promised(Some(Approve)).listed_as("offline_rule");
        let accept = Step::promised(Some(Accept));
        let unpaid_start = Step::stored(Some(Start)).listed_as("offline_rule");
        let cancel = Step::stored(Some(Cancel));
        let too_late = Ruling::Rejected(Code::OrderCancelled);
        let late_start = Step::stored(Some(Start)).ruled(too_late);
        let late_complete = Step::stored(Some(Complete)).ruled(too_late);
        match self {
            Self::Worked => vec![
                publish,
                approve,
                accept,
                unpaid_start,
                Step::stored(Some(Complete)),
            ],
            Self::Reviewed => vec![
                publish,
                approve,
                accept,
                Step::stored(Some(Start)),
                Step::stored(Some(Complete)),
                Step::stored(Some(Review)),
            ],
            Self::CancelledOpen => vec![publish, approve, cancel],
            Self::CancelledAccepted => vec![publish, approve, accept, cancel],
            Self::CancelledAtWork => vec![
                publish,
                approve,
                accept,
                unpaid_start,
                cancel,
                late_complete
                    .doubted(Code::LooksWrongState)
                    .listed_as("worked_in_vain"),
            ],
            Self::OverApprovalCancelled => vec![Step::stored(None), cancel],
            Self::OverApprovalWorked => {
                let begun = vec![
                    Step::stored(None),
                    Step::stored(Some(Approve)),
                    Step::stored(Some(Accept)),
                ];
                [begun, work_over_limit()].concat()
            }
            Self::OverUnpaidWorked => [vec![publish, approve, accept], work_over_limit()].concat(),
            Self::OverUnpaidCancelled => vec![
                late_start.doubted(Code::LooksUnpaid),
                late_complete
                    .doubted(Code::LooksUnpaid)
                    .listed_as("worked_in_vain"),
            ],
            Self::CancelledMeanwhile => vec![
                accept
                    .ruled(Ruling::AppliedWith(Code::OrderCancelledMeanwhile))
                    .listed_as("met_closed"),
                late_start.listed_as("met_closed"),
                late_complete.listed_as("met_closed"),
            ],
            Self::PaidAndCancelled => vec![late_start, late_complete.listed_as("worked_in_vain")],
            Self::PaidAndWorked => vec![Step::stored(Some(Start)), Step::stored(Some(Complete))],
        }
    }

    /// The order's status at the edge when the region is linked again.
    pub(crate) fn status_at_edge(self) -> OrderStatus {
        match self {
            Self::Worked
            | Self::OverApprovalWorked
            | Self::OverUnpaidWorked
            | Self::OverUnpaidCancelled
            | Self::CancelledMeanwhile
            | Self::PaidAndCancelled
            | Self::PaidAndWorked => OrderStatus::Completed,
            Self::Reviewed => OrderStatus::Reviewed,
            Self::CancelledOpen
            | Self::CancelledAccepted
            | Self::CancelledAtWork
            | Self::OverApprovalCancelled => OrderStatus::Cancelled,
        }
    }

    /// The order's status once the cloud has decided everything.
    pub(crate) fn status_in_cloud(self) -> OrderStatus {
        match self {
            Self::Worked | Self::PaidAndWorked => OrderStatus::Completed,
            Self::Reviewed => OrderStatus::Reviewed,
            Self::CancelledOpen
            | Self::CancelledAccepted
            | Self::CancelledAtWork
            | Self::OverApprovalCancelled
            | Self::OverUnpaidCancelled
            | Self::CancelledMeanwhile
            | Self::PaidAndCancelled => OrderStatus::Cancelled,
            Self::OverApprovalWorked | Self::OverUnpaidWorked => OrderStatus::Accepted,
        }
    }

    pub(crate) fn payment_status(self) -> PaymentStatus {
        match self {
            Self::PaidAndWorked => PaymentStatus::Held,
            Self::PaidAndCancelled => PaymentStatus::Refunded,
            _ => PaymentStatus::Unpaid,
        }
    }

    /// Paid during the contact.
    pub(crate) fn is_paid(self) -> bool {
        self.payment_status() != PaymentStatus::Unpaid
    }

    /// Cancelled in the cloud after the contact, while the edge works on it.
    pub(crate) fn is_cancelled_in_cloud(self) -> bool {
        matches!(
            self,
            Self::CancelledMeanwhile | Self::PaidAndCancelled | Self::OverUnpaidCancelled
        )
    }

    /// The cloud refused the work because it was unpaid. It goes on once it is paid.
    pub(crate) fn waits_for_payment(self) -> bool {
        matches!(self, Self::OverApprovalWorked | Self::OverUnpaidWorked)
    }

    pub(crate) fn service_type(self) -> ServiceType {
        if self == Self::Reviewed {
            PAID_AFTERWARDS
        } else {
            PAID_BEFORE
        }
    }

    /// The prices of its orders, in cents.
    fn prices(self) -> RangeInclusive<i64> {
        match self {
            Self::OverApprovalCancelled | Self::OverApprovalWorked => {
                APPROVED_MINOR_MAX + 1..=PRICE_MINOR_MAX
            }
            Self::OverUnpaidWorked | Self::OverUnpaidCancelled => {
                UNPAID_MINOR_MAX + 1..=APPROVED_MINOR_MAX
            }
            Self::Worked | Self::CancelledAtWork | Self::CancelledMeanwhile => {
                PRICE_MINOR_MIN..=UNPAID_MINOR_MAX
            }
            _ => PRICE_MINOR_MIN..=APPROVED_MINOR_MAX,
        }
    }
}

/// Work on an accepted order that costs more than work that may start unpaid. The cloud refuses it,
/// and an admin decides what its provider gets.
fn work_over_limit() -> Vec<Step> {
    let start = Step::stored(Some(Action::Start)).ruled(Ruling::Rejected(Code::FundsNotHeld));
    let complete = Step::stored(Some(Action::Complete))
        .ruled(Ruling::Rejected(Code::WrongState))
        .listed_as("worked_in_vain");
    [start, complete]
        .map(|step| step.doubted(Code::LooksUnpaid))
        .to_vec()
}

/// One order of the run.
#[derive(Debug)]
pub(crate) struct OrderPlan {
    pub number: usize,
    pub path: Path,
    pub price: Amount,
    /// The secret on the customer's receipt.
    pub secret: String,
    /// The number of the provider who works on it.
    pub provider: usize,
    pub stars: u8,
    photos_of_job: Vec<Picture>,
    photos_at_start: Vec<Picture>,
    photos_at_completion: Vec<Picture>,
}

impl OrderPlan {
    /// The photos that this step's command names.
    pub(crate) fn pictures(&self, action: Option<Action>) -> &[Picture] {
        match action {
            None => &self.photos_of_job,
            Some(Action::Start) => &self.photos_at_start,
            Some(Action::Complete) => &self.photos_at_completion,
            Some(_) => &[],
        }
    }
}

pub(crate) struct Plan {
    /// The orders that the kiosk publishes before its contact with the cloud.
    pub before_contact: Vec<OrderPlan>,
    pub after_contact: Vec<OrderPlan>,
}

impl Plan {
    pub(crate) fn draw(seed: u64) -> Self {
        let mut drawing = PlanDrawing {
            draws: Draws::of(seed),
            orders: 0,
            pictures: 0,
        };
        Self {
            before_contact: drawing.draw_orders(&BEFORE_CONTACT),
            after_contact: drawing.draw_orders(&AFTER_CONTACT),
        }
    }
}

struct PlanDrawing {
    draws: Draws,
    orders: usize,
    pictures: u32,
}

impl PlanDrawing {
    /// The orders of these paths, in a drawn sequence.
    fn draw_orders(&mut self, paths: &[(Path, usize)]) -> Vec<OrderPlan> {
        let each = paths.iter().map(|(path, number)| vec![*path; *number]);
        let mut rest = each.collect::<Vec<_>>().concat();
        let mut orders = Vec::with_capacity(rest.len());
        while !rest.is_empty() {
            let path = rest.swap_remove(self.draws.below(rest.len()));
            orders.push(self.draw_order(path));
        }
        orders
    }

    fn draw_order(&mut self, path: Path) -> OrderPlan {
        self.orders += 1;
        OrderPlan {
            number: self.orders,
            path,
            price: self.draw_price(path),
            secret: self.draw_secret(),
            provider: self.draws.below(PROVIDERS),
            stars: self.draws.of_these(&[1, 2, 3, 4, 5]),
            photos_of_job: self.draw_pictures(3),
            photos_at_start: self.draw_pictures(2),
            photos_at_completion: self.draw_pictures(2),
        }
    }

    /// Often one of the limits themselves.
    fn draw_price(&mut self, path: Path) -> Amount {
        let prices = path.prices();
        let minor = match self.draws.below(4) {
            0 => *prices.end(),
            1 => *prices.start(),
            _ => {
                let range = usize::try_from(prices.end() - prices.start()).unwrap();
                prices.start() + i64::try_from(self.draws.below(range)).unwrap()
            }
        };
        Amount::from_minor(minor).unwrap()
    }

    fn draw_secret(&mut self) -> String {
        let letters = (0..SECRET_LENGTH).map(|_| self.draws.of_these(SECRET_ALPHABET));
        letters.map(char::from).collect()
    }

    /// At least one picture. Each differs from all others of the run.
    fn draw_pictures(&mut self, most: usize) -> Vec<Picture> {
        let number = 1 + self.draws.below(most);
        let mut taken = Vec::with_capacity(number);
        for _ in 0..number {
            taken.push(Picture::take(self.pictures));
            self.pictures += 1;
        }
        taken
    }
}
