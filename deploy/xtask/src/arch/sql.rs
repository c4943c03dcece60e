//! SQL text stands in modules named `store` and nowhere else.

use super::{
    Finding,
    rules::{SQL_MODULE, SQL_MODULE_OF_PLATFORM},
    scan::SourceFile,
    tokens::{Mention, MentionKind},
};

/// Word pairs that mean SQL wherever they stand in a text, when written large.
const LARGE_PAIRS: [[&str; 2]; 20] = [
    ["INSERT", "INTO"],
    ["INSERT", "IGNORE"],
    ["INSERT", "OR"],
    ["REPLACE", "INTO"],
    ["DELETE", "FROM"],
    ["CREATE", "TABLE"],
    ["CREATE", "INDEX"],
    ["CREATE", "UNIQUE"],
    ["CREATE", "DATABASE"],
    ["CREATE", "TRIGGER"],
    ["ALTER", "TABLE"],
    ["DROP", "TABLE"],
    ["DROP", "INDEX"],
    ["BEGIN", "IMMEDIATE"],
    ["ORDER", "BY"],
    ["GROUP", "BY"],
    ["FOR", "UPDATE"],
    ["SHARE", "MODE"],
    ["ON", "CONFLICT"],
    ["ON", "DUPLICATE"],
];
const LARGE_WORDS: [&str; 3] = ["SELECT", "WHERE", "PRAGMA"];

pub fn check(source: &SourceFile<'_>) -> Vec<Finding> {
    let objects = |mention: &&Mention| {
        matches!(&mention.what, MentionKind::Text(text) if is_sql(text) || is_sql_file(text))
            && !source.is_for_tests(mention.line)
            && !may_hold_sql(source, mention.line)
    };
    let what = "SQL stands in a module named `store`";
    let found = source.mentions.iter().filter(objects);
    found.map(|mention| source.finding(mention.line, what.into())).collect()
}

fn may_hold_sql(source: &SourceFile<'_>, line: usize) -> bool {
    let may = |module: &str| {
        module == SQL_MODULE
            || (source.member.name == "platform" && module == SQL_MODULE_OF_PLATFORM)
    };
    let is_inside = |mention: &Mention| match &mention.what {
        MentionKind::Module { name, body: Some(lines) } => may(name) && lines.contains(&line),
        _ => false,
    };
    source.modules.iter().any(|module| may(module)) || source.mentions.iter().any(is_inside)
}

fn is_sql_file(text: &str) -> bool {
    text.trim_end_matches(['"', '#']).ends_with(".sql")
}

/// In capitals, parts of a statement are enough; in small letters it must be a whole one.
fn is_sql(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words: Vec<&str> = text.split(|c| !is_word(c)).filter(|word| !word.is_empty()).collect();
    let has_pair = |pairs: &[[&str; 2]], small: bool| {
        words.windows(2).any(|two| {
            pairs.iter().any(|pair| match small {
                true => two[0] == pair[0].to_lowercase() && two[1] == pair[1].to_lowercase(),
                false => two == pair,
            })
        })
    };
    let has = |word: &str| words.contains(&word);
    let begins = |word: &str| words.iter().take(2).any(|first| *first == word);
    LARGE_WORDS.iter().any(|word| has(word))
        || has("UPDATE") && has("SET")
        || has_pair(&LARGE_PAIRS, false)
        || begins("select") && has("from")
        || begins("update") && has("set") && text.contains('=')
        || begins("pragma")
        || has_pair(&LARGE_PAIRS[..6], true)
}

#[cfg(test)]
mod tests {
    use super::is_sql;

    #[test]
    fn statements_and_their_parts_are_sql_and_sentences_are_not() {
        for sql in [
            "\"SELECT 1\"",
            "r#\"update orders set status = ? where id = ?\"#",
            "\" WHERE id IN (\"",
            "\"insert into orders values (?)\"",
            "\"PRAGMA journal_mode = WAL\"",
            "\"\\n    SELECT id FROM orders\"",
        ] {
            assert!(is_sql(sql), "{sql}");
        }
        for text in [
            "\"Select an order from the list\"",
            "\"could not update the set of edges\"",
            "\"where it stands\"",
            "\"order by phone\"",
            "\"The update is set aside\"",
        ] {
            assert!(!is_sql(text), "{text}");
        }
    }
}
