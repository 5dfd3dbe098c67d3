//! Who may ask. A page of another site, a name that was pointed at this machine, a program without the token: each is
//! turned away before anything is read or done. Pure but for the random numbers at its start.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, COOKIE, HOST, ORIGIN, TRANSFER_ENCODING};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use subtle::ConstantTimeEq as _;

use super::problem::Problem;
use crate::config::secret::Secret;
use crate::strings::serve as words;

/// Bytes of a token of our own.
const TOKEN_BYTES: usize = 32;

/// What is let in.
#[derive(Debug)]
pub(super) struct Access {
    /// Names of this server, in small letters, with the port.
    names: Vec<String>,
    /// Pages of other addresses that may ask.
    origins: Vec<String>,
    /// What programs send; `None` where nothing is asked.
    token: Option<Secret>,
    /// What the page's cookie is called, and what is in it.
    cookie: (String, Secret),
    /// What the next link to the page opens it with.
    link: Mutex<Secret>,
}

/// A request that was let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// A program, or our own page.
    Own,
    /// A page of another address that may ask.
    Page(HeaderValue),
}

/// 256 random bits in hexadecimal. An error where the system gives none.
pub(super) fn random_token() -> Result<Secret, getrandom::Error> {
    let mut bytes = [0; TOKEN_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(Secret::new(bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })))
}

impl Access {
    /// For a server at this address with these further names, for pages of these addresses and programs with this token.
    pub(super) fn new(
        address: SocketAddr,
        hosts: &[String],
        origins: &[String],
        token: Option<Secret>,
    ) -> Result<Self, getrandom::Error> {
        let port = address.port();
        let mut names = Vec::new();
        if address.ip().is_loopback() {
            names.extend(["127.0.0.1", "localhost", "[::1]"].map(str::to_owned));
        }
        if !address.ip().is_unspecified() {
            names.push(SocketAddr::new(address.ip(), 0).to_string().trim_end_matches(":0").to_owned());
        }
        let mut names: Vec<String> = names.iter().map(|name| format!("{name}:{port}")).collect();
        names.extend(hosts.iter().map(|host| host.to_ascii_lowercase()));
        // Port 80 is left out by clients.
        let bare: Vec<String> = names.iter().filter_map(|name| Some(name.strip_suffix(":80")?.to_owned())).collect();
        names.extend(bare);
        let origins = origins.iter().map(|origin| origin.trim_end_matches('/').to_ascii_lowercase()).collect();
        let cookie = (format!("riffle_{port}"), random_token()?);
        Ok(Self { names, origins, token, cookie, link: Mutex::new(random_token()?) })
    }

    /// What the next link to the page opens it with.
    pub(super) fn link_code(&self) -> String {
        self.link.lock().unwrap_or_else(PoisonError::into_inner).expose().to_owned()
    }

    /// Takes what a link was opened with; gives the cookie for it, once. The next link has another one.
    pub(super) fn open_link(&self, code: &str) -> Option<HeaderValue> {
        let next = random_token().ok()?;
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_same(code, &link) {
            return None;
        }
        *link = next;
        let (name, value) = &self.cookie;
        HeaderValue::from_str(&format!("{name}={}; HttpOnly; SameSite=Strict; Path=/", value.expose())).ok()
    }

    /// Whether the request comes under one of our names, and from nobody else's page.
    pub(super) fn check_origin(&self, request: &Parts) -> Result<Caller, Problem> {
        let headers = &request.headers;
        if headers.contains_key(CONTENT_LENGTH) && headers.contains_key(TRANSFER_ENCODING) {
            return Err(Problem::bad_request(words::TWO_LENGTHS));
        }
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Err(Problem::bad_request(words::ONE_HOST));
        };
        let forbidden = |why: &str| Problem::new(StatusCode::FORBIDDEN, why);
        let is_ours = |name: &str| self.names.contains(&name.to_ascii_lowercase());
        let named = request.uri.authority().map(axum::http::uri::Authority::as_str);
        if !host.to_str().is_ok_and(is_ours) || !named.is_none_or(is_ours) {
            return Err(forbidden(words::FOREIGN_HOST));
        }
        let origin = headers.get(ORIGIN);
        let is_listed = |origin: &str| self.origins.contains(&origin.to_ascii_lowercase());
        if let Some(listed) = origin.filter(|origin| origin.to_str().is_ok_and(is_listed)) {
            return Ok(Caller::Page(listed.clone()));
        }
        let is_own = |origin: &str| origin.strip_prefix("http://").is_some_and(is_ours);
        let is_foreign = origin.is_some_and(|origin| !origin.to_str().is_ok_and(is_own));
        let site = headers.get(HeaderName::from_static("sec-fetch-site")).map(HeaderValue::as_bytes);
        if is_foreign || matches!(site, Some(b"cross-site" | b"same-site")) {
            return Err(forbidden(words::FOREIGN_ORIGIN));
        }
        Ok(Caller::Own)
    }

    /// Whether the request carries the token, or the cookie of the page.
    pub(super) fn check_token(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(token) = &self.token else { return Ok(()) };
        let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let (name, value) = &self.cookie;
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut ours = cookies.flat_map(|line| line.split("; ")).filter_map(|pair| pair.split_once('='));
        if bearer.is_some_and(|sent| is_same(sent, token)) || ours.any(|(sent, is)| sent == name && is_same(is, value))
        {
            return Ok(());
        }
        Err(Problem::new(StatusCode::UNAUTHORIZED, words::NOT_ALLOWED))
    }
}

/// Takes as long for a text that is almost right as for any other of its length.
fn is_same(sent: &str, secret: &Secret) -> bool {
    sent.as_bytes().ct_eq(secret.expose().as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    fn access(hosts: &[&str], origins: &[&str]) -> Access {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let token = Some(Secret::new("right".to_owned()));
        Access::new("127.0.0.1:8787".parse().unwrap(), &own(hosts), &own(origins), token).unwrap()
    }

    fn parts(uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::get(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn status(access: &Access, headers: &[(&str, &str)]) -> u16 {
        access.check_origin(&parts("/stream", headers)).map_or_else(|problem| problem.status.as_u16(), |_| 200)
    }

    #[test]
    fn only_our_own_names_are_answered() {
        let access = access(&["Box.example:8787"], &[]);
        for host in ["127.0.0.1:8787", "localhost:8787", "LOCALHOST:8787", "[::1]:8787", "box.example:8787"] {
            assert_eq!(status(&access, &[("host", host)]), 200, "{host}");
        }
        for host in ["127.0.0.1", "127.0.0.1:8788", "localhost.evil.example:8787", "evil.example", "127.0.0.1:8787@x"] {
            assert_eq!(status(&access, &[("host", host)]), 403, "{host}");
        }
        assert_eq!(status(&access, &[]), 400);
        assert_eq!(status(&access, &[("host", "127.0.0.1:8787"), ("host", "evil.example")]), 400);
        let absolute = parts("http://evil.example/stream", &[("host", "127.0.0.1:8787")]);
        assert_eq!(access.check_origin(&absolute).unwrap_err().status, StatusCode::FORBIDDEN);
    }

    #[test]
    fn pages_of_other_sites_are_turned_away_unless_they_are_listed() {
        let access = access(&[], &["http://localhost:3000/"]);
        let with = |name, value| status(&access, &[("host", "127.0.0.1:8787"), (name, value)]);
        for origin in ["http://127.0.0.1:8787", "http://localhost:8787", "http://localhost:3000"] {
            assert_eq!(with("origin", origin), 200, "{origin}");
        }
        for origin in ["https://evil.example", "null", "http://127.0.0.1:8788", "https://127.0.0.1:8787", ""] {
            assert_eq!(with("origin", origin), 403, "{origin}");
        }
        for (site, expected) in [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)] {
            assert_eq!(with("sec-fetch-site", site), expected, "{site}");
        }
        assert_eq!(with("transfer-encoding", "chunked"), 200);
        let both = [("host", "127.0.0.1:8787"), ("transfer-encoding", "chunked"), ("content-length", "5")];
        assert_eq!(status(&access, &both), 400);
    }

    #[test]
    fn the_token_or_the_cookie_of_an_opened_link_is_needed() {
        let access = access(&[], &[]);
        let check = |name: &str, value: &str| access.check_token(&parts("/", &[(name, value)]).headers).is_ok();
        assert!(check("authorization", "Bearer right"));
        assert!(!check("authorization", "Bearer wrong") && !check("authorization", "right") && !check("x", "right"));
        assert!(access.open_link("no").is_none());
        let code = access.link_code();
        let cookie = access.open_link(&code).unwrap();
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/"), "{cookie}");
        assert!(access.open_link(&code).is_none() && access.link_code() != code, "a link opens once");
        let sent = cookie.split(';').next().unwrap();
        assert!(check("cookie", sent) && check("cookie", &format!("a=b; {sent}")));
        assert!(!check("cookie", "riffle_8787=") && !check("cookie", &sent.replace("8787", "8788")));
    }

    #[test]
    fn tokens_are_256_bits_and_never_the_same() {
        let (one, other) = (random_token().unwrap(), random_token().unwrap());
        assert_eq!(one.expose().len(), 64);
        assert_ne!(one, other);
    }
}
