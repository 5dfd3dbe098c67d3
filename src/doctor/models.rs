//! Whether the model that would be asked is among those that a provider lists.

use super::finding::Group;
use super::patients::Patient;
use crate::config::presets::{ChosenBy, DEMO, preset};
use crate::config::report::did_you_mean;
use crate::provider::recording::Secrets;
use crate::strings::doctor::provider as words;

/// What is offered, and whether the model that would be asked is among it.
pub(super) fn check(models: &[String], patient: &Patient<'_>, secrets: &Secrets, group: &mut Group) {
    let model = patient.model.as_str();
    let shown = |name: &str| secrets.star_text(name);
    let Some(first) = models.first() else {
        group.warning("models", words::NO_MODELS, &words::no_models_fix(&patient.provider.api));
        return;
    };
    if model.is_empty() {
        group.warning("models", words::no_model_named(models.len()), &words::name_model(&shown(first)));
    } else if models.iter().any(|listed| is_model(model, listed)) {
        group.ok("models", words::offered_with(models.len(), model));
    } else if takes_any_name(patient) {
        group.ok("models", words::offered(models.len(), &shown(first)));
    } else {
        let near = did_you_mean(model, models.iter().map(String::as_str));
        let fix = near.map_or_else(|| words::name_model(&shown(first)), |near| shown(&near));
        group.warning("models", words::not_offered(model, models.len(), &shown(first)), &fix);
    }
}

/// Whether a listed name is the model: vendors list `NAME-20250929` and `NAME:latest` for `NAME`.
fn is_model(model: &str, listed: &str) -> bool {
    let Some(rest) = listed.strip_prefix(model) else { return false };
    let is_date = |rest: &str| rest.len() >= 8 && rest.chars().all(|c| c.is_ascii_digit() || c == '-');
    rest.is_empty() || rest == ":latest" || rest.strip_prefix('-').is_some_and(is_date)
}

/// Local servers with one model answer to the name that stands for whatever it is.
fn takes_any_name(patient: &Patient<'_>) -> bool {
    preset(&patient.provider.name).is_some_and(|preset| {
        let is_any = preset.chosen_by == ChosenBy::Probe && preset.api.starts_with("openai");
        (is_any || preset.name == DEMO) && preset.model == patient.model
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_known_by_its_name_its_date_and_its_tag() {
        for (model, listed, expected) in [
            ("gpt-4o", "gpt-4o", true),
            ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", true),
            ("gpt-4o", "gpt-4o-2024-08-06", true),
            ("llama3.2", "llama3.2:latest", true),
            ("llama3.2", "llama3.2:1b", false),
            ("gpt-4o", "gpt-4o-mini", false),
            ("gpt-4", "gpt-4o", false),
        ] {
            assert_eq!(is_model(model, listed), expected, "{model} {listed}");
        }
    }
}
