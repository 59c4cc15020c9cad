//! What can be set of this service alone, by environment variables.

use std::{env, fmt::Display, num::NonZeroU32, str::FromStr};

use chrono::TimeDelta;
use platform::ConfigError;

use crate::{oidc, rate_limits::Policy};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// How long an access token holds (`ACCESS_TOKEN_SECONDS`, else 900).
    pub(crate) access_token: TimeDelta,
    /// How many requests a token may send (`RATE_LIMIT_TOKEN`, else 6000; 0 is no limit) in a window
    /// (`RATE_LIMIT_WINDOW_SECONDS`, else 60).
    pub(crate) rate_of_tokens: Policy,
    /// The same of an address without a token (`RATE_LIMIT_ADDRESS`, else 1200).
    pub(crate) rate_of_addresses: Policy,
    /// How many proxies of ours a request comes through, each of which adds to `X-Forwarded-For`
    /// (`TRUSTED_PROXIES`, else 0).
    pub(crate) trusted_proxies: usize,
    /// Where people reach Almanac (`PUBLIC_URL`, else the front door of `cargo xtask up`).
    pub(crate) public_url: String,
    /// The OpenID providers people may sign in at (`OIDC_PROVIDERS`, a JSON list, else none).
    pub(crate) oidc: Vec<oidc::Configured>,
}

const PUBLIC_URL: &str = "http://127.0.0.1:8000";

impl Settings {
    pub(crate) fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(|name| env::var(name).ok())
    }

    fn from_lookup(lookup: impl Fn(&'static str) -> Option<String>) -> Result<Self, ConfigError> {
        let access_token: u32 = number(&lookup, "ACCESS_TOKEN_SECONDS", 900)?;
        let window: NonZeroU32 =
            number(&lookup, "RATE_LIMIT_WINDOW_SECONDS", NonZeroU32::MIN.saturating_add(59))?;
        let policy = |name, limit| Policy { name, limit, window: window.get() };
        Ok(Self {
            access_token: TimeDelta::seconds(access_token.into()),
            rate_of_tokens: policy("token", number(&lookup, "RATE_LIMIT_TOKEN", 6000)?),
            rate_of_addresses: policy("address", number(&lookup, "RATE_LIMIT_ADDRESS", 1200)?),
            trusted_proxies: number(&lookup, "TRUSTED_PROXIES", 0)?,
            public_url: lookup("PUBLIC_URL").unwrap_or_else(|| PUBLIC_URL.to_owned()),
            oidc: providers(lookup("OIDC_PROVIDERS").unwrap_or_default())?,
        })
    }
}

fn providers(value: String) -> Result<Vec<oidc::Configured>, ConfigError> {
    if value.is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_str(&value).map_err(|error| ConfigError::Invalid {
        name: "OIDC_PROVIDERS",
        detail: error.to_string(),
        value,
    })
}

fn number<T: FromStr<Err: Display>>(
    lookup: impl Fn(&'static str) -> Option<String>,
    name: &'static str,
    otherwise: T,
) -> Result<T, ConfigError> {
    let Some(value) = lookup(name).filter(|value| !value.is_empty()) else { return Ok(otherwise) };
    value.parse().map_err(|error: T::Err| ConfigError::Invalid { name, detail: error.to_string(), value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_has_a_default_and_what_makes_no_sense_is_named() {
        let from = |value: Option<&str>| {
            Settings::from_lookup(|name| value.filter(|_| name == "ACCESS_TOKEN_SECONDS").map(str::to_owned))
        };
        assert_eq!(from(None).unwrap().access_token, TimeDelta::minutes(15));
        assert_eq!(from(Some("60")).unwrap().access_token, TimeDelta::seconds(60));
        assert!(from(Some("soon")).unwrap_err().to_string().contains("ACCESS_TOKEN_SECONDS"));
    }

    #[test]
    fn providers_are_a_json_list() {
        let of = |text: &str| providers(text.to_owned());
        assert_eq!(of("").unwrap(), []);
        let house = r#"[{"name": "house", "issuer": "https://id.example", "client_id": "us"}]"#;
        assert_eq!(of(house).unwrap()[0].issuer, "https://id.example");
        assert!(of(r#"[{"name": "house"}]"#).unwrap_err().to_string().contains("OIDC_PROVIDERS"));
    }
}
