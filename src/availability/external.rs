//! Which events of other calendars take time (A4).

/// What a filter looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traits<'a> {
    /// TRANSP:TRANSPARENT, or shown as free.
    pub transparent: bool,
    /// The calendar's owner has declined.
    pub declined: bool,
    /// STATUS:TENTATIVE, or the owner has not decided.
    pub tentative: bool,
    /// STATUS:CANCELLED: never takes time, whatever the filter says.
    pub cancelled: bool,
    /// Whole days.
    pub all_day: bool,
    /// CATEGORIES.
    pub categories: &'a [String],
    /// COLOR, or the provider's own name or number of a colour.
    pub color: Option<&'a str>,
    /// SUMMARY.
    pub title: Option<&'a str>,
}

/// Which events are ignored. What is not known of an event does not make it ignored: unknown is not free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Those shown as free. True unless set otherwise.
    pub transparent: bool,
    /// Those that the owner declined. True unless set otherwise.
    pub declined: bool,
    /// Tentative ones.
    pub tentative: bool,
    /// Those of whole days.
    pub all_day: bool,
    /// Those with a category that matches any of these.
    pub categories: Vec<Pattern>,
    /// Those with a colour that matches any of these.
    pub colors: Vec<Pattern>,
    /// Those with a title that matches any of these.
    pub titles: Vec<Pattern>,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            transparent: true,
            declined: true,
            tentative: false,
            all_day: false,
            categories: Vec::new(),
            colors: Vec::new(),
            titles: Vec::new(),
        }
    }
}

impl Filter {
    /// Whether an event takes time.
    #[must_use]
    pub fn takes_time(&self, event: &Traits<'_>) -> bool {
        let any = |patterns: &[Pattern], text: &str| patterns.iter().any(|pattern| pattern.matches(text));
        !(event.cancelled
            || self.transparent && event.transparent
            || self.declined && event.declined
            || self.tentative && event.tentative
            || self.all_day && event.all_day
            || event.categories.iter().any(|category| any(&self.categories, category))
            || event.color.is_some_and(|color| any(&self.colors, color))
            || event.title.is_some_and(|title| any(&self.titles, title)))
    }
}

/// A text in which `*` stands for any characters and `?` for one. The whole text must match; case is ignored.
///
/// Matching takes at most the product of both lengths, whatever the pattern: it is no regular expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<char>);

impl Pattern {
    /// Any text is a pattern.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self(pattern.chars().flat_map(char::to_lowercase).collect())
    }

    /// Whether all of `text` matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
        let (mut at, mut in_text) = (0, 0);
        // Where the last `*` was, and how much of the text it stands for so far.
        let mut star: Option<(usize, usize)> = None;
        while in_text < text.len() {
            match self.0.get(at) {
                Some('*') => {
                    star = Some((at, in_text));
                    at += 1;
                }
                Some(c) if *c == '?' || Some(c) == text.get(in_text) => {
                    at += 1;
                    in_text += 1;
                }
                _ => {
                    let Some((star_at, until)) = star else { return false };
                    star = Some((star_at, until + 1));
                    at = star_at + 1;
                    in_text = until + 1;
                }
            }
        }
        self.0.get(at..).unwrap_or_default().iter().all(|c| *c == '*')
    }
}
