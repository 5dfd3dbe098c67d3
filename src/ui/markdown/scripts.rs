//! Raised and lowered text in the letters that Unicode has for it. Pure.

const RAISED: (&str, &str) = (
    "0123456789+-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWαβγδθφχ−′*∘⊤",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵅᵝᵞᵟᶿᵠᵡ⁻′*°ᵀ",
);
const LOWERED: (&str, &str) = ("0123456789+-=()aehijklmnoprstuvxβγρφχ−", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ₋");

/// Where a text stands beside its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    Raised,
    Lowered,
}

/// The text in raised or lowered letters; where one of them does not exist, `^` or `_` and the text, in brackets unless it
/// is one letter or a lowered word.
pub(super) fn script(text: &str, script: Script) -> String {
    let (plain, lifted) = match script {
        Script::Raised => RAISED,
        Script::Lowered => LOWERED,
    };
    let letter = |c: char| plain.chars().zip(lifted.chars()).find(|(from, _)| *from == c).map(|(_, to)| to);
    let letters = text.chars().filter(|c| !c.is_whitespace()).map(letter).collect::<Option<String>>();
    // Words do not stay words without the blanks between them.
    let has_words = text.split_whitespace().filter(|word| word.chars().any(char::is_alphabetic)).count() > 1;
    match letters {
        Some(letters) if !has_words => letters,
        _ => {
            let mark = if script == Script::Raised { '^' } else { '_' };
            let is_word = script == Script::Lowered && text.chars().all(|c| c.is_ascii_alphabetic());
            let is_one = is_word || text.chars().count() == 1;
            if is_one { format!("{mark}{text}") } else { format!("{mark}({text})") }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_lifted_where_all_of_them_exist() {
        assert_eq!(RAISED.0.chars().count(), RAISED.1.chars().count());
        assert_eq!(LOWERED.0.chars().count(), LOWERED.1.chars().count());
        let lifted = ["2", "n + 1", "q", "2q", "ab c", "-1", "x → 0"];
        assert_eq!(
            lifted.map(|text| script(text, Script::Raised)),
            ["²", "ⁿ⁺¹", "^q", "^(2q)", "^(ab c)", "⁻¹", "^(x → 0)"]
        );
        let lowered = ["2", "i = 1", "eq", "max"];
        assert_eq!(lowered.map(|text| script(text, Script::Lowered)), ["₂", "ᵢ₌₁", "_eq", "ₘₐₓ"]);
    }
}
