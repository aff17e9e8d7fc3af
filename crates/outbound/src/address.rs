//! Which addresses the service connects to.
//!
//! A name is resolved once, and what was checked is what is connected to: a name server can't
//! answer the check one thing and the connection another.

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Whether addresses that only this machine or its network has are let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    Public,
    Everywhere,
}

/// An address that the service must not connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the address is of a private network")]
pub(crate) struct Private;

impl Reach {
    /// # Errors
    /// When any of `addresses` must not be connected to: a name with one public address among
    /// private ones is somebody's attempt.
    pub(crate) fn admit(self, addresses: impl IntoIterator<Item = IpAddr>) -> Result<(), Private> {
        let mut addresses = addresses.into_iter();
        match self == Self::Everywhere || addresses.all(is_public) {
            true => Ok(()),
            false => Err(Private),
        }
    }

    /// Checks a URL whose host is an address, which nothing resolves.
    ///
    /// # Errors
    /// As [`Reach::admit`].
    pub(crate) fn admit_url(self, url: &Url) -> Result<(), Private> {
        let host = url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        self.admit(host.parse::<IpAddr>())
    }
}

/// Resolves names to addresses that were checked.
pub(crate) struct CheckedResolver(pub(crate) Reach);

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = tokio::net::lookup_host((host, 0)).await?;
            let addresses: Vec<SocketAddr> = found.collect();
            reach.admit(addresses.iter().map(SocketAddr::ip))?;
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}

/// Whether an address is one of the public internet (IANA's registries of special addresses).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        // This network, loopback, private, multicast and what was never given out.
        [0 | 10 | 127 | 224.., ..] => true,
        // Between a provider and its customers (RFC 6598).
        [100, 64..=127, ..] => true,
        [169, 254, ..] | [172, 16..=31, ..] | [192, 168, ..] => true,
        // Protocols, documentation, the relays of 6to4.
        [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 51, 100, _] | [203, 0, 113, _] => true,
        // Measurements (RFC 2544).
        [198, 18 | 19, ..] => true,
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = inner_v4(address) {
        return is_public_v4(inner);
    }
    match address.segments() {
        // Protocols with Teredo, documentation.
        [0x2001, 0..=0x01ff | 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => false,
        // All else that was given out.
        [0x2000..=0x3fff, ..] => true,
        _ => false,
    }
}

/// The IPv4 address that an IPv6 address leads to: mapped, compatible, NAT64, 6to4.
fn inner_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => Some(of(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(of(high, low)),
        [0x2002, high, low, ..] => Some(of(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_let_through(address: &str) -> bool {
        let address: IpAddr = address.parse().unwrap();
        Reach::Public.admit([address]).is_ok()
    }

    #[test]
    fn private_addresses_are_refused_however_they_are_written() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.0.9",
            "169.254.169.254",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.0.1",
            "198.19.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_let_through(address), "{address}");
            let address = address.parse().unwrap();
            assert_eq!(Reach::Everywhere.admit([address]), Ok(()));
        }
    }

    #[test]
    fn public_addresses_are_let_through() {
        for address in [
            "1.1.1.1",
            "100.63.255.255",
            "172.32.0.1",
            "192.0.1.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
        ] {
            assert!(is_let_through(address), "{address}");
        }
    }

    #[test]
    fn one_private_address_among_others_is_too_many() {
        let addresses = ["1.1.1.1", "10.0.0.1"].map(|address| address.parse().unwrap());
        assert_eq!(Reach::Public.admit(addresses), Err(Private));
    }

    /// Addresses have more spellings than one in a URL.
    #[test]
    fn a_url_with_an_address_is_checked_as_one() {
        for url in [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://[::1]:8443/",
            "https://[::ffff:10.0.0.1]/",
        ] {
            let url: Url = url.parse().unwrap();
            assert_eq!(Reach::Public.admit_url(&url), Err(Private), "{url}");
        }
        let url: Url = "https://project.example.org/".parse().unwrap();
        assert_eq!(Reach::Public.admit_url(&url), Ok(()));
    }

    #[tokio::test]
    async fn a_name_is_resolved_to_what_was_checked() {
        let resolve = |reach| CheckedResolver(reach).resolve("localhost".parse().unwrap());
        let refused = resolve(Reach::Public).await.err().unwrap();
        assert!(refused.is::<Private>(), "{refused}");
        let mut found = resolve(Reach::Everywhere).await.ok().unwrap();
        assert!(found.all(|address| address.ip().is_loopback()));
    }
}
