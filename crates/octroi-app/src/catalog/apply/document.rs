//! Applies one document: checks it whole, then writes what differs.

use octroi_domain::actor::Actor;
use octroi_domain::api::{Api, check_plans};
use octroi_domain::ids::{ApiId, OrganizationId, PageId, PlanId};
use octroi_domain::page::{MAX_PAGES, Page};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::plan::{Plan, PlanDefinition, PlanState};
use octroi_domain::validate::{Check, Rule, Violation, is_slug};
use octroi_store::{Document, DocumentKind, Tx};
use serde_json::json;

use super::parts::{Parts, Write, shown_api};
use super::{ApplyOptions, ChangeLine, Op, Progress};
use crate::catalog::Fault;
use crate::catalog::attachments::openapi_document;
use crate::catalog::document::ApiDocument;
use crate::catalog::files::LoadedApi;
use crate::catalog::write::{check_dialect, check_security_kept, may_provide};
use crate::context::require;
use crate::{App, AppError};

/// What the database holds of an API before the document is applied.
#[derive(Default)]
struct Before {
    api: Option<Api>,
    plans: Vec<Plan>,
    pages: Vec<Page>,
}

/// What the document asks for.
struct Wanted {
    api: Api,
    plans: Vec<Plan>,
    pages: Vec<Page>,
    files: Vec<(DocumentKind, Option<Document>)>,
}

impl App {
    pub(super) async fn apply_document(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        loaded: LoadedApi,
        options: ApplyOptions,
        progress: &mut Progress,
    ) -> Result<(), AppError> {
        let provider = match self.provider_named(tx, actor, &loaded.document.provider).await? {
            Ok(provider) => provider,
            Err(rule) => {
                let place = loaded.node.place_of("provider");
                progress.faults.push(Fault::rule(&loaded.file, place, "provider", &rule));
                return Ok(());
            }
        };
        let before = self.before(tx, &loaded.document).await?;
        let wanted = self.wanted(&loaded, provider, &before);
        let violations = self.check_document(tx, actor, &before, &wanted, options).await?;
        if !violations.is_empty() {
            let faults = violations
                .iter()
                .map(|v| Fault::rule(&loaded.file, loaded.node.place_of(&v.field), &v.field, &v.rule));
            progress.faults.extend(faults);
            return Ok(());
        }
        progress.named.entry(provider).or_default().push(wanted.api.id);
        let mut lines = self.write_difference(tx, actor, before, wanted, options).await?;
        progress.changes.append(&mut lines);
        Ok(())
    }

    /// The provider with this slug, if `actor` may publish for it.
    async fn provider_named(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        slug: &str,
    ) -> Result<Result<OrganizationId, Rule>, AppError> {
        if !is_slug(slug) {
            return Ok(Err(Rule::Malformed { expected: "slug" }));
        }
        let Some(organization) = tx.organization_by_slug(slug).await? else { return Ok(Err(Rule::Unknown)) };
        match require(actor, Action::ApiManage, &Parties::provided_by(organization.id)) {
            Err(AppError::NotFound) => return Ok(Err(Rule::Unknown)),
            other => other?,
        }
        if !may_provide(&organization) {
            let allowed = "an organization of kind provider".to_owned();
            return Ok(Err(Rule::NotAllowed { allowed }));
        }
        Ok(Ok(organization.id))
    }

    async fn before(&self, tx: &mut Tx, document: &ApiDocument) -> Result<Before, AppError> {
        if !is_slug(&document.slug) {
            return Ok(Before::default());
        }
        let versions = tx.api_versions(&document.slug).await?;
        let Some(api) = versions.into_iter().find(|api| api.version == document.version) else {
            return Ok(Before::default());
        };
        Ok(Before { plans: tx.plans(api.id).await?, pages: tx.pages(api.id).await?, api: Some(api) })
    }

    /// The objects that the document describes: those that exist keep their identifiers.
    fn wanted(&self, loaded: &LoadedApi, provider: OrganizationId, before: &Before) -> Wanted {
        let (document, now) = (&loaded.document, self.now());
        // Another provider's API of that name keeps its place; the clash is reported.
        let known = before.api.as_ref().filter(|api| api.organization_id == provider);
        let api = Api {
            id: known.map_or_else(|| ApiId::new(now, self.entropy()), |api| api.id),
            organization_id: provider,
            slug: document.slug.clone(),
            version: document.version.clone(),
            name: document.name.clone(),
            state: document.state,
            listing: document.listing,
            presentation: document.presentation.clone(),
            gateway: document.gateway.clone(),
            terms: loaded.terms.clone(),
            created_at: known.map_or(now, |api| api.created_at),
            updated_at: known.map_or(now, |api| api.updated_at),
            edition: known.map_or(1, |api| api.edition),
        };
        let plans = document.plans.iter().map(|definition| Plan {
            id: before
                .plans
                .iter()
                .find(|p| p.definition.slug == definition.slug)
                .map_or_else(|| PlanId::new(now, self.entropy()), |p| p.id),
            api_id: api.id,
            definition: definition.clone(),
            state: PlanState::Published,
        });
        let pages = document.pages.iter().zip(&loaded.pages).zip(0..).map(|((page, text), position)| Page {
            id: before
                .pages
                .iter()
                .find(|p| p.slug == page.slug && p.language == page.language)
                .map_or_else(|| PageId::new(now, self.entropy()), |p| p.id),
            api_id: api.id,
            slug: page.slug.clone(),
            language: page.language,
            title: page.title.clone(),
            markdown: text.clone(),
            position,
        });
        let files = vec![
            (DocumentKind::Openapi, loaded.openapi.as_ref().map(openapi_document)),
            (DocumentKind::Picture, loaded.picture.clone()),
        ];
        Wanted { plans: plans.collect(), pages: pages.collect(), files, api }
    }

    /// Everything that is wrong, each field as a path in the document.
    async fn check_document(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        before: &Before,
        wanted: &Wanted,
        options: ApplyOptions,
    ) -> Result<Vec<Violation>, AppError> {
        let mut c = Check::new();
        c.within("", wanted.api.check(&self.inner.allowed_private));
        check_dialect(&mut c, &wanted.api.gateway);
        // Plans that stay although the document does not name them come last, so that the numbers are the document's.
        let stay = before.plans.iter().filter(|p| !options.prune && !wanted.names(p));
        let plans: Vec<&PlanDefinition> = wanted.plans.iter().chain(stay).map(|p| &p.definition).collect();
        c.within("", check_plans(&wanted.api.gateway, &plans));
        for (i, plan) in wanted.plans.iter().enumerate() {
            if let Some(old) = before.plans.iter().find(|p| p.id == plan.id)
                && let Some(violation) = check_security_kept(tx, old, &plan.definition).await?
            {
                c.within(&format!("plans[{i}]"), Err(vec![violation]));
            }
        }
        c.require(wanted.pages.len() <= MAX_PAGES, "pages", Rule::TooLong { max: MAX_PAGES as u64 });
        for (i, page) in wanted.pages.iter().enumerate() {
            c.within(&format!("pages[{i}]"), page.check());
            let twin = wanted.pages[..i].iter().any(|p| (&p.slug, p.language) == (&page.slug, page.language));
            c.require(!twin, &format!("pages[{i}].slug"), Rule::Taken);
        }
        for violation in self.clashes(tx, actor, &wanted.api).await? {
            c.fail(violation.field, violation.rule);
        }
        Ok(c.finish().err().unwrap_or_default())
    }

    async fn write_difference(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        before: Before,
        wanted: Wanted,
        options: ApplyOptions,
    ) -> Result<Vec<ChangeLine>, AppError> {
        let mut api = wanted.api;
        let name = format!("{} {}", api.slug, api.version);
        let mut parts = Parts { name: &name, options, lines: Vec::new(), writes: Vec::new() };
        let old = before.api.as_ref().map(shown_api);
        let api_op = parts.note(format!("api {name}"), old.as_ref(), &shown_api(&api));
        match api_op {
            Op::Create => self.insert_api(tx, actor, &api).await?,
            Op::Update => self.save_api(tx, actor, &mut api).await?,
            Op::Delete | Op::Unchanged => {}
        }
        parts.plans(&before.plans, &wanted.plans)?;
        parts.pages(&before.pages, &wanted.pages);
        for write in std::mem::take(&mut parts.writes) {
            self.write(tx, actor, write, &mut parts).await?;
        }
        for (kind, file) in wanted.files {
            self.write_file(tx, actor, &api, (kind, file), &mut parts).await?;
        }
        let changed = parts.lines.iter().any(|line| line.op != Op::Unchanged);
        if api_op == Op::Unchanged && changed {
            self.touch_api(tx, &mut api).await?;
        }
        Ok(parts.lines)
    }

    async fn write(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        write: Write,
        parts: &mut Parts<'_>,
    ) -> Result<(), AppError> {
        match write {
            Write::InsertPlan(plan, position) => self.insert_plan(tx, actor, &plan, position).await,
            Write::SavePlan(plan, position) => self.save_plan(tx, actor, &plan, position).await,
            Write::DropPlan(plan, position) => {
                let closed = tx.plan_was_subscribed(plan.id).await?;
                parts.dropped(&plan, closed);
                match (closed, plan.state) {
                    (false, _) => self.remove_plan(tx, actor, &plan).await,
                    (true, PlanState::Closed) => Ok(()),
                    (true, PlanState::Published) => {
                        let plan = Plan { state: PlanState::Closed, ..plan };
                        self.save_plan(tx, actor, &plan, position).await
                    }
                }
            }
            Write::SavePage(page) => self.save_page(tx, actor, &page).await,
            Write::RemovePage(page) => self.remove_page(tx, actor, &page).await,
        }
    }

    /// Writes a file that differs; removes one that the document does not name only while pruning.
    async fn write_file(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        api: &Api,
        (kind, file): (DocumentKind, Option<Document>),
        parts: &mut Parts<'_>,
    ) -> Result<(), AppError> {
        let object = format!("{} {}", kind.word(), parts.name);
        let old =
            tx.document_digest(&api.id.to_string(), kind).await?.map(|digest| json!({"sha256": digest}));
        match (old, file) {
            (old, Some(file)) => {
                if parts.note(object, old.as_ref(), &json!({"sha256": file.digest})) != Op::Unchanged {
                    self.save_document(tx, actor, api, kind, file).await?;
                }
            }
            (Some(_), None) if parts.options.prune => {
                self.remove_document(tx, actor, api, kind).await?;
                parts.line(Op::Delete, object, Vec::new());
            }
            (_, None) => {}
        }
        Ok(())
    }
}

impl Wanted {
    fn names(&self, plan: &Plan) -> bool {
        self.plans.iter().any(|p| p.id == plan.id)
    }
}
