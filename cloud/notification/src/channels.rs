//! The delivery channels: mail, through an SMTP server or into a folder for development; text
//! message; and push, through an operator's gateway or to the person's browsers.
//!
//! Invariants: a channel that is short, or readable by others in transit, carries only a line's
//! title and its order's code. No log or error contains an address or a text. Mail to another
//! machine requires TLS, verified by this process's authorities. Every mail carries its caller's
//! id.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
};
use platform::{
    messages::{MessageFolder, Push, PushError, PushMessage},
    sms::{CountryCode, PhoneNumber, Sms, SmsError, SmsMessage},
    web_push::WebPush,
};
use process::{client::is_loopback, config::Secret, trust::CertificateAuthorities};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;
use wire::{Role, UserId};

use crate::domain::{Channel, LineText};

const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// The most mails in a folder.
const KEPT_MAX: usize = 500;
const SMTP_PORT: u16 = 587;
const SMTPS_PORT: u16 = 465;

/// Clones share the connections.
#[derive(Clone)]
pub struct OutboundChannels {
    pub mail: Mailer,
    pub sms: Sms,
    pub push: Push,
    /// Sends pushes to browsers; `push` is then off.
    pub web_push: Option<WebPush>,
}

/// Auth's contact data of a person.
#[derive(Deserialize)]
pub struct Contact {
    /// The previous version of auth omits it and returns an address only for open accounts.
    is_open: Option<bool>,
    /// For open accounts. The previous version of auth omits it.
    pub role: Option<Role>,
    /// Only a confirmed address.
    email: Option<String>,
    /// The account has an unconfirmed address.
    #[serde(default)]
    pub is_unconfirmed: bool,
    /// Proven by a code.
    phone: Option<String>,
}

/// A message in the person's language.
pub struct RenderedMessage {
    pub whole: LineText,
    /// Used on channels where the whole text is too long or too public.
    pub brief: LineText,
    pub text_message: String,
    /// The portal's page about it.
    pub path: String,
}

pub enum ChannelAddress {
    Mail(String),
    Phone(PhoneNumber),
    Devices(UserId),
}

#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    #[error(transparent)]
    Mail(#[from] MailError),
    #[error(transparent)]
    Sms(#[from] SmsError),
    #[error(transparent)]
    Push(#[from] PushError),
}

impl OutboundChannels {
    pub fn is_on(&self, channel: Channel) -> bool {
        match channel {
            Channel::Email => self.mail.is_on(),
            Channel::Sms => self.sms.is_on(),
            Channel::Push => self.push.is_on() || self.web_push.is_some(),
        }
    }

    pub fn enabled_channels(&self) -> Vec<Channel> {
        Channel::ALL
            .into_iter()
            .filter(|channel| self.is_on(*channel))
            .collect()
    }

    /// `id` is the delivery's id, the same on every retry.
    pub async fn send(
        &self,
        id: Uuid,
        to: ChannelAddress,
        said: RenderedMessage,
    ) -> Result<(), ChannelError> {
        let RenderedMessage {
            whole,
            brief,
            text_message,
            ..
        } = said;
        match to {
            ChannelAddress::Mail(to) => {
                let LineText {
                    title: subject,
                    content: text,
                } = whole;
                Ok(self
                    .mail
                    .send(MailMessage {
                        id,
                        to,
                        subject,
                        text,
                    })
                    .await?)
            }
            ChannelAddress::Phone(to) => Ok(self
                .sms
                .send(&SmsMessage {
                    id,
                    to,
                    text: text_message,
                })
                .await?),
            ChannelAddress::Devices(to) => {
                let LineText {
                    title,
                    content: text,
                } = brief;
                Ok(self
                    .push
                    .send(&PushMessage {
                        id,
                        to,
                        title,
                        text,
                    })
                    .await?)
            }
        }
    }
}

impl Contact {
    pub fn is_open(&self) -> bool {
        self.is_open.unwrap_or(self.email.is_some())
    }

    /// `None` if the person has no address on that channel, or a closed account.
    pub fn into_address(self, channel: Channel, user: UserId) -> Option<ChannelAddress> {
        if !self.is_open() {
            return None;
        }
        match channel {
            Channel::Email => self.email.map(ChannelAddress::Mail),
            Channel::Sms => {
                // The number includes its country code.
                let number = PhoneNumber::parse_typed(&self.phone?, &CountryCode::default());
                number.map(ChannelAddress::Phone)
            }
            Channel::Push => Some(ChannelAddress::Devices(user)),
        }
    }
}

impl ChannelAddress {
    /// For the log: first letter and domain of a mail address, last two digits of a number, nothing
    /// for devices.
    pub fn to_masked(&self) -> Option<String> {
        match self {
            Self::Mail(address) => Some(match address.split_once('@') {
                Some((local, domain)) => {
                    let first: String = local.chars().take(1).collect();
                    format!("{first}***@{domain}")
                }
                None => "***".to_owned(),
            }),
            Self::Phone(number) => {
                let number = number.as_str();
                let last = number
                    .get(number.len().saturating_sub(2)..)
                    .unwrap_or_default();
                Some(format!("***{last}"))
            }
            Self::Devices(_) => None,
        }
    }
}

impl ChannelError {
    /// A retry may succeed.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Mail(error) => error.is_passing(),
            Self::Sms(error) => error.is_passing(),
            Self::Push(error) => error.is_passing(),
        }
    }
}

#[derive(Clone)]
pub enum Mailer {
    Off,
    Folder(Arc<MessageFolder>),
    Smtp(Arc<SmtpMailer>),
}

pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

pub struct MailMessage {
    pub id: Uuid,
    pub to: String,
    pub subject: String,
    pub text: String,
}

#[derive(Debug, thiserror::Error)]
pub enum MailAddressError {
    #[error(
        "`notification.mail_url` must be off, folder:/a/folder, smtps://USER@HOST or smtp://USER@HOST \
         (which uses STARTTLS, and no encryption only for this machine)"
    )]
    Form,
    #[error("`notification.mail_from` is not an e-mail address")]
    From,
    #[error("could not read the file that `notification.mail_password` names")]
    Password(#[source] std::io::Error),
    #[error("could not create the mail folder {}", folder.display())]
    Folder {
        folder: PathBuf,
        source: std::io::Error,
    },
    #[error("could not set up the TLS verification of the mail server")]
    Tls(#[source] lettre::transport::smtp::Error),
}

#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// A later retry may succeed.
    #[error("the mail server is unavailable")]
    Away,
    #[error("the mail server refused the message with {0}")]
    Refused(u16),
    #[error("the recipient's e-mail address is not valid")]
    Address,
    #[error("could not write to the mail folder")]
    Folder(#[from] std::io::Error),
    #[error("sending e-mail is turned off")]
    Off,
}

impl MailError {
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Away | Self::Folder(_))
    }
}

impl Mailer {
    /// `password` is a file path, empty for none.
    pub fn open(
        url: &str,
        from: &str,
        password: &Path,
        authorities: &CertificateAuthorities,
    ) -> Result<Self, MailAddressError> {
        if url == "off" {
            return Ok(Self::Off);
        }
        if let Some(folder) = url
            .strip_prefix("folder:")
            .filter(|folder| !folder.is_empty())
        {
            let made = MessageFolder::open(Path::new(folder), KEPT_MAX);
            let made = made.map_err(|source| MailAddressError::Folder {
                folder: folder.into(),
                source,
            })?;
            return Ok(Self::Folder(Arc::new(made)));
        }
        let from = from.parse().map_err(|_| MailAddressError::From)?;
        let transport = build_transport(url, password, authorities)?;
        Ok(Self::Smtp(Arc::new(SmtpMailer { transport, from })))
    }

    pub fn is_on(&self) -> bool {
        !matches!(self, Self::Off)
    }

    pub async fn send(&self, message: MailMessage) -> Result<(), MailError> {
        match self {
            Self::Off => Err(MailError::Off),
            Self::Folder(folder) => {
                let MailMessage {
                    id,
                    to,
                    subject,
                    text,
                } = message;
                let kept = json!({ "to": to, "subject": subject, "text": text });
                Ok(folder.write_message(id, &kept).await?)
            }
            Self::Smtp(smtp) => smtp.send(message).await,
        }
    }
}

impl SmtpMailer {
    async fn send(&self, message: MailMessage) -> Result<(), MailError> {
        let MailMessage {
            id,
            to,
            subject,
            text,
        } = message;
        let to: Mailbox = to.parse().map_err(|_| MailError::Address)?;
        let domain = self.from.email.domain();
        let mail = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(subject)
            // Retries reuse the id, so mailboxes can show the mail once.
            .message_id(Some(format!("<{id}@{domain}>")))
            .header(ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|_| MailError::Address)?;
        match tokio::time::timeout(ANSWER_WITHIN, self.transport.send(mail)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.is_permanent() => Err(MailError::Refused(
                error.status().map(u16::from).unwrap_or_default(),
            )),
            Ok(Err(_)) | Err(_) => Err(MailError::Away),
        }
    }
}

fn build_transport(
    url: &str,
    password: &Path,
    authorities: &CertificateAuthorities,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, MailAddressError> {
    let (scheme, rest) = url.split_once("://").ok_or(MailAddressError::Form)?;
    let (user, place) = match rest.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, rest),
    };
    let is_smtps = match scheme {
        "smtps" => true,
        "smtp" => false,
        _ => return Err(MailAddressError::Form),
    };
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().map_err(|_| MailAddressError::Form)?),
        None => (place, if is_smtps { SMTPS_PORT } else { SMTP_PORT }),
    };
    if host.is_empty() {
        return Err(MailAddressError::Form);
    }
    let tls = match (is_smtps, is_loopback(host)) {
        (true, _) => Tls::Wrapper(build_tls_parameters(host, authorities)?),
        (false, true) => Tls::None,
        (false, false) => Tls::Required(build_tls_parameters(host, authorities)?),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
        .port(port)
        .tls(tls)
        .timeout(Some(ANSWER_WITHIN));
    if let Some(user) = user {
        let secret = fs::read_to_string(password).map_err(MailAddressError::Password)?;
        let secret: Secret = secret.trim_end_matches(['\r', '\n']).into();
        let credentials = Credentials::new(user.to_owned(), secret.reveal().to_owned());
        builder = builder.credentials(credentials);
    }
    Ok(builder.build())
}

fn build_tls_parameters(
    host: &str,
    authorities: &CertificateAuthorities,
) -> Result<TlsParameters, MailAddressError> {
    let mut tls = TlsParameters::builder(host.to_owned());
    if let Some(pem) = authorities.own_pem() {
        for own in split_certificates(pem) {
            let own = Certificate::from_pem(own.as_bytes()).map_err(MailAddressError::Tls)?;
            tls = tls.add_root_certificate(own);
        }
    }
    tls.build_rustls().map_err(MailAddressError::Tls)
}

/// Splits a PEM file, because the library reads only its first certificate.
fn split_certificates(pem: &str) -> Vec<String> {
    const END: &str = "-----END CERTIFICATE-----";
    let parts = pem.split_inclusive(END).filter(|part| part.contains(END));
    parts.map(str::to_owned).collect()
}
