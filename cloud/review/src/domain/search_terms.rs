//! Splits text into search terms, the same for every store. Chinese, Japanese and Korean text
//! yields each character and each pair, because the stores cannot segment it; other text yields
//! stemmed words.
//!
//! Invariant: if a query matches a text, the index lookup also finds it. So a lookup followed by a
//! check of the text misses nothing.

/// Longer queries are refused.
pub const SEARCH_CHARS_MAX: usize = 100;
/// The index lookup uses only this many terms, the rarest first. The text check uses all.
const ASKED_MAX: usize = 8;
/// English stop words. They count only if a query has no other words.
const FILLERS: [&str; 20] = [
    "a", "an", "and", "are", "at", "for", "he", "i", "in", "is", "it", "of", "on", "she", "the",
    "they", "to", "was", "were", "with",
];

/// The search terms of a text, sorted and unique.
pub fn extract_terms(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for run in split_runs(text) {
        match run {
            TextRun::Word(word) => words.push(word),
            TextRun::Signs(signs) => {
                words.extend(signs.iter().map(char::to_string));
                words.extend(adjacent_pairs(&signs));
            }
        }
    }
    words.sort_unstable();
    words.dedup();
    words
}

/// A parsed query: a text must contain all words, and each run of signs as one piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchQuery {
    words: Vec<String>,
    signs: Vec<Vec<char>>,
}

impl SearchQuery {
    /// `None` if the text has no search terms.
    pub fn parse_text(text: &str) -> Option<Self> {
        let mut words = Vec::new();
        let mut signs = Vec::new();
        for run in split_runs(text) {
            match run {
                TextRun::Word(word) => words.push(word),
                TextRun::Signs(run) => signs.push(run),
            }
        }
        let fillers = FILLERS.map(|word| stem_word(word.to_owned()));
        if !signs.is_empty() || words.iter().any(|word| !fillers.contains(word)) {
            words.retain(|word| !fillers.contains(word));
        }
        words.sort_unstable();
        words.dedup();
        (!words.is_empty() || !signs.is_empty()).then_some(Self { words, signs })
    }

    /// The terms for the index lookup, rarest first. A pair counts as rarer than a character, and a
    /// long word as rarer than a short one.
    pub fn pick_index_terms(&self) -> Vec<String> {
        let of_signs = self.signs.iter().flat_map(|signs| match signs.as_slice() {
            [alone] => vec![alone.to_string()],
            _ => adjacent_pairs(signs).collect(),
        });
        let mut words: Vec<String> = of_signs.chain(self.words.iter().cloned()).collect();
        words.sort_unstable_by(|a, b| {
            let longest_first = weigh_term(b).cmp(&weigh_term(a));
            longest_first.then(a.cmp(b))
        });
        words.dedup();
        words.truncate(ASKED_MAX);
        words
    }

    /// Checks the text itself: the index may match pairs that are not adjacent.
    pub fn matches_text(&self, text: &str) -> bool {
        let mut words = Vec::new();
        let mut signs = Vec::new();
        for run in split_runs(text) {
            match run {
                TextRun::Word(word) => words.push(word),
                TextRun::Signs(run) => signs.push(run),
            }
        }
        self.words.iter().all(|word| words.contains(word))
            && self.signs.iter().all(|asked| contains_run(&signs, asked))
    }
}

/// Three Latin letters weigh as much as one sign.
fn weigh_term(term: &str) -> usize {
    if term.is_ascii() {
        term.len()
    } else {
        term.chars().count() * 3
    }
}

fn contains_run(runs: &[Vec<char>], asked: &[char]) -> bool {
    let mut parts = runs.iter().flat_map(|run| run.windows(asked.len()));
    parts.any(|part| part == asked)
}

enum TextRun {
    /// A stemmed word.
    Word(String),
    /// A run of adjacent signs, each a syllable or more.
    Signs(Vec<char>),
}

fn split_runs(text: &str) -> Vec<TextRun> {
    let mut runs = Vec::new();
    let mut word = String::new();
    let mut signs = Vec::new();
    // A space at the end closes the last run.
    for letter in text
        .chars()
        .map(to_half_width)
        .flat_map(char::to_lowercase)
        .chain([' '])
    {
        let is_sign = is_cjk_sign(letter);
        let is_of_word = !is_sign && letter.is_alphanumeric();
        // Skip the apostrophe, as in "didn't".
        if matches!(letter, '\'' | '\u{2019}') && !word.is_empty() {
            continue;
        }
        if !is_of_word && !word.is_empty() {
            runs.push(TextRun::Word(stem_word(std::mem::take(&mut word))));
        }
        if !is_sign && !signs.is_empty() {
            runs.push(TextRun::Signs(std::mem::take(&mut signs)));
        }
        if is_sign {
            signs.push(letter);
        } else if is_of_word {
            word.push(letter);
        }
    }
    runs
}

fn adjacent_pairs(signs: &[char]) -> impl Iterator<Item = String> {
    signs.windows(2).map(|pair| pair.iter().collect())
}

fn is_cjk_sign(letter: char) -> bool {
    matches!(letter,
        '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// Maps full-width characters to ASCII.
fn to_half_width(letter: char) -> char {
    match letter {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(letter) - 0xfee0).unwrap_or(letter),
        '\u{3000}' => ' ',
        other => other,
    }
}

/// Strips English endings of number and tense: "fixes", "fixed" and "fixing" become "fix". The stem
/// need not be a real word, since queries and texts use the same rule.
fn stem_word(mut word: String) -> String {
    if !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return word;
    }
    if word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") && !word.ends_with("us") {
        word.pop();
    }
    for ending in ["ing", "ed"] {
        let kept = word.len().saturating_sub(ending.len());
        let has_vowel = word
            .bytes()
            .take(kept)
            .any(|byte| b"aeiouy".contains(&byte));
        if kept >= 3 && has_vowel && word.ends_with(ending) {
            word.truncate(kept);
            break;
        }
    }
    if word.len() > 3 && word.ends_with('e') {
        word.pop();
    }
    let end = word.as_bytes();
    if let [.., before, last] = end
        && word.len() > 3
        && before == last
    {
        word.pop();
    }
    if word.len() > 3 && word.ends_with('y') {
        word.pop();
        word.push('i');
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(asked: &str, text: &str) -> bool {
        let query = SearchQuery::parse_text(asked).unwrap();
        let words = extract_terms(text);
        let by_words = query
            .pick_index_terms()
            .iter()
            .all(|word| words.contains(word));
        let by_text = query.matches_text(text);
        assert!(
            by_words || !by_text,
            "{asked} in {text}: the words find all that the text says"
        );
        by_text
    }

    #[test]
    fn words_are_cut_alike_in_all_their_forms() {
        for forms in [
            &["fix", "fixes", "fixed", "fixing"][..],
            &["clean", "cleaned", "cleaning", "cleans"],
            &["plan", "plans", "planned", "planning"],
            &["arrive", "arrives", "arrived", "arriving"],
            &["tidy", "tidied", "tidies"],
            &["tap", "taps", "TAPS", "Ｔａｐ"],
            &["house", "houses"],
        ] {
            for form in forms {
                assert!(
                    finds(forms[0], form) && finds(form, forms[0]),
                    "{form} of {forms:?}"
                );
            }
        }
        for (asked, text) in [
            ("ring", "red"),
            ("bus", "bu"),
            ("class", "cla"),
            ("bed", "b"),
        ] {
            assert!(!finds(asked, text), "{asked} is not {text}");
        }
    }

    #[test]
    fn chinese_is_found_by_any_part_of_it() {
        let text = "师傅很准时，服务态度非常好，打扫得干净！WiFi 也修好了。";
        for asked in [
            "准时",
            "服务态度",
            "态度非常",
            "干净",
            "好",
            "wifi",
            "ＷＩＦＩ 干净",
            "修好了",
        ] {
            assert!(finds(asked, text), "{asked}");
        }
        for asked in ["服务好", "时服", "不干净", "wifi 慢", "净WiFi"] {
            // The last query asks for both parts in any place.
            assert_eq!(finds(asked, text), asked == "净WiFi", "{asked}");
        }
    }

    #[test]
    fn pairs_that_are_apart_are_not_what_was_asked_for() {
        let text = "很干，净水器也装了";
        let query = SearchQuery::parse_text("干净水").unwrap();
        assert!(!query.matches_text(text));
        assert!(finds("净水器", text));
    }

    #[test]
    fn small_words_do_not_count_unless_there_is_nothing_else() {
        assert!(finds("he was on the phone", "Phone repaired in an hour"));
        assert_eq!(
            SearchQuery::parse_text("the").unwrap().pick_index_terms(),
            ["the"]
        );
        for nothing in ["", "  ", "!?。，", "\u{3000}"] {
            assert_eq!(SearchQuery::parse_text(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn a_store_is_asked_for_few_words_and_the_rarest_first() {
        let query = SearchQuery::parse_text("tap 服务态度 extraordinarily 好").unwrap();
        assert_eq!(query.pick_index_terms()[0], "extraordinarili");
        assert_eq!(query.pick_index_terms().len(), 6);
        let long = SearchQuery::parse_text(&"他来得很准时而且非常耐心".repeat(3)).unwrap();
        assert_eq!(long.pick_index_terms().len(), ASKED_MAX);
    }
}
