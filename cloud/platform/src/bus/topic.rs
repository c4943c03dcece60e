//! Topic patterns with RabbitMQ's rules.

/// Matches a routing key against a pattern: `*` is one word, `#` is any number, including zero.
pub(super) fn matches_pattern(pattern: &str, key: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('.').collect();
    let key: Vec<&str> = key.split('.').collect();
    words_fit(&pattern, &key)
}

fn words_fit(pattern: &[&str], key: &[&str]) -> bool {
    match (pattern.split_first(), key.split_first()) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some((&"#", rest)), _) => (0..=key.len()).any(|skipped| words_fit(rest, &key[skipped..])),
        (Some(_), None) => false,
        (Some((&word, pattern)), Some((&found, key))) => {
            (word == "*" || word == found) && words_fit(pattern, key)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches_pattern;

    #[test]
    fn patterns_fit_as_on_rabbitmq() {
        for (pattern, key, expected) in [
            ("order.*", "order.accepted", true),
            ("order.*", "order", false),
            ("order.*", "order.a.b", false),
            ("order.#", "order", true),
            ("order.#", "order.a.b", true),
            ("#", "anything.at.all", true),
            ("*.created", "review.created", true),
            ("*.created", "review.updated", false),
            ("#.created", "created", true),
            ("a.#.z", "a.b.c.z", true),
            ("a.#.z", "a.b.c", false),
            ("order.accepted", "order.accepted", true),
        ] {
            assert_eq!(matches_pattern(pattern, key), expected, "{pattern} {key}");
        }
    }
}
