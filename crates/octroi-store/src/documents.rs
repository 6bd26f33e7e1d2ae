//! Files of an API or an application in the database: an OpenAPI document, a picture.

use std::collections::HashSet;

use octroi_domain::credential::digest::{hex, sha256};

use crate::row::{Row, values};
use crate::{Session, StoreError, Tx};

/// What a file is to its object: one of each kind at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// An OpenAPI document, as JSON.
    Openapi,
    /// A picture.
    Picture,
}

impl DocumentKind {
    /// The kind's name, in the database and in the audit.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Openapi => "openapi",
            Self::Picture => "picture",
        }
    }
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its media type.
    pub content_type: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub digest: String,
    /// Its bytes.
    pub body: Vec<u8>,
}

impl Document {
    /// A file with these bytes.
    pub fn new(content_type: &str, body: Vec<u8>) -> Self {
        Self { content_type: content_type.to_owned(), digest: hex(&sha256(&body)), body }
    }
}

fn read(row: &Row) -> Result<Document, StoreError> {
    Ok(Document {
        content_type: row.text("content_type")?,
        digest: row.text("digest")?,
        body: row.bytes("body")?,
    })
}

impl Session {
    /// The file of this kind that belongs to `object`, an identifier.
    pub async fn document(
        &mut self,
        object: &str,
        kind: DocumentKind,
    ) -> Result<Option<Document>, StoreError> {
        let sql = "SELECT * FROM documents WHERE object = $1 AND kind = $2";
        let row = self.maybe(sql, values![object, kind.word()]).await?;
        row.as_ref().map(read).transpose()
    }

    /// What has a file of this kind: identifiers.
    pub async fn documented(&mut self, kind: DocumentKind) -> Result<HashSet<String>, StoreError> {
        let rows = self.rows("SELECT object FROM documents WHERE kind = $1", values![kind.word()]).await?;
        rows.iter().map(|row| row.text("object")).collect()
    }

    /// The digest of a file, without reading the file.
    pub async fn document_digest(
        &mut self,
        object: &str,
        kind: DocumentKind,
    ) -> Result<Option<String>, StoreError> {
        let sql = "SELECT digest FROM documents WHERE object = $1 AND kind = $2";
        let row = self.maybe(sql, values![object, kind.word()]).await?;
        row.map(|row| row.text("digest")).transpose()
    }
}

impl Tx {
    /// Writes a file, over the one that was there.
    pub async fn put_document(
        &mut self,
        object: &str,
        kind: DocumentKind,
        document: Document,
    ) -> Result<(), StoreError> {
        let values = values![object, kind.word(), document.content_type, document.digest, document.body];
        let sql = "INSERT INTO documents (object, kind, content_type, digest, body) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (object, kind) DO UPDATE SET content_type = excluded.content_type, \
                   digest = excluded.digest, body = excluded.body";
        self.execute(sql, values).await.map(drop)
    }

    /// Removes a file; says whether it was there.
    pub async fn delete_document(&mut self, object: &str, kind: DocumentKind) -> Result<bool, StoreError> {
        let sql = "DELETE FROM documents WHERE object = $1 AND kind = $2";
        Ok(self.execute(sql, values![object, kind.word()]).await? > 0)
    }
}
