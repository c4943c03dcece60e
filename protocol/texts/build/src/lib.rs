//! Checks a crate's texts at build time and writes them as Rust.
//!
//! Invariant: texts that reach the compiler match in every language: the same files, keys,
//! placeholders and word choices. Only plural forms may differ.

mod catalogue;
mod rust;

use std::{collections::BTreeMap, env, fs, io, path::Path};

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
        Ok(rust::write(&english, &chinese))
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

#[cfg(test)]
mod tests;
