//! What is made before the program is compiled.

mod link;
#[cfg(feature = "tui")]
mod syntaxes;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=assets/build");
    link::order_functions();
    #[cfg(feature = "tui")]
    syntaxes::write()?;
    Ok(())
}
