//! The story: a customer's job is approved, the line to NORTH is cut, two providers accept the same
//! job on either side of the cut, the line heals, and all receive the decision and its reason. The
//! winner's work is paid, done and reviewed. A second job is accepted, started and completed
//! offline, and both providers get their money.

mod alone;
mod money;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use http::Method;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use support::{Api, Mqtt, Person, Place, Tablet, within};
use texts::Phrase;
use wire::{
    ChecksumState, Code, CommandBody, CommandId, LinkState, Order, OrderId, OrderStatus,
    OutcomeKind, Region, Role, Verdict,
};

use crate::{
    fact::{Fact, fact},
    say,
};

pub(crate) struct Step {
    pub name: &'static str,
    pub title: Phrase,
}

/// This step requires a platform without the three days for objections.
pub(crate) const PAY_OUT: &str = "pay_out";

pub(crate) const STEPS: [Step; 16] = [
    Step {
        name: "publish",
        title: say::publish,
    },
    Step {
        name: "approve",
        title: say::approve,
    },
    Step {
        name: "cut",
        title: say::cut,
    },
    Step {
        name: "accept_offline",
        title: say::accept_offline,
    },
    Step {
        name: "collide",
        title: say::collide,
    },
    Step {
        name: "heal",
        title: say::heal,
    },
    Step {
        name: "outcomes",
        title: say::outcomes,
    },
    Step {
        name: "record",
        title: say::record,
    },
    Step {
        name: "pay",
        title: say::pay,
    },
    Step {
        name: "work",
        title: say::work,
    },
    Step {
        name: "review",
        title: say::review,
    },
    Step {
        name: "publish_again",
        title: say::publish_again,
    },
    Step {
        name: "work_offline",
        title: say::work_offline,
    },
    Step {
        name: "heal_again",
        title: say::heal_again,
    },
    Step {
        name: "pay_afterwards",
        title: say::pay_afterwards,
    },
    Step {
        name: PAY_OUT,
        title: say::pay_out,
    },
];

#[derive(Deserialize)]
struct Board {
    items: Vec<Order>,
}

/// The link between NORTH's edge and the cloud, as the edge reports it.
#[derive(Deserialize)]
struct Standing {
    link: Link,
}

#[derive(Deserialize)]
struct Link {
    up: bool,
}

const SOON: Duration = Duration::from_secs(30);
const REGION: Region = Region::North;

pub(crate) struct Story {
    api: Api,
    /// NORTH's edge, over HTTP.
    edge: Api,
    admin: Person,
    customer: Person,
    offline: Person,
    /// The same provider, with a token for the edge.
    visitor: Person,
    online: Person,
    tablet: Tablet,
    order: Option<Order>,
    command: Option<CommandId>,
    /// The job done during the cut.
    second: Option<OrderId>,
    /// The region's original rules, restored at the end.
    rules: Option<Value>,
    work: Vec<CommandId>,
}

impl Story {
    pub(crate) async fn begin(api: Api, edge: Api, admin: Person, north: Place) -> Result<Self> {
        let customer = api.newcomer(Role::Customer).await.context("no customer")?;
        let offline = api.provider(&admin).await.context("no first provider")?;
        let online = api.provider(&admin).await.context("no second provider")?;
        let device = format!("demo-{}", offline.user_id);
        let visitor = api
            .at_edges(&offline, north.region)
            .await
            .context("no token for edges")?;
        let tablet = Tablet::new(north, &device[..24], &visitor, Mqtt::V5);
        Ok(Self {
            api,
            edge,
            admin,
            customer,
            offline,
            visitor,
            online,
            tablet,
            order: None,
            command: None,
            second: None,
            rules: None,
            work: Vec::new(),
        })
    }

    pub(crate) async fn play(&mut self, step: &str) -> Result<Vec<Fact>> {
        match step {
            "publish" => self.publish().await,
            "approve" => self.approve().await,
            "cut" => self.cut().await,
            "accept_offline" => self.accept_offline().await,
            "collide" => self.collide().await,
            "heal" => self.heal().await,
            "outcomes" => self.outcomes().await,
            "record" => self.record().await,
            "pay" => self.pay().await,
            "work" => self.work().await,
            "review" => self.review().await,
            "publish_again" => self.publish_again().await,
            "work_offline" => self.work_offline().await,
            "heal_again" => self.heal_again().await,
            "pay_afterwards" => self.pay_afterwards().await,
            PAY_OUT => self.pay_out().await,
            other => bail!("there is no step `{other}`"),
        }
    }

    /// Always reopens the gate and restores the rules.
    pub(crate) async fn end(mut self) -> Result<()> {
        let opened = self.api.gate(&self.admin, REGION, true).await;
        let put_back = match self.rules.take() {
            Some(rules) => self.set_rules(rules).await,
            None => Ok(()),
        };
        self.tablet.stop().await;
        opened.context("could not open the gate again")?;
        put_back.context("could not put the rules of the region back")
    }

    async fn publish(&mut self) -> Result<Vec<Fact>> {
        let done = self
            .api
            .publish(&self.customer, REGION, "Leaking tap 水龙头漏水")
            .await?;
        let order = done.order;
        let facts = vec![
            fact(
                "it waits for review",
                OrderStatus::PendingReview,
                order.status,
            ),
            fact(
                "it is the customer's",
                self.customer.user_id,
                order.customer_id,
            ),
            fact("its price is exact", "200.00", order.price),
        ];
        self.order = Some(order);
        Ok(facts)
    }

    async fn approve(&mut self) -> Result<Vec<Fact>> {
        let order = self.order()?.id;
        let done = self.api.act(&self.admin, order, "approve").await?;
        let on_board = self.open_on_board(order).await?;
        Ok(vec![
            fact("it is open", OrderStatus::Pending, done.status),
            fact(
                "the edge's board shows it open",
                OrderStatus::Pending,
                on_board,
            ),
        ])
    }

    async fn cut(&mut self) -> Result<Vec<Fact>> {
        let link = self.set_line(false).await?;
        Ok(vec![fact("the link is down", LinkState::Down, link)])
    }

    async fn accept_offline(&mut self) -> Result<Vec<Fact>> {
        let order = self.order()?.id;
        let command = self
            .tablet
            .prepare(CommandBody::AcceptOrder { order_id: order });
        self.command = Some(command);
        let reply = self.tablet.until_stored(command, SOON).await?;
        let shown = reply.order.as_ref();
        Ok(vec![
            fact("the verdict", Verdict::Provisional, reply.verdict),
            fact(
                "a receipt for this command",
                command,
                reply.receipt.map(|r| r.command_id),
            ),
            fact(
                "work can go on",
                OrderStatus::Accepted,
                shown.map(|order| order.status),
            ),
            fact(
                "no address before it is sure",
                Some(""),
                shown.map(|order| &order.address),
            ),
        ])
    }

    async fn collide(&mut self) -> Result<Vec<Fact>> {
        let done = self
            .api
            .act(&self.online, self.order()?.id, "accept")
            .await?;
        Ok(vec![
            fact("the cloud gives it", OrderStatus::Accepted, done.status),
            fact("to whom asked", self.online.user_id, done.order.provider_id),
            fact(
                "and shows where to go",
                false,
                done.order.address.is_empty(),
            ),
        ])
    }

    async fn heal(&mut self) -> Result<Vec<Fact>> {
        let link = self.set_line(true).await?;
        Ok(vec![fact("the link is up", LinkState::Up, link)])
    }

    async fn outcomes(&mut self) -> Result<Vec<Fact>> {
        let command = self.command.context("nothing was accepted offline")?;
        let reply = self.tablet.until_decided(command, SOON).await?;
        let outcome = reply
            .outcome
            .context("a decided reply carries its outcome")?;
        let lost = outcome
            .lost
            .clone()
            .context("a lost acceptance is explained")?;
        let order = self.order()?.id;
        let loser = self
            .told(&self.offline, order, "order.acceptance_lost")
            .await?;
        let winner = self.told(&self.online, order, "order.accepted").await?;
        let customer = self.told(&self.customer, order, "order.accepted").await?;
        Ok(vec![
            fact("decided", OutcomeKind::Rejected, outcome.kind),
            fact("why", Code::OrderAlreadyAccepted, outcome.code),
            fact("the winner came by", "portal", lost.winner_source),
            fact(
                "the winner's time is told",
                true,
                lost.winner_decided_at.is_some(),
            ),
            fact("the tap's time is kept", true, lost.tapped_at.is_some()),
            fact(
                "the order's provider",
                self.online.user_id,
                outcome.order.and_then(|o| o.provider_id),
            ),
            fact(
                "lines: loser, winner, customer",
                (1, 1, 1),
                (loser, winner, customer),
            ),
        ])
    }

    async fn record(&mut self) -> Result<Vec<Fact>> {
        let order = self.order()?.id;
        let timeline = self.api.timeline(&self.admin, order).await?;
        let accepts: Vec<_> = timeline
            .iter()
            .filter(|entry| entry.action == Some(wire::Action::Accept))
            .map(|entry| {
                (
                    entry.actor.user_id,
                    entry.from != Some(entry.to),
                    entry.code,
                )
            })
            .collect();
        let expected = vec![
            (self.online.user_id, true, None),
            (
                self.offline.user_id,
                false,
                Some(Code::OrderAlreadyAccepted),
            ),
        ];
        let checksum = self.agreed().await?;
        let now = self.api.order(&self.admin, order).await?;
        Ok(vec![
            fact("both acceptances, in order", expected, accepts),
            fact("one provider", self.online.user_id, now.provider_id),
            fact("checksums", ChecksumState::Match, checksum),
        ])
    }

    fn order(&self) -> Result<&Order> {
        self.order.as_ref().context("nothing was published")
    }

    async fn north(&self) -> Result<(LinkState, ChecksumState)> {
        let report = self.api.status(&self.admin).await?;
        let region = report
            .regions
            .into_iter()
            .find(|status| status.region == REGION);
        let edge = region.and_then(|status| status.edges.into_iter().next());
        let edge = edge.context("NORTH has no edge")?;
        Ok((edge.link, edge.checksum))
    }

    async fn on_board(&self, order: OrderId) -> Result<Option<OrderStatus>> {
        let board: Board = self
            .edge
            .call(Method::GET, "/board", Some(&self.visitor), None)
            .await?;
        let shown = board.items.into_iter().find(|shown| shown.id == order);
        Ok(shown.map(|order| order.status))
    }

    /// Cuts or heals NORTH's line. Returns once both ends have noticed.
    async fn set_line(&self, is_open: bool) -> Result<LinkState> {
        let expected = if is_open {
            LinkState::Up
        } else {
            LinkState::Down
        };
        self.api.gate(&self.admin, REGION, is_open).await?;
        let seen = within("NORTH's link follows its gate", SOON, async || {
            let (link, _) = self.north().await.ok()?;
            let edge = self
                .edge
                .call::<Standing>(Method::GET, "/standing", None, None);
            let is_up = edge.await.ok()?.link.up;
            (link == expected && is_up == is_open).then_some(link)
        });
        Ok(seen.await?)
    }

    /// Waits for the approval on the board, because the edge answers from its feed.
    async fn open_on_board(&self, order: OrderId) -> Result<OrderStatus> {
        let seen = within("NORTH's board shows the approval", SOON, async || {
            let status = self.on_board(order).await.ok()??;
            (status == OrderStatus::Pending).then_some(status)
        });
        Ok(seen.await?)
    }

    async fn agreed(&self) -> Result<ChecksumState> {
        let seen = within("edge and cloud agree again", SOON, async || {
            let (_, sum) = self.north().await.ok()?;
            (sum == ChecksumState::Match).then_some(sum)
        });
        Ok(seen.await?)
    }

    /// Waits for notifications of that kind about an order. Returns their number.
    async fn told(&self, person: &Person, order: OrderId, kind: &str) -> Result<usize> {
        let lines = within("an inbox line", SOON, async || {
            let lines = self.api.inbox(person).await.ok()?;
            let about = lines
                .iter()
                .filter(|line| line.kind == kind && line.order_id == Some(order));
            Some(about.count()).filter(|count| *count > 0)
        });
        Ok(lines.await?)
    }

    /// Waits until the unread counter equals the number of notifications, all of which are unread.
    /// A cache may lag by some seconds.
    async fn unread(&self, person: &Person) -> Result<(u64, u64)> {
        let seen = within("the counter follows its lines", SOON, async || {
            let page: Value = self
                .get(person, "/api/v1/notifications?limit=1")
                .await
                .ok()?;
            let lines = self.api.inbox(person).await.ok()?.len() as u64;
            let unread = page["unread"].as_u64()?;
            (unread == lines).then_some((unread, lines))
        });
        Ok(seen.await?)
    }

    async fn becomes(
        &self,
        order: OrderId,
        what: &str,
        is_so: impl Fn(&Order) -> bool,
    ) -> Result<Order> {
        let seen = within(what, SOON, async || {
            let order = self.api.order(&self.customer, order).await.ok()?;
            is_so(&order).then_some(order)
        });
        Ok(seen.await?)
    }

    async fn get<T: DeserializeOwned>(&self, person: &Person, path: &str) -> Result<T> {
        Ok(self.api.call(Method::GET, path, Some(person), None).await?)
    }

    async fn post(&self, person: &Person, path: &str, body: Value) -> Result<Value> {
        Ok(self
            .api
            .call(Method::POST, path, Some(person), Some(body))
            .await?)
    }
}
