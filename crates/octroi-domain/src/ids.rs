//! Prefixed identifiers: `app_01jd…`. A ULID (sortable by creation, 80 random bits) behind a prefix that says what
//! it names, so that an id pasted into the wrong field is refused instead of not found.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use ulid::Ulid;

use crate::time::{Entropy, Timestamp, random_bytes};

/// A text that is not an identifier of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of the form {prefix}_… ")]
pub struct BadId {
    /// The prefix that was wanted.
    pub prefix: &'static str,
}

fn parse(prefix: &'static str, text: &str) -> Result<Ulid, BadId> {
    text.strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .filter(|rest| rest.len() == ulid::ULID_LEN)
        .and_then(|rest| Ulid::from_string(rest).ok())
        .ok_or(BadId { prefix })
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Ulid);

        impl $name {
            /// What stands before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new identifier, sortable by `now`.
            pub fn new(now: Timestamp, entropy: &dyn Entropy) -> Self {
                let ms = u64::try_from(now.as_millis()).unwrap_or(0);
                Self(Ulid::from_parts(ms, u128::from_be_bytes(random_bytes(entropy))))
            }

            /// The identifier as a number: for compact tables, never shown.
            pub const fn as_u128(self) -> u128 {
                self.0.0
            }

            /// Appends the identifier's text.
            pub fn append_to(self, text: &mut String) {
                let mut buffer = [0; ulid::ULID_LEN];
                let number = self.0.array_to_str(&mut buffer);
                number.make_ascii_lowercase();
                text.push_str(concat!($prefix, "_"));
                text.push_str(number);
            }

            /// The identifier that [`Self::as_u128`] gave.
            pub const fn from_u128(number: u128) -> Self {
                Self(Ulid(number))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut buffer = [0; ulid::ULID_LEN];
                let text = self.0.array_to_str(&mut buffer);
                text.make_ascii_lowercase();
                write!(f, concat!($prefix, "_{}"), text)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                parse($prefix, text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "pattern": concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$"),
                })
            }
        }
    )*};
}

ids! {
    /// An [account](crate::account::Account).
    AccountId = "acc";
    /// An [organization](crate::organization::Organization).
    OrganizationId = "org";
    /// An [API](crate::api::Api), one version of it.
    ApiId = "api";
    /// A [plan](crate::plan::Plan) of an API.
    PlanId = "pln";
    /// An [application](crate::application::Application).
    ApplicationId = "app";
    /// A [subscription](crate::subscription::Subscription).
    SubscriptionId = "sub";
    /// A [credential](crate::credential::Credential).
    CredentialId = "key";
    /// A token of the management API.
    ManagementTokenId = "mgt";
    /// A session of a browser.
    BrowserSessionId = "ses";
    /// A form that is not sent yet.
    DraftId = "drf";
    /// An invitation, sent by mail or printed by the command line.
    InvitationId = "inv";
    /// A job of the work queue.
    JobId = "job";
    /// A documentation page of an API.
    PageId = "pag";
    /// A [ticket](crate::ticket::Ticket).
    TicketId = "tkt";
    /// A [message](crate::ticket::TicketMessage) of a ticket.
    TicketMessageId = "msg";
    /// A signing key of the portal's OAuth2 server.
    SigningKeyId = "jwk";
    /// A call through the gateway.
    RequestId = "req";
    /// One start of one gateway: with the gateway's name and a sequence it makes a batch of counts unique.
    BootId = "bot";
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;
    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(7);
        }
    }

    #[test]
    fn an_id_survives_its_text_and_refuses_another_kind() {
        let id = ApplicationId::new(Timestamp::from_millis(1_795_364_438_123), &Fixed);
        let text = id.to_string();
        assert!(text.starts_with("app_01m"), "{text}");
        assert_eq!(text.parse::<ApplicationId>(), Ok(id));
        assert_eq!(text.to_uppercase().replace("APP_", "app_").parse::<ApplicationId>(), Ok(id));
        assert_eq!(text.parse::<AccountId>(), Err(BadId { prefix: "acc" }));
        for bad in ["", "app_", "app", "app_é", &format!("{text}0"), "app_01jd"] {
            assert!(bad.parse::<ApplicationId>().is_err(), "{bad}");
        }
    }
}
