//! The parts of a platform, and the command line of each.

use std::{env, fmt, fs, path::PathBuf, time::Duration};

use anyhow::{Context, Result};
use platform::sealing;
use process::{
    parts::{CloudPart, StoreKind},
    tokens::ServiceKey,
};
use wire::Region;

use crate::{
    Spec, binaries,
    layout::{EdgePlace, Layout, make_inside},
    servers::{PlatformStores, Server},
    supervisor::{Signal, stage},
};

/// A process that can be killed, restarted and inspected separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The whole cloud in one process; then its parts are not separate.
    Cloud,
    /// A part of the cloud in a separate process, on real stores.
    Alone(CloudPart),
    Edge(Region),
    Server(Server),
}

impl Part {
    /// The name on the command line, in logs and in the ready file.
    pub fn name(self) -> String {
        match self {
            Self::Cloud => "cloud".into(),
            Self::Alone(part) => part.name().into(),
            Self::Edge(region) => format!("{}-1", region.as_str().to_lowercase()),
            Self::Server(server) => server.name(),
        }
    }

    pub fn port(self, layout: &Layout) -> Option<u16> {
        match self {
            Self::Cloud => Some(layout.gateway),
            Self::Alone(part) => layout.port(part),
            Self::Edge(region) => Some(layout.edge(region).http),
            Self::Server(_) => None,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name())
    }
}

pub(crate) fn embedded_cloud(layout: &Layout) -> Result<Spec> {
    let data = layout.cloud_folder().display().to_string();
    let spec = with_limits(cloud("cloud", layout)?, WIDE_CLOUD);
    let spec = spec.env("HOLDFAST__AUTH__SMS_URL", sms_url(layout));
    Ok(with_operator(spec, CloudPart::Gateway, layout)
        .args([
            "all".to_owned(),
            "--data".to_owned(),
            data,
            "--bind".to_owned(),
        ])
        .args([format!("127.0.0.1:{}", layout.gateway)]))
}

/// One part of the cloud, on servers. The configuration file must exist.
pub(crate) fn real_part(part: CloudPart, layout: &Layout) -> Result<Spec> {
    let port = layout
        .port(part)
        .with_context(|| format!("{part} has no address"))?;
    let spec = replica(part.name(), part, layout, port)?;
    Ok(with_operator(spec, part, layout))
}

/// A second process of the same part.
pub(crate) fn second_replica(
    part: CloudPart,
    layout: &Layout,
    port: u16,
    operator: u16,
) -> Result<Spec> {
    let spec = replica(&format!("{part}-2"), part, layout, port)?;
    Ok(spec.env(
        "HOLDFAST__PLATFORM__OPERATOR_BIND",
        format!("127.0.0.1:{operator}"),
    ))
}

fn replica(name: &str, part: CloudPart, layout: &Layout, port: u16) -> Result<Spec> {
    let stage = if part == CloudPart::Gateway {
        stage::GATEWAY
    } else {
        stage::CLOUD
    };
    let own = |name: &str| own_file(layout, part, name);
    let spec = with_limits(cloud(name, layout)?, WIDE_CLOUD);
    let spec = spec
        .stage(stage)
        .args(with_config(layout))
        .env("HOLDFAST__PLATFORM__SERVICE_KEY", own("service.key"))
        .env("HOLDFAST__PLATFORM__DATA_KEYS", own("data.keys"));
    Ok(spec.args([
        part.name().to_owned(),
        "--bind".to_owned(),
        format!("127.0.0.1:{port}"),
    ]))
}

pub(crate) fn migrate(layout: &Layout) -> Result<Spec> {
    Ok(cloud("migrate", layout)?
        .args(with_config(layout))
        .args(["migrate"]))
}

pub(crate) fn declare_bus(layout: &Layout) -> Result<Spec> {
    Ok(cloud("declare-bus", layout)?
        .args(with_config(layout))
        .args(["declare-bus"]))
}

/// The password goes over standard input, so it never shows in a process list.
pub(crate) fn bootstrap_admin(layout: &Layout, username: &str, password: &str) -> Result<Spec> {
    let spec = cloud("bootstrap-admin", layout)?;
    let spec = if config_file(layout).exists() {
        let keys = own_file(layout, CloudPart::Auth, "data.keys");
        spec.args(with_config(layout))
            .env("HOLDFAST__PLATFORM__DATA_KEYS", keys)
    } else {
        spec.args([
            "--data".to_owned(),
            layout.cloud_folder().display().to_string(),
        ])
    };
    let spec = spec.args([
        "bootstrap-admin",
        "--username",
        username,
        "--password-stdin",
    ]);
    Ok(spec.stdin(format!("{password}\n")))
}

/// Writes the shared settings of all parts to a file that a person can also read and use.
pub(crate) fn write_config(layout: &Layout, stores: &PlatformStores) -> Result<()> {
    let keys = layout.cloud_folder();
    make_inside(&keys)?;
    ServiceKey::create_key_folders(&keys).context("could not create the keys of the parts")?;
    for part in CloudPart::behind_the_gateway() {
        sealing::create_if_missing(&own_path(layout, part, "data.keys"))
            .context("could not create the keys that seal data")?;
    }
    let bus = stores.bus_url();
    let cache = &stores.servers().redis;
    let mut text = format!("[platform]\nbus_url = \"{bus}\"\ncache_url = \"{cache}\"\n\n[peers]\n");
    for (part, port) in layout.parts() {
        text.push_str(&format!("{part} = \"http://127.0.0.1:{port}\"\n"));
    }
    for part in CloudPart::behind_the_gateway() {
        let store = match part.store() {
            StoreKind::Nothing => String::new(),
            StoreKind::Sql(_) => format!("sql_url = \"{}\"\n", stores.database_url(part)),
            StoreKind::Documents(_) => {
                format!("documents_url = \"{}\"\n", stores.database_url(part))
            }
        };
        text.push_str(&format!("\n[{part}]\n{store}"));
        // With shared files, a part would collect those that only another part's list names.
        let files = match part {
            CloudPart::User => Some("files"),
            CloudPart::Order => Some("order-files"),
            CloudPart::Review => Some("review-files"),
            _ => None,
        };
        if let Some(files) = files.map(|name| keys.join(name)) {
            text.push_str(&format!("files_url = \"file:{}\"\n", files.display()));
        }
        if part == CloudPart::Auth {
            text.push_str(&format!("sms_url = {:?}\n", sms_url(layout)));
        }
        if part == CloudPart::Notification {
            let key = keys.join("push.key");
            text.push_str(&format!("push_key = {key:?}\n"));
        }
        if matches!(part, CloudPart::Auth | CloudPart::Hub) {
            let key = keys.join(format!("{part}.key"));
            text.push_str(&format!("signing_key = {key:?}\n"));
        }
    }
    let path = config_file(layout);
    fs::write(&path, text).with_context(|| format!("could not write {}", path.display()))
}

fn sms_url(layout: &Layout) -> String {
    format!("folder:{}", layout.sms_folder().display())
}

/// An edge. Only enrolment uses the code; later it is harmless.
pub(crate) fn edge(layout: &Layout, place: &EdgePlace, code: Option<String>) -> Result<Spec> {
    let data = layout.edge_folder(place);
    make_inside(&data)?;
    let at = |port: u16| format!("127.0.0.1:{port}");
    let spec = Spec::new(
        &place.edge,
        binaries::own("holdfast-edge")?,
        layout.log(&place.edge),
    )
    .stage(stage::EDGE)
    .stop_with(Signal::Term, EDGE_STOP_MS_MAX)
    .env("HOLDFAST__EDGE__NAME", &place.edge)
    .env("HOLDFAST__EDGE__REGION", place.region.as_str())
    .env("HOLDFAST__EDGE__GATEWAY_URL", &place.gateway_url)
    .env("HOLDFAST__EDGE__DATA", data.display().to_string())
    .env("HOLDFAST__EDGE__HTTP_BIND", at(place.http))
    .env("HOLDFAST__EDGE__MQTT_BIND", at(place.mqtt))
    .env("HOLDFAST__EDGE__WS_BIND", at(place.ws))
    .env("HOLDFAST__EDGE__OPERATOR_BIND", at(place.operator));
    let spec = with_limits(spec, WIDE_EDGE);
    Ok(match code {
        Some(code) => spec.env("HOLDFAST__EDGE__ENROLMENT_CODE", code),
        None => spec,
    })
}

/// The longest time until a part reports ready.
pub(crate) const READY_MAX: Duration = Duration::from_secs(120);

/// Together they stay under the five-second stop limit of a platform on files.
const EDGE_STOP_MS_MAX: u64 = 1_200;
const CLOUD_STOP_MS_MAX: u64 = 3_300;

/// Cloud limits that our platforms widen: here everyone shares one address, and the admin reads the
/// status ten times a second. Limits set in the platform's environment win.
const WIDE_CLOUD: &[(&str, &str)] = &[
    ("HOLDFAST__GATEWAY__PER_USER_PER_MINUTE", "6000"),
    ("HOLDFAST__GATEWAY__PER_PERSON_PER_MINUTE", "6000"),
    ("HOLDFAST__GATEWAY__PER_ADDRESS_PER_MINUTE", "6000"),
    ("HOLDFAST__PLATFORM__CONNECTIONS_PER_ADDRESS", "3072"),
    ("HOLDFAST__GATEWAY__PER_EDGE_PER_MINUTE", "6000"),
    ("HOLDFAST__AUTH__SIGN_INS_PER_ADDRESS_PER_MINUTE", "6000"),
    ("HOLDFAST__AUTH__SIGN_INS_PER_ACCOUNT_PER_MINUTE", "6000"),
    (
        "HOLDFAST__AUTH__REGISTRATIONS_PER_ADDRESS_PER_DAY",
        "100000",
    ),
    ("HOLDFAST__ORDER__OPEN_ORDERS_MAX", "0"),
];
/// The same for an edge.
const WIDE_EDGE: &[(&str, &str)] = &[
    ("HOLDFAST__EDGE__CONNECTIONS_PER_ADDRESS", "3072"),
    ("HOLDFAST__EDGE__SIGN_INS_PER_ADDRESS_PER_MINUTE", "6000"),
];

/// Resets every limit of the process to its default.
pub(crate) fn at_default_limits(mut spec: Spec) -> Spec {
    for (limit, _) in WIDE_CLOUD.iter().chain(WIDE_EDGE) {
        spec.env.remove(*limit);
    }
    spec
}

fn cloud(name: &str, layout: &Layout) -> Result<Spec> {
    let spec = Spec::new(name, binaries::own("holdfast-cloud")?, layout.log(name));
    Ok(spec.stop_with(Signal::Term, CLOUD_STOP_MS_MAX))
}

fn with_limits(spec: Spec, limits: &[(&str, &str)]) -> Spec {
    widen_limits(spec, limits, |limit| env::var_os(limit).is_some())
}

/// The process inherits the platform's environment, so skip the limits set there.
fn widen_limits(
    mut spec: Spec,
    limits: &[(&str, &str)],
    is_set_outside: impl Fn(&str) -> bool,
) -> Spec {
    for (limit, value) in limits {
        if !is_set_outside(limit) {
            spec = spec.env(limit, *value);
        }
    }
    spec
}

fn with_operator(spec: Spec, part: CloudPart, layout: &Layout) -> Spec {
    let at = layout
        .operator(part)
        .map(|port| format!("127.0.0.1:{port}"));
    spec.env("HOLDFAST__PLATFORM__OPERATOR_BIND", at.unwrap_or_default())
}

fn with_config(layout: &Layout) -> [String; 2] {
    [
        "--config".to_owned(),
        config_file(layout).display().to_string(),
    ]
}

fn own_file(layout: &Layout, part: CloudPart, name: &str) -> String {
    own_path(layout, part, name).display().to_string()
}

fn own_path(layout: &Layout, part: CloudPart, name: &str) -> PathBuf {
    layout.cloud_folder().join(part.name()).join(name)
}

fn config_file(layout: &Layout) -> PathBuf {
    layout.folder.join("holdfast.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_the_environment_names_is_not_widened() {
        let [own, other] = ["HOLDFAST__GATEWAY__OWN", "HOLDFAST__GATEWAY__OTHER"];
        let spec = || Spec::new("cloud", "/bin/true", PathBuf::from("cloud.log"));
        let limits = [(own, "6000"), (other, "6000")];
        let widened = widen_limits(spec(), &limits, |limit| limit == own);
        assert_eq!(
            widened.env.get(own),
            None,
            "the one of the environment holds"
        );
        assert_eq!(widened.env.get(other).map(String::as_str), Some("6000"));
        let strict = at_default_limits(with_limits(spec(), WIDE_CLOUD));
        assert!(strict.env.is_empty(), "{:?}", strict.env);
    }
}
