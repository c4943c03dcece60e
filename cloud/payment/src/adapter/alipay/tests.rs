//! Checks our formats against signatures made by openssl, and the variants we must reject.

use std::path::Path;

use alipay_sandbox::{APP_ID, bank_public_key, merchant_key, merchant_public_key};

use super::{gateway::AlipayAnswerError, *};

const TRADE: &str = "0193f1d2a0007000800000000000abcd";
const QUERY_ANSWER: &str = r#"{"code":"10000","msg":"Success","out_trade_no":"0193f1d2a0007000800000000000abcd","store":"a\/b","total_amount":"200.01","trade_status":"TRADE_SUCCESS"}"#;

/// For the request below, by `openssl dgst -sha256 -sign tests/alipay/keys/merchant.pem`.
const REQUEST_SIGNATURE: &str = "\
    Z9BrRORMHkPpXwRxFNX0KXaXIvwt/tMVIP9P6UQMDSfBFsNcmjkV00TmjBPlBc+uxF6BGXzAyRDPlxKB\
    oYYeLhKcwxt8rctN0urrKQxgVwJsLG59ITDtGdFXGtyAwVxbk27CLDGqfCztG5wwHQ+ADw3WAwYvvJmZ\
    vdz+SX2EoIKL6yCs/DwUqtlCDlgOwZWn3ym8Hd/c3jkWgVgud8q/Yi30WsxOTwY8PIqxpaD/p/prrjaP\
    9prmW7qCHuzM9BykBHAAXdDS5HdIoggbkaxWl9fNAVCmHyrBH/YPA+Z+gbaA/qrpGHxla/HrFJ2rJ9bt\
    HfZAF6LdszgxjsGRb4qdoQ==";

/// For the message below, by the same command with `bank.pem`.
const MESSAGE_SIGNATURE: &str = "\
    fnW9+m3drTaoqwzpn1AxjrqY5Boy2kmljeZsMJKlL3Kp+QRyLOSJWNl0OlKwf8MclSLzE9HkAWFKejUU\
    XGtKDLY+yxhtKhet1bF8HKtBFp4UyyL34iFCOUqOiTDhHw2EUBUob5plg9UPp+xww3XZYf0iJSgr6+YG\
    VxQrDMy+EP7UhDZJt4WSWo9aaS1G5dIQTc6NLZZZVBcZ7WsLBpLMdJxFX62+1YceMV3UyVlGWuM8AJiX\
    /X9HaoyXPRpaHhNWZMMskd/D1fawyDohiBt2b9LvGMI49zPW8ARHkqwdHE0HEMUtRl65UI4JYbxk7EyJ\
    8YMPptHp/AeEaGG/hbWSvQ==";

/// For the answer's text, by the same command with `bank.pem`.
const ANSWER_SIGNATURE: &str = "\
    X5nMDdHptypcZYinxEhb3aDYACP8mSml2g4922TSiARRtoF8eRQrAtCgyi3zH0KOmPDi8mpodjSrwU2g\
    Par8FgUAyC+zfcLtneG7mAcDqJRFlggCt84Y9rHAxUCAwNwT4knCyJZvkzt6hyyNIUUx6vEncbW0Q6ur\
    290J8eEkFEZDGzccCm2H9UhoJ4dCAmDmlV4NJpRJrmp8MZuqiB67OMLxumPqe7KRu48ESIKssN4ftcAR\
    piSGvZ3JXQpNgV+o5mYyuE3AQhcrIdP6yCQ8ccSYKr++znfNtrTPuqr6NkXDynKKeeDNZx/HGK1M/8e5\
    JValB7eyRAWbFTUJVIMZiA==";

/// A public key with a discarded private key.
const STRANGER: &str = "\
    MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxiKi+ccq8cci/RNHOD6Vxwk5Hq8TkjtAr/tS\
    mFy8QrDF8yNpFVf29wiubDOMmzSxLs2nA/xQtq5eeqODzrZLhfA0I5cf+Jo9eQspn8ubDjydHdePV1u1\
    c3NxGAI1wioTWpQ1XytiQ1ZizquqfgXzCFKyHZuOLkO9agCrAHB7AIT86cnEaBR8of3AH9LPAmq/wo1C\
    ESHQIKIMMzA3VPIkk0ojZ4KPj9VzWh54ng2F4/BzFmw4z6SAakrUgGSteUrmY8WrrZFN/5yLZ0SRywoE\
    bTKLE5pVLoWrKL4wU77hXp/Pu8+EzWSPxZiFdfXh9q/tM3Gx8ROwCopntNvDC61o3QIDAQAB";

fn own() -> MerchantKey {
    MerchantKey::read(&merchant_key()).unwrap()
}

fn bank() -> AlipayKey {
    AlipayKey::read(&bank_public_key(), &own()).unwrap()
}

fn message() -> AlipayFields {
    AlipayFields::default()
        .with_field("app_id", APP_ID)
        .with_field("charset", "utf-8")
        .with_field("notify_type", "trade_status_sync")
        .with_field("out_trade_no", TRADE)
        .with_field("subject", "Clean & repair=all")
        .with_field("total_amount", "200.01")
        .with_field("trade_status", "TRADE_SUCCESS")
        // Empty values are not signed.
        .with_field("body", "")
        .with_field("sign_type", "RSA2")
        .with_field("sign", MESSAGE_SIGNATURE)
}

#[test]
fn a_request_is_signed_over_its_sorted_fields() {
    let request = AlipayFields::default()
        .with_field("version", "1.0")
        .with_field(
            "timestamp",
            format_beijing_time(UnixMillis(1_764_000_000_000)),
        )
        .with_field("notify_url", "")
        .with_field("method", "alipay.trade.query")
        .with_field("format", "JSON")
        .with_field("charset", "utf-8")
        .with_field("biz_content", format!(r#"{{"out_trade_no":"{TRADE}"}}"#))
        .with_field("app_id", APP_ID);
    let form = request.sign_form(&own()).unwrap();
    let sent = AlipayFields::read(form.as_bytes()).unwrap();
    assert_eq!(sent.get("sign"), Some(REQUEST_SIGNATURE));
    assert_eq!(sent.get("sign_type"), Some("RSA2"));
    assert!(!form.contains("notify_url"), "{form}");
}

#[test]
fn a_message_counts_only_as_it_was_signed() {
    let key = bank();
    assert!(message().are_signed_by(&key));
    let lies = [
        ("total_amount", "200.02"),
        ("trade_status", "TRADE_CLOSED"),
        ("app_id", "1"),
    ];
    let forms = [
        ("body", "added"),
        ("sign_type", "RSA"),
        ("sign", REQUEST_SIGNATURE),
        ("sign", ""),
    ];
    for (name, value) in lies.into_iter().chain(forms) {
        assert!(
            !message().with_field(name, value).are_signed_by(&key),
            "{name}={value}"
        );
    }
    assert_eq!(
        AlipayFields::read(b"total_amount=1.00&total_amount=2.00"),
        None
    );
}

#[test]
fn an_answer_counts_only_as_it_was_signed() {
    let key = bank();
    let read = |json: &str| AlipayAnswer::read(json, "alipay.trade.query", &key);
    let whole = |node: &str, signature: &str| {
        let node = format!(r#""alipay_trade_query_response": {node} ,"#);
        format!(r#" {{ "note":["sign",{{}}], {node} "sign":"{signature}"}}"#)
    };
    let answer = read(&whole(QUERY_ANSWER, ANSWER_SIGNATURE)).unwrap();
    assert!(answer.is_done() && answer.out_trade_no == TRADE);
    assert_eq!(answer.total_amount.map(Amount::minor_units), Some(20_001));

    let cheaper = QUERY_ANSWER.replace("200.01", "200.00");
    let respelt = QUERY_ANSWER.replace(r"a\/b", "a/b");
    for (node, signature) in [
        (cheaper.as_str(), ANSWER_SIGNATURE),
        (respelt.as_str(), ANSWER_SIGNATURE),
        (QUERY_ANSWER, REQUEST_SIGNATURE),
        (QUERY_ANSWER, ""),
    ] {
        assert_eq!(
            read(&whole(node, signature)).err(),
            Some(AlipayAnswerError::Forged),
            "{node}"
        );
    }
    let unsigned = format!(r#"{{"alipay_trade_query_response":{QUERY_ANSWER}}}"#);
    assert_eq!(read(&unsigned).err(), Some(AlipayAnswerError::Forged));
    let elsewhere = whole(QUERY_ANSWER, ANSWER_SIGNATURE).replace("trade_query", "trade_close");
    let error = r#"{"error_response":{"code":"40002"}}"#;
    for json in [
        elsewhere.as_str(),
        error,
        "",
        "{",
        "[]",
        "{}",
        r#"{"sign":1}"#,
    ] {
        assert_eq!(
            read(json).err(),
            Some(AlipayAnswerError::Unreadable),
            "{json}"
        );
    }
}

#[test]
fn keys_are_read_as_alipays_tools_and_console_write_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = |text: &str| {
        let path = folder.path().join("key");
        std::fs::write(&path, text).unwrap();
        path
    };
    let bare = |path: &Path| -> String {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().filter(|line| !line.starts_with('-')).collect()
    };
    assert!(MerchantKey::read(&file(&bare(&merchant_key()))).is_ok());
    let public = bare(&bank_public_key());
    assert!(AlipayKey::read(&file(&public), &own()).is_ok());
    assert!(matches!(
        MerchantKey::read(&file(&public)),
        Err(AlipayKeyError::Form(_))
    ));
    assert!(matches!(
        MerchantKey::read(&file("no key")),
        Err(AlipayKeyError::Form(_))
    ));
    assert!(matches!(
        MerchantKey::read(&folder.path().join("none")),
        Err(AlipayKeyError::File { .. })
    ));
    let refusal = |file: &Path| AlipayKey::read(file, &own()).err();
    assert!(matches!(
        refusal(&merchant_public_key()),
        Some(AlipayKeyError::Own(_))
    ));
    assert!(matches!(
        refusal(&merchant_key()),
        Some(AlipayKeyError::Form(_))
    ));
    assert!(matches!(
        refusal(&file("AAAA")),
        Some(AlipayKeyError::Form(_))
    ));
}

/// Uses the published keys.
fn settings(gateway: &str) -> AlipaySettings {
    AlipaySettings {
        gateway: gateway.to_owned(),
        app_id: APP_ID.to_owned(),
        key: merchant_key(),
        public_key: bank_public_key(),
        notify_url: String::new(),
        return_url: String::new(),
        pay_within_ms: 1_800_000,
    }
}

#[test]
fn published_keys_are_refused_for_a_gateway_that_is_not_on_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let stranger = folder.path().join("stranger");
    std::fs::write(&stranger, STRANGER).unwrap();
    assert!(own().is_published() && bank().is_published());
    assert!(!AlipayKey::read(&stranger, &own()).unwrap().is_published());
    for public_key in [bank_public_key(), stranger] {
        let opened = |gateway: &str| {
            let settings = AlipaySettings {
                public_key: public_key.clone(),
                ..settings(gateway)
            };
            Alipay::open(settings, Clock::system()).err()
        };
        for gateway in [
            "https://openapi.alipay.com/gateway.do",
            "https://localhost.example/",
        ] {
            assert!(
                matches!(opened(gateway), Some(AlipayError::Published)),
                "{gateway}"
            );
        }
        for gateway in [
            "http://127.0.0.1:8090/gateway.do",
            "http://localhost:8090/gateway.do",
        ] {
            assert!(opened(gateway).is_none(), "{gateway}");
        }
    }
}

#[test]
fn settings_of_no_use_are_refused_at_the_start() {
    let opened = |gateway: &str, app_id: &str| {
        let settings = AlipaySettings {
            app_id: app_id.to_owned(),
            ..settings(gateway)
        };
        Alipay::open(settings, Clock::system()).err()
    };
    for gateway in [
        "",
        "http://bank.example/gateway.do",
        "https://bank.example/?a=b",
    ] {
        assert!(
            matches!(opened(gateway, APP_ID), Some(AlipayError::Gateway)),
            "{gateway}"
        );
    }
    for app_id in ["", "12&a=b"] {
        let refusal = opened("https://bank.example/gateway.do", app_id);
        assert!(matches!(refusal, Some(AlipayError::AppId)), "{app_id}");
    }
}

#[test]
fn amounts_go_out_exact_and_never_as_nothing() {
    let exact = [
        (1, "0.01"),
        (10, "0.10"),
        (20_001, "200.01"),
        (9_999_999_999, "99999999.99"),
    ];
    for (minor, text) in exact {
        assert_eq!(format_yuan(minor).as_deref(), Some(text));
    }
    for minor in [0, -1, 10_000_000_000] {
        assert_eq!(format_yuan(minor), None);
    }
}
