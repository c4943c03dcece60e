//! The file store and its list, in a folder with SQLite and on S3 with MongoDB.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    body::{Body, Bytes, to_bytes},
    http::StatusCode,
};
use contract::{FilesArm, on_every_files};
use futures::stream;
use platform::{
    AccountTrust,
    files::{
        FileId, FileKey, FileKind, FileRegister, Files, FilesError, OriginalCheck, OriginalChecker,
        UploadReceiver, UploadRule, Uploader,
    },
};
use process::{clock::Clock, tasks::Tasks, web};
use ring::digest::{SHA256, digest};
use tokio::net::TcpListener;
use uuid::Uuid;
use wire::{Hash, UnixMillis, UserId};

on_every_files!(
    a_file_is_read_as_it_came_and_is_gone_after_its_day,
    a_named_file_stays_and_one_that_is_named_meanwhile_too,
    one_person_fills_his_own_list_alone,
    an_original_picture_is_read_as_it_came,
    a_store_that_answers_is_ready,
);

const OWNER: UserId = UserId(Uuid::from_u128(1));
const OTHER: UserId = UserId(Uuid::from_u128(2));
const AT: UnixMillis = UnixMillis(1_764_000_000_000);
const HOUR_MS: i64 = 60 * 60 * 1000;
const DOCUMENT: UploadRule = UploadRule {
    kinds: FileKind::DOCUMENTS,
    bytes_max: 20 * 1024 * 1024,
    side_px_max: 100,
};

fn sender(user: UserId) -> Uploader {
    Uploader {
        user,
        trust: AccountTrust::New,
    }
}

struct World {
    arm: FilesArm,
    intake: UploadReceiver,
}

impl World {
    async fn of(arm: FilesArm) -> Self {
        arm.documents.migrate().await.unwrap();
        FileRegister::migrate(&arm.documents).await.unwrap();
        Self {
            intake: UploadReceiver::new(&arm.files),
            arm,
        }
    }

    fn register(&self, at: UnixMillis) -> FileRegister {
        FileRegister::new(
            &self.arm.documents,
            self.arm.files.clone(),
            Clock::fixed_at(at),
        )
    }

    async fn hand_in(
        &self,
        owner: UserId,
        text: &str,
        at: UnixMillis,
    ) -> Result<FileId, FilesError> {
        let file = self
            .intake
            .receive_upload(sender(owner), pdf(text, 0), DOCUMENT)
            .await?;
        self.register(at)
            .register_file(owner, "document", file)
            .await
    }

    /// Collects unused files, with `named` as the files in use.
    async fn collect(&self, at: UnixMillis, named: &[FileId]) -> usize {
        let is_named = |id: FileId, _| async move { Ok::<_, FilesError>(named.contains(&id)) };
        self.register(at)
            .collect_unreferenced(is_named)
            .await
            .unwrap()
    }

    async fn is_there(&self, id: FileId) -> bool {
        self.register(AT).get(id).await.unwrap().is_some()
    }
}

/// A PDF with that many extra bytes.
fn pdf(text: &str, filling: usize) -> Body {
    const PIECE: usize = 64 * 1024;
    let head = Bytes::from(format!("%PDF-1.4\n% {text}\n"));
    let pieces = (0..filling / PIECE).map(|_| Bytes::from_static(&[b'x'; PIECE]));
    let all = [head]
        .into_iter()
        .chain(pieces)
        .chain([Bytes::from_static(b"\n%%EOF\n")]);
    Body::from_stream(stream::iter(
        all.map(Ok::<_, std::io::Error>).collect::<Vec<_>>(),
    ))
}

async fn a_file_is_read_as_it_came_and_is_gone_after_its_day(arm: FilesArm) {
    let world = World::of(arm).await;
    // Larger than two parts of an S3 upload.
    let large = || pdf("large", 12 * 1024 * 1024);
    let came = to_bytes(large(), usize::MAX).await.unwrap();
    let file = world
        .intake
        .receive_upload(sender(OWNER), large(), DOCUMENT)
        .await
        .unwrap();
    assert_eq!((file.kind, file.bytes), (FileKind::Pdf, came.len() as u64));
    let register = world.register(AT);
    let id = register
        .register_file(OWNER, "document", file)
        .await
        .unwrap();
    let record = register.get(id).await.unwrap().unwrap();
    assert_eq!((record.owner_id, record.bytes), (OWNER, came.len() as u64));
    let read = to_bytes(register.read(&record).await.unwrap(), usize::MAX)
        .await
        .unwrap();
    assert!(read == came, "{} of {} bytes", read.len(), came.len());

    assert_eq!(
        world.collect(AT.plus_ms(23 * HOUR_MS), &[]).await,
        0,
        "it may be on its way"
    );
    assert_eq!(world.collect(AT.plus_ms(25 * HOUR_MS), &[]).await, 1);
    assert!(!world.is_there(id).await);
    assert!(
        register.read(&record).await.is_err(),
        "its bytes are gone too"
    );
    assert_eq!(world.collect(AT.plus_ms(50 * HOUR_MS), &[]).await, 0);
    let again = world
        .intake
        .receive_upload(sender(OWNER), large(), DOCUMENT)
        .await
        .unwrap();
    assert_eq!(
        register
            .register_file(OWNER, "document", again)
            .await
            .unwrap(),
        id,
        "the same is the same"
    );
    assert!(register.read(&record).await.is_ok());
}

async fn a_named_file_stays_and_one_that_is_named_meanwhile_too(arm: FilesArm) {
    let world = World::of(arm).await;
    let named = world.hand_in(OWNER, "named", AT).await.unwrap();
    let loose = world.hand_in(OWNER, "loose", AT).await.unwrap();
    let theirs = world.hand_in(OTHER, "named", AT).await.unwrap();
    assert_ne!(named, theirs, "the same bytes of two people are two files");
    assert_eq!(
        world
            .collect(AT.plus_ms(25 * HOUR_MS), &[named, theirs])
            .await,
        1
    );
    assert!(world.is_there(named).await && world.is_there(theirs).await);
    assert!(!world.is_there(loose).await);
    assert!(
        !world.register(AT).name(loose).await.unwrap(),
        "nobody can name it any more"
    );
    // It was checked an hour ago.
    assert_eq!(world.collect(AT.plus_ms(26 * HOUR_MS), &[]).await, 0);

    // A request names the file between the check and the removal.
    let late = AT.plus_ms(60 * HOUR_MS);
    let register = world.register(late);
    let to_name = &register;
    let is_named = |id: FileId, _| async move {
        if id == named {
            assert!(to_name.name(id).await?);
        }
        Ok::<_, FilesError>(false)
    };
    assert_eq!(
        register.collect_unreferenced(is_named).await.unwrap(),
        1,
        "theirs alone"
    );
    assert!(world.is_there(named).await && !world.is_there(theirs).await);
    let record = world.register(AT).get(named).await.unwrap().unwrap();
    assert!(world.register(AT).read(&record).await.is_ok());
}

async fn one_person_fills_his_own_list_alone(arm: FilesArm) {
    let world = World::of(arm).await;
    let mut taken = 0;
    let refused = loop {
        match world.hand_in(OWNER, &taken.to_string(), AT).await {
            Ok(_) => taken += 1,
            Err(refused) => break refused,
        }
    };
    assert!(matches!(
        refused,
        FilesError::Refused(platform::files::FileRefusal::TooMany)
    ));
    assert_eq!(taken, 60);
    assert!(
        world.hand_in(OWNER, "0", AT).await.is_ok(),
        "one that is there"
    );
    assert!(world.hand_in(OTHER, "0", AT).await.is_ok());
}

async fn an_original_picture_is_read_as_it_came(arm: FilesArm) {
    let picture = support::files::png(200, 200);
    let sha256: Hash = digest(&SHA256, &picture).as_ref().try_into().unwrap();
    let turn = OriginalChecker::default().wait_for_turn().await.unwrap();
    let checked = turn.check_picture(picture.clone(), sha256).await.unwrap();
    let OriginalCheck::Sound(file) = checked else {
        panic!("{checked:?}")
    };
    let key = FileKey {
        owner: OWNER,
        purpose: "work".to_owned(),
        content: sha256.to_string(),
    };
    arm.files.store_file(&key, file).await.unwrap();
    let read = arm.files.read(&key).await.unwrap();
    let read = to_bytes(read, usize::MAX).await.unwrap();
    assert!(read == picture, "{} of {} bytes", read.len(), picture.len());
}

async fn a_store_that_answers_is_ready(arm: FilesArm) {
    let ping = tokio::time::timeout(Duration::from_secs(20), arm.files.ping());
    ping.await.unwrap().unwrap();
}

/// A caller of a broken store gets an error after a few attempts.
#[tokio::test]
async fn a_store_on_s3_that_is_out_of_order_is_called_four_times() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = calls.clone();
    let broken = axum::Router::new().fallback(move || {
        count.fetch_add(1, Ordering::SeqCst);
        async { StatusCode::SERVICE_UNAVAILABLE }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "s3://key:secret@bucket?endpoint=http://{}",
        listener.local_addr().unwrap()
    );
    let tasks = Tasks::new();
    let stop = tasks.stop_token();
    tasks.spawn_once(
        "broken",
        web::serve_http(listener, broken, web::ConnectionSlots::default(), stop),
    );
    let asked = Files::open(&url).unwrap().ping().await;
    assert!(asked.is_err());
    assert_eq!(calls.load(Ordering::SeqCst), 4);
    tasks.shutdown(Duration::from_secs(5)).await;
}
