//! Links between pages, and to headings of pages.

use super::{pages, read};

/// The name that a heading has in links, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading
        .trim()
        .chars()
        .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
    kept.flat_map(char::to_lowercase)
        .collect::<String>()
        .replace(' ', "-")
}

#[test]
fn no_link_leads_nowhere() {
    let link = regex::Regex::new(r"\]\(([^)\s]+)\)").expect("an expression");
    let mut broken = Vec::new();
    let mut tried = 0;
    for page in pages() {
        let text = read(&page);
        // Code has brackets and parentheses of its own.
        let mut prose = String::new();
        let mut inside = false;
        for line in text.lines() {
            inside ^= line.trim_start().starts_with("```");
            if !inside {
                prose += &format!("{line}\n");
            }
        }
        for found in link.captures_iter(&prose) {
            let target = &found[1];
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            tried += 1;
            let (file, section) = target.split_once('#').unwrap_or((target, ""));
            let path = match file {
                "" => page.clone(),
                file => page.parent().expect("a folder").join(file),
            };
            let has_section = || {
                let headings = read(&path);
                let mut headings = headings.lines().filter(|line| line.starts_with('#'));
                headings.any(|line| anchor(line.trim_start_matches('#')) == section)
            };
            if !path.exists() || (!section.is_empty() && !has_section()) {
                broken.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(tried > 100, "only {tried} links were found");
}

#[test]
fn the_name_of_a_heading_is_that_of_github() {
    assert_eq!(
        anchor("What a column is, `drift`"),
        "what-a-column-is-drift"
    );
}
