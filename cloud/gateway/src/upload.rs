//! Bodies that stream to a part, each within the limit of its route.
//!
//! Invariants: a part sees no byte beyond the limit; the gateway holds no more of a body than one
//! read.

use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use platform::upstream::UploadVerdict;
use process::problem::Problem;
use wire::Code;

/// Refuses a body unread that says itself that it is longer than that.
pub fn refuse_declared(headers: &HeaderMap, bytes_max: usize) -> Result<(), Problem> {
    let declared = headers.get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    match declared.is_some_and(|bytes| bytes > bytes_max) {
        true => Err(Problem::new(Code::BodyTooLarge)),
        false => Ok(()),
    }
}

/// The request with a body that ends at the limit.
pub fn limited(request: Request, bytes_max: usize) -> Result<(Request, UploadVerdict), Problem> {
    refuse_declared(request.headers(), bytes_max)?;
    let verdict = UploadVerdict::default();
    let noted = verdict.clone();
    let request = request.map(|body| {
        let body = Limited::new(body, bytes_max).map_err(move |error| {
            noted.give(code_of(&*error));
            error
        });
        Body::new(body)
    });
    Ok((request, verdict))
}

/// The answer of the part, or the reason why it did not get the body.
pub fn answer(verdict: &UploadVerdict, of_part: Response) -> Response {
    verdict.given().map_or(of_part, |code| Problem::new(code).into_response())
}

/// The limit of the whole process is found below an error of axum's.
fn code_of(error: &(dyn std::error::Error + 'static)) -> Code {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    let too_large = causes.any(|cause| cause.is::<LengthLimitError>());
    if too_large { Code::BodyTooLarge } else { Code::MalformedBody }
}
