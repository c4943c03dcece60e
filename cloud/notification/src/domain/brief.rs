//! Short texts for channels that are brief, billed by length, or readable in transit: the order's
//! code and a pointer to the inbox, without amounts or titles that people wrote.

use texts::Sentence;
use wire::Language;

use super::{InboxLine, LineText, Params};
use crate::say;

/// Title and short content. For a notice, neither contains the author's text.
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

/// Points to the inbox without an order.
pub fn elsewhere(language: Language) -> String {
    say::brief_elsewhere.to(language)
}

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
        // One text message holds 160 characters of the GSM alphabet, or 70 of any other.
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
