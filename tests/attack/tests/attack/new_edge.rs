//! Starts an edge that the platform does not know yet.

#![allow(clippy::unwrap_used)]

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command},
};

use attack::{HttpCall, Station};
use stack::binaries;

/// An edge that has never connected.
pub(crate) struct NewEdge {
    pub child: Child,
    http: u16,
    data: tempfile::TempDir,
}

impl Drop for NewEdge {
    fn drop(&mut self) {
        // It may have exited already.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

impl NewEdge {
    pub(crate) fn start(gateway: &str, code: &str) -> Self {
        Self::start_trusting(gateway, code, Path::new(""))
    }

    /// Trusts the authorities in this file besides the public ones.
    pub(crate) fn start_trusting(gateway: &str, code: &str, roots: &Path) -> Self {
        let data = tempfile::tempdir().unwrap();
        let free = || {
            TcpListener::bind("127.0.0.1:0")
                .unwrap()
                .local_addr()
                .unwrap()
                .port()
        };
        let http = free();
        let mqtt = free();
        let ws = free();
        let at = |port: u16| format!("127.0.0.1:{port}");
        let child = Command::new(binaries::own("holdfast-edge").unwrap())
            .env_clear()
            .current_dir(data.path())
            .env("HOLDFAST__EDGE__NAME", "north-9")
            .env("HOLDFAST__EDGE__REGION", "NORTH")
            .env("HOLDFAST__EDGE__GATEWAY_URL", gateway)
            .env("HOLDFAST__EDGE__DATA", data.path())
            .env("HOLDFAST__EDGE__HTTP_BIND", at(http))
            .env("HOLDFAST__EDGE__MQTT_BIND", at(mqtt))
            .env("HOLDFAST__EDGE__WS_BIND", at(ws))
            .env("HOLDFAST__EDGE__OPERATOR_BIND", "127.0.0.1:0")
            .env("HOLDFAST__EDGE__ENROLMENT_CODE", code)
            .env("HOLDFAST__TLS__ROOTS", roots)
            .stderr(log(data.path()))
            .spawn()
            .unwrap();
        Self { child, http, data }
    }

    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(self.data.path().join("log")).unwrap()
    }

    pub(crate) async fn asks(&self, token: &str) -> Option<u16> {
        let call = HttpCall::get("/board").bearer(token);
        Station::fresh()
            .ask(self.http, &call)
            .await
            .ok()
            .map(|answer| answer.status)
    }
}

fn log(data: &Path) -> std::fs::File {
    std::fs::File::create(data.join("log")).unwrap()
}
