//! Files of an API: its OpenAPI document and its picture.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, PoisonError};

use octroi_domain::actor::Actor;
use octroi_domain::api::Api;
use octroi_domain::ids::ApiId;
use octroi_store::{Document, DocumentKind, Tx};
use serde_json::{Value, json};

use super::ApiView;
use super::openapi::{self, Publication, SampleCall};
use crate::access::{signed_in, viewer};
use crate::picture::Picture;
use crate::{App, AppError};

/// The most bytes of an OpenAPI document.
pub const MAX_OPENAPI_BYTES: usize = 10 * 1024 * 1024;

/// Documents whose first call is remembered.
const KNOWN_FIRST_CALLS: usize = 1_000;

impl App {
    /// The OpenAPI document of an API as it is published: with our access URL and the plans' security schemes.
    pub async fn openapi(&self, actor: &Actor, id: ApiId) -> Result<Value, AppError> {
        let mut session = self.read().await?;
        let api = session.api_seen(viewer(actor), id).await?.ok_or(AppError::NotFound)?;
        let document = session.document(&id.to_string(), DocumentKind::Openapi).await?;
        let document = document.ok_or(AppError::NotFound)?;
        let plans = session.plans(id).await?;
        drop(session);
        let access_url = self.access_url(&api.gateway.route);
        let token_url = self.token_endpoint();
        self.reading(move || {
            let mut value = serde_json::from_slice(&document.body)
                .map_err(|e| AppError::Internal(format!("the OpenAPI document of {id}: {e}")))?;
            let publication = Publication {
                access_url,
                token_url,
                credentials: &api.gateway.credentials,
                plans: plans.iter().map(|p| &p.definition).collect(),
            };
            openapi::publish(&mut value, &publication);
            Ok(value)
        })
        .await
    }

    /// The first call of an API that somebody was shown: the one that its document describes with examples, else a call
    /// to its access URL.
    pub async fn first_call_of(&self, api: &ApiView) -> Result<Arc<SampleCall>, AppError> {
        let call = if api.has_openapi { self.first_call(api.id).await? } else { None };
        Ok(call.unwrap_or_default())
    }

    /// The first call of an API that its document describes with examples, for somebody who may see it. Read once for
    /// each document.
    pub(crate) async fn first_call(&self, id: ApiId) -> Result<Option<Arc<SampleCall>>, AppError> {
        let object = id.to_string();
        let mut session = self.read().await?;
        let Some(digest) = session.document_digest(&object, DocumentKind::Openapi).await? else {
            return Ok(None);
        };
        if let Some(known) = self.first_calls().get(&digest) {
            return Ok(known.clone());
        }
        let document = session.document(&object, DocumentKind::Openapi).await?.ok_or(AppError::NotFound)?;
        drop(session);
        let digest = document.digest;
        let call = self
            .reading(move || {
                let value = serde_json::from_slice(&document.body)
                    .map_err(|e| AppError::Internal(format!("the OpenAPI document of {id}: {e}")))?;
                Ok(openapi::first_call(&value).map(Arc::new))
            })
            .await?;
        let mut known = self.first_calls();
        if known.len() >= KNOWN_FIRST_CALLS {
            known.clear();
        }
        known.insert(digest, call.clone());
        Ok(call)
    }

    fn first_calls(&self) -> MutexGuard<'_, HashMap<String, Option<Arc<SampleCall>>>> {
        // What a panic leaves is whole: one entry more or less.
        self.shared.first_calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in an OpenAPI document, JSON or YAML, 3.0 or 3.1. `edition` is the API's.
    pub async fn put_openapi(
        &self,
        actor: &Actor,
        id: ApiId,
        bytes: Vec<u8>,
        edition: Option<i64>,
    ) -> Result<(), AppError> {
        signed_in(actor)?;
        let value = self
            .reading(move || openapi::import(&bytes).map_err(|e| AppError::Invalid(vec![e.violation()])))
            .await?;
        self.attach(actor, id, DocumentKind::Openapi, openapi_document(&value), edition).await
    }

    /// Removes the OpenAPI document of an API.
    pub async fn delete_openapi(
        &self,
        actor: &Actor,
        id: ApiId,
        edition: Option<i64>,
    ) -> Result<(), AppError> {
        self.detach(actor, id, DocumentKind::Openapi, edition).await
    }

    /// The picture of an API.
    pub async fn api_picture(&self, actor: &Actor, id: ApiId) -> Result<Picture, AppError> {
        let mut session = self.read().await?;
        session.api_seen(viewer(actor), id).await?.ok_or(AppError::NotFound)?;
        let document = session.document(&id.to_string(), DocumentKind::Picture).await?;
        document.map(Picture::from).ok_or(AppError::NotFound)
    }

    /// Takes in a picture: PNG, JPEG or WebP, at most 1 MiB. `edition` is the API's.
    pub async fn put_api_picture(
        &self,
        actor: &Actor,
        id: ApiId,
        bytes: Vec<u8>,
        edition: Option<i64>,
    ) -> Result<(), AppError> {
        signed_in(actor)?;
        let document = self.redraw_picture(bytes).await?;
        self.attach(actor, id, DocumentKind::Picture, document, edition).await
    }

    /// Removes the picture of an API.
    pub async fn delete_api_picture(
        &self,
        actor: &Actor,
        id: ApiId,
        edition: Option<i64>,
    ) -> Result<(), AppError> {
        self.detach(actor, id, DocumentKind::Picture, edition).await
    }

    async fn attach(
        &self,
        actor: &Actor,
        id: ApiId,
        kind: DocumentKind,
        document: Document,
        edition: Option<i64>,
    ) -> Result<(), AppError> {
        let mut tx = self.begin().await?;
        let mut api = self.managed_api(&mut tx, actor, id, edition).await?;
        self.save_document(&mut tx, actor, &api, kind, document).await?;
        self.touch_api(&mut tx, &mut api).await?;
        self.commit(tx).await
    }

    async fn detach(
        &self,
        actor: &Actor,
        id: ApiId,
        kind: DocumentKind,
        edition: Option<i64>,
    ) -> Result<(), AppError> {
        let mut tx = self.begin().await?;
        let mut api = self.managed_api(&mut tx, actor, id, edition).await?;
        if !self.remove_document(&mut tx, actor, &api, kind).await? {
            return Err(AppError::NotFound);
        }
        self.touch_api(&mut tx, &mut api).await?;
        self.commit(tx).await
    }

    pub(super) async fn save_document(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        api: &Api,
        kind: DocumentKind,
        document: Document,
    ) -> Result<(), AppError> {
        let details = json!({"digest": document.digest, "bytes": document.body.len()});
        tx.put_document(&api.id.to_string(), kind, document).await?;
        self.audit(tx, actor, &format!("{}.written", kind.word()), api.id, details);
        Ok(())
    }

    pub(super) async fn remove_document(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        api: &Api,
        kind: DocumentKind,
    ) -> Result<bool, AppError> {
        let was_there = tx.delete_document(&api.id.to_string(), kind).await?;
        if was_there {
            self.audit(tx, actor, &format!("{}.deleted", kind.word()), api.id, json!({}));
        }
        Ok(was_there)
    }

    /// Reads or writes a large document away from the threads that serve, few at once.
    async fn reading<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, AppError> {
        let permit = Arc::clone(&self.shared.reading)
            .acquire_owned()
            .await
            .map_err(|e| AppError::Internal(e.to_string()))?;
        let worked = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        });
        worked.await.map_err(|e| AppError::Internal(e.to_string()))?
    }
}

/// An imported document as it is kept.
pub(super) fn openapi_document(value: &Value) -> Document {
    Document::new("application/json", value.to_string().into_bytes())
}
