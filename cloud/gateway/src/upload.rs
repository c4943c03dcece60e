//! Streams request bodies to a part within the route's size limit.
//!
//! Invariants: a part receives no byte beyond the limit; the gateway buffers at most one read.

use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use platform::upstream::UploadFailure;
use process::problem::Problem;
use wire::Code;

/// Refuses a body without reading it if its declared length exceeds the limit.
pub fn refuse_declared(headers: &HeaderMap, bytes_max: usize) -> Result<(), Problem> {
    let declared = headers.get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    match declared.is_some_and(|bytes| bytes > bytes_max) {
        true => Err(Problem::new(Code::BodyTooLarge)),
        false => Ok(()),
    }
}

/// Cuts the body off at the limit; the verdict records why it broke off.
pub fn limit_body(request: Request, bytes_max: usize) -> Result<(Request, UploadFailure), Problem> {
    refuse_declared(request.headers(), bytes_max)?;
    let verdict = UploadFailure::default();
    let noted = verdict.clone();
    let request = request.map(|body| {
        let body = Limited::new(body, bytes_max).map_err(move |error| {
            noted.set_reason(code_of(&*error));
            error
        });
        Body::new(body)
    });
    Ok((request, verdict))
}

/// The part's response, or an error if the body broke off.
pub fn answer_with_verdict(verdict: &UploadFailure, of_part: Response) -> Response {
    verdict
        .reason()
        .map_or(of_part, |code| Problem::new(code).into_response())
}

/// axum wraps the error of the process-wide limit.
fn code_of(error: &(dyn std::error::Error + 'static)) -> Code {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    let too_large = causes.any(|cause| cause.is::<LengthLimitError>());
    if too_large {
        Code::BodyTooLarge
    } else {
        Code::MalformedBody
    }
}
