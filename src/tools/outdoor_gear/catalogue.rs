//! The embedded catalogue. Money is counted in whole cents.

use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::{Value, json};

/// One product.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Product {
    /// `P001` and so on.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What kind of thing it is, in the singular.
    pub category: String,
    /// In dollars.
    pub price: f64,
    /// Pieces in stock.
    pub stock: u32,
    /// In kg.
    pub weight_kg: f64,
    /// When it is for.
    pub season: String,
    /// A sentence.
    pub description: String,
}

impl Product {
    /// The price in cents.
    #[must_use]
    pub fn cents(&self) -> u64 {
        (self.price * 100.0).round() as u64
    }

    /// As a search shows it.
    #[must_use]
    pub fn summary(&self) -> Value {
        json!({"id": self.id, "name": self.name, "category": self.category, "price": self.price,
               "weight_kg": self.weight_kg, "season": self.season, "stock": self.stock})
    }
}

#[derive(Deserialize)]
struct File {
    products: Vec<Product>,
}

/// Every product, in the order of the file.
#[must_use]
pub fn products() -> &'static [Product] {
    static PRODUCTS: OnceLock<Vec<Product>> = OnceLock::new();
    PRODUCTS.get_or_init(|| {
        serde_json::from_str::<File>(include_str!("../../../assets/outdoor_gear.json"))
            .map(|file| file.products)
            .unwrap_or_default()
    })
}

/// The categories, in order of first appearance.
#[must_use]
pub fn categories() -> Vec<&'static str> {
    let mut seen = Vec::new();
    for product in products() {
        if !seen.contains(&product.category.as_str()) {
            seen.push(product.category.as_str());
        }
    }
    seen
}

/// The product of this id, whatever the case.
pub fn find(id: &str) -> Result<&'static Product, String> {
    products().iter().find(|product| product.id.eq_ignore_ascii_case(id.trim())).ok_or_else(|| {
        let last = products().last().map_or("", |product| product.id.as_str());
        format!("There is no product {id}. Product ids run from P001 to {last}.")
    })
}

/// Dollars of so many cents, exact to the cent.
#[must_use]
pub fn dollars(cents: u64) -> Value {
    json!(cents as f64 / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_sound() {
        assert!(products().len() >= 36);
        assert!(categories().len() >= 8);
        for (at, product) in products().iter().enumerate() {
            assert_eq!(product.id, format!("P{:03}", at + 1));
            assert!(product.cents() > 0 && product.weight_kg > 0.0);
        }
    }
}
