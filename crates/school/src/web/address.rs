//! What an address says, read as the framework reads it; what cannot be read is answered by a page of ours and not by the
//! framework's English.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::Response;
use serde::de::DeserializeOwned;

use super::Web;
use super::visit::User;
use crate::failure::Failure;

/// The steps of an address.
pub(crate) struct Path<T>(pub(crate) T);

/// What stands behind the question mark.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Web>> for Path<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Path<T>, Response> {
        let steps = axum::extract::Path::<T>::from_request_parts(parts, web).await.ok();
        match steps {
            Some(axum::extract::Path(steps)) => Ok(Path(steps)),
            None => Err(leads_nowhere(parts, web).await),
        }
    }
}

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Web>> for Query<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Query<T>, Response> {
        // Not kept over the next wait, which a rejection of the framework cannot be.
        let asked = axum::extract::Query::<T>::from_request_parts(parts, web).await.ok();
        match asked {
            Some(axum::extract::Query(asked)) => Ok(Query(asked)),
            None => Err(leads_nowhere(parts, web).await),
        }
    }
}

/// The page for an address that leads nowhere; whoever is not known says first who they are.
async fn leads_nowhere(parts: &mut Parts, web: &Arc<Web>) -> Response {
    match User::from_request_parts(parts, web).await {
        Ok(user) => user.show(|_| Err(Failure::new("web.no-page"))).await,
        Err(elsewhere) => elsewhere,
    }
}
