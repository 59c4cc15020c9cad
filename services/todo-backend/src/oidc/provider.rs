//! A provider: what is configured, and what it tells of itself (OpenID Connect Discovery 1.0).

mod cached;

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::jwk::JwkSet;
use platform::Problem;
use reqwest::{Client, Url, header};
use serde::{Deserialize, de::DeserializeOwned};
use url::form_urlencoded::byte_serialize;

use self::cached::Cached;
use super::{failed, login::Login};

/// One entry of `OIDC_PROVIDERS`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Configured {
    /// Its part of the path.
    pub(crate) name: String,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
}

impl Configured {
    /// The secret store's name of the client's secret.
    pub(super) fn secret_name(&self) -> String {
        format!("oidc-{}", self.name)
    }
}

pub(super) struct Provider {
    pub(super) configured: Configured,
    metadata: Cached<Metadata>,
    keys: Cached<JwkSet>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

impl Provider {
    pub(super) fn new(configured: Configured) -> Self {
        Self { configured, metadata: Cached::default(), keys: Cached::default() }
    }

    pub(super) async fn metadata(&self, http: &Client) -> Result<Arc<Metadata>, Problem> {
        let issuer = &self.configured.issuer;
        let fetched = async {
            let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
            let metadata: Metadata = fetch(http, &url).await?;
            // Section 4.3: else one provider could speak for another.
            if metadata.issuer != *issuer {
                return Err(Problem::internal(format!("{url} is of the issuer {}", metadata.issuer)));
            }
            Ok(metadata)
        };
        self.metadata.get(false, fetched).await
    }

    /// Its keys; `anew` if one was not among them.
    pub(super) async fn keys(&self, http: &Client, anew: bool) -> Result<Arc<JwkSet>, Problem> {
        let metadata = self.metadata(http).await?;
        self.keys.get(anew, fetch(http, &metadata.jwks_uri)).await
    }
}

impl Metadata {
    pub(super) fn authorization_url(
        &self,
        configured: &Configured,
        login: &Login,
        redirect_uri: &str,
    ) -> Result<String, Problem> {
        let mut url = Url::parse(&self.authorization_endpoint).map_err(|error| away(&error))?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &configured.client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", "openid email")
            .append_pair("state", &login.state.encode())
            .append_pair("nonce", &login.nonce)
            .append_pair("code_challenge", &login.code_challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(url.into())
    }

    /// The ID token for a code (RFC 6749 section 4.1.3).
    pub(super) async fn exchange(
        &self,
        http: &Client,
        configured: &Configured,
        secret: &str,
        login: &Login,
        code: &str,
        redirect_uri: &str,
    ) -> Result<String, Problem> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", &login.code_verifier),
        ];
        let request = http.post(&self.token_endpoint).header(header::ACCEPT, "application/json");
        let methods = &self.token_endpoint_auth_methods_supported;
        let by_header = methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic");
        let request = if by_header {
            request.header(header::AUTHORIZATION, basic(&configured.client_id, secret))
        } else {
            form.extend([("client_id", configured.client_id.as_str()), ("client_secret", secret)]);
            request
        };
        let response = request.form(&form).send().await.map_err(|error| away(&error))?;
        let status = response.status();
        if status.is_server_error() {
            return Err(away(&status));
        }
        if !status.is_success() {
            // The code was used, or never was, or is somebody else's; or the secret is wrong, which is ours to mend.
            let reason = response.text().await.unwrap_or_default();
            let reason: String = reason.chars().take(500).collect();
            tracing::warn!(provider = configured.name, %status, reason, "a provider gave nothing for a code");
            return Err(failed("The provider did not confirm that you signed in there."));
        }
        response.json().await.map(|tokens: Tokens| tokens.id_token).map_err(|error| away(&error))
    }
}

/// Section 2.3.1: both are form-encoded first.
fn basic(client_id: &str, secret: &str) -> String {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(client_id), encoded(secret))))
}

async fn fetch<T: DeserializeOwned>(http: &Client, url: &str) -> Result<T, Problem> {
    let response = http.get(url).send().await.and_then(reqwest::Response::error_for_status);
    response.map_err(|error| away(&error))?.json().await.map_err(|error| away(&error))
}

fn away(error: &dyn std::fmt::Display) -> Problem {
    tracing::warn!(%error, "an OpenID provider does not answer as it should");
    Problem::unavailable("The provider does not answer right now.")
}
