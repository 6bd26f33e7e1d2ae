//! Search in the documentation: pages cut at their headings, words brought to their stems, passages ranked by BM25
//! (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009). What finds too little says so.

mod index;
mod words;

pub(crate) use index::{Found, Index, Page, Question};
