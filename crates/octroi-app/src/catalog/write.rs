//! What every change of the catalogue shares, whether it comes from one request or from files: who may, what clashes
//! with other APIs, what is written, audited and told to the gateways.

use octroi_domain::actor::Actor;
use octroi_domain::api::{Api, ApiState, GatewayDefinition, Listing, check_plans};
use octroi_domain::ids::ApiId;
use octroi_domain::organization::{Organization, OrganizationKind};
use octroi_domain::permission::{Action, Parties};
use octroi_domain::plan::{Plan, PlanDefinition};
use octroi_domain::validate::{Check, Rule, Violation, is_slug};
use octroi_policy::dialect::Dialect;
use octroi_store::{Change, Session, StoreError, Tx};
use serde_json::json;

use crate::access::{signed_in, viewer};
use crate::context::require;
use crate::error::taken;
use crate::{App, AppError};

/// Columns that two APIs cannot share, and the fields they come from.
const API_KEYS: &[(&str, &str)] = &[("route_key", "gateway.route.path"), ("version", "version")];

/// Whether an organization may publish APIs: only administrators make organizations of this kind.
pub(super) fn may_provide(organization: &Organization) -> bool {
    organization.kind == OrganizationKind::Provider
}

/// A text without case and accents, as far as French needs, to compare by.
pub(super) fn fold(text: &str) -> String {
    let plain = |c: char| match c {
        'à' | 'â' | 'ä' | 'á' | 'ã' => 'a',
        'ç' => 'c',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'î' | 'ï' | 'í' | 'ì' => 'i',
        'ô' | 'ö' | 'ó' | 'ò' => 'o',
        'ù' | 'û' | 'ü' | 'ú' => 'u',
        'ÿ' => 'y',
        '’' => '\'',
        other => other,
    };
    text.to_lowercase().replace('œ', "oe").replace('æ', "ae").chars().map(plain).collect()
}

/// What the gateway would refuse although each value is well formed.
pub(super) fn check_dialect(c: &mut Check, gateway: &GatewayDefinition) {
    if Dialect::find(&gateway.dialect).is_none() {
        let allowed = Dialect::names().collect::<Vec<_>>().join(", ");
        c.fail("gateway.dialect", Rule::NotAllowed { allowed });
    }
}

impl App {
    /// The API `id`, to be changed by `actor`. Holds back every other change of the catalogue until the commit.
    pub(super) async fn managed_api(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: ApiId,
        edition: Option<i64>,
    ) -> Result<Api, AppError> {
        signed_in(actor)?;
        tx.lock_catalogue().await?;
        let api = tx.api(id).await?.ok_or(AppError::NotFound)?;
        match require(actor, Action::ApiManage, &Parties::provided_by(api.organization_id)) {
            Err(AppError::NotFound) if api.listing == Listing::Public && api.state.served() => {
                return Err(AppError::Forbidden);
            }
            other => other?,
        }
        if edition.is_some_and(|e| e != api.edition) {
            return Err(AppError::Stale);
        }
        Ok(api)
    }

    /// Everything that is wrong with an API: by itself, with its plans, and beside the others.
    pub(super) async fn check_api(&self, tx: &mut Tx, actor: &Actor, api: &Api) -> Result<(), AppError> {
        let mut c = Check::new();
        c.within("", api.check(&self.inner.allowed_private));
        check_dialect(&mut c, &api.gateway);
        let plans = tx.plans(api.id).await?;
        let definitions: Vec<&PlanDefinition> = plans.iter().map(|p| &p.definition).collect();
        c.within("", check_plans(&api.gateway, &definitions));
        for violation in self.clashes(tx, actor, api).await? {
            c.fail(violation.field, violation.rule);
        }
        Ok(c.finish()?)
    }

    /// What other APIs hold already. Their names are told only to those who see them.
    pub(super) async fn clashes(
        &self,
        session: &mut Session,
        actor: &Actor,
        api: &Api,
    ) -> Result<Vec<Violation>, AppError> {
        let mut found = Vec::new();
        let key = api.gateway.route.key();
        // Nothing is kept under a text that no database takes; that it is malformed is reported elsewhere.
        if !is_slug(&api.slug) || key.contains('\0') {
            return Ok(found);
        }
        for other in session.api_versions(&api.slug).await?.into_iter().filter(|o| o.id != api.id) {
            let field = if other.organization_id != api.organization_id {
                "slug"
            } else if other.version == api.version {
                "version"
            } else {
                continue;
            };
            found.push(self.taken_by(session, actor, field, &other).await?);
            break;
        }
        if api.state != ApiState::Retired
            && let Some(other) = session.api_on_route(&key).await?
            && other.id != api.id
        {
            found.push(self.taken_by(session, actor, "gateway.route.path", &other).await?);
        }
        Ok(found)
    }

    async fn taken_by(
        &self,
        session: &mut Session,
        actor: &Actor,
        field: &str,
        other: &Api,
    ) -> Result<Violation, AppError> {
        let seen = session.api_seen(viewer(actor), other.id).await?.is_some();
        let rule = if seen {
            Rule::TakenBy { by: format!("{} {}", other.name, other.version) }
        } else {
            Rule::Taken
        };
        Ok(Violation { field: field.to_owned(), rule })
    }

    /// Writes a new, checked API.
    pub(super) async fn insert_api(&self, tx: &mut Tx, actor: &Actor, api: &Api) -> Result<(), AppError> {
        tx.insert_api(api).await.map_err(|e| taken(e, API_KEYS))?;
        self.audit(tx, actor, "api.created", api.id, json!({"state": api.state}));
        tx.changed(Change::Catalogue);
        Ok(())
    }

    /// Writes a changed, checked API; its edition becomes the next.
    pub(super) async fn save_api(&self, tx: &mut Tx, actor: &Actor, api: &mut Api) -> Result<(), AppError> {
        self.touch_api(tx, api).await?;
        self.audit(tx, actor, "api.updated", api.id, json!({"edition": api.edition, "state": api.state}));
        tx.changed(Change::Catalogue);
        Ok(())
    }

    /// Counts a change of an API or a part of it.
    pub(super) async fn touch_api(&self, tx: &mut Tx, api: &mut Api) -> Result<(), AppError> {
        api.updated_at = self.now();
        tx.update_api(api).await.map_err(|e| match e {
            StoreError::Stale => AppError::Stale,
            e => taken(e, API_KEYS),
        })?;
        api.edition += 1;
        Ok(())
    }

    /// Removes an API that nobody ever subscribed to.
    pub(super) async fn remove_api(&self, tx: &mut Tx, actor: &Actor, id: ApiId) -> Result<(), AppError> {
        tx.delete_api(id).await?;
        self.audit(tx, actor, "api.deleted", id, json!({}));
        tx.changed(Change::Catalogue);
        Ok(())
    }

    /// Writes a new, checked plan.
    pub(super) async fn insert_plan(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        plan: &Plan,
        position: i64,
    ) -> Result<(), AppError> {
        tx.insert_plan(plan, position).await.map_err(|e| taken(e, &[("slug", "slug")]))?;
        self.audit(tx, actor, "plan.created", plan.id, json!({"api": plan.api_id}));
        tx.changed(Change::Catalogue);
        Ok(())
    }

    /// Writes a changed, checked plan; what credentials under it may do changes with it.
    pub(super) async fn save_plan(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        plan: &Plan,
        position: i64,
    ) -> Result<(), AppError> {
        tx.update_plan(plan, position).await.map_err(|e| taken(e, &[("slug", "slug")]))?;
        let details = json!({"api": plan.api_id, "state": plan.state, "limits": plan.definition.limits});
        self.audit(tx, actor, "plan.updated", plan.id, details);
        tx.changed(Change::Catalogue);
        tx.changed(Change::Plan(plan.id));
        Ok(())
    }

    /// Removes a plan that nobody ever subscribed under.
    pub(super) async fn remove_plan(&self, tx: &mut Tx, actor: &Actor, plan: &Plan) -> Result<(), AppError> {
        tx.delete_plan(plan.id).await?;
        self.audit(tx, actor, "plan.deleted", plan.id, json!({"api": plan.api_id}));
        tx.changed(Change::Catalogue);
        Ok(())
    }
}

/// Refuses another kind of security while subscribers rely on the present one.
pub(super) async fn check_security_kept(
    session: &mut Session,
    before: &Plan,
    after: &PlanDefinition,
) -> Result<Option<Violation>, AppError> {
    if before.definition.security == after.security || !session.plan_has_open_subscriptions(before.id).await?
    {
        return Ok(None);
    }
    let allowed = serde_json::to_value(before.definition.security).ok();
    let allowed = allowed.and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
    Ok(Some(Violation { field: "security".to_owned(), rule: Rule::NotAllowed { allowed } }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whatever_their_case_and_accents() {
        assert_eq!(fold("Établissements du CŒUR"), "etablissements du coeur");
    }
}
