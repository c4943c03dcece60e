//! Owns the few words of a line for channels that are short, paid by length, or read by others on their way: which
//! order it is, and where the rest stands. No title that a person wrote, and no amount.

use texts::Sentence;
use wire::Language;

use super::{InboxLine, Params};
use crate::say;

/// What stands behind a line's title.
pub fn brief(language: Language, line: &InboxLine) -> String {
    let code = match &line.params {
        Params::Order(order) => Some(&order.code),
        Params::Review(review) => Some(&review.order_code),
        Params::Money(_) | Params::Person(_) => None,
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
pub fn text_message(language: Language, title: &str, brief: &str) -> String {
    say::text_message { title: title.into(), brief: brief.into() }.to(language)
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
        for event_type in EventType::ALL {
            for line in samples::every_line(event_type) {
                for language in [Language::English, Language::Chinese] {
                    let title = write(language, &line).title;
                    let said = text_message(language, &title, &brief(language, &line));
                    assert!(fits(&said) && said.contains(&title), "{event_type}: {said}");
                    assert_eq!(said.is_ascii(), language == Language::English, "{said}");
                    for hidden in ["Mend the tap", "200.00", "missing a digit"] {
                        assert!(!said.contains(hidden), "{said}");
                    }
                }
            }
        }
    }
}
