//! Tools: what a model may call, checked against its schema and a policy before it runs.

mod function;
pub mod limits;
pub mod outdoor_gear;
pub mod policy;
mod registry;
pub mod schema;
pub mod stub;
mod tool;

pub use function::FunctionTool;
pub use registry::Registry;
pub use tool::Tool;
