//! The catalogue: APIs, their plans, pages and files; by one use case at a time, or whole from files.
//!
//! | part | what it does |
//! |---|---|
//! | `apis`, `plans`, `pages`, `attachments` | the use cases, one object at a time |
//! | `browse`, `refusals` | what the portal's pages show: the catalogue as cards, answers of the gateway |
//! | [`document`] | what a catalogue file says, and its JSON Schema |
//! | `yaml` | reads YAML and remembers where each value stood |
//! | [`files`] | reads catalogue files and what they name, and checks each by itself |
//! | [`apply`] | compares them with the database and writes the difference, all or nothing |
//! | [`openapi`] | takes in an OpenAPI document, gives it back as one of ours, finds sample calls in it |

mod apis;
pub mod apply;
mod attachments;
mod browse;
pub mod document;
mod fault;
pub mod files;
pub mod openapi;
mod pages;
mod plans;
mod refusals;
mod view;
mod write;
mod yaml;

pub use apis::{ApiFilter, ApiInput};
pub use attachments::MAX_OPENAPI_BYTES;
pub(crate) use browse::Figures;
pub use browse::{AccessKind, ApiCard, BrowseFilter, Browsed, Choice, MAX_QUERY, VersionLine};
pub use document::schema;
pub use fault::{Fault, Faults};
pub use pages::PageInput;
pub use refusals::{Answers, Header, Refusal};
pub use view::{ApiView, OrganizationName, PageSummary, PageView, PlanView, TermsView};
