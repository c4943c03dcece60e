//! The content type of a file, by extension. Browsers do not guess: `nosniff` is set.

pub const HTML: &str = "text/html; charset=utf-8";

const KINDS: [(&str, &str); 16] = [
    ("html", HTML),
    ("js", "text/javascript; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("json", "application/json"),
    ("map", "application/json"),
    ("webmanifest", "application/manifest+json"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
    ("ico", "image/x-icon"),
    ("woff2", "font/woff2"),
    ("txt", "text/plain; charset=utf-8"),
    ("wasm", "application/wasm"),
];

pub fn content_type_of(path: &str) -> &'static str {
    let ending = path.rsplit('.').next().unwrap_or_default();
    let known = KINDS
        .iter()
        .find(|(known, _)| ending.eq_ignore_ascii_case(known));
    known.map_or("application/octet-stream", |(_, kind)| kind)
}
