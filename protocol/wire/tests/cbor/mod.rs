//! CBOR as a tree, so that a test can write it as a newer peer would.

use minicbor::{Decoder, Encoder, data::Type};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    Unsigned(u64),
    Signed(i64),
    Bytes(Vec<u8>),
    Text(String),
    Bool(bool),
    Null,
    Array(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

/// More fields than any of our rows has.
const FIELDS_MAX: usize = 24;

/// The path to a node: the index of the child at each level.
pub(crate) type Place = Vec<usize>;

impl Node {
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let mut d = Decoder::new(bytes);
        let node = Self::take(&mut d);
        assert_eq!(d.position(), bytes.len());
        node
    }

    fn take(d: &mut Decoder<'_>) -> Self {
        match d.datatype().unwrap() {
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => Self::Unsigned(d.u64().unwrap()),
            Type::I8 | Type::I16 | Type::I32 | Type::I64 => Self::Signed(d.i64().unwrap()),
            Type::Bytes => Self::Bytes(d.bytes().unwrap().to_vec()),
            Type::String => Self::Text(d.str().unwrap().to_owned()),
            Type::Bool => Self::Bool(d.bool().unwrap()),
            Type::Null => {
                d.null().unwrap();
                Self::Null
            }
            Type::Array => {
                let length = d.array().unwrap().unwrap();
                Self::Array((0..length).map(|_| Self::take(d)).collect())
            }
            Type::Map => {
                let length = d.map().unwrap().unwrap();
                Self::Map(
                    (0..length)
                        .map(|_| (Self::take(d), Self::take(d)))
                        .collect(),
                )
            }
            other => panic!("no word of ours has a {other}"),
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.put(&mut Encoder::new(&mut bytes));
        bytes
    }

    fn put(&self, e: &mut Encoder<&mut Vec<u8>>) {
        match self {
            Self::Unsigned(n) => drop(e.u64(*n).unwrap()),
            Self::Signed(n) => drop(e.i64(*n).unwrap()),
            Self::Bytes(bytes) => drop(e.bytes(bytes).unwrap()),
            Self::Text(text) => drop(e.str(text).unwrap()),
            Self::Bool(value) => drop(e.bool(*value).unwrap()),
            Self::Null => drop(e.null().unwrap()),
            Self::Array(items) => {
                e.array(items.len() as u64).unwrap();
                items.iter().for_each(|item| item.put(e));
            }
            Self::Map(pairs) => {
                e.map(pairs.len() as u64).unwrap();
                for (key, value) in pairs {
                    key.put(e);
                    value.put(e);
                }
            }
        }
    }

    /// Every map, and every array that is a row of fields. A list of uniform items does not count,
    /// nor does the pair of an enum's number and its fields.
    pub(crate) fn places(&self) -> Vec<Place> {
        let mut places = Vec::new();
        self.walk(&mut Vec::new(), false, &mut places);
        places
    }

    fn walk(&self, here: &mut Place, fields: bool, places: &mut Vec<Place>) {
        if fields || self.is_row() {
            places.push(here.clone());
        }
        let tagged = !fields && self.is_tagged();
        for (index, child) in self.children().enumerate() {
            here.push(index);
            child.walk(here, tagged && matches!(child, Self::Array(_)), places);
            here.pop();
        }
    }

    fn is_row(&self) -> bool {
        match self {
            Self::Map(_) => true,
            Self::Array(items) => !self.is_tagged() && !is_list(items),
            _ => false,
        }
    }

    fn is_tagged(&self) -> bool {
        matches!(self, Self::Array(items)
            if matches!(&items[..], [Self::Unsigned(_), Self::Array(_) | Self::Map(_)]))
    }

    fn children(&self) -> Box<dyn Iterator<Item = &Self> + '_> {
        match self {
            Self::Array(items) => Box::new(items.iter()),
            Self::Map(pairs) => Box::new(pairs.iter().map(|(_, value)| value)),
            _ => Box::new(std::iter::empty()),
        }
    }

    fn child_mut(&mut self, index: usize) -> &mut Self {
        match self {
            Self::Array(items) => &mut items[index],
            Self::Map(pairs) => &mut pairs[index].1,
            other => panic!("{other:?} has no children"),
        }
    }

    /// Adds a field at this place, with this number if fields are numbered.
    pub(crate) fn grown(&self, place: &Place, number: u64) -> Vec<u8> {
        let mut whole = self.clone();
        let node = place
            .iter()
            .fold(&mut whole, |node, &index| node.child_mut(index));
        let later = Self::Text("from the future".into());
        match node {
            Self::Map(pairs) => pairs.push((Self::Unsigned(number), later)),
            // Absent fields at the end are not written; before a later field they are null.
            Self::Array(items) => {
                items.resize(items.len().max(FIELDS_MAX), Self::Null);
                items.push(later);
            }
            other => panic!("{other:?} takes no field"),
        }
        whole.bytes()
    }

    /// The list with this many tagged items.
    pub(crate) fn list_mut(&mut self, length: &usize) -> &mut Vec<Self> {
        let wanted = |node: &Self| {
            matches!(node, Self::Array(items)
                if items.len() == *length && items.iter().all(Self::is_tagged))
        };
        match self.find_mut(&wanted) {
            Some(Self::Array(items)) => items,
            _ => panic!("there is no such list"),
        }
    }

    /// The number of the command's kind, in the tagged pair that is the body in the command's map.
    pub(crate) fn command_kind_mut(&mut self) -> &mut Self {
        let command = |node: &Self| {
            matches!(node, Self::Map(pairs) if matches!(&pairs[..],
                [(_, Self::Bytes(id)), (_, body), ..] if id.len() == 16 && body.is_tagged()))
        };
        match self.find_mut(&command) {
            Some(Self::Map(pairs)) => pairs[1].1.child_mut(0),
            _ => panic!("there is no command"),
        }
    }

    fn find_mut(&mut self, wanted: &impl Fn(&Self) -> bool) -> Option<&mut Self> {
        if wanted(self) {
            return Some(self);
        }
        match self {
            Self::Array(items) => items.iter_mut().find_map(|item| item.find_mut(wanted)),
            Self::Map(pairs) => pairs
                .iter_mut()
                .find_map(|(_, value)| value.find_mut(wanted)),
            _ => None,
        }
    }

    /// Replaces the text and returns how often it occurred.
    pub(crate) fn replace_text(&mut self, text: &str, with: &str) -> usize {
        match self {
            Self::Text(here) if here == text => {
                with.clone_into(here);
                1
            }
            Self::Array(items) => items
                .iter_mut()
                .map(|item| item.replace_text(text, with))
                .sum(),
            Self::Map(pairs) => pairs
                .iter_mut()
                .map(|(_, value)| value.replace_text(text, with))
                .sum(),
            _ => 0,
        }
    }
}

fn is_list(items: &[Node]) -> bool {
    let kind = std::mem::discriminant;
    items
        .windows(2)
        .all(|pair| kind(&pair[0]) == kind(&pair[1]))
}
