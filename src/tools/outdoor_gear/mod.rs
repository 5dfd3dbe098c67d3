//! The worked example of tools: an outdoor shop's catalogue, searched, looked up and added up. Each tool is a file.

mod calculate_total;
pub mod catalogue;
mod get_product_details;
mod search_products;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use super::policy::ToolOrigin;
use super::tool::Tool;
use crate::chat::ToolSpec;

/// The three tools; each call takes at least `pace`, so that a person can watch it run.
#[must_use]
pub fn tools(pace: Duration) -> Vec<Arc<dyn Tool>> {
    let tool = |spec, run| -> Arc<dyn Tool> { Arc::new(GearTool { spec, run, pace }) };
    vec![
        tool(search_products::spec(), search_products::run as Run),
        tool(get_product_details::spec(), get_product_details::run),
        tool(calculate_total::spec(), calculate_total::run),
    ]
}

type Run = fn(&Map<String, Value>) -> Result<Value, String>;

struct GearTool {
    spec: ToolSpec,
    run: Run,
    pace: Duration,
}

impl Tool for GearTool {
    fn spec(&self) -> ToolSpec {
        self.spec.clone()
    }

    fn about(&self) -> String {
        "built in, reads the catalogue only".to_owned()
    }

    fn origin(&self) -> ToolOrigin {
        ToolOrigin::BuiltIn
    }

    fn run(&self, arguments: Map<String, Value>) -> BoxFuture<'static, Result<String, String>> {
        let (run, pace) = (self.run, self.pace);
        Box::pin(async move {
            if !pace.is_zero() {
                tokio::time::sleep(pace).await;
            }
            run(&arguments).map(|value| value.to_string())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(name: &str, arguments: &Value) -> Result<Value, String> {
        let tool = tools(Duration::ZERO).into_iter().find(|tool| tool.spec().name == name).unwrap();
        let arguments = arguments.as_object().unwrap();
        crate::tools::schema::validate(&tool.spec().parameters, arguments)?;
        let future = tool.run(arguments.clone());
        futures_util::FutureExt::now_or_never(future).unwrap().map(|text| serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn searching_keeps_to_category_price_and_stock() {
        let found = call("search_products", &json!({"category": "Tents", "max_price": 250, "in_stock": true})).unwrap();
        let names: Vec<_> = found["products"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["TrailBlazer 2P", "Ridgeline 1P", "Featherlite Tarp"]);
        let unknown = call("search_products", &json!({"category": "boats"})).unwrap_err();
        assert!(unknown.contains("tent, sleeping bag"), "{unknown}");
    }

    #[test]
    fn details_and_totals_are_exact_to_the_cent() {
        let details = call("get_product_details", &json!({"product_id": "p001"})).unwrap();
        assert_eq!(details["price"], json!(189.99));
        let total =
            call("calculate_total", &json!({"product_ids": ["P001", "P007", "P007"], "discount_percent": 10})).unwrap();
        assert_eq!(
            (&total["subtotal"], &total["discount"], &total["total"]),
            (&json!(507.99), &json!(50.8), &json!(457.19))
        );
        assert!(call("calculate_total", &json!({"product_ids": ["P999"]})).unwrap_err().contains("P999"));
        assert!(call("calculate_total", &json!({"product_ids": []})).is_err());
    }
}
