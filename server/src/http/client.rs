//! The address a request comes from. Forwarding headers count only from proxies we were told to trust.

use axum::{
    extract::{ConnectInfo, Request},
    http::HeaderMap,
};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Extension of every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddr(pub IpAddr);

impl ClientAddr {
    #[must_use]
    pub fn of(request: &Request, trusted: &[IpNet]) -> Self {
        let peer = request
            .extensions()
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |c| c.0.ip().to_canonical());
        Self(client(peer, request.headers(), trusted))
    }
}

fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    if !is_trusted(&peer) {
        return peer;
    }
    let chain = |name: &str, address: fn(&str) -> Option<IpAddr>| -> Vec<Option<IpAddr>> {
        headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')).map(address).collect()
    };
    let mut hops = chain("forwarded", forwarded_for);
    if hops.is_empty() {
        hops = chain("x-forwarded-for", bare_address);
    }
    // From the nearest hop outwards: the first that is no proxy of ours. Anything further out, the
    // caller could have written himself; an unreadable hop ends the trust.
    let mut nearest = peer;
    for hop in hops.into_iter().rev() {
        match hop {
            Some(ip) if is_trusted(&ip) => nearest = ip,
            Some(ip) => return ip,
            None => break,
        }
    }
    nearest
}

/// `for=` of one element of `Forwarded` (RFC 7239).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then(|| bare_address(value.trim().trim_matches('"')))?
    })
}

fn bare_address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let ip = text.parse::<IpAddr>().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|s| s.ip()));
    ip.or_else(|| text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()).map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, name: &'static str, value: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().expect("header"));
        let trusted = ["10.0.0.0/8".parse().expect("net")];
        client(peer.parse().expect("ip"), &headers, &trusted).to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_his_address() {
        assert_eq!(seen("192.0.2.1", "x-forwarded-for", "203.0.113.9"), "192.0.2.1");
        assert_eq!(seen("10.0.0.1", "x-forwarded-for", "1.1.1.1, 203.0.113.9"), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", "x-forwarded-for", "203.0.113.9, 10.0.0.2"), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", "x-forwarded-for", "203.0.113.9, rubbish"), "10.0.0.1");
    }

    #[test]
    fn forwarded_is_read_with_ports_and_brackets() {
        assert_eq!(seen("10.0.0.1", "forwarded", r#"for="[2001:db8::1]:4711";proto=https"#), "2001:db8::1");
        assert_eq!(seen("10.0.0.1", "forwarded", "proto=https;For=192.0.2.60"), "192.0.2.60");
    }
}
