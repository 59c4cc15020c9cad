//! Where a request comes from.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::{HeaderMap, request::Parts};

use crate::app::App;

const FORWARDED: &str = "x-forwarded-for";

/// The client's address; unknown only where no socket is, in tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientAddress(pub(crate) Option<IpAddr>);

impl FromRequestParts<App> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
        Ok(Self(forwarded(&parts.headers, app.trusted_proxies).or(peer)))
    }
}

/// What the outermost of our proxies saw. Each adds whom it got the request from at the end; what stands before theirs,
/// anybody may have written.
fn forwarded(headers: &HeaderMap, proxies: usize) -> Option<IpAddr> {
    if proxies == 0 {
        return None;
    }
    let lines = headers.get_all(FORWARDED).iter().filter_map(|line| line.to_str().ok());
    let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    hops.get(hops.len().checked_sub(proxies)?)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_our_own_proxies_added_is_believed() {
        let mut headers = HeaderMap::new();
        headers.append(FORWARDED, "6.6.6.6, 192.0.2.1".parse().unwrap());
        headers.append(FORWARDED, "10.0.0.1".parse().unwrap());
        let seen = |proxies| forwarded(&headers, proxies).map(|address| address.to_string());
        assert_eq!(seen(0), None);
        assert_eq!(seen(1).as_deref(), Some("10.0.0.1"));
        assert_eq!(seen(2).as_deref(), Some("192.0.2.1"));
        assert_eq!(seen(4), None);
        assert_eq!(forwarded(&HeaderMap::new(), 1), None);
    }
}
