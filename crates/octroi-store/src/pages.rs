//! Documentation pages in the database.

use octroi_domain::api::Language;
use octroi_domain::ids::ApiId;
use octroi_domain::page::Page;

use crate::row::{Row, text, values, word};
use crate::{Session, StoreError, Tx};

fn read(row: &Row) -> Result<Page, StoreError> {
    Ok(Page {
        id: row.parsed("id")?,
        api_id: row.parsed("api_id")?,
        slug: row.text("slug")?,
        language: row.word("language")?,
        title: row.text("title")?,
        markdown: row.text("markdown")?,
        position: row.int("position")?,
    })
}

impl Session {
    /// The pages of an API, in the provider's order.
    pub async fn pages(&mut self, api: ApiId) -> Result<Vec<Page>, StoreError> {
        let sql = "SELECT * FROM pages WHERE api_id = $1 ORDER BY position, slug, language";
        self.rows(sql, values![text(api)]).await?.iter().map(read).collect()
    }

    /// One page in one language.
    pub async fn page(
        &mut self,
        api: ApiId,
        slug: &str,
        language: Language,
    ) -> Result<Option<Page>, StoreError> {
        let sql = "SELECT * FROM pages WHERE api_id = $1 AND slug = $2 AND language = $3";
        let row = self.maybe(sql, values![text(api), slug, word(&language)?]).await?;
        row.as_ref().map(read).transpose()
    }
}

impl Tx {
    /// Writes a page, over the one with the same API, slug and language where there is one.
    pub async fn put_page(&mut self, page: &Page) -> Result<(), StoreError> {
        let values = values![
            text(page.id),
            text(page.api_id),
            &page.slug,
            word(&page.language)?,
            &page.title,
            &page.markdown,
            page.position
        ];
        let sql = "INSERT INTO pages (id, api_id, slug, language, title, markdown, position) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (api_id, slug, language) DO UPDATE \
                   SET title = excluded.title, markdown = excluded.markdown, position = excluded.position";
        self.execute(sql, values).await.map(drop)
    }

    /// Removes a page; says whether it was there.
    pub async fn delete_page(
        &mut self,
        api: ApiId,
        slug: &str,
        language: Language,
    ) -> Result<bool, StoreError> {
        let sql = "DELETE FROM pages WHERE api_id = $1 AND slug = $2 AND language = $3";
        Ok(self.execute(sql, values![text(api), slug, word(&language)?]).await? > 0)
    }
}
