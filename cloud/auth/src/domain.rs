//! The rules of an account: names, addresses, passwords and roles. Submodules hold codes,
//! the lockout at sign-in, the second factor, and refresh-token order.
//!
//! Invariant: this module does no IO and reads no clock; callers pass the time in.

mod codes;
mod lockout;
mod refresh;
mod second_factor;

#[cfg(test)]
mod tests;

use std::fmt;

use wire::{FieldError, Permission, Role, TextRule, check_text};

use crate::say;

pub(crate) use codes::{DeviceSecret, OneTimeCode, SignInCode};
pub(crate) use lockout::{Lockout, WrongGuesses, is_new_place_alert_due};
pub(crate) use refresh::{PresentedRefreshToken, RefreshFamily, RefreshUse, earliest_token_time};
pub(crate) use second_factor::SecondFactorCode;
pub use second_factor::SecondFactorPolicy;

const USERNAME_CHARS_MIN: usize = 3;
pub(crate) const USERNAME_CHARS_MAX: usize = 100;
/// An SMTP path has 256 octets with its angle brackets (RFC 5321, 4.5.3.1.3): an address of 255
/// cannot get mail.
pub(crate) const EMAIL_BYTES_MAX: usize = 254;
const EMAIL_LOCAL_BYTES_MAX: usize = 64;
const PASSWORD_CHARS_MIN: usize = 10;
/// Longer texts only cost more to hash.
const PASSWORD_CHARS_MAX: usize = 200;
/// Generated names stay short.
const MADE_CHARS_MAX: usize = 40;
/// Room for a dash and a suffix.
const TAIL_CHARS: usize = 5;
const FALLBACK_NAME: &str = "person";
const ROLE_NAME: TextRule = TextRule {
    chars_min: 2,
    chars_max: 20,
    lines: false,
};
const ROLE_DESCRIPTION: TextRule = TextRule {
    chars_min: 0,
    chars_max: 200,
    lines: false,
};
const DEVICE_LABEL: TextRule = TextRule {
    chars_min: 1,
    chars_max: 40,
    lines: false,
};
/// Further custom roles are refused: one page lists them all.
pub(crate) const OWN_ROLES_MAX: i64 = 50;
/// Built-in roles have the numbers of `Role`, custom roles higher ones.
pub(crate) const BUILT_IN_MAX: i64 = 100;

/// A person's own name for their device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceLabel(String);

impl DeviceLabel {
    pub fn new(field: &str, text: &str) -> Result<Self, FieldError> {
        check_text(field, text, DEVICE_LABEL).map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_string(self) -> String {
        self.0
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    pub fn new(text: &str) -> Result<Self, FieldError> {
        let length = USERNAME_CHARS_MIN..=USERNAME_CHARS_MAX;
        let fits = length.contains(&text.len()) && text.bytes().all(is_username_byte);
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(FieldError::new("username", say::username_needs))
        }
    }

    /// Parses a name typed to sign in: a kiosk's keyboard capitalises and adds a space.
    pub fn parse_typed(text: &str) -> Option<Self> {
        Self::new(&text.trim().to_ascii_lowercase()).ok()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// In lower case, so that one mailbox makes one account.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    pub fn new(text: &str) -> Result<Self, FieldError> {
        let text = text.trim().to_lowercase();
        if is_plausible_email(&text) {
            Ok(Self(text))
        } else {
            Err(FieldError::new("email", say::email_needs))
        }
    }

    /// Wraps an address that was validated before it was stored.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// Every account requires an address; `.invalid` marks undeliverable ones, such as the first
    /// admin's.
    pub fn is_undeliverable(&self) -> bool {
        self.0.ends_with(".invalid")
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(***)")
    }
}

/// A password that waits for hashing. It can be neither printed nor serialised.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    pub fn new(text: String) -> Result<Self, FieldError> {
        let length = text.chars().take(PASSWORD_CHARS_MAX + 1).count();
        if (PASSWORD_CHARS_MIN..=PASSWORD_CHARS_MAX).contains(&length) {
            Ok(Self(text))
        } else {
            Err(FieldError::new("password", say::password_needs))
        }
    }

    pub fn reveal(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

#[derive(Debug, Clone)]
pub(crate) struct NewAccount {
    pub username: Username,
    pub email: Email,
    pub password: Password,
    pub role: Role,
}

impl NewAccount {
    /// Returns all invalid fields together, so that people correct a form at most once.
    pub(crate) fn new(
        username: &str,
        email: &str,
        password: String,
        role: Role,
    ) -> Result<Self, Vec<FieldError>> {
        match (
            Username::new(username),
            Email::new(email),
            Password::new(password),
        ) {
            (Ok(username), Ok(email), Ok(password)) => Ok(Self {
                username,
                email,
                password,
                role,
            }),
            (username, email, password) => Err([username.err(), email.err(), password.err()]
                .into_iter()
                .flatten()
                .collect()),
        }
    }
}

/// Masks an address for lists: its owner recognises it, others cannot write to it.
pub(crate) fn mask_email(email: &str) -> String {
    match email.split_once('@') {
        Some((local, domain)) => {
            let first: String = local.chars().take(1).collect();
            format!("{first}***@{domain}")
        }
        None => "***".to_owned(),
    }
}

fn is_username_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-')
}

/// Rejects texts that cannot be an address. Only a delivered message proves one.
fn is_plausible_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    text.len() <= EMAIL_BYTES_MAX
        && (1..=EMAIL_LOCAL_BYTES_MAX).contains(&local.len())
        && !local.chars().any(|c| c.is_whitespace() || c.is_control())
        // `"x"@d` is the mailbox of `x@d`: a quoted name would open a second account for it.
        && !local.contains(['"', '\\'])
        && is_plausible_domain(domain)
}

fn is_plausible_domain(domain: &str) -> bool {
    domain.contains('.') && domain.split('.').all(is_domain_label)
}

fn is_domain_label(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(|c| c.is_alphanumeric() || c == '-')
}

/// Uses the first candidate that yields a valid name. `tail`, at most four characters, separates it
/// from a taken one.
pub(crate) fn derive_username<'w>(
    words: impl IntoIterator<Item = &'w str>,
    tail: Option<&str>,
) -> Option<Username> {
    let name = words
        .into_iter()
        .map(sanitize_name)
        .find(|name| name.len() >= USERNAME_CHARS_MIN);
    let name = name.unwrap_or_else(|| FALLBACK_NAME.to_owned());
    Username::new(&tail.map_or_else(|| name.clone(), |tail| format!("{name}-{tail}"))).ok()
}

/// Keeps the legal characters before an `@`.
fn sanitize_name(word: &str) -> String {
    let local = word.split('@').next().unwrap_or_default();
    let legal = local
        .trim()
        .chars()
        .filter_map(|c| match c.to_ascii_lowercase() {
            c @ ('a'..='z' | '0'..='9' | '.' | '_' | '-') => Some(c),
            c if c.is_whitespace() => Some('.'),
            _ => None,
        });
    let name: String = legal.take(MADE_CHARS_MAX - TAIL_CHARS).collect();
    name.trim_matches(['.', '_', '-']).to_owned()
}

/// A validated custom role, with sorted and unique permissions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDraft {
    pub name: String,
    pub description: String,
    pub permissions: Vec<Permission>,
}

/// The reason for refusing a role change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleRefusal {
    /// The role or the person does not exist.
    Unknown,
    BuiltIn,
    NameTaken,
    InUse,
    TooMany,
    /// A provider's role can be neither given nor taken.
    Fixed,
    /// The admin lacks this permission, so they can neither give nor take it.
    Beyond(Permission),
}

impl RoleDraft {
    pub fn new(
        name: &str,
        description: &str,
        mut permissions: Vec<Permission>,
    ) -> Result<Self, Vec<FieldError>> {
        permissions.sort_unstable();
        permissions.dedup();
        let of_admins = Permission::allowed_for_role(Role::Admin);
        let fits = !permissions.is_empty() && permissions.iter().all(|one| of_admins.contains(one));
        let permissions = fits
            .then_some(permissions)
            .ok_or_else(|| FieldError::new("permissions", say::permissions_needs));
        match (
            check_text("name", name, ROLE_NAME),
            check_text("description", description, ROLE_DESCRIPTION),
            permissions,
        ) {
            (Ok(name), Ok(description), Ok(permissions)) => Ok(Self {
                name,
                description,
                permissions,
            }),
            (name, description, permissions) => {
                Err([name.err(), description.err(), permissions.err()]
                    .into_iter()
                    .flatten()
                    .collect())
            }
        }
    }
}

/// Checks that a person may give or take `others`: they must hold these permissions themselves.
pub(crate) fn check_permissions_held(
    held: &[Permission],
    others: &[Permission],
) -> Result<(), RoleRefusal> {
    let beyond = others.iter().find(|one| !held.contains(one));
    beyond.map_or(Ok(()), |one| Err(RoleRefusal::Beyond(*one)))
}
