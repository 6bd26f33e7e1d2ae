//! Documentation pages of an API, one at a time.

use std::collections::HashSet;

use octroi_domain::actor::Actor;
use octroi_domain::api::Language;
use octroi_domain::ids::{ApiId, PageId};
use octroi_domain::page::{MAX_PAGES, Page};
use octroi_domain::validate::{Rule, is_slug};
use octroi_store::Tx;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{PageSummary, PageView};
use crate::access::viewer;
use crate::{App, AppError};

/// A page as its provider writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageInput {
    /// Names it in addresses; the same in every language.
    #[schemars(length(min = 1, max = 100), regex(pattern = octroi_domain::patterns::SLUG))]
    pub slug: String,
    /// Its language.
    pub language: Language,
    /// Its title.
    #[schemars(length(min = 1, max = 200), regex(pattern = octroi_domain::patterns::NAME))]
    pub title: String,
    /// Its text, at most 512 KiB.
    #[schemars(length(min = 1, max = 524_288), regex(pattern = octroi_domain::patterns::TEXT))]
    pub markdown: String,
    /// Its place in the menu, from 0; at the end where absent.
    #[serde(default)]
    #[schemars(range(min = 0, max = 10000))]
    pub position: Option<u16>,
}

impl App {
    /// The pages of an API, in the provider's order.
    pub async fn pages(&self, actor: &Actor, api: ApiId) -> Result<Vec<PageSummary>, AppError> {
        let mut session = self.read().await?;
        let api = session.api_seen(viewer(actor), api).await?.ok_or(AppError::NotFound)?;
        Ok(session.pages(api.id).await?.iter().map(PageSummary::from).collect())
    }

    /// The pages of an API, each once: in `language` where it exists in it.
    pub async fn pages_in(
        &self,
        actor: &Actor,
        api: ApiId,
        language: Language,
    ) -> Result<Vec<PageSummary>, AppError> {
        let (_, pages) = self.spoken_pages(actor, api, language).await?;
        Ok(pages.iter().map(PageSummary::from).collect())
    }

    /// The same with their texts.
    pub async fn page_texts(
        &self,
        actor: &Actor,
        api: ApiId,
        language: Language,
    ) -> Result<Vec<PageView>, AppError> {
        let (edition, pages) = self.spoken_pages(actor, api, language).await?;
        Ok(pages.into_iter().map(|page| PageView::new(page, edition)).collect())
    }

    /// The edition of an API and its pages, each once.
    async fn spoken_pages(
        &self,
        actor: &Actor,
        api: ApiId,
        language: Language,
    ) -> Result<(i64, Vec<Page>), AppError> {
        let mut session = self.read().await?;
        let api = session.api_seen(viewer(actor), api).await?.ok_or(AppError::NotFound)?;
        let pages = session.pages(api.id).await?;
        let spoken: HashSet<String> =
            pages.iter().filter(|page| page.language == language).map(|page| page.slug.clone()).collect();
        let kept = |page: &Page| page.language == language || !spoken.contains(&page.slug);
        Ok((api.edition, pages.into_iter().filter(kept).collect()))
    }

    /// One page; in the other language where it does not exist in the one asked for.
    pub async fn page(
        &self,
        actor: &Actor,
        api: ApiId,
        slug: &str,
        language: Language,
    ) -> Result<PageView, AppError> {
        let mut session = self.read().await?;
        let api = session.api_seen(viewer(actor), api).await?.ok_or(AppError::NotFound)?;
        if !is_slug(slug) {
            return Err(AppError::NotFound);
        }
        let other = if language == Language::Fr { Language::En } else { Language::Fr };
        for language in [language, other] {
            if let Some(page) = session.page(api.id, slug, language).await? {
                return Ok(PageView::new(page, api.edition));
            }
        }
        Err(AppError::NotFound)
    }

    /// Writes a page, over the one with the same slug and language where there is one. `edition` is the API's.
    pub async fn put_page(
        &self,
        actor: &Actor,
        api: ApiId,
        input: PageInput,
        edition: Option<i64>,
    ) -> Result<PageView, AppError> {
        let mut tx = self.begin().await?;
        let mut api = self.managed_api(&mut tx, actor, api, edition).await?;
        let before = match is_slug(&input.slug) {
            true => tx.page(api.id, &input.slug, input.language).await?,
            false => None,
        };
        let count = tx.pages(api.id).await?.len();
        let page = Page {
            id: before.as_ref().map_or_else(|| PageId::new(self.now(), self.entropy()), |p| p.id),
            api_id: api.id,
            slug: input.slug,
            language: input.language,
            title: input.title,
            markdown: input.markdown,
            position: match (input.position, &before) {
                (Some(position), _) => position.into(),
                (None, Some(before)) => before.position,
                (None, None) => count as i64,
            },
        };
        page.check()?;
        if before.is_none() && count >= MAX_PAGES {
            return Err(AppError::invalid("slug", Rule::TooLong { max: MAX_PAGES as u64 }));
        }
        self.save_page(&mut tx, actor, &page).await?;
        self.touch_api(&mut tx, &mut api).await?;
        self.commit(tx).await?;
        Ok(PageView::new(page, api.edition))
    }

    /// Removes a page. `edition` is the API's.
    pub async fn delete_page(
        &self,
        actor: &Actor,
        api: ApiId,
        slug: &str,
        language: Language,
        edition: Option<i64>,
    ) -> Result<(), AppError> {
        let mut tx = self.begin().await?;
        let mut api = self.managed_api(&mut tx, actor, api, edition).await?;
        if !is_slug(slug) {
            return Err(AppError::NotFound);
        }
        let page = tx.page(api.id, slug, language).await?.ok_or(AppError::NotFound)?;
        self.remove_page(&mut tx, actor, &page).await?;
        self.touch_api(&mut tx, &mut api).await?;
        self.commit(tx).await
    }

    pub(super) async fn save_page(&self, tx: &mut Tx, actor: &Actor, page: &Page) -> Result<(), AppError> {
        tx.put_page(page).await?;
        self.audit(tx, actor, "page.written", page.id, json!({"api": page.api_id}));
        Ok(())
    }

    pub(super) async fn remove_page(&self, tx: &mut Tx, actor: &Actor, page: &Page) -> Result<(), AppError> {
        tx.delete_page(page.api_id, &page.slug, page.language).await?;
        self.audit(tx, actor, "page.deleted", page.id, json!({"api": page.api_id}));
        Ok(())
    }
}
