/// Files as the checks see them.
pub mod source {
    use super::super::*;

    pub fn member(name: &str) -> Member {
        Member {
            name: name.to_owned(),
            folder: name.into(),
            dependencies: Vec::new(),
        }
    }

    pub fn of<'a>(member: &'a Member, inside: &str, text: &str) -> SourceFile<'a> {
        SourceFile {
            path: member.folder.join(inside),
            member,
            modules: modules_of(Path::new(inside)),
            mentions: Mentions::read(text).unwrap(),
            text: text.to_owned(),
            crate_modules: BTreeSet::new(),
            is_test: false,
        }
    }
}
