//! `touchbook import` and `touchbook export`: customers from files, and into them, over HTTP.
//!
//! Unlike the other commands these ask the service at its address, as any program would, so a file
//! may be on another machine than the ledger.

mod export;
mod import;
mod service;

pub(crate) use export::run as export;
pub(crate) use import::run as import;

use crate::config::{Config, Slug};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// How the environment names the key of these commands.
pub(crate) const KEY_VARIABLE: &str = "TOUCHBOOK_KEY";

/// The service to ask, and as whom.
#[derive(clap::Args, Debug)]
pub(crate) struct To {
    /// Address of the service [default: http:// and where the settings say that it listens]
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// API key. Everybody on this machine can read a command line; the variable they can't
    #[arg(long, env = KEY_VARIABLE, hide_env_values = true)]
    pub(crate) key: Option<String>,
    /// Whose customers, where the service runs with --dev; a key says it elsewhere
    /// [default: the default tenant]
    #[arg(long)]
    pub(crate) tenant: Option<Slug>,
}

impl To {
    fn url(&self, config: &Config) -> String {
        let named = self.url.clone();
        let url = named.unwrap_or_else(|| format!("http://{}", reachable(config.http.listen)));
        url.trim_end_matches('/').to_owned()
    }

    fn tenant(&self, config: &Config) -> String {
        let default = &config.tenants.default_tenant;
        self.tenant.as_ref().unwrap_or(default).0.clone()
    }
}

/// Who listens on every address is reached at that of this machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let loopback = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(loopback, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_listens_everywhere_is_asked_here() {
        let of = |listen: &str| reachable(listen.parse().unwrap()).to_string();
        assert_eq!(of("0.0.0.0:7400"), "127.0.0.1:7400");
        assert_eq!(of("[::]:7400"), "[::1]:7400");
        assert_eq!(of("192.0.2.1:80"), "192.0.2.1:80");
    }
}
