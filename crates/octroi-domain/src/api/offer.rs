//! What an API must satisfy as a whole: its identity, its terms, its one place on the gateway, and plans that fit where
//! credentials may stand.

use crate::api::{Api, GatewayDefinition, Route};
use crate::plan::{PlanDefinition, Security};
use crate::validate::{Check, Rule, Violation};

/// The most plans of one API.
pub const MAX_PLANS: usize = 50;

/// The most bytes of a text in Markdown: a page, an API's terms.
pub const MAX_MARKDOWN_BYTES: usize = 512 * 1024;

impl Route {
    /// The place that it takes on the gateway: two APIs never have the same.
    pub fn key(&self) -> String {
        format!("{}{}", self.host.as_deref().unwrap_or("*"), self.path)
    }
}

impl Api {
    /// What is wrong with this API, its plans apart.
    pub fn check(&self, allowed_private: &[ipnet::IpNet]) -> Result<(), Vec<Violation>> {
        let mut c = Check::new();
        c.slug("slug", &self.slug, 64).line("name", &self.name, 1, 100);
        check_version(&mut c, &self.version);
        c.within("presentation", self.presentation.check());
        c.within("gateway", self.gateway.check(allowed_private));
        if let Some(terms) = &self.terms {
            check_markdown(&mut c, "terms", terms);
        }
        c.finish()
    }
}

/// A version is one segment of a path and of an address: `3.11`, `v2`, `2026-11`.
fn check_version(c: &mut Check, version: &str) {
    if version.is_empty() {
        c.fail("version", Rule::Required);
        return;
    }
    c.require(version.len() <= 32, "version", Rule::TooLong { max: 32 });
    let fits = version.starts_with(|c: char| c.is_ascii_alphanumeric())
        && version.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    c.require(fits, "version", Rule::Malformed { expected: "version" });
}

/// A text in Markdown: something, not too long, no control character.
pub fn check_markdown(c: &mut Check, field: &str, text: &str) {
    if text.len() > MAX_MARKDOWN_BYTES {
        c.fail(field, Rule::TooLong { max: MAX_MARKDOWN_BYTES as u64 });
        return;
    }
    c.paragraph(field, text, 1, MAX_MARKDOWN_BYTES);
}

/// What is wrong with these plans, each by itself and all together on this gateway definition.
pub fn check_plans(gateway: &GatewayDefinition, plans: &[&PlanDefinition]) -> Result<(), Vec<Violation>> {
    let mut c = Check::new();
    c.require(plans.len() <= MAX_PLANS, "plans", Rule::TooLong { max: MAX_PLANS as u64 });
    for (i, plan) in plans.iter().enumerate() {
        c.within(&format!("plans[{i}]"), plan.check());
        let twin = plans[..i].iter().any(|p| p.slug == plan.slug);
        c.require(!twin, &format!("plans[{i}].slug"), Rule::Taken);
    }
    let with = |security| plans.iter().filter(move |p| p.security == security);
    let seat = with(Security::ApiKey).next().is_none() || !gateway.credentials.is_empty();
    c.require(seat, "gateway.credentials", Rule::Required);
    // Whoever shows nothing falls under one plan: two would leave open which.
    if let Some(second) = plans.iter().rposition(|p| p.security == Security::Keyless)
        && with(Security::Keyless).count() > 1
    {
        c.fail(format!("plans[{second}].security"), Rule::Conflicts { with: "security: keyless".to_owned() });
    }
    c.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gateway(credentials: serde_json::Value) -> GatewayDefinition {
        serde_json::from_value(serde_json::json!({
            "route": {"path": "/a"},
            "upstreams": [{"url": "https://example.fr"}],
            "credentials": credentials,
        }))
        .unwrap()
    }

    fn plan(slug: &str, security: &str) -> PlanDefinition {
        serde_json::from_value(serde_json::json!({
            "slug": slug, "name": "P", "security": security,
            "limits": {"rate": {"count": 1, "window_seconds": 1}},
        }))
        .unwrap()
    }

    #[test]
    fn plans_must_fit_together_and_fit_the_gateway() {
        let plans = [plan("a", "api_key"), plan("a", "oauth2"), plan("b", "keyless"), plan("c", "keyless")];
        let found = check_plans(&gateway(serde_json::json!([])), &plans.each_ref()).unwrap_err();
        let fields: Vec<_> = found.iter().map(|v| (v.field.as_str(), v.rule.code())).collect();
        assert_eq!(
            fields,
            [
                ("plans[1].slug", "taken"),
                ("gateway.credentials", "required"),
                ("plans[3].security", "conflicts")
            ]
        );
        let key = serde_json::json!([{"in": "header", "name": "X-Key"}]);
        assert_eq!(check_plans(&gateway(key), &plans.each_ref()[1..3]), Ok(()));
    }

    #[test]
    fn a_version_is_one_segment() {
        for (version, good) in
            [("3.11", true), ("v2", true), ("", false), ("a/b", false), ("..", false), ("é", false)]
        {
            let mut c = Check::new();
            check_version(&mut c, version);
            assert_eq!(c.finish().is_ok(), good, "{version}");
        }
    }
}
