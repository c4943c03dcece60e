//! Uploads with a false type, too large, endless, or another person's.

use std::time::Duration;

use attack::{
    AttackedPlatform, HttpAnswer, HttpCall, PATIENCE, Somebody, Station, during, files_below,
};
use futures::future::join_all;
use serde_json::{Value, json};
use support::files::{pdf, png, png_bomb};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};
use wire::Role;

const PHOTO: &str = "/api/v1/users/me/photo";
const DOCUMENTS: &str = "/api/v1/users/me/documents";
const MB: usize = 1024 * 1024;
/// A key's claim is renewed this long after the request's head arrived.
const RENEWAL: Duration = Duration::from_secs(2);
/// One person may have two uploads in progress.
const FILES_OF_ONE: u32 = 2;

fn handed(method: &str, path: &str, kind: &str, file: impl Into<Vec<u8>>) -> HttpCall {
    HttpCall::new(method, path).body(kind, file)
}

/// Asserts a refusal with that code, and that the profile shows no photo.
async fn refused(person: &Somebody, call: HttpCall, status: u16, code: &str) {
    let answer = person.ask(call).await.expect("an answer");
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (status, code),
        "{}",
        answer.text()
    );
    let own = person.done(HttpCall::get("/api/v1/users/me/profile")).await;
    assert_eq!(own.get("photo"), None);
}

#[tokio::test]
async fn somebody_hands_in_a_script_as_his_photo() {
    let platform = AttackedPlatform::shared().await;
    let person = platform.somebody(Role::Customer).await;
    let svg =
        "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>";
    let page = "<!doctype html><script>fetch('/api/v1/session')</script>";
    for (kind, text) in [
        ("image/svg+xml", svg),
        ("image/png", svg),
        ("image/jpeg", page),
    ] {
        refused(
            &person,
            handed("PUT", PHOTO, kind, text),
            415,
            "file_kind_refused",
        )
        .await;
    }
    for behind in [page, "<HTML><body onload=alert(1)>", "GIF89a"] {
        let both = [png(8, 8), behind.as_bytes().to_vec()].concat();
        refused(
            &person,
            handed("PUT", PHOTO, "image/png", both),
            422,
            "file_not_plain",
        )
        .await;
    }
}

#[tokio::test]
async fn somebody_hands_in_an_archive_or_a_program_behind_a_picture() {
    let platform = AttackedPlatform::shared().await;
    let person = platform.somebody(Role::Provider).await;
    let zip = [&b"PK\x03\x04\x14\0classes.dex"[..], b"PK\x05\x06", &[0; 18]].concat();
    let both = [png(8, 8), zip.clone()].concat();
    refused(
        &person,
        handed("PUT", PHOTO, "image/png", both),
        422,
        "file_not_plain",
    )
    .await;
    let both = [pdf("and an archive"), zip.clone()].concat();
    refused(
        &person,
        handed("POST", DOCUMENTS, "application/pdf", both),
        422,
        "file_not_plain",
    )
    .await;
    let bomb = include_bytes!("bomb.gz");
    for (kind, file) in [
        ("application/zip", zip),
        ("application/gzip", bomb.to_vec()),
        ("image/png", b"MZ\x90\0".to_vec()),
    ] {
        refused(
            &person,
            handed("POST", DOCUMENTS, kind, file),
            415,
            "file_kind_refused",
        )
        .await;
    }
    let active = pdf("")
        .iter()
        .copied()
        .chain(*b"4 0 obj << /S /J#61vaScript >>\n%%EOF")
        .collect::<Vec<_>>();
    refused(
        &person,
        handed("POST", DOCUMENTS, "application/pdf", active),
        422,
        "file_not_plain",
    )
    .await;
    refused(
        &person,
        handed("PUT", PHOTO, "image/png", pdf("no photo")),
        415,
        "file_kind_refused",
    )
    .await;
}

#[tokio::test]
async fn somebody_fills_the_memory_with_a_picture_of_few_bytes() {
    let platform = AttackedPlatform::shared().await;
    let person = platform.somebody(Role::Customer).await;
    for (width, height) in [
        (60_000, 60_000),
        (10_000, 10_000),
        (4_000_000, 1),
        (5_000, 5_000),
    ] {
        let bomb = png_bomb(width, height);
        assert!(bomb.len() < 1_000);
        refused(
            &person,
            handed("PUT", PHOTO, "image/png", bomb),
            422,
            "picture_too_large",
        )
        .await;
    }
    let claims = png_bomb(4_000, 4_000);
    refused(
        &person,
        handed("PUT", PHOTO, "image/png", claims),
        422,
        "picture_unreadable",
    )
    .await;
}

#[tokio::test]
async fn somebody_names_a_file_so_that_it_leaves_its_folder() {
    let platform = AttackedPlatform::shared().await;
    let person = platform.somebody(Role::Customer).await;
    let name = "attachment; filename=\"../../../service.key\"";
    let call = handed("PUT", PHOTO, "image/png", png(8, 8)).header("content-disposition", name);
    let set = person.done(call).await;
    let shown = person.ask(HttpCall::get(&at(&set["photo"]))).await.unwrap();
    assert_eq!(
        shown.header("content-disposition"),
        Some("inline; filename=\"picture.jpg\"")
    );
    assert_eq!(shown.header("x-content-type-options"), Some("nosniff"));
    let policy = shown.header("content-security-policy").unwrap();
    assert!(
        policy.contains("default-src 'none'") && policy.contains("sandbox"),
        "{policy}"
    );
    let own = person.person.user_id.to_string();
    let kept = files_below(&platform.stack.layout().cloud_folder());
    let kept: Vec<_> = kept
        .iter()
        .filter(|path| path.to_string_lossy().contains(&own))
        .collect();
    let [only] = kept.as_slice() else {
        panic!("{kept:?}")
    };
    let hash = only.file_name().unwrap().to_string_lossy();
    assert!(
        hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{hash}"
    );
    for path in [
        "../service.key",
        "..%2f..%2fservice.key",
        "%2e%2e/service.key",
        "kept",
        "0",
    ] {
        let answer = person
            .ask(HttpCall::get(&format!("/api/v1/files/{path}")))
            .await
            .unwrap();
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn somebody_hands_in_more_than_a_file_may_have() {
    let platform = AttackedPlatform::shared().await;
    let person = platform.somebody(Role::Provider).await;
    let declared = handed("PUT", PHOTO, "image/png", png(8, 8));
    let declared = declared.header("content-length", (10 * MB + 1).to_string());
    refused(&person, declared, 413, "body_too_large").await;
    let large = [pdf(""), vec![b' '; 20 * MB]].concat();
    refused(
        &person,
        handed("POST", DOCUMENTS, "application/pdf", large),
        413,
        "body_too_large",
    )
    .await;
}

#[tokio::test]
async fn somebody_hands_in_a_file_that_never_ends() {
    const PIECE: usize = 64 * 1024;
    let platform = AttackedPlatform::shared().await;
    let person = platform.somebody(Role::Customer).await;
    let mut stream = person.station.connect(platform.gateway()).await.unwrap();
    let head = format!(
        "PUT {PHOTO} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
         transfer-encoding: chunked\r\nconnection: close\r\n\r\n",
        person.person.token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let piece = [
        format!("{PIECE:x}\r\n").into_bytes(),
        vec![7; PIECE],
        b"\r\n".to_vec(),
    ]
    .concat();
    let mut sent = 0;
    let sending = async {
        while writer.write_all(&piece).await.is_ok() {
            sent += PIECE;
        }
    };
    let mut answer = Vec::new();
    let reading = reader.read_to_end(&mut answer);
    let both = async {
        tokio::select! { () = sending => {}, _ = reading => {} }
    };
    timeout(Duration::from_secs(60), both)
        .await
        .expect("an end");
    // As much as the limit and the sockets' buffers take.
    assert!(sent < 20 * MB, "{sent} bytes were taken");
    // The answer may be lost with the socket.
    let said = String::from_utf8_lossy(&answer);
    assert!(
        said.is_empty() || said.starts_with("HTTP/1.1 413"),
        "{said}"
    );
    let set = person
        .done(handed("PUT", PHOTO, "image/png", png(8, 8)))
        .await;
    assert!(set["photo"].is_string(), "an honest one goes on");
}

/// Uploads a photo under an idempotency key, and holds back its last byte until the key's claim is
/// about to be renewed.
async fn send_late_photo(person: &Somebody, gateway: u16, pause: Duration) -> String {
    let mut stream = person.station.connect(gateway).await.expect("a connection");
    let photo = png(8, 8);
    let key = process::random::secret_text(12);
    let head = format!(
        "PUT {PHOTO} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
         idempotency-key: {key}\r\ncontent-type: image/png\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        person.person.token,
        photo.len()
    );
    let (last, first) = photo.split_last().expect("a picture");
    stream
        .write_all(&[head.as_bytes(), first].concat())
        .await
        .expect("a sent head");
    tokio::time::sleep(pause).await;
    stream.write_all(&[*last]).await.expect("a sent body");
    let mut answer = Vec::new();
    let reading = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    reading.expect("an answer in time").expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

/// With embedded stores each part has one writer. A claim renewed at the wrong moment could block
/// all of its writes.
#[tokio::test]
async fn somebody_stops_all_writes_of_a_part_with_slow_uploads_of_few_bytes() {
    let platform = AttackedPlatform::on_files().await;
    let gateway = platform.gateway();
    let honest = platform.somebody(Role::Customer).await;
    let attackers = join_all((0..6).map(|_| platform.somebody(Role::Customer))).await;
    let uploads = (0_u32..).zip(&attackers).flat_map(|(attacker, person)| {
        (0..FILES_OF_ONE).map(move |file| {
            let early = Duration::from_millis(4) * (attacker * FILES_OF_ONE + file);
            send_late_photo(person, gateway, RENEWAL.saturating_sub(early))
        })
    });
    let mut side_px = 8;
    let act = async || {
        side_px += 1;
        let photo = handed("PUT", PHOTO, "image/png", png(side_px, side_px));
        let answer = honest.ask(photo).await.map_err(|error| error.to_string())?;
        if answer.status == 200 {
            Ok(())
        } else {
            Err(answer.text())
        }
    };
    let (answers, experience) = during(join_all(uploads), Duration::from_millis(100), act).await;
    println!("an honest person meanwhile: {experience}");
    for answer in answers {
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
    assert_eq!(experience.refused(), 0, "{experience}");
    // Waiting for the writer times out after ten seconds.
    assert!(
        experience.percentile(100) < Duration::from_secs(5),
        "{experience}"
    );
}

#[tokio::test]
async fn somebody_reads_a_document_that_is_not_theirs() {
    let platform = AttackedPlatform::shared().await;
    let victim = platform.somebody(Role::Provider).await;
    let document = victim
        .done(handed(
            "POST",
            DOCUMENTS,
            "application/pdf",
            pdf("of the victim"),
        ))
        .await;
    let id = document["id"].clone();
    for role in [Role::Customer, Role::Provider] {
        let thief = platform.somebody(role).await;
        for call in [
            HttpCall::get(&at(&id)),
            HttpCall::post(&format!("{}/link", at(&id))),
        ] {
            let answer = thief.ask(call).await.unwrap();
            assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"));
        }
    }
    let thief = platform.somebody(Role::Provider).await;
    // The thief names the document's id, or uploads the same bytes and hopes to learn it.
    let by_id = json!({ "name": "Mine", "number": "1", "issuer": "Me", "document": id });
    let by_address = json!({ "name": "Mine", "file_url": at(&id) });
    for item in [by_id, by_address] {
        let naming = HttpCall::new("PUT", "/api/v1/users/me/certifications");
        let form = json!({ "version": 1, "items": [item] });
        let named = thief.ask(naming.json(&form)).await.unwrap();
        assert_eq!(
            (named.status, named.code().as_str()),
            (422, "invalid_input")
        );
    }
    let same = thief
        .done(handed(
            "POST",
            DOCUMENTS,
            "application/pdf",
            pdf("of the victim"),
        ))
        .await;
    assert_ne!(same["id"], id);
    assert_eq!(
        thief.ask(HttpCall::get(&at(&id))).await.unwrap().status,
        404
    );
    assert_eq!(
        victim.ask(HttpCall::get(&at(&id))).await.unwrap().status,
        200
    );
    let admin = platform.admin().await;
    assert_eq!(
        admin.ask(HttpCall::get(&at(&id))).await.unwrap().status,
        200
    );
}

#[tokio::test]
async fn somebody_opens_a_file_by_a_link_of_his_own_making() {
    let platform = AttackedPlatform::shared().await;
    let victim = platform.somebody(Role::Provider).await;
    let id = victim
        .done(handed("POST", DOCUMENTS, "application/pdf", pdf("linked")))
        .await["id"]
        .clone();
    let link = victim
        .done(HttpCall::post(&format!("{}/link", at(&id))))
        .await;
    let url = link["url"].as_str().expect("an address").to_owned();
    let station = Station::fresh();
    let opened = async |url: &str| -> HttpAnswer {
        station
            .ask(platform.gateway(), &HttpCall::get(url))
            .await
            .expect("an answer")
    };
    assert_eq!(opened(&url).await.status, 200, "the link itself opens it");
    let (path, query) = url.split_once('?').unwrap();
    let (expires, signature) = query.split_once('&').unwrap();
    let own = victim
        .done(handed("POST", DOCUMENTS, "application/pdf", pdf("other")))
        .await;
    let forged = [
        format!("{path}?expires=9999999999999&{signature}"),
        format!("{path}?expires=1&{signature}"),
        format!("{path}?{expires}&signature={}", "0".repeat(64)),
        format!("{path}?{expires}&signature="),
        format!("{}/signed?{query}", at(&own["id"])),
    ];
    for url in forged {
        let answer = opened(&url).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (403, "link_invalid"),
            "{url}"
        );
    }
    let bare = opened(&at(&id)).await;
    assert_eq!(bare.status, 401);
}

fn at(file: &Value) -> String {
    format!("/api/v1/files/{}", file.as_str().expect("an id"))
}
