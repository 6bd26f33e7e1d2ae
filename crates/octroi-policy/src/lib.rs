//! The pure decision on a call: (snapshot, facts, now) in, decision out. No input or output, no clock.

pub mod feed;
