//! The demo: the whole product on embedded defaults, with fictitious data behind it.

mod sirene;
