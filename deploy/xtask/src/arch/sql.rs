//! Only modules named `store` contain SQL text.

use super::{
    Finding,
    rules::{SQL_MODULE, SQL_MODULE_OF_PLATFORM},
    scan::SourceFile,
    tokens::{Mention, MentionKind},
};

/// Statements mean SQL in small letters too.
const STATEMENTS: [&str; 6] = [
    "INSERT INTO",
    "INSERT IGNORE",
    "INSERT OR",
    "REPLACE INTO",
    "DELETE FROM",
    "CREATE TABLE",
];
/// Parts of statements mean SQL anywhere in a text if they are in capitals.
const PARTS: [&str; 17] = [
    "SELECT",
    "WHERE",
    "PRAGMA",
    "CREATE INDEX",
    "CREATE UNIQUE",
    "CREATE DATABASE",
    "CREATE TRIGGER",
    "ALTER TABLE",
    "DROP TABLE",
    "DROP INDEX",
    "BEGIN IMMEDIATE",
    "ORDER BY",
    "GROUP BY",
    "FOR UPDATE",
    "SHARE MODE",
    "ON CONFLICT",
    "ON DUPLICATE",
];

pub fn check(source: &SourceFile<'_>) -> Vec<Finding> {
    let objects = |mention: &&Mention| {
        matches!(&mention.what, MentionKind::Text(text) if is_sql(text) || is_sql_file(text))
            && !source.is_for_tests(mention.line)
            && !may_hold_sql(source, mention.line)
    };
    let what = "SQL belongs in a module named `store`";
    let found = source.mentions.iter().filter(objects);
    found
        .map(|mention| source.finding(mention.line, what.into()))
        .collect()
}

fn may_hold_sql(source: &SourceFile<'_>, line: usize) -> bool {
    let may = |module: &str| {
        module == SQL_MODULE
            || (source.member.name == "platform" && module == SQL_MODULE_OF_PLATFORM)
    };
    source.module_at(line).iter().any(|module| may(module))
}

fn is_sql_file(text: &str) -> bool {
    text.trim_end_matches(['"', '#']).ends_with(".sql")
}

fn is_sql(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words: Vec<&str> = text
        .split(|c| !is_word(c))
        .filter(|word| !word.is_empty())
        .collect();
    let spaced = format!(" {} ", words.join(" "));
    let has = |words: &str| spaced.contains(&format!(" {words} "));
    let begins = |word: &str| words.iter().take(2).any(|first| *first == word);
    PARTS.iter().any(|part| has(part))
        || STATEMENTS
            .iter()
            .any(|words| has(words) || has(&words.to_lowercase()))
        || has("UPDATE") && has("SET")
        || begins("select") && has("from")
        || begins("update") && has("set") && text.contains('=')
        || begins("pragma")
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
