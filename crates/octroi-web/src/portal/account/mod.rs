//! My account: profile, password, where I am signed in, my organizations, tokens of the management API, my data.

mod data;
mod email;
mod members;
mod organizations;
mod password;
mod profile;
mod sessions;
mod tokens;

use octroi_app::mail::pages::SESSIONS;

use super::route::PageRow;
use super::shell::Shell;

pub(super) use data::{CLOSE, DATA, EXPORT};
pub(super) use members::{member_roles, role_of};
pub(super) use organizations::{ORGANIZATIONS, role_word};
pub(super) use profile::PROFILE;

pub(super) fn pages() -> Vec<PageRow> {
    let parts = [
        profile::pages,
        email::pages,
        password::pages,
        sessions::pages,
        organizations::pages,
        members::pages,
        tokens::pages,
        data::pages,
    ];
    parts.into_iter().flat_map(|pages| pages()).collect()
}

/// A part of the account, as a link.
pub(super) struct Tab {
    pub(super) label: String,
    pub(super) href: &'static str,
    pub(super) current: bool,
}

const TABS: [(&str, &str); 6] = [
    ("account-tab-profile", PROFILE),
    ("account-tab-password", password::PASSWORD),
    ("account-tab-sessions", SESSIONS),
    ("account-tab-organizations", ORGANIZATIONS),
    ("account-tab-tokens", tokens::TOKENS),
    ("account-tab-data", DATA),
];

/// The parts of the account, of which `current` is shown.
fn tabs(shell: &Shell, current: &str) -> Vec<Tab> {
    TABS.iter().map(|(id, href)| Tab { label: shell.say(id), href, current: *href == current }).collect()
}
