//! A service's configuration: a dozen environment variables, set by whatever starts it.

use std::{env, fmt, net::IpAddr, str::FromStr};

/// Where a service listens, and what it is connected to.
#[derive(Clone)]
pub struct Config {
    /// The Dapr app-id (`APP_ID`).
    pub app_id: String,
    /// Where the service listens (`APP_HOST`, else 127.0.0.1).
    pub host: IpAddr,
    /// `APP_PORT`.
    pub port: u16,
    /// The sidecar's HTTP API (`DAPR_HTTP_PORT`, else 3500).
    pub dapr_http_port: u16,
    /// The sidecar's gRPC API (`DAPR_GRPC_PORT`, else 50001).
    pub dapr_grpc_port: u16,
    /// `DATABASE_URL`.
    pub database_url: String,
    /// The name of the pub/sub component (`PUBSUB_NAME`, else `pubsub`).
    pub pubsub: String,
    /// What the sidecar must present when it calls the service (`APP_API_TOKEN`).
    pub app_api_token: Option<String>,
    /// What the service presents when it calls the sidecar (`DAPR_API_TOKEN`).
    pub dapr_api_token: Option<String>,
}

/// A variable that is missing or makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    #[error("the environment variable {name} is {value:?}: {detail}")]
    Invalid { name: &'static str, value: String, detail: String },
}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// When a variable is missing or makes no sense.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(|name| env::var(name).ok())
    }

    fn from_lookup(lookup: impl Fn(&'static str) -> Option<String>) -> Result<Self, ConfigError> {
        let optional = |name| lookup(name).filter(|value| !value.is_empty());
        let required = |name| optional(name).ok_or(ConfigError::Missing(name));
        Ok(Self {
            app_id: required("APP_ID")?,
            host: parse("APP_HOST", optional("APP_HOST").unwrap_or_else(|| "127.0.0.1".to_owned()))?,
            port: parse("APP_PORT", required("APP_PORT")?)?,
            dapr_http_port: parse("DAPR_HTTP_PORT", optional("DAPR_HTTP_PORT").unwrap_or("3500".to_owned()))?,
            dapr_grpc_port: parse(
                "DAPR_GRPC_PORT",
                optional("DAPR_GRPC_PORT").unwrap_or("50001".to_owned()),
            )?,
            database_url: required("DATABASE_URL")?,
            pubsub: optional("PUBSUB_NAME").unwrap_or_else(|| "pubsub".to_owned()),
            app_api_token: optional("APP_API_TOKEN"),
            dapr_api_token: optional("DAPR_API_TOKEN"),
        })
    }
}

fn parse<T: FromStr<Err: fmt::Display>>(name: &'static str, value: String) -> Result<T, ConfigError> {
    value.parse().map_err(|error: T::Err| ConfigError::Invalid { name, detail: error.to_string(), value })
}

/// Without the secrets: a database URL may hold a password.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("app_id", &self.app_id)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("dapr_http_port", &self.dapr_http_port)
            .field("dapr_grpc_port", &self.dapr_grpc_port)
            .field("pubsub", &self.pubsub)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let find =
            |name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Config::from_lookup(find)
    }

    #[test]
    fn the_least_that_must_be_set() {
        let config =
            from(&[("APP_ID", "todo-backend"), ("APP_PORT", "8000"), ("DATABASE_URL", "postgres://x")])
                .unwrap();
        assert_eq!((config.port, config.dapr_grpc_port, config.pubsub.as_str()), (8000, 50001, "pubsub"));
        assert_eq!(config.app_api_token, None);
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        assert_eq!(from(&[]).unwrap_err(), ConfigError::Missing("APP_ID"));
        let error = from(&[("APP_ID", "x"), ("APP_PORT", "70000")]).unwrap_err();
        assert!(error.to_string().starts_with("the environment variable APP_PORT is \"70000\""), "{error}");
    }

    #[test]
    fn secrets_are_not_printed() {
        let config = from(&[("APP_ID", "x"), ("APP_PORT", "1"), ("DATABASE_URL", "postgres://u:secret@h/d")]);
        assert!(!format!("{config:?}").contains("secret"));
    }
}
