//! Owns the few words of a line for channels that are short, paid by length, or read by others on
//! their way: which order it is, and where the rest stands. No title that a person wrote, and no
//! amount.

use texts::Sentence;
use wire::Language;

use super::{InboxLine, LineText, Params};
use crate::say;

/// A line's title, and what stands behind it. Of a notice neither says a word that somebody wrote.
pub fn brief(language: Language, line: &InboxLine, title: &str) -> LineText {
    let title = match line.params {
        Params::Notice(_) => say::brief_notice_title.to(language),
        _ => title.to_owned(),
    };
    LineText { title, content: behind(language, line) }
}

fn behind(language: Language, line: &InboxLine) -> String {
    let code = match &line.params {
        Params::Order(order) => Some(&order.code),
        Params::Review(review) => Some(&review.order_code),
        Params::Money(_) | Params::Notice(_) | Params::Person(_) => None,
    };
    match code {
        Some(code) => say::brief_of_order { code: code.into() }.to(language),
        None => elsewhere(language),
    }
}

/// Where everything stands, for many lines together.
pub fn elsewhere(language: Language) -> String {
    say::brief_elsewhere.to(language)
}

/// A whole text message.
pub fn text_message(language: Language, brief: &LineText) -> String {
    let LineText { title, content } = brief;
    say::text_message { title: title.into(), brief: content.into() }.to(language)
}

#[cfg(test)]
mod tests {
    use wire::EventType;

    use super::*;
    use crate::{domain::write, tests::samples};

    #[test]
    fn a_text_message_is_one_message_in_either_language_and_holds_no_words_of_people() {
        // One short message holds so many characters of the alphabet of phones, or of all others.
        let fits = |text: &str| match text.is_ascii() {
            true => text.len() <= 160,
            false => text.chars().count() <= 70,
        };
        let lines = EventType::ALL.into_iter().flat_map(samples::every_line);
        for line in lines.chain([samples::notice()]) {
            for language in [Language::English, Language::Chinese] {
                let title = write(samples::locale(language), &line).title;
                let brief = brief(language, &line, &title);
                let said = text_message(language, &brief);
                assert!(fits(&said) && said.contains(&brief.title), "{said}");
                assert_eq!(brief.title == title, line.event_type.is_some(), "{said}");
                assert_eq!(said.is_ascii(), language == Language::English, "{said}");
                for hidden in ["Mend the tap", "200.00", "missing a digit", "ring the bell"] {
                    assert!(!said.contains(hidden), "{said}");
                }
            }
        }
    }
}
