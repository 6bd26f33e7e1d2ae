//! Every message in both languages, as text and as a document; and that no name can do harm.

use octroi_app::mail::{About, Author, Mail, MailMessage, Offer, Rendered, SubscriptionNews, TicketNews};
use octroi_domain::api::Language;
use octroi_domain::time::Timestamp;

use super::render;

const PORTAL: &str = "https://portal.example";

/// The names that a sample is filled with.
struct Names<'a> {
    person: &'a str,
    thing: &'a str,
    text: &'a str,
}

const PLAIN: Names<'_> = Names {
    person: "Agnès",
    thing: "Ville de Trifouillis",
    text: "Nous vérifions 500 SIRET par jour.\n\nMerci d’avance.",
};

fn samples(names: &Names<'_>) -> Vec<MailMessage> {
    let first_name = || names.person.to_owned();
    let named =
        |text: &str| if names.person == PLAIN.person { text.to_owned() } else { names.thing.to_owned() };
    let page = |path: &str| format!("{PORTAL}{path}");
    let url = || page("/x?token=t0k3n");
    let forgot_url = || page("/forgot-password");
    let expires_at = Timestamp::from_millis(1_795_364_438_123);
    let offer = Offer { api: named("API Sirene"), version: "3.11".to_owned(), plan: named("Accès public") };
    let about = About { application: named("Guichet"), offer: Some(offer) };
    let client = About { application: named("Guichet"), offer: None };
    let owner = || Author::Owner { name: named("Camille Arnaud") };
    let provider = || Author::Provider { name: named("Paul Martin"), organization: named("Insee") };
    let subscription = page("/applications/app_1/subscriptions/sub_1");
    let invitation = |organization: Option<String>, inviter: Option<String>| MailMessage::Invitation {
        organization,
        inviter,
        url: url(),
        expires_at,
    };
    let decided = |news, author, reason: Option<&str>| MailMessage::Subscription {
        first_name: first_name(),
        news,
        about: about.clone(),
        author,
        reason: reason.map(str::to_owned),
        url: subscription.clone(),
    };
    let renewed = |about: &About, old_until, url| MailMessage::KeyRenewed {
        first_name: first_name(),
        about: about.clone(),
        hint: "Zk4w".to_owned(),
        old_until,
        author: owner(),
        url,
    };
    let revoked = |about: &About, author, url| MailMessage::KeyRevoked {
        first_name: first_name(),
        about: about.clone(),
        hint: "Zk4w".to_owned(),
        author,
        url,
    };
    let leaked = |about: &About, revoked, place: &str, url| MailMessage::KeyLeaked {
        first_name: first_name(),
        about: about.clone(),
        hint: "Zk4w".to_owned(),
        revoked,
        place: place.to_owned(),
        url,
    };
    let expiring = |days, with_subscription| MailMessage::KeyExpiring {
        first_name: first_name(),
        about: about.clone(),
        hint: "Zk4w".to_owned(),
        ends_at: expires_at,
        days,
        with_subscription,
        url: subscription.clone(),
    };
    let ticket = |news| MailMessage::Ticket {
        first_name: first_name(),
        news,
        subject: named("Erreur 503 le matin"),
        api: named("API Sirene"),
        author: named("Paul Martin"),
        excerpt: names.text.to_owned(),
        url: page("/tickets/tic_1"),
    };
    let application = page("/applications/app_1");
    vec![
        MailMessage::VerifyEmail { first_name: first_name(), url: url(), expires_at },
        MailMessage::AlreadyRegistered {
            first_name: first_name(),
            sign_in_url: page("/sign-in"),
            forgot_url: forgot_url(),
        },
        MailMessage::ResetPassword { first_name: first_name(), url: url(), expires_at },
        MailMessage::PasswordChanged { first_name: first_name(), forgot_url: forgot_url() },
        MailMessage::ConfirmNewEmail { first_name: first_name(), url: url(), expires_at },
        MailMessage::EmailChanged { first_name: first_name() },
        invitation(None, None),
        invitation(Some(named("Ville de Trifouillis")), None),
        invitation(Some(named("Ville de Trifouillis")), Some(named("Jean Dupont"))),
        MailMessage::NewSignIn {
            first_name: first_name(),
            at: expires_at,
            client: "192.0.2.…".to_owned(),
            agent: named("Firefox, Linux"),
            sessions_url: page("/account/sessions"),
            forgot_url: forgot_url(),
        },
        MailMessage::SubscriptionRequested {
            first_name: first_name(),
            about: about.clone(),
            organization: named("Ville de Trifouillis"),
            author: owner(),
            comment: names.text.to_owned(),
            url: page("/provider/apis/api_1/subscriptions"),
        },
        decided(SubscriptionNews::Approved, provider(), None),
        decided(SubscriptionNews::Rejected, provider(), Some(names.text)),
        decided(SubscriptionNews::Paused, Author::Operator, Some(names.text)),
        decided(SubscriptionNews::Resumed, provider(), None),
        decided(SubscriptionNews::Closed, owner(), None),
        decided(SubscriptionNews::PlanChanged, Author::Operator, None),
        MailMessage::ApplicationArchived {
            first_name: first_name(),
            about: client.clone(),
            author: owner(),
            url: application.clone(),
        },
        renewed(&about, Some(expires_at), subscription.clone()),
        renewed(&client, None, application.clone()),
        leaked(&about, false, names.text, subscription.clone()),
        leaked(&client, true, "", application.clone()),
        MailMessage::TokenLeaked {
            first_name: first_name(),
            name: named("Déploiement"),
            hint: "Zk4w".to_owned(),
            url: page("/account/tokens"),
        },
        revoked(&about, provider(), subscription.clone()),
        revoked(&client, owner(), application.clone()),
        expiring(30, false),
        expiring(1, true),
        ticket(TicketNews::Opened),
        ticket(TicketNews::Answered),
    ]
}

fn rendered(message: MailMessage, language: Language) -> Rendered {
    render(&Mail { to: "agnes@example.fr".to_owned(), language, message }, PORTAL)
}

/// The document without its frame and its styles, which are the same for all.
fn plain(html: &str) -> String {
    let from = html.find("<h1").unwrap();
    let to = html.rfind("\n</td></tr>\n</table>\n</td></tr>").unwrap();
    let mut text = String::new();
    let mut rest = &html[from..to];
    while let Some((before, after)) = rest.split_once(" style=\"") {
        text.push_str(before);
        rest = after.split_once('"').unwrap().1;
    }
    text + rest
}

#[test]
fn every_mail_reads_well_in_both_languages() {
    for language in [Language::Fr, Language::En] {
        let mut all = String::new();
        for message in samples(&PLAIN) {
            let Rendered { subject, text, html, .. } = rendered(message, language);
            assert!(!subject.contains('\n'), "{subject}");
            for words in [&subject, &text, &html] {
                assert!(!words.contains("{$") && !words.contains("email-"), "{words}");
            }
            all.push_str(&format!("==== {subject}\n\n{text}\n---- HTML\n{}\n", plain(&html)));
        }
        insta::assert_snapshot!(format!("mails_{}", language.code()), all);
    }
}

#[test]
fn the_document_stands_by_itself() {
    let html = rendered(samples(&PLAIN).remove(0), Language::Fr).html;
    insta::assert_snapshot!("frame", html);
    for message in samples(&PLAIN) {
        let html = rendered(message, Language::En).html;
        assert!(html.contains("<html lang=\"en\">"));
        for foreign in ["<img", "<script", "<link", "url(", "@import", "src="] {
            assert!(!html.contains(foreign), "{foreign}: {html}");
        }
    }
}

#[test]
fn text_and_document_say_the_same() {
    for message in samples(&PLAIN) {
        let Rendered { text, html, .. } = rendered(message, Language::Fr);
        for line in text.lines().filter(|line| !line.is_empty() && *line != "-- ") {
            let said = line.strip_prefix("> ").unwrap_or(line);
            // Labels stand in a cell or a button of their own there.
            let said = said.split_once("\u{a0}: ").map_or(said, |(_, value)| value);
            let said = said.strip_suffix("\u{a0}:").unwrap_or(said);
            assert!(html.contains(said), "{said}\n{html}");
        }
    }
}

#[test]
fn names_do_no_harm_in_any_mail() {
    let hostile = Names {
        person: "<b>Eve</b>\r\nBcc: x@evil.example",
        thing: "\"><a href=https://evil.example/?a=1&b=2>www.evil.example</a>\u{202e}\u{200b}{ $url }\n\nhttp://evil.example",
        text: "<script>alert(1)</script>\n\nhttp://evil.example/ www.evil.example x@evil.example\u{0}",
    };
    for language in [Language::Fr, Language::En] {
        for (message, plain) in samples(&hostile).into_iter().zip(samples(&PLAIN)) {
            let tags = rendered(plain, language).html.matches('<').count();
            let Rendered { subject, text, html, .. } = rendered(message, language);
            for words in [&subject, &text, &html] {
                for harm in ["evil.example", "www.", "\r", "\u{202e}", "\u{200b}", "\u{0}"] {
                    assert!(!words.contains(harm), "{harm:?} in {words}");
                }
                let addresses = words.matches("://").count();
                assert_eq!(addresses, words.matches(PORTAL).count(), "{words}");
            }
            assert!(!subject.contains('\n'));
            assert!(!text.lines().any(|line| line.starts_with("Bcc")), "{text}");
            // Not one tag more than the same mail has with plain names.
            assert_eq!(html.matches('<').count(), tags, "{html}");
        }
    }
}

#[test]
fn very_long_names_leave_a_mail_of_ordinary_size() {
    let long = "é".repeat(10_000);
    let names = Names { person: &long, thing: &long, text: &long };
    for message in samples(&names) {
        let Rendered { subject, text, html, .. } = rendered(message, Language::Fr);
        assert!(subject.chars().count() < 400 && text.len() < 8_000 && html.len() < 20_000, "{subject}");
    }
}
