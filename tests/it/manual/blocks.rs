//! The fenced blocks of a page, and what the comments before them say about how they are run.
//!
//! ```text
//! <!-- run: code=2 -->          ends with this exit code; `code=0|2` with one of these
//! <!-- run: each -->            every command alone, in a copy of the folder
//! <!-- run: background -->      goes on until the page ends; later blocks reach its address
//! <!-- run: serves -->          goes on until it is told to end, which it is at once
//! <!-- run: no, REASON -->      is not run; the reason is one of a list
//! <!-- set-up                   run before the next block, in its folder; readers do not see it
//! cp training.csv old.csv
//! -->
//! ```

/// A fenced block.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) line: usize,
    pub(crate) language: String,
    pub(crate) text: String,
    /// What the comment before it says.
    pub(crate) run: String,
    pub(crate) set_up: String,
    /// Lines of the `text` block below it.
    pub(crate) shows: Vec<String>,
}

impl Block {
    /// What a shell could run.
    pub(crate) fn is_command(&self) -> bool {
        ["sh", "bash"].contains(&self.language.as_str())
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        self.run.split(", ")
    }

    pub(crate) fn has(&self, word: &str) -> bool {
        self.words().any(|said| said == word)
    }

    /// Why it is not run.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.run.strip_prefix("no, ")
    }

    /// The exit codes that are fine.
    pub(crate) fn codes(&self) -> Vec<i32> {
        let said = self.words().find_map(|word| word.strip_prefix("code="));
        said.unwrap_or("0")
            .split('|')
            .map(|code| code.parse().expect("an exit code"))
            .collect()
    }

    /// The commands, those on several lines as one.
    pub(crate) fn commands(&self) -> Vec<String> {
        let joined = self.text.replace("\\\n", " ");
        let lines = joined.lines().map(str::trim);
        let commands = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        commands.map(str::to_owned).collect()
    }
}

/// What stands between this beginning and the end of a comment on one line.
fn comment<'a>(line: &'a str, beginning: &str) -> Option<&'a str> {
    line.strip_prefix(beginning)?.strip_suffix(" -->")
}

#[derive(Default)]
struct Page {
    found: Vec<Block>,
    open: Option<Block>,
    run: String,
    set_up: String,
    in_set_up: bool,
    just_closed: bool,
}

impl Page {
    fn fence(&mut self, at: usize, language: &str) {
        let Some(block) = self.open.take() else {
            let run = std::mem::take(&mut self.run);
            self.open = Some(Block {
                line: at + 1,
                language: language.trim().to_owned(),
                run,
                set_up: std::mem::take(&mut self.set_up),
                ..Block::default()
            });
            return;
        };
        match self.found.last_mut() {
            Some(above) if block.language == "text" && self.just_closed => {
                above.shows = block.text.lines().map(str::to_owned).collect();
            }
            _ => self.found.push(block),
        }
        self.just_closed = true;
    }

    fn prose(&mut self, line: &str) {
        if self.in_set_up {
            self.in_set_up = line != "-->";
            if self.in_set_up {
                self.set_up += &format!("{line}\n");
            }
        } else if line == "<!-- set-up" {
            self.in_set_up = true;
        } else if let Some(said) = comment(line, "<!-- run: ") {
            said.clone_into(&mut self.run);
        }
        self.just_closed &= line.trim().is_empty();
    }
}

pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let mut page = Page::default();
    for (at, line) in text.lines().enumerate() {
        match line.trim_start().strip_prefix("```") {
            Some(language) => page.fence(at, language),
            None => match &mut page.open {
                Some(block) => block.text += &format!("{line}\n"),
                None => page.prose(line),
            },
        }
    }
    page.found
}

#[test]
fn a_block_knows_its_comment_and_what_it_shows() {
    let text = "<!-- run: code=2 -->\n```sh\na\nb\n```\n\n```text\nshown\n```\n\nwords\n```text\nnot this\n```\n";
    let found = blocks(text);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_eq!(
        (found[0].run.as_str(), found[0].text.as_str()),
        ("code=2", "a\nb\n")
    );
    assert_eq!(found[0].shows, ["shown"]);
    assert_eq!(found[0].codes(), [2]);
}

#[test]
fn a_block_knows_its_set_up_and_its_commands() {
    let text = "<!-- set-up\ncp a b\n-->\n<!-- run: each, code=0|2 -->\n```sh\na \\\n  b\n# words\nc\n```\n<!-- run: no, needs a cluster -->\n```sh\nd\n```\n";
    let found = blocks(text);
    assert_eq!(found[0].set_up, "cp a b\n");
    assert!(found[0].has("each"));
    assert_eq!(found[0].codes(), [0, 2]);
    assert_eq!(found[0].commands(), ["a    b", "c"]);
    assert_eq!(found[1].reason(), Some("needs a cluster"));
    assert!(found[1].set_up.is_empty());
}
