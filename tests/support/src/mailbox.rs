//! A mail server that accepts everything, for tests that read the sent mails.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use process::tasks::Tasks;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

/// Stops with the runtime of its test.
pub struct Mailbox {
    port: u16,
    mails: mpsc::UnboundedReceiver<String>,
    _tasks: Tasks,
}

impl Mailbox {
    /// # Panics
    /// If there is no free port.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (told, mails) = mpsc::unbounded_channel();
        let tasks = Tasks::new();
        let of_each = tasks.clone();
        tasks.spawn_once("mail server", async move {
            while let Ok((stream, _)) = listener.accept().await {
                let told = told.clone();
                of_each.spawn_once("mail", async move {
                    // Ignore broken connections: their client has given up.
                    let _broken = serve(stream, &told).await;
                });
            }
        });
        Self {
            port,
            mails,
            _tasks: tasks,
        }
    }

    /// The URL for a service's configuration.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// The next mail with its whole SMTP dialogue, its text decoded.
    ///
    /// # Panics
    /// If the server has stopped.
    pub async fn next(&mut self) -> String {
        unpacked(&self.mails.recv().await.expect("the mail server goes on"))
    }

    /// The next mail to that address. Discards mails to others before it.
    ///
    /// # Panics
    /// If it does not arrive in time.
    pub async fn next_to(&mut self, address: &str, within: Duration) -> String {
        let to = format!("RCPT TO:<{address}>");
        let coming = async {
            loop {
                let mail = self.next().await;
                if mail.contains(&to) {
                    return mail;
                }
            }
        };
        let came = tokio::time::timeout(within, coming).await;
        came.unwrap_or_else(|_| panic!("a mail to {address} comes"))
    }

    /// A mail that has already arrived.
    pub fn here(&mut self) -> Option<String> {
        self.mails.try_recv().ok().map(|mail| unpacked(&mail))
    }
}

/// The code in a mail that confirms an address.
///
/// # Panics
/// If the mail contains no code.
pub fn address_code_in(mail: &str) -> String {
    let is_code = |word: &&str| word.len() == 19 && word.matches('-').count() == 3;
    let mut words = mail.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words
        .find(is_code)
        .unwrap_or_else(|| panic!("no code in: {mail}"))
        .to_owned()
}

/// Decodes the mail's text from its transfer encoding. Returns a mail that cannot be decoded
/// unchanged.
fn unpacked(mail: &str) -> String {
    let Some((head, body)) = mail.split_once("\n\n") else {
        return mail.to_owned();
    };
    let body = body.trim_end_matches(['.', '\n']);
    let packing = head.to_ascii_lowercase();
    let text = if packing.contains("encoding: base64") {
        STANDARD.decode(body.replace('\n', "")).ok()
    } else if packing.contains("encoding: quoted-printable") {
        Some(unquoted(&body.replace("=\n", "")))
    } else {
        None
    };
    let text = text.and_then(|text| String::from_utf8(text).ok());
    format!("{head}\n\n{}", text.unwrap_or_else(|| body.to_owned()))
}

/// Each `=` precedes the number of a byte.
fn unquoted(text: &str) -> Vec<u8> {
    let mut parts = text.split('=');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let number = part
            .get(..2)
            .and_then(|number| u8::from_str_radix(number, 16).ok());
        bytes.extend(number);
        bytes.extend(part.get(2..).unwrap_or_default().as_bytes());
    }
    bytes
}

async fn serve(stream: TcpStream, told: &mpsc::UnboundedSender<String>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    write.write_all(b"220 ready\r\n").await?;
    let mut lines = BufReader::new(read).lines();
    let mut mail = String::new();
    let mut is_data = false;
    while let Some(line) = lines.next_line().await? {
        mail += &format!("{line}\n");
        let answer: &[u8] = match line.as_str() {
            "." => {
                is_data = false;
                let _nobody_reads = told.send(std::mem::take(&mut mail));
                b"250 taken\r\n"
            }
            _ if is_data => continue,
            "DATA" => {
                is_data = true;
                b"354 go on\r\n"
            }
            "QUIT" => b"221 bye\r\n",
            _ => b"250 ok\r\n",
        };
        write.write_all(answer).await?;
    }
    Ok(())
}
