//! Formulas as a line of Unicode, as far as one line can say them: letters, signs, raised and lowered text, fractions,
//! roots and sums. What it cannot say is not half said: the caller shows the source. Pure.

use super::scripts::{Script, script};
use super::symbols_of_math::{ACCENTS, BLACKBOARD, SIGNS};

/// Groups within groups that are followed.
const MAX_DEPTH: usize = 16;
/// Names set upright, with a blank before what they are applied to.
const FUNCTIONS: [&str; 29] = [
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "log", "ln", "lg",
    "exp", "lim", "max", "min", "sup", "inf", "det", "dim", "ker", "gcd", "arg", "deg", "Pr", "mod",
];
/// Surroundings that only arrange lines.
const LINES: [&str; 9] =
    ["align", "align*", "aligned", "equation", "equation*", "gather", "gather*", "gathered", "split"];
/// Commands that change nothing of what is said.
const SILENT: [&str; 19] = [
    "left",
    "right",
    "big",
    "Big",
    "bigg",
    "Bigg",
    "bigl",
    "bigr",
    "Bigl",
    "Bigr",
    "displaystyle",
    "textstyle",
    "limits",
    "nolimits",
    "nonumber",
    "notag",
    "mathstrut",
    "middle",
    "!",
];
/// Commands that set their text in another face.
const FACES: [&str; 16] = [
    "text",
    "textbf",
    "textit",
    "textrm",
    "texttt",
    "mathrm",
    "mathbf",
    "mathit",
    "mathsf",
    "mathtt",
    "mathcal",
    "mathscr",
    "mathfrak",
    "boldsymbol",
    "operatorname",
    "boxed",
];

/// Whether this word is the name of a function.
pub(super) fn is_function(word: &str) -> bool {
    FUNCTIONS.contains(&word)
}

/// The lines of a formula, or none where Unicode cannot say it.
pub(super) fn lines(tex: &str) -> Option<Vec<String>> {
    let mut tex = tex.trim().to_owned();
    for name in LINES {
        for part in ["begin", "end"] {
            tex = tex.replace(&format!("\\{part}{{{name}}}"), "");
        }
    }
    let shown = tex
        .split("\\\\")
        .map(without_distance)
        .map(|line| line.replace("\\&", "\u{1}").replace('&', "").replace('\u{1}', "\\&"));
    let shown = shown.filter(|line| !line.trim().is_empty()).map(|line| one_line(&line)).collect::<Option<Vec<_>>>()?;
    (!shown.is_empty()).then_some(shown)
}

/// What follows the end of a line, without the distance to the next one: `[6pt]`.
fn without_distance(line: &str) -> &str {
    let own = line.strip_prefix('*').unwrap_or(line);
    let distance = own.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let is_distance = |text: &str| {
        let number = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
        number.len() + 2 == text.len() && number.trim().parse::<f64>().is_ok()
    };
    distance.filter(|(text, _)| is_distance(text)).map_or(own, |(_, rest)| rest)
}

/// A formula of one line.
fn one_line(tex: &str) -> Option<String> {
    let mut reader = Reader { chars: tex.chars().collect(), at: 0 };
    let shown = reader.group(None, 0)?;
    let words: Vec<&str> = shown.split_whitespace().collect();
    Some(words.join(" "))
}

/// What a sign is to those beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// A letter, a number, a group.
    Plain,
    /// A sign between two things: `+`.
    Binary,
    /// A sign between two sides: `=`.
    Relation,
    Open,
    Close,
    Comma,
    /// What is applied to the thing after it: `sin`, a sum.
    Function,
    /// A blank.
    Space,
}

/// A part of a formula that grows at its right.
struct Shown {
    text: String,
    last: Class,
    /// Where a fraction starts that the text ends with: in front of more it needs brackets.
    fraction: Option<usize>,
    /// It ends with raised or lowered text that is not told from letters behind it.
    is_open_script: bool,
}

impl Shown {
    fn new() -> Self {
        Self { text: String::new(), last: Class::Open, fraction: None, is_open_script: false }
    }

    /// Adds a fraction: behind a number it is parted from that.
    fn push_fraction(&mut self, text: &str) {
        self.set_apart();
        if matches!(self.last, Class::Plain | Class::Close) && !self.text.is_empty() {
            self.push(Class::Space, " ");
        }
        self.push(Class::Plain, text);
        self.fraction = Some(self.text.len() - text.len());
    }

    /// Adds words as they stand.
    fn push_words(&mut self, class: Class, words: &str) {
        self.text.push_str(words);
        (self.last, self.fraction, self.is_open_script) = (class, None, false);
    }

    /// Adds raised or lowered text.
    fn push_script(&mut self, text: &str) {
        self.set_apart();
        self.text.push_str(text);
        self.is_open_script = text.starts_with(['^', '_']) && !text.ends_with(')');
        if self.last != Class::Function {
            self.last = Class::Plain;
        }
    }

    /// Brackets around a fraction that something follows.
    fn set_apart(&mut self) {
        if let Some(start) = self.fraction.take() {
            self.text.insert(start, '(');
            self.text.push(')');
        }
    }

    fn push(&mut self, class: Class, text: &str) {
        if matches!(class, Class::Plain | Class::Open | Class::Function) && !text.is_empty() {
            self.set_apart();
        }
        if std::mem::take(&mut self.is_open_script) && class == Class::Plain && text.starts_with(char::is_alphanumeric)
        {
            self.text.push(' ');
        }
        self.fraction = None;
        let is_first = self.text.is_empty();
        let follows_thing = matches!(self.last, Class::Plain | Class::Close | Class::Space) && !is_first;
        let is_word = text.chars().next().is_some_and(|c| c.is_alphanumeric() || c == '√');
        match class {
            Class::Binary if follows_thing => self.text.push_str(&format!(" {text} ")),
            // A sign before a thing.
            Class::Binary => {
                self.text.push_str(text);
                self.last = Class::Open;
                return;
            }
            Class::Relation => self.text.push_str(&format!(" {text} ")),
            Class::Comma => self.text.push_str(&format!("{text} ")),
            Class::Function if follows_thing => self.text.push_str(&format!(" {text}")),
            // A fraction of sums starts with a bracket that is none of the function's.
            Class::Plain if self.last == Class::Function && (is_word || text.starts_with('(')) => {
                self.text.push_str(&format!(" {text}"));
            }
            _ => self.text.push_str(text),
        }
        self.last = class;
    }
}

struct Reader {
    chars: Vec<char>,
    at: usize,
}

impl Reader {
    fn next(&mut self) -> Option<char> {
        let c = self.chars.get(self.at).copied();
        self.at += usize::from(c.is_some());
        c
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// Everything up to `end`, or to the end of all.
    fn group(&mut self, end: Option<char>, depth: usize) -> Option<String> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut shown = Shown::new();
        loop {
            self.skip_blanks();
            let Some(c) = self.next() else { return end.is_none().then_some(shown.text) };
            match c {
                _ if Some(c) == end => return Some(shown.text),
                '{' => {
                    let inner = self.group(Some('}'), depth + 1)?;
                    // In braces a comma has no blank behind it.
                    shown.push(Class::Plain, if inner == ", " { "," } else { &inner });
                }
                '^' | '_' => {
                    let lift = if c == '^' { Script::Raised } else { Script::Lowered };
                    let inner = self.argument(depth)?;
                    // Primes and degrees stand there by themselves.
                    let inner = if c == '^' && inner == "′" { inner } else { script(&inner, lift) };
                    shown.push_script(&inner);
                }
                '\\' => {
                    let name = self.command();
                    self.run(&name, &mut shown, depth)?;
                }
                '~' => shown.push(Class::Space, " "),
                '\'' => shown.push(Class::Plain, "′"),
                '+' | '*' => shown.push(Class::Binary, &c.to_string()),
                '-' => shown.push(Class::Binary, "−"),
                ':' | '<' | '>' | '!' if self.peek() == Some('=') => {
                    self.at += 1;
                    shown.push(Class::Relation, &format!("{c}="));
                }
                '=' | '<' | '>' => shown.push(Class::Relation, &c.to_string()),
                '(' | '[' => shown.push(Class::Open, &c.to_string()),
                ')' | ']' | '!' => shown.push(Class::Close, &c.to_string()),
                ',' if shown.text.ends_with(|c: char| c.is_ascii_digit())
                    && self.peek().is_some_and(|c| c.is_ascii_digit()) =>
                {
                    shown.push(Class::Plain, ",");
                }
                ',' | ';' => shown.push(Class::Comma, &c.to_string()),
                '}' | '%' | '#' | '&' | '$' => return None,
                _ => shown.push(Class::Plain, &c.to_string()),
            }
        }
    }

    /// The name after a backslash: letters, or one sign.
    fn command(&mut self) -> String {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_alphabetic()) {
            self.at += 1;
        }
        if self.at == start {
            self.at += usize::from(self.peek().is_some());
        }
        self.chars[start..self.at].iter().collect()
    }

    /// What a command is applied to: a group, a command or one character.
    fn argument(&mut self, depth: usize) -> Option<String> {
        self.skip_blanks();
        match self.next()? {
            '{' => self.group(Some('}'), depth + 1),
            '\\' => {
                let name = self.command();
                let mut shown = Shown::new();
                self.run(&name, &mut shown, depth + 1)?;
                Some(shown.text)
            }
            '\'' => Some("′".to_owned()),
            '-' => Some("−".to_owned()),
            c if c.is_alphanumeric() || c == '*' || c == '+' => Some(c.to_string()),
            _ => None,
        }
    }

    /// A group as it stands, with its blanks.
    fn words(&mut self) -> Option<String> {
        self.skip_blanks();
        if self.next()? != '{' {
            return None;
        }
        let length = self.chars[self.at..].iter().position(|c| *c == '}')?;
        let words: String = self.chars[self.at..self.at + length].iter().collect();
        self.at += length + 1;
        (!words.contains(['{', '\\', '$'])).then_some(words)
    }

    fn run(&mut self, name: &str, shown: &mut Shown, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        if let Some((_, text, class)) = SIGNS.iter().find(|(known, ..)| *known == name) {
            shown.push(*class, text);
            return Some(());
        }
        match name {
            _ if is_function(name) => shown.push(Class::Function, name),
            "left" | "right" if self.peek() == Some('.') => self.at += 1,
            _ if SILENT.contains(&name) => {}
            "text" | "textrm" | "textbf" | "textit" | "mathrm" | "operatorname" => {
                let words = self.words()?;
                let class = if name == "operatorname" { Class::Function } else { Class::Plain };
                if name.starts_with("text") {
                    shown.push_words(class, &words);
                } else {
                    shown.push(class, &words);
                }
            }
            _ if FACES.contains(&name) => {
                let inner = self.argument(depth)?;
                shown.push(Class::Plain, &inner);
            }
            "mathbb" => {
                let inner = self.argument(depth)?;
                let (_, letter) = BLACKBOARD.iter().find(|(plain, _)| *plain == inner)?;
                shown.push(Class::Plain, letter);
            }
            "frac" | "dfrac" | "tfrac" | "cfrac" => {
                let (over, under) = (self.argument(depth)?, self.argument(depth)?);
                let over = if is_sum(&over) { format!("({over})") } else { over };
                let under = if is_one_thing(&under) { under } else { format!("({under})") };
                shown.push_fraction(&format!("{over}/{under}"));
            }
            "binom" | "dbinom" | "tbinom" => {
                let (of, taken) = (self.argument(depth)?, self.argument(depth)?);
                shown.push(Class::Plain, &format!("C({of}, {taken})"));
            }
            "sqrt" => {
                let root = self.root(depth)?;
                let inner = self.argument(depth)?;
                let inner = if is_one_thing(&inner) { inner } else { format!("({inner})") };
                shown.push(Class::Plain, &format!("{root}{inner}"));
            }
            "pmod" => {
                let inner = self.argument(depth)?;
                shown.push_words(Class::Close, &format!(" (mod {inner})"));
            }
            "tag" => {
                let words = self.words()?;
                shown.push_words(Class::Close, &format!("   ({words})"));
            }
            "label" => drop(self.words()?),
            _ => {
                let (_, mark) = ACCENTS.iter().find(|(known, _)| *known == name)?;
                let inner = self.argument(depth)?;
                let is_letter = inner.chars().count() == 1;
                shown.push(Class::Plain, &is_letter.then(|| format!("{inner}{mark}"))?);
            }
        }
        Some(())
    }

    /// The sign of a root, with its degree.
    fn root(&mut self, depth: usize) -> Option<String> {
        self.skip_blanks();
        if self.peek() != Some('[') {
            return Some("√".to_owned());
        }
        self.at += 1;
        let degree = self.group(Some(']'), depth + 1)?;
        Some(match degree.as_str() {
            "2" => "√".to_owned(),
            "3" => "∛".to_owned(),
            "4" => "∜".to_owned(),
            _ => format!("{}√", script(&degree, Script::Raised)),
        })
    }
}

/// Whether it has several terms outside of brackets.
fn is_sum(text: &str) -> bool {
    let mut depth = 0_usize;
    text.chars().any(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && [' ', '+', '−', '/'].contains(&c)
    })
}

/// Whether it reads as one thing behind a sign of division: a number, or a letter with what is raised or lowered at it or
/// with its arguments.
fn is_one_thing(text: &str) -> bool {
    let text = match text.split_once('(') {
        Some((name, rest)) if rest.find(')') == Some(rest.len() - 1) => name,
        _ => text,
    };
    let is_number = text.chars().all(|c| c.is_ascii_digit() || c == '.');
    let mut chars = text.chars();
    let is_letter = chars.next().is_some_and(char::is_alphabetic)
        && chars
            .all(|c| !c.is_ascii() && !('α'..='ω').contains(&c) && !('Α'..='Ω').contains(&c) && !"−·×√".contains(c));
    is_number || is_letter
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(tex: &str) -> String {
        lines(tex).map_or("none".to_owned(), |lines| lines.join("|"))
    }

    #[test]
    fn formulas_are_lines_of_unicode() {
        for (tex, expected) in [
            ("x^2+y^2=z^2", "x² + y² = z²"),
            ("E = mc^{2}", "E = mc²"),
            ("a_{ij} \\leq -b_1", "aᵢⱼ ≤ −b₁"),
            ("\\frac{-b \\pm \\sqrt{b^2 - 4ac}}{2a}", "(−b ± √(b² − 4ac))/(2a)"),
            ("\\frac12 \\cdot \\frac{x}{y_1}", "1/2 · x/y₁"),
            ("\\sum_{i=1}^{n} i = \\frac{n(n+1)}{2}", "∑ᵢ₌₁ⁿ i = n(n + 1)/2"),
            ("\\int_0^\\infty e^{-x}\\,dx", "∫₀^∞ e⁻ˣ dx"),
            ("\\lim_{x \\to 0} \\frac{\\sin x}{x} = 1", "lim_(x → 0) (sin x)/x = 1"),
            ("O(n \\log n)", "O(n log n)"),
            ("f'(x), \\alpha\\beta \\in \\mathbb{R}^n", "f′(x), αβ ∈ ℝⁿ"),
            ("\\sqrt[3]{8} = 2, \\sqrt x", "∛8 = 2, √x"),
            ("90^\\circ \\approx \\pi/2 \\text{ rad}", "90° ≈ π/2 rad"),
            ("\\hat{x} \\times \\vec v", "x\u{302} × v\u{20d7}"),
            ("\\left( a + b \\right)^2", "(a + b)²"),
            ("\\{x \\mid x > 0\\}", "{x | x > 0}"),
            ("\\begin{aligned} a &= b \\\\ &= c \\end{aligned}", "a = b|= c"),
            ("\\binom{n}{k} \\equiv 1 \\pmod{p}", "C(n, k) ≡ 1 (mod p)"),
            ("2\\frac{1}{2} + 3\\frac58", "2 1/2 + 3 5/8"),
            ("\\frac{1}{2}mv^2 - \\frac{a}{b}^2 - \\frac13(x+1)", "(1/2)mv² − (a/b)² − (1/3)(x + 1)"),
            ("\\frac{1}{2}\\frac{3}{4}", "(1/2) 3/4"),
            ("x^{2q} + 10^{2\\pi} + e^{2\\pi i} + k_B T + x^q y", "x^(2q) + 10^(2π) + e^(2πi) + k_B T + x^q y"),
            ("1,628.89 + 1{,}000 + f(1, 2)", "1,628.89 + 1,000 + f(1, 2)"),
            ("a := b, a <= b, a != b", "a := b, a <= b, a != b"),
            ("x \\\\[6pt] y \\\\*[4pt] [0,1]", "x|y|[0,1]"),
            ("P(A \\mid B) = \\frac{P(B \\mid A)\\,P(A)}{P(B)}", "P(A | B) = (P(B | A) P(A))/P(B)"),
        ] {
            assert_eq!(shown(tex), expected, "{tex}");
        }
    }

    #[test]
    fn what_a_line_cannot_say_is_left_to_the_source() {
        let deep = format!("{}x{}", "{".repeat(9000), "}".repeat(9000));
        for tex in [
            "\\begin{pmatrix} a \\end{pmatrix}",
            "\\unknown x",
            "{a",
            "a}",
            "\\frac{a}",
            "x^",
            "\\mathbb{?}",
            "",
            &deep,
        ] {
            assert_eq!(shown(tex), "none", "{tex:.40}");
        }
    }
}
