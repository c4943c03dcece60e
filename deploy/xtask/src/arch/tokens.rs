//! Reads a Rust file as tokens, so macros hide nothing, and extracts the mentions for the rules.

use std::ops::RangeInclusive;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// One thing in a file that some rule may reject.
#[derive(Debug)]
pub struct Mention {
    pub line: usize,
    pub what: MentionKind,
}

#[derive(Debug)]
pub enum MentionKind {
    /// A path in an expression, a type, a pattern, an attribute or a macro's arguments.
    Path(CodePath),
    /// A leaf of a `use`, an `extern crate` or a type alias: the file's name for a path. `None`
    /// means all names below it.
    Import {
        path: CodePath,
        name: Option<String>,
    },
    Module {
        name: String,
        is_inline: bool,
    },
    Text(String),
    /// The name of a type that is `pub` without restriction.
    PublicType(String),
    /// `#[path = "..."]` or `include!("...")`.
    ForeignFile(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodePath {
    pub segments: Vec<String>,
    /// Written with a leading `::`: the first segment is a crate, regardless of modules.
    pub is_rooted: bool,
}

/// Everything that a file mentions, and which of its lines are for tests or in an inline module.
#[derive(Debug, Default)]
pub struct Mentions {
    all: Vec<Mention>,
    test_items: Vec<RangeInclusive<usize>>,
    /// Outermost first.
    inline_modules: Vec<(RangeInclusive<usize>, String)>,
}

impl Mentions {
    pub fn read(text: &str) -> Result<Self, proc_macro2::LexError> {
        let tokens: TokenStream = text.parse()?;
        let mut reader = Reader {
            found: Self::default(),
            is_test: false,
        };
        reader.sequence(tokens);
        let mut found = reader.found;
        found
            .inline_modules
            .sort_by_key(|(lines, _)| *lines.start());
        Ok(found)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Mention> {
        self.all.iter()
    }

    pub fn is_in_test_item(&self, line: usize) -> bool {
        self.test_items.iter().any(|lines| lines.contains(&line))
    }

    pub fn inline_modules_at(&self, line: usize) -> impl Iterator<Item = &String> {
        let around = self.inline_modules.iter();
        around
            .filter(move |(lines, _)| lines.contains(&line))
            .map(|(_, name)| name)
    }
}

struct Reader {
    found: Mentions,
    /// A test attribute precedes the current item.
    is_test: bool,
}

impl Reader {
    fn sequence(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let outside = std::mem::take(&mut self.is_test);
        let mut at = 0;
        let mut item = 0;
        while at < tokens.len() {
            at = self.one(&tokens, at).max(at + 1).min(tokens.len());
            let last = &tokens[at - 1];
            let ends = is_punct(last, ';') || is_group(last, Delimiter::Brace);
            if ends || at == tokens.len() {
                let lines = line_of(&tokens[item])..=last.span().end().line;
                if std::mem::take(&mut self.is_test) {
                    self.found.test_items.push(lines);
                }
                item = at;
            }
        }
        self.is_test = outside;
    }

    /// Reads the item at `at` and returns the start of the next one.
    fn one(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        match &tokens[at] {
            TokenTree::Punct(punct) if punct.as_char() == '#' => self.attribute(tokens, at),
            TokenTree::Punct(punct) if punct.as_char() == '<' => {
                self.qualified(tokens, at);
                at + 1
            }
            TokenTree::Punct(_) if is_double_colon(tokens, at) && !continues(tokens, at) => {
                self.path(tokens, at)
            }
            TokenTree::Punct(_) => at + 1,
            TokenTree::Literal(literal) => {
                self.mention(
                    literal.span().start().line,
                    MentionKind::Text(literal.to_string()),
                );
                at + 1
            }
            TokenTree::Group(group) => {
                self.sequence(group.stream());
                at + 1
            }
            TokenTree::Ident(ident) => match ident.to_string().as_str() {
                "use" if !tokens.get(at + 1).is_some_and(|t| is_punct(t, '<')) => {
                    self.import(tokens, at + 1)
                }
                "extern" if ident_at(tokens, at + 1).as_deref() == Some("crate") => {
                    self.import(tokens, at + 2)
                }
                "mod" => self.module(tokens, at),
                "pub" => self.public(tokens, at),
                "type" => self.type_alias(tokens, at),
                _ => self.path(tokens, at),
            },
        }
    }

    fn attribute(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        let is_inner = tokens.get(at + 1).is_some_and(|t| is_punct(t, '!'));
        let place = if is_inner { at + 2 } else { at + 1 };
        let Some(TokenTree::Group(group)) = tokens.get(place) else {
            return at + 1;
        };
        let written: String = group.stream().to_string().split_whitespace().collect();
        if written.starts_with("doc") {
            return place + 1;
        }
        if let Some(file) = written.strip_prefix("path=") {
            self.mention(
                line_of(&tokens[at]),
                MentionKind::ForeignFile(file.to_owned()),
            );
        }
        self.sequence(group.stream());
        self.is_test |= is_test_attribute(&written);
        place + 1
    }

    fn path(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        let line = line_of(&tokens[at]);
        let (path, next) = path_at(tokens, at);
        if path.segments.is_empty() {
            return next.max(at + 1);
        }
        let is_include = path.segments == ["include"];
        if let (true, Some(file)) = (is_include, macro_text(tokens, next)) {
            self.mention(line, MentionKind::ForeignFile(file));
        }
        let is_field = at > 0 && is_punct(&tokens[at - 1], '.');
        if !is_field {
            self.mention(line, MentionKind::Path(path));
        }
        next
    }

    /// `<path>::name` and `<path as trait>::name`.
    fn qualified(&mut self, tokens: &[TokenTree], at: usize) {
        let Some(start) = tokens.get(at + 1) else {
            return;
        };
        let line = line_of(start);
        let (mut path, mut next) = path_at(tokens, at + 1);
        if ident_at(tokens, next).as_deref() == Some("as") {
            next = path_at(tokens, next + 1).1;
        }
        let closes = tokens.get(next).is_some_and(|t| is_punct(t, '>'));
        if closes && !path.segments.is_empty() && is_double_colon(tokens, next + 1) {
            path.segments.extend(ident_at(tokens, next + 3));
            self.mention(line, MentionKind::Path(path));
        }
    }

    fn import(&mut self, tokens: &[TokenTree], from: usize) -> usize {
        let length = tokens[from..]
            .iter()
            .take_while(|token| !is_punct(token, ';'))
            .count();
        let whole = &tokens[from..from + length];
        self.import_tree(
            &CodePath {
                segments: Vec::new(),
                is_rooted: false,
            },
            whole,
        );
        from + length
    }

    fn import_tree(&mut self, prefix: &CodePath, tokens: &[TokenTree]) {
        for tree in tokens
            .split(|token| is_punct(token, ','))
            .filter(|tree| !tree.is_empty())
        {
            let line = line_of(&tree[0]);
            let (mut path, next) = path_at(tree, 0);
            path.segments.splice(0..0, prefix.segments.iter().cloned());
            path.is_rooted |= prefix.is_rooted;
            if path.segments.last().is_some_and(|last| last == "self") && path.segments.len() > 1 {
                path.segments.pop();
            }
            match tree[next..].iter().find(|token| !is_punct(token, ':')) {
                Some(TokenTree::Group(group)) => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    self.import_tree(&path, &inner);
                }
                Some(token) if is_punct(token, '*') => {
                    self.mention(line, MentionKind::Import { path, name: None });
                }
                _ => {
                    let alias = ident_at(tree, next).filter(|word| word == "as");
                    let alias = alias.and_then(|_| ident_at(tree, next + 1));
                    let name = alias.or_else(|| path.segments.last().cloned());
                    if name.is_some() {
                        self.mention(line, MentionKind::Import { path, name });
                    }
                }
            }
        }
    }

    fn module(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        let Some(name) = ident_at(tokens, at + 1) else {
            return at + 1;
        };
        let body = tokens
            .get(at + 2)
            .filter(|token| is_group(token, Delimiter::Brace));
        let line = line_of(&tokens[at]);
        if let Some(body) = body {
            let lines = line..=body.span().end().line;
            self.found.inline_modules.push((lines, name.clone()));
        }
        let is_inline = body.is_some();
        self.mention(line, MentionKind::Module { name, is_inline });
        at + 2
    }

    /// `pub struct Name` and similar. In `pub(crate)` a restriction follows `pub`.
    fn public(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        let kinds = ["struct", "enum", "trait", "type", "union"];
        let kind = ident_at(tokens, at + 1).filter(|word| kinds.contains(&word.as_str()));
        if let Some(name) = kind.and_then(|_| ident_at(tokens, at + 2)) {
            self.mention(line_of(&tokens[at]), MentionKind::PublicType(name));
        }
        at + 1
    }

    fn type_alias(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        let Some(name) = ident_at(tokens, at + 1) else {
            return at + 1;
        };
        if tokens.get(at + 2).is_some_and(|token| is_punct(token, '=')) {
            let (path, _) = path_at(tokens, at + 3);
            if !path.segments.is_empty() {
                let name = Some(name);
                self.mention(line_of(&tokens[at]), MentionKind::Import { path, name });
            }
        }
        at + 2
    }

    fn mention(&mut self, line: usize, what: MentionKind) {
        self.found.all.push(Mention { line, what });
    }
}

/// The path that begins at `at`, and its end. Generic arguments end it.
fn path_at(tokens: &[TokenTree], mut at: usize) -> (CodePath, usize) {
    let is_rooted = is_double_colon(tokens, at);
    if is_rooted {
        at += 2;
    }
    let mut segments = Vec::new();
    while let Some(segment) = ident_at(tokens, at) {
        segments.push(segment);
        at += 1;
        if !is_double_colon(tokens, at) || ident_at(tokens, at + 2).is_none() {
            break;
        }
        at += 2;
    }
    (
        CodePath {
            segments,
            is_rooted,
        },
        at,
    )
}

fn macro_text(tokens: &[TokenTree], at: usize) -> Option<String> {
    match (tokens.get(at)?, tokens.get(at + 1)?) {
        (bang, TokenTree::Group(group)) if is_punct(bang, '!') => Some(group.stream().to_string()),
        _ => None,
    }
}

fn is_test_attribute(written: &str) -> bool {
    written == "test"
        || written.ends_with("::test")
        || written.starts_with("cfg(test")
        || written.starts_with("cfg(all(test")
}

/// True if the `::` at `at` continues a path or a type before it.
fn continues(tokens: &[TokenTree], at: usize) -> bool {
    at > 0 && (matches!(tokens[at - 1], TokenTree::Ident(_)) || is_punct(&tokens[at - 1], '>'))
}

fn is_double_colon(tokens: &[TokenTree], at: usize) -> bool {
    let joint = matches!(tokens.get(at), Some(TokenTree::Punct(punct))
        if punct.as_char() == ':' && punct.spacing() == Spacing::Joint);
    joint && tokens.get(at + 1).is_some_and(|token| is_punct(token, ':'))
}

fn ident_at(tokens: &[TokenTree], at: usize) -> Option<String> {
    match tokens.get(at)? {
        TokenTree::Ident(ident) => Some(ident.to_string().trim_start_matches("r#").to_owned()),
        _ => None,
    }
}

fn is_punct(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

fn is_group(token: &TokenTree, delimiter: Delimiter) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == delimiter)
}

fn line_of(token: &TokenTree) -> usize {
    token.span().start().line
}
