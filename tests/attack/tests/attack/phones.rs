//! Phone codes: guessing, reuse, use for another number, and account discovery.

use std::path::PathBuf;

use attack::{AttackedPlatform, HttpAnswer, HttpCall, PASSWORD, Somebody, Station};
use serde_json::{Value, json};
use wire::Role;

/// The platform, and the folder that replaces all phones.
struct Scene {
    platform: &'static AttackedPlatform,
    phones: PathBuf,
}

async fn scene() -> Scene {
    let platform = AttackedPlatform::shared().await;
    Scene {
        platform,
        phones: platform.stack.layout().sms_folder(),
    }
}

impl Scene {
    async fn post(&self, from: Station, path: &str, form: Value) -> HttpAnswer {
        let call = HttpCall::post(&format!("/api/v1/auth/{path}")).json(&form);
        from.ask(self.platform.gateway(), &call)
            .await
            .expect("an answer")
    }

    async fn ask(&self, from: Station, phone: &str) -> HttpAnswer {
        self.post(from, "codes", json!({ "phone": phone })).await
    }

    async fn enter(&self, from: Station, phone: &str, code: &str) -> HttpAnswer {
        self.post(
            from,
            "codes/sign-in",
            json!({ "phone": phone, "code": code }),
        )
        .await
    }

    fn read(&self, phone: &str) -> String {
        let mut files: Vec<_> = std::fs::read_dir(&self.phones)
            .expect("the folder of phones")
            .map(|file| file.expect("a file").path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
            .collect();
        files.sort_unstable();
        let message = |path: &PathBuf| -> Value {
            serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("a message")
        };
        let newest = files
            .iter()
            .rev()
            .map(message)
            .find(|message| message["to"] == phone);
        let text = newest.expect("a message to that phone")["text"]
            .as_str()
            .expect("a text")
            .to_owned();
        let mut words = text.split(|c: char| !c.is_ascii_digit());
        words
            .find(|word| word.len() == 6)
            .expect("a code")
            .to_owned()
    }

    /// A customer with that number linked.
    async fn customer(&self, phone: &str) -> Somebody {
        let customer = self.platform.somebody(Role::Customer).await;
        assert_eq!(self.ask(customer.station, phone).await.status, 200);
        let form = json!({ "phone": phone, "code": self.read(phone), "password": PASSWORD });
        let call = HttpCall::post("/api/v1/auth/identities/phone").json(&form);
        let linked = customer.ask(call).await.expect("an answer");
        assert_eq!(linked.status, 204, "{}", linked.text());
        customer
    }
}

fn refused(answer: &HttpAnswer, status: u16, code: &str) {
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (status, code),
        "{}",
        answer.text()
    );
}

fn others(code: &str) -> impl Iterator<Item = String> {
    let code = code.to_owned();
    (0..1_000_000)
        .map(|guess| format!("{guess:06}"))
        .filter(move |guess| *guess != code)
}

#[tokio::test]
async fn a_code_is_guessed() {
    let scene = scene().await;
    let phone = "+8613700000001";
    scene.customer(phone).await;
    assert_eq!(scene.ask(Station::fresh(), phone).await.status, 200);
    let code = scene.read(phone);
    // Each guess comes from a fresh address, so per-address limits do not apply.
    let mut tried = 0;
    for guess in others(&code).take(12) {
        let answer = scene.enter(Station::fresh(), phone, &guess).await;
        match answer.code().as_str() {
            "code_wrong" => tried += 1,
            other => assert_eq!(other, "code_over", "{}", answer.text()),
        }
    }
    assert_eq!(tried, 5);
    refused(
        &scene.enter(Station::fresh(), phone, &code).await,
        409,
        "code_over",
    );
    // The thief requests further codes and gets five tries at each, at most five codes an hour.
    let mut asked = 0;
    while scene.ask(Station::fresh(), phone).await.status == 200 {
        asked += 1;
        assert!(asked < 10, "the number is sent code after code");
    }
    assert_eq!(asked, 3, "one to link, one to guess, and three");
    refused(
        &scene.ask(Station::fresh(), phone).await,
        429,
        "rate_limited",
    );
}

#[tokio::test]
async fn a_code_is_used_again_or_for_another_number() {
    let scene = scene().await;
    let own = "+8613700000002";
    let other = "+8613700000003";
    let victim = Station::fresh();
    let thief = Station::fresh();
    scene.customer(other).await;
    for phone in [own, other] {
        assert_eq!(scene.ask(thief, phone).await.status, 200);
    }
    let caught = scene.read(own);
    let right = scene.read(other);
    if caught != right {
        refused(&scene.enter(thief, other, &caught).await, 401, "code_wrong");
    }
    let entered = scene.enter(victim, own, &caught).await;
    assert_eq!(entered.status, 200, "{}", entered.text());
    refused(&scene.enter(thief, own, &caught).await, 409, "code_over");
    // Another site's page tries to sign a browser in to the thief's account.
    assert_eq!(scene.ask(thief, own).await.status, 200);
    let form = json!({ "phone": own, "code": scene.read(own) });
    let page = HttpCall::post("/api/v1/session/code").json(&form);
    let page = page.header("origin", "http://evil.example");
    let answer = victim
        .ask(scene.platform.gateway(), &page)
        .await
        .expect("an answer");
    refused(&answer, 403, "foreign_page");
}

#[tokio::test]
async fn a_stranger_learns_who_has_an_account() {
    let scene = scene().await;
    let known = "+8613700000004";
    let unknown = "+8613700000005";
    scene.customer(known).await;
    let stranger = Station::fresh();
    let mut said = Vec::new();
    for phone in [known, unknown] {
        let asked = scene.ask(stranger, phone).await;
        let code = scene.read(phone);
        let guess = others(&code).next().expect("a guess");
        let mut wrong = scene.enter(stranger, phone, &guess).await.json();
        wrong["trace"] = Value::Null;
        said.push((asked.status, asked.json(), wrong));
    }
    assert_eq!(said[0], said[1]);
}

#[tokio::test]
async fn a_thief_of_a_session_links_his_phone() {
    let scene = scene().await;
    let phone = "+8613700000006";
    let victim = scene.platform.somebody(Role::Customer).await;
    let provider = scene.platform.somebody(Role::Provider).await;
    let thief = Station::fresh();
    assert_eq!(scene.ask(thief, phone).await.status, 200);
    let code = scene.read(phone);
    let link = async |token: &str, password: &str| {
        let form = json!({ "phone": phone, "code": code, "password": password });
        let call = HttpCall::post("/api/v1/auth/identities/phone")
            .bearer(token)
            .json(&form);
        thief
            .ask(scene.platform.gateway(), &call)
            .await
            .expect("an answer")
    };
    for guess in ["", "a-guess-of-the-thief"] {
        refused(
            &link(&victim.person.token, guess).await,
            401,
            "invalid_credentials",
        );
    }
    // For a provider, even the password is not enough.
    refused(
        &link(&provider.person.token, PASSWORD).await,
        403,
        "role_forbidden",
    );
    let own = scene.enter(thief, phone, &code).await;
    assert_eq!(
        own.status,
        200,
        "he becomes somebody of his own: {}",
        own.text()
    );
    assert_eq!(own.json()["role"], "customer");
}
