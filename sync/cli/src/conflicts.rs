//! Owns `holdfast conflicts`: acceptances that lost and cases that wait for a person, newest first, by
//! which rule and to whom.

use std::{fmt, str::FromStr};

use serde_json::{Value, json};
use wire::{CaseItem, CommandId, Language, LostAcceptance, UnixMillis, Verdict};

use crate::{
    age,
    exit::Failure,
    explain::way,
    gateway::Gateway,
    look::{Look, Tone},
    table::{Cell, Table},
};

pub enum Conflict {
    Lost(Box<LostAcceptance>),
    Case(Box<CaseItem>),
}

/// The name of a conflict, `lost-12` or `case-7`, by which `explain` finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    Lost(u64),
    Case(u64),
}

/// Where a page ends in each of the two lists: what is older comes with the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor {
    lost: Option<u64>,
    case: Option<u64>,
}

pub struct Page {
    pub items: Vec<Conflict>,
    pub next: Option<Cursor>,
}

impl Conflict {
    pub fn name(&self) -> Name {
        match self {
            Self::Lost(lost) => Name::Lost(lost.id),
            Self::Case(case) => Name::Case(case.id),
        }
    }

    pub fn command_id(&self) -> CommandId {
        match self {
            Self::Lost(lost) => lost.entry.command_id,
            Self::Case(case) => case.command_id,
        }
    }

    fn at(&self) -> UnixMillis {
        match self {
            Self::Lost(lost) => lost.entry.hops.cloud_at.unwrap_or(UnixMillis(0)),
            Self::Case(case) => case.at,
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(id) => write!(f, "lost-{id}"),
            Self::Case(id) => write!(f, "case-{id}"),
        }
    }
}

impl FromStr for Name {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (kind, id) = text.split_once('-').ok_or(())?;
        let id = id.parse().map_err(|_| ())?;
        match kind {
            "lost" => Ok(Self::Lost(id)),
            "case" => Ok(Self::Case(id)),
            _ => Err(()),
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |id: Option<u64>| id.map_or("end".to_owned(), |id| id.to_string());
        write!(f, "{}.{}", place(self.lost), place(self.case))
    }
}

impl FromStr for Cursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "expected the cursor that the page before named";
        let place = |text: &str| match text {
            "end" => Ok(None),
            id => id.parse().map(Some).map_err(|_| wrong),
        };
        let (lost, case) = text.split_once('.').ok_or(wrong)?;
        Ok(Self { lost: place(lost)?, case: place(case)? })
    }
}

/// At most `limit`, newest first, of both lists.
pub async fn page(gateway: &Gateway, limit: usize, after: Option<Cursor>) -> Result<Page, Failure> {
    let lost = of(gateway, "lost-acceptances", limit, after.map(|after| after.lost)).await?;
    let cases = of(gateway, "cases", limit, after.map(|after| after.case)).await?;
    let (lost_rest, case_rest) = (lost.1, cases.1);
    let lost = lost.0.into_iter().map(|lost| Conflict::Lost(Box::new(lost)));
    let cases = cases.0.into_iter().map(|case| Conflict::Case(Box::new(case)));
    let mut items = merged(lost, cases);
    let cut = items.split_off(limit.min(items.len()));
    let mut next = Cursor { lost: lost_rest, case: case_rest };
    // What was cut off comes again: each list goes on below its last item that is shown.
    for item in cut.iter().rev() {
        match item.name() {
            Name::Lost(id) => next.lost = Some(id + 1),
            Name::Case(id) => next.case = Some(id + 1),
        }
    }
    let next = Some(next).filter(|next| *next != Cursor::default());
    Ok(Page { items, next })
}

/// The newer of the two heads comes next. Each list keeps its own order, for its cursor is a place in it,
/// and its times come from more than one clock.
fn merged(
    lost: impl Iterator<Item = Conflict>,
    cases: impl Iterator<Item = Conflict>,
) -> Vec<Conflict> {
    let (mut lost, mut cases) = (lost.peekable(), cases.peekable());
    let mut items = Vec::new();
    loop {
        let is_case = match (lost.peek(), cases.peek()) {
            (Some(lost), Some(case)) => lost.at() < case.at(),
            (lost, _) => lost.is_none(),
        };
        let newest = if is_case { cases.next() } else { lost.next() };
        let Some(newest) = newest else { return items };
        items.push(newest);
    }
}

/// A part of one list, and where the rest begins, if there is any. `after`: the whole list, from a
/// place, or nothing of it any more.
async fn of<T: serde::de::DeserializeOwned>(
    gateway: &Gateway,
    list: &str,
    limit: usize,
    after: Option<Option<u64>>,
) -> Result<(Vec<T>, Option<u64>), Failure> {
    let from = match after {
        None => String::new(),
        Some(None) => return Ok((Vec::new(), None)),
        Some(Some(before)) => format!("cursor={before}"),
    };
    let path = format!("/api/v1/admin/{list}?{from}");
    let (items, rest) = gateway.some(&path, limit).await?;
    Ok((items, rest.and_then(|rest| rest.parse().ok())))
}

/// One conflict by its name; `None` where there is none.
pub async fn find(gateway: &Gateway, name: Name) -> Result<Option<Conflict>, Failure> {
    let beyond = |id: u64| Some(Some(id.saturating_add(1)));
    let found = match name {
        Name::Lost(id) => {
            let (items, _) = of(gateway, "lost-acceptances", 1, beyond(id)).await?;
            items.into_iter().next().map(|lost| Conflict::Lost(Box::new(lost)))
        }
        Name::Case(id) => {
            let (items, _) = of(gateway, "cases", 1, beyond(id)).await?;
            items.into_iter().next().map(|case| Conflict::Case(Box::new(case)))
        }
    };
    Ok(found.filter(|conflict| conflict.name() == name))
}

pub fn json(page: &Page, look: &Look) -> Value {
    let items = page.items.iter().map(|item| one_json(item, look));
    json!({
        "items": items.collect::<Vec<_>>(),
        "next": page.next.map(|next| next.to_string()),
    })
}

pub fn one_json(conflict: &Conflict, look: &Look) -> Value {
    let (mut value, kind) = match conflict {
        Conflict::Lost(lost) => (json!(lost), "lost_acceptance"),
        Conflict::Case(case) => (json!(case), "case"),
    };
    value["conflict"] = json!(conflict.name().to_string());
    value["type"] = json!(kind);
    value["rule"] = json!(rule(conflict, look));
    value
}

/// One conflict as `explain` begins it.
pub fn render_one(conflict: &Conflict, look: &Look) -> String {
    let name = look.paint(Tone::Heading, &conflict.name().to_string());
    format!("{name}  {}\n", rule(conflict, look))
}

pub fn render(page: &Page, look: &Look) -> String {
    if page.items.is_empty() {
        let text = "+ no acceptance lost, and no case waits for a person";
        return format!("{}\n", look.pick(text, "+ 没有失败的接单，也没有待处理的个案"));
    }
    let mut table = Table::new(match look.language {
        Language::English => [
            "CONFLICT", "DECIDED", "ORDER", "REGION", "PROVIDER", "THROUGH", "TAPPED", "WON BY",
            "WON AT", "RULE",
        ],
        Language::Chinese => [
            "冲突",
            "决定时间",
            "订单",
            "区域",
            "服务商",
            "途径",
            "点击时间",
            "胜出者",
            "胜出时间",
            "规则",
        ],
    });
    for item in &page.items {
        table.row(row(item, look));
    }
    let mut out = table.render(look);
    if let Some(next) = page.next {
        out.push_str(&match look.language {
            Language::English => format!("  older ones: `holdfast conflicts --cursor {next}`\n"),
            Language::Chinese => format!("  更早的冲突：`holdfast conflicts --cursor {next}`\n"),
        });
    }
    out
}

fn row(conflict: &Conflict, look: &Look) -> Vec<Cell> {
    let moment = |at: Option<UnixMillis>| at.map_or("-".to_owned(), age::moment);
    let name = Cell::toned(Tone::Heading, conflict.name().to_string());
    let (code, region, user, through, tapped, winner) = match conflict {
        Conflict::Lost(lost) => (
            Some(&lost.order_code),
            Some(lost.region),
            lost.entry.actor.user_id,
            way(&lost.entry.source, look),
            lost.entry.hops.tapped_at,
            lost.winner.as_ref(),
        ),
        Conflict::Case(case) => {
            (case.order_code.as_ref(), case.region, case.user_id, "-".to_owned(), None, None)
        }
    };
    vec![
        name,
        Cell::new(moment(Some(conflict.at()))),
        Cell::new(code.map_or("-", |code| code.as_str())),
        Cell::new(region.map_or("-", wire::Region::as_str)),
        Cell::new(user.to_string()),
        Cell::new(through),
        Cell::new(moment(tapped)),
        Cell::new(winner.map_or("-".to_owned(), |winner| winner.user_id.to_string())),
        Cell::new(moment(winner.and_then(|winner| winner.decided_at))),
        Cell::new(rule(conflict, look)),
    ]
}

/// By which rule it came out as it did.
pub fn rule(conflict: &Conflict, look: &Look) -> String {
    match conflict {
        Conflict::Lost(lost) => lost_rule(lost, look),
        Conflict::Case(case) => {
            let why = case.code.map(|code| code.sentence(look.language));
            let word = case_word(&case.kind, look);
            why.map_or(word.to_owned(), |why| format!("{word} {why}"))
        }
    }
}

fn lost_rule(lost: &LostAcceptance, look: &Look) -> String {
    let code = lost.entry.code.unwrap_or(wire::Code::Unrecognised);
    let firm = lost.winner.as_ref().is_some_and(|winner| winner.verdict == Some(Verdict::Firm));
    if code != wire::Code::OrderAlreadyAccepted {
        return code.sentence(look.language).to_owned();
    }
    let text = match firm {
        true => look.pick(
            "the winner's edge held the right to assign: its answer was final when given",
            "胜出者所在节点持有派单权，其答复即为最终结果",
        ),
        false => {
            look.pick("the first acceptance to reach the cloud wins", "以最先到达云端的接单为准")
        }
    };
    text.to_owned()
}

/// Why a person has to look, and what for.
fn case_word<'a>(kind: &'a str, look: &Look) -> &'a str {
    match kind {
        "met_closed" => look.pick(
            "Promised at once by an edge, and the order was closed by then: agree on a compensation.",
            "节点已当场承诺，但订单当时已关闭：请协商补偿。",
        ),
        "revoked_meanwhile" => look.pick(
            "Promised at once by an edge to somebody who had been revoked: withdraw the acceptance as an admin, with a reason, or let it stand.",
            "节点当场承诺给了已被停用的人：请以管理员身份附上理由撤回该接单，或予以保留。",
        ),
        "offline_rule" => look.pick(
            "Decided by an edge under the region's offline rule: look it over.",
            "节点依据该区域的离线规则作出的决定：请复核。",
        ),
        "taken_back" => look.pick(
            "Promised at once under a right that was taken back, and lost: tell the provider why.",
            "依据已被收回的派单权当场承诺，随后失败：请向服务商说明原因。",
        ),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_cursors_read_back() {
        for name in [Name::Lost(12), Name::Case(7)] {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        for bad in ["lost", "lost-", "won-1", "case-x", "N-7F3K9Q"] {
            assert!(bad.parse::<Name>().is_err(), "{bad}");
        }
        for cursor in [Cursor { lost: Some(3), case: None }, Cursor { lost: None, case: Some(9) }] {
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        assert!("3".parse::<Cursor>().is_err());
    }

    #[test]
    fn a_list_keeps_its_order_whatever_its_times_say() {
        let case = |id: u64, second: u64| {
            let uuid = "0192f5d4-0000-7000-8000-000000000003";
            let case = json!({
                "id": id, "order_id": uuid, "user_id": uuid, "kind": "met_closed",
                "command_id": uuid, "code": null, "at": format!("2025-11-24T16:00:0{second}Z"),
            });
            Conflict::Case(Box::new(serde_json::from_value(case).unwrap()))
        };
        let (one, other) = ([case(12, 1), case(11, 2)], [case(7, 3), case(6, 0)]);
        let items = merged(one.into_iter(), other.into_iter());
        let names: Vec<String> = items.iter().map(|item| item.name().to_string()).collect();
        assert_eq!(names, ["case-7", "case-12", "case-11", "case-6"]);
    }

    #[test]
    fn every_kind_of_case_is_told_in_both_languages() {
        let look = |language| Look { language, terminal: false, colour: false };
        for kind in ["met_closed", "revoked_meanwhile", "offline_rule", "taken_back"] {
            assert!(case_word(kind, &look(Language::English)).is_ascii());
            assert!(!case_word(kind, &look(Language::Chinese)).is_ascii());
        }
    }
}
