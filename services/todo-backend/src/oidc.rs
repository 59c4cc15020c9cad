//! Signing in at an OpenID provider (OpenID Connect Core 1.0: the authorization code flow, with PKCE, state and nonce).
//!
//! - [`provider`] is what is configured of one, and what it tells of itself: endpoints and keys.
//! - [`login`] remembers who is on the way there, until they come back, once.
//! - [`id_token`] judges what the provider says of them.
//! - [`identity`] finds or makes the account.

mod id_token;
mod identity;
mod login;
mod provider;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use platform::Problem;
use sqlx::PgPool;

use self::{
    id_token::{Claims, Expected, Refusal},
    provider::Provider,
};
pub(crate) use self::{
    identity::account_of,
    login::{Browser, Login, clean_up},
    provider::Configured,
};
use crate::{problems, secret_store::SecretStore};

/// Longer than this, people do not wait.
const PATIENCE: Duration = Duration::from_secs(10);

/// The providers of this installation.
#[derive(Clone)]
pub(crate) struct Oidc(Arc<Inner>);

struct Inner {
    providers: BTreeMap<String, Provider>,
    http: reqwest::Client,
    public_url: String,
    secrets: Arc<SecretStore>,
}

/// What a provider sent somebody back with.
pub(crate) struct Answer<'a> {
    pub(crate) code: &'a str,
    /// Who says so, if it says (RFC 9207).
    pub(crate) issuer: Option<&'a str>,
}

impl Oidc {
    pub(crate) fn new(
        configured: Vec<Configured>,
        public_url: &str,
        secrets: Arc<SecretStore>,
    ) -> reqwest::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            // What is configured is meant; nothing leads elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let providers = configured.into_iter().map(|one| (one.name.clone(), Provider::new(one))).collect();
        let public_url = public_url.trim_end_matches('/').to_owned();
        Ok(Self(Arc::new(Inner { providers, http, public_url, secrets })))
    }

    /// Whether cookies must not travel in clear.
    pub(crate) fn is_secure(&self) -> bool {
        self.0.public_url.starts_with("https:")
    }

    /// Where to send somebody to sign in at a provider.
    pub(crate) async fn begin(
        &self,
        pool: &PgPool,
        provider: &str,
        time_zone: &str,
        now: DateTime<Utc>,
    ) -> Result<(String, Browser), Problem> {
        let (name, provider) = self.provider(provider)?;
        let metadata = provider.metadata(&self.0.http).await?;
        let (login, browser) = Login::begin(name, time_zone, now);
        login.store(pool, &browser).await?;
        let url = metadata.authorization_url(&provider.configured, &login, &self.redirect_uri(name))?;
        Ok((url, browser))
    }

    /// What the provider says of who came back.
    pub(crate) async fn finish(
        &self,
        login: &Login,
        answer: Answer<'_>,
        now: DateTime<Utc>,
    ) -> Result<Claims, Problem> {
        let (name, provider) = self.provider(&login.provider)?;
        if answer.issuer.is_some_and(|issuer| issuer != provider.configured.issuer) {
            return Err(failed("The answer is of another provider."));
        }
        let secret = self.0.secrets.get(&provider.configured.secret_name()).await?;
        let metadata = provider.metadata(&self.0.http).await?;
        let token = metadata
            .exchange(
                &self.0.http,
                &provider.configured,
                &secret,
                login,
                answer.code,
                &self.redirect_uri(name),
            )
            .await?;
        let expected = Expected {
            issuer: &provider.configured.issuer,
            client_id: &provider.configured.client_id,
            nonce: &login.nonce,
        };
        let keys = provider.keys(&self.0.http, false).await?;
        let claims = match id_token::verify(&token, &keys, &expected, now) {
            // It may sign with a key that is new.
            Err(Refusal::UnknownKey) => {
                let keys = provider.keys(&self.0.http, true).await?;
                id_token::verify(&token, &keys, &expected, now)
            }
            judged => judged,
        };
        claims.map_err(|refusal| {
            tracing::warn!(provider = name, %refusal, "an ID token was refused");
            failed("What the provider says of you does not hold.")
        })
    }

    fn provider(&self, name: &str) -> Result<(&str, &Provider), Problem> {
        let found = self.0.providers.get_key_value(name);
        let (name, provider) = found.ok_or_else(no_such_provider)?;
        Ok((name, provider))
    }

    fn redirect_uri(&self, provider: &str) -> String {
        format!("{}/api/v1/auth/oidc/{provider}/callback", self.0.public_url)
    }
}

pub(crate) fn no_such_provider() -> Problem {
    Problem::not_found("There is no such provider.")
}

pub(crate) fn failed(detail: &str) -> Problem {
    Problem::new(&problems::OIDC_FAILED, format!("{detail} Begin again."))
}
