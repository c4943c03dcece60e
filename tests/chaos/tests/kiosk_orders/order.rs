//! An order from the kiosk: its publication, the commands that were sent about it, and the history
//! that it must have.

use wire::{
    Action, CommandBody, CommandId, Draft, Hash, OrderCode, OrderId, PaymentStatus, PhotoRef,
    ReceiptSecret, Reply, UnixMillis, UserId, WorkEvidence,
};

use crate::{
    REGION,
    plan::{OrderPlan, Step},
};

/// The kiosk's page makes an order's id from the secret after this text.
const SECRET_PURPOSE: &str = "holdfast receipt ";

/// A command with a receipt.
pub(crate) struct SentCommand {
    pub step: Step,
    pub command: CommandId,
    pub user_id: UserId,
    pub reply: Reply,
    pub tapped_after: UnixMillis,
    pub answered_before: UnixMillis,
}

/// A line that the order's history must have.
#[derive(Debug, Clone, Copy)]
pub(crate) enum HistoryLine {
    /// This command at the edge, by its place among the sent ones.
    AtEdge(usize),
    InCloud(Action),
    Payment(PaymentStatus),
}

pub(crate) struct KioskOrder {
    pub plan: OrderPlan,
    pub id: OrderId,
    pub code: OrderCode,
    pub sent: Vec<SentCommand>,
    /// As the cloud decides: what it did meanwhile comes before the edge's commands.
    pub history: Vec<HistoryLine>,
}

impl KioskOrder {
    pub(crate) fn new(plan: OrderPlan, at: UnixMillis) -> Self {
        let id = make_order_id(&plan.secret, at);
        Self {
            code: OrderCode::from_order_id(REGION, id),
            id,
            plan,
            sent: Vec::new(),
            history: Vec::new(),
        }
    }

    pub(crate) fn describe(&self) -> String {
        let OrderPlan { number, path, .. } = &self.plan;
        format!("order {number} ({path:?}, {})", self.id)
    }

    /// The command of this action; the first if there are several.
    pub(crate) fn sent_command(&self, action: Action) -> Option<&SentCommand> {
        let mut sent = self.sent.iter();
        sent.find(|sent| sent.step.action == Some(action))
    }

    pub(crate) fn command_body(&self, action: Option<Action>) -> CommandBody {
        let order_id = self.id;
        let pictures = self.plan.pictures(action).iter();
        let photos = pictures.map(|picture| picture.named).collect();
        match action {
            None => CommandBody::PublishOrder {
                order_id,
                order: self.draft(photos),
            },
            Some(Action::Approve) => CommandBody::ApproveOrder { order_id },
            Some(Action::Accept) => CommandBody::AcceptOrder { order_id },
            Some(Action::Start) => CommandBody::StartOrder {
                order_id,
                start_code: None,
                photos,
            },
            Some(Action::Complete) => CommandBody::CompleteOrder {
                order_id,
                note: Some(format!("Done as asked, {}.", self.code)),
                evidence: Some(WorkEvidence {
                    signed_by: Some("Lin Xiaomei".into()),
                    photos,
                    ..WorkEvidence::default()
                }),
            },
            Some(Action::Cancel) => CommandBody::CancelOrder {
                order_id,
                reason: Some("It works again.".into()),
                fee: None,
            },
            Some(Action::Review) => CommandBody::SubmitReview {
                order_id,
                rating: self.plan.stars,
                comment: "在停网时完成".into(),
            },
            Some(other) => panic!("no path has a step {other}"),
        }
    }

    fn draft(&self, photos: Vec<PhotoRef>) -> Draft {
        let OrderPlan {
            number,
            path,
            price,
            ..
        } = &self.plan;
        let title = format!("Job {number}");
        let address = format!("{number} Harbour Road");
        Draft {
            description: "水龙头漏水".into(),
            photos,
            ..Draft::new(&title, path.service_type(), *price, REGION, &address)
        }
    }
}

/// Version 7 of a UUID, with bits of the secret's hash in place of the random ones.
fn make_order_id(secret: &str, at: UnixMillis) -> OrderId {
    let hash = Hash::digest_bytes(format!("{SECRET_PURPOSE}{secret}").as_bytes());
    let mut bits = [0; 10];
    bits.copy_from_slice(&hash.0[6..16]);
    let millis = u64::try_from(at.0).unwrap();
    let id = uuid::Builder::from_unix_timestamp_millis(millis, &bits).into_uuid();
    let secret = ReceiptSecret::parse(secret).unwrap();
    assert!(secret.opens(OrderId(id)), "the receipt opens its order");
    OrderId(id)
}
