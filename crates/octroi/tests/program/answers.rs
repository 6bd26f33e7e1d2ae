//! The documentation of the demo, asked: forty questions of which thirty-six find their page among the first three
//! answers, and some that nothing answers.

use serde::Deserialize;

use crate::program::{Demo, call};

/// A question, where it is put, and the pages that answer it.
#[derive(Deserialize)]
struct Question {
    language: String,
    at: String,
    ask: String,
    page: Vec<String>,
}

/// The pages that an answer names, best first, without the portal's address and the place within the page.
fn pages(demo: &Demo, language: &str, at: &str, ask: &str) -> Vec<String> {
    let portal = demo.text("/portal");
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("ask", ask).finish();
    let headers = [("accept", "text/markdown"), ("accept-language", language)];
    let (status, answer) = call("GET", &format!("{portal}{at}?{query}"), &headers, None).unwrap();
    assert_eq!(status, 200, "{answer}");
    let links =
        answer.lines().filter(|line| line.starts_with("## ")).filter_map(|line| line.rsplit_once("]("));
    let addresses = links.map(|(_, rest)| rest.trim_end_matches(')').trim_start_matches(&portal));
    addresses.map(|address| address.split('#').next().unwrap().to_owned()).collect()
}

#[test]
fn thirty_six_of_forty_questions_find_their_page_among_three_answers() {
    let data = tempfile::tempdir().unwrap();
    let demo = Demo::start(data.path());
    let questions: Vec<Question> = serde_json::from_str(include_str!("questions.json")).unwrap();
    assert_eq!(questions.len(), 40);
    let mut missed = Vec::new();
    for Question { language, at, ask, page } in &questions {
        let found = pages(&demo, language, at, ask);
        if !found.iter().take(3).any(|one| page.contains(one)) {
            missed.push(format!("{ask}: {found:?}"));
        }
    }
    assert!(missed.len() <= 4, "{}", missed.join("\n"));
    println!("{} of {} answered; missed: {missed:#?}", questions.len() - missed.len(), questions.len());

    for (language, ask) in [
        ("fr", "prévisions météo de demain à Brest"),
        ("fr", "recette de la tarte aux pommes"),
        ("en", "how tall is the Eiffel tower"),
        ("en", "cheap flights to Lisbon"),
    ] {
        assert_eq!(pages(&demo, language, "/documentation", ask), [""; 0], "{ask}");
    }
    demo.stop("TERM");
}
