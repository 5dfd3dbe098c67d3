//! Writes answers from tool results, and from nothing else. Pure.

use serde_json::{Map, Value};

use super::question::Question;

/// Added to the first answer of a conversation.
pub(super) const ABOUT_DEMO: &str = "\n\n*This is a demo: scripted, not a model. F2 lists the models you can connect; \
     with `OPENAI_API_KEY` set, riffle starts with yours.*";
/// No tool to look things up with.
pub(super) const CANNOT_LOOK: &str = "I cannot look that up: the shop's tools are not offered in this chat, and I know \
     no product by heart. Start riffle without `--no-tools`, and I will look. Advice on gear I can give as it is: ask \
     about layers, tents, packs, boots or a packing list.";
/// No tool to add up with.
pub(super) const CANNOT_ADD: &str = "I cannot add that up: the tool for it is not offered in this chat, and I do not \
     guess prices.";
/// To a greeting.
pub(super) const GREETING: &str = "Hello. I am the advisor of a small outdoor shop. I look things up in its catalogue \
     while you watch: ask which tents are under $250, or what P001 and P007 cost together with 10 percent off. For a \
     trip, ask what gear you need for a weekend hike.";
/// To anything else.
pub(super) const WHAT_IT_CAN: &str = "That is beyond this demo; it is scripted and knows one outdoor shop only. It can\n\n\
     -  list and compare goods: *Which boots are in stock under $150?*\n\
     -  tell all about one product: *Tell me about P004.*\n\
     -  add up prices: *What do P001 and P007 cost with 10 percent off?*\n\
     -  give advice: layers, day hikes, weekend hikes, packs, tents by season, sleeping bags, boots, stoves, care, \
     navigation, safety, water\n";

/// A tool call with its result: an object, or the words that came instead.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lookup {
    pub(super) tool: String,
    pub(super) arguments: Map<String, Value>,
    pub(super) result: Result<Map<String, Value>, String>,
}

impl Lookup {
    fn argument(&self, name: &str) -> String {
        self.arguments.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// The products of a search, of which those at the limit itself are left out where it excludes them.
    fn products(&self, question: &Question) -> Vec<&Value> {
        let Ok(result) = &self.result else { return Vec::new() };
        let list = result.get("products").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        list.iter()
            .filter(|product| match question.limit {
                Some(limit) if !limit.is_inclusive => price(product) < limit.dollars,
                Some(_) | None => true,
            })
            .collect()
    }
}

fn price(product: &Value) -> f64 {
    product["price"].as_f64().unwrap_or(f64::INFINITY)
}

fn money(value: f64) -> String {
    format!("${value:.2}")
}

/// A number as people write it: whole ones without a point.
pub(super) fn number(value: f64) -> Value {
    if value.fract() == 0.0 { Value::from(value as i64) } else { Value::from(value) }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The id of the cheapest product in stock of each search.
pub(super) fn cheapest_of_each(lookups: &[Lookup]) -> Vec<String> {
    lookups
        .iter()
        .filter_map(|lookup| {
            let products = lookup.result.as_ref().ok()?.get("products")?.as_array()?;
            let in_stock = products.iter().filter(|product| product["stock"].as_u64() != Some(0));
            let cheapest = in_stock.min_by(|a, b| price(a).total_cmp(&price(b)))?;
            cheapest["id"].as_str().map(str::to_owned)
        })
        .collect()
}

/// Ids of products that earlier results brought and that the question names; all of the last answer's, where it only
/// says `them`, `both` or `the two`.
pub(super) fn named_ids(question: &str, earlier: &[Lookup]) -> Vec<String> {
    let mut known: Vec<(String, String)> = Vec::new();
    for lookup in earlier {
        let Ok(result) = &lookup.result else { continue };
        let single = result.get("id").is_some().then(|| Value::Object(result.clone()));
        let list = result.get("products").or_else(|| result.get("items")).and_then(Value::as_array);
        for product in list.into_iter().flatten().chain(single.iter()) {
            let pair = (text(product, "name").to_lowercase(), text(product, "id").to_owned());
            if !pair.0.is_empty() && !known.contains(&pair) {
                known.push(pair);
            }
        }
    }
    known
        .into_iter()
        .filter(|(name, _)| {
            let first = name.split(' ').next().unwrap_or(name);
            question.contains(name.as_str()) || (first.len() > 4 && question.contains(first))
        })
        .map(|(_, id)| id)
        .collect()
}

/// The answer to a question whose tools have run.
pub(super) fn from_lookups(question: &Question, lookups: &[Lookup]) -> String {
    let mut parts = Vec::new();
    for lookup in lookups {
        match (&lookup.result, lookup.tool.as_str()) {
            (Err(why), _) => parts.push(failure(lookup, why)),
            (Ok(result), "calculate_total") => parts.push(total(result)),
            (Ok(result), "get_product_details") => parts.push(details(result)),
            (Ok(_), "search_products") if question.wants_total && has_total(lookups) => {}
            (Ok(_), "search_products") => parts.push(search(question, lookup, lookups.len() > 1)),
            (Ok(_), _) => {}
        }
    }
    if lookups.iter().filter(|lookup| lookup.tool == "search_products").count() > 1
        && let Some(summary) = across(question, lookups)
    {
        parts.push(summary);
    }
    if parts.is_empty() {
        return "No lookup brought anything, so I cannot say.".to_owned();
    }
    parts.join("\n\n")
}

fn has_total(lookups: &[Lookup]) -> bool {
    lookups.iter().any(|lookup| lookup.tool == "calculate_total" && lookup.result.is_ok())
}

/// A call that was refused, stopped or failed is said so.
fn failure(lookup: &Lookup, why: &str) -> String {
    let what = match lookup.tool.as_str() {
        "search_products" => format!("The search for {}", plural(&lookup.argument("category"))),
        "get_product_details" => format!("The look-up of {}", lookup.argument("product_id")),
        "calculate_total" => "The total".to_owned(),
        other => format!("`{other}`"),
    };
    format!("{what} brought no result, so I cannot say. What I was told: {why}")
}

fn plural(category: &str) -> String {
    if category.ends_with('s') { category.to_owned() } else { format!("{category}s") }
}

fn heading(question: &Question, category: &str) -> String {
    let mut title = plural(category);
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    if let Some(limit) = question.limit {
        let word = if limit.is_inclusive { "up to" } else { "under" };
        let amount = if limit.dollars.fract() == 0.0 { format!("${:.0}", limit.dollars) } else { money(limit.dollars) };
        title.push_str(&format!(" {word} {amount}"));
    }
    if question.wants_stock {
        title.push_str(", in stock");
    }
    title
}

fn search(question: &Question, lookup: &Lookup, has_heading: bool) -> String {
    let category = lookup.argument("category");
    let products = lookup.products(question);
    let title = heading(question, &category);
    if products.is_empty() {
        return format!("{title}: there are none in the catalogue.");
    }
    let mut out = if has_heading { format!("## {title}\n\n") } else { format!("{title}:\n\n") };
    out.push_str("| Product | Id | Price | Weight | Season | Stock |\n|---|---|--:|--:|---|--:|\n");
    for product in &products {
        out.push_str(&format!(
            "| {} | {} | {} | {} kg | {} | {} |\n",
            text(product, "name"),
            text(product, "id"),
            money(price(product)),
            product["weight_kg"],
            text(product, "season"),
            product["stock"],
        ));
    }
    out.push('\n');
    out.push_str(&sentence(&products));
    out
}

fn sentence(products: &[&Value]) -> String {
    let weight = |product: &Value| product["weight_kg"].as_f64().unwrap_or(f64::INFINITY);
    let cheapest = products.iter().min_by(|a, b| price(a).total_cmp(&price(b)));
    let lightest = products.iter().min_by(|a, b| weight(a).total_cmp(&weight(b)));
    let (Some(cheapest), Some(lightest)) = (cheapest, lightest) else { return String::new() };
    if products.len() == 1 {
        let stock = products[0]["stock"].as_u64().unwrap_or(0);
        return match stock {
            0 => "It is the only one, and it is out of stock.".to_owned(),
            count => format!("It is the only one; {count} are in stock."),
        };
    }
    let mut out = if text(cheapest, "id") == text(lightest, "id") {
        format!("The **{}** is both the cheapest and the lightest.", text(cheapest, "name"))
    } else {
        format!(
            "The **{}** is the cheapest at {}, the **{}** the lightest at {} kg.",
            text(cheapest, "name"),
            money(price(cheapest)),
            text(lightest, "name"),
            lightest["weight_kg"]
        )
    };
    let missing: Vec<&str> =
        products.iter().filter(|product| product["stock"] == 0).map(|product| text(product, "name")).collect();
    if !missing.is_empty() {
        out.push_str(&format!(" Out of stock: {}.", missing.join(", ")));
    }
    out
}

/// The cheapest pair over several searches.
fn across(question: &Question, lookups: &[Lookup]) -> Option<String> {
    let mut names = Vec::new();
    let mut cents = 0;
    for lookup in lookups.iter().filter(|lookup| lookup.tool == "search_products") {
        let products = lookup.products(question);
        let in_stock = products.into_iter().filter(|product| product["stock"].as_u64() != Some(0));
        let cheapest = in_stock.min_by(|a, b| price(a).total_cmp(&price(b)))?;
        cents += (price(cheapest) * 100.0).round() as u64;
        names.push(format!("{} ({})", text(cheapest, "name"), text(cheapest, "id")));
    }
    Some(format!("In stock, the cheapest of each are {}; ask for their total and I add them up.", names.join(" and ")))
        .filter(|_| cents > 0)
}

fn details(product: &Map<String, Value>) -> String {
    let product = Value::Object(product.clone());
    let stock = match product["stock"].as_u64() {
        Some(0) => "out of stock".to_owned(),
        Some(count) => format!("{count} in stock"),
        None => "stock unknown".to_owned(),
    };
    format!(
        "**{}** ({}), {}\n\n-  price: {}\n-  weight: {} kg\n-  season: {}\n-  {stock}\n\n{}",
        text(&product, "name"),
        text(&product, "id"),
        text(&product, "category"),
        money(price(&product)),
        product["weight_kg"],
        text(&product, "season"),
        text(&product, "description"),
    )
}

fn total(result: &Map<String, Value>) -> String {
    let result = Value::Object(result.clone());
    let amount = |key: &str| money(result[key].as_f64().unwrap_or(0.0));
    let mut out = "| Product | Price |\n|---|--:|\n".to_owned();
    for item in result["items"].as_array().into_iter().flatten() {
        out.push_str(&format!("| {} | {} |\n", text(item, "name"), money(price(item))));
    }
    let percent = result["discount_percent"].as_f64().unwrap_or(0.0);
    if percent > 0.0 {
        out.push_str(&format!(
            "| Sum | {} |\n| {percent} percent off | -{} |\n",
            amount("subtotal"),
            amount("discount")
        ));
    }
    out.push_str(&format!("\nThe total is **{}**.", amount("total")));
    out
}
