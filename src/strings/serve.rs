//! The words of `riffle serve`: what it prints, and what it answers to requests it does not take.

/// Where it listens.
#[must_use]
pub fn listening(url: &str) -> String {
    format!("riffle serves on {url}")
}

/// The link that opens the page, once.
#[must_use]
pub fn link(url: &str) -> String {
    format!("Open in a browser, once:  {url}")
}

/// The link after one that was used.
#[must_use]
pub fn next_link(url: &str) -> String {
    format!("Opened. For another browser, once:  {url}")
}

/// What programs send.
#[must_use]
pub fn token(token: &str) -> String {
    format!("Other clients send:  Authorization: Bearer {token}")
}

/// Where that was set.
pub const TOKEN_SET: &str = "Other clients send the token that was set:  Authorization: Bearer ...";
/// Nothing is asked.
pub const NO_TOKEN: &str = "Every program on this machine may ask, without a token.";

/// The address cannot be listened on.
#[must_use]
pub fn cannot_listen(address: &str, why: &str) -> String {
    format!("cannot listen on {address}: {why}. Name another address with --listen, such as 127.0.0.1:0.")
}

/// What was written is no address.
#[must_use]
pub fn no_address(text: &str) -> String {
    format!("--listen cannot be `{text}`; expected an address and a port, such as 127.0.0.1:8787 or [::1]:8787.")
}

/// Other machines would reach it.
#[must_use]
pub fn is_remote(address: &str) -> String {
    format!("other machines could reach {address}. If that is meant, add --allow-remote.")
}

/// Other machines would reach it without a token.
pub const REMOTE_NEEDS_TOKEN: &str = "--no-token is for this machine only; other machines need the token.";
/// It has no name that a client could send.
pub const REMOTE_NEEDS_HOSTS: &str = "an address for all networks has no name. Write the names by which this machine is \
    reached into the configuration: [serve] hosts = [\"box.example:8787\"].";

/// Not one `Host`.
pub const ONE_HOST: &str = "A request names its host, once.";
/// A `Host` that is not ours.
pub const FOREIGN_HOST: &str = "This server does not go by that name.";
/// A page of another site.
pub const FOREIGN_ORIGIN: &str = "Pages of other sites may not ask. One that may is named in the configuration: [serve] \
    origins = [\"http://localhost:3000\"].";
/// Neither token nor cookie.
pub const NOT_ALLOWED: &str = "The token is missing or wrong. Programs send it as `Authorization: Bearer`; a browser \
    opens the link that `riffle serve` printed.";
/// A link that was used before.
pub const LINK_USED: &str = "This link was used already. `riffle serve` has printed another one.";
/// Both lengths.
pub const TWO_LENGTHS: &str = "A request has a length or comes in chunks, not both.";
/// The body is too large.
#[must_use]
pub fn body_too_large(kib: usize) -> String {
    format!("The body is larger than {kib} KiB.")
}
/// The body did not come in time.
pub const BODY_SLOW: &str = "The body did not come within 30 s.";
/// The body broke off.
pub const BODY_BROKEN: &str = "The body could not be read.";
/// A body of another kind.
pub const WANTS_JSON: &str = "The body must be JSON, with `Content-Type: application/json`.";

/// JSON that is not what is expected.
#[must_use]
pub fn bad_json(why: &str) -> String {
    format!("The body is not what is expected: {why}.")
}

/// A query that is not what is expected.
#[must_use]
pub fn bad_query(why: &str) -> String {
    format!("The query is not what is expected: {why}.")
}

/// No such place.
pub const NOT_FOUND: &str = "There is nothing here. GET /openapi.json says what there is.";
/// Another method.
pub const WRONG_METHOD: &str = "This place does not take that method. GET /openapi.json says what there is.";
/// Too many streams.
pub const BUSY: &str = "As many answers are being written as may be at once. Try again in a moment.";
/// Nothing was asked.
pub const EMPTY_QUESTION: &str = "The question is empty.";

/// Nobody has this model.
#[must_use]
pub fn no_model(name: &str) -> String {
    format!("There is no model `{name}`. GET /v1/models lists them: a provider, or provider/model.")
}

/// A provider without a model.
#[must_use]
pub fn no_default_model(provider: &str) -> String {
    format!("No model is set for {provider}. Ask for provider/model.")
}

/// No saved chat.
#[must_use]
pub fn no_conversation(id: &str) -> String {
    format!("There is no saved chat `{id}`. `new` begins one.")
}

/// The history cannot be read or written.
#[must_use]
pub fn no_history(why: &str) -> String {
    format!("Saved chats cannot be used: {why}")
}

/// Something that a request to `/v1` needs.
#[must_use]
pub fn bad_field(field: &str, expected: &str) -> String {
    format!("`{field}` must be {expected}.")
}

/// The image of a message is elsewhere.
pub const REMOTE_IMAGE: &str = "Images must be sent along as `data:` addresses; nothing is fetched from elsewhere.";
/// The image of a message is none.
pub const NO_IMAGE: &str = "The image is none that models take: PNG, JPEG, GIF or WebP, in base64.";

/// A field that this provider has nothing like.
#[must_use]
pub fn not_here(field: &str, provider: &str) -> String {
    format!("{provider} has nothing like `{field}`. Leave it out, or ask a provider that speaks OpenAI's own format.")
}
