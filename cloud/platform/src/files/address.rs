//! Parses the address of a file store.

use std::{path::PathBuf, time::Duration};

use http::Uri;
use object_store::{
    RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
};

use process::trust::CertificateAuthorities;

use super::{FilesError, s3::S3Connector};

/// Many stores accept any region; S3 itself requires the right one.
const USUAL_REGION: &str = "us-east-1";
/// A failed call gets three retries within this time; then files are unavailable to the caller.
const RETRIES: usize = 3;
const RETRIED_FOR: Duration = Duration::from_secs(10);

/// The folder of `file:/a/folder`, `file:///a/folder` or `file:a/folder`.
pub fn parse_folder(url: &str) -> Result<PathBuf, FilesError> {
    let path = url.strip_prefix("file:").ok_or(FilesError::Address(FORM))?;
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() {
        return Err(FilesError::Address("`file:` must name a folder"));
    }
    Ok(std::path::absolute(path)?)
}

pub fn build_s3_store(
    url: &str,
    authorities: &CertificateAuthorities,
) -> Result<AmazonS3, FilesError> {
    let address = S3Address::read(url)?;
    let mut builder = AmazonS3Builder::new()
        .with_http_connector(S3Connector::with_authorities(authorities))
        .with_retry(RetryConfig {
            max_retries: RETRIES,
            retry_timeout: RETRIED_FOR,
            ..RetryConfig::default()
        })
        .with_bucket_name(address.bucket)
        .with_region(address.region)
        .with_access_key_id(address.key)
        .with_secret_access_key(address.secret);
    if let Some(endpoint) = address.endpoint {
        // Plain HTTP is for a store on this machine or in a private network.
        builder = builder
            .with_allow_http(endpoint.starts_with("http://"))
            .with_endpoint(endpoint);
    }
    Ok(builder.build()?)
}

const FORM: &str = "a file store address is file:/a/folder or s3://KEY:SECRET@bucket?region=R&endpoint=https://host";

#[derive(Debug, PartialEq, Eq)]
struct S3Address {
    key: String,
    secret: String,
    bucket: String,
    region: String,
    endpoint: Option<String>,
}

impl S3Address {
    fn read(url: &str) -> Result<Self, FilesError> {
        Self::parse_url(url).ok_or(FilesError::Address(FORM))
    }

    fn parse_url(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let authority = uri.authority()?.as_str();
        let (credentials, bucket) = authority.rsplit_once('@')?;
        let (key, secret) = credentials.split_once(':')?;
        if !matches!(uri.path(), "" | "/") || bucket.is_empty() || key.is_empty() {
            return None;
        }
        let mut address = Self {
            key: percent_decode(key)?,
            secret: percent_decode(secret)?,
            bucket: bucket.to_owned(),
            region: USUAL_REGION.to_owned(),
            endpoint: None,
        };
        for pair in uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
        {
            let (name, value) = pair.split_once('=')?;
            let value = percent_decode(value)?;
            match name {
                "region" => address.region = value,
                "endpoint" => address.endpoint = Some(value),
                _ => return None,
            }
        }
        Some(address)
    }
}

/// S3 secrets contain slashes and pluses, which addresses write as `%2F` and `%2B`.
fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = after.get(..2)?;
        rest = &after[2..];
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_s3_names_all_that_a_call_needs() {
        let full = "s3://key:se%2Fcr%2Bet@bucket?region=eu-1&endpoint=http://127.0.0.1:9000";
        let read = S3Address::read(full).unwrap();
        assert_eq!(
            (read.key.as_str(), read.secret.as_str()),
            ("key", "se/cr+et")
        );
        assert_eq!(
            (read.bucket.as_str(), read.region.as_str()),
            ("bucket", "eu-1")
        );
        assert_eq!(read.endpoint.as_deref(), Some("http://127.0.0.1:9000"));
        let short = S3Address::read("s3://key:secret@bucket").unwrap();
        assert_eq!(
            (short.region.as_str(), short.endpoint),
            (USUAL_REGION, None)
        );
        for bad in [
            "s3://bucket",
            "s3://key@bucket",
            "s3://key:secret@",
            "s3://key:secret@bucket/folder",
            "s3://key:secret@bucket?else=1",
            "s3://key:se%2@bucket",
            "s3:",
        ] {
            assert!(S3Address::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_folder_is_named_with_and_without_slashes() {
        for url in ["file:/var/lib/files", "file:///var/lib/files"] {
            assert_eq!(parse_folder(url).unwrap(), PathBuf::from("/var/lib/files"));
        }
        assert!(parse_folder("file:files").unwrap().is_absolute());
        for bad in ["file:", "file://", "/var/lib/files", "ftp://host"] {
            assert!(parse_folder(bad).is_err(), "{bad}");
        }
    }
}
