//! Reads what strace has recorded: the calls that change files in the data folder, and the replies
//! that left.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use wire::CommandId;

/// The calls to record.
pub(super) const CALLS: &[&str] = &[
    "openat",
    "pwrite64",
    "write",
    "ftruncate",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "writev",
    "sendto",
    "sendmsg",
];

#[derive(Debug, Clone)]
pub(super) enum Event {
    Opened {
        file: PathBuf,
        is_emptied: bool,
    },
    Written {
        file: PathBuf,
        /// Absent for a write that continues the previous one.
        at: Option<usize>,
        bytes: Vec<u8>,
    },
    Truncated {
        file: PathBuf,
        length: usize,
    },
    SyncBegan {
        file: PathBuf,
        thread: String,
    },
    SyncEnded {
        thread: String,
    },
    Renamed {
        from: PathBuf,
        to: PathBuf,
    },
    Removed(PathBuf),
    /// The receipt of this command left for the tablet.
    Acknowledged(CommandId),
    /// The cloud's decision on this command left for the tablet.
    Decided(CommandId),
    /// An answer left that this many bytes of the photo are safe.
    PhotoConfirmed(usize),
}

/// Returns the events in `data`, in order.
pub(super) fn read_recording(calls: &Path, data: &Path, commands: &[CommandId]) -> Vec<Event> {
    let text = fs::read_to_string(calls).unwrap();
    let by_text: HashMap<_, _> = commands
        .iter()
        .map(|id| (encode_hex(id.to_string().as_bytes()), *id))
        .collect();
    let mut reader = Reader {
        data,
        receipts: by_text.clone(),
        decisions: by_text,
        syncing: HashMap::new(),
        events: Vec::new(),
    };
    text.lines().for_each(|line| reader.read_line(line));
    reader.events
}

struct Reader<'a> {
    data: &'a Path,
    /// The commands without a reply so far, by their id as strace shows it.
    receipts: HashMap<String, CommandId>,
    /// The commands without a decision so far.
    decisions: HashMap<String, CommandId>,
    syncing: HashMap<String, PathBuf>,
    events: Vec<Event>,
}

impl Reader<'_> {
    fn read_line(&mut self, line: &str) {
        let (thread, call) = line.split_once(' ').unwrap_or_default();
        let call = call.trim_start();
        if call.starts_with("<... f") && call.contains("sync resumed>") {
            self.end_sync(thread);
            return;
        }
        let Some((name, arguments)) = call.split_once('(') else {
            return;
        };
        let has_failed = arguments.contains(") = -1 ");
        if has_failed {
            return;
        }
        match name {
            "fsync" | "fdatasync" => {
                let Some(file) = self.find_file(arguments) else {
                    return;
                };
                self.syncing.insert(thread.to_owned(), file.clone());
                self.events.push(Event::SyncBegan {
                    file,
                    thread: thread.to_owned(),
                });
                if !arguments.contains("<unfinished") {
                    self.end_sync(thread);
                }
            }
            "writev" | "sendto" | "sendmsg" => self.read_sent(arguments),
            _ => {
                let event = self.read_change(name, arguments);
                if event.is_none() && name == "write" {
                    self.read_sent(arguments);
                }
                self.events.extend(event);
            }
        }
    }

    fn end_sync(&mut self, thread: &str) {
        if self.syncing.remove(thread).is_some() {
            self.events.push(Event::SyncEnded {
                thread: thread.to_owned(),
            });
        }
    }

    /// `None` if the call changes nothing in the folder.
    fn read_change(&self, name: &str, arguments: &str) -> Option<Event> {
        let texts = decode_texts(arguments);
        let path = |n: usize| {
            let path = PathBuf::from(String::from_utf8(texts.get(n)?.clone()).ok()?);
            path.starts_with(self.data).then_some(path)
        };
        match name {
            "openat" if arguments.contains("O_CREAT") || arguments.contains("O_TRUNC") => {
                Some(Event::Opened {
                    file: path(0)?,
                    is_emptied: arguments.contains("O_TRUNC"),
                })
            }
            "pwrite64" => {
                let numbers = arguments.rsplit_once("\", ")?.1;
                let offset = numbers
                    .split([',', ')', ' '])
                    .filter(|part| !part.is_empty());
                Some(Event::Written {
                    file: self.find_file(arguments)?,
                    at: Some(offset.clone().nth(1)?.parse().ok()?),
                    bytes: texts.first()?.clone(),
                })
            }
            "write" => Some(Event::Written {
                file: self.find_file(arguments)?,
                at: None,
                bytes: texts.first()?.clone(),
            }),
            "ftruncate" => {
                let length = arguments.rsplit_once(">, ")?.1;
                let length = length.split([')', ' ']).next()?;
                Some(Event::Truncated {
                    file: self.find_file(arguments)?,
                    length: length.parse().ok()?,
                })
            }
            "rename" | "renameat" | "renameat2" => Some(Event::Renamed {
                from: path(0)?,
                to: path(1)?,
            }),
            "unlink" | "unlinkat" => Some(Event::Removed(path(0)?)),
            _ => None,
        }
    }

    /// The path behind the file descriptor that is the first argument.
    fn find_file(&self, arguments: &str) -> Option<PathBuf> {
        let (_, rest) = arguments.split_once('<')?;
        let (path, _) = rest.split_once('>')?;
        let path = PathBuf::from(String::from_utf8(decode_hex(path)).ok()?);
        path.starts_with(self.data).then_some(path)
    }

    fn read_sent(&mut self, arguments: &str) {
        if let Some(bytes) = find_confirmed_bytes(arguments) {
            self.events.push(Event::PhotoConfirmed(bytes));
        }
        if arguments.contains(&encode_hex(b"receipt")) {
            let sent = take_sent(&mut self.receipts, arguments);
            self.events
                .extend(sent.into_iter().map(Event::Acknowledged));
        }
        if arguments.contains(&encode_hex(b"\"decided\"")) {
            let sent = take_sent(&mut self.decisions, arguments);
            self.events.extend(sent.into_iter().map(Event::Decided));
        }
    }
}

/// Takes out the commands whose id is in these arguments.
fn take_sent(waiting: &mut HashMap<String, CommandId>, arguments: &str) -> Vec<CommandId> {
    let sent = waiting.extract_if(|text, _| arguments.contains(text.as_str()));
    sent.map(|(_, id)| id).collect()
}

/// Reads the standing of a photo in the answer to an upload.
fn find_confirmed_bytes(arguments: &str) -> Option<usize> {
    const HAVE: &[u8] = b"\"have\":";
    let (_, rest) = arguments.split_once(&encode_hex(HAVE))?;
    let rest = decode_hex(rest.split('"').next()?);
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
    let number: String = digits.map(|digit| char::from(*digit)).collect();
    number.parse().ok()
}

/// The quoted arguments.
fn decode_texts(arguments: &str) -> Vec<Vec<u8>> {
    let quoted = arguments.split('"').skip(1).step_by(2);
    quoted.map(decode_hex).collect()
}

fn decode_hex(text: &str) -> Vec<u8> {
    let bytes = text.split("\\x").skip(1);
    bytes
        .map(|byte| u8::from_str_radix(byte, 16).unwrap())
        .collect()
}

fn encode_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect()
}
