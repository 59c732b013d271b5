//! The little of Markdown that the rules need: headings and their anchors, links, code left out.

/// A link in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// The line, from 1.
    pub(crate) line: usize,
    /// The target as written.
    pub(crate) target: String,
}

/// The lines that are not code, with their numbers; code spans are blanked out.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut fence: Option<&str> = None;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let start = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (Some(_), _) => {}
            (None, None) => lines.push((index + 1, without_code(line))),
        }
    }
    lines
}

/// A line with its code spans taken out.
fn without_code(line: &str) -> String {
    let mut kept = String::new();
    for (index, part) in line.split('`').enumerate() {
        if index % 2 == 0 {
            kept.push_str(part);
        }
    }
    kept
}

/// Every link of a document: inline, image, and by reference.
pub(crate) fn links(text: &str) -> Vec<Link> {
    let mut links = Vec::new();
    for (line, prose) in prose(text) {
        let inline = prose.match_indices("](").map(|(at, mark)| &prose[at + mark.len()..]);
        let mut targets: Vec<String> = inline.filter_map(target_in_brackets).collect();
        targets.extend(reference(&prose));
        links.extend(targets.into_iter().map(|target| Link { line, target }));
    }
    links
}

fn target_in_brackets(rest: &str) -> Option<String> {
    let mut depth = 0_usize;
    let end = rest.find(|letter| {
        match letter {
            '(' => depth += 1,
            ')' if depth == 0 => return true,
            ')' => depth -= 1,
            _ => {}
        }
        false
    })?;
    first_word(&rest[..end])
}

/// The target of a line such as `[name]: target`.
fn reference(line: &str) -> Option<String> {
    let (name, target) = line.strip_prefix('[')?.split_once("]: ")?;
    (!name.is_empty() && !name.contains(']')).then(|| first_word(target)).flatten()
}

/// A target without its title and its angle brackets.
fn first_word(text: &str) -> Option<String> {
    let word = text.split_whitespace().next()?;
    Some(word.trim_start_matches('<').trim_end_matches('>').to_owned())
}

/// The anchors of a document, as the usual hosts make them.
pub(crate) fn anchors(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for line in headings(text) {
        let anchor = slug(&line);
        let before = anchors.iter().filter(|known| is_same(known, &anchor)).count();
        anchors.push(if before == 0 { anchor } else { format!("{anchor}-{before}") });
    }
    let mut named = Vec::new();
    for mark in ["id=\"", "name=\""] {
        let found = text.match_indices(mark).map(|(at, _)| &text[at + mark.len()..]);
        named.extend(found.filter_map(|rest| rest.split('"').next()).map(str::to_owned));
    }
    anchors.extend(named);
    anchors
}

fn is_same(known: &str, anchor: &str) -> bool {
    let rest = known.strip_prefix(anchor).map(|rest| rest.strip_prefix('-').unwrap_or(rest));
    rest.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()))
}

/// The text of each heading, code marks left in as plain text.
fn headings(text: &str) -> Vec<String> {
    let prose_lines = prose(text);
    let whole: Vec<&str> = text.lines().collect();
    let lines = prose_lines.iter().map(|(number, _)| whole[number - 1]);
    let marked = lines.filter_map(|line| {
        let rest = line.trim_start_matches('#');
        let level = line.len() - rest.len();
        ((1..=6).contains(&level) && rest.starts_with(' ')).then(|| rest.trim().to_owned())
    });
    marked.collect()
}

/// A heading's anchor: lower case, spaces as hyphens, no other punctuation.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        _ if letter.is_alphanumeric() => Some(letter),
        _ => None,
    });
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_every_form_are_found_and_code_is_not() {
        let text = "[a](b.md) and ![c](d.png \"title\")\n`[e](f.md)`\n```\n[g](h.md)\n```\n\
                    [i]: <j.md#k>\n[l](m_(n).md)\n";
        let found: Vec<(usize, String)> =
            links(text).into_iter().map(|link| (link.line, link.target)).collect();
        let expected = [(1, "b.md"), (1, "d.png"), (6, "j.md#k"), (7, "m_(n).md")];
        assert_eq!(found, expected.map(|(line, target)| (line, target.to_owned())));
    }

    #[test]
    fn anchors_are_made_as_the_usual_hosts_make_them() {
        let text = "# The straight line\n## `app/`, and more!\n# The straight line\n<a id=\"x\"></a>\n\
                    ```\n# not a heading\n```\n";
        let expected = ["the-straight-line", "app-and-more", "the-straight-line-1", "x"];
        assert_eq!(anchors(text), expected);
    }
}
