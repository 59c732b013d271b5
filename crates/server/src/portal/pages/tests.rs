//! Every page in every state is rendered and judged as a browser and a screen reader would.

use std::collections::BTreeSet;

use super::markup::{Element, read};
use super::samples;

fn pages() -> Vec<(&'static str, Vec<Element>)> {
    let read = |(name, html): (&'static str, String)| {
        (name, read(&html).unwrap_or_else(|why| panic!("{name}: {why}\n{html}")))
    };
    samples::rendered().into_iter().map(read).collect()
}

fn every(name: &str, judge: impl Fn(&'static str, &[Element], &Element)) {
    for (page, elements) in pages() {
        for element in elements.iter().filter(|element| name.is_empty() || element.name == name) {
            judge(page, &elements, element);
        }
    }
}

#[test]
fn a_page_has_one_heading_one_main_part_a_title_and_a_language() {
    for (page, elements) in pages() {
        let count = |name: &str| elements.iter().filter(|element| element.name == name).count();
        assert_eq!((count("h1"), count("main"), count("html")), (1, 1, 1), "{page}");
        assert!(
            elements
                .iter()
                .any(|element| element.name == "html" && element.value("lang") == Some("en")),
            "{page}"
        );
        let title = elements
            .iter()
            .find(|element| element.name == "title")
            .map(|title| title.text.as_str());
        assert!(
            title.is_some_and(|title| title.ends_with("· Scrip") && title.len() > 10),
            "{page}: {title:?}"
        );
    }
}

#[test]
fn headings_go_down_one_level_at_a_time() {
    for (page, elements) in pages() {
        let mut before = 0;
        for element in &elements {
            let Some(level) = ["h1", "h2", "h3"].iter().position(|name| *name == element.name)
            else {
                continue;
            };
            assert!(
                level <= before + 1,
                "{page}: {} follows a level {before}: {}",
                element.name,
                element.text
            );
            before = level;
        }
    }
}

#[test]
fn nothing_is_styled_or_scripted_inline() {
    every("", |page, _, element| {
        let forbidden =
            element.attributes.keys().find(|key| key.as_str() == "style" || key.starts_with("on"));
        assert_eq!(forbidden, None, "{page}: <{}>", element.name);
        assert_ne!(element.name, "style", "{page}");
        assert!(
            element.name != "script" || (element.value("src").is_some() && element.text.is_empty()),
            "{page}"
        );
    });
}

#[test]
fn every_form_can_be_sent_once_and_only_by_us() {
    every("form", |page, elements, form| {
        assert!(form.value("action").is_some_and(|action| action.starts_with('/')), "{page}");
        if form.value("method") == Some("get") {
            // It asks, and changes nothing.
            return;
        }
        assert_eq!(form.value("method"), Some("post"), "{page}");
        for needed in ["csrf", "request_id"] {
            let hidden = |field: &Element| {
                field.value("type") == Some("hidden")
                    && field.value("name") == Some(needed)
                    && field.value("value").is_some_and(|value| !value.is_empty())
            };
            assert_eq!(
                elements[form.within.clone()].iter().filter(|field| hidden(field)).count(),
                1,
                "{page}: {needed} in {:?}",
                form.value("action")
            );
        }
    });
}

#[test]
fn every_table_has_a_caption_and_scopes() {
    every("table", |page, elements, table| {
        let inside = &elements[table.within.clone()];
        assert_eq!(
            inside
                .iter()
                .filter(|element| element.name == "caption" && !element.text.trim().is_empty())
                .count(),
            1,
            "{page}"
        );
        for head in inside.iter().filter(|element| element.name == "th") {
            assert!(
                matches!(head.value("scope"), Some("col" | "row" | "rowgroup")),
                "{page}: {}",
                head.text
            );
        }
    });
}

#[test]
fn ids_are_unique_and_what_refers_to_one_finds_it() {
    for (page, elements) in pages() {
        let mut ids = BTreeSet::new();
        for id in elements.iter().filter_map(|element| element.value("id")) {
            assert!(ids.insert(id), "{page}: the id {id} stands twice");
        }
        for element in &elements {
            let lists =
                ["aria-labelledby", "aria-describedby", "for", "popovertarget", "data-copy"];
            let named = lists.iter().flat_map(|list| element.words(list));
            let here = element.value("href").and_then(|href| href.strip_prefix('#'));
            for id in named.chain(here) {
                assert!(ids.contains(id), "{page}: <{}> refers to {id}", element.name);
            }
        }
    }
}

#[test]
fn every_field_and_chart_has_a_name() {
    every("", |page, elements, element| {
        let named =
            element.value("aria-label").is_some() || element.value("aria-labelledby").is_some();
        let labelled = |id: &str| {
            elements.iter().any(|label| label.name == "label" && label.value("for") == Some(id))
        };
        match element.name.as_str() {
            "input" if element.value("type") == Some("hidden") => {}
            "input" | "select" | "textarea" => assert!(
                // What chooses a row is named after it.
                named || element.value("id").is_some_and(labelled),
                "{page}: {:?}",
                element.value("name")
            ),
            "svg" if element.value("role") == Some("img") => assert!(named, "{page}"),
            "svg" => assert!(
                element.value("aria-hidden") == Some("true")
                    || element.around.iter().any(|name| name == "svg"),
                "{page}"
            ),
            "button" | "a" | "summary" => assert!(
                named || !element.text.trim().is_empty(),
                "{page}: a nameless <{}>",
                element.name
            ),
            _ => {}
        }
    });
}

#[test]
fn every_icon_is_in_the_sprite_and_every_symbol_is_used() {
    let sprite = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/sprite.svg"));
    let symbols: BTreeSet<&str> =
        sprite.split("<symbol id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let mut used = BTreeSet::new();
    for (_, html) in samples::rendered() {
        used.extend(
            html.split("<use href=\"")
                .skip(1)
                .filter_map(|rest| rest.split('"').next()?.split_once('#'))
                .map(|(_, id)| id.to_owned()),
        );
    }
    let used: BTreeSet<&str> = used.iter().map(String::as_str).collect();
    assert_eq!(symbols, used);
}

#[test]
fn every_class_is_styled_and_every_style_is_used() {
    let css = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/portal.css"));
    let mut styled = BTreeSet::new();
    for selector in
        css.split(['{', '}']).flat_map(|part| part.split(['>', ' ', ',', '+', '(', ')']))
    {
        let names = selector
            .split('.')
            .skip(1)
            .map(|name| name.split([':', '[', '#', '/', '\n']).next().unwrap_or_default());
        styled.extend(names.filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase())));
    }
    let pages = pages();
    let used: BTreeSet<&str> = pages
        .iter()
        .flat_map(|(_, elements)| elements)
        .flat_map(|element| element.words("class"))
        .collect();
    assert_eq!(
        styled.difference(&used).collect::<Vec<_>>(),
        Vec::<&&str>::new(),
        "styled, never used"
    );
    assert_eq!(
        used.difference(&styled).collect::<Vec<_>>(),
        Vec::<&&str>::new(),
        "used, never styled"
    );
}

#[test]
fn text_from_outside_is_escaped() {
    for (page, html) in samples::rendered() {
        assert!(!html.contains("<& Sons>"), "{page}");
    }
}

#[test]
fn a_shortage_is_shown_negative_with_a_true_minus_sign() {
    let (_, html) = samples::rendered()
        .into_iter()
        .find(|(name, _)| *name == "overview")
        .expect("the overview");
    assert!(html.contains("<td class=\"num bad\">\u{2212}11</td>"));
    assert!(html.contains("6 stale") && html.contains("2 unverified"));
}

#[test]
fn counts_say_where_they_stopped() {
    let (_, html) = samples::rendered()
        .into_iter()
        .find(|(name, _)| *name == "overview-many")
        .expect("the overview");
    assert!(html.contains("The lowest 8 of 10,000+."));
}

#[test]
fn a_fragment_is_the_main_part_alone() {
    for html in samples::fragments() {
        let elements = read(html.trim()).expect("well-formed");
        assert_eq!(elements[0].name, "main");
        assert_eq!(elements[0].within, 1..elements.len());
    }
}
