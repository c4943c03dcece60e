//! Every way in which an acceptance, a right or an edge can end, as shown on each surface in both
//! languages. The scenes really happen, on real processes. A sentence states exactly the facts of
//! its scene, so no two truths share one.

mod facts;
mod ground;
mod scenes;
mod service;
mod sessions;

use std::collections::BTreeMap;

use chaos::operator;
use facts::{Fact, Surface};
use ground::LIMIT;
use scenes::{Fate, Said};
use serde_json::Value;
use stack::{Layout, Stack, Stores, Wishes};
use support::{Api, Operator, eventually};
use wire::{Language, Region};

const ROWS_MIN: usize = 60;
const LANGUAGES: [(Language, &str); 2] = [(Language::English, "en"), (Language::Chinese, "zh-CN")];

/// One text on one surface.
struct TableRow {
    way: &'static str,
    surface: Surface,
    language: Language,
    text: String,
    facts: Vec<Fact>,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_end_is_told_truly_everywhere_in_both_languages() {
    let layout = Layout::temporary(Stores::Embedded).unwrap();
    let mut stack = Stack::start(layout, &Wishes::of_few_people())
        .await
        .unwrap();
    let gateway = stack.layout().gateway_url();
    let second = stack
        .second_edge(gateway.clone(), Region::East)
        .await
        .unwrap();
    let stolen = stack
        .second_edge(gateway.clone(), Region::South)
        .await
        .unwrap();
    let api = Api::new(gateway);
    let (first, holder, taken, restored, cloned) = tokio::join!(
        Box::pin(scenes::first_come(&stack, &api)),
        Box::pin(scenes::through_the_holder(&stack, &api, &second)),
        Box::pin(scenes::taken_back(&stack, &api)),
        Box::pin(scenes::restored(&stack, &api)),
        Box::pin(scenes::cloned(&stack, &api)),
    );
    let operator = operator(&stack).await;
    let counted = counts(&operator);
    let (distrusted, disabled, signed_out) = tokio::join!(
        Box::pin(service::distrusted(&stack, &api, &stolen)),
        Box::pin(service::disabled(&stack, &api)),
        Box::pin(sessions::ended(&stack, &api)),
    );
    let (fates, said): (Vec<_>, Vec<_>) =
        [first, holder, taken, restored, cloned, distrusted, disabled]
            .into_iter()
            .unzip();
    let fates: Vec<Fate> = fates.into_iter().flatten().collect();
    let mut said: Vec<Said> = said.into_iter().flatten().chain(counted).collect();
    said.extend(signed_out);
    said.extend(rights(&operator));
    said.extend(service::retired(&stack, &second.edge).await);
    let mut rows = listed(&operator, &fates);
    for fate in &fates {
        rows.extend(told(&api, fate).await);
        rows.extend(explained(&operator, fate));
    }
    for row in &rows {
        tells_its_facts_alone(row);
    }
    shares_no_sentence(&rows);
    for Said {
        way,
        surface,
        language,
        text,
        words,
    } in &said
    {
        assert!(
            text.contains(words),
            "{way}, {surface:?}, {language:?}: no `{words}` in {text}"
        );
    }
    let number = rows.len() + said.len();
    assert!(number >= ROWS_MIN, "{number} rows");
    println!("{number} rows");
    stack.stop().await.unwrap();
}

/// The tablet's answer, and the inbox line.
async fn told(api: &Api, fate: &Fate) -> Vec<TableRow> {
    let mut rows = Vec::new();
    for (language, wanted) in LANGUAGES {
        let row = |surface, text| TableRow {
            way: fate.way,
            surface,
            language,
            text,
            facts: fate.facts.clone(),
        };
        if let Some(reply) = &fate.reply {
            let message = reply.message.as_ref().unwrap();
            rows.push(row(Surface::Tablet, message.get(language).to_owned()));
        }
        let Some(kind) = fate.inbox else { continue };
        let content = eventually("the line in the inbox", LIMIT, async || {
            let lines = api.inbox_in(&fate.person, wanted).await.ok()?;
            let is_it =
                |line: &support::InboxLine| line.order_id == Some(fate.order) && line.kind == kind;
            lines.into_iter().find(is_it).map(|line| line.content)
        })
        .await;
        is_well_formed(&content, language);
        let mut line = row(Surface::Inbox, content);
        // A line covers one event. The holder's log had decided before the cloud received the
        // clone's promise.
        if line.facts.contains(&Fact::Withdrawn) {
            line.facts.retain(|fact| *fact != Fact::Confirmed);
        }
        line.facts.retain(|fact| *fact != Fact::Cloned);
        rows.push(line);
    }
    rows
}

/// The rule of each conflict, in each language.
fn listed(operator: &Operator, fates: &[Fate]) -> Vec<TableRow> {
    let mut rows = Vec::new();
    for (language, wanted) in LANGUAGES {
        let (_, page) = operator
            .gets(&format!("conflicts --limit 100 --lang {wanted}"))
            .unwrap();
        let items = page["items"].as_array().unwrap();
        for fate in fates.iter().filter(|fate| fate.listed) {
            let is_it = |item: &&Value| {
                item["type"] == "lost_acceptance"
                    && item["order_id"] == fate.order.to_string()
                    && item["actor"]["user_id"] == fate.person.user_id.to_string()
            };
            let item = items
                .iter()
                .find(is_it)
                .unwrap_or_else(|| panic!("{}: {page}", fate.way));
            rows.push(TableRow {
                way: fate.way,
                surface: Surface::Conflicts,
                language,
                text: item["rule"].as_str().unwrap().to_owned(),
                facts: fate.facts.clone(),
            });
        }
    }
    rows
}

fn explained(operator: &Operator, fate: &Fate) -> Vec<TableRow> {
    let mut rows = Vec::new();
    for (language, wanted) in LANGUAGES {
        let line = format!("explain {} --lang {wanted}", fate.order);
        let text = operator.reads(&line).unwrap().text;
        for (english, chinese) in &fate.explained {
            let words = if language == Language::English {
                english
            } else {
                chinese
            };
            assert!(
                text.contains(words.as_str()),
                "{}: no `{words}` in {text}",
                fate.way
            );
        }
        // The explanation covers the whole history: a provider may have got the order and lost it
        // again.
        let mut facts = fate.facts.clone();
        let taken = [Fact::Confirmed, Fact::Withdrawn];
        for fact in taken.into_iter().filter(|fact| !fate.facts.contains(fact)) {
            if text.contains(fact.words(Surface::Explain, language)) {
                facts.push(fact);
            }
        }
        rows.push(TableRow {
            way: fate.way,
            surface: Surface::Explain,
            language,
            text,
            facts,
        });
    }
    rows
}

/// Lost acceptances count at the edge that made them.
fn counts(operator: &Operator) -> Vec<Said> {
    let lines = [
        (
            "north-1: 2 acceptances made there have lost",
            "north-1：该处已有 2 次接单落败",
        ),
        (
            "east-1: 1 acceptance made there has lost",
            "east-1：该处已有 1 次接单落败",
        ),
        (
            "east-2: 1 acceptance made there has lost",
            "east-2：该处已有 1 次接单落败",
        ),
        (
            "mid-2: 1 acceptance made there has lost",
            "mid-2：该处已有 1 次接单落败",
        ),
    ];
    let mut said = Vec::new();
    for (language, wanted) in LANGUAGES {
        let text = operator
            .reads(&format!("status --lang {wanted}"))
            .unwrap()
            .text;
        for (english, chinese) in lines {
            let words = if language == Language::English {
                english
            } else {
                chinese
            };
            let way = "lost where it was made";
            let text = text.clone();
            said.push(Said {
                way,
                surface: Surface::Status,
                language,
                text,
                words,
            });
        }
    }
    said
}

fn rights(operator: &Operator) -> Vec<Said> {
    let ends = [
        (
            Region::East,
            "given back by its holder, because an operator named another holder",
            "因运营人员指定其他持有节点，由原持有节点交还",
        ),
        (
            Region::East,
            "given back by its holder, because an operator changed the policy",
            "因运营人员更改派单方式，由持有节点交还",
        ),
        (Region::South, "taken back by an operator", "被运营人员收回"),
        (
            Region::West,
            "ended, because the edge was restored from an older copy",
            "因节点从旧副本恢复而终止",
        ),
        (
            Region::North,
            "ended, because an operator disabled the edge",
            "因运营人员停用该节点而终止",
        ),
    ];
    let mut said = Vec::new();
    for (language, wanted) in LANGUAGES {
        for (region, english, chinese) in ends {
            let text = operator
                .reads(&format!("lease show {region} --lang {wanted}"))
                .unwrap()
                .text;
            let words = if language == Language::English {
                english
            } else {
                chinese
            };
            said.push(Said {
                way: "the end of a right",
                surface: Surface::Lease,
                language,
                text,
                words,
            });
        }
    }
    said
}

#[track_caller]
fn tells_its_facts_alone(row: &TableRow) {
    let TableRow {
        way,
        surface,
        language,
        text,
        facts,
    } = row;
    for fact in Fact::ALL {
        let words = fact.words(*surface, *language);
        let tells = text.contains(words);
        let is_so = facts.contains(&fact);
        assert_eq!(
            tells, is_so,
            "{way}, {surface:?}, {language:?}: `{words}`, {fact:?}, in {text}"
        );
    }
}

/// On one surface, a sentence maps to one set of facts, apart from names and times.
fn shares_no_sentence(rows: &[TableRow]) {
    let mut known: BTreeMap<(Surface, &str, &str), &[Fact]> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.surface != Surface::Explain) {
        let language = if row.language == Language::English {
            "en"
        } else {
            "zh"
        };
        let told = known
            .entry((row.surface, language, &row.text))
            .or_insert(&row.facts);
        assert_eq!(*told, row.facts, "two truths share: {}", row.text);
    }
}

/// Complete sentences, each with a full stop.
#[track_caller]
fn is_well_formed(text: &str, language: Language) {
    let stop = if language == Language::English {
        '.'
    } else {
        '。'
    };
    assert!(text.ends_with(stop), "no full stop at the end of: {text}");
    let marks: Vec<char> = text.chars().collect();
    for pair in marks.windows(3) {
        let after_colon = pair[0] == ':' && pair[1] == ' ' && pair[2].is_uppercase();
        let doubled = pair[0] == stop && pair[1] == stop;
        let unstopped = pair[0].is_lowercase() && pair[1] == ' ' && pair[2] == ' ';
        assert!(
            !after_colon && !doubled && !unstopped,
            "not well formed: {text}"
        );
    }
}
