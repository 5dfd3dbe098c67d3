//! Which call runs, which asks, which is refused. Pure; what a tool says of itself never makes it freer.

use std::collections::BTreeMap;

/// What is decided about a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It runs.
    Allow,
    /// A person is asked; where nobody can be asked, it is refused.
    Ask,
    /// It never runs.
    Deny,
}

/// Where a tool comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolOrigin {
    /// Ours, over embedded data.
    BuiltIn,
    /// A file of fixed answers that a person named.
    ToolsFile,
    /// Anything else.
    Other,
}

/// Where the call would run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// A person sits before it.
    Screen,
    /// `ask`, or a server.
    Headless,
}

/// Built-in tools that only read the catalogue and run at once everywhere.
const FREE: [&str; 2] = ["search_products", "get_product_details"];

/// The person's rules over the defaults.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    rules: BTreeMap<String, Decision>,
}

impl Policy {
    /// Rules as configured (`name` = `allow`, `ask` or `deny`) and names allowed on the command line, which win.
    #[must_use]
    pub fn new(rules: &BTreeMap<String, String>, allowed: &[String]) -> Self {
        let configured = rules.iter().map(|(name, word)| {
            let decision = match word.as_str() {
                "allow" => Decision::Allow,
                "deny" => Decision::Deny,
                _ => Decision::Ask,
            };
            (name.clone(), decision)
        });
        Self { rules: configured.chain(allowed.iter().map(|name| (name.clone(), Decision::Allow))).collect() }
    }

    /// What holds for this tool here.
    #[must_use]
    pub fn decide(&self, name: &str, origin: ToolOrigin, host: Host) -> Decision {
        if let Some(decision) = self.rules.get(name) {
            return *decision;
        }
        match (origin, host) {
            (ToolOrigin::ToolsFile, _) | (ToolOrigin::BuiltIn, Host::Headless) => Decision::Allow,
            (ToolOrigin::BuiltIn, Host::Screen) if FREE.contains(&name) => Decision::Allow,
            (ToolOrigin::BuiltIn | ToolOrigin::Other, _) => Decision::Ask,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_and_what_overrides_them() {
        let rules = BTreeMap::from([("search_products".to_owned(), "deny".to_owned())]);
        let policy = Policy::new(&rules, &["shell".to_owned()]);
        for (name, origin, host, decision) in [
            ("get_product_details", ToolOrigin::BuiltIn, Host::Screen, Decision::Allow),
            ("calculate_total", ToolOrigin::BuiltIn, Host::Screen, Decision::Ask),
            ("calculate_total", ToolOrigin::BuiltIn, Host::Headless, Decision::Allow),
            ("search_products", ToolOrigin::BuiltIn, Host::Screen, Decision::Deny),
            ("mine", ToolOrigin::ToolsFile, Host::Screen, Decision::Allow),
            ("shell", ToolOrigin::Other, Host::Headless, Decision::Allow),
            ("other", ToolOrigin::Other, Host::Headless, Decision::Ask),
        ] {
            assert_eq!(policy.decide(name, origin, host), decision, "{name}");
        }
    }
}
