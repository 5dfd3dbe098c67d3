//! The tools of one program, in the order in which they are offered.

use std::sync::Arc;
use std::time::Duration;

use super::outdoor_gear;
use super::tool::Tool;

/// A list of tools with unique names.
#[derive(Clone, Default)]
pub struct Registry {
    tools: Vec<Arc<dyn Tool>>,
}

impl Registry {
    /// Adds a tool; one of the same name gives way.
    pub fn add(&mut self, tool: Arc<dyn Tool>) {
        let name = tool.spec().name;
        self.tools.retain(|other| other.spec().name != name);
        self.tools.push(tool);
    }

    /// Adds the three tools over the embedded catalogue; each takes at least `pace`.
    pub fn add_outdoor_gear(&mut self, pace: Duration) {
        for tool in outdoor_gear::tools(pace) {
            self.add(tool);
        }
    }

    /// All of them.
    #[must_use]
    pub fn tools(&self) -> &[Arc<dyn Tool>] {
        &self.tools
    }

    /// The tool of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<dyn Tool>> {
        self.tools.iter().find(|tool| tool.spec().name == name).cloned()
    }
}
