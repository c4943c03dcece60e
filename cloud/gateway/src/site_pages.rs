//! The texts of the portal's help, terms and privacy pages: the defaults, or the operator's files
//! from `gateway.pages_folder`.
//!
//! Invariant: a text has at most `PAGE_BYTES_MAX` bytes. Pages render it as text, never as HTML.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde::Serialize;
use utoipa::ToSchema;
use wire::Language;

/// A longer file stops the start.
const PAGE_BYTES_MAX: u64 = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SitePage {
    Help,
    Terms,
    Privacy,
}

/// One page in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct SitePageText {
    pub page: SitePage,
    /// The language of the text, which is another one if the page is not written in the caller's.
    #[schema(value_type = String)]
    pub language: Language,
    /// Markdown: headings, paragraphs, lists, links and strong words. Anything else, HTML too, is
    /// plain text.
    pub text: String,
}

#[derive(Debug)]
pub(crate) struct SitePages(Vec<SitePageText>);

#[derive(Debug, thiserror::Error)]
pub enum SitePageError {
    #[error("could not read {path} from `gateway.pages_folder`")]
    Read { path: PathBuf, source: io::Error },
    #[error("{0} in `gateway.pages_folder` has more than {PAGE_BYTES_MAX} bytes")]
    TooLong(PathBuf),
    #[error("{0} in `gateway.pages_folder` is empty")]
    Empty(PathBuf),
    #[error(
        "{0} in `gateway.pages_folder` is no page: a page is help, terms or privacy, then .en.md or .zh-CN.md"
    )]
    Unknown(PathBuf),
}

impl SitePage {
    const ALL: [Self; 3] = [Self::Help, Self::Terms, Self::Privacy];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Help => "help",
            Self::Terms => "terms",
            Self::Privacy => "privacy",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|page| page.name() == name)
    }

    fn default_text(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Help, Language::English) => include_str!("../pages/help.en.md"),
            (Self::Help, Language::Chinese) => include_str!("../pages/help.zh-CN.md"),
            (Self::Terms, Language::English) => include_str!("../pages/terms.en.md"),
            (Self::Terms, Language::Chinese) => include_str!("../pages/terms.zh-CN.md"),
            (Self::Privacy, Language::English) => include_str!("../pages/privacy.en.md"),
            (Self::Privacy, Language::Chinese) => include_str!("../pages/privacy.zh-CN.md"),
        }
    }

    fn file_name(self, language: Language) -> String {
        format!("{}.{}.md", self.name(), language.tag())
    }
}

impl SitePages {
    /// Reads the operator's files once. An empty folder setting keeps the defaults.
    pub(crate) fn load(folder: &Path) -> Result<Self, SitePageError> {
        let mut texts = Vec::new();
        if !folder.as_os_str().is_empty() {
            refuse_unknown_files(folder)?;
            for page in SitePage::ALL {
                texts.extend(read_page(folder, page)?);
            }
        }
        for page in SitePage::ALL {
            // A default next to the operator's own text could contradict it.
            if texts.iter().any(|text: &SitePageText| text.page == page) {
                continue;
            }
            texts.extend(Language::ALL.map(|language| SitePageText {
                page,
                language,
                text: page.default_text(language).to_owned(),
            }));
        }
        Ok(Self(texts))
    }

    /// The page in this language, or else in the one that it is written in.
    pub(crate) fn find_text(&self, page: SitePage, language: Language) -> Option<&SitePageText> {
        let mut texts = self.0.iter().filter(|text| text.page == page);
        let first = texts.clone().next();
        texts.find(|text| text.language == language).or(first)
    }
}

/// A misspelt name would leave the default page in place unnoticed.
fn refuse_unknown_files(folder: &Path) -> Result<(), SitePageError> {
    let failed = |source| SitePageError::Read {
        path: folder.to_owned(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let name = name.to_string_lossy();
        let is_known = SitePage::ALL.iter().any(|page| {
            Language::ALL
                .iter()
                .any(|language| name == page.file_name(*language))
        });
        if name.ends_with(".md") && !is_known {
            return Err(SitePageError::Unknown(folder.join(&*name)));
        }
    }
    Ok(())
}

/// The page in the languages in which the operator has written it.
fn read_page(folder: &Path, page: SitePage) -> Result<Vec<SitePageText>, SitePageError> {
    let mut texts = Vec::new();
    for language in Language::ALL {
        let path = folder.join(page.file_name(language));
        if let Some(text) = read_text(&path)? {
            texts.push(SitePageText {
                page,
                language,
                text,
            });
        }
    }
    Ok(texts)
}

/// `None` if there is no such file.
fn read_text(path: &Path) -> Result<Option<String>, SitePageError> {
    let failed = |source| SitePageError::Read {
        path: path.to_owned(),
        source,
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut text = String::new();
    let mut bounded = file.take(PAGE_BYTES_MAX + 1);
    let length = bounded.read_to_string(&mut text).map_err(failed)?;
    if length as u64 > PAGE_BYTES_MAX {
        return Err(SitePageError::TooLong(path.to_owned()));
    }
    if text.trim().is_empty() {
        return Err(SitePageError::Empty(path.to_owned()));
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write_pages(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        folder
    }

    #[test]
    fn every_page_has_a_default_in_every_language() {
        let pages = SitePages::load(Path::new("")).unwrap();
        for page in SitePage::ALL {
            for language in Language::ALL {
                let text = pages.find_text(page, language).unwrap();
                assert_eq!(text.language, language, "{page:?}");
                assert!(text.text.starts_with("# "), "{page:?}");
                assert!(text.text.len() as u64 <= PAGE_BYTES_MAX);
            }
        }
    }

    #[test]
    fn a_page_that_the_operator_wrote_in_one_language_never_falls_back_to_the_default() {
        let folder = write_pages(&[("terms.en.md", b"# Our terms")]);
        let pages = SitePages::load(folder.path()).unwrap();
        let terms = pages.find_text(SitePage::Terms, Language::Chinese).unwrap();
        assert_eq!(terms.text, "# Our terms");
        assert_eq!(terms.language, Language::English);
        let help = pages.find_text(SitePage::Help, Language::Chinese).unwrap();
        assert_eq!(help.language, Language::Chinese);
    }

    #[test]
    fn long_empty_unreadable_and_misnamed_files_stop_the_start() {
        let load = |name, bytes: &[u8]| SitePages::load(write_pages(&[(name, bytes)]).path());
        let most = vec![b'a'; usize::try_from(PAGE_BYTES_MAX).unwrap()];
        let more = [&most[..], b"a"].concat();
        assert!(load("help.en.md", &most).is_ok());
        assert!(matches!(
            load("help.en.md", &more),
            Err(SitePageError::TooLong(_))
        ));
        assert!(matches!(
            load("help.en.md", b" \n"),
            Err(SitePageError::Empty(_))
        ));
        assert!(matches!(
            load("help.en.md", b"\xff"),
            Err(SitePageError::Read { .. })
        ));
        assert!(matches!(
            load("Terms.en.md", b"# Terms"),
            Err(SitePageError::Unknown(_))
        ));
        assert!(load("notes.txt", b"").is_ok());
        let missing = Path::new("/nonexistent/pages");
        assert!(matches!(
            SitePages::load(missing),
            Err(SitePageError::Read { .. })
        ));
    }
}
