//! The portal's pages: what a page shows, as plain structs, and the templates that render them.
//!
//! A page is filled by the portal from the answers of use cases and renders itself; it
//! decides only how things are said. Not here: the store, use cases, HTTP, permissions
//! (what a person may not do is an `Option` that the portal leaves empty).

pub mod accounts;
pub mod alarms;
pub mod assets;
pub mod charts;
pub mod customer;
pub mod events;
pub mod form;
pub mod frame;
pub mod gallery;
pub mod instance;
pub mod links;
pub mod list;
pub mod moment;
pub mod overview;
pub mod own;
pub mod parts;
pub mod paths;
pub mod people;
pub mod pool;
pub mod problem;
pub mod reader;
pub mod relocation;
pub mod search;
pub mod sign_in;
pub mod tokens;

mod balance_chart;
mod filters;

#[cfg(test)]
mod markup;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

/// The request header by which `live.js` asks for only the part of a page that changes.
pub const FRAGMENT_HEADER: &str = "x-scrip-fragment";

/// The policy that every page must be sent with; the templates need nothing more.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; \
     script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page that can render itself.
pub trait Page {
    /// The whole document.
    ///
    /// # Errors
    /// Only if writing to memory fails.
    fn document(&self) -> askama::Result<String>;

    /// The `<main>` element alone, for a request with [`FRAGMENT_HEADER`].
    ///
    /// # Errors
    /// Only if writing to memory fails.
    fn fragment(&self) -> askama::Result<String>;
}

/// Makes a template with a block `live` a [`Page`].
macro_rules! page {
    ($view:ty) => {
        impl $crate::portal::pages::Page for $view {
            fn document(&self) -> askama::Result<String> {
                askama::Template::render(self)
            }

            fn fragment(&self) -> askama::Result<String> {
                askama::Template::render(&self.as_live())
            }
        }
    };
}
pub(crate) use page;
