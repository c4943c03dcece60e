//! Derives a user name for a person from another service.

use super::{Username, account::USERNAME_CHARS_MIN};

/// Generated names stay short.
const MADE_CHARS_MAX: usize = 40;
/// Room for a dash and a suffix.
const TAIL_CHARS: usize = 5;
const FALLBACK_NAME: &str = "person";

/// Uses the first candidate that yields a valid name. `tail`, at most four characters, separates it
/// from a taken one.
pub fn derive_username<'w>(
    words: impl IntoIterator<Item = &'w str>,
    tail: Option<&str>,
) -> Option<Username> {
    let name = words
        .into_iter()
        .map(sanitize_name)
        .find(|name| name.len() >= USERNAME_CHARS_MIN);
    let name = name.unwrap_or_else(|| FALLBACK_NAME.to_owned());
    Username::new(&tail.map_or_else(|| name.clone(), |tail| format!("{name}-{tail}"))).ok()
}

/// Keeps the legal characters before an `@`.
fn sanitize_name(word: &str) -> String {
    let local = word.split('@').next().unwrap_or_default();
    let legal = local
        .trim()
        .chars()
        .filter_map(|c| match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9' | '.' | '_' | '-') => Some(c),
            c if c.is_whitespace() => Some('.'),
            _ => None,
        });
    let name: String = legal.take(MADE_CHARS_MAX - TAIL_CHARS).collect();
    name.trim_matches(['.', '_', '-']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_elsewhere_is_made_legal() {
        for (words, tail, name) in [
            (&["Li.Si"][..], None, "li.si"),
            (&["lisi@example.com"], None, "lisi"),
            (&["李四", "Li Si"], None, "li.si"),
            (&["ab", "", "-_."], None, "person"),
            (&[], Some("7f3k"), "person-7f3k"),
            (&["lisi"], Some("7f3k"), "lisi-7f3k"),
            (&["a\u{0}b<c>\r\nd"], None, "abc..d"),
        ] {
            let made = derive_username(words.iter().copied(), tail).unwrap();
            assert_eq!(made.as_str(), name, "{words:?}");
        }
        let long = "x".repeat(100);
        assert_eq!(
            derive_username([long.as_str()], Some("7f3k"))
                .unwrap()
                .as_str()
                .len(),
            40
        );
    }
}
