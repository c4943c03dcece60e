//! The check of a PDF. It is kept as it came, so it must not do anything by itself.

use super::{FileRefusal, kind::holds};

/// Names by which a PDF runs something, or carries another file.
const ACTIVE: [&[u8]; 8] = [
    b"/JavaScript",
    b"/JS",
    b"/Launch",
    b"/EmbeddedFile",
    b"/RichMedia",
    b"/XFA",
    b"/SubmitForm",
    b"/ImportData",
];
/// The mark of the end stands so close to it.
const END_WITHIN: usize = 1024;

pub fn check(bytes: &[u8]) -> Result<(), FileRefusal> {
    let end = &bytes[bytes.len().saturating_sub(END_WITHIN)..];
    if !holds(end, b"%%EOF") {
        return Err(FileRefusal::Unreadable);
    }
    let is_active = names(bytes).any(|name| ACTIVE.contains(&name.as_slice()));
    if is_active { Err(FileRefusal::NotPlain) } else { Ok(()) }
}

/// Every name, with its escapes read: `/J#53` is `/JS`. A name that is longer than all that are looked for is cut.
fn names(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    const NAME_BYTES_MAX: usize = 16;
    let starts = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    starts.map(|(start, _)| {
        let mut name = vec![b'/'];
        let mut rest = &bytes[start + 1..];
        while let [first, after @ ..] = rest
            && name.len() < NAME_BYTES_MAX
        {
            let escaped = match (first, after.get(..2)) {
                (b'#', Some(digits)) => std::str::from_utf8(digits)
                    .ok()
                    .and_then(|digits| u8::from_str_radix(digits, 16).ok()),
                _ => None,
            };
            match escaped {
                Some(byte) => {
                    name.push(byte);
                    rest = &after[2..];
                }
                None if first.is_ascii_alphanumeric() => {
                    name.push(*first);
                    rest = after;
                }
                None => break,
            }
        }
        name
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn of(inside: &str) -> Result<(), FileRefusal> {
        check(format!("%PDF-1.7\n1 0 obj << {inside} >> endobj\n%%EOF\n").as_bytes())
    }

    #[test]
    fn a_pdf_that_runs_something_is_refused_however_it_spells_it() {
        assert_eq!(of("/Type /Catalog /Pages 2 0 R /OpenAction [3 0 R /Fit]"), Ok(()));
        assert_eq!(of("/Subtype /JSpecial /Title (JS)"), Ok(()), "only whole names count");
        for active in [
            "/S /JavaScript /JS (app.alert(1))",
            "/S/J#61vaScript",
            "/S /#4a#53",
            "/S /Launch /F (cmd.exe)",
            "/Type /EmbeddedFile",
        ] {
            assert_eq!(of(active), Err(FileRefusal::NotPlain), "{active}");
        }
        assert_eq!(check(b"%PDF-1.7\ncut off"), Err(FileRefusal::Unreadable));
    }
}
