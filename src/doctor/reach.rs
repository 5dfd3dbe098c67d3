//! The way to a server in its own steps, before a request is sent: its name becomes addresses, one of them takes a
//! connection.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http::Uri;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::strings::doctor::provider as words;
use crate::strings::doctor::without_number;

/// How long a name, and then a connection, is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one of several addresses is waited for before the next one.
const ONE_OF_SEVERAL: Duration = Duration::from_secs(3);

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) is_https: bool,
}

impl Place {
    /// Reads it from a base URL.
    pub(super) fn of(url: &str) -> Option<Self> {
        let url: Uri = url.parse().ok()?;
        let is_https = url.scheme_str()? == "https";
        let host = url.host()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        Some(Self { host, port: url.port_u16().unwrap_or(if is_https { 443 } else { 80 }), is_https })
    }

    /// Whether there is no name to be looked up.
    pub(super) fn is_address(&self) -> bool {
        self.host.parse::<IpAddr>().is_ok()
    }

    /// The addresses of its name. The error is a sentence.
    pub(super) async fn look_up(&self) -> Result<Vec<SocketAddr>, String> {
        let found = timeout(PATIENCE, lookup_host((self.host.as_str(), self.port))).await;
        let unknown = |error: io::Error| words::no_such_host(&self.host, &reason(&error));
        let addresses: Vec<_> =
            found.map_err(|_| words::lookup_is_slow(&self.host, PATIENCE.as_secs()))?.map_err(unknown)?.collect();
        if addresses.is_empty() { Err(words::no_address(&self.host)) } else { Ok(addresses) }
    }
}

/// The first of the addresses that takes a connection. The error is a sentence.
pub(super) async fn connect(addresses: &[SocketAddr]) -> Result<SocketAddr, String> {
    let each = if addresses.len() > 1 { ONE_OF_SEVERAL } else { PATIENCE };
    let attempts = async {
        let mut last = String::new();
        for address in addresses {
            match timeout(each, TcpStream::connect(address)).await {
                Ok(Ok(_)) => return Ok(*address),
                Ok(Err(error)) => last = words::no_connection(address, &reason(&error)),
                Err(_) => last = words::connection_is_slow(address, each.as_secs()),
            }
        }
        Err(last)
    };
    let slow = || addresses.first().map_or_else(String::new, |one| words::connection_is_slow(one, PATIENCE.as_secs()));
    timeout(PATIENCE, attempts).await.unwrap_or_else(|_| Err(slow()))
}

fn reason(error: &io::Error) -> String {
    without_number(&error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_follow_the_scheme_and_addresses_need_no_name() {
        let place = |url: &str| Place::of(url).map(|place| (place.host.clone(), place.port, place.is_address()));
        assert_eq!(place("https://api.example.com/v1"), Some(("api.example.com".to_owned(), 443, false)));
        assert_eq!(place("http://[::1]:8080/v1"), Some(("::1".to_owned(), 8080, true)));
        assert_eq!(place("http://127.0.0.1"), Some(("127.0.0.1".to_owned(), 80, true)));
        assert_eq!(place("nothing"), None);
    }
}
