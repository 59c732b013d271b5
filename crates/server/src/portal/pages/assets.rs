//! What pages refer to: the stylesheet, the scripts, the icons. All of it lies in the binary.
//!
//! An asset is served under a name with a hash of its content, so it may be cached for ever:
//! `portal.css` under `/assets/portal.1a2b3c4d.css`. The HTTP answer itself is not made here.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// Where assets are served.
pub const PREFIX: &str = "/assets/";

struct Asset {
    name: &'static str,
    url: String,
    bytes: &'static [u8],
    content_type: &'static str,
}

macro_rules! embedded {
    ($($name:literal as $content_type:literal),+ $(,)?) => {
        [$(Asset::new($name, include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/", $name)), $content_type)),+]
    };
}

static ASSETS: LazyLock<[Asset; 8]> = LazyLock::new(|| {
    embedded![
        "portal.css" as "text/css; charset=utf-8",
        "live.js" as "text/javascript; charset=utf-8",
        "passkey.js" as "text/javascript; charset=utf-8",
        "find.js" as "text/javascript; charset=utf-8",
        "list.js" as "text/javascript; charset=utf-8",
        "page.js" as "text/javascript; charset=utf-8",
        "sprite.svg" as "image/svg+xml",
        "icon.svg" as "image/svg+xml",
    ]
});

impl Asset {
    fn new(name: &'static str, bytes: &'static [u8], content_type: &'static str) -> Self {
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "bin"));
        let digest = Sha256::digest(bytes);
        let hash: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Self { name, url: format!("{PREFIX}{stem}.{hash}.{extension}"), bytes, content_type }
    }
}

/// The address of an asset: `/assets/portal.1a2b3c4d.css` for `portal.css`.
///
/// # Panics
/// If there is no asset of that name; the names are the templates' own, and a test renders them all.
pub fn asset_url(name: &str) -> String {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    asset.unwrap_or_else(|| panic!("no asset is called {name}")).url.clone()
}

/// The bytes and the content type of what is served at `path`, with or without [`PREFIX`].
///
/// `None` for anything else, an older hash included.
pub fn find(path: &str) -> Option<(&'static [u8], &'static str)> {
    let wanted = path.strip_prefix(PREFIX).unwrap_or(path);
    let asset = ASSETS.iter().find(|asset| asset.url.strip_prefix(PREFIX) == Some(wanted))?;
    Some((asset.bytes, asset.content_type))
}

/// The plain names of all assets.
pub fn names() -> impl Iterator<Item = &'static str> {
    ASSETS.iter().map(|asset| asset.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_asset_is_found_at_its_address_and_nowhere_else() {
        for name in names() {
            let url = asset_url(name);
            assert!(find(&url).is_some_and(|(bytes, _)| !bytes.is_empty()), "{url}");
            assert_eq!(find(name), None, "the plain name of {name} would be cached for ever");
        }
        assert_eq!(find("/assets/portal.00000000.css"), None);
        assert_eq!(find("/assets/../Cargo.toml"), None);
    }
}
