//! Stores and bus over TLS with a private authority: `tls.roots` names it. A process that trusts
//! another authority waits and logs the name of the untrusted store.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use platform::{
    bus::Bus, cache::Cache, documents::Documents, files::Files, sealing::DataKeys, sql::Sql,
};
use process::{problem::format_error_chain, trust::CertificateAuthorities};
use serde_json::Value;
use stack::{
    Ports, Servers, Supervisor, binaries,
    servers::{Addresses, ServerCertificate},
};
use support::Authority;

/// The TLS library's reason for a certificate from an unknown authority.
const NOT_KNOWN: &str = "UnknownIssuer";

#[tokio::test(flavor = "multi_thread")]
async fn stores_by_tls_are_known_by_the_authority_that_the_operator_names_and_by_no_other() {
    let servers = TlsServers::start().await;
    each_store_is_known_by_its_authority_alone(&servers).await;
    a_cloud_starts_with_their_authority_and_waits_with_another(&servers);
}

async fn each_store_is_known_by_its_authority_alone(servers: &TlsServers) {
    let own = servers.authorities("own.pem");
    for (name, asked) in servers.ask_all(&own).await {
        assert_eq!(asked, Ok(()), "{name}");
    }
    let stranger = servers.authorities("stranger.pem");
    for trusted in [stranger, CertificateAuthorities::with_public_roots()] {
        for (name, asked) in servers.ask_all(&trusted).await {
            let why = asked.expect_err(name);
            assert!(why.contains(NOT_KNOWN), "{name}: {why}");
        }
    }
}

fn a_cloud_starts_with_their_authority_and_waits_with_another(servers: &TlsServers) {
    let mut waiting = servers.cloud("stranger.pem");
    let said = line_that(&mut waiting, |line| line["why"].is_string());
    let why = said["why"].as_str().unwrap();
    assert!(
        said["message"]
            .as_str()
            .unwrap()
            .contains("waits for its store"),
        "{said}"
    );
    assert!(why.contains(NOT_KNOWN) && why.contains("auth_db"), "{why}");
    assert_eq!(waiting.0.try_wait().unwrap(), None, "it waits");
    drop(waiting);

    let mut cloud = servers.cloud("own.pem");
    line_that(&mut cloud, |line| line["message"] == "ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_speaks_no_tls_is_refused_where_the_address_asks_for_it() {
    let plain = support::servers();
    let by = CertificateAuthorities::with_public_roots();
    let sql = async |mode: &str| {
        let url = format!("{}/auth_db?ssl-mode={mode}", plain.mysql);
        Sql::open_trusting(&url, &by)
            .await
            .map_err(|e| format_error_chain(&e))?
            .ping()
            .await
            .map_err(|e| format_error_chain(&e))
    };
    let documents = async {
        let url = format!("{}/user_db?directConnection=true&tls=true", plain.mongodb);
        let documents = Documents::open_trusting(&url, &by)
            .await
            .map_err(|e| format_error_chain(&e))?;
        documents.ping().await.map_err(|e| format_error_chain(&e))
    };
    let bus = async {
        let url = plain.rabbitmq.replace("amqp://", "amqps://");
        let bus = Bus::open_trusting(&url, &DataKeys::without_keys(), &by)
            .await
            .map_err(|e| format_error_chain(&e))?;
        bus.ping().await.map_err(|e| format_error_chain(&e))
    };
    let cache = async {
        let url = plain.redis.replace("redis://", "rediss://");
        let cache = Cache::open_trusting(&url, &by).map_err(|e| format_error_chain(&e))?;
        cache.ping().await.map_err(|e| format_error_chain(&e))
    };
    let asked = tokio::join!(
        sql("VERIFY_IDENTITY"),
        sql("REQUIRED"),
        documents,
        bus,
        cache
    );
    let asked = [asked.0, asked.1, asked.2, asked.3, asked.4];
    assert!(asked.iter().all(Result::is_err), "{asked:?}");
    // The same server without TLS in its address.
    assert_eq!(sql("PREFERRED").await, Ok(()));
}

struct TlsServers {
    servers: Servers,
    folder: PathBuf,
    _supervisor: Supervisor,
}

impl TlsServers {
    async fn start() -> Self {
        let folder = stack::temporary::folder().unwrap();
        let supervisor = Supervisor::start(&binaries::supervisor().unwrap()).unwrap();
        supervisor.remove_at_end(&folder).unwrap();
        let authority = Authority::new().unwrap();
        let identity = authority.server("127.0.0.1").unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        write("own.pem", authority.pem());
        write("stranger.pem", Authority::new().unwrap().pem());
        let certificate = ServerCertificate {
            chain: write("chain.pem", &identity.certificate),
            key: write("key.pem", &identity.key),
        };
        let place = folder.join("servers");
        let mut ports = Ports::default();
        let starting = Servers::start_with(certificate, &supervisor, &place, &mut ports);
        let servers = starting.await.unwrap();
        Self {
            servers,
            folder,
            _supervisor: supervisor,
        }
    }

    fn authorities(&self, file: &str) -> CertificateAuthorities {
        CertificateAuthorities::with_own(&self.folder.join(file)).unwrap()
    }

    fn addresses(&self) -> &Addresses {
        self.servers.by_tls.as_ref().unwrap()
    }

    fn mysql(&self, database: &str) -> String {
        format!(
            "{}/{database}?ssl-mode=VERIFY_IDENTITY",
            self.addresses().mysql
        )
    }

    fn mongodb(&self, database: &str) -> String {
        format!(
            "{}/{database}?directConnection=true&tls=true",
            self.addresses().mongodb
        )
    }

    fn s3(&self) -> String {
        let endpoint = self.addresses().s3.as_ref().unwrap();
        format!("s3://key:secret@papers?endpoint={endpoint}")
    }

    /// Pings each store. Returns the reason for each failure.
    async fn ask_all(
        &self,
        by: &CertificateAuthorities,
    ) -> [(&'static str, Result<(), String>); 5] {
        let said = |error: &(dyn std::error::Error + 'static)| format_error_chain(error);
        let sql = async {
            let sql = Sql::open_trusting(&self.mysql("auth_db"), by)
                .await
                .map_err(|e| said(&e))?;
            sql.ping().await.map_err(|e| said(&e))
        };
        let documents = async {
            let url = self.mongodb("user_db");
            let documents = Documents::open_trusting(&url, by)
                .await
                .map_err(|e| said(&e))?;
            documents.ping().await.map_err(|e| said(&e))
        };
        let bus = async {
            let url = &self.addresses().rabbitmq;
            let bus = Bus::open_trusting(url, &DataKeys::without_keys(), by)
                .await
                .map_err(|e| said(&e))?;
            bus.ping().await.map_err(|e| said(&e))
        };
        let cache = async {
            let cache = Cache::open_trusting(&self.addresses().redis, by).map_err(|e| said(&e))?;
            cache.ping().await.map_err(|e| said(&e))
        };
        let files = async {
            let files = Files::open_trusting(&self.s3(), by).map_err(|e| said(&e))?;
            files.ping().await.map_err(|e| said(&e))
        };
        let (sql, documents, bus, cache, files) = tokio::join!(sql, documents, bus, cache, files);
        [
            ("sql", sql),
            ("documents", documents),
            ("bus", bus),
            ("cache", cache),
            ("files", files),
        ]
    }

    /// Starts the whole cloud in one process that trusts this file.
    fn cloud(&self, roots: &str) -> Cloud {
        let set = [
            format!("tls.roots={}", self.folder.join(roots).display()),
            "platform.operator_bind=".to_owned(),
            format!("platform.bus_url={}/%2f", self.addresses().rabbitmq),
            format!("platform.cache_url={}", self.addresses().redis),
            format!("auth.sql_url={}", self.mysql("auth_db")),
            format!("order.sql_url={}", self.mysql("order_db")),
            format!("hub.sql_url={}", self.mysql("sync_db")),
            format!("user.documents_url={}", self.mongodb("user_db")),
            format!(
                "notification.documents_url={}",
                self.mongodb("notification_db")
            ),
        ];
        let mut command = Command::new(binaries::own("holdfast-cloud").unwrap());
        command.args(["all", "--bind", "127.0.0.1:0", "--log", "json", "--data"]);
        command.arg(data(&self.folder, roots));
        for set in set {
            command.args(["--set", &set]);
        }
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap());
        Cloud(child, lines)
    }
}

fn data(folder: &Path, roots: &str) -> PathBuf {
    folder.join(format!("cloud-{roots}"))
}

/// A process that ends with the test, and its log.
struct Cloud(Child, BufReader<std::process::ChildStderr>);

impl Drop for Cloud {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn line_that(cloud: &mut Cloud, is_it: impl Fn(&Value) -> bool) -> Value {
    let mut before = String::new();
    loop {
        let mut line = String::new();
        let length = cloud.1.read_line(&mut line).unwrap();
        assert_ne!(length, 0, "it ended:\n{before}");
        let said: Value = serde_json::from_str(&line).unwrap_or_default();
        if is_it(&said) {
            return said;
        }
        before += &line;
    }
}
