//! Short texts for channels that are brief, billed by length, or readable in transit: the order's
//! code and a pointer to the inbox, without amounts or titles that people wrote.

use texts::Sentence;
use wire::Language;

use super::{InboxLine, LineParams, LineText};
use crate::say;

/// Title and short content. For a notice, neither contains the author's text.
pub fn render_brief(language: Language, line: &InboxLine, title: &str) -> LineText {
    let title = match line.params {
        LineParams::Notice(_) => say::brief_notice_title.render_in(language),
        _ => title.to_owned(),
    };
    LineText {
        title,
        content: render_brief_content(language, line),
    }
}

fn render_brief_content(language: Language, line: &InboxLine) -> String {
    let code = match &line.params {
        LineParams::Order(order) => Some(&order.code),
        LineParams::Review(review) => Some(&review.order_code),
        LineParams::Money(_) | LineParams::Notice(_) | LineParams::Person(_) => None,
    };
    match code {
        Some(code) => say::brief_of_order { code: code.into() }.render_in(language),
        None => render_inbox_hint(language),
    }
}

/// Points to the inbox without an order.
pub fn render_inbox_hint(language: Language) -> String {
    say::brief_elsewhere.render_in(language)
}

pub fn text_message(language: Language, brief: &LineText) -> String {
    let LineText { title, content } = brief;
    say::text_message {
        title: title.into(),
        brief: content.into(),
    }
    .render_in(language)
}

#[cfg(test)]
mod tests {
    use wire::EventType;

    use super::*;
    use crate::{domain::render_line, tests::samples};

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
                let title = render_line(samples::locale(language), &line).title;
                let brief = render_brief(language, &line, &title);
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
