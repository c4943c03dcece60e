//! `holdfast login`, `logout` and `token`: one stored sign-in per gateway, in a file that only its
//! owner can read. It is renewed shortly before it ends.
//!
//! Invariant: a password or a code of a second factor is never stored or shown, and never comes from
//! the command line.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    path::Path,
};

use process::{
    clock::Clock,
    context::{ContextFolder, ContextRenewal, OperatorContext},
};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use serde::Deserialize;
use serde_json::json;
use wire::{Code, GuessReport, Region, Role, UnixMillis};

use crate::{
    gateway::{Gateway, context_file_failure},
    output::{CommandFailure, CommandOutput, ExitKind, Result, describe_cause},
    say,
    style::{self, OutputStyle, role_word},
    values::GlobalArgs,
};

#[derive(Deserialize)]
struct LoginGrant {
    access_token: String,
    /// Older platforms return none.
    refresh_token: Option<String>,
    /// In seconds.
    expires_in: i64,
    role: Role,
    wrong_passwords: Option<GuessReport>,
}

#[derive(Deserialize)]
struct RenewedSignIn {
    access_token: String,
    /// Older platforms return none; the old token stays valid.
    refresh_token: Option<String>,
    expires_at: UnixMillis,
}

const LOGIN: &str = "/api/v1/auth/login";

const SECOND_FACTOR: &str = "/api/v1/auth/login/second-factor";

const REFRESH: &str = "/api/v1/auth/refresh";

const LOGOUT: &str = "/api/v1/auth/logout";

const EDGE_TOKEN: &str = "/api/v1/auth/edge-token";

/// Renew tokens that end sooner, so that they outlast a long command.
const RENEWED_BEFORE_MS: i64 = 5 * 60_000;

const TERMINAL: &str = "/dev/tty";

pub(crate) async fn sign_in(
    global_args: &GlobalArgs,
    style: OutputStyle,
    username: &str,
    from_stdin: bool,
) -> Result<CommandOutput> {
    let (gateway, _) = Gateway::open_unsigned(global_args, style)?;
    let question = style.translate(say::password_of {
        user: username.into(),
    });
    let password = read_secret(&question, from_stdin, &style)?;
    let form = json!({"username": username, "password": password, "refresh": true});
    let answer = match gateway.post_json(LOGIN, Some(&form)).await {
        Err(CommandFailure {
            code: Some(Code::SecondFactorRequired),
            ticket: Some(ticket),
            ..
        }) => {
            let question = say::code_of_app.text_in(style.language);
            let code = read_secret(question, from_stdin, &style)?;
            let form = json!({"ticket": ticket, "code": code, "refresh": true});
            gateway.post_json(SECOND_FACTOR, Some(&form)).await?
        }
        answer => answer?,
    };
    let grant = LoginGrant::deserialize(&answer).map_err(|_| gateway.unreadable_failure())?;
    let expires_at = Clock::system().now().plus_ms(grant.expires_in * 1_000);
    let renewal = grant.refresh_token.map(|refresh_token| ContextRenewal {
        refresh_token,
        expires_at,
        attempt: None,
    });
    let context = OperatorContext {
        gateway: gateway.url.clone(),
        token: grant.access_token,
        renewal,
    };
    let file = ContextFolder::for_user()
        .save(&context)
        .map_err(|error| context_file_failure(&error, &style))?;
    let guesses = grant.wrong_passwords;
    let answer = json!({"gateway": gateway.url, "username": username, "role": grant.role});
    Ok(CommandOutput::new(
        &style,
        || answer,
        || render_sign_in(&gateway, username, grant.role, guesses, &file),
    ))
}

fn render_sign_in(
    gateway: &Gateway,
    username: &str,
    role: Role,
    guesses: Option<GuessReport>,
    file: &Path,
) -> String {
    let style = &gateway.style;
    let done = style.translate(say::login_done {
        user: username.into(),
        role: role_word(role, style).into(),
        url: (&gateway.url).into(),
    });
    let kept = style.translate(say::login_kept {
        file: file.display().into(),
    });
    let guesses = guesses.map(|guesses| format!("{}\n", describe_guesses(guesses, style)));
    let next = match role {
        Role::Admin => say::login_next.text_in(style.language),
        _ => say::login_no_admin.text_in(style.language),
    };
    format!(
        "{done}\n  {kept}\n{}    {}\n",
        guesses.unwrap_or_default(),
        style.format_next_step(next)
    )
}

/// Removes the stored sign-in and ends its session. Leaves the session open if a local platform
/// owns it.
pub(crate) async fn sign_out(
    global_args: &GlobalArgs,
    style: OutputStyle,
) -> Result<CommandOutput> {
    let (gateway, context) = Gateway::open_unsigned(global_args, style)?;
    let url = gateway.url.clone();
    ContextFolder::for_user()
        .remove(&url)
        .map_err(|error| context_file_failure(&error, &style))?;
    let is_own = context
        .as_ref()
        .is_some_and(|context| context.renewal.is_some());
    if let Some(context) = context.filter(|_| is_own) {
        end_session(gateway, context).await.map_err(|failure| {
            let kept = style.translate(say::logout_here_alone);
            CommandFailure {
                reasons: [kept].into(),
                next_step: None,
                ..failure
            }
        })?;
    }
    Ok(CommandOutput::new(
        &style,
        || json!({"gateway": url}),
        || style.translate(say::logout_done { url: (&url).into() }) + "\n",
    ))
}

async fn end_session(gateway: Gateway, context: OperatorContext) -> Result<()> {
    let token = match renew_sign_in(&gateway, &context).await {
        Ok(renewed) => renewed.access_token,
        // Already ended.
        Err(failure) if failure.exit == ExitKind::Authentication => return Ok(()),
        Err(failure) => return Err(failure),
    };
    gateway
        .with_token(token)
        .post_json(LOGOUT, None)
        .await
        .map(drop)
}

/// Returns an access token for other programs, or one for a region's edges.
pub(crate) async fn issue_token(
    gateway: &Gateway,
    region: Option<Region>,
) -> Result<CommandOutput> {
    let token = match region {
        None => gateway.token().to_owned(),
        Some(region) => {
            let answer = gateway
                .post_json(EDGE_TOKEN, Some(&json!({"region": region})))
                .await?;
            answer["edge_token"].as_str().unwrap_or_default().to_owned()
        }
    };
    Ok(CommandOutput::new(
        &gateway.style,
        || json!({"token": token}),
        || format!("{token}\n"),
    ))
}

/// Uses the gateway from the command line or the only stored one, with a sign-in.
pub(crate) async fn open_signed_in(
    global_args: &GlobalArgs,
    style: OutputStyle,
) -> Result<Gateway> {
    let (gateway, context) = Gateway::open_unsigned(global_args, style)?;
    let given = std::env::var("HOLDFAST_TOKEN")
        .ok()
        .filter(|token| !token.is_empty());
    let token = match (given, context) {
        (Some(token), _) => token,
        (None, Some(context)) => load_valid_token(&gateway, context).await?,
        (None, None) => {
            let sentence = say::no_sign_in {
                url: (&gateway.url).into(),
            };
            return Err(CommandFailure::from_sentence(
                ExitKind::Authentication,
                &style,
                sentence,
            ));
        }
    };
    Ok(gateway.with_token(token))
}

/// Returns the stored token. Renews and stores it first if it ends soon.
async fn load_valid_token(gateway: &Gateway, mut context: OperatorContext) -> Result<String> {
    let Some(renewal) = &mut context.renewal else {
        return Ok(context.token);
    };
    let clock = Clock::system();
    let folder = ContextFolder::for_user();
    let left_ms = renewal.expires_at.ms_since(clock.now());
    if left_ms > RENEWED_BEFORE_MS {
        return Ok(context.token);
    }
    // Save the attempt, an idempotency key, before sending it: if the answer is lost, the next
    // command repeats it.
    if renewal.attempt.is_none() {
        renewal.attempt = Some(clock.new_id());
        folder
            .save(&context)
            .map_err(|error| context_file_failure(&error, &gateway.style))?;
    }
    match renew_sign_in(gateway, &context).await {
        Ok(RenewedSignIn {
            access_token: token,
            refresh_token,
            expires_at,
        }) => {
            let spent = context.renewal.map(|renewal| renewal.refresh_token);
            let refresh_token = refresh_token.or(spent).unwrap_or_default();
            let renewal = Some(ContextRenewal {
                refresh_token,
                expires_at,
                attempt: None,
            });
            let context = OperatorContext {
                token: token.clone(),
                renewal,
                ..context
            };
            folder
                .save(&context)
                .map_err(|error| context_file_failure(&error, &gateway.style))?;
            Ok(token)
        }
        Err(failure) if failure.exit == ExitKind::Authentication => {
            let url = (&gateway.url).into();
            let over = say::sign_in_over { url };
            Err(CommandFailure::from_sentence(
                ExitKind::Authentication,
                &gateway.style,
                over,
            ))
        }
        // The current token is valid for a few more minutes.
        Err(_) if left_ms > 0 => Ok(context.token),
        Err(failure) => Err(failure),
    }
}

async fn renew_sign_in(gateway: &Gateway, context: &OperatorContext) -> Result<RenewedSignIn> {
    let renewal = context.renewal.as_ref();
    let token = renewal.map(|renewal| renewal.refresh_token.as_str());
    let attempt = renewal.and_then(|renewal| renewal.attempt);
    let form = json!({"refresh_token": token, "attempt": attempt});
    let answer = match gateway.post_json(REFRESH, Some(&form)).await {
        // Retry, in case the answer was lost.
        Err(failure) if matches!(failure.exit, ExitKind::Unreachable | ExitKind::TimedOut) => {
            gateway.post_json(REFRESH, Some(&form)).await?
        }
        answer => answer?,
    };
    RenewedSignIn::deserialize(&answer).map_err(|_| gateway.unreadable_failure())
}

fn describe_guesses(
    GuessReport {
        count,
        places,
        since,
    }: GuessReport,
    style: &OutputStyle,
) -> String {
    let count = u64::from(count);
    let places = u64::from(places);
    style.translate(say::login_guesses {
        count,
        places,
        since: style::format_moment(since).into(),
    })
}

/// Reads the next line of standard input, or asks at the terminal.
fn read_secret(question: &str, from_stdin: bool, style: &OutputStyle) -> Result<String> {
    let secret = if from_stdin {
        first_line(io::stdin().lock())
    } else {
        prompt_secret(question)
    };
    secret.map_err(|error| {
        let sentence = say::no_password {
            cause: describe_cause(&error),
        };
        CommandFailure::from_sentence(ExitKind::Usage, style, sentence)
    })
}

/// Reads from the terminal even if stdin is a pipe.
fn prompt_secret(question: &str) -> io::Result<String> {
    let terminal = OpenOptions::new().read(true).write(true).open(TERMINAL)?;
    let silence = EchoGuard::disable_echo(&terminal)?;
    let mut shown = &terminal;
    write!(shown, "{question}")?;
    let secret = first_line(BufReader::new(&terminal));
    drop(silence);
    writeln!(shown)?;
    secret
}

fn first_line(mut from: impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if from.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Switches off the terminal's echo until dropped.
struct EchoGuard<'t> {
    terminal: &'t File,
    before: Termios,
}

impl<'t> EchoGuard<'t> {
    fn disable_echo(terminal: &'t File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal, OptionalActions::Flush, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for EchoGuard<'_> {
    fn drop(&mut self) {
        // A closed terminal cannot be restored.
        let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}
