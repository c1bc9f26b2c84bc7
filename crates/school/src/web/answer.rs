//! What a page's handler gives back, before it is a response.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use maud::Markup;
use tokio::io::AsyncReadExt as _;

/// What the next page says first.
#[derive(Clone)]
pub(crate) struct Flash {
    /// Whether something was done, and not refused.
    pub(crate) good: bool,
    /// What is said.
    pub(crate) text: String,
    /// The form that takes it back.
    pub(crate) undo: Option<Undo>,
}

/// A form that takes something back.
#[derive(Clone)]
pub(crate) struct Undo {
    /// Where it goes.
    pub(crate) action: String,
    /// Its fields.
    pub(crate) fields: Vec<(String, String)>,
}

/// What a handler gives back.
pub(crate) enum Answer {
    /// The content of a page.
    Page(Page),
    /// Another page, which may say something first.
    Go(String, Option<Flash>),
    /// Data for our own script.
    Json(serde_json::Value),
    /// A file to keep.
    File(File),
}

/// The content of a page.
pub(crate) struct Page {
    pub(crate) title: String,
    pub(crate) content: Markup,
    pub(crate) status: StatusCode,
    /// Seconds after which a browser without script asks again.
    pub(crate) again: Option<u32>,
}

/// A file to keep.
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) content: Body,
}

/// Bytes of a file on disk that are read at once.
const READ_AT_ONCE: usize = 64 << 10;

/// The content of a file on disk, read as fast as the browser takes it: backups are larger than our memory may be.
pub(crate) fn from_disk(file: std::fs::File) -> Body {
    let file = tokio::fs::File::from_std(file);
    Body::from_stream(stream::unfold(Some(file), |file| async {
        let mut file = file?;
        let mut piece = vec![0; READ_AT_ONCE];
        match file.read(&mut piece).await {
            Ok(0) => None,
            Ok(read) => {
                piece.truncate(read);
                Some((Ok::<_, std::io::Error>(piece), Some(file)))
            }
            Err(error) => Some((Err(error), None)),
        }
    }))
}

impl Answer {
    /// A page.
    pub(crate) fn page(title: impl Into<String>, content: Markup) -> Answer {
        Answer::Page(Page { title: title.into(), content, status: StatusCode::OK, again: None })
    }

    /// The same page once more, because of what was typed.
    pub(crate) fn unfit(title: impl Into<String>, content: Markup) -> Answer {
        Answer::Page(Page { title: title.into(), content, status: StatusCode::UNPROCESSABLE_ENTITY, again: None })
    }

    /// Another page.
    pub(crate) fn go(to: impl Into<String>) -> Answer {
        Answer::Go(to.into(), None)
    }

    /// Another page, which says that something was done.
    pub(crate) fn done(to: impl Into<String>, text: impl Into<String>) -> Answer {
        Answer::Go(to.into(), Some(Flash { good: true, text: text.into(), undo: None }))
    }

    /// The same, with a way back.
    pub(crate) fn done_with_undo(to: impl Into<String>, text: impl Into<String>, undo: Undo) -> Answer {
        Answer::Go(to.into(), Some(Flash { good: true, text: text.into(), undo: Some(undo) }))
    }
}

impl IntoResponse for File {
    fn into_response(self) -> Response {
        // The name is made of our own words; anything else in it is left out.
        let name: String = self.name.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
        let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
        let mut response = ([(header::CONTENT_TYPE, self.kind)], self.content).into_response();
        if let Ok(disposition) = disposition {
            response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
        }
        response
    }
}

/// A redirect after a form, so that reloading the page sends nothing twice.
pub(crate) fn see_other(to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(to) => (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
