//! By which names the service may be reached, so that a page of the web does not reach it through
//! its visitor's browser: neither under a name of its own that points to loopback, nor from another
//! origin.

use crate::problem::Problem;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use std::net::IpAddr;

/// The names that `Host` and `Origin` may have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Hosts {
    #[default]
    Any,
    /// Names of loopback, and one by which others reach it through a proxy.
    Loopback { public: Option<String> },
}

impl Hosts {
    /// Those of a service that listens on `address`, and is known to others by `public_url`.
    pub fn of(address: IpAddr, public_url: Option<&str>) -> Self {
        if !address.is_loopback() {
            return Self::Any;
        }
        let public = public_url.map(|url| {
            let host = url.split_once("://").map_or(url, |(_, rest)| rest);
            let host = host.split('/').next().unwrap_or_default();
            without_port(host).to_owned()
        });
        Self::Loopback { public }
    }

    /// Names of loopback alone.
    pub(crate) const LOOPBACK: Self = Self::Loopback { public: None };

    /// # Errors
    /// 403 where a header names another host.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Self::Loopback { public } = self else {
            return Ok(());
        };
        let is_ours = |host: &str| {
            let named = public.as_deref();
            is_loopback(host) || named.is_some_and(|public| host.eq_ignore_ascii_case(public))
        };
        for name in [header::HOST, header::ORIGIN] {
            if named_hosts(headers, &name).any(|host| !is_ours(host)) {
                let detail = format!(
                    "`{name}` must be loopback for a service that listens on loopback, or the host \
                     of `public_url`"
                );
                return Err(Problem::new(StatusCode::FORBIDDEN, "not_loopback", detail));
            }
        }
        Ok(())
    }
}

/// The hosts that a `Host` or `Origin` header names; what can't be read is a name of nobody.
fn named_hosts<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'a str> + use<'a> {
    headers.get_all(name).iter().map(|value| {
        let text = value.to_str().unwrap_or_default();
        without_port(text.split_once("://").map_or(text, |(_, host)| host))
    })
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => host,
        _ => host,
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_allowed(hosts: &Hosts, name: HeaderName, value: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        hosts.check(&headers).is_ok()
    }

    #[test]
    fn loopback_has_many_names() {
        for yes in [
            "localhost",
            "localhost:7400",
            "127.0.0.1:7400",
            "[::1]:7400",
            "[::1]",
        ] {
            assert!(is_allowed(&Hosts::LOOPBACK, header::HOST, yes), "{yes}");
        }
        let origin = "http://127.0.0.1:5173";
        assert!(is_allowed(&Hosts::LOOPBACK, header::ORIGIN, origin));
        for no in [
            "example.org",
            "127.0.0.1.example.org:80",
            "null",
            "http://evil.test",
            "10.0.0.1",
        ] {
            assert!(!is_allowed(&Hosts::LOOPBACK, header::HOST, no), "{no}");
        }
    }

    #[test]
    fn a_proxy_in_front_names_the_public_host() {
        let local = "127.0.0.1".parse().unwrap();
        let hosts = Hosts::of(local, Some("https://touchbook.example.org/crm"));
        assert!(is_allowed(&hosts, header::HOST, "touchbook.example.org"));
        let origin = "https://touchbook.example.org";
        assert!(is_allowed(&hosts, header::ORIGIN, origin));
        assert!(!is_allowed(&hosts, header::HOST, "evil.example.org"));
        let others = Hosts::of("10.0.0.1".parse().unwrap(), None);
        assert!(is_allowed(&others, header::HOST, "any.example.org"));
    }
}
