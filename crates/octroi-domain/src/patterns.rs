//! Forms of values as regular expressions, for published schemas: what [`crate::validate`] checks, said in the dialect that
//! JSON Schema readers share (ECMA 262 without look-around).

/// A line of plain text, possibly empty: no control character, none that hides or changes the text's direction.
pub const LINE: &str = r"^[^\u0000-\u001F\u007F-\u009F\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]*$";

/// A line that says something: not blank.
pub const NAME: &str = r"^[^\u0000-\u001F\u007F-\u009F\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]*[^\s\u0000-\u001F\u007F-\u009F\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF][^\u0000-\u001F\u007F-\u009F\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]*$";

/// A text of several lines, possibly empty.
pub const PARAGRAPH: &str =
    r"^[^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]*$";

/// A text of several lines that says something.
pub const TEXT: &str = r"^[^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]*[^\s\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF][^\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]*$";

/// A [slug](crate::validate::is_slug).
pub const SLUG: &str = "^[a-z0-9]+(-[a-z0-9]+)*$";

/// The name that a person signs in with.
pub const IDENTIFIER: &str = r"^[A-Za-z0-9_.-]{3,64}$";

/// The version of an API.
pub const VERSION: &str = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$";

/// A scope (RFC 6749, 3.3).
pub const SCOPE: &str = r"^[!#-\[\]-~]+$";

/// A SHA-256 in hexadecimal.
pub const SHA256: &str = "^[0-9a-fA-F]{64}$";

/// A key from another system: printable ASCII without spaces.
pub const IMPORTABLE: &str = "^[!-~]{8,128}$";

/// Patterns whose form has a name: the same that [`Rule::Malformed`](crate::validate::Rule::Malformed) gives it.
pub const FORMS: [(&str, &str); 6] = [
    (SLUG, "slug"),
    (IDENTIFIER, "identifier"),
    (VERSION, "version"),
    (SCOPE, "scope"),
    (SHA256, "sha256"),
    (IMPORTABLE, "importable_key"),
];

/// Patterns of plain text: what breaks one is blank, or holds a character that no text may hold.
pub const TEXTS: [&str; 4] = [LINE, NAME, PARAGRAPH, TEXT];
