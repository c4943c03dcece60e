//! Photos, pictures of work and documents over HTTP: upload, display, access control, collection.

use axum::{body::Body, response::Response};
use http::{Request, header};
use http_body_util::BodyExt;
use platform::{
    documents::Documents,
    files::{FileId, FileRegister, Files, FilesError},
};
use process::clock::Clock;
use serde_json::{Value, json};
use support::files::{pdf, png, png_bomb};
use tower::ServiceExt;
use user::store::ProfileStore;
use wire::{Actor, Role};

use crate::{
    AT, PROVIDER, STRANGER,
    service::{MINE, ProfileService, admin, customer, provider, provider_form, wrong_fields},
};

const PHOTO: &str = "/api/v1/users/me/photo";
const PICTURES: &str = "/api/v1/users/me/pictures";
const DOCUMENTS: &str = "/api/v1/users/me/documents";
const CERTIFICATIONS: &str = "/api/v1/users/me/certifications";

const fn other(role: Role) -> Actor {
    Actor {
        user_id: STRANGER,
        role,
    }
}

impl ProfileService {
    pub(crate) async fn hand_in(
        &self,
        actor: Actor,
        method: &str,
        path: &str,
        file: Vec<u8>,
    ) -> (u16, Value) {
        let token = self.issuer.token(actor, self.clock.now());
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            // The service ignores the declared type.
            .header(header::CONTENT_TYPE, "text/html");
        let answer = self
            .router
            .clone()
            .oneshot(request.body(Body::from(file)).unwrap());
        let answer = answer.await.unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        (
            status,
            serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        )
    }

    async fn read(&self, actor: Option<Actor>, file: &str) -> Response {
        self.send(actor, "GET", file, None).await
    }

    async fn status(&self, actor: Actor, file: &Value) -> u16 {
        self.read(Some(actor), &at(file)).await.status().as_u16()
    }

    async fn picture(&self, caption: &str) -> Value {
        let path = format!("{PICTURES}?caption={caption}");
        // The size depends on the caption, so that each file differs.
        let width =
            8 + u32::try_from(caption.len()).unwrap() * 8 + u32::from(caption.as_bytes()[0]);
        let (status, book) = self.hand_in(provider(), "POST", &path, png(width, 8)).await;
        assert_eq!(status, 201, "{book}");
        book
    }
}

fn at(file: &Value) -> String {
    format!("/api/v1/files/{}", file.as_str().unwrap())
}

#[tokio::test]
async fn a_photo_is_made_small_and_shown_to_its_person_alone() {
    let service = ProfileService::new().await;
    let (status, set) = service
        .hand_in(customer(), "PUT", PHOTO, png(1_280, 640))
        .await;
    assert_eq!((status, &set["version"]), (200, &json!(2)), "{set}");
    let photo = &set["photo"];
    assert_eq!(
        &service.done(customer(), "GET", MINE, None).await["photo"],
        photo
    );
    let shown = service.read(Some(customer()), &at(photo)).await;
    let is = |name: &str| shown.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(is("content-type"), "image/jpeg");
    assert_eq!(
        is("content-disposition"),
        "inline; filename=\"picture.jpg\""
    );
    let length: usize = is("content-length").parse().unwrap();
    let bytes = shown.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(
        (bytes.len(), &bytes[..3]),
        (length, &[0xff, 0xd8, 0xff][..])
    );
    // Height and width follow the frame marker.
    let frame = bytes
        .windows(2)
        .position(|mark| mark == [0xff, 0xc0])
        .unwrap()
        + 5;
    assert_eq!(bytes[frame..frame + 4], [1, 64, 2, 128], "320 x 640");

    assert_eq!(service.status(admin(), photo).await, 200);
    for (held, status) in [
        ("read_people", 200),
        ("verify_providers", 200),
        ("read_desks", 404),
    ] {
        assert_eq!(
            service.status_with_permissions(held, &at(photo)).await,
            status,
            "{held}"
        );
    }
    for stranger in [provider(), other(Role::Customer)] {
        assert_eq!(service.status(stranger, photo).await, 404);
    }
    assert_eq!(service.read(None, &at(photo)).await.status().as_u16(), 401);
    let gone = service.done(customer(), "DELETE", PHOTO, None).await;
    assert_eq!((&gone["version"], gone.get("photo")), (&json!(3), None));
    assert_eq!(
        service.done(customer(), "DELETE", PHOTO, None).await["version"],
        3,
        "again is no change"
    );
}

#[tokio::test]
async fn pictures_of_work_are_shown_with_captions_and_bounded() {
    let service = ProfileService::new().await;
    service
        .done(provider(), "PUT", MINE, Some(provider_form(&json!(1))))
        .await;
    let first = service.picture("A%20tap").await;
    let id = first["items"][0]["file_id"].clone();
    assert_eq!(first["items"][0]["caption"], "A tap");
    let public = format!("/api/v1/providers/{PROVIDER}/profile");
    let seen = service.done(customer(), "GET", &public, None).await;
    assert_eq!(seen["pictures"], first["items"]);
    assert_eq!(
        service.status(customer(), &id).await,
        200,
        "what a provider shows"
    );

    let one = format!("{PICTURES}/{}", id.as_str().unwrap());
    let caption = |version: &Value| Some(json!({ "version": version, "caption": "A new tap" }));
    let (status, _) = service
        .ask(provider(), "PUT", &one, caption(&json!(1)))
        .await;
    assert_eq!(status, 409);
    let book = service
        .done(provider(), "PUT", &one, caption(&first["version"]))
        .await;
    assert_eq!(book["items"][0]["caption"], "A new tap");
    let (status, refused) = service
        .hand_in(
            provider(),
            "POST",
            &format!("{PICTURES}?caption="),
            png(8, 8),
        )
        .await;
    assert_eq!((status, wrong_fields(&refused)), (422, vec!["caption"]));
    let thief = Actor {
        user_id: STRANGER,
        role: Role::Provider,
    };
    let (status, _) = service.ask(thief, "PUT", &one, caption(&json!(1))).await;
    assert_eq!(status, 404, "another's picture");

    for caption in ["b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"] {
        service.picture(caption).await;
    }
    let (status, refused) = service
        .hand_in(
            provider(),
            "POST",
            &format!("{PICTURES}?caption=m"),
            png(9, 9),
        )
        .await;
    assert_eq!((status, wrong_fields(&refused)), (422, vec!["pictures"]));
    let (status, _) = service
        .hand_in(
            customer(),
            "POST",
            &format!("{PICTURES}?caption=m"),
            png(9, 9),
        )
        .await;
    assert_eq!(status, 403, "customers show none");

    let version = service.done(provider(), "GET", MINE, None).await["version"].clone();
    let left = service
        .done(
            provider(),
            "DELETE",
            &format!("{one}?version={version}"),
            None,
        )
        .await;
    assert_eq!(left["items"].as_array().unwrap().len(), 11);
    assert_eq!(service.status(customer(), &id).await, 404, "shown no more");
}

#[tokio::test]
async fn a_certifications_document_is_for_its_provider_and_admins() {
    let service = ProfileService::new().await;
    let (status, handed) = service
        .hand_in(provider(), "POST", DOCUMENTS, pdf("certificate"))
        .await;
    assert_eq!((status, &handed["kind"]), (201, &json!("application/pdf")));
    let id = &handed["id"];
    let certify = |document: &Value, version: i64| {
        let item = json!({ "name": "Electrician", "number": "E-7", "issuer": "City", "document": document });
        Some(json!({ "version": version, "items": [item] }))
    };
    let kept = service
        .done(provider(), "PUT", CERTIFICATIONS, certify(id, 1))
        .await;
    assert_eq!(&kept["certifications"][0]["document"], id);
    let path = format!("/api/v1/admin/providers/{PROVIDER}");
    assert_eq!(
        &service.done(admin(), "GET", &path, None).await["certifications"][0]["document"],
        id
    );
    for (held, status) in [("verify_providers", 200), ("read_people read_desks", 404)] {
        assert_eq!(
            service.status_with_permissions(held, &at(id)).await,
            status,
            "{held}"
        );
    }
    let read = service.read(Some(admin()), &at(id)).await;
    assert_eq!(
        read.headers()["content-disposition"],
        "attachment; filename=\"document.pdf\""
    );
    assert_eq!(read.headers()["cache-control"], "no-store");
    let bytes = read.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(bytes, pdf("certificate"));
    assert_eq!(service.status(provider(), id).await, 200);
    for stranger in [customer(), other(Role::Provider)] {
        assert_eq!(service.status(stranger, id).await, 404);
    }

    // A known id does not give another person access to the file.
    let (status, refused) = service
        .ask(other(Role::Provider), "PUT", CERTIFICATIONS, certify(id, 1))
        .await;
    assert_eq!(
        (status, wrong_fields(&refused)),
        (422, vec!["items[0].document"])
    );
    let (_, photo) = service.hand_in(provider(), "PUT", PHOTO, png(8, 8)).await;
    let version = photo["version"].as_i64().unwrap();
    let body = certify(&photo["photo"], version);
    let (status, _) = service.ask(provider(), "PUT", CERTIFICATIONS, body).await;
    assert_eq!(status, 422, "a photo is no document");
}

#[tokio::test]
async fn a_certification_may_name_a_paper_elsewhere_or_a_file_here_by_its_address() {
    let service = ProfileService::new().await;
    let certify = async |actor: Actor, version: i64, url: &str| {
        let item = json!({ "name": "Electrician", "file_url": url });
        let form = json!({ "version": version, "items": [item] });
        service.ask(actor, "PUT", CERTIFICATIONS, Some(form)).await
    };
    let url = "https://papers.example.org/7.pdf";
    let (status, kept) = certify(provider(), 1, url).await;
    let expected = json!({ "name": "Electrician", "number": "", "issuer": "", "file_url": url });
    assert_eq!(
        (status, &kept["certifications"]),
        (200, &json!([expected])),
        "{kept}"
    );
    let path = format!("/api/v1/admin/providers/{PROVIDER}");
    let shown = service.done(admin(), "GET", &path, None).await;
    assert_eq!(shown["certifications"], json!([expected]));
    for bad in [
        "http://papers.example.org/7.pdf",
        "javascript:alert(1)",
        "data:text/html,x",
        "/api/v1/files/7",
    ] {
        let (status, refused) = certify(provider(), 2, bad).await;
        assert_eq!(
            (status, wrong_fields(&refused)),
            (422, vec!["items[0].file_url"]),
            "{bad}"
        );
    }

    let (_, handed) = service
        .hand_in(provider(), "POST", DOCUMENTS, pdf("certificate"))
        .await;
    let (status, kept) = certify(provider(), 2, &at(&handed["id"])).await;
    let item = &kept["certifications"][0];
    assert_eq!(
        (status, &item["document"], item.get("file_url")),
        (200, &handed["id"], None)
    );
    let thief = other(Role::Provider);
    for unknown in [&handed["id"], &json!(PROVIDER)] {
        let (status, refused) = certify(thief, 1, &at(unknown)).await;
        assert_eq!(
            (status, wrong_fields(&refused)),
            (422, vec!["items[0].document"]),
            "{unknown}"
        );
    }
}

#[tokio::test]
async fn what_is_no_plain_picture_is_refused_with_its_reason() {
    let service = ProfileService::new().await;
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".to_vec();
    for (file, status, code) in [
        (svg, 415, "file_kind_refused"),
        (pdf("no photo"), 415, "file_kind_refused"),
        (Vec::new(), 415, "file_kind_refused"),
        (
            [png(8, 8), b"<script>".to_vec()].concat(),
            422,
            "file_not_plain",
        ),
        (png(8, 8)[..40].to_vec(), 422, "picture_unreadable"),
        (png_bomb(50_000, 50_000), 422, "picture_too_large"),
        (vec![0xff; 10 * 1024 * 1024 + 1], 413, "body_too_large"),
    ] {
        let (answered, refused) = service.hand_in(customer(), "PUT", PHOTO, file).await;
        assert_eq!(
            (answered, &refused["code"]),
            (status, &json!(code)),
            "{refused}"
        );
    }
    assert_eq!(
        service
            .done(customer(), "GET", MINE, None)
            .await
            .get("photo"),
        None
    );
}

#[tokio::test]
async fn a_link_opens_one_file_without_a_sign_in() {
    let service = ProfileService::new().await;
    let (_, set) = service.hand_in(customer(), "PUT", PHOTO, png(8, 8)).await;
    let (_, handed) = service
        .hand_in(provider(), "POST", DOCUMENTS, pdf("another"))
        .await;
    let linked = service
        .done(
            customer(),
            "POST",
            &format!("{}/link", at(&set["photo"])),
            None,
        )
        .await;
    let url = linked["url"].as_str().unwrap();
    assert_eq!(service.read(None, url).await.status().as_u16(), 200);
    let photo = set["photo"].as_str().unwrap();
    let document = handed["id"].as_str().unwrap();
    for forged in [
        url.replace("expires=1", "expires=2"),
        url.replace("signature=", "signature=00"),
        url.replace(photo, document),
    ] {
        let answer = service.read(None, &forged).await;
        assert_eq!(answer.status().as_u16(), 403, "{forged}");
    }
    let link = format!("{}/link", at(&handed["id"]));
    assert_eq!(
        service.ask(customer(), "POST", &link, None).await.0,
        404,
        "no link to another's"
    );
}

#[tokio::test]
async fn a_file_that_no_profile_names_is_collected_after_a_day() {
    let service = ProfileService::new().await;
    let photo_of = async |actor: Actor, width: u32| {
        let (_, set) = service.hand_in(actor, "PUT", PHOTO, png(width, 8)).await;
        set["photo"].clone()
    };
    let replaced = photo_of(customer(), 8).await;
    let present = photo_of(customer(), 16).await;
    let theirs = photo_of(provider(), 8).await;
    let document = service
        .hand_in(provider(), "POST", DOCUMENTS, pdf("loose"))
        .await
        .1["id"]
        .clone();
    let folder = service.folder.path();
    let url = format!("sqlite:{}", folder.join("user.db").display());
    let documents = Documents::open(&url)
        .await
        .unwrap()
        .sealed_by(&testing::data_keys());
    let store = ProfileStore::new(&documents, Clock::fixed_at(AT));
    let files = Files::open(&format!("file:{}", folder.join("files").display())).unwrap();
    let later = Clock::fixed_at(AT.plus_ms(25 * 60 * 60 * 1000));
    let register = FileRegister::new(&documents, files, later);
    let store = &store;
    let is_named = |id: FileId, owner| async move {
        Ok::<_, FilesError>(store.references_file(owner, id).await.unwrap())
    };
    assert_eq!(register.collect_unreferenced(is_named).await.unwrap(), 2);
    for (who, file, status) in [
        (customer(), &replaced, 404),
        (customer(), &present, 200),
        (provider(), &theirs, 200),
        (provider(), &document, 404),
    ] {
        assert_eq!(service.status(who, file).await, status, "{file}");
    }
}
