//! Checks a crate's texts at build time and writes them as Rust.
//!
//! Invariant: texts that reach the compiler match in every language: the same files, keys,
//! placeholders and word choices. Only plural forms may differ.

mod catalogue;

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write,
    fs, io,
    path::Path,
};

use catalogue::{Catalogue, CatalogueEntry, is_plural};

/// File contents by file name.
type TextFiles = BTreeMap<String, String>;

/// Reads `texts/{en,zh-CN}/*.ftl` and writes `$OUT_DIR/texts.rs`, which `texts::include_texts!`
/// includes. Call it from `build.rs`; it fails the build if the texts are wrong.
pub fn generate() {
    println!("cargo:rerun-if-changed=texts");
    let written = read("en").and_then(|english| {
        let rust = generate_module(&english, &read("zh-CN")?)?;
        let out = env::var("OUT_DIR").map_err(|e| vec![format!("OUT_DIR: {e}")])?;
        fs::write(Path::new(&out).join("texts.rs"), rust).map_err(|e| vec![format!("{out}: {e}")])
    });
    if let Err(errors) = written {
        for error in errors {
            // Cargo shows only these lines of a failed build script prominently.
            println!("cargo:error={error}");
        }
        std::process::exit(1);
    }
}

/// Returns the Rust module, or all errors.
fn generate_module(english: &TextFiles, chinese: &TextFiles) -> Result<String, Vec<String>> {
    let (english, mut errors) = catalogue::read("en", english);
    let (chinese, more) = catalogue::read("zh-CN", chinese);
    errors.extend(more);
    if errors.is_empty() {
        errors = catalogue::find_differences(&english, &chinese);
    }
    if errors.is_empty() {
        Ok(write_module(&english, &chinese))
    } else {
        Err(errors)
    }
}

fn read(language: &str) -> Result<TextFiles, Vec<String>> {
    let folder = Path::new("texts").join(language);
    read_folder(&folder)
        .map_err(|error| vec![format!("could not read {}: {error}", folder.display())])
}

fn read_folder(folder: &Path) -> io::Result<TextFiles> {
    let mut files = TextFiles::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "ftl") {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            files.insert(name, fs::read_to_string(&path)?);
        }
    }
    Ok(files)
}

/// Both catalogues must have the same keys, and each key the same placeholders.
fn write_module(english: &Catalogue, chinese: &Catalogue) -> String {
    let mut out = String::new();
    let en = join_sources(english);
    let zh = join_sources(chinese);
    if !en.is_empty() {
        let _ = writeln!(
            out,
            "static BOOK: ::texts::MessageBook = ::texts::MessageBook::new({en:?}, {zh:?});"
        );
    }
    let mut modules: BTreeMap<&str, String> = BTreeMap::new();
    for (key, entered) in english {
        let (module, name) = match key.split_once('.') {
            Some((message, attribute)) => (Some(message), attribute),
            None => (None, key.as_str()),
        };
        let other = &chinese[key];
        let item = if entered.placeholders.is_empty() {
            write_phrase(&raw_identifier(name), &entered.text, &other.text)
        } else {
            let book = if module.is_some() {
                "super::BOOK"
            } else {
                "BOOK"
            };
            write_sentence(&raw_identifier(name), key, book, [entered, other])
        };
        match module {
            Some(module) => modules.entry(module).or_default().push_str(&item),
            None => out.push_str(&item),
        }
    }
    for (message, items) in modules {
        let _ = writeln!(out, "pub mod {} {{\n{items}}}", raw_identifier(message));
    }
    out
}

/// The Fluent source of every message with placeholders.
fn join_sources(catalogue: &Catalogue) -> String {
    let filled = catalogue
        .values()
        .filter(|entered| !entered.placeholders.is_empty());
    // A message occurs once for each of its attributes.
    filled
        .map(|entered| entered.text.as_str())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

fn write_phrase(name: &str, en: &str, zh: &str) -> String {
    format!("pub const {name}: ::texts::Phrase = ::texts::Phrase {{ en: {en:?}, zh: {zh:?} }};\n")
}

fn write_sentence(name: &str, key: &str, book: &str, languages: [&CatalogueEntry; 2]) -> String {
    let mut fields = String::new();
    let mut values = String::new();
    for placeholder in &languages[0].placeholders {
        let is_count = languages
            .iter()
            .any(|filled| filled.choices.get(placeholder).is_some_and(is_plural));
        let field = raw_identifier(placeholder);
        let (kind, value) = if is_count {
            ("u64", format!("self.{field}.into()"))
        } else {
            ("::texts::Arg", format!("self.{field}.value_in(language)"))
        };
        let _ = write!(fields, "pub {field}: {kind}, ");
        let _ = write!(values, "({placeholder:?}, {value}), ");
    }
    format!(
        "pub struct {name} {{ {fields}}}
impl ::texts::Sentence for {name} {{
    fn render_in(&self, language: ::texts::Language) -> String {{
        {book}.fill_message(language, {key:?}, &[{values}])
    }}
}}
"
    )
}

/// Raw, because a key may be a Rust keyword.
fn raw_identifier(name: &str) -> String {
    format!("r#{}", name.replace('-', "_"))
}

#[cfg(test)]
mod tests;
