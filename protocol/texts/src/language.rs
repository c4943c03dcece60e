//! The supported languages, and how a reader requests one.

use serde::{Deserialize, Serialize};

/// The languages of every text that people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Language {
    #[default]
    #[serde(rename = "en")]
    English,
    #[serde(rename = "zh-CN")]
    Chinese,
}

impl Language {
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// The tag in HTTP headers.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }

    /// The first supported language of an `Accept-Language` header, by preference; English if there
    /// is none.
    pub fn from_accept(header: &str) -> Self {
        let mut wanted: Vec<(f32, &str)> = header
            .split(',')
            .filter_map(|part| {
                let (tag, rest) = part.split_once(';').unwrap_or((part, ""));
                let weight = rest.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse);
                weight
                    .ok()
                    .filter(|q: &f32| *q > 0.0)
                    .map(|q| (q, tag.trim()))
            })
            .collect();
        wanted.sort_by(|a, b| b.0.total_cmp(&a.0));
        wanted
            .into_iter()
            .find_map(|(_, tag)| Self::from_tag(tag))
            .unwrap_or_default()
    }

    fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            "zh" => Some(Self::Chinese),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_chooses_the_language() {
        for (header, expected) in [
            ("", Language::English),
            ("zh-CN,zh;q=0.9", Language::Chinese),
            ("fr, zh;q=0.5, en;q=0.1", Language::Chinese),
            ("en;q=0.2, zh-Hans", Language::Chinese),
            ("zh;q=0, en", Language::English),
            (";;q=x,,", Language::English),
        ] {
            assert_eq!(Language::from_accept(header), expected, "{header}");
        }
    }
}
