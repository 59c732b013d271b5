//! The portal: pages in the browser, over the same use cases as the API.

pub mod pages;
