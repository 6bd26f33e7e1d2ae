//! Plans of an API, one at a time.

use octroi_domain::actor::Actor;
use octroi_domain::api::{Api, check_plans};
use octroi_domain::ids::{ApiId, PlanId};
use octroi_domain::plan::{Plan, PlanDefinition, PlanState};
use octroi_domain::validate::{Check, Violation};
use octroi_store::Tx;

use super::PlanView;
use super::write::check_security_kept;
use crate::access::{signed_in, viewer};
use crate::{App, AppError};

impl App {
    /// The plans of an API, in the provider's order.
    pub async fn plans(&self, actor: &Actor, api: ApiId) -> Result<Vec<PlanView>, AppError> {
        let mut session = self.read().await?;
        let api = session.api_seen(viewer(actor), api).await?.ok_or(AppError::NotFound)?;
        Ok(session.plans(api.id).await?.into_iter().map(|p| PlanView::new(p, api.edition)).collect())
    }

    /// The plan `id`.
    pub async fn plan(&self, actor: &Actor, id: PlanId) -> Result<PlanView, AppError> {
        let mut session = self.read().await?;
        let plan = session.plan(id).await?.ok_or(AppError::NotFound)?;
        let api = session.api_seen(viewer(actor), plan.api_id).await?.ok_or(AppError::NotFound)?;
        Ok(PlanView::new(plan, api.edition))
    }

    /// Adds a plan to an API. `edition` is the API's.
    pub async fn create_plan(
        &self,
        actor: &Actor,
        api: ApiId,
        definition: PlanDefinition,
        edition: Option<i64>,
    ) -> Result<PlanView, AppError> {
        let mut tx = self.begin().await?;
        let mut api = self.managed_api(&mut tx, actor, api, edition).await?;
        let plans = tx.plans(api.id).await?;
        let plan = Plan {
            id: PlanId::new(self.now(), self.entropy()),
            api_id: api.id,
            definition,
            state: PlanState::Published,
        };
        check_beside(&api, &plans, &plan)?;
        self.insert_plan(&mut tx, actor, &plan, plans.len() as i64).await?;
        self.finish_plan(tx, &mut api, plan).await
    }

    /// Replaces what a plan says. `edition` is the API's.
    pub async fn update_plan(
        &self,
        actor: &Actor,
        id: PlanId,
        definition: PlanDefinition,
        edition: Option<i64>,
    ) -> Result<PlanView, AppError> {
        let mut tx = self.begin().await?;
        let (mut api, plans, position) = self.managed_plan(&mut tx, actor, id, edition).await?;
        let before = &plans[position];
        let plan = Plan { definition, ..before.clone() };
        check_beside(&api, &plans, &plan)?;
        if let Some(violation) = check_security_kept(&mut tx, before, &plan.definition).await? {
            return Err(AppError::Invalid(vec![violation]));
        }
        if *before == plan {
            return Ok(PlanView::new(plan, api.edition));
        }
        self.save_plan(&mut tx, actor, &plan, position as i64).await?;
        self.finish_plan(tx, &mut api, plan).await
    }

    /// Lets a plan take no new subscription; those it has go on.
    pub async fn close_plan(
        &self,
        actor: &Actor,
        id: PlanId,
        edition: Option<i64>,
    ) -> Result<PlanView, AppError> {
        self.set_plan_state(actor, id, PlanState::Closed, edition).await
    }

    /// Lets a closed plan take new subscriptions again.
    pub async fn reopen_plan(
        &self,
        actor: &Actor,
        id: PlanId,
        edition: Option<i64>,
    ) -> Result<PlanView, AppError> {
        self.set_plan_state(actor, id, PlanState::Published, edition).await
    }

    async fn set_plan_state(
        &self,
        actor: &Actor,
        id: PlanId,
        state: PlanState,
        edition: Option<i64>,
    ) -> Result<PlanView, AppError> {
        let mut tx = self.begin().await?;
        let (mut api, plans, position) = self.managed_plan(&mut tx, actor, id, edition).await?;
        let plan = Plan { state, ..plans[position].clone() };
        if plans[position].state == state {
            return Ok(PlanView::new(plan, api.edition));
        }
        self.save_plan(&mut tx, actor, &plan, position as i64).await?;
        self.finish_plan(tx, &mut api, plan).await
    }

    /// The API of a plan, all its plans, and the place of this one among them.
    async fn managed_plan(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        id: PlanId,
        edition: Option<i64>,
    ) -> Result<(Api, Vec<Plan>, usize), AppError> {
        signed_in(actor)?;
        let api = tx.plan(id).await?.ok_or(AppError::NotFound)?.api_id;
        let api = self.managed_api(tx, actor, api, edition).await?;
        let plans = tx.plans(api.id).await?;
        let position = plans.iter().position(|p| p.id == id).ok_or(AppError::NotFound)?;
        Ok((api, plans, position))
    }

    async fn finish_plan(&self, mut tx: Tx, api: &mut Api, plan: Plan) -> Result<PlanView, AppError> {
        self.touch_api(&mut tx, api).await?;
        self.commit(tx).await?;
        Ok(PlanView::new(plan, api.edition))
    }
}

/// What is wrong with `plan` among the API's other `plans`, told as fields of the plan itself where they are its own.
fn check_beside(api: &Api, plans: &[Plan], plan: &Plan) -> Result<(), AppError> {
    let others = plans.iter().filter(|p| p.id != plan.id);
    let definitions: Vec<_> = others.chain([plan]).map(|p| &p.definition).collect();
    let own = format!("plans[{}].", definitions.len() - 1);
    let mut c = Check::new();
    for Violation { field, rule } in check_plans(&api.gateway, &definitions).err().unwrap_or_default() {
        // The other plans were right before, and a closed one may have been made under older rules.
        match field.strip_prefix(&own) {
            Some(field) => c.fail(field, rule),
            None if field.starts_with("plans[") => &mut c,
            None => c.fail(field, rule),
        };
    }
    Ok(c.finish()?)
}
